"""Questions about visitors, and what is answered. Times are UTC seconds; what is typed is local time of the site."""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.people_words.base import Found, IdText, Question
from firmware.people_words.holders import Typed, WhyText

NAME_CHARACTERS_MAX = 60  # of a visitor
PASSAGES_MAX = 10_000  # as USE_LIMIT_MAX of firmware/roster/entry.py
SKIPPED_MAX = 10_000  # more local entries than a controller keeps


class ListVisitors(Question, frozen=True, kw_only=True):
    """Everybody who is invited here, now and later. Whoever stands at the gate sees today's, and fewer fields.

    After the first `skip`; or only who has `entry`.
    """

    skip: Annotated[int, msgspec.Meta(ge=0, le=SKIPPED_MAX)] = 0
    entry: Annotated[str, msgspec.Meta(max_length=16)] = ""


class VisitorRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One visitor. `phase`: coming (from later on), open (may come now), used (no passage left), inside (was let in).

    `left` passages: None where the gate's memory cannot be read.
    """

    entry: str
    id: str
    name: str = ""
    host: str = ""  # the household's label, or its id
    from_s: int | None = None
    until_s: int = 0
    use_limit: int = 0
    left: int | None = None
    last_s: int | None = None  # when it was let in last
    last_at: str = ""  # the access point
    phase: str = "open"
    kind: str = ""  # card, plate, ...
    by: str = ""  # who invited
    why: str = ""


class Visitors(Found, frozen=True, kw_only=True):
    rows: tuple[VisitorRow, ...]
    more: bool = False


class InviteVisitor(Question, frozen=True, kw_only=True):
    """Invite by what is typed. `fields`: name, host, from, until, uses, profile, kind, key. Answered by Invited."""

    fields: Typed
    escorted: bool = False
    why: WhyText = ""


class InviteAtReader(Question, frozen=True, kw_only=True):
    """The same by what is presented at `reader`: long. Outcome: Invited."""

    fields: Typed
    reader: IdText
    seconds: Annotated[int, msgspec.Meta(ge=5, le=120)] = 30
    escorted: bool = False
    why: WhyText = ""


class Invited(Found, frozen=True, kw_only=True):
    visitor: str
    shown: str = ""  # what opens
    code: str = ""  # of a QR code that was made, to be shown once
    entry: str = ""

    def __repr__(self) -> str:
        return f"Invited({self.visitor!r}, ...)"  # the code ends up in no traceback


class EndVisit(Question, frozen=True, kw_only=True):
    """It is over now. Answered by Edited."""

    entry: Annotated[str, msgspec.Meta(max_length=16)]
    why: WhyText = ""


AnyOfVisitors = ListVisitors | InviteVisitor | InviteAtReader | EndVisit
AnyFoundOfVisitors = Visitors | Invited

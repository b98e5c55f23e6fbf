"""What the API says and takes of visits, and of what of the list is at the gate: the schemas are made from these.

The code that a visitor is let in by is in no text of these objects, so that it ends up in no traceback.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from firmware.network.people.api_credential_words import FormatText, KeyText, ReaderId, Seconds
from firmware.network.people.api_people_words import Instant, Number, ProfileName, Why
from firmware.people_words.visitors import NAME_CHARACTERS_MAX, PASSAGES_MAX

VisitorName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARACTERS_MAX)]
HostText = Annotated[str, Meta(max_length=100)]
Passages = Annotated[int, Meta(ge=1, le=PASSAGES_MAX)]
Batch = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class Visit(msgspec.Struct, frozen=True):
    """One visit. `phase`: coming (later on), open (may come now), inside (was let in), used (no passage is left).

    `left` passages: null where the gate's memory cannot be read. A guard is told visitor, name, host, times and
    passages; everything else is empty then.
    """

    id: str
    visitor: str
    name: str
    host: str
    begins: datetime | None
    ends: datetime | None
    use_limit: Number
    left: Number | None
    phase: str
    phase_text: str
    kind: str
    last: datetime | None
    last_at: str
    by: str
    why: str


class Visits(msgspec.Struct, frozen=True):
    """By when they begin. `after` goes into the next question; null: these were the last. A guard sees today's."""

    visits: tuple[Visit, ...]
    after: Number | None


class VisitNew(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Invite by what is typed, or, of the kind "made", by a QR code that the answer shows once.

    `host` is the id or the label of the household that is visited; `uses` how often it opens: in and out are two. A
    visit always has an end. Times are of the minute: seconds are left out.
    """

    name: VisitorName
    ends: Instant
    kind: Literal["card", "tag", "code", "plate", "made"]
    key: KeyText = ""
    format: FormatText = ""
    host: HostText = ""
    begins: Instant | None = None
    uses: Passages = 2
    profile: ProfileName = "visitors"
    escorted: bool = False
    why: Why = ""

    def __repr__(self) -> str:
        return f"VisitNew({self.kind!r}, ...)"


class VisitAtReader(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Invite by what is presented at `reader` within `seconds`. A visit always has an end."""

    name: VisitorName
    ends: Instant
    reader: ReaderId
    seconds: Seconds = 60
    host: HostText = ""
    begins: Instant | None = None
    uses: Passages = 2
    profile: ProfileName = "visitors"
    escorted: bool = False
    why: Why = ""


class VisitInvited(msgspec.Struct, frozen=True):
    """The gate has it. `id` is empty where the controller has not said it yet: the list of visits has it.

    `code` is what a QR code that was made says: nobody can read it again, but whoever asks again under the same key.
    """

    id: str
    visitor: str
    shown: str
    code: str

    def __repr__(self) -> str:
        return f"VisitInvited({self.id!r}, ...)"


class VisitEnd(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """It is over now."""

    why: Why = ""


class VisitEnded(msgspec.Struct, frozen=True):
    """The gate has ended it, and its journal has that."""

    id: str
    visitor: str
    at_gate: bool


# -- what is at the gate ----------------------------------------------------------------------------------------------


class WaitingBatch(msgspec.Struct, frozen=True):
    """A change of the list that the gate has not got yet.

    `holders` are the ids that it is about, where these are few; "*": many, or rules.
    """

    batch: Number
    at: datetime | None
    kind: str
    kind_text: str
    who: str
    changes: Number
    why: str
    holders: tuple[str, ...]


class GateStanding(msgspec.Struct, frozen=True):
    """How the list stands to the gate.

    `listed`: there is a list here; `here`: this controller takes rosters made of it, else `owner` says whose it takes
    (empty: of other signers). `live` false: the controller is silent. `served_version` 0: no roster is in service;
    `served_batch` null: it was not made of this list. `reviewed`: what waits is brought by its review, at `review`, and
    not as it is. `running` is where a job stands that works now.
    """

    listed: bool
    here: bool
    owner: str
    live: bool
    holders: Number
    batch: Number
    served_batch: Number | None
    served_version: Number
    waiting: tuple[WaitingBatch, ...]
    waiting_more: bool
    reviewed: bool
    review: str
    running: str


class Bringing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`batch` is the newest that was looked at: where the list has moved on since, nothing is brought."""

    batch: Batch
    why: Why = ""


class ListBeginning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Make an empty list where there is none, with the rules of the roster in service."""

    why: Why = ""


class ListBegun(msgspec.Struct, frozen=True):
    """`batch` is its first."""

    batch: Number


_AT = datetime.fromisoformat("2026-12-24T08:00:00+00:00")
_VISIT_EXAMPLE = Visit(
    id="l00c0ffee",
    visitor="v1f3a5b7c9d",
    name="Chen Bo",
    host="3-2-501",
    begins=None,
    ends=_AT,
    use_limit=2,
    left=2,
    phase="open",
    phase_text="may come now",
    kind="code",
    last=None,
    last_at="",
    by="Li Na",
    why="",
)
VISIT_EXAMPLES: tuple[msgspec.Struct, ...] = (
    _VISIT_EXAMPLE,
    Visits((_VISIT_EXAMPLE,), None),
    VisitNew(name="Chen Bo", ends=_AT, kind="made", host="3-2-501"),
    VisitAtReader(name="Chen Bo", ends=_AT, reader="front_reader", host="3-2-501"),
    VisitInvited("l00c0ffee", "v1f3a5b7c9d", "…kJ4w", "pE3sW2q8T6vXr0bN5kJ4w"),
    VisitEnd(why="left early"),
    VisitEnded("l00c0ffee", "v1f3a5b7c9d", True),
    GateStanding(
        listed=True,
        here=True,
        owner="",
        live=True,
        holders=1200,
        batch=84,
        served_batch=83,
        served_version=12,
        waiting=(WaitingBatch(84, _AT, "edit", "Edited", "Li Na", 1, "moves in", ("h4711",)),),
        waiting_more=False,
        reviewed=False,
        review="/api/v1/review",
        running="",
    ),
    Bringing(batch=84),
    ListBeginning(),
    ListBegun(1),
)

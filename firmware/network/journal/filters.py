"""What a person asks of the journal, out of an address or a form: checked, and kept as typed to be shown again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from firmware.core.codes import Code
from firmware.network.journal.errors import NotUnderstood, PageError
from firmware.network.journal.kinds import kinds_of
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN, TerminalError, instant_ms

FIELD_CHARACTERS_MAX = 64  # of any field but a purpose
FIELDS = ("portal", "kind", "since", "until", "at", "before", "after")
CURSOR_DIGITS_MAX = 18  # below 2^63
_CURSOR = re.compile(rf"([0-9]{{1,{CURSOR_DIGITS_MAX}}})[-:]([0-9]{{1,{CURSOR_DIGITS_MAX}}})", re.ASCII)
# An id as a site file may write it; one that there is no more is found all the same.
_PORTAL = re.compile(r"[a-z][a-z0-9_]*", re.ASCII)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Cursor = tuple[int, int]  # epoch and row


class Filter(msgspec.Struct, frozen=True):
    """`typed` has every field as it was typed; `wrong` says what is wrong with some of them: nothing is searched then.

    Times are UTC milliseconds, `since_ms` <= time < `until_ms`.
    """

    typed: Mapping[str, str]
    portal: str | None = None
    kinds: frozenset[Code] | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    at_ms: int | None = None
    before: Cursor | None = None
    after: Cursor | None = None
    wrong: tuple[PageError, ...] = ()

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but a cursor was asked for."""
        return any(self.typed.get(name) for name in ("portal", "kind", "since", "until", "at"))


def filter_of(fields: Mapping[str, str], zone: tzinfo) -> Filter:
    """Never raises: what cannot be understood is said in `wrong`."""
    wrong: list[PageError] = []
    typed: dict[str, str] = {}
    for name in FIELDS:
        text = fields.get(name, "").strip()
        if len(text) > FIELD_CHARACTERS_MAX:
            wrong.append(NotUnderstood("journal_long_field", most=FIELD_CHARACTERS_MAX))
            text = text[:FIELD_CHARACTERS_MAX]
        typed[name] = text
    since_ms, until_ms, at_ms = (_instant(typed[name], zone, wrong) for name in ("since", "until", "at"))
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        wrong.append(NotUnderstood("journal_from_after_to"))
    if typed["portal"] and _PORTAL.fullmatch(typed["portal"]) is None:  # it ends up in the journal itself
        wrong.append(NotUnderstood("journal_bad_portal"))
    before, after = (_cursor(typed[name], wrong) for name in ("before", "after"))
    if sum(typed[name] != "" for name in ("at", "before", "after")) > 1:
        wrong.append(NotUnderstood("journal_two_places"))
    kinds = None
    try:
        kinds = kinds_of(typed["kind"])
    except NotUnderstood as error:
        wrong.append(error)
    return Filter(
        typed=typed,
        portal=typed["portal"] or None,
        kinds=kinds,
        since_ms=since_ms,
        until_ms=until_ms,
        at_ms=at_ms,
        before=before,
        after=after,
        wrong=tuple(wrong),
    )


def _instant(text: str, zone: tzinfo, wrong: list[PageError]) -> int | None:
    if not text:
        return None
    try:
        return instant_ms(text.replace("/", "-"), zone)
    except TerminalError:
        wrong.append(NotUnderstood("journal_bad_time", typed=text))
        return None


def _cursor(text: str, wrong: list[PageError]) -> Cursor | None:
    if not text:
        return None
    matched = _CURSOR.fullmatch(text)
    if matched is None:
        wrong.append(NotUnderstood("journal_bad_row", typed=text))
        return None
    return int(matched[1]), int(matched[2])


def purpose_of(text: str) -> str:
    """A purpose as it is kept: one line that says something. Raises NotUnderstood."""
    line = " ".join(text.split())
    if not PURPOSE_CHARACTERS_MIN <= len(line) <= PURPOSE_CHARACTERS_MAX or not line.isprintable():
        raise NotUnderstood("journal_bad_purpose", least=PURPOSE_CHARACTERS_MIN, most=PURPOSE_CHARACTERS_MAX)
    return line


def holder_of(text: str) -> str:
    """A holder's id. Raises NotUnderstood."""
    holder = text.strip()
    if not holder or len(holder) > FIELD_CHARACTERS_MAX or not holder.isprintable():
        raise NotUnderstood("journal_bad_holder", most=FIELD_CHARACTERS_MAX)
    return holder


def window_text(since_ms: int | None, until_ms: int | None) -> str:
    """A time as the journal has it, in UTC: "2026-11-23T05:03:00Z..", empty for all of it."""
    if since_ms is None and until_ms is None:
        return ""
    return f"{_utc_text(since_ms)}..{_utc_text(until_ms)}"


def _utc_text(utc_ms: int | None) -> str:
    if utc_ms is None:
        return ""
    return (_EPOCH + timedelta(milliseconds=utc_ms)).strftime("%Y-%m-%dT%H:%M:%SZ")

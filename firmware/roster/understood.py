"""What people write in a cell or beside a column's name, understood exactly or not at all: nothing is guessed.

Each function takes stripped, non-empty text and gives its value, or raises NotUnderstood. The table of holders, the
import and the edits of the source all read their cells with these.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime, timedelta, tzinfo

from firmware.core.access import Factor
from firmware.roster.errors import RosterError, shown
from firmware.roster.keys import ALLOWED, ID, ID_ALLOWED, NAME, NAME_ALLOWED, canonical, valid
from firmware.roster.schema import FLAGS, STATUSES

PROFILES_MAX = 64  # of one holder
SPACES_MAX, USES_MAX = 1_000, 1_000_000
YEAR_MIN, YEAR_MAX = 1970, 2200
LIST_SEPARATOR = ";"  # between profiles, and between flags
TIME_ALLOWED = (
    "YYYY-MM-DD or YYYY-MM-DD HH:MM, with Z or an offset such as +08:00 or a time_zone in the rules, is allowed"
)
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})?)?"
)  # the minute is exact
_DATE_LETTERS = len("YYYY-MM-DD")
_KNOWN_SHOWN = 20  # names in one message


class NotUnderstood(RosterError, ValueError):
    """A text that is not what it has to be. `found` is fit for a message (shortened, escaped, never a PIN)."""

    def __init__(self, found: str, allowed: str) -> None:
        super().__init__(f"found {found}; {allowed}")
        self.found = found
        self.allowed = allowed


def identifier(text: str) -> str:
    """The id of a holder or household."""
    if not ID.fullmatch(text):
        raise NotUnderstood(shown(text), ID_ALLOWED)
    return text


def name(text: str) -> str:
    """The name of a profile, schedule or kind of special day."""
    if not NAME.fullmatch(text):
        raise NotUnderstood(shown(text), NAME_ALLOWED)
    return text


def words(text: str, characters_max: int) -> str:
    """Text for people: a name, a note. It prints, on one line, and is no novel."""
    if len(text) > characters_max:
        raise NotUnderstood(shown(text), f"up to {characters_max} characters are allowed")
    if not text.isprintable():
        raise NotUnderstood(shown(text), "only characters that print are allowed")
    return text


def count(text: str, least: int, most: int) -> int:
    """A whole number from `least` to `most`."""
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and least <= int(text) <= most):
        raise NotUnderstood(shown(text), f"a whole number from {least} to {most} is allowed")
    return int(text)


def profile(text: str, known: Collection[str]) -> str:
    """The name of one of the profiles that the rules know."""
    if text not in known:
        names = ", ".join(list(known)[:_KNOWN_SHOWN]) or "none"
        raise NotUnderstood(shown(text), f"the rules know {names}")
    return text


def profile_names(text: str) -> tuple[str, ...]:
    """The names in a list of profiles, sorted, each once; whether the rules know them is not asked."""
    names = tuple(sorted({part.strip() for part in text.split(LIST_SEPARATOR)} - {""}))
    if len(names) > PROFILES_MAX:
        raise NotUnderstood(shown(text), f"up to {PROFILES_MAX} are allowed")
    return names


def profiles(text: str, known: Collection[str]) -> tuple[str, ...]:
    """The profiles of a holder, sorted, each once."""
    return tuple(profile(part, known) for part in profile_names(text))


def flag(text: str) -> int:
    """The bit of one flag."""
    bit = FLAGS.get(text.strip())
    if bit is None:
        raise NotUnderstood(shown(text), f"allowed are {', '.join(FLAGS)}")
    return bit


def flags(text: str) -> int:
    """The bits of a list of flags."""
    bits = 0
    for part in text.split(LIST_SEPARATOR):
        bits |= flag(part)
    return bits


def status(text: str) -> int:
    """The number of a status."""
    if text not in STATUSES:
        raise NotUnderstood(shown(text), f"allowed are {', '.join(STATUSES)}")
    return STATUSES.index(text)


def key(factor: Factor, text: str) -> str:
    """The canonical key of a credential. A PIN is not shown when it is wrong."""
    canon = canonical(factor, text)
    if not valid(factor, canon):
        found = f"{len(text)} characters" if factor is Factor.PIN else shown(text)
        raise NotUnderstood(found, ALLOWED[factor])
    return canon


def card(text: str) -> str:
    """The key of a card, as `keys` wants it: no guess at what is printed on one."""
    return key(Factor.CARD, text)


def plate(text: str) -> str:
    """The key of a number plate."""
    return key(Factor.PLATE, text)


def pin(text: str) -> str:
    """The digits of a PIN."""
    return key(Factor.PIN, text)


def time(text: str, zone: tzinfo | None, *, end: bool) -> int:
    """UTC seconds of a minute. A date alone is its first minute, or with `end` the first after that day.

    Local minutes that do not exist or exist twice are refused, not guessed.
    """
    try:
        if not _TIME.fullmatch(text):
            raise ValueError(text)
        at = datetime.fromisoformat(text)
        if end and len(text) == _DATE_LETTERS:
            at += timedelta(days=1)
    except (ValueError, OverflowError):
        raise NotUnderstood(shown(text), TIME_ALLOWED) from None
    if not YEAR_MIN <= at.year <= YEAR_MAX:
        raise NotUnderstood(shown(text), f"years from {YEAR_MIN} to {YEAR_MAX} are allowed")
    if at.tzinfo is not None:
        return int(at.timestamp())
    if zone is None:
        raise NotUnderstood(shown(text), TIME_ALLOWED)
    return _local(at, text, zone)


def _local(at: datetime, text: str, zone: tzinfo) -> int:
    first, second = (at.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        exists = first.astimezone(UTC).astimezone(zone).replace(tzinfo=None) == at
        why = "happens twice" if exists else "does not exist"
        raise NotUnderstood(shown(text), f"this minute {why} where clocks change: write it with its offset from UTC")
    return int(first.timestamp())

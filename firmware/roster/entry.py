"""One local entry of the roster: a suspension, an enrolled credential or a visitor. What it may be, and how long."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from firmware.core.access import Factor
from firmware.roster.errors import RosterError
from firmware.roster.keys import ID, NAME, canonical, valid
from firmware.roster.schema import FLAGS

DAY_S = 86_400
SUSPENSION_S_MAX = 10 * 366 * DAY_S  # and without an end asked for: a lost card must not open because time ran out
ENROLMENT_S_DEFAULT = 30 * DAY_S  # until the office has it in its source, and a roster is built from that
ENROLMENT_S_MAX = 366 * DAY_S
VISITOR_S_MAX = 366 * DAY_S
USE_LIMIT_MAX = 10_000  # of a visitor; who comes more often is a holder
PROFILES_MAX = 16  # of a visitor
ISSUER_CHARACTERS_MAX = 64
WHY_CHARACTERS_MAX = 200
_INSTANT_S_MAX = 253_402_300_799  # the last second of the year 9999: beyond it no calendar shows an instant

_ENTRY_ID = re.compile(r"l[0-9a-f]{8}")
_TOKEN = re.compile(r"[0-9a-f]{16}")
_PIN_DIGEST = re.compile(r"[0-9a-f]{32}")


class Kind(StrEnum):
    """What an entry does."""

    SUSPEND = "suspend"
    ENROL = "enrol"
    VISITOR = "visitor"


class Status(StrEnum):
    """Why a credential is refused."""

    SUSPENDED = "suspended"
    LOST = "lost"
    LEFT = "left"  # the holder left: all of it


class EntryRefused(RosterError):
    """An entry is not what one may be. The message says what is wrong with it."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """One local entry. Instants are UTC seconds; `expires_s` is outside.

    A suspension is of one credential (by `credential`, and by `factor` and `key` where they are known: a token changes
    with the digest key, a card does not) or, with `credential` None, of all that its holder has.
    """

    id: str
    kind: Kind
    issuer: str
    why: str
    holder: str  # of a visitor: the new holder's id
    expires_s: int
    created_s: int | None = None  # None: the clock was not known
    credential: str | None = None  # its token: 16 hex digits
    status: Status = Status.SUSPENDED  # of a suspension
    factor: Factor | None = None
    key: str | None = None  # canonical; of a PIN its digest in hex
    profiles: tuple[str, ...] = ()  # of a visitor, as all that follows
    flags: int = 0  # bits of schema.FLAGS
    household: str | None = None  # the host's
    valid_from_s: int | None = None
    use_limit: int | None = None
    roster_version: int = 0  # in service when the entry was made

    @property
    def lets_in(self) -> bool:
        """Whether it opens something; a suspension only refuses."""
        return self.kind is not Kind.SUSPEND


def suspension_end_s(now_s: int | None, roster_created_s: int, until_s: int | None = None) -> int:
    """When a suspension ends: at `until_s`, and at the latest, or where None was asked for, after SUSPENSION_S_MAX.

    While the clock is unknown it counts from when the roster in service was made: earlier than that it cannot be.
    """
    latest_s = (roster_created_s if now_s is None else now_s) + SUSPENSION_S_MAX
    return latest_s if until_s is None else min(until_s, latest_s)


def check(entry: Entry) -> None:
    """Prove that an entry is one that may be. Raises EntryRefused with everything that is wrong with it."""
    wrong = [what for what, is_wrong in _rules(entry) if is_wrong]
    if wrong:
        raise EntryRefused(f"local entry {entry.id[:16]}: {'; '.join(wrong)}")


def _rules(entry: Entry) -> Iterator[tuple[str, bool]]:
    """(what is wrong, whether it is)."""
    suspends, enrols, visits = (entry.kind is kind for kind in Kind)
    yield "its id is l and 8 hex digits", not _ENTRY_ID.fullmatch(entry.id)
    yield "it needs an issuer", not _line(entry.issuer, ISSUER_CHARACTERS_MAX)
    yield "it needs a why on one line", not _line(entry.why, WHY_CHARACTERS_MAX)
    yield "its holder has no id of a holder", not ID.fullmatch(entry.holder)
    yield "its credential is no token", entry.credential is not None and not _TOKEN.fullmatch(entry.credential)
    yield "its key needs a kind, and its kind a key", (entry.factor is None) is not (entry.key is None)
    yield "its key is none of its kind", entry.key is not None and not _key_is(entry.factor, entry.key)
    yield "what lets in needs a credential and a key", not suspends and (entry.credential is None or entry.key is None)
    yield "a key alone needs its token", suspends and entry.credential is None and entry.key is not None
    yield "who left has no credential left", entry.status is Status.LEFT and entry.credential is not None
    yield "only a suspension has a status", not suspends and entry.status is not Status.SUSPENDED
    yield "a visitor needs profiles", visits and not 1 <= len(entry.profiles) <= PROFILES_MAX
    yield "a profile has no name of one", not all(NAME.fullmatch(name) for name in entry.profiles)
    used = entry.use_limit is not None and 1 <= entry.use_limit <= USE_LIMIT_MAX
    yield f"a visitor needs a number of uses from 1 to {USE_LIMIT_MAX}", visits and not used
    yield "it has flags that nothing knows", entry.flags & ~sum(FLAGS.values()) != 0
    yield "its household has no id of one", entry.household is not None and not ID.fullmatch(entry.household)
    of_visitors = (entry.profiles, entry.flags, entry.household, entry.valid_from_s, entry.use_limit)
    yield "only a visitor has what the roster says of others", not visits and of_visitors != ((), 0, None, None, None)
    yield from _rules_of_time(entry, SUSPENSION_S_MAX if suspends else ENROLMENT_S_MAX if enrols else VISITOR_S_MAX)


def _rules_of_time(entry: Entry, longest_s: int) -> Iterator[tuple[str, bool]]:
    instants = (entry.created_s, entry.expires_s, entry.valid_from_s)
    yield "an instant is none", not all(at is None or 0 < at <= _INSTANT_S_MAX for at in instants)
    if entry.created_s is None:
        yield "only a suspension can be made while the clock is unknown", entry.lets_in
    else:
        yield f"it ends later than {longest_s // DAY_S} days on", entry.expires_s - entry.created_s > longest_s
        yield "it ends before it begins", entry.expires_s <= max(entry.created_s, entry.valid_from_s or 0)


def _line(text: str, longest: int) -> bool:
    return 0 < len(text) <= longest and text.isprintable() and text == text.strip()


def _key_is(factor: Factor | None, key: str) -> bool:
    if factor is None:
        return False
    if factor is Factor.PIN:
        return _PIN_DIGEST.fullmatch(key) is not None
    return factor is not Factor.FACE and valid(factor, key) and canonical(factor, key) == key  # faces: not here

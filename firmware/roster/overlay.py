"""What holds here and now beside the roster: suspensions, enrolled credentials and visitors, each with owner and end.

An Overlay is a value: a change makes the next one, with the next revision. It is looked up at each presentation, so it
is indexed when it is made. What refuses comes first: of several suspensions the longest holds, an unknown clock ends
none, and none goes because a newer roster calls the credential active. What lets in comes last: the roster wins over an
enrolled key, and a holder whom the roster does not know any more has none.
"""

from __future__ import annotations

import bisect
import secrets
from collections.abc import Collection, Iterable, Iterator, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

import msgspec

from firmware.core.access import Factor
from firmware.roster.entry import Entry, EntryRefused, Kind, Status, check
from firmware.roster.errors import RosterDamaged, RosterError
from firmware.roster.roster import Enrolled, Roster

__all__ = [
    "EMPTY",
    "Conflict",
    "Entry",
    "EntryRefused",
    "Kind",
    "Overlay",
    "OverlayFull",
    "Status",
    "absorbed",
    "conflicts",
]

ENTRIES_MAX = 4_096  # whoever needs more has a roster to build
ENTRIES_BYTES_MAX = (2 << 20) - 4_096  # of all entries as JSON; with the rest of their file 2 MB

_Index = TypeVar("_Index", str, tuple[Factor, str])


class Conflict(StrEnum):
    """What the roster says otherwise."""

    ROSTER_ACTIVE = "roster_active"  # suspended here, active in a newer roster: stays suspended
    KEY_OF_ANOTHER = "key_of_another"  # the roster gives the key to another holder: the roster wins
    HOLDER_GONE = "holder_gone"  # the roster has no such holder any more: opens nothing
    VISITOR_IS_HOLDER = "visitor_is_holder"  # the roster has a holder of the visitor's id: the roster wins
    PROFILE_GONE = "profile_gone"  # the roster lacks a profile of the visitor's: it opens nothing by that


class OverlayFull(RosterError):
    """There is no room for a further entry."""


class Overlay:
    """All local entries of one controller at one revision. Immutable; `EMPTY.with_(...)` begins.

    Changes are made on the controller's event loop: one costs a copy of the indices, not a look at every entry.
    """

    __slots__ = (
        "_by_key",
        "_entries",
        "_holders",
        "_suspended_credentials",
        "_suspended_holders",
        "_suspended_keys",
        "bytes",
        "revision",
    )

    def __init__(self, entries: Iterable[Entry] = (), revision: int = 0) -> None:
        """Check and index `entries`. Raises OverlayFull past the limits, EntryRefused as `with_` does."""
        self.revision = revision
        self.bytes = 0  # of the entries as JSON
        self._entries: dict[str, Entry] = {}
        self._by_key: dict[tuple[Factor, str], Entry] = {}
        self._holders: dict[str, tuple[Entry, ...]] = {}
        # Suspensions by what they are of, the one that holds longest first:
        self._suspended_holders: dict[str, tuple[Entry, ...]] = {}
        self._suspended_credentials: dict[str, tuple[Entry, ...]] = {}
        self._suspended_keys: dict[tuple[Factor, str], tuple[Entry, ...]] = {}
        self._take(entries)

    def _take(self, entries: Iterable[Entry]) -> None:
        by_id = self._entries.copy()
        for entry in entries:
            check(entry)
            if by_id.setdefault(entry.id, entry) is not entry:
                raise EntryRefused(f"local entry {entry.id} stands there twice")
            self.bytes += _bytes_of(entry)
            self._index(entry)
        if len(by_id) > ENTRIES_MAX or self.bytes > ENTRIES_BYTES_MAX:
            raise OverlayFull(
                f"{len(by_id)} local entries of {self.bytes} bytes; at most {ENTRIES_MAX} of {ENTRIES_BYTES_MAX} bytes "
                "are kept. Bring them into the source, build a roster from it and install that."
            )
        self._entries = by_id

    def _index(self, entry: Entry) -> None:
        self._holders[entry.holder] = (*self._holders.get(entry.holder, ()), entry)
        if entry.lets_in:
            other = self._by_key.setdefault(_at(entry), entry)
            if other is not entry:
                raise EntryRefused(f"local entries {other.id} and {entry.id} have the same credential")
        elif entry.credential is None:
            _put(self._suspended_holders, entry.holder, entry)
        else:
            _put(self._suspended_credentials, entry.credential, entry)
            if entry.key is not None:
                _put(self._suspended_keys, _at(entry), entry)

    @property
    def entries(self) -> Mapping[str, Entry]:
        """All of them by id, in the order in which they were made."""
        return MappingProxyType(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def enrolled(self, factor: Factor, key: str) -> Entry | None:
        """The entry that gives this canonical key (a PIN's digest in hex) to somebody."""
        return self._by_key.get((factor, key))

    def of_holder(self, holder: str) -> tuple[Entry, ...]:
        """Every entry of this holder, in the order in which they were made."""
        return self._holders.get(holder, ())

    def suspension(
        self, holder: str, credential: str | None, factor: Factor | None = None, key: str | None = None
    ) -> Entry | None:
        """The suspension that holds longest: of this credential, by token or key, or of all that the holder has.

        With `credential` None only those of all that the holder has.
        """
        found = self._suspended_holders.get(holder, ())[:1]
        if credential is not None:
            found += self._suspended_credentials.get(credential, ())[:1]
        if factor is not None and key is not None:
            found += self._suspended_keys.get((factor, key), ())[:1]
        return min(found, key=_order, default=None)

    def concerns(self, holder: str, credential: str, factor: Factor, key: str) -> bool:
        """Whether any entry may have a say about this credential; mostly none has, and that is known at once."""
        return (
            holder in self._holders
            or credential in self._suspended_credentials
            or (factor, key) in self._suspended_keys
        )

    def with_(self, *entries: Entry) -> Overlay:
        """The next revision, with these too, all or none.

        Raises EntryRefused for one that may not be, and for a key or id that an entry has already, OverlayFull.
        """
        after = self._copied(self.revision + 1)
        after._take(entries)
        return after

    def without(self, *ids: str) -> Overlay:
        """The next revision, without these. Ids that are not there are no error: somebody was quicker."""
        after = self._copied(self.revision + 1)
        after._entries = self._entries.copy()
        gone = [one for one in (after._entries.pop(each, None) for each in ids) if one is not None]
        after.bytes -= sum(map(_bytes_of, gone))
        after._unindex(gone)
        return after

    def _unindex(self, gone: Collection[Entry]) -> None:
        ids = frozenset(entry.id for entry in gone)
        _keep_others(self._holders, {entry.holder for entry in gone}, ids)
        suspended = [entry for entry in gone if not entry.lets_in]
        _keep_others(self._suspended_holders, {one.holder for one in suspended if one.credential is None}, ids)
        credentials = {one.credential for one in suspended if one.credential is not None}
        _keep_others(self._suspended_credentials, credentials, ids)
        _keep_others(self._suspended_keys, {_at(one) for one in suspended if one.key is not None}, ids)
        for entry in gone:
            if entry.lets_in:
                del self._by_key[_at(entry)]

    def at_revision(self, revision: int) -> Overlay:
        """The same entries under another revision: after an older one had to be taken, the count goes on."""
        return self._copied(revision)

    def _copied(self, revision: int) -> Overlay:
        copy = Overlay.__new__(Overlay)
        copy.revision, copy.bytes, copy._entries = revision, self.bytes, self._entries
        copy._by_key, copy._holders = self._by_key.copy(), self._holders.copy()
        copy._suspended_holders = self._suspended_holders.copy()
        copy._suspended_credentials = self._suspended_credentials.copy()
        copy._suspended_keys = self._suspended_keys.copy()
        return copy

    def expired(self, now_s: int) -> tuple[Entry, ...]:
        """Entries whose time is over at this known instant."""
        return tuple(entry for entry in self if entry.expires_s <= now_s)

    def new_id(self) -> str:
        """An id that no entry has: "l" and 8 hex digits."""
        while (chosen := f"l{secrets.token_hex(4)}") in self._entries:
            pass
        return chosen


def _bytes_of(entry: Entry) -> int:
    return len(msgspec.json.encode(entry)) + 1


def _at(entry: Entry) -> tuple[Factor, str]:
    """Kind and key of an entry that has them."""
    assert entry.factor is not None, "checked: a key has a kind"
    assert entry.key is not None, "checked: what lets in has a key"
    return entry.factor, entry.key


def _put(suspended: dict[_Index, tuple[Entry, ...]], at: _Index, entry: Entry) -> None:
    others: tuple[Entry, ...] = suspended.get(at, ())
    place: int = bisect.bisect_right(others, _order(entry), key=_order)
    suspended[at] = (*others[:place], entry, *others[place:])


def _keep_others(index: dict[_Index, tuple[Entry, ...]], at: Iterable[_Index], gone: Collection[str]) -> None:
    """Take the entries of these ids away at these places."""
    for place in at:
        left = tuple(entry for entry in index.pop(place) if entry.id not in gone)
        if left:
            index[place] = left


def _order(suspension: Entry) -> tuple[int, bool]:
    """What holds longest comes first; of equals a lost one, because it says more."""
    return -suspension.expires_s, suspension.status is not Status.LOST


EMPTY = Overlay()


# -- against a roster -------------------------------------------------------------------------------------------------


def conflicts(overlay: Overlay, roster: Roster, entries: Iterable[Entry] | None = None) -> list[tuple[Entry, Conflict]]:
    """Where this roster says otherwise than a local entry, in the order of the entries; see Conflict for what holds.

    A suspension contradicts only a roster that is newer than the one in service when it was made. Some 50 us an entry:
    an event loop asks for some `entries` at a time. Raises RosterDamaged where the disk fails.
    """
    profiles = frozenset(roster.rulebook().profiles) if overlay else frozenset[str]()
    found = ((entry, _conflict(entry, roster, profiles)) for entry in (overlay if entries is None else entries))
    return [(entry, what) for entry, what in found if what is not None]


def _conflict(entry: Entry, roster: Roster, profiles: frozenset[str]) -> Conflict | None:
    if not entry.lets_in:
        newer = roster.version > entry.roster_version
        return Conflict.ROSTER_ACTIVE if newer and "active" in _said_of(entry, roster) else None
    has = _holder_of(entry, roster)
    if has is not None:
        return None if has == entry.holder else Conflict.KEY_OF_ANOTHER
    there = roster.holder(entry.holder) is not None
    if entry.kind is Kind.ENROL:
        return None if there else Conflict.HOLDER_GONE
    if there:
        return Conflict.VISITOR_IS_HOLDER
    return None if profiles.issuperset(entry.profiles) else Conflict.PROFILE_GONE


def absorbed(
    overlay: Overlay, roster: Roster, entries: Iterable[Entry] | None = None, before: Roster | None = None
) -> list[Entry]:
    """Entries, of all or of `entries`, that can go because this roster says the same itself.

    An enrolled key, or a visitor's, that the roster gives to the same holder. A suspension of whatever a newer roster
    refuses by itself, which is so when it has no active credential that the suspension is of, and nothing here lets in
    what it is of. `before` is the roster that would serve if this one were damaged: a suspension stays until that one
    refuses, too. Raises RosterDamaged where the disk fails.
    """
    return [
        entry
        for entry in (overlay if entries is None else entries)
        if _says_the_same(entry, overlay, roster) and (entry.lets_in or before is None or _refuses(before, entry))
    ]


def _refuses(before: Roster, entry: Entry) -> bool:
    """Whether this roster, which is not in service, refuses what a suspension is of; not where it cannot be read."""
    try:
        return "active" not in _said_of(entry, before)
    except RosterDamaged:
        return False


def _says_the_same(entry: Entry, overlay: Overlay, roster: Roster) -> bool:
    if entry.lets_in:
        return _holder_of(entry, roster) == entry.holder
    if roster.version <= entry.roster_version or "active" in _said_of(entry, roster):
        return False
    if entry.key is not None and overlay.enrolled(*_at(entry)) is not None:
        return False
    return not any(
        other.lets_in and entry.credential in (None, other.credential) for other in overlay.of_holder(entry.holder)
    )


def _holder_of(entry: Entry, roster: Roster) -> str | None:
    """Whose key it is by the roster."""
    found = _found(entry, roster)
    return None if found is None else found.holder


def _found(entry: Entry, roster: Roster) -> Enrolled | None:
    factor, key = _at(entry)
    return roster.find(factor, bytes.fromhex(key) if factor is Factor.PIN else key)


def _said_of(entry: Entry, roster: Roster) -> set[str]:
    """The statuses that the roster gives to whatever a suspension is of."""
    if entry.key is not None:
        found = _found(entry, roster)
        return set() if found is None else {found.status}
    issued = [credential for _, _, credential in roster.credentials_of(entry.holder)]
    return {one.status for one in issued if entry.credential in (None, one.credential)}

"""The source as the build reads it: a row a holder, with every credential, in the order of the holders' ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from firmware.core.access import Factor
from firmware.roster.keys import KIND

LISTS_MAX = 4_096  # lists of profiles held in memory; few are different
_names = msgspec.json.Decoder(tuple[str, ...])


class BuildCredential(NamedTuple):
    """One credential of a holder; a vehicle's plate is one too."""

    kind: int  # firmware.roster.keys.KIND
    key: str  # canonical; of a PIN `digest:KEY_ID:DIGITS:HEX` (source/pins.py)
    status: int
    duress: int
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None


class BuildRow(NamedTuple):
    """One holder."""

    holder: str
    household: str | None
    spaces: int | None  # parking spaces of the household
    profiles: tuple[str, ...]
    flags: int
    pin_with: str | None  # `digest:KEY_ID:DIGITS:HEX`
    duress_pin_with: str | None
    credentials: tuple[BuildCredential, ...]  # by kind, then key


def rows_for_build(db: sqlite3.Connection) -> Iterator[BuildRow]:
    """Every holder, in the order of the ids: three cursors side by side, so that memory stays bounded."""
    holders = db.execute(
        "SELECT holder.id, household, spaces, profiles, flags, pin_with, duress_pin_with FROM holder"
        " LEFT JOIN household ON household.id = holder.household ORDER BY holder.id"
    )
    credentials = _Owned(
        db.execute(
            "SELECT holder, kind, key, status, duress, valid_from_s, valid_until_s, use_limit FROM credential"
            " ORDER BY holder, kind, key"
        )
    )
    plates = _Owned(
        db.execute(
            f"SELECT holder, {KIND[Factor.PLATE]}, plate, status, 0, valid_from_s, valid_until_s, use_limit"
            " FROM vehicle ORDER BY holder, plate"
        )
    )
    lists: dict[str, tuple[str, ...]] = {}
    for holder, household, spaces, profiles, flags, pin_with, duress_with in holders:
        names = lists.get(profiles)
        if names is None:
            if len(lists) >= LISTS_MAX:
                lists.clear()
            names = lists[profiles] = _names.decode(profiles)
        owned = [*credentials.of(holder), *plates.of(holder)]
        owned.sort(key=_order)
        yield BuildRow(holder, household, spaces, names, flags, pin_with, duress_with, tuple(owned))


def _order(credential: BuildCredential) -> tuple[int, str]:
    return credential.kind, credential.key


class _Owned:
    """A cursor over credentials in the order of their holders, one holder's at a time."""

    def __init__(self, rows: Iterator[tuple[object, ...]]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, holder: str) -> Iterator[BuildCredential]:
        """The holder's. Credentials of holders who are not there are passed over: no batch leaves any."""
        while self._next is not None and self._next[0] <= holder:  # type: ignore[operator]
            if self._next[0] == holder:
                yield BuildCredential(*self._next[1:])  # type: ignore[arg-type]
            self._next = next(self._rows, None)

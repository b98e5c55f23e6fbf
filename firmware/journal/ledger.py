"""What the controller remembers of each holder: area, uses, last passage. Read in the event loop, written elsewhere.

The ledger is a write-through memory: `Remember` makes the holder's new entry at once and keeps it here until the
writer has committed it; only then the file's answer counts again. So a read never waits for the card, and never sees
less than what was decided.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec

from firmware.core.effects import Remember
from firmware.exchange import stamp
from firmware.journal.rows import storable
from firmware.journal.schema import connect_reader, select_ledger

_SELECT_HOUSEHOLD = "SELECT holder, area FROM ledger WHERE household = ? AND area IS NOT NULL AND vehicle = 1"
_SELECT_OCCUPANCY = "SELECT area, count(*) FROM ledger WHERE area IS NOT NULL GROUP BY area"

_uses_encoder = msgspec.json.Encoder()
_uses_decoder = msgspec.json.Decoder(dict[str, int])


class LedgerEntry(msgspec.Struct, frozen=True):
    """One holder. `area` is None where it is unknown, and then `entered_s` is too; `uses` counts per credential id.

    `last_point` is the access point of the last proven passage, `CONTROLLER/POINT` where it was at another controller;
    `last_s` is None where wall time was unknown. `placed_s` and `placed_by` say which passage put the holder where
    `area` says, or out of every area: the order of firmware/exchange.py. Forgiving does not change them.
    """

    area: str | None = None
    entered_s: int | None = None  # UTC
    uses: dict[str, int] = {}
    household: str | None = None
    vehicle: bool = False
    last_point: str | None = None
    last_s: int | None = None  # UTC
    placed_s: int | None = None  # UTC
    placed_by: str = ""  # a controller's id; empty: this one

    def columns(self, holder: str) -> tuple[str | int | None, ...]:
        """The row of the table `ledger`, in the order of schema.LEDGER_COLUMNS."""
        uses = _uses_encoder.encode(self.uses).decode() if self.uses else None
        placed_by = None if self.placed_s is None else self.placed_by
        known = (holder, self.area, self.entered_s, self.household, int(self.vehicle), uses)
        return (*known, self.last_point, self.last_s, self.placed_s, placed_by)

    @classmethod
    def of_columns(cls, row: tuple[Any, ...]) -> LedgerEntry:
        """The inverse of `columns`."""
        _, area, entered_s, household, vehicle, uses, last_point, last_s, placed_s, placed_by = row
        counts = _uses_decoder.decode(uses) if uses else {}
        return cls(area, entered_s, counts, household, bool(vehicle), last_point, last_s, placed_s, placed_by or "")

    def storable(self) -> LedgerEntry:
        """The entry without text that no file can hold. Ids of the roster are never changed by this."""
        return msgspec.structs.replace(
            self,
            area=None if self.area is None else storable(self.area),
            household=None if self.household is None else storable(self.household),
            uses={storable(credential): count for credential, count in self.uses.items()},
            last_point=None if self.last_point is None else storable(self.last_point),
        )

    def after(self, effect: Remember) -> LedgerEntry:
        """The entry once this is remembered."""
        uses = self.uses
        if effect.credential is not None and effect.uses:
            uses = {**uses, effect.credential: uses.get(effect.credential, 0) + effect.uses}
        moved, passed = effect.area is not None, effect.passed_at is not None
        placed_s, placed_by = self.placed_s, self.placed_by
        if moved and passed and effect.passed_s is not None:
            placed_by = effect.controller
            placed_s = effect.passed_s if placed_by else stamp(effect.passed_s, self.placed_s)
        return LedgerEntry(
            area=(effect.area or None) if moved else self.area,
            entered_s=(effect.entered_s if effect.area else None) if moved else self.entered_s,
            uses=uses,
            household=self.household if effect.household is None else effect.household,
            vehicle=self.vehicle or effect.vehicle,
            last_point=effect.passed_at if passed else self.last_point,
            last_s=effect.passed_s if passed else self.last_s,
            placed_s=placed_s,
            placed_by=placed_by,
        )

    def without_area(self) -> LedgerEntry:
        return msgspec.structs.replace(self, area=None, entered_s=None)


class Ledger:
    """Reads of the ledger, for the event loop's thread only.

    `trusted` is False where what it says may be incomplete: the file was lost, damaged or cannot be read. Hard
    anti-passback is soft then (core/site.py).
    """

    def __init__(
        self, path: Path, *, trusted: bool, committed: Callable[[], int], unread: Callable[[str], None]
    ) -> None:
        self._path = path
        self._trusted = trusted
        self._committed = committed
        self._unread = unread
        self._connection: sqlite3.Connection | None = None
        self._stale = False  # the file was replaced: open the new one
        self._pending: dict[str, tuple[int, LedgerEntry]] = {}  # holder -> ticket, entry
        self._households: dict[str, set[str]] = {}  # of pending entries
        self._forgotten = 0  # the ticket of the last ForgetAreas

    @property
    def trusted(self) -> bool:
        return self._trusted

    def distrust(self) -> None:
        """Called when entries were lost; holds until the next start."""
        self._trusted = False

    def reopen(self) -> None:
        """Called (from any thread) when the file was replaced."""
        self._stale = True

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # -- reading ------------------------------------------------------------------------------------------------------

    def holder(self, holder: str) -> LedgerEntry:
        """What is remembered of a holder, with all that is not committed yet; an empty entry where nothing is."""
        holder = storable(holder)
        pending = self._pending.get(holder)
        if pending is not None:
            return pending[1]
        forgotten = self._forgotten > self._committed()  # asked before the file is: a commit in between changes nothing
        rows = self._rows(holder)
        if not rows:
            return LedgerEntry()
        entry = LedgerEntry.of_columns(rows[0])
        return entry.without_area() if forgotten else entry

    def household_inside(self, household: str, besides: str, areas: Collection[str] | None = None) -> int:
        """How many other vehicles of a household are inside: in any area, or in one of `areas`."""
        inside: dict[str, str] = {}
        forgotten = self._forgotten > self._committed()
        rows = self._query(_SELECT_HOUSEHOLD, (storable(household),))
        if not forgotten:
            inside = {row[0]: row[1] for row in rows}
        for holder in [*inside, *self._households.get(household, ())]:
            pending = self._pending.get(holder)
            if pending is not None:
                inside.pop(holder, None)
                entry = pending[1]
                if entry.household == household and entry.vehicle and entry.area is not None:
                    inside[holder] = entry.area
        inside.pop(besides, None)
        return sum(areas is None or area in areas for area in inside.values())

    def occupancy(self) -> dict[str, int]:
        """Holders inside, by area. Reads an index of all who are inside: for the start, not for each decision."""
        forgotten = self._forgotten > self._committed()
        rows = self._query(_SELECT_OCCUPANCY, ())
        inside: dict[str, int] = {} if forgotten else {row[0]: row[1] for row in rows}
        for holder, (_, entry) in self._pending.items():
            committed = [] if forgotten else self._rows(holder)
            area = LedgerEntry.of_columns(committed[0]).area if committed else None
            if area is not None:
                inside[area] -= 1
            if entry.area is not None:
                inside[entry.area] = inside.get(entry.area, 0) + 1
        return {area: count for area, count in inside.items() if count > 0}

    def placed_here(self, limit: int) -> tuple[int, list[tuple[str, LedgerEntry]]]:
        """Whom a passage at this controller has put where they are: how many, and the newest, the last one last.

        Committed ones only. Reads all of the ledger: for the start.
        """
        ((count,),) = self._query("SELECT count(*) FROM ({ledger} WHERE placed_by = '')", ()) or [(0,)]
        rows = self._query("{ledger} WHERE placed_by = '' ORDER BY placed_s DESC, holder LIMIT ?", (limit,))
        return count, [(row[0], LedgerEntry.of_columns(row)) for row in reversed(rows)]

    def _rows(self, holder: str) -> list[Any]:
        """The committed row of a holder, if there is one, with all columns."""
        return self._query("{ledger} WHERE holder = ?", (holder,))

    def _query(self, sql: str, arguments: tuple[str | int, ...]) -> list[Any]:
        """All rows; none, with the ledger distrusted and the failure reported, where the file cannot be read.

        `{ledger}` in the statement is the SELECT of whole rows. It is chosen each time: a file that could not be
        written to may have an older format, and gets the new one while it is open here.
        """
        try:
            if self._stale:
                self._stale = False
                self.close()
            if self._connection is None:
                self._connection = connect_reader(self._path)
            if "{ledger}" in sql:
                sql = sql.replace("{ledger}", select_ledger(self._connection))
            return self._connection.execute(sql, arguments).fetchall()
        except (sqlite3.Error, OSError) as error:
            self.close()
            self._trusted = False
            self._unread(f"the ledger cannot be read: {error}")
            return []

    # -- remembering --------------------------------------------------------------------------------------------------

    def remember(self, effect: Remember, ticket: int) -> tuple[str, LedgerEntry]:
        """Take a change; returns the holder's whole entry after it, which the writer commits with that ticket."""
        holder = storable(effect.holder)
        entry = self.holder(holder).after(effect).storable()
        self._drop(holder)
        self._pending[holder] = (ticket, entry)  # at the end: `_pending` is ordered by ticket
        if entry.household is not None:
            self._households.setdefault(entry.household, set()).add(holder)
        return holder, entry

    def forget_areas(self, ticket: int) -> None:
        """Every holder's area is unknown from this ticket on."""
        self._forgotten = ticket
        self._pending = {holder: (ticket, entry.without_area()) for holder, (_, entry) in self._pending.items()}

    def forget(self, holder: str, ticket: int) -> None:
        """A holder is erased."""
        self._drop(holder)
        self._pending[holder] = (ticket, LedgerEntry())

    def settle(self) -> None:
        """Drop what is committed: the file says it now."""
        committed = self._committed()
        done: list[str] = []
        for holder, (ticket, _) in self._pending.items():
            if ticket > committed:
                break
            done.append(holder)
        for holder in done:
            self._drop(holder)

    def _drop(self, holder: str) -> None:
        found = self._pending.pop(holder, None)
        if found is None or found[1].household is None:
            return
        members = self._households[found[1].household]
        members.discard(holder)
        if not members:
            del self._households[found[1].household]


def read_ledger(path: Path, complain: Callable[[str], None]) -> Ledger:
    """The ledger of a journal file for programs that only read, `explain` above all; close it after use.

    Where the file cannot be read, `complain` is told why and the answers are empty.
    """
    return Ledger(path, trusted=True, committed=lambda: 0, unread=complain)

"""The sheet's understood rows in temporary tables of the source's own connection: nothing of it outlives the process.

SQLite keeps temporary tables in a file that has no name, so that a killed import leaves no list of people behind.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from firmware.roster.importing.lines import Line

CACHE_KB = 24_576  # of the temporary tables: what 250,000 rows need so that their keys are not read from the disk again
_AT_ONCE = 2_000  # rows given to SQLite together
_SHEET_BITS = 24  # a line's number is its sheet's above its row's; a sheet has fewer than 2^21 rows

_TABLES = (
    "CREATE TABLE temp.line (n INTEGER PRIMARY KEY, person TEXT, holder TEXT, household TEXT, written TEXT,"
    " label TEXT, spaces INTEGER, household_note TEXT, name TEXT, phone TEXT, relation TEXT, profiles TEXT,"
    " flags INTEGER, note TEXT)",
    "CREATE TABLE temp.item (n INTEGER NOT NULL, kind INTEGER NOT NULL, key TEXT NOT NULL, status INTEGER,"
    " duress INTEGER NOT NULL, valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER, printed TEXT,"
    " vehicle_kind TEXT, vehicle_description TEXT, place INTEGER NOT NULL)",
)
_DERIVED = ("place", "person", "was", "want", "pin", "issued", "withdrawn", "kind_of", "scope", "new_household",
            "new_holder", "new_credential", "new_vehicle", "gone")  # fmt: skip


class StagedPin(NamedTuple):
    n: int
    column: str
    text: str


class Staging:
    """The staged rows. `n` names a row of a sheet: `n_of(sheet, row)`."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self.db = db
        # A source that is opened for reading stays so: its file is. Temporary tables are no part of it.
        db.execute("PRAGMA query_only = OFF")
        for name in ("line", "item", "dropped", *_DERIVED):
            db.execute(f"DROP TABLE IF EXISTS temp.{name}")
        for pragma in (f"cache_size=-{CACHE_KB}", "journal_mode=OFF", "secure_delete=OFF"):
            db.execute(f"PRAGMA temp.{pragma}").fetchall()
        for table in _TABLES:
            db.execute(table)
        self.rows = 0
        # PINs that wait for their holders' ids stay out of every file, and small: row, and 1 before the digits.
        self._pin_rows, self._pin_digits = array("q"), array("q")
        self._pin_texts: list[StagedPin] = []  # digests: only a table of our own has them

    def take(self, sheet: int, lines: Iterable[Line]) -> None:
        """Stage the rows of one sheet."""
        rows: list[tuple[object, ...]] = []
        items: list[tuple[object, ...]] = []
        for line in lines:
            n = n_of(sheet, line.row)
            rows.append((n, line.person, line.holder, line.household, line.written, line.label, line.spaces,
                         line.household_note, line.name, line.phone, line.relation, line.profiles, line.flags,
                         line.note))  # fmt: skip
            for item in line.items:
                items.append((n, *item))
            for pin in line.pins:
                self._keep(n, pin.column, pin.text)
            if len(rows) >= _AT_ONCE:
                self._store(rows, items)
        self._store(rows, items)

    def _store(self, rows: list[tuple[object, ...]], items: list[tuple[object, ...]]) -> None:
        self.rows += len(rows)
        with self.at_once():
            self.db.executemany(f"INSERT INTO temp.line VALUES ({', '.join('?' * 14)})", rows)
            self.db.executemany(f"INSERT INTO temp.item VALUES ({', '.join('?' * 12)})", items)
        rows.clear()
        items.clear()

    def _keep(self, n: int, column: str, text: str) -> None:
        if text.isdecimal():
            self._pin_rows.append(n << 1 | (column == "duress_pin_with"))
            self._pin_digits.append(int(f"1{text}"))
        else:
            self._pin_texts.append(StagedPin(n, column, text))

    def pins(self) -> Iterable[StagedPin]:
        """The PINs that are given beside another credential."""
        for row, digits in zip(self._pin_rows, self._pin_digits, strict=True):
            yield StagedPin(row >> 1, "duress_pin_with" if row & 1 else "pin_with", str(digits)[1:])
        yield from self._pin_texts

    def drop(self, numbers: Iterable[int]) -> None:
        """Leave rows out: they turned out bad beside others. One pass over the table, however many they are."""
        self.db.execute("CREATE TABLE temp.dropped (n INTEGER PRIMARY KEY)")
        self.db.executemany("INSERT OR IGNORE INTO temp.dropped VALUES (?)", ((n,) for n in numbers))
        for table in ("line", "item"):
            self.db.execute(f"DELETE FROM temp.{table} WHERE n IN (SELECT n FROM temp.dropped)")
        self.db.execute("DROP TABLE temp.dropped")

    def clear_derived(self) -> None:
        """Forget what was made of the rows, to make it anew."""
        for name in _DERIVED:
            self.db.execute(f"DROP TABLE IF EXISTS temp.{name}")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """One transaction, which reads one state of the source. On errors the temporary tables are lost."""
        self.db.execute("BEGIN")
        try:
            yield
            self.db.execute("COMMIT")
        except BaseException:
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            raise

    def one(self, sql: str, values: tuple[object, ...] = ()) -> int:
        """The whole number that a query gives; 0 for NULL."""
        found = self.db.execute(sql, values).fetchone()
        return int(found[0] or 0) if found is not None else 0


def n_of(sheet: int, row: int) -> int:
    """The number of a row of the sheet with this index."""
    return sheet << _SHEET_BITS | row


def place_of(n: int) -> tuple[int, int]:
    """(index of the sheet, row) of a row's number."""
    return n >> _SHEET_BITS, n & ((1 << _SHEET_BITS) - 1)

"""What stands around a sheet's rows: merged ranges, which come after the rows they belong to, and hidden columns."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable
from typing import NamedTuple

from firmware.roster.errors import shown
from firmware.roster.sheets.errors import Unreadable
from firmware.roster.sheets.grid import SHEET_COLUMNS_MAX, SHEET_ROWS_MAX, DataReader, GridRow, column_of
from firmware.roster.sheets.quick import begun, feed_to_data
from firmware.roster.sheets.table import COLUMNS_MAX, letters_of
from firmware.roster.sheets.xml_stream import Attributes, as_utf8

MERGES_MAX = 1_000_000  # 250,000 rows whose households are merged in four columns
_MERGE = ["worksheet", "mergeCells", "mergeCell"]
_COLUMN = ["worksheet", "cols", "col"]
_RANGE = re.compile(r"\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6}):\$?([A-Za-z]{1,3})\$?([1-9][0-9]{0,6})")
_CELL = re.compile(r"\$?[A-Za-z]{1,3}\$?[1-9][0-9]{0,6}")
_WHOLE = re.compile(r"[0-9]{1,5}")
# Where rows may be skipped unread: up to their end, unless something comes that could hold a feigned end.
_SKIPPED = re.compile(rb"</sheetData|<[!?]")
_SKIPPED_BYTES_MAX = len(b"</sheetData")
_ROW_BITS, _COLUMN_BITS = 21, 8
_DAMAGED = "the file is damaged: open it in the spreadsheet program and save it again"


class _Range(NamedTuple):
    row: int
    column: int
    row_last: int
    column_last: int
    text: object


class Merges:
    """The merged ranges of a sheet, asked row by row in order."""

    def __init__(self, packed: array[int]) -> None:
        self._packed = packed
        self._next = 0
        self._active: list[_Range] = []

    def fill(self, row: GridRow) -> frozenset[int]:
        """Fill a row with what it shows: the value of a range's first cell in all of its cells. Those that got one.

        Raises Unreadable where ranges overlap.
        """
        while (
            self._next < len(self._packed) and self._packed[self._next] >> (_ROW_BITS + 2 * _COLUMN_BITS) <= row.number
        ):
            self._begin(row)
            self._next += 1
        if not self._active:
            return frozenset()
        self._active = [one for one in self._active if one.row_last >= row.number]
        filled = set()
        cells = row.cells
        for one in self._active:
            for column in range(one.column, one.column_last + 1):
                if column == one.column and row.number == one.row:
                    continue
                if column >= len(cells) and one.text:
                    cells.extend([""] * (column + 1 - len(cells)))
                if column < len(cells):
                    cells[column] = one.text  # type: ignore[call-overload]
                    filled.add(column)
        return frozenset(filled)

    def _begin(self, row: GridRow) -> None:
        packed = self._packed[self._next]
        first, column, last, column_last = _unpacked(packed)
        self._active = [one for one in self._active if one.row_last >= first]
        if any(one.column <= column_last and column <= one.column_last for one in self._active):
            raise Unreadable("merged ranges overlap", _DAMAGED)
        text = row.cells[column] if first == row.number and column < len(row.cells) else ""
        self._active.append(_Range(first, column, last, column_last, text))


class Frame(NamedTuple):
    packed: array[int]  # of Merges, in order
    hidden_columns: tuple[str, ...]

    def merges(self) -> Merges:
        return Merges(self.packed)


class _FrameReader(DataReader):
    def __init__(self) -> None:
        super().__init__()
        self.packed = array("Q")
        self.hidden: list[str] = []

    def start(self, attributes: Attributes) -> None:
        if len(self.path) == 2:
            self.note()
        elif len(self.path) == 3:
            if self.path == _MERGE:
                self._merge(attributes.get("ref", ""))
            elif self.path == _COLUMN and attributes.get("hidden") in ("1", "true"):
                first, last = (attributes.get(end, "") for end in ("min", "max"))
                if _WHOLE.fullmatch(first) and _WHOLE.fullmatch(last):
                    self.hidden += [letters_of(index) for index in range(int(first) - 1, min(int(last), COLUMNS_MAX))]

    def _merge(self, ref: str) -> None:
        match = _RANGE.fullmatch(ref)
        if match is None:
            if _CELL.fullmatch(ref):
                return  # one cell: nothing is merged
            raise Unreadable(f"{shown(ref)} is no merged range", _DAMAGED)
        column, row, column_last, row_last = column_of(match[1]), int(match[2]), column_of(match[3]), int(match[4])
        if not (row <= row_last <= SHEET_ROWS_MAX and column <= column_last < SHEET_COLUMNS_MAX):
            raise Unreadable(f"{shown(ref)} is no merged range", _DAMAGED)
        if len(self.packed) >= MERGES_MAX:
            raise Unreadable("too many merged ranges", f"{MERGES_MAX} are allowed")
        if column < COLUMNS_MAX:
            self.packed.append(_packed(row, column, row_last, min(column_last, COLUMNS_MAX - 1)))


def frame_of(chunks: Iterable[bytes]) -> Frame | None:
    """What stands around the rows, which are skipped unread; None where they hold what might feign their end.

    Raises Unreadable.
    """
    reader = _FrameReader()
    rest, inside, after = b"", False, False
    for chunk in as_utf8(chunks):
        rest += chunk
        if not inside and not after:
            rest = feed_to_data(reader, rest)
            inside = begun(reader)
        if inside:
            end = _SKIPPED.search(rest)
            if end is None:
                rest = rest[-_SKIPPED_BYTES_MAX:]
                continue
            if end[0] != b"</sheetData":
                return None
            rest, inside, after = rest[end.start() :], False, True
        if after:
            reader.feed(rest)
            rest = b""
    reader.feed(rest, last=True)
    return _framed(reader)


def frame_read_in_full(chunks: Iterable[bytes]) -> Frame:
    """The same, with every byte read. Raises Unreadable."""
    reader = _FrameReader()
    for chunk in as_utf8(chunks):
        reader.feed(chunk)
    reader.feed(b"", last=True)
    return _framed(reader)


def _framed(reader: _FrameReader) -> Frame:
    packed = reader.packed
    if any(packed[index] > packed[index + 1] for index in range(len(packed) - 1)):
        packed = array("Q", sorted(packed))
    return Frame(packed, tuple(dict.fromkeys(reader.hidden)))


def _packed(row: int, column: int, row_last: int, column_last: int) -> int:
    return ((row << _COLUMN_BITS | column) << _ROW_BITS | row_last) << _COLUMN_BITS | column_last


def _unpacked(packed: int) -> tuple[int, int, int, int]:
    columns, rows = (1 << _COLUMN_BITS) - 1, (1 << _ROW_BITS) - 1
    rest, column_last = packed >> _COLUMN_BITS, packed & columns
    rest, row_last = rest >> _ROW_BITS, rest & rows
    return rest >> _COLUMN_BITS, rest & columns, row_last, column_last

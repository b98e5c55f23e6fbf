"""Finds the header of a sheet and says what each column is; two columns for one meaning are refused, not chosen."""

from __future__ import annotations

from collections.abc import Mapping as Words
from collections.abc import Sequence
from typing import NamedTuple

from firmware.roster.errors import shown
from firmware.roster.importing.headers import (
    COLUMNS,
    HOUSEHOLD_PARTS,
    IGNORED,
    MANY,
    TITLES_ZH,
    Heading,
    recognise,
)
from firmware.roster.importing.mapping import Mapping
from firmware.roster.importing.problems import Bad
from firmware.roster.importing.words import SHEET_BUILDING, part_of
from firmware.roster.sheets.cells import Odd, SheetRow
from firmware.roster.sheets.table import letters_of

HEADER_ROWS_MAX = 20  # title and notices above the table
RECOGNISED_MIN = 2  # headers that make a row the header; one alone may be a word in a notice
_TELLING = {"household", *HOUSEHOLD_PARTS, "holder", "name", "card", "printed", "plate", "tag", "code"}


class Column(NamedTuple):
    """One column that is imported."""

    at: int  # counted from 0
    name: str  # of headers.COLUMNS
    number: int  # 2 of "车牌2", else 1
    title: str

    @property
    def place(self) -> str:
        """For messages: letter and header."""
        return f"{letters_of(self.at)} {shown(self.title, bare=True)}"


class Layout(NamedTuple):
    """What a sheet's columns are. Rows up to `header_row` are no holders."""

    sheet: str
    header_row: int
    columns: tuple[Column, ...]
    unknown: tuple[str, ...]  # "K 血型": not imported, named in the preview
    ignored: tuple[str, ...]  # known and never imported
    building: str | None  # from the sheet's name
    width: int  # columns that have a header
    ours: bool = False  # it has each column of our own export: what stands there was written by us

    def has(self, *names: str) -> bool:
        """Whether there is a column of one of these names."""
        return any(column.name in names for column in self.columns)


def lay_out(sheet: str, rows: Sequence[SheetRow], mapping: Mapping) -> Layout | None:
    """The layout by the first rows of a sheet; None where none of them is a header."""
    first = [row for row in rows if row.number <= HEADER_ROWS_MAX]
    if mapping.header_row is not None:
        candidates = [place for place, row in enumerate(first) if row.number == mapping.header_row]
    else:
        candidates = list(range(len(first)))
    scored = [(_score(first[place], mapping), -place) for place in candidates]
    best = max(scored, default=(0, 0))
    if best[0] < (RECOGNISED_MIN if mapping.header_row is None else 1):
        return None
    place = -best[1]
    above = first[place - 1] if place else None
    below = first[place + 1] if place + 1 < len(first) and _continues(first[place], first[place + 1]) else None
    titles = _titles(first[place], above, below)
    header_row = first[place].number if below is None else below.number
    return _layout(sheet, header_row, titles, mapping)


def _text(row: SheetRow, index: int) -> str:
    cell = row.cells[index] if index < len(row.cells) else ""
    return "" if isinstance(cell, Odd) else cell.strip()


def _heading(text: str, mapping: Mapping) -> Heading | None:
    chosen = mapping.columns.get(text)
    return recognise(text) if chosen is None else Heading(chosen, None)


def _score(row: SheetRow, mapping: Mapping) -> int:
    """How many different columns the row's cells name; 0 where none of them tells of holders."""
    found = {heading for index in range(len(row.cells)) if (heading := _heading(_text(row, index), mapping))}
    names = {heading.column for heading in found}
    return len(found) if names & _TELLING else 0


def _continues(header: SheetRow, row: SheetRow) -> bool:
    """Whether the row below the header is its second line: each of its words is a header too, or the one above."""
    texts = [(index, text) for index in range(len(row.cells)) if (text := _text(row, index))]
    words = [text for index, text in texts if text != _text(header, index)]
    return bool(words) and all(recognise(text) is not None for text in words) and not _odd(row)


def _odd(row: SheetRow) -> bool:
    return any(isinstance(cell, Odd) for cell in row.cells)


def _titles(header: SheetRow, above: SheetRow | None, below: SheetRow | None) -> dict[int, str]:
    """The header of each column: its lowest word; an empty one takes what stands above it, if that is a header."""
    width = max(len(row.cells) for row in (header, below) if row is not None)
    titles: dict[int, str] = {}
    for index in range(width):
        text = (_text(below, index) if below is not None else "") or _text(header, index)
        if not text and above is not None and recognise(_text(above, index)) is not None:
            text = _text(above, index)
        if text:
            titles[index] = text
    return titles


def _layout(sheet: str, header_row: int, titles: Words[int, str], mapping: Mapping) -> Layout:
    columns: list[Column] = []
    unknown: list[str] = []
    ignored: list[str] = []
    for index, title in titles.items():
        heading = _heading(title, mapping)
        if heading is None or heading.column == IGNORED:
            (unknown if heading is None else ignored).append(f"{letters_of(index)} {shown(title, bare=True)}")
        else:
            columns.append(Column(index, heading.column, heading.number or 1, title))
    if not any(column.name == "card" for column in columns):  # the only number of a card leads
        columns = [column._replace(name="card") if column.name == "printed" else column for column in columns]
    known = {column.name for column in columns}
    building = None
    if "room" in known and not known & {"building", "household"} and SHEET_BUILDING.fullmatch(sheet.strip()):
        building = part_of("building", sheet.strip())
    width = max(titles, default=-1) + 1
    ours = known >= TITLES_ZH.keys()
    return Layout(sheet, header_row, tuple(columns), tuple(unknown), tuple(ignored), building, width, ours)


def contradictions(layout: Layout) -> list[Bad]:
    """Columns that mean the same, each pair once: which one counts has to be said."""
    found: list[Bad] = []

    def bad(one: Column, other: Column) -> None:
        values: dict[str, object] = {"other": other.place, "column": one.name, "known": ", ".join(COLUMNS)}
        found.append(Bad(layout.sheet, layout.header_row, one.place, shown(one.title), "column_twice", values))

    first: dict[tuple[str, int], Column] = {}
    for column in layout.columns:
        key = (column.name, column.number)
        if key in first and not (column.name in MANY and column.name != "card"):
            bad(column, first[key])
        elif column.name not in MANY and (column.name, 0) in first:
            bad(column, first[column.name, 0])
        first.setdefault(key, column)
        first.setdefault((column.name, 0), column)
    whole = first.get(("household", 0))
    part = next((column for column in layout.columns if column.name in HOUSEHOLD_PARTS), None)
    if whole is not None and part is not None:
        bad(part, whole)
    return found

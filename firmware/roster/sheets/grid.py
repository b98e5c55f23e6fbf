"""The cells of a sheet, as its XML tells them one after the other: what they are, and that they stand in order.

SpreadsheetML, ECMA-376-1, 18.3.1 (sheetData, row, c, v, f, is).
"""

from __future__ import annotations

import re
from collections.abc import Callable

from firmware.roster.errors import shown
from firmware.roster.sheets.cells import Cell, Odd, OddKind
from firmware.roster.sheets.errors import Unreadable
from firmware.roster.sheets.number_formats import Shown, instant_of
from firmware.roster.sheets.strings import SharedStrings
from firmware.roster.sheets.table import CELL_CHARACTERS_MAX, COLUMN_OF, COLUMNS_MAX, letters_of
from firmware.roster.sheets.xml_stream import Attributes, Reader
from firmware.roster.sheets.xstring import unescaped

SHEET_ROWS_MAX = 1_048_576
SHEET_COLUMNS_MAX = 16_384
DATES_KNOWN_MAX = 10_000  # a sheet says the same few dates again and again
DATA = ["worksheet", "sheetData"]
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,4})?")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})([1-9][0-9]{0,6})")
_WHOLE = re.compile(r"[0-9]{1,7}")
_NUMBER_CHARACTERS_MAX = 64
_SHARED_DIGITS_MAX = 7  # of STRINGS_MAX
_DAMAGED = "the file is damaged: open it in the spreadsheet program and save it again"
_TRUE = frozenset(("1", "true"))
_ISO_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T([0-9]{2}:[0-9]{2})(?::[0-9.]+)?Z?)?")


class Values:
    """What a stored value means in this workbook. Raises Unreadable, without a place."""

    def __init__(self, strings: SharedStrings, styles: dict[int, Shown], system_1904: bool) -> None:
        self.strings = strings
        self._dated = {str(style): how for style, how in styles.items()}  # by a cell's style
        self._system_1904 = system_1904
        self._dates: dict[tuple[str, Shown], Odd] = {}

    def number(self, text: str, style: str | None) -> Odd:
        how = None if style is None else self._dated.get(style.lstrip("0") or "0")
        known = None if how is None else self._dates.get((text, how))
        if known is None:
            text = text.strip()
            if not (len(text) <= _NUMBER_CHARACTERS_MAX and _NUMBER.fullmatch(text)):
                raise Unreadable(f"{shown(text)} is stored as a number", _DAMAGED)
            if how is None:
                return Odd(OddKind.NUMBER, text)
            if len(self._dates) >= DATES_KNOWN_MAX:
                self._dates.clear()
            known = self._dates[text, how] = instant_of(text, how, self._system_1904)
        return known

    def shared(self, text: str) -> str:
        number = int(text) if text.isdecimal() and len(text) <= _SHARED_DIGITS_MAX else -1
        if 0 <= number < len(self.strings):
            return self.strings[number]
        raise Unreadable(f"shared text {shown(text)} is not there", _DAMAGED)

    def of(self, kind: str | None, style: str | None, text: str) -> Cell:
        """A cell's stored text, with its type (18.18.11). Empty text is an empty cell."""
        if not text:
            return ""
        match kind:
            case None | "n":
                return self.number(text, style)
            case "s":
                return self.shared(text.strip())
            case "inlineStr" | "str":
                return unescaped(text)
            case "b":
                return Odd(OddKind.BOOLEAN, "true" if text.strip() in _TRUE else "false")
            case "e":
                return Odd(OddKind.ERROR, text.strip())
            case "d":
                iso = _ISO_DATE.fullmatch(text.strip())
                if iso is None:
                    raise Unreadable(f"{shown(text)} is stored as a date", _DAMAGED)
                return Odd(OddKind.DATE, f"{iso[1]} {iso[2]}" if iso[2] else iso[1])
            case _:
                raise Unreadable(f"a cell of the unknown type {shown(kind)}", _DAMAGED)


class GridRow:
    """One row while it is read."""

    __slots__ = ("cells", "hidden", "number")

    def __init__(self, number: int, hidden: bool) -> None:
        self.number = number
        self.hidden = hidden
        self.cells: list[Cell] = []

    def put(self, column: int, cell: Cell) -> None:
        """Add a cell that is right of all before."""
        cells = self.cells
        if cell:
            if column > len(cells):
                cells.extend([""] * (column - len(cells)))
            cells.append(cell)


class DataReader(Reader):
    """Knows where a sheet's rows begin and end, so that they can also be read by other means (quick.py)."""

    def __init__(self) -> None:
        super().__init__()
        self.data_at = -1  # the byte at which <sheetData> of the main namespace, without a prefix, begins
        self.row_end_at = -1  # the byte at which the end of the last row begins
        self.number = 0  # of the row that was begun last

    def note(self) -> None:
        """Subclasses call it at the start of every element two deep."""
        if self.path == DATA:
            self.data_at = self.at if self.name.count(" ") == 1 else -1


class GridReader(DataReader):
    """Reads a sheet's part; whole rows are given to `row`. Raises Unreadable; `place` says where it was."""

    def __init__(self, values: Values, row: Callable[[GridRow], None]) -> None:
        super().__init__()
        self._values = values
        self._give = row
        self._row: GridRow | None = None
        self._column = -1  # of the cell that was begun last
        self._kind: str | None = None
        self._style: str | None = None
        self._pieces: list[str] = []
        self._characters = 0
        self._formula: list[str] | None = None
        self._index: str | None = None  # of that formula, where cells share it
        self._shared: dict[str, str] = {}  # shared formulas, by their index

    def place(self) -> tuple[int | None, str | None]:
        """(row, letters of the column) that are being read."""
        if self._row is None:
            return None, None
        return self.number, letters_of(self._column) if self._column >= 0 else None

    def start(self, attributes: Attributes) -> None:
        local, depth = self.path[-1], len(self.path)
        if depth == 2:
            self.note()
        elif self.path[:2] == DATA:
            if depth == 3 and local == "row":
                self._begin_row(attributes)
            elif depth == 4 and local == "c" and self.path[2] == "row":
                self._begin_cell(attributes)
            elif depth == 5 and self.path[2:4] == ["row", "c"]:
                if local == "v":
                    if self._pieces:
                        raise Unreadable("two values in one cell", _DAMAGED)
                    self.collect(self._take)
                elif local == "f":
                    self._formula = []
                    self._index = attributes.get("si") if attributes.get("t") == "shared" else None
                    self.collect(self._take_formula)
            elif local == "t" and self.path[2:] in (["row", "c", "is", "t"], ["row", "c", "is", "r", "t"]):
                self.collect(self._take)

    def end(self) -> None:
        local, depth = self.path[-1], len(self.path)
        if local in ("v", "t", "f"):
            self.collect(None)
        elif depth == 4 and local == "c" and self.path[2] == "row":
            self._end_cell()
        elif depth == 3 and local == "row" and self._row is not None:
            self.row_end_at = self.at
            row, self._row = self._row, None
            self._give(row)

    def _begin_row(self, attributes: Attributes) -> None:
        text = attributes.get("r")
        number = self.number + 1 if text is None else int(text) if _WHOLE.fullmatch(text) else 0
        if not self.number < number <= SHEET_ROWS_MAX:
            raise Unreadable(f"row {shown(text or '')} follows row {self.number}", _DAMAGED)
        self.number = number
        self._row = GridRow(number, attributes.get("hidden") in _TRUE)
        self._column = -1

    def _begin_cell(self, attributes: Attributes) -> None:
        reference = attributes.get("r")
        column = self._column + 1
        if reference is not None:
            match = _REFERENCE.fullmatch(reference)
            if match is None or int(match[2]) != self.number:
                raise Unreadable(f"a cell {shown(reference)} stands in row {self.number}", _DAMAGED)
            column = column_of(match[1])
        if not self._column < column < SHEET_COLUMNS_MAX:
            raise Unreadable(f"a cell {shown(reference or '')} out of order", _DAMAGED)
        self._column = column
        self._kind = attributes.get("t")
        self._style = attributes.get("s")
        self._pieces.clear()
        self._characters = 0
        self._formula = None

    def _end_cell(self) -> None:
        assert self._row is not None, "a cell stands in a row"
        cell: Cell
        if self._formula is not None:
            text = "".join(self._formula)
            if self._index is not None:
                if text and len(self._shared) < SHEET_COLUMNS_MAX:
                    self._shared[self._index] = text
                text = text or self._shared.get(self._index, "")
            cell = Odd(OddKind.FORMULA, f"={unescaped(text)}")
        else:
            cell = self._values.of(self._kind, self._style, "".join(self._pieces))
        if cell and self._column >= COLUMNS_MAX:
            raise Unreadable("a filled cell far to the right", f"{COLUMNS_MAX} columns are allowed")
        self._row.put(self._column, cell)

    def _take(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > CELL_CHARACTERS_MAX:
            raise Unreadable("a longer text", f"{CELL_CHARACTERS_MAX} characters are allowed in a cell")
        self._pieces.append(text)

    def _take_formula(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > CELL_CHARACTERS_MAX:
            raise Unreadable("a longer formula", f"{CELL_CHARACTERS_MAX} characters are allowed in a cell")
        assert self._formula is not None, "collected inside a formula only"
        self._formula.append(text)


def column_of(letters: str) -> int:
    """The index of a column by its letters, up to XFD and what lies beyond it."""
    known = COLUMN_OF.get(letters)
    if known is not None:
        return known
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1

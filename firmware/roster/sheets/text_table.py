"""CSV: one table in a text file, read line by line. RFC 4180, with what spreadsheet programs really write.

Commas, semicolons or tabs, told by the first line that has any; `sep=;` in front is obeyed; line ends of any system;
cells in double quotes may hold line ends. A cell that a spreadsheet program would calculate is written with an
apostrophe in front, and read without it (`armoured`, `bare`). `="0012345"`, as card vendors' programs write so that no
spreadsheet drops the zeros, is read as the text 0012345.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self, TextIO

from firmware.roster.errors import shown
from firmware.roster.sheets.cells import Cell, SheetRow
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.table import CELL_CHARACTERS_MAX, COLUMNS_MAX, ROWS_MAX, SheetName, letters_of
from firmware.roster.sheets.text_encoding import encoding_of

LINE_CHARACTERS_MAX = 65_536  # a file without line ends must not be read into memory as one
RECORD_CHARACTERS_MAX = 262_144  # of one row with line ends in its cells; what is longer is a quote never closed
DELIMITERS = (",", ";", "\t")
LINES_LOOKED_AT = 20  # to tell the delimiter, where the first line holds more than one kind
# What begins a formula in one spreadsheet program or another, full-width signs included (OWASP, CSV injection).
FORMULA_STARTS = frozenset("=+-@\t\r\n＝＋－＠")
_ARMOUR = "'"
_KEPT_AS_TEXT = re.compile(r'="([^"]*)"')
_SEPARATOR_LINE = "sep="


def armoured(text: str) -> str:
    """A cell as it is written, so that no program calculates it. `bare` is its inverse, for every text."""
    return _ARMOUR + text if text[:1] in FORMULA_STARTS or text.startswith(_ARMOUR) else text


def bare(text: str) -> str:
    """A cell as it is meant: an apostrophe goes where it stands before what `armoured` guards, and nowhere else."""
    if text.startswith(_ARMOUR) and (text[1:2] in FORMULA_STARTS or text[1:2] == _ARMOUR):
        return text[1:]
    return text


def _meant(cell: str) -> str:
    """The text that a cell with an apostrophe or "=" in front stands for."""
    kept = _KEPT_AS_TEXT.fullmatch(cell)
    return bare(cell) if kept is None else kept[1]


class TextTable:
    """An opened CSV file; see table.Table. The encoding is proven at once, rows are read when they are asked for."""

    format = "csv"
    macros = False

    def __init__(self, file: BinaryIO, path: Path, sha256: str) -> None:
        self.path = path
        self.sha256 = sha256
        self._file = file
        self._state = _state(file)
        self.encoding, lines = encoding_of(file, path)
        self.rows_estimated: int | None = lines
        self.delimiter, self._first = self._told()

    def sheets(self) -> tuple[SheetName, ...]:
        return (SheetName("", hidden=False, rows_estimated=self.rows_estimated),)

    def hidden_columns(self, sheet: str = "") -> tuple[str, ...]:
        self._know(sheet)
        return ()

    def rows(self, sheet: str = "") -> Iterator[SheetRow]:
        self._know(sheet)
        with self._text() as text:
            lines = _Lines(text, self.path)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True)
            number = before = 0
            try:
                for cells in reader:
                    number += 1
                    if lines.unfinished and len(cells) < before:
                        found, allowed = (
                            "the file ends within this row",
                            "it was cut off: copy it again, or end the row",
                        )
                        raise SheetError(self.path, found, allowed, row=number)
                    before = len(cells)
                    lines.taken = 0
                    lines.row = number + 1
                    if number > self._first and any(cells):
                        yield self._row(number, cells)
            except csv.Error as error:
                found = f"{error}: it cannot be told where a cell ends"
                raise SheetError(self.path, found, "correct the quotes there", row=number + 1) from error
        if _state(self._file) != self._state:
            raise SheetError(self.path, "it was changed while it was read", "close it elsewhere and try again")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _know(self, sheet: str) -> None:
        if sheet:
            raise SheetError(
                self.path, f"there is no sheet {shown(sheet)}", "a CSV file holds one table without a name"
            )

    def _text(self) -> TextIO:
        copy = os.fdopen(os.dup(self._file.fileno()), "rb")  # readings share the position: one at a time
        copy.seek(0)
        return io.TextIOWrapper(copy, encoding=self.encoding, newline="")

    def _told(self) -> tuple[str, int]:
        """The delimiter, and how many rows in front are none."""
        with self._text() as text:
            head = text.readline(LINE_CHARACTERS_MAX)
            stripped = head.rstrip("\r\n").removeprefix('"').removesuffix('"')
            if (
                stripped[: len(_SEPARATOR_LINE)].lower() == _SEPARATOR_LINE
                and stripped[len(_SEPARATOR_LINE) :] in DELIMITERS
            ):
                return stripped[len(_SEPARATOR_LINE) :], 1
            counts = [_counts(head)]
            for _ in range(LINES_LOOKED_AT):
                counts.append(_counts(text.readline(LINE_CHARACTERS_MAX)))
        first = next((count for count in counts if count), Counter({DELIMITERS[0]: 0}))

        def steady(delimiter: str) -> tuple[int, int]:
            return sum(count[delimiter] == first[delimiter] for count in counts), first[delimiter]

        return max(first, key=steady), 0

    def _row(self, number: int, cells: list[str]) -> SheetRow:
        if number > ROWS_MAX:
            raise SheetError(self.path, f"more than {ROWS_MAX} rows", "split it into several files", row=number)
        while len(cells) > COLUMNS_MAX and not cells[-1]:
            cells.pop()
        if len(cells) > COLUMNS_MAX:
            raise SheetError(self.path, f"{len(cells)} cells", f"{COLUMNS_MAX} columns are allowed", row=number)
        read: list[Cell] = []
        for cell in cells:
            if len(cell) > CELL_CHARACTERS_MAX:
                column, allowed = letters_of(len(read)), f"{CELL_CHARACTERS_MAX} are allowed"
                raise SheetError(self.path, f"{len(cell)} characters", allowed, row=number, column=column)
            read.append(_meant(cell) if cell and cell[0] in "'=" else cell)
        return SheetRow("", number, read)


class _Lines:
    """The lines of a file, each and each row of limited length. Raises SheetError with the row."""

    def __init__(self, text: TextIO, path: Path) -> None:
        self._text = text
        self._path = path
        self.row = 1  # that is being read
        self.taken = 0  # characters of it
        self.unfinished = False  # the last line that was read has no end

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self._text.readline(LINE_CHARACTERS_MAX + 1)
        if not line:
            raise StopIteration
        self.taken += len(line)
        self.unfinished = line[-1] not in "\r\n"
        if len(line) > LINE_CHARACTERS_MAX:
            allowed = f"lines of up to {LINE_CHARACTERS_MAX} characters are allowed"
            raise SheetError(self._path, "a longer line", allowed, row=self.row)
        if self.taken > RECORD_CHARACTERS_MAX:
            raise SheetError(self._path, "a quote is never closed", "close it, or remove it", row=self.row)
        if "\0" in line:
            found = f"a NUL in character {line.index(chr(0)) + 1} of the line"
            raise SheetError(self._path, found, "no text holds one: save it again as CSV UTF-8", row=self.row)
        return line


def _counts(line: str) -> Counter[str]:
    """How often each delimiter stands outside of quotes."""
    outside = "".join(line.split('"')[::2])
    return Counter({delimiter: count for delimiter in DELIMITERS if (count := outside.count(delimiter))})


def _state(file: BinaryIO) -> tuple[int, int]:
    about = os.fstat(file.fileno())
    return about.st_size, about.st_mtime_ns

"""A table as its readers see it, whatever file it came from; and how columns are named by letters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, Self

from firmware.roster.sheets.cells import SheetRow

FILE_BYTES_MAX = 256 << 20  # ten times what 250,000 rows take; more is another file than meant
ROWS_MAX = 2_000_000  # of a text file, as of the roster's own table; a spreadsheet ends at 1,048,576
COLUMNS_MAX = 256  # an office's list has 30; a spreadsheet could have 16,384
CELL_CHARACTERS_MAX = 32_767  # what a spreadsheet's cell can hold; what an import takes is less


class SheetName(NamedTuple):
    name: str  # "" in a CSV file
    hidden: bool  # in the file people do not see it
    rows_estimated: int | None  # for progress; what the file says of itself, or its line ends


class Table(Protocol):
    """An opened table. Rows without any content are not given; their numbers are left out."""

    @property
    def path(self) -> Path: ...
    @property
    def format(self) -> str:
        """ "csv" or "xlsx"."""

    @property
    def encoding(self) -> str | None:
        """Of a text file: "utf-8", "utf-8-sig", "utf-16" or "gb18030"."""

    @property
    def delimiter(self) -> str | None:
        """Of a text file: ",", ";" or a tab."""

    @property
    def macros(self) -> bool:
        """Whether the workbook carries a program. It is never read."""

    @property
    def sha256(self) -> str:
        """Of the file, hexadecimal."""

    @property
    def rows_estimated(self) -> int | None:
        """Of all sheets, for progress."""

    def sheets(self) -> tuple[SheetName, ...]:
        """In the order of the file."""

    def rows(self, sheet: str = "") -> Iterator[SheetRow]:
        """The rows of one sheet ("": the first), in order. Raises SheetError at the first thing that is wrong."""

    def hidden_columns(self, sheet: str = "") -> tuple[str, ...]:
        """The letters of the columns that people do not see. Raises SheetError."""

    def close(self) -> None: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def letters_of(index: int) -> str:
    """The letters of a column: 0 is A, 25 is Z, 26 is AA."""
    letters = ""
    number = index + 1
    while number:
        number, place = divmod(number - 1, 26)
        letters = chr(65 + place) + letters
    return letters


COLUMN_OF: dict[str, int] = {letters_of(index): index for index in range(COLUMNS_MAX)}

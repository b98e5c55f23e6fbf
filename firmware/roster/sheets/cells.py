"""What a cell of a table is. Most are text; a spreadsheet also has cells that are something else than they look."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class OddKind(StrEnum):
    """What a cell is that is not text."""

    NUMBER = "number"  # `text` as the file stores it: "1", "1234567", "1.23E+09"
    DATE = "date"  # `text` is local: "2026-01-01", or "2026-01-01 08:30", or "08:30" where there is no day
    BOOLEAN = "boolean"  # "true" or "false"
    FORMULA = "formula"  # `text` is the formula with its "=", without a result
    ERROR = "error"  # "#N/A" and the like


class Odd(NamedTuple):
    kind: OddKind
    text: str


Cell = str | Odd  # "" is an empty cell


class SheetRow(NamedTuple):
    """One row, numbered as the spreadsheet does (the first is 1). `merged` are the indices of cells whose value comes
    from a merged range that begins above or left of them."""

    sheet: str  # the sheet's name; "" in a CSV file
    number: int
    cells: list[Cell]
    merged: frozenset[int] = frozenset()
    hidden: bool = False  # in the file people do not see this row

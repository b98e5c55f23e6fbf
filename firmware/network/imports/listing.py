"""The list of what is wrong with a sheet: as the file that a person opens, and as rows that a program reads."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import AsyncIterator
from typing import NamedTuple

from firmware.network.download import Download
from firmware.network.people.asks import PeopleAsks
from firmware.network.routes import Asked
from firmware.people_words.imports import Problems, ReadProblems
from firmware.roster.sheets.text_table import bare

LIST_TYPE = "text/csv; charset=utf-8"
PROBLEM_BYTES_MAX = 256 << 20  # of a list; nobody reads more, and a loop has to end
ROWS_MAX = 200  # of one page for a program
COLUMNS = 5  # sheet, row, column, found, reason
MORE = "…"  # in each cell of the last row: there is more than was listed (firmware/people/problem_list.py)
_MARKS = re.compile(rb'"|\r\n')


async def parts_of(
    asks: PeopleAsks, asked: Asked, id: str, language: str, first: Problems | None = None
) -> AsyncIterator[bytes]:
    """The whole list, as it comes; `first` was asked for already. Raises PeopleSaid."""
    part, offset = first, 0
    while True:
        if part is None:
            question = ReadProblems(sheet=id, language=language, offset=offset)
            part = await asks.ask_for(Problems, question, asked.person, asked.address)
        yield part.content
        offset += len(part.content)
        if not part.more or offset >= PROBLEM_BYTES_MAX:
            return
        part = None


def listed(parts: AsyncIterator[bytes], asked: Asked) -> Download:
    """The same as a file."""
    return Download(parts, asked.still, "problems.csv", LIST_TYPE)


class Row(NamedTuple):
    """One thing that is wrong: in which sheet, row and column, what stands there, and why it is wrong."""

    sheet: str
    row: int | None
    column: str
    found: str
    reason: str


class Rows(NamedTuple):
    """`following` is the byte that the next page begins at; None: these were the last. `cut`: not all are listed."""

    rows: list[Row]
    following: int | None
    cut: bool


def rows_of(part: Problems, offset: int) -> Rows:
    """The whole rows that a part of the list has, which begins at this byte of it."""
    used = _whole(part.content, ROWS_MAX + (offset == 0)) or len(part.content)
    text = part.content[:used].decode("utf-8-sig" if offset == 0 else "utf-8", "replace")
    cells = [row for row in csv.reader(io.StringIO(text, newline="")) if len(row) == COLUMNS]
    listed = cells[1:] if offset == 0 else cells  # the first one of all is the header
    cut = bool(listed) and listed[-1] == [MORE] * COLUMNS
    rows = [_row(row) for row in (listed[:-1] if cut else listed)]
    more = used > 0 and (part.more or used < len(part.content))
    return Rows(rows, offset + used if more else None, cut)


def _whole(content: bytes, most: int) -> int:
    """Where the last of at most so many whole rows ends: a line end within quotes is none."""
    quoted, end = False, 0
    for mark in _MARKS.finditer(content):
        if mark[0] == b'"':
            quoted = not quoted
        elif not quoted:
            end, most = mark.end(), most - 1
            if most == 0:
                break
    return end


def _row(cells: list[str]) -> Row:
    sheet, row, column, found, reason = map(bare, cells)
    return Row(sheet, int(row) if row.isascii() and row.isdecimal() else None, column, found, reason)

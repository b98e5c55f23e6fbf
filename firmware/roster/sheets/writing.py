"""Writes tables that any spreadsheet program opens: every cell is text, nothing in it is calculated or followed.

A file appears whole or not at all, readable by its owner only. CSV cells that a program would calculate get an
apostrophe in front (text_table.armoured); a workbook's cells need none, since each says of itself that it is text.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.workbook import Workbook as XlsxWorkbook
from xlsxwriter.worksheet import Worksheet

from firmware.roster.errors import shown
from firmware.roster.files import remove, sync_folder
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.grid import SHEET_ROWS_MAX
from firmware.roster.sheets.table import CELL_CHARACTERS_MAX, COLUMNS_MAX, letters_of
from firmware.roster.sheets.text_table import armoured

ENCODINGS = ("utf-8-sig", "gb18030")  # both are read by Excel and WPS; UTF-8 only with its mark
FILE_MODE, FOLDER_MODE = 0o600, 0o700  # tables hold names
COLUMN_WIDTH = 16  # characters
_BEGUN = datetime(
    2000, 1, 1, tzinfo=UTC
)  # when a workbook was made is no part of it: the same table gives the same file
_TEXT_FORMAT = "@"  # Excel's number format of text: what people type over a card number keeps its zeros
_NOT_XML = re.compile("[\x00\ud800-\udfff]")

Rows = Iterable[Sequence[str]]


def write_csv(path: Path, rows: Rows, *, encoding: str = "utf-8-sig") -> None:
    """Write one table; the first row is its header. Raises SheetError for what no cell can hold, and OSError."""
    with appearing(path) as aside:
        fill_csv(aside, path, rows, encoding=encoding)


def write_xlsx(path: Path, sheets: Iterable[tuple[str, Rows]]) -> None:
    """Write a workbook of named sheets; the first row of each is its header.

    Raises SheetError for what no cell can hold or a sheet has no room for, and OSError.
    """
    with appearing(path) as aside:
        fill_xlsx(aside, path, sheets)


@contextmanager
def appearing(path: Path) -> Iterator[Path]:
    """An empty file beside `path` to be filled: it takes its place when the block ends, and goes when it raises."""
    aside = path.with_name(f".{path.name}.new")
    remove(aside)
    os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    try:
        yield aside
        with aside.open("r+b") as file:
            os.fsync(file.fileno())
        aside.rename(path)
    except BaseException:
        remove(aside)
        raise
    sync_folder(path.parent)


def fill_csv(aside: Path, path: Path, rows: Rows, *, encoding: str = "utf-8-sig") -> None:
    """As write_csv, into the file that `appearing` gave for `path`."""
    assert encoding in ENCODINGS, encoding
    with aside.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, lineterminator="\r\n")
        for number, row in enumerate(rows, 1):
            writer.writerow([armoured(cell) for cell in _sound(path, "", number, row)])


def fill_xlsx(aside: Path, path: Path, sheets: Iterable[tuple[str, Rows]]) -> None:
    """As write_xlsx, into the file that `appearing` gave for `path`."""
    # XlsxWriter keeps finished rows in files: beside the workbook, where they go with their folder whatever happens.
    with _rows_aside(path) as folder:
        book = XlsxWorkbook(str(aside), {"constant_memory": True, "tmpdir": str(folder)})
        try:
            try:
                _fill(book, path, sheets)
            finally:
                book.close()  # whatever happened: it holds files open
        except XlsxWriterException as error:
            raise SheetError(path, str(error), "it could not be written") from error


@contextmanager
def _rows_aside(path: Path) -> Iterator[Path]:
    """A folder of its owner's for unfinished rows. Its name is always the same: one that a killed writer left goes."""
    folder = path.with_name(f".{path.name}.rows")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=FOLDER_MODE)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _fill(book: XlsxWorkbook, path: Path, sheets: Iterable[tuple[str, Rows]]) -> None:
    book.set_properties({"created": _BEGUN})
    text = book.add_format({"num_format": _TEXT_FORMAT})
    header = book.add_format({"num_format": _TEXT_FORMAT, "bold": True})
    for name, rows in sheets:
        sheet = book.add_worksheet(name, _Sheet)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, COLUMNS_MAX - 1, COLUMN_WIDTH, text)
        for number, row in enumerate(rows):
            if number >= SHEET_ROWS_MAX:
                allowed = "a sheet has no room for them: export as CSV"
                raise SheetError(path, f"more than {SHEET_ROWS_MAX} rows", allowed, sheet=name)
            for column, cell in enumerate(_sound(path, name, number + 1, row)):
                if cell:
                    sheet.write_string(number, column, cell, text if number else header)


class _Sheet(Worksheet):  # type: ignore[misc]  # XlsxWriter has no types
    """A sheet whose texts all come back: XlsxWriter escapes only the first of `_x0041_x0042_`."""

    _ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
    _CONTROL = re.compile("[\x01-\x08\x0b-\x1f\ufffe\uffff]")

    @staticmethod
    def _escape_control_characters(data: str) -> str:
        literal = _Sheet._ESCAPE.sub("_x005F_", data)
        return _Sheet._CONTROL.sub(lambda match: f"_x{ord(match[0]):04X}_", literal)


def _sound(path: Path, sheet: str, number: int, row: Sequence[str]) -> Sequence[str]:
    """The row, if every cell can be written. Raises SheetError."""
    if len(row) > COLUMNS_MAX:
        raise SheetError(path, f"{len(row)} cells", f"{COLUMNS_MAX} are allowed", sheet=sheet, row=number)
    for column, cell in enumerate(row):
        found = None
        if len(cell) >= CELL_CHARACTERS_MAX:  # one less than the limit: an apostrophe may come in front
            found = f"{len(cell)} characters"
        elif not cell.isprintable() and _NOT_XML.search(cell):
            found = shown(cell)
        if found is not None:
            raise SheetError(path, found, "no cell can hold this", sheet=sheet, row=number, column=letters_of(column))
    return row

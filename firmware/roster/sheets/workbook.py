"""XLSX: the sheets of a workbook, each read row by row in bounded memory. ECMA-376-1 (SpreadsheetML), -2 (its zip).

Both conformance classes, transitional and strict. Macros, links, pictures and whatever is no cell are never opened.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, NamedTuple, Self

from firmware.roster.errors import shown
from firmware.roster.sheets.archive import Archive
from firmware.roster.sheets.cells import SheetRow
from firmware.roster.sheets.errors import SheetError, Unreadable
from firmware.roster.sheets.frame import Frame, frame_of, frame_read_in_full
from firmware.roster.sheets.grid import GridReader, GridRow, Values
from firmware.roster.sheets.number_formats import BUILT_IN, Shown, shown_by
from firmware.roster.sheets.quick import QuickFeed
from firmware.roster.sheets.strings import SharedStrings, read_strings
from firmware.roster.sheets.table import SheetName
from firmware.roster.sheets.xml_stream import RELATIONS, Attributes, as_utf8, elements

SHEETS_MAX = 1_000
SMALL_PART_BYTES_MAX = 16 << 20  # of the workbook's list of sheets, of relations, of styles
STYLES_MAX = 65_536  # spreadsheet programs end at 65,490
_MAIN_PART = "xl/workbook.xml"
_PACKAGE = "_rels/.rels"
_MACROS = "xl/vbaproject.bin"
_DAMAGED = "open it in the spreadsheet program and save it again as .xlsx"


class _Relation(NamedTuple):
    kind: str  # the last word of its type: "worksheet", "styles", "sharedStrings"
    part: str | None  # None: outside of the file


class _Sheet(NamedTuple):
    name: SheetName
    part: str | None


class Workbook:
    """An opened workbook; see table.Table. Its list of sheets is read at once, cells when they are asked for."""

    format = "xlsx"
    encoding: str | None = None
    delimiter: str | None = None

    def __init__(self, file: BinaryIO, path: Path, sha256: str, archive: Archive) -> None:
        self.path = path
        self.sha256 = sha256
        self._file = file
        self._archive = archive
        self.macros = _MACROS in archive
        self._main = _main_part(archive)
        self._strings: SharedStrings | None = None
        self._frames: dict[str, Frame] = {}
        self._system_1904 = False
        self._sheets: list[_Sheet] = []
        try:
            self._relations = self._related()
            self._read_list()
            self._styles = self._read_styles()
        except Unreadable as error:
            raise SheetError(path, error.found, error.allowed) from error
        if not self._sheets:
            raise SheetError(path, "no sheet is in it", "it must hold a table")

    @staticmethod
    def is_one(archive: Archive) -> bool:
        """Whether a zip is a workbook. Raises SheetError."""
        return _main_part(archive) in archive

    @property
    def rows_estimated(self) -> int | None:
        known = [sheet.name.rows_estimated for sheet in self._sheets]
        return sum(rows for rows in known if rows is not None) if any(known) else None

    def sheets(self) -> tuple[SheetName, ...]:
        return tuple(sheet.name for sheet in self._sheets)

    def hidden_columns(self, sheet: str = "") -> tuple[str, ...]:
        found = self._sheet(sheet)
        try:
            return self._frame(found).hidden_columns
        except Unreadable as error:
            raise SheetError(self.path, error.found, error.allowed, sheet=found.name.name) from error

    def rows(self, sheet: str = "") -> Iterator[SheetRow]:
        found = self._sheet(sheet)
        name = found.name.name
        done: list[GridRow] = []
        reader: GridReader | None = None
        try:
            merges = self._frame(found).merges()
            values = Values(self._shared(), self._styles, self._system_1904)
            reader = GridReader(values, done.append)
            feed = QuickFeed(reader, values, done.append)
            for chunk in as_utf8(self._archive.chunks(self._part(found))):
                feed.take(chunk)
                for row in done:
                    if any(row.cells):
                        merged = merges.fill(row)
                        yield SheetRow(name, row.number, row.cells, merged, row.hidden)
                done.clear()
            feed.end()
        except Unreadable as error:
            row_number, column = reader.place() if reader is not None else (None, None)
            raise SheetError(
                self.path, error.found, error.allowed, sheet=name, row=row_number, column=column
            ) from error

    def close(self) -> None:
        if self._strings is not None:
            self._strings.close()
        self._archive.close()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _sheet(self, name: str) -> _Sheet:
        for sheet in self._sheets:
            if name in ("", sheet.name.name):
                return sheet
        known = ", ".join(shown(sheet.name.name) for sheet in self._sheets[:20])
        raise SheetError(self.path, f"there is no sheet {shown(name)}", f"it has {known}")

    def _part(self, sheet: _Sheet) -> str:
        if sheet.part is None:
            raise Unreadable("its cells lie outside of this file", _DAMAGED)
        return sheet.part

    def _frame(self, sheet: _Sheet) -> Frame:
        part = self._part(sheet)
        if part not in self._frames:
            frame = frame_of(self._archive.chunks(part))
            self._frames[part] = frame_read_in_full(self._archive.chunks(part)) if frame is None else frame
        return self._frames[part]

    def _shared(self) -> SharedStrings:
        if self._strings is None:
            part = self._one("sharedStrings")
            self._strings = SharedStrings() if part is None else read_strings(self._archive.chunks(part))
        return self._strings

    def _one(self, kind: str) -> str | None:
        return next((one.part for one in self._relations.values() if one.kind == kind and one.part is not None), None)

    def _small(self, part: str) -> Iterator[tuple[tuple[str, ...], Attributes]]:
        return elements(self._archive.chunks(part, SMALL_PART_BYTES_MAX))

    def _related(self) -> dict[str, _Relation]:
        folder, name = posixpath.split(self._main)
        part = f"{folder}/_rels/{name}.rels"
        found: dict[str, _Relation] = {}
        for path, attributes in self._small(part):
            if path == ("Relationships", "Relationship"):
                target = _within(folder, attributes)
                kind = attributes.get("Type", "").rpartition("/")[2]
                found[attributes.get("Id", "")] = _Relation(
                    kind, target if target and target in self._archive else None
                )
        return found

    def _read_list(self) -> None:
        for path, attributes in self._small(self._main):
            if path == ("workbook", "workbookPr"):
                self._system_1904 = attributes.get("date1904") in ("1", "true")
            elif path == ("workbook", "sheets", "sheet"):
                self._add_sheet(attributes)

    def _add_sheet(self, attributes: Attributes) -> None:
        name = attributes.get("name", "")
        keys = (key.split(" ") for key in attributes if " " in key)
        key = next((" ".join(words) for words in keys if words[0] in RELATIONS and words[1] == "id"), "")
        relation = self._relations.get(attributes.get(key, ""), _Relation("worksheet", None))
        if relation.kind != "worksheet":
            return  # a chart, or a macro sheet of old
        if len(self._sheets) >= SHEETS_MAX:
            raise Unreadable("too many sheets", f"{SHEETS_MAX} are allowed")
        if not name or any(sheet.name.name == name for sheet in self._sheets):
            raise Unreadable(f"a sheet is named {shown(name)}", "each sheet has a name of its own")
        hidden = attributes.get("state", "visible") != "visible"
        rows = None if relation.part is None else self._estimated(relation.part)
        self._sheets.append(_Sheet(SheetName(name, hidden, rows), relation.part))

    def _estimated(self, part: str) -> int:
        """As many as the first piece of the part promises."""
        first = next(self._archive.chunks(part), b"")
        return round(first.count(b"<row") * self._archive.size(part) / max(1, len(first)))

    def _read_styles(self) -> dict[int, Shown]:
        part = self._one("styles")
        if part is None:
            return {}
        custom: dict[str, Shown | None] = {}
        styles: dict[int, Shown] = {}
        index = 0
        for path, attributes in self._small(part):
            if path == ("styleSheet", "numFmts", "numFmt") and len(custom) < STYLES_MAX:
                custom[attributes.get("numFmtId", "")] = shown_by(attributes.get("formatCode", ""))
            elif path == ("styleSheet", "cellXfs", "xf") and index < STYLES_MAX:
                number = attributes.get("numFmtId", "")
                built_in = (
                    BUILT_IN.get(int(number)) if number.isascii() and number.isdecimal() and len(number) < 6 else None
                )
                shows = custom.get(number, built_in)
                if shows is not None:
                    styles[index] = shows
                index += 1
        return styles


def _main_part(archive: Archive) -> str:
    """The part that lists the sheets: nearly always xl/workbook.xml, and otherwise the one that the package names."""
    if _MAIN_PART in archive or _PACKAGE not in archive:
        return _MAIN_PART
    try:
        for path, attributes in elements(archive.chunks(_PACKAGE, SMALL_PART_BYTES_MAX)):
            if path == ("Relationships", "Relationship") and attributes.get("Type", "").endswith("/officeDocument"):
                return _within("", attributes) or _MAIN_PART
    except Unreadable as error:
        raise SheetError(archive.path, error.found, error.allowed) from error
    return _MAIN_PART


def _within(folder: str, attributes: Attributes) -> str | None:
    """The part that a relation names, if it lies in the file."""
    target = attributes.get("Target", "").replace("\\", "/")
    if attributes.get("TargetMode", "Internal") != "Internal" or ":" in target:
        return None
    part = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
    return part or None

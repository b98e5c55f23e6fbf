"""Workbooks made by hand, part by part: what no spreadsheet program would write."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

from firmware.roster.sheets.cells import SheetRow
from firmware.roster.sheets.opening import open_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
STRICT = "http://purl.oclc.org/ooxml/spreadsheetml/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STRICT_RELATIONS = "http://purl.oclc.org/ooxml/officeDocument/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def parts(
    sheet: str,
    *,
    strings: str | None = None,
    styles: str | None = None,
    main: str = MAIN,
    relations: str = RELATIONS,
    workbook_pr: str = "",
    relation: str = 'Target="worksheets/sheet1.xml"',
) -> dict[str, bytes]:
    """The parts of a workbook of one sheet "S"; `sheet` is the XML inside of <worksheet>, or a whole document."""
    root = sheet if sheet.startswith("<?xml") else f'<worksheet xmlns="{main}">{sheet}</worksheet>'
    rels = [f'<Relationship Id="r1" Type="{relations}/worksheet" {relation}/>']
    made = {
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{relations}">{workbook_pr}<sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": root,
    }
    if strings is not None:
        made["xl/sharedStrings.xml"] = f'<sst xmlns="{main}">{strings}</sst>'
        rels.append(f'<Relationship Id="r2" Type="{relations}/sharedStrings" Target="sharedStrings.xml"/>')
    if styles is not None:
        made["xl/styles.xml"] = f'<styleSheet xmlns="{main}">{styles}</styleSheet>'
        rels.append(f'<Relationship Id="r3" Type="{relations}/styles" Target="/xl/styles.xml"/>')
    made["xl/_rels/workbook.xml.rels"] = f'<Relationships xmlns="{PACKAGE}">{"".join(rels)}</Relationships>'
    return {name: text.encode() for name, text in made.items()}


def zipped(path: Path, made: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the parts as a zip."""
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in made.items():
            file.writestr(name, content)
    return path


def workbook(path: Path, sheet: str, **more: str) -> Path:
    """A workbook of one sheet."""
    return zipped(path, parts(sheet, **more))


def data(rows: str) -> str:
    """The rows of a sheet."""
    return f"<sheetData>{rows}</sheetData>"


def inline(reference: str, text: str) -> str:
    """A cell with its text inside; `text` is XML."""
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


def read(path: Path, sheet: str = "") -> list[SheetRow]:
    """All rows of one sheet."""
    with open_table(path) as table:
        return list(table.rows(sheet))

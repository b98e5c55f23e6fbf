"""What is written is read back the same by us and by others, nothing in it calculates, and files appear whole."""

from __future__ import annotations

import csv
import os
import signal
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.writing import ENCODINGS, write_csv, write_xlsx
from tests.sheets.workbooks import read

HOUSE = Path(__file__).parents[2]
HEADER = ["房号", "姓名", "备注"]
AWKWARD = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    "+86 138",
    "-1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "＝1",
    "'",
    "''",
    "'=1",
    "'t Hooft",
    "0012345678",
    "1.23E+09",
    "2026-01-31",
    "TRUE",
    "#N/A",
    "http://192.0.2.1/",
    "mailto:a@example.org",
    "{=SUM(A1)}",
    "_x0041_x0042_",
    "_x000D_",
    " both ends ",
    'a "quoted" text, with; everything\tin\r\nit',
    "\u202eright to left",
    "👨‍👩‍👧 𠮷",
    "\x01\x1f\ufffe\uffff",
    "<b>&amp;</b>]]>",
]
CELLS = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12),
)
TABLES = st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=8)


def without_empty(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    return [(number, row) for number, row in enumerate(rows, 1) if any(row)]


@given(rows=TABLES, encoding=st.sampled_from(ENCODINGS))
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_csv_file_comes_back(tmp_path, rows, encoding):
    path = tmp_path / "a.csv"
    write_csv(path, [HEADER, *rows], encoding=encoding)
    assert [(row.number, row.cells) for row in read(path)] == without_empty([HEADER, *rows])


@given(rows=TABLES)
@settings(max_examples=25, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_workbook_comes_back(tmp_path, rows):
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [("住户", [HEADER, *rows]), ("two", [HEADER])])
    found = [(row.number, [*row.cells, "", "", ""][:3]) for row in read(path, "住户")]
    assert found == without_empty([HEADER, *rows])
    assert [row.cells for row in read(path, "two")] == [HEADER]


@pytest.mark.attack("roster-18")
def test_no_program_calculates_what_we_write_as_csv(tmp_path):
    """The standard library reads the cells as they stand in the file, as a spreadsheet program would."""
    path = tmp_path / "a.csv"
    write_csv(path, [HEADER, *([text, text, text] for text in AWKWARD)])
    with path.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert len(cells) == 3 * (len(AWKWARD) + 1)
    assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r\n＝＋－＠"))]
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_no_program_calculates_what_we_write_as_xlsx(tmp_path):
    """Every cell says of itself that it is text, for openpyxl too; nothing is a link, a number or a formula."""
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [("S", [HEADER, *([text, text, text] for text in AWKWARD)])])
    book = openpyxl.load_workbook(path)
    cells = [cell for row in book.active.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "inlineStr"}
    assert {cell.number_format for cell in cells} == {"@"}
    assert not [cell for cell in cells if cell.hyperlink]
    assert len(cells) == 3 * (len(AWKWARD) + 1)
    with zipfile.ZipFile(path) as file:
        assert not [name for name in file.namelist() if "link" in name.lower() or "vba" in name.lower()]
        assert b"<f>" not in file.read("xl/worksheets/sheet1.xml")
    book.close()


def writers(path: Path):
    """(how to write rows, the file) of each format."""
    return [
        (lambda rows: write_csv(path.with_suffix(".csv"), rows), path.with_suffix(".csv")),
        (lambda rows: write_xlsx(path.with_suffix(".xlsx"), [("S", rows)]), path.with_suffix(".xlsx")),
    ]


def test_files_are_for_their_owner_only_and_the_same_table_gives_the_same_file(tmp_path):
    for write, path in writers(tmp_path / "a"):
        path.write_text("an older one")
        path.chmod(0o644)
        write([HEADER, ["1", "2", "3"]])
        first = path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        write([HEADER, ["1", "2", "3"]])
        assert path.read_bytes() == first
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.csv", "a.xlsx"]


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        ([HEADER, ["a", "b\0", ""]], 2, "B"),
        ([HEADER, ["\ud800", "", ""]], 2, "A"),
        ([HEADER, ["", "", "x" * 32_767]], 2, "C"),
        ([["x"] * 257], 1, None),
    ],
)
def test_what_no_cell_can_hold_is_named_and_the_file_before_stays(tmp_path, rows, row, column):
    for write, path in writers(tmp_path / "a"):
        path.write_text("the one before")
        with pytest.raises(SheetError) as caught:
            write(rows)
        assert (caught.value.row, caught.value.column) == (row, column)
        assert path.read_text() == "the one before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.csv", "a.xlsx"]


def test_rows_that_fail_leave_the_file_before(tmp_path):
    def rows():
        yield HEADER
        raise ConnectionError("the source is gone")

    for write, path in writers(tmp_path / "a"):
        path.write_text("the one before")
        with pytest.raises(ConnectionError):
            write(rows())
        assert path.read_text() == "the one before"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.csv", "a.xlsx"]


def test_more_rows_than_a_sheet_has_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("firmware.roster.sheets.writing.SHEET_ROWS_MAX", 3)
    write_xlsx(tmp_path / "a.xlsx", [("S", [HEADER] * 3)])
    with pytest.raises(SheetError, match="export as CSV"):
        write_xlsx(tmp_path / "a.xlsx", [("S", [HEADER] * 4)])
    assert len(read(tmp_path / "a.xlsx")) == 3


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_killed_while_it_writes_the_file_before_is_there(tmp_path, ending):
    """A process of its own writes rows without end and kills itself at the 20,000th."""
    path = tmp_path / f"a{ending}"
    path.write_text("the one before")
    program = """
import os, signal, sys
from pathlib import Path
from firmware.roster.sheets.writing import write_csv, write_xlsx
def rows():
    yield ["a", "b"]
    for number in range(1_000_000):
        if number == 20_000:
            os.kill(os.getpid(), signal.SIGKILL)
        yield [str(number), "x" * 50]
path = Path(sys.argv[1])
write_csv(path, rows()) if path.suffix == ".csv" else write_xlsx(path, [("S", rows())])
"""
    done = subprocess.run([sys.executable, "-c", program, str(path)], cwd=HOUSE, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert path.read_text() == "the one before"
    left = [entry for entry in tmp_path.iterdir() if entry != path]
    assert left
    assert all(stat.S_IMODE(entry.stat().st_mode) in (0o600, 0o700) for entry in left)
    assert os.access(path, os.R_OK)
    write = write_csv if ending == ".csv" else lambda path, rows: write_xlsx(path, [("S", rows)])
    write(path, [HEADER])
    assert list(tmp_path.iterdir()) == [path], "no list of people stays behind"


def test_the_same_file_in_gb18030_is_read_by_others(tmp_path):
    path = tmp_path / "a.csv"
    write_csv(path, [HEADER, ["3-2-501", "张三", "𠮷"]], encoding="gb18030")
    assert path.read_bytes().decode("gb18030") == "房号,姓名,备注\r\n3-2-501,张三,𠮷\r\n"

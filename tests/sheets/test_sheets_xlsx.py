"""XLSX is read as openpyxl reads it, and as ECMA-376 says where openpyxl says something else."""

from __future__ import annotations

import datetime
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.formula import ArrayFormula

from firmware.roster.sheets.cells import Odd, OddKind
from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.number_formats import BUILT_IN, Shown, instant_of, shown_by
from firmware.roster.sheets.opening import open_table
from firmware.roster.sheets.table import letters_of
from tests.sheets.workbooks import MAIN, STRICT, STRICT_RELATIONS, data, inline, parts, read, workbook, zipped

EPOCH = datetime.date(1899, 12, 30)


def told(value: object) -> object:
    """What we must read where openpyxl reads `value`."""
    match value:
        case None:
            return ""
        case bool():
            return Odd(OddKind.BOOLEAN, str(value).lower())
        case datetime.datetime():
            day, clock = value.isoformat(" ", "minutes").split()
            return Odd(OddKind.DATE, day if clock == "00:00" else f"{day} {clock}")
        case datetime.date():
            return Odd(OddKind.DATE, value.isoformat())
        case datetime.time():
            return Odd(OddKind.DATE, value.isoformat("minutes"))
        case int() | float():
            return Odd(OddKind.NUMBER, repr(value))
        case str() if value.startswith("="):
            return Odd(OddKind.FORMULA, value)
        case str() if value in ("#N/A", "#DIV/0!", "#REF!"):
            return Odd(OddKind.ERROR, value)
    return value


def same(path, *, dates_with_time: bool = False) -> None:
    """Compare every cell of every sheet with what openpyxl reads, merged ranges filled."""
    book = openpyxl.load_workbook(path)
    with open_table(path) as table:
        assert [sheet.name for sheet in table.sheets()] == book.sheetnames
        for sheet in book.worksheets:
            expected = {
                (cell.row, cell.column - 1): told(cell.value)
                for row in sheet.iter_rows()
                for cell in row
                if cell.value is not None and cell.value != ""
            }
            covered = set()
            for area in sheet.merged_cells.ranges:
                for row in range(area.min_row, area.max_row + 1):
                    for column in range(area.min_col - 1, area.max_col):
                        if (row, column) != (area.min_row, area.min_col - 1):
                            covered.add((row, column))
                            value = expected.get((area.min_row, area.min_col - 1))
                            if value is not None:
                                expected[row, column] = value
            own = {row for row, column in expected if (row, column) not in covered}
            found = {}
            for row in table.rows(sheet.title):
                assert row.sheet == sheet.title
                assert row.merged <= {column for at, column in covered if at == row.number}
                found |= {(row.number, column): cell for column, cell in enumerate(row.cells) if cell != ""}
            assert found == {place: value for place, value in expected.items() if place[0] in own}
    book.close()


def test_a_workbook_as_an_office_makes_it_reads_as_openpyxl_reads_it(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "1栋"
    sheet["A1"] = "阳光小区住户登记表"
    sheet.merge_cells("A1:F1")
    sheet.append(["房号", "姓名", "卡号", "到期", "状态", "备注"])
    sheet["A3"] = "3-2-501"
    sheet.merge_cells("A3:A5")
    for number, row in enumerate((3, 4, 5)):
        sheet.cell(row, 2, f"住户{number}")
        sheet.cell(row, 3, 1234567890 + number)
        sheet.cell(row, 4, datetime.date(2026, 1, 31))
        sheet.cell(row, 5, number % 2 == 0)
    sheet["D4"] = datetime.datetime.fromisoformat("2026-02-28T08:30")
    sheet["G5"] = datetime.time(8, 30)
    sheet["F3"] = "=CONCATENATE(A3,B3)"
    sheet["F4"] = "#N/A"
    sheet["F5"] = 'A & B <b>"c"</b>\nsecond line  '
    other = book.create_sheet("停车")
    other["C7"] = 1.5
    other["B9"] = 12345678901234567890.0
    book.create_sheet("空")
    book.save(tmp_path / "a.xlsx")
    same(tmp_path / "a.xlsx")
    rows = read(tmp_path / "a.xlsx", "1栋")
    assert [row.merged for row in rows] == [{1, 2, 3, 4, 5}, set(), set(), {0}, {0}]


TEXTS = st.text(st.characters(blacklist_categories=["Cs", "Cc"], blacklist_characters="\ufffe\uffff"), max_size=20)
VALUES = st.one_of(
    TEXTS.filter(lambda text: not text.startswith("=") and "_x" not in text and text not in ("#N/A", "#DIV/0!")),
    st.integers(-(10**14), 10**14),
    st.booleans(),
    st.dates(datetime.date(1901, 1, 1), datetime.date(2199, 12, 31)),
    st.datetimes(datetime.datetime.fromisoformat("1901-01-01"), datetime.datetime.fromisoformat("2199-12-31")).map(
        lambda at: at.replace(second=0, microsecond=0)
    ),
    st.sampled_from(["=1+1", "=A1&B2", "#N/A", "#REF!"]),
)
GRIDS = st.lists(st.lists(VALUES, max_size=6), max_size=8)
RANGES = st.lists(st.tuples(st.integers(1, 8), st.integers(1, 6), st.integers(0, 3), st.integers(0, 3)), max_size=4)


@given(grids=st.lists(GRIDS, min_size=1, max_size=3), ranges=RANGES)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_openpyxl_writes_is_read_the_same(tmp_path, grids, ranges):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, grid in enumerate(grids):
        sheet = book.create_sheet(f"表 {number}")
        for place, row in enumerate(grid, 1):
            for column, value in enumerate(row, 1):
                cell = sheet.cell(place, column)
                cell.value = value
                if isinstance(value, datetime.datetime):
                    cell.number_format = "yyyy-mm-dd" if value.hour == value.minute == 0 else "yyyy-mm-dd hh:mm"
        taken = set()
        for row, column, height, width in ranges if number == 0 else ():
            area = {(y, x) for y in range(row, row + height + 1) for x in range(column, column + width + 1)}
            if not area & taken and len(area) > 1:
                taken |= area
                sheet.merge_cells(start_row=row, start_column=column, end_row=row + height, end_column=column + width)
    book.save(tmp_path / "p.xlsx")
    same(tmp_path / "p.xlsx")


# ECMA-376-1, 18.8.30: the built-in formats, and those of zh-CN, by what they show.
DAYS = (14, 15, 16, 17, 27, 28, 29, 30, 31, 36, 50, 51, 52, 53, 54, 57, 58)
TIMES = (18, 19, 20, 21, 32, 33, 34, 35, 45, 46, 47, 55, 56)
NUMBERS = (0, 1, 2, 3, 4, 9, 10, 11, 12, 13, 37, 38, 39, 40, 48, 49)


def test_the_built_in_formats_are_those_of_the_standard():
    assert {number for number, how in BUILT_IN.items() if how.days and not how.time} == set(DAYS)
    assert {number for number, how in BUILT_IN.items() if how.time and not how.days} == set(TIMES)
    assert BUILT_IN[22] == (True, True)
    assert not set(NUMBERS) & set(BUILT_IN)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("yyyy-mm-dd", (True, False)),
        ('yyyy"年"m"月"d"日"', (True, False)),
        ('[$-804]yyyy"年"m"月"d"日";@', (True, False)),
        ("[$-F800]dddd, mmmm dd, yyyy", (True, False)),
        ("m/d/yy h:mm", (True, True)),
        ("[h]:mm:ss", (False, True)),
        ("mm:ss.0", (False, True)),
        ("mmm", (True, False)),
        ('上午/下午h"时"mm"分"', (False, True)),
        ("h:mm AM/PM", (False, True)),
        ("aaaa", (True, False)),
        ("General", None),
        ("0.00E+00", None),
        ("@", None),
        ('0" days"', None),
        ('"yyyy"0', None),
        (r"0\d", None),
        ("#,##0;[Red]-#,##0", None),
        ('0;"d";"y"', None),
        ("[DBNum1]0", None),
        ("[Red]0", None),
        ('G/通用格式"元"', None),
        ("_-* #,##0_-", None),
    ],
)
def test_a_custom_format_shows_a_date_where_letters_of_dates_stand_outside_of_quotes(code, expected):
    assert shown_by(code) == expected


@pytest.mark.parametrize(
    ("text", "how", "system_1904", "expected"),
    [
        ("1", (True, False), False, "1900-01-01"),
        ("59", (True, False), False, "1900-02-28"),
        ("60", (True, False), False, "1900-02-29"),  # 18.17.4.1: counted, though it never was
        ("61", (True, False), False, "1900-03-01"),
        ("0", (True, False), True, "1904-01-01"),
        ("1462", (True, False), True, "1908-01-02"),
        ("46023", (True, False), False, "2026-01-01"),
        ("44561", (True, False), True, "2026-01-01"),
        ("46023.354166666664", (True, False), False, "2026-01-01 08:30"),
        ("46023.999999", (True, True), False, "2026-01-02 00:00"),  # 0.09 s before midnight
        ("46023", (True, True), False, "2026-01-01 00:00"),
        ("0.5", (False, True), False, "12:00"),
        ("2958465", (True, False), False, "9999-12-31"),
    ],
)
def test_serials_are_the_days_of_both_date_systems(text, how, system_1904, expected):
    assert instant_of(text, Shown(*how), system_1904) == Odd(OddKind.DATE, expected)


@pytest.mark.parametrize("text", ["-1", "2958466", "2958465.9999999", "1e300"])
def test_a_number_that_no_calendar_has_stays_a_number(text):
    assert instant_of(text, Shown(True, False), False) == Odd(OddKind.NUMBER, text)


@given(day=st.dates(datetime.date(1900, 3, 1), datetime.date(9999, 12, 31)), minute=st.integers(0, 1439))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_every_minute_comes_back(day, minute):
    serial = repr((day - EPOCH).days + minute / 1440)
    assert instant_of(serial, Shown(True, True), False).text == f"{day} {minute // 60:02}:{minute % 60:02}"


def test_numbers_stay_as_the_file_has_them(tmp_path):
    values = ["1", "001", "1.23E+09", "12345678901234567890", "1.0", "-0", ".5", "1e5"]
    cells = "".join(f'<c r="{letters_of(place)}1"><v>{value}</v></c>' for place, value in enumerate(values))
    rows = read(workbook(tmp_path / "n.xlsx", data(f'<row r="1">{cells}</row>')))
    assert rows[0].cells == [Odd(OddKind.NUMBER, value) for value in values]


def test_rich_runs_are_joined_and_readings_left_out(tmp_path):
    strings = (
        "<si><r><t>张</t></r><r><rPr><b/></rPr><t xml:space='preserve'> 三</t></r>"
        "<rPh sb='0' eb='1'><t>zhang</t></rPh></si><si><t>a_x000D_b_x005F_x0041_</t></si><si/>"
    )
    cells = "".join(f'<c r="{letters_of(n)}1" t="s"><v>{n}</v></c>' for n in (0, 1, 2))
    inside = '<c r="D1" t="inlineStr"><is><r><t>李</t></r><r><t>四</t></r><rPh sb="0" eb="1"><t>li</t></rPh></is></c>'
    rows = read(workbook(tmp_path / "r.xlsx", data(f'<row r="1">{cells}{inside}</row>'), strings=strings))
    assert rows[0].cells == ["张 三", "a\rb_x0041_", "", "李四"]


def test_shared_and_array_formulas_are_formulas(tmp_path):
    rows = (
        '<row r="1"><c r="A1"><f t="shared" ref="A1:A2" si="0">B1*2</f><v>4</v></c></row>'
        '<row r="2"><c r="A2"><f t="shared" si="0"/><v>6</v></c>'
        '<c r="B2" t="str"><f>"0012345"</f><v>0012345</v></c>'
        '<c r="C2"><f t="array" ref="C2">SUM(A:A)</f><v>1</v></c></row>'
    )
    found = [cell for row in read(workbook(tmp_path / "f.xlsx", data(rows))) for cell in row.cells]
    assert found == [Odd(OddKind.FORMULA, text) for text in ("=B1*2", "=B1*2", '="0012345"', "=SUM(A:A)")]


def test_formulas_of_openpyxl_are_formulas_with_no_result(tmp_path):
    book = openpyxl.Workbook()
    book.active["A1"] = "=cmd|' /C calc'!A0"
    book.active["A2"] = ArrayFormula("A2", "=SUM(B1:B9)")
    book.save(tmp_path / "f.xlsx")
    assert [row.cells for row in read(tmp_path / "f.xlsx")] == [
        [Odd(OddKind.FORMULA, "=cmd|' /C calc'!A0")],
        [Odd(OddKind.FORMULA, "=SUM(B1:B9)")],
    ]


def test_the_strict_variant_reads_the_same(tmp_path):
    styles = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
    rows = data('<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" s="1"><v>46023</v></c>'
                '<c r="C1" s="1" t="d"><v>2026-01-31T08:30:00</v></c></row>')  # fmt: skip
    strings = "<si><t>张三</t></si>"
    strict = workbook(
        tmp_path / "s.xlsx", rows, strings=strings, styles=styles, main=STRICT, relations=STRICT_RELATIONS
    )
    loose = workbook(tmp_path / "t.xlsx", rows, strings=strings, styles=styles)
    expected = ["张三", Odd(OddKind.DATE, "2026-01-01"), Odd(OddKind.DATE, "2026-01-31 08:30")]
    assert [row.cells for row in read(strict)] == [row.cells for row in read(loose)] == [expected]


def test_the_system_of_1904_moves_every_date(tmp_path):
    styles = '<numFmts><numFmt numFmtId="176" formatCode="yyyy&quot;年&quot;m&quot;月&quot;d&quot;日&quot;"/></numFmts>'
    styles += '<cellXfs><xf numFmtId="0"/><xf numFmtId="176"/></cellXfs>'
    rows = data('<row r="1"><c r="A1" s="1"><v>44561</v></c></row>')
    made = workbook(tmp_path / "m.xlsx", rows, styles=styles, workbook_pr='<workbookPr date1904="1"/>')
    assert read(made)[0].cells == [Odd(OddKind.DATE, "2026-01-01")]
    plain = workbook(tmp_path / "p.xlsx", rows, styles=styles)
    assert read(plain)[0].cells == [Odd(OddKind.DATE, (EPOCH + datetime.timedelta(44561)).isoformat())]


def test_rows_and_cells_without_references_follow_the_ones_before(tmp_path):
    rows = '<row><c t="inlineStr"><is><t>a</t></is></c><c/><c t="inlineStr"><is><t>c</t></is></c></row><row r="5">'
    rows += f'{inline("C5", "x")}<c t="inlineStr"><is><t>y</t></is></c></row><row><c><v>1</v></c></row>'
    found = [(row.number, row.cells) for row in read(workbook(tmp_path / "r.xlsx", data(rows)))]
    assert found == [(1, ["a", "", "c"]), (5, ["", "", "x", "y"]), (6, [Odd(OddKind.NUMBER, "1")])]


@pytest.mark.parametrize(
    ("rows", "row", "column"),
    [
        (f'<row r="2">{inline("A2", "x")}</row><row r="2"/>', None, None),
        (f'<row r="2">{inline("A2", "x")}</row><row r="1"/>', None, None),
        (f'<row r="2">{inline("B2", "x")}{inline("A2", "y")}</row>', 2, "B"),
        (f'<row r="2">{inline("A3", "x")}</row>', 2, None),
        ('<row r="1048577"/>', None, None),
        ('<row r="0"/>', None, None),
        (f'<row r="1">{inline("XFE1", "x")}</row>', 1, None),
        (f'<row r="1">{inline("IW1", "x")}</row>', 1, "IW"),
        ('<row r="1"><c r="A1"><v>abc</v></c></row>', 1, "A"),
        ('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', 1, "A"),
        ('<row r="1"><c r="A1" t="zzz"><v>0</v></c></row>', 1, "A"),
        ('<row r="1"><c r="A1" t="d"><v>31.01.2026</v></c></row>', 1, "A"),
        ('<row r="1"><c r="A1"><v>1</v><v>2</v></c></row>', 1, "A"),
        (f'<row r="1">{inline("A1", "a" * 32_768)}</row>', 1, "A"),
        (f'<row r="1">{inline("C1", "a_x0000_b")}</row>', 1, "C"),
        (f'<row r="1">{inline("C1", "a_xD83D_b")}</row>', 1, "C"),
    ],
)
def test_what_is_out_of_order_or_no_cell_is_named_with_its_place(tmp_path, rows, row, column):
    made = workbook(tmp_path / "o.xlsx", data(rows))
    with pytest.raises(SheetError) as caught:
        read(made)
    assert (caught.value.sheet, caught.value.row, caught.value.column) == ("S", row, column)
    assert caught.value.file == "o.xlsx"


def test_a_text_of_32767_characters_is_read(tmp_path):
    assert read(workbook(tmp_path / "l.xlsx", data(f'<row r="1">{inline("A1", "字" * 32_767)}</row>')))[0].cells == [
        "字" * 32_767
    ]


def test_hidden_sheets_rows_and_columns_are_reported(tmp_path):
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "看得见"
    for row in range(1, 4):
        sheet.append([row, row, row, row])
    sheet.row_dimensions[2].hidden = True
    sheet.column_dimensions["B"].hidden = True
    sheet.column_dimensions["D"].hidden = True
    book.create_sheet("隐藏").sheet_state = "hidden"
    book.create_sheet("很隐藏").sheet_state = "veryHidden"
    book.save(tmp_path / "h.xlsx")
    with open_table(tmp_path / "h.xlsx") as table:
        assert [(sheet.name, sheet.hidden) for sheet in table.sheets()] == [
            ("看得见", False), ("隐藏", True), ("很隐藏", True),
        ]  # fmt: skip
        assert table.hidden_columns("看得见") == ("B", "D")
        assert [row.hidden for row in table.rows("看得见")] == [False, True, False]
        assert table.rows_estimated == 3
        assert (table.format, table.encoding, table.macros) == ("xlsx", None, False)


def test_a_sheet_that_is_not_there_is_said_with_those_that_are(tmp_path):
    with open_table(workbook(tmp_path / "s.xlsx", data(""))) as table, pytest.raises(SheetError, match='it has "S"'):
        list(table.rows("T"))


def test_a_part_in_utf_16_and_one_with_prefixes_read_the_same(tmp_path):
    rows = f'<row r="1">{inline("A1", "张三")}</row><row r="2">{inline("B2", "李四")}</row>'
    plain = read(workbook(tmp_path / "a.xlsx", data(rows)))
    made = parts(data(rows))
    text = f'<?xml version="1.0" encoding="UTF-16"?><worksheet xmlns="{MAIN}">{data(rows)}</worksheet>'
    made["xl/worksheets/sheet1.xml"] = text.encode("utf-16")
    assert read(zipped(tmp_path / "b.xlsx", made)) == plain
    prefixed = data(rows).replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    made["xl/worksheets/sheet1.xml"] = f'<x:worksheet xmlns:x="{MAIN}">{prefixed}</x:worksheet>'.encode()
    assert read(zipped(tmp_path / "c.xlsx", made)) == plain
    # Elements of another namespace are none of ours, whatever they are called.
    made["xl/worksheets/sheet1.xml"] = (
        f'<worksheet xmlns="{MAIN}" xmlns:o="urn:other">{data(rows).replace("</row>", "</row><o:row r=&#34;9&#34;/>")}'
        "</worksheet>"
    ).replace("&#34;", '"').encode()  # fmt: skip
    assert read(zipped(tmp_path / "d.xlsx", made)) == plain


def test_back_slashes_in_part_names_and_other_places_of_the_list_are_understood(tmp_path):
    rows = data(f'<row r="1">{inline("A1", "x")}</row>')
    made = {name.replace("/", "\\"): content for name, content in parts(rows).items()}
    assert read(zipped(tmp_path / "b.xlsx", made))[0].cells == ["x"]
    moved = {name.replace("xl/workbook.xml", "xl/book2.xml").replace("_rels/workbook", "_rels/book2"): content
             for name, content in parts(rows).items()}  # fmt: skip
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    moved["_rels/.rels"] = (
        f'<Relationships xmlns="{package}"><Relationship Id="a" Target="xl/book2.xml" Type="http://schemas.'
        'openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
    ).encode()
    assert read(zipped(tmp_path / "m.xlsx", moved))[0].cells == ["x"]


def test_letters_of_columns_are_those_of_openpyxl():
    assert [letters_of(index) for index in range(20_000)][:16_384] == [
        get_column_letter(index + 1) for index in range(16_384)
    ]


def test_a_title_merged_over_the_whole_row_fills_no_more_than_the_columns_we_read(tmp_path):
    sheet = data(f'<row r="1">{inline("A1", "标题")}</row><row r="2">{inline("A2", "x")}</row>')
    sheet += '<mergeCells count="1"><mergeCell ref="A1:XFD1"/></mergeCells>'
    rows = read(workbook(tmp_path / "t.xlsx", sheet))
    assert [len(row.cells) for row in rows] == [256, 1]
    assert rows[0].merged == set(range(1, 256))


def test_the_same_file_without_compression_is_read(tmp_path):
    made = parts(data(f'<row r="1">{inline("A1", "x")}</row>'))
    assert read(zipped(tmp_path / "s.xlsx", made, zipfile.ZIP_STORED))[0].cells == ["x"]

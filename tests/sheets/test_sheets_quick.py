"""The quick way through plain rows and expat read the same: a sheet is read once as it is, and once with a comment in
every row, which only expat reads."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.grid import GridReader, GridRow, Values
from firmware.roster.sheets.quick import QuickFeed
from firmware.roster.sheets.strings import SharedStrings
from tests.sheets.workbooks import MAIN, data, parts, read, workbook, zipped

STYLES = '<cellXfs><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="22"/></cellXfs>'
STRINGS = "".join(f"<si><t>{text}</t></si>" for text in ("张三", "", "a_x0042_c", "0012"))

TEXTS = st.text(st.sampled_from("张三 ab<>&\"'\r\n\t]_x0041_𝟙\u202e"), max_size=8)


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("]]>", "]]&gt;").replace("\r", "&#13;")


@st.composite
def cells(draw, reference: str) -> str:
    style = draw(st.sampled_from(["", ' s="0"', ' s="1"', ' s="2"', ' s="9"']))
    kind = draw(st.sampled_from(["none", "inline", "n", "s", "b", "e", "str", "f", "d", "odd", "rich"]))
    number = draw(st.sampled_from(["1", "46023", "46023.5", "1E+09", "-3", "2958466", "60"]))
    text = escaped(draw(TEXTS))
    match kind:
        case "none":
            return f'<c r="{reference}"{style}/>'
        case "inline":
            return f'<c r="{reference}"{style} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
        case "n":
            return f'<c r="{reference}"{style}><v>{number}</v></c>'
        case "s":
            return f'<c r="{reference}"{style} t="s"><v>{draw(st.integers(0, 3))}</v></c>'
        case "b":
            return f'<c r="{reference}"{style} t="b"><v>{draw(st.integers(0, 1))}</v></c>'
        case "e":
            return f'<c r="{reference}"{style} t="e"><v>#N/A</v></c>'
        case "str":
            return f'<c r="{reference}"{style} t="str"><v>{text}</v></c>'
        case "f":
            return f'<c r="{reference}"{style}><f>1+{number}</f><v>{number}</v></c>'
        case "d":
            return f'<c r="{reference}"{style} t="d"><v>2026-01-31</v></c>'
        case "odd":
            return f'<c t="inlineStr" r="{reference}"{style}><is><t>{text}</t></is></c>'
        case _:
            return f'<c r="{reference}" t="inlineStr"><is><r><t>{text}</t></r><r><t>{text}</t></r></is></c>'


@st.composite
def sheets(draw) -> str:
    rows = []
    number = 0
    for _ in range(draw(st.integers(0, 8))):
        number += draw(st.integers(1, 3))
        columns = sorted(draw(st.sets(st.integers(0, 5), max_size=5)))
        inside = "".join(draw(cells(f"{'ABCDEF'[column]}{number}")) for column in columns)
        more = draw(st.sampled_from(["", ' spans="1:6"', ' hidden="1"', ' ht="15" customHeight="1"']))
        rows.append(f'<row r="{number}"{more}>{inside}</row>' if inside else f'<row r="{number}"{more}/>')
    space = draw(st.sampled_from(["", "\n  "]))
    return data(space + space.join(rows) + space)


def spoiled(sheet: str) -> str:
    return sheet.replace("</row>", "<!-- </row> --></row>")


def result(path):
    """The rows, or where and why not."""
    try:
        return read(path)
    except SheetError as error:
        return error.row, error.column, error.found


@given(sheet=sheets())
@settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_both_ways_read_the_same(tmp_path, sheet):
    more = {"strings": STRINGS, "styles": STYLES}
    quickly = result(workbook(tmp_path / "q.xlsx", sheet, **more))
    assert isinstance(quickly, list)
    assert result(workbook(tmp_path / "x.xlsx", spoiled(sheet), **more)) == quickly


PLAIN = data(
    '\n<row r="1" spans="1:4"><c r="A1" t="inlineStr"><is><t>房号</t></is></c><c r="B1" t="s"><v>0</v></c></row>'
    '<row r="2"><c r="A2" s="1"><v>46023</v></c><c r="C2"><v>12</v></c></row>\n'
    '<row r="3" hidden="1"><c r="A3" t="b"><v>1</v></c><c r="B3" s="1"/><c r="D3" t="str"><v>x</v></c></row>'
)


def test_both_ways_agree_on_what_is_wrong(tmp_path):
    """250 sheets with one byte changed, seed 3: the same rows, or the same place and reason.

    Only expat sees prefixes that are bound to nothing and attributes of other names that stand twice: none of both can
    change what a cell means, and none is made here.
    """
    chosen = random.Random(3)
    letters = b'<>/="abcrstv019A&! x]'
    more = {"strings": STRINGS, "styles": STYLES}
    unchanged = read(workbook(tmp_path / "p.xlsx", PLAIN, **more))
    differ = 0
    for _ in range(250):
        content = bytearray(PLAIN.encode())
        place = chosen.randrange(len(b"<sheetData>"), len(content) - len(b"</sheetData>"))
        content[place] = chosen.choice(letters)
        outcomes = []
        for name, sheet in (("q", bytes(content)), ("x", bytes(content).replace(b"</row>", b"<!-- --></row>"))):
            made = parts("", **more)
            made["xl/worksheets/sheet1.xml"] = made["xl/worksheets/sheet1.xml"].replace(
                b"></worksheet>", b">" + sheet + b"</worksheet>"
            )
            outcomes.append(result(zipped(tmp_path / f"{name}.xlsx", made)))
        quickly, slowly = outcomes
        assert isinstance(quickly, list) == isinstance(slowly, list), bytes(content)
        if isinstance(quickly, list):
            assert quickly == slowly, bytes(content)
        differ += quickly != unchanged
    assert differ > 100  # the changes do change something


def test_plain_rows_never_reach_expat():
    """Else the figure of 250,000 rows would be another one."""
    row = '<row r="{0}"><c r="A{0}" t="inlineStr"><is><t>x</t></is></c><c r="B{0}"><v>46023</v></c></row>'
    sheet = data("".join(row.format(number) for number in range(1, 2001)))
    values = Values(SharedStrings(), {}, False)
    rows: list[GridRow] = []
    reader = GridReader(values, rows.append)
    feed = QuickFeed(reader, values, rows.append)
    whole = f'<worksheet xmlns="{MAIN}">{sheet}</worksheet>'.encode()
    for start in range(0, len(whole), 5_000):
        feed.take(whole[start : start + 5_000])
    feed.end()
    assert [row.number for row in rows] == list(range(1, 2001))
    assert reader.fed == len(whole) - len(sheet) + len(data(""))


@pytest.mark.parametrize(
    "trick",
    [
        "<!-- </row><row r='9'><c r='A9'><v>9</v></c></row></sheetData> -->",
        "<![CDATA[</row>]]>",
        "<?pi </row></sheetData> ?>",
    ],
)
def test_feigned_ends_feign_nothing(tmp_path, trick):
    rows = re.sub("(</row>)", rf"\1{trick}" if "CDATA" not in trick else r"\1", PLAIN)
    if "CDATA" in trick:
        rows = PLAIN.replace("<t>房号</t>", f"<t>房{trick}号</t>")
    more = {"strings": STRINGS, "styles": STYLES}
    tail = '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>'
    found = result(workbook(tmp_path / "t.xlsx", rows + tail, **more))
    expected = result(workbook(tmp_path / "p.xlsx", PLAIN + tail, **more))
    if "CDATA" in trick:
        expected = [
            row._replace(cells=["房</row>号" if cell == "房号" else cell for cell in row.cells]) for row in expected
        ]
    assert found == expected


def test_rows_across_the_pieces_of_a_part_are_whole(tmp_path):
    """Rows of every length around the 256 kB pieces in which a part is read, with characters of three bytes."""
    rows = [f'<row r="{n}"><c r="A{n}" t="inlineStr"><is><t>{"字" * (n * 37 % 30_000)}</t></is></c></row>' for n in
            range(1, 60)]  # fmt: skip
    found = read(workbook(tmp_path / "b.xlsx", data("".join(rows))))
    assert [(row.number, len(row.cells[0])) for row in found] == [(n, n * 37 % 30_000) for n in range(1, 60)]

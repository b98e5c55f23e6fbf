"""CSV is read in every encoding and with every delimiter that offices use, and what is broken is named by its row."""

from __future__ import annotations

import csv
import hashlib
import io

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firmware.roster.sheets.errors import SheetError
from firmware.roster.sheets.opening import open_table
from firmware.roster.sheets.text_table import armoured, bare
from tests.sheets.workbooks import read

TABLE = [["房号", "姓名", "卡号"], ["3-2-501", "张三", "0012345678"], ["3-2-502", "李四;王五, 赵六", "0012345679"]]


def written(rows, delimiter=",", line_end="\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end).writerows(rows)
    return text.getvalue()


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8-sig"), ("gb18030", "gb18030"), ("gbk", "gb18030"), ("utf-16", "utf-16")],
)
def test_every_encoding_delimiter_and_line_end(tmp_path, encoding, name, delimiter, line_end):
    path = tmp_path / "a.xls"  # the name says nothing
    path.write_bytes(written(TABLE, delimiter, line_end).encode(encoding))
    with open_table(path) as table:
        assert (table.format, table.encoding, table.delimiter, table.macros) == ("csv", name, delimiter, False)
        assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert table.rows_estimated == 3
        assert [(row.sheet, row.number, row.cells) for row in table.rows()] == [
            ("", number, row) for number, row in enumerate(TABLE, 1)
        ]
        assert [sheet.name for sheet in table.sheets()] == [""]
        assert table.hidden_columns() == ()


def test_utf_16_of_the_other_byte_order(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xfe\xff" + written(TABLE, "\t").encode("utf-16-be"))
    assert [row.cells for row in read(path)] == TABLE


CELLS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=12)


@given(
    rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), max_size=12),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16"]),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
@settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_the_standard_library_writes_is_read_the_same(tmp_path, rows, encoding, delimiter):
    header = ["房号", "姓名", "卡号"]
    path = tmp_path / "p.csv"
    path.write_bytes(written([header, *rows], delimiter).encode(encoding))
    expected = [(n, [bare(cell) for cell in row]) for n, row in enumerate([header, *rows], 1) if any(row)]
    assert [(row.number, row.cells) for row in read(path)] == expected


@given(text=st.text(st.sampled_from("'=+-@\t\r\n＝＋－＠ab"), max_size=6))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_armour_is_taken_off_again_and_no_cell_begins_a_formula_under_it(text):
    assert bare(armoured(text)) == text
    assert armoured(text)[:1] not in tuple("=+-@\t\r\n＝＋－＠")
    assert text[:1] in tuple("'=+-@\t\r\n＝＋－＠") or armoured(text) == text


def test_an_apostrophe_of_a_name_stays_and_one_before_a_sign_goes(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,note\n't Hooft,'=1\n''s Graven,'+86 138\n")
    assert [row.cells for row in read(path)[1:]] == [["'t Hooft", "=1"], ["'s Graven", "+86 138"]]


@pytest.mark.parametrize(
    ("text", "delimiter", "first"),
    [
        ("sep=;\r\na;b\r\n1,5;2\r\n", ";", ["a", "b"]),
        ('"sep=\t"\r\na\tb\r\n', "\t", ["a", "b"]),
        ("holder,profiles\n1,a;b;c\n2,a;b\n3,x\n", ",", ["holder", "profiles"]),
        ("阳光小区\n\n房号;姓名;卡号\n1;2;3\n", ";", ["阳光小区"]),
        ("名单,,,\n房号,姓名,卡号,备注\n1,2,3,a;b\n", ",", ["名单", "", "", ""]),
        ('"a;b;c",d\n1,2\n', ",", ["a;b;c", "d"]),
        ("卡号\n0012345678\n", ",", ["卡号"]),
        ("a;b,c\n1;2,3\n4;5,6\n7,8\n", ",", ["a;b", "c"]),
    ],
)
def test_the_delimiter_is_the_steady_one_of_the_first_line_that_has_any(tmp_path, text, delimiter, first):
    path = tmp_path / "a.csv"
    path.write_text(text, newline="")
    with open_table(path) as table:
        assert table.delimiter == delimiter
        assert next(table.rows()).cells == first


def test_line_ends_inside_quotes_are_one_row_and_empty_rows_keep_their_numbers(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b'a,b\r\n"x\r\ny\nz","1"\r\n\r\n,\r\n"q ""r""",2\r\n')
    assert [(row.number, row.cells) for row in read(path)] == [
        (1, ["a", "b"]),
        (2, ["x\r\ny\nz", "1"]),
        (5, ['q "r"', "2"]),
    ]


@pytest.mark.parametrize(
    ("content", "row", "said"),
    [
        ("房号,姓名\n1,张三\n2,李四\n".encode() + b"\xff\n", 4, "0xff at offset 32"),
        ("房号,姓名\n1,张三\n2,李四\n".encode()[:-2], 3, "ends in the middle of a UTF-8 character"),
        ("房号,姓名,备注\n1,张三,李四\n".encode("gb18030")[:-2], 2, "ends in the middle of a GB18030 character"),
        (b"a,b\n1,\x80x\n", 2, "offset 6"),
        ("\ufeff房号\n".encode()[:-2] + b"\n", 1, "no UTF-8"),
        ("a,b\n1,2\n".encode("utf-16")[:-1], 2, "UTF-16"),
    ],
)
def test_what_is_in_no_encoding_is_named_by_row_and_offset(tmp_path, content, row, said):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(SheetError, match=said) as caught:
        open_table(path)
    assert caught.value.row == row


def test_damaged_utf_8_is_not_taken_for_gb18030(tmp_path):
    """Cut after any byte, a Chinese text in UTF-8 is UTF-8 or refused, never other characters."""
    whole = written(TABLE).encode()
    for length in range(whole.index("姓名".encode()) + 3, len(whole)):
        path = tmp_path / "a.csv"
        path.write_bytes(whole[:length])
        try:
            with open_table(path) as table:
                found = table.encoding
        except SheetError as error:
            found = error.found
        assert found in ("utf-8", "it ends in the middle of a UTF-8 character")


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with open_table(path) as table:
        rows = table.rows()
        next(rows)
        with path.open("a") as file:
            file.write("3,4\n")
        with pytest.raises(SheetError, match="changed while it was read"):
            list(rows)


def test_a_table_is_read_again_from_its_beginning(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n1,2\n")
    with open_table(path) as table:
        assert list(table.rows()) == list(table.rows())
        with pytest.raises(SheetError, match="there is no sheet"):
            next(table.rows("Sheet1"))


def test_more_columns_than_allowed_are_named_and_trailing_commas_are_not(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\n" + "," * 400 + "\n1" + "," * 400 + "\n")
    assert [len(row.cells) for row in read(path)] == [2, 256]
    path.write_text("a,b\n" + "x," * 300 + "\n")
    with pytest.raises(SheetError, match="256 columns") as caught:
        read(path)
    assert caught.value.row == 2

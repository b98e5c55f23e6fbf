"""How sheets are laid out: headers in two rows, columns that are unknown, facilities apart, nobody's names."""

from __future__ import annotations

import ast
from pathlib import Path

import openpyxl
import pytest

import firmware.roster.importing
from firmware.roster.importing.applying import apply
from firmware.roster.importing.cards import STYLES
from firmware.texts import texts

ROOM = Path(firmware.roster.importing.__file__).parent


def said(made, code):
    """The values of the assumptions of this code."""
    return [one.values for one in made.assumptions if one.code == code]


def put_in(office, path, **chosen):
    made = office.plan(path, **chosen)
    assert made.bad.found == []
    apply(office.source, made, "office", "a list", 100)
    return made


def test_a_header_in_two_rows_is_read_as_one(office):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (
        ["二〇二六年住户车辆登记", None, None, None, None],
        ["房号", "姓名", "卡号", "车辆信息", None],
        [None, None, None, "车牌号1", "车牌号2"],
        ["101", "安", "0000000001", "沪A12345", "沪AD12345"],
        ["102", "波", "0000000002", None, "沪B12345"],
    ):
        sheet.append(row)
    for area in ("A1:E1", "A2:A3", "B2:B3", "C2:C3", "D2:E2"):
        sheet.merge_cells(area)
    book.save(office.folder / "two.xlsx")
    made = put_in(office, office.folder / "two.xlsx")
    assert said(made, "columns")[0]["row"] == 3
    assert office.cards() == {
        "H10301:0:1": "安", "H10301:0:2": "波", "沪A12345": "安", "沪AD12345": "安", "沪B12345": "波",
    }  # fmt: skip


def test_unknown_and_never_imported_columns_are_named(office):
    made = put_in(
        office, office.sheet(["序号", "姓名", "卡号", "血型", "身份证号"], ["1", "安", "0000000001", "A", "110"])
    )
    assert said(made, "unknown") == [{"sheet": "", "columns": "D 血型"}]
    assert said(made, "ignored") == [{"sheet": "", "columns": "A 序号, E 身份证号"}]
    assert "110" not in str(office.rows("SELECT * FROM holder"))


@pytest.mark.parametrize(("wanted", "key"), [("H10301", "H10301:12:34567"), ("H10304", "H10304:12:34567")])
def test_facility_and_number_in_two_columns_are_one_card(office, wanted, key):
    put_in(office, office.sheet(["Name", "Facility code", "Card No."], ["Ann", "012", "34567"]), card_format=wanted)
    assert office.cards() == {key: "Ann"}


def test_a_facility_too_large_for_the_format_is_refused(office, codes):
    made = office.plan(office.sheet(["Name", "Facility code", "Card No."], ["Ann", "256", "1"], ["Bo", "x", "1"]))
    assert codes(made) == [(2, "C", "card_pair_wide"), (3, "C", "card_pair_digits")]


def test_a_list_without_names_belongs_to_the_households(office):
    put_in(office, office.sheet(["房号", "车牌号"], ["101", "沪A12345"], ["101", "沪B12345"], ["102", "沪C12345"]))
    assert office.rows("SELECT id, household, name FROM holder ORDER BY id") == [
        ("p1", "101", None),
        ("p2", "102", None),
    ]
    assert office.cards() == {"沪A12345": "p1", "沪B12345": "p1", "沪C12345": "p2"}
    put_in(office, office.sheet(["房号", "车牌号"], ["101", "沪D12345"]))
    assert office.cards()["沪D12345"] == "p1"


def test_a_card_list_without_names_and_households_is_known_again_by_its_cards(office):
    sheet = office.sheet(["卡号", "状态"], ["0000000001", "正常"], ["0000000002", "正常"])
    put_in(office, sheet)
    assert put_in(office, office.sheet(["卡号", "状态"], ["0000000001", "挂失"])).counts["holder"].added == 0
    assert office.rows("SELECT key, status FROM credential ORDER BY key") == [("H10301:0:1", 2), ("H10301:0:2", 0)]


def test_people_without_a_household_are_meant_where_the_mapping_says_so(office, codes):
    rows = [
        ["房号", "姓名", "卡号"],
        *[[str(100 + n), f"人{n}", f"{n:010}"] for n in range(1, 9)],
        ["", "保安", "0000000099"],
    ]
    assert codes(office.plan(office.sheet(*rows))) == [(10, "A", "household_missing")]
    put_in(office, office.sheet(*rows), fill_down=False)
    assert office.rows("SELECT household FROM holder WHERE name = '保安'") == [(None,)]


def test_several_cards_in_numbered_columns(office):
    put_in(
        office, office.sheet(["姓名", "卡号1", "卡号2"], ["安", "0000000001", "0000000002"], ["波", "0000000003", ""])
    )
    assert office.cards() == {"H10301:0:1": "安", "H10301:0:2": "安", "H10301:0:3": "波"}


def test_thousands_of_contradicting_rows_are_counted_and_a_thousand_named(office):
    rows = [["房号", "姓名", "卡号"], *[[str(n), f"人{n}", f"{n // 2:010}"] for n in range(3_000)]]
    made = office.plan(office.sheet(*rows))
    assert (len(made.bad.found), made.bad.count, made.bad.more) == (1_000, 3_000, 2_000)
    assert made.rows == 0


def test_every_reason_has_words_in_both_languages():
    codes = set()
    for path in ROOM.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                place = {"Refused": 0, "Conflict": 3, "_note": 2, "_add": 2, "_warn": 2, "_odd": 2}.get(name)
                if place is not None and len(node.args) > place and isinstance(node.args[place], ast.Constant):
                    codes.add(node.args[place].value)
    assert {"card_exponent", "rows_differ", "date_order", "cell_beyond", "plate_unusual"} <= codes
    names = "most least columns digits wanted style styles bits format facility number other who other_row id n column"
    names += " ids one name known likely start allowed"
    values = dict.fromkeys(names.split(), 1)
    for language in ("en", "zh"):
        for code in sorted(codes):
            assert texts(language).say(f"roster.import.bad.{code}", **values)
    assert all(STYLES.values())

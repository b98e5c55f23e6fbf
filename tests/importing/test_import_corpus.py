"""The corpus of sheets: what stands in each was written down by hand, beside the sheet and not by the import."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.roster.importing.applying import apply, refusals

SHEETS = Path(__file__).parent / "sheets"
WORDS = {"全部门": "residents", "人行": "staff"}
# Sheet -> (chosen besides what is seen, key of card or plate -> name). 12345678 is 188,24910 (0xBC614E).
GOOD = {
    "plain_utf8.csv": (
        {},
        {
            "H10301:188:24910": "陈安", "H10301:188:24911": "林宁", "H10301:188:24912": "周平",
            "H10301:188:24913": "吴静", "H10301:188:24914": "郑和光", "沪A12345": "陈安", "沪AD12345": "周平",
            "沪B67890": "周平", "苏E8K88挂": "郑和光",
        },
    ),
    "titled_gb18030_tabs.csv": (
        {},
        {"H10301:12:34567": "钱多", "H10301:12:34568": "孙可", "H10301:13:1": "李木子"},
    ),
    "vendor_export_gb18030_semicolons.csv": (
        {"profile_words": WORDS},
        {"H10301:188:24910": "赵一", "H10301:188:24911": "钱二", "H10301:87:11088": "孙三"},
    ),
    "english.csv": (
        {"card_format": "raw:32"},
        {
            "raw:32:00bc614e": "Anna Example", "raw:32:00bc614f": "Bela Sample", "raw:32:0abc6150": "Cyn O'Test",
            "VO12ABC": "Anna Example",
        },
    ),
    "parking_gb18030.csv": (
        {},
        {"沪A12345": "陈安", "沪AF54321": "陈安", "沪B67890": "周平", "苏E12345": "郑和光", "苏E54321": "郑和光"},
    ),
    "merged_households.xlsx": (
        {},
        {
            "H10301:188:24933": "高山", "H10301:188:24934": "高水", "H10301:188:24935": "高云",
            "H10301:188:24936": "白石", "H10301:188:24937": "白沙", "H10301:188:24938": "黄叶",
        },
    ),
    "several_buildings.xlsx": (
        {},
        {"H10301:188:25033": "甲一", "H10301:188:25034": "甲二", "H10301:188:25035": "乙一"},
    ),
}  # fmt: skip
HOUSEHOLDS = {
    "plain_utf8.csv": {"1-1-101": None, "1-1-102": None, "1-2-201": None, "2-1-301": None},
    "titled_gb18030_tabs.csv": {"3-2-501": None, "3-2-502": None, "12-1-101": None},
    "vendor_export_gb18030_semicolons.csv": {},
    "english.csv": {"A-1-1203": None, "A-1-1204": None, "B-2-0301": None},
    "parking_gb18030.csv": {"1-1-101": 2, "1-1-102": 1, "2-1-301": 1},
    "merged_households.xlsx": {"3-501": 1, "3-502": 2, "5-101": None},
    "several_buildings.xlsx": {"1-101": None, "1-102": None, "2-101": None},
}


@pytest.mark.parametrize("name", GOOD)
def test_each_sheet_is_imported_as_it_was_meant_and_again_without_a_change(office, name):
    chosen, cards = GOOD[name]
    made = office.plan(SHEETS / name, **chosen)
    assert made.bad.found == []
    receipt = apply(office.source, made, "office", "the autumn list", 100)
    assert receipt.changes == made.changes
    assert office.cards() == cards
    assert dict(office.rows("SELECT id, spaces FROM household")) == HOUSEHOLDS[name]
    again = office.plan(SHEETS / name, **chosen)
    assert again.changes == 0
    assert apply(office.source, again, "office", "once more", 101).batch is None


def test_the_states_and_dates_of_the_plain_sheet(office):
    apply(office.source, office.plan(SHEETS / "plain_utf8.csv"), "office", "the autumn list", 100)
    until = "ifnull(date(k.valid_until_s, 'unixepoch', '+8 hours'), '')"
    sql = f"SELECT h.name, k.status || ' ' || {until} FROM credential k JOIN holder h ON h.id = k.holder"
    found = dict(office.rows(sql))
    assert found == {
        "陈安": "0 2028-01-01", "林宁": "0 2028-01-01", "周平": "0 2026-07-01", "吴静": "2 ", "郑和光": "1 2028-01-01",
    }  # fmt: skip


@pytest.mark.attack("roster-20")
def test_every_mistake_is_named_with_row_column_value_and_reason(office, codes):
    made = office.plan(SHEETS / "every_mistake.csv")
    assert codes(made) == [
        (3, "D", "card_zeros_lost"),
        (4, "D", "card_exponent"),
        (5, "D", "formula_text"),
        (6, "F", "date_number"),
        (7, "F", "date_year"),
        (8, "E", "plate_letters"),
        (9, "G", "status"),
        (10, "H", "count"),
        (11, "D", "two_holders"),
        (12, "D", "two_holders"),
        (13, "D", "card_too_large"),
        (14, "A", "household_date"),
        (15, "B", "name_missing"),
        (16, "F", "date_two_ways"),
        (17, "I", "cell_beyond"),
        (18, "F", "date"),
        (19, "A", "household_missing"),
    ]
    assert [bad.code for bad in made.warnings.found] == ["phone"]
    both = [bad.values for bad in made.bad.found if bad.code == "two_holders"]
    assert {both[0]["who"], both[0]["other"]} == {"重卡甲 (1-110)", "重卡乙 (1-111)"}
    assert refusals(made, good_rows=False, remove=None) == ["bad_rows"]
    receipt = apply(office.source, made, "office", "the good ones", 100, good_rows=True)
    assert receipt.batch is not None
    assert office.cards() == {"H10301:0:1": "好人", "沪A00001": "好人"}


def test_the_hidden_sheet_and_the_explanations_are_said_and_left_out(office):
    made = office.plan(SHEETS / "several_buildings.xlsx")
    said = {(one.code, one.values["sheet"]) for one in made.assumptions if one.code in ("hidden_sheet", "no_header")}
    assert said == {("hidden_sheet", "旧表"), ("no_header", "说明")}
    named = office.plan(SHEETS / "several_buildings.xlsx", sheets=("旧表",))
    assert named.rows == 1

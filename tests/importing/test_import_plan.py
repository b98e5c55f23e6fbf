"""What a sheet changes: who is who, what is added, changed, removed, and what stands against it."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from firmware.identity import Identity
from firmware.roster.importing.applying import apply, refusals
from firmware.roster.importing.plan import Count
from firmware.roster.importing.problems import ImportRefused
from firmware.texts import texts

HEAD = ["房号", "姓名", "电话", "卡号", "状态"]
ANN = ["1-1-101", "安", "13900000001", "0000000001", "正常"]
BO = ["1-1-101", "波", "13900000002", "0000000002", "正常"]
CY = ["1-1-102", "西", "", "0000000003", "正常"]


def put_in(office, *rows, **chosen):
    """Import these rows; everything must be good."""
    made = office.plan(office.sheet(*rows), **chosen)
    assert made.bad.found == []
    return apply(office.source, made, "office", "a list", 100, remove=made.removed)


def test_a_changed_sheet_changes_what_it_says_and_nothing_else(office):
    put_in(office, HEAD, ANN, BO, CY)
    made = office.plan(
        office.sheet(HEAD, ["1-1-101", "安", "", "0000000001", "挂失"], ["1-1-101", "东", "", "0000000004", ""])
    )
    assert made.counts["holder"] == Count(added=1, changed=1, removed=0, unchanged=0, left_alone=2)
    assert made.counts["credential"] == Count(added=1, changed=1, removed=0, unchanged=0, left_alone=2)
    changed = next(one for one in made.samples if one.entity == "credential" and one.before is not None)
    assert (changed.before["status"], changed.after["status"]) == (0, 2)
    apply(office.source, made, "office", "a card was lost", 101)
    assert office.rows("SELECT name, phone FROM holder ORDER BY id") == [
        ("安", None), ("波", "13900000002"), ("西", None), ("东", None),
    ]  # fmt: skip
    assert office.rows("SELECT key, status FROM credential ORDER BY key") == [
        ("H10301:0:1", 2), ("H10301:0:2", 0), ("H10301:0:3", 0), ("H10301:0:4", 0),
    ]  # fmt: skip


def test_a_column_that_the_sheet_lacks_stays_as_it_was(office):
    put_in(office, HEAD, ["1-1-101", "安", "13900000001", "0000000001", "挂失"])
    put_in(office, ["房号", "姓名", "车牌"], ["1-1-101", "安", "沪A12345"])
    assert office.rows("SELECT id, phone FROM holder") == [("p1", "13900000001")]
    assert office.rows("SELECT status FROM credential") == [(2,)]
    assert office.rows("SELECT plate, holder FROM vehicle") == [("沪A12345", "p1")]


def test_who_moved_is_known_by_the_card_and_the_name(office):
    put_in(office, HEAD, ANN, BO)
    put_in(office, HEAD, ["2-1-301", "安", "", "0000000001", "正常"])
    assert office.rows("SELECT id, household FROM holder ORDER BY id") == [("p1", "2-1-301"), ("p2", "1-1-101")]


@pytest.mark.attack("roster-25")
def test_a_card_of_somebody_else_in_the_source_is_named_with_both(office):
    put_in(office, HEAD, ANN)
    made = office.plan(office.sheet(HEAD, ["1-1-102", "西", "", "0000000001", "正常"]))
    (bad,) = made.bad.found
    assert (bad.row, bad.code) == (2, "card_of_another")
    assert (bad.values["who"], bad.values["other"], bad.values["id"]) == ("西 (1-1-102)", "安 (1-1-101)", "p1")
    with pytest.raises(ImportRefused):
        apply(office.source, made, "office", "a list", 101)
    assert office.cards() == {"H10301:0:1": "安"}


def test_one_card_in_a_merged_cell_for_two_people_is_named_with_both(office):
    book = openpyxl.Workbook()
    for row in (["房号", "姓名", "卡号"], ["101", "安", "0000000001"], [None, "波", None]):
        book.active.append(row)
    book.active.merge_cells("A2:A3")
    book.active.merge_cells("C2:C3")
    book.save(office.folder / "merged.xlsx")
    made = office.plan(office.folder / "merged.xlsx")
    assert [(bad.row, bad.code, bad.values["who"], bad.values["other"]) for bad in made.bad.found] == [
        (2, "two_holders", "安 (101)", "波 (101)"), (3, "two_holders", "波 (101)", "安 (101)"),
    ]  # fmt: skip


CARS = ["房号", "姓名", "车牌"]


def test_two_plates_that_are_one_to_a_camera_are_named_with_both_rows_and_how_they_are_written(office, codes):
    made = office.plan(office.sheet(CARS, ["101", "安", "B-MW 12"], ["102", "波", "BM-W 12"], ["103", "西", "BMW13"]))
    assert codes(made) == [(2, "C", "two_plates_to_people"), (3, "C", "two_plates_to_people")]
    one, other = made.bad.found
    assert (one.found, one.values["written"], one.values["other_row"]) == ('"B-MW 12"', '"BM-W 12"', 3)
    assert (other.found, other.values["written"], other.values["other_row"]) == ('"BM-W 12"', '"B-MW 12"', 2)
    for language, word in (("en", "camera"), ("zh", "摄像机")):
        assert word in one.reason(texts(language))
        assert "波 (102)" in one.reason(texts(language))
        assert "BM-W 12" in one.reason(texts(language))
    apply(office.source, made, "office", "the good ones", 100, good_rows=True)
    assert office.cards() == {"BMW13": "西"}  # neither of the two opens before the office has chosen


def test_a_plate_that_somebody_has_in_the_source_written_otherwise_is_named_with_both(office):
    put_in(office, CARS, ["101", "安", "B-MW 12"], ["102", "波", "粤O·12345"])
    made = office.plan(office.sheet(CARS, ["103", "西", "BM-W 12"], ["104", "东", "粤012345"]))
    assert [(bad.row, bad.code, bad.found, bad.values["other"]) for bad in made.bad.found] == [
        (2, "plate_of_another", '"BMW12"', "安 (101)"), (3, "plate_of_another", '"粤O12345"', "波 (102)"),
    ]  # fmt: skip
    for language in ("en", "zh"):
        assert "安 (101)" in made.bad.found[0].reason(texts(language))


def test_one_holders_plate_written_in_two_ways_is_one(office):
    put_in(office, CARS, ["101", "安", "B-MW 12"], ["101", "安", "bmw 12"])
    put_in(office, CARS, ["101", "安", "Ｂ－ＭＷ１２"])
    assert office.rows("SELECT plate, holder FROM vehicle") == [("BMW12", "p1")]


def test_two_numbers_that_become_one_card_are_named_with_both(office, codes):
    # 0x01000001 and 0x02000001 have the same lower 24 bits.
    sheet = office.sheet(HEAD, ["101", "安", "", "0016777217", ""], ["102", "波", "", "0033554433", ""])
    assert codes(office.plan(sheet)) == [(2, "D", "card_loses_bits"), (3, "D", "card_loses_bits")]
    made = office.plan(sheet, lower_24_bits=True)
    assert codes(made) == [(2, "D", "two_holders"), (3, "D", "two_holders")]


def test_a_second_number_proves_the_order_of_bytes_or_contradicts(office, codes):
    head = ["姓名", "卡号(hex)", "卡号(10位)"]
    # 12345678 is 0x00BC614E, reversed 4E61BC00; 12345679 ends in 4F.
    sheet = office.sheet(head, ["安", "4E61BC00", "0012345678"], ["波", "4F61BC00", "0012345679"])
    made = office.plan(sheet)
    assert made.bad.found == []
    apply(office.source, made, "office", "a list", 100)
    assert office.cards() == {"H10301:188:24910": "安", "H10301:188:24911": "波"}
    wrong = office.sheet(head, ["安", "4E61BC00", "0012345678"], ["西", "5061BC00", "0012345681"])
    assert codes(office.plan(wrong)) == [(3, "C", "card_two_numbers")]


def test_only_a_whole_list_removes_and_only_as_far_as_it_reaches(office):
    put_in(office, HEAD, ANN, BO, CY)
    assert office.plan(office.sheet(HEAD, ANN)).removed == 0
    households = office.plan(office.sheet(HEAD, ANN), whole="households")
    assert {entity: count.removed for entity, count in households.counts.items()} == {
        "household": 0, "holder": 1, "credential": 1, "vehicle": 0,
    }  # fmt: skip
    everything = office.plan(office.sheet(HEAD, ANN), whole="everything")
    assert {entity: count.removed for entity, count in everything.counts.items()} == {
        "household": 1, "holder": 2, "credential": 2, "vehicle": 0,
    }  # fmt: skip
    put_in(office, HEAD, ANN, whole="everything")
    assert office.cards() == {"H10301:0:1": "安"}
    assert office.rows("SELECT id FROM household") == [("1-1-101",)]


def test_a_whole_list_of_cars_removes_cars_and_nobody_who_has_a_card(office):
    put_in(office, HEAD, ANN, BO)
    put_in(office, ["房号", "姓名", "车牌"], ["1-1-101", "安", "沪A12345"], ["1-1-102", "西", "沪B12345"])
    put_in(office, ["房号", "姓名", "车牌"], ["1-1-101", "安", "沪A54321"], whole="everything")
    assert office.cards() == {"H10301:0:1": "安", "H10301:0:2": "波", "沪A54321": "安"}
    assert office.rows("SELECT name FROM holder ORDER BY id") == [("安",), ("波",)]


def test_in_a_whole_list_a_card_may_go_from_one_to_another(office):
    put_in(office, HEAD, ANN, BO)
    put_in(office, HEAD, ["1-1-101", "波", "", "0000000001", ""], whole="households")
    assert office.cards() == {"H10301:0:1": "波"}
    assert office.rows("SELECT name FROM holder") == [("波",)]


def test_a_card_that_was_given_back_is_taken_and_may_be_another_s(office):
    put_in(office, HEAD, ANN, BO)
    put_in(office, HEAD, ["1-1-101", "安", "", "0000000001", "退卡"], ["1-1-102", "西", "", "0000000001", "正常"])
    assert office.cards() == {"H10301:0:1": "西", "H10301:0:2": "波"}


@pytest.mark.attack("roster-28")
def test_a_bad_row_never_makes_its_person_absent_and_many_removals_need_their_number(office):
    put_in(office, HEAD, ANN, BO, CY)
    bad = office.plan(office.sheet(HEAD, ANN, ["1-1-101", "波", "", "1.23E+09", ""]), whole="households")
    assert refusals(bad, good_rows=True, remove=None) == ["whole_with_bad_rows", "removes_many"]
    with pytest.raises(ImportRefused):
        apply(office.source, bad, "office", "a list", 101, good_rows=True, remove=bad.removed)
    many = office.plan(office.sheet(HEAD, ANN), whole="households")
    assert many.removed == 2
    for wrong in (None, 1, 3):
        with pytest.raises(ImportRefused):
            apply(office.source, many, "office", "a list", 101, remove=wrong)
    assert apply(office.source, many, "office", "a list", 101, remove=2).changes == 2


@pytest.mark.attack("roster-27")
def test_a_source_that_changed_since_the_preview_is_not_imported_into(office):
    made = office.plan(office.sheet(HEAD, ANN))
    with office.source.batch("edit", "other", "in between", 50) as batch:
        batch.db.execute("INSERT INTO household (id) VALUES ('9-9')")
    with pytest.raises(ImportRefused, match="since the preview"):
        apply(office.source, made, "office", "a list", 101)
    assert office.rows("SELECT count(*) FROM holder") == [(0,)]


def test_rows_of_one_name_in_one_household_are_one_person_who_says_one_thing(office, codes):
    put_in(office, HEAD, ANN, ["1-1-101", "安", "", "0000000009", "正常"])
    assert office.rows("SELECT count(*) FROM holder") == [(1,)]
    assert office.cards() == {"H10301:0:1": "安", "H10301:0:9": "安"}
    made = office.plan(office.sheet(HEAD, ANN, ["1-1-101", "安", "13900000099", "0000000010", ""]))
    assert codes(made) == [(2, "C", "rows_differ"), (3, "C", "rows_differ")]
    assert made.bad.found[0].values["other_row"] == 3


def test_ids_tell_two_of_one_name_apart_and_are_needed_from_then_on(office, codes):
    head = ["人员编号", "房号", "姓名", "卡号"]
    put_in(office, head, ["old", "101", "伟", "0000000001"], ["young", "101", "伟", "0000000002"])
    assert office.rows("SELECT id, name FROM holder ORDER BY id") == [("old", "伟"), ("young", "伟")]
    made = office.plan(office.sheet(head[1:], ["101", "伟", "0000000003"]))
    assert codes(made) == [(2, "B", "two_of_one_name")]
    put_in(office, head[1:], ["101", "伟", "0000000002"])  # the card says which
    assert office.rows("SELECT count(*) FROM holder") == [(2,)]


def test_a_household_that_is_no_id_is_found_again_by_its_label(office):
    head = ["地址", "姓名", "卡号"]
    put_in(office, head, ["紫荆苑甲号", "安", "0000000001"], ["紫荆苑乙号", "波", "0000000002"])
    assert sorted(label for (label,) in office.rows("SELECT label FROM household")) == ["紫荆苑乙号", "紫荆苑甲号"]
    put_in(office, head, ["紫荆苑甲号", "安", "0000000003"])
    assert office.rows("SELECT count(*) FROM holder") == [(2,)]
    assert office.cards() == {"H10301:0:1": "安", "H10301:0:2": "波", "H10301:0:3": "安"}


def test_empty_households_below_one_are_its_own_where_the_sheet_is_kept_so(office):
    rows = [["楼号", "房号", "姓名", "卡号"], ["1栋", "101", "安", "0000000001"], ["", "", "波", "0000000002"],
            ["", "102", "西", "0000000003"], ["2栋", "101", "东", "0000000004"]]  # fmt: skip
    made = office.plan(office.sheet(*rows))
    assert [one.values["rows"] for one in made.assumptions if one.code == "fill_down"] == [2]
    apply(office.source, made, "office", "a list", 100)
    assert dict(office.rows("SELECT name, household FROM holder")) == {
        "安": "1-101", "波": "1-101", "西": "1-102", "东": "2-101",
    }  # fmt: skip


def test_two_columns_for_one_meaning_are_refused_until_it_is_said_which_one_counts(office):
    sheet = office.sheet(["房号", "姓名", "门禁卡号", "IC卡号"], ["101", "安", "0000000001", "0000000002"])
    with pytest.raises(ImportRefused, match="both mean card"):
        office.plan(sheet)
    made = office.plan(sheet, columns={"IC卡号": "ignored"})
    apply(office.source, made, "office", "a list", 100)
    assert office.cards() == {"H10301:0:1": "安"}


def test_a_sheet_without_a_header_and_one_whose_cards_say_nothing_are_refused(office):
    with pytest.raises(ImportRefused, match="header"):
        office.plan(office.sheet(["101", "安", "0000000001"]))
    with pytest.raises(ImportRefused, match="card-style"):
        office.plan(office.sheet(["姓名", "卡号"], ["安", "12345678"]))
    with pytest.raises(ImportRefused, match="card-format"):
        office.plan(office.sheet(["姓名", "卡号"], ["安", "0012345678"]), card_format=None)
    with pytest.raises(ImportRefused, match="--profile"):
        office.plan(office.sheet(["姓名", "卡号"], ["安", "0012345678"]), default_profile=None)
    with pytest.raises(ImportRefused, match="residents, staff"):
        office.plan(office.sheet(["姓名", "卡号"], ["安", "0012345678"]), default_profile="nobody")


def test_pins_are_digested_with_their_holder_and_stand_nowhere_as_digits(office, tmp_path):
    identity = Identity.load_or_create(tmp_path / "identity")
    sheet = office.sheet(["姓名", "卡号", "pin_with", "pin"], ["安", "0000000001", "731946", "820573614"])
    without = office.plan(sheet)
    assert [(bad.code, bad.found) for bad in without.bad.found] == [
        ("pin_no_key", "9 characters"),
        ("pin_no_key", "6 characters"),
    ]
    made = office.plan(sheet, identity)
    assert made.bad.found == []
    apply(office.source, made, "office", "a list", 100)
    (pin_with,) = office.rows("SELECT pin_with FROM holder")
    assert pin_with == (f"digest:{identity.digest_key_id}:6:{identity.pin_digest('p1', '731946').hex()}",)
    (pin,) = office.rows("SELECT key FROM credential WHERE kind = 2")
    assert pin == (f"digest:{identity.digest_key_id}:9:{identity.pin_digest('', '820573614').hex()}",)
    office.source.close()
    for file in Path(office.folder).glob("roster.source*"):
        assert b"731946" not in file.read_bytes()
        assert b"820573614" not in file.read_bytes()


@pytest.mark.attack("roster-22")
def test_what_a_spreadsheet_made_of_a_cell_is_refused_where_it_may_have_spoiled_it(office, codes):
    from datetime import date

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["姓名", "卡号", "密码", "车牌", "房号"])
    good = ["好", "00BC614E", None, None, "101"]
    for row in (
        good,
        ["数", 12345678, None, None, "102"],  # may have been 123456E2
        ["密", "00BC614F", 123456, None, "103"],
        ["牌", "00BC6150", None, 12345, "104"],
        ["期", "00BC6151", None, None, date(2026, 3, 2)],
        ["式", "=A1", None, None, "106"],
        ["真", "00BC6153", None, None, True],
        ["长", 12345678901234567890, None, None, "108"],
    ):
        sheet.append(row)
    book.save(office.folder / "odd.xlsx")
    made = office.plan(office.folder / "odd.xlsx", card_format="raw:32")
    assert codes(made) == [
        (3, "B", "card_number_in_hex"),
        (4, "C", "cell_number"),
        (5, "D", "cell_number"),
        (6, "E", "cell_date"),
        (7, "B", "cell_formula"),
        (8, "E", "cell_boolean"),
        (9, "B", "cell_exponent"),
    ]


@pytest.mark.attack("roster-24")
def test_strange_texts_are_kept_where_people_read_them_and_refused_where_machines_do(office, codes):
    names = ["=cmd|'/c calc'!A1", "安\u202eevil", "👨‍👩‍👧 家", "' OR 1=1 --", "محمد"]
    rows = [[str(100 + n), name, "", f"{n:010}", ""] for n, name in enumerate(names, start=1)]
    put_in(office, HEAD, *rows)
    assert [name for (name,) in office.rows("SELECT name FROM holder ORDER BY id")] == names
    strange = [
        ["201", "长" * 101, "", "0000000021", ""],
        ["202", "钟\x07", "", "0000000022", ""],
        ["203", "西", "", "0000\u202e00023", ""],
        ["204", "北", "", "x" * 10_000, ""],
        ["\u200b205", "东", "", "0000000025", ""],
        ["=1+1", "南", "", "0000000026", ""],
    ]
    assert codes(office.plan(office.sheet(HEAD, *strange, ["206", "好", "", "0000000027", ""]))) == [
        (2, "B", "cell_long"), (3, "B", "cell_controls"), (4, "D", "cell_unprintable"), (5, "D", "cell_long"),
        (6, "A", "cell_unprintable"), (7, "A", "formula_text"),
    ]  # fmt: skip


def test_undoing_the_import_brings_back_what_was(office):
    from firmware.roster.source.undo import undo

    put_in(office, HEAD, ANN)
    before = [office.rows(f"SELECT * FROM {table}") for table in ("household", "holder", "credential", "vehicle")]
    receipt = put_in(office, HEAD, ["1-1-101", "安", "", "0000000001", "挂失"], BO, CY)
    undo(office.source, receipt.batch, "office", "the wrong list", 101)
    assert [
        office.rows(f"SELECT * FROM {table}") for table in ("household", "holder", "credential", "vehicle")
    ] == before


def test_a_row_of_sums_is_left_out_and_a_person_who_is_called_so_is_not(office, codes):
    head = ["序号", "房号", "姓名", "电话", "卡号"]
    rows = [
        ["1", "101", "安", "", "0000000001"],
        ["2", "102", "合计", "", "0000000002"],  # a name like another
        ["3", "103", "Total", "13800138000", ""],
        ["合计", "", "共3人", "", "3"],
        ["", "合计", "", "", "3张"],
        ["", "", "total", "", "3"],
    ]
    made = office.plan(office.sheet(head, *rows))
    assert (codes(made), made.rows) == ([], 3)
    assert {one.code: one.values for one in made.assumptions}["totals"]["rows"] == 3
    apply(office.source, made, "office", "a list", 100)
    assert office.rows("SELECT name FROM holder ORDER BY id") == [("安",), ("合计",), ("Total",)]


def test_a_sum_that_the_spreadsheet_calculates_is_a_sum(office):
    book = openpyxl.Workbook()
    book.active.append(["房号", "姓名", "卡号"])
    book.active.append(["101", "安", "0000000001"])
    book.active.append(["合计", None, "=COUNTA(C2:C2)"])
    book.save(office.folder / "sum.xlsx")
    made = office.plan(office.folder / "sum.xlsx")
    assert (made.bad.found, made.rows) == ([], 1)


def test_a_text_that_vendors_write_as_a_formula_keeps_its_zeros(office):
    """`="0012345678"` is how their programs keep a spreadsheet from dropping zeros; anything else with "=" is none."""
    path = office.folder / "vendor.csv"
    path.write_text('房号,姓名,电话,卡号\r\n="0101",安,="02112345678",="0012345678"\r\n', encoding="utf-8")
    made = office.plan(path, card_format="raw:32")
    assert made.bad.found == []
    apply(office.source, made, "office", "a vendor's list", 100)
    assert office.rows("SELECT household, phone FROM holder") == [("0101", "02112345678")]
    assert office.rows("SELECT key, printed FROM credential") == [(f"raw:32:{12345678:08x}", "0012345678")]


def test_a_code_may_begin_as_a_formula_does(office):
    put_in(office, ["房号", "姓名", "二维码"], *[[f"10{n}", f"人{n}", f"{sign}1a/Z"] for n, sign in enumerate("=+-@")])
    assert office.rows("SELECT key FROM credential ORDER BY key") == [("+1a/Z",), ("-1a/Z",), ("=1a/Z",), ("@1a/Z",)]


@pytest.mark.attack("roster-57")
def test_thousands_of_contradictions_are_left_out_in_bounded_steps(office):
    """Rows that contradict each other are left out by one pass over the sheet, not by a pass each."""
    rows = [[f"{n}", f"人{n}", "", f"{n // 2:010}", ""] for n in range(8_000)]
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    office.source.db.set_progress_handler(count, 100_000)
    made = office.plan(office.sheet(HEAD, *rows))
    office.source.db.set_progress_handler(None, 0)
    assert (made.bad.count, made.rows) == (8_000, 0)
    assert steps < 200  # 100,000 instructions each: some 2,000 a row; a pass for each row would be 20,000 a row


def test_flags_of_one_person_that_differ_are_refused_like_all_else(office, codes):
    head = ["房号", "姓名", "卡号", "标志"]
    made = office.plan(office.sheet(head, ["101", "安", "0000000001", "访客"], ["101", "安", "0000000002", "首开"]))
    assert codes(made) == [(2, "D", "rows_differ"), (3, "D", "rows_differ")]
    made = office.plan(office.sheet(head, ["101", "安", "0000000001", "访客"], ["101", "安", "0000000002", ""]))
    assert codes(made) == []


def test_hidden_rows_and_cards_that_work_again_are_said(office):
    """A row that a filter hides, and a stale sheet that finds a lost card again, are easily overlooked."""
    put_in(office, HEAD, ["101", "安", "", "0000000001", "挂失"], ["102", "波", "", "0000000002", "停用"], CY)
    book = openpyxl.Workbook()
    for row in (HEAD, ["101", "安", "", "0000000001", "正常"], ["102", "波", "", "0000000002", ""], CY):
        book.active.append(row)
    book.active.row_dimensions[3].hidden = True
    book.save(office.folder / "stale.xlsx")
    said = {one.code: one.values for one in office.plan(office.folder / "stale.xlsx").assumptions}
    assert said["hidden_rows"]["rows"] == 1
    assert said["reactivated"]["count"] == 2

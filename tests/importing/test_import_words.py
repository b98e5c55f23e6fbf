"""Plates, phones, dates, states, headers and households: understood exactly, or refused with the reason."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from firmware.roster.importing import words
from firmware.roster.importing.dates import NEVER, instant
from firmware.roster.importing.headers import TITLES, WORDS, recognise
from firmware.roster.importing.plates import chinese, phones_of, plates_of
from firmware.roster.importing.problems import Refused

SHANGHAI = ZoneInfo("Asia/Shanghai")


def at(*when: int) -> int:
    """Seconds of a local time in Shanghai, eight hours before UTC all year."""
    return int(datetime(*when, tzinfo=UTC).timestamp()) - 8 * 3600


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-01-31", at(2026, 1, 31), at(2026, 2, 1)),
        ("2026/1/31", at(2026, 1, 31), at(2026, 2, 1)),
        ("2026.01.31", at(2026, 1, 31), at(2026, 2, 1)),
        ("2026年1月31日", at(2026, 1, 31), at(2026, 2, 1)),
        ("20260131", at(2026, 1, 31), at(2026, 2, 1)),
        ("31/01/2026", at(2026, 1, 31), at(2026, 2, 1)),  # there is no 31st month
        ("2026-01-31 08:30", at(2026, 1, 31, 8, 30), at(2026, 1, 31, 8, 30)),
        ("2026年1月31日 8时30分", at(2026, 1, 31, 8, 30), at(2026, 1, 31, 8, 30)),
        ("2026-01-31 23:59:59", at(2026, 1, 31, 23, 59), at(2026, 2, 1)),
        ("2026-01-31 00:00Z", at(2026, 1, 31, 8), at(2026, 1, 31, 8)),
        ("长期", NEVER, NEVER),
        ("Long-term", NEVER, NEVER),
    ],
)
def test_dates_as_offices_write_them(text, start, end):
    assert instant(text, SHANGHAI, end=False, order=None) == start
    assert instant(text, SHANGHAI, end=True, order=None) == end


@pytest.mark.attack("roster-23")
@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("46053", "date_number"),
        ("46053.5", "date_number"),
        ("26-01-31", "date_year"),
        ("26年1月31日", "date_year"),
        ("03/04/2026", "date_two_ways"),
        ("2026-02-30", "date"),
        ("2026-13-01", "date"),
        ("2026-01-31 25:00", "date"),
        ("next year", "date"),
        ("9999-12-31", "date"),
    ],
)
def test_a_date_that_may_be_another_one_is_refused(text, code):
    with pytest.raises(Refused) as refused:
        instant(text, SHANGHAI, end=False, order=None)
    assert refused.value.code == code


def test_the_order_of_day_and_month_is_as_it_is_said():
    assert instant("03/04/2026", SHANGHAI, end=False, order="day-month") == at(2026, 4, 3)
    assert instant("03/04/2026", SHANGHAI, end=False, order="month-day") == at(2026, 3, 4)
    with pytest.raises(Refused):
        instant("31/01/2026", SHANGHAI, end=False, order="month-day")


def test_a_minute_that_clocks_leave_out_is_refused():
    with pytest.raises(Refused) as refused:
        instant("2026-03-29 02:30", ZoneInfo("Europe/Berlin"), end=False, order=None)
    assert refused.value.code == "date_clock_change"


@pytest.mark.parametrize(
    ("text", "plates", "usual"),
    [
        ("沪A12345", ["沪A12345"], True),
        ("沪a·12345", ["沪A12345"], True),
        ("沪A 12345", ["沪A12345"], True),
        ("沪A12345 苏E54321", ["沪A12345", "苏E54321"], True),
        (
            "沪A12345、苏E54321，浙C88888;京B00001/津D00002",
            ["沪A12345", "苏E54321", "浙C88888", "京B00001", "津D00002"],
            True,
        ),
        ("沪AD12345", ["沪AD12345"], True),
        ("沪A12345D", ["沪A12345D"], True),
        ("粤Z1234港", ["粤Z1234港"], True),
        ("京A1234学", ["京A1234学"], True),
        ("川A12B3警", ["川A12B3警"], True),
        ("WJ京0123A", ["WJ京0123A"], True),
        ("VO12 ABC", ["VO12ABC"], False),
        ("B-MW 12", ["BMW12"], False),
        ("粤O12345", ["粤O12345"], True),  # public security, before
        ("粤0·A1234", ["粤OA1234"], True),
        ("京O1234警", ["京O1234警"], True),
        ("沪-A12345", ["沪A12345"], True),
        ("沪A12345-苏E54321", ["沪A12345", "苏E54321"], True),
        ("沪A1234", ["沪A1234"], False),
        ("沪A12345,沪A12345", ["沪A12345"], True),
    ],
)
def test_plates_in_a_cell(text, plates, usual):
    assert plates_of(text) == (plates, usual)


@pytest.mark.parametrize(
    ("text", "likely"), [("沪A1234O", "沪A12340"), ("沪AI2345", "沪A12345"), ("沪ADO2345", "沪AD02345")]
)
def test_a_letter_that_no_plate_has_is_refused_with_the_likely_plate(text, likely):
    with pytest.raises(Refused) as refused:
        plates_of(text)
    assert (refused.value.code, refused.value.values["likely"]) == ("plate_letters", likely)
    assert chinese(likely)


@pytest.mark.parametrize(
    ("text", "phones", "good"),
    [
        ("13900000001", "13900000001", True),
        ("139 0000 0001", "13900000001", True),
        ("+86 139-0000-0001", "13900000001", True),
        ("13900000001、13900000002", "13900000001;13900000002", True),
        ("13900000001 13900000002", "13900000001;13900000002", True),
        ("021-55550001", "021-55550001", True),
        ("+44 20 7946 0000", "+442079460000", True),
        ("12345", "12345", False),
        ("问前台", "问前台", False),
    ],
)
def test_phones_in_a_cell(text, phones, good):
    assert phones_of(text) == (phones, good)


@pytest.mark.parametrize(
    ("text", "household"),
    [
        ("3-2-501", "3-2-501"),
        ("3栋2单元501室", "3-2-501"),
        ("3 栋 2 单元 501", "3-2-501"),
        ("十二号楼1单元101", "12-1-101"),
        ("3#501", "3-501"),
        ("紫荆苑", "紫荆苑"),  # no id: the source finds it by its label
    ],
)
def test_a_household_in_one_cell(text, household):
    assert words.whole_of(text) == household


@pytest.mark.parametrize(
    ("column", "text", "part"),
    [
        ("building", "3栋", "3"), ("building", "03号楼", "3"), ("building", "十二幢", "12"), ("building", "A座", "A"),
        ("building", "Building B", "B"), ("unit", "2单元", "2"), ("unit", "二单元", "2"), ("room", "0501室", "0501"),
        ("room", "501", "501"),
    ],
)  # fmt: skip
def test_parts_of_a_household(column, text, part):
    assert words.part_of(column, text) == part


@pytest.mark.parametrize("text", ["3月2日", "2-Mar", "2026/3/2"])
def test_a_room_that_became_a_date_is_refused(text):
    for read in (words.whole_of, lambda one: words.part_of("room", one)):
        with pytest.raises(Refused) as refused:
            read(text)
        assert refused.value.code == "household_date"


def test_every_header_word_and_every_title_of_our_export_is_understood():
    for column, spellings in WORDS.items():
        for word in spellings:
            found = recognise(word)
            assert found is not None, word
            assert found.column == column, word
    for titles in TITLES.values():
        assert [recognise(title).column for title in titles.values()] == list(titles)


@pytest.mark.parametrize(
    ("title", "column", "number"),
    [
        ("Card No.", "card", None), ("卡号（10位）", "card", None), ("卡号(3+5)", "printed", None),
        ("韦根26卡号", "printed", None), ("车牌号2", "plate", 2), ("车牌三", "plate", 3),
        ("Valid Until", "valid_until", None),
        ("房　号", "room", None), ("血型", None, None), ("", None, None),
        ("请各位住户登记门禁卡号。" * 6, None, None),
    ],
)  # fmt: skip
def test_headers(title, column, number):
    found = recognise(title)
    assert (found and (found.column, found.number)) == (column and (column, number)) or (not column and found is None)

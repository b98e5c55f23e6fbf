"""A review in words: the same at several places is said once, days with the same hours stand together."""

from __future__ import annotations

from datetime import date

import pytest

from firmware.core.access import Window
from firmware.network.review.export import lines_of
from firmware.network.review.showing import difference_shown, hours_text, places_text
from firmware.network.words import Words
from firmware.people_words.review import DifferenceTold, HoursTold, PlaceTold

EN, ZH = Words("en"), Words("zh")
MORNING, WHOLE = (Window(420, 540),), (Window(0, 1440),)
NAMES = {"front_in": "Front door", "shed_in": "Bike shed"}


@pytest.mark.parametrize(
    ("days", "text"),
    [
        ({0: MORNING, 1: MORNING, 2: MORNING, 4: MORNING}, "Monday to Wednesday 07:00-09:00; Friday 07:00-09:00"),
        (dict.fromkeys(range(7), WHOLE), "at any time"),
        (dict.fromkeys(range(6), WHOLE), "Monday to Saturday 00:00-24:00"),
        ({6: (Window(0, 1), Window(1439, 1440))}, "Sunday 00:00-00:01, 23:59-24:00"),
    ],
)
def test_days_with_the_same_hours_stand_together(days: dict[int, tuple[Window, ...]], text: str) -> None:
    assert hours_text(EN, [HoursTold(day, windows) for day, windows in days.items()]) == text


def test_a_special_day_stands_with_its_date() -> None:
    day = date(2027, 1, 1).toordinal()
    hours = [HoursTold(4, MORNING), HoursTold(4, WHOLE, day)]
    assert hours_text(EN, hours, 3) == "Friday 07:00-09:00; 2027-01-01 Friday 00:00-24:00 and 3 more"
    assert hours_text(ZH, hours) == "星期五 07:00-09:00；2027-01-01 星期五 00:00-24:00"


def test_places_of_which_the_same_is_to_be_said_stand_together() -> None:
    lost = (HoursTold(0, MORNING),)
    places = [
        PlaceTold("front_in", lost=lost),
        PlaceTold("shed_in", lost=lost),
        PlaceTold("elsewhere", lost=lost, shut=True),
        PlaceTold("new", gained=lost, opened=True),
    ]
    assert places_text(EN, places, "lost", NAMES) == [
        "Front door, Bike shed: no more Monday 07:00-09:00",
        "elsewhere: at no time any more",
    ]
    assert places_text(EN, places, "gained", NAMES) == ["new: newly, Monday 07:00-09:00"]


def test_a_day_that_is_closed_now_says_so() -> None:
    told = DifferenceTold(1, "changed", "schedule", "work", {"monday": "07:00-09:00"}, {"monday": ""})
    shown = difference_shown(EN, told)
    assert (shown.title, shown.kind) == ("Schedule work", "changed")
    assert [(field.name, field.before, field.after) for field in shown.fields] == [("Monday", "07:00-09:00", "closed")]


def test_fields_are_named_in_words() -> None:
    told = DifferenceTold(1, "added", "profile", "staff", {}, {"in:always": "*", "in:work": "front_in"})
    fields = difference_shown(EN, told).fields
    assert [(field.name, field.after) for field in fields] == [("in always", "Everywhere"), ("in work", "front_in")]
    told = DifferenceTold(1, "removed", "credential", "card:H10301:1:2", {"status": "active"}, {}, owner="p1")
    assert difference_shown(EN, told).title == "Credential card:H10301:1:2, of p1"


def test_the_name_of_a_rule_is_not_called_as_that_of_a_person() -> None:
    for entity, expected in (("schedule", "名称"), ("profile", "名称"), ("holder", "姓名")):
        (field,) = difference_shown(ZH, DifferenceTold(1, "added", entity, "x", {}, {"name": "x"})).fields
        assert field.name == expected


def test_the_words_of_a_column_are_said_in_the_readers_language() -> None:
    fields = {"status": "lost", "flags": "escort;vehicle", "profiles": "residents;车主", "duress": "no", "note": "no"}
    told = DifferenceTold(1, "added", "holder", "p1", {}, fields)
    for words, expected in (
        (EN, ["lost", "may escort others, is a vehicle", "residents, 车主", "no", "no"]),
        (ZH, ["挂失", "可陪同他人、是车辆", "residents、车主", "否", "no"]),
    ):
        assert [field.after for field in difference_shown(words, told).fields] == expected


@pytest.mark.parametrize("name", ["=cmd|calc", "＝cmd", "＋1", "－1", "＠SUM(A1)", "\t=1"])
def test_no_cell_of_the_table_begins_a_formula_in_any_width(name: str) -> None:
    """Spreadsheets of East Asia take full-width signs for the narrow ones."""
    assert lines_of([[name, "Anna"]]).lstrip('"').startswith("'")

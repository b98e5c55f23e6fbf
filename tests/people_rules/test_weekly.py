"""Hours as people write them: each line means one set of minutes, and what is shown reads back as the same."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.core.access import Window
from firmware.roster.weekly import (
    NotHours,
    Week,
    day_line,
    is_sound,
    joined,
    quarters,
    read_day,
    read_week,
    week_lines,
)

NEVER = ("",) * 7
MINUTES = 1440


def minutes_of(week: Week) -> set[int]:
    """The minutes of the week, counted one by one from Monday's midnight."""
    return {
        day * MINUTES + minute
        for day, windows in enumerate(week)
        for window in windows
        for minute in range(window.start_minute, window.end_minute)
    }


@st.composite
def days(draw: st.DrawFn) -> tuple[Window, ...]:
    edges = draw(st.lists(st.integers(0, MINUTES), unique=True, max_size=12).map(sorted))
    return tuple(Window(start, end) for start, end in zip(edges[::2], edges[1::2], strict=False))


weeks = st.lists(days(), min_size=7, max_size=7).map(tuple)
# Midnight is where the mistakes are.
nights = st.lists(
    st.sampled_from(
        [
            (),
            (Window(0, 1440),),
            (Window(0, 360), Window(1320, 1440)),
            (Window(1320, 1440),),
            (Window(0, 360),),
            (Window(0, 1), Window(1, 1440)),
            (Window(0, 720), Window(720, 1440)),
            (Window(1, 1440),),
            (Window(0, 1439),),
        ]
    ),
    min_size=7,
    max_size=7,
).map(tuple)


@given(st.one_of(weeks, nights))
def test_what_is_shown_reads_back_as_the_same_windows(week: Week) -> None:
    assert read_week(week_lines(week)) == week


@given(days())
def test_a_special_day_reads_back(windows: tuple[Window, ...]) -> None:
    assert read_day(day_line(windows)) == windows


@given(days())
def test_quarters_count_minutes(windows: tuple[Window, ...]) -> None:
    inside = minutes_of((windows, *[()] * 6))
    counted = tuple(sum(1 for minute in range(q * 15, q * 15 + 15) if minute in inside) for q in range(96))
    assert quarters(windows) == counted


@given(st.lists(days(), max_size=4))
def test_joined_keeps_every_minute_and_no_other(several: list[tuple[Window, ...]]) -> None:
    loose = [window for windows in several for window in windows]
    made = joined(loose)
    assert minutes_of((tuple(loose), *[()] * 6)) == minutes_of((made, *[()] * 6))
    assert is_sound(made)
    assert all(before.end_minute < after.start_minute for before, after in itertools.pairwise(made))


@pytest.mark.parametrize(
    ("line", "windows"),
    [
        ("06:00-09:00, 17:00-20:30", [(360, 540), (1020, 1230)]),
        ("17:00–20:30; 6:00–9:00", [(360, 540), (1020, 1230)]),
        ("8-12", [(480, 720)]),
        ("8：30至12：00、13：00到18：00", [(510, 720), (780, 1080)]),
        ("08:07-08:08", [(487, 488)]),
        ("24h", [(0, 1440)]),
        ("全天", [(0, 1440)]),
        ("00:00-24:00", [(0, 1440)]),
        ("20:00-00:00", [(1200, 1440)]),
        ("closed", []),
        ("关闭", []),
        ("  ", []),
    ],
)
def test_lines_that_people_write(line: str, windows: list[tuple[int, int]]) -> None:
    week = read_week((line, *NEVER[1:]))
    assert [(window.start_minute, window.end_minute) for window in week[0]] == windows
    assert week[1:] == ((),) * 6


def test_a_night_ends_on_the_day_after_and_sunday_s_on_monday() -> None:
    week = read_week(("", "", "", "22:00-06:00", "", "", "23:30-0:15"))
    assert week[3] == (Window(1320, 1440),)
    assert week[4] == (Window(0, 360),)
    assert week[6] == (Window(1410, 1440),)
    assert week[0] == (Window(0, 15),)
    assert week_lines(week) == ("", "", "", "22:00-06:00", "", "", "23:30-00:15")


@pytest.mark.attack("rules-04")
@pytest.mark.parametrize(
    ("lines", "why", "day"),
    [
        (("25:00-26:00", *NEVER[1:]), "no_such_time", 0),
        (("", "24:00-24:30", *NEVER[2:]), "no_such_time", 1),
        (("", "10:60-11:00", *NEVER[2:]), "no_such_time", 1),
        (("", "", "8 o'clock", *NEVER[3:]), "not_hours", 2),
        (("", "", "08:00-08:00", *NEVER[3:]), "empty", 2),
        (("08:00-10:00, 09:00-11:00", *NEVER[1:]), "overlap", 0),
        (("22:00-06:00", "05:00-07:00", *NEVER[2:]), "overlap", 1),
        (("8-9," * 41, *NEVER[1:]), "too_many", 0),
        (("8" * 601, *NEVER[1:]), "too_long", 0),
        (("' OR 1=1", *NEVER[1:]), "not_hours", 0),
        (("08:00-09:00\x00", *NEVER[1:]), "not_hours", 0),
        (("٠٨:٠٠-٠٩:٠٠", *NEVER[1:]), "not_hours", 0),
    ],
)
def test_what_is_no_hours_is_refused_with_its_day(lines: tuple[str, ...], why: str, day: int) -> None:
    with pytest.raises(NotHours) as refused:
        read_week(lines)
    assert (refused.value.why, refused.value.day) == (why, day)


def test_a_special_day_ends_at_midnight() -> None:
    with pytest.raises(NotHours) as refused:
        read_day("22:00-06:00")
    assert refused.value.why == "over_midnight"

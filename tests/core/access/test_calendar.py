"""Calendar against zoneinfo and datetime, which the core may not use, and against a minute-by-minute search."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import calendar
from firmware.core.access import Rulebook, Schedule, Window, Zone

YEAR_START_S = 1_767_225_600  # 2026-01-01T00:00:00Z
HOUR_S = 3_600

# Published: EU directive 2000/84/EC (last Sundays of March and October, 01:00 UTC); US Energy Policy Act of 2005
# (second Sunday of March, first of November, 02:00 local); China has had no change since 1991.
BERLIN = Zone("Europe/Berlin", (3_600, 7_200, 3_600), (1_774_746_000, 1_792_890_000))
NEW_YORK = Zone("America/New_York", (-18_000, -14_400, -18_000), (1_772_953_200, 1_793_512_800))
SHANGHAI = Zone("Asia/Shanghai", (28_800,), ())
ZONES = [BERLIN, NEW_YORK, SHANGHAI]


def local(zone: Zone, utc_s: int) -> datetime:
    return datetime.fromtimestamp(utc_s, ZoneInfo(zone.name))


def test_the_published_instants_are_those_of_the_zones() -> None:
    def instants(*iso: str) -> tuple[int, ...]:
        return tuple(int(datetime.fromisoformat(text).timestamp()) for text in iso)

    assert BERLIN.transitions_s == instants("2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z")
    assert NEW_YORK.transitions_s == instants("2026-03-08T07:00:00Z", "2026-11-01T06:00:00Z")


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_wall_is_what_zoneinfo_says(zone: Zone) -> None:
    rng = random.Random(20260329)
    instants = [YEAR_START_S + rng.randrange(365 * 86_400) for _ in range(3_000)]
    for transition in zone.transitions_s:
        instants += [transition + away for away in (-HOUR_S, -60, -1, 0, 1, 59, 60, HOUR_S - 1, HOUR_S, HOUR_S + 1)]
    for utc_s in instants:
        expected = local(zone, utc_s)
        assert calendar.wall(zone, utc_s) == calendar.Wall(
            utc_s, expected.toordinal(), expected.hour * 60 + expected.minute, expected.weekday()
        )


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.integers(min_value=-62_135_596_800, max_value=253_402_300_799))
def test_wall_in_utc_over_all_years_that_datetime_knows(utc_s: int) -> None:
    expected = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=utc_s)
    found = calendar.wall(Zone("UTC"), utc_s)
    assert (found.day, found.minute, found.weekday) == (
        expected.toordinal(),
        expected.hour * 60 + expected.minute,
        expected.weekday(),
    )


@pytest.mark.parametrize("year", [1972, 2000, 2024, 2028, 2096, 2100])
@pytest.mark.attack("clock-09")
def test_leap_days(year: int) -> None:
    before = date(year, 2, 28)
    utc_s = int(datetime(year, 2, 28, 23, 59, 59, tzinfo=UTC).timestamp())
    assert calendar.wall(Zone("UTC"), utc_s).day == before.toordinal()
    after = calendar.wall(Zone("UTC"), utc_s + 1)
    following = date(year, 2, 29) if year != 2100 else date(year, 3, 1)
    assert (after.day, after.minute, after.weekday) == (following.toordinal(), 0, following.weekday())


def test_an_offset_with_seconds_counts_whole_minutes() -> None:
    zone = Zone("LMT", (3_208,))  # Berlin's local mean time until 1893: 0:53:28 ahead of UTC
    assert calendar.wall(zone, -3_208).minute == 0
    assert calendar.wall(zone, -3_209).minute == 1_439


def week(*windows: tuple[int, int]) -> tuple[tuple[Window, ...], ...]:
    return tuple(tuple(Window(*window) for window in windows) for _ in range(7))


def book(schedule: Schedule, special_days: dict[int, str] | None = None) -> Rulebook:
    return Rulebook(1, schedules={schedule.name: schedule}, special_days=special_days or {})


def minutes_active(rulebook: Rulebook, zone: Zone, first_s: int, last_s: int) -> int:
    return sum(calendar.active(rulebook, "s", calendar.wall(zone, utc_s)) for utc_s in range(first_s, last_s, 60))


@pytest.mark.parametrize(
    ("zone", "forward_day", "back_day"),
    [(BERLIN, date(2026, 3, 29), date(2026, 10, 25)), (NEW_YORK, date(2026, 3, 8), date(2026, 11, 1))],
    ids=["Berlin", "New York"],
)
@pytest.mark.attack("clock-13")
def test_the_missing_hour_never_comes_and_the_repeated_one_counts_twice(
    zone: Zone, forward_day: date, back_day: date
) -> None:
    skipped = (120, 180)  # 02:00-03:00 does not exist in spring, in both zones
    doubled = (120, 180) if zone is BERLIN else (60, 120)  # 02:00-03:00 CEST and CET; 01:00-02:00 EDT and EST

    def day_s(day: date) -> tuple[int, int]:
        start = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone.name))
        end = datetime.combine(day + timedelta(days=1), datetime.min.time(), ZoneInfo(zone.name))
        return int(start.timestamp()), int(end.timestamp())

    assert minutes_active(book(Schedule("s", week(skipped))), zone, *day_s(forward_day)) == 0
    assert minutes_active(book(Schedule("s", week(doubled))), zone, *day_s(back_day)) == 120
    assert minutes_active(book(Schedule("s", week((0, 1440)))), zone, *day_s(forward_day)) == 23 * 60
    assert minutes_active(book(Schedule("s", week((0, 1440)))), zone, *day_s(back_day)) == 25 * 60


def test_a_window_has_its_first_minute_and_not_its_last() -> None:
    rulebook = book(Schedule("s", week((480, 1080))))
    start = YEAR_START_S + 480 * 60
    end = YEAR_START_S + 1080 * 60
    verdicts = [
        calendar.active(rulebook, "s", calendar.wall(Zone("UTC"), at)) for at in (start - 1, start, end - 1, end)
    ]
    assert verdicts == [False, True, True, False]


def test_a_window_to_midnight_and_the_next_from_midnight_meet() -> None:
    rulebook = book(Schedule("s", week((0, 60), (1380, 1440))))
    midnight = YEAR_START_S + 86_400
    verdicts = [
        calendar.active(rulebook, "s", calendar.wall(Zone("UTC"), midnight + away))
        for away in (-3601, -3600, -1, 0, 3599, 3600)
    ]
    assert verdicts == [False, True, True, True, True, False]


def test_weekdays() -> None:
    monday_only = ((Window(0, 1440),), (), (), (), (), (), ())
    rulebook = book(Schedule("s", monday_only))
    for day in range(14):
        utc_s = YEAR_START_S + day * 86_400
        expected = datetime.fromtimestamp(utc_s, UTC).weekday() == 0
        assert calendar.active(rulebook, "s", calendar.wall(Zone("UTC"), utc_s)) is expected


def test_a_special_day_replaces_the_week_only_where_the_schedule_knows_its_kind() -> None:
    day = date(2026, 2, 17).toordinal()  # Chinese New Year 2026
    schedule = Schedule("s", week((480, 1080)), {"holiday": (Window(600, 660),), "closed": ()})
    noon_s = int(datetime(2026, 2, 17, 12, tzinfo=UTC).timestamp())
    half_past_ten_s = noon_s - 90 * 60

    def at(kind: str | None, utc_s: int) -> bool:
        days = {} if kind is None else {day: kind}
        return calendar.active(book(schedule, days), "s", calendar.wall(Zone("UTC"), utc_s))

    assert (at(None, noon_s), at(None, half_past_ten_s)) == (True, True)
    assert (at("holiday", noon_s), at("holiday", half_past_ten_s)) == (False, True)
    assert (at("closed", noon_s), at("closed", half_past_ten_s)) == (False, False)
    assert at("school_free", noon_s) is True


def test_always_is_built_in_and_unknown_is_never() -> None:
    at = calendar.wall(SHANGHAI, YEAR_START_S)
    shadowed = Rulebook(1, schedules={"always": Schedule("always", ((),) * 7)})
    assert calendar.active(shadowed, "always", at) is True
    assert calendar.active(Rulebook(1), "office", at) is False
    assert calendar.next_change(shadowed, "always", SHANGHAI, YEAR_START_S) is None
    assert calendar.next_change(Rulebook(1), "office", SHANGHAI, YEAR_START_S) is None


def test_a_week_that_is_too_short_is_closed_on_its_missing_days() -> None:
    rulebook = book(Schedule("s", ((Window(0, 1440),),)))
    verdicts = [
        calendar.active(rulebook, "s", calendar.wall(Zone("UTC"), YEAR_START_S + day * 86_400)) for day in range(7)
    ]
    assert verdicts.count(True) == 1


def random_book(rng: random.Random) -> Rulebook:
    def windows() -> tuple[Window, ...]:
        edges = sorted(rng.sample(range(0, 1441, 15), 2 * rng.randrange(3)))
        return tuple(Window(*edges[index : index + 2]) for index in range(0, len(edges), 2))

    schedule = Schedule("s", tuple(windows() for _ in range(7)), {"a": windows(), "b": windows()})
    first = date(2026, 1, 1).toordinal()
    days = {first + rng.randrange(365): rng.choice("abc") for _ in range(60)}
    return book(schedule, days)


@pytest.mark.parametrize("zone", ZONES, ids=lambda zone: zone.name)
def test_nothing_changes_before_the_next_change(zone: Zone) -> None:
    """Seed 77: from random instants, and around transitions, each second edge found is compared with a search."""
    rng = random.Random(77)
    for case in range(60):
        rulebook = random_book(rng)
        if case % 3 and zone.transitions_s:
            start_s = rng.choice(zone.transitions_s) - rng.randrange(-7_200, 90_000)
        else:
            start_s = YEAR_START_S + rng.randrange(364 * 86_400)
        found = calendar.next_change(rulebook, "s", zone, start_s)
        assert found is not None
        assert start_s < found <= start_s + 86_400 + HOUR_S
        before = calendar.active(rulebook, "s", calendar.wall(zone, start_s))
        minutes = range(start_s - start_s % 60 + 60, found, 60)  # every offset of these zones is whole minutes
        assert all(calendar.active(rulebook, "s", calendar.wall(zone, at)) is before for at in minutes)
        assert calendar.active(rulebook, "s", calendar.wall(zone, found - 1)) is before


def test_following_the_changes_visits_every_edge_of_a_year() -> None:
    """Walking from change to change, membership in between is what a search by the minute finds."""
    zone = BERLIN
    rulebook = random_book(random.Random(5))
    at: int | None = YEAR_START_S
    steps = 0
    edges = []
    while at is not None and at < YEAR_START_S + 330 * 86_400:
        edges.append((at, calendar.active(rulebook, "s", calendar.wall(zone, at))))
        at = calendar.next_change(rulebook, "s", zone, at)
        steps += 1
    assert steps < 330 * 6
    position = 0
    for utc_s in range(YEAR_START_S, edges[-1][0], 900):
        while position + 1 < len(edges) and edges[position + 1][0] <= utc_s:
            position += 1
        assert edges[position][1] is calendar.active(rulebook, "s", calendar.wall(zone, utc_s))

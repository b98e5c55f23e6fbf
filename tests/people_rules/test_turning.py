"""When a schedule next opens or closes: worked out by hand, and against the calendar asked second by second."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from firmware.core import calendar
from firmware.core.access import Rulebook, Schedule, Window
from firmware.people.turning import turn
from firmware.zones import zone_of

WORKDAYS = ((Window(420, 1080),),) * 5 + ((), ())  # 07:00-18:00


def book(week: tuple[tuple[Window, ...], ...], special: dict[str, tuple[Window, ...]], *days: str) -> Rulebook:
    kinds = {datetime.fromisoformat(day).toordinal(): "holiday" for day in days}
    return Rulebook(0, {}, {"work": Schedule("work", week, special)}, kinds)


def at(zone: str, text: str, fold: int = 0) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


@pytest.mark.parametrize(
    ("zone", "now", "open_now", "turns"),
    [
        ("Asia/Shanghai", "2026-11-27T20:15:00", False, "2026-11-30T07:00:00"),  # Friday evening: next Monday
        ("Asia/Shanghai", "2026-11-27T07:00:00", True, "2026-11-27T18:00:00"),
        ("Asia/Shanghai", "2026-11-27T06:59:59", False, "2026-11-27T07:00:00"),
        ("Asia/Shanghai", "2026-09-30T18:00:00", False, "2026-10-02T07:00:00"),  # over a holiday
        # The clocks of Berlin go forward on 2026-03-29 and back on 2026-10-25: local time rules.
        ("Europe/Berlin", "2026-03-28T12:00:00", False, "2026-03-30T07:00:00"),
        ("Europe/Berlin", "2026-10-24T12:00:00", False, "2026-10-26T07:00:00"),
    ],
)
def test_the_next_change_is_the_one_of_the_wall_clock(zone: str, now: str, open_now: bool, turns: str) -> None:
    rules = book(WORKDAYS, {"holiday": ()}, "2026-10-01")
    assert turn(rules, "work", zone_of(zone), at(zone, now)) == (open_now, at(zone, turns))


def test_the_hour_that_comes_twice_and_the_one_that_never_comes() -> None:
    """02:15-02:45 on a Sunday in Berlin: skipped in March; in October open, closed, open and closed again."""
    night = ((),) * 6 + ((Window(135, 165),),)
    zone, rules = zone_of("Europe/Berlin"), book(night, {})
    spring = turn(rules, "work", zone, at("Europe/Berlin", "2026-03-28T12:00:00"))
    assert spring == (False, at("Europe/Berlin", "2026-04-05T02:15:00"))
    seen = []
    instant = at("Europe/Berlin", "2026-10-25T00:00:00")
    for _ in range(4):
        now = turn(rules, "work", zone, instant)
        assert now.turns_s is not None
        seen.append(now)
        instant = now.turns_s
    first, second = (at("Europe/Berlin", "2026-10-25T02:15:00", fold) for fold in (0, 1))
    assert seen == [(False, first), (True, first + 1800), (False, second), (True, second + 1800)]
    assert second - first == 3600


@pytest.mark.parametrize(
    ("week", "open_now"), [(((),) * 7, False), (((Window(0, 1440),),) * 7, True)], ids=["never", "always"]
)
def test_what_never_changes_says_so(week: tuple[tuple[Window, ...], ...], open_now: bool) -> None:
    assert turn(book(week, {}), "work", zone_of("Asia/Shanghai"), 1_795_750_000) == (open_now, None)


def test_a_night_does_not_turn_at_midnight() -> None:
    night = tuple((Window(0, 360), Window(1320, 1440)) for _ in range(7))
    zone = zone_of("Asia/Shanghai")
    now = turn(book(night, {}), "work", zone, at("Asia/Shanghai", "2026-11-27T23:00:00"))
    assert now == (True, at("Asia/Shanghai", "2026-11-28T06:00:00"))
    wall = calendar.wall(zone, at("Asia/Shanghai", "2026-11-28T00:00:00"))
    assert calendar.active(book(night, {}), "work", wall)

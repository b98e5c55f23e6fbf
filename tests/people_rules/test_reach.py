"""Who reaches what and when, against the core's own calendar asked minute by minute."""

from __future__ import annotations

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core import calendar
from firmware.core.access import Profile, Rule, Rulebook, Schedule, Wall, Window
from firmware.people.reach import Hours, Reach

TODAY = date(2026, 11, 27).toordinal()  # a Friday
POINTS = ("front_in", "garage_in")
DAY = 1440
EDGES = st.integers(0, DAY // 30).map(lambda half: half * 30)
EMPTY: tuple[tuple[Window, ...], ...] = ((),) * 7


@st.composite
def windows(draw: st.DrawFn) -> tuple[Window, ...]:
    edges = sorted(draw(st.lists(EDGES, unique=True, max_size=4)))
    return tuple(Window(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False))


@st.composite
def books(draw: st.DrawFn) -> Rulebook:
    week = tuple(draw(windows()) for _ in range(7))
    special = {kind: draw(windows()) for kind in draw(st.sets(st.sampled_from(["holiday", "fair"])))}
    days = {TODAY + draw(st.integers(0, 14)): draw(st.sampled_from(["holiday", "fair"])) for _ in range(3)}
    points = draw(st.sampled_from([("*",), ("front_in",), POINTS]))
    followed = draw(st.sampled_from(["work", "always", "gone"]))
    profiles = {
        "staff": Profile("staff", (Rule(points, followed), Rule(("garage_in",), "work"))),
        "other": Profile("other", (Rule(("front_in",), "work"),)),
    }
    return Rulebook(1, profiles, {"work": Schedule("work", week, special)}, days)


def allows(book: Rulebook, profiles: tuple[str, ...], point: str, day: int, minute: int) -> bool:
    wall = Wall(0, day, minute, (day - 1) % 7)
    return any(
        calendar.active(book, rule.schedule, wall)
        for profile in profiles
        for rule in book.profiles[profile].rules
        if "*" in rule.access_points or point in rule.access_points
    )


def told(hours: tuple[Hours, ...], weekday: int, day: int | None) -> set[int] | None:
    for each in hours:
        if (each.weekday, each.day) == (weekday, day):
            return {minute for window in each.windows for minute in range(window.start_minute, window.end_minute)}
    return None


PROFILES = st.sampled_from([(), ("staff",), ("other",), ("other", "staff")])


@settings(max_examples=60)
@given(books(), books(), PROFILES, PROFILES)
def test_what_is_lost_and_gained_is_what_the_calendar_says(
    old: Rulebook, new: Rulebook, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    change = Reach(old, new, POINTS, TODAY).change(before, after)
    by_point = {each.point: each for each in change.points}
    plain = {(day - 1) % 7: day for day in range(TODAY + 60, TODAY + 67)}  # no special day there
    for point in POINTS:
        was = {w: {m for m in range(0, DAY, 5) if allows(old, before, point, d, m)} for w, d in plain.items()}
        now = {w: {m for m in range(0, DAY, 5) if allows(new, after, point, d, m)} for w, d in plain.items()}
        made = by_point.get(point)
        for weekday in range(7):
            lost = (told(made.lost, weekday, None) if made else None) or set()
            gained = (told(made.gained, weekday, None) if made else None) or set()
            assert {m for m in lost if m % 5 == 0} == was[weekday] - now[weekday]
            assert {m for m in gained if m % 5 == 0} == now[weekday] - was[weekday]
        # Special days: whatever differs there and not on its weekday is told with a date that is so.
        for each in () if made is None else made.lost:
            if each.day is not None:
                minutes = told(made.lost, each.weekday, each.day)
                assert minutes == {
                    m
                    for m in range(DAY)
                    if allows(old, before, point, each.day, m) and not allows(new, after, point, each.day, m)
                }
    assert change.had == any(
        allows(old, before, p, d, m) for p in POINTS for d in _all_days() for m in range(0, DAY, 30)
    )


def _all_days() -> range:
    return range(TODAY, TODAY + 70)


def test_a_day_that_becomes_a_holiday_is_told_with_its_date() -> None:
    work = Schedule("work", ((Window(480, 1080),),) * 5 + ((), ()), {"holiday": ()})
    profiles = {"staff": Profile("staff", (Rule(("*",), "work"),))}
    old = Rulebook(1, profiles, {"work": work}, {})
    monday = TODAY + 3
    new = Rulebook(2, profiles, {"work": work}, {monday: "holiday"})
    change = Reach(old, new, POINTS, TODAY).change(("staff",), ("staff",))
    assert [point.point for point in change.points] == list(POINTS)
    assert change.points[0].lost == (Hours(0, (Window(480, 1080),), monday),)
    assert change.points[0].gained == ()
    assert not change.points[0].shut
    assert (change.had, change.has) == (True, True)


def test_nobody_who_could_come_in_has_nothing() -> None:
    profiles = {"staff": Profile("staff", (Rule(("front_in",), "always"),))}
    book = Rulebook(1, profiles)
    change = Reach(book, book, POINTS, TODAY).change(("staff",), ())
    assert [point.point for point in change.points] == ["front_in"]
    assert change.points[0].shut
    assert len(change.points[0].lost) == 7
    assert (change.had, change.has, change.loses, change.gains) == (True, False, True, False)

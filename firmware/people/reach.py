"""Who reaches what, and when, by one roster and by another: minute by minute of the week and of the coming year.

What a holder's profiles allow is a set of minutes at each access point; what the other roster allows is taken away from
it. So nobody has to have come lately to be found. Days that are alike under both rosters are looked at once: the seven
of a plain week, and each combination of weekday and kinds of special day that the coming year has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec

from firmware.core.access import Rulebook, Schedule, Window
from firmware.core.calendar import ALWAYS, DAY_MINUTES
from firmware.roster.rules import EVERYWHERE
from firmware.roster.weekly import DAYS_A_WEEK

AHEAD_DAYS = 400  # a year, and what somebody enters for the spring after it
DATES_SHOWN_MAX = 8  # special days that are told apart in one difference
PAIRS_MAX = 4_096  # pairs of lists of profiles whose difference is remembered
_WHOLE_DAY = (1 << DAY_MINUTES) - 1

Profiles = tuple[str, ...]


class Hours(msgspec.Struct, frozen=True):
    """Some windows of one weekday (0 is Monday), or of one special day (`day`: its ordinal, the first of its like)."""

    weekday: int
    windows: tuple[Window, ...]
    day: int | None = None


class PointChange(msgspec.Struct, frozen=True):
    """What becomes of one access point: the hours that are lost and gained there, weekdays first."""

    point: str
    lost: tuple[Hours, ...] = ()
    gained: tuple[Hours, ...] = ()
    shut: bool = False  # was open at some time, and never is any more
    opened: bool = False  # never was, and is at some time now
    more: int = 0  # special days that are different too, and not listed


class Change(msgspec.Struct, frozen=True):
    """What becomes of somebody whose profiles were those, and are these. Empty: nothing."""

    points: tuple[PointChange, ...] = ()
    had: bool = False  # any access at all
    has: bool = False

    @property
    def loses(self) -> bool:
        return any(point.lost for point in self.points)

    @property
    def gains(self) -> bool:
        return any(point.gained for point in self.points)


class _Day(NamedTuple):
    """A day as schedules see it: under the old roster and under the new one."""

    weekday: int
    old: str | None
    new: str | None
    day: int | None  # the first one of its like; None: of a plain week


class Reach:
    """Compares by two rulebooks. `points` are the access points of the site; those that profiles name come to them."""

    def __init__(self, old: Rulebook, new: Rulebook, points: Iterable[str], today: int) -> None:
        """`today` is the ordinal of the local date."""
        self._old, self._new = old, new
        named = (
            point
            for book in (old, new)
            for profile in book.profiles.values()
            for rule in profile.rules
            for point in rule.access_points
        )
        # Without any access point known there is still "everywhere".
        self.points: Sequence[str] = sorted({*points, *named} - {EVERYWHERE}) or [EVERYWHERE]
        self._days = _days(old, new, today)
        self._whole = (1 << DAY_MINUTES * len(self._days)) - 1
        self._schedules: dict[tuple[bool, str], int] = {}
        self._minutes: dict[tuple[bool, Profiles], dict[str, int]] = {}
        self._changes: dict[tuple[Profiles, Profiles], Change] = {}

    def change(self, before: Profiles, after: Profiles) -> Change:
        """What becomes of somebody with these profiles, () for nobody who could come in."""
        pair = (before, after)
        found = self._changes.get(pair)
        if found is None:
            if len(self._changes) >= PAIRS_MAX:
                self._changes.clear()
            found = self._changes[pair] = self._compare(self._of(False, before), self._of(True, after))
        return found

    def changed(self, schedule: str) -> bool:
        """Whether a schedule's hours differ at all, special days included."""
        return self._schedule(False, schedule) != self._schedule(True, schedule)

    def _compare(self, before: Mapping[str, int], after: Mapping[str, int]) -> Change:
        changes = []
        for point in self.points:
            old, new = before.get(point, 0), after.get(point, 0)
            if old != new:
                lost, hidden = self._hours(old & ~new)
                gained, too = self._hours(new & ~old)
                changes.append(PointChange(point, lost, gained, new == 0, old == 0, max(hidden, too)))
        return Change(tuple(changes), any(before.values()), any(after.values()))

    def _of(self, new: bool, profiles: Profiles) -> dict[str, int]:
        """Access point -> the minutes of all days in which these profiles let in there."""
        key = (new, profiles)
        found = self._minutes.get(key)
        if found is None:
            if len(self._minutes) >= PAIRS_MAX:
                self._minutes.clear()
            found = self._minutes[key] = {}
            book = self._new if new else self._old
            for profile in profiles:
                for rule in book.profiles[profile].rules if profile in book.profiles else ():
                    minutes = self._schedule(new, rule.schedule)
                    points = self.points if EVERYWHERE in rule.access_points else rule.access_points
                    for point in points:
                        found[point] = found.get(point, 0) | minutes
        return found

    def _schedule(self, new: bool, name: str) -> int:
        """The minutes of all days in which a schedule is active, as the core has it: an unknown one never is."""
        key = (new, name)
        found = self._schedules.get(key)
        if found is None:
            book = self._new if new else self._old
            schedule = book.schedules.get(name)
            if name == ALWAYS:
                found = self._whole
            elif schedule is None:
                found = 0
            else:
                found = 0
                for number, day in enumerate(self._days):
                    found |= _minutes(_windows(schedule, day, new)) << DAY_MINUTES * number
            self._schedules[key] = found
        return found

    def _hours(self, minutes: int) -> tuple[tuple[Hours, ...], int]:
        """A set of minutes as hours of days; of special days only those that are not like their weekday."""
        plain: dict[int, int] = {}
        told: list[Hours] = []
        special = 0
        for number, day in enumerate(self._days):
            of_day = minutes >> DAY_MINUTES * number & _WHOLE_DAY
            if day.day is None:
                plain[day.weekday] = of_day
            if not of_day or (day.day is not None and of_day == plain[day.weekday]):
                continue
            special += day.day is not None
            if special <= DATES_SHOWN_MAX:
                told.append(Hours(day.weekday, _runs(of_day), day.day))
        return tuple(told), max(0, special - DATES_SHOWN_MAX)


def _days(old: Rulebook, new: Rulebook, today: int) -> tuple[_Day, ...]:
    days = [_Day(weekday, None, None, None) for weekday in range(DAYS_A_WEEK)]
    seen = {(day.weekday, day.old, day.new) for day in days}
    for day in range(today, today + AHEAD_DAYS):
        like = ((day - 1) % DAYS_A_WEEK, old.special_days.get(day), new.special_days.get(day))
        if like not in seen:
            seen.add(like)
            days.append(_Day(*like, day))
    return tuple(days)


def _windows(schedule: Schedule, day: _Day, new: bool) -> tuple[Window, ...]:
    kind = day.new if new else day.old
    if kind is not None and kind in schedule.special:
        return schedule.special[kind]
    return schedule.week[day.weekday] if day.weekday < len(schedule.week) else ()


def _minutes(windows: Iterable[Window]) -> int:
    found = 0
    for window in windows:
        found |= (1 << window.end_minute) - (1 << window.start_minute)
    return found


def _runs(minutes: int) -> tuple[Window, ...]:
    """The runs of set bits, as windows."""
    found = []
    at = 0
    while minutes:
        gap = (minutes & -minutes).bit_length() - 1
        minutes >>= gap
        length = (~minutes & (minutes + 1)).bit_length() - 1
        found.append(Window(at + gap, at + gap + length))
        minutes >>= length
        at += gap + length
    return tuple(found)

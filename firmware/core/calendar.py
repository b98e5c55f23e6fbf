"""Local wall time and schedules, from data alone: no clock, no time zone files, no datetime.

A window of a schedule applies by local wall time. So, when the clocks go back, the repeated hour counts twice, and
when they go forward, the missing one never comes.
"""

from __future__ import annotations

from bisect import bisect_right

from firmware.core.access import Rulebook, Wall, Window, Zone

ALWAYS = "always"  # the schedule that is built in; a roster cannot redefine it

DAY_S = 86_400
DAY_MINUTES = 1_440
EPOCH_DAY = 719_163  # proleptic Gregorian ordinal of 1970-01-01; ordinal 1, 0001-01-01, was a Monday


def wall(zone: Zone, utc_s: int) -> Wall:
    """Local wall time at a UTC instant in seconds since 1970. Never fails; before 1970 it counts backwards."""
    local_s = utc_s + zone.offsets_s[bisect_right(zone.transitions_s, utc_s)]
    days, second = divmod(local_s, DAY_S)
    day = days + EPOCH_DAY
    return Wall(utc_s, day, second // 60, (day - 1) % 7)


def known(rulebook: Rulebook, schedule: str) -> bool:
    """Whether there is such a schedule."""
    return schedule == ALWAYS or schedule in rulebook.schedules


def active(rulebook: Rulebook, schedule: str, at: Wall) -> bool:
    """Whether a schedule is active at this wall time. An unknown schedule never is."""
    if schedule == ALWAYS:
        return True
    return any(
        window.start_minute <= at.minute < window.end_minute
        for window in _windows(rulebook, schedule, at.day, at.weekday)
    )


def next_change(rulebook: Rulebook, schedule: str, zone: Zone, utc_s: int) -> int | None:
    """The earliest UTC second after `utc_s` at which `active` may change: an edge of a window, midnight, a transition.

    None where it never can: "always" and unknown schedules. It is at most a day ahead otherwise, and between `utc_s`
    and the answer membership does not change.
    """
    if schedule == ALWAYS or schedule not in rulebook.schedules:
        return None
    piece = bisect_right(zone.transitions_s, utc_s)
    days, second = divmod(utc_s + zone.offsets_s[piece], DAY_S)
    day = days + EPOCH_DAY
    midnight_s = utc_s - second  # of this local day, as if this offset held all day: it holds until the transition
    candidates = [midnight_s + DAY_S]
    for window in _windows(rulebook, schedule, day, (day - 1) % 7):
        candidates.append(midnight_s + window.start_minute * 60)
        candidates.append(midnight_s + window.end_minute * 60)
    if piece < len(zone.transitions_s):
        candidates.append(zone.transitions_s[piece])
    return min(instant for instant in candidates if instant > utc_s)


def _windows(rulebook: Rulebook, schedule: str, day: int, weekday: int) -> tuple[Window, ...]:
    """The windows of one day: those of its kind of special day where the schedule has them, else the week's."""
    found = rulebook.schedules.get(schedule)
    if found is None:
        return ()
    kind = rulebook.special_days.get(day)
    if kind is not None and kind in found.special:
        return found.special[kind]
    return found.week[weekday] if weekday < len(found.week) else ()

"""When a schedule next opens or closes: the calendar of the gate asked on, instant by instant, for a year and a bit."""

from __future__ import annotations

from typing import NamedTuple

from firmware.core import calendar
from firmware.core.access import Rulebook, Zone

AHEAD_S = 400 * calendar.DAY_S


class Turn(NamedTuple):
    """Whether it is open at an instant, and the first second after it at which that is otherwise; None: never soon."""

    open_now: bool
    turns_s: int | None


def turn(book: Rulebook, schedule: str, zone: Zone, at_s: int) -> Turn:
    """Local time with its changes of clocks, special days and all, as at the gate. `at_s` is UTC."""
    now = calendar.active(book, schedule, calendar.wall(zone, at_s))
    instant = calendar.next_change(book, schedule, zone, at_s)
    while instant is not None and instant <= at_s + AHEAD_S:
        if calendar.active(book, schedule, calendar.wall(zone, instant)) is not now:
            return Turn(now, instant)
        instant = calendar.next_change(book, schedule, zone, instant)  # always later: the loop ends
    return Turn(now, None)

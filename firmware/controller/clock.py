"""The controller's clocks: the only place where wall time is read. Durations live on the event loop's monotonic clock.

Wall time may be unknown (a board without a battery starts in 1970) or jump; both are facts with a policy in the core.
"""

from __future__ import annotations

import asyncio
import time  # noqa: TID251  the one room that may
from typing import Protocol

from firmware.core.facts import ClockLost, ClockSet

RELEASED_UTC_MS = 1_767_225_600_000  # 2026-01-01: no controller with this firmware can live before it
HORIZON_MS = 25 * 365 * 86_400_000  # a clock further ahead than this is wrong, not late (2099 by a spoofed source)
BACK_MS_MAX = 86_400_000  # wall time more than a day before the newest journal row is not believed
STEP_MS_MIN = 500  # a smaller difference is drift, not a step; GB 50396 asks for <= 10 s a week
WATCH_S = 2.0  # a jump is told to the core within this time; GA/T 1742 allows 5 s


class Wall(Protocol):
    """A source of wall time."""

    def utc_ms(self) -> int:
        """Milliseconds since 1970 as the source believes."""


class SystemWall:
    """The operating system's clock."""

    def utc_ms(self) -> int:
        return time.time_ns() // 1_000_000


class Clock:
    """Monotonic time from the running loop, wall time from `wall` where it can be believed."""

    def __init__(self, loop: asyncio.AbstractEventLoop, wall: Wall, newest_utc_ms: int | None = None) -> None:
        self._loop = loop
        self._wall = wall
        self._floor_utc_ms = RELEASED_UTC_MS
        self.believe_from(newest_utc_ms)
        self._offset_ms: int | None = None  # wall minus monotonic, as last told to the core
        self._told = False

    def believe_from(self, newest_utc_ms: int | None) -> None:
        """Do not believe wall time that is more than BACK_MS_MAX before what the journal has seen."""
        self._floor_utc_ms = max(self._floor_utc_ms, (newest_utc_ms or 0) - BACK_MS_MAX)

    def now_ms(self) -> int:
        # By microseconds: 1031.697 s as a float is a hair less than 1031697 ms, and a deadline would never be reached.
        return round(self._loop.time() * 1_000_000) // 1000

    def utc_ms(self) -> int | None:
        """Wall time, or None while it cannot be believed."""
        utc_ms = self._wall.utc_ms()
        if self._floor_utc_ms <= utc_ms <= RELEASED_UTC_MS + HORIZON_MS:
            return utc_ms
        return None

    def utc_s(self) -> int | None:
        """The same in whole seconds."""
        utc_ms = self.utc_ms()
        return None if utc_ms is None else utc_ms // 1000

    def check(self) -> ClockSet | ClockLost | None:
        """What the core must learn about wall time now: at the first call always something, later only changes."""
        utc_ms = self.utc_ms()
        if utc_ms is None:
            if self._told and self._offset_ms is None:
                return None
            self._told, self._offset_ms = True, None
            return ClockLost(why=f"the system clock says {self._wall.utc_ms() // 1000} s since 1970")
        offset_ms = utc_ms - self.now_ms()
        if self._offset_ms is not None and abs(offset_ms - self._offset_ms) < STEP_MS_MIN:
            return None
        self._told, self._offset_ms = True, offset_ms
        return ClockSet(utc_ms=utc_ms)

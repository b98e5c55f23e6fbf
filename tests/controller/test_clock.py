"""Wall time that is known, unknown, stepped, spoofed far ahead, or set back before what the journal has seen."""

from __future__ import annotations

import pytest

from firmware.controller.clock import BACK_MS_MAX, HORIZON_MS, RELEASED_UTC_MS, Clock
from firmware.core.facts import ClockLost, ClockSet

NOON_2026 = 1_795_435_200_000  # 2026-11-23T12:00:00Z


class Loop:
    """A loop that has only a time."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def time(self) -> float:
        return self.now_s


class Wall:
    def __init__(self, utc_ms: int) -> None:
        self.at_ms = utc_ms

    def utc_ms(self) -> int:
        return self.at_ms


def made(utc_ms: int, newest: int | None = None) -> tuple[Loop, Wall, Clock]:
    loop, wall = Loop(), Wall(utc_ms)
    return loop, wall, Clock(loop, wall, newest)


def test_the_first_check_always_tells_and_drift_is_no_step():
    loop, wall, clock = made(NOON_2026)
    assert clock.check() == ClockSet(utc_ms=NOON_2026)
    loop.now_s += 60
    wall.at_ms += 60_000 + 400  # 0.4 s of drift in a minute
    assert clock.check() is None


@pytest.mark.parametrize("step_ms", [-3_600_000, -600, 600, 3_600_000])
def test_a_step_is_told_once(step_ms: int):
    loop, wall, clock = made(NOON_2026)
    clock.check()
    loop.now_s += 1
    wall.at_ms += 1_000 + step_ms
    assert clock.check() == ClockSet(utc_ms=wall.at_ms)
    loop.now_s += 1
    wall.at_ms += 1_000
    assert clock.check() is None


@pytest.mark.attack("clock-06")
def test_1970_is_no_time_and_is_told_once():
    _, wall, clock = made(17_000)
    assert isinstance(clock.check(), ClockLost)
    assert clock.check() is None
    assert clock.utc_ms() is None
    wall.at_ms = NOON_2026
    assert clock.check() == ClockSet(utc_ms=NOON_2026)


@pytest.mark.attack("clock-07")
def test_2099_is_not_believed():
    _, wall, clock = made(4_076_000_000_000)  # 2099-03
    assert isinstance(clock.check(), ClockLost)
    wall.at_ms = RELEASED_UTC_MS + HORIZON_MS
    assert isinstance(clock.check(), ClockSet)


@pytest.mark.attack("clock-08")
def test_a_clock_set_back_before_the_journal_is_not_believed():
    _, wall, clock = made(NOON_2026 - BACK_MS_MAX - 1, newest=NOON_2026)
    assert isinstance(clock.check(), ClockLost)
    wall.at_ms = NOON_2026 - BACK_MS_MAX
    assert clock.check() == ClockSet(utc_ms=NOON_2026 - BACK_MS_MAX)

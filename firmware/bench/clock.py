"""The benches' stopwatch: the only room besides the controller's clock that reads one."""

from __future__ import annotations

import time  # noqa: TID251  measuring is what this room is for


def now_ns() -> int:
    """Nanoseconds of the finest clock there is; only differences mean anything."""
    return time.perf_counter_ns()


def monotonic_ns() -> int:
    """CLOCK_MONOTONIC, the clock of edges' stamps."""
    return time.monotonic_ns()


def utc_ms() -> int:
    """Wall time in milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def rest(seconds: float) -> None:
    """Wait, where the thing measured is a rate or a rhythm."""
    time.sleep(seconds)

"""The event loop's clock in the unit of the stamps. Both are CLOCK_MONOTONIC, or the virtual clock of a test."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

# A loop's timer may come this much before its instant: time() is a float of seconds, and loops round to their clock.
SLACK_NS = 1_000

# A stamp this far ahead of the loop's clock is of another clock: a bus's fault that must not keep a device waiting.
AHEAD_NS_MAX = 1_000_000_000


def loop_ns() -> int:
    """Now, in nanoseconds of the running loop."""
    return round(asyncio.get_running_loop().time() * 1e9)


def call_at_ns(at_ns: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
    """Call back at an instant of the running loop, at most SLACK_NS early."""
    return asyncio.get_running_loop().call_at(at_ns / 1e9, callback)

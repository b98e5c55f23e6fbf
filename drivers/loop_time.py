"""The event loop's clock in the unit of the stamps. Both are CLOCK_MONOTONIC, or the virtual clock of a test.

asyncio is imported when a driver runs: `menshen safe` makes drivers, runs none, and has no time for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

# A loop's timer may come this much before its instant: time() is a float of seconds, and loops round to their clock.
SLACK_NS = 1_000

# A stamp this far ahead of the loop's clock is of another clock: a bus's fault that must not keep a device waiting.
AHEAD_NS_MAX = 1_000_000_000


def loop_ns() -> int:
    """Now, in nanoseconds of the running loop."""
    return round(running_loop().time() * 1e9)


def call_at_ns(at_ns: int, callback: Callable[[], None]) -> asyncio.TimerHandle:
    """Call back at an instant of the running loop, at most SLACK_NS early."""
    return running_loop().call_at(at_ns / 1e9, callback)


def running_loop() -> asyncio.AbstractEventLoop:
    import asyncio

    return asyncio.get_running_loop()

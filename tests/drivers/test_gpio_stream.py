"""Edges from the kernel's descriptor in the loop: what is read late is told at once, before anybody judges a silence.

The kernel's side is a request that hands out what a test has put there; the real one is read in the kernel rig.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterable
from types import SimpleNamespace

import gpiod
import pytest

from drivers.bus.gpio_stream import GpioStream
from drivers.bus.lines import Edge, Overflow

LINES = {17: "D0", 27: "D1"}
US, MS = 1_000, 1_000_000
KINDS = {True: gpiod.EdgeEvent.Type.RISING_EDGE, False: gpiod.EdgeEvent.Type.FALLING_EDGE}


class Request:
    """What a LineRequest does for a stream: a descriptor that is readable while there are events."""

    def __init__(self) -> None:
        self.fd, self._far = os.pipe()
        self._events: list[SimpleNamespace] = []

    def put(self, events: Iterable[tuple[int, int, bool, int]]) -> None:
        """(number, offset, level, stamp) of each."""
        self._events += [
            SimpleNamespace(global_seqno=number, line_offset=offset, event_type=KINDS[level], timestamp_ns=at_ns)
            for number, offset, level, at_ns in events
        ]
        os.write(self._far, b"!")

    def get_values(self, lines: list[int]) -> list[gpiod.line.Value]:
        return [gpiod.line.Value.ACTIVE for _ in lines]

    def read_edge_events(self, most: int) -> list[SimpleNamespace]:
        os.read(self.fd, 100)
        taken, self._events = self._events[:most], self._events[most:]
        return taken

    def wait_edge_events(self, timeout: int) -> bool:
        return bool(self._events)

    def release(self) -> None:
        os.close(self.fd)
        os.close(self._far)


def streamed(body: Callable[[Request, list[Edge | Overflow], int], Iterable[object]]) -> list[Edge | Overflow]:
    """Run a body that gives the loop one turn at each `yield`."""

    async def run() -> list[Edge | Overflow]:
        request, told = Request(), []
        stream = GpioStream(request, LINES, "reader", told.extend, pytest.fail)  # type: ignore[arg-type]
        try:
            for _ in body(request, told, round(asyncio.get_running_loop().time() * 1e9)):
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        finally:
            stream.close()
        return told

    return asyncio.run(run())


def test_an_edge_under_way_is_waited_for() -> None:
    def body(request: Request, told: list[Edge | Overflow], now_ns: int) -> Iterable[object]:
        ahead_ns = now_ns + 10 * MS  # however slow this machine is, it is not late for these
        request.put([(2, 27, False, ahead_ns + 30 * US)])
        yield
        assert told == []
        request.put([(1, 17, False, ahead_ns)])
        yield
        assert told == [Edge("D0", False, ahead_ns), Edge("D1", False, ahead_ns + 30 * US)]

    streamed(body)


def test_edges_that_are_read_late_wait_for_nothing() -> None:
    """The first one is missing 5 ms later: it is lost, and the others are told before the loop's timers."""

    def body(request: Request, told: list[Edge | Overflow], now_ns: int) -> Iterable[object]:
        late_ns = now_ns - 5 * MS
        request.put([(2, 17, True, late_ns), (3, 27, False, late_ns + MS)])
        yield
        assert told == [Overflow("D0", late_ns), Edge("D0", True, late_ns), Edge("D1", False, late_ns + MS)]

    streamed(body)

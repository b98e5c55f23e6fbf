"""Edges of Wiegand lines from the kernel through gpiod: one request for all of a reader's lines, read in the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from drivers.bus.gpio_chip import EVENTS_MAX
from drivers.bus.gpio_edges import HELD_NS, EdgeOrder, KernelEdge
from drivers.bus.gpiod_two import gpiod
from drivers.bus.lines import BusError, Edge, OnEdges, Overflow

READS_MAX = 8  # in one callback: eight kernel buffers, so that a flood leaves room for the rest of the loop

_RISING = gpiod.EdgeEvent.Type.RISING_EDGE


class GpioStream:
    """An EdgeStream. `lines`: offset -> the name that the driver gave the line."""

    def __init__(
        self,
        request: gpiod.LineRequest,
        lines: Mapping[int, str],
        holder: str,
        on_edges: OnEdges,
        lost: Callable[[str], None],
    ) -> None:
        """`lost` is called with the reason when the lines cannot be read."""
        self.holder = holder
        self._request: gpiod.LineRequest | None = request
        self._lines = dict(lines)
        self._on_edges = on_edges
        self._lost = lost
        self._why = f"{holder}: its lines are not claimed any more"
        self._timer: asyncio.TimerHandle | None = None
        values = request.get_values(list(lines))
        self._order = EdgeOrder(
            {name: value is gpiod.line.Value.ACTIVE for name, value in zip(lines.values(), values, strict=True)}
        )
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(request.fd, self._readable)

    async def ready(self) -> None:
        if self._request is None:
            raise BusError(self._why)

    def close(self) -> None:
        request, self._request = self._request, None
        if request is None:
            return
        if not self._loop.is_closed():  # safe() may run after the event loop has ended
            self._loop.remove_reader(request.fd)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        request.release()

    def fail(self, why: str) -> None:
        """The bus is lost."""
        self._why = why
        self.close()

    @property
    def open(self) -> bool:
        return self._request is not None

    def counters(self) -> dict[str, int]:
        return {"late_edges": self._order.late, "repaired_edges": self._order.repaired}

    def _readable(self) -> None:
        """Take all there is before any timer of this turn of the loop runs: a driver's frame may end on silence."""
        more = True
        for _ in range(READS_MAX):
            request = self._request
            if request is None:
                return  # closed by who took the edges
            try:
                events = request.read_edge_events(EVENTS_MAX)
                more = request.wait_edge_events(0)  # asked even when the buffer was full: an empty one is waited for
            except OSError as error:
                self._lost(f"the lines of {self.holder} cannot be read: {error.strerror}")
                return
            lines = self._lines
            told = self._order.feed(
                [
                    KernelEdge(
                        event.global_seqno, lines[event.line_offset], event.event_type is _RISING, event.timestamp_ns
                    )
                    for event in events
                ]
            )
            self._tell(told)
            if not more:
                break
        oldest_ns = self._order.oldest_ns
        if oldest_ns is None or self._request is None:
            return
        if not more and round(self._loop.time() * 1e9) - oldest_ns > HELD_NS:
            self._tell(
                self._order.expire()
            )  # we are late: what it waits for would be here, and silences are judged now
        elif self._timer is None:
            self._timer = self._loop.call_later(HELD_NS / 1e9, self._expire)

    def _expire(self) -> None:
        self._timer = None
        self._tell(self._order.expire())

    def _tell(self, edges: Sequence[Edge | Overflow]) -> None:
        if edges and self._request is not None:
            self._on_edges(edges)

"""The wires between plants and far end: who drives which line, its level now, edges with exact stamps, faults.

Plants put levels on inputs of the controller, at once or at an instant to come; the far end drives outputs. An edge
carries the instant it was planned for, as a kernel's stamp does; it is delivered at or after that instant. All random
choices come from one seed. "Input" and "output" are seen from the controller.
"""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from drivers.bus.lines import Edge
from firmware.rehearsal.errors import LayoutError

PLANNED_EDGES_MAX = 100_000  # a storm plans 10 ms ahead, a frame 400 edges: more is a plant run wild
DUE_SLACK_NS = 2_000  # a float of seconds holds no nanoseconds after some weeks of uptime

OnEdges = Callable[[list[Edge]], None]
OnLevel = Callable[[bool, int], None]


class _Planned(NamedTuple):
    at_ns: int
    order: int  # keeps edges of one instant in the order in which they were put
    line: str
    level: bool


class _Input:
    """An input of the controller: the level its plant gives it, and what is wrong with the wire."""

    def __init__(self, level: bool) -> None:
        self.given = level
        self.stuck: dict[str, bool] = {}  # why -> level; the latest one counts
        self.inverted = False
        self.lost_share = 0.0

    def seen(self) -> bool:
        if self.stuck:
            return next(reversed(self.stuck.values()))
        return self.given != self.inverted


class _Output:
    """An output of the controller: keeps its level when nobody is there."""

    def __init__(self, level: bool, on_level: OnLevel) -> None:
        self.level = level
        self.cut = False
        self.listeners = [on_level]


class Wires:
    """All lines of one site. `loop` gives time and timers; levels are electrical (True: high).

    All edges of a card's frame are handed out together at its last one, with their exact stamps: the far end is no
    kernel, and on a busy machine it wakes late between two bits, which a driver must take for a frame's end (with
    both cores burning, 33 of 40 cards were cut). `edge_by_edge` hands them out one by one: for virtual time, where
    nobody wakes late.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, seed: int, *, edge_by_edge: bool = False) -> None:
        self.random = random.Random(seed)
        self._loop = loop
        self._edge_by_edge = edge_by_edge
        self._inputs: dict[str, _Input] = {}
        self._outputs: dict[str, _Output] = {}
        self._planned: list[_Planned] = []
        self._order = 0
        self._timer: asyncio.TimerHandle | None = None
        self._delivering = False
        self._on_edges: list[OnEdges] = []
        self._on_change: list[Callable[[], None]] = []

    # --- building ---

    def add_input(self, line: str, level: bool, plant: str) -> None:
        """A plant takes a line that it will drive. Raises LayoutError when it is taken."""
        self._demand_free(line, plant)
        self._inputs[line] = _Input(level)

    def add_output(self, line: str, plant: str, on_level: OnLevel) -> None:
        """A plant listens to a line that the controller drives; low until somebody does. Raises LayoutError."""
        self._demand_free(line, plant)
        self._outputs[line] = _Output(False, on_level)

    def _demand_free(self, line: str, plant: str) -> None:
        if line in self._inputs or line in self._outputs:
            raise LayoutError(f"{plant}: line {line} is taken by another plant; give each line to one plant")

    # --- time ---

    def now_ns(self) -> int:
        """CLOCK_MONOTONIC, or the virtual clock."""
        return round(self._loop.time() * 1e9)

    def call_in(self, delay_ms: float, then: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_later(delay_ms / 1e3, then)

    def call_at_ns(self, at_ns: int, then: Callable[[], None]) -> asyncio.TimerHandle:
        return self._loop.call_at(at_ns / 1e9, then)

    # --- inputs ---

    def put(self, line: str, level: bool, at_ns: int | None = None) -> None:
        """The plant's side of an input has this level, now or from `at_ns` on (edges of one line in order, please)."""
        self.put_all((Edge(line, level, self.now_ns() if at_ns is None else at_ns),))

    def put_frame(self, edges: Sequence[Edge]) -> None:
        """Edges to come that belong together, in order of stamps."""
        if self._edge_by_edge:
            self.put_all(edges)
        else:
            self._loop.call_at(edges[-1].at_ns / 1e9, self.put_all, edges)

    def put_all(self, edges: Sequence[Edge]) -> None:
        """Edges to come."""
        assert len(self._planned) + len(edges) <= PLANNED_EDGES_MAX
        for edge in edges:
            assert edge.line in self._inputs, edge.line
            self._order += 1
            heapq.heappush(self._planned, _Planned(edge.at_ns, self._order, edge.line, edge.level))
        self.deliver()

    def given(self, line: str) -> bool:
        """What the plant puts on an input, whatever the wire makes of it."""
        return self._inputs[line].given

    def levels(self, lines: Iterable[str]) -> dict[str, bool]:
        """Levels of inputs as the controller sees them."""
        return {line: self._inputs[line].seen() for line in lines}

    def read(self, lines: Iterable[str]) -> dict[str, bool]:
        """The same, where the controller asks for them again: it knows of no edge that was lost before."""
        return self.levels(lines)

    def is_input(self, line: str) -> bool:
        return line in self._inputs

    def is_output(self, line: str) -> bool:
        return line in self._outputs

    def deliver(self) -> None:
        """Hand out every edge that is due. Called by the timer; harmless at any time."""
        if self._delivering:
            return  # whoever is delivering will come to it
        self._delivering = True
        try:
            while edges := self._due():
                for on_edges in tuple(self._on_edges):
                    on_edges(edges)
        finally:
            self._delivering = False
            self._arm()

    def _due(self) -> list[Edge]:
        edges: list[Edge] = []
        limit_ns = self.now_ns() + DUE_SLACK_NS
        while self._planned and self._planned[0].at_ns <= limit_ns:
            at_ns, _, line, level = heapq.heappop(self._planned)
            wire = self._inputs[line]
            seen = wire.seen()
            wire.given = level
            if wire.seen() == seen:
                continue
            if wire.lost_share and self.random.random() < wire.lost_share:
                continue
            edges.append(Edge(line, not seen, at_ns))
        return edges

    def _arm(self) -> None:
        if not self._planned or self._delivering:
            return
        at_s = self._planned[0].at_ns / 1e9
        if self._timer is not None:
            if self._timer.when() <= at_s:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(at_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        self.deliver()

    # --- faults of a wire ---

    def stick(self, line: str, why: str, level: bool | None) -> None:
        """An input shows `level` whatever its plant does (broken wire: high, by the pull-up); None mends this fault."""
        wire = self._inputs[line]
        before = wire.seen()
        wire.stuck.pop(why, None)
        if level is not None:
            wire.stuck[why] = level
        self._changed_by_fault(line, before)

    def invert(self, line: str, inverted: bool) -> None:
        """The wrong side of a change-over contact is wired: an input shows the opposite of what its plant does."""
        wire = self._inputs[line]
        before = wire.seen()
        wire.inverted = inverted
        self._changed_by_fault(line, before)

    def _changed_by_fault(self, line: str, before: bool) -> None:
        seen = self._inputs[line].seen()
        if seen != before:
            edge = Edge(line, seen, self.now_ns())
            for on_edges in tuple(self._on_edges):
                on_edges([edge])

    def lose_edges(self, line: str, share: float) -> None:
        """This share of the edges of an input, 0 to 1, is never heard of; the level changes all the same."""
        assert 0 <= share <= 1
        self._inputs[line].lost_share = share

    def cut(self, line: str, cut: bool) -> None:
        """The wire from an output to its plant is cut: the plant sees low."""
        output = self._outputs[line]
        before = self.reaches(line)
        output.cut = cut
        if self.reaches(line) != before:
            self._tell(output, self.reaches(line))

    # --- outputs ---

    def drive(self, line: str, level: bool) -> None:
        """The controller drives an output."""
        output = self._outputs[line]
        before = self.reaches(line)
        output.level = level
        if self.reaches(line) != before:
            self._tell(output, self.reaches(line))

    def driven(self, line: str) -> bool:
        """The level the controller gave an output last."""
        return self._outputs[line].level

    def reaches(self, line: str) -> bool:
        """The level that reaches the plant."""
        output = self._outputs[line]
        return output.level and not output.cut

    def watch_output(self, line: str, on_level: OnLevel) -> None:
        """Also tell `on_level(level, at_ns)` of each change of an output: for tests and benches."""
        self._outputs[line].listeners.append(on_level)

    def _tell(self, output: _Output, level: bool) -> None:
        at_ns = self.now_ns()
        for on_level in tuple(output.listeners):
            on_level(level, at_ns)
        self.changed()

    # --- listeners ---

    def listen(self, on_edges: OnEdges) -> Callable[[], None]:
        """Batches of edges of all inputs, in order of stamps; returns what ends it."""
        self._on_edges.append(on_edges)
        return lambda: self._on_edges.remove(on_edges) if on_edges in self._on_edges else None

    def on_change(self, changed: Callable[[], None]) -> Callable[[], None]:
        """Called after anything a person could see has changed; returns what ends it."""
        self._on_change.append(changed)
        return lambda: self._on_change.remove(changed) if changed in self._on_change else None

    def changed(self) -> None:
        for changed in tuple(self._on_change):
            changed()

    def close(self) -> None:
        """Forget every edge to come. Idempotent."""
        self._planned.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

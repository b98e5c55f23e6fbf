"""What the kernel tells of edges, put right: in order, with what was lost told as lost, and each level as it was.

No I/O and no clock. Three things are not as they seem (drivers/gpio/gpiolib-cdev.c). Stamp and number of an edge are
taken in the interrupt, but it is handed over by a thread, one for each line: so edges of two lines arrive in another
order than they came. The number counts every edge of the request: one that is missing was lost, or is under way. And
where both edges are asked for, the level is read by the thread: a pulse that is shorter than the thread is late has
two edges at the level after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple

from drivers.bus.lines import Edge, Overflow

NUMBERS = 1 << 32  # they are unsigned and of 32 bits: at 20,000 edges a second they begin again every 60 hours
HELD_NS = 1_000_000  # that an edge is waited for: a thread is late by some 0.1 ms, and no frame ends before 2 ms
HELD_MAX = 64  # edges behind a missing one: threads overtake each other by a few, the kernel's buffer loses hundreds

_stamp = attrgetter("at_ns")


class KernelEdge(NamedTuple):
    """One edge as the kernel hands it over. `number`: of the request, from 1."""

    number: int
    line: str
    level: bool
    at_ns: int


class EdgeOrder:
    """The edges of one request, in order. What cannot be told yet is held back until feed() or expire()."""

    def __init__(self, levels: dict[str, bool]) -> None:
        """`levels`: of the lines, before the first edge."""
        self._levels: dict[str, bool | None] = dict(levels)  # None: unknown
        self._next = 1
        self._held: list[KernelEdge] = []
        self.late = 0  # edges that came after they had been told as lost
        self.repaired = 0  # levels that the kernel had read too late

    @property
    def waiting(self) -> bool:
        """Whether something is held back: call expire() HELD_NS after the last feed()."""
        return bool(self._held)

    @property
    def oldest_ns(self) -> int | None:
        """The stamp of the first edge that is held back."""
        return self._held[0].at_ns if self._held else None

    def feed(self, edges: Iterable[KernelEdge]) -> list[Edge | Overflow]:
        """Take what has arrived; returns what can be told now, in order of stamps."""
        for edge in edges:
            if self._ahead(edge) >= NUMBERS // 2:
                self.late += 1
            else:
                self._held.append(edge)
        self._held.sort(key=self._ahead)
        return self._told(given_up=False)

    def expire(self) -> list[Edge | Overflow]:
        """What was waited for does not come: tell the rest, and what is missing as lost."""
        return self._told(given_up=True)

    def _ahead(self, edge: KernelEdge) -> int:
        return (edge.number - self._next) % NUMBERS

    def _told(self, given_up: bool) -> list[Edge | Overflow]:
        told: list[Edge | Overflow] = []
        held = self._held
        at = 0
        while at < len(held):
            edge = held[at]
            if self._ahead(edge):
                if not given_up and len(held) - at <= HELD_MAX:
                    break
                told.append(Overflow(edge.line, edge.at_ns))
                self._levels = dict.fromkeys(self._levels)
                self._next = edge.number
            level = edge.level
            if level == self._levels[edge.line]:
                following = self._following(held, at)
                if following is None and not given_up and len(held) - at <= HELD_MAX:
                    break
                if following is not None and following.level == level:
                    level = not level  # two edges at one level: the first was read after the second had come
                    self.repaired += 1
                else:
                    told.append(Overflow(edge.line, edge.at_ns))  # the other edge was so close that none was told
            told.append(Edge(edge.line, level, edge.at_ns))
            self._levels[edge.line] = level
            self._next = (edge.number + 1) % NUMBERS
            at += 1
        del held[:at]
        told.sort(key=_stamp)
        return told

    def _following(self, held: Sequence[KernelEdge], at: int) -> KernelEdge | None:
        """The next edge of the same line, where none is missing up to it."""
        edge = held[at]
        for index in range(at + 1, len(held)):
            later = held[index]
            if (later.number - edge.number) % NUMBERS != index - at:
                return None
            if later.line == edge.line:
                return later
        return None

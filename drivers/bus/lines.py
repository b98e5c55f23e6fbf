"""The bus of digital lines: inputs, outputs and edge streams with time stamps. A protocol; no implementation here.

Levels are electrical (True: high); which level means active or released is the device's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

# A kernel or a bus can lose an edge without a word, and a level that was told stands until the next one. So a bus reads
# the line of each claim_input() itself, at least this often. 0.4 s: less than half of the shortest warning before a
# barrier closes (1 s), so that none begins to close on an edge that was lost before its warning.
READ_NS = 400_000_000


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """One edge: the line's name, the level after it, and its stamp on CLOCK_MONOTONIC in nanoseconds."""

    line: str
    level: bool
    at_ns: int


class Found(Edge, frozen=True, array_like=True):
    """An edge that was lost: a reading found this level, which no edge has told. Stamped when it was read."""


class Overflow(msgspec.Struct, frozen=True, array_like=True):
    """Edges were lost before this point (the kernel's or the socket's buffer was full)."""

    line: str
    at_ns: int


class InputLine(Protocol):
    """One claimed input."""

    async def ready(self) -> None:
        """Return when the first level is known. Raises BusError when the bus refuses the line or is lost."""

    def level(self) -> bool:
        """The level now. Raises BusError when the bus is lost."""

    def close(self) -> None:
        """Release the claim. Idempotent."""


class OutputLine(Protocol):
    """One claimed output. Keeps its level when the claim ends: see safe()."""

    def set(self, level: bool) -> None:
        """Raises BusError when the bus is lost."""

    def close(self) -> None: ...


class EdgeStream(Protocol):
    """Several inputs in one request, so that their edges share one clock and one order."""

    async def ready(self) -> None:
        """Return when the lines are watched. Raises BusError when the bus refuses one or is lost."""

    def counters(self) -> dict[str, int]:
        """What the bus has put right in their edges; nothing where it hands them over as they come."""

    def close(self) -> None: ...


OnEdges = Callable[[Sequence[Edge | Overflow]], None]


class Lines(Protocol):
    """A bus of lines. One claim a line; a second one raises BusError and says who holds it."""

    async def open(self) -> None:
        """Connect. Raises BusError. Idempotent."""

    async def lost(self) -> str:
        """Return, with the reason, when the bus is lost; until then wait."""

    def claim_input(self, line: str, holder: str, on_edges: OnEdges) -> InputLine:
        """Claim one input; `on_edges` is called in the event loop with batches in order of stamps.

        While it is claimed its line is read every READ_NS, and what no edge has told is handed over as Found, behind
        the edges before it. A bus that cannot read a line is lost.
        """

    def claim_output(self, line: str, holder: str, level: bool) -> OutputLine:
        """Claim one output and drive it to `level` at once."""

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> EdgeStream:
        """Claim several inputs as one stream (Wiegand D0 and D1). Pulses are too short to be found by reading."""

    def set_now(self, line: str, level: bool) -> None:
        """Drive an output without a claim and without the event loop: for safe(). Raises BusError."""

    def close(self) -> None:
        """Release everything. Outputs keep their level. Idempotent."""


class BusError(Exception):
    """The bus refused or is lost: which line, who holds it, what to do."""

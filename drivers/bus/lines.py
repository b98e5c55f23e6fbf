"""The bus of digital lines: inputs, outputs and edge streams with time stamps. A protocol; no implementation here.

Levels are electrical (True: high); which level means active or released is the device's business.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec


class Edge(msgspec.Struct, frozen=True, array_like=True):
    """One edge: the line's name, the level after it, and its stamp on CLOCK_MONOTONIC in nanoseconds."""

    line: str
    level: bool
    at_ns: int


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

    def close(self) -> None: ...


OnEdges = Callable[[Sequence[Edge | Overflow]], None]


class Lines(Protocol):
    """A bus of lines. One claim a line; a second one raises BusError and says who holds it."""

    async def open(self) -> None:
        """Connect. Raises BusError. Idempotent."""

    async def lost(self) -> str:
        """Return, with the reason, when the bus is lost; until then wait."""

    def claim_input(self, line: str, holder: str, on_edges: OnEdges) -> InputLine:
        """Claim one input; `on_edges` is called in the event loop with batches in order of stamps."""

    def claim_output(self, line: str, holder: str, level: bool) -> OutputLine:
        """Claim one output and drive it to `level` at once."""

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> EdgeStream:
        """Claim several inputs as one stream (Wiegand D0 and D1)."""

    def set_now(self, line: str, level: bool) -> None:
        """Drive an output without a claim and without the event loop: for safe(). Raises BusError."""

    def close(self) -> None:
        """Release everything. Outputs keep their level. Idempotent."""


class BusError(Exception):
    """The bus refused or is lost: which line, who holds it, what to do."""

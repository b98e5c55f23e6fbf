"""What every bus for `menshen safe` refuses: anything but putting outputs to their safe levels."""

from __future__ import annotations

from collections.abc import Sequence

from drivers.bus.lines import BusError, EdgeStream, InputLine, OnEdges, OutputLine

SAFE_ONLY = "this bus only puts outputs to their safe levels; run the controller for anything else"


class SafeOnly:
    """The part of Lines that such a bus does not have. Raises BusError, whatever is asked."""

    async def open(self) -> None:
        raise BusError(SAFE_ONLY)

    async def lost(self) -> str:
        raise BusError(SAFE_ONLY)

    def claim_input(self, line: str, holder: str, on_edges: OnEdges) -> InputLine:
        del on_edges
        raise BusError(f"{holder} cannot have {line}: {SAFE_ONLY}")

    def claim_output(self, line: str, holder: str, level: bool) -> OutputLine:
        del level
        raise BusError(f"{holder} cannot have {line}: {SAFE_ONLY}")

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> EdgeStream:
        del on_edges
        raise BusError(f"{holder} cannot have {', '.join(lines)}: {SAFE_ONLY}")

"""What goes over the socket between a simulated bus and the far end of its wires (the rehearsal process).

Each message is a four-byte big-endian length and that many bytes of MessagePack. The far end owns the levels:
an output keeps its level when the bus disconnects, as a relay board does.
"""

from __future__ import annotations

import msgspec

from drivers.bus.lines import Edge

FRAME_BYTES_MAX = 1 << 20  # one message; a burst of 10,000 edges is 300 kB


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages."""


class Claim(Message, frozen=True):
    """Bus -> far end: watch these inputs from now on. Answered by Levels."""

    lines: tuple[str, ...]


class Read(Message, frozen=True):
    """Bus -> far end: what are the levels of these claimed inputs now? Answered by Levels, behind their edges."""

    lines: tuple[str, ...]


class Release(Message, frozen=True):
    """Bus -> far end: no more edges of these, please."""

    lines: tuple[str, ...]


class Drive(Message, frozen=True):
    """Bus -> far end: this output has this level now."""

    line: str
    level: bool


class Levels(Message, frozen=True):
    """Far end -> bus: levels of claimed inputs at `at_ns`."""

    levels: dict[str, bool]
    at_ns: int


class Edges(Message, frozen=True):
    """Far end -> bus: edges in order of their stamps."""

    edges: tuple[Edge, ...]


class Refused(Message, frozen=True):
    """Far end -> bus: there is no such line, or it is no input."""

    line: str
    why: str


AnyMessage = Claim | Read | Release | Drive | Levels | Edges | Refused

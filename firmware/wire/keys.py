"""Keys, from the bytes that terminals send for them (ECMA-48, xterm's control sequences)."""

from __future__ import annotations

from enum import StrEnum

SEQUENCE_BYTES_MAX = 16  # of one key; longer ones are no key of ours


class Key(StrEnum):
    UP = "up"
    DOWN = "down"
    PAGE_UP = "page_up"
    PAGE_DOWN = "page_down"
    NEXT_PORTAL = "next_portal"
    LAST_PORTAL = "last_portal"
    HOLD = "hold"
    SERVICE = "service"
    YES = "yes"
    REDRAW = "redraw"
    QUIT = "quit"
    OTHER = "other"


# Space, and backspace in both its codes: on many phones it is the one key that repeats. Letters beside the arrows, for
# keyboards without them.
_KEYS: dict[bytes, Key] = {
    b"\x1b[A": Key.UP,
    b"\x1bOA": Key.UP,
    b"k": Key.UP,
    b"\x1b[B": Key.DOWN,
    b"\x1bOB": Key.DOWN,
    b"j": Key.DOWN,
    b"\x1b[5~": Key.PAGE_UP,
    b"b": Key.PAGE_UP,
    b"\x1b[6~": Key.PAGE_DOWN,
    b"n": Key.PAGE_DOWN,
    b"\t": Key.NEXT_PORTAL,
    b"\x1b[C": Key.NEXT_PORTAL,
    b"\x1bOC": Key.NEXT_PORTAL,
    b"p": Key.NEXT_PORTAL,
    b"\x1b[Z": Key.LAST_PORTAL,
    b"\x1b[D": Key.LAST_PORTAL,
    b"\x1bOD": Key.LAST_PORTAL,
    b" ": Key.HOLD,
    b"\x7f": Key.HOLD,
    b"\x08": Key.HOLD,
    b"o": Key.SERVICE,
    b"y": Key.YES,
    b"Y": Key.YES,
    b"\x0c": Key.REDRAW,
    b"q": Key.QUIT,
    b"Q": Key.QUIT,
    b"\x03": Key.QUIT,
    b"\x04": Key.QUIT,
}


def keys(received: bytes) -> list[Key]:
    """The keys in what was read at once, in order. A sequence that was cut is another key, which does nothing."""
    found: list[Key] = []
    place = 0
    while place < len(received):
        length = _length(received[place : place + SEQUENCE_BYTES_MAX])
        found.append(_KEYS.get(received[place : place + length], Key.OTHER))
        place += length
    return found


def _length(rest: bytes) -> int:
    """How many bytes the first key has: an escape sequence ends with its first byte from @ to ~."""
    if rest[:1] != b"\x1b" or len(rest) == 1:
        return 1
    if rest[1:2] not in (b"[", b"O"):
        return 2
    for place in range(2, len(rest)):
        if 0x40 <= rest[place] <= 0x7E:
            return place + 1
    return len(rest)

"""Reads what is there at a descriptor that does not wait: of a serial port, or of a connection."""

from __future__ import annotations

import os

from drivers.bus.lines import BusError

READ_BYTES = 4096  # at a time: what came in a stall of 0.35 s at 115,200 baud; the rest is read in the next turn


def read_there(descriptor: int, name: str) -> bytes:
    """What is there, up to READ_BYTES; empty: nothing. Raises BusError when the far end is gone."""
    try:
        received = os.read(descriptor, READ_BYTES)
    except BlockingIOError:
        return b""
    except OSError as error:
        raise BusError(f"{name} is gone: {error}") from error
    if not received:
        raise BusError(f"{name} is gone: its far end was closed")
    return received

"""What the tables of all devices on a serial line say in the same words: port, baud, parity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum

from drivers.settings import Problem

BAUDS = (4800, 9600, 19200, 38400, 57600, 115200)  # as the devices offer them; slower is too slow for a lane


class Parity(StrEnum):
    NONE = "none"
    EVEN = "even"
    ODD = "odd"


PARITY_LETTER = {Parity.NONE: "N", Parity.EVEN: "E", Parity.ODD: "O"}  # as pyserial names them


def serial_problems(port: str | None, baud: int | None, bauds: Sequence[int] = BAUDS) -> Iterator[Problem]:
    """What is wrong with a port and its baud; None: it is not given here."""
    if port is not None and not port.startswith("/"):
        yield Problem("port", port, "the path of a serial device, like /dev/ttyUSB0")
    if baud is not None and baud not in bauds:
        yield Problem("baud", str(baud), ", ".join(map(str, bauds)))

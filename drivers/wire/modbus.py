"""What is asked of a Modbus device and what its answer may be, without the bytes: modbus_codec.py has those.

Sources: MODBUS Application Protocol Specification V1.1b3 (2012), sections 4.1, 6.1 to 6.6 and 7.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import NamedTuple

EXCEPTION_BYTES = 2  # of a PDU: function and code


class Function(IntEnum):
    """The function codes that are used, by section 6 of the specification."""

    READ_COILS = 1
    READ_INPUTS = 2
    READ_HOLDING = 3
    READ_REGISTERS = 4
    WRITE_COIL = 5
    WRITE_REGISTER = 6

    @property
    def writes(self) -> bool:
        return self >= Function.WRITE_COIL

    @property
    def bits(self) -> bool:
        """True: it reads or writes single bits."""
        return self in (Function.READ_COILS, Function.READ_INPUTS, Function.WRITE_COIL)


class Request(NamedTuple):
    """One request. A read has `quantity`; a write has `value` (a coil: 0 or 1)."""

    unit: int
    function: Function
    address: int
    quantity: int = 1
    value: int = 0


class Answer(NamedTuple):
    """A good answer: the values read (bits as 0 and 1), or the value that the board says it has written."""

    values: tuple[int, ...]


class Fault(StrEnum):
    """Why bytes are no answer; also the names of the counters."""

    TIMEOUT = "timeouts"  # nothing came
    SHORT = "short"  # a frame that ends too early
    CRC = "crc"
    WRONG_UNIT = "wrong_unit"
    LATE = "late"  # an answer, but not to this request
    EXCEPTION = "exceptions"
    BROKEN = "broken"  # a TCP stream in which the next frame cannot be found any more


class Refusal(NamedTuple):
    """No good answer. `code` is the exception's."""

    fault: Fault
    code: int = 0


def answer_pdu_bytes(request: Request) -> int:
    """The length of the good answer's PDU, which follows from the request alone."""
    if request.function.writes:
        return 5
    return 2 + (-(-request.quantity // 8) if request.function.bits else 2 * request.quantity)

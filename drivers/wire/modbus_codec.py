"""Modbus frames: requests to bytes, bytes to an answer or to a reason against it. The only file that knows pymodbus.

pymodbus encodes and decodes; what is believed is judged here. Its own client looks for frames inside noise, takes any
byte count, has one time limit for all requests and retries out of sight: too generous for a gate.
Sources: MODBUS Application Protocol Specification V1.1b3 (2012), sections 4.1, 6.1 to 6.6 and 7; MODBUS over Serial
Line V1.02 (2006), section 2.5.1; MODBUS Messaging on TCP/IP V1.0b (2006), section 3.1.3.
"""

from __future__ import annotations

from typing import NamedTuple

from pymodbus.framer.rtu import FramerRTU
from pymodbus.framer.socket import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadCoilsResponse,
    ReadDiscreteInputsRequest,
    ReadDiscreteInputsResponse,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadHoldingRegistersResponse,
    ReadInputRegistersRequest,
    ReadInputRegistersResponse,
    WriteSingleRegisterRequest,
)

from drivers.wire.modbus import EXCEPTION_BYTES, Answer, Fault, Function, Refusal, Request, answer_pdu_bytes

UNIT_BYTES, CRC_BYTES, MBAP_BYTES = 1, 2, 7
PDU_BYTES_MAX = 253


_decoder = DecodePDU(False)
_rtu = FramerRTU(_decoder)
_tcp = FramerSocket(_decoder)


def _pdu(request: Request) -> bytes:
    made: ModbusPDU
    match request.function:
        case Function.READ_COILS:
            made = ReadCoilsRequest(address=request.address, count=request.quantity)
        case Function.READ_INPUTS:
            made = ReadDiscreteInputsRequest(address=request.address, count=request.quantity)
        case Function.READ_HOLDING:
            made = ReadHoldingRegistersRequest(address=request.address, count=request.quantity)
        case Function.READ_REGISTERS:
            made = ReadInputRegistersRequest(address=request.address, count=request.quantity)
        case Function.WRITE_COIL:
            made = WriteSingleCoilRequest(address=request.address, bits=[bool(request.value)])
        case Function.WRITE_REGISTER:
            made = WriteSingleRegisterRequest(address=request.address, registers=[request.value])
    return bytes([request.function]) + made.encode()


def encode_rtu(request: Request) -> bytes:
    return _rtu.encode(_pdu(request), request.unit, 0)


def encode_tcp(request: Request, transaction: int) -> bytes:
    return _tcp.encode(_pdu(request), request.unit, transaction)


def crc_fits(frame: bytes) -> bool:
    """Whether the last two bytes are the CRC of those before; the low byte comes first on the wire."""
    return len(frame) > CRC_BYTES and FramerRTU.check_CRC(frame[:-CRC_BYTES], int.from_bytes(frame[-CRC_BYTES:], "big"))


def judge_rtu(request: Request, received: bytes) -> Answer | Refusal | None:
    """What was received since the request was sent; None: the answer may still be under way.

    Only exactly one frame is an answer: the unit, the function, the length and the byte count that were asked for, with
    its CRC and with nothing before or after it.
    """
    if len(received) < 2:
        return None
    exception = received[1] == request.function | 0x80
    size = UNIT_BYTES + (EXCEPTION_BYTES if exception else answer_pdu_bytes(request)) + CRC_BYTES
    if len(received) < size:
        return None
    if len(received) > size or not crc_fits(received):
        return Refusal(Fault.CRC)
    if received[0] != request.unit:
        return Refusal(Fault.WRONG_UNIT)
    return judge_pdu(request, received[UNIT_BYTES:-CRC_BYTES])


def at_the_end(request: Request, received: bytes) -> Refusal:
    """Why what was received until the time limit is no answer; for the counters."""
    if not received:
        return Refusal(Fault.TIMEOUT)
    if crc_fits(received):
        return Refusal(Fault.WRONG_UNIT if received[0] != request.unit else Fault.LATE)
    whole = UNIT_BYTES + answer_pdu_bytes(request) + CRC_BYTES
    return Refusal(Fault.SHORT if len(received) < whole else Fault.CRC)


class TcpFrame(NamedTuple):
    """One frame of a TCP stream, and how many bytes it took."""

    transaction: int
    unit: int
    pdu: bytes
    size: int


def next_tcp(received: bytes) -> TcpFrame | Refusal | None:
    """The first frame of a stream; None: it is not whole yet. A stream with a wrong header is lost for good."""
    if len(received) < MBAP_BYTES:
        return None
    protocol = int.from_bytes(received[2:4], "big")
    length = int.from_bytes(received[4:6], "big")
    if protocol != 0 or not UNIT_BYTES + EXCEPTION_BYTES <= length <= UNIT_BYTES + PDU_BYTES_MAX:
        return Refusal(Fault.BROKEN)
    size = MBAP_BYTES - UNIT_BYTES + length
    if len(received) < size:
        return None
    return TcpFrame(int.from_bytes(received[0:2], "big"), received[6], received[MBAP_BYTES:size], size)


def judge_tcp(request: Request, transaction: int, frame: TcpFrame) -> Answer | Refusal:
    if frame.transaction != transaction:
        return Refusal(Fault.LATE)
    if frame.unit != request.unit:
        return Refusal(Fault.WRONG_UNIT)
    return judge_pdu(request, frame.pdu)


def judge_pdu(request: Request, pdu: bytes) -> Answer | Refusal:
    """An answer's function, byte count, length and, of a write, its echo."""
    if pdu[0] == request.function | 0x80:
        return Refusal(Fault.EXCEPTION, pdu[1]) if len(pdu) == EXCEPTION_BYTES else Refusal(Fault.SHORT)
    if pdu[0] != request.function:
        return Refusal(Fault.LATE)
    if len(pdu) != answer_pdu_bytes(request):
        return Refusal(Fault.SHORT)
    if request.function.writes:
        return Answer((request.value,)) if pdu == _pdu(request) else Refusal(Fault.LATE)
    if pdu[1] != len(pdu) - 2:
        return Refusal(Fault.SHORT)
    return Answer(_values(request, pdu[1:]))


def _values(request: Request, counted: bytes) -> tuple[int, ...]:
    read: ModbusPDU
    match request.function:
        case Function.READ_COILS:
            read = ReadCoilsResponse()
        case Function.READ_INPUTS:
            read = ReadDiscreteInputsResponse()
        case Function.READ_HOLDING:
            read = ReadHoldingRegistersResponse()
        case _:
            read = ReadInputRegistersResponse()
    read.decode(counted)
    if request.function.bits:
        return tuple(int(bit) for bit in read.bits[: request.quantity])
    return tuple(read.registers)

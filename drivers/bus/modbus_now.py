"""Writes to a Modbus device without an event loop, for safe(): opens the port for itself, waits shortly, gives up."""

from __future__ import annotations

import select
import time  # noqa: TID251  the time limit of safe(), which has no loop to ask
from collections.abc import Callable, Sequence

from drivers.bus.lines import BusError
from drivers.bus.modbus_ports import NoPort
from drivers.bus.modbus_wire import Wire
from drivers.modbus_settings import Line
from drivers.modbus_times import silence_ms, time_limit_ms
from drivers.wire.modbus import Answer, Fault, Refusal, Request
from drivers.wire.modbus_codec import at_the_end, encode_rtu, encode_tcp, judge_rtu, judge_tcp, next_tcp

LIMIT_S = 0.45  # of all writes to one device, opening the port included
AGAIN_S = 0.05  # where the port could not be opened a moment ago
TRIES = 2  # of each write, where the time allows it


def write_now(
    line: Line, requests: Sequence[Request], answer_ms: int, open_wire: Callable[[Line], Wire], limit_s: float = LIMIT_S
) -> None:
    """Have every write confirmed within the limit. Raises BusError that says which was not.

    Each is sent once, whatever becomes of the others, before any is sent again.
    """
    end_s = time.monotonic() + limit_s
    try:
        wire = open_wire(line)
    except BusError as error:
        raise NoPort(str(error)) from error
    try:
        _connect(wire, line, end_s)
        left = list(requests)
        for _ in range(TRIES):
            failed = {}
            for request in left:
                if time.monotonic() >= end_s:
                    raise BusError(f"{line.name}: no time was left for unit {request.unit}, address {request.address}")
                why = _exchange(wire, line, request, answer_ms, end_s)
                if why:
                    failed[request] = why
            left = list(failed)
            if not failed:
                return
        raise BusError(f"{line.name}: {'; '.join(failed.values())}")
    finally:
        wire.close()


def _connect(wire: Wire, line: Line, end_s: float) -> None:
    while not wire.ready():
        left_s = end_s - time.monotonic()
        if left_s <= 0 or not select.select((), (wire.fileno(),), (), left_s)[1]:
            raise NoPort(f"{line.name} does not take a connection")


def _exchange(wire: Wire, line: Line, request: Request, answer_ms: int, end_s: float) -> str:
    """One write; empty: confirmed, else why not."""
    _drain(wire, line, end_s)
    number = request.address % 0xFFFF + 1
    wire.write(encode_rtu(request) if wire.rtu else encode_tcp(request, number))
    until_s = min(end_s, time.monotonic() + time_limit_ms(line, request, answer_ms) / 1000)
    received = b""
    while (left_s := until_s - time.monotonic()) > 0:
        if not select.select((wire.fileno(),), (), (), left_s)[0]:
            break
        received += wire.read()
        verdict = judge_rtu(request, received) if wire.rtu else _judge_stream(request, number, received)
        if isinstance(verdict, Answer):
            return ""
        if isinstance(verdict, Refusal) and verdict.fault is Fault.EXCEPTION:
            return f"unit {request.unit} refused address {request.address} with exception {verdict.code}"
    fault = at_the_end(request, received if wire.rtu else b"").fault
    return f"unit {request.unit} did not confirm address {request.address} ({fault.value})"


def _drain(wire: Wire, line: Line, end_s: float) -> None:
    """Wait until the line has been silent for long enough, and forget what came."""
    silent_s = silence_ms(line) / 1000
    while time.monotonic() < end_s and select.select((wire.fileno(),), (), (), silent_s)[0]:
        wire.read()


def _judge_stream(request: Request, number: int, received: bytes) -> Answer | Refusal | None:
    frame = next_tcp(received)
    if frame is None or isinstance(frame, Refusal):
        return frame
    return judge_tcp(request, number, frame)

"""How long things take on a Modbus port: pure sums over settings and profiles, for the port itself and for `check`.

A character on the wire is counted as 11 bits, as MODBUS over Serial Line V1.02, section 2.5.1, has it (start, eight
data bits, parity or a second stop bit, stop). Frames of RTU are as long as the specification says; TCP counts as no
time on the wire, and `latency_ms` stands for the network's.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.modbus_profile import Profile, fence, load_profile, polls
from drivers.modbus_settings import Line, ModbusConfig
from drivers.wire.modbus import Request, answer_pdu_bytes

CHARACTER_BITS = 11
CHARACTER_BITS_MIN = 10  # without parity and with one stop bit: what no frame can be faster than
SILENT_CHARACTERS = 3.5
SILENCE_MS_FAST = 1.75  # at more than 19,200 baud, by the same section
REQUEST_BYTES = 8  # of RTU, of every function that is used
FRAME_BYTES = 3  # of RTU around a PDU: unit and CRC
HOST_MS = 2.0  # of our own: a timer's rounding on both ends, and a loop that has something else to do
POLLS_LOST = 3  # without a good answer in a row, and the device is lost


def bytes_ms(count: float, baud: int, bits: int = CHARACTER_BITS) -> float:
    return count * bits * 1000 / baud


def silence_ms(line: Line) -> float:
    """Between two frames."""
    if line.host:
        return 0.0
    return bytes_ms(SILENT_CHARACTERS, line.baud) if line.baud <= 19200 else SILENCE_MS_FAST


def request_ms(line: Line) -> float:
    """Of a request on the wire."""
    return 0.0 if line.host else bytes_ms(REQUEST_BYTES, line.baud)


def answer_bytes_ms(line: Line, request: Request) -> float:
    """Of the good answer on the wire."""
    return 0.0 if line.host else bytes_ms(FRAME_BYTES + answer_pdu_bytes(request), line.baud)


def soonest_ms(line: Line) -> float:
    """Nothing that comes sooner after a request was handed to the port can be its answer: it is still being sent."""
    return 0.0 if line.host else bytes_ms(REQUEST_BYTES, line.baud, CHARACTER_BITS_MIN)


def time_limit_ms(line: Line, request: Request, answer_ms: int) -> float:
    """From the request handed to the port to the last byte of its answer; then there is none."""
    return request_ms(line) + answer_ms + answer_bytes_ms(line, request) + line.latency_ms + HOST_MS


def exchange_ms(line: Line, request: Request, answer_ms: int) -> float:
    """A request and its answer at the slowest, with the silence before it."""
    return silence_ms(line) + time_limit_ms(line, request, answer_ms)


def worst_round_ms(tables: Sequence[ModbusConfig]) -> float:
    """The longest time from one poll of an answering device to its next, on one port, whoever else is silent.

    Every fast poll takes until its time limit (which is also what a device costs that falls silent in this round), one
    poll shows a change and is put again, every watchdog is fed, one output of each device is written, and there is one
    extra: a port asks one silent device, or makes one slow poll, a round.
    """
    if not tables:
        return 0.0
    line = tables[0].line()
    total = again = extra = 0.0
    for table in tables:
        profile = load_profile(table.profile)
        each = polls(profile, table.used(), table.unit)
        fast = [exchange_ms(line, request, profile.answer_ms) for request in each.fast]
        others = (*each.fast, *each.slow, fence(profile, table.unit))
        total += sum(fast) + _write_ms(line, table, profile)
        again = max(again, *fast)
        extra = max(extra, *(exchange_ms(line, request, profile.answer_ms) for request in others))
        if profile.watchdog is not None and profile.watchdog.feed is not None:
            total += exchange_ms(line, profile.watchdog.feed.request(table.unit), profile.answer_ms)
    return total + again + extra


def input_ms(tables: Sequence[ModbusConfig]) -> float:
    """From a change at an input of any device of the port to its report, at the worst.

    It comes just after a poll; the next one is a round later, or `poll_ms` where the round is shorter than that; the
    second poll that confirms it is counted in the round.
    """
    if not tables:
        return 0.0
    pause = max(float(load_profile(table.profile).poll_ms) for table in tables)
    return max(worst_round_ms(tables), pause + 2 * max(_slowest_ms(table) for table in tables))


def output_ms(tables: Sequence[ModbusConfig]) -> float:
    """From apply() to the board's confirmation, at the worst: one exchange is running, then one write a device."""
    if not tables:
        return 0.0
    writes = sum(_write_ms(table.line(), table, load_profile(table.profile)) for table in tables)
    return max(_slowest_ms(table) for table in tables) + writes


def first_lost_ms(table: ModbusConfig, tables: Sequence[ModbusConfig]) -> float:
    """From the last good answer of a device to its loss, at the most; `tables` are all of its port, itself included.

    Its next poll comes a round later; then it is asked once a round until it has not answered POLLS_LOST times. Where
    several are silent they take turns, and each takes as many times longer.
    """
    pause = float(load_profile(table.profile).poll_ms)
    return POLLS_LOST * max(worst_round_ms(tables), pause + _slowest_ms(table))


def drops_ms(table: ModbusConfig) -> int | None:
    """Within which time the device's outputs drop by themselves when nobody asks it any more; None: they do not."""
    profile = load_profile(table.profile)
    return profile.watchdog.drops_ms if profile.watchdog is not None else None


def _slowest_ms(table: ModbusConfig) -> float:
    """Of a device's exchanges."""
    line, profile = table.line(), load_profile(table.profile)
    each = polls(profile, table.used(), table.unit)
    asked = (*each.fast, *each.slow, fence(profile, table.unit))
    return max(exchange_ms(line, request, profile.answer_ms) for request in asked)


def _write_ms(line: Line, table: ModbusConfig, profile: Profile) -> float:
    """One write; nothing where the device has no output in use. Every write is answered by its echo."""
    if not table.outputs:
        return 0.0
    return silence_ms(line) + 2 * request_ms(line) + profile.answer_ms + line.latency_ms + HOST_MS

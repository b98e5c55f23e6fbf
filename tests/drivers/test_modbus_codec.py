"""Modbus frames: the examples of the specification and of vendors' manuals, and that nothing else is ever an answer."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.wire.modbus import Answer, Fault, Function, Refusal, Request
from drivers.wire.modbus_codec import at_the_end, encode_rtu, encode_tcp, judge_pdu, judge_rtu, judge_tcp, next_tcp
from firmware.rehearsal.modbus_board import Board, crc16

# MODBUS Application Protocol Specification V1.1b3, examples of 6.1 to 6.6: request PDU, answer PDU, values.
EXAMPLES = [
    (
        Request(1, Function.READ_COILS, 0x13, 0x13),
        "01 00 13 00 13",
        "01 03 CD 6B 05",
        (1, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1),
    ),
    (
        Request(1, Function.READ_INPUTS, 0xC4, 0x16),
        "02 00 C4 00 16",
        "02 03 AC DB 35",
        (0, 0, 1, 1, 0, 1, 0, 1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1, 0, 1, 1),
    ),
    (
        Request(1, Function.READ_HOLDING, 0x6B, 3),
        "03 00 6B 00 03",
        "03 06 02 2B 00 00 00 64",
        (0x022B, 0, 0x64),
    ),
    (Request(1, Function.READ_REGISTERS, 8, 1), "04 00 08 00 01", "04 02 00 0A", (10,)),
    (Request(1, Function.WRITE_COIL, 0xAC, value=1), "05 00 AC FF 00", "05 00 AC FF 00", (1,)),
    (Request(1, Function.WRITE_REGISTER, 1, value=3), "06 00 01 00 03", "06 00 01 00 03", (3,)),
]
every_example = pytest.mark.parametrize(
    ("request_", "asked", "answer", "values"),
    EXAMPLES,
    ids=lambda each: each.function.name if isinstance(each, Request) else "",
)
# Whole frames with their CRC from manuals of vendors: Altivar 12 Modbus manual, pages 13 and 14; a relay board's.
FRAMES = [
    (Request(2, Function.READ_HOLDING, 3102, 4), "02 03 0C 1E 00 04 27 6C"),
    (Request(2, Function.WRITE_REGISTER, 9001, value=13), "02 06 23 29 00 0D 92 70"),
    (Request(255, Function.WRITE_COIL, 0, value=1), "FF 05 00 00 FF 00 99 E4"),
    (Request(255, Function.WRITE_COIL, 0, value=0), "FF 05 00 00 00 00 D8 14"),
    (Request(1, Function.READ_COILS, 0, 1), "01 01 00 00 00 01 FD CA"),
    (Request(1, Function.READ_INPUTS, 0, 1), "01 02 00 00 00 01 B9 CA"),
]


def framed(unit: int, pdu: bytes) -> bytes:
    return bytes([unit]) + pdu + crc16(bytes([unit]) + pdu)


@every_example
def test_the_examples_of_the_specification(request_: Request, asked: str, answer: str, values: tuple[int, ...]):
    assert encode_rtu(request_) == framed(1, bytes.fromhex(asked))
    assert encode_tcp(request_, 0x1234) == bytes.fromhex("1234 0000 0006 01") + bytes.fromhex(asked)
    assert judge_rtu(request_, framed(1, bytes.fromhex(answer))) == Answer(values)
    pdu = bytes.fromhex(answer)
    stream = bytes.fromhex("1234 0000") + (len(pdu) + 1).to_bytes(2, "big") + b"\x01" + pdu
    frame = next_tcp(stream)
    assert not isinstance(frame, Refusal)
    assert frame is not None
    assert frame.size == len(stream)
    assert judge_tcp(request_, 0x1234, frame) == Answer(values)
    assert judge_tcp(request_, 0x1235, frame) == Refusal(Fault.LATE)


@pytest.mark.parametrize(("request_", "frame"), FRAMES)
def test_frames_of_manuals(request_: Request, frame: str):
    assert encode_rtu(request_) == bytes.fromhex(frame)


def test_the_answer_of_the_altivar_manual():
    request = Request(2, Function.READ_HOLDING, 3102, 4)
    assert judge_rtu(request, bytes.fromhex("02 03 08 00 28 02 58 01 F4 00 00 52 B0")) == Answer((40, 600, 500, 0))


def test_an_independent_crc():
    tk = pytest.importorskip("modbus_tk.utils", reason="the dev extra has modbus-tk as an independent implementation")
    for request, _ in FRAMES:
        frame = encode_rtu(request)
        assert int.from_bytes(frame[-2:], "big") == tk.calculate_crc(frame[:-2])


@every_example
def test_no_bit_of_an_answer_can_be_turned(request_: Request, asked: str, answer: str, values: tuple[int, ...]):
    frame = framed(1, bytes.fromhex(answer))
    for bit in range(8 * len(frame)):
        turned = bytearray(frame)
        turned[bit // 8] ^= 1 << bit % 8
        assert not isinstance(judge_rtu(request_, bytes(turned)), Answer)
    for first in range(8 * len(frame)):
        for second in range(first):
            turned = bytearray(frame)
            turned[first // 8] ^= 1 << first % 8
            turned[second // 8] ^= 1 << second % 8
            assert not isinstance(judge_rtu(request_, bytes(turned)), Answer)


@every_example
@pytest.mark.attack("modbus-04")
def test_an_answer_that_is_cut_or_longer_is_none(request_: Request, asked: str, answer: str, values: tuple[int, ...]):
    frame = framed(1, bytes.fromhex(answer))
    for size in range(len(frame)):
        assert judge_rtu(request_, frame[:size]) is None
        ended = at_the_end(request_, frame[:size])
        assert ended.fault is (Fault.SHORT if size else Fault.TIMEOUT)
    for more in range(256):
        assert judge_rtu(request_, frame + bytes([more])) == Refusal(Fault.CRC)
        assert not isinstance(judge_rtu(request_, bytes([more]) + frame), Answer)


@every_example
@pytest.mark.attack("modbus-02")
def test_an_answer_of_any_other_unit_is_none(request_: Request, asked: str, answer: str, values: tuple[int, ...]):
    for unit in range(256):
        verdict = judge_rtu(request_, framed(unit, bytes.fromhex(answer)))
        assert verdict == (Answer(values) if unit == 1 else Refusal(Fault.WRONG_UNIT))


@every_example
@pytest.mark.attack("modbus-06")
def test_every_exception_code_is_an_exception(request_: Request, asked: str, answer: str, values: tuple[int, ...]):
    for code in range(256):
        pdu = bytes([request_.function | 0x80, code])
        assert judge_rtu(request_, framed(1, pdu)) == Refusal(Fault.EXCEPTION, code)
        assert judge_pdu(request_, pdu) == Refusal(Fault.EXCEPTION, code)


@every_example
def test_another_function_or_byte_count_is_no_answer(
    request_: Request, asked: str, answer: str, values: tuple[int, ...]
):
    pdu = bytes.fromhex(answer)
    for function in range(256):
        if function not in (request_.function, request_.function | 0x80):
            assert not isinstance(judge_pdu(request_, bytes([function]) + pdu[1:]), Answer)
            assert not isinstance(judge_rtu(request_, framed(1, bytes([function]) + pdu[1:])), Answer)
    for second in range(256):
        if second != pdu[1]:  # the byte count of a read, the address of a write's echo
            assert not isinstance(judge_pdu(request_, pdu[:1] + bytes([second]) + pdu[2:]), Answer)


def test_the_echo_of_another_write_confirms_nothing():
    on, off = (Request(1, Function.WRITE_COIL, 3, value=value) for value in (1, 0))
    assert judge_rtu(on, encode_rtu(on)) == Answer((1,))
    assert judge_rtu(on, encode_rtu(off)) == Refusal(Fault.LATE)
    assert judge_rtu(on, encode_rtu(Request(1, Function.WRITE_COIL, 4, value=1))) == Refusal(Fault.LATE)


reads = st.builds(
    Request,
    st.integers(1, 247),
    st.sampled_from([Function.READ_COILS, Function.READ_INPUTS, Function.READ_HOLDING, Function.READ_REGISTERS]),
    st.integers(0, 4),
    st.integers(1, 8),
)


@given(reads, st.binary(max_size=40))
@settings(max_examples=500, deadline=None)
@pytest.mark.attack("modbus-13")
def test_any_bytes_are_an_answer_only_where_they_are_exactly_one(request: Request, received: bytes):
    verdict = judge_rtu(request, received)
    if isinstance(verdict, Answer):
        assert received[:2] == bytes([request.unit, request.function])
        assert crc16(received[:-2]) == received[-2:]
        assert received[2] == len(received) - 5


@given(reads, st.data())
@settings(max_examples=300, deadline=None)
def test_what_a_board_says_is_what_is_read(request: Request, data: st.DataObject):
    board = Board(request.unit)
    board.coils = data.draw(st.lists(st.integers(0, 1), min_size=16, max_size=16))
    board.inputs = data.draw(st.lists(st.integers(0, 1), min_size=16, max_size=16))
    board.holding = dict(enumerate(data.draw(st.lists(st.integers(0, 65535), min_size=16, max_size=16))))
    board.registers = dict(enumerate(data.draw(st.lists(st.integers(0, 65535), min_size=16, max_size=16))))
    table = {1: board.coils, 2: board.inputs, 3: board.holding, 4: board.registers}[request.function]
    expected = tuple(table[at] for at in range(request.address, request.address + request.quantity))
    answer = framed(request.unit, board.serve(encode_rtu(request)[1:-2]))
    assert judge_rtu(request, answer) == Answer(expected)


@given(st.binary(max_size=300))
@settings(max_examples=500, deadline=None)
@pytest.mark.attack("modbus-21")
def test_any_bytes_of_a_tcp_stream_are_a_frame_a_break_or_not_whole(received: bytes):
    frame = next_tcp(received)
    if frame is None or isinstance(frame, Refusal):
        assert frame is None or frame.fault is Fault.BROKEN
        return
    assert 9 <= frame.size <= min(260, len(received))
    assert received[2:4] == b"\0\0"
    assert len(frame.pdu) == frame.size - 7

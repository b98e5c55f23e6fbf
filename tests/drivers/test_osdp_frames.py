"""OSDP's frames: what is one, and which answer may be believed. The peer's frames are libosdp's own."""

from __future__ import annotations

import random

import pytest

from drivers.wire.osdp import FRAME_BYTES_MAX, Frame, Refusal, Scanner, judge, last_command, parse
from tests.drivers.osdp_device import Device, frame
from tests.drivers.osdp_storm import CAPABILITIES, KEY, storm

SEED = 20261126
SEALED_POLL = Frame(b"", 1, 2, b"\x15", 0x60, 4, True)
PLAIN_POLL = Frame(b"", 1, 2, b"", 0x60, 0, True)
CHLNG = Frame(b"", 1, 2, b"\x11\x01", 0x76, 8, True)
SCRYPT = Frame(b"", 1, 2, b"\x13\x01", 0x77, 16, True)


def reply(code: int, data: bytes = b"", block: bytes = b"", address: int = 1, sequence: int = 2) -> Frame:
    found = parse(frame(address, sequence, code, data, block))
    assert found is not None
    return found


def test_what_libosdp_writes_is_a_frame_with_a_mark_before_it() -> None:
    command = b"\xff\x53\x01\x09\x00\x04\x61\x00"  # ID
    crc = 0x1D0F
    for byte in command[1:]:  # the slow way, bit by bit
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ 0x1021 if crc & 0x8000 else crc << 1) & 0xFFFF
    whole = command + crc.to_bytes(2, "little")
    asked = last_command(whole)
    assert asked is not None
    answer = Device(1, KEY, CAPABILITIES).answer(whole)
    found = parse(answer[answer.find(0x53) :])
    assert found is not None
    assert (found.code, found.data_bytes, found.is_reply) == (0x45, 12, True)
    assert judge(found, asked) is None


def test_every_turned_bit_is_no_frame() -> None:
    sound = frame(1, 2, 0x40, b"")
    assert parse(sound) is not None
    for bit in range(8 * len(sound)):
        turned = bytearray(sound)
        turned[bit // 8] ^= 1 << bit % 8
        frames = Scanner().feed(bytes(turned))
        assert frames == [], bit


def test_frames_are_found_however_they_come() -> None:
    rng = random.Random(SEED)
    sent = [frame(1, number % 4, 0x45, rng.randbytes(12)) for number in range(50)]
    stream = b"".join(rng.choice((b"", b"\xff", b"\x00\x53", b"\x53\x53\x01")) + each for each in sent)
    for _ in range(20):
        scanner, found, at = Scanner(), [], 0
        while at < len(stream):
            step = rng.randrange(1, 40)
            found += scanner.feed(stream[at : at + step])
            at += step
        assert [each.raw for each in found] == sent, f"seed {SEED}"


def test_what_waits_for_the_rest_of_a_frame_is_bounded() -> None:
    scanner = Scanner()
    for _ in range(1_000):
        scanner.feed(b"\x53\x81\xff\x00\x04" * 20)
        assert len(scanner._held) <= FRAME_BYTES_MAX
    for length in (0, 1, 6, 257, 65535):
        assert Scanner().feed(b"\x53\x81" + length.to_bytes(2, "little") + b"\x04" + b"\0" * 300) == []


@pytest.mark.parametrize(
    ("command", "said", "allowed"),
    [
        (PLAIN_POLL, reply(0x40), None),
        (PLAIN_POLL, reply(0x50, b"\0\1\x1a\0abcd"), Refusal.PLAIN),
        (SEALED_POLL, reply(0x50, b"\0\1\x1a\0abcd"), Refusal.PLAIN),
        (SEALED_POLL, reply(0x40), Refusal.PLAIN),
        (SEALED_POLL, reply(0x41, b"\x06"), None),  # it has lost its channel, and says so as it must
        (SEALED_POLL, reply(0x40, b"mac0", b"\x16"), None),
        (SEALED_POLL, reply(0x50, b"datamac0", b"\x16"), Refusal.PLAIN),  # proven, and not enciphered
        (SEALED_POLL, reply(0x50, b"d" * 16 + b"mac0", b"\x18"), None),
        (SEALED_POLL, reply(0x50, b"d" * 15 + b"mac0", b"\x18"), Refusal.ODD),
        (SEALED_POLL, reply(0x50, b"mac0", b"\x18"), Refusal.ODD),  # libosdp would read before its buffer
        (SEALED_POLL, reply(0x40, b"mac", b"\x16"), Refusal.ODD),
        (SEALED_POLL, reply(0x50, b"\0\1\x1a\0abcd", b"\x14\x01"), Refusal.ODD),
        (SEALED_POLL, reply(0x78, b"r" * 16, b"\x14\x01"), Refusal.ODD),
        (PLAIN_POLL, reply(0x50, b"d" * 16 + b"mac0", b"\x18"), Refusal.ODD),
        (CHLNG, reply(0x76, b"c" * 32, b"\x12\x01"), None),
        (CHLNG, reply(0x76, b"c" * 31, b"\x12\x01"), Refusal.ODD),
        (SCRYPT, reply(0x78, b"r" * 16, b"\x14\x01"), None),
        (SCRYPT, reply(0x76, b"c" * 32, b"\x12\x01"), Refusal.ODD),
        (SEALED_POLL, reply(0x40, b"mac0", b"\x16", sequence=1), Refusal.STRAY),
        (SEALED_POLL, reply(0x40, b"mac0", b"\x16", address=2), Refusal.STRAY),
        (SEALED_POLL, reply(0x79, sequence=0), None),  # busy
        (SEALED_POLL, reply(0x79, b"x", sequence=0), Refusal.ODD),
        (SEALED_POLL, reply(0x7A, b"\0" * 8 + b"mac0", b"\x18"), Refusal.ODD),  # a file that nobody sent
    ],
)
def test_which_answer_is_believed(command: Frame, said: Frame, allowed: Refusal | None) -> None:
    assert judge(said, command) is allowed


@pytest.mark.attack("osdp-24")
def test_random_frames_crash_nothing_and_are_no_card() -> None:
    """20,000 of them; a million are `make soak`'s."""
    said = storm(20_000, SEED)
    assert said["cards"] == 0
    assert said["channels"] > 10, "the storm met a secure channel, too"
    assert said["troubles"].get("forged_frame", 0) > 0

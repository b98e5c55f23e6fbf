"""Frames of serial readers, without I/O: bytes in, payloads and noise out. Nothing is kept without a bound.

Two framings. Text ends with a terminator. A counted frame says its own length, and begins with bytes that are known,
ends with bytes that are known, or carries a checksum. After one that is wrong the search goes on with its second byte.
"""

from __future__ import annotations

from enum import StrEnum
from functools import reduce
from operator import xor
from typing import Protocol

import msgspec

from drivers.reports import NoiseKind

FRAME_BYTES_MAX = 1024  # of any framing: a QR code of 512 Chinese characters in two bytes each
RUN_BYTES = 400  # of garbage without a frame between them; then it counts once more, as 400 edges of a storm do


class Check(StrEnum):
    """Checksums that readers use."""

    NONE = "none"
    XOR = "xor"  # of all bytes
    SUM = "sum"  # of all bytes, modulo 256
    CRC16_MCRF4XX = "crc16_mcrf4xx"  # polynomial 0x8408 (reflected), begins with 0xFFFF, low byte first


CHECK_BYTES = {Check.NONE: 0, Check.XOR: 1, Check.SUM: 1, Check.CRC16_MCRF4XX: 2}


def _crc_row(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ 0x8408 if value & 1 else value >> 1
    return value


_CRC_ROWS = tuple(_crc_row(value) for value in range(256))


def check_of(check: Check, covered: bytes) -> bytes:
    """The checksum of these bytes as it stands on the wire."""
    match check:
        case Check.NONE:
            return b""
        case Check.XOR:
            return bytes((reduce(xor, covered, 0),))
        case Check.SUM:
            return bytes((sum(covered) & 0xFF,))
    crc = 0xFFFF
    for byte in covered:
        crc = crc >> 8 ^ _CRC_ROWS[(crc ^ byte) & 0xFF]
    return crc.to_bytes(2, "little")


class Text(msgspec.Struct, frozen=True):
    """Text that ends with any byte of `ends`. With `start` a line begins behind it, and what is before is noise."""

    ends: bytes
    start: bytes = b""
    bytes_max: int = FRAME_BYTES_MAX  # without start and end
    silence_ms: int = 200  # after which a line without an end is none


class Counted(msgspec.Struct, frozen=True):
    """A frame that says its length: the number at `length_at`, plus `length_adds`, is the whole frame's.

    `start` are bytes that stand at `start_at`, `end` those before the checksum, which is the last of the frame. The
    payload is what lies between `payload_at` and `end`.
    """

    length_at: int
    length_bytes: int
    length_adds: int
    bytes_min: int
    bytes_max: int
    payload_at: int
    start: bytes = b""
    start_at: int = 0
    length: str = "big"  # "little", or "decimal": digits of ASCII
    end: bytes = b""
    check: Check = Check.NONE
    check_from: int = 0  # the first byte that the checksum covers
    silence_ms: int = 200  # after which a frame that is not whole is none


Framing = Text | Counted
Found = bytes | NoiseKind


class Framer(Protocol):
    """Takes bytes as they come. `pending`: part of a frame is held, and the silence after it should be told."""

    @property
    def pending(self) -> bool: ...

    def feed(self, received: bytes) -> list[Found]:
        """Payloads and noise, in order."""

    def silence(self) -> list[Found]:
        """Nothing has come for a while: what is held will not be whole any more."""

    def reset(self) -> None:
        """Forget what is held."""


def framer_of(framing: Framing) -> Framer:
    return TextFramer(framing) if isinstance(framing, Text) else CountedFramer(framing)


class TextFramer:
    """Cuts text at its terminators. Empty lines are no lines: a reader that ends with CR LF makes one of two."""

    def __init__(self, framing: Text) -> None:
        self._framing = framing
        self._bytes_max = framing.bytes_max + len(framing.start)
        self._held = bytearray()
        self._spoiled = False  # the rest of this line belongs to something that was told as noise

    @property
    def pending(self) -> bool:
        return bool(self._held) or self._spoiled

    def feed(self, received: bytes) -> list[Found]:
        found: list[Found] = []
        for byte in received:
            if byte in self._framing.ends:
                if self._held:
                    self._end(found)
                self.reset()
            elif not self._spoiled:
                self._held.append(byte)
                if len(self._held) > self._bytes_max:
                    self._held.clear()
                    self._spoiled = True
                    found.append(NoiseKind.OVERLONG)
        return found

    def silence(self) -> list[Found]:
        """A line without an end is the beginning of nothing: what comes next begins anew."""
        torn: list[Found] = [NoiseKind.SHORT] if self._held and not self._spoiled else []
        self.reset()
        return torn

    def reset(self) -> None:
        self._held.clear()
        self._spoiled = False

    def _end(self, found: list[Found]) -> None:
        line, start = bytes(self._held), self._framing.start
        before, begun, payload = line.rpartition(start) if start else (b"", b"", line)
        if start and not begun:
            found.append(NoiseKind.NOISE)
            return
        if before:
            found.append(NoiseKind.NOISE)
        if payload:
            found.append(payload)


class CountedFramer:
    """Finds frames that say their length among whatever else comes."""

    def __init__(self, framing: Counted) -> None:
        self._framing = framing
        self._held = bytearray()
        self._garbage = 0  # bytes since the last frame

    @property
    def pending(self) -> bool:
        return bool(self._held)

    def feed(self, received: bytes) -> list[Found]:
        self._held += received
        return self._scan(whole=False)

    def silence(self) -> list[Found]:
        found = self._scan(whole=True)
        self._garbage = 0
        return found

    def reset(self) -> None:
        self._held.clear()
        self._garbage = 0

    def _scan(self, *, whole: bool) -> list[Found]:
        """`whole`: nothing more will come, so that what is not complete is none."""
        found: list[Found] = []
        framing, held = self._framing, self._held
        while held:
            skip = self._before_start()
            if skip:
                self._drop(skip, NoiseKind.NOISE, found)
                continue
            size = self._size()
            if size is None or len(held) < size:
                if not whole:
                    break
                self._drop(1, NoiseKind.SHORT, found)
                continue
            frame = bytes(held[:size]) if size else b""
            flaw = self._flaw(frame)
            if flaw is not None:
                self._drop(1, flaw, found)
                continue
            del held[:size]
            self._garbage = 0
            found.append(frame[framing.payload_at : size - CHECK_BYTES[framing.check] - len(framing.end)])
        return found

    def _before_start(self) -> int:
        """How many bytes cannot begin a frame."""
        start, at = self._framing.start, self._framing.start_at
        if not start:
            return 0
        seen = bytes(self._held[at : at + len(start)])
        if start.startswith(seen):
            return 0
        place = self._held.find(start, at)
        return place - at if place >= 0 else max(1, len(self._held) - at - len(start) + 1)

    def _size(self) -> int | None:
        """Of the whole frame; None while that is not known, 0 where no frame is so long."""
        framing = self._framing
        number = bytes(self._held[framing.length_at : framing.length_at + framing.length_bytes])
        if framing.length == "decimal":
            if not all(0x30 <= byte <= 0x39 for byte in number):
                return 0
            value = int(number or b"0")
        else:
            value = int.from_bytes(number, "little" if framing.length == "little" else "big")
        if len(number) < framing.length_bytes:
            return None
        size = value + framing.length_adds
        return size if framing.bytes_min <= size <= framing.bytes_max else 0

    def _flaw(self, frame: bytes) -> NoiseKind | None:
        framing = self._framing
        if not frame:
            return NoiseKind.NOISE
        body = frame[: len(frame) - CHECK_BYTES[framing.check]]
        if framing.end and not body.endswith(framing.end):
            return NoiseKind.NOISE
        if check_of(framing.check, body[framing.check_from :]) != frame[len(body) :]:
            return NoiseKind.CHECKSUM
        return None

    def _drop(self, count: int, flaw: NoiseKind, found: list[Found]) -> None:
        """Garbage counts with its first byte, and then once for each RUN_BYTES of it."""
        runs = -(-self._garbage // RUN_BYTES)
        self._garbage += count
        found += [flaw] * (-(-self._garbage // RUN_BYTES) - runs)
        del self._held[:count]

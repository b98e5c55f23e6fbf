"""OSDP on the wire (IEC 60839-11-5, SIA OSDP 2.2): complete frames out of bytes, and which of them may be believed.

What libosdp 3.2.9 lets through and we do not: plain replies in a frame that only looks like one of the handshake while
a secure channel is up, card data from before there is a channel, and lengths that do not fit their frame. So it is
given nothing but whole, sound frames that answer the command just sent. No I/O, no time.
"""

from __future__ import annotations

import binascii
from enum import IntEnum, StrEnum
from typing import NamedTuple

SOM = 0x53
REPLY_BIT = 0x80  # of the address: a peripheral speaks
HEADER_BYTES = 5
FRAME_BYTES_MAX = 256  # libosdp's own buffer
RECEIVED_BYTES_MAX = 2 * FRAME_BYTES_MAX  # that may wait for the rest of a frame
CRC_SEED = 0x1D0F
MAC_BYTES = 4
BLOCK_BYTES = 16  # of AES


class Control(IntEnum):
    """Bits of the control byte."""

    SEQUENCE = 0x03
    CRC = 0x04
    BLOCK = 0x08


class Command(IntEnum):
    """What the controller says, as far as it matters here."""

    POLL = 0x60
    ID = 0x61
    CAP = 0x62
    KEYSET = 0x75
    CHLNG = 0x76
    SCRYPT = 0x77


class Reply(IntEnum):
    """What a reader says, as far as it may."""

    ACK = 0x40
    NAK = 0x41
    PDID = 0x45
    PDCAP = 0x46
    LSTATR = 0x48  # tamper and power
    RAW = 0x50  # a card
    KEYPAD = 0x53
    CCRYPT = 0x76
    RMAC_I = 0x78
    BUSY = 0x79


SCS_11, SCS_12, SCS_14, SCS_15, SCS_16, SCS_17, SCS_18 = 0x11, 0x12, 0x14, 0x15, 0x16, 0x17, 0x18

# Without a secure channel: what the handshake needs, and that a reader refuses or is busy.
PLAIN_BYTES: dict[int, int | None] = {Reply.ACK: 0, Reply.NAK: 1, Reply.PDID: 12, Reply.PDCAP: None}  # None: any
# In a channel: also what we ask for. Contacts, outputs and files of a reader are not used.
SEALED = frozenset((Reply.ACK, Reply.NAK, Reply.LSTATR, Reply.RAW, Reply.KEYPAD, Reply.BUSY))
TELLING = frozenset((*range(0x48, 0x55), 0x80, 0x90))  # replies that tell of something: never in the clear


class Frame(NamedTuple):
    """One frame with a good checksum. `block` is its security block, without its length byte; empty: there is none."""

    raw: bytes
    address: int
    sequence: int
    block: bytes
    code: int
    data_bytes: int  # between code and MAC or checksum
    crc: bool

    @property
    def is_reply(self) -> bool:
        return bool(self.address & REPLY_BIT)

    @property
    def default_key(self) -> bool:
        """The handshake is made with the default key SCBK-D: the block's second byte is 0."""
        return len(self.block) == 2 and self.block[0] in (SCS_11, SCS_12) and self.block[1] == 0

    @property
    def sealed(self) -> bool:
        """It carries the code by which a channel proves a message. Whether that is right, libosdp says."""
        return len(self.block) == 1 and self.block[0] in (SCS_15, SCS_16, SCS_17, SCS_18)


class Refusal(StrEnum):
    """Why a frame is not believed."""

    STRAY = "stray"  # of another reader, or of an earlier command
    PLAIN = "plain_text"
    ODD = "odd"


class Scanner:
    """Finds frames in what a line brings; what is none is counted and dropped."""

    def __init__(self) -> None:
        self._held = bytearray()
        self.dropped_bytes = 0
        self.bad_checks = 0

    @property
    def midway(self) -> bool:
        """A frame has begun and is not complete."""
        return bool(self._held)

    def reset(self) -> None:
        self.dropped_bytes += len(self._held)
        self._held.clear()

    def feed(self, received: bytes) -> list[Frame]:
        """All frames that are complete now."""
        held = self._held
        held += received
        frames: list[Frame] = []
        while True:
            start = held.find(SOM)
            if start < 0:
                self._drop(len(held))
                return frames
            self._drop(start)
            if len(held) < HEADER_BYTES:
                return frames
            length = held[2] | held[3] << 8
            if not HEADER_BYTES + 2 <= length <= FRAME_BYTES_MAX:
                self._drop(1)
                continue
            if len(held) < length:
                return frames
            frame = parse(bytes(held[:length]))
            if frame is None:
                self.bad_checks += 1
                self._drop(1)  # another frame may begin inside
                continue
            frames.append(frame)
            del held[:length]

    def _drop(self, count: int) -> None:
        self.dropped_bytes += count
        del self._held[:count]


def parse(raw: bytes) -> Frame | None:
    """One whole frame, from its start byte; None where it is none."""
    control = raw[4]
    crc = bool(control & Control.CRC)
    if crc:
        if binascii.crc_hqx(raw[:-2], CRC_SEED) != int.from_bytes(raw[-2:], "little"):
            return None
    elif sum(raw) & 0xFF:
        return None
    end = len(raw) - (2 if crc else 1)
    at = HEADER_BYTES
    block = b""
    if control & Control.BLOCK:
        size = raw[at]
        if not 2 <= size <= 3 or at + size >= end:
            return None
        block = raw[at + 1 : at + size]
        at += size
    if at >= end:
        return None
    return Frame(raw, raw[1], control & Control.SEQUENCE, block, raw[at], end - at - 1, crc)


def last_command(written: bytes) -> Frame | None:
    """The command in what libosdp has written: a mark byte, then one frame."""
    start = written.find(SOM)
    return None if start < 0 else parse(written[start:])


def judge(reply: Frame, command: Frame) -> Refusal | None:
    """Whether a frame may be taken for the answer to `command`, which is sealed while a channel is up. None: it may."""
    secure = command.sealed
    if reply.address != command.address | REPLY_BIT:
        return Refusal.STRAY
    if reply.code == Reply.BUSY and reply.sequence == 0:
        return None if not reply.block and reply.data_bytes == 0 else Refusal.ODD
    if reply.sequence != command.sequence:
        return Refusal.STRAY
    if not reply.block:
        return _judge_plain(reply, command)
    kind = reply.block[0]
    if kind in (SCS_12, SCS_14):
        wanted = (Command.CHLNG, Reply.CCRYPT, 32) if kind == SCS_12 else (Command.SCRYPT, Reply.RMAC_I, 16)
        fits = (command.code, reply.code, reply.data_bytes) == wanted and len(reply.block) == 2
        return None if fits and not secure else Refusal.ODD
    if kind not in (SCS_16, SCS_18) or not secure or reply.code not in SEALED:
        return Refusal.ODD
    payload = reply.data_bytes - MAC_BYTES
    if kind == SCS_16 and payload >= 0:
        return None if payload == 0 else Refusal.PLAIN  # data that is proven and not enciphered
    return None if payload > 0 and payload % BLOCK_BYTES == 0 else Refusal.ODD


def _judge_plain(reply: Frame, command: Frame) -> Refusal | None:
    if reply.code in TELLING:
        return Refusal.PLAIN
    if command.sealed and reply.code != Reply.NAK and not (reply.code == Reply.ACK and command.code == Command.KEYSET):
        return Refusal.PLAIN
    wanted = PLAIN_BYTES.get(reply.code, -1)
    return None if wanted is None or wanted == reply.data_bytes else Refusal.ODD

"""What a serial reader says: framing, text and pattern of its protocol. Data in drivers/protocols.

Each protocol cites the document and the page that its facts are from. `verified` is true only after somebody has run
Menshen against the device itself and said so in the file.
"""

from __future__ import annotations

import codecs
import re
from enum import StrEnum
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec

from drivers.described import Shelf
from drivers.reports import NoiseKind
from drivers.serial_settings import BAUDS, Parity
from drivers.wire.serial_frames import CHECK_BYTES, FRAME_BYTES_MAX, Check, Counted, Framing, Text

PROTOCOLS = Path(__file__).parent / "protocols"
HEX = "hex"  # in place of an encoding: the bytes themselves, as capital hexadecimal digits
CHARACTERS_MAX = 512  # of a code; the same as firmware/controller/intake.py takes


class ProtocolError(Exception):
    """There is no such protocol, or it is wrong: the message says which, and what there is."""


class Reads(StrEnum):
    """What kind of credential a reader reads."""

    CODE = "code"
    TAG = "tag"


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of a protocol's tables. Bytes are written as hexadecimal digits."""


class TextTable(_Part, frozen=True):
    """[text]"""

    ends: str
    start: str = ""
    bytes_max: int = FRAME_BYTES_MAX
    silence_ms: int = 200


class CountedTable(_Part, frozen=True):
    """[counted]"""

    length_at: int
    length_bytes: int
    length_adds: int
    bytes_min: int
    bytes_max: int
    payload_at: int
    length: Literal["big", "little", "decimal"] = "big"
    start: str = ""
    start_at: int = 0
    end: str = ""
    check: Check = Check.NONE
    check_from: int = 0
    silence_ms: int = 200


class Repeat(_Part, frozen=True):
    """The same text within `ms` is not told again. Counted from when it was last `told`, or last `seen`.

    Told: a tag on a vehicle that drives up is told again once the vehicle stands on its loop. Seen: a code that is
    held to the reader stays one presentation.
    """

    ms: int
    since: Literal["told", "seen"]


class SerialProtocol(_Part, frozen=True):
    """One family of readers. `pattern` names its group "text"; what fits `idle` shows that the reader lives."""

    id: str
    title: str
    reads: Reads
    document: str
    page: str
    encoding: str  # of Python, or "hex"
    pattern: str  # with the group "text"; a group "size" is the number of bytes in it, in hexadecimal
    repeat: Repeat
    text: TextTable | None = None
    counted: CountedTable | None = None
    idle: str = ""
    baud: int = 9600
    parity: Parity = Parity.NONE
    stop_bits: int = 1
    verified: bool = False
    commissioning: tuple[str, ...] = ()  # what has to be set on the device itself, for people

    @property
    def source(self) -> str:
        return f"{self.document}, {self.page}"

    @property
    def framing(self) -> Framing:
        if self.text is not None:
            table = self.text
            return Text(bytes.fromhex(table.ends), bytes.fromhex(table.start), table.bytes_max, table.silence_ms)
        assert self.counted is not None, "a protocol has one framing"
        table_of = msgspec.to_builtins(self.counted)
        for key in ("start", "end"):
            table_of[key] = bytes.fromhex(table_of[key])
        return Counted(**{**table_of, "check": self.counted.check})


class Said(NamedTuple):
    """What a payload says; no text: that the reader lives."""

    text: str


class Understanding:
    """Turns payloads of one protocol into what they say."""

    def __init__(self, protocol: SerialProtocol) -> None:
        self._encoding = protocol.encoding
        self._pattern = re.compile(protocol.pattern, re.ASCII | re.DOTALL)
        self._idle = re.compile(protocol.idle, re.ASCII | re.DOTALL) if protocol.idle else None

    def of(self, payload: bytes) -> Said | NoiseKind:
        """Strict: a byte that is no text, a control character, or any other form makes all of it noise."""
        if self._encoding == HEX:
            text = payload.hex().upper()
        else:
            try:
                text = payload.decode(self._encoding)
            except UnicodeDecodeError:
                return NoiseKind.NOISE
        if not text.isprintable():
            return NoiseKind.NOISE
        if len(text) > CHARACTERS_MAX:
            return NoiseKind.OVERLONG
        if self._idle is not None and self._idle.fullmatch(text):
            return Said("")
        match = self._pattern.fullmatch(text)
        if match is None:
            return NoiseKind.UNKNOWN_FORMAT
        size = match.groupdict().get("size")
        if size is not None and int(size, 16) * 2 != len(match["text"]):
            return NoiseKind.UNKNOWN_FORMAT
        return Said(match["text"])


def _contradictions(protocol: SerialProtocol) -> list[str]:
    """What no protocol may say. Raises ValueError or re.error for bytes and patterns that are none."""
    if (protocol.text is None) == (protocol.counted is None):
        return ["it has not one framing: [text] or [counted]"]
    wrong = []
    framing = protocol.framing
    if isinstance(framing, Text) and not framing.ends:
        wrong.append("text without an end")
    if framing.bytes_max > FRAME_BYTES_MAX or framing.bytes_max < 1:
        wrong.append(f"frames longer than {FRAME_BYTES_MAX} bytes")
    if isinstance(framing, Counted):
        tail = len(framing.end) + CHECK_BYTES[framing.check]
        least = max(framing.payload_at, framing.length_at + framing.length_bytes, framing.start_at + len(framing.start))
        if framing.bytes_min < least + tail or framing.bytes_min > framing.bytes_max or framing.length_bytes < 1:
            wrong.append("frames that are shorter than their own parts")
        if framing.check is Check.NONE and not framing.end:
            wrong.append("frames without a checksum and without an end")
    if "text" not in re.compile(protocol.pattern).groupindex:
        wrong.append('a pattern without the group "text"')
    if protocol.idle:
        re.compile(protocol.idle)
    if protocol.encoding != HEX and not _known(protocol.encoding):
        wrong.append(f"an encoding that nobody knows: {protocol.encoding}")
    if protocol.baud not in BAUDS:
        wrong.append(f"a speed that no port has: {protocol.baud}")
    return wrong


def _known(encoding: str) -> bool:
    try:
        codecs.lookup(encoding)
    except LookupError:
        return False
    return True


SHELF = Shelf(PROTOCOLS, "protocol", SerialProtocol, ProtocolError, _contradictions, (ValueError, re.error))
protocol_names, load_protocol, read_protocol = SHELF.names, SHELF.load, SHELF.read

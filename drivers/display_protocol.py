"""How a display on a serial port is written to: packets and letters of its protocol. Data in drivers/displays.

Each protocol cites the document and the page that its facts are from. `verified` is true only after somebody has run
Menshen against the device itself and said so in the file.
"""

from __future__ import annotations

import functools
import tomllib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import msgspec

from drivers.serial_settings import BAUDS, Parity

DISPLAYS = Path(__file__).parent / "displays"
PACKET_BYTES_MAX = 512
ROWS_MAX, COLUMNS_MAX = 8, 64
EVERY_MS = (100, 10_000)


class DisplayError(Exception):
    """There is no such protocol, or it is wrong: the message says which, and what there is."""


class Packet(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text on the wire: `before`, the rows with `between` them, `after`. Bytes are written as hexadecimal digits.

    With `sum_from` four digits of ASCII follow: the sum of all bytes from that one to `after`. Then comes `end`.
    """

    before: str = ""
    between: str = ""
    after: str = ""
    sum_from: int | None = None
    end: str = ""
    all_rows: bool = False  # each row is written over in full, with spaces up to its width


class DisplayProtocol(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One family of displays. `every_ms`: it is written to no more often."""

    id: str
    title: str
    document: str
    page: str
    encodings: tuple[str, ...]  # of Python; the first unless the table names another
    rows: int
    columns: int  # of narrow letters; a Chinese one takes two
    packet: Packet
    every_ms: int = 500
    baud: int = 9600
    parity: Parity = Parity.NONE
    stop_bits: int = 1
    data_bits: int = 8
    verified: bool = False
    commissioning: tuple[str, ...] = ()  # what has to be set on the device itself, for people

    @property
    def source(self) -> str:
        return f"{self.document}, {self.page}"


def protocol_names() -> tuple[str, ...]:
    """The protocols that there are, for messages."""
    return tuple(sorted(path.stem for path in DISPLAYS.glob("*.toml")))


@functools.cache
def load_protocol(name: str) -> DisplayProtocol:
    """Read a protocol. Raises DisplayError."""
    if name not in protocol_names():
        raise DisplayError(f"no protocol {name!r}; there are {', '.join(protocol_names())}")
    return read_protocol(name, (DISPLAYS / f"{name}.toml").read_text(encoding="utf-8"))


def read_protocol(name: str, text: str) -> DisplayProtocol:
    """Make a protocol of its text. Raises DisplayError, which says what is wrong in it."""
    where = f"drivers/displays/{name}.toml"
    try:
        protocol = msgspec.convert(tomllib.loads(text), DisplayProtocol)
        longest = packet(protocol, ["x" * protocol.columns] * protocol.rows, protocol.encodings[0], protocol.columns)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError, LookupError) as error:
        raise DisplayError(f"{where} is damaged: {error}; install Menshen again") from error
    wrong = []
    if protocol.id != name:
        wrong.append(f"it calls itself {protocol.id!r}")
    if not 1 <= protocol.rows <= ROWS_MAX or not 1 <= protocol.columns <= COLUMNS_MAX:
        wrong.append(f"more than {ROWS_MAX} rows of {COLUMNS_MAX} letters, or none")
    if len(longest) > PACKET_BYTES_MAX:
        wrong.append(f"packets of more than {PACKET_BYTES_MAX} bytes")
    if not EVERY_MS[0] <= protocol.every_ms <= EVERY_MS[1]:
        wrong.append(f"every_ms is not {EVERY_MS[0]} to {EVERY_MS[1]}")
    if protocol.baud not in BAUDS:
        wrong.append(f"a speed that no port has: {protocol.baud}")
    if wrong:
        raise DisplayError(f"{where} is wrong: {'; '.join(wrong)}")
    return protocol


def packet(protocol: DisplayProtocol, rows: Sequence[str], encoding: str, columns: int) -> bytes:
    """The bytes that show these rows. What the display has no letter for is a question mark."""
    form = protocol.packet
    if form.all_rows:
        rows = [row + " " * (columns - width_of(row)) for row in rows]
    else:
        rows = [row for row in rows if row]
    text = bytes.fromhex(form.between).join(row.encode(encoding, "replace") for row in rows)
    body = bytes.fromhex(form.before) + text + bytes.fromhex(form.after)
    if form.sum_from is not None:
        body += b"%04X" % (sum(body[form.sum_from :]) & 0xFFFF)
    return body + bytes.fromhex(form.end)


def width_of(text: str) -> int:
    """Columns of a display: Chinese letters take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def fitted(text: str, columns: int) -> str:
    """What fits into one row. What is no letter (a control, an escape, a turn of direction) is left out."""
    kept, width = "", 0
    for letter in text:
        if not letter.isprintable():
            continue
        width += width_of(letter)
        if width > columns:
            break
        kept += letter
    return kept.rstrip()

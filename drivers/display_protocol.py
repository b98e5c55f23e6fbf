"""How a display on a serial port is written to: packets and letters of its protocol. Data in drivers/displays.

Each protocol cites the document and the page that its facts are from. `verified` is true only after somebody has run
Menshen against the device itself and said so in the file.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from drivers.described import Shelf
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


def _contradictions(protocol: DisplayProtocol) -> Iterator[str]:
    """What no protocol may say. Raises ValueError or LookupError for bytes and encodings that are none."""
    longest = packet(protocol, ["x" * protocol.columns] * protocol.rows, protocol.encodings[0], protocol.columns)
    if not 1 <= protocol.rows <= ROWS_MAX or not 1 <= protocol.columns <= COLUMNS_MAX:
        yield f"more than {ROWS_MAX} rows of {COLUMNS_MAX} letters, or none"
    if len(longest) > PACKET_BYTES_MAX:
        yield f"packets of more than {PACKET_BYTES_MAX} bytes"
    if not EVERY_MS[0] <= protocol.every_ms <= EVERY_MS[1]:
        yield f"every_ms is not {EVERY_MS[0]} to {EVERY_MS[1]}"
    if protocol.baud not in BAUDS:
        yield f"a speed that no port has: {protocol.baud}"


SHELF = Shelf(DISPLAYS, "protocol", DisplayProtocol, DisplayError, _contradictions, (ValueError, LookupError))
protocol_names, load_protocol, read_protocol = SHELF.names, SHELF.load, SHELF.read


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

"""In which encoding a text file is: proven by decoding all of it, never guessed from a part.

UTF-8 first, GB18030 (GB 18030-2022, with GBK and GB 2312 inside) second; UTF-16 only with its mark. Latin and other
one-byte encodings cannot be told from GB18030 and are not read.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from firmware.roster.sheets.errors import SheetError

CHUNK_BYTES = 1 << 20
# Whole three-byte characters before the first bad byte that prove a file to be damaged UTF-8 and not GB18030: Chinese
# characters of GB18030 look like one of them in 1 of 160 cases, so like three in a row in 1 of 4 million.
UTF8_WITNESSES = 3
_SAVE_AGAIN = "save it as CSV UTF-8"


class Encoding(NamedTuple):
    name: str
    lines: int  # line ends, at least


class _Broken(NamedTuple):
    """Where decoding ends."""

    offset: int  # in bytes, of the first bad one
    byte: int | None  # None: the file ends in the middle of a character
    line: int
    witnesses: int  # characters before it that take three bytes in UTF-8


def encoding_of(file: BinaryIO, path: Path) -> Encoding:
    """The encoding of the whole file. Raises SheetError with line, offset and byte where there is none."""
    file.seek(0)
    start = file.read(4)
    if start[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return _proven(file, path, "utf-16")
    if start.startswith(codecs.BOM_UTF8):
        return _proven(file, path, "utf-8-sig")
    first = _decoded(file, "utf-8")
    if isinstance(first, int):
        return Encoding("utf-8", first)
    if first.witnesses >= UTF8_WITNESSES:
        raise _refused(path, first, "UTF-8")
    second = _decoded(file, "gb18030")
    if isinstance(second, int):
        return Encoding("gb18030", second)
    further = max(first, second)
    raise _refused(path, further, "UTF-8" if further == first else "GB18030")


def _proven(file: BinaryIO, path: Path, name: str) -> Encoding:
    found = _decoded(file, name)
    if isinstance(found, int):
        return Encoding(name, found)
    raise _refused(path, found, name.removesuffix("-sig").upper())


def _refused(path: Path, broken: _Broken, name: str) -> SheetError:
    if broken.byte is None:
        allowed = "the file was cut off: copy it again from where it came"
        return SheetError(path, f"it ends in the middle of a {name} character", allowed, row=broken.line)
    found = f"byte 0x{broken.byte:02x} at offset {broken.offset} is no {name}"
    return SheetError(path, found, f"it is in no encoding that is read here: {_SAVE_AGAIN}", row=broken.line)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    file.seek(0)
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _decoded(file: BinaryIO, name: str) -> int | _Broken:
    """The number of line ends of the whole file, or where it is no `name`."""
    decoder = codecs.getincrementaldecoder(name)("strict")
    taken = lines = witnesses = 0
    for chunk in _with_end(file):
        held = len(decoder.getstate()[0])  # bytes of a character that the chunk before began
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            good = error.object[: error.start].decode(name.removesuffix("-sig"), "ignore")
            lines += _line_ends(good)
            witnesses += _witnesses(good)
            offset = taken - held + error.start
            cut = not chunk  # nothing follows that could make it whole
            return _Broken(offset, None if cut else error.object[error.start], lines + 1, witnesses)
        lines += _line_ends(text)
        if witnesses < UTF8_WITNESSES:
            witnesses += _witnesses(text)
        taken += len(chunk)
    return lines


def _with_end(file: BinaryIO) -> Iterator[bytes]:
    yield from _chunks(file)
    yield b""


def _line_ends(text: str) -> int:
    return max(text.count("\n"), text.count("\r"))


def _witnesses(text: str) -> int:
    """Characters of three bytes, as nearly all Chinese ones are."""
    return 0 if text.isascii() else sum("\u0800" <= character <= "\uffff" for character in text)

"""The shared strings of a workbook: each text once, cells name them by number. Packed, and past a limit in a file.

As Python texts a million of them take 100 MB; packed they take what they are long, and four bytes each.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterable
from typing import IO

from firmware.roster.sheets.errors import Unreadable
from firmware.roster.sheets.table import CELL_CHARACTERS_MAX
from firmware.roster.sheets.xml_stream import Attributes, Reader, as_utf8
from firmware.roster.sheets.xstring import unescaped

STRINGS_MAX = 4_000_000
STRINGS_BYTES_MAX = 1 << 30  # packed
MEMORY_BYTES_MAX = 16 << 20  # packed; what is longer goes to a temporary file without a name


class SharedStrings:
    """Texts by number. Close it: it may hold a temporary file."""

    def __init__(self) -> None:
        self._packed = bytearray()
        self._ends = array("I", [0])
        self._file: IO[bytes] | None = None

    def __len__(self) -> int:
        return len(self._ends) - 1

    def add(self, text: str) -> None:
        """Raises Unreadable past the limits."""
        if len(self) >= STRINGS_MAX:
            raise Unreadable("too many different texts", f"{STRINGS_MAX} are allowed")
        packed = text.encode("utf-8")
        end = self._ends[-1] + len(packed)
        if end > STRINGS_BYTES_MAX:
            raise Unreadable("too much text", f"{STRINGS_BYTES_MAX} bytes are allowed")
        self._packed += packed
        self._ends.append(end)
        if len(self._packed) > MEMORY_BYTES_MAX:
            self._spill()

    def seal(self) -> None:
        """All are there."""
        if self._file is not None:
            self._spill()
            self._file.flush()

    def __getitem__(self, number: int) -> str:
        """The text of a number from 0. Raises IndexError where there is none."""
        start, end = self._ends[number], self._ends[number + 1]
        if self._file is None:
            return self._packed[start:end].decode()
        return os.pread(self._file.fileno(), end - start, start).decode()

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            # The object closes it; it has no name, so that nobody else can open it and a crash leaves nothing.
            self._file = tempfile.TemporaryFile(prefix="menshen-")  # noqa: SIM115
        self._file.write(self._packed)
        self._packed.clear()


class _Strings(Reader):
    """sst/si/t, sst/si/r/t; not sst/si/rPh/t, which tells how a text is pronounced (18.4)."""

    def __init__(self, into: SharedStrings) -> None:
        super().__init__()
        self._into = into
        self._pieces: list[str] = []
        self._characters = 0

    def start(self, _: Attributes) -> None:
        path = self.path
        if path[-1] == "t" and (path == ["sst", "si", "t"] or path == ["sst", "si", "r", "t"]):
            self.collect(self._take)

    def end(self) -> None:
        path = self.path
        if path[-1] == "t":
            self.collect(None)
        elif path == ["sst", "si"]:
            text = "".join(self._pieces)
            self._into.add(unescaped(text) if "_x" in text else text)
            self._pieces.clear()
            self._characters = 0

    def _take(self, text: str) -> None:
        self._characters += len(text)
        if self._characters > CELL_CHARACTERS_MAX:
            allowed = f"{CELL_CHARACTERS_MAX} characters are allowed in a cell"
            raise Unreadable(f"shared text {len(self._into) + 1} is longer", allowed)
        self._pieces.append(text)


def read_strings(chunks: Iterable[bytes]) -> SharedStrings:
    """The shared strings of a part. Raises Unreadable."""
    strings = SharedStrings()
    reader = _Strings(strings)
    try:
        for chunk in as_utf8(chunks):
            reader.feed(chunk)
        reader.feed(b"", last=True)
        strings.seal()
    except BaseException:
        strings.close()
        raise
    return strings

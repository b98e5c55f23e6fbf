"""The zip around a workbook, opened with distrust: every limit is checked before a byte is unpacked, and while it is.

Zip format: PKWARE APPNOTE 6.3.10. The container's rules: ECMA-376-2 (part names are equal whatever their case).
"""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from firmware.roster.errors import shown
from firmware.roster.sheets.errors import SheetError

PARTS_MAX = 4_096  # a workbook of 250 sheets with pictures has 1,000
DIRECTORY_BYTES_MAX = 1 << 20  # of the list of parts, which is read in whole
PART_BYTES_MAX = 1 << 30  # unpacked; 250,000 rows of 12 cells are 223 MB, a full sheet of a million 900 MB
ALL_BYTES_MAX = PART_BYTES_MAX + (PART_BYTES_MAX >> 2)  # unpacked, all parts together
RATIO_MAX = 100  # unpacked to packed; sheets reach 15 to 40, a zip bomb 1,000
RATIO_BYTES_MIN = 1 << 20  # smaller parts harm nobody, whatever their ratio
CHUNK_BYTES = 1 << 18

_END = b"PK\5\6"
_END_BYTES = 22
_COMMENT_BYTES_MAX = 0xFFFF
_LOCATOR_BYTES, _END_64_BYTES = 20, 56
_LOCAL_BYTES = 30  # of the header in front of each part, before its name
_ENCRYPTED = 0x1
_SAVE_AGAIN = "open it in the spreadsheet program and save it again as .xlsx"
_COPY_AGAIN = "the file is damaged or was cut off: copy it again from where it came"
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,  # of zipfile: encrypted after all, or packed in a way that it does not know
    struct.error,
    ValueError,
    OverflowError,
    IndexError,
    OSError,
)


class Archive:
    """The parts of one file. Raises SheetError wherever it is not a sound zip within the limits."""

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self.path = path
        self._check_directory(file)
        try:
            self._zip = zipfile.ZipFile(file)
        except _DAMAGED as error:
            raise self._refused(f"the list of parts cannot be read ({error})", _COPY_AGAIN) from error
        self._parts: dict[str, zipfile.ZipInfo] = {}
        for part in self._zip.infolist():
            if not part.is_dir():
                self._take(part)
        self._check_overlap()

    def close(self) -> None:
        self._zip.close()

    def __contains__(self, part: str) -> bool:
        return part.lower() in self._parts

    def names(self) -> list[str]:
        """All parts, in small letters."""
        return list(self._parts)

    def size(self, part: str) -> int:
        """Unpacked, in bytes, as the file says (and as `chunks` will hold it to). The part must be there."""
        return self._parts[part.lower()].file_size

    def chunks(self, part: str, bytes_max: int = PART_BYTES_MAX) -> Iterator[bytes]:
        """What a part holds, piece by piece. Raises SheetError where it is missing, too long or damaged."""
        found = self._parts.get(part.lower())
        if found is None:
            raise self._refused(f"the part {shown(part)} is missing", _SAVE_AGAIN)
        if found.file_size > bytes_max:
            raise self._refused(f"{shown(part)} has {found.file_size} bytes", f"{bytes_max} are allowed")
        try:
            with self._zip.open(found) as stream:
                left = found.file_size
                # A stream ends at the size that the list of parts promises, and then compares the checksum.
                while chunk := stream.read(CHUNK_BYTES):
                    left -= len(chunk)
                    yield chunk
            if left:
                raise zipfile.BadZipFile("it is shorter than it says")
        except _DAMAGED as error:
            raise self._refused(f"{shown(part)} cannot be unpacked ({error})", _COPY_AGAIN) from error

    def read(self, part: str, bytes_max: int) -> bytes:
        """A small part in whole. Raises SheetError."""
        return b"".join(self.chunks(part, bytes_max))

    def _refused(self, found: str, allowed: str) -> SheetError:
        return SheetError(self.path, found, allowed)

    def _check_directory(self, file: BinaryIO) -> None:
        """How long the list of parts is, before `zipfile` reads it in whole: it finds the list in just this way."""
        size = file.seek(0, 2)
        start = max(0, size - _END_BYTES - _COMMENT_BYTES_MAX)
        file.seek(start)
        tail = file.read()
        at = len(tail) - _END_BYTES
        if not (tail.startswith(_END, max(at, 0)) and tail.endswith(b"\0\0")):  # no comment, as nearly always
            at = tail.rfind(_END)
        if at < 0 or len(tail) - at < _END_BYTES:
            raise self._refused("the end of the zip is not there", _COPY_AGAIN)
        counts = [struct.unpack_from("<HI", tail, at + 10)]
        at_64 = start + at - _LOCATOR_BYTES - _END_64_BYTES
        if at_64 >= 0:
            file.seek(at_64)
            end_64 = file.read(_END_64_BYTES)
            if end_64.startswith(b"PK\6\6"):
                counts.append(struct.unpack_from("<QQ", end_64, 32))
        for parts, directory_bytes in counts:
            marked = (parts, directory_bytes) == (0xFFFF, 0xFFFFFFFF) and len(counts) > 1
            if not marked and (parts > PARTS_MAX or directory_bytes > DIRECTORY_BYTES_MAX):
                raise self._refused(f"the zip lists {parts} parts", f"{PARTS_MAX} are allowed")

    def _take(self, part: zipfile.ZipInfo) -> None:
        name = part.filename.replace("\\", "/").lstrip("/")  # some exporters write them so
        if ".." in name.split("/") or "\0" in part.orig_filename:
            raise self._refused(f"a part is named {shown(part.filename)}", "names within the file are allowed")
        if name.lower() in self._parts:
            raise self._refused(f"the part {shown(name)} is there twice", _SAVE_AGAIN)
        if part.flag_bits & _ENCRYPTED:
            raise self._refused("it is protected by a password", "save it without a password")
        if part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise self._refused(f"{shown(name)} is packed by method {part.compress_type}", _SAVE_AGAIN)
        if part.file_size > PART_BYTES_MAX:
            raise self._refused(f"{shown(name)} has {part.file_size} bytes", f"{PART_BYTES_MAX} are allowed")
        if part.file_size > max(RATIO_BYTES_MIN, RATIO_MAX * part.compress_size):
            ratio = part.file_size // max(1, part.compress_size)
            allowed = f"up to {RATIO_MAX} times is allowed: this is no list but a trap, or mostly empty cells"
            raise self._refused(f"{shown(name)} grows {ratio} times when it is unpacked", allowed)
        self._parts[name.lower()] = part
        total = sum(one.file_size for one in self._parts.values()) if part.file_size > RATIO_BYTES_MIN else 0
        if total > ALL_BYTES_MAX:
            raise self._refused(f"it unpacks to more than {ALL_BYTES_MAX} bytes", "split it into several files")

    def _check_overlap(self) -> None:
        """Parts that share bytes are how a small file unpacks to a huge one."""
        end = 0
        for part in sorted(self._parts.values(), key=lambda one: one.header_offset):
            if part.header_offset < end:
                raise self._refused("parts of the zip overlap", "this is no spreadsheet but a trap")
            name_bytes = len(part.orig_filename.encode("utf-8" if part.flag_bits & 0x800 else "cp437", "replace"))
            end = part.header_offset + _LOCAL_BYTES + name_bytes + part.compress_size

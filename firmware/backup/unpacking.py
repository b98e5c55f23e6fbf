"""Opens a backup: proves all of it, and puts its parts into a folder under numbers, or only says what is in it.

No name of the file is used as a path. Memory and disk are bounded by the list that stands first and by the table of
kinds, whatever the compressed content would become.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec

from firmware.backup.contents import (
    COUNTS,
    KINDS,
    LENGTH_BYTES,
    LIST_BYTES_MAX,
    NAMED,
    SCHEMA,
    SITE,
    TOTAL_BYTES_MAX,
    Contents,
    Part,
    SchemaOnly,
)
from firmware.backup.errors import BackupDamaged, BackupError, BackupMisused, BackupNewer
from firmware.backup.packing import FILE_MODE, Step
from firmware.backup.sealing import unsealed
from firmware.roster.files import open_regular

READ_AT_ONCE_BYTES = 1 << 18
_NOT_OURS = "The file opens, but holds no content of a backup: {why}. Take another copy of it."


class Opened(NamedTuple):
    """What was in a backup, and the copy of each part, where they were wanted."""

    contents: Contents
    copies: tuple[Path, ...] = ()

    def of(self, kind: str) -> Path | None:
        """The copy of the one part of a kind."""
        found = (copy for part, copy in zip(self.contents.parts, self.copies, strict=True) if part.kind == kind)
        return next(found, None)

    @property
    def named(self) -> dict[str, Path]:
        """The copies of the files that the site file names."""
        both = zip(self.contents.parts, self.copies, strict=True)
        return {part.name: copy for part, copy in both if part.kind == NAMED}


def open_backup(path: Path, passphrase: str, into: Path | None = None, step: Step = lambda _done, _all: None) -> Opened:
    """Prove all of a backup; with `into` its parts are written there. Raises BackupError."""
    try:
        with open_regular(path) as file:
            return _open(_Plain(unsealed(file, passphrase)), into, step)
    except FileNotFoundError as error:
        raise BackupMisused(f"{path}: there is no such file") from error
    except OSError as error:
        raise BackupError(f"{error.filename or path}: {error.strerror or error}") from error


class _Plain:
    """The decompressed content; never more of it at a time than is asked for."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._unpacker = zlib.decompressobj()

    def read(self, count: int) -> bytes:
        """At least one byte and at most `count`. Raises BackupDamaged at the end."""
        content = self._next(count)
        if not content:
            raise BackupDamaged(_NOT_OURS.format(why="it ends too early"))
        return content

    def _next(self, count: int) -> bytes:
        """As `read`; nothing at the end of the compressed content, or of the file."""
        while not self._unpacker.eof:
            waiting = self._unpacker.unconsumed_tail
            try:
                content = self._unpacker.decompress(waiting, count)  # of nothing: what zlib still holds back
                if not content and not waiting and not self._unpacker.eof:
                    waiting = next(self._chunks, b"")
                    content = self._unpacker.decompress(waiting, count)
                    if not content and not waiting:
                        break
            except zlib.error as error:
                raise BackupDamaged(_NOT_OURS.format(why=error)) from error
            if content:
                return content
        return b""

    def exactly(self, count: int) -> bytes:
        held = b""
        while len(held) < count:
            held += self.read(count - len(held))
        return held

    def finish(self) -> None:
        """Nothing may follow: prove the end of the compressed content and of the file. Raises BackupDamaged."""
        if self._next(1):
            raise BackupDamaged(_NOT_OURS.format(why="there is more in it than its list says"))
        if not self._unpacker.eof or self._unpacker.unused_data or any(self._chunks):
            raise BackupDamaged(_NOT_OURS.format(why="it has no end, or something follows it"))


def _open(plain: _Plain, into: Path | None, step: Step) -> Opened:
    contents = _listed(plain)
    if into is not None:
        free = shutil.disk_usage(into).free
        if free < 2 * contents.bytes:  # here, and once more where it goes
            raise BackupError(f"{into}: {free} bytes are free, {2 * contents.bytes} are needed. Make room first.")
    copies: list[Path] = []
    done = 0
    for number, part in enumerate(contents.parts):
        digest = hashlib.sha256()
        if into is None:
            for content in _content_of(part, plain):
                digest.update(content)
                done += len(content)
                step(done, contents.bytes)
        else:
            copies.append(into / f"{number:04d}.{part.kind}")
            with _made(copies[-1]) as file:
                for content in _content_of(part, plain):
                    digest.update(content)
                    file.write(content)
                    done += len(content)
                    step(done, contents.bytes)
        if digest.hexdigest() != part.sha256:
            raise BackupDamaged(_NOT_OURS.format(why=f"its {part.kind} is not what its list says"))
    plain.finish()
    return Opened(contents, tuple(copies))


def _listed(plain: _Plain) -> Contents:
    """The list of contents, within every limit. Raises BackupDamaged, BackupNewer."""
    length = int.from_bytes(plain.exactly(LENGTH_BYTES), "big")
    if length > LIST_BYTES_MAX:
        raise BackupDamaged(_NOT_OURS.format(why="its list is too long"))
    encoded = plain.exactly(length)
    try:
        schema = msgspec.json.decode(encoded, type=SchemaOnly).schema
        if schema > SCHEMA:
            raise BackupNewer(
                f"The backup's content has schema {schema}, this program reads up to {SCHEMA}. Update Menshen on this "
                "board first."
            )
        contents = msgspec.json.decode(encoded, type=Contents)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise BackupDamaged(_NOT_OURS.format(why=error)) from error
    why = _wrong_with(contents)
    if why:
        raise BackupDamaged(_NOT_OURS.format(why=why))
    return contents


def _wrong_with(contents: Contents) -> str:
    """Why a list may not be; empty: it may."""
    seen: set[tuple[str, str]] = set()
    for part in contents.parts:
        kind = KINDS.get(part.kind)
        if kind is None:
            return "it has a part of no known kind"
        if part.bytes > kind.bytes_max:
            return f"its {part.kind} is larger than one may be"
        if (part.kind, part.name) in seen or bool(part.name) is not kind.many:
            return f"its {part.kind} has a wrong name, or stands there twice"
        if not part.counts.keys() <= set(COUNTS):
            return f"its {part.kind} counts what nobody knows"
        seen.add((part.kind, part.name))
    if contents.schema < 1 or contents.bytes > TOTAL_BYTES_MAX:
        return "it is larger than one may be"
    return "" if (SITE, "") in seen else "it has no site file"


def _content_of(part: Part, plain: _Plain) -> Iterator[bytes]:
    left = part.bytes
    while left:
        content = plain.read(min(left, READ_AT_ONCE_BYTES))
        left -= len(content)
        yield content


def _made(path: Path) -> BinaryIO:
    return open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), "wb")

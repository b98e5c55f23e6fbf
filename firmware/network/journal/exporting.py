"""An export as one archive: the rows as `menshen journal export` writes them, and the signed head that proves them.

Made piece by piece, so that neither memory nor an open view of the journal grows with a reader who is slow. The head
is taken first: the rows then hold every row that it vouches for.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import datetime, tzinfo
from pathlib import Path

import msgspec

from firmware.journal import export_pieces, head_file, newest_head, purpose_line
from firmware.network.journal.filters import window_text

LEVEL = 1  # half of a row is hashes, which no level makes shorter
HEAD_SUFFIX = ".head"
WITH_PERSONS = "with persons"  # in an event's detail
FIRST_YEAR = 1980  # of an archive's times
_NO_TIME = (FIRST_YEAR, 1, 1, 0, 0, 0)


class Wanted(msgspec.Struct, frozen=True):
    """What is exported. Bodies need a purpose."""

    form: str  # jsonl or csv
    since_ms: int | None = None
    until_ms: int | None = None
    with_bodies: bool = False
    purpose: str = ""

    def __post_init__(self) -> None:
        assert self.purpose or not self.with_bodies

    def said(self) -> str:
        """What the journal has of it: the form, the time, and whether it tells who it was."""
        window = window_text(self.since_ms, self.until_ms)
        return " ".join(part for part in (self.form, window, WITH_PERSONS if self.with_bodies else "") if part)


class _Sink:
    """Takes what the archive writes until somebody asks for it. It cannot be sought, so the archive never goes back."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        return

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def archive(path: Path, wanted: Wanted, name: str, utc_ms: int | None, zone: tzinfo) -> Iterator[bytes]:
    """The archive's bytes; `name` is that of the file of rows in it. Each step blocks.

    Raises JournalError and OSError: what was made until then is no archive and cannot be opened.
    """
    at = _NO_TIME if utc_ms is None else _archive_time(utc_ms, zone)
    sink = _Sink()
    head = newest_head(path)
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as made:  # type: ignore[call-overload]
        if head is not None:
            made.writestr(_entry(name + HEAD_SUFFIX, at), head_file(head), compresslevel=LEVEL)
        with made.open(_entry(name, at), "w", force_zip64=True) as rows:
            if wanted.purpose:
                rows.write(purpose_line(wanted.form, wanted.purpose, wanted.since_ms, wanted.until_ms))
            pieces = export_pieces(
                path,
                wanted.form,
                since_utc=wanted.since_ms,
                until_utc=wanted.until_ms,
                with_bodies=wanted.with_bodies,
            )
            for piece in pieces:
                rows.write(piece)
                yield sink.take()
    yield sink.take()


def _entry(name: str, at: tuple[int, int, int, int, int, int]) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, at)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _archive_time(utc_ms: int, zone: tzinfo) -> tuple[int, int, int, int, int, int]:
    local = datetime.fromtimestamp(utc_ms // 1000, zone)
    if local.year < FIRST_YEAR:
        return _NO_TIME
    return local.year, local.month, local.day, local.hour, local.minute, local.second

"""`menshen journal export`: rows into a new file or to standard output, with the purpose at their head.

Where a purpose was stated the first line says it, before any row: JSON lines begin with `{"export": {...}}`, CSV
with one cell of text. The rows that follow are those of exports.py, so their chain proves itself.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import BinaryIO

import msgspec

from firmware.journal.exports import export, export_head, purpose_line
from firmware.terminal import Progress, TerminalError

FILE_MODE = 0o600  # it may say who was where
HEAD_SUFFIX = ".head"


class Exported(msgspec.Struct, frozen=True):
    """What was written. `head_file` is None where the journal has no signed head yet."""

    file: str
    format: str
    rows: int
    purpose: str | None
    head_file: str | None
    head: str | None  # epoch:seq; every row up to it that the export holds can be held against it


def export_to(
    path: Path,
    to: Path | None,
    form: str,
    *,
    since_ms: int | None,
    until_ms: int | None,
    purpose: str | None,
    with_bodies: bool,
) -> Exported | None:
    """Export to a file that is not there yet, or (None) to standard output. Bodies need a purpose.

    Raises what exports.export raises, TerminalError where the file is there, OSError.
    """
    assert purpose is not None or not with_bodies
    window = (since_ms, until_ms)
    if to is None:
        _write(path, form, sys.stdout.buffer, window, purpose, with_bodies)
        return None
    beside = to.with_name(to.name + HEAD_SUFFIX)
    if beside.exists():
        raise TerminalError(f"{beside} is there already: choose another name, nothing is overwritten")
    try:
        descriptor = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)
    except FileExistsError:
        raise TerminalError(f"{to} is there already: choose another name, nothing is overwritten") from None
    try:
        with open(descriptor, "wb") as out:
            head = export_head(path, beside)  # first, so that the export holds every row that the head vouches for
            rows = _write(path, form, out, window, purpose, with_bodies)
            out.flush()
            os.fsync(out.fileno())
    except BaseException:
        to.unlink(missing_ok=True)  # half an export would pass for a whole one
        beside.unlink(missing_ok=True)
        raise
    signed = None if head is None else f"{head.epoch}:{head.seq}"
    return Exported(str(to), form, rows, purpose, None if head is None else str(beside), signed)


def _write(
    path: Path,
    form: str,
    out: BinaryIO,
    window: tuple[int | None, int | None],
    purpose: str | None,
    with_bodies: bool,
) -> int:
    progress = Progress()
    if purpose is not None:
        out.write(purpose_line(form, purpose, *window))
    try:
        return export(
            path,
            form,
            out,
            since_utc=window[0],
            until_utc=window[1],
            with_bodies=with_bodies,
            progress=progress.rows,
        )
    finally:
        progress.end()

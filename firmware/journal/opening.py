"""How the store is opened, and what happens when it is lost or broken: moved aside, never erased, and begun anew.

Each beginning is an epoch with a number of its own, so that a witness outside never takes one for the other. The
number comes from whatever is left to say it: the head file, the broken file itself, the names of files moved aside.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.journal.errors import JournalDamaged, is_damage
from firmware.journal.heads import HEAD_FILE, read_head, sync_folder
from firmware.journal.rows import Head
from firmware.journal.schema import DATABASE_FILE, connect_reader, select_ledger
from firmware.journal.store import Stamped, Store

_ASIDE = re.compile(r"journal\.epoch(\d+)-(\d+)\.damaged\.db(-wal)?")
LEDGER_ROWS_AT_ONCE = 1_000  # copied from a broken file


class Opened(NamedTuple):
    """An open store, and what its opening found."""

    store: Store
    begun: bool  # a new epoch, whose first row says why
    lost: bool  # there was a journal before, and it is not this one
    clean: bool  # the last run closed it
    aside: Path | None  # the old file


def open_store(
    folder: Path,
    kind: type[Store],
    *,
    boot: str,
    now_ms: int,
    utc_ms: int | None,
    known: Head | None = None,
    broken: str = "",
) -> Opened:
    """Open or begin the journal of a folder, and mark it as open by this run.

    `known` is the head that this run last saw; `broken` says what this run found wrong with the file, which is then
    not even tried. Raises sqlite3.Error and OSError where the folder cannot be used now.
    """
    path = folder / DATABASE_FILE
    last = _last_head(folder, known)
    why = broken
    store: Store | None = None
    if not broken:
        try:
            store = kind.open(path)
        except (sqlite3.Error, JournalDamaged) as error:
            if not is_damage(error):
                raise
            why = f"the old file cannot be read ({error})"
    if store is not None:
        if last is None or store.continues(last):
            clean = store.open_boot is None
            _mark_open(store, boot)
            return Opened(store, begun=False, lost=False, clean=clean, aside=None)
        why = f"the old file ends at {store.epoch}:{store.seq} and lacks rows that were there"
        store.close()
    seen = _epochs_seen(folder)
    # A log without its file: somebody took the file. (A file without tables was being made when the power went.)
    orphan = _wal(path).exists() and not (path.exists() and path.stat().st_size > 0)
    guess = seen + 1 if seen or why or orphan else 0  # what was there is younger than all that was moved aside
    previous = max(last.epoch if last else 0, guess, _epoch_in(path) if why and not broken else 0)
    aside = _move_aside(path, previous) if orphan or (why and path.exists()) else None
    lost = bool(why) or last is not None or aside is not None
    detail = "the first journal of this controller"
    if lost:
        named = f"last known head {last.epoch}:{last.seq} {last.hash.hex()}" if last else "no head of it is known"
        stays = f"; it is kept as {aside.name}" if aside else ""
        detail = f"{why or 'the old file is gone'}{stays}; {named}"
    first = Stamped(Event(Code.EPOCH_BEGUN, detail=detail), now_ms, utc_ms)
    store = kind.create(path, previous + 1, first, boot)
    _mark_open(store, boot)
    return Opened(store, begun=True, lost=lost, clean=not lost, aside=aside)


def _mark_open(store: Store, boot: str) -> None:
    try:
        with store.transaction():
            store.set_meta("open", boot)
    except BaseException:
        store.close()
        raise


def _wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def _last_head(folder: Path, known: Head | None) -> Head | None:
    """The newest head that anything says; a head file that cannot be read says nothing."""
    try:
        signed = read_head(folder / HEAD_FILE)
        found = Head(signed.epoch, signed.seq, bytes.fromhex(signed.hash)) if signed else None
    except (JournalDamaged, ValueError):
        found = None
    heads = [head for head in (known, found) if head is not None]
    return max(heads, key=lambda head: (head.epoch, head.seq), default=None)


def _epochs_seen(folder: Path) -> int:
    matches = (_ASIDE.fullmatch(path.name) for path in folder.iterdir())
    return max((int(match[1]) for match in matches if match), default=0)


def _epoch_in(path: Path) -> int:
    """The epoch a broken file gives itself; 0 where it gives none."""
    try:
        connection = connect_reader(path)
    except (sqlite3.Error, OSError):
        return 0
    try:
        row = connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()
        return row[0] if row and isinstance(row[0], int) else 0
    except sqlite3.Error:
        return 0
    finally:
        connection.close()


def _move_aside(path: Path, epoch: int) -> Path:
    """Rename a broken file and its log, the file first: a log without its file is moved by the next start."""
    number = 1
    while True:
        aside = path.with_name(f"journal.epoch{epoch}-{number}.damaged.db")
        if not aside.exists() and not _wal(aside).exists():
            break
        number += 1
    if path.exists():
        path.rename(aside)
    if _wal(path).exists():
        _wal(path).rename(_wal(aside))
    path.with_name(path.name + "-shm").unlink(missing_ok=True)  # derived from the log
    sync_folder(path.parent)
    return aside


def rescue_ledger(source: Callable[[], sqlite3.Connection], store: Store) -> bool:
    """Copy the ledger of a lost or broken file, as far as it can be read; whether that was to its end.

    Within a transaction of `store`; errors of the source end the copy, errors of the store are raised.
    """
    try:
        connection = source()
        cursor = connection.execute(select_ledger(connection))
    except (sqlite3.Error, OSError):
        return False
    while True:
        try:
            rows = cursor.fetchmany(LEDGER_ROWS_AT_ONCE)
        except sqlite3.Error:
            return False
        if not rows:
            return True
        store.put_ledger_rows(rows)

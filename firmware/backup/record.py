"""The journal of a controller that does not run: one event into it, and what it keeps, for who holds the state folder.

Whoever calls this has seen to it that no controller runs there, and that none starts meanwhile.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Collection
from pathlib import Path

from firmware.backup.errors import BackupError
from firmware.core.codes import Code
from firmware.core.effects import Event, Keep, Record
from firmware.identity import Identity
from firmware.journal import Journal, Limits
from firmware.journal.errors import JournalError
from firmware.journal.query import ROWS_MAX, search
from firmware.journal.schema import DATABASE_FILE, connect_reader

FOLDER = "journal"
FOLDER_MODE = 0o750  # the network process reads through its group


def record(
    state: Path, identity: Identity, limits: Limits, event: Event, utc_s: int | None, forget: Collection[str] = ()
) -> None:
    """Commit one event, with its `request` at most once, and `forget` what the journal keeps under these keys.

    `utc_s` None: the time is not known. Raises BackupError where it cannot be committed.
    """
    folder = state / FOLDER
    failed: list[str] = []
    utc_ms = None if utc_s is None else utc_s * 1000
    try:
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise BackupError(f"{folder}: {error.strerror}. The journal is kept there.") from error
    if event.request and event.request in _requests(folder / DATABASE_FILE, event.code):
        return
    journal = Journal.open(
        folder,
        identity,
        boot=secrets.token_hex(8),
        limits=limits,
        on_committed=lambda _ticket, _epoch, _seq: None,
        on_failed=failed.append,
        on_recovered=lambda _lost: None,
        utc_ms=utc_ms,
    )
    events = [event]
    if not journal.clean_stop and journal.kept() is not None:  # the next start would not know of it any more
        events.insert(0, Event(Code.UNCLEAN_START, detail=f"may lack up to {journal.lost_ms_max} ms"))
    effects: list[Record | Keep] = [*(Record(each) for each in events), *(Keep(key, None) for key in forget)]
    ticket = journal.append(effects, now_ms=0, utc_ms=utc_ms)
    closed = journal.close()
    if not closed or journal.committed < ticket:
        raise BackupError(f"{folder}: {' '.join(failed) or 'the journal does not answer'}. Look at the disk.")


def kept(state: Path) -> dict[str, str]:
    """What the journal keeps over restarts; nothing where there is none that can be read."""
    path = state / FOLDER / DATABASE_FILE
    try:
        connection = connect_reader(path)
    except (sqlite3.Error, OSError):
        return {}
    try:
        return dict(connection.execute("SELECT key, value FROM kept").fetchall())
    except sqlite3.Error:
        return {}
    finally:
        connection.close()


def erasures_since(state: Path, since_s: int) -> int:
    """How many erasures of persons the journal knows of since then: a backup of before brings them back."""
    path = state / FOLDER / DATABASE_FILE
    try:
        return len(search(path, kind=Code.ERASED, since_utc=since_s * 1000, limit=ROWS_MAX)) if path.exists() else 0
    except JournalError:
        return 0


def _requests(path: Path, code: Code) -> set[str]:
    """The requests of the newest events of a code."""
    try:
        return {row.event.request for row in search(path, kind=code, limit=ROWS_MAX)} if path.exists() else set()
    except JournalError:
        return set()

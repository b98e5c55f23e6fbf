"""How other processes read the journal: read-only, within limits, with errors that say what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from firmware.core.codes import Severity
from firmware.journal.errors import JournalDamaged, JournalUnreachable, QueryTooLong, is_damage
from firmware.journal.rows import Row, decode_body, decode_header, event_of
from firmware.journal.schema import APPLICATION_ID, FORMAT, FORMATS_READ, connect_reader, format_of

# SQLite's virtual machine counts instructions; the handler is asked after each so many (about 1 ms on a board).
STEPS_AT_ONCE = 10_000
# Instructions of one search: about two seconds on a board. The worst lawful search needs a twentieth of it.
SEARCH_STEPS_MAX = 20_000_000

_INTERRUPTED = 9  # SQLITE_INTERRUPT


def never() -> bool:
    """For callers without a clock: only the count of instructions bounds the query."""
    return False


@contextmanager
def reading(path: Path, *, steps_max: int | None, expired: Callable[[], bool] = never) -> Iterator[sqlite3.Connection]:
    """One consistent view of a journal. `steps_max` bounds the work (None: no bound), `expired` the time.

    Raises JournalUnreachable, JournalDamaged, QueryTooLong.
    """
    try:
        connection = connect_reader(path)
    except (sqlite3.Error, OSError) as error:
        raise _translated(path, error) from error
    steps = 0

    def over() -> int:
        nonlocal steps
        steps += STEPS_AT_ONCE
        return int((steps_max is not None and steps > steps_max) or expired())

    try:
        connection.set_progress_handler(over, STEPS_AT_ONCE)
        (application,) = connection.execute("PRAGMA application_id").fetchone()
        if application != APPLICATION_ID or format_of(connection) not in FORMATS_READ:
            raise JournalDamaged(f"{path} is not a journal of format {FORMAT}: give the path of a journal.db")
        connection.execute("BEGIN")
        yield connection
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    finally:
        connection.set_progress_handler(None, 0)
        connection.close()


def _translated(path: Path, error: sqlite3.Error | OSError) -> Exception:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == _INTERRUPTED:
        return QueryTooLong("the search took too long: ask for fewer rows or a narrower time")
    if is_damage(error):
        return JournalDamaged(f"{path} is broken ({error}): the controller moves it aside at its next start")
    return JournalUnreachable(f"{path} cannot be read ({error}): check the path, and whether this user may read it")


def epoch_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT value FROM meta WHERE key = 'epoch'").fetchone()[0])


def anchor_of(connection: sqlite3.Connection) -> int:
    """The last row that retention removed: rows up to it count no more."""
    return int(connection.execute("SELECT value FROM meta WHERE key = 'anchor'").fetchone()[0])


def read_row(connection: sqlite3.Connection, seq: int, *, with_bodies: bool) -> Row | None:
    """One row; None where it is not there. Raises JournalDamaged where it cannot be understood."""
    found = connection.execute(
        "SELECT header, body, commitment, previous, hash FROM events WHERE seq = ?", (seq,)
    ).fetchone()
    if found is None:
        return None
    raw, raw_body, commitment, previous, digest = found
    try:
        header = decode_header(raw)
        body = decode_body(raw_body) if with_bodies and raw_body is not None else None
        return Row(
            epoch=header.epoch,
            seq=seq,
            utc_ms=header.utc_ms,
            monotonic_ms=header.monotonic_ms,
            boot=header.boot,
            severity=Severity(header.severity),
            event=event_of(header, body),
            erased=commitment is not None,
            hash=digest,
            previous=previous,
        )
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        raise JournalDamaged(
            f"row {seq} cannot be understood ({error}): a newer release wrote it, or it is broken; run journal verify"
        ) from error

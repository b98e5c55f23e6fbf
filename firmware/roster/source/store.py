"""The editable source of a roster: one SQLite file of the property office, opened, changed in batches, read.

A batch is one transaction in a write-ahead log that is synced before it counts: whoever is killed at any instant leaves
the last batch that was committed. The file holds names and phone numbers and is readable by its owner only.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firmware.roster.files import sync_folder
from firmware.roster.source.batch import (
    FILE_CHARACTERS_MAX,
    WHO_CHARACTERS_MAX,
    WHY_CHARACTERS_MAX,
    Batch,
    Kind,
    said,
)
from firmware.roster.source.errors import ChangeRefused, SourceBusy, SourceDamaged, SourceError, SourceMissing, told
from firmware.roster.source.history import NOTHING, Head, Header, Proof, verify_history
from firmware.roster.source.rows import BuildRow, rows_for_build
from firmware.roster.source.schema import APPLICATION_ID, FORMAT, TABLES, TRIGGERS

FILE_MODE = 0o600  # names, phone numbers, cards
BUSY_S = 3.0  # a reader's or a small edit's lock passes in that time; an import's does not
CACHE_KB = 32_768  # an import touches every page of some indexes; the whole program stays within 200 MB
ZONE = "time_zone"


class Source:
    """One source. Use it in a `with`; one thread. `db` is for SELECTs, and inside of a batch for changes."""

    def __init__(self, path: Path, db: sqlite3.Connection, *, readonly: bool) -> None:
        self.path = path
        self.db = db
        self.readonly = readonly
        self._batch: Batch | None = None

    @classmethod
    def create(
        cls, path: Path, *, time_zone: str, who: str = "menshen", why: str = "a new source", at_s: int = 0
    ) -> Source:
        """Make a source, whose first batch sets the zone of dates. Raises SourceError where a file is there."""
        _zone(time_zone)
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
        except FileExistsError as error:
            raise SourceError(f"{path} is already there: nothing is overwritten. Give another name.") from error
        except OSError as error:
            raise SourceError(f"{path} cannot be made: {error.strerror}. Give a folder that is yours.") from error
        try:
            with told(path):
                db = _connect(path, readonly=False)
                try:
                    db.execute("BEGIN IMMEDIATE")
                    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                    db.execute(f"PRAGMA user_version = {FORMAT}")
                    for statement in (*TABLES, *TRIGGERS):
                        db.execute(statement)
                    db.execute("COMMIT")
                    _prove(path, db)
                except BaseException:
                    db.close()
                    raise
            source = cls(path, db, readonly=False)
            try:
                with source.batch(Kind.RULES, who, why, at_s) as batch:
                    batch.db.execute("INSERT INTO setting VALUES (?, ?)", (ZONE, time_zone))
                sync_folder(path.parent)
            except BaseException:
                source.close()
                raise
        except BaseException:
            for suffix in ("", "-wal", "-shm"):  # it is ours: it was made a moment ago, and nobody has it yet
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            raise
        return source

    @classmethod
    def open(cls, path: Path, *, readonly: bool = False) -> Source:
        """Open a source. Raises SourceMissing, SourceDamaged or another SourceError; nothing is repaired or erased."""
        try:
            if not path.is_file():
                raise SourceMissing(f"{path}: there is no such source. `menshen roster new` makes one.")
        except OSError as error:
            raise SourceError(f"{path} cannot be opened: {error.strerror}.") from error
        with told(path):
            db = _connect(path, readonly=readonly)
            try:
                _prove(path, db)
            except BaseException:
                db.close()
                raise
        return cls(path, db, readonly=readonly)

    def close(self) -> None:
        """Close it; a batch that is being made is dropped."""
        self.db.close()

    def __enter__(self) -> Source:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def head(self) -> Head:
        """The newest batch."""
        with told(self.path):
            row = self.db.execute("SELECT id, hash FROM batch ORDER BY id DESC LIMIT 1").fetchone()
        return Head(0, NOTHING) if row is None else Head(*row)

    @property
    def time_zone(self) -> ZoneInfo:
        """The zone of dates without an offset."""
        with told(self.path):
            row = self.db.execute("SELECT value FROM setting WHERE name = ?", (ZONE,)).fetchone()
        return _zone(row[0] if row else "")

    @contextmanager
    def batch(
        self,
        kind: str,
        who: str,
        why: str,
        at_s: int,
        file: str | None = None,
        sha256: str | None = None,
        *,
        undoes: int | None = None,
    ) -> Iterator[Batch]:
        """Change the source: committed as a whole when the block ends, dropped as a whole when it raises.

        `at_s` is UTC; `file` is the name, not the path, of what was imported, `sha256` its digest in hex. A batch that
        changes nothing leaves no trace (`batch.changes == 0`). Raises SourceBusy where another program is changing the
        source, ChangeRefused where references would break (references.py), SourceError where the disk fails.
        """
        assert not self.readonly
        assert self._batch is None
        who, why = said(who, "who", WHO_CHARACTERS_MAX), said(why, "why", WHY_CHARACTERS_MAX)
        file = None if file is None else said(file, "file", FILE_CHARACTERS_MAX)
        with told(self.path):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                head = self.head
                header = Header(head.batch + 1, at_s, Kind(kind), who, sha256, undoes, 0)
                self.db.execute("INSERT INTO open_batch (one, id, kind) VALUES (1, ?, ?)", (header.id, kind))
                self._batch = Batch(self.db, self.path, header, why, file)
                yield self._batch
                changed = self._batch.seal(head)
                self.db.execute("DELETE FROM open_batch")
                self.db.execute("COMMIT" if changed else "ROLLBACK")
            except BaseException:
                if self.db.in_transaction:  # SQLite has rolled back by itself where the disk is full
                    self.db.execute("ROLLBACK")
                raise
            finally:
                self._batch = None

    @contextmanager
    def snapshot(self) -> Iterator[sqlite3.Connection]:
        """Read one state of the source with several statements, whatever others commit meanwhile."""
        if self.db.in_transaction:
            yield self.db
            return
        with told(self.path):
            self.db.execute("BEGIN")
            try:
                yield self.db
            finally:
                self.db.execute("ROLLBACK")

    def rows_for_build(self) -> Iterator[BuildRow]:
        """Every holder with all credentials, in the order of their ids, from one snapshot and in bounded memory."""
        with self.snapshot() as db:
            yield from rows_for_build(db)

    def prove(self) -> Proof:
        """Prove that the file is whole, the history too, and the tables what it says. Reads all of it.

        Raises SourceDamaged.
        """
        with self.snapshot() as db:
            found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise SourceDamaged(f"{self.path} is damaged ({found}). Keep it, and go on with the last copy of it.")
            return verify_history(db)

    def scrub(self) -> None:
        """Let no byte of what was removed stay in the file or its log: after an erasure. Costs a copy of the file.

        Raises SourceBusy while another program reads or writes the source: what was erased may then still be found in
        the files; do it again.
        """
        with told(self.path):
            self.db.execute("VACUUM")
            busy = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]
            if busy:
                raise SourceBusy(
                    f"{self.path}: another program is reading it, so that what was removed still stands in its log. "
                    "End that program and do this again."
                )


def _connect(path: Path, *, readonly: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if readonly else 'rw'}"
    db = sqlite3.connect(uri, uri=True, timeout=BUSY_S, isolation_level=None)
    try:
        db.execute("PRAGMA trusted_schema = OFF")  # until it is proven to be ours: anybody may have made the file
        db.execute("PRAGMA cell_size_check = ON")
        db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
        if readonly:
            db.execute("PRAGMA query_only = ON")
            return db
        db.execute("PRAGMA journal_mode = WAL").fetchone()
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA secure_delete = ON").fetchone()
        db.execute("PRAGMA recursive_triggers = ON")  # else REPLACE removes rows behind the triggers' back
    except BaseException:
        db.close()
        raise
    return db


def _prove(path: Path, db: sqlite3.Connection) -> None:
    """Refuse what is no source, one of another format, and one whose tables or triggers somebody changed."""
    application, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
    if application != APPLICATION_ID:
        raise SourceDamaged(f"{path} is no roster source. `menshen roster new` makes one; nothing was changed.")
    if version != FORMAT:
        raise SourceError(f"{path} has format {version}, this program reads {FORMAT}. Use the program that made it.")
    found = {sql for (sql,) in db.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL")}
    if found != {*TABLES, *TRIGGERS}:
        raise SourceDamaged(
            f"{path}: somebody changed its tables past the program. Keep it, go on with the last copy that is whole."
        )
    db.execute("PRAGMA trusted_schema = ON")  # its triggers are ours, letter by letter; SQLite calls json_object unsafe


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ChangeRefused(f"{name[:64]!r} is no time zone: write one such as Asia/Shanghai.") from None

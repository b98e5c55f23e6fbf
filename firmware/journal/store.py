"""The open database as its one writer uses it: chained rows, ledger, kept state, signed heads, within transactions.

A `Store` remembers the head in memory. After any failed transaction that memory is wrong: the store is then `spoiled`,
has to be closed, and its successor reads the truth from the file again.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, Self

import msgspec

from firmware.core.effects import Event
from firmware.journal import schema
from firmware.journal.errors import JournalDamaged
from firmware.journal.heads import SignedHead, sync_folder
from firmware.journal.ledger import LedgerEntry
from firmware.journal.rows import (
    HASH_BYTES,
    NOTHING,
    SALT_BYTES,
    Head,
    commitment_of,
    decode_body,
    encode_body,
    encode_header,
    hash_of,
    people_in,
    person_key,
    storable,
)

TAIL_ROWS = 64  # verified at every start: about as many as the last transactions wrote
_INSERT_EVENT = """INSERT INTO events (seq, utc_ms, kind, portal, header, body, salt, previous, hash)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_INSERT_MENTION = "INSERT INTO mentions (person, portal, kind, seq) VALUES (?, ?, ?, ?)"
_PUT_SPAN = """INSERT INTO spans (first, last, utc_min, utc_max, unknown) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (first) DO UPDATE SET
last = excluded.last, utc_min = excluded.utc_min, utc_max = excluded.utc_max, unknown = excluded.unknown"""
_PUT_LEDGER = f"""INSERT INTO ledger ({schema.LEDGER_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (holder) DO UPDATE SET area = excluded.area, entered_s = excluded.entered_s,
household = excluded.household, vehicle = excluded.vehicle, uses = excluded.uses, last_point = excluded.last_point,
last_s = excluded.last_s, placed_s = excluded.placed_s, placed_by = excluded.placed_by"""


class Stamped(NamedTuple):
    """An event with the instant at which the controller decided it."""

    event: Event
    monotonic_ms: int
    utc_ms: int | None


class _Span:
    """The newest span of rows, still growing: from row `first` to `last`, between two wall times."""

    def __init__(self, first: int, last: int, low: int | None, high: int | None, unknown: int) -> None:
        self.first, self.last, self.low, self.high, self.unknown = first, last, low, high, unknown
        self.newest = high  # the wall time of the newest row that has one

    def ends_before(self, utc_ms: int | None) -> bool:
        """Whether a row at this wall time belongs to a new span."""
        rows = self.last - self.first + 1
        if rows >= schema.SPAN_ROWS_MAX:
            return True
        if rows < schema.SPAN_ROWS_MIN or utc_ms is None or self.newest is None:
            return False
        return not -schema.SPAN_BACKWARD_MS <= utc_ms - self.newest <= schema.SPAN_FORWARD_MS

    def take(self, seq: int, utc_ms: int | None) -> None:
        self.last = seq
        if utc_ms is not None:
            self.low = utc_ms if self.low is None else min(self.low, utc_ms)
            self.high = utc_ms if self.high is None else max(self.high, utc_ms)
            self.newest = utc_ms
        else:
            self.unknown += 1


class Store:
    """See the head of this file. Methods raise sqlite3.Error and OSError; all but `open` and `create` need a writer."""

    SYNCHRONOUS = "FULL"  # the power-cut tests prove that OFF would be caught
    # Pages of 4 KiB in the write-ahead log before they are copied back: more means fewer syncs and a longer recovery.
    WAL_PAGES = 4_000

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.db = connection
        self.spoiled = False
        self._words: dict[str, int] = {}
        self._files: dict[Path, tuple[int, int]] = {}  # device and inode of the file and its log
        self.epoch = self._meta_int("epoch")
        newest = self.db.execute("SELECT seq, hash FROM events ORDER BY seq DESC LIMIT 1").fetchone()
        anchor = self.db.execute("SELECT seq, hash FROM heads WHERE seq = ?", (self.anchor,)).fetchone()
        self.seq: int
        self.hash: bytes
        self.seq, self.hash = newest or anchor or (0, NOTHING)
        signed = self.db.execute("SELECT max(seq) FROM heads").fetchone()[0]
        self.signed_seq: int = signed or 0
        span = self.db.execute(
            "SELECT first, last, utc_min, utc_max, unknown FROM spans ORDER BY first DESC LIMIT 1"
        ).fetchone()
        self._span = _Span(*span) if span else None

    # -- opening ------------------------------------------------------------------------------------------------------

    @classmethod
    def create(cls, path: Path, epoch: int, first: Stamped, boot: str) -> Self:
        """A new journal with its first row. The file is absent, or empty after a cut in the middle of this."""
        assert epoch >= 1
        connection = schema.connect_writer(path, cls.SYNCHRONOUS, cls.WAL_PAGES)
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {schema.SCHEMA} INSERT INTO meta (key, value) VALUES"
                f" ('epoch', {epoch}), ('anchor', 0), ('open', NULL), ('beats', 0), ('horizon', NULL);"
            )
            store = cls(path, connection)
            store.append([first], boot)
            connection.execute("COMMIT")
            sync_folder(path.parent)
        except BaseException:
            connection.close()
            raise
        return store

    @classmethod
    def open(cls, path: Path) -> Self | None:
        """The journal in that file; None where nothing was ever committed there.

        Raises JournalDamaged (or a sqlite3 error for which `is_damage` holds) for a file that cannot be trusted, other
        sqlite3.Error and OSError for one that cannot be used at present.
        """
        if not path.exists() or path.stat().st_size == 0:
            return None
        connection = schema.connect_writer(path, cls.SYNCHRONOUS, cls.WAL_PAGES)
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            (tables,) = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            if tables == 0 and version == 0:
                connection.close()
                return None
            if application != schema.APPLICATION_ID or version not in schema.FORMATS_READ:
                raise JournalDamaged(f"{path} is not a journal of format {schema.FORMAT} (found {version})")
            for table in ("kept", "ledger", "heads", "meta"):
                complaint = connection.execute(f"PRAGMA quick_check({table})").fetchone()
                if complaint != ("ok",):
                    raise JournalDamaged(f"{path}: table {table} is broken ({complaint[0]})")
            store = cls(path, connection)
            store._verify_tail()
            if version != schema.FORMAT:
                schema.migrate(connection, version)
            return store
        except BaseException:
            connection.close()
            raise

    def _verify_tail(self) -> None:
        """Prove the last rows, where a half-written file would show first. The whole is proven by proof.py."""
        rows = self.db.execute(
            "SELECT seq, header, body, salt, commitment, previous, hash FROM events ORDER BY seq DESC LIMIT ?",
            (TAIL_ROWS,),
        ).fetchall()
        expected = (self.seq, self.hash)
        for seq, header, body, salt, commitment, previous, digest in rows:
            if not all(isinstance(blob, bytes) for blob in (header, previous, digest)):
                raise JournalDamaged(f"{self.path}: row {seq} is not a row")
            proof = commitment or (commitment_of(salt, body) if body is not None and salt is not None else NOTHING)
            if (seq, digest) != expected or hash_of(previous, header, proof) != digest:
                raise JournalDamaged(f"{self.path}: the chain is broken at row {seq}")
            expected = (seq - 1, previous)

    def close(self) -> None:
        """Idempotent. The last connection to close copies the log back and removes it."""
        self.db.close()

    # -- small values -------------------------------------------------------------------------------------------------

    def _meta(self, key: str) -> object:
        row = self.db.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def _meta_int(self, key: str) -> int:
        value = self._meta(key)
        if not isinstance(value, int):
            raise JournalDamaged(f"{self.path}: {key} is missing")
        return value

    def set_meta(self, key: str, value: str | int | None) -> None:
        self.db.execute("UPDATE meta SET value = ? WHERE key = ?", (value, key))

    @property
    def anchor(self) -> int:
        """The last row that retention removed; rows up to it may still be there, and count no more."""
        return self._meta_int("anchor")

    @property
    def horizon(self) -> int | None:
        """Wall time before which rows may go, as far as it has been moved (retention.py)."""
        value = self._meta("horizon")
        return value if isinstance(value, int) else None

    @property
    def open_boot(self) -> str | None:
        """The run that has the journal open, or died with it open."""
        value = self._meta("open")
        return value if isinstance(value, str) else None

    @property
    def head(self) -> Head:
        return Head(self.epoch, self.seq, self.hash)

    # -- transactions -------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it or nothing, durable at the end. A failure spoils the store."""
        assert not self.spoiled
        self.spoiled = True
        self.db.execute("BEGIN IMMEDIATE")
        yield
        self.db.execute("COMMIT")
        self.spoiled = False

    def append(self, events: Sequence[Stamped], boot: str) -> None:
        """Chain these events to the head. Within a transaction."""
        rows: list[tuple[object, ...]] = []
        mentions: list[tuple[int, int, int, int]] = []
        salts = os.urandom(SALT_BYTES * len(events))
        seq, previous = self.seq, self.hash
        for number, (event, monotonic_ms, utc_ms) in enumerate(events):
            seq += 1
            header, said = encode_header(self.epoch, seq, utc_ms, monotonic_ms, boot, event)
            kind = self._word(event.code.value)
            portal = schema.NO_PORTAL if said.portal is None else self._word(said.portal)
            body = salt = None
            commitment = NOTHING
            if event.body is not None:
                body, people = encode_body(event.body)
                salt = salts[number * SALT_BYTES : (number + 1) * SALT_BYTES]
                commitment = commitment_of(salt, body)
                mentions += [(person_key(person), portal, kind, seq) for person in people_in(people)]
            digest = hash_of(previous, header, commitment)
            rows.append((seq, utc_ms, kind, portal, header, body, salt, previous, digest))
            previous = digest
        self.db.executemany(_INSERT_EVENT, rows)
        self.db.executemany(_INSERT_MENTION, sorted(mentions))
        self._grow_spans([stamped.utc_ms for stamped in events])
        assert len(previous) == HASH_BYTES
        self.seq, self.hash = seq, previous

    def _word(self, text: str) -> int:
        """The small number of a portal or kind. There are few: they come from the configuration and the codes."""
        found = self._words.get(text)
        if found is None:
            self.db.execute("INSERT OR IGNORE INTO words (word) VALUES (?)", (text,))
            found = self.db.execute("SELECT id FROM words WHERE word = ?", (text,)).fetchone()[0]
            assert isinstance(found, int)
            self._words[text] = found
        return found

    def _grow_spans(self, times: Sequence[int | None]) -> None:
        changed: list[_Span] = []
        for seq, utc_ms in enumerate(times, self.seq + 1):
            if self._span is None or self._span.ends_before(utc_ms):
                self._span = _Span(seq, seq, None, None, 0)
            self._span.take(seq, utc_ms)
            if not changed or changed[-1] is not self._span:
                changed.append(self._span)
        self.db.executemany(_PUT_SPAN, [(span.first, span.last, span.low, span.high, span.unknown) for span in changed])

    def put_ledger(self, forget_areas: bool, entries: Mapping[str, LedgerEntry]) -> None:
        """Forget all areas where asked for, then put these entries. Within a transaction; repeating it is harmless."""
        if forget_areas:
            self.db.execute("UPDATE ledger SET area = NULL, entered_s = NULL WHERE area IS NOT NULL")
        if entries:
            self.put_ledger_rows([entry.columns(holder) for holder, entry in entries.items()])

    def put_ledger_rows(self, rows: Sequence[tuple[object, ...]]) -> None:
        """Put whole rows of the table `ledger`. Within a transaction."""
        self.db.executemany(_PUT_LEDGER, rows)

    def put_kept(self, values: Mapping[str, str | None]) -> None:
        """Put or remove kept values. Within a transaction; repeating it is harmless."""
        for key, value in values.items():
            if value is None:
                self.db.execute("DELETE FROM kept WHERE key = ?", (storable(key),))
            else:
                row = (storable(key), storable(value))
                self.db.execute("INSERT OR REPLACE INTO kept (key, value) VALUES (?, ?)", row)

    def kept(self) -> dict[str, str]:
        return dict(self.db.execute("SELECT key, value FROM kept").fetchall())

    def put_head(self, head: SignedHead) -> None:
        """Keep a signed head. Within a transaction."""
        self.db.execute(
            "INSERT OR REPLACE INTO heads (seq, hash, utc_ms, public_key, signature) VALUES (?, ?, ?, ?, ?)",
            (
                head.seq,
                bytes.fromhex(head.hash),
                head.utc_ms,
                bytes.fromhex(head.public_key),
                bytes.fromhex(head.signature),
            ),
        )
        self.signed_seq = head.seq

    # -- is it still ours? --------------------------------------------------------------------------------------------

    def holds(self, head: Head) -> bool:
        """Whether that row is committed here: after a COMMIT that failed and was done all the same."""
        row = self.db.execute("SELECT hash FROM events WHERE seq = ?", (head.seq,)).fetchone()
        return head.epoch == self.epoch and row is not None and row[0] == head.hash

    def continues(self, head: Head) -> bool:
        """Whether this journal goes on from that head: an older file put back, or one without its log, does not."""
        return head.epoch == self.epoch and head.seq <= self.seq and (head.seq <= self.anchor or self.holds(head))

    def clear_log(self) -> bool:
        """Copy the write-ahead log back and empty it, so that nothing erased stays there; False while it is read."""
        (busy, _, _) = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy

    def newest_utc_ms(self) -> int | None:
        """Wall time of the newest row that has one, among the last thousand."""
        newest = self.db.execute("SELECT utc_ms FROM events ORDER BY seq DESC LIMIT 1000")
        return next((utc_ms for (utc_ms,) in newest if utc_ms is not None), None)

    def beat(self) -> None:
        """Prove that the store can be written."""
        with self.transaction():
            self.db.execute("UPDATE meta SET value = value + 1 WHERE key = 'beats'")

    def bytes_used(self) -> int:
        """Of the file, without the pages that wait for new rows."""
        pages, free, size = (
            self.db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - free) * size)

    def still_there(self) -> bool:
        """Whether the names still lead to the files that are open: a deleted file would take rows and lose them."""
        for path in (self.path, self.path.with_name(self.path.name + "-wal")):
            try:
                now = path.stat()
            except FileNotFoundError:
                return False
            if self._files.setdefault(path, (now.st_dev, now.st_ino)) != (now.st_dev, now.st_ino):
                return False
        return True

    def people_of(self, body: bytes | None) -> list[int]:
        """The keys under which a stored body is mentioned; none where it is not a body."""
        if body is None:
            return []
        try:
            return [person_key(person) for person in people_in(decode_body(body))]
        except msgspec.DecodeError:
            return []

"""The journal's one writer: takes what waits, commits it in groups, and goes on when the disk does not.

A batch that could not be written is kept and tried again with growing pauses; meanwhile decisions go on and the
backlog bounds what waits. After every failure the file is opened anew and asked what it holds, because a COMMIT that
reported an error may have happened.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.journal import erasure, retention
from firmware.journal.backlog import Backlog, Item
from firmware.journal.errors import JournalDamaged, is_damage
from firmware.journal.heads import HEAD_FILE, SignedHead, Signer, sign_head, write_head
from firmware.journal.ledger import Ledger, LedgerEntry
from firmware.journal.limits import Limits
from firmware.journal.opening import Opened, open_store, rescue_ledger
from firmware.journal.rows import Head
from firmware.journal.schema import connect_reader
from firmware.journal.store import Store

TICK_MS = 1_000  # the writer shows a sign of life at least so often while nothing comes


class Notices(NamedTuple):
    """Whom the writer tells, from its own thread."""

    on_committed: Callable[[int, int, int], None]  # ticket, epoch, seq
    on_failed: Callable[[str], None]
    on_recovered: Callable[[int], None]  # events lost


class _FileVanished(OSError):
    """The file was deleted or replaced while it was open: what was written there is nowhere."""


class Writer(threading.Thread):
    """See the head of this file. `store` is None where it could not be opened yet, and `why` says why.

    `kept` is what the file held at the start, None where that is not known.
    """

    STORE = Store

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        boot: str,
        limits: Limits,
        backlog: Backlog,
        ledger: Ledger,
        store: Store | None,
        kept: dict[str, str] | None,
        notices: Notices,
        why: str = "",
    ) -> None:
        super().__init__(name="journal-writer", daemon=True)
        self.committed = 0  # the last durable ticket; read by other threads
        self.beats = 0  # signs of life; read by other threads
        self.head: Head | None = store.head if store else None  # the last durable row
        self.failing = store is None
        self.clean = False  # whether the last thing done was a proper close
        self.complaint: str | None = None  # of a reader in another thread
        self._folder, self._signer, self._boot, self._limits = folder, signer, boot, limits
        self._backlog, self._ledger, self._store = backlog, ledger, store
        self._kept = dict(kept) if kept is not None else None
        self._notices = notices
        self._why = why
        self._broken = ""  # what was found wrong with the file itself: it is moved aside before the next try
        self._pause_ms = limits.retry_ms_first
        self._now_ms, self._utc_ms = 0, None  # type: int, int | None
        self._signed_ms: int | None = None
        self._idle_ms = 0
        self._cutting = store is not None  # a cut may have been interrupted
        self._scrub = False  # erased bodies may still stand in the log
        self._head_file_due: SignedHead | None = None
        self._lost_reported = 0

    # -- the loop -----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Until the backlog is closed and drained, or given up because the store fails."""
        died = True
        if self.failing:
            self._notices.on_failed(self._why)
        try:
            while self._turn():
                pass
            self._finish()
            died = False
        finally:
            if died:
                self._notices.on_failed(
                    "the journal's writer has died: restart the controller and report its last output"
                )
            if self._store is not None:
                self._store.close()

    def _turn(self) -> bool:
        """One batch, or one idle tick; whether to go on."""
        self.beats += 1
        wait_ms = 0 if self._cutting else TICK_MS
        batch = self._backlog.take(self._limits.batch_events_max, wait_ms / 1000)
        if batch:
            self._idle_ms = 0
            if not self._persist(batch):
                return False
        elif self._backlog.closing:
            return False
        else:
            self._idle_ms += wait_ms
        if self.complaint is not None and not self.failing:
            self._fail(self.complaint)
            self.complaint = None
        try:
            self._tend(self._ready(), busy=bool(batch))
        except (sqlite3.Error, OSError, JournalDamaged) as error:
            self._lose_store(error)
            self._pause()
        else:
            self._pause_ms = self._limits.retry_ms_first
            self._report_well()
        return True

    def _persist(self, batch: Sequence[Item]) -> bool:
        """Write a batch, however long that takes; False where the stop came first."""
        attempt: Head | None = None  # the head that a failed commit would have made
        self._now_ms, self._utc_ms = batch[-1].now_ms, batch[-1].utc_ms
        if self._signed_ms is None:
            self._signed_ms = self._now_ms
        while True:
            self.beats += 1
            try:
                store = self._ready()
                if attempt is not None and store.holds(attempt):
                    store.clear_log()  # what the failed commit left in the log is made durable by another way
                    store.beat()
                    self._acknowledge(batch[-1].ticket, store)
                    return True
                before = store.head
                try:
                    self._settle(store, batch)
                finally:
                    attempt = store.head if store.head != before and batch[0].erase is None else None
                return True
            except (sqlite3.Error, OSError, JournalDamaged) as error:
                self._lose_store(error)
            if self._backlog.closing:
                return False
            self._pause()

    def _pause(self) -> None:
        """Wait longer after each failure in a row."""
        self._backlog.pause(self._pause_ms / 1000)
        self._pause_ms = min(2 * self._pause_ms, self._limits.retry_ms_max)

    def _settle(self, store: Store, batch: Sequence[Item]) -> None:
        """Commit a batch, then acknowledge it."""
        self._commit(store, batch)
        self._acknowledge(batch[-1].ticket, store)

    def _commit(self, store: Store, batch: Sequence[Item]) -> None:
        """Make a batch durable. Returns only when it is."""
        if batch[0].erase is not None:
            self._erase(store, batch[0], batch[0].erase)
            return
        forget, ledger, kept = False, dict[str, LedgerEntry](), dict[str, str | None]()
        for item in batch:
            if item.forget_areas:
                forget = True
                ledger = {holder: entry.without_area() for holder, entry in ledger.items()}
            ledger.update(item.ledger)
            kept.update(item.kept)
        with store.transaction():
            store.append([stamped for item in batch for stamped in item.events()], self._boot)
            store.put_ledger(forget, ledger)
            store.put_kept(kept)
        if self._kept is not None:
            for key, value in kept.items():
                if value is None:
                    self._kept.pop(key, None)
                else:
                    self._kept[key] = value

    def _acknowledge(self, ticket: int, store: Store) -> None:
        """Say that everything up to this ticket is durable, where the file still has its name."""
        if not store.still_there():
            raise _FileVanished(f"{store.path} was deleted or replaced: leave the journal's files to the controller")
        self.committed = ticket
        self.head = store.head
        self._notices.on_committed(ticket, store.epoch, store.seq)

    def _erase(self, store: Store, item: Item, erased: erasure.Erasure) -> None:
        """Erase a holder, and empty the log, where the bodies may still stand; while others read it, later."""
        self._scrub = True
        place: erasure.AnyPlace | None = erasure.BEGINNING
        while place is not None:
            self.beats += 1
            with store.transaction():
                place = erasure.erase_some(store, erased, place, item.now_ms, item.utc_ms, self._boot)
        self._scrub = not store.clear_log()

    # -- what is due besides ------------------------------------------------------------------------------------------

    def _tend(self, store: Store, *, busy: bool) -> None:
        """Sign, cut, delete, prove: whatever is due. Raises like the store."""
        unsigned = store.seq - store.signed_seq
        since_ms = self._idle_ms + (0 if self._signed_ms is None else self._now_ms - self._signed_ms)
        if unsigned >= self._limits.checkpoint_events or (unsigned > 0 and since_ms >= self._limits.checkpoint_ms):
            self._sign(store)
            with store.transaction():
                horizon = retention.move_horizon(store, self._limits, self._utc_ms, since_ms)
                seq, why = retention.plan(store, self._limits, self._utc_ms, horizon)
                if seq:
                    retention.begin_cut(store, seq, why, self._now_ms, self._utc_ms, self._boot)
            self.head = store.head
            self._cutting = self._cutting or seq > 0
        elif self._cutting:
            with store.transaction():
                self._cutting = retention.delete_some(store, self._limits.cut_rows)
        elif self._scrub and not busy:
            self._scrub = not store.clear_log()
        elif not busy and self._idle_ms and self._idle_ms % self._limits.heartbeat_ms < TICK_MS:
            store.beat()
            if not store.still_there():
                raise _FileVanished(f"{store.path} was deleted or replaced: leave its files to the controller")
        if self._head_file_due is not None:
            write_head(self._folder / HEAD_FILE, self._head_file_due)
            self._head_file_due = None

    def _sign(self, store: Store, *, closing: bool = False) -> None:
        head = sign_head(self._signer, store.epoch, store.seq, store.hash, self._utc_ms)
        with store.transaction():
            if store.seq > store.signed_seq:
                store.put_head(head)
            if closing:
                store.set_meta("open", None)
        self._head_file_due = head
        self._signed_ms = self._now_ms
        self._idle_ms = 0

    def _finish(self) -> None:
        """Sign the head and say that the stop was clean; where the store fails, the next start will say otherwise."""
        if self.failing or self._store is None or self._backlog.waiting:
            return
        try:
            self._sign(self._store, closing=True)
            if self._head_file_due is not None:
                write_head(self._folder / HEAD_FILE, self._head_file_due)
        except (sqlite3.Error, OSError) as error:
            self._lose_store(error)
        else:
            self.clean = True

    # -- failure and recovery -----------------------------------------------------------------------------------------

    def _ready(self) -> Store:
        """The open store; opened anew after a failure. Raises like `open_store`."""
        if self._store is not None and not self._store.spoiled:
            return self._store
        vanished = self._store
        opened = open_store(
            self._folder,
            self.STORE,
            boot=self._boot,
            now_ms=self._now_ms,
            utc_ms=self._utc_ms,
            known=self.head,
            broken=self._broken,
        )
        self._store = opened.store
        self._broken = ""
        if opened.lost:
            self._refill(opened, vanished)
        if vanished is not None:
            vanished.close()
        self._cutting = True
        return opened.store

    def _refill(self, opened: Opened, vanished: Store | None) -> None:
        """Give a new epoch what is still known: the kept state from memory, the ledger from the old file."""
        store, aside = opened.store, opened.aside
        with store.transaction():
            if self._kept is not None:
                store.put_kept(self._kept)
            if vanished is not None:
                whole = rescue_ledger(lambda: vanished.db, store)
            else:
                whole = aside is not None and rescue_ledger(lambda: connect_reader(aside), store)
        self._ledger.reopen()
        if not whole:
            self._ledger.distrust()

    def _lose_store(self, error: Exception) -> None:
        """The store failed: forget it, and say so once."""
        vanished = isinstance(error, _FileVanished)
        damaged = is_damage(error)
        place = "the journal's file, which is broken," if damaged else "the disk or its file system"
        self._fail(
            str(error) if vanished else f"the journal cannot be written: {error} (look at {place} in {self._folder})"
        )
        if vanished or damaged:
            self._broken = str(error)
        if self._store is not None and vanished:
            self._store.spoiled = True  # kept open: its ledger can still be read
        elif self._store is not None:
            self._store.close()
            self._store = None

    def _fail(self, why: str) -> None:
        if not self.failing:
            self.failing = True
            self._notices.on_failed(why)

    def _report_well(self) -> None:
        """The store works: say what the failure, or a backlog that overflowed, has cost."""
        lost = sum(self._backlog.lost.values())
        if lost > self._lost_reported and not self.failing and not self._backlog.waiting:
            self._fail("the journal was slower than the events: some were dropped")
        if self.failing and not (lost > self._lost_reported and self._backlog.waiting):
            self.failing = False
            self._notices.on_recovered(lost - self._lost_reported)
            self._lost_reported = lost

"""The journal as the controller holds it: append without waiting, learn when it is durable, read the ledger at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from firmware.core.codes import Severity
from firmware.core.effects import Body, Event, ForgetAreas, Keep, Record, Remember
from firmware.journal.backlog import AnyJournalEffect, Backlog, Item
from firmware.journal.erasure import Erasure
from firmware.journal.heads import Signer
from firmware.journal.ledger import Ledger
from firmware.journal.limits import Limits
from firmware.journal.opening import open_store
from firmware.journal.rows import storable
from firmware.journal.schema import DATABASE_FILE, connect_reader
from firmware.journal.store import Store
from firmware.journal.writer import Notices, Writer


class Journal:
    """Made by `open`. All methods are for the event loop's thread; the callbacks come from the writer's."""

    WRITER = Writer

    def __init__(
        self,
        folder: Path,
        signer: Signer,
        boot: str,
        limits: Limits,
        store: Store | None,
        kept: dict[str, str] | None,
        clean: bool,
        why: str,
        notices: Notices,
    ) -> None:
        self.path = folder / DATABASE_FILE
        self.clean_stop = clean
        self.lost_ms_max = 0 if clean else limits.heartbeat_ms
        self.newest_utc_ms = store.newest_utc_ms() if store is not None else None  # what wall time can be held against
        self._limits = limits
        self._kept = kept
        self._ticket = 0
        self._seen_beats = -1
        self._seen_ms = 0
        self._backlog = Backlog(limits.backlog_events_max)
        self.ledger = Ledger(
            self.path, trusted=kept is not None, committed=lambda: self._writer.committed, unread=self._complain
        )
        self._writer = self.WRITER(folder, signer, boot, limits, self._backlog, self.ledger, store, kept, notices, why)
        self._writer.start()

    @classmethod
    def open(
        cls,
        folder: Path,
        signer: Signer,
        *,
        boot: str,
        limits: Limits,
        on_committed: Callable[[int, int, int], None],
        on_failed: Callable[[str], None],
        on_recovered: Callable[[int], None],
        now_ms: int = 0,
        utc_ms: int | None = None,
    ) -> Journal:
        """Open or begin the journal in an existing folder, and start its writer.

        Never raises for what the disk does: a store that cannot be opened is reported by `on_failed` and tried again
        while decisions go on; a broken one is moved aside and an epoch begins. `on_committed(ticket, epoch, seq)` says
        that everything up to this ticket is durable, and which row is the newest. `on_failed(why)` and
        `on_recovered(events_lost)` come in turns.
        """
        why = ""
        kept: dict[str, str] | None
        store: Store | None = None
        try:
            opened = open_store(folder, cls.WRITER.STORE, boot=boot, now_ms=now_ms, utc_ms=utc_ms)
            store = opened.store
            clean = opened.clean
            kept = None if opened.lost else store.kept()
        except (sqlite3.Error, OSError) as error:
            why = f"the journal cannot be opened: {error} (look at the disk and the rights of {folder})"
            kept, clean = _read_kept(folder / DATABASE_FILE)
        return cls(
            folder, signer, boot, limits, store, kept, clean, why, Notices(on_committed, on_failed, on_recovered)
        )

    # -- at the start -------------------------------------------------------------------------------------------------

    def kept(self) -> dict[str, str] | None:
        """What was kept when the journal was opened; None where it cannot be read or was lost."""
        return None if self._kept is None else dict(self._kept)

    # -- while running ------------------------------------------------------------------------------------------------

    def append(self, effects: Sequence[AnyJournalEffect], *, now_ms: int, utc_ms: int | None) -> int:
        """Take the journal's effects of one step, in their order; they are committed together. Never waits.

        Returns a ticket, which a later `on_committed` covers. Past the bound of the backlog the oldest of the least
        important events are dropped and counted in `lost`; what is remembered or kept never is.
        """
        self._ticket += 1
        item = Item(self._ticket, now_ms, utc_ms)
        events: list[Event] = []
        self.ledger.settle()
        for effect in effects:
            match effect:
                case Record():
                    events.append(effect.event)
                case Remember():
                    holder, entry = self.ledger.remember(effect, self._ticket)
                    item.ledger[holder] = entry
                case ForgetAreas():
                    item.forget()
                    self.ledger.forget_areas(self._ticket)
                case Keep():
                    item.kept[effect.key] = effect.value
        self._backlog.put(item, events)
        return self._ticket

    def erase(
        self, holder: str, *, now_ms: int, utc_ms: int | None, asked: Body | None = None, request: str = ""
    ) -> int:
        """Erase what the journal and the ledger say of a holder. Returns a ticket like `append`.

        Rows stay, with their time, place and kind; body and salt go, and a tombstone names the rows. Events that were
        appended before are erased too; later ones are not. The tombstone has `asked` (issuer and why) and `request`.
        """
        self._ticket += 1
        item = Item(self._ticket, now_ms, utc_ms)
        item.erase = Erasure(storable(holder), asked, request)
        self.ledger.forget(storable(holder), self._ticket)
        self._backlog.put(item, ())
        return self._ticket

    @property
    def committed(self) -> int:
        """The last durable ticket."""
        return self._writer.committed

    @property
    def head(self) -> tuple[int, int] | None:
        """(epoch, seq) of the newest durable row; None while there is none."""
        head = self._writer.head
        return None if head is None else (head.epoch, head.seq)

    @property
    def failing(self) -> bool:
        return self._writer.failing

    @property
    def backlog(self) -> int:
        """Events that wait for the writer."""
        return self._backlog.waiting

    @property
    def lost(self) -> dict[Severity, int]:
        """Events dropped since the start, by severity."""
        return self._backlog.lost

    def answering(self, now_ms: int) -> bool:
        """Whether the writer lives: it showed a sign of life within `answer_ms_max`. To be asked every few seconds.

        A full or broken disk is no reason to say no: the writer answers while it tries again.
        """
        beats = self._writer.beats
        if beats != self._seen_beats:
            self._seen_beats, self._seen_ms = beats, now_ms
        return self._writer.is_alive() and now_ms - self._seen_ms <= self._limits.answer_ms_max

    def close(self) -> bool:
        """Commit what waits, sign the head, mark the stop as clean. Waits for at most `close_ms_max`.

        Returns whether all of it was done; if not, the next start says that the stop was unclean.
        """
        self.ledger.close()
        self._backlog.close()
        self._writer.join(self._limits.close_ms_max / 1000)
        return self._writer.clean and not self._writer.is_alive()

    def _complain(self, why: str) -> None:
        self._writer.complaint = why


def _read_kept(path: Path) -> tuple[dict[str, str] | None, bool]:
    """The kept state and whether the last stop was clean, from a file that cannot be written now."""
    try:
        connection = connect_reader(path)
    except (sqlite3.Error, OSError):
        return None, False
    try:
        kept = dict(connection.execute("SELECT key, value FROM kept").fetchall())
        (boot,) = connection.execute("SELECT value FROM meta WHERE key = 'open'").fetchone() or ("",)
    except sqlite3.Error:
        return None, False
    finally:
        connection.close()
    return kept, boot is None

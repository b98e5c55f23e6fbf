"""The proof of the whole chain, which takes minutes for a long journal: one at a time, beside everything else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.identity import fingerprint_of
from firmware.journal import JournalDamaged, QueryTooLong, SignedHead, Verdict, newest_head, verify
from firmware.network.journal.desk import ReadingDesk
from firmware.network.journal.errors import NotReadable, TooMany
from firmware.network.live import Live

PROOF_S_MAX = 3600.0  # a journal of ten million rows on a board takes a third of it


class Proven(msgspec.Struct, frozen=True):
    """What came of a proof. `verdict` is None where the journal could not be read to its end: then `trouble` says why.

    `keyed`: the device's key was known, so that signatures were proven; `witnessed`: a head from outside was given.
    """

    by: str
    at_utc_ms: int | None
    took_s: float
    verdict: Verdict | None
    trouble: NotReadable | None
    keyed: bool
    witnessed: bool


class Proving:
    """Starts a proof and says how far it is. All methods are for the event loop's thread."""

    def __init__(self, desk: ReadingDesk, live: Live) -> None:
        self._desk = desk
        self._live = live
        self._now_s = asyncio.get_running_loop().time
        self._task: asyncio.Task[None] | None = None
        self._done = (0, 0)
        self.last: Proven | None = None

    @property
    def running(self) -> bool:
        return self._task is not None and not self._task.done()

    @property
    def progress(self) -> tuple[int, int]:
        """Rows done, rows in all (0: not known yet)."""
        return self._done

    def start(self, by: str, witness: SignedHead | None) -> None:
        """Raises TooMany where one runs already, NotReadable where there is nothing to prove."""
        if self.running:
            raise TooMany("journal_proof_runs")
        path = self._desk.path
        fingerprint = self._live.welcome.fingerprint if self._live.welcome is not None else ""
        self._done = (0, 0)
        self._task = asyncio.create_task(self._prove(path, fingerprint, by, witness))

    async def close(self) -> None:
        """The thread ends by itself at its next step."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _prove(self, path: Path, fingerprint: str, by: str, witness: SignedHead | None) -> None:
        began_s = self._now_s()

        def progress(done: int, total: int) -> None:
            """Called in the thread, every ten thousand rows."""
            self._done = (done, total)
            if self._desk.closing or self._now_s() > began_s + PROOF_S_MAX:
                raise QueryTooLong("the proof was ended: it took too long, or the process stops")

        verdict: Verdict | None = None
        trouble: NotReadable | None = None
        key: bytes | None = None
        try:
            key, verdict = await self._desk.long(lambda: proven(path, fingerprint, witness, progress))
        except NotReadable as error:
            trouble = error
        took_s = self._now_s() - began_s
        at_utc_ms = self._live.utc_ms_at(self._now_s())
        self.last = Proven(by, at_utc_ms, took_s, verdict, trouble, key is not None, witness is not None)


def proven(
    path: Path, fingerprint: str, witness: SignedHead | None, progress: Callable[[int, int], None]
) -> tuple[bytes | None, Verdict]:
    """The device's key, if it is known, and the verdict by it. Blocks. Raises JournalError, OSError."""
    key = device_key(path, fingerprint)
    return key, verify(path, key, witness, progress)


def device_key(path: Path, fingerprint: str) -> bytes | None:
    """The key by which the journal is signed, if it is the one that the controller told the fingerprint of.

    Raises JournalUnreachable, JournalDamaged: a journal that is signed by another key is not this controller's.
    """
    head = newest_head(path)
    if head is None or not fingerprint:
        return None
    key = bytes.fromhex(head.public_key)
    if fingerprint_of(key) != fingerprint:
        raise JournalDamaged(f"{path} is signed by another key than this controller's: it is not its journal")
    return key

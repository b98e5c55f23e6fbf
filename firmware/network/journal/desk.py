"""Where the journal is read: in threads, a few at a time, each with a limit of time, so that the page goes on.

The journal's file has one writer, whom readers never hold up; only its write-ahead log grows while a view is open. So
each view is short. Long work (an export, a proof) has a lane of its own, at a lower priority of the scheduler.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from firmware.journal import JournalDamaged, JournalError, QueryRefused, QueryTooLong
from firmware.network.journal.errors import NotReadable, TooMany
from firmware.network.live import Live

QUERIES_AT_ONCE = 2  # threads of one process take turns: more would only wait for one another
WAITING_MAX = 16  # each a person who looks at a page that loads
WAIT_S_MAX = 5.0
QUERY_S_MAX = 3.0  # sixty times what a search may take on a board
LONG_AT_ONCE = 2  # an export and a proof
NICE = 10  # of long work: whatever somebody waits for comes first

T = TypeVar("T")
Expired = Callable[[], bool]
Work = Callable[[Path, Expired], T]


class ReadingDesk:
    """Reads the journal that the controller says it writes."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._now_s = asyncio.get_running_loop().time
        self._turn = asyncio.Semaphore(QUERIES_AT_ONCE)
        self._waiting = 0
        self._closing = threading.Event()
        self._queries = ThreadPoolExecutor(QUERIES_AT_ONCE, "journal-query")
        self._long = ThreadPoolExecutor(LONG_AT_ONCE, "journal-long", _give_way)

    def close(self) -> None:
        """Ends what is being read; nothing is waited for but a step of it."""
        self._closing.set()
        self._queries.shutdown(wait=False, cancel_futures=True)
        self._long.shutdown(wait=False, cancel_futures=True)

    @property
    def closing(self) -> bool:
        return self._closing.is_set()

    @property
    def path(self) -> Path:
        """The journal's file. Raises NotReadable while the controller has not said which."""
        if self._live.welcome is None:
            raise NotReadable("journal_unknown")
        return Path(self._live.welcome.journal)

    async def query(self, work: Work[T]) -> T:
        """What `work` finds, within QUERY_S_MAX. Raises NotReadable, TooMany."""
        path = self.path
        if self._waiting >= WAITING_MAX:
            raise TooMany("journal_busy")
        self._waiting += 1
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                await self._turn.acquire()
        except TimeoutError as error:
            raise TooMany("journal_busy") from error
        finally:
            self._waiting -= 1
        end_s = self._now_s() + QUERY_S_MAX
        running = asyncio.get_running_loop().run_in_executor(
            self._queries, work, path, lambda: self.closing or self._now_s() > end_s
        )
        running.add_done_callback(lambda _: self._turn.release())  # a window that goes does not free the thread
        try:
            return await asyncio.shield(running)
        except (JournalError, OSError) as error:
            raise unreadable(error) from error

    async def long(self, step: Callable[[], T]) -> T:
        """One step of long work. Raises NotReadable."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._long, step)
        except (JournalError, OSError) as error:
            raise unreadable(error) from error


def unreadable(error: JournalError | OSError) -> NotReadable:
    """What a person reads of an error of the journal's."""
    if isinstance(error, QueryTooLong):
        return NotReadable("journal_slow", str(error))
    if isinstance(error, JournalDamaged):
        return NotReadable("journal_damaged", str(error))
    if isinstance(error, QueryRefused):
        return NotReadable("journal_moved_on", str(error))
    return NotReadable("journal_missing", str(error))


def _give_way() -> None:
    """For a thread of long work, by the scheduler of Linux, where each thread has a niceness of its own."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)

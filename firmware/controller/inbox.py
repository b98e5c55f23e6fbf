"""The bounded inbox in front of the core: everything that becomes a fact waits here, in order of arrival.

When it is full the oldest entry of the least important class is dropped, in this order: noise, readings, commands,
system, inputs. One source may hold only a share of the readings, so that one bad reader cannot crowd out the others.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple

from drivers.reports import AnyReport
from firmware.core.facts import AnyFact

ENTRIES_MAX = 1024  # at 10,000 facts a second this is 0.1 s of waiting
READINGS_OF_ONE_MAX = 64  # readings of one device; a person presents two a second at most


class Rank(IntEnum):
    """Importance; the lowest is dropped first."""

    NOISE = 0
    READING = 1
    COMMAND = 2
    SYSTEM = 3  # clock, roster, store
    INPUT = 4  # inputs, lost and recovered devices, failed outputs


class Entry(NamedTuple):
    number: int
    rank: Rank
    source: str
    item: AnyReport | AnyFact


class Inbox:
    """Bounded queue with ranks. Everything happens in the event loop's thread.

    `on_dropped` gets what was dropped, so that whoever waits for an answer to it gets one; it may put nothing at once.
    """

    def __init__(self, entries_max: int = ENTRIES_MAX) -> None:
        self._queues: tuple[deque[Entry], ...] = tuple(deque() for _ in Rank)
        self._of_source: dict[str, int] = {}
        self._entries_max = entries_max
        self._number = 0
        self._depth = 0
        self._waiter: asyncio.Future[None] | None = None
        self.on_dropped: Callable[[AnyReport | AnyFact], None] = lambda _: None
        self.dropped = 0
        self.untold_drops = 0
        self.untold_sources: set[str] = set()

    @property
    def depth(self) -> int:
        return self._depth

    def put(self, item: AnyReport | AnyFact, rank: Rank, source: str = "") -> None:
        """Add an entry; may drop one, which is counted and told by the next InboxOverflowed."""
        if rank is Rank.READING and self._of_source.get(source, 0) >= READINGS_OF_ONE_MAX:
            self._drop(next(entry for entry in self._queues[Rank.READING] if entry.source == source))
        elif self._depth >= self._entries_max:
            self._drop(next(queue[0] for queue in self._queues if queue))
        self._number += 1
        self._depth += 1
        self._queues[rank].append(Entry(self._number, rank, source, item))
        if rank is Rank.READING:
            self._of_source[source] = self._of_source.get(source, 0) + 1
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def take(self) -> Entry | None:
        """The oldest entry, or None."""
        oldest: deque[Entry] | None = None
        for queue in self._queues:
            if queue and (oldest is None or queue[0].number < oldest[0].number):
                oldest = queue
        if oldest is None:
            return None
        entry = oldest.popleft()
        self._forget(entry)
        return entry

    async def wait(self, until_s: float | None) -> None:
        """Return when there is an entry, or at `until_s` on the loop's clock."""
        if self._depth:
            return
        loop = asyncio.get_running_loop()
        self._waiter = loop.create_future()
        timer = loop.call_at(until_s, self._wake, self._waiter) if until_s is not None else None
        try:
            await self._waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def wake(self) -> None:
        """Let wait() return now."""
        if self._waiter is not None:
            self._wake(self._waiter)

    @staticmethod
    def _wake(waiter: asyncio.Future[None]) -> None:
        if not waiter.done():
            waiter.set_result(None)

    def _drop(self, entry: Entry) -> None:
        self._queues[entry.rank].remove(entry)
        self._forget(entry)
        self.dropped += 1
        self.untold_drops += 1
        if len(self.untold_sources) < 16:
            self.untold_sources.add(entry.source or entry.rank.name.lower())
        self.on_dropped(entry.item)

    def _forget(self, entry: Entry) -> None:
        self._depth -= 1
        if entry.rank is Rank.READING:
            left = self._of_source[entry.source] - 1
            if left:
                self._of_source[entry.source] = left
            else:
                del self._of_source[entry.source]

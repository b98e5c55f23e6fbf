"""The last events out of the journal file, without their personal part: read-only, bounded, off the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from firmware.core.codes import Code, Reason
from firmware.core.effects import Event
from firmware.network.errors import EventsUnreadable

EVENTS_SHOWN = 40  # about three screens of a phone
EVENTS_READ = 100  # some of those read are not for the page
READ_PAUSE_S = 0.1  # between two reads, in a storm of swipes
READ_S_MAX = 1.0  # twenty times what a search may take (issue 2): a damaged or foreign file, not a large one
RETRY_S = 5.0  # after a read that failed

# Not for this page: a duress alarm must not be seen by whoever forces somebody (FIELD.md, section 2).
HIDDEN = frozenset({Code.DURESS})
HIDDEN_REASONS = frozenset({Reason.DURESS_WITHOUT_RECEIVER})
IDLE_REASONS = frozenset({Reason.GRANTED, Reason.KNOWN})  # the event's own text says as much


class EventLine(msgspec.Struct, frozen=True):
    """One event as the page may show it: nothing of the body, no argument of a reason."""

    epoch: int
    seq: int
    utc_ms: int | None
    code: str
    portal: str | None
    place: str  # access point, reader or device where there is no portal; else ""
    reason: str  # the last, deciding one; "" for none
    count: int
    detail: str

    @property
    def key(self) -> tuple[int, int]:
        return (self.epoch, self.seq)


def line_of(epoch: int, seq: int, utc_ms: int | None, event: Event) -> EventLine | None:
    """What the page may show of a committed event; None for one it must not show."""
    if event.code in HIDDEN:
        return None
    reasons = [reason.partition(":")[0] for reason in event.reasons]
    shown = [reason for reason in reasons if reason not in HIDDEN_REASONS]
    place = "" if event.portal else event.access_point or event.reader or event.device or ""
    reason = shown[-1] if shown and shown[-1] not in IDLE_REASONS else ""
    return EventLine(epoch, seq, utc_ms, event.code.value, event.portal, place, reason, event.count, event.detail)


class Read(Protocol):
    """Gives at most `limit` lines, newest first; ends when `expired` says so. Blocks. Raises EventsUnreadable."""

    def __call__(self, path: str, limit: int, expired: Callable[[], bool], /) -> Sequence[EventLine]: ...


class RecentEvents:
    """The newest events, newest first, read again each time the controller says that more is committed.

    `read` runs in a thread.
    """

    def __init__(self, read: Read, on_change: Callable[[], None]) -> None:
        self.lines: tuple[EventLine, ...] = ()
        self.trouble = ""  # why they cannot be read now
        self._read = read
        self._on_change = on_change
        self._path: str | None = None
        self._head: tuple[int, int] | None = None
        self._wanted = asyncio.Event()

    def want(self, path: str, head: tuple[int, int]) -> None:
        """The journal at `path` is committed up to `head`: read it unless that was read already."""
        if path != self._path:
            self.lines = ()
        if (path, head) != (self._path, self._head):
            self._path, self._head = path, head
            self._wanted.set()

    async def run(self) -> None:
        """Reads whenever wanted, one read at a time, until cancelled."""
        now_s = asyncio.get_running_loop().time
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            assert self._path is not None
            pause_s = READ_PAUSE_S
            try:
                expired = _deadline(now_s, READ_S_MAX)
                lines = tuple(await asyncio.to_thread(self._read, self._path, EVENTS_READ, expired))[:EVENTS_SHOWN]
            except EventsUnreadable as error:
                pause_s = RETRY_S
                self._wanted.set()
                self._become(self.lines, str(error))
            else:
                self._become(lines, "")
            await asyncio.sleep(pause_s)

    def _become(self, lines: tuple[EventLine, ...], trouble: str) -> None:
        if (lines, trouble) != (self.lines, self.trouble):
            self.lines, self.trouble = lines, trouble
            self._on_change()


def _deadline(now_s: Callable[[], float], after_s: float) -> Callable[[], bool]:
    """Whether so much time has passed since this call; `now_s` may be asked from any thread."""
    end_s = now_s() + after_s
    return lambda: now_s() > end_s

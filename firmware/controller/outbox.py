"""What this controller tells others of its own passages: committed ones only, in frames that hold the newest.

Each frame holds the newest passages there are, up to NOTICES_MAX, so that one that is lost is made good by the next.
Whoever has missed more is not whole (`Notices.completes`) until we begin to tell anew, which we do at each start, with
the newest that the ledger still knows.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence

from msgspec.structs import replace

from firmware.controller.clock import Clock
from firmware.core.effects import Remember
from firmware.core.site import AccessPoint
from firmware.exchange import ID_CHARACTERS_MAX, NOTICES_MAX, Notices, PassageNotice, seal
from firmware.identity import Identity
from firmware.journal import Ledger

TELL_S = 1.0  # frames of passages come no faster: nobody reaches another gate sooner
WAITING_MAX = 4_096  # passages that are not committed yet; while the disk takes none, older ones are let go
SIGNS_OF_LIFE = 3  # within the time after which a peer counts as lost: two of three frames may fail


class Outbox:
    """Collects own passages into and out of shared areas, and gives frames to `send`."""

    def __init__(
        self,
        identity: Identity,
        points: Mapping[str, AccessPoint],
        shared: Collection[str],
        ledger: Ledger,
        clock: Clock,
        heard_ms_max: int,
        send: Callable[[bytes], None],
    ) -> None:
        self._identity = identity
        self._shared = frozenset(shared)
        self._borders = {
            name: point for name, point in points.items() if self._shared & {point.area_from, point.area_to}
        }
        self._ledger = ledger
        self._clock = clock
        self._quiet_ms_max = heard_ms_max // SIGNS_OF_LIFE
        self._send = send
        self._waiting: deque[tuple[int, PassageNotice]] = deque()  # journal tickets, ascending
        self._window: deque[PassageNotice] = deque(maxlen=NOTICES_MAX)
        self._number = 0
        self._began_s: int | None = None  # not before wall time is known
        self._changed = True
        self._sent_ms = clock.now_ms()
        self._tell_from_ledger()

    def _tell_from_ledger(self) -> None:
        """Where our last passages before this start have put people: who was told less of them is told now."""
        self._number, newest = self._ledger.placed_here(NOTICES_MAX)
        for holder, entry in newest:
            assert entry.placed_s is not None, "the ledger gives only those whom a passage has put somewhere"
            notice = PassageNotice(
                holder=holder,
                area=entry.area if entry.area in self._shared else None,
                at_s=entry.placed_s,
                access_point=entry.last_point or "",
                household=entry.household,
                vehicle=entry.vehicle,
            )
            if tellable(notice):
                self._window.append(notice)

    # -- own passages -------------------------------------------------------------------------------------------------

    def stepped(self, effects: Sequence[object], ticket: int | None) -> None:
        """Look for proven passages among what a step did; the ledger has taken them, under `ticket`."""
        if ticket is None:
            return
        for effect in effects:
            if not isinstance(effect, Remember) or effect.controller or effect.area is None:
                continue
            if effect.passed_at not in self._borders:
                continue
            if effect.passed_s is None:  # wall time was unknown: nobody could tell what it is newer than
                self._leave_out()
                continue
            entry = self._ledger.holder(effect.holder)
            notice = PassageNotice(
                holder=effect.holder,
                area=effect.area if effect.area in self._shared else None,
                at_s=effect.passed_s if entry.placed_s is None else entry.placed_s,
                access_point=effect.passed_at,
                household=effect.household,
                vehicle=effect.vehicle,
            )
            if not tellable(notice):
                self._leave_out()
                continue
            self._waiting.append((ticket, notice))
            if len(self._waiting) > WAITING_MAX:
                self._waiting.popleft()
                self._leave_out()

    def committed(self, ticket: int, epoch: int, seq: int) -> None:
        """The journal has everything up to `ticket`, whose newest row is (epoch, seq)."""
        while self._waiting and self._waiting[0][0] <= ticket:
            _, notice = self._waiting.popleft()
            self._window.append(replace(notice, epoch=epoch, seq=seq))
            self._number += 1
            self._changed = True

    def _leave_out(self) -> None:
        """One passage will never be told: the count goes on without it, so that everybody sees that it is missing."""
        self._window.clear()
        self._number += 1
        self._changed = True

    def forget(self, holder: str) -> None:
        """A holder is erased: who was told stays told, and nobody is told any more."""
        self._waiting = deque((ticket, notice) for ticket, notice in self._waiting if notice.holder != holder)
        if any(notice.holder == holder for notice in self._window):
            self._window.clear()

    # -- telling ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell what is new, and that we live, until cancelled."""
        while True:
            if self._changed or self._clock.now_ms() - self._sent_ms >= self._quiet_ms_max:
                self.tell()
            await asyncio.sleep(TELL_S)

    def tell(self) -> None:
        """Give one frame, now. Nothing can be told while wall time is unknown: nobody could tell how old it is."""
        utc_ms = self._clock.utc_ms()
        if utc_ms is None:
            return
        now_s = utc_ms // 1000
        if self._began_s is None:
            self._began_s = now_s
        notices = Notices(
            sender=self._identity.id,
            sent_s=max(now_s, self._began_s),
            began_s=self._began_s,
            number=self._number,
            since=self._number - len(self._window),
            notices=tuple(self._window),
        )
        self._changed = False
        self._sent_ms = self._clock.now_ms()
        self._send(seal(notices, self._identity))


def tellable(notice: PassageNotice) -> bool:
    """Whether others can read it: ids that are longer than any of ours would spoil the whole frame."""
    texts = (notice.holder, notice.area, notice.access_point, notice.household)
    return all(text is None or 0 < len(text) <= ID_CHARACTERS_MAX for text in texts)

"""Takes what other controllers tell of passages: proves it, compares it with the ledger, and watches who falls silent.

Frames come by the network process, which can neither make nor change one (firmware/exchange.py). What is news goes into
the inbox as PassageElsewhere, and is compared with the ledger once more when it is taken out: passages proven meanwhile
count. PeersHeard follows behind the passages it rests on.
"""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Collection, Iterator, Mapping
from enum import Enum

from msgspec.structs import replace

from firmware.controller.clock import Clock
from firmware.controller.inbox import Inbox, Rank
from firmware.core.facts import PassageElsewhere, PeersHeard, PeersLost
from firmware.exchange import (
    AHEAD_S_MAX,
    ExchangeError,
    Notices,
    PassageNotice,
    Placed,
    Position,
    believable,
    merge,
    read,
)
from firmware.journal import Ledger, LedgerEntry

NOTICES_AT_ONCE = 16  # some 1.5 ms with the ledger's look-ups, then the loop gets its turn: a swipe may be waiting
FRAMES_WAITING_MAX = 64  # each peer tells once a second; what does not fit comes again with the sender's next frame
WATCH_S_MAX = 1.0  # between two looks at the silent: small beside the shortest silence that is allowed


class _Told(Enum):
    """What the core was told of them last."""

    NOTHING = 0
    HEARD = 1
    LOST = 2


class _Peer:
    """One of them. `told` is as of the last frame taken; `whole` up to where nothing is missing."""

    def __init__(self, now_ms: int) -> None:
        self.heard_ms = now_ms
        self.told: Position | None = None
        self.whole: Position | None = None
        # Passages that wait in the inbox, which may drop them: a later frame that still holds them brings them again.
        self.waiting: set[tuple[str, int]] = set()

    @property
    def missing(self) -> bool:
        return self.told is not None and self.told != self.whole

    def news(self, notices: Notices) -> list[PassageNotice]:
        """What of a frame may be news, in its order: what was there when nothing was missing is none."""
        if self.whole is None or self.whole.began_s != notices.began_s:
            self.waiting.clear()
            return list(notices.notices)
        taken = max(0, min(self.whole.number - notices.since, len(notices.notices)))
        again = [notice for notice in notices.notices[:taken] if _key(notice) in self.waiting]
        self.waiting = {_key(notice) for notice in again}
        return [*again, *notices.notices[taken:]]


def _key(notice: PassageNotice | PassageElsewhere) -> tuple[str, int]:
    return notice.holder, notice.at_s


class Peers:
    """All peers of the site file. `counters` says how many frames and notices were taken, and what was not, by kind."""

    def __init__(
        self,
        own_id: str,
        trusted: Mapping[str, bytes],
        heard_ms_max: int,
        shared: Collection[str],
        ledger: Ledger,
        inbox: Inbox,
        clock: Clock,
    ) -> None:
        self.counters: Counter[str] = Counter()
        self._own_id = own_id
        self._trusted = {peer: key for peer, key in trusted.items() if peer != own_id}
        self._heard_ms_max = heard_ms_max
        self._shared = frozenset(shared)
        self._ledger = ledger
        self._inbox = inbox
        self._clock = clock
        self._began_ms = clock.now_ms()
        self._peers = {peer: _Peer(self._began_ms) for peer in self._trusted}
        self._told = _Told.NOTHING
        self._frames: deque[bytes] = deque()
        self._arrived = asyncio.Event()

    # -- frames -------------------------------------------------------------------------------------------------------

    def put(self, frame: bytes) -> None:
        """A frame has come, from wherever: `run` takes it, after those that came before."""
        if len(self._frames) >= FRAMES_WAITING_MAX:
            self.counters["too_many"] += 1
            return
        self._frames.append(frame)
        self._arrived.set()

    def heard(self, frame: bytes) -> None:
        """Take a frame in one piece. Never raises for what it holds: what is refused is counted."""
        for _ in self.slices(frame):
            pass

    def slices(self, frame: bytes) -> Iterator[None]:
        """As `heard`, with a pause after every few notices. No other frame may be taken in between."""
        utc_ms = self._clock.utc_ms()
        if utc_ms is None:
            self.counters["clock_unknown"] += 1  # nobody can tell whether it is news
            return
        told = {name: peer.told for name, peer in self._peers.items() if peer.told is not None}
        try:
            notices = read(frame, self._trusted, utc_ms // 1000, told)
        except ExchangeError as error:
            self.counters[error.kind] += 1
            return
        self.counters["frames"] += 1
        yield from self._take(self._peers[notices.sender], notices, utc_ms // 1000)
        self.watch()

    def _take(self, peer: _Peer, notices: Notices, now_s: int) -> Iterator[None]:
        all_believed = True
        for number, notice in enumerate(peer.news(notices)):
            if number % NOTICES_AT_ONCE == 0:
                yield
            if not believable(notice, now_s):
                self.counters["clock_off"] += 1
                all_believed = False
                continue
            fact = PassageElsewhere(
                controller=notices.sender,
                holder=notice.holder,
                area=notice.area if notice.area in self._shared else None,
                at_s=notice.at_s,
                access_point=notice.access_point,
                household=notice.household,
                vehicle=notice.vehicle,
            )
            if self._is_news(fact, self._ledger.holder(fact.holder)):
                peer.waiting.add(_key(fact))
                self._inbox.put(fact, Rank.SYSTEM, "exchange")
        if all_believed and notices.completes(peer.whole):
            peer.whole = notices.position
        peer.told = notices.position
        peer.heard_ms = self._clock.now_ms()

    def admit(self, fact: PassageElsewhere) -> PassageElsewhere | None:
        """The fact as it is to be taken now, with where the holder was; None where the ledger knows of a newer one."""
        self._peers[fact.controller].waiting.discard(_key(fact))
        entry = self._ledger.holder(fact.holder)
        if not self._is_news(fact, entry):
            return None
        self.counters["passages"] += 1
        return replace(fact, was=entry.area)

    def _is_news(self, fact: PassageElsewhere, entry: LedgerEntry) -> bool:
        """By the rule. An instant in the ledger that cannot have come yet is that of a wrong clock, and gives way."""
        known: Placed | None = None
        utc_ms = self._clock.utc_ms()
        if entry.placed_s is not None and (utc_ms is None or entry.placed_s <= utc_ms // 1000 + AHEAD_S_MAX):
            known = Placed(entry.placed_s, entry.placed_by or self._own_id)
        return merge(known, Placed(fact.at_s, fact.controller)) is not known

    # -- silence ------------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Take frames and watch, until cancelled."""
        async with asyncio.TaskGroup() as both:
            both.create_task(self._take_frames())
            both.create_task(self._watch())

    async def _take_frames(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._frames:
                for _ in self.slices(self._frames.popleft()):
                    await asyncio.sleep(0)
                await asyncio.sleep(0)

    async def _watch(self) -> None:
        while True:
            self.watch()
            await asyncio.sleep(min(WATCH_S_MAX, self._heard_ms_max / 10_000))

    def watch(self) -> None:
        """Tell the core once when somebody falls silent or lacks something, and once when all is whole again.

        In the first `heard_ms_max` nothing is told but the good: the core begins cut off.
        """
        now_ms = self._clock.now_ms()
        silent = [name for name, peer in self._peers.items() if now_ms - peer.heard_ms > self._heard_ms_max]
        missing = [name for name, peer in self._peers.items() if peer.missing]
        if silent or missing:
            beginning = self._told is _Told.NOTHING and now_ms - self._began_ms <= self._heard_ms_max
            if self._told is not _Told.LOST and not beginning:
                self._told = _Told.LOST
                self._inbox.put(PeersLost(why=self._why(silent, missing)), Rank.SYSTEM, "exchange")
        elif self._told is not _Told.HEARD and all(peer.told is not None for peer in self._peers.values()):
            self._told = _Told.HEARD
            self._inbox.put(PeersHeard(), Rank.SYSTEM, "exchange")

    def _why(self, silent: list[str], missing: list[str]) -> str:
        parts = []
        if silent:
            parts.append(f"not heard for {self._heard_ms_max // 1000} s: {' '.join(silent)}")
        if missing:
            parts.append(f"passages are missing: {' '.join(missing)}")
        return "; ".join(parts)

"""What waits for the writer: bounded, and when it is full the least important goes first.

The event loop puts, the writer takes. Only events are ever dropped, the oldest of the lowest severity first, and each
is counted. What belongs to ledger and kept state is never dropped: it grows with holders and keys, not with time,
because items that have lost all their events are merged into the next one.
"""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator, Sequence

from firmware.core.codes import MEANING, Severity
from firmware.core.effects import Event, ForgetAreas, Keep, Record, Remember
from firmware.journal.erasure import Erasure
from firmware.journal.ledger import LedgerEntry
from firmware.journal.store import Stamped

_ASCENDING = (Severity.INFO, Severity.NOTICE, Severity.WARNING, Severity.ALARM)
# Items without events are merged when there are so many more items than events may wait: seldom, in one pass.
_ITEMS_SPARE = 1_024

AnyJournalEffect = Record | Remember | ForgetAreas | Keep


class _Slot:
    """One waiting event. `event` is None once it was dropped."""

    __slots__ = ("event", "severity")

    def __init__(self, event: Event) -> None:
        self.event: Event | None = event
        self.severity = MEANING[event.code].severity


class Item:
    """What one `append` brought, in the order of its effects."""

    def __init__(self, ticket: int, now_ms: int, utc_ms: int | None) -> None:
        self.ticket = ticket
        self.now_ms = now_ms
        self.utc_ms = utc_ms
        self.slots: list[_Slot] = []
        self.forget_areas = False
        self.ledger: dict[str, LedgerEntry] = {}
        self.kept: dict[str, str | None] = {}
        self.erase: Erasure | None = None  # such an item carries nothing else

    def forget(self) -> None:
        """All areas; entries that came before in this item lose theirs too."""
        self.forget_areas = True
        self.ledger = {holder: entry.without_area() for holder, entry in self.ledger.items()}

    def events(self) -> Iterator[Stamped]:
        for slot in self.slots:
            if slot.event is not None:
                yield Stamped(slot.event, self.now_ms, self.utc_ms)

    @property
    def hollow(self) -> bool:
        """Whether no event is left in it, so that it can be merged into the next."""
        return self.erase is None and all(slot.event is None for slot in self.slots)

    def take_before(self, earlier: Item) -> None:
        """Merge what an earlier item says of ledger and kept state into this one."""
        old = earlier.ledger
        if self.forget_areas:
            old = {holder: entry.without_area() for holder, entry in old.items()}
        self.ledger = {**old, **self.ledger}
        self.kept = {**earlier.kept, **self.kept}
        self.forget_areas = self.forget_areas or earlier.forget_areas


class Backlog:
    """A queue between two threads. Each method holds the lock for microseconds, but for `take`, which waits."""

    def __init__(self, events_max: int) -> None:
        self._events_max = events_max
        self._changed = threading.Condition()
        self._items: deque[Item] = deque()
        self._by_severity: dict[Severity, deque[_Slot]] = {severity: deque() for severity in _ASCENDING}
        self._waiting = 0  # events
        self._lost: Counter[Severity] = Counter()
        self._closing = False

    # -- the event loop's side ----------------------------------------------------------------------------------------

    def put(self, item: Item, events: Sequence[Event]) -> None:
        """Append an item with its events. Past the bound the oldest of the least important events are dropped."""
        with self._changed:
            for event in events:
                slot = _Slot(event)
                item.slots.append(slot)
                self._by_severity[slot.severity].append(slot)
            self._items.append(item)
            self._waiting += len(events)
            while self._waiting > self._events_max:
                self._drop_one()
            if len(self._items) > self._events_max + _ITEMS_SPARE:
                self._merge_hollow()
            self._changed.notify()

    def _drop_one(self) -> None:
        severity = next(severity for severity in _ASCENDING if self._by_severity[severity])
        self._by_severity[severity].popleft().event = None
        self._waiting -= 1
        self._lost[severity] += 1

    def _merge_hollow(self) -> None:
        merged: deque[Item] = deque()
        carried: Item | None = None
        for item in self._items:
            if carried is not None and item.erase is None:
                item.take_before(carried)
                carried = None
            if carried is not None:
                merged.append(carried)
                carried = None
            if item.hollow:
                carried = item
            else:
                merged.append(item)
        if carried is not None:
            merged.append(carried)
        self._items = merged

    def close(self) -> None:
        """Wake the writer for the last time: it takes what is there and ends."""
        with self._changed:
            self._closing = True
            self._changed.notify()

    @property
    def closing(self) -> bool:
        return self._closing

    @property
    def waiting(self) -> int:
        """Events that wait."""
        return self._waiting

    @property
    def lost(self) -> dict[Severity, int]:
        """Events dropped since the start, by severity."""
        with self._changed:
            return dict(self._lost)

    # -- the writer's side --------------------------------------------------------------------------------------------

    def take(self, events_max: int, wait_s: float) -> list[Item]:
        """The next items, with about `events_max` events together (one item is never split); empty after the wait.

        An item that erases comes alone.
        """
        with self._changed:
            if not self._items and not self._closing:
                self._changed.wait(wait_s)
            taken: list[Item] = []
            count = 0
            while self._items:
                item = self._items[0]
                if taken and (item.erase is not None or count + len(item.slots) > events_max):
                    break
                self._items.popleft()
                taken.append(item)
                for slot in item.slots:
                    if slot.event is not None:
                        first = self._by_severity[slot.severity].popleft()
                        assert first is slot  # both queues keep the order in which events came
                        self._waiting -= 1
                        count += 1
                if item.erase is not None:
                    break
            return taken

    def pause(self, seconds: float) -> None:
        """Wait before another attempt, but not once closing. New items do not end it."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, seconds)

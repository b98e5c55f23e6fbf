"""Contacts on a GPIO chip through gpiozero: edges out of lgpio's thread into the loop, and what no edge has told.

Why gpiozero and not gpiod, which reads Wiegand's lines: a contact has a level that stands, it is debounced by its
driver, and it is read again below. So what lgpio loses when this process is stalled (its kernel buffer holds 16 edges
of a line, and it tells nobody of the next one) comes 0.4 s late at most, where a lost bit of a card is lost for good.
In return buttons and contacts have the names, the pulls and the checks that users of a Raspberry Pi know. Its stamps
are the kernel's, too; only the way into the loop is longer (0.65 ms against 0.12 ms on the rig).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from operator import attrgetter
from threading import Lock
from typing import Protocol

from drivers.bus.lines import READ_NS, BusError, Edge, Found, OnEdges, Overflow
from drivers.loop_time import AHEAD_NS_MAX

# More edges of one contact in such a time are a storm (a bouncing one has some tens, and is quiet again after 20 ms).
# It would keep the loop from all others: so it is not listened to for a while. Its line stays claimed with its edges
# all the same: to claim it anew takes some ten milliseconds (on the rig), in which nobody else is heard.
STORM_EDGES = 120
STORM_NS = 100_000_000
STORM_REST_S = 0.2
CONFIRM_NS = 50_000_000  # a level that no edge has told is read again after this: its edge may be on its way here
READ_EVERY_NS = READ_NS - CONFIRM_NS  # so that it is told within READ_NS
STALE_NS_MAX = 10_000_000_000  # a stamp that is older is of another clock

_stamp = attrgetter("at_ns")


class Pin(Protocol):
    """A claimed input of gpio_pins.py."""

    def listen(self, on_edge: Callable[[int, bool], None]) -> None: ...

    def level(self) -> bool: ...

    def close(self) -> None: ...


class GpioInput:
    """An InputLine. `line` is the name that the driver gave it."""

    def __init__(self, contacts: Contacts, pin: Pin, line: str, holder: str, on_edges: OnEdges) -> None:
        self.line = line
        self.holder = holder
        self.on_edges = on_edges
        self.waiting: list[Edge] = []  # guarded by the lock of the contacts
        self.storm_ns: int | None = None  # likewise: since when it is one
        self.since_ns = 0  # likewise: when what is counted was begun
        self.count = 0
        self.deaf = False  # a storm is being let pass
        self.edges = 0
        self.told = False  # the level that the driver knows of
        self._contacts: Contacts | None = contacts
        self._pin = pin
        self._why = f"input {line} of {holder} is not claimed any more"

    def start(self) -> None:
        """Listen first, then read: an edge in between is told twice rather than not at all. Raises pin failures."""
        self._pin.listen(self.from_thread)
        self.told = self._pin.level()

    async def ready(self) -> None:
        if self._contacts is None:
            raise BusError(self._why)

    def level(self) -> bool:
        if self._contacts is None:
            raise BusError(self._why)
        return self._contacts.read(self)

    def close(self) -> None:
        contacts = self._contacts
        self.fail(self._why)
        if contacts is not None:
            contacts.forget(self)

    def fail(self, why: str) -> None:
        """The bus is lost."""
        if self._contacts is not None:
            self._contacts = None
            self._why = why
            self._pin.close()

    @property
    def open(self) -> bool:
        return self._contacts is not None

    def from_thread(self, at_ns: int, level: bool) -> None:
        """An edge, in lgpio's thread, which would end with whatever is raised here."""
        contacts = self._contacts
        if contacts is not None:
            contacts.put(self, at_ns, level)

    def pin_level(self) -> bool:
        return self._pin.level()


class Contacts:
    """All inputs of one bus. `lost` is called once with the reason, when one cannot be read."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        failures: tuple[type[Exception], ...],
        check: Callable[[], str],
        lost: Callable[[str], None],
    ) -> None:
        """`failures`: what a pin raises; `check`: why nothing can be heard any more, asked with each reading."""
        self._loop = loop
        self._failures = failures
        self._check = check
        self._lost = lost
        self._lock = Lock()
        self._inputs: dict[GpioInput, None] = {}  # in order of their claims
        self._waking = False
        self._closed = False
        self._timer = loop.call_later(READ_EVERY_NS / 1e9, self._read)

    def add(self, pin: Pin, line: str, holder: str, on_edges: OnEdges) -> GpioInput:
        """Watch a pin. Raises what the pin raises; then it is closed."""
        made = GpioInput(self, pin, line, holder, on_edges)
        try:
            made.start()
        except self._failures:
            pin.close()
            raise
        self._inputs[made] = None
        return made

    def forget(self, closed: GpioInput) -> None:
        self._inputs.pop(closed, None)

    def read(self, one: GpioInput) -> bool:
        """The level now. Raises BusError; then the bus is lost."""
        try:
            return one.pin_level()
        except self._failures as error:
            why = f"input {one.line} of {one.holder} cannot be read: {error}"
            self._lost(why)
            raise BusError(why) from error

    def close(self, why: str) -> None:
        self._closed = True
        self._timer.cancel()
        inputs, self._inputs = list(self._inputs), {}
        for each in inputs:
            each.fail(why)

    # -- edges --------------------------------------------------------------------------------------------------------

    def put(self, one: GpioInput, at_ns: int, level: bool) -> None:
        """Called in lgpio's thread: leave the edge for the loop, and wake it if nobody has."""
        if one.storm_ns is not None:
            return
        now_ns = round(self._loop.time() * 1e9)
        if not now_ns - STALE_NS_MAX < at_ns < now_ns + AHEAD_NS_MAX:
            at_ns = now_ns
        with self._lock:
            if at_ns - one.since_ns > STORM_NS:
                one.since_ns, one.count = at_ns, 0
            one.count += 1
            if one.count > STORM_EDGES:
                one.storm_ns = at_ns
            else:
                one.waiting.append(Edge(one.line, level, at_ns))
            wake, self._waking = not self._waking, True
        if wake and not self._closed:
            try:
                self._loop.call_soon_threadsafe(self._take)
            except RuntimeError:
                self._closed = True  # the loop has ended: nobody is left who could be told

    def _take(self) -> None:
        """Hand over what the thread has left. Of a storm only its beginning, and that the rest is lost."""
        batches: list[tuple[GpioInput, list[Edge | Overflow]]] = []
        with self._lock:
            self._waking = False
            for each in self._inputs:
                each.waiting.sort(key=_stamp)
                batch: list[Edge | Overflow] = [*each.waiting]
                each.waiting.clear()
                if each.storm_ns is not None and not each.deaf:
                    each.deaf = True
                    batch.append(Overflow(each.line, each.storm_ns))
                    self._loop.call_later(STORM_REST_S, self._listen_again, each)
                if batch:
                    batches.append((each, batch))
        for each, batch in batches:
            each.edges += len(batch)
            last = next((edge for edge in reversed(batch) if isinstance(edge, Edge)), None)
            if last is not None:
                each.told = last.level
            if each.open:
                each.on_edges(batch)

    def _listen_again(self, one: GpioInput) -> None:
        """What it has become meanwhile is found by the next reading."""
        with self._lock:
            one.storm_ns = None
            one.since_ns = one.count = 0
            one.deaf = False

    # -- readings -----------------------------------------------------------------------------------------------------

    def _read(self) -> None:
        """Read all inputs; what no edge has told is looked at once more, when its edge has had the time to come."""
        self._timer = self._loop.call_later(READ_EVERY_NS / 1e9, self._read)
        why = self._check()
        if why:
            self._lost(why)
            return
        untold = {each: each.edges for each in self._untold(tuple(self._inputs))}
        if untold and not self._closed:
            self._timer.cancel()
            self._timer = self._loop.call_later(CONFIRM_NS / 1e9, self._confirm, untold)

    def _confirm(self, untold: dict[GpioInput, int]) -> None:
        self._timer = self._loop.call_later((READ_EVERY_NS - CONFIRM_NS) / 1e9, self._read)
        self._take()  # the edges before it come before it
        for each in self._untold(each for each, edges in untold.items() if each.edges == edges):
            each.told = not each.told
            each.on_edges((Found(each.line, each.told, round(self._loop.time() * 1e9)),))

    def _untold(self, inputs: Iterable[GpioInput]) -> list[GpioInput]:
        found = []
        for each in inputs:
            if not each.open:
                continue
            try:
                if self.read(each) != each.told:
                    found.append(each)
            except BusError:
                return []  # the bus is lost, and lost() says so to everybody
        return found

"""Contacts over pins whose edges come from a thread, as lgpio's do: order, storms, lost edges, loss."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence

import pytest

from drivers.bus.gpio_contacts import READ_EVERY_NS, STORM_EDGES, Contacts, GpioInput
from drivers.bus.lines import READ_NS, BusError, Edge, Found, Overflow

LIMIT_S = 5.0
Told = list[Edge | Overflow]


class PinError(Exception):
    """What a pin raises."""


class WirePin:
    """The far end: a wire that somebody drives, and a thread that tells of it."""

    def __init__(self, level: bool = False) -> None:
        self._level = level
        self.broken = ""
        self.closed = 0
        self._on_edge: Callable[[int, bool], None] | None = None

    def drive(self, level: bool, at_ns: int) -> None:
        self._level = level
        if self._on_edge is not None:
            self._on_edge(at_ns, level)

    def drive_silently(self, level: bool) -> None:
        self._level = level

    def listen(self, on_edge: Callable[[int, bool], None]) -> None:
        if self.broken:
            raise PinError(self.broken)
        self._on_edge = on_edge

    def level(self) -> bool:
        if self.broken:
            raise PinError(self.broken)
        return self._level

    def close(self) -> None:
        self.closed += 1


class Bench:
    """Contacts in a running loop."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.lost: list[str] = []
        self.deaf = ""
        self.contacts = Contacts(self.loop, (PinError,), lambda: self.deaf, self._lose)

    def _lose(self, why: str) -> None:
        self.lost.append(why)
        self.contacts.close(why)

    def add(self, pin: WirePin, told: Told, line: str = "A") -> GpioInput:
        return self.contacts.add(pin, line, f"contact_{line}", told.extend)

    def now_ns(self) -> int:
        return round(self.loop.time() * 1e9)

    async def until(self, done: Callable[[], bool]) -> None:
        end_s = self.loop.time() + LIMIT_S
        while not done():
            assert self.loop.time() < end_s, "it did not come"
            await asyncio.sleep(0.001)


def on_bench(body: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        bench = Bench()
        try:
            await body(bench)
        finally:
            bench.contacts.close("the test is over")

    asyncio.run(run())


def in_thread(work: Callable[[], None]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LIMIT_S)
    assert not thread.is_alive()


def test_edges_of_a_thread_come_in_the_loop_in_order_of_their_stamps() -> None:
    async def body(bench: Bench) -> None:
        told: Told = []
        where: list[threading.Thread] = []
        pin = WirePin()

        def take(edges: Sequence[Edge | Overflow]) -> None:
            where.append(threading.current_thread())
            told.extend(edges)

        line = bench.contacts.add(pin, "A", "contact", take)
        await line.ready()
        now = bench.now_ns()
        stamps = [now - 5_000, now - 9_000, now - 7_000]
        in_thread(
            lambda: [pin.drive(level, at) for level, at in zip((True, False, True), stamps, strict=True)] and None
        )
        assert told == []  # not before the loop's own turn
        await bench.until(lambda: bool(told))
        assert told == [Edge("A", False, now - 9_000), Edge("A", True, now - 7_000), Edge("A", True, now - 5_000)]
        assert set(where) == {threading.main_thread()}

    on_bench(body)


@pytest.mark.parametrize("wrong_ns", [0, 1_700_000_000_000_000_000])
def test_stamps_of_another_clock_are_replaced(wrong_ns: int) -> None:
    async def body(bench: Bench) -> None:
        told: Told = []
        pin = WirePin()
        bench.add(pin, told)
        before = bench.now_ns()
        in_thread(lambda: pin.drive(True, wrong_ns))
        await bench.until(lambda: bool(told))
        assert before <= told[0].at_ns <= bench.now_ns()

    asyncio.run(_with_uptime(body))


async def _with_uptime(body: Callable[[Bench], Awaitable[None]]) -> None:
    bench = Bench()
    if bench.loop.time() < 20:
        pytest.skip("this machine started a few seconds ago, and 0 is a stamp of its clock")
    try:
        await body(bench)
    finally:
        bench.contacts.close("the test is over")


def test_a_lost_edge_is_found_within_its_time_and_an_edge_that_was_told_is_not() -> None:
    async def body(bench: Bench) -> None:
        told: Told = []
        other: Told = []
        pin, beside = WirePin(), WirePin()
        bench.add(pin, told)
        bench.add(beside, other, "B")
        begun_ns = bench.now_ns()
        pin.drive_silently(True)
        in_thread(lambda: beside.drive(True, bench.now_ns()))
        await bench.until(lambda: bool(told))
        assert [(type(edge), edge.line, isinstance(edge, Edge) and edge.level) for edge in told] == [(Found, "A", True)]
        assert told[0].at_ns - begun_ns <= READ_NS + 100_000_000
        assert [type(edge) for edge in other] == [Edge]
        pin.drive_silently(False)
        await bench.until(lambda: len(told) == 2)
        assert isinstance(told[1], Found)

    on_bench(body)


def test_an_edge_that_is_on_its_way_while_the_line_is_read_is_not_found() -> None:
    """The line has changed, the reading sees it, and the edge comes a little later: once is enough."""

    async def body(bench: Bench) -> None:
        told: Told = []
        pin = WirePin()
        bench.add(pin, told)
        await asyncio.sleep(READ_EVERY_NS / 1e9 - 0.02)
        at_ns = bench.now_ns()
        pin.drive_silently(True)
        await asyncio.sleep(0.04)  # the reading is in between
        in_thread(lambda: pin.drive(True, at_ns))
        await asyncio.sleep(READ_NS / 1e9)
        assert told == [Edge("A", True, at_ns)]

    on_bench(body)


def test_where_edges_are_coming_nothing_is_found() -> None:
    """The line goes on changing between the two readings: what it is then is told by an edge that is on its way."""

    async def body(bench: Bench) -> None:
        told: Told = []
        pin = WirePin()
        bench.add(pin, told)
        await asyncio.sleep(READ_EVERY_NS / 1e9 - 0.02)
        first_ns = bench.now_ns()
        pin.drive_silently(True)
        await asyncio.sleep(0.04)
        in_thread(lambda: pin.drive(True, first_ns))
        second_ns = bench.now_ns()
        pin.drive_silently(False)
        await asyncio.sleep(0.06)  # the second reading is in between
        in_thread(lambda: pin.drive(False, second_ns))
        await asyncio.sleep(READ_NS / 1e9)
        assert told == [Edge("A", True, first_ns), Edge("A", False, second_ns)]

    on_bench(body)


def test_a_storm_is_told_as_lost_edges_and_ends_with_the_right_level() -> None:
    async def body(bench: Bench) -> None:
        told: Told = []
        quiet: Told = []
        pin, beside = WirePin(), WirePin()
        bench.add(pin, told)
        bench.add(beside, quiet, "B")

        def storm() -> None:
            for index in range(20_000):
                pin.drive(index % 2 == 0, bench.now_ns())
            beside.drive(True, bench.now_ns())
            pin.drive_silently(True)

        in_thread(storm)
        await bench.until(lambda: bool(quiet))
        assert [type(edge) for edge in quiet] == [Edge]
        await bench.until(lambda: any(isinstance(edge, Overflow) for edge in told))
        assert len([edge for edge in told if isinstance(edge, Edge)]) <= STORM_EDGES
        await bench.until(lambda: isinstance(told[-1], Found) and told[-1].level)
        at_ns = bench.now_ns()
        in_thread(lambda: pin.drive(False, at_ns))  # it is heard again
        await bench.until(lambda: told[-1] == Edge("A", False, at_ns))

    on_bench(body)


def test_a_closed_contact_tells_nothing_and_says_so() -> None:
    async def body(bench: Bench) -> None:
        told: Told = []
        pin = WirePin()
        line = bench.add(pin, told)
        in_thread(lambda: pin.drive(True, bench.now_ns()))
        line.close()
        line.close()
        assert pin.closed == 1
        in_thread(lambda: pin.drive(False, bench.now_ns()))
        await asyncio.sleep(READ_NS / 1e9)
        assert told == []
        with pytest.raises(BusError, match="not claimed"):
            line.level()
        with pytest.raises(BusError, match="not claimed"):
            await line.ready()

    on_bench(body)


def test_a_contact_that_cannot_be_had_is_closed() -> None:
    async def body(bench: Bench) -> None:
        pin = WirePin()
        pin.broken = "busy"
        with pytest.raises(PinError):
            bench.add(pin, [])
        assert pin.closed == 1
        assert bench.lost == []

    on_bench(body)


@pytest.mark.parametrize("asked", [True, False])
def test_a_contact_that_cannot_be_read_is_a_lost_bus_and_told_once(asked: bool) -> None:
    async def body(bench: Bench) -> None:
        pin, beside = WirePin(), WirePin()
        line, other = bench.add(pin, []), bench.add(beside, [], "B")
        pin.broken = "no such device"
        if asked:
            with pytest.raises(BusError, match="no such device"):
                line.level()
        await bench.until(lambda: bool(bench.lost))
        await asyncio.sleep(READ_NS / 1e9)
        assert len(bench.lost) == 1
        assert "contact_A" in bench.lost[0]
        assert (pin.closed, beside.closed) == (1, 1)
        with pytest.raises(BusError, match="no such device"):
            other.level()

    on_bench(body)


def test_nobody_who_could_tell_is_a_lost_bus() -> None:
    async def body(bench: Bench) -> None:
        bench.add(WirePin(), [])
        bench.deaf = "the thread has ended"
        await bench.until(lambda: bench.lost == ["the thread has ended"])

    on_bench(body)


def test_an_edge_after_the_loop_has_ended_harms_nobody() -> None:
    pin = WirePin()

    async def run() -> Contacts:
        bench = Bench()
        bench.add(pin, [])
        return bench.contacts

    contacts = asyncio.run(run())
    in_thread(lambda: pin.drive(True, 1))
    in_thread(lambda: pin.drive(False, 2))
    contacts.close("after all")
    assert pin.closed == 1

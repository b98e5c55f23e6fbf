"""Every driver keeps the contract of drivers: each promise of contract.py is put to each subject of the table.

A new driver joins by one more entry in contract_subjects.py; one of lines in contract_on_lines.py, which the kernel rig
runs as well (tests/rig/inside/contract.py).
"""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from drivers.bus.lines import BusError, Lines
from drivers.driver import Emit
from drivers.relay import Relay, RelayConfig
from drivers.reports import AnyReport, DriverError, InputLevel, Level
from firmware.controller.kinds import KINDS
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers import contract
from tests.drivers.contract import PROMISES, Subject
from tests.drivers.contract_on_lines import BUTTON, LOCK, LineDevice
from tests.drivers.contract_subjects import SUBJECTS, Entry, on_lines

WALL_S_MAX = 120.0
every_subject = pytest.mark.parametrize("entry", SUBJECTS, ids=lambda entry: entry.name)
Promise = Callable[[Subject], Awaitable[None]]


def run_really(body: Coroutine[Any, Any, None]) -> None:
    """In real time; no task may be left, and nothing may be raised where nobody sees it."""
    failures: list[str] = []

    async def all_of_it() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: failures.append(str(context)))
        async with asyncio.timeout(WALL_S_MAX):
            await body
        left = asyncio.all_tasks() - {asyncio.current_task()}
        assert await contract.until(lambda: all(task.done() for task in left)), f"tasks were left behind: {left}"

    asyncio.run(all_of_it())
    assert not failures, failures


def put(promise: Promise, entry: Entry, folder: Path) -> None:
    """Put one promise to one subject; nothing may be left behind at the end."""
    gc.collect()
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()

    async def body() -> None:
        async with entry.stand(folder) as subject:
            assert subject.kind == entry.kind
            await promise(subject)

    if entry.virtual:
        run_virtual(body(), wall_s_max=WALL_S_MAX)
    else:
        run_really(body())
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads


@every_subject
@pytest.mark.parametrize(
    "promise",
    [promise for promise in PROMISES if promise is not contract.survives_garbage],
    ids=lambda promise: promise.__name__,
)
def test_it_keeps_its_promise(promise: Promise, entry: Entry, tmp_path: Path) -> None:
    put(promise, entry, tmp_path)


@every_subject
@pytest.mark.attack("wire-24")
def test_it_survives_garbage_on_its_lines(entry: Entry, tmp_path: Path) -> None:
    put(contract.survives_garbage, entry, tmp_path)


def test_every_kind_of_device_is_a_subject() -> None:
    assert {entry.kind for entry in SUBJECTS} == set(KINDS)


# -- the suite itself: a driver that breaks a promise is found out ---------------------------------------------------


class Bad:
    """A driver of one input and one output that breaks one promise, and keeps the others."""

    def __init__(self, config: RelayConfig, lines: Lines) -> None:
        self.id = config.id
        self.lines = lines
        self.relay = Relay(config, lines)
        self.kept: list[Any] = []

    async def run(self, emit: Emit) -> None:
        emitted: list[AnyReport] = []
        self.emit = emit
        try:
            await self.lines.open()
            button = self.lines.claim_input(BUTTON, self.id, self.told)
        except BusError as error:
            raise DriverError(f"{self.id}: {error}") from error
        try:
            await self.begin()
            await self.relay.run(emitted.append)
        except DriverError as error:
            self.lost(error)
        finally:
            button.close()

    def told(self, edges: Any) -> None:
        self.emit(Level(self.id, InputLevel.ACTIVE, 0))

    async def begin(self) -> None:
        """Nothing."""

    def lost(self, error: DriverError) -> None:
        raise error

    def apply(self, on: bool) -> None:
        self.relay.apply(on)

    def safe(self) -> None:
        self.relay.safe()

    def counters(self) -> dict[str, int]:
        return self.relay.counters()


class UnderAnotherName(Bad):
    def told(self, edges: Any) -> None:
        self.emit(Level("somebody", InputLevel.ACTIVE, 0))


class EndsQuietly(Bad):
    def lost(self, error: DriverError) -> None:
        """No error."""


class NamesNothing(Bad):
    def lost(self, error: DriverError) -> None:
        raise DriverError("something is lost")


class SpeaksAfterwards(Bad):
    def lost(self, error: DriverError) -> None:
        asyncio.get_running_loop().call_later(0.1, self.told, ())
        raise error


class Deafened(Bad):
    """After the first loss."""

    def lost(self, error: DriverError) -> None:
        self.told = lambda edges: None  # type: ignore[method-assign]
        raise error


class DiesOfGarbage(Bad):
    def told(self, edges: Any) -> None:
        if len(edges) > 3:
            self.relay._lines.close()
            self.lines = None  # type: ignore[assignment]
        super().told(edges)


class Floods(Bad):
    def told(self, edges: Any) -> None:
        for _ in range(100):
            super().told(edges)


class SafeTheWrongWay(Bad):
    def safe(self) -> None:
        self.lines.set_now(LOCK, True)


class SafeOnlyOnce(Bad):
    def safe(self) -> None:
        if not self.kept:
            self.relay.safe()
        self.kept.append(True)


class SafeRaises(Bad):
    def safe(self) -> None:
        self.lines.set_now(LOCK, False)


class SafeForAMoment(Bad):
    def safe(self) -> None:
        self.relay.safe()
        asyncio.get_running_loop().call_later(0.5, self.again)

    def again(self) -> None:
        if self.relay._output is not None:
            self.relay._output.set(True)


class MovesAtTheStart(Bad):
    async def begin(self) -> None:
        self.lines.set_now(LOCK, True)
        self.lines.set_now(LOCK, False)


class LeavesATask(Bad):
    async def begin(self) -> None:
        self.kept.append(asyncio.create_task(asyncio.sleep(600), name="kept"))


class LeavesADescriptor(Bad):
    async def begin(self) -> None:
        self.kept.append(os.open("/dev/null", os.O_RDONLY))

    def close(self) -> None:
        for each in self.kept:
            os.close(each)


class LeavesAThread(Bad):
    async def begin(self) -> None:
        ends = threading.Event()
        self.kept.append(ends)
        threading.Thread(target=ends.wait, args=(60,)).start()

    def close(self) -> None:
        for each in self.kept:
            each.set()


class LeavesALine(Bad):
    async def begin(self) -> None:
        if not self.kept:
            self.kept.append(self.lines.claim_input("GPIO6", self.id, print))


class EndsLate(Bad):
    async def begin(self) -> None:
        try:
            await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            await asyncio.sleep(600)


class Shares(Bad):
    async def run(self, emit: Emit) -> None:
        await (super().run(emit) if self.id == "bad" else asyncio.sleep(600))


class AppliesToNobody(Bad):
    def apply(self, on: bool) -> None:
        if self.relay._emit is not None:
            self.relay.apply(on)


BROKEN = {
    UnderAnotherName: contract.speaks_under_its_own_name,
    EndsQuietly: contract.is_lost_once_and_recovers,
    NamesNothing: contract.is_lost_once_and_recovers,
    SpeaksAfterwards: contract.is_lost_once_and_recovers,
    Deafened: contract.is_lost_once_and_recovers,
    DiesOfGarbage: contract.survives_garbage,
    Floods: contract.survives_garbage,
    SafeTheWrongWay: contract.is_safe_however_often,
    SafeOnlyOnce: contract.is_safe_however_often,
    SafeRaises: contract.is_safe_however_often,
    SafeForAMoment: contract.is_safe_however_often,
    MovesAtTheStart: contract.moves_nothing_by_itself,
    LeavesATask: contract.leaves_nothing_when_cancelled,
    LeavesADescriptor: contract.leaves_nothing_when_cancelled,
    LeavesAThread: contract.leaves_nothing_when_cancelled,
    LeavesALine: contract.leaves_nothing_when_cancelled,
    EndsLate: contract.leaves_nothing_when_cancelled,
    Shares: contract.keeps_others_out,
    AppliesToNobody: contract.takes_orders_in_any_state,
}


def tried(bad: type[Bad], promise: Promise, folder: Path) -> None:
    """Put a promise to a driver of this test."""
    device = LineDevice(
        "bad",
        "relay",
        RelayConfig("bad", LOCK),
        bad,  # type: ignore[arg-type]
        lambda wires: wires.turn(BUTTON),
        lambda driver, on: driver.apply(on),
        (BUTTON,),
    )

    async def body() -> None:
        async with on_lines(device, folder) as subject:
            subject.levels()
            try:
                await promise(subject)
            finally:
                close: Callable[[], None] = getattr(subject.driver, "close", lambda: None)
                close()

    run_virtual(body(), wall_s_max=WALL_S_MAX)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda promise: promise.__name__)
def test_a_driver_that_keeps_all_passes(promise: Promise, tmp_path: Path) -> None:
    tried(Bad, promise, tmp_path)


@pytest.mark.parametrize("bad", BROKEN, ids=lambda bad: bad.__name__)
def test_one_that_breaks_a_promise_is_found_out(bad: type[Bad], tmp_path: Path) -> None:
    with pytest.raises((AssertionError, BusError, AttributeError)):
        tried(bad, BROKEN[bad], tmp_path)

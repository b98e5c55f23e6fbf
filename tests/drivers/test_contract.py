"""The promises of drivers/driver.py, put to every driver: it emits, survives garbage, is lost once, recovers, is safe.

A new driver of lines joins by one more entry in KINDS; test_modbus_contract.py asks the same of what is on Modbus.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.bus.lines import Edge, Lines
from drivers.bus.simulated import SimulatedLines
from drivers.bus.simulated_safe import SafeLines
from drivers.contact import Contact, ContactConfig
from drivers.driver import Driver
from drivers.relay import OnLost, Relay, RelayConfig
from drivers.reports import AnyReport, DriverError, Dropped
from drivers.settings import LevelWord, LineUse
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.wires import MS, FarEnd, after_ms, h10301, now_ns, pulses

SEED = 20260707


class Kind(NamedTuple):
    """One driver: how it is made, what makes it speak (nothing, for an output), and its lines."""

    name: str
    make: Callable[[Lines], Driver]
    provoke: Callable[[int], list[Edge]] | None
    uses: tuple[LineUse, ...]


READER = WiegandConfig("reader", "D0", "D1", ("H10301",), led_green="G", led_red="R", buzzer="B")
LOW_READER = WiegandConfig("reader", "D0", "D1", ("H10301",), buzzer="B", indicator_level=LevelWord.LOW)
CONTACT = ContactConfig("contact", "C")
BEAM = ContactConfig("beam", "C", prompt=True)
LOCK = RelayConfig("lock", "L")
MAGNET = RelayConfig("magnet", "L", LevelWord.LOW, OnLost.ON)

KINDS = (
    Kind(
        "wiegand",
        lambda lines: Wiegand(READER, lines),
        lambda at: pulses(h10301(1, 2), "D0", "D1", from_ns=at),
        READER.lines(),
    ),
    Kind(
        "wiegand, low",
        lambda lines: Wiegand(LOW_READER, lines),
        lambda at: pulses("1", "D0", "D1", from_ns=at),
        LOW_READER.lines(),
    ),
    Kind("contact", lambda lines: Contact(CONTACT, lines), lambda at: [Edge("C", False, at)], CONTACT.lines()),
    Kind("prompt contact", lambda lines: Contact(BEAM, lines), lambda at: [Edge("C", False, at)], BEAM.lines()),
    Kind("relay", lambda lines: Relay(LOCK, lines), None, LOCK.lines()),
    Kind("relay, on when lost", lambda lines: Relay(MAGNET, lines), None, MAGNET.lines()),
)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def outputs(kind: Kind) -> dict[str, bool | None]:
    return {use.line: use.lost_level for use in kind.uses if use.output}


def inputs(kind: Kind) -> set[str]:
    return {use.line for use in kind.uses if not use.output}


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def with_wires(tmp_path: Path, body: Callable[[FarEnd, SimulatedLines, str], Coroutine[Any, Any, None]]) -> None:
    """A far end at a path, so that the bus can be opened again; nothing may be left behind at the end."""
    gc.collect()
    descriptors = len(os.listdir("/proc/self/fd"))
    threads = threading.active_count()

    async def run() -> None:
        path = tmp_path / "wires"
        far_end = FarEnd()
        await far_end.listen(str(path))
        lines = SimulatedLines(path)
        try:
            await body(far_end, lines, str(path))
        finally:
            lines.close()
            await far_end.close()

    run_virtual(run())  # fails by itself on a task or thread left behind
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads


@every_kind
def test_it_speaks_when_it_is_spoken_to(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        said: list[AnyReport] = []
        driver = kind.make(lines)
        task = asyncio.create_task(driver.run(said.append))
        await after_ms(200)
        before = len(said)
        if kind.provoke is not None:
            far_end.send(kind.provoke(now_ns()))
        await after_ms(300)
        assert (len(said) > before) == (kind.provoke is not None)
        assert {report.device for report in said} <= {driver.id}
        assert all(value >= 0 for value in driver.counters().values())
        await cancelled(task)

    with_wires(tmp_path, body)


@every_kind
@pytest.mark.attack("wire-24")
def test_it_survives_garbage_on_its_lines(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        rng = random.Random(SEED)
        said: list[AnyReport] = []
        task = asyncio.create_task(kind.make(lines).run(said.append))
        await after_ms(200)
        names = [use.line for use in kind.uses]
        for _ in range(200):
            # In no order, with stamps in the past and far in the future.
            far_end.send(
                Edge(rng.choice(names), rng.random() < 0.5, now_ns() + rng.choice((-1, 1)) * rng.randrange(10**12))
                for _ in range(rng.randrange(1, 30))
            )
            await after_ms(rng.uniform(0, 30))
        assert not task.done(), f"seed {SEED}"
        assert len(said) < 2_000, "garbage must not flood the inbox"
        far_end.send(Edge(line, True, now_ns()) for line in inputs(kind))
        await after_ms(3_000)
        before = len(said)
        if kind.provoke is not None:
            far_end.send(kind.provoke(now_ns()))
            await after_ms(300)
            assert len(said) > before, f"deaf after garbage, seed {SEED}"
        await cancelled(task)

    with_wires(tmp_path, body)


@every_kind
def test_loss_is_one_error_that_names_the_device_and_it_recovers(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        said: list[AnyReport] = []
        driver = kind.make(lines)
        for _ in range(3):
            task = asyncio.create_task(driver.run(said.append))
            await after_ms(200)
            assert not task.done()
            await far_end.hang_up()
            with pytest.raises(DriverError, match=driver.id):
                await task
            before = len(said)
        task = asyncio.create_task(driver.run(said.append))
        await after_ms(200)
        if kind.provoke is not None:
            far_end.send(kind.provoke(now_ns()))
            await after_ms(300)
            assert len(said) > before
        await cancelled(task)

    with_wires(tmp_path, body)


@every_kind
def test_without_a_far_end_it_is_lost_at_once(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        nowhere = SimulatedLines(tmp_path / "nobody")
        driver = kind.make(nowhere)
        with pytest.raises(DriverError, match="nobody listens"):
            await driver.run(lambda report: None)
        driver.safe()  # never raises

    with_wires(tmp_path, body)


@every_kind
def test_a_line_that_somebody_else_has_is_named(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        await lines.open()
        for use in kind.uses:
            other = lines.claim_output(use.line, "somebody", False)
            with pytest.raises(DriverError, match=f"{use.line} is held by somebody"):
                await kind.make(lines).run(lambda report: None)
            other.close()
        task = asyncio.create_task(kind.make(lines).run(lambda report: None))
        await after_ms(10)
        assert not task.done(), "what failed half way kept a line"
        await cancelled(task)

    with_wires(tmp_path, body)


@every_kind
def test_nothing_moves_because_it_starts_or_stops(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        for _ in range(3):
            task = asyncio.create_task(kind.make(lines).run(lambda report: None))
            await after_ms(50)
            await cancelled(task)
            await after_ms(50)
        assert {(line, level) for _, line, level in far_end.drives} == set(outputs(kind).items())

    with_wires(tmp_path, body)


@every_kind
@pytest.mark.parametrize("state", ["never run", "running", "stopped", "bus gone"])
def test_safe_leaves_every_output_at_its_lost_level_however_often(kind: Kind, state: str, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        driver = kind.make(lines)
        task: asyncio.Task[None] | None = None
        if state != "never run":
            task = asyncio.create_task(driver.run(lambda report: None))
            await after_ms(10)
            if isinstance(driver, Relay):
                driver.apply(True)
                driver.apply(False)
            if isinstance(driver, Wiegand):
                driver.show("lockdown")
            await after_ms(10)
        if state == "stopped" and task is not None:
            await cancelled(task)
        if state == "bus gone" and task is not None:
            await far_end.hang_up()
            with pytest.raises(DriverError):
                await task
        for line, level in outputs(kind).items():
            far_end.levels[line] = not level
        for _ in range(3):
            driver.safe()
            await after_ms(10)
            assert {line: far_end.levels[line] for line in outputs(kind)} == outputs(kind)
        if state == "running" and task is not None:
            assert not task.done()
            await cancelled(task)

    with_wires(tmp_path, body)


@every_kind
def test_safe_works_over_the_lines_of_menshen_safe(kind: Kind, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        for line, level in outputs(kind).items():
            far_end.levels[line] = not level
        safe_lines = SafeLines(Path(path))
        kind.make(safe_lines).safe()
        safe_lines.close()
        await after_ms(10)
        assert {line: far_end.levels[line] for line in outputs(kind)} == outputs(kind)

    with_wires(tmp_path, body)


@every_kind
@pytest.mark.parametrize("after_us", [0, 1, 100, 50_000])
def test_cancelled_at_any_point_it_leaves_no_line_claimed(kind: Kind, after_us: int, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        task = asyncio.create_task(kind.make(lines).run(lambda report: None))
        await asyncio.sleep(0)
        if after_us:
            await after_ms(after_us / 1_000)
        await cancelled(task)
        await after_ms(10)
        assert far_end.watched == set()
        await lines.open()
        for use in kind.uses:
            lines.claim_output(use.line, "the next one", False).close()

    with_wires(tmp_path, body)


def test_a_relay_that_does_not_run_refuses_and_one_that_runs_drives(tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        relay = Relay(MAGNET, lines)
        with pytest.raises(DriverError, match="magnet"):
            relay.apply(True)
        task = asyncio.create_task(relay.run(lambda report: None))
        await after_ms(10)
        for on in (True, False, True):
            relay.apply(on)
            await after_ms(1)
            assert far_end.levels["L"] is (not on)  # its on_level is low
        assert relay.counters()["applied"] == 3
        await far_end.hang_up()
        with pytest.raises(DriverError):
            await task
        with pytest.raises(DriverError, match="magnet"):
            relay.apply(True)

    with_wires(tmp_path, body)


def test_a_contact_tells_its_level_again_after_a_loss(tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        said: list[AnyReport] = []
        driver = Contact(CONTACT, lines)
        for expected in (1, 2):
            task = asyncio.create_task(driver.run(said.append))
            await after_ms(100)
            assert len(said) == expected
            await far_end.hang_up()
            with pytest.raises(DriverError):
                await task

    with_wires(tmp_path, body)


def test_stamps_of_loss(tmp_path: Path) -> None:
    """A frame that was under way when the bus went is never finished by what comes after it is back."""

    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        said: list[AnyReport] = []
        driver = Wiegand(READER, lines)
        edges = pulses(h10301(1, 2), "D0", "D1", from_ns=now_ns() + 200 * MS)
        task = asyncio.create_task(driver.run(said.append))
        await far_end.play(edges[:26])
        await far_end.hang_up()
        with pytest.raises(DriverError):
            await task
        task = asyncio.create_task(driver.run(said.append))
        await after_ms(1)
        far_end.send(edges[26:])
        await after_ms(300)
        assert not any(type(report).__name__ == "Frame" for report in said)
        await cancelled(task)

    with_wires(tmp_path, body)


@pytest.mark.attack("modbus-23")
def test_a_relay_that_is_on_for_too_long_is_dropped_by_its_driver(tmp_path: Path) -> None:
    """The second layer: whatever the core says, and although it says it again and again."""

    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        said: list[AnyReport] = []
        relay = Relay(RelayConfig("motor", "L", LevelWord.LOW, on_ms_max=1_000), lines)
        task = asyncio.create_task(relay.run(said.append))
        await after_ms(10)
        began_ns = now_ns()
        for _ in range(20):
            if not said:
                relay.apply(True)
            await after_ms(100)
        assert [type(report) for report in said] == [Dropped]
        assert said[0].device == "motor"
        offs = [at_ns - began_ns for at_ns, line, level in far_end.drives if line == "L" and level]
        assert len(offs) == 2, "the level at the start, and the drop"
        assert 999 * MS <= offs[-1] <= 1_010 * MS
        with pytest.raises(DriverError, match="motor"):
            relay.apply(True)
        relay.apply(False)
        relay.apply(True)
        await after_ms(1)
        assert far_end.levels["L"] is False
        relay.safe()
        await after_ms(2_000)
        assert len(said) == 1, "what is off is not dropped"
        assert relay.counters()["dropped"] == 1
        await cancelled(task)

    with_wires(tmp_path, body)

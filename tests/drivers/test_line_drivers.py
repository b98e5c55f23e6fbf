"""What is promised by one driver of lines alone; what all drivers promise stands in contract.py."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from drivers.bus.simulated import SimulatedLines
from drivers.bus.simulated_safe import SafeLines
from drivers.contact import Contact, ContactConfig
from drivers.relay import OnLost, Relay, RelayConfig
from drivers.reports import AnyReport, DriverError, Dropped
from drivers.settings import LevelWord
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.contract_on_lines import DEVICES, LineDevice
from tests.drivers.wires import MS, FarEnd, after_ms, h10301, now_ns, pulses

READER = WiegandConfig("reader", "D0", "D1", ("H10301",), led_green="G", led_red="R", buzzer="B")
MAGNET = RelayConfig("magnet", "L", LevelWord.LOW, OnLost.ON)
every_device = pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)


def with_wires(tmp_path: Path, body: Callable[[FarEnd, SimulatedLines, str], Coroutine[Any, Any, None]]) -> None:
    """A far end at a path, so that the bus can be opened again."""

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


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@every_device
def test_a_line_that_somebody_else_has_is_named(device: LineDevice, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        await lines.open()
        for use in device.config.lines():
            other = lines.claim_output(use.line, "somebody", False)
            with pytest.raises(DriverError, match=f"{use.line} is held by somebody"):
                await device.make(device.config, lines).run(lambda report: None)
            other.close()
        task = asyncio.create_task(device.make(device.config, lines).run(lambda report: None))
        await after_ms(10)
        assert not task.done(), "what failed half way kept a line"
        await cancelled(task)

    with_wires(tmp_path, body)


@every_device
def test_safe_works_over_the_lines_of_menshen_safe(device: LineDevice, tmp_path: Path) -> None:
    async def body(far_end: FarEnd, lines: SimulatedLines, path: str) -> None:
        rests = {use.line: use.lost_level for use in device.config.lines() if use.output}
        for line, level in rests.items():
            far_end.levels[line] = not level
        safe_lines = SafeLines(Path(path))
        device.make(device.config, safe_lines).safe()
        safe_lines.close()
        await after_ms(10)
        assert {line: far_end.levels[line] for line in rests} == rests

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
        driver = Contact(ContactConfig("contact", "C"), lines)
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

"""Drivers that fail, and a bus that goes and comes, at the whole gate: told, tried again, and nothing moves for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.reports import DriverError
from firmware.bench.gate import running_gate
from firmware.controller.board import build, simulated_lines
from firmware.controller.process import Controller, open_bus
from firmware.core.codes import Code
from firmware.core.view import Mode, Position
from firmware.core.views import view
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.virtual_time import run_virtual
from tests.attacks.gates import SITE, Watch, at_gate, codes, enters, portal

RECOVERED_S_MAX = 10  # FIELD.md, section 1: a cable pulled and put back


@pytest.mark.attack("wire-07")
@pytest.mark.parametrize("away_s", [0.3, 90.0])
def test_a_bus_that_goes_and_comes_is_told_recovers_in_time_and_moves_nothing(tmp_path: Path, away_s: float):
    async def scenario(gate):
        assert await enters(gate)
        watch = Watch(gate)
        await gate._far_end.close()
        await gate.pass_time(away_s)
        lost = view(gate.controller.engine.state)
        gate.plants.doors["front_door"].leave()  # nobody is kept in: the handle is no software
        await gate.pass_time(20)
        gate._far_end = FarEnd(gate.plants.wires)
        await gate._far_end.serve(gate.folder / "wires.sock")
        await gate.pass_time(RECOVERED_S_MAX + 1)
        back = view(gate.controller.engine.state)
        moved = [move.line for move in watch.released()]
        entered = await enters(gate)
        told = await codes(gate, Code.DEVICE_LOST, Code.DEVICE_RECOVERED, Code.FORCED)
        await gate._far_end.close()
        return lost, back, moved, entered, told

    lost, back, moved, entered, told = at_gate(tmp_path, scenario)
    assert "front_lock" in lost.devices_lost
    assert "front_reader" in lost.devices_lost
    assert all(each.position is not Position.CLOSED for each in lost.portals)  # what is not proven is not shown
    assert back.devices_lost == ()
    assert back.alarms == ()
    assert moved == []
    assert entered
    assert told.count(Code.DEVICE_LOST) == told.count(Code.DEVICE_RECOVERED) > 10
    assert Code.FORCED not in told


class Failing:
    """A driver that is lost again and again, or that is plainly wrong."""

    id = "bike_contact"

    def __init__(self, error: Exception) -> None:
        self._error = error
        self.safe_calls = 0

    async def run(self, emit) -> None:
        await asyncio.sleep(2)
        raise self._error

    def safe(self) -> None:
        self.safe_calls += 1

    def counters(self) -> dict[str, int]:
        return {}


async def power_on_with(gate, driver: Failing) -> None:
    """Like Gate.power_on, with one driver exchanged."""
    lines = simulated_lines(gate.folder / "wires.sock")
    board = build(gate.config, lines)
    board.drivers[driver.id] = driver
    await open_bus(lines, 5)
    gate.controller = Controller(gate.config, gate.folder, lines, board, gate.wall)
    await gate.controller.start()


@pytest.mark.attack("wire-08")
def test_a_device_that_is_lost_for_good_is_told_once_and_the_other_door_works(tmp_path: Path):
    async def run():
        async with running_gate(tmp_path, SITE, on=False) as gate:
            await power_on_with(gate, Failing(DriverError("bike_contact: the cable is cut")))
            await gate.pass_time(3)
            entered = [await enters(gate) for _ in range(5)]
            await gate.pass_time(600)
            seen = portal(gate, "bike_shed")
            told = await codes(gate, Code.DEVICE_LOST, Code.DEVICE_RECOVERED)
            restarts = gate.controller.supervisor.restarts["bike_contact"]
            await gate.power_off()
            return entered, seen, told, restarts

    entered, seen, told, restarts = run_virtual(run())
    assert entered == [True] * 5
    assert seen.position in (Position.UNKNOWN, Position.FAULT)
    # It lives longer than PROVEN_S each time, so each life is a recovery; at most one each ten seconds and a bit.
    assert told.count(Code.DEVICE_LOST) <= 700 / 10
    assert restarts <= 700 / 10


@pytest.mark.attack("wire-09")
def test_a_driver_that_is_wrong_ends_the_process_with_every_lock_secured(tmp_path: Path):
    """A mistake of ours is no lost device: the process says so and ends, after every safe()."""

    async def run():
        async with running_gate(tmp_path, SITE, on=False) as gate:
            driver = Failing(ZeroDivisionError("a mistake of ours"))
            await power_on_with(gate, driver)
            await gate.pass_time(0.2)
            await gate.present("resident", "bike_reader")
            released = portal(gate, "bike_shed").mode
            why = await asyncio.wait_for(gate.controller.failed, 5)
            await gate.controller.stop()
            await asyncio.sleep(0.01)  # the wires take the last words in
            return released, why, driver.safe_calls, gate.plants.state().doors

    released, why, safe_calls, doors = run_virtual(run())
    assert released is Mode.ACCESSED
    assert "bike_contact" in why
    assert "ZeroDivisionError" in why
    assert safe_calls == 1
    assert not any(door.told_to_release for door in doors)

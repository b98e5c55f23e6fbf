"""The demo gate's lane under attack, on virtual time: who is struck is a body in the plant, and no state of ours."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.reports import DriverError
from firmware.bench.gate import running_gate
from firmware.controller.board import build, simulated_lines
from firmware.controller.process import Controller, open_bus
from firmware.core.codes import Code
from firmware.core.view import Position
from firmware.core.views import view
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.virtual_time import run_virtual
from tests.attacks.gates import SITE, Watch, at_gate, codes, cut_power, portal, send

LANE = "vehicle_lane"
DOWN, UP, PERMIT = "Y1", "Y2", "Y3"  # of the demo gate's file; high is on
MOTION = (DOWN, UP, PERMIT)
READERS = ("lane_in_reader", "lane_out_reader")
STOP_S_MAX = 0.005  # `menshen bench stop` holds it for the real process; virtual time has no work in it
ON_MS_MAX = 9_000  # of the demo gate's outputs of motion: longer than its travel_ms_max, 8 s


def barrier(gate):
    return gate.plants.barriers[LANE]


def on(watch: Watch, *lines: str) -> list:
    return [move for move in watch.moves if move.level and move.line in (lines or MOTION)]


async def until(gate, what, limit_s: float = 60.0, step_s: float = 0.02) -> None:
    """Let time pass until it is so."""
    for _ in range(int(limit_s / step_s)):
        if what():
            return
        await gate.pass_time(step_s)
    raise AssertionError("it did not become so within the limit")


def driven(gate, line: str) -> bool:
    return gate.plants.wires.driven(line) is True


async def closes_behind_a_car(gate, travel: float = 0.2) -> None:
    """A car passes by its card, and it has closed by that part of its travel."""
    barrier(gate).lane.arrive("car", "in", careful=True)
    await gate.pass_time(5)
    await gate.present("resident", "lane_in_reader")
    await until(gate, lambda: driven(gate, UP))
    await until(gate, lambda: barrier(gate).position >= travel)


# -- a child ----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("lane-08")
def test_a_child_in_the_beam_while_both_readers_are_in_a_storm(tmp_path: Path):
    """10 kHz on the data lines of both readers from before it closes; the storm's mutes come and go meanwhile."""

    async def scenario(gate):
        watch = Watch(gate, MOTION)
        await closes_behind_a_car(gate, 0.05)
        for reader in READERS:
            gate.plants.readers[reader].storm(60_000, 10_000)
        for _ in range(3):
            await until(gate, lambda: driven(gate, UP))
            child = barrier(gate).lane.arrive("child", "in", stop_at="beam", placed=True)
            began_ns, before = gate.plants.wires.now_ns(), len(watch.moves)
            await gate.pass_time(3)
            stopped = watch.moves[before]
            assert (stopped.line, stopped.level) == (UP, False)
            answers_s = barrier(gate).photocells["beam"].layout.delay_ms / 1000  # the device itself
            assert stopped.at_ns - began_ns <= (answers_s + STOP_S_MAX) * 1e9
            await until(gate, lambda: portal(gate, LANE).position is Position.OPEN)
            child.remove()
            barrier(gate).press("reset", True)
            await gate.pass_time(0.2)
            barrier(gate).press("reset", False)
        muted = view(gate.controller.engine.state).readers_muted
        granted = await codes(gate, Code.GRANTED)
        return barrier(gate).strikes, muted, granted

    strikes, muted, granted = at_gate(tmp_path, scenario)
    assert strikes == []
    assert set(muted) == set(READERS)
    assert len(granted) == 1  # the car's


@pytest.mark.attack("lane-09")
def test_a_child_that_runs_in_again_and_again_ends_automatic_closing(tmp_path: Path):
    """R4: the second obstruction of a cycle latches; it stays down, whatever cards come, until somebody resets it."""

    async def scenario(gate):
        await closes_behind_a_car(gate)
        for _ in range(2):
            await until(gate, lambda: driven(gate, UP))
            child = barrier(gate).lane.arrive("child", "in", stop_at="beam", placed=True)
            await until(gate, lambda: driven(gate, DOWN))
            await until(gate, lambda: not driven(gate, DOWN))  # it has gone back
            child.remove()
        watch = Watch(gate, MOTION)
        await gate.pass_time(120)
        told = await codes(gate, Code.OBSTRUCTED, Code.OBSTRUCTED_AGAIN)
        return on(watch), told, barrier(gate).strikes, barrier(gate).position

    moved, told, strikes, position = at_gate(tmp_path, scenario)
    assert moved == []
    assert told == [Code.OBSTRUCTED, Code.OBSTRUCTED_AGAIN]
    assert strikes == []
    assert position == 0


# -- credentials without vehicles -------------------------------------------------------------------------------------


@pytest.mark.attack("lane-10")
def test_a_card_without_a_vehicle_opens_once_and_counts_no_passage(tmp_path: Path):
    """And the same card twenty times over is one passage that nobody takes: it closes, and holds nobody's place."""

    async def scenario(gate):
        await closes_behind_a_car(gate)  # loop and beam were seen to work: it may close by itself
        await gate.pass_time(30)
        taken = await codes(gate, Code.TAKEN)
        watch = Watch(gate, MOTION)
        resident = gate.plants.card("resident")[1]
        for _ in range(20):
            await send(gate, "lane_in_reader", resident, settle_s=0.6)
        await gate.pass_time(90)
        told = await codes(gate, Code.TAKEN, Code.NOT_TAKEN)
        seen = portal(gate, LANE)
        return on(watch, DOWN), taken, told, seen.position, dict(seen.lane.waiting), barrier(gate).strikes

    opened, taken, told, position, waiting, strikes = at_gate(tmp_path, scenario)
    assert len(opened) == 1
    assert taken == [Code.TAKEN]  # the car
    assert told == [Code.TAKEN, Code.NOT_TAKEN]
    assert position is Position.CLOSED
    assert waiting == {}
    assert strikes == []


# -- the second layer, and what is lost in motion ---------------------------------------------------------------------


@pytest.mark.attack("lane-11")
def test_a_core_that_dies_while_its_loop_lives_leaves_no_motion_on(tmp_path: Path):
    """Nobody steps any more: the driver's own time limit drops the output, whatever was commanded last."""

    async def scenario(gate):
        await closes_behind_a_car(gate)
        core = next(task for task in asyncio.all_tasks() if task.get_name() == "core")
        core.cancel()
        watch = Watch(gate, MOTION)
        await gate.pass_time(ON_MS_MAX / 1000)
        return [move.line for move in watch.moves if not move.level], [driven(gate, line) for line in MOTION]

    dropped, left = at_gate(tmp_path, scenario)
    assert set(dropped) == {UP, PERMIT}
    assert left == [False, False, False]


@pytest.mark.attack("lane-12")
@pytest.mark.parametrize("away_s", [0.2, 30.0])
def test_a_bus_that_is_lost_while_it_closes_and_comes_back_moves_nothing(tmp_path: Path, away_s: float):
    """The cable is pulled, the board at its end drops what it held, the cable is put back: all is off, and latched."""

    async def scenario(gate):
        await closes_behind_a_car(gate)
        await gate._far_end.close()
        for line in MOTION:
            gate.plants.wires.drive(line, False)
        await gate.pass_time(away_s)
        stood = barrier(gate).position
        watch = Watch(gate, MOTION)
        gate._far_end = FarEnd(gate.plants.wires)
        await gate._far_end.serve(gate.folder / "wires.sock")
        await gate.pass_time(60)
        told = await codes(gate, Code.DEVICE_LOST, Code.FAULT, Code.STOP_PRESSED)
        seen = portal(gate, LANE)
        await gate._far_end.close()
        return stood, barrier(gate).position, on(watch), told, seen

    stood, stands, moved, told, seen = at_gate(tmp_path, scenario)
    assert 0 < stood < 1
    assert moved == []
    assert stands == stood
    assert {Code.DEVICE_LOST, Code.FAULT, Code.STOP_PRESSED} <= set(told)
    assert seen.position is Position.BETWEEN
    assert {"stop", "fault"} <= set(seen.lane.bars)


class Cut:
    """A contact whose device is lost, and comes back for a moment, again and again."""

    def __init__(self, name: str, inner) -> None:
        self.id = name
        self._inner = inner
        self.cut = asyncio.Event()

    async def run(self, emit) -> None:
        running = asyncio.ensure_future(self._inner.run(emit))
        cutting = asyncio.ensure_future(self.cut.wait() if not self.cut.is_set() else asyncio.sleep(2))
        await asyncio.wait((running, cutting), return_when=asyncio.FIRST_COMPLETED)
        for task in (running, cutting):
            task.cancel()
            await asyncio.wait((task,))
        raise DriverError(f"{self.id}: the cable is cut")

    def safe(self) -> None:
        """An input has nothing to put right."""

    def counters(self) -> dict[str, int]:
        return {}


@pytest.mark.attack("lane-13")
@pytest.mark.parametrize("name", ["lane_loop_safety", "lane_beam", "lane_stop", "lane_is_up", "lane_cover"])
def test_an_input_that_is_lost_while_it_closes_stops_it(tmp_path: Path, name: str):
    """And as long as it comes and goes, it closes no more."""

    async def run():
        async with running_gate(tmp_path, SITE, on=False) as gate:
            lines = simulated_lines(gate.folder / "wires.sock")
            board = build(gate.config, lines)
            lost = board.drivers[name] = Cut(name, board.drivers[name])
            await open_bus(lines, 5)
            gate.controller = Controller(gate.config, gate.folder, lines, board, gate.wall)
            await gate.controller.start()
            await gate.pass_time(1)
            await closes_behind_a_car(gate)
            watch = Watch(gate, MOTION)
            began_ns = gate.plants.wires.now_ns()
            lost.cut.set()
            await gate.pass_time(300)
            told = await codes(gate, Code.DEVICE_LOST)
            await gate.power_off()
            return began_ns, watch, told

    began_ns, watch, told = run_virtual(run())
    stopped = next(move for move in watch.moves if move.line == UP)
    assert stopped.level is False
    assert stopped.at_ns - began_ns <= STOP_S_MAX * 1e9
    assert on(watch, UP) == []
    assert Code.DEVICE_LOST in told


# -- power ------------------------------------------------------------------------------------------------------------


@pytest.mark.attack("lane-14")
def test_the_power_cut_in_mid_travel_with_every_key_turned_moves_nothing_on_boot(tmp_path: Path):
    """The board's outputs drop with its supply. Both local keys and the emergency switch are still turned (R13)."""

    async def scenario(gate):
        await closes_behind_a_car(gate)
        await cut_power(gate)
        for key in ("key_open", "key_close", "emergency_close"):
            barrier(gate).press(key, True)
        await cut_power(gate)
        watch = Watch(gate, MOTION)
        await gate.pass_time(60)
        return on(watch), portal(gate, LANE), [driven(gate, line) for line in MOTION]

    moved, seen, left = at_gate(tmp_path, scenario)
    assert moved == []
    assert seen.position is Position.BETWEEN
    assert Code.BARRIER_BETWEEN in seen.alarms
    assert left == [False, False, False]

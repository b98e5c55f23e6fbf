"""Devices with several points at the controller: each point is lost, recovers and is driven under its own id."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from drivers.bus.simulated_safe import SafeLines
from drivers.modbus_io import ModbusIo
from drivers.reports import Level
from firmware.bench.rig import SITE
from firmware.config import load
from firmware.controller.board import Board, build, salvaged
from firmware.controller.inbox import Inbox
from firmware.controller.outlet import Outlet
from firmware.controller.pulse import STILL_MS_MAX, Pulse
from firmware.controller.safe import SafeError, make_safe
from firmware.controller.supervisor import Supervisor
from firmware.core.effects import SetOutput
from firmware.core.facts import DeviceLost, DeviceRecovered
from firmware.core.site import Site
from firmware.core.state import initial
from firmware.rehearsal.modbus_board import Board as FarBoard
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import Cable, FarThread, until

MODBUS = """
[[device]]
id = "io"
kind = "modbus_io"
port = "PORT"
parity = "none"
unit = 1
profile = "modbus_8di_8do"
inputs = { in1 = "contact" }
outputs = { out1 = "lock" }
"""


def site_file(folder: Path, port: str = "/dev/simulated") -> Path:
    """The bench's door, with lock and contact on a Modbus board."""
    head, _, _ = SITE.partition('[[device]]\nid = "lock"')
    path = folder / "site.toml"
    path.write_text(head + MODBUS.replace("PORT", port), encoding="utf-8")
    return path


def board_of(folder: Path, cable: Cable) -> Board:
    config, problems = load(site_file(folder))
    assert config is not None, problems
    return build(config, SafeLines(folder / "wires"), cable.ports)


def test_an_output_is_driven_and_a_board_is_lost_with_all_its_points(tmp_path: Path):
    async def body() -> None:
        far = FarBoard(1)
        cable = Cable(far)
        board = board_of(tmp_path, cable)
        device = board.drivers["io"]
        assert isinstance(device, ModbusIo)
        assert set(board.ends) == {"reader", "io", "lock"}
        told: list[object] = []
        supervisor = Supervisor(told.append, told.append, lambda name, error: told.append((name, error)))
        outlet = Outlet(board.ends, None, Inbox())
        supervisor.start(device)
        await supervisor.first_turn()
        outlet.carry_out([SetOutput("lock", True)], 0, None)
        await until(lambda: far.coils[0] == 1)
        await until(lambda: any(isinstance(each, Level) for each in told))
        far.silent = True
        await until(lambda: bool(supervisor.lost))
        lost = [fact.device for fact in told if isinstance(fact, DeviceLost)]
        assert lost == ["io", "contact", "lock"]
        await asyncio.sleep(30)
        assert not any(isinstance(each, DeviceRecovered) for each in told), "a silent board has not recovered"
        assert [fact.device for fact in told if isinstance(fact, DeviceLost)] == lost, "it is told once"
        far.silent = False
        far.coils[0] = 0
        await until(lambda: any(isinstance(each, DeviceRecovered) for each in told), 15)
        assert [fact.device for fact in told if isinstance(fact, DeviceRecovered)] == lost
        assert far.coils[0] == 0
        for point in lost:
            outlet.restore(point)
        await until(lambda: far.coils[0] == 1)
        await supervisor.stop(1.0)
        await cable.line.close()

    run_virtual(body())


def test_menshen_safe_reaches_a_modbus_board_and_says_when_it_does_not(tmp_path: Path):
    far_board = FarBoard(1)
    far = FarThread(far_board)
    try:
        far_board.coils[0] = 1
        assert make_safe(site_file(tmp_path, far.address), tmp_path / "nobody") == ["reader", "io"]
        assert far_board.coils[0] == 0
        far_board.silent = True
        with pytest.raises(SafeError, match="io could not be reached"):
            make_safe(site_file(tmp_path, far.address), tmp_path / "nobody")
    finally:
        far.close()


def test_a_slip_in_a_modbus_table_leaves_the_others_to_be_made_safe(tmp_path: Path):
    path = site_file(tmp_path)
    path.write_text(path.read_text().replace('profile = "modbus_8di_8do"', 'profile = "modbus_9di_9do"'))
    drivers, wrong = salvaged(path, SafeLines(tmp_path / "nobody"))
    assert [driver.id for driver in drivers] == ["reader"]
    assert wrong == ["io"]


class Core:
    """As much of an engine as Pulse asks."""

    def __init__(self) -> None:
        self.steps = 0
        self.state = None


class Queue:
    depth = 0


class Hands:
    def __init__(self) -> None:
        self.ms = 5_000

    def now_ms(self) -> int:
        return self.ms


@pytest.fixture
def pulse() -> tuple[Pulse, Core, Queue, Hands]:
    core, queue, hands = Core(), Queue(), Hands()
    core.state = initial(Site("site"))
    return Pulse(core, queue, hands), core, queue, hands


def asked_for(pulse: Pulse, hands: Hands, ms: int) -> bool:
    """Ask ten times a second, as a port does; the last answer."""
    beats = True
    for _ in range(0, ms, 100):
        hands.ms += 100
        beats = pulse.beats()
    return beats


def test_a_core_with_nothing_to_do_beats(pulse: tuple[Pulse, Core, Queue, Hands]):
    it, _, _, hands = pulse
    assert asked_for(it, hands, 60_000)


def test_a_core_that_steps_beats_however_much_waits(pulse: tuple[Pulse, Core, Queue, Hands]):
    it, core, queue, hands = pulse
    queue.depth = 500
    for _ in range(600):
        core.steps += 1
        assert asked_for(it, hands, 100)


def test_a_core_that_lets_facts_wait_does_not(pulse: tuple[Pulse, Core, Queue, Hands]):
    it, core, queue, hands = pulse
    assert asked_for(it, hands, 1_000)
    queue.depth = 1
    assert asked_for(it, hands, STILL_MS_MAX - 100)
    assert not asked_for(it, hands, 300)
    core.steps += 1
    assert asked_for(it, hands, 100)


def test_a_process_that_stood_still_proves_nothing(pulse: tuple[Pulse, Core, Queue, Hands]):
    it, _, queue, hands = pulse
    assert asked_for(it, hands, 1_000)
    queue.depth = 1
    hands.ms += 10_000  # nobody ran, this one included
    assert it.beats()
    assert asked_for(it, hands, 500)

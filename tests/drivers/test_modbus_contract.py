"""What Modbus devices promise beyond the contract of all drivers (test_contract.py): whose unit it is, what is written.

On virtual time over a socket pair where the loop is at work; over a pty or TCP with boards in a thread where safe() has
to do without one.
"""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from drivers.barrier_modbus import BarrierModbus, BarrierModbusConfig
from drivers.bus.modbus_ports import Ports
from drivers.modbus_device import ModbusDevice
from drivers.modbus_io import ModbusIo
from drivers.modbus_settings import ModbusConfig
from drivers.relay import OnLost
from drivers.reports import AnyReport, DriverError
from drivers.serial_settings import Parity
from firmware.rehearsal.modbus_board import Board
from firmware.rehearsal.virtual_time import run_virtual
from tests.drivers.modbus_far import Cable, FarThread, ended, io_config, until

SAFE_S_MAX = 0.5
HOLD = """
import serial, sys
port = serial.Serial(sys.argv[1], exclusive=True)
print("held", flush=True)
sys.stdin.read()
"""


class Kind(NamedTuple):
    """One kind of device: its table at an address, its far end and its outputs at rest."""

    name: str
    make: Callable[[str, Ports], ModbusDevice]
    board: Callable[[], Board]
    rest: Callable[[Board], bool]
    spoil: Callable[[Board], None]  # outputs as nobody wants them


def place(address: str) -> dict[str, Any]:
    return {"port": address, "host": None} if address.startswith("/") else {"port": None, "host": address}


def make_io(address: str, ports: Ports) -> ModbusDevice:
    return ModbusIo(io_config(outputs={"out1": "output_1", "out3": "output_3"}, **place(address)), ports)


def make_released(address: str, ports: Ports) -> ModbusDevice:
    return ModbusIo(io_config(on_lost={"out1": OnLost.ON}, **place(address)), ports)


def make_relay(address: str, ports: Ports) -> ModbusDevice:
    return ModbusIo(io_config(profile="icp_das_tm_r5", inputs={}, **place(address)), ports)


def make_drive(address: str, ports: Ports) -> ModbusDevice:
    config = BarrierModbusConfig(
        "drive_1",
        1,
        "delta_vfd_e",
        parity=Parity.NONE,
        inputs={"fault": "drive_fault"},
        outputs={"open": "lane_open", "close": "lane_close"},
        **place(address),
    )
    return BarrierModbus(config, ports)


def io_board() -> Board:
    return Board(1)


def relay_board() -> Board:
    board = Board(1, size=300)
    board.holding = dict.fromkeys((482, 488), 0)
    return board


def drive_board() -> Board:
    board = Board(1)
    board.holding = dict.fromkeys((0x2000, 0x2100, 0x2102, 0x2103), 0)
    return board


def all_coils(board: Board, value: int) -> None:
    board.coils[:8] = [value] * 8


KINDS = (
    Kind(
        "io",
        make_io,
        io_board,
        lambda board: board.coils[0] == board.coils[2] == 0,
        lambda board: all_coils(board, 1),
    ),
    Kind(
        "io, on when lost",
        make_released,
        io_board,
        lambda board: board.coils[0] == 1,
        lambda board: all_coils(board, 0),
    ),
    Kind("relays", make_relay, relay_board, lambda board: board.coils[0] == 0, lambda board: all_coils(board, 1)),
    Kind(
        "drive",
        make_drive,
        drive_board,
        lambda board: board.holding[0x2000] == 1,
        lambda board: board.holding.update({0x2000: 0x12}),
    ),
)
every_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    gc.collect()
    descriptors, threads = len(os.listdir("/proc/self/fd")), threading.active_count()
    yield
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == descriptors
    assert threading.active_count() == threads


class Bench(NamedTuple):
    board: Board
    cable: Cable
    device: ModbusDevice
    said: list[AnyReport]

    def run(self) -> asyncio.Task[None]:
        return asyncio.create_task(self.device.run(self.said.append))


def on_virtual_time(kind: Kind, body: Callable[[Bench], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        board = kind.board()
        cable = Cable(board)
        try:
            await body(Bench(board, cable, kind.make("/dev/simulated", cable.ports), []))
        finally:
            await cable.line.close()

    run_virtual(run())


@every_kind
def test_without_a_port_it_is_lost_at_once(kind: Kind, tmp_path: Path):
    async def body() -> None:
        device = kind.make(str(tmp_path / "nobody"), Ports())
        with pytest.raises(DriverError, match="nobody"):
            await device.run(lambda report: None)
        device.safe()  # never raises
        assert device.counters()["safe_failed"] == 1

    asyncio.run(body())


@every_kind
def test_a_unit_that_somebody_else_has_is_named(kind: Kind):
    async def body(bench: Bench) -> None:
        task = bench.run()
        await asyncio.sleep(0.01)
        second = kind.make("/dev/simulated", bench.cable.ports)
        with pytest.raises(DriverError, match=f"held by {bench.device.id}"):
            await second.run(lambda report: None)
        await until(bench.device.proven)
        await ended(task)

    on_virtual_time(kind, body)


@every_kind
def test_nothing_moves_because_it_starts_or_stops(kind: Kind):
    async def body(bench: Bench) -> None:
        for _ in range(3):
            task = bench.run()
            await until(bench.device.proven)
            await ended(task)
            await asyncio.sleep(0.2)
        rest = {(request.address, request.value) for request in bench.device.last_writes()}
        arm = {(269, 1), (488, 5), (260, 1)} if kind.name == "relays" else set()
        assert {(each.address, each.value) for each in bench.board.written} == rest | arm

    on_virtual_time(kind, body)


@every_kind
def test_safe_while_it_runs_puts_the_outputs_right_and_it_runs_on(kind: Kind):
    async def body(bench: Bench) -> None:
        task = bench.run()
        await until(bench.device.proven)
        for _ in range(3):
            next(iter(bench.device.outputs.values())).apply(True)
            await asyncio.sleep(0.2)
            bench.device.safe()
            bench.device.safe()
            await until(lambda: kind.rest(bench.board))
        assert not task.done()
        await ended(task)

    on_virtual_time(kind, body)


@every_kind
@pytest.mark.parametrize("after_ms", [0, 1, 5, 20, 333])
def test_cancelled_at_any_point_it_leaves_nothing_open(kind: Kind, after_ms: int):
    async def body(bench: Bench) -> None:
        task = bench.run()
        await asyncio.sleep(after_ms / 1_000)
        await ended(task)
        assert not bench.cable.ports.port(bench.device._config.line()).is_open
        again = bench.run()
        await until(bench.device.proven)
        await ended(again)

    on_virtual_time(kind, body)


@every_kind
def test_an_output_of_a_device_that_does_not_run_refuses(kind: Kind):
    async def body(bench: Bench) -> None:
        for output in bench.device.outputs.values():
            with pytest.raises(DriverError, match=output.id):
                output.apply(True)

    on_virtual_time(kind, body)


# -- without a loop ---------------------------------------------------------------------------------------------------


@pytest.fixture(params=["rtu", "tcp"])
def far(request: pytest.FixtureRequest) -> Iterator[Callable[[Board], FarThread]]:
    made: list[FarThread] = []

    def serve(board: Board) -> FarThread:
        made.append(FarThread(board, tcp=request.param == "tcp"))
        return made[-1]

    yield serve
    for each in made:
        each.close()


def took_s(call: Callable[[], None]) -> float:
    loop = asyncio.new_event_loop()  # for its clock
    began_s = loop.time()
    call()
    spent_s = loop.time() - began_s
    loop.close()
    return spent_s


@every_kind
def test_safe_needs_no_loop_and_may_be_called_often(kind: Kind, far: Callable[[Board], FarThread]):
    board = kind.board()
    device = kind.make(far(board).address, Ports())
    for _ in range(3):
        kind.spoil(board)
        assert not kind.rest(board)
        assert took_s(device.safe) < SAFE_S_MAX
        assert kind.rest(board)
    assert device.counters()["safe_failed"] == 0


@every_kind
def test_safe_after_a_stop_goes_over_a_descriptor_of_its_own(kind: Kind, far: Callable[[Board], FarThread]):
    board = kind.board()
    address = far(board).address

    async def body() -> ModbusDevice:
        device = kind.make(address, Ports())
        task = asyncio.create_task(device.run(lambda report: None))
        await until(device.proven, 20)
        next(iter(device.outputs.values())).apply(True)
        await ended(task)
        return device

    device = asyncio.run(body())
    kind.spoil(board)
    device.safe()
    assert kind.rest(board)


@every_kind
def test_safe_of_a_device_that_does_not_answer_gives_up_in_time(kind: Kind, far: Callable[[Board], FarThread]):
    board = kind.board()
    board.silent = True
    device = kind.make(far(board).address, Ports())
    assert took_s(device.safe) < SAFE_S_MAX
    assert device.counters()["safe_failed"] == 1


@pytest.mark.attack("modbus-22")
def test_a_second_master_is_kept_from_the_port(tmp_path: Path):
    """A port that one process holds is refused to another, which says so."""
    far = FarThread(Board(1))
    try:
        holder = subprocess.Popen(
            [
                sys.executable,
                "-c",
                HOLD,
                far.address,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert holder.stdin is not None
        assert holder.stdout is not None
        holder.stdout.readline()

        async def body() -> None:
            with pytest.raises(DriverError, match="cannot be opened"):
                await ModbusIo(io_config(port=far.address), Ports()).run(lambda report: None)

        asyncio.run(body())
        holder.communicate()
    finally:
        far.close()


def test_a_table_of_each_kind_is_without_problems():
    for kind in KINDS:
        for address in ("/dev/ttyUSB0", "192.0.2.7:502", "[2001:db8::7]:502"):
            config: ModbusConfig = kind.make(address, Ports())._config
            assert config.problems() == ()

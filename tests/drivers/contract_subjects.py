"""The subjects of the contract on this machine: lines and Modbus boards on virtual time, serial devices on ptys, and
libosdp's own readers in another process behind socat. SUBJECTS is the table.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import tty
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from drivers.barrier_modbus import BarrierModbus, BarrierModbusConfig
from drivers.bus.lines import Edge
from drivers.bus.modbus_ports import Ports
from drivers.bus.modbus_wire import open_wire
from drivers.bus.osdp_line import OsdpLines
from drivers.bus.serial_port import open_serial
from drivers.bus.simulated import SimulatedLines
from drivers.driver import Driven, Driver
from drivers.modbus_device import ModbusDevice
from drivers.modbus_io import ModbusIo, ModbusIoConfig
from drivers.modbus_settings import Line
from drivers.osdp import CHANNEL_S_MAX, Osdp
from drivers.osdp_settings import OsdpConfig
from drivers.relay import OnLost
from drivers.reports import Frame
from drivers.serial_reader import SerialReader, SerialReaderConfig
from drivers.serial_settings import Parity
from drivers.text_display import TextDisplay, TextDisplayConfig
from firmware.rehearsal.modbus_board import Board
from tests.drivers.contract import QUIET_S, Run, Subject, until
from tests.drivers.contract_camera import on_camera
from tests.drivers.contract_on_lines import D0, D1, DEVICES, LineDevice, OnLines, Wires
from tests.drivers.modbus_far import Cable, FarThread
from tests.drivers.osdp_rig import KEY, Peer, card_bits, config_of, far_end
from tests.drivers.test_serial_frames import EPC, tag_frame
from tests.drivers.wires import FarEnd, after_ms, now_ns, pulses, until_ns

RUNNING_WORD = 0x12  # of the drive, as its profile has it
CIRCUIT_WORD = {"rest": 2_500, "active": 3_333}  # of a supervised circuit: its profile's comment

Stand = Callable[[Path], AbstractAsyncContextManager[Subject]]


class Entry(NamedTuple):
    """One subject of the table; `kind` as in firmware/controller/kinds.py."""

    name: str
    kind: str
    stand: Stand
    virtual: bool = False


# -- simulated lines --------------------------------------------------------------------------------------------------


class SimulatedWires(Wires):
    """A far end at a path, which the bus can open again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._far = FarEnd()
        self.lines = SimulatedLines(path)

    async def frame(self, bits: str) -> None:
        edges = pulses(bits, D0, D1, from_ns=now_ns())
        await self._far.play(edges)
        await until_ns(edges[-1].at_ns)

    async def turn(self, line: str) -> None:
        self._far.send([Edge(line, not self._far.levels[line], now_ns())])

    async def noise(self, chance: random.Random, lines: Sequence[str]) -> None:
        """In no order, with stamps in the past and far in the future, and of lines that nobody watches."""
        self._far.send(
            Edge(
                chance.choice(lines),
                chance.random() < 0.5,
                now_ns() + chance.choice((-1, 1)) * chance.randrange(10**12),
            )
            for _ in range(chance.randrange(1, 30))
        )
        await after_ms(chance.uniform(0, 30))

    async def calm(self, lines: Sequence[str]) -> None:
        self._far.send(Edge(line, True, now_ns()) for line in lines)

    async def pull(self) -> None:
        await self._far.close()

    async def plug(self) -> None:
        self._path.unlink(missing_ok=True)
        await self._far.listen(str(self._path))

    async def open(self) -> None:
        """Open the bus, as some other device has done before."""
        await self.lines.open()
        self.lines.claim_output("GPIO26", "somebody", False).close()
        assert await until(lambda: "GPIO26" in self._far.levels)

    def level(self, line: str) -> bool | None:
        return self._far.levels.get(line)

    def driven(self, lines: Sequence[str]) -> set[tuple[str, object]]:
        return {(line, level) for _, line, level in self._far.drives if line in lines}

    def watched(self) -> Sequence[str]:
        return sorted(self._far.watched)


@asynccontextmanager
async def on_lines(device: LineDevice, folder: Path) -> AsyncIterator[Subject]:
    wires = SimulatedWires(folder / "wires")
    await wires.plug()
    await wires.open()
    try:
        yield OnLines(device, wires)
    finally:
        wires.lines.close()
        await wires.pull()


# -- serial devices ---------------------------------------------------------------------------------------------------


class PtyCable:
    """A pty at a path that stays the same however often it is pulled."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ends: tuple[int, ...] = ()

    def plug(self) -> None:
        ours, theirs = pty.openpty()
        for end in (ours, theirs):
            tty.setraw(end)
        os.set_blocking(ours, False)
        self._ends = (ours, theirs)
        self.path.symlink_to(os.ttyname(theirs))

    def pull(self) -> None:
        self.path.unlink(missing_ok=True)
        for end in self._ends:
            os.close(end)
        self._ends = ()

    def send(self, content: bytes) -> None:
        os.write(self._ends[0], content)

    def received(self) -> bytes:
        """What has come since."""
        taken = b""
        while self._ends:
            try:
                taken += os.read(self._ends[0], 65536)
            except BlockingIOError:
                break
        return taken


class SerialSubject(Subject):
    """A device on a pty of its own."""

    def __init__(self, path: Path) -> None:
        self.cable = PtyCable(path)
        self.cable.plug()

    async def ready(self, run: Run) -> bool:
        """The port is opened in the run's first turn; nobody beyond it can see that."""
        await asyncio.sleep(0.02)
        return True

    async def garble(self, chance: random.Random) -> None:
        self.cable.send(chance.randbytes(chance.randrange(1, 300)))
        await asyncio.sleep(chance.uniform(0, 0.02))

    async def pull(self) -> None:
        self.cable.pull()

    async def plug(self) -> None:
        self.cable.plug()


class Reads(SerialSubject):
    """A reader of codes or tags, which says what it has read."""

    kind = "serial_reader"

    def __init__(self, protocol: str, says: Callable[[int], bytes], sealed: bool, path: Path) -> None:
        super().__init__(path)
        self.sealed = sealed
        self._protocol = protocol
        self._says = says
        self._count = 0
        self.driver = self.make("reader")

    def make(self, name: str) -> Driver:
        return SerialReader(SerialReaderConfig(name, str(self.cable.path), self._protocol), open_serial)

    async def excite(self) -> None:
        """Another code each time: the same one would be a repeat."""
        self._count += 1
        self.cable.send(self._says(self._count))


class Shows(SerialSubject):
    """A text display of two rows, of which the far end knows what it shows now."""

    kind = "text_display"
    speaks = False
    safe_when_lost = False  # it is not written to by safe() then: the others are not held up for a display
    DARK = ("", "")
    at_rest: Mapping[str, object] = {"rows": DARK}

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._rows = self.DARK
        self._begun = b""
        self._seen: set[tuple[str, object]] = set()
        self.driver: TextDisplay = self.make("sign")

    def make(self, name: str) -> TextDisplay:
        return TextDisplay(TextDisplayConfig(name, str(self.cable.path), "plain_text"), open_serial)

    async def excite(self) -> None:
        """It says nothing."""

    async def plug(self) -> None:
        self._begun = b""
        self.cable.plug()

    def levels(self) -> Mapping[str, object]:
        """What has come since, two rows with their ends at a time."""
        *rows, self._begun = (self._begun + self.cable.received()).split(b"\r\n")
        for first, second in zip(rows[::2], rows[1::2], strict=True):
            self._rows = (first.decode("gb18030").rstrip(), second.decode("gb18030").rstrip())
            self._seen.add(("rows", self._rows))
        return {"rows": self._rows}

    def seen(self) -> set[tuple[str, object]]:
        self.levels()
        return self._seen

    def drive(self, on: bool) -> None:
        self.driver.show_text(("欢迎", "WELCOME") if on else ())

    def spoil(self) -> None:
        self.levels()
        self._rows = ("what stood there", "")


@asynccontextmanager
async def on_pty(make: Callable[[Path], SerialSubject], folder: Path) -> AsyncIterator[Subject]:
    subject = make(folder / "port")
    try:
        yield subject
    finally:
        subject.cable.pull()


# -- Modbus boards ----------------------------------------------------------------------------------------------------


class TwoWayCable(Cable):
    """The boards' line on virtual time; while `blocking`, a pty with a thread behind it, which answers safe()."""

    def __init__(self, board: Board) -> None:
        super().__init__(board)
        self.blocking = False
        self.far = FarThread(board)

    def _open(self, line: Line) -> Any:
        if self.blocking and not self.pulled:
            return open_wire(line._replace(port=self.far.address))
        return super()._open(line)


class OnModbus(Subject):
    """A board or drive on a line of its own."""

    def __init__(self, what: ModbusSubject) -> None:
        self.kind = what.kind
        self.at_rest = what.rest
        self.speaks = what.provoke is not None
        self._what = what
        self._board = what.board()
        self.cable = TwoWayCable(self._board)
        self.driver: ModbusDevice = self.make("board")

    def make(self, name: str) -> ModbusDevice:
        return self._what.make(name, self.cable.ports)

    async def excite(self) -> None:
        if self._what.provoke is not None:
            self._what.provoke(self._board)

    async def garble(self, chance: random.Random) -> None:
        """Bytes that nobody asked for, at any moment."""
        for end in self.cable.line._sockets[-1:]:
            with contextlib.suppress(BrokenPipeError):  # nobody has the port open just now
                end.send(chance.randbytes(chance.randrange(1, 60)))
        await asyncio.sleep(chance.uniform(0, 0.2))

    async def pull(self) -> None:
        self.cable.pulled = True
        await self.cable.unplug()

    async def plug(self) -> None:
        self.cable.pulled = False

    async def settle(self) -> None:
        await self.cable.unplug()

    def safe(self) -> None:
        self.cable.blocking = True
        super().safe()
        self.cable.blocking = False

    def levels(self) -> Mapping[str, object]:
        return {name: self._what.level(self._board, name) for name in self.at_rest}

    def seen(self) -> set[tuple[str, object]]:
        return {
            (name, each.value)
            for each in self._board.written
            for name in self.at_rest
            if self._what.address[name] == (each.table, each.address)
        }

    def drive(self, on: bool) -> None:
        for output in self.driver.outputs.values():
            output.apply(on != output.lost_on)

    def spoil(self) -> None:
        for name, level in self.at_rest.items():
            table, address = self._what.address[name]
            if table == "coils":
                self._board.coils[address] = 1 - int(str(level))
            else:
                self._board.holding[address] = RUNNING_WORD

    def switches(self) -> Sequence[Driven]:
        return list(self.driver.outputs.values())


class ModbusSubject(NamedTuple):
    """What stands behind the pty. `address`: of each output at rest, its table and address."""

    kind: str
    make: Callable[[str, Ports], ModbusDevice]
    board: Callable[[], Board]
    provoke: Callable[[Board], None] | None
    rest: Mapping[str, object]
    address: Mapping[str, tuple[str, int]]

    def level(self, board: Board, name: str) -> int:
        table, address = self.address[name]
        return board.coils[address] if table == "coils" else board.holding[address]


def io(more: dict[str, Any], name: str, ports: Ports) -> ModbusDevice:
    given = {"profile": "modbus_8di_8do", "parity": Parity.NONE, "inputs": {"in1": "door"}}
    return ModbusIo(ModbusIoConfig(name, 1, **{**given, "port": "/dev/simulated", **more}), ports)


def drive(name: str, ports: Ports) -> ModbusDevice:
    config = BarrierModbusConfig(
        name,
        1,
        "delta_vfd_e",
        "/dev/simulated",
        parity=Parity.NONE,
        inputs={"fault": "drive_fault"},
        outputs={"open": "lane_open"},
    )
    return BarrierModbus(config, ports)


def measuring_board() -> Board:
    board = Board(1)
    board.holding = {0x1000: 0}
    board.registers = dict.fromkeys(range(8), CIRCUIT_WORD["rest"])
    return board


def relay_board() -> Board:
    board = Board(1, size=300)
    board.holding = dict.fromkeys((482, 488), 0)
    return board


def drive_board() -> Board:
    board = Board(1)
    board.holding = dict.fromkeys((0x2000, 0x2100, 0x2102, 0x2103), 0)
    return board


def turn_input(board: Board) -> None:
    board.inputs[0] ^= 1


def bend_circuit(board: Board) -> None:
    at_rest = board.registers[0] == CIRCUIT_WORD["rest"]
    board.registers[0] = CIRCUIT_WORD["active" if at_rest else "rest"]


def turn_fault(board: Board) -> None:
    board.holding[0x2100] ^= 9


TWO_OUTPUTS = {"outputs": {"out1": "lock", "out3": "lamp"}}
MODBUS = {
    "inputs and outputs": ModbusSubject(
        "modbus_io",
        partial(io, TWO_OUTPUTS),
        partial(Board, 1),
        turn_input,
        {"lock": 0, "lamp": 0},
        {"lock": ("coils", 0), "lamp": ("coils", 2)},
    ),
    "outputs, one on when lost": ModbusSubject(
        "modbus_io",
        partial(io, {**TWO_OUTPUTS, "on_lost": {"out1": OnLost.ON}}),
        partial(Board, 1),
        turn_input,
        {"lock": 1, "lamp": 0},
        {"lock": ("coils", 0), "lamp": ("coils", 2)},
    ),
    "relays with a watchdog": ModbusSubject(
        "modbus_io",
        partial(io, {"profile": "icp_das_tm_r5", "inputs": {}, "outputs": {"out1": "lock"}}),
        relay_board,
        None,
        {"lock": 0},
        {"lock": ("coils", 0)},
    ),
    "measured inputs": ModbusSubject(
        "modbus_io", partial(io, {"profile": "waveshare_modbus_rtu_analog_8ch"}), measuring_board, bend_circuit, {}, {}
    ),
    "drive": ModbusSubject(
        "barrier_modbus", drive, drive_board, turn_fault, {"word": 1}, {"word": ("holding", 0x2000)}
    ),
}


@asynccontextmanager
async def on_modbus(what: ModbusSubject, folder: Path) -> AsyncIterator[Subject]:
    subject = OnModbus(what)
    try:
        yield subject
    finally:
        await subject.cable.line.close()
        subject.cable.far.close()


# -- OSDP -------------------------------------------------------------------------------------------------------------


class OnOsdp(Subject):
    """libosdp's reader in a process of its own. Its cable is cut beyond the adapter, which stays."""

    kind = "osdp"
    reports = (Frame,)  # tamper and power are told at the start, too
    waits = True
    told_s = CHANNEL_S_MAX + QUIET_S
    losses = 2
    bursts = 25

    def __init__(self, folder: Path, peer: Peer) -> None:
        self.peer = peer
        self._folder = folder
        self._lines = OsdpLines()
        self._config = config_of(folder, peer.port, 1, KEY, tamper="tamper", power="power")
        self.driver = self.make("reader1")

    def make(self, name: str) -> Driver:
        config = self._config
        fields = {each: getattr(config, each) for each in config.__struct_fields__}
        return Osdp(OsdpConfig(**{**fields, "id": name}), self._lines)

    async def excite(self) -> None:
        self.peer.card(1, *card_bits(12, 345))

    async def garble(self, chance: random.Random) -> None:
        """Bytes on the line, of which some begin like a frame."""
        head = chance.choice((b"", b"\xff", b"\xff\x53", b"\x53\x81\x08\x00"))
        self.peer.order("noise", bytes=(head + chance.randbytes(chance.randrange(1, 80))).hex())
        await asyncio.sleep(chance.uniform(0, 0.05))

    async def pull(self) -> None:
        self.peer.order("cut", cut=True)

    async def plug(self) -> None:
        self.peer.order("cut", cut=False)


@asynccontextmanager
async def on_osdp(folder: Path) -> AsyncIterator[Subject]:
    async with far_end(folder, [{"address": 1, "key": KEY}]) as peer:
        yield OnOsdp(folder, peer)


class OnOsdpAdapter(OnOsdp):
    """The same, whose adapter is unplugged: the port itself is gone, and the line's far end begins anew."""

    def __init__(self, folder: Path, peer: Peer, stack: AsyncExitStack) -> None:
        super().__init__(folder, peer)
        self._stack = stack

    async def pull(self) -> None:
        await self._stack.aclose()

    async def plug(self) -> None:
        self.peer = await self._stack.enter_async_context(far_end(self._folder, [{"address": 1, "key": KEY}]))


@asynccontextmanager
async def on_osdp_adapter(folder: Path) -> AsyncIterator[Subject]:
    async with AsyncExitStack() as stack:
        peer = await stack.enter_async_context(far_end(folder, [{"address": 1, "key": KEY}]))
        yield OnOsdpAdapter(folder, peer, stack)


# -- the table --------------------------------------------------------------------------------------------------------

SUBJECTS = (
    *(Entry(device.name, device.kind, partial(on_lines, device), virtual=True) for device in DEVICES),
    Entry(
        "serial reader, lines",
        "serial_reader",
        partial(on_pty, partial(Reads, "plain_line", lambda n: b"code %04d\r" % n, False)),
    ),
    Entry(
        "serial reader, frames",
        "serial_reader",
        partial(on_pty, partial(Reads, "sid_ur_series", lambda n: tag_frame(EPC[:-4] + f"{n:04X}"), True)),
    ),
    Entry("text display", "text_display", partial(on_pty, Shows)),
    *(Entry(f"modbus: {name}", what.kind, partial(on_modbus, what), virtual=True) for name, what in MODBUS.items()),
    Entry("camera", "camera", on_camera, virtual=True),
    Entry("osdp, cable cut", "osdp", on_osdp),
    Entry("osdp, adapter unplugged", "osdp", on_osdp_adapter),
)

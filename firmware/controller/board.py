"""The composition root: turns the configuration into devices on a bus. The only file that names bus implementations.

Devices come in kinds; each kind's settings and class stand in one file of drivers/. Nothing is found by scanning: a
new kind is one line in KINDS.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from drivers.barrier_modbus import BarrierModbus, BarrierModbusConfig
from drivers.board_description import BoardDescription, BoardError, Pull, board_kinds, load_board
from drivers.bus.lines import BusError, Lines
from drivers.bus.modbus_ports import Ports
from drivers.bus.osdp_line import OsdpLines
from drivers.bus.serial_port import open_serial
from drivers.bus.simulated import SimulatedLines
from drivers.bus.simulated_safe import SafeLines
from drivers.contact import Contact, ContactConfig
from drivers.driver import Driver
from drivers.modbus_device import ModbusDevice
from drivers.modbus_io import ModbusIo, ModbusIoConfig
from drivers.osdp import Osdp
from drivers.osdp_settings import OsdpConfig
from drivers.relay import Relay, RelayConfig
from drivers.serial_reader import SerialReader, SerialReaderConfig
from drivers.settings import DeviceConfig
from drivers.text_display import TextDisplay, TextDisplayConfig
from drivers.wiegand import Wiegand, WiegandConfig
from firmware.config import Config, DeviceDraft, Draft, Limit, Problems, Shape, convert, draft, escaped, nearest, shown
from firmware.config.problem import key_shown
from firmware.controller.errors import WiringError

ID = Limit(rule="id", pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")


REHEARSE = "run `menshen run FILE --simulated`, or name the socket of a rehearsal with --wires"


class Role(StrEnum):
    """What a portal may use a device as."""

    READER = "reader"
    INPUT = "input"
    OUTPUT = "output"
    DISPLAY = "display"
    BUS = "bus"  # it is used by its points only


class Buses(NamedTuple):
    """What devices are made on."""

    lines: Lines
    ports: Ports
    osdp: OsdpLines


class Kind(NamedTuple):
    """One kind of device: the type of its table, what makes the driver of it, and what it may be used as."""

    settings: type[Any]
    make: Callable[[Any, Buses], Driver]
    role: Role


KINDS: dict[str, Kind] = {
    "wiegand": Kind(WiegandConfig, lambda table, buses: Wiegand(table, buses.lines), Role.READER),
    "osdp": Kind(OsdpConfig, lambda table, buses: Osdp(table, buses.osdp), Role.READER),
    "serial_reader": Kind(SerialReaderConfig, lambda table, _: SerialReader(table, open_serial), Role.READER),
    "text_display": Kind(TextDisplayConfig, lambda table, _: TextDisplay(table, open_serial), Role.DISPLAY),
    "contact": Kind(ContactConfig, lambda table, buses: Contact(table, buses.lines), Role.INPUT),
    "relay": Kind(RelayConfig, lambda table, buses: Relay(table, buses.lines), Role.OUTPUT),
    "modbus_io": Kind(ModbusIoConfig, lambda table, buses: ModbusIo(table, buses.ports), Role.BUS),
    "barrier_modbus": Kind(BarrierModbusConfig, lambda table, buses: BarrierModbus(table, buses.ports), Role.BUS),
}
SHAPES: dict[type, Shape] = {
    kind.settings: Shape(limits=dict.fromkeys(("id", "inputs", "outputs", "tamper", "power"), ID))
    for kind in KINDS.values()
}


class BoardTable(msgspec.Struct, frozen=True):
    """[board]. `chip`: another GPIO chip than the board's own; `pull`: of inputs, by the names of their lines."""

    kind: str
    chip: str | None = None  # a path (/dev/gpiochip1), a name (gpiochip1) or a label
    pull: dict[str, Pull] = {}


class Device(NamedTuple):
    """A device table with its type. One with several points names them itself (drivers.settings.Pointed)."""

    path: str
    kind: str
    role: Role
    settings: DeviceConfig


class SafeBus(Lines, Protocol):
    """A bus for `menshen safe`. `why`: it could not drive a line, where it could not, for the first one."""

    @property
    def why(self) -> str: ...


class Output(Protocol):
    """What can be driven: a driver, or an output of a board."""

    def apply(self, on: bool) -> None: ...


class Board(NamedTuple):
    """What the controller works with. `formats`: reader id -> its Wiegand formats, in order.

    `outputs`: those of boards that have several, by their ids; `ports`: what these boards are on.
    """

    drivers: dict[str, Driver]
    formats: dict[str, tuple[str, ...]]
    outputs: dict[str, Output]
    ports: Ports

    @property
    def displays(self) -> dict[str, TextDisplay]:
        """Whatever shows text, by id."""
        return {name: driver for name, driver in self.drivers.items() if isinstance(driver, TextDisplay)}

    @property
    def ends(self) -> dict[str, Driver | Output]:
        """Whatever an effect may name."""
        return {**self.drivers, **self.outputs}


def build(config: Config, lines: Lines, ports: Ports | None = None) -> Board:
    """Make every configured device on `lines` and the Modbus ports of this machine, or on `ports`.

    Nothing is claimed or moved until a driver runs.

    Raises WiringError when the device tables have problems that `menshen check` would have named.
    """
    problems = Problems()
    tables = [
        DeviceDraft(f"device[{index}]", str(table.get("id", "")), table) for index, table in enumerate(config.devices)
    ]
    devices = typed(tables, problems)
    if problems.found:
        named = "; ".join(str(problem) for problem in problems.found[:3])
        raise WiringError(
            f"{config.file}: {len(problems.found)} problems in its devices ({named}): run `menshen check`"
        )
    buses = Buses(lines, Ports() if ports is None else ports, OsdpLines())
    drivers = [KINDS[device.kind].make(device.settings, buses) for device in devices]
    return Board(
        drivers={driver.id: driver for driver in drivers},
        formats={
            device.settings.id: device.settings.formats
            for device in devices
            if isinstance(device.settings, WiegandConfig | OsdpConfig)
        },
        outputs={
            point: output
            for driver in drivers
            if isinstance(driver, ModbusDevice)
            for point, output in driver.outputs.items()
        },
        ports=buses.ports,
    )


def salvaged(path: Path, lines: Lines, made: Draft | None = None) -> tuple[list[Driver], list[str]]:
    """The drivers of all device tables that are right, whatever else is wrong in the file; and the tables that are not.

    For `menshen safe`: a slip in a schedule must not leave a lock released. `made`: the file, where it was read before.
    """
    made = draft(path) if made is None else made
    devices = typed(made.devices, made.problems)
    right = [device for device in devices if not made.problems.touch(device.path)]
    paths = {device.path for device in right}
    wrong = [each.id or each.path for each in made.devices if each.path not in paths]
    buses = Buses(lines, Ports(), OsdpLines())
    return [KINDS[device.kind].make(device.settings, buses) for device in right], wrong


def lines_of(board: Mapping[str, object], wires: Path | socket.socket | None) -> Lines:
    """Return the bus of a site: where wires are named a rehearsal's, else that of the board's own chip.

    Nothing is opened yet. Raises WiringError where there is no such bus.
    """
    if wires is not None:
        return SimulatedLines(wires)
    table, description = _own(board)
    try:
        from drivers.bus.gpio import GpioLines  # here: only who has a chip needs gpiod
    except BusError as error:
        raise WiringError(str(error)) from error
    return GpioLines(description, table.chip, table.pull)


def safe_lines_of(board: Mapping[str, object], wires: Path | None) -> SafeBus:
    """Return the same bus for `menshen safe`: outputs only, without an event loop. Raises WiringError."""
    if wires is not None:
        return SafeLines(wires)
    table, description = _own(board)
    try:
        from drivers.bus.gpio_safe import SafeGpioLines
    except BusError as error:
        raise WiringError(str(error)) from error
    return SafeGpioLines(description, table.chip)


def simulated_lines(wires: Path | socket.socket | None) -> Lines:
    """Return the bus whose far end is a rehearsal: at a socket's path, or over a connected socket.

    Raises WiringError for None: that asks for the wires of this machine itself.
    """
    return SimulatedLines(_wires(wires))


def safe_lines(wires: Path | None) -> SafeBus:
    """Return the same bus for `menshen safe`. Raises WiringError for None."""
    path = _wires(wires)
    assert isinstance(path, Path)
    return SafeLines(path)


def _wires(wires: Path | socket.socket | None) -> Path | socket.socket:
    if wires is None:
        raise WiringError(f"no wires are named: {REHEARSE}")
    return wires


def _own(board: Mapping[str, object]) -> tuple[BoardTable, BoardDescription]:
    """The board whose lines are of this machine. A slip in what is not needed is none: `menshen safe` asks, too."""
    problems = Problems()
    description = describe(board, problems)
    table = convert(dict(board), BoardTable, "board", Problems())
    if description is None or table is None:
        named = "; ".join(str(problem) for problem in problems.found) or "there is none"
        raise WiringError(f"[board] is wrong ({named}): run `menshen check`")
    if not description.chips:
        raise WiringError(f"the lines of the board {description.id} are not of this machine: {REHEARSE}")
    return table, description


def describe(board: Mapping[str, object], problems: Problems) -> BoardDescription | None:
    """Find the description of the configured board; None, with a problem, when there is none."""
    table = convert(dict(board), BoardTable, "board", problems)
    if table is None or problems.touch("board.kind"):
        return None
    kinds = board_kinds()
    if table.kind not in kinds:
        near = nearest(table.kind, kinds)
        problems.add("board.kind", shown(table.kind), "word", near=near, words=", ".join(kinds))
        return None
    try:
        description = load_board(table.kind)
    except BoardError as error:
        problems.add("board.kind", shown(table.kind), "struct", message=escaped(str(error)))
        return None
    for key, value in (("chip", table.chip), ("pull", table.pull)):
        if value and not description.chips:
            problems.add(f"board.{key}", shown(value), "board_without_chip", board=description.id)
    for name in table.pull if description.chips else ():
        if description.find(name) is None:
            near = nearest(name, description.names())
            problems.add(f"board.pull.{key_shown(name)}", shown(name), "line_unknown", near=near, board=description.id)
    return description


def typed(tables: Sequence[DeviceDraft], problems: Problems) -> list[Device]:
    """Give each device table its type, and add what its driver says about its values."""
    devices = []
    for each in tables:
        kind = each.table.get("kind")
        if not isinstance(kind, str) or kind not in KINDS:
            near = nearest(kind, KINDS) if isinstance(kind, str) else ""
            found = shown(kind) if "kind" in each.table else "-"
            problems.add(f"{each.path}.kind", found, "word", near=near, words=", ".join(KINDS))
            continue
        settings = convert(each.table, KINDS[kind].settings, each.path, problems, shapes=SHAPES, elsewhere={"kind"})
        if settings is None:
            continue
        for wrong in settings.problems():
            path = f"{each.path}.{wrong.key}" if wrong.key else each.path
            problems.add(path, escaped(wrong.found), "device", message=escaped(wrong.allowed))
        devices.append(Device(each.path, kind, KINDS[kind].role, settings))
    return devices

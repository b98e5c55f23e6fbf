"""The composition root: turns the configuration into devices on a bus. The only file that names bus implementations.

A bus is imported when the first device of a site is made on it, as kinds of devices are (kinds.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

from drivers.board_description import BoardDescription, BoardError, Pull, board_kinds, load_board
from drivers.bus.lines import BusError, Lines
from drivers.driver import Display, Driver, SeveralOutputs
from drivers.settings import Formatted
from drivers.sights import Sights
from firmware.config.convert import convert
from firmware.config.document import DeviceDraft, Wiring, wiring_of
from firmware.config.problem import Problems, escaped, key_shown, nearest, shown
from firmware.controller.errors import WiringError
from firmware.controller.kinds import Role, kind_of, typed

if TYPE_CHECKING:
    import socket

    from drivers.bus.modbus_ports import Ports
    from drivers.bus.osdp_line import OsdpLines
    from drivers.bus.serial_port import OpenSerial
    from firmware.config import Config

LATE = frozenset([Role.BUS, Role.DISPLAY])  # to be made safe
REHEARSE = "run `menshen run FILE --simulated`, or name the socket of a rehearsal with --wires"


class Buses:
    """What devices are made on."""

    def __init__(self, lines: Lines, ports: Ports | None = None) -> None:
        self.lines = lines
        self.sights = Sights()
        self._ports = ports

    @cached_property
    def ports(self) -> Ports:
        """The Modbus ports of this machine, or those that were given."""
        if self._ports is not None:
            return self._ports
        from drivers.bus.modbus_ports import Ports

        return Ports()

    @cached_property
    def osdp(self) -> OsdpLines:
        from drivers.bus.osdp_line import OsdpLines

        return OsdpLines()

    @property
    def serial(self) -> OpenSerial:
        from drivers.bus.serial_port import open_serial

        return open_serial


class BoardTable(msgspec.Struct, frozen=True):
    """[board]. `chip`: another GPIO chip than the board's own; `pull`: of inputs, by the names of their lines."""

    kind: str
    chip: str | None = None  # a path (/dev/gpiochip1), a name (gpiochip1) or a label
    pull: dict[str, Pull] = {}


class SafeBus(Lines, Protocol):
    """A bus for `menshen safe`. `why`: it could not drive a line, where it could not, for the first one."""

    @property
    def why(self) -> str: ...


class Output(Protocol):
    """What can be driven: a driver, or an output of a board."""

    def apply(self, on: bool) -> None: ...


class Board(NamedTuple):
    """What the controller works with. `formats`: reader id -> its Wiegand formats, in order.

    `outputs`: those of boards that have several, by their ids; `ports`: what these boards are on; `sights`: where
    cameras hang.
    """

    drivers: dict[str, Driver]
    formats: dict[str, tuple[str, ...]]
    outputs: dict[str, Output]
    ports: Ports
    sights: Sights

    @property
    def displays(self) -> dict[str, Display]:
        """Whatever shows text, by id."""
        return {name: driver for name, driver in self.drivers.items() if isinstance(driver, Display)}

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
    buses = Buses(lines, ports)
    drivers = [kind_of(device.kind).make(device.settings, buses) for device in devices]
    return Board(
        drivers={driver.id: driver for driver in drivers},
        formats={
            device.settings.id: device.settings.formats for device in devices if isinstance(device.settings, Formatted)
        },
        outputs={
            point: output
            for driver in drivers
            if isinstance(driver, SeveralOutputs)
            for point, output in driver.outputs.items()
        },
        ports=buses.ports,
        sights=buses.sights,
    )


def salvaged(path: Path, lines: Lines, wiring: Wiring | None = None) -> tuple[list[Driver], list[str]]:
    """The drivers of all device tables that are right, whatever else is wrong in the file; and the tables that are not.

    For `menshen safe`: a slip in a schedule must not leave a lock released. Those on lines come first: a Modbus board
    that is away, or a display, takes its time. `wiring`: of the file, where it was read before.
    """
    problems = Problems()
    wiring = wiring_of(path, Problems()) if wiring is None else wiring
    devices = typed(wiring.devices, problems)
    right = [device for device in devices if not problems.touch(device.path)]
    paths = {device.path for device in right}
    wrong = [each.id or each.path for each in wiring.devices if each.path not in paths]
    buses = Buses(lines)
    right.sort(key=lambda device: device.role in LATE)
    return [kind_of(device.kind).make(device.settings, buses) for device in right], wrong


def lines_of(board: Mapping[str, object], wires: Path | socket.socket | None) -> Lines:
    """Return the bus of a site: where wires are named a rehearsal's, else that of the board's own chip.

    Nothing is opened yet. Raises WiringError where there is no such bus.
    """
    if wires is not None:
        return simulated_lines(wires)
    table, description = _own(board)
    try:
        from drivers.bus.gpio import GpioLines  # here: only who has a chip needs gpiod
    except BusError as error:
        raise WiringError(str(error)) from error
    return GpioLines(description, table.chip, table.pull)


def safe_lines_of(board: Mapping[str, object], wires: Path | None) -> SafeBus:
    """Return the same bus for `menshen safe`: outputs only, without an event loop. Raises WiringError."""
    if wires is not None:
        return safe_lines(wires)
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
    from drivers.bus.simulated import SimulatedLines

    return SimulatedLines(_wires(wires))


def safe_lines(wires: Path | None) -> SafeBus:
    """Return the same bus for `menshen safe`. Raises WiringError for None."""
    from drivers.bus.simulated_safe import SafeLines

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

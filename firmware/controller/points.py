"""What a site uses by an id: a device, or one point of a device that has several. How it fails, and how fast it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from drivers.contact import ContactConfig
from drivers.modbus_settings import ModbusConfig
from drivers.modbus_times import input_ms, output_ms, worst_round_ms
from drivers.relay import OnLost, RelayConfig
from drivers.settings import Pointed, PointRole, PointUse
from firmware.config import Problems
from firmware.controller.kinds import Device

WIRED = ("modbus_io",)  # kinds whose inputs are wires; those of the others are bits of a drive's status


class Point(NamedTuple):
    """A device, or (`use`) one of its points, and what it may be used as. `path` is its place in the file."""

    path: str
    role: str  # of Role or PointRole
    device: Device
    use: PointUse | None = None

    @property
    def name(self) -> str:
        """The point's name in its device's profile; empty for a device."""
        return "" if self.use is None else self.use.key.partition(".")[2]


class Output(NamedTuple):
    """What is left on an output, and how long it may be on by itself (0: no limit), with the paths of both keys."""

    on_lost_path: str
    on_lost: bool
    on_ms_max_path: str
    on_ms_max: int


class Input(NamedTuple):
    """What an input reads when its wire breaks, and the path of the key that says so."""

    path: str
    fails_active: bool


class BusTime(NamedTuple):
    """How long a point's bus makes somebody wait at the worst."""

    bus: str
    round_ms: float
    input_ms: float  # from a change to its report
    output_ms: float  # from a command to its confirmation


def points_of(devices: Iterable[Device]) -> dict[str, Point]:
    """Everything that can be used, by id; the first where two have one id, which is a problem of its own."""
    points: dict[str, Point] = {}
    for device in devices:
        settings = device.settings
        points.setdefault(settings.id, Point(device.path, device.role.value, device))
        if isinstance(settings, Pointed):
            for use in settings.points():
                points.setdefault(use.id, Point(f"{device.path}.{use.key}", use.role.value, device, use))
    return points


def output_of(point: Point | None) -> Output | None:
    """The output's settings; None for what is none."""
    if point is None:
        return None
    path, settings, use = point.device.path, point.device.settings, point.use
    if isinstance(settings, RelayConfig):
        on_lost = settings.on_lost is OnLost.ON
        return Output(f"{path}.on_lost", on_lost, f"{path}.on_ms_max", settings.on_ms_max)
    if use is not None and use.role is PointRole.OUTPUT:
        keys = f"{path}.on_lost.{point.name}", f"{path}.on_ms_max.{point.name}"
        return Output(keys[0], use.on_when_lost, keys[1], use.on_ms_max)
    return None


def input_of(point: Point | None) -> Input | None:
    """How a wired input fails: our lines have pull-ups, a board's inputs are off without current.

    None: no wire, or a supervised one, which tells a break from both.
    """
    if point is None:
        return None
    path, settings = point.device.path, point.device.settings
    if isinstance(settings, ContactConfig):
        return Input(f"{path}.active_level", settings.active_level.level)
    wired = point.device.kind in WIRED and point.use is not None and point.use.role is PointRole.INPUT
    if isinstance(settings, ModbusConfig) and wired and not supervises(point):
        return Input(f"{path}.normally_closed", point.name in settings.normally_closed)
    return None


def supervises(point: Point) -> bool:
    """Whether the point measures end-of-line resistors, and tells a break and a short from what its contact says."""
    settings = point.device.settings
    return isinstance(settings, ModbusConfig) and settings.supervises(point.name)


def bus_times(devices: Iterable[Device], problems: Problems) -> dict[str, BusTime]:
    """The times of every point on a bus whose tables are all sound, by the point's id."""
    ports: dict[str, list[Device]] = {}
    for device in devices:
        if isinstance(device.settings, ModbusConfig):
            ports.setdefault(device.settings.host or device.settings.port or "", []).append(device)
    times: dict[str, BusTime] = {}
    for bus, members in ports.items():
        if any(problems.touch(member.path) for member in members):
            continue
        tables = [member.settings for member in members if isinstance(member.settings, ModbusConfig)]
        time = BusTime(bus, worst_round_ms(tables), input_ms(tables), output_ms(tables))
        times |= {use.id: time for table in tables for use in table.points()}
    return times

"""The kinds of devices, and what gives a device table its type. Nothing is found by scanning: a new kind is one line in
KINDS.

A kind is imported when a table names it: what a site does not have costs its start nothing, and `menshen safe` less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from firmware.config.convert import Limit, Shape, convert
from firmware.config.document import DeviceDraft
from firmware.config.problem import Problems, escaped, nearest, shown

if TYPE_CHECKING:
    from drivers.driver import Driver
    from drivers.settings import DeviceConfig
    from firmware.controller.board import Buses

ID = Limit(rule="id", pattern=r"\A[a-z][a-z0-9_]{0,39}\Z")
SHAPE = Shape(limits=dict.fromkeys(("id", "inputs", "outputs", "tamper", "power"), ID))  # of each kind's table


class Role(StrEnum):
    """What a portal may use a device as."""

    READER = "reader"
    INPUT = "input"
    OUTPUT = "output"
    DISPLAY = "display"
    BUS = "bus"  # it is used by its points only


class Kind(NamedTuple):
    """One kind of device: the type of its table, what makes the driver of it, and what it may be used as."""

    settings: type[Any]
    make: Callable[[Any, Buses], Driver]
    role: Role


class Device(NamedTuple):
    """A device table with its type. One with several points names them itself (drivers.settings.Pointed)."""

    path: str
    kind: str
    role: Role
    settings: DeviceConfig


def _wiegand() -> Kind:
    from drivers.wiegand import Wiegand, WiegandConfig

    return Kind(WiegandConfig, lambda table, buses: Wiegand(table, buses.lines), Role.READER)


def _osdp() -> Kind:
    from drivers.osdp import Osdp
    from drivers.osdp_settings import OsdpConfig

    return Kind(OsdpConfig, lambda table, buses: Osdp(table, buses.osdp), Role.READER)


def _serial_reader() -> Kind:
    from drivers.serial_reader import SerialReader, SerialReaderConfig

    return Kind(SerialReaderConfig, lambda table, buses: SerialReader(table, buses.serial), Role.READER)


def _text_display() -> Kind:
    from drivers.text_display import TextDisplay, TextDisplayConfig

    return Kind(TextDisplayConfig, lambda table, buses: TextDisplay(table, buses.serial), Role.DISPLAY)


def _camera() -> Kind:
    from drivers.camera import Camera
    from drivers.camera_settings import CameraConfig

    return Kind(CameraConfig, lambda table, buses: Camera(table, buses.sights), Role.READER)


def _contact() -> Kind:
    from drivers.contact import Contact, ContactConfig

    return Kind(ContactConfig, lambda table, buses: Contact(table, buses.lines), Role.INPUT)


def _relay() -> Kind:
    from drivers.relay import Relay, RelayConfig

    return Kind(RelayConfig, lambda table, buses: Relay(table, buses.lines), Role.OUTPUT)


def _modbus_io() -> Kind:
    from drivers.modbus_io import ModbusIo, ModbusIoConfig

    return Kind(ModbusIoConfig, lambda table, buses: ModbusIo(table, buses.ports), Role.BUS)


def _barrier_modbus() -> Kind:
    from drivers.barrier_modbus import BarrierModbus, BarrierModbusConfig

    return Kind(BarrierModbusConfig, lambda table, buses: BarrierModbus(table, buses.ports), Role.BUS)


KINDS: dict[str, Callable[[], Kind]] = {
    "wiegand": _wiegand,
    "osdp": _osdp,
    "serial_reader": _serial_reader,
    "text_display": _text_display,
    "camera": _camera,
    "contact": _contact,
    "relay": _relay,
    "modbus_io": _modbus_io,
    "barrier_modbus": _barrier_modbus,
}


@cache
def kind_of(word: str) -> Kind:
    """The kind of that name, one of KINDS; it is imported now."""
    return KINDS[word]()


def typed(tables: Sequence[DeviceDraft], problems: Problems) -> list[Device]:
    """Give each device table its type, and add what its driver says about its values."""
    devices = []
    for each in tables:
        word = each.table.get("kind")
        if not isinstance(word, str) or word not in KINDS:
            near = nearest(word, KINDS) if isinstance(word, str) else ""
            found = shown(word) if "kind" in each.table else "-"
            problems.add(f"{each.path}.kind", found, "word", near=near, words=", ".join(KINDS))
            continue
        kind = kind_of(word)
        settings = convert(
            each.table, kind.settings, each.path, problems, shapes={kind.settings: SHAPE}, elsewhere={"kind"}
        )
        if settings is None:
            continue
        for wrong in settings.problems():
            path = f"{each.path}.{wrong.key}" if wrong.key else each.path
            if wrong.rule:
                problems.add(path, escaped(wrong.found), wrong.rule)
            else:
                problems.add(path, escaped(wrong.found), "device", message=escaped(wrong.allowed))
        devices.append(Device(each.path, word, kind.role, settings))
    return devices

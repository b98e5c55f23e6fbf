"""The wiring table: which wire of which device goes to which line, and what an installer should measure there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from drivers.board_description import BoardDescription
from drivers.camera_settings import CameraConfig, without_secrets
from drivers.modbus_profile import load_profile
from drivers.modbus_settings import ModbusConfig
from drivers.osdp_settings import OsdpConfig
from drivers.serial_reader import SerialReaderConfig
from drivers.settings import Pointed, PointRole
from drivers.text_display import TextDisplayConfig
from firmware.config import Draft
from firmware.controller.kinds import Device, Role
from firmware.controller.policies import Use, uses_of
from firmware.core.site import Barrier, Door, Mover
from firmware.texts import Texts

# What is up with one mover is down with another: these purposes are said in the words of the mover.
MOVED = frozenset(("open", "close", "opened", "closed", "key_open", "key_close", "emergency_close"))
MOVER_WORDS = {Mover.BOLLARD: "bollard", Mover.BOOM: "boom", Mover.SLIDING_GATE: "gate", Mover.SWING_GATE: "gate"}


class Wire(msgspec.Struct, frozen=True):
    """One line of the board, or one point on a bus.

    `active` is the electrical level that means active, released or lit; empty for data, and on a bus.
    """

    line: str
    device: str
    key: str  # d0, d1, led_green ..., line
    purpose: str  # lock, contact, rex ... of policies.Use; empty: the device is not used
    portal: str
    active: str  # high, low, or empty
    on_lost: str  # on, off; empty for inputs
    on_lost_level: str  # high, low; empty for inputs, and on a bus
    lock_kind: str = ""
    mover: str = ""  # of a barrier's wire
    unverified: bool = False  # nobody has run this against the device that has the point
    pin: str = ""  # what else the line is called, for whoever looks for it on the board
    relay: str = ""  # draws, rests: what the board's own relay on this line does while it is active


class Unverified(msgspec.Struct, frozen=True):
    """A device whose profile is from paper only: see its document, and try it before anybody relies on it."""

    device: str
    title: str
    source: str


def unverified_of(devices: Iterable[Device]) -> list[Unverified]:
    """The devices that nobody has run this against."""
    found = []
    for device in devices:
        settings = device.settings
        if isinstance(settings, ModbusConfig) and not (profile := load_profile(settings.profile)).verified:
            found.append(Unverified(settings.id, profile.title, profile.source))
        elif (
            isinstance(settings, SerialReaderConfig | TextDisplayConfig)
            and (said := settings.described())
            and not said.verified
        ):
            found.append(Unverified(settings.id, said.title, said.source))
    return found


def wires_of(draft: Draft, devices: Sequence[Device], board: BoardDescription) -> list[Wire]:
    """Every wire in the order of the device tables."""
    uses: dict[str, Use] = {use.device: use for use in uses_of(draft)}
    kinds = {each.portal.lock: each.portal.lock_kind.value for each in draft.portals if isinstance(each.portal, Door)}
    movers = {each.portal.id: each.portal.mover.value for each in draft.portals if isinstance(each.portal, Barrier)}
    unverified = {each.device for each in unverified_of(devices)}

    def wire(line: str, name: str, key: str, levels: tuple[str, str, str], device: Device) -> Wire:
        use = uses.get(name)
        active, on_lost, on_lost_level = levels
        return Wire(
            line=line,
            device=name,
            key=key,
            purpose=use.purpose if use else "",
            portal=use.portal if use else "",
            active=active,
            on_lost=on_lost,
            on_lost_level=on_lost_level,
            lock_kind=kinds.get(name, ""),
            mover=movers.get(use.portal, "") if use else "",
            unverified=device.settings.id in unverified,
            pin=_pin(line, board),
            relay=_relay(line, active, board),
        )

    wires = []
    for device in devices:
        settings = device.settings
        for line in settings.lines():
            lost = "" if line.lost_level is None else ("on" if line.lost_level == line.on_level else "off")
            data = device.role is Role.READER and not line.output
            active = "" if data else _level(line.on_level)
            lost_level = "" if line.lost_level is None else _level(line.lost_level)
            wires.append(wire(line.line, settings.id, line.key, (active, lost, lost_level), device))
        if isinstance(settings, OsdpConfig):
            wires.append(wire(f"{settings.port} #{settings.address}", settings.id, "line", ("", "", ""), device))
        if isinstance(settings, SerialReaderConfig | TextDisplayConfig):
            wires.append(wire(settings.port, settings.id, "line", ("", "", ""), device))
        if isinstance(settings, CameraConfig):
            wires.append(wire(without_secrets(settings.source), settings.id, "line", ("", "", ""), device))
        if isinstance(settings, Pointed):
            for point in settings.points():
                lost = ("on" if point.on_when_lost else "off") if point.role is PointRole.OUTPUT else ""
                wires.append(wire(_place(settings, point.key), point.id, "line", ("", lost, ""), device))
    return wires


def _place(settings: Pointed, key: str) -> str:
    """Where a point is: its bus, the unit on it, and the point's name there."""
    name = key.rpartition(".")[2]
    if not isinstance(settings, ModbusConfig):
        return f"{settings.id} {name}"
    return f"{settings.host or settings.port} #{settings.unit} {name}"


def _pin(line: str, board: BoardDescription) -> str:
    """The pin of a line: its number on the header, or the line's own name where that is how it was named."""
    own = board.find(line)
    names = board.line[own].names if own is not None else ()
    pin = next((name for name in names if ":" in name), "")
    if not pin:
        return ""
    return (own or "") if line == pin else pin


def _relay(line: str, active: str, board: BoardDescription) -> str:
    own = board.find(line)
    draws = board.line[own].relay_on if own is not None else None
    if draws is None or not active:
        return ""
    return "draws" if active == draws.value else "rests"


def _level(level: bool) -> str:
    return "high" if level else "low"


def table_of(wires: Iterable[Wire], texts: Texts) -> str:
    """Draw the table for people."""

    def word(key: str, **values: object) -> str:
        return texts.say(f"check.word.{key}", **values)

    head = [texts.say(f"check.column.{key}") for key in ("line", "device", "connect", "active", "on_lost", "portal")]
    rows = [[*head, ""]]
    for wire in wires:
        if wire.key != "line":
            connect = word(wire.key)
        elif wire.purpose == "lock":
            connect = word(f"lock_{wire.lock_kind}")
        elif wire.mover and wire.purpose in MOVED:
            connect = word(f"{MOVER_WORDS[Mover(wire.mover)]}_{wire.purpose}")
        else:
            connect = word(wire.purpose or ("output" if wire.on_lost else "input"))
        left = word(f"left_{wire.on_lost}", level=word(wire.on_lost_level)) if wire.on_lost_level else ""
        left = left or (word(wire.on_lost) if wire.on_lost else "")
        active = word(wire.active) if wire.active else ""
        if wire.relay:
            active = word(f"relay_{wire.relay}", level=active)
        row = [
            f"{wire.line} ({wire.pin})" if wire.pin else wire.line,
            wire.device,
            connect,
            active,
            left,
            wire.portal or word("not_used"),
        ]
        rows.append([*row, word("unverified") if wire.unverified else ""])
    widths = [max(_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    drawn = ["  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths).rstrip(), *drawn[1:]])


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))

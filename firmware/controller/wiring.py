"""The wiring table: which wire of which device goes to which line, and what an installer should measure there."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

import msgspec

from firmware.config import Draft
from firmware.controller.board import Device, Role
from firmware.controller.policies import Use, uses_of
from firmware.core.site import Door
from firmware.texts import Texts


class Wire(msgspec.Struct, frozen=True):
    """One line of the board. `active` is the electrical level that means active, released or lit; empty for data."""

    line: str
    device: str
    key: str  # d0, d1, led_green ..., line
    purpose: str  # lock, contact, rex ... of policies.Use; empty: the device is not used
    portal: str
    active: str  # high, low, or empty
    on_lost: str  # on, off; empty for inputs
    on_lost_level: str  # high, low; empty for inputs
    lock_kind: str = ""


def wires_of(draft: Draft, devices: Sequence[Device]) -> list[Wire]:
    """Every wire in the order of the device tables."""
    uses: dict[str, Use] = {use.device: use for use in uses_of(draft)}
    kinds = {each.portal.lock: each.portal.lock_kind.value for each in draft.portals if isinstance(each.portal, Door)}
    wires = []
    for device in devices:
        name = device.settings.id
        use = uses.get(name)
        for line in device.settings.lines():
            lost = "" if line.lost_level is None else ("on" if line.lost_level == line.on_level else "off")
            data = device.role is Role.READER and not line.output
            wires.append(
                Wire(
                    line=line.line,
                    device=name,
                    key=line.key,
                    purpose=use.purpose if use else "",
                    portal=use.portal if use else "",
                    active="" if data else _level(line.on_level),
                    on_lost=lost,
                    on_lost_level="" if line.lost_level is None else _level(line.lost_level),
                    lock_kind=kinds.get(name, ""),
                )
            )
    return wires


def _level(level: bool) -> str:
    return "high" if level else "low"


def table_of(wires: Iterable[Wire], texts: Texts) -> str:
    """Draw the table for people."""

    def word(key: str, **values: object) -> str:
        return texts.say(f"check.word.{key}", **values)

    head = [texts.say(f"check.column.{key}") for key in ("line", "device", "connect", "active", "on_lost", "portal")]
    rows = [head]
    for wire in wires:
        if wire.key != "line":
            connect = word(wire.key)
        elif wire.purpose == "lock":
            connect = word(f"lock_{wire.lock_kind}")
        else:
            connect = word(wire.purpose or ("output" if wire.on_lost else "input"))
        left = word(f"left_{wire.on_lost}", level=word(wire.on_lost_level)) if wire.on_lost else ""
        active = word(wire.active) if wire.active else ""
        rows.append([wire.line, wire.device, connect, active, left, wire.portal or word("not_used")])
    widths = [max(_width(row[column]) for row in rows) for column in range(len(head))]
    drawn = ["  ".join(_pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths), *drawn[1:]])


def _width(text: str) -> int:
    """Columns of a terminal: Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _width(text))

"""A whole gate under attack: the demo gate on virtual time, with everything that moves written down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.bench.gate import Gate, running_gate
from firmware.core.codes import Code
from firmware.core.view import PortalView
from firmware.core.views import view
from firmware.rehearsal.frames import Frame
from firmware.rehearsal.virtual_time import run_virtual

SITES = Path(__file__).parents[2] / "provisioning" / "sites"
SITE = SITES / "community_gate.toml"
NIGHT_UTC_MS = 1_795_447_800_000  # 2026-11-23 23:30 in Shanghai: the front door wants card and PIN

FRONT_LOCK, BIKE_LOCK, HALL_IN, HALL_OUT, HALL_DROP = "GPIO13", "GPIO19", "X11", "X12", "X10"
RELEASES = (FRONT_LOCK, BIKE_LOCK, HALL_IN, HALL_OUT, HALL_DROP)
LOW_RELEASES = (HALL_DROP,)  # by the demo gate's file: without current the arms drop; high releases the others
LAMPS = ("GPIO22", "GPIO23", "GPIO24", "X1", "X2", "X3", "X4", "X5", "X6", "X7", "X8", "X9")


class Move(NamedTuple):
    line: str
    level: bool
    at_ns: int


class Watch:
    """Every change of an output from now on, in order."""

    def __init__(self, gate: Gate, lines: tuple[str, ...] = RELEASES) -> None:
        self.moves: list[Move] = []
        for line in lines:
            gate.plants.wires.watch_output(line, self._note(line))

    def _note(self, line: str) -> Callable[[bool, int], None]:
        return lambda level, at_ns: self.moves.append(Move(line, level, at_ns))

    def released(self) -> list[Move]:
        return [move for move in self.moves if move.level is not (move.line in LOW_RELEASES)]


def at_gate(tmp_path: Path, scenario, site: Path = SITE, **settings):
    """Run `scenario(gate)` on a fresh demo gate that has been up for a second."""

    async def run():
        async with running_gate(tmp_path, site, **settings) as gate:
            if settings.get("on", True):
                await gate.pass_time(1)
            return await scenario(gate)

    return run_virtual(run())


def portal(gate: Gate, name: str) -> PortalView:
    return next(each for each in view(gate.controller.engine.state).portals if each.id == name)


async def codes(gate: Gate, *wanted: Code) -> list[Code]:
    return [row.event.code for row in await gate.events(*wanted)]


async def send(gate: Gate, reader: str, frame: Frame, settle_s: float = 0.5) -> None:
    """Put any frame on a reader's wires and wait until it is over."""
    sent = gate.plants.readers[reader].present(frame)
    await gate.pass_time(max(0.0, sent.last_ns / 1e9 - gate.plants.wires.now_ns() / 1e9) + settle_s)


async def enters(gate: Gate, door: str = "front_door", reader: str = "front_reader", card: str = "resident") -> bool:
    """Whether a person with that card gets in; afterwards the door is closed and locked again."""
    await gate.present(card, reader)
    opened = gate.plants.doors[door].push().value == "opened"
    await gate.pass_time(20)
    return opened


async def cut_power(gate: Gate) -> None:
    """Pull the plug: the next controller finds the files as they were at this instant, and no last word in them."""
    await gate.committed()
    after = gate.folder.with_name(gate.folder.name + "_")
    shutil.copytree(gate.folder, after, ignore=shutil.ignore_patterns("*.sock", "*-shm"))
    (after / "wires.sock").symlink_to((gate.folder / "wires.sock").resolve())
    await gate.power_off()
    gate.folder = after
    await gate.power_on()
    await gate.pass_time(1)


def edited_site(folder: Path, *changes: tuple[str, str], rules: tuple[tuple[str, str], ...] = ()) -> Path:
    """The demo site with some of its text replaced."""
    shutil.copytree(SITES, folder)
    for name, replaced in ((SITE.name, changes), ("rules.toml", rules)):
        text = (folder / name).read_text()
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / name).write_text(text)
    return folder / SITE.name

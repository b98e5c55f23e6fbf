"""A whole gate in one process on virtual time, as firmware.bench.gate, with an onlooker at its lane's wires.

Beside that: forty drivers with cards in the roster, contacts without bounce, and a power cut: the controller is gone
between two steps, its state folder is what was on the disk then.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from firmware.bench.day import demo_site
from firmware.bench.gate import NOON_UTC_MS, LoopWall
from firmware.config import Config, load
from firmware.controller.board import build, simulated_lines
from firmware.controller.inbox import Rank
from firmware.controller.process import Controller, open_bus
from firmware.controller.supervisor import end_all
from firmware.core.facts import AnyFact, Command
from firmware.core.view import PortalView
from firmware.core.views import view
from firmware.identity import Identity
from firmware.rehearsal.barrier import Barrier
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.frames import Frame, encode_card
from firmware.rehearsal.layout import read_layout
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import VirtualLoop
from firmware.rehearsal.wires import Wires
from firmware.roster.build import build as build_roster
from firmware.roster.install import install
from tests.lanes.onlooker import Onlooker

LANE = "vehicle_lane"
FACILITY, FIRST_NUMBER, DRIVERS = 12, 61_000, 40
BACKLOG_MAX = 2_000  # virtual time stands still while more events wait for the disk


class Harm(AssertionError):
    """The plant saw what must never be."""


class WatchedWires(Wires):
    """Also tell of what the controller drives, whether or not it reaches the plant, and of what it reads."""

    onlooker: Onlooker | None = None

    def drive(self, line: str, level: bool) -> None:
        if self.onlooker is not None and self.driven(line) != level:
            self.onlooker.driven(line, level)
        super().drive(line, level)

    def read(self, lines: Iterable[str]) -> dict[str, bool]:
        levels = super().read(lines)
        if self.onlooker is not None:
            self.onlooker.read(levels)
        return levels


class WatchedController(Controller):
    """The real one; an onlooker hears what it answers."""

    onlooker: Onlooker
    stepped: Callable[[], None] = staticmethod(lambda: None)

    def _stepped(self, fact: AnyFact, effects: tuple[object, ...], ticket: int | None) -> None:
        self.onlooker.stepped(fact, effects)
        super()._stepped(fact, effects, ticket)
        self.stepped()

    async def vanish(self) -> None:
        """Be gone without a word: no output is made safe, nothing is recorded where the next one will read."""
        await end_all(self._tasks, 1)
        await self.supervisor.stop(1)
        self._lines.close()
        self.publisher.stop()
        await self.role_socket.stop()
        await self.office_socket.close()
        self.journal.close()  # its threads must end; the folder that counts was copied before
        self.intake.close()


class LaneGate:
    """`barrier` is the plant, `controller` what runs now, `onlooker` the judge."""

    def __init__(self, config: Config, folder: Path, plants: Plants, wires: WatchedWires) -> None:
        self.config = config
        self.folder = folder
        self.plants = plants
        self.wires = wires
        self.barrier: Barrier = plants.barriers[LANE]
        self.onlooker = wires.onlooker = Onlooker(config, wires, LANE)
        self.far_end = FarEnd(wires)
        self.socket = folder / "wires.sock"
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.wall = LoopWall(loop, NOON_UTC_MS)
        self.limit_lies = ""  # how somebody has spoiled the open limit, so that it may say what is not so
        self.lying_greens: Counter[str] = Counter()  # how often it was green then, and not open
        self.controller: WatchedController
        self._forget_hook = lambda: None

    # -- power --------------------------------------------------------------------------------------------------------

    async def power_on(self) -> None:
        """Start a controller on the wires, as its process does."""
        lines = simulated_lines(self.socket)
        board = build(self.config, lines)
        await open_bus(lines, 5)
        self.onlooker.power()
        self.controller = WatchedController(self.config, self.folder, lines, board, self.wall)
        self.controller.onlooker = self.onlooker
        journal = self.controller.journal
        self._forget_hook = self.loop.busy_while(lambda: journal.backlog > BACKLOG_MAX)
        await self.controller.start()

    async def power_off(self) -> None:
        """A clean stop."""
        self._forget_hook()
        await self.controller.stop()

    async def steps(self, number: int) -> None:
        """Wait for so many steps of the core; ends in the very instant of the last one."""
        controller = self.controller
        done = self.loop.create_future()
        last = controller.engine.steps + number

        def stepped() -> None:
            if controller.engine.steps >= last and not done.done():
                done.set_result(None)

        controller.stepped = stepped
        await done
        self.look()

    async def snapshot(self, place: Path) -> None:
        """What is on the disk now, everything committed."""
        await self.committed()
        shutil.copytree(self.folder, place, ignore=shutil.ignore_patterns("*.sock"))

    async def power_cut(self, left: Path, *, drops: bool, dark_s: float = 0.0) -> None:
        """The board is without power, and comes back with the folder `left`.

        `drops`: outputs fall when the power does, as those of a board; else they stay as they were, as those of a
        relay board, until somebody drives them.
        """
        self._forget_hook()
        await self.controller.vanish()
        if drops:
            for line in self.onlooker.output_lines:
                self.wires.drive(line, False)
        self.onlooker.dark()
        await asyncio.sleep(dark_s)
        self.folder = left
        await self.power_on()

    # -- what people and time do --------------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        """Let that much time go by. Raises what broke."""
        await asyncio.sleep(seconds)
        self.look()

    def look(self) -> None:
        """Raises if the controller has died, a rule was broken, or the plant has seen harm."""
        if self.controller.failed.done():
            raise RuntimeError(self.controller.failed.result())
        self.onlooker.until_now()
        if self.onlooker.broken is not None:
            raise self.onlooker.broken
        plant = self.barrier
        if plant.strikes:
            raise Harm(f"a strike: {plant.strikes[0]}")
        if plant.wrecks:
            raise Harm(f"both directions at once at {plant.wrecks[0]}")
        if self.limit_lies:  # nobody can know that it is not open: counted apart
            self.lying_greens[self.limit_lies] += len(plant.false_greens)
            plant.false_greens.clear()
        if plant.false_greens:
            raise Harm(f"green, and not open: {plant.false_greens[0]}")

    def present(self, frame: Frame, way: str) -> None:
        """Hold a card to a reader of the lane."""
        self.plants.readers[f"lane_{way}_reader"].present(frame)

    def order(self, command: Command) -> None:
        """A person at the page asks for something."""
        self.controller.inbox.put(command, Rank.COMMAND, "network")

    def seen(self) -> PortalView:
        """The lane as the page shows it."""
        return next(portal for portal in view(self.controller.engine.state).portals if portal.id == LANE)

    async def committed(self) -> None:
        """Wait until everything that was decided is durable."""
        newest, journal = self.controller.engine.ticket or 0, self.controller.journal
        with self.loop.external():
            while journal.committed < newest:  # noqa: ASYNC110  it is a thread of ours that we wait for
                await asyncio.sleep(0)


def driver_card(number: int) -> Frame:
    """The card of a driver of the lane's own roster."""
    assert 0 <= number < DRIVERS
    return encode_card("H10301", FACILITY, FIRST_NUMBER + number)


def _drivers(folder: Path, config: Config) -> Path:
    """The demo's holders, and drivers without household: nobody's parking spaces run out in a long test."""
    assert config.rehearsal.holders is not None
    text = config.rehearsal.holders.read_text(encoding="utf-8")
    columns = text.splitlines()[0].split(",")
    rows = []
    for number in range(DRIVERS):
        cells = {
            "holder": f"driver{number}",
            "profiles": "vehicles",
            "card": f"H10301:{FACILITY}:{FIRST_NUMBER + number}",
        }
        rows.append(",".join(cells.get(column, "") for column in columns))
    path = folder / "holders.csv"
    path.write_text(text.rstrip("\n") + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def prepare(folder: Path) -> Config:
    """Identity and roster of the demo gate in that folder, to be copied."""
    config, problems = load(demo_site())
    assert config is not None, problems
    assert config.rehearsal.rules is not None
    identity = Identity.load_or_create(folder / "identity")
    built = folder / "rehearsal.roster"
    build_roster(
        _drivers(folder, config), config.rehearsal.rules, built, identity, version=1, created_s=NOON_UTC_MS // 1000
    )
    install(built, folder / "roster", [identity.public_key], digest_key_id=identity.digest_key_id).close()
    return config


@contextmanager
def state_folder(prepared: Path, place: Path) -> Iterator[Path]:
    """A copy of a prepared folder, taken away afterwards."""
    folder = place / "state"
    shutil.copytree(prepared, folder)
    try:
        yield folder
    finally:
        shutil.rmtree(place, ignore_errors=True)


@asynccontextmanager
async def lane_gate(
    config: Config, folder: Path, *, seed: int, bounce_ms: int = 0, **barrier: Any
) -> AsyncIterator[LaneGate]:
    """A running gate on a prepared folder. `barrier`: fields of its layout that differ from the demo's."""
    assert config.rehearsal.plants is not None
    layout = read_layout(config.rehearsal.plants)
    changed = [replace(each, bounce_ms=bounce_ms, **barrier) if each.id == LANE else each for each in layout.barrier]
    wires = WatchedWires(asyncio.get_running_loop(), seed)
    plants = Plants(replace(layout, barrier=tuple(changed)), wires)
    gate = LaneGate(config, folder, plants, wires)
    await gate.far_end.serve(gate.socket)
    try:
        await gate.power_on()
        yield gate
        await gate.power_off()
    finally:
        plants.close()
        await gate.far_end.close()

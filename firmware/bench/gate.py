"""A whole gate inside one process on virtual time: real controller, real drivers, plants at the other end of the wires.

For simulated days and for tests that follow a swipe from wire to journal. Nothing in it differs from `make run` but
the loop's clock, that both processes share it, and that no models run: what its cameras see is said by whoever uses it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.sights import Sights
from firmware.config import Config, load
from firmware.controller.board import build, simulated_lines
from firmware.controller.process import Controller, open_bus
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import Row, search
from firmware.rehearsal.far_end import FarEnd
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import VirtualLoop
from firmware.roster.build import build as build_roster
from firmware.roster.install import install

NOON_UTC_MS = 1_795_406_400_000  # 2026-11-23 12:00 in Shanghai, a Monday
BACKLOG_MAX = 2_000  # virtual time stands still while more events wait for the disk
SETTLE_S = 0.5
LOOKS_S = 1.0


class LoopWall:
    """Wall time that follows the loop's clock, and can be set, or taken away as on a board without a battery."""

    def __init__(self, loop: asyncio.AbstractEventLoop, utc_ms: int) -> None:
        self._loop = loop
        self._offset_ms = 0
        self.set(utc_ms)

    def set(self, utc_ms: int) -> None:
        self._offset_ms = utc_ms - int(self._loop.time() * 1000)

    def utc_ms(self) -> int:
        return int(self._loop.time() * 1000) + self._offset_ms


class Gate:
    """A running gate. `plants` is what a person can touch, `controller` what runs, `wall` its wall clock.

    `looks`: somebody looks through its cameras, and sees nothing.
    """

    def __init__(
        self, config: Config, folder: Path, plants: Plants, far_end: FarEnd, wall: LoopWall, *, looks: bool = True
    ) -> None:
        self.config = config
        self.folder = folder
        self.plants = plants
        self.wall = wall
        self._far_end = far_end
        self._loop = asyncio.get_running_loop()
        self._forget_hook: Callable[[], None] = lambda: None
        self._looks = looks
        self._looking: asyncio.TimerHandle | None = None
        self.controller: Controller
        self.sights: Sights

    async def power_on(self, record: Path | None = None) -> None:
        """Start a controller on the wires, as its process does."""
        lines = simulated_lines(self.folder / "wires.sock")
        board = build(self.config, lines)
        self.sights = board.sights  # what cameras see is told there
        await open_bus(lines, 5)
        self.controller = Controller(self.config, self.folder, lines, board, self.wall, record=record)
        if isinstance(self._loop, VirtualLoop):
            journal = self.controller.journal
            self._forget_hook = self._loop.busy_while(lambda: journal.backlog > BACKLOG_MAX)
        await self.controller.start()
        if self._looks and self.sights.orders:
            self._look()

    async def power_off(self) -> None:
        """A clean stop."""
        self._forget_hook()
        if self._looking is not None:
            self._looking.cancel()
        await self.controller.stop()

    def _look(self) -> None:
        """Every second, what a vision process says of cameras through which it sees."""
        for order in self.sights.orders:
            self.sights.state(order.camera, "", {})
        self._looking = self._loop.call_later(LOOKS_S, self._look)

    async def pass_time(self, seconds: float) -> None:
        """Let that much time go by; ends with the process's failure if a part of it died."""
        await asyncio.sleep(seconds)
        if self.controller.failed.done():
            raise RuntimeError(self.controller.failed.result())

    async def present(self, card: str, reader: str) -> None:
        """Hold a card of the table to a reader, and wait until the frame is over and was acted upon."""
        _, frame = self.plants.card(card)
        sent = self.plants.readers[reader].present(frame)
        await self.pass_time(max(0.0, sent.last_ns / 1e9 - self._loop.time()) + SETTLE_S)

    async def type_pin(self, keys: str, reader: str) -> None:
        """Type on a reader's keypad."""
        sent = self.plants.readers[reader].press(keys)
        await self.pass_time(max(0.0, sent.last_ns / 1e9 - self._loop.time()) + SETTLE_S)

    async def events(self, *codes: Code, limit: int = 1000) -> Sequence[Row]:
        """The committed events, oldest first; of these codes where any are named."""
        await self.committed()
        rows = search(self.controller.journal.path, limit=limit, with_bodies=True)
        return [row for row in reversed(rows) if not codes or row.event.code in codes]

    async def committed(self) -> None:
        """Wait until everything that was decided is durable."""
        newest = self.controller.engine.ticket or 0
        journal = self.controller.journal
        if not isinstance(self._loop, VirtualLoop):
            raise RuntimeError("a gate runs on virtual time; a real one is firmware.bench.rig")
        with self._loop.external():  # the writer's thread works in real time
            while journal.committed < newest:  # noqa: ASYNC110  it is a thread of ours that we wait for
                await asyncio.sleep(0)


@asynccontextmanager
async def running_gate(
    folder: Path,
    site: Path,
    *,
    utc_ms: int = NOON_UTC_MS,
    seed: int | None = None,
    edge_by_edge: bool = False,
    record: Path | None = None,
    on: bool = True,
    looks: bool = True,
) -> AsyncIterator[Gate]:
    """A gate of that site file with its plants and roster, switched on unless told otherwise; `looks` as Gate."""
    config, problems = load(site)
    if config is None or config.rehearsal.plants is None:
        raise RuntimeError(
            f"{site} cannot be rehearsed: {[str(problem) for problem in problems] or 'it names no plants'}"
        )
    loop = asyncio.get_running_loop()
    if config.rehearsal.holders is not None and config.rehearsal.rules is not None:
        identity = Identity.load_or_create(folder / "identity")
        built = folder / "rehearsal.roster"
        build_roster(
            config.rehearsal.holders, config.rehearsal.rules, built, identity, version=1, created_s=utc_ms // 1000
        )
        install(built, folder / "roster", [identity.public_key], digest_key_id=identity.digest_key_id).close()
    plants = Plants.load(config.rehearsal.plants, loop, seed=seed, edge_by_edge=edge_by_edge)
    far_end = FarEnd(plants.wires)
    await far_end.serve(folder / "wires.sock")
    gate = Gate(config, folder, plants, far_end, LoopWall(loop, utc_ms), looks=looks)
    try:
        if on:
            await gate.power_on(record)
        yield gate
        if on:
            await gate.power_off()
    finally:
        plants.close()
        await far_end.close()

"""The driver of a camera as a subject of the contract. Its far end is whoever looks through it, in this process."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from drivers.camera import Camera
from drivers.camera_settings import CameraConfig
from drivers.driver import Driver
from drivers.loop_time import loop_ns
from drivers.reports import Plate
from drivers.sights import Sight, Sights
from tests.drivers.contract import Subject

STATE_S = 1.0  # between two words that it sees
BOX = (0.4, 0.4, 0.6, 0.6)
HOSTILE = ("", "' OR 1=1", "粤B\x0012345", "=cmd|' /C calc'!A0", "\u202e54321B", "B" * 10_000, "粤B12345\n", "😀")


class OnCamera(Subject):
    """Somebody sees a vehicle after the other."""

    kind = "camera"
    reports = (Plate,)
    waits = True

    def __init__(self) -> None:
        self._sights = Sights()
        self._looking: asyncio.Task[None] | None = None
        self._count = 0
        self.driver = self.make("gate_camera")

    def make(self, name: str) -> Driver:
        return Camera(CameraConfig(name, "picamera2"), self._sights)

    async def excite(self) -> None:
        self._count += 1
        self._see(Sight("plate", f"粤B{self._count:05d}", 0.95, 0.99, 3, loop_ns(), "towards", BOX))

    async def garble(self, chance: random.Random) -> None:
        """Sightings that none can be, and states without sense, as a process that was taken over might say."""
        spoilt = chance.choice((math.nan, -1.0, 1e9, math.inf))
        text, box, at_ns, sure = "粤B12345", BOX, loop_ns(), 0.99
        match chance.randrange(4):
            case 0:
                text = chance.choice(HOSTILE)
            case 1:
                box = (spoilt, *BOX[1:])
            case 2:
                at_ns = loop_ns() + chance.choice((-1, 1)) * chance.randrange(10**10, 10**15)
            case 3:
                sure = spoilt
        self._see(Sight("plate", text, sure, sure, 3, at_ns, "towards", box))
        self._state("", {chance.choice(HOSTILE): -1, "frames": 1 << 80})
        await asyncio.sleep(chance.uniform(0, 0.1))

    async def pull(self) -> None:
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait((self._looking,))
            self._looking = None
        self._sights.gone("the vision process is gone")

    async def plug(self) -> None:
        self._looking = asyncio.create_task(self._look())

    async def _look(self) -> None:
        while True:
            self._state("", {"frames": 1})
            await asyncio.sleep(STATE_S)

    def _see(self, sight: Sight) -> None:
        for order in self._sights.orders:
            self._sights.seen(order.camera, sight)

    def _state(self, why: str, counters: dict[str, int]) -> None:
        for order in self._sights.orders:
            self._sights.state(order.camera, why, counters)


@asynccontextmanager
async def on_camera(folder: Path) -> AsyncIterator[Subject]:
    subject = OnCamera()
    await subject.plug()
    try:
        yield subject
    finally:
        await subject.pull()

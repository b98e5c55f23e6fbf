"""A whole gate with its page and its cameras: real controller, vision process, worker, network process; one event loop.

The worker is a stand-in that reads what the simulated camera has drawn (tests/vision/stand_in.py). In real time.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec

from firmware.bench.gate import Gate, running_gate
from firmware.camera_commands import BeginViewing
from firmware.controller.vision_socket import VisionSocket
from firmware.core.codes import Code
from firmware.journal import Row, search
from firmware.local_socket import listening_socket
from firmware.messages import Answer, AnyFromController, Ask, FrameReader, pack
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.hashing import Hasher
from firmware.network.accounts.store import Store
from firmware.network.journal_reader import read_events
from firmware.network.program import Options, serve
from firmware.network.settings import read_settings
from firmware.pictures import Pictured, Want
from firmware.rehearsal.scene import SceneServer
from firmware.sightings import CameraOrder
from firmware.vision.cameras.makers import camera_of
from firmware.vision.cameras.simulated import SimulatedCamera
from firmware.vision.evidence import Evidence
from firmware.vision.eyes import Eyes
from firmware.vision.pictures import Door
from firmware.vision.plate_follower import follower_of
from tests.network.accounts import NAMES, PASSPHRASE
from tests.network.running import RunningPage
from tests.vision.camera_site import camera_site
from tests.vision.stand_in import paint

CAMERA, LANE = "lane_camera", "vehicle_lane"
LIMIT_S = 60.0  # on a machine that does other things too
TICKET = "a-ticket-of-24-characters"
WHY = [("purpose", "shift"), ("camera", CAMERA), ("for", "300")]
INCIDENT = [("purpose", "vehicle"), ("camera", CAMERA), ("note", "a lorry with open doors"), ("for", "300")]


class Person(RunningPage):
    """Somebody's browser."""

    def __init__(self, port: int) -> None:
        super().__init__(None, port, "")  # type: ignore[arg-type]  # there is no made-up controller
        self.viewing = "0" * 24  # the last that this log-in was told of

    async def log_in(self, role: str) -> Person:
        self.cookie = None
        fields = [("name", role), ("passphrase", PASSPHRASE), ("code", "")]
        answer = await self.post("/login", fields)
        assert answer.status == 303, answer.text
        return self

    async def begin(self, fields: list[tuple[str, str]] | None = None) -> int:
        """State a purpose; the status."""
        return (await self.post("/cameras/begin", WHY if fields is None else fields)).status

    async def newest(self, number: str = "0", camera: str = CAMERA) -> dict[str, object]:
        """What script is told."""
        listed = await self.get("/api/v1/viewings")
        if listed.status == 200 and (viewings := msgspec.json.decode(listed.body)["viewings"]):
            self.viewing = viewings[0]["id"]
        answer = await self.get(f"/api/v1/viewings/{self.viewing}/newest?camera={camera}&number={number}")
        return {"status": answer.status} | (msgspec.json.decode(answer.body) if answer.status == 200 else {})

    async def seen(self, state: str) -> dict[str, object]:
        """Until the camera is said to be so."""
        async with asyncio.timeout(LIMIT_S):
            while (told := await self.newest())["state"] != state:
                assert told["status"] == 200
                await asyncio.sleep(0.1)
        return told


class TakenOver:
    """A network process that is taken over: it says to the controller what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._frames = FrameReader(AnyFromController)
        self._answers: dict[str, Answer] = {}
        self._asked = 0

    async def ask(self, command: object, request: str = "") -> Answer:
        self._asked += 1
        request = request or f"taken-over-{id(self)}-{self._asked}"
        self._answers.pop(request, None)
        self.writer.write(pack(Ask(command, request)))
        async with asyncio.timeout(LIMIT_S):
            while request not in self._answers:
                received = await self._reader.read(1 << 16)
                assert received, "the controller hung up"
                for message in self._frames.feed(received):
                    if isinstance(message, Answer):
                        self._answers[message.request] = message
        return self._answers[request]

    async def begin(self, **more: object) -> Answer:
        fields: dict[str, object] = {
            "issuer": "Chen Wei",
            "address": "10.0.0.7",
            "roles": "guard",
            "cameras": (CAMERA,),
            "why": "a vehicle stands there",
            "ticket": TICKET,
            "for_s": 300,
            "shift": True,
        }
        request = str(more.pop("request", ""))
        return await self.ask(BeginViewing(**(fields | more)), request)  # type: ignore[arg-type]


class Paged:
    """A gate with its page, and where they listen."""

    def __init__(self, folder: Path, gate: Gate) -> None:
        self.folder = folder
        self.gate = gate
        self.pictures = folder / "pictures.sock"
        self.port = 0
        self.stop = asyncio.Event()
        self.network: asyncio.Task[None] | None = None
        self.others: list[TakenOver] = []

    def person(self) -> Person:
        return Person(self.port)

    def rows(self, *codes: Code) -> list[Row]:
        """Committed ones, oldest first."""
        rows = search(self.gate.controller.journal.path, limit=1_000, with_bodies=True)
        return [row for row in reversed(rows) if row.event.code in codes]

    async def until(self, holds) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110  threads and processes do it
                await asyncio.sleep(0.02)

    async def taken_over(self) -> TakenOver:
        made = TakenOver(*await asyncio.open_unix_connection(self.folder / "network.sock"))
        self.others.append(made)
        return made

    async def restart_page(self) -> None:
        """As if the network process had died: every log-in is over."""
        self.stop.set()
        assert self.network is not None
        await self.network
        await start_page(self, self.folder / "site" / "site.toml")

    async def restart_controller(self) -> None:
        """A power cut, for the controller: what it kept is all that it knows."""
        await self.gate.power_off()
        await self.gate.power_on()
        await self.gate.controller.role_socket.start(listening_socket(self.folder / "network.sock"))

    async def close(self) -> None:
        for other in self.others:
            other.writer.close()
            await asyncio.gather(other.writer.wait_closed(), return_exceptions=True)
        self.stop.set()
        if self.network is not None:
            await self.network


class Rig(Paged):
    """One with a lane and somebody who looks through its camera."""

    def __init__(self, folder: Path, gate: Gate, eyes: Eyes, socket: VisionSocket) -> None:
        super().__init__(folder, gate)
        self.eyes = eyes
        self.socket = socket
        self.lane = gate.plants.barriers[LANE].lane

    async def want(self, ticket: str, camera: str = CAMERA, after: int = 0) -> Pictured | None:
        """Ask the vision process itself, as the network process does; None: it hung up."""
        reader, writer = await asyncio.open_unix_connection(self.pictures)
        try:
            writer.write(pack(Want(ticket, camera, after)))
            frames = FrameReader(Pictured)
            async with asyncio.timeout(LIMIT_S):
                with contextlib.suppress(ConnectionError):
                    while received := await reader.read(1 << 16):
                        for told in frames.feed(received):
                            return told
            return None
        finally:
            writer.close()


@contextlib.asynccontextmanager
async def rigged(
    folder: Path, more: str = "", source: str = f"simulated:{LANE}:in", keys: str = "", make=None
) -> AsyncIterator[Rig]:
    """`more` goes behind the site file, `keys` into the camera's table; `make` makes another camera of an order."""
    (folder / "site").mkdir()
    site = camera_site(folder / "site", source=source, more=f"vehicle_needed = false\n{keys}")
    site.write_text(site.read_text(encoding="utf-8") + more, encoding="utf-8")
    state = folder / "state"
    state.mkdir(mode=0o700)
    async with running_gate(state, site, looks=False) as gate:
        scenes = SceneServer(gate.plants)
        await scenes.serve(folder / "scenes.sock")
        socket = VisionSocket("site", gate.sights)
        await socket.start(listening_socket(folder / "vision.sock"))
        await gate.controller.role_socket.start(listening_socket(folder / "network.sock"))

        def simulated(order: CameraOrder):
            scheme, _, place = order.source.partition(":")
            if scheme == "simulated":
                return SimulatedCamera(place, folder / "scenes.sock", order.size, order.frames_per_s, paint)
            return camera_of(order)

        worker = (sys.executable, "-m", "tests.vision.stand_in", "well")
        door = Door(folder / "pictures.sock", frozenset({0, _uid()}))
        eyes = Eyes(folder / "vision.sock", make or simulated, follower_of, Evidence(None), worker, door=door)
        looking = asyncio.create_task(eyes.run())
        rig = Rig(folder, gate, eyes, socket)
        try:
            await serve_page(rig, site)
            yield rig
        finally:
            await rig.close()
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)
            await socket.stop()
            await scenes.close()


async def serve_page(rig: Paged, site: Path) -> None:
    """The network process with an account of each role."""
    hasher = Hasher()
    hashed = await hasher.hash(PASSPHRASE)
    hasher.close()
    accounts = rig.folder / "accounts"
    accounts.mkdir()
    Store(accounts).save({name: Account(name, frozenset({role}), hashed) for role, name in NAMES.items()})
    await start_page(rig, site)


async def start_page(rig: Paged, site: Path) -> None:
    """The network process, whose accounts are there already."""
    accounts = rig.folder / "accounts"
    rig.stop = asyncio.Event()
    said: asyncio.Queue[dict[str, object]] = asyncio.Queue()
    settings = msgspec.structs.replace(read_settings(str(site)), page="127.0.0.1:0", mdns=False)
    options = Options(str(rig.folder / "network.sock"), None, None, None, str(accounts), pictures=str(rig.pictures))
    rig.network = asyncio.create_task(serve(settings, options, read_events, said.put_nowait, rig.stop))
    told = asyncio.create_task(said.get())
    await asyncio.wait([rig.network, told], return_when=asyncio.FIRST_COMPLETED, timeout=LIMIT_S)
    if rig.network.done():
        rig.network.result()
    found = re.search(r":(\d+)/", str(told.result()["page"]))
    assert found is not None
    rig.port = int(found[1])


def _uid() -> int:
    import os

    return os.getuid()


def on_rig(folder: Path, scenario, **more):
    async def run():
        async with rigged(folder, **more) as rig:
            return await scenario(rig)

    return asyncio.run(run())


__all__ = ["CAMERA", "INCIDENT", "LANE", "LIMIT_S", "TICKET", "WHY", "Person", "Rig", "Role", "TakenOver", "on_rig"]

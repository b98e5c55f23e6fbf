"""Models that are missing or damaged: the cameras that need them are lost with what to do, all others see on.

Everything is started as on a board: `python -m firmware.vision`, its worker with the real models, the controller's
socket, and the drivers. Only the folder of the models is another one, with some of them left out.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import sys
from pathlib import Path

import pytest

from drivers.camera import Camera
from drivers.camera_settings import CameraConfig, Seen
from drivers.sights import Comparison, Sights
from firmware.controller.supervisor import Supervisor
from firmware.controller.vision_socket import VisionSocket
from firmware.core.facts import DeviceLost, DeviceRecovered
from firmware.local_socket import listening_socket
from firmware.vision.clock import now_ns
from models.faces import pipeline
from models.manifest import manifest, path_of
from tests.faces.people import template
from tests.models.weights import demand
from tests.vision.films import film, moving

ROOT = Path(__file__).parents[2]
FACES = pipeline.NAMES
VEHICLES = ("vehicles", "vehicles_near")
PLATES = ("plate_detector", "plate_reader")
LANE, DOOR = "lane", "door"
LIMIT_S = 90.0  # on a machine that does other things too; models that were missing are looked for every 20 s


class Vision:
    """A vision process with a camera of a lane and one of a face-only door, and what their drivers tell."""

    def __init__(self, folder: Path, house: Path, *, vehicles: bool, lane_for: tuple[Seen, ...]) -> None:
        self.folder, self.models, self.house = folder, folder / "models", house
        self.models.mkdir()
        path = film(folder / "lane.mkv", moving(200), rate=25)
        again = shutil.copy(path, folder / "door.mkv")
        self.sights = Sights()
        lane = CameraConfig(LANE, f"file:{path}", wanted=lane_for, vehicles=vehicles, vehicle_needed=vehicles)
        door = CameraConfig(DOOR, f"file:{again}", wanted=(Seen.FACE,))
        self.drivers = {each.id: Camera(each, self.sights) for each in (lane, door)}
        self.told: list[DeviceLost | DeviceRecovered] = []
        self.supervisor = Supervisor(lambda _report: None, self.told.append, lambda *died: self.told.append(died))

    def put(self, *names: str, damaged: bool = False) -> None:
        """These models are there from now on."""
        for name in names:
            content = path_of(manifest()[name]).read_bytes()
            place = len(content) // 2
            spoilt = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
            aside = self.models / "aside"
            aside.write_bytes(spoilt if damaged else content)
            aside.rename(self.models / f"{name}.tflite")

    async def until(self, holds) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110  threads and processes do it
                await asyncio.sleep(0.02)

    def looked_at(self, camera: str) -> int:
        return self.drivers[camera].counters().get("vision_looked_at", 0)

    async def looks_on(self, camera: str) -> None:
        """Further frames of it come from the worker; at the door while a face is asked for."""
        if camera == DOOR:
            asked = Comparison("one ask", (("face-nobody", (template(1),)),), (), now_ns() + 600_000_000_000)
            self.sights.compare(DOOR, asked)
        before = self.looked_at(camera)
        await self.until(lambda: self.looked_at(camera) >= before + 5)

    @property
    def lost(self) -> dict[str, str]:
        return {each.device: each.why for each in self.told if isinstance(each, DeviceLost)}

    @contextlib.asynccontextmanager
    async def running(self):
        serving = VisionSocket("site", self.sights)
        await serving.start(listening_socket(self.folder / "vision.sock"))
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "firmware.vision", "--socket", str(self.folder / "vision.sock")),
            cwd=self.house,
            env={"MENSHEN_MODELS": str(self.models), "PATH": "/usr/bin:/bin"},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        for driver in self.drivers.values():
            self.supervisor.start(driver)
        try:
            yield
        finally:
            await self.supervisor.stop(1.0)
            process.terminate()
            async with asyncio.timeout(LIMIT_S):
                await process.wait()
            await serving.stop()


def on_board(
    folder: Path,
    scenario,
    *there: str,
    damaged: str = "",
    vehicles: bool = False,
    house: Path = ROOT,
    lane_for: tuple[Seen, ...] = (Seen.PLATE,),
):
    """`scenario(vision)` with these models; with `vehicles` the lane needs those too, else our own of plates only."""
    demand(*FACES, *VEHICLES)
    vision = Vision(folder, house, vehicles=vehicles, lane_for=lane_for)
    vision.put(*there)
    if damaged:
        vision.put(damaged, damaged=True)

    async def run():
        async with vision.running():
            return await scenario(vision)

    return asyncio.run(run())


@pytest.mark.parametrize("missing", [VEHICLES, VEHICLES[1:]])
def test_without_models_of_vehicles_the_lane_is_lost_and_the_face_door_sees_on(tmp_path, missing):
    async def scenario(vision):
        await vision.until(vision.drivers[DOOR].proven)
        await vision.until(lambda: vision.lost)
        await vision.looks_on(DOOR)
        return vision.told, vision.looked_at(LANE)

    there = (*FACES, *(each for each in VEHICLES if each not in missing))
    told, looked_at = on_board(tmp_path, scenario, *there, vehicles=True)
    (lost,) = told
    assert lost.device == LANE
    assert missing[0] in lost.why
    assert "make models" in lost.why
    assert looked_at == 0


def test_with_damaged_models_of_faces_the_door_is_lost_the_lane_sees_on_and_once_they_are_whole_the_door_too(tmp_path):
    async def scenario(vision):
        await vision.until(vision.drivers[LANE].proven)
        await vision.until(lambda: vision.lost)
        await vision.looks_on(LANE)
        why = vision.lost
        vision.put(*FACES)
        await vision.until(lambda: len(vision.told) > 1)
        await vision.looks_on(DOOR)
        await vision.looks_on(LANE)
        return why, vision.told

    why, told = on_board(tmp_path, scenario, *FACES, damaged=FACES[3])
    assert [*why] == [DOOR]
    assert FACES[3] in why[DOOR]
    assert "make models" in why[DOOR]
    assert [(type(each), each.device) for each in told] == [(DeviceLost, DOOR), (DeviceRecovered, DOOR)]


def test_with_a_damaged_model_of_plates_the_lane_is_lost_and_the_face_door_sees_on(tmp_path):
    """They are part of Menshen and not fetched: in a copy of its house one bit of one is another."""
    house = tmp_path / "house"
    shutil.copytree(ROOT / "models", house / "models", ignore=shutil.ignore_patterns("train", "__pycache__"))
    for room in ("firmware", "drivers"):
        (house / room).symlink_to(ROOT / room)
    path = house / "models" / manifest()[PLATES[0]].source.file
    content = path.read_bytes()
    path.write_bytes(content[:9_999] + bytes([content[9_999] ^ 1]) + content[10_000:])

    async def scenario(vision):
        await vision.until(vision.drivers[DOOR].proven)
        await vision.until(lambda: vision.lost)
        await vision.looks_on(DOOR)
        return vision.told

    (lost,) = on_board(tmp_path, scenario, *FACES, house=house)
    assert lost.device == LANE
    assert PLATES[0] in lost.why
    assert "install Menshen anew" in lost.why


def test_a_camera_for_plates_and_faces_reads_plates_on_without_models_of_faces(tmp_path):
    """Who asks for a face there is told; a lane does not stand still for it."""

    async def scenario(vision):
        await vision.until(vision.drivers[LANE].proven)
        await vision.until(lambda: vision.lost)
        await vision.looks_on(LANE)
        return [*vision.lost]

    assert on_board(tmp_path, scenario, lane_for=(Seen.PLATE, Seen.FACE)) == [DOOR]


def test_without_any_models_both_are_lost_each_with_its_own_reason(tmp_path):
    async def scenario(vision):
        await vision.until(lambda: len(vision.lost) == 2)
        return vision.lost

    lost = on_board(tmp_path, scenario, vehicles=True)
    assert VEHICLES[0] in lost[LANE]
    assert FACES[0] in lost[DOOR]
    assert all("make models" in each for each in lost.values())

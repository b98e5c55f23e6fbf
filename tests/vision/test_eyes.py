"""The whole way of a picture: rehearsed lane, simulated camera, worker in its own process, votes, socket, driver.

In real time; the worker is a stand-in that reads what the camera has drawn.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from pathlib import Path

import pytest

from drivers.camera import Camera
from drivers.camera_settings import CameraConfig
from drivers.reports import AnyReport, DriverError, Plate
from drivers.sights import Sights
from firmware.controller.supervisor import Supervisor
from firmware.controller.vision_socket import VisionSocket
from firmware.core.facts import DeviceLost, DeviceRecovered
from firmware.local_socket import listening_socket
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.scene import SceneServer
from firmware.sightings import CameraOrder
from firmware.vision.cameras.camera import Camera as Source
from firmware.vision.cameras.makers import camera_of
from firmware.vision.cameras.simulated import SimulatedCamera
from firmware.vision.evidence import Evidence
from firmware.vision.eyes import Eyes
from firmware.vision.plate_follower import follower_of
from tests.vision.camera_site import PLATE, SITES
from tests.vision.films import film, moving, still
from tests.vision.stand_in import paint

LIMIT_S = 60.0  # on a machine that does other things too
SIZE = (960, 540)
LANE = "simulated:vehicle_lane:in"


class Leaping:
    """A camera whose clock leaps: after so many frames it is eight seconds later than it would be."""

    def __init__(self, camera: Source, after: int) -> None:
        self._camera, self._left = camera, after
        self.counts = camera.counts
        self.open, self.close = camera.open, camera.close

    def next(self):
        frame = self._camera.next()
        if frame is not None:
            self._left -= 1
            frame.at_ns += 8_000_000_000 if self._left < 0 else 0
        return frame


class Rig:
    """A lane, a vision process inside this one with its worker outside, and the camera's driver."""

    def __init__(self, folder: Path, config: CameraConfig, mood: str) -> None:
        loop = asyncio.get_running_loop()
        self.folder = folder
        self.leaps_after = 0  # frames of a film
        self.plants = Plants.load(SITES / "community_gate.plants.toml", loop)
        self.scenes = SceneServer(self.plants)
        self.lane = self.plants.barriers["vehicle_lane"].lane
        self.sights = Sights()
        self.driver = Camera(config, self.sights)
        self.socket = VisionSocket("site", self.sights)
        self.said: list[AnyReport] = []
        self.told: list[DeviceLost | DeviceRecovered] = []
        self.supervisor = Supervisor(self.said.append, self.told.append, lambda *died: self.told.append(died))
        worker = (sys.executable, "-m", "tests.vision.stand_in", mood)
        self.eyes = Eyes(folder / "vision.sock", self.make, follower_of, Evidence(folder / "evidence"), worker)

    def make(self, order: CameraOrder) -> Source:
        scheme, _, place = order.source.partition(":")
        if scheme == "simulated":
            return SimulatedCamera(place, self.folder / "scenes.sock", order.size, order.frames_per_s, paint)
        return Leaping(camera_of(order), self.leaps_after) if self.leaps_after else camera_of(order)

    @property
    def plates(self) -> list[str]:
        return [each.text for each in self.said if isinstance(each, Plate)]

    async def until(self, holds) -> None:
        async with asyncio.timeout(LIMIT_S):
            while not holds():  # noqa: ASYNC110  threads and processes do it
                await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def rigged(folder: Path, config: CameraConfig, mood: str = "well"):
    rig = Rig(folder, config, mood)
    await rig.scenes.serve(folder / "scenes.sock")
    await rig.socket.start(listening_socket(folder / "vision.sock"))
    running = asyncio.create_task(rig.eyes.run())
    rig.supervisor.start(rig.driver)
    try:
        yield rig
    finally:
        await rig.supervisor.stop(1.0)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await rig.socket.stop()
        await rig.scenes.close()
        rig.plants.close()


def on_rig(folder: Path, scenario, mood: str = "well", **settings):
    config = CameraConfig("gate", **{"source": LANE, "size": SIZE, **settings})

    async def run():
        async with rigged(folder, config, mood) as rig:
            return await scenario(rig)

    return asyncio.run(run())


def test_a_car_that_comes_is_read_from_the_lane_to_the_driver_and_its_frame_is_kept(tmp_path):
    async def scenario(rig):
        await rig.until(rig.driver.proven)
        rig.lane.arrive("car", "in", speed_mm_s=2_800, stop_at="approach", plate=PLATE)
        await rig.until(lambda: rig.plates)
        await rig.until(lambda: list((tmp_path / "evidence").glob("*.jpg")))
        counted = rig.driver.counters()
        return rig.plates, next(each for each in rig.said if isinstance(each, Plate)), counted

    plates, first, counted = on_rig(tmp_path, scenario)
    assert set(plates) == {PLATE}
    assert first.reads >= 2
    assert first.confidence >= 0.9
    kept = list((tmp_path / "evidence").iterdir())
    assert f"{first.evidence}.jpg" in [each.name for each in kept]
    assert counted["vision_looked_at"] >= 2
    assert counted["vision_frames_per_s"] >= 1
    assert counted["refused"] == counted["noise_text"] == 0


@pytest.mark.parametrize("light", ["night", "rain"])
def test_by_night_and_in_rain_too(tmp_path, light):
    async def scenario(rig):
        rig.scenes.light = light
        await rig.until(rig.driver.proven)
        rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
        await rig.until(lambda: rig.plates)
        return set(rig.plates)

    assert on_rig(tmp_path, scenario) == {PLATE}


def test_what_is_masked_is_never_read(tmp_path):
    """The plate drives behind the mask; that the camera looked at it is seen by its counters."""
    mask = ((0.0, 0.4), (1.0, 0.4), (1.0, 1.0), (0.0, 1.0))

    async def scenario(rig):
        await rig.until(rig.driver.proven)
        rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
        before = rig.driver.counters().get("vision_looked_at", 0)
        await rig.until(lambda: rig.driver.counters().get("vision_looked_at", 0) >= before + 5)
        return rig.plates

    assert on_rig(tmp_path, scenario, masks=(mask,)) == []


@pytest.mark.parametrize(
    ("mood", "why"), [("dies", "died of SIGSEGV"), ("raises", "ended with status 1"), ("hangs", "has not answered")]
)
def test_a_worker_that_dies_or_hangs_is_a_lost_camera_and_another_one_begins(tmp_path, mood, why, capfd):
    """It is ill over the car, and as long as that stands there each new one is; then the car goes."""

    async def scenario(rig):
        await rig.until(rig.driver.proven)
        rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
        await rig.until(lambda: rig.told)
        lost = rig.told[0]
        rig.lane.clear()
        await rig.until(lambda: any(isinstance(each, DeviceRecovered) for each in rig.told))
        return lost, rig.driver.counters()["vision_worker_starts"]

    lost, starts = on_rig(tmp_path, scenario, mood=mood)
    capfd.readouterr()  # what the worker's runtime says of its death
    assert isinstance(lost, DeviceLost)
    assert lost.device == "gate"
    assert why in lost.why
    assert starts >= 2


def worker_words() -> list[str]:
    """What the worker that runs now was started with."""
    children = Path("/proc/self/task").glob("*/children")
    for child in {word for each in children for word in each.read_text().split()}:
        with contextlib.suppress(OSError):  # it has ended
            words = Path(f"/proc/{child}/cmdline").read_text().rstrip("\0").split("\0")
            if "tests.vision.stand_in" in words:
                return words[6:]  # behind python -m MODULE MOOD SOCKET SHARED
    return []


def test_a_worker_loads_the_models_that_its_cameras_need_and_another_one_more_when_more_are_needed(tmp_path):
    path = film(tmp_path / "lane.mkv", moving(200), rate=25)

    async def scenario(rig):
        await rig.until(rig.driver.proven)
        first = worker_words()
        second = Camera(CameraConfig("second", f"file:{path}"), rig.sights)
        rig.supervisor.start(second)
        await rig.until(lambda: worker_words() not in ([], first))
        then = worker_words()
        await rig.until(lambda: second.proven() and rig.driver.proven())
        return first, then, rig.told

    settings = {"vehicles": False, "vehicle_needed": False}
    assert on_rig(tmp_path, scenario, **settings) == (["plates"], ["plates", "vehicles"], [])


def test_an_empty_lane_is_drawn_once_and_a_car_in_each_picture_anew(tmp_path):
    async def scenario(rig):
        order = CameraOrder("own", LANE, 30, (320, 180), (), (), ("plate",), 2)
        camera = rig.make(order)

        def pictures(count: int):
            found = []
            while len(found) < count:
                frame = camera.next()
                found += [] if frame is None else [frame.picture()]
            return found

        await asyncio.to_thread(camera.open)
        try:
            empty = await asyncio.to_thread(pictures, 3)
            same = (empty[0] == empty[1]).all() and (empty[1] == empty[2]).all()
            apart = empty[0] is not empty[1] and empty[1] is not empty[2]
            empty[2][:] = 0  # a mask, burnt in
            (again,) = await asyncio.to_thread(pictures, 1)
            rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
            cars = await asyncio.to_thread(pictures, 30)  # the car is told of meanwhile
        finally:
            camera.close()
        return same, apart, (again == empty[0]).all(), (cars[-1] != cars[-2]).any()

    assert on_rig(tmp_path, scenario) == (True, True, True, True)


def test_a_worker_without_models_says_what_to_do(tmp_path):
    async def scenario(rig):
        await rig.until(lambda: rig.told)
        return rig.told[0].why

    assert "make models" in on_rig(tmp_path, scenario, mood="unable")


def test_a_camera_that_is_unplugged_is_lost_and_recovers(tmp_path):
    async def scenario(rig):
        await rig.until(rig.driver.proven)
        await rig.scenes.close()
        await rig.until(lambda: rig.told)
        rig.scenes = SceneServer(rig.plants)
        await rig.scenes.serve(tmp_path / "scenes.sock")
        await rig.until(lambda: len(rig.told) > 1)
        return rig.told

    lost, recovered = on_rig(tmp_path, scenario)
    assert "rehearsal" in lost.why
    assert isinstance(recovered, DeviceRecovered)


def test_a_stream_that_goes_black_is_lost(tmp_path):
    path = film(tmp_path / "lane.mkv", [*moving(40), *still(600, shade=0)], rate=25)

    async def scenario(rig):
        rig.leaps_after = 45  # it is black then, and no frame that a worker looks at comes from the future
        await rig.until(rig.driver.proven)
        await rig.until(lambda: rig.told)
        return rig.told[0].why, rig.driver.counters()["vision_dark"]  # told once a second

    why, dark = on_rig(tmp_path, scenario, source=f"file:{path}")
    assert "black for 10 s" in why
    assert dark > 5


def test_one_recording_for_two_cameras_is_two_threads_and_one_worker(tmp_path):
    """The frames that nobody could look at in time are dropped, and counted."""
    path = film(tmp_path / "lane.mkv", moving(200), rate=25)

    async def scenario(rig):
        await rig.until(rig.driver.proven)
        await rig.until(lambda: rig.driver.counters().get("vision_looked_at", 0) > 20)
        return rig.driver.counters()

    counted = on_rig(tmp_path, scenario, source=f"file:{path}", frames_per_s=25)
    assert counted["vision_looked_at"] + counted["vision_dropped"] <= counted["vision_frames"]
    assert counted["vision_latency_ms_max"] >= counted["vision_latency_ms"] >= 0


def test_nothing_is_left_running(tmp_path):
    async def run():
        async with rigged(tmp_path, CameraConfig("gate", source=LANE, size=SIZE)) as rig:
            await rig.until(rig.driver.proven)
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert not asyncio.run(run())
    assert [each.name for each in threading.enumerate() if each.name.startswith("camera")] == []


def test_the_process_looks_says_what_is_wrong_and_ends_when_it_is_told_to(tmp_path):
    """`python -m firmware.vision`, with a camera that is not there."""

    async def run():
        sights = Sights()
        driver = Camera(CameraConfig("gate", "file:/nowhere.mp4"), sights)
        serving = VisionSocket("site", sights)
        await serving.start(listening_socket(tmp_path / "vision.sock"))
        words = ("-m", "firmware.vision", "--socket", str(tmp_path / "vision.sock"))
        process = await asyncio.create_subprocess_exec(
            sys.executable, *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            async with asyncio.timeout(LIMIT_S):
                assert b"looks" in await process.stdout.readline()
                with pytest.raises(DriverError) as caught:
                    await driver.run(lambda _: None)
                process.terminate()
                await process.stdout.read()
                return str(caught.value), await process.wait()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
            await serving.stop()

    why, status = asyncio.run(run())
    assert status == 0
    assert why.startswith("gate: ")

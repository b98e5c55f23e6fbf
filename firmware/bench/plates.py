"""`menshen bench plates`: cars come into a simulated lane by day, by night and in rain, and are read before they stop.

Half of them are enrolled. Of each other one every look-alike is: a reading that is wrong by one such letter would open.
From the picture to the report everything is the gate's own (drawing excepted); time is virtual, ten frames a second.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from drivers.camera import Camera
from drivers.camera_settings import CameraConfig
from drivers.reports import AnyReport, Plate
from drivers.sights import Sight, Sights
from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure, NotMeasured, spread
from firmware.core.plates import PROVINCES, look_alikes, normal
from firmware.rehearsal.virtual_time import run_virtual
from firmware.scene import LIGHTS, Scene, Standing
from firmware.sightings import CameraOrder
from firmware.vision.cameras.lane_picture import LanePicture, Paint, painted
from firmware.vision.frames import Picture
from firmware.vision.plate_follower import follower_of
from firmware.vision.work import VEHICLE
from firmware.vision.worker import Recognise

SEED = 6
SIZE = (1280, 720)
KMH = (5.0, 30.0)
BEGIN_MM, STOP_MM = -14_000.0, -4_600.0  # the lane's end, and where the entry loop has the car
BRAKES_MM_S2 = 3_000.0
FRAME_S = 0.1
STANDS_S = 0.5
READ_PERCENT = 99.0
LETTERS, DIGITS = "ABCDEFGHJKLMNPQRSTUVWXYZ", "0123456789"
WALL_S_MAX = 7_200.0

MakePlate = Callable[[random.Random], str]


class Visit(NamedTuple):
    """One car: what it was read as, in time (before it stood) or at all."""

    plate: str
    listed: bool
    light: str
    kmh: float
    in_time: tuple[str, ...]
    told: tuple[str, ...]


def bench(folder: Path, cars: int = 200) -> dict[str, Any]:  # noqa: ARG001  nothing is written
    """So many visits. Raises NotMeasured where the models are not there."""
    from firmware.vision.recogniser import build

    recognise, unable = build()
    if unable:
        raise NotMeasured("; ".join(unable.values()))
    return measured(cars, recognise, painted, chinese)


def chinese(rng: random.Random) -> str:
    """A blue plate, or one of four a green one."""
    head = rng.choice(PROVINCES) + rng.choice(LETTERS)
    if rng.random() < 0.25:
        return head + rng.choice("DF") + "".join(rng.choices(DIGITS, k=5))
    letters = rng.sample(range(5), rng.randrange(3))
    return head + "".join(rng.choice(LETTERS if place in letters else DIGITS) for place in range(5))


def measured(cars: int, recognise: Recognise, paint: Paint, plate: MakePlate) -> dict[str, Any]:
    """`paint` and `plate`: how plates look, and what they say."""
    rng = random.Random(SEED)
    plates = [plate(rng) for _ in range(cars)]
    listed = set(plates[::2])
    enrolled = listed | {other for each in plates[1::2] for other in look_alikes(each)}
    enrolled -= set(plates) - listed
    took_ms: list[float] = []

    def timed(picture: Picture, at_ns: int, wanted: Any) -> Any:
        began_ns = now_ns()
        found = recognise(picture, at_ns, wanted)
        took_ms.append((now_ns() - began_ns) / 1e6)
        return found

    async def all_of_it() -> list[Visit]:
        views = LanePicture(SIZE, "in", paint)
        return [
            await _visit(views, timed, each, each in listed, LIGHTS[number % len(LIGHTS)], rng.uniform(*KMH))
            for number, each in enumerate(plates)
        ]

    visits = run_virtual(all_of_it(), wall_s_max=WALL_S_MAX)
    wrong = [each for each in visits for text in each.told if text in enrolled and text != each.plate]
    right = {light: [each.plate in each.in_time for each in visits if each.light == light] for light in LIGHTS}
    share = 100 * sum(map(sum, right.values())) / max(1, len(visits))
    return {
        "visits": len(visits),
        "enrolled": len(enrolled),
        "read_in_time_percent": {light: round(100 * sum(each) / max(1, len(each)), 2) for light, each in right.items()},
        "told_wrong": sum(text != each.plate for each in visits for text in set(each.told)),
        "recognise_ms": spread(took_ms),
        "figures": [
            Figure("visits read right before the car stops", round(share, 2), READ_PERCENT, "%", at_least=True),
            Figure("wrong openings", len(wrong), 0, "openings"),
        ],
    }


async def _visit(views: LanePicture, recognise: Recognise, plate: str, listed: bool, light: str, kmh: float) -> Visit:
    """From the lane's end until it has stood for a while."""
    loop = asyncio.get_running_loop()
    sights = Sights()
    # No vehicle is asked for: what is drawn here is no car to models that learnt from photographs.
    config = CameraConfig("bench", "simulated:lane:in", vehicle_needed=False)
    driver = Camera(config, sights)
    said: list[tuple[float, AnyReport]] = []
    running = asyncio.create_task(driver.run(lambda report: said.append((loop.time(), report))))
    await asyncio.sleep(0)
    (order,) = sights.orders
    follower = follower_of(CameraOrder(**order._asdict()), vehicle_needed=False)
    front_mm, speed_mm_s = BEGIN_MM, kmh / 3.6 * 1_000
    stopped_s = 0.0
    while not stopped_s or loop.time() - stopped_s < STANDS_S:
        sights.state("bench", "", {})
        at_ns = round(loop.time() * 1e9)
        body = Standing(1, "car", "in", round(front_mm), 4_500, 1_450, round(speed_mm_s), plate)
        picture = views.draw(Scene("lane", at_ns, (body,), "bollard", 0.0, light), at_ns)
        for voted in follower.see(recognise(picture, at_ns, ("plate", VEHICLE)), at_ns, SIZE):
            box = (0.0, 0.0, 1.0, 1.0)
            sights.seen(
                "bench",
                Sight("plate", voted.text, voted.found, voted.read, voted.reads, at_ns, voted.direction, box),
            )
        await asyncio.sleep(FRAME_S)
        front_mm += speed_mm_s * FRAME_S
        room_mm = STOP_MM - front_mm
        speed_mm_s = min(speed_mm_s, (2 * BRAKES_MM_S2 * max(0.0, room_mm)) ** 0.5)
        if room_mm < 20 or speed_mm_s < 50:
            speed_mm_s = 0.0
            stopped_s = stopped_s or loop.time()
    running.cancel()
    await asyncio.wait((running,))
    read = [(at_s, normal(report.text)) for at_s, report in said if isinstance(report, Plate)]
    in_time = tuple(text for at_s, text in read if at_s <= stopped_s)
    return Visit(plate, listed, light, kmh, in_time, tuple(text for _, text in read))

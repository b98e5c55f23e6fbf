"""`menshen bench recognise`: what one frame of 1280 x 720 costs, stage by stage, on one thread.

The frames are a simulated lane's by day, night and rain, with a car whose plate is found and read. `in service`: as the
vision process looks, which asks the second detector of vehicles in one frame of four; `thorough`: as `menshen
recognise` does, which asks it in each, and looks for faces too, which the figure leaves out.
"""

from __future__ import annotations

import resource
from pathlib import Path
from typing import Any

from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure, NotMeasured, spread
from firmware.scene import LIGHTS, Scene, Standing
from firmware.vision.cameras.lane_picture import LanePicture, painted
from firmware.vision.errors import CameraError
from firmware.vision.frames import Picture
from firmware.vision.recogniser import KINDS_EVERY
from models.manifest import ModelError
from models.recogniser import Recogniser, Seen

SIZE = (1280, 720)
WHOLE_MS = 60.0
NEAREST_MM, FARTHEST_MM = (
    -4_600,
    -11_000,
)  # where a car stands before the barrier, and where its plate begins to be read
WARM = 3  # looks before the first that counts
CHINESE, LATIN = "沪A12345", "B12CD34"  # the second where no font has Chinese letters


def bench(folder: Path, frames: int = 90) -> dict[str, Any]:  # noqa: ARG001  nothing is written
    """So many frames, each looked at in both ways by turns. Raises NotMeasured where a model is not here."""
    try:
        recogniser = Recogniser.load(now_ns)
    except ModelError as error:
        raise NotMeasured(str(error)) from error
    return measured(recogniser, lane(max(1, frames)))


def lane(count: int) -> list[Picture]:
    """Frames of a car that comes nearer, in each light by turns."""
    views, plate, at_ns = LanePicture(SIZE, "in"), CHINESE, 0
    try:
        painted(plate)
    except CameraError:
        plate = LATIN
    pictures = []
    for number in range(count):
        front_mm = round(FARTHEST_MM + (NEAREST_MM - FARTHEST_MM) * number / count)
        body = Standing(1, "car", "in", front_mm, 4_500, 1_450, 0, plate)
        pictures.append(views.draw(Scene("lane", at_ns, (body,), "bollard", 0.0, LIGHTS[number % len(LIGHTS)]), at_ns))
    return pictures


def measured(recogniser: Recogniser, pictures: list[Picture]) -> dict[str, Any]:
    """Both ways over these frames, by turns, so that what else the machine does strikes both."""
    for picture in pictures[:WARM]:
        recogniser.recognise(picture)
    served: list[Seen] = []
    thorough: list[Seen] = []
    cpu_ms: list[float] = []
    for number, picture in enumerate(pictures):
        began_ms = _cpu_ms()
        served.append(
            recogniser.recognise(picture, ("plates", "vehicles"), thorough=number % KINDS_EVERY == 0, bare=False)
        )
        cpu_ms.append(_cpu_ms() - began_ms)
        thorough.append(recogniser.recognise(picture))
    whole = spread([each.ms["whole"] for each in served])
    without_faces = [each.ms["whole"] - each.ms.get("faces", 0.0) for each in thorough]
    return {
        "size": SIZE,
        "frames": len(pictures),
        "threads": 1,
        "plates_found": sum(bool(each.plates) for each in served),
        "plates_read": sum(any(plate.text for plate in each.plates) for each in served),
        "in_service_ms": whole,
        "in_service_cpu_ms": spread(cpu_ms),
        "thorough_ms": spread(without_faces),
        "stages_ms": {
            name: spread([each.ms[name] for each in thorough if name in each.ms])
            for name in thorough[0].ms
            if name != "whole"
        },
        "figures": [
            Figure("plates and vehicles of a 1280 x 720 frame, in service, median", whole.median, WHOLE_MS, "ms"),
            Figure("the same, all detectors, median", spread(without_faces).median, WHOLE_MS, "ms"),
        ],
    }


def _cpu_ms() -> float:
    """Processor time of this process: what the work costs, however busy the machine is."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return (used.ru_utime + used.ru_stime) * 1e3

"""The rules of what is a plate on real pictures: labelled plates hang at vehicles that are found, and are told."""

import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from firmware.vision.plate_follower import VehicleFollower
from firmware.vision.recogniser import thing_seen
from firmware.vision.work import Detection
from models.vehicles import NAMES, detect_around, load
from tests.models.weights import demand

SCENES = Path(__file__).parents[3] / "shared" / "data" / "dev"
EVERY = {"scenes_cn": 3, "scenes_ccpd": 1, "scenes_latin": 2}  # one of so many
FRAME_NS = 100_000_000


def labelled():
    """(picture, its plates) of labelled scenes."""
    for name, step in EVERY.items():
        table = SCENES / name / "labels.csv"
        if not table.is_file():
            pytest.skip(f"{table.parent} is not here: pictures come beside the project, in ../shared/data")
        plates = {}
        with table.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                x, y, wide, high = (float(row[key]) for key in "xywh")
                box = (x, y, x + wide, y + high)
                plates.setdefault(row["file"], []).append(Detection("plate", box, 0.9, "", row["plate"], 0.95))
        for file in sorted(plates)[::step]:
            yield np.asarray(Image.open(table.parent / file).convert("RGB")), plates[file]


@pytest.mark.slow
def test_of_twenty_real_plates_nineteen_are_told():
    demand(*NAMES)
    detectors, told, count = load(), 0, 0
    for picture, plates in labelled():
        things = [thing_seen(each) for each in detect_around(detectors, picture, [plate.box for plate in plates])]
        follower = VehicleFollower(2, vehicle_needed=True)
        for n in range(4):  # a text without a digit needs so many
            answer = follower.see([*plates, *things], n * FRAME_NS, (picture.shape[1], picture.shape[0]))
        count += len(plates)
        told += len({voted.text for voted in answer} & {plate.text for plate in plates})
    assert count > 40
    assert told >= 0.95 * count

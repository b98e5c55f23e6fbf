"""The bench of the whole pipeline: both ways are measured, and its figure is the one of the stages that it names."""

import itertools

import numpy as np
import pytest

from firmware.bench.recognise import SIZE, lane, measured
from firmware.vision.recogniser import KINDS_EVERY
from models.plates.ctc import Read
from models.plates.detector import Found
from models.recogniser import FaceBox, Recogniser, Stages
from models.vehicles import Thing
from models.warp import box_of

MS = 1_000_000


class Clock:
    """Goes on by what each stage says it took."""

    def __init__(self):
        self.now_ns = 0

    def __call__(self):
        return self.now_ns

    def taking(self, ms, answer):
        def stage(*given):
            around = given[1] if len(given) > 1 and isinstance(given[1], list) else None
            self.now_ns += (ms // 2 if around is not None else ms) * MS
            return answer

        return stage


@pytest.fixture
def recogniser():
    clock = Clock()
    stages = Stages(
        vehicles=clock.taking(40, [Thing("car", (0, 0, 9, 9), 0.9)]),
        plates=clock.taking(10, [Found(box_of(20, 30, 44, 14), 0.9)]),
        reading=clock.taking(4, Read("京A88731", 0.9, (), "")),
        faces=clock.taking(500, [FaceBox((1, 2, 3, 4), 0.7)]),
    )
    return Recogniser(stages, clock)


def test_both_ways_are_measured(recogniser):
    pictures = [np.zeros((60, 100, 3), np.uint8)] * 8
    told = measured(recogniser, pictures)
    # One of four in service is thorough: 10 + 4 + 40, the others 10 + 4 + 20.
    assert KINDS_EVERY == 4
    assert (told["in_service_ms"].minimum, told["in_service_ms"].maximum) == (34, 54)
    assert told["in_service_ms"].median == 34
    assert told["thorough_ms"].median == 54
    assert {name: each.median for name, each in told["stages_ms"].items()} == {
        "plates": 10, "reading": 4, "vehicles": 40, "faces": 500
    }  # fmt: skip
    assert (told["plates_found"], told["plates_read"]) == (8, 8)
    assert [figure.holds for figure in told["figures"]] == [True, True]
    assert [figure.measured for figure in told["figures"]] == [34, 54]


def test_the_frames_are_a_lanes_with_a_car_that_comes_nearer():
    pictures = lane(4)
    assert all(picture.shape == (SIZE[1], SIZE[0], 3) for picture in pictures)
    assert all(not np.array_equal(one, other) for one, other in itertools.pairwise(pictures))

"""The simulated lane of 200 cars, with the stand-in instead of the models: the lane itself loses no visit."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from firmware.bench.plates import chinese, measured
from firmware.core.plates import sound
from models.plates.syntax import fits
from tests.vision import stand_in


def plate(rng: random.Random) -> str:
    return rng.choice("京沪粤浙苏") + rng.choice("ABCDEF") + "".join(rng.choices("0123456789", k=5))


@pytest.mark.slow
def test_every_car_is_read_in_time_and_nothing_wrong_opens():
    outcome = measured(3, stand_in.recognise, stand_in.paint, plate)
    assert outcome["visits"] == 3
    assert outcome["read_in_time_percent"] == {"day": 100.0, "night": 100.0, "rain": 100.0}
    assert outcome["told_wrong"] == 0
    assert all(figure.holds for figure in outcome["figures"])
    assert outcome["enrolled"] > 5


@pytest.mark.slow
def test_a_recogniser_that_misreads_by_a_look_alike_is_found_out():
    """Else the figure would say nothing."""

    def misreads(picture, at_ns, wanted):
        found = stand_in.recognise(picture, at_ns, wanted)
        return [replace(each, text=each.text.replace("0", "8", 1).replace("1", "7", 1)) for each in found]

    outcome = measured(2, misreads, stand_in.paint, lambda rng: "京A1" + "".join(rng.choices("23469", k=4)))
    assert outcome["told_wrong"] > 0
    assert not all(figure.holds for figure in outcome["figures"])


def test_plates_of_the_bench_are_plates():
    rng = random.Random(1)
    for _ in range(300):
        made = chinese(rng)
        assert fits(made), made
        assert sound(made)

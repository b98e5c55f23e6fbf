"""Masks are burnt in before anybody sees a frame; the motion gate lets through what moves and little else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw

from firmware.vision.cameras.board_camera import PictureFrame
from firmware.vision.frames import step_of
from firmware.vision.masks import Masks, encloses, inside
from firmware.vision.motion import BUSY_NS, IDLE_NS, MotionGate, dark

SHAPES = {
    "triangle": ((0.1, 0.1), (0.6, 0.2), (0.3, 0.9)),
    "corner": ((0, 0), (0.3, 0), (0.3, 0.4), (0, 0.4)),
    "whole": ((0, 0), (1, 0), (1, 1), (0, 1)),
    "concave": ((0.2, 0.2), (0.8, 0.2), (0.5, 0.5), (0.8, 0.8), (0.2, 0.8)),
}
S = 1_000_000_000


def white(width=640, height=360, at_ns=0):
    return PictureFrame(np.full((height, width, 3), 255, np.uint8), at_ns)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("size", [(640, 360), (1280, 720), (333, 201)])
def test_a_mask_hides_what_pillow_fills_and_at_most_two_pixels_more(name, size):
    width, height = size
    canvas = Image.new("1", size)
    ImageDraw.Draw(canvas).polygon([(x * width - 0.5, y * height - 0.5) for x, y in SHAPES[name]], fill=1)
    filled = np.asarray(canvas)
    hidden = inside(SHAPES[name], width, height)
    edge = np.pad(filled, 2)
    near = np.zeros_like(hidden)
    for y in range(5):
        for x in range(5):
            near |= edge[y : y + height, x : x + width]
    missing = filled & ~hidden
    assert missing.sum() <= 0.001 * filled.sum(), "Pillow draws its outline half a pixel further out"
    assert not (hidden & ~near).any()


def test_nobody_sees_what_is_masked_in_any_size_and_the_coarse_picture_hides_it_too():
    masks = Masks([SHAPES["corner"]])
    for width, height in ((640, 360), (1280, 720), (640, 360)):
        frame = masks.over(white(width, height))
        picture = frame.picture()
        assert not picture[: int(0.4 * height), : int(0.3 * width)].any()
        assert (picture[int(0.4 * height) + 2 :] == 255).all()
        step = step_of(width)
        assert not frame.coarse[: int(0.4 * height) // step, : int(0.3 * width) // step].any()
        assert frame.picture() is picture  # made once: nobody gets at the raw one


def test_a_place_is_inside_a_zone_or_not():
    zone = SHAPES["concave"]
    assert encloses(zone, 0.3, 0.5)
    assert not encloses(zone, 0.7, 0.5)
    assert not encloses(zone, 0.1, 0.1)


def frames(chance, count, start=0, car=None, light=0.0, noise=2.0):
    """Ten a second; a grey square of `car` pixels drives through."""
    for number in range(count):
        picture = np.full((360, 640), 110 + light * number, np.float64)
        picture += chance.normal(0, noise, picture.shape)
        if car is not None:
            left = 8 * number
            picture[200 : 200 + car, left : left + car] = 60
        whole = np.repeat(picture.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)
        yield Masks([]).over(PictureFrame(whole, (start + number) * S // 10))


def let_through(gate, some):
    return [frame.at_ns for frame in some if gate.lets(frame)]


def test_an_idle_camera_is_looked_at_once_in_ten_seconds():
    gate, chance = MotionGate(), np.random.default_rng(1)
    let_through(gate, frames(chance, 30))  # it has learnt what is there
    before = gate.motions
    taken = let_through(gate, frames(chance, 600, start=30, noise=6.0))
    assert len(taken) <= 60 * S // IDLE_NS + 1
    assert gate.motions == before


def test_slow_changes_of_light_are_no_motion_and_a_car_is():
    gate, chance = MotionGate(), np.random.default_rng(2)
    let_through(gate, frames(chance, 30))
    assert len(let_through(gate, frames(chance, 100, start=30, light=0.3))) <= 2
    gate, chance = MotionGate(), np.random.default_rng(3)
    let_through(gate, frames(chance, 30))
    taken = let_through(gate, frames(chance, 60, start=60, car=60))
    assert len(taken) >= 58  # every frame with the car


def test_what_stands_there_is_looked_at_again_and_again():
    gate, chance = MotionGate(), np.random.default_rng(4)
    let_through(gate, frames(chance, 30))
    gate.interest = True
    taken = let_through(gate, frames(chance, 100, start=30))
    assert 15 <= len(taken) <= 10 * S // BUSY_NS + 1


def test_another_size_begins_anew():
    gate = MotionGate()
    assert gate.moves(Masks([]).over(white(640, 360)).coarse)
    assert gate.moves(Masks([]).over(white(1280, 360)).coarse)


def test_black_is_dark_and_a_night_with_a_lamp_is_not():
    chance = np.random.default_rng(5)
    assert dark(np.zeros((45, 80), np.uint8))
    assert dark(chance.normal(6, 1, (45, 80)).clip(0, 255).astype(np.uint8))
    night = chance.normal(6, 1, (45, 80))
    night[20:24, 40:44] = 200
    assert not dark(night.clip(0, 255).astype(np.uint8))

"""Straightening a plate: against Pillow's own perspective, at the edges of a picture, and corners that are none."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models.letterbox import boxed
from models.warp import box_of, projection, straightened


def smooth(height: int, width: int) -> np.ndarray:
    """A picture without sharp edges: two ways of sampling may differ by a pixel's part only."""
    y, x = np.mgrid[0:height, 0:width]
    parts = [127 + 100 * np.sin(x / 37 + shift) * np.cos(y / 29 - shift) for shift in (0, 1, 2)]
    return np.stack(parts, axis=-1).clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("seed", range(8))
def test_as_pillow_does_it(seed):
    chance = np.random.default_rng(seed)
    picture = smooth(240, 320)
    quad = box_of(80, 90, 130, 45) + chance.uniform(-14, 14, (4, 2)).astype(np.float32)
    mine = straightened(picture, quad, 48, 144)
    target = np.array([[0, 0], [144, 0], [144, 48], [0, 48]], float)
    back = projection(target, quad.astype(float))
    theirs = Image.fromarray(picture).transform(
        (144, 48), Image.Transform.PERSPECTIVE, back.ravel()[:8].tolist(), Image.Resampling.BILINEAR
    )
    assert np.abs(mine.astype(int) - np.asarray(theirs).astype(int)).max() <= 2


def test_a_large_plate_is_the_mean_of_its_pixels_and_not_a_chance_one():
    picture = np.zeros((480, 1440, 3), np.uint8)
    picture[:, ::2] = 255  # finer than what is returned
    found = straightened(picture, box_of(0, 0, 1440, 480), 48, 144)
    assert abs(int(found.mean()) - 127) <= 2
    assert found.std() < 3


def test_beyond_the_edge_the_edge_goes_on():
    picture = np.full((60, 100, 3), 77, np.uint8)
    found = straightened(picture, box_of(-30, -10, 90, 60), 48, 144)
    assert (found == 77).all()


@pytest.mark.parametrize(
    "quad",
    [
        [[0, 0], [10, 0], [20, 0], [30, 0]],
        [[0, 0], [float("nan"), 0], [10, 10], [0, 10]],
        [[200, 200], [210, 200], [210, 205], [200, 205]],
        [[5, 5], [5, 5], [5, 5], [5, 5]],
    ],
    ids=["one line", "not a number", "outside", "one point"],
)
def test_corners_that_are_none_are_refused(quad):
    with pytest.raises(ValueError, match="corners"):
        straightened(smooth(100, 100), np.array(quad, np.float32), 48, 144)


@pytest.mark.parametrize(("height", "width"), [(720, 1280), (1160, 720), (1, 1), (31, 4000), (100, 100)])
def test_a_picture_of_any_size_is_boxed(height, width):
    whole = boxed(np.full((height, width, 3), 200, np.uint8), 384, 640)
    high, wide = max(1, round(height * whole.scale)), max(1, round(width * whole.scale))
    assert whole.picture.shape == (384, 640, 3)
    assert (whole.picture[:high, :wide] == 200).all()
    assert (whole.picture[high:] == 114).all()
    assert (whole.picture[:, wide:] == 114).all()

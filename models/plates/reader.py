"""Reads a plate: a straightened piece of a picture in, its text and how sure it is out."""

from __future__ import annotations

import numpy as np

from models.interpreter import Loaded
from models.letterbox import unit
from models.plates.ctc import Read, Scores
from models.plates.looks import Looks
from models.warp import Picture, Quad, straightened

GROWN = ((1.0, 1.0), (1.06, 1.12), (1.15, 1.1))  # times as wide, times as high
ROWS_LOOKS = 2  # of them a plate that may have two rows is read so, too: each costs as much again
ONE_ROW = 0.75  # what reads so well as one row is none of two
TWO_ROWS = 2.35  # a plate less wide than so many times its height may have two rows
UPPER = 0.375  # of the height of a plate of two rows: the upper one


def scores_of(model: Loaded, plate: Picture) -> Scores:
    """Of a straightened plate u8[48, 144, 3]: f32[places, characters + 1]."""
    (scores,) = model.run(unit(plate))
    return np.asarray(scores[0])


def read_at(model: Loaded, picture: Picture, quad: Quad) -> Read:
    """Read what lies between four corners of a picture, by several looks: corners are never exact.

    What may be a plate of two rows is read as one row, then as two. The first look that is sure ends it.
    """
    _, height, width, _ = model.shape
    across = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]))
    upright = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1]))
    looks = Looks()
    for number, (wide, high) in enumerate(GROWN):
        look = grown(quad, wide, high)
        try:
            looks.add(scores_of(model, straightened(picture, look, height, width)))
            if looks.highest < ONE_ROW and number < ROWS_LOOKS and across < TWO_ROWS * upright:
                rows = straightened(picture, look, 2 * height, width)
                looks.add(scores_of(model, in_line(rows, height, width)))
        except ValueError:
            continue
        if looks.sure:
            break
    return looks.answer()


def grown(quad: Quad, wide: float, high: float) -> Quad:
    """The corners moved from the middle, along the plate's own sides: so many times as wide and as high."""
    right = (quad[1] - quad[0] + quad[2] - quad[3]) / 4 * (wide - 1)
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 4 * (high - 1)
    return np.asarray(quad + np.stack([-right - down, right - down, right + down, down - right]), np.float32)


def in_line(plate: Picture, height: int, width: int) -> Picture:
    """A plate of two rows as one: the upper row, then the lower one. As the reader was trained (models.train.bank)."""
    cut = round(plate.shape[0] * UPPER)
    side = plate.shape[1] // 6
    upper, lower = plate[:cut, side:-side], plate[cut:]
    share = round(width * 0.45 / 1.45)
    corners = [
        np.array([[0, 0], [each.shape[1], 0], [each.shape[1], each.shape[0]], [0, each.shape[0]]], np.float32)
        for each in (upper, lower)
    ]
    return np.concatenate(
        [straightened(upper, corners[0], height, share), straightened(lower, corners[1], height, width - share)], axis=1
    )

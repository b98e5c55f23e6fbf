"""Reads a plate: a straightened piece of a picture in, its text and how sure it is out."""

from __future__ import annotations

import numpy as np

from models.interpreter import Loaded
from models.letterbox import unit
from models.plates.ctc import NOTHING, Read, decode
from models.warp import Picture, Quad, straightened

TWO_ROWS = 2.35  # a plate less wide than so many times its height may have two rows
UPPER = 0.375  # of the height of a plate of two rows: the upper one


def read(model: Loaded, plate: Picture) -> Read:
    """Read a straightened plate u8[48, 144, 3]."""
    (scores,) = model.run(unit(plate))
    return decode(scores[0])


def read_at(model: Loaded, picture: Picture, quad: Quad) -> Read:
    """Read what lies between four corners of a picture; a plate of two rows as one row and as two, the surer one."""
    _, height, width, _ = model.shape
    try:
        best = read(model, straightened(picture, quad, height, width))
        wide = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]))
        high = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1]))
        if wide < TWO_ROWS * high:
            two = read(model, in_line(straightened(picture, quad, 2 * height, width), height, width))
            best = max(best, two, key=lambda each: each.probability)
    except ValueError:
        return NOTHING
    return best


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

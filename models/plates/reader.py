"""Reads a plate: a straightened piece of a picture in, its text and how sure it is out."""

from __future__ import annotations

import numpy as np

from models.interpreter import Loaded
from models.letterbox import unit
from models.plates.ctc import NOTHING, Read, decode
from models.plates.syntax import plausible
from models.warp import Picture, Quad, straightened

GROWN = ((1.0, 1.0), (1.03, 1.06), (1.06, 1.12), (1.1, 1.2), (1.15, 1.1))  # times as wide, times as high
SURE = 0.9  # a look so sure is the last one
ROWS_LOOKS = 2  # of them a plate that may have two rows is read so, too: each costs as much again
TWO_ROWS = 2.35  # a plate less wide than so many times its height may have two rows
UPPER = 0.375  # of the height of a plate of two rows: the upper one


def read(model: Loaded, plate: Picture) -> Read:
    """Read a straightened plate u8[48, 144, 3]."""
    (scores,) = model.run(unit(plate))
    return decode(scores[0])


def read_at(model: Loaded, picture: Picture, quad: Quad) -> Read:
    """Read what lies between four corners of a picture, the surest of several looks: corners are never exact.

    A plate of two rows is read as one row and as two. The first look that is sure ends it.
    """
    _, height, width, _ = model.shape
    across = float(np.linalg.norm(quad[1] - quad[0]) + np.linalg.norm(quad[2] - quad[3]))
    upright = float(np.linalg.norm(quad[3] - quad[0]) + np.linalg.norm(quad[2] - quad[1]))
    best = NOTHING
    for number, (wide, high) in enumerate(GROWN):
        look = grown(quad, wide, high)
        try:
            best = max(best, read(model, straightened(picture, look, height, width)), key=_worth)
            if number < ROWS_LOOKS and across < TWO_ROWS * upright:
                rows = straightened(picture, look, 2 * height, width)
                best = max(best, read(model, in_line(rows, height, width)), key=_worth)
        except ValueError:
            continue
        if _worth(best) >= SURE:
            break
    return best


def grown(quad: Quad, wide: float, high: float) -> Quad:
    """The corners moved from the middle, along the plate's own sides: so many times as wide and as high."""
    right = (quad[1] - quad[0] + quad[2] - quad[3]) / 4 * (wide - 1)
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 4 * (high - 1)
    return np.asarray(quad + np.stack([-right - down, right - down, right + down, down - right]), np.float32)


def _worth(answer: Read) -> float:
    return answer.probability * plausible(answer.text)


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

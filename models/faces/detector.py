"""Finds faces in a picture: the box of each, six points, and how sure that is.

The answers of BlazeFace (V. Bazarevsky et al., 2019) as the models of the manifest give them: boxes and points from
the middles of cells, two of each cell of 1/16 of the side and six of each of 1/8.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.interpreter import Loaded
from models.letterbox import boxed
from models.ssd import overlaps
from models.warp import Picture

LEAST = 0.5  # less sure ones are none
SAME = 0.3  # of two that overlap so much, both are one face
MOST = 16  # faces in one picture
GRIDS = ((16, 2), (8, 6))  # cells a side, boxes a cell
SCORE_MAX = 100.0  # before the sigmoid; beyond it changes nothing but overflows
RIGHT_EYE, LEFT_EYE, NOSE, MOUTH, RIGHT_EAR, LEFT_EAR = range(6)  # of the person, not of the picture


class Face(NamedTuple):
    """A face in pixels of the picture: left, top, right, bottom; six points f32[6, 2]; how sure, 0..1."""

    box: tuple[float, float, float, float]
    points: NDArray[np.float32]
    sure: float

    @property
    def side(self) -> float:
        """The longer side of its box."""
        return max(self.box[2] - self.box[0], self.box[3] - self.box[1])


@cache
def middles() -> NDArray[np.float32]:
    """f32[896, 2]: x and y of each box's cell in shares of the side."""
    rows = [
        ((x + 0.5) / cells, (y + 0.5) / cells)
        for cells, boxes in GRIDS
        for y in range(cells)
        for x in range(cells)
        for _ in range(boxes)
    ]
    return np.array(rows, np.float32)


def detect(model: Loaded, picture: Picture, least: float = LEAST) -> list[Face]:
    """All faces of a picture u8[h, w, 3], the surest first."""
    _, height, width, _ = model.shape
    small = boxed(picture, height, width)
    scores, answer = model.run(small.picture[None].astype(np.float32) / np.float32(127.5) - np.float32(1))
    found = faces_of(answer[0], scores[0, :, 0], height, least)
    return [_in_picture(each, small.scale, picture.shape[:2]) for each in found]


def faces_of(answer: NDArray[np.float32], scores: NDArray[np.float32], side: int, least: float = LEAST) -> list[Face]:
    """The faces of an answer f32[896, 16] with scores f32[896] before the sigmoid; in pixels of the model's input.

    Boxes that overlap are one face: their mean, each counted as much as it is sure, is steadier than the surest one.
    """
    sure = 1 / (1 + np.exp(-np.clip(scores.astype(np.float64), -SCORE_MAX, SCORE_MAX)))
    places = np.flatnonzero((sure >= least) & np.isfinite(answer).all(axis=1))
    places = places[np.argsort(-sure[places], kind="stable")]
    rows = answer[places].astype(np.float64)
    cells = middles()[places] * side
    middle, half = rows[:, :2] + cells, np.abs(rows[:, 2:4]) / 2
    boxes = np.concatenate([middle - half, middle + half], axis=1)
    points = rows[:, 4:].reshape(-1, 6, 2) + cells[:, None]
    left = np.arange(len(places))
    faces: list[Face] = []
    while len(left) and len(faces) < MOST:
        same = overlaps(boxes[left[0]].astype(np.float32), boxes[left].astype(np.float32)) > SAME
        same[0] = True  # a box without any area overlaps nothing
        one, left = left[same], left[~same]
        weight = sure[places[one]]
        box = np.average(boxes[one], axis=0, weights=weight)
        mean = np.average(points[one], axis=0, weights=weight).astype(np.float32)
        corners = float(box[0]), float(box[1]), float(box[2]), float(box[3])
        faces.append(Face(corners, mean, float(weight[0])))
    return faces


def _in_picture(face: Face, scale: float, size: tuple[int, ...]) -> Face:
    """Out of the scaled picture; the box is cut at the picture's edges, the points are where they are."""
    left, right = (min(max(each / scale, 0.0), float(size[1])) for each in (face.box[0], face.box[2]))
    top, bottom = (min(max(each / scale, 0.0), float(size[0])) for each in (face.box[1], face.box[3]))
    return Face((left, top, right, bottom), (face.points / scale).astype(np.float32), face.sure)

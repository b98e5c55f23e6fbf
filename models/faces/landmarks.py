"""The 468 points of a face, and what follows from them: five points for straightening, and the head's turn.

The mesh is that of Y. Kartynnik et al., Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs, 2019;
the numbers of its points are those of MediaPipe's canonical face model.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.faces.detector import LEFT_EYE, RIGHT_EYE, Face
from models.interpreter import Loaded
from models.letterbox import unit
from models.warp import Picture, Quad, straightened

Points = NDArray[np.float32]  # f32[n, 2]: x, y in pixels of the picture

POINTS = 468
AROUND = 1.5  # of the detector's box: the mesh wants forehead and chin
LEAST = 0.5  # less sure, it is no face

RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS = (33, 133), (263, 362)
NOSE_TIP = 1
MOUTH_RIGHT, MOUTH_LEFT = 61, 291
CHEEK_RIGHT, CHEEK_LEFT = 234, 454
FOREHEAD, CHIN = 10, 152


class Mesh(NamedTuple):
    """The points f32[468, 2] in pixels of the picture, and how sure it is that there is a face, 0..1."""

    points: Points
    sure: float


class Pose(NamedTuple):
    """How a head is held, from its points.

    `turn`: where the tip of the nose is between the cheeks, -1 (at the person's right one) to 1; 0: straight ahead. A
    flat picture that is turned keeps it. `nod`: the same between forehead and chin. `roll`: degrees that the line of
    the eyes is off the horizontal. `eyes`: how open the eyes are (eyes.py), by height by width of the face: a flat
    picture that is tilted keeps it.
    """

    turn: float
    nod: float
    roll: float
    eyes: float


def mesh_of(model: Loaded, picture: Picture, face: Face) -> Mesh | None:
    """The points of a detected face; None where there is no face after all."""
    _, height, width, _ = model.shape
    try:
        quad = _around(face)
        answer, flag = model.run(unit(straightened(picture, quad, height, width)))
    except ValueError:
        return None  # its points are no place in the picture
    flat = answer.reshape(-1, 3)[:POINTS, :2].astype(np.float64)
    sure = float(1 / (1 + np.exp(-float(np.clip(flag.reshape(-1)[0], -50, 50)))))
    if sure < LEAST or not np.isfinite(flat).all():
        return None
    across, down = (quad[1] - quad[0]) / width, (quad[3] - quad[0]) / height
    points = quad[0] + flat[:, :1] * across + flat[:, 1:] * down
    return Mesh(points.astype(np.float32), sure)


def _around(face: Face) -> Quad:
    """The square that the mesh is looked for in: around the box, upright as the eyes are. Raises ValueError."""
    eyes = face.points[LEFT_EYE].astype(np.float64) - face.points[RIGHT_EYE]
    length = float(np.hypot(*eyes))
    if not np.isfinite(length) or length < 1:
        raise ValueError("its eyes are in one place")
    across = eyes / length
    down = np.array([-across[1], across[0]])
    left, top, right, bottom = face.box
    middle, half = np.array([(left + right) / 2, (top + bottom) / 2]), face.side * AROUND / 2
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([middle + half * (x * across + y * down) for x, y in corners], np.float32)


def five(points: Points) -> Points:
    """f32[5, 2]: the eye on the picture's left, the other one, the tip of the nose, the corners of the mouth.

    Of an upright face the eye on the left is the person's right one.
    """
    right = points[list(RIGHT_EYE_CORNERS)].mean(axis=0)
    left = points[list(LEFT_EYE_CORNERS)].mean(axis=0)
    found = np.stack([right, left, points[NOSE_TIP], points[MOUTH_RIGHT], points[MOUTH_LEFT]])
    return np.asarray(found, np.float32)


def pose_of(points: Points, open_eyes: float) -> Pose:
    """How the head is held. `open_eyes`: their height by width."""
    p = points.astype(np.float64)
    eyes = five(points).astype(np.float64)
    line = eyes[1] - eyes[0]
    roll = float(np.degrees(np.arctan2(line[1], line[0])))
    turn = _between(p[NOSE_TIP], p[CHEEK_RIGHT], p[CHEEK_LEFT])
    nod = _between(p[NOSE_TIP], p[FOREHEAD], p[CHIN])
    high = float(np.linalg.norm(p[FOREHEAD] - p[CHIN]))
    wide = float(np.linalg.norm(p[CHEEK_RIGHT] - p[CHEEK_LEFT]))
    return Pose(turn, nod, roll, open_eyes * wide / high if high > 1e-6 else 0.0)


def _between(point: NDArray[np.float64], one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Where a point stands along the line from one to the other: -1 at the one, 1 at the other."""
    line = other - one
    length = float(line @ line)
    return 2 * float((point - one) @ line) / length - 1 if length > 1e-6 else 0.0

"""How open the eyes are, by a model that looks at each eye alone.

The mesh of the whole face hardly moves its lids: with eyes painted shut it said 0.95 of what it had said of open ones
(two faces). This one says 0.34 to 0.7, in the median 0.51 (27 faces); of really shut ones there was no picture.

It is that of A. Ablavatski et al., Real-time Pupil Tracking from Monocular Video for Digital Puppetry, 2020. The first
16 of its 71 points are the eye's rim: the outer corner, seven of the lower lid, the inner corner, seven of the upper
lid. It learnt from left eyes, so that a right one is shown to it mirrored.
"""

from __future__ import annotations

import numpy as np

from models.faces.landmarks import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, Points
from models.interpreter import Loaded
from models.letterbox import unit
from models.warp import Picture, Quad, straightened

POINTS = 71
AROUND = 2.3  # of the eye's width: the model wants the brow and the lid's fold
CORNERS, LOWER, UPPER = (0, 8), slice(1, 8), slice(9, 16)


def openness(model: Loaded, picture: Picture, points: Points) -> float:
    """How open both eyes are in the mean: height by width of the rims. 0 where an eye is no place in the picture."""
    eyes = ((RIGHT_EYE_CORNERS, True), (LEFT_EYE_CORNERS, False))
    return sum(_one(model, picture, points, corners, mirrored=mirrored) for corners, mirrored in eyes) / len(eyes)


def _one(model: Loaded, picture: Picture, points: Points, corners: tuple[int, int], *, mirrored: bool) -> float:
    _, height, width, _ = model.shape
    try:
        crop = straightened(picture, _around(points, corners), height, width)
    except ValueError:
        return 0.0
    answers = model.run(unit(np.ascontiguousarray(crop[:, ::-1]) if mirrored else crop))
    rim = next(each for each in answers if each.size == POINTS * 3).reshape(POINTS, 3)[:16, :2]
    return of_rim(rim.astype(np.float64))


def of_rim(rim: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> float:
    """Height by width of an eye's rim f64[16, 2]; 0 where it has no width."""
    wide = float(np.linalg.norm(rim[CORNERS[0]] - rim[CORNERS[1]]))
    high = float(np.linalg.norm(rim[LOWER] - rim[UPPER], axis=1).mean())
    return high / wide if wide > 1e-6 and np.isfinite(high) else 0.0


def _around(points: Points, corners: tuple[int, int]) -> Quad:
    """The square around an eye, upright as the eye is. Raises ValueError."""
    one, other = sorted((points[each].astype(np.float64) for each in corners), key=lambda point: float(point[0]))
    length = float(np.hypot(*(other - one)))
    if not np.isfinite(length) or length < 1:
        raise ValueError("its corners are in one place")
    across = (other - one) / length
    down = np.array([-across[1], across[0]])
    middle, half = (one + other) / 2, length * AROUND / 2
    square = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    return np.array([middle + half * (x * across + y * down) for x, y in square], np.float32)

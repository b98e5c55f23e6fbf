"""Straightens a face for the embedder: five points of it are laid onto five places of a picture of 112 x 112.

The places are those that ArcFace's authors align by (J. Deng et al., ArcFace: Additive Angular Margin Loss for Deep
Face Recognition, 2019; deepinsight/insightface, face_align.py), for which such embedders are trained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.faces.landmarks import Points
from models.warp import Picture, straightened

SIDE = 112
# The eye on the left, the eye on the right, the tip of the nose, the corners of the mouth; x, y.
PLACES = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float64
)


def similarity(source: Points, target: NDArray[np.float64] = PLACES) -> NDArray[np.float64]:
    """f64[2, 3]: the turn, size and shift that bring five points nearest to five others (least squares).

    Raises ValueError where the points are one place, or none.
    """
    points = np.asarray(source, np.float64)
    if not np.isfinite(points).all() or np.ptp(points, axis=0).max() < 1:
        raise ValueError("the five points are no face")
    # x' = a x - b y + c, y' = b x + a y + d
    rows = np.zeros((2 * len(points), 4))
    rows[0::2] = np.column_stack([points[:, 0], -points[:, 1], np.ones(len(points)), np.zeros(len(points))])
    rows[1::2] = np.column_stack([points[:, 1], points[:, 0], np.zeros(len(points)), np.ones(len(points))])
    (a, b, c, d), *_ = np.linalg.lstsq(rows, np.asarray(target, np.float64).reshape(-1), rcond=None)
    if a * a + b * b < 1e-12:
        raise ValueError("the five points are no face")
    return np.array([[a, -b, c], [b, a, d]])


def aligned(picture: Picture, points: Points) -> Picture:
    """u8[112, 112, 3]: the face with its five points in their places. Raises ValueError where they are none."""
    there = similarity(points)
    back = np.linalg.inv(np.vstack([there, [0, 0, 1]]))
    corners = np.array([[0, 0, 1], [SIDE, 0, 1], [SIDE, SIDE, 1], [0, SIDE, 1]], np.float64)
    return straightened(picture, (corners @ back.T)[:, :2].astype(np.float32), SIDE, SIDE)

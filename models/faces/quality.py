"""Whether a face is good enough to be enrolled, or compared: large, sharp, lit, whole, looking this way."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from models.faces.detector import Face
from models.faces.landmarks import Mesh, Pose
from models.warp import Picture


class Limits(NamedTuple):
    """What is asked of a face. Those of enrolment are stricter: a bad template is compared for years."""

    side_px: float  # of the face's box
    sharp: float  # variance of the second differences of the straightened face
    bright: tuple[float, float]  # its mean, of 0..255
    contrast: float  # its standard deviation
    turn: float  # either way, as Pose has it
    roll: float  # degrees, either way
    eyes: float  # how open, at least
    sure: float


# The embedder sees faces of some 112 px: one that is enrolled is not scaled up. Of the pictures of dev/faces sharpness
# is 360 to 1,900, brightness 86 to 188, contrast 36 to 77, and their eyes are open by 0.15 to 0.26.
ENROL = Limits(112.0, 45.0, (50.0, 215.0), 22.0, 0.55, 20.0, 0.13, 0.8)
COMPARE = Limits(64.0, 12.0, (35.0, 230.0), 14.0, 0.6, 30.0, 0.0, 0.6)


class Judged(NamedTuple):
    """What was measured, and every reason against it: words of quality; none: it is good."""

    side_px: float
    sharp: float
    bright: float
    contrast: float
    why: tuple[str, ...]


def judge(face: Face, mesh: Mesh, pose: Pose, straight: Picture, size: tuple[int, ...], limits: Limits) -> Judged:
    """Judge a face in a picture of `size` (height, width); `straight` is it, straightened."""
    grey = straight.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    bright, contrast, sharp = float(grey.mean()), float(grey.std()), sharpness(straight)
    low, high = mesh.points.min(axis=0), mesh.points.max(axis=0)
    inside = low.min() >= 0 and high[0] <= size[1] and high[1] <= size[0]
    why = [
        word
        for word, is_wrong in (
            ("small", face.side < limits.side_px),
            ("cut", not inside),
            ("unsure", min(face.sure, mesh.sure) < limits.sure),
            ("blurred", sharp < limits.sharp),
            ("dark", bright < limits.bright[0]),
            ("glaring", bright > limits.bright[1]),
            ("flat", contrast < limits.contrast),
            ("turned", abs(pose.turn) > limits.turn),
            ("tilted", abs(pose.roll) > limits.roll),
            ("eyes_closed", pose.eyes < limits.eyes),
        )
        if is_wrong
    ]
    return Judged(face.side, sharp, bright, contrast, tuple(why))


def sharpness(straight: Picture) -> float:
    """The variance of the second differences (J. L. Pech-Pacheco et al., 2000) of a picture's brightness."""
    grey = straight.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    inner = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    return float((around - 4 * inner).var())

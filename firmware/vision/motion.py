"""The motion gate: whether anything moves in a camera's picture, so that an idle camera costs little.

It looks at the coarse picture only, a few thousand cells. A change of the whole light (a cloud, the camera's own
exposure) is taken out first; sensor noise is averaged away in the cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from firmware.vision.frames import Frame, Luma

STEP_MIN = 10.0  # of 255, by which a cell has to change: more than noise at night, less than a grey car on asphalt
CELLS_MIN = 6  # that change: a plate so far away that it could be read covers more of them
LEARN = 0.05  # of each quiet frame goes into the picture of the empty lane
LEARN_MOVING = 0.005  # of a moving one: what parks becomes part of it within a minute
HOLD_NS = 2_000_000_000  # that the gate stays open after the last motion
BUSY_NS = 350_000_000  # between two looks while something is there and stands
IDLE_NS = 10_000_000_000  # between two looks at a lane where nothing was found
DARK_MEAN, DARK_SPREAD = 24.0, 2.0  # darker, and more even, than a night with a lamp; black may be 16 in a stream


class MotionGate:
    """Of one camera. `interest` is set by whoever knows what the last look has found."""

    def __init__(self) -> None:
        self.interest = False
        self.asked = False  # somebody waits for an answer of this camera: each frame is worth it
        self.motions = 0
        self._empty: NDArray[np.float32] | None = None
        self._open_ns = 0
        self._looked_ns: int | None = None

    def lets(self, frame: Frame) -> bool:
        """Whether this frame is worth the models' time."""
        moving = self.moves(frame.coarse)
        if moving:
            self.motions += frame.at_ns >= self._open_ns
            self._open_ns = frame.at_ns + HOLD_NS
        every_ns = BUSY_NS if self.interest else IDLE_NS
        due = self._looked_ns is None or frame.at_ns - self._looked_ns >= every_ns
        if self.asked or frame.at_ns < self._open_ns or due:
            self._looked_ns = frame.at_ns
            return True
        return False

    def moves(self, coarse: Luma) -> bool:
        """Whether something is there that was not; learns what is always there."""
        seen = coarse.astype(np.float32)
        if self._empty is None or self._empty.shape != seen.shape:
            self._empty = seen
            return True  # another camera, or another size: nothing is known yet
        change = seen - self._empty
        change -= np.median(change[::2, ::2])
        moving = int((np.abs(change) > STEP_MIN).sum()) >= CELLS_MIN
        self._empty += (LEARN_MOVING if moving else LEARN) * (seen - self._empty)
        return moving


def dark(coarse: Luma) -> bool:
    """Whether the picture shows nothing: covered, no light, or black by a fault."""
    return float(coarse.mean()) < DARK_MEAN and float(coarse.std()) < DARK_SPREAD

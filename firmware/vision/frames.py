"""Pictures on their way: as a camera gives them, and as everybody else sees them, with the masks burnt in."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.uint8]  # u8[h, w, 3], RGB
Luma = NDArray[np.uint8]  # u8[h, w], how bright

SAMPLES = 4  # a side, of which the mean of a coarse cell is taken
COARSE_PX = 80  # about so wide is the coarse picture that the motion gate looks at


class Raw(Protocol):
    """A frame as its camera gives it. Only masks.py looks into it; each call makes the picture anew."""

    at_ns: int  # CLOCK_MONOTONIC, when it was taken or came
    size: tuple[int, int]  # width, height

    def coarse(self, step: int) -> Luma:
        """Each cell the mean of some of its step x step pixels; whole cells only."""

    def picture(self) -> Picture:
        """All of it; may be written to."""


class Frame:
    """A frame that anybody may look at."""

    def __init__(self, raw: Raw, hidden: NDArray[np.bool_] | None, coarse: Luma) -> None:
        self.at_ns = raw.at_ns
        self.size = raw.size
        self.coarse = coarse
        self._raw: Raw | None = raw
        self._hidden = hidden
        self._picture: Picture | None = None

    def picture(self) -> Picture:
        """All of it, masked; made once."""
        if self._picture is None:
            assert self._raw is not None, "it is let go once the picture is made"
            picture = self._raw.picture()
            if self._hidden is not None:
                picture[self._hidden] = 0
            self._picture, self._raw = picture, None
        return self._picture


def step_of(width: int) -> int:
    """How many pixels a coarse cell has on a side."""
    return max(SAMPLES, round(width / COARSE_PX / SAMPLES) * SAMPLES)

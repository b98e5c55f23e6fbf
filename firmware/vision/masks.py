"""Privacy masks: parts of a camera's picture that are black before anything else sees it.

Whatever a corner's line touches is hidden with it: rather a pixel too many. A frame of another size is masked by the
same shares of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from firmware.vision.frames import Frame, Raw, step_of

Polygon = Sequence[tuple[float, float]]


def inside(polygon: Polygon, width: int, height: int) -> NDArray[np.bool_]:
    """b[height, width]: pixels whose middle is inside (even-odd rule), and their neighbours."""
    x = (np.arange(width) + 0.5) / width
    y = ((np.arange(height) + 0.5) / height)[:, None]
    found = np.zeros((height, width), dtype=np.bool_)
    corners = list(polygon)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        if y1 == y2:
            continue
        crossed = (y >= min(y1, y2)) & (y < max(y1, y2))
        found ^= crossed & (x < x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    return grown(found)


def encloses(polygon: Polygon, x: float, y: float) -> bool:
    """Whether a place is inside (even-odd rule); all in shares of the picture."""
    found = False
    corners = list(polygon)
    for (x1, y1), (x2, y2) in zip(corners, [*corners[1:], *corners[:1]], strict=True):
        if (y1 > y) != (y2 > y):
            found ^= x < x1 + (y - y1) * (x2 - x1) / (y2 - y1)
    return found


def grown(found: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With a pixel more on each side."""
    padded = np.pad(found, 1)
    rows = padded[:-2] | padded[1:-1] | padded[2:]
    return np.asarray(rows[:, :-2] | rows[:, 1:-1] | rows[:, 2:])


class Masks:
    """The masks of one camera. Nothing but this opens a raw frame."""

    def __init__(self, polygons: Sequence[Polygon]) -> None:
        self._polygons = tuple(tuple(polygon) for polygon in polygons)
        self.whole = False  # nothing is left to be seen
        self._size = (0, 0)
        self._hidden: NDArray[np.bool_] | None = None
        self._hidden_coarse: NDArray[np.bool_] | None = None

    def over(self, raw: Raw) -> Frame:
        """The frame as it may be seen."""
        step = step_of(raw.size[0])
        if raw.size != self._size:
            self._fit(raw.size, step)
        coarse = raw.coarse(step)
        if self._hidden_coarse is not None:
            coarse[self._hidden_coarse] = 0
        return Frame(raw, self._hidden, coarse)

    def _fit(self, size: tuple[int, int], step: int) -> None:
        self._size = size
        self._hidden = self._hidden_coarse = None
        self.whole = False
        if not self._polygons:
            return
        width, height = size
        hidden = np.zeros((height, width), dtype=np.bool_)
        for polygon in self._polygons:
            hidden |= inside(polygon, width, height)
        cells = hidden[: height // step * step, : width // step * step]
        self._hidden, self.whole = hidden, bool(hidden.all())
        self._hidden_coarse = cells.reshape(height // step, step, width // step, step).any(axis=(1, 3))

"""Where a point of a lane is in the picture of a simulated camera: a pinhole beside the lane, looking along it.

Places are millimetres: `ahead` of the camera along the lane, `across` from the lane's middle (right positive), `above`
the road.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

HEIGHT_MM = 1_500.0  # of the camera above the road
BESIDE_MM = -1_000.0  # from the lane's middle
BEHIND_MM = 1_000.0  # the barrier's line
AIM_MM = 7_000.0  # ahead, in the lane's middle, at AIM_HIGH_MM
AIM_HIGH_MM = 600.0
NEAREST_MM = 900.0  # what is nearer than that is not drawn
FOCAL_SHARE = 1.28  # of the picture's width: 43 degrees across; a plate 6 m away is 120 of 1280 pixels wide

Point = tuple[float, float, float]  # ahead, across, above


class LaneView:
    """The projection for one size of picture."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._focal = FOCAL_SHARE * width
        self._yaw = np.arctan2(-BESIDE_MM, AIM_MM)
        self._pitch = np.arctan2(AIM_HIGH_MM - HEIGHT_MM, AIM_MM)

    def place(self, points: Sequence[Point]) -> list[tuple[float, float]]:
        """Pixels of these points, all of them at least NEAREST_MM ahead."""
        ahead, across, above = np.array(points, dtype=np.float64).T
        x, y, z = across - BESIDE_MM, above - HEIGHT_MM, ahead
        x, z = x * np.cos(self._yaw) - z * np.sin(self._yaw), x * np.sin(self._yaw) + z * np.cos(self._yaw)
        y, z = y * np.cos(self._pitch) - z * np.sin(self._pitch), y * np.sin(self._pitch) + z * np.cos(self._pitch)
        z = np.maximum(z, 1.0)
        u = self.size[0] / 2 + self._focal * x / z
        v = self.size[1] / 2 - self._focal * y / z
        return list(zip(u.tolist(), v.tolist(), strict=True))

    def px_per_mm(self, ahead: float) -> float:
        """How large things are so far ahead."""
        return self._focal / max(ahead, NEAREST_MM)

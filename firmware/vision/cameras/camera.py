"""What every camera promises. It is opened, read and closed by one thread; nothing else touches it."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from firmware.vision.frames import Raw

NEXT_S_MAX = 5.0  # that next() may wait: a stream that stalls for longer is lost
OPEN_S_MAX = 8.0
SIDE_PX_MIN, SIDE_PX_MAX = 32, 4096  # of a picture; larger ones would not fit in the memory that we promise


class Camera(Protocol):
    """`counts` is for health: jumps, resized, corrupt, as far as it can tell."""

    counts: Counter[str]

    def open(self) -> None:
        """Within OPEN_S_MAX. Raises CameraError."""

    def next(self) -> Raw | None:
        """The next frame, or None where none came yet; returns within twice NEXT_S_MAX. Raises CameraError."""

    def close(self) -> None:
        """Let go of everything. Idempotent, and never raises."""

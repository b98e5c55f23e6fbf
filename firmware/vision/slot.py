"""Where the newest frame of a camera waits for the worker: what was not looked at in time is dropped."""

from __future__ import annotations

import threading

from firmware.vision.frames import Frame


class Slot:
    """One frame at most. Put from the camera's thread, taken by the event loop."""

    def __init__(self) -> None:
        self.dropped = 0
        self._frame: Frame | None = None
        self._lock = threading.Lock()

    @property
    def full(self) -> bool:
        return self._frame is not None

    def put(self, frame: Frame) -> None:
        with self._lock:
            self.dropped += self._frame is not None
            self._frame = frame

    def take(self) -> Frame | None:
        """The newest one that nobody has taken."""
        with self._lock:
            frame, self._frame = self._frame, None
            return frame

"""What can go wrong in the vision process. The messages become the reasons of events: short, and what to look at."""

from __future__ import annotations


class VisionError(Exception):
    """The vision process cannot go on."""


class CameraError(VisionError):
    """A camera is lost, or cannot be opened."""


class WorkerError(VisionError):
    """The worker that runs the models has died, or hangs."""

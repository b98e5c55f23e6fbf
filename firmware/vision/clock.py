"""The clock of frames. Cameras are read in threads, which have no event loop to ask."""

from __future__ import annotations

import time  # noqa: TID251  beside the event loops' own clock, which is the same one


def now_ns() -> int:
    """CLOCK_MONOTONIC, as the stamps of sightings have it."""
    return time.monotonic_ns()


def utc_s() -> float:
    """Wall time, for the age of files; it may jump."""
    return time.time()


def rest(seconds: float) -> None:
    """Wait in a camera's thread, where a source has no rhythm of its own."""
    time.sleep(seconds)

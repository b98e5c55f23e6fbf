"""From what single frames show to what stands there: who follows things over frames keeps this promise."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from firmware.sightings import CameraOrder
from firmware.vision.work import Detection


class Voted(NamedTuple):
    """One thing, over several frames that agree. Places in pixels of its newest frame."""

    kind: str  # plate, face, object
    text: str
    found: float
    read: float
    reads: int
    direction: str  # towards, away, unknown
    box: tuple[float, float, float, float]
    track: int  # the same number for the same thing that says the same
    vehicle: str = ""  # what carries the plate; empty: nothing that was seen


class Follower(Protocol):
    """Of one camera. A jump in time, or another size, begins anew. `refused`: what was no plate, by the reason."""

    refused: Counter[str]

    def see(self, detections: Sequence[Detection], at_ns: int, size: tuple[int, int]) -> Sequence[Voted]:
        """Take one frame's detections; what is certain enough now, of things that are in this very frame."""


MakeFollower = Callable[[CameraOrder], Follower]

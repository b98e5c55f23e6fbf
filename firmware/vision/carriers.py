"""Which vehicle carries which plate, where their boxes overlap: each its own, as well as plates usually hang.

The figures are of 204 labelled plates and the vehicles around them (EasyPR, CCPD, OpenALPR; models/vehicles.py).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from firmware.vision.badges import why_not
from firmware.vision.track import Box, Track, middle
from firmware.vision.work import Detection

AROUND = 0.04  # of its size: a box may be a little too small for the plate on the bumper
ACROSS, DOWN = (0.49, 0.15), (0.71, 0.14)  # where its middle is in the vehicle's box: usually, give or take
WIDE = (math.log(0.25), 0.33)  # its width by the vehicle's


class Carrier(NamedTuple):
    """A vehicle that may carry plates, where it is in this frame."""

    track: Track
    box: Box


class Hangs(NamedTuple):
    """A plate and who carries it (None: nobody), or why it is no plate."""

    plate: Detection
    carrier: Carrier | None
    why: str


def holds(box: Box, x: float, y: float) -> bool:
    """Whether a point lies in a box, or as good as."""
    wide, high = AROUND * (box[2] - box[0]), AROUND * (box[3] - box[1])
    return box[0] - wide <= x <= box[2] + wide and box[1] - high <= y <= box[3] + high


def inside(box: Box, other: Box) -> bool:
    """Whether a box lies in another one as a whole."""
    return other[0] <= box[0] and other[1] <= box[1] and box[2] <= other[2] and box[3] <= other[3]


def odd(plate: Box, vehicle: Box) -> float:
    """How unusual this place on this vehicle would be: 0 as usual; the square of how many times the usual spread."""
    x, y = middle(plate)
    wide, high = max(1.0, vehicle[2] - vehicle[0]), max(1.0, vehicle[3] - vehicle[1])
    across, down = (x - vehicle[0]) / wide, (y - vehicle[1]) / high
    share = math.log(max(1e-6, (plate[2] - plate[0]) / wide))
    return sum(
        ((is_now - usual) / spread) ** 2 for is_now, (usual, spread) in ((across, ACROSS), (down, DOWN), (share, WIDE))
    )


def hanging(plates: Sequence[Detection], carriers: Sequence[Carrier]) -> list[Hangs]:
    """For each plate who carries it. Each vehicle takes the one that hangs best first; what is left shares."""
    answers: dict[int, Hangs] = {}
    pairs = []
    for place, plate in enumerate(plates):
        x, y = middle(plate.box)
        around = [each for each in carriers if holds(each.box, x, y)]
        reasons = {each.track.number: why_not(plate, each.track.label, each.box) for each in around}
        pairs += [
            (odd(plate.box, each.box), place, each.track.number, each)
            for each in around
            if not reasons[each.track.number]
        ]
        if not around:
            answers[place] = Hangs(plate, None, "")
        elif all(reasons.values()):
            nearest = min(around, key=lambda each: (odd(plate.box, each.box), each.track.number))
            answers[place] = Hangs(plate, nearest, reasons[nearest.track.number])
    pairs.sort(key=lambda pair: pair[:3])
    taken: set[int] = set()
    for _, place, number, carrier in pairs:
        if place not in answers and number not in taken:
            taken.add(number)
            answers[place] = Hangs(plates[place], carrier, "")
    for _, place, _, carrier in pairs:
        answers.setdefault(place, Hangs(plates[place], carrier, ""))
    return [answers[place] for place in range(len(plates))]

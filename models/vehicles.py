"""Vehicles, people and dogs in a picture: what each is, where, and how sure that is.

Two models look. `vehicles` (trained on COCO) tells car, truck, bus and motorcycle apart and sees people; it misses one
vehicle in ten that fills the picture, as one does before a bollard. `vehicles_near` (Open Images) sees those, and calls
all of them cars: here, vehicles. What both see is one thing: the box of the surer one, the kind of the one that knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from models.interpreter import Loaded, load_interpreter
from models.letterbox import Boxed, boxed
from models.manifest import manifest
from models.ssd import Raw, chosen
from models.warp import Picture

NAMES = ("vehicles", "vehicles_near")  # the one that tells kinds apart first
VAGUE = {"vehicles_near": {"car": "vehicle"}}  # of a model, its words that say too much
# What can hide each other's box; in other groups things may overlap: a rider and a motorcycle are two.
GROUPS = (("car", "truck", "bus", "vehicle"), ("motorcycle", "bicycle"), ("person",), ("dog",))
MOTOR = ("car", "truck", "bus", "vehicle", "motorcycle")  # what may carry a number plate
LEAST = 0.3  # less sure things are none
SAME = 0.5  # of two of one group that overlap so much, one is the other's shadow
MOST = 16  # of one group in one picture

Box = tuple[float, float, float, float]  # left, top, right, bottom; pixels


class Thing(NamedTuple):
    """Something that counts at a gate. `kind`: a word of GROUPS; `box`: in pixels of the picture; `sure`: 0..1."""

    kind: str
    box: Box
    sure: float


class Detector(NamedTuple):
    """One loaded model and the names of its classes."""

    model: Loaded
    labels: tuple[str, ...]


def load(names: Sequence[str] = NAMES, runtime: str | None = None, threads: int = 1) -> list[Detector]:
    """The detectors by their names in the manifest. Raises ModelError where one is missing or damaged."""
    found = []
    for name in names:
        vague = VAGUE.get(name, {})
        labels = tuple(vague.get(label, label) for label in manifest()[name].labels)
        found.append(Detector(load_interpreter(name, runtime, threads), labels))
    return found


def detect(detectors: Sequence[Detector], picture: Picture, least: float = LEAST) -> list[Thing]:
    """All things in a picture u8[h, w, 3], the surest first, each once however many detectors see it."""
    small = _scaled(detectors, picture)
    found: list[Thing] = []
    for each in detectors:
        found = merged(found, seen(each, small, picture.shape[:2], least))
    return sorted(found, key=lambda thing: -thing.sure)


def detect_around(
    detectors: Sequence[Detector], picture: Picture, plates: Sequence[Box], least: float = LEAST
) -> list[Thing]:
    """As `detect`, at half the cost: the last detector alone where it finds a vehicle around each of these plates."""
    small = _scaled(detectors, picture)
    found = seen(detectors[-1], small, picture.shape[:2], least)
    if not all(any(thing.kind in MOTOR and _holds(thing.box, plate) for thing in found) for plate in plates):
        for each in detectors[:-1]:
            found = merged(seen(each, small, picture.shape[:2], least), found)
    return sorted(found, key=lambda thing: -thing.sure)


def seen(detector: Detector, small: Boxed, size: tuple[int, ...], least: float = LEAST) -> list[Thing]:
    """What one detector sees in a picture of `size` (height, width) that was scaled into its own."""
    answer, scores = detector.model.run(small.picture[None].astype(np.float32) / np.float32(127.5) - np.float32(1))
    things = []
    for group in GROUPS:
        columns = [place for place, label in enumerate(detector.labels) if label in group]
        if columns:
            for raw in chosen(answer[0], scores[0][:, columns], least, SAME, MOST):
                box = _in_picture(raw, small, size)
                if box[2] - box[0] >= 1 and box[3] - box[1] >= 1:
                    things.append(Thing(detector.labels[columns[raw.kind]], box, raw.sure))
    return things


def merged(told: Sequence[Thing], more: Sequence[Thing]) -> list[Thing]:
    """What two detectors see, each thing once; `told` are of the one that tells kinds apart better."""
    kept = list(told)
    for thing in more:
        same = [
            place
            for place, other in enumerate(kept[: len(told)])
            if _group(other.kind) == _group(thing.kind) and overlap(other.box, thing.box) > SAME
        ]
        if not same:
            kept.append(thing)
            continue
        best = max(same, key=lambda place: overlap(kept[place].box, thing.box))
        if thing.sure > kept[best].sure:
            kept[best] = Thing(kept[best].kind, thing.box, thing.sure)
    return kept


def overlap(one: Box, other: Box) -> float:
    """The share that two boxes have in common (IoU)."""
    both = max(0.0, min(one[2], other[2]) - max(one[0], other[0])) * max(
        0.0, min(one[3], other[3]) - max(one[1], other[1])
    )
    whole = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - both
    return both / whole if whole > 0 else 0.0


def _scaled(detectors: Sequence[Detector], picture: Picture) -> Boxed:
    """Once for all of them: they take pictures of one size."""
    sizes = {each.model.shape[1:3] for each in detectors}
    if len(sizes) != 1:
        raise ValueError(f"detectors that look together take one size of pictures, not {sorted(sizes)}")
    height, width = sizes.pop()
    return boxed(picture, height, width)


def _holds(box: Box, plate: Box) -> bool:
    """Whether the middle of a plate lies in a box."""
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    return box[0] <= x <= box[2] and box[1] <= y <= box[3]


def _group(kind: str) -> int:
    return next(place for place, group in enumerate(GROUPS) if kind in group)


def _in_picture(raw: Raw, small: Boxed, size: tuple[int, ...]) -> Box:
    """Out of the scaled picture into the picture itself."""
    high, wide = small.picture.shape[:2]
    left, right = (min(size[1], share * wide / small.scale) for share in (raw.box[0], raw.box[2]))
    top, bottom = (min(size[0], share * high / small.scale) for share in (raw.box[1], raw.box[3]))
    return left, top, right, bottom

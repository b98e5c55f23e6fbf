"""From the answers of a single-shot detector to boxes: its anchors, how it writes boxes, and of two that overlap one.

After W. Liu et al., SSD: Single Shot MultiBox Detector, 2016; the figures are those of TensorFlow's object detection
models on MobileNet (six sizes of cells on 300 x 300 pixels).
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CELLS = (19, 10, 5, 3, 2, 1)  # a side, from fine to coarse
SMALLEST, LARGEST = 0.2, 0.95  # of the picture's side
FINE = ((0.1, 1.0), (SMALLEST, 2.0), (SMALLEST, 0.5))  # of the finest cells: size, width by height
SHAPES = (1.0, 2.0, 0.5, 3.0, 1 / 3)
PLACE_SCALE, SIZE_SCALE = 10.0, 5.0
GROWTH_MAX = 10.0  # of an answer's logarithm of a size: beyond is no answer of a sound model


class Raw(NamedTuple):
    """One box: left, top, right, bottom in shares of the picture, its class and how sure, 0..1."""

    box: tuple[float, float, float, float]
    kind: int
    sure: float


@cache
def anchors() -> NDArray[np.float32]:
    """f32[1917, 4]: the middle's y and x, height and width, in shares of the picture."""
    sizes = [SMALLEST + (LARGEST - SMALLEST) * each / (len(CELLS) - 1) for each in range(len(CELLS))] + [1.0]
    rows: list[tuple[float, float, float, float]] = []
    for layer, cells in enumerate(CELLS):
        shapes = (
            FINE
            if layer == 0
            else (*((sizes[layer], each) for each in SHAPES), (float(np.sqrt(sizes[layer] * sizes[layer + 1])), 1.0))
        )
        for y in range(cells):
            for x in range(cells):
                rows += [
                    ((y + 0.5) / cells, (x + 0.5) / cells, size / np.sqrt(wide), size * np.sqrt(wide))
                    for size, wide in shapes
                ]
    return np.array(rows, np.float32)


def boxes_of(answer: NDArray[np.float32]) -> NDArray[np.float32]:
    """Left, top, right, bottom f32[1917, 4] of an answer f32[1917, 4] (y, x, height, width, from the anchors)."""
    start = anchors()
    middle = answer[:, :2] / PLACE_SCALE * start[:, 2:] + start[:, :2]
    half = np.exp(np.minimum(answer[:, 2:] / SIZE_SCALE, GROWTH_MAX)) * start[:, 2:] / 2
    return np.asarray(np.concatenate([(middle - half)[:, ::-1], (middle + half)[:, ::-1]], axis=1).clip(0, 1))


def overlaps(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """The share that a box f32[4] and each of others f32[n, 4] have in common (IoU)."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=1)
    areas = np.prod(others[:, 2:] - others[:, :2], axis=1)
    return np.asarray(both / np.maximum(np.prod(box[2:] - box[:2]) + areas - both, 1e-9), np.float32)


def chosen(answer: NDArray[np.float32], scores: NDArray[np.float32], least: float, same: float, most: int) -> list[Raw]:
    """The boxes of an answer f32[1917, 4] with scores f32[1917, classes] before the sigmoid, surest first.

    `least`: less sure ones are none; `same`: of two that overlap so much, the less sure one is the other's shadow,
    whatever its class, for a vehicle is a car or a truck; `most`: in one picture.
    """
    sure = 1 / (1 + np.exp(-scores.max(axis=1).astype(np.float64)))
    places = np.flatnonzero(np.isfinite(sure) & (sure >= least) & np.isfinite(answer).all(axis=1))
    places = places[np.argsort(-sure[places], kind="stable")]
    boxes = boxes_of(answer)
    kept: list[int] = []
    while len(places) and len(kept) < most:
        first = places[0]
        kept.append(int(first))
        places = places[1:][overlaps(boxes[first], boxes[places[1:]]) <= same]
    return [Raw(_four(boxes[each]), int(scores[each].argmax()), float(sure[each])) for each in kept]


def _four(row: NDArray[np.float32]) -> tuple[float, float, float, float]:
    return float(row[0]), float(row[1]), float(row[2]), float(row[3])

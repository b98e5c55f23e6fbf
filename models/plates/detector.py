"""Finds plates in a picture: the four corners of each, and how sure that is."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.interpreter import Loaded
from models.letterbox import boxed, unit
from models.warp import Picture, Quad

STRIDE = 8
LEAST = 0.5  # a middle less sure than this is none
SAME = 0.3  # of two that overlap so much, the surer one is kept
MOST = 24  # plates in one picture; a text of hundreds of "plates" is a screen full of them
SMALLEST_PX = 8.0


class Found(NamedTuple):
    """A plate: its corners in pixels of the picture, and how sure, 0..1."""

    quad: Quad
    sure: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom."""
        low, high = self.quad.min(axis=0), self.quad.max(axis=0)
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def detect(model: Loaded, picture: Picture, least: float = LEAST) -> list[Found]:
    """All plates of a picture u8[h, w, 3], the surest first."""
    _, height, width, _ = model.shape
    small = boxed(picture, height, width)
    middles, corners = sorted(model.run(unit(small.picture)), key=lambda each: int(each.shape[-1]))
    found = peaks(np.concatenate([middles[0], corners[0]], axis=-1), least)
    return [Found((each.quad / small.scale).astype(np.float32), each.sure) for each in found]


def peaks(answer: NDArray[np.float32], least: float = LEAST) -> list[Found]:
    """The plates of one answer f32[h, w, 9] (a score of the middle, then four corners from it in strides)."""
    score = 1 / (1 + np.exp(-answer[..., 0].astype(np.float64)))
    padded = np.pad(score, 1)
    height, width = score.shape
    around = np.max([padded[y : y + height, x : x + width] for y in range(3) for x in range(3)], axis=0)
    rows, columns = np.nonzero((score >= around) & (score >= least))
    order = np.argsort(-score[rows, columns])[: 4 * MOST]
    kept: list[Found] = []
    for row, column in zip(rows[order], columns[order], strict=True):
        corners = answer[row, column, 1:].reshape(4, 2).astype(np.float64) + np.array([column, row])
        one = Found(((corners + 0.5) * STRIDE).astype(np.float32), float(score[row, column]))
        if not _whole(one.quad) or any(overlap(one, other) > SAME for other in kept):
            continue
        kept.append(one)
        if len(kept) == MOST:
            break
    return kept


def overlap(one: Found, other: Found) -> float:
    """The share of two upright boxes that both have (IoU)."""
    left, top, right, bottom = one.box
    left2, top2, right2, bottom2 = other.box
    both = max(0.0, min(right, right2) - max(left, left2)) * max(0.0, min(bottom, bottom2) - max(top, top2))
    return both / max(1e-9, (right - left) * (bottom - top) + (right2 - left2) * (bottom2 - top2) - both)


def _whole(quad: Quad) -> bool:
    """Whether the corners go around something, in their order, and it is wide enough to be read."""
    if not np.isfinite(quad).all():
        return False
    following = np.roll(quad, -1, axis=0) - quad
    turns = (
        following[:, 0] * np.roll(following, -1, axis=0)[:, 1] - following[:, 1] * np.roll(following, -1, axis=0)[:, 0]
    )
    return bool((turns > 0).all() and np.linalg.norm(quad[1] - quad[0]) >= SMALLEST_PX)

"""From a model's own certainty to how often it is right: a curve that was measured, kept in the manifest.

A model that says 0.99 and is right nine times in ten is believed too much; `curve_of` measures that, `Curve` undoes it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from models.manifest import ModelError

BINS = 10
IN_A_BIN_MIN = 20  # with fewer, a bin says little
POINTS_MAX = 64


class Curve(NamedTuple):
    """`said`, rising: what the model says; `true`, never falling: how often it is right then. Empty: it is believed.

    Between two points straight; below the first straight to nothing; never above the last, for nobody measured that.
    """

    said: tuple[float, ...] = ()
    true: tuple[float, ...] = ()

    def at(self, sure: float) -> float:
        """Of a model's certainty 0..1 the measured one, 0..1. What is no number is no certainty."""
        if math.isnan(sure):
            return 0.0
        bounded = min(1.0, max(0.0, sure))
        if not self.said:
            return bounded
        start = () if self.said[0] == 0 else (0.0,)
        return float(np.interp(bounded, (*start, *self.said), (*start, *self.true)))


def curve(name: str, points: Sequence[tuple[float, float]]) -> Curve:
    """The curve of a manifest's entry. Raises ModelError where it is none."""
    said, true = tuple(each[0] for each in points), tuple(each[1] for each in points)
    rises = all(one < other for one, other in pairwise(said)) and all(one <= other for one, other in pairwise(true))
    if not rises or not all(0 <= each <= 1 for each in (*said, *true)) or len(points) > POINTS_MAX:
        raise ModelError(
            f"the calibration of {name} is no curve: at most {POINTS_MAX} pairs [said, true] from 0 to 1, the first "
            "rising, the second never falling"
        )
    return Curve(said, true)


def curve_of(said: Sequence[float], right: Sequence[bool]) -> Curve:
    """Measure a curve: bins of as many answers each, one point a bin, (right + 1) / (answers + 2), made never to fall.

    Laplace's rule keeps a bin without a wrong answer below 1. Fewer than IN_A_BIN_MIN answers give the empty curve.
    """
    if len(said) < IN_A_BIN_MIN:
        return Curve()
    order = np.argsort(np.asarray(said, np.float64), kind="stable")
    sure, good = np.asarray(said, np.float64)[order], np.asarray(right, np.float64)[order]
    bins = max(1, min(BINS, len(said) // IN_A_BIN_MIN))
    edges = np.linspace(0, len(said), bins + 1).round().astype(int)
    pools = [[float(sure[a:b].sum()), float(good[a:b].sum()), float(b - a)] for a, b in pairwise(edges.tolist())]
    merged: list[list[float]] = []
    for pool in pools:  # pool adjacent violators (Ayer et al., 1955)
        merged.append(pool)
        while len(merged) > 1 and (_true(merged[-2]) >= _true(merged[-1]) or _said(merged[-2]) >= _said(merged[-1])):
            last = merged.pop()
            merged[-1] = [one + other for one, other in zip(merged[-1], last, strict=True)]
    return Curve(tuple(round(_said(each), 4) for each in merged), tuple(round(_true(each), 4) for each in merged))


def error_of(said: Sequence[float], right: Sequence[bool]) -> float:
    """How far certainty and truth are apart: the expected calibration error over BINS bins of equal width, 0..1."""
    if not said:
        return 0.0
    sure, good = np.asarray(said, np.float64), np.asarray(right, np.float64)
    places = np.minimum((sure * BINS).astype(int), BINS - 1)
    apart = sum(
        abs(float(sure[places == each].sum()) - float(good[places == each].sum())) for each in np.unique(places)
    )
    return apart / len(said)


def _said(pool: Sequence[float]) -> float:
    return pool[0] / pool[2]


def _true(pool: Sequence[float]) -> float:
    return (pool[1] + 1) / (pool[2] + 2)

"""From the detector's answer to plates: planted ones are found where they are, one each, and nothing else is."""

from __future__ import annotations

import numpy as np
import pytest

from models.plates.detector import MOST, STRIDE, overlap, peaks
from models.warp import box_of


def answer(*planted: tuple[np.ndarray, float]) -> np.ndarray:
    """An answer f32[48, 80, 9] of these plates (corners, score); the cells beside a middle say so, too, less surely."""
    made = np.zeros((48, 80, 9), np.float32)
    made[..., 0] = -9
    for quad, score in planted:
        column, row = np.round(quad.mean(axis=0) / STRIDE - 0.5).astype(int)
        for y in range(max(0, row - 1), min(48, row + 2)):
            for x in range(max(0, column - 1), min(80, column + 2)):
                made[y, x, 0] = score - 2 * ((y, x) != (row, column))
                made[y, x, 1:] = (quad / STRIDE - 0.5 - [x, y]).ravel()
    return made


def test_each_planted_plate_is_found_once_where_it_is():
    planted = [(box_of(40, 60, 96, 30), 4.0), (box_of(300, 200, 40, 13), 2.0), (box_of(480, 330, 150, 48), 3.0)]
    found = peaks(answer(*planted))
    assert [round(each.sure, 3) for each in found] == [0.982, 0.953, 0.881]  # the logistic function of 4, 3 and 2
    for each, expected in zip(found, (planted[0], planted[2], planted[1]), strict=True):
        assert np.abs(each.quad - expected[0]).max() < 0.01


def test_of_two_upon_each_other_the_surer_one_is_kept():
    near = answer((box_of(40, 60, 96, 30), 4.0))
    near[8, 14] = near[9, 10]
    near[8, 14, 0] = 3.0
    near[8, 14, 1:] -= np.tile([4, -1], 4)
    assert len(peaks(near)) == 1


def test_an_empty_answer_has_no_plate_and_a_wild_one_has_bounded_many():
    assert peaks(answer()) == []
    wild = np.random.default_rng(1).normal(0, 3, (48, 80, 9)).astype(np.float32)
    assert len(peaks(wild)) <= MOST


@pytest.mark.parametrize("broken", [np.nan, np.inf])
def test_corners_that_are_no_numbers_are_no_plate(broken):
    made = answer((box_of(40, 60, 96, 30), 4.0))
    made[..., 3] = broken
    assert peaks(made) == []


def test_corners_in_the_wrong_order_are_no_plate():
    assert peaks(answer((box_of(40, 60, 96, 30)[[0, 2, 1, 3]], 4.0))) == []


def test_overlap_is_the_share_that_both_have():
    [one] = peaks(answer((box_of(40, 60, 96, 30), 4.0)))
    [other] = peaks(answer((box_of(88, 60, 96, 30), 4.0)))
    assert overlap(one, one) == pytest.approx(1.0)
    assert overlap(one, other) == pytest.approx(48 / 144, abs=1e-4)

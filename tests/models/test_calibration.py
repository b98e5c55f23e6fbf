"""Calibration: curves that were measured by hand, the rule of succession, and certainty that becomes truth."""

import numpy as np
import pytest

from models.calibration import Curve, curve, curve_of, error_of
from models.manifest import ModelError


def test_no_curve_believes_what_is_said():
    assert [Curve().at(each) for each in (0.0, 0.4, 1.0)] == [0.0, 0.4, 1.0]
    assert [Curve().at(each) for each in (-1.0, 2.0, float("nan"))] == [0.0, 1.0, 0.0]


def test_between_points_straight_below_to_nothing_above_no_more():
    measured = curve("reader", [(0.5, 0.2), (0.9, 0.8)])
    assert measured.at(0.25) == pytest.approx(0.1)
    assert measured.at(0.7) == pytest.approx(0.5)
    assert measured.at(1.0) == pytest.approx(0.8)
    assert measured.at(float("nan")) == 0.0


def test_a_curve_may_begin_at_nothing():
    assert curve("reader", [(0.0, 0.1), (1.0, 0.9)]).at(0.0) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "points",
    [[(0.5, 0.5), (0.4, 0.6)], [(0.5, 0.5), (0.5, 0.6)], [(0.4, 0.6), (0.5, 0.5)], [(-0.1, 0.5)], [(0.5, 1.1)],
     [(float("nan"), 0.5)], [(each / 100, each / 100) for each in range(65)]],
)  # fmt: skip
def test_what_is_no_curve_is_refused(points):
    with pytest.raises(ModelError, match="calibration of reader"):
        curve("reader", points)


def test_one_bin_is_the_rule_of_succession():
    """20 answers, all of them right: (20 + 1) / (20 + 2), and never 1."""
    measured = curve_of([0.99] * 20, [True] * 20)
    assert measured.true == (pytest.approx(21 / 22, abs=1e-4),)
    assert curve_of([0.9] * 19, [True] * 19) == Curve()


def test_bins_never_fall():
    said = np.linspace(0.5, 1.0, 400).tolist()
    right = [True] * 200 + [False] * 100 + [True] * 100  # surer is not always better
    measured = curve_of(said, right)
    assert list(measured.true) == sorted(measured.true)
    assert list(measured.said) == sorted(set(measured.said))
    curve("reader", list(zip(measured.said, measured.true, strict=True)))


def test_certainty_becomes_truth():
    """A model that is right with the square of what it says, on answers of its own and on others."""
    chance = np.random.default_rng(4)

    def answers(count):
        said = chance.uniform(0, 1, count)
        return said.tolist(), (chance.uniform(0, 1, count) < said**2).tolist()

    measured = curve_of(*answers(20_000))
    said, right = answers(20_000)
    assert error_of(said, right) == pytest.approx(1 / 2 - 1 / 3, abs=0.01)  # the mean of x - x^2
    assert error_of([measured.at(each) for each in said], right) < 0.02


def test_the_error_of_no_answer_is_none():
    assert error_of([], []) == 0.0
    assert error_of([1.0], [False]) == 1.0
    assert error_of([1.0], [True]) == 0.0

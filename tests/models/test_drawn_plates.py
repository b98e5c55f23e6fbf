"""Drawn plates: each kind says a text of its own syntax, its letters stand where they should, and a seed is a plate."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from models.drawn.kinds import KINDS
from models.drawn.plate import any_plate, draw
from models.drawn.strokes import STROKES, Style, glyph
from models.plates.syntax import CHINESE_FORMS, LATIN_FORMS, fits

SCALE = 0.6


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_says_what_such_plates_say(name):
    kind = KINDS[name]
    chance = np.random.default_rng(5)
    forms = CHINESE_FORMS if kind.region == "cn" else LATIN_FORMS
    for _ in range(200):
        text = kind.text(chance).replace(" ", "")
        assert fits(text, forms), text


@pytest.mark.parametrize("name", KINDS)
def test_each_character_stands_in_its_cell_and_inside_of_the_plate(name):
    kind = KINDS[name]
    for seed in range(6):
        text = kind.text(np.random.default_rng(seed))
        cells = kind.cells(text)
        assert [cell.letter for cell in cells] == list(text.replace(" ", ""))
        for cell in cells:
            assert 0 <= cell.x <= kind.width_mm - cell.width, (text, cell)
            assert 0 <= cell.y <= kind.height_mm - cell.height, (text, cell)
        for left, right in pairwise(cells):
            assert left.y != right.y or left.x + left.width <= right.x + 1e-6
        drawn = draw(kind, text, np.random.default_rng(seed), SCALE)
        assert drawn.text == text.replace(" ", "")
        assert drawn.picture.shape == (round(kind.height_mm * SCALE), round(kind.width_mm * SCALE), 3)
        for cell in cells:
            x, y = round(cell.x * SCALE), round(cell.y * SCALE)
            piece = drawn.picture[y : y + round(cell.height * SCALE), x : x + round(cell.width * SCALE)]
            assert np.ptp(piece.astype(int).sum(axis=-1)) > 100, (text, cell.letter)


def test_a_seed_is_a_plate():
    one, other, third = (any_plate(np.random.default_rng(seed)) for seed in (7, 7, 8))
    assert one.text == other.text
    assert np.array_equal(one.picture, other.picture)
    assert one.text != third.text


def test_no_two_letters_of_strokes_are_alike_but_those_that_are_on_the_road():
    """0 and O are one shape on plates, too."""
    masks = {letter: glyph(letter, 45, 90, Style()) > 127 for letter in STROKES}
    assert (masks["0"] == masks["O"]).all()
    for one in STROKES:
        for other in STROKES:
            if one < other and {one, other} != {"0", "O"}:
                apart = (masks[one] ^ masks[other]).sum() / (masks[one] | masks[other]).sum()
                assert apart > 0.05, (one, other, apart)

"""`make peers` measures by the same rules as `menshen evaluate plates`: figures worked out by hand."""

from __future__ import annotations

import pytest

from firmware.vision.evaluation import without_province
from tests.peers.plates import measured


def test_figures_of_chinese_plates():
    rows = [
        ("皖A12345", "皖A12345", 1.0),  # right
        ("皖A12345", "京A12345", 2.0),  # another province: 1 of 7 characters
        ("皖A12345", "皖A1234", 3.0),  # one is missing: 1 of 7
        ("皖A12345", "", 9.0),  # nothing
    ]
    assert measured(rows) == {
        "plates": 4,
        "exact": 25.0,
        "exact_ignoring_province": 50.0,
        "characters": pytest.approx(100 * (1 + 6 / 7 + 6 / 7) / 4, abs=0.05),
        "ms": 2.5,
    }


def test_a_latin_plate_has_no_province_to_ignore():
    rows = [("7ABC123", "1ABC123", 1.0), ("ABC1D23", "ABC1D23", 1.0)]
    assert measured(rows)["exact_ignoring_province"] == measured(rows)["exact"] == 50.0
    assert without_province("7ABC123", "1ABC123") == ("7ABC123", "1ABC123")
    assert without_province("皖A12345", "京A12345") == ("A12345", "A12345")


def test_marks_and_the_letter_of_an_authority_are_no_mistakes_of_either_reader():
    assert measured([("粤O·A2160", "粤0A2160", 1.0), ("B-MW 12", "BMW12", 1.0)])["exact"] == 100.0

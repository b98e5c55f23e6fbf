"""Plates as texts: one normal form, what cannot be one, and what looks alike."""

from __future__ import annotations

import itertools

import pytest

from firmware.core.access import Factor
from firmware.core.plates import ALIKE, look_alikes, normal, sound
from firmware.roster.keys import canonical, valid


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("京A·12345", "京A12345"),
        ("京Ａ１２３４５", "京A12345"),  # full-width, as a Chinese keyboard gives it
        (" 沪b 12.345 ", "沪B12345"),
        ("粤B・D12345", "粤BD12345"),
        ("ab 12 cde", "AB12CDE"),
        ("wj粤0123A", "WJ粤0123A"),
    ],
)
def test_a_plate_has_one_normal_form(typed, plate):
    assert normal(typed) == plate
    assert normal(plate) == plate
    assert canonical(Factor.PLATE, typed) == plate  # the roster's own rule is the same
    assert sound(plate)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "A" * 17,
        "' OR 1=1",
        "A1--B2",
        "京A\x0012345",
        "京A12345\u202e",
        "1=1",
        "A;B",
        'A"B',
        "🚗123",
        "A" * 10_000,
    ],
)
def test_what_no_plate_carries_is_none(text):
    assert not sound(normal(text))


def test_what_the_roster_takes_is_sound_but_for_a_double_dash():
    for plate in ("京A12345", "AB-123-CD", "WJ粤0123A", "使123456"):
        assert sound(plate)
        assert valid(Factor.PLATE, plate)


@pytest.mark.parametrize("pair", ["O0", "I1", "B8", "D0", "Z2", "S5"])
def test_the_pairs_of_the_issue_look_alike_both_ways(pair):
    first, second = pair
    assert f"X{second}X" in set(look_alikes(f"X{first}X"))
    assert f"X{first}X" in set(look_alikes(f"X{second}X"))


def test_a_look_alike_differs_in_one_place_and_likeness_is_mutual():
    plate = "京A0B1S5"
    others = list(look_alikes(plate))
    assert len(others) == len(set(others)) <= 64
    for other in others:
        assert sum(a != b for a, b in zip(plate, other, strict=True)) == 1
        assert plate in set(look_alikes(other))


def test_no_character_is_in_two_groups():
    letters = list(itertools.chain.from_iterable(ALIKE))
    assert len(letters) == len(set(letters))

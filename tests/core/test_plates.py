"""Plates as texts: one normal form, what cannot be one, and what looks alike."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.access import Factor
from firmware.core.plates import ALIKE, PROVINCES, look_alikes, normal, sound
from firmware.roster.keys import canonical, valid
from models.plates import alphabet
from models.plates.syntax import CHINESE_FORMS, fits

SWAPPED = str.maketrans("O0", "0O")


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("京A·12345", "京A12345"),
        ("京Ａ１２３４５", "京A12345"),  # full-width, as a Chinese keyboard gives it
        (" 沪b 12.345 ", "沪B12345"),
        ("粤B・D12345", "粤BD12345"),
        ("粤B●D12345", "粤BD12345"),
        ("粤B。D12345", "粤BD12345"),  # what the key of the dot gives where Chinese is typed
        ("沪A\u300012345\u00a0", "沪A12345"),  # the ideographic space, and one that does not break
        ("ab 12 cde", "AB12CDE"),
        ("wj粤0123A", "WJ粤0123A"),
        ("B-MW 12", "BMW12"),
        ("BM-W 12", "BMW12"),
        ("AB\u2011123\u2013cd", "AB123CD"),  # dashes as word processors make them
        ("7－ABC—123", "7ABC123"),
    ],
)
def test_a_plate_has_one_normal_form(typed, plate):
    assert normal(typed) == plate
    assert normal(plate) == plate
    assert canonical(Factor.PLATE, typed) == plate  # the roster's own rule is the same
    assert sound(plate)
    assert valid(Factor.PLATE, plate)


@pytest.mark.parametrize(
    ("typed", "plate"),
    [
        ("粤O12345", "粤O12345"),
        ("粤012345", "粤O12345"),
        ("粤O·A2160", "粤OA2160"),
        ("粤0A2160", "粤OA2160"),  # as data label it, and as a camera reads it
        ("京Ｏ 1234警", "京O1234警"),
        ("京01234警", "京O1234警"),
        # O and 0 are apart wherever both may stand, and where nobody knows:
        ("粤A1O345", "粤A1O345"),
        ("粤A10345", "粤A10345"),
        ("粤OO2345", "粤OO2345"),  # no plate has a letter O behind the second place
        ("粤0O2345", "粤0O2345"),
        ("O012345", "O012345"),
        ("0O12345", "0O12345"),
        ("粤01234", "粤01234"),  # six characters, or nine: no plate of GA 36
        ("粤0D12345", "粤0D12345"),  # eight, of new energy, which authorities of old never issued
        ("苏0312345", "苏0312345"),  # a tractor's: two digits name its town
        ("使012345", "使012345"),
        ("WJ粤0123A", "WJ粤0123A"),
        ("AO12345", "AO12345"),
    ],
)
def test_the_letter_of_an_authority_is_an_o_and_no_other_zero_is(typed, plate):
    """GA 36-2018: a province, the letter of the authority that issued it, five characters without I and O."""
    assert normal(typed) == plate
    assert normal(plate) == plate


GA_36 = st.tuples(
    st.sampled_from(PROVINCES),
    st.sampled_from("ABCDEFGHJKLMNOPQRSTUVWXYZ0"),
    st.text(st.sampled_from("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"), min_size=4, max_size=5),
    st.sampled_from(["", *"学警港澳使领挂"]),
).map("".join)


@given(one=GA_36, other=GA_36)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_two_chinese_plates_are_one_only_by_the_zero_in_the_second_place(one, other):
    for each in (other, one.replace("0", "O"), one.replace("O", "0"), one[0] + one[1].translate(SWAPPED) + one[2:]):
        same = each == one or (
            len(one) == 7 and each[0] == one[0] and each[2:] == one[2:] and {one[1], each[1]} == {"O", "0"}
        )
        assert (normal(each) == normal(one)) is same


@given(st.text(max_size=40) | st.text(st.sampled_from("京粤A0OI1-·. ａ０"), max_size=12))
@settings(max_examples=300, derandomize=True, deadline=None)
def test_what_is_sound_is_normal_already_and_no_mark_changes_it(text):
    plate = normal(text)
    if sound(plate):
        assert normal(plate) == plate
        assert normal("-".join(plate)) == normal(" · ".join(plate)) == normal(plate.lower()) == plate


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "-",
        "----",
        "· ·",
        "A" * 17,
        "A" * 500,
        "京A1234" + "-" * 500,  # longer than what is looked at, whatever would stay of it
        "' OR 1=1",
        "A1'--",
        "京A12345;DROP TABLE credential",
        "京A\x0012345",
        "京A12345\u202e",
        "京A1\u200b2345",
        "京A1?345",  # a character that was not read
        "京A1_345",
        "京A1*345",
        "京A1%345",
        "京A1\ufffd345",
        "1=1",
        "A;B",
        'A"B',
        "АВ12345",  # Cyrillic
        "🚗123",
        "A" * 10_000,
    ],
)
def test_what_no_plate_carries_is_none(text):
    assert not sound(normal(text))
    assert not valid(Factor.PLATE, normal(text))


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


def test_every_plate_that_looks_alike_is_another_one():
    """The O of an authority and a 0 in its place are one plate, and so no look-alikes of each other."""
    for plate in ("粤O12345", "京O1234警", "粤Q12345", "粤D00001", "BMW12"):
        others = list(look_alikes(plate))
        assert plate not in others
        assert all(normal(other) == other for other in others)
    assert "粤O12345" in set(look_alikes("粤Q12345"))


def test_what_the_reader_may_say_of_an_authority_is_the_plate_that_a_roster_writes():
    """The net writes a 0 there (its labels do); the core makes the O of it that GA 36 has."""
    assert set(PROVINCES) == set(alphabet.PROVINCES)
    assert fits("粤0A2160", CHINESE_FORMS)
    assert not fits("粤OA2160", CHINESE_FORMS)
    assert normal("粤0A2160") == normal("粤O·A2160")

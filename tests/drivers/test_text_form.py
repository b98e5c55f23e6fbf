"""What codes look like at a site: the form that an installer states for a reader without a checksum."""

from __future__ import annotations

import time  # noqa: TID251  a measurement: hostile texts may not take long

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.text_form import TextForm

VISITOR = TextForm("MS-", "0-9A-Z-", 8, 12)


@pytest.mark.parametrize("text", ["MS-12345", "MS-ABCDEFGHI", "MS------"])
def test_what_has_the_form(text: str) -> None:
    assert VISITOR.fits(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "MS-1234", "MS-1234567890", "ms-12345", "XMS-12345", "MS-123 45"),
        *("MS-1234\N{FULLWIDTH DIGIT FIVE}", "MS-1234\n"),
    ],
)
def test_what_has_not(text: str) -> None:
    assert not VISITOR.fits(text)


@given(st.text(min_size=1, max_size=512))
def test_no_form_takes_every_text(text: str) -> None:
    assert TextForm().fits(text)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20), st.text(min_size=1, max_size=40))
def test_ranges_hold_what_lies_between_their_ends(characters: str, text: str) -> None:
    """The same by sets: each range written out."""
    letters, at = set(), 0
    while at < len(characters):
        if at + 2 < len(characters) and characters[at + 1] == "-":
            letters |= {chr(code) for code in range(ord(characters[at]), ord(characters[at + 2]) + 1)}
            at += 3
        else:
            letters.add(characters[at])
            at += 1
    assert TextForm(characters=characters).fits(text) == (not characters or set(text) <= letters)


@pytest.mark.attack("serial-19")
@pytest.mark.parametrize("text", ["A" * 512, "A" * 511 + "!", "MS-" * 170, "\N{GRINNING FACE}" * 512])
def test_no_text_takes_long(text: str) -> None:
    """As a regular expression of the same meaning may: a code on a phone's screen would hold up every door."""
    form = TextForm("", "0-9A-Za-z" * 20, 1, 512)
    began = time.perf_counter()
    for _ in range(100):
        form.fits(text)
    assert time.perf_counter() - began < 1

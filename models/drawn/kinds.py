"""Kinds of number plates: their size, colours, rows and the texts that they carry. Sizes in mm.

Chinese kinds after the public figures of GA 36-2018; the Latin ones are shapes of a region, no certain state's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from models.plates.alphabet import PROVINCES

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which Chinese plates do not use
DIGITS = "0123456789"
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

Chance = np.random.Generator
Colour = tuple[int, int, int]


class Cell(NamedTuple):
    """Where one character stands, in mm from the plate's top left."""

    letter: str
    x: float
    y: float
    width: float
    height: float


class Kind(NamedTuple):
    """One kind of plate. `text`: draws one at random; `cells`: where its characters stand."""

    name: str
    width_mm: float
    height_mm: float
    ground: tuple[Colour, ...]  # one, or from top to bottom
    ink: Colour
    text: Callable[[Chance], str]
    cells: Callable[[str], list[Cell]]
    red: str = ""  # characters that are red
    region: str = "cn"
    bare_ones: float = 0.0  # how often a 1 is a mere bar, as an I is: then only its place tells which it is


def pick(chance: Chance, letters: str, count: int = 1) -> str:
    return "".join(letters[index] for index in chance.integers(0, len(letters), count))


def tail(chance: Chance, count: int) -> str:
    """Letters and digits of a Chinese plate: at most two of a plate's last characters are letters, mostly."""
    letters = int(chance.choice([0, 1, 2, 3], p=[0.25, 0.4, 0.3, 0.05]))
    drawn = list(pick(chance, DIGITS, count))
    for place in chance.permutation(count)[:letters]:
        drawn[place] = pick(chance, LETTERS)
    if chance.random() < 0.1:  # runs of one character lose themselves easily in CTC
        start = int(chance.integers(0, count - 1))
        drawn[start + 1 :] = [drawn[start]] * (count - start - 1)
    return "".join(drawn)


def _head(chance: Chance) -> str:
    return pick(chance, PROVINCES) + pick(chance, LETTERS)


def _usual(chance: Chance) -> str:
    return _head(chance) + tail(chance, 5)


def _ending(last: str) -> Callable[[Chance], str]:
    return lambda chance: _head(chance) + tail(chance, 4) + last


def _either(*choices: Callable[[Chance], str]) -> Callable[[Chance], str]:
    return lambda chance: choices[int(chance.integers(0, len(choices)))](chance)


def _green_small(chance: Chance) -> str:
    return (
        _head(chance) + pick(chance, "DFABCEGHJK", 1) + pick(chance, DIGITS + "ABCDEFGHJK", 1) + pick(chance, DIGITS, 4)
    )


def _green_large(chance: Chance) -> str:
    return _head(chance) + pick(chance, DIGITS, 5) + pick(chance, "DFABCEGHJK")


def _row(
    text: str, x: float, y: float, size: tuple[float, float], gap: float, wide_after: int = -1, wide: float = 0
) -> list[Cell]:
    cells = []
    for index, letter in enumerate(text):
        cells.append(Cell(letter, x, y, *size))
        x += size[0] + (wide if index == wide_after else gap)
    return cells


def _single(text: str) -> list[Cell]:
    return _row(text, 15.5, 25, (45, 90), 12, 1, 34)


def _eight(text: str) -> list[Cell]:
    first = Cell(text[0], 15.5, 25, 45, 90)
    return [first, *_row(text[1:], 69.5, 25, (43, 90), 9, 0, 49)]


def _double(text: str) -> list[Cell]:
    return [*_row(text[:2], 110, 15, (80, 60), 60), *_row(text[2:], 27.5, 90, (65, 110), 15)]


def centred(text: str, middle: float, y: float, size: tuple[float, float], gap: float, space: float = 20) -> list[Cell]:
    """One row around `middle`; a space is so much wide."""
    length = sum(space if letter == " " else size[0] + gap for letter in text) - gap
    cells, x = [], middle - length / 2
    for letter in text:
        if letter == " ":
            x += space
            continue
        cells.append(Cell(letter, x, y, *size))
        x += size[0] + gap
    return cells


def _european(text: str) -> list[Cell]:
    count = len(text.replace(" ", ""))
    width = min(47.0, 400.0 / max(count, 1) - 9)
    return centred(text, 282, 17, (width, 76), 8, 28)


def _brazilian_old(text: str) -> list[Cell]:
    return centred(text, 200, 54, (45, 63), 6, 26)


def _brazilian(text: str) -> list[Cell]:
    return centred(text, 200, 42, (44, 68), 9, 0)


def _american(text: str) -> list[Cell]:
    count = len(text.replace(" ", ""))
    width = min(38.0, 262.0 / max(count + text.count(" ") * 0.6, 1) - 4)
    return centred(text, 152, 45, (width, 66), 4, 22)


def _european_text(chance: Chance) -> str:
    form = (
        "AA000AA",
        "AA 000AA",
        "A AA 000",
        "AAA AA00",
        "AA00 AAA",
        "0A0 0000",
        "AA 0000",
        "000 AAA",
        "AA000 AA",
        "A00 AAA",
        "AAAA 00",
        "A AAAAA",
        "AAAAAA",
        "AA 000AA",
        "0A0 0000",
        "0A00000",
    )
    return shaped(chance, form[int(chance.integers(0, len(form)))])


def _american_text(chance: Chance) -> str:
    form = (
        "AAA 000",
        "AAA 0000",
        "0AAA000",
        "000 AAA",
        "00A 000",
        "A00 00A",
        "000000",
        "AAAAAA",
        "AA 00000",
        "0A 0000",
        "AAAA00",
        "AAAAAAA",
        "000A 0A",
        "0A0000A",
        "A000000",
        "AA00A0",
        "AA0A0A",
    )
    return shaped(chance, form[int(chance.integers(0, len(form)))])


def shaped(chance: Chance, form: str) -> str:
    """Letters for each A, digits for each 0."""
    return "".join(
        pick(chance, LATIN) if each == "A" else pick(chance, DIGITS) if each == "0" else each for each in form
    )


WHITE, BLACK, RED = (250, 250, 250), (12, 12, 14), (200, 20, 25)

KINDS: dict[str, Kind] = {
    kind.name: kind
    for kind in (
        Kind("blue", 440, 140, ((20, 60, 190),), WHITE, _usual, _single),
        Kind("green", 480, 140, ((235, 248, 240), (70, 190, 110)), BLACK, _green_small, _eight),
        Kind("green_large", 480, 140, ((70, 190, 110),), BLACK, _green_large, _eight),
        Kind("yellow", 440, 140, ((245, 185, 20),), BLACK, _either(_usual, _ending("学")), _single),
        Kind("yellow_double", 440, 220, ((245, 185, 20),), BLACK, _either(_usual, _ending("挂")), _double),
        Kind("white", 440, 140, (WHITE,), BLACK, _ending("警"), _single, red="警"),
        Kind(
            "black",
            440,
            140,
            ((14, 14, 16),),
            WHITE,
            _either(_ending("港"), _ending("澳"), _ending("使"), _ending("领")),
            _single,
            red="使领",
        ),
        Kind("eu", 520, 110, (WHITE,), BLACK, _european_text, _european, region="eu", bare_ones=0.15),
        Kind("eu_yellow", 520, 110, ((245, 200, 40),), BLACK, _european_text, _european, region="eu", bare_ones=0.15),
        Kind(
            "br_old",
            400,
            130,
            ((165, 168, 170),),
            BLACK,
            lambda chance: shaped(chance, "AAA 0000"),
            _brazilian_old,
            region="br",
            bare_ones=0.6,
        ),
        Kind(
            "br",
            400,
            130,
            (WHITE,),
            BLACK,
            lambda chance: shaped(chance, "AAA0A00"),
            _brazilian,
            region="br",
            bare_ones=0.3,
        ),
        Kind("us", 305, 152, (WHITE,), (20, 30, 90), _american_text, _american, region="us", bare_ones=0.3),
    )
}

"""From scores to a plate: against every path written out, and what no plate may say is never read."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from models.plates.alphabet import BLANK, CHARACTERS, INDEX
from models.plates.ctc import NOTHING, likelihood, probabilities
from models.plates.looks import Looks, decode
from models.plates.syntax import FORMS, fits, plausible

LETTERS = "A8B"
SMALL = ((LETTERS,) * 2, (LETTERS,) * 3)  # plates of two or three of these


def scores(seed: int, places: int) -> np.ndarray:
    """Random ones of three letters and the blank; every other character is as good as impossible."""
    chance = np.random.default_rng(seed)
    made = np.full((places, BLANK + 1), -60.0, np.float32)
    for index in (*(INDEX[letter] for letter in LETTERS), BLANK):
        made[:, index] = chance.normal(0, 2, places)
    return made


def spelled(path: tuple[int, ...]) -> str:
    """What a path says: repeats count once, blanks part them."""
    kept = [each for index, each in enumerate(path) if index == 0 or each != path[index - 1]]
    return "".join(CHARACTERS[each] for each in kept if each != BLANK)


def by_hand(made: np.ndarray) -> dict[str, float]:
    """The probability of every text: all paths, one by one."""
    chances = probabilities(made)
    found: dict[str, float] = {}
    for path in product([*(INDEX[letter] for letter in LETTERS), BLANK], repeat=len(made)):
        text = spelled(path)
        found[text] = found.get(text, 0.0) + float(np.prod([chances[place, each] for place, each in enumerate(path)]))
    return found


@pytest.mark.parametrize("seed", range(20))
def test_a_text_is_as_probable_as_all_of_its_paths(seed):
    made = scores(seed, 5)
    chances = probabilities(made)
    for text, expected in by_hand(made).items():
        assert likelihood(chances, text) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("seed", range(20))
def test_the_most_probable_plate_is_read(seed):
    made = scores(100 + seed, 6)
    all_texts = by_hand(made)
    plates = sorted((text for text in all_texts if fits(text, SMALL)), key=lambda text: -all_texts[text])
    read = decode(made, SMALL)
    assert read.text == plates[0]
    assert read.probability == pytest.approx(all_texts[plates[0]], rel=1e-9)
    assert len(read.letters) == len(read.text)


def test_what_is_no_plate_is_not_read_however_clear_it_is():
    made = np.full((12, BLANK + 1), -60.0, np.float32)
    made[:, BLANK] = 0
    assert decode(made, FORMS) == NOTHING
    for place, letter in enumerate("京A"):  # two characters are a beginning, and no plate
        made[2 * place, :] = -60
        made[2 * place, INDEX[letter]] = 20
    assert decode(made, FORMS) == NOTHING


@pytest.mark.parametrize("text", ["京A88888", "皖AD14488", "粤B1234学", "AA11AA", "使123456"])
def test_doubled_characters_are_kept(text):
    made = np.full((36, BLANK + 1), -20.0, np.float32)
    made[:, BLANK] = 0
    for place, letter in enumerate(text):
        made[3 * place, BLANK], made[3 * place, INDEX[letter]] = -20, 0
    read = decode(made)
    assert (read.text, round(read.probability, 3)) == (text, 1.0)
    assert min(read.letters) > 0.99


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("京A12345", True),
        ("京A1234警", True),
        ("粤0A2160", True),  # an O of authorities
        ("京I12345", False),  # no letter I
        ("京AO2345", False),  # no letter O
        ("A京12345", False),
        ("京A123456", False),  # eight characters have a letter of new energy
        ("京AD12345", True),
        ("京A12345F", True),
        ("京AZ12345", False),
        ("京A警2345", False),
        ("AB", False),
        ("ABC1D23", True),
        ("", False),
        ("1234567890", False),
    ],
)
def test_the_syntax_of_plates(text, whole):
    assert fits(text) is whole


@pytest.mark.parametrize(
    ("one", "other"), [("NYL3614", "NYL36I4"), ("PAG5219", "PAG52I9"), ("1041608", "I04I608"), ("RK776AI", "RK776A1")]
)
def test_of_letters_and_digits_that_look_alike_whole_groups_are_meant(one, other):
    assert plausible(one) > plausible(other)


def test_chinese_plates_mix_letters_and_digits_as_they_like():
    assert plausible("京A1B2C3") == plausible("京A12345")


@pytest.mark.parametrize(
    ("issued", "other"),
    [("PJI5921", "PJI592I"), ("650VYM", "65DVYM"), ("1B25790", "1B285790"), ("AB123CD", "川B123CD")],
)
def test_a_shape_that_is_issued_counts_more(issued, other):
    assert plausible(issued) > plausible(other)


def looks(*said: dict[str, float]) -> Looks:
    """Looks of which each says some texts of one length, with these probabilities."""
    collected = Looks()
    for each in said:
        length = max(map(len, each))
        made = np.full((2 * length, BLANK + 1), 1e-9)
        made[1::2, BLANK] = 1
        for text, probability in each.items():
            for place, letter in enumerate(text):
                made[2 * place, INDEX[letter]] += probability
        collected.add(np.log(made).astype(np.float32))
    return collected


def test_what_most_looks_say_counts_more_than_the_surest_one():
    collected = looks({"京A12345": 0.85, "晋A12345": 0.15}, *[{"京A12345": 0.3, "晋A12345": 0.7}] * 3)
    assert not collected.sure
    read = collected.answer()
    assert (read.text, read.second) == ("晋A12345", "京A12345")
    assert read.probability == pytest.approx(0.7, abs=0.01)  # of the look that shows it best
    assert collected.highest == pytest.approx(0.85, abs=0.01)


@pytest.mark.parametrize(("text", "ends"), [("京A12345", True), ("ABC1234", True), ("A1B2C3D", False), ("A1", False)])
def test_a_sure_look_at_a_usual_plate_is_the_last_one(text, ends):
    assert looks({text: 1.0}).sure is ends


def test_without_a_look_nothing_is_read():
    assert Looks().answer() == NOTHING


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_a_look_that_is_no_numbers_says_nothing(odd):
    """A probability that is no number is neither high nor low, and no message may hold it."""
    made = np.full((14, BLANK + 1), -60.0, np.float32)
    for place, letter in enumerate("NYL3614"):
        made[2 * place, INDEX[letter]] = 0.0
        made[2 * place + 1, BLANK] = 0.0
    sound = decode(made)
    one, both = made.copy(), Looks()
    one[13, 0] = odd
    assert decode(one) == NOTHING
    for each in (made, one):
        both.add(each)
    assert both.answer() == sound
    assert decode(np.zeros((0, BLANK + 1), np.float32)) == NOTHING


def test_an_even_doubt_is_settled_by_the_groups():
    made = np.full((14, BLANK + 1), -60.0, np.float32)
    for place, letter in enumerate("NYL3614"):
        made[2 * place, INDEX[letter]] = 0.0
        made[2 * place + 1, BLANK] = 0.0
    made[10, INDEX["I"]] = 0.5  # a little surer than the 1
    assert decode(made).text == "NYL3614"
    made[10, INDEX["I"]] = 20.0  # sure
    assert decode(made).text == "NYL36I4"

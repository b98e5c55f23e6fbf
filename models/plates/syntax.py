"""The syntax of plates: which texts a plate may carry, as places that each allow some characters.

Chinese plates after GA 36-2018: a province, a letter, then five characters (six of new energy) without I and O. Latin
plates are letters and digits only: what a certain state allows is not known here.
"""

from __future__ import annotations

from functools import cache, lru_cache
from itertools import pairwise

from models.plates.alphabet import DIGITS, INDEX, LETTERS, PROVINCES

CHINESE_LETTERS = LETTERS.replace("I", "").replace("O", "")
SERIAL = CHINESE_LETTERS + DIGITS
SECOND = CHINESE_LETTERS + "0"  # an O of authorities, written as the zero that it looks like
LAST = SERIAL + "学警港澳使领挂"
ENERGY = "ABCDEFGHJK"  # of new energy: the letter says which drive the vehicle has

# Each form is one sequence of places.
CHINESE_FORMS: tuple[tuple[str, ...], ...] = (
    (PROVINCES, SECOND, SERIAL, SERIAL, SERIAL, SERIAL, LAST),
    (PROVINCES, CHINESE_LETTERS, ENERGY, SERIAL, DIGITS, DIGITS, DIGITS, DIGITS),
    (PROVINCES, CHINESE_LETTERS, DIGITS, DIGITS, DIGITS, DIGITS, DIGITS, ENERGY),
    ("使", DIGITS, DIGITS, DIGITS, DIGITS, DIGITS, DIGITS),
)
LATIN_SHORTEST, LATIN_LONGEST = 3, 9
PREFIXES_MAX = 20_000  # whose followers are kept: a gate that reads for years meets every beginning there is
LATIN_FORMS: tuple[tuple[str, ...], ...] = tuple(
    (LETTERS + DIGITS,) * length for length in range(LATIN_SHORTEST, LATIN_LONGEST + 1)
)
FORMS = CHINESE_FORMS + LATIN_FORMS


# Shapes of registration numbers that are issued, A for a letter and 0 for a digit (public descriptions of the formats
# of Brazil, of the European states and of the states of the USA): others are there, and are rare.
# fmt: off
ISSUED = frozenset(
    {
        "0000AA", "0000AAA", "000A000", "000AAA", "00A0000", "00AA00", "00AAA0", "0A00000", "0AAA00", "0AAA000",
        "A00000", "A000000", "A000AA", "A00AAA", "AA000", "AA0000", "AA00000", "AA0000A", "AA0000AA", "AA000A",
        "AA000AA", "AA00AA", "AA00AAA", "AAA00", "AAA000", "AAA0000", "AAA00A", "AAA0A0", "AAA0A00", "AAAA000",
    }
)
# fmt: on
UNUSUAL = 0.1  # how much a shape that is not among them counts beside one that is
TURNS_FREE = 2  # between letters and digits: as 7ABC123 and AA123AA have
TURN_COSTS = 0.5  # what each further one leaves of that
CHINESE = 0.3  # beside the same look read as an issued Latin plate: a field at the edge is easily taken for a province


def plausible(text: str) -> float:
    """How much a text counts beside another one that looks alike, 0..1.

    Latin plates are a few groups of letters and of digits: of I and 1, of O and 0, that one is meant which leaves a
    shape that is issued, or at least the groups whole. Chinese ones mix them freely, and know no I and O.
    """
    if not text or text[0] not in LETTERS + DIGITS:
        return CHINESE
    digits = [letter in DIGITS for letter in text]
    if "".join("0" if each else "A" for each in digits) in ISSUED:
        return 1.0
    turns = sum(one != other for one, other in pairwise(digits))
    return UNUSUAL * TURN_COSTS ** max(0, turns - TURNS_FREE)


def fits(text: str, forms: tuple[tuple[str, ...], ...] = FORMS) -> bool:
    """Whether the text is a whole plate of one of these forms."""
    return any(
        len(text) == len(form) and all(letter in place for letter, place in zip(text, form, strict=True))
        for form in forms
    )


@lru_cache(maxsize=PREFIXES_MAX)
def follows(prefix: str, forms: tuple[tuple[str, ...], ...] = FORMS) -> frozenset[int]:
    """Indices of the characters that may come after this beginning of a plate. Empty where it begins none."""
    found: frozenset[int] = frozenset()
    for form in forms:
        if len(prefix) < len(form) and all(letter in place for letter, place in zip(prefix, form, strict=False)):
            found |= _indices(form[len(prefix)])
    return found


@cache
def _indices(place: str) -> frozenset[int]:
    return frozenset(INDEX[letter] for letter in place)

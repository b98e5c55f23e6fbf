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


TURNS_FREE = 2  # between letters and digits: as 7ABC123 and AA123AA have
TURN_COSTS = 0.1  # what each further one leaves of a Latin text's likelihood


def plausible(text: str) -> float:
    """How much a text counts beside another that looks alike, 0..1.

    Latin plates are a few groups of letters and of digits, by whatever state: of I and 1, of O and 0, that one is meant
    which leaves the groups whole. Chinese ones mix them freely, and know no I and O.
    """
    if not text or text[0] not in LETTERS + DIGITS:
        return 1.0
    digits = [letter in DIGITS for letter in text]
    turns = sum(one != other for one, other in pairwise(digits))
    return TURN_COSTS ** max(0, turns - TURNS_FREE)


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

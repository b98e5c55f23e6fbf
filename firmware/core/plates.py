"""Number plates as texts: their one normal form, what cannot be one, and which ones look alike.

Only equal texts are the same plate (DESIGN.md, section 5, point 4). A look-alike tells people that somebody was
probably misread, or tries a plate that resembles an enrolled one; it opens nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

CHARACTERS_MAX = 256  # of a text that is looked at; longer ones are nobody's
PLATE_CHARACTERS = (2, 16)

_SEPARATORS = re.compile(r"[\s.\u00b7\u2022\u2027\u2219\u22c5\u30fb]+")  # spaces and every dot people type
_PLATE = re.compile(rf"[A-Z0-9\u4e00-\u9fff-]{{{PLATE_CHARACTERS[0]},{PLATE_CHARACTERS[1]}}}")

# What readers of plates, and people, take for one another: VISION.md and FIELD.md, section 4 (O/0, I/1, 8/B), with the
# pairs of the same shapes. A character may stand in one group only.
ALIKE = ("O0DQ", "I1L7T", "B83", "Z2", "S5", "G6C", "A4", "UV", "MN", "KX", "EF", "PR", "HW")
_OTHERS = {each: group.replace(each, "") for group in ALIKE for each in group}


def normal(text: str) -> str:
    """The one way in which a plate is written. Never fails: what is no plate is equal to no plate."""
    if len(text) > CHARACTERS_MAX:
        return text
    return _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()


def sound(text: str) -> bool:
    """Whether a text in its normal form can be a plate: no quote, no control character, not too long."""
    return _PLATE.fullmatch(text) is not None and "--" not in text


def look_alikes(plate: str) -> Iterator[str]:
    """Every plate that differs from this normal one by a single look-alike character. At most 64 of them."""
    for place, letter in enumerate(plate[: PLATE_CHARACTERS[1]]):
        for other in _OTHERS.get(letter, ""):
            yield plate[:place] + other + plate[place + 1 :]

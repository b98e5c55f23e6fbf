"""Number plates as texts: their one normal form, what cannot be one, and which ones look alike.

The normal form is what a camera can read: characters without what stands between them. Only equal texts are the same
plate (DESIGN.md, section 5, point 4). A look-alike tells people that somebody was probably misread, or tries a plate
that resembles an enrolled one; it opens nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

CHARACTERS_MAX = 256  # of a text that is looked at; longer ones are nobody's
PLATE_CHARACTERS = (2, 16)
PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"

# What stands between characters and is no character: spaces, and every dot and dash that people type. A plate has at
# most a gap or a seal there, so no camera reads one: "B-MW 12" and "BM-W 12" are one plate to it, and hence here.
_DOTS = ".\u00b7\u2022\u2027\u2219\u22c5\u25cf\u3002\u30fb"
_DASHES = "\u2010\u2012\u2013\u2014\u2015\u2212\u30fc-"
_SEPARATORS = re.compile(rf"[\s{_DOTS}{_DASHES}]+")
_PLATE = re.compile(rf"[A-Z0-9\u4e00-\u9fff]{{{PLATE_CHARACTERS[0]},{PLATE_CHARACTERS[1]}}}")

# GA 36-2018: the second character names the authority that issued the plate and is a letter. I is not among them, and
# O only of the public security plates of old, so a 0 that is read or typed there is that O. Nowhere else is O a 0:
# behind it neither O nor I is used, and a plate that has one there is no other's.
_SERIAL = "A-HJ-NP-Z0-9"
_AUTHORITY_0 = re.compile(rf"[{PROVINCES}]0[{_SERIAL}]{{4}}[{_SERIAL}学警港澳使领挂]")

# What readers of plates, and people, take for one another: VISION.md and FIELD.md, section 4 (O/0, I/1, 8/B), with the
# pairs of the same shapes. A character may stand in one group only.
ALIKE = ("O0DQ", "I1L7T", "B83", "Z2", "S5", "G6C", "A4", "UV", "MN", "KX", "EF", "PR", "HW")
_OTHERS = {each: group.replace(each, "") for group in ALIKE for each in group}


def normal(text: str) -> str:
    """The one way in which a plate is written. Never fails: what is no plate is equal to no plate."""
    if len(text) > CHARACTERS_MAX:
        return text
    plate = _SEPARATORS.sub("", unicodedata.normalize("NFKC", text)).upper()
    return f"{plate[0]}O{plate[2:]}" if _AUTHORITY_0.fullmatch(plate) is not None else plate


def sound(text: str) -> bool:
    """Whether a text in its normal form can be a plate: no quote, no control character, not too long."""
    return _PLATE.fullmatch(text) is not None


def look_alikes(plate: str) -> Iterator[str]:
    """Every plate that differs from this normal one by a single look-alike character. At most 64 of them."""
    for place, letter in enumerate(plate[: PLATE_CHARACTERS[1]]):
        for other in _OTHERS.get(letter, ""):
            alike = plate[:place] + other + plate[place + 1 :]
            if _AUTHORITY_0.fullmatch(alike) is None:  # that one is written otherwise, and may be this very plate
                yield alike

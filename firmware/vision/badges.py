"""What hangs at a vehicle and says something is not yet its plate: a badge, a sticker, a painted number, a page.

The rules, each with its word for the counters. The figures are of 206 labelled plates on pictures of vehicles (EasyPR,
CCPD, OpenALPR): a plate is 0.09 to 0.51 of its vehicle's box wide and has its middle 0.35 to 1.0 down in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware.vision.track import Box, middle
from firmware.vision.work import Detection
from models.plates.syntax import fits

FOUND_MIN = 0.4  # less sure, it is not even looked at as a plate
READ_MIN = 0.3
WIDE_PX_MIN = 56.0  # eight a character: narrower, they are guessed
WIDE_SHARE = {"motorcycle": (0.08, 0.95), "bicycle": (0.08, 0.95)}  # of the vehicle's width
WIDE_SHARE_ELSE = (0.06, 0.6)
DOWN_MIN = 0.3  # of the vehicle's height, from its top: above is glass, and what sticks to it
ASPECT = (0.8, 8.0)  # width by height, slanted ones too
SHORT = 5  # a Latin text that is shorter, or has no digit, may be a word: GOOD, C00D, AUDI
SHORT_TIMES = 2  # as many reads must agree on such a one
TOO_MANY = 3  # texts on one vehicle: a poster, or a screen
TOO_MANY_ALONE = 5  # and on none
HAN = "\u4e00"


def why_not(plate: Detection, vehicle: str, box: Box | None) -> str:
    """Why this is no plate of that vehicle (`box` None: it hangs at none); empty: it may be one."""
    wide, high = plate.box[2] - plate.box[0], plate.box[3] - plate.box[1]
    if not plate.text or plate.read < READ_MIN:
        return "unread"
    if not fits(plate.text):
        return "syntax"
    if plate.found < FOUND_MIN:
        return "unsure"
    if wide < WIDE_PX_MIN:
        return "small"
    if not ASPECT[0] <= wide / max(high, 1e-9) <= ASPECT[1]:
        return "shape"
    if box is None:
        return ""
    low, most = WIDE_SHARE.get(vehicle, WIDE_SHARE_ELSE)
    if not low <= wide / max(box[2] - box[0], 1e-9) <= most:
        return "size"
    if (middle(plate.box)[1] - box[1]) / max(box[3] - box[1], 1e-9) < DOWN_MIN and vehicle not in WIDE_SHARE:
        return "place"
    return ""


def worth(plate: Detection) -> float:
    """Of several texts on one vehicle the one with the most is its plate: as sure as it is, and more like a plate."""
    wordlike = 0.4 if like_a_word(plate.text) else 1.0 if plate.text >= HAN else 0.8
    return plate.found * plate.read * wordlike


def like_a_word(text: str) -> bool:
    """Whether a text may as well be a badge. A Chinese plate is none: it begins with its province."""
    return text < HAN and (len(text) < SHORT or not any(letter.isdigit() for letter in text))


def reads_wanted(text: str, reads_min: int) -> int:
    """How many frames must agree on it."""
    return reads_min * SHORT_TIMES if like_a_word(text) else reads_min


def crowd(plates: Sequence[Detection], at_vehicle: bool) -> bool:
    """Whether so many different texts in one place can be no plates of vehicles."""
    return len({plate.text for plate in plates}) >= (TOO_MANY if at_vehicle else TOO_MANY_ALONE)

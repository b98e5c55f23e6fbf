"""Number plates and phone numbers as people type them, several in a cell."""

from __future__ import annotations

import re

from firmware.core.access import Factor
from firmware.core.plates import PROVINCES
from firmware.roster.importing.problems import Refused
from firmware.roster.keys import canonical, valid

_L = "[A-HJ-NP-Z]"  # GA 36-2018: neither I nor O
_D = "[A-HJ-NP-Z0-9]"
# Civil plates by GA 36-2018 (ordinary, new energy, learner, police, trailer, Hong Kong and Macao, consulate, embassy,
# emergency), armed police and army (GJB and GA standards name the letters; digits only are checked), civil aviation.
_SYNTAX = re.compile(
    rf"[{PROVINCES}](?:{_L}|O){_D}{{4}}[A-HJ-NP-Z0-9挂学警港澳领试超]"  # O: public security, before
    rf"|[{PROVINCES}]{_L}(?:[A-HJK]{_D}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"
    r"|(?:使[0-9]{6}|[0-9]{6}使|[0-9]{3}[0-9]{3}领)"
    rf"|[{PROVINCES}]{_L}[XS][0-9]{{3,4}}应急"
    rf"|WJ[{PROVINCES}]?[0-9]{{4}}[0-9A-Z]"
    rf"|[A-Z]{{2}}[0-9]{{5}}|[{PROVINCES}]{_L}[0-9]{{4}}临|民航{_D}{{5}}"
)
_STRONG = re.compile(r"[、，,;；/|\n\r]+")
_SPACES = re.compile(r"\s+")
_GAPS = re.compile(r"[\s\-\u2013\u2014\uff0d]+")
_TYPED = str.maketrans("OI", "01")
PLATES_MAX, PHONES_MAX = 20, 10  # in one cell; more is another column's text

_MOBILE = re.compile("1[3-9][0-9]{9}")
_PHONE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")
_LANDLINE = re.compile(r"(0[0-9]{2,3})?([2-9][0-9]{6,7})(?:(?:转|#|X)[0-9]{1,6})?")
_FOREIGN = re.compile(r"\+[1-9][0-9]{6,14}")  # E.164
_PHONE_MARKS = re.compile(r"[\s().－-]+")


def chinese(plate: str) -> bool:
    """Whether a canonical plate is written like one of the mainland's."""
    return _SYNTAX.fullmatch(plate) is not None


def plates_of(text: str) -> tuple[list[str], bool]:
    """The canonical plates in a cell, and whether each of them is written like a Chinese one. Raises Refused.

    A space or a dash separates plates only where plates stand on both sides of it: "沪A 12345" is one.
    """
    found: list[str] = []
    for part in _STRONG.split(text):
        piece = part.strip()
        if not piece:
            continue
        whole = canonical(Factor.PLATE, piece)
        if not chinese(whole):
            words = [canonical(Factor.PLATE, word) for word in _GAPS.split(piece)]
            if len(words) > 1 and all(chinese(word) for word in words):
                found.extend(words)
                continue
        found.append(_sound(whole))
    if len(found) > PLATES_MAX:
        raise Refused("plate_many", most=PLATES_MAX)
    return list(dict.fromkeys(found)), all(chinese(plate) for plate in found)


def _sound(plate: str) -> str:
    if not valid(Factor.PLATE, plate):
        raise Refused("formula_text" if plate.startswith(("=", "+", "@", "-")) else "plate")
    likely = plate[:2] + plate[2:].translate(_TYPED)
    if likely != plate and not chinese(plate) and chinese(likely):
        raise Refused("plate_letters", likely=likely)
    return plate


def phones_of(text: str) -> tuple[str, bool]:
    """The numbers in a cell, joined by ";", and whether each of them is one; what is none stays as it is written."""
    if _MOBILE.fullmatch(text) is not None:  # nearly all are
        return text, True
    numbers: list[str] = []
    good = True
    for part in _STRONG.split(text):
        piece = part.strip()
        if not piece:
            continue
        words = _SPACES.split(piece)
        several = len(words) > 1 and all(_phone(word) is not None for word in words)
        for word in words if several else [piece]:
            number = _phone(word)
            good &= number is not None
            numbers.append(word if number is None else number)
    return ";".join(dict.fromkeys(numbers)), good and len(numbers) <= PHONES_MAX


def _phone(text: str) -> str | None:
    bare = _PHONE_MARKS.sub("", text)
    if (mobile := _PHONE.fullmatch(bare)) is not None:
        return mobile[1]
    if _FOREIGN.fullmatch(bare) is not None:
        return bare
    return " ".join(text.split()) if _LANDLINE.fullmatch(bare.upper()) is not None else None

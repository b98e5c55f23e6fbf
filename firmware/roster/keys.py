"""How the key of each kind of credential is written: the same rules for the build and for what is presented.

A key is compared exactly; nothing is ever matched by likeness (DESIGN.md, section 5, point 4).
"""

from __future__ import annotations

import re
from typing import Protocol

from firmware.core import plates
from firmware.core.access import Factor

KEY_CHARACTERS_MAX = 256  # of any credential; longer ones are nobody's
PIN_DIGITS_MIN = 4  # 10^4 codes: 1,000 times the two (plain, duress) of a holder who gives one beside a card
PIN_DIGITS_MAX = 10
CARD_BITS_MAX = 200  # as long as the longest frame a reader may send

# Numbers of the kinds of credential in the file; never changed, only added to.
KIND: dict[Factor, int] = {
    Factor.CARD: 1,
    Factor.PIN: 2,
    Factor.CODE: 3,
    Factor.PLATE: 4,
    Factor.FACE: 5,
    Factor.TAG: 6,
}

ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,31}")  # of holders, households; short: they stand in every event
NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")  # of profiles, schedules and kinds of special days
ID_ALLOWED = "up to 32 letters, digits, '_', '.' or '-' are allowed"
NAME_ALLOWED = "up to 32 small letters, digits, '_' or '-' are allowed"

# A format's name has a letter: 12:34:56 is a time that a spreadsheet made.
_FORMATTED_CARD = re.compile(r"(?=[0-9_-]*[A-Za-z])[A-Za-z0-9][A-Za-z0-9_-]{1,31}(?::(?:0|[1-9][0-9]{0,19})){1,4}")
_RAW_CARD = re.compile(r"raw:([1-9][0-9]{0,2}):([0-9a-f]{1,50})")
_PIN = re.compile(rf"[0-9]{{{PIN_DIGITS_MIN},{PIN_DIGITS_MAX}}}")
_TOKEN = re.compile(r"[A-Za-z0-9:_.-]{1,64}")

ALLOWED: dict[Factor, str] = {
    Factor.CARD: "FORMAT:facility:number without leading zeros (H10301:12:34567) or raw:BITS:hex (raw:37:0abc123456), "
    "hex small and of full width, is allowed; spreadsheets like to turn it into a time or a number",
    Factor.PIN: f"{PIN_DIGITS_MIN} to {PIN_DIGITS_MAX} digits are allowed; spreadsheets drop leading zeros unless the "
    "column is text",
    Factor.CODE: f"1 to {KEY_CHARACTERS_MAX} printable characters are allowed",
    Factor.PLATE: "2 to 16 of A-Z, 0-9 and Chinese characters are allowed (spaces, dots and hyphens are dropped)",
    Factor.FACE: "a template's id of up to 64 letters, digits and ':_.-' is allowed",
    Factor.TAG: "up to 64 letters, digits and ':_.-' are allowed",
}


def canonical(factor: Factor, text: str) -> str:
    """The one way in which this credential is written. Never fails: what is no key is equal to no key."""
    return plates.normal(text) if factor is Factor.PLATE else text


class Pseudonyms(Protocol):
    """Makes tokens with a digest key. firmware.identity.Identity is one."""

    def pseudonym(self, kind: str, value: str) -> str: ...


def token_of(pseudonyms: Pseudonyms, factor: Factor, key: str | bytes) -> str:
    """The token of a credential with this key, known or not: 16 hex digits. A PIN's key is its digest, so that a
    source, which knows no PIN, gives the same token as a keypad."""
    return pseudonyms.pseudonym(factor.value, key.hex() if isinstance(key, bytes) else key)


def valid(factor: Factor, key: str) -> bool:
    """Whether `key`, canonical, may stand in a roster."""
    match factor:
        case Factor.CARD:
            return _valid_card(key)
        case Factor.PIN:
            return _PIN.fullmatch(key) is not None
        case Factor.PLATE:
            return plates.sound(key)
        case Factor.CODE:
            return 0 < len(key) <= KEY_CHARACTERS_MAX and key.isprintable() and key == key.strip()
        case Factor.FACE | Factor.TAG:
            return _TOKEN.fullmatch(key) is not None


def _valid_card(key: str) -> bool:
    raw = _RAW_CARD.fullmatch(key)
    if raw is None:
        return _FORMATTED_CARD.fullmatch(key) is not None and not key.startswith("raw:")
    bits = int(raw[1])
    return bits <= CARD_BITS_MAX and len(raw[2]) == (bits + 3) // 4 and int(raw[2], 16) < 1 << bits

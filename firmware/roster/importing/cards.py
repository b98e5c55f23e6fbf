"""Card numbers as they are printed on cards, turned into what the site's readers deliver; or refused, never guessed.

A printed number is one of STYLES: the same 32 bits may stand as 10 decimal digits, as 8 hexadecimal ones, or with their
bytes reversed; their lower 24 as "3+5" (facility of 8 bits, number of 16) or as 8 decimal digits. Which one a column
holds shows by its majority or is said; a cell that does not fit is bad.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from firmware.core.access import Factor
from firmware.roster.importing.problems import ImportMisused, Refused
from firmware.roster.keys import valid

TEN, EIGHT, PAIR, PAIR_JOINED = "ten-digits", "eight-digits", "three-five", "three-five-joined"
HEX, NUMBER, FORMATTED = "hex", "number", "formatted"
STYLES: dict[str, str] = {
    TEN: "10 decimal digits, a number of 32 bits: 0012345678",
    EIGHT: "8 decimal digits, a number of 24 bits: 12345678",
    PAIR: "facility and number, 3+5 digits: 188,24910",
    PAIR_JOINED: "the same written together: 18824910",
    HEX: "hexadecimal, 6 to 16 digits: 00BC614E",
    NUMBER: "a decimal number of up to 32 bits whose leading zeros are not written",
    FORMATTED: "FORMAT:facility:number or raw:BITS:hex, as the roster writes it",
}
HEX_DIGITS = (6, 8, 10, 14, 16)  # 3, 4, 5, 7 and 8 bytes: what chips have as serial numbers
FACILITY_NUMBER_BITS = 24  # of the 3+5 number and of the open 26 bit format
DECIMAL_BITS = 32

# Facility and number bits of formats whose two fields printed numbers name; as in the readers' own table of formats.
WIDTHS: dict[str, tuple[int, int]] = {
    "H10301": (8, 16),
    "IND26": (12, 12),
    "IND27": (13, 14),
    "2804W": (8, 15),
    "IND29": (13, 16),
    "ATSW30": (12, 16),
    "ADT31": (4, 23),
    "HCP32": (0, 24),
    "HPP32": (12, 19),
    "KANTECH": (8, 16),
    "WIE32": (12, 16),
    "D10202": (7, 24),
    "H10306": (16, 16),
    "N10002": (16, 16),
    "BQT34": (8, 24),
    "C1K35S": (12, 20),
    "H10302": (0, 35),
    "H10304": (16, 19),
    "HGEN37": (0, 32),
    "PW39": (17, 20),
    "C1K48S": (22, 23),
}
# Readers' formats that deliver a chip's serial number: its bits.
SERIAL_BITS: dict[str, int] = {"RAW42P": 40, "RAW50P": 48, "RAW58P": 56, "RAW66P": 64, "RAW56": 56, "RAW64": 64}
_RAW_FORMAT = re.compile(r"raw[: ]?(24|32|40|48|56|64)")

_EXPONENT = re.compile(r"[0-9]+(?:[.,][0-9]+)?[eE][+-]?[0-9]+|[0-9]+\.[0-9]+")
_KEPT_AS_TEXT = re.compile(r'="([0-9A-Fa-f,:]{1,40})"')  # how vendors' CSV files keep a spreadsheet from dropping zeros
_PAIR = re.compile(r"([0-9]{1,3})\s*[,\s/-]\s*([0-9]{5})")
_HEX_MARKS = re.compile(r"^0[xX]|[\s:-]")
_HEX = re.compile(r"[0-9A-Fa-f]+")
_DATE = re.compile(r"[0-9]{2,4}[-/.年][0-9]{1,2}[-/.月][0-9]{1,4}日?|[0-9]{1,2}:[0-9]{2}(:[0-9]{2})?")


class CardFormat(NamedTuple):
    """What the readers deliver: a format with two fields, or a serial number of so many bits."""

    name: str  # "" for a serial number
    facility_bits: int
    number_bits: int

    @property
    def bits(self) -> int:
        return self.facility_bits + self.number_bits

    def key(self, value: int) -> str:
        """The key of a card whose fields, side by side, are `value`."""
        assert 0 <= value < 1 << self.bits
        if not self.name:
            return f"raw:{self.bits}:{value:0{self.bits // 4}x}"
        number = value & ((1 << self.number_bits) - 1)
        return f"{self.name}:{value >> self.number_bits}:{number}" if self.facility_bits else f"{self.name}:{number}"

    def __str__(self) -> str:
        return self.name or f"raw:{self.bits}"


def card_format(text: str) -> CardFormat:
    """A format by its name: H10301, raw:32, RAW58P. Raises ImportMisused."""
    if text.upper() in WIDTHS:
        return CardFormat(text.upper(), *WIDTHS[text.upper()])
    bits = SERIAL_BITS.get(text.upper())
    if bits is None and (match := _RAW_FORMAT.fullmatch(text.lower())) is not None:
        bits = int(match[1])
    if bits is None:
        known = ", ".join([*WIDTHS, *SERIAL_BITS, "raw:32"])
        raise ImportMisused(f'card format "{text}": printed numbers can be turned into {known}')
    return CardFormat("", 0, bits)


class CardStyle(NamedTuple):
    """How a column writes its numbers."""

    name: str  # of STYLES
    digits: int = 0  # of HEX
    reversed: bool = False  # its bytes stand in the other order than the readers deliver them

    def __str__(self) -> str:
        text = f"{self.name} {self.digits}" if self.digits else self.name
        return f"{text}, reversed" if self.reversed else text


def cleaned(text: str) -> str:
    """A cell of a column of cards without what only keeps a spreadsheet from spoiling it."""
    text = unicodedata.normalize("NFKC", text).strip().lstrip("'")
    kept = _KEPT_AS_TEXT.fullmatch(text)
    return kept[1] if kept is not None else text


def style_of(texts: Iterable[str]) -> CardStyle | None:
    """The style of most of these cells; None where it cannot be told (8 digits have three meanings)."""
    shapes = Counter(_shape(cleaned(text)) for text in texts)
    if not shapes:
        return None
    scores: Counter[CardStyle] = Counter()
    for digits in HEX_DIGITS:
        if shapes[f"hex {digits}"]:
            scores[CardStyle(HEX, digits)] = shapes[f"hex {digits}"] + shapes[f"digits {digits}"]
    if CardStyle(HEX, 10) not in scores:
        scores[CardStyle(TEN)] = shapes["digits 10"]
    for digits in (14, 16):  # a serial number may be without letters; no other style is as long
        if CardStyle(HEX, digits) not in scores:
            scores[CardStyle(HEX, digits)] = shapes[f"digits {digits}"]
    scores[CardStyle(PAIR)], scores[CardStyle(FORMATTED)] = shapes[PAIR], shapes[FORMATTED]
    best, count = scores.most_common(1)[0]
    if not count or (CardStyle(HEX, 8) not in scores and shapes["digits 8"] > count):
        return None
    return best


def _shape(text: str) -> str:
    if ":" in text and valid(Factor.CARD, text):
        return FORMATTED
    if text.isascii() and text.isdecimal():
        return f"digits {len(text)}"
    if _PAIR.fullmatch(text) is not None:
        return PAIR
    bare = _HEX_MARKS.sub("", text)
    if _HEX.fullmatch(bare) is not None and _EXPONENT.fullmatch(text) is None:
        return f"hex {len(bare)}"
    return "other"


class Printed(NamedTuple):
    """The number of a card: `bits` are as many as its style can say."""

    value: int
    bits: int


def number_of(text: str, style: CardStyle) -> Printed:
    """The number that a cleaned cell says in its column's style (none of FORMATTED). Raises Refused."""
    digits = text.isascii() and text.isdecimal()
    if digits and ((style.name == TEN and len(text) == 10) or (style.name == NUMBER and len(text) <= 10)):
        printed = Printed(int(text), DECIMAL_BITS)
    elif style.name == EIGHT and digits and len(text) == 8:
        printed = Printed(int(text), FACILITY_NUMBER_BITS)
    elif style.name == PAIR_JOINED and digits and len(text) == 8:
        printed = _pair(text[:3], text[3:])
    elif style.name == PAIR and (match := _PAIR.fullmatch(text)) is not None:
        printed = _pair(match[1], match[2])
    elif style.name == HEX and (bare := _HEX_MARKS.sub("", text)) and _fits_hex(bare, text, style.digits):
        printed = Printed(int(bare, 16), 4 * len(bare))
    else:
        raise _misfit(text, style)
    if printed.value >> printed.bits:
        raise Refused("card_too_large", bits=printed.bits)
    return flipped(printed) if style.reversed else printed


def _fits_hex(bare: str, text: str, digits: int) -> bool:
    fits = _HEX.fullmatch(bare) is not None and len(bare) in ((digits,) if digits else HEX_DIGITS)
    return fits and _EXPONENT.fullmatch(text) is None


def _pair(facility: str, number: str) -> Printed:
    if int(facility) > 0xFF or int(number) > 0xFFFF:
        raise Refused("card_pair_too_large")
    return Printed(int(facility) << 16 | int(number), FACILITY_NUMBER_BITS)


def flipped(printed: Printed) -> Printed:
    """The same number with its bytes in the other order."""
    width = printed.bits // 8
    return Printed(int.from_bytes(printed.value.to_bytes(width, "big"), "little"), printed.bits)


def _misfit(text: str, style: CardStyle) -> Refused:
    """Why a cell is no number of its column's style."""
    if _EXPONENT.fullmatch(text) is not None:
        return Refused("card_exponent")
    if text.startswith(("=", "+", "@")):
        return Refused("formula_text")
    if _DATE.fullmatch(text) is not None:
        return Refused("card_date")
    wanted = {TEN: 10, EIGHT: 8, PAIR_JOINED: 8, HEX: style.digits}.get(style.name, 0)
    if text.isascii() and text.isdecimal() and len(text) < wanted:
        return Refused("card_zeros_lost", digits=len(text), wanted=wanted)
    return Refused("card_style", style=str(style))


def key_of(printed: Printed, wanted: CardFormat, *, lower_24_bits: bool) -> str:
    """The key under which the readers deliver this number. Raises Refused where bits would be lost or are missing."""
    value, bits = printed
    if lower_24_bits and wanted.bits == FACILITY_NUMBER_BITS and bits == DECIMAL_BITS:
        return wanted.key(value & ((1 << FACILITY_NUMBER_BITS) - 1))
    if wanted.bits < bits and (value >> wanted.bits or not wanted.name):
        lower = wanted.bits == FACILITY_NUMBER_BITS and bits == DECIMAL_BITS
        raise Refused("card_loses_bits" if lower else "card_other_bits", bits=bits, format=wanted, wanted=wanted.bits)
    if wanted.bits > bits:
        raise Refused("card_other_bits", bits=bits, format=wanted, wanted=wanted.bits)
    return wanted.key(value)


def pair_key(facility: str, number: str, wanted: CardFormat) -> str:
    """The key of a card whose facility and number stand in two columns. Raises Refused."""
    if not wanted.name or not wanted.facility_bits:
        raise Refused("card_no_facility", format=wanted)
    if not (facility + number).isdecimal() or not (facility + number).isascii() or len(facility + number) > 20:
        raise Refused("card_pair_digits")
    if int(facility) >> wanted.facility_bits or int(number) >> wanted.number_bits:
        raise Refused("card_pair_wide", format=wanted, facility=wanted.facility_bits, number=wanted.number_bits)
    return f"{wanted.name}:{int(facility)}:{int(number)}"


def agree(one: Printed, other: Printed) -> bool:
    """Whether two numbers on one card say the same, in the bits that both of them have."""
    mask = (1 << min(one.bits, other.bits)) - 1
    return one.value & mask == other.value & mask

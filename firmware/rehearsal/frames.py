"""How a card or key becomes bits on the wire: the plants' own encoder, independent of the drivers' decoder.

Layouts, first bit sent first, P even parity of the leading half, Q odd parity of the trailing half:
H10301  26 bits  P 8 facility 16 number Q; halves of 12 bits
H10306  34 bits  P 16 facility 16 number Q; halves of 16 bits
H10302  37 bits  P 35 number Q; halves of 18 bits that share the middle bit
H10304  37 bits  P 16 facility 19 number Q; halves as H10302
Source: HID's published format descriptions (H10301, H10302, H10304, H10306).
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.rehearsal.errors import ActionError

FRAME_BITS_MAX = 256  # more than any card has, so that a driver's limit can be rehearsed

KEYS = "0123456789*#"


class Frame(NamedTuple):
    """`length` bits; the first one sent is the highest of `bits`."""

    bits: int
    length: int


class _Layout(NamedTuple):
    facility_bits: int
    number_bits: int


LAYOUTS: dict[str, _Layout] = {
    "H10301": _Layout(8, 16),
    "H10302": _Layout(0, 35),
    "H10304": _Layout(16, 19),
    "H10306": _Layout(16, 16),
}


def encode_card(layout: str, facility: int, number: int) -> Frame:
    """The frame of a card. Raises ActionError for an unknown layout or a field that does not fit."""
    if layout not in LAYOUTS:
        raise ActionError(f"format {layout!r} is not one of {', '.join(LAYOUTS)}; send raw bits instead")
    facility_bits, number_bits = LAYOUTS[layout]
    for name, value, bits in (("facility", facility, facility_bits), ("number", number, number_bits)):
        if not 0 <= value < 1 << bits:
            raise ActionError(f"{name} {value} does not fit {layout}: 0 to {(1 << bits) - 1}")
    payload_bits = facility_bits + number_bits
    payload = facility << number_bits | number
    half_bits = (payload_bits + 1) // 2
    leading = payload >> (payload_bits - half_bits)
    trailing = payload & ((1 << half_bits) - 1)
    even = leading.bit_count() % 2
    odd = 1 - trailing.bit_count() % 2
    return Frame(even << (payload_bits + 1) | payload << 1 | odd, payload_bits + 2)


def encode_bits(text: str) -> Frame:
    """Raw bits as a text of 0 and 1, first sent first; spaces are for the reader's eye. Raises ActionError."""
    digits = text.replace(" ", "")
    if not 0 < len(digits) <= FRAME_BITS_MAX or set(digits) - {"0", "1"}:
        raise ActionError(f"bits are 1 to {FRAME_BITS_MAX} digits 0 and 1; this is {text[:40]!r}")
    return Frame(int(digits, 2), len(digits))


def encode_key(key: str, keypad: str) -> Frame:
    """One key of a keypad "4bit" (the nibble) or "8bit" (its complement, then the nibble). Raises ActionError."""
    if len(key) != 1 or key not in KEYS:
        raise ActionError(f"key {key[:8]!r} is not one of {KEYS}")
    value = KEYS.index(key)
    if keypad == "4bit":
        return Frame(value, 4)
    if keypad == "8bit":
        return Frame((value ^ 0xF) << 4 | value, 8)
    raise ActionError("this reader has no keypad")

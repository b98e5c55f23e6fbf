"""Keys of a keypad that speaks Wiegand: 4 bits a key, 8 bits a key, or a buffered PIN in 26 bits. No I/O, no time."""

from __future__ import annotations

from enum import StrEnum

from drivers.wire.wiegand import Refusal

KEYS = "0123456789*#"  # by code: 10 is *, 11 is #
PAD = 15  # fills the rest of a buffered PIN that is shorter than six digits
BUFFERED_BITS = 26
BUFFERED_KEYS = 6


class KeypadKind(StrEnum):
    """How a keypad speaks on the data lines."""

    NONE = "none"
    FOUR_BIT = "4bit"  # the key's code
    EIGHT_BIT = "8bit"  # the code's complement, then the code
    BUFFERED = "buffered"  # even parity, six codes, odd parity; the parities over 12 bits each


LENGTH_OF: dict[KeypadKind, int] = {KeypadKind.FOUR_BIT: 4, KeypadKind.EIGHT_BIT: 8, KeypadKind.BUFFERED: BUFFERED_BITS}


def decode_keys(kind: KeypadKind, bits: int, length: int) -> str | Refusal:
    """The keys of one frame, in order. A buffered PIN ends with `#`: whoever sent it had finished typing.

    `Refusal.LENGTH` when a keypad of this kind sends no such frame, PARITY when its redundancy is broken, DIGIT when
    a code is no key.
    """
    assert 0 <= bits < 1 << length
    if LENGTH_OF.get(kind) != length:
        return Refusal.LENGTH
    if kind is KeypadKind.BUFFERED:
        return _decode_buffered(bits)
    code = bits & 0xF
    if kind is KeypadKind.EIGHT_BIT and bits >> 4 != code ^ 0xF:
        return Refusal.PARITY
    return KEYS[code] if code < len(KEYS) else Refusal.DIGIT


def encode_keys(kind: KeypadKind, keys: str) -> list[tuple[int, int]]:
    """The frames, (bits, length) each, that a keypad sends for `keys`; a buffered PIN is 1 to 6 keys, without `#`."""
    codes = [KEYS.index(key) for key in keys]
    if kind is KeypadKind.FOUR_BIT:
        return [(code, 4) for code in codes]
    if kind is KeypadKind.EIGHT_BIT:
        return [((code ^ 0xF) << 4 | code, 8) for code in codes]
    assert kind is KeypadKind.BUFFERED, "a reader without a keypad sends no keys"
    assert 1 <= len(codes) <= BUFFERED_KEYS
    body = 0
    for code in codes + [PAD] * (BUFFERED_KEYS - len(codes)):
        body = body << 4 | code
    even = (body >> 12).bit_count() & 1
    odd = (body & 0xFFF).bit_count() & 1 ^ 1
    return [(even << 25 | body << 1 | odd, BUFFERED_BITS)]


def _decode_buffered(bits: int) -> str | Refusal:
    if (bits >> 13).bit_count() & 1 or not (bits & 0x1FFF).bit_count() & 1:
        return Refusal.PARITY
    codes = [bits >> shift & 0xF for shift in range(21, 0, -4)]
    while codes and codes[-1] == PAD:
        codes.pop()
    if not codes or any(code >= len(KEYS) for code in codes):
        return Refusal.DIGIT
    return "".join(KEYS[code] for code in codes) + "#"

"""Keys on Wiegand lines, against the tables of a keypad maker's manual."""

from __future__ import annotations

import pytest

from drivers.wire.keypad import KeypadKind, decode_keys, encode_keys
from drivers.wire.wiegand import Refusal

# Rosslare AY-G/H6xx0 manual, 7.5.3: single key, 8 bits, nibbles complemented.
ROSSLARE_8 = {
    "0": "11110000",
    "1": "11100001",
    "2": "11010010",
    "3": "11000011",
    "4": "10110100",
    "5": "10100101",
    "6": "10010110",
    "7": "10000111",
    "8": "01111000",
    "9": "01101001",
    "*": "01011010",
    "#": "01001011",
}


@pytest.mark.parametrize(("key", "text"), ROSSLARE_8.items())
def test_eight_bit_keys(key: str, text: str) -> None:
    assert decode_keys(KeypadKind.EIGHT_BIT, int(text, 2), 8) == key
    assert encode_keys(KeypadKind.EIGHT_BIT, key) == [(int(text, 2), 8)]
    assert decode_keys(KeypadKind.FOUR_BIT, int(text[4:], 2), 4) == key


def test_eight_bit_takes_nothing_else() -> None:
    for bits in range(256):
        keys = decode_keys(KeypadKind.EIGHT_BIT, bits, 8)
        assert (keys in ROSSLARE_8) == (f"{bits:08b}" in ROSSLARE_8.values())


def test_four_bit_codes_without_a_key() -> None:
    assert [decode_keys(KeypadKind.FOUR_BIT, bits, 4) for bits in range(12, 16)] == [Refusal.DIGIT] * 4


def test_a_buffered_pin_keeps_its_leading_zeros() -> None:
    # (even parity) 0000 0100 0010 0111 1111 1111 (odd parity): 0427, two places unused; parities counted by hand.
    text = "0" + "000001000010" + "011111111111" + "0"
    assert decode_keys(KeypadKind.BUFFERED, int(text, 2), 26) == "0427#"
    assert encode_keys(KeypadKind.BUFFERED, "0427") == [(int(text, 2), 26)]


def test_a_buffered_pin_with_each_bit_turned_is_refused() -> None:
    ((bits, length),) = encode_keys(KeypadKind.BUFFERED, "123456")
    for at in range(length):
        assert decode_keys(KeypadKind.BUFFERED, bits ^ 1 << at, length) is Refusal.PARITY


@pytest.mark.parametrize("codes", [[15] * 6, [1, 15, 2, 15, 15, 15], [13, 1, 2, 3, 4, 5]])
def test_a_buffered_pin_with_holes_is_refused(codes: list[int]) -> None:
    body = "".join(f"{code:04b}" for code in codes)
    text = str(body[:12].count("1") % 2) + body + str(1 - body[12:].count("1") % 2)
    assert decode_keys(KeypadKind.BUFFERED, int(text, 2), 26) is Refusal.DIGIT


def test_another_length_is_no_key() -> None:
    assert decode_keys(KeypadKind.FOUR_BIT, 0xF0, 8) is Refusal.LENGTH
    assert decode_keys(KeypadKind.NONE, 1, 4) is Refusal.LENGTH

"""Keys become PINs: end, clear, think too long, type too much."""

from __future__ import annotations

from firmware.controller.pin_pad import DIGITS_MAX, KEY_GAP_MS_MAX, PinPad


def test_the_hash_key_ends_a_pin_and_leading_zeros_stay():
    pad = PinPad()
    assert pad.press("00", 0) == []
    assert pad.press("12#", 100) == ["0012"]
    assert pad.press("0012#", 200) == ["0012"]


def test_star_starts_anew_and_an_empty_pin_is_none():
    pad = PinPad()
    assert pad.press("99*12#", 0) == ["12"]
    assert pad.press("#", 10) == []
    assert pad.press("*#", 20) == []


def test_two_pins_in_one_report():
    assert PinPad().press("1#2#", 0) == ["1", "2"]


def test_a_long_pause_forgets_the_digits():
    pad = PinPad()
    pad.press("12", 0)
    assert pad.press("34#", KEY_GAP_MS_MAX + 1) == ["34"]
    pad.press("12", 100_000)
    assert pad.press("34#", 100_000 + KEY_GAP_MS_MAX) == ["1234"]


def test_too_many_digits_are_one_wrong_try_and_hold_no_memory():
    pad = PinPad()
    assert pad.press("1" * 100_000, 0) == []
    assert len(pad._digits) == DIGITS_MAX
    assert pad.press("#", 1) == [""]
    assert pad.press("12#", 2) == ["12"]

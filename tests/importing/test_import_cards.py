"""Card numbers: what is printed is the number that the readers deliver, or it is refused with the reason."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.wire.wiegand_formats import LAYOUTS
from firmware.roster.importing import cards
from firmware.roster.importing.cards import CardStyle, card_format, key_of, number_of, style_of
from firmware.roster.importing.problems import ImportRefused, Refused

H10301 = card_format("H10301")
# EM4100 cards print 0012345678 and 188,24910: 12345678 is 0xBC614E, 0xBC is 188 and 0x614E 24910.
SAME_CARD = [
    ("0012345678", CardStyle(cards.TEN)),
    ("12345678", CardStyle(cards.EIGHT)),
    ("12345678", CardStyle(cards.NUMBER)),
    ("188,24910", CardStyle(cards.PAIR)),
    ("188，24910", CardStyle(cards.PAIR)),
    ("188 24910", CardStyle(cards.PAIR)),
    ("18824910", CardStyle(cards.PAIR_JOINED)),
    ("BC614E", CardStyle(cards.HEX, 6)),
    ("00bc614e", CardStyle(cards.HEX, 8)),
    ("0x00BC614E", CardStyle(cards.HEX, 8)),
    ("00:BC:61:4E", CardStyle(cards.HEX, 8)),
    ("4E61BC00", CardStyle(cards.HEX, 8, reversed=True)),
    ("4E61BC", CardStyle(cards.HEX, 6, reversed=True)),
    ("1315027968", CardStyle(cards.TEN, reversed=True)),  # 0x4E61BC00
]


@pytest.mark.parametrize(("text", "style"), SAME_CARD)
def test_every_way_to_print_a_card_is_the_same_card(text, style):
    assert key_of(number_of(cards.cleaned(text), style), H10301, lower_24_bits=False) == "H10301:188:24910"


def test_the_table_of_widths_is_that_of_the_readers():
    for name, (facility, number) in cards.WIDTHS.items():
        bits = {field.name: len(field.positions) for field in LAYOUTS[name].fields}
        assert (bits.get("facility", 0), bits["number"]) == (facility, number), name
    serial = {name: len(layout.fields[0].positions) for name, layout in LAYOUTS.items() if layout.raw}
    assert serial == cards.SERIAL_BITS


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=200)
def test_numbers_of_32_bits_keep_every_bit_or_are_refused(value):
    printed = number_of(f"{value:010}", CardStyle(cards.TEN))
    assert key_of(printed, card_format("raw:32"), lower_24_bits=False) == f"raw:32:{value:08x}"
    assert key_of(printed, card_format("H10306"), lower_24_bits=False) == f"H10306:{value >> 16}:{value & 65535}"
    if value >= 1 << 24:
        with pytest.raises(Refused) as refused:
            key_of(printed, H10301, lower_24_bits=False)
        assert refused.value.code == "card_loses_bits"
    low = value % 16777216
    assert key_of(printed, H10301, lower_24_bits=True) == f"H10301:{low // 65536}:{low % 65536}"


@pytest.mark.attack("roster-21")
@pytest.mark.parametrize(
    ("text", "style", "code"),
    [
        ("1.23E+09", CardStyle(cards.TEN), "card_exponent"),
        ("1,23E+09", CardStyle(cards.TEN), "card_exponent"),
        ("1234567890.0", CardStyle(cards.TEN), "card_exponent"),
        ("1E10", CardStyle(cards.HEX), "card_exponent"),
        ("1234567", CardStyle(cards.TEN), "card_zeros_lost"),
        ("1234567", CardStyle(cards.EIGHT), "card_zeros_lost"),
        ("12345", CardStyle(cards.HEX, 8), "card_zeros_lost"),
        ("4294967296", CardStyle(cards.TEN), "card_too_large"),
        ("16777216", CardStyle(cards.EIGHT), "card_too_large"),
        ("256,00001", CardStyle(cards.PAIR), "card_pair_too_large"),
        ("001,65536", CardStyle(cards.PAIR), "card_pair_too_large"),
        ("12,345", CardStyle(cards.PAIR), "card_style"),  # may be a number with a separator of thousands
        ("2026-01-31", CardStyle(cards.TEN), "card_date"),
        ("12:34", CardStyle(cards.TEN), "card_date"),
        ("=1+1", CardStyle(cards.TEN), "formula_text"),
        ("BC614G", CardStyle(cards.HEX, 6), "card_style"),
        ("-012345678", CardStyle(cards.TEN), "card_style"),
        ("００１２３４５６７", CardStyle(cards.TEN), "card_zeros_lost"),
        ("٠٠١٢٣٤٥٦٧٨", CardStyle(cards.TEN), "card_style"),  # digits of another script are no digits here
        ("", CardStyle(cards.TEN), "card_style"),
    ],
)
def test_a_spoiled_number_is_refused_with_its_reason_and_never_guessed(text, style, code):
    with pytest.raises(Refused) as refused:
        number_of(cards.cleaned(text), style)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("wanted", "text", "style"),
    [
        ("H10306", "188,24910", CardStyle(cards.PAIR)),  # 24 bits of 32
        ("raw:56", "00BC614E", CardStyle(cards.HEX, 8)),
        ("raw:32", "04A1B2C3D4E5F6", CardStyle(cards.HEX, 14)),
        ("H10301", "04A1B2C3D4E5F6", CardStyle(cards.HEX, 14)),
        ("raw:24", "0012345678", CardStyle(cards.TEN)),
    ],
)
def test_numbers_of_other_widths_than_the_readers_deliver_are_refused(wanted, text, style):
    with pytest.raises(Refused) as refused:
        key_of(number_of(text, style), card_format(wanted), lower_24_bits=False)
    assert refused.value.code in ("card_other_bits", "card_loses_bits")


def test_seven_byte_serial_numbers_are_kept_whole_in_both_orders():
    straight, turned = CardStyle(cards.HEX, 14), CardStyle(cards.HEX, 14, reversed=True)
    wanted = card_format("RAW58P")
    assert key_of(number_of("04A1B2C3D4E5F6", straight), wanted, lower_24_bits=False) == "raw:56:04a1b2c3d4e5f6"
    assert key_of(number_of("04A1B2C3D4E5F6", turned), wanted, lower_24_bits=False) == "raw:56:f6e5d4c3b2a104"


@pytest.mark.parametrize(
    ("texts", "style"),
    [
        (["0012345678", "0012345679", "1234"], CardStyle(cards.TEN)),
        (["188,24910", "001,00001", "0012345678"], CardStyle(cards.PAIR)),
        (["00BC614E", "12345678", "0ABC0000"], CardStyle(cards.HEX, 8)),
        (["04A1B2C3D4E5F6", "04112233445566"], CardStyle(cards.HEX, 14)),
        (["H10301:1:2", "raw:32:00bc614e"], CardStyle(cards.FORMATTED)),
        (["12345678", "18824910"], None),  # decimal, 3+5 or hexadecimal: nobody can tell
        (["", "abc"], None),
        ([], None),
    ],
)
def test_the_style_is_that_of_most_cells_or_none(texts, style):
    assert style_of(texts) == style


def test_what_keeps_a_spreadsheet_from_dropping_zeros_is_taken_off():
    assert [cards.cleaned(text) for text in ('="0012345678"', "'0012345678", "\t0012345678")] == ["0012345678"] * 3
    assert cards.cleaned('=HYPERLINK("x")') == '=HYPERLINK("x")'


def test_an_unknown_format_is_named_with_those_that_are_known():
    with pytest.raises(ImportRefused, match="H10301"):
        card_format("H99999")

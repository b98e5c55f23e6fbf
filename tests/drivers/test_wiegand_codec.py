"""The Wiegand codec against published cards and against the formats drawn as pictures."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.wire.wiegand import Card, Refusal, decode, decode_in_order, encode, key_of
from drivers.wire.wiegand_formats import LAYOUTS, WireError
from tests.drivers.format_pictures import DECIMAL, PICTURES, SCATTERED, drawn, guarded, widths

ALL = sorted(LAYOUTS)
# Every name of FIELD.md, section 1, by frame length.
LENGTHS = {
    26: {"H10301", "IND26"},
    27: {"IND27", "INDASC27", "TECOM27"},
    28: {"2804W"},
    29: {"IND29"},
    30: {"ATSW30"},
    31: {"ADT31"},
    32: {"HCP32", "HPP32", "KASTLE", "KANTECH", "WIE32"},
    33: {"D10202"},
    34: {"H10306", "N10002", "OPTUS34", "SMP34", "BQT34"},
    35: {"C1K35S"},
    36: {"C15001", "S12906", "SIE36", "H10320"},
    37: {"H10302", "H10304", "HGEN37", "MDI37"},
    38: {"BQT38", "ISCS38"},
    39: {"PW39"},
    40: {"P10001", "CASI40", "BC40"},
    42: {"RAW42P"},
    48: {"C1K48S"},
    50: {"RAW50P"},
    56: {"RAW56"},
    58: {"RAW58P"},
    64: {"RAW64"},
    66: {"RAW66P"},
}


def read(name: str, text: str) -> Card | Refusal:
    return decode(name, int(text, 2), len(text))


@st.composite
def cards(draw: st.DrawFn) -> tuple[str, dict[str, int]]:
    name = draw(st.sampled_from(ALL))
    fields = {}
    for field, bits in widths(name).items():
        limit = 10 ** (bits // 4) if name in DECIMAL else 1 << bits
        fields[field] = draw(st.one_of(st.sampled_from([0, 1, limit - 1]), st.integers(0, limit - 1)))
    return name, fields


def test_all_formats_of_the_field_are_there() -> None:
    assert {name: layout.length for name, layout in LAYOUTS.items()} == {
        name: length for length, names in LENGTHS.items() for name in names
    }
    assert set(PICTURES) | set(SCATTERED) == set(LAYOUTS)


@pytest.mark.parametrize(
    ("name", "text", "facility", "number"),
    [
        # proxmark3, doc/cheatsheet.md: the bits below the sentinel of 2006f623ae and 200670012d.
        ("H10301", f"{0x2006F623AE & (1 << 26) - 1:026b}", 123, 4567),
        ("H10301", f"{0x200670012D & (1 << 26) - 1:026b}", 56, 150),
        # accessgrid.com, "Examples of every access control bit format".
        ("H10301", "10010101000000000010001010", 42, 69),
        ("IND26", "10000001010100000010001010", 42, 69),
        ("IND27", "000000010101000000001000101", 42, 69),
    ],
)
def test_published_cards(name: str, text: str, facility: int, number: int) -> None:
    card = read(name, text)
    assert isinstance(card, Card)
    assert card.fields == {"facility": facility, "number": number}
    assert card.key == f"{name}:{facility}:{number}"
    assert encode(name, {"facility": facility, "number": number}) == (int(text, 2), len(text))


def test_a_published_48_bit_card_keeps_its_three_parities() -> None:
    # proxmark3, tools/pm3_tests.sh: 01400076000c86 is a Corporate 1000 card; facility and number by hand from the bits
    # below the sentinel: 0000000000000001110110|00000000000011001000011 behind 01, before 0.
    card = decode("C1K48S", 0x01400076000C86 & (1 << 48) - 1, 48)
    assert isinstance(card, Card)
    assert card.fields == {"facility": 0b1110110, "number": 0b11001000011}


@settings(max_examples=600, derandomize=True, deadline=None)
@given(cards())
def test_encode_is_the_picture_and_decode_its_inverse(drawn_card: tuple[str, dict[str, int]]) -> None:
    name, fields = drawn_card
    text = drawn(name, fields)
    assert encode(name, fields) == (int(text, 2), len(text))
    card = read(name, text)
    assert isinstance(card, Card)
    assert card.fields == fields
    assert (card.bits, card.length) == (int(text, 2), len(text))
    assert card.key == key_of(name, fields)
    assert re.fullmatch(r"([A-Z0-9]+(:\d+)+|raw:\d+:[0-9a-f]+)", card.key)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(cards())
def test_each_turned_bit_that_is_guarded_is_noticed(drawn_card: tuple[str, dict[str, int]]) -> None:
    name, fields = drawn_card
    text = drawn(name, fields)
    for at, noticed in enumerate(guarded(name)):
        turned = text[:at] + ("0" if text[at] == "1" else "1") + text[at + 1 :]
        found = read(name, turned)
        if noticed:
            assert found in (Refusal.PARITY, Refusal.CONSTANT), (name, at)
        elif name in DECIMAL:
            assert found is not Refusal.LENGTH
        else:
            assert isinstance(found, Card), (name, at)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(cards(), st.integers(1, 12))
def test_another_length_is_refused(drawn_card: tuple[str, dict[str, int]], by: int) -> None:
    name, fields = drawn_card
    text = drawn(name, fields)
    assert read(name, text[:-by]) is Refusal.LENGTH
    assert read(name, text[by:]) is Refusal.LENGTH
    assert read(name, text + "0" * by) is Refusal.LENGTH


@pytest.mark.attack("wire-10")
def test_a_shorter_format_never_matches_a_longer_card() -> None:
    good = drawn("H10301", {"facility": 12, "number": 34567})
    for tail in range(1 << 11):
        longer = good + f"{tail:011b}"
        found = decode_in_order(["H10301", "H10304"], int(longer, 2), 37)
        assert not isinstance(found, Card) or found.format == "H10304"
        assert decode_in_order(["H10301"], int(longer, 2), 37) is Refusal.LENGTH


def test_decimal_digits_above_nine_are_refused() -> None:
    picture = drawn("H10320", {"number": 12345678})
    ten_ten = "1010" + "1010" + picture[8:32]
    parities = [sum(int(ten_ten[at]) for at in range(start, 32, 4)) % 2 for start in range(4)]
    odd_second = f"{parities[0]}{1 - parities[1]}{parities[2]}{parities[3]}"
    assert read("H10320", ten_ten + odd_second) is Refusal.DIGIT


def test_order_decides_and_the_last_refusal_of_the_right_length_is_told() -> None:
    text = drawn("H10304", {"facility": 7, "number": 8})
    first = decode_in_order(["H10301", "H10304", "H10302"], int(text, 2), 37)
    other = decode_in_order(["H10302", "H10304"], int(text, 2), 37)
    assert isinstance(first, Card)
    assert isinstance(other, Card)
    assert (first.format, other.format) == ("H10304", "H10302")
    broken = ("0" if text[0] == "1" else "1") + text[1:]
    assert decode_in_order(["H10304", "H10301"], int(broken, 2), 37) is Refusal.PARITY
    assert decode_in_order([], 0, 26) is Refusal.LENGTH


def test_keys_of_serial_numbers_have_a_fixed_width_and_do_not_depend_on_the_frame() -> None:
    framed = decode("RAW58P", *encode("RAW58P", {"uid": 0x04A1B2C3D4E5F6}))
    plain = decode("RAW56", 0x04A1B2C3D4E5F6, 56)
    assert isinstance(framed, Card)
    assert isinstance(plain, Card)
    assert framed.key == plain.key == "raw:56:04a1b2c3d4e5f6"
    assert key_of("RAW42P", {"uid": 1}) == "raw:40:0000000001"


def test_issue_and_maker_are_part_of_the_key() -> None:
    assert key_of("KASTLE", {"facility": 1, "number": 2, "issue": 3}) == "KASTLE:1:2:3"
    assert key_of("C15001", {"facility": 1, "number": 2, "oem": 900}) == "C15001:1:2:900"
    assert key_of("KASTLE", {"facility": 1, "number": 2}) == "KASTLE:1:2:0"
    assert key_of("H10302", {"number": 2}) == "H10302:2"


@pytest.mark.parametrize(
    ("name", "fields", "said"),
    [
        ("H10399", {}, "H10399"),
        ("H10301", {"facility": 1}, "number"),
        ("H10301", {"facility": 256, "number": 1}, "0 to 255"),
        ("H10301", {"facility": -1, "number": 1}, "0 to 255"),
        ("H10320", {"number": 10**8}, "99999999"),
        ("H10301", {"facility": 1, "number": 1, "issue": 1}, "issue"),
    ],
)
def test_what_cannot_be_encoded_says_why(name: str, fields: dict[str, int], said: str) -> None:
    with pytest.raises(WireError, match=re.escape(said)):
        encode(name, fields)

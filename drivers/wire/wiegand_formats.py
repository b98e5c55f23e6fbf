"""The table of Wiegand card formats: where the fields, parities and constant bits of each one lie.

Positions count from 0, the first bit received. Layout facts are those of the published format descriptions and of
proxmark3's client, which is the independent oracle; where that contradicts itself, the choice is noted at the row.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

FRAME_BITS_MAX = 200  # longer bursts are noise; the longest format here has 66 bits


class WireError(Exception):
    """A codec was asked for something that does not exist: which format or field, and what there is."""


class Field(msgspec.Struct, frozen=True):
    """A number on the card: its bits from the most significant one. `bcd`: four bits a decimal digit."""

    name: str
    positions: tuple[int, ...]
    bcd: bool = False

    @property
    def limit(self) -> int:
        """The first number that does not fit."""
        bits = len(self.positions)
        return int(10 ** (bits // 4)) if self.bcd else 1 << bits


class Parity(msgspec.Struct, frozen=True):
    """One parity bit at `position`: with the bits it covers it makes their sum odd or even."""

    odd: bool
    position: int
    covers: tuple[int, ...]


class Layout(msgspec.Struct, frozen=True):
    """One format. Bits that no field, parity or constant names are unused: sent as 0, not looked at.

    `parities` are in the order in which an encoder sets them: a later one may cover an earlier one's bit.
    """

    name: str
    title: str
    length: int
    fields: tuple[Field, ...]
    parities: tuple[Parity, ...] = ()
    constants: tuple[tuple[int, int], ...] = ()  # (position, bit)
    raw: bool = False  # a chip's serial number, kept as hexadecimal


def _run(first: int, count: int) -> tuple[int, ...]:
    return tuple(range(first, first + count))


def _field(name: str, first: int, count: int) -> Field:
    return Field(name, _run(first, count))


def _facility(first: int, count: int) -> Field:
    return _field("facility", first, count)


def _number(first: int, count: int) -> Field:
    return _field("number", first, count)


def _even(position: int, covers: Iterable[int]) -> Parity:
    return Parity(False, position, tuple(covers))


def _odd(position: int, covers: Iterable[int]) -> Parity:
    return Parity(True, position, tuple(covers))


def _halves(length: int, first_half: int, second_half: int) -> tuple[Parity, ...]:
    """The common pair: even parity in front over the first bits, odd parity behind over the last."""
    return (_even(0, _run(1, first_half)), _odd(length - 1, _run(length - 1 - second_half, second_half)))


def _corporate(length: int) -> tuple[Parity, ...]:
    """HID Corporate 1000: interleaved parities over two of every three bits, and one over everything.

    Counted from the last bit (index 0): the even parity stands third from the front.
    """

    def position(index: int) -> int:
        return length - 1 - index

    even_at = length - 2
    return (
        _even(position(even_at), (position(i) for i in range(1, even_at) if i % 3 != 0)),
        _odd(position(0), (position(i) for i in range(1, even_at + 1) if i % 3 != 1)),
        _odd(0, range(1, length)),
    )


def _uid(name: str, uid_bits: int, framed: bool) -> Layout:
    """A chip's serial number, plain or between two parity bits of half of it each."""
    if not framed:
        return Layout(name, f"UID of {uid_bits} bits", uid_bits, (_field("uid", 0, uid_bits),), raw=True)
    length = uid_bits + 2
    half = uid_bits // 2
    title = f"UID of {uid_bits} bits with two parity bits"
    return Layout(name, title, length, (_field("uid", 1, uid_bits),), _halves(length, half, half), raw=True)


_TABLE: tuple[Layout, ...] = (
    Layout("H10301", "HID H10301, the open 26 bit format", 26, (_facility(1, 8), _number(9, 16)), _halves(26, 12, 12)),
    Layout("IND26", "Indala", 26, (_facility(1, 12), _number(13, 12)), _halves(26, 12, 12)),
    Layout("IND27", "Indala", 27, (_facility(0, 13), _number(13, 14))),
    Layout(
        "INDASC27",
        "Indala ASC",
        27,
        (
            Field("facility", (9, 4, 6, 5, 0, 7, 19, 8, 10, 16, 24, 12, 22)),
            Field("number", (26, 1, 3, 15, 14, 17, 20, 13, 25, 2, 18, 21, 11, 23)),
        ),
    ),
    Layout(
        "TECOM27",
        "Tecom",
        27,
        (
            Field("facility", (15, 19, 24, 23, 22, 18, 6, 10, 14, 3, 2)),
            Field("number", (0, 1, 13, 12, 9, 26, 20, 16, 17, 21, 25, 7, 8, 11, 4, 5)),
        ),
    ),
    Layout(
        "2804W",
        "2804 Wiegand",
        28,
        (_facility(4, 8), _number(12, 15)),
        (
            _odd(2, (p for p in range(4, 27) if p % 3 != 0)),
            _even(0, _run(1, 13)),
            _odd(27, _run(0, 27)),
        ),
    ),
    Layout("IND29", "Indala", 29, (_facility(0, 13), _number(13, 16))),
    Layout("ATSW30", "ATS Wiegand", 30, (_facility(1, 12), _number(13, 16)), _halves(30, 12, 16)),
    Layout("ADT31", "HID ADT", 31, (_facility(1, 4), _number(5, 23))),  # its parities are not published
    Layout("HCP32", "HID Check Point", 32, (_number(1, 24),)),
    # The oracle gives the number 29 bits, of which only 19 fit behind the facility.
    Layout("HPP32", "HID Hewlett-Packard", 32, (_facility(1, 12), _number(13, 19))),
    Layout(
        "KASTLE",
        "Kastle",
        32,
        (_facility(7, 8), _number(15, 16), _field("issue", 2, 5)),
        _halves(32, 16, 17),
        constants=((1, 1),),
    ),
    Layout("KANTECH", "Kantech KSF", 32, (_facility(7, 8), _number(15, 16))),
    Layout("WIE32", "Wiegand 32 bit", 32, (_facility(4, 12), _number(16, 16))),
    Layout("D10202", "HID D10202", 33, (_facility(1, 7), _number(8, 24)), _halves(33, 16, 16)),
    Layout("H10306", "HID H10306", 34, (_facility(1, 16), _number(17, 16)), _halves(34, 16, 16)),
    Layout("N10002", "Honeywell N10002", 34, (_facility(1, 16), _number(17, 16)), _halves(34, 16, 16)),
    Layout("OPTUS34", "Indala Optus", 34, (_facility(22, 11), _number(1, 16))),
    Layout("SMP34", "Cardkey Smartpass", 34, (_facility(1, 13), _number(17, 16), _field("issue", 14, 3))),
    Layout("BQT34", "BQT", 34, (_facility(1, 8), _number(9, 24)), _halves(34, 16, 16)),
    Layout("C1K35S", "HID Corporate 1000", 35, (_facility(2, 12), _number(14, 20)), _corporate(35)),
    Layout(
        "C15001",
        "Keyscan C15001",
        36,
        (_facility(11, 8), _number(19, 16), _field("oem", 1, 10)),
        _halves(36, 17, 17),
    ),
    Layout(
        "S12906",
        "HID Simplex S12906",
        36,
        (_facility(1, 8), _number(11, 24), _field("issue", 9, 2)),
        (_odd(0, _run(1, 17)), _odd(35, _run(17, 18))),
    ),
    Layout(
        "SIE36",
        "HID Siemens",
        36,
        (_facility(1, 18), _number(19, 16)),
        (
            _odd(0, (p for p in range(1, 35) if p % 3 != 2)),
            _even(35, (p for p in range(1, 35) if p % 3 != 0)),
        ),
    ),
    # The oracle breaks the pattern of every fourth bit in its third and fourth parity (28 for 26, 29 for 27) although
    # each digit's bit would then be left unguarded; the unbroken pattern stands here.
    Layout(
        "H10320",
        "HID H10320, decimal digits",
        36,
        (Field("number", _run(0, 32), bcd=True),),
        (
            _even(32, range(0, 32, 4)),
            _odd(33, range(1, 32, 4)),
            _even(34, range(2, 32, 4)),
            _even(35, range(3, 32, 4)),
        ),
    ),
    Layout("H10302", "HID H10302", 37, (_number(1, 35),), _halves(37, 18, 18)),
    Layout("H10304", "HID H10304", 37, (_facility(1, 16), _number(17, 19)), _halves(37, 18, 18)),
    # The oracle's encoder covers bit 26 with the odd parity, its decoder bit 28; the pattern says 26.
    Layout(
        "HGEN37",
        "HID generic",
        37,
        (_number(4, 32),),
        (_even(0, range(4, 33, 4)), _odd(2, range(6, 35, 4)), _even(3, range(7, 36, 4))),
        constants=((36, 1),),
    ),
    Layout("MDI37", "PointGuard MDI", 37, (_facility(3, 4), _number(7, 29)), _halves(37, 18, 18)),
    Layout(
        "BQT38",
        "BQT",
        38,
        (_facility(24, 13), _number(1, 19), _field("issue", 20, 4)),
        _halves(38, 18, 18),
    ),
    Layout(
        "ISCS38",
        "ISCS",
        38,
        (_facility(5, 10), _number(15, 22), _field("oem", 1, 4)),
        _halves(38, 18, 18),
    ),
    Layout("PW39", "Pyramid", 39, (_facility(1, 17), _number(18, 20)), _halves(39, 18, 19)),
    Layout(
        "P10001",
        "Honeywell P10001",
        40,
        (_facility(4, 12), _number(16, 16)),
        tuple(_even(32 + bit, range(bit, 32, 8)) for bit in range(8)),  # a byte that is the XOR of the four before it
        constants=((0, 1), (1, 1), (2, 1), (3, 1)),
    ),
    Layout("CASI40", "Casi-Rusco", 40, (_number(1, 38),)),
    # The oracle allows 20 bits of number, moves 19 and says 39 bits in all; 7 + 12 + 20 + 1 are the 40 of its name.
    Layout(
        "BC40",
        "Bundy time clock",
        40,
        (_facility(7, 12), _number(19, 20), _field("oem", 0, 7)),
        (_odd(39, _run(19, 20)),),
    ),
    Layout("C1K48S", "HID Corporate 1000", 48, (_facility(2, 22), _number(24, 23)), _corporate(48)),
    _uid("RAW42P", 40, framed=True),
    _uid("RAW50P", 48, framed=True),
    _uid("RAW58P", 56, framed=True),
    _uid("RAW66P", 64, framed=True),
    _uid("RAW56", 56, framed=False),
    _uid("RAW64", 64, framed=False),
)

LAYOUTS: dict[str, Layout] = {layout.name: layout for layout in _TABLE}
assert len(LAYOUTS) == len(_TABLE), "a format's name stands twice"


def layout_of(name: str) -> Layout:
    """The layout of a format. Raises WireError when there is none of that name."""
    layout = LAYOUTS.get(name)
    if layout is None:
        raise WireError(f"no Wiegand format {name!r}; there are {', '.join(LAYOUTS)}")
    return layout

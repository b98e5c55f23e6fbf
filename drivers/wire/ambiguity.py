"""Which formats of one reader could take each other's cards: asked by `menshen check`, answered exactly.

Two formats are ambiguous when one frame exists that both accept: they have the same length, and their parities,
constant bits and digits do not exclude each other. Then the order of the list would decide whose card it is, and one
person's card could be read as another's. All conditions but decimal digits are linear over GF(2), so a common frame is
a solution of their equations; a decimal digit is one of two linear cases (below 8, or 8 and 9), tried in turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations, product

import msgspec

from drivers.wire.wiegand_formats import Layout, layout_of


class Ambiguity(msgspec.Struct, frozen=True):
    """`first` and `second` both accept the frame `bits` of `length` bits."""

    first: str
    second: str
    bits: int
    length: int


_Equation = tuple[int, int]  # mask over the frame's bits, parity of the masked bits


def ambiguities(formats: Sequence[str]) -> list[Ambiguity]:
    """Every pair of formats that both accept some frame, with such a frame. A format listed twice is one too.

    Raises WireError for an unknown format.
    """
    found: list[Ambiguity] = []
    for first, second in combinations([layout_of(name) for name in formats], 2):
        if first.length != second.length:
            continue
        bits = common_frame(first, second)
        if bits is not None:
            found.append(Ambiguity(first.name, second.name, bits, first.length))
    return found


def common_frame(first: Layout, second: Layout) -> int | None:
    """A frame that both layouts, which have one length, accept; None when there is none."""
    assert first.length == second.length
    for cases in product(_cases(first), _cases(second)):
        bits = _solve([equation for case in cases for equation in case])
        if bits is not None:
            return bits
    return None


def _cases(layout: Layout) -> Iterator[list[_Equation]]:
    """Sets of equations; a frame is accepted when it solves one of the sets."""
    top = layout.length - 1

    def bit(position: int) -> int:
        return 1 << (top - position)

    base: list[_Equation] = [
        (sum(bit(p) for p in parity.covers) ^ bit(parity.position), int(parity.odd)) for parity in layout.parities
    ]
    base += [(bit(position), value) for position, value in layout.constants]
    digits = [
        field.positions[at : at + 4] for field in layout.fields if field.bcd for at in range(0, len(field.positions), 4)
    ]
    below_eight_or_not = product((False, True), repeat=len(digits))
    for choice in below_eight_or_not:
        case = list(base)
        for (eight, four, two, _), high in zip(digits, choice, strict=True):
            case += [(bit(four), 0), (bit(two), 0)] if high else [(bit(eight), 0)]
        yield case


def _solve(equations: Sequence[_Equation]) -> int | None:
    """One solution over GF(2) with the free bits 0; None when the equations contradict each other."""
    reduced: dict[int, _Equation] = {}  # highest bit -> equation; no other equation has that bit
    for mask, value in equations:
        for pivot, (pivot_mask, pivot_value) in reduced.items():
            if mask >> pivot & 1:
                mask ^= pivot_mask
                value ^= pivot_value
        if mask == 0:
            if value:
                return None
            continue
        pivot = mask.bit_length() - 1
        for other, (other_mask, other_value) in reduced.items():
            if other_mask >> pivot & 1:
                reduced[other] = (other_mask ^ mask, other_value ^ value)
        reduced[pivot] = (mask, value)
    return sum(1 << pivot for pivot, (_, value) in reduced.items() if value)

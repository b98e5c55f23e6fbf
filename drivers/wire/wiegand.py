"""The Wiegand codec: bits of a frame -> card, and back, by the table of formats. No I/O, no time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache

import msgspec

from drivers.wire.wiegand_formats import FRAME_BITS_MAX, Layout, WireError, layout_of


class Refusal(StrEnum):
    """Why bits are no card of a format."""

    LENGTH = "length"
    PARITY = "parity"
    CONSTANT = "constant"  # a bit that is always the same is not
    DIGIT = "digit"  # a decimal digit above 9


class Card(msgspec.Struct, frozen=True):
    """A decoded card, with the raw bits it was read from beside it (first received bit highest)."""

    format: str
    fields: dict[str, int]
    key: str  # the canonical text under which a roster knows the card
    bits: int
    length: int


class _Codec:
    """One layout as masks on the frame's integer, so that decoding needs no loop over bits."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout
        top = layout.length - 1
        self.parities = [
            (
                sum(1 << (top - p) for p in (*parity.covers, parity.position)),
                int(parity.odd),
                1 << (top - parity.position),
            )
            for parity in layout.parities
        ]
        self.constant_mask = sum(1 << (top - position) for position, _ in layout.constants)
        self.constant_bits = sum(bit << (top - position) for position, bit in layout.constants)
        self.fields = [(field, _slices(field.positions, top)) for field in layout.fields]

    def refusal(self, bits: int) -> Refusal | None:
        """Why `bits`, which have the right length, are no card of this format; None when they are."""
        for mask, odd, _ in self.parities:
            if (bits & mask).bit_count() & 1 != odd:
                return Refusal.PARITY
        if bits & self.constant_mask != self.constant_bits:
            return Refusal.CONSTANT
        for field, slices in self.fields:
            if field.bcd and _decimal(_gather(bits, slices), len(field.positions)) is None:
                return Refusal.DIGIT
        return None

    def values(self, bits: int) -> dict[str, int]:
        values: dict[str, int] = {}
        for field, slices in self.fields:
            value = _gather(bits, slices)
            if field.bcd:
                digits = _decimal(value, len(field.positions))
                assert digits is not None, "refusal() comes first"
                value = digits
            values[field.name] = value
        return values

    def key(self, values: Mapping[str, int]) -> str:
        if self.layout.raw:
            uid_bits = len(self.layout.fields[0].positions)
            return f"raw:{uid_bits}:{values['uid']:0{uid_bits // 4}x}"
        return ":".join((self.layout.name, *(str(values[field.name]) for field in self.layout.fields)))


def decode(format_name: str, bits: int, length: int) -> Card | Refusal:
    """Read `length` bits as a card of one format. Raises WireError when there is no such format."""
    codec = _codec(format_name)
    assert 0 <= bits < 1 << length, "bits and length belong together"
    if length != codec.layout.length:
        return Refusal.LENGTH
    refusal = codec.refusal(bits)
    if refusal is not None:
        return refusal
    values = codec.values(bits)
    return Card(format_name, values, codec.key(values), bits, length)


def decode_in_order(formats: Sequence[str], bits: int, length: int) -> Card | Refusal:
    """The first of `formats` that accepts the frame; else the refusal of the last one that had the length."""
    refusal = Refusal.LENGTH
    for name in formats:
        found = decode(name, bits, length)
        if isinstance(found, Card):
            return found
        if found is not Refusal.LENGTH:
            refusal = found
    return refusal


def encode(format_name: str, fields: Mapping[str, int]) -> tuple[int, int]:
    """(bits, length) of a card. Raises WireError for an unknown format, or a missing, unknown or too large field.

    `oem` and `issue` may be left out: 0.
    """
    codec = _codec(format_name)
    known = {field.name for field in codec.layout.fields}
    unknown = sorted(set(fields) - known)
    if unknown:
        raise WireError(f"{format_name} has no field {', '.join(unknown)}; it has {', '.join(sorted(known))}")
    bits = codec.constant_bits
    for field, slices in codec.fields:
        value = fields.get(field.name, 0 if field.name in ("oem", "issue") else None)
        if value is None:
            raise WireError(f"{format_name} needs the field {field.name}")
        if not 0 <= value < field.limit:
            raise WireError(f"{format_name}: {field.name} {value} is not in 0 to {field.limit - 1}")
        coded = int(str(value), 16) if field.bcd else value
        bits |= _scatter(coded, slices)
    for mask, odd, own_bit in codec.parities:
        if (bits & mask).bit_count() & 1 != odd:
            bits |= own_bit
    return bits, codec.layout.length


def key_of(format_name: str, fields: Mapping[str, int]) -> str:
    """The canonical key of a card that was never read, as a roster writes it. Raises WireError as encode()."""
    found = decode(format_name, *encode(format_name, fields))
    assert isinstance(found, Card), "what encode() makes, decode() reads"
    return found.key


def lengths_of(formats: Sequence[str]) -> frozenset[int]:
    """The frame lengths that `formats` have, in bits."""
    return frozenset(layout_of(name).length for name in formats)


# -- masks ------------------------------------------------------------------------------------------------------------

_Slices = tuple[tuple[int, int, int], ...]  # (shift in the frame, width mask, shift in the value)


def _slices(positions: Sequence[int], top: int) -> _Slices:
    """Runs of neighbouring bits, so that an ordinary field is one shift and one mask."""
    runs: list[list[int]] = []
    for position in positions:
        if runs and runs[-1][-1] + 1 == position:
            runs[-1].append(position)
        else:
            runs.append([position])
    slices: list[tuple[int, int, int]] = []
    left = len(positions)
    for run in runs:
        left -= len(run)
        slices.append((top - run[-1], (1 << len(run)) - 1, left))
    return tuple(slices)


def _gather(bits: int, slices: _Slices) -> int:
    value = 0
    for shift, mask, left in slices:
        value |= ((bits >> shift) & mask) << left
    return value


def _scatter(value: int, slices: _Slices) -> int:
    bits = 0
    for shift, mask, left in slices:
        bits |= ((value >> left) & mask) << shift
    return bits


def _decimal(coded: int, width_bits: int) -> int | None:
    """The number whose decimal digits are the nibbles of `coded`; None when one of them is above 9."""
    text = f"{coded:0{width_bits // 4}x}"
    return int(text) if text.isdecimal() else None


@cache
def _codec(format_name: str) -> _Codec:
    layout = layout_of(format_name)
    assert layout.length <= FRAME_BITS_MAX
    return _Codec(layout)

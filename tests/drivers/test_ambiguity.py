"""Ambiguous formats: the exact search against trying every frame, and the pairs of the field."""

from __future__ import annotations

import random

import pytest

from drivers.wire.ambiguity import ambiguities, common_frame
from drivers.wire.wiegand import Card, decode
from drivers.wire.wiegand_formats import LAYOUTS, Field, Layout, Parity, WireError

SEED = 20260703
BITS = 10  # of the invented formats: all 1,024 frames can be tried


def invented(rng: random.Random, name: str) -> Layout:
    """A random layout: parities and constants anywhere, sometimes a decimal number."""
    bcd = rng.random() < 0.4
    field = Field("number", tuple(rng.sample(range(BITS), 8 if rng.random() < 0.5 else 4)), bcd=bcd)
    parities = []
    for _ in range(rng.randrange(4)):
        own, *covers = rng.sample(range(BITS), rng.randrange(1, 6))
        parities.append(Parity(rng.random() < 0.5, own, tuple(covers)))
    constants = tuple((at, rng.randrange(2)) for at in rng.sample(range(BITS), rng.randrange(3)))
    return Layout(name, name, BITS, (field,), tuple(parities), constants)


def accepts(layout: Layout, text: str) -> bool:
    """The definition, on characters."""
    for parity in layout.parities:
        ones = sum(text[at] == "1" for at in (*parity.covers, parity.position))
        if ones % 2 != parity.odd:
            return False
    if any(text[at] != str(bit) for at, bit in layout.constants):
        return False
    (field,) = layout.fields
    number = "".join(text[at] for at in field.positions)
    return not field.bcd or all(int(number[at : at + 4], 2) <= 9 for at in range(0, len(number), 4))


def test_the_search_agrees_with_trying_every_frame() -> None:
    rng = random.Random(SEED)
    frames = [f"{bits:0{BITS}b}" for bits in range(1 << BITS)]
    outcomes = {True: 0, False: 0}
    for _ in range(400):
        first, second = invented(rng, "A"), invented(rng, "B")
        both = [text for text in frames if accepts(first, text) and accepts(second, text)]
        found = common_frame(first, second)
        assert (found is not None) == bool(both), f"seed {SEED}: {first} {second}"
        assert found is None or f"{found:0{BITS}b}" in both, f"seed {SEED}: {first} {second}"
        outcomes[bool(both)] += 1
    assert min(outcomes.values()) > 40  # both answers were put to the test


def test_every_pair_of_one_length_comes_with_a_frame_that_both_accept() -> None:
    names = sorted(LAYOUTS)
    for found in ambiguities(names):
        assert isinstance(decode(found.first, found.bits, found.length), Card)
        assert isinstance(decode(found.second, found.bits, found.length), Card)


@pytest.mark.parametrize(
    ("formats", "pairs"),
    [
        (["H10301", "H10304", "C1K35S"], []),
        (["H10301", "IND26"], [("H10301", "IND26")]),
        (["H10304", "H10302"], [("H10304", "H10302")]),
        (["H10306", "N10002", "H10301"], [("H10306", "N10002")]),
        (["H10301", "H10301"], [("H10301", "H10301")]),
        # One wants the first 18 bits even, the other odd: no frame is both, although the lengths are the same.
        (["C15001", "S12906"], []),
        (["C15001", "H10320"], [("C15001", "H10320")]),
        ([], []),
    ],
)
def test_pairs_of_the_field(formats: list[str], pairs: list[tuple[str, str]]) -> None:
    assert [(found.first, found.second) for found in ambiguities(formats)] == pairs


def test_an_unknown_format_is_named() -> None:
    with pytest.raises(WireError, match="H1030I"):
        ambiguities(["H1030I"])

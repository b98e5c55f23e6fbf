"""The short part of `make soak` for Wiegand: random edges at a reader's two lines."""

from __future__ import annotations

import pytest

from tests.drivers.wiegand_soak import soak


@pytest.mark.parametrize(("kind", "bursts"), [("noise", 600), ("damaged", 600), ("bits", 2_000)])
def test_random_edges_are_no_card_but_by_parity(kind: str, bursts: int) -> None:
    said = soak(kind, bursts, seed=7)
    assert said["ok"], said

"""The roster's bench runs, at a size for every day: what it reports is there and plausible."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.bench.build import bench as bench_build
from firmware.bench.lookup import bench_lookup
from firmware.bench.swap import bench as bench_swap


def test_the_bench_measures_a_small_roster(tmp_path: Path) -> None:
    told = bench_lookup(tmp_path, 1000)
    assert told["credentials"] >= 1000  # a card each, and some plates and PINs
    assert told["file_bytes"] == (tmp_path / "roster" / "roster").stat().st_size
    for name in ("find_us", "present_us", "unknown_us", "pin_alone_us", "second_pin_us", "dict_us"):
        assert 0 < told[name].minimum <= told[name].median <= told[name].p99
    assert {figure.name for figure in told["figures"]} >= {"one look-up, p99", "open and verify"}


def test_the_bench_builds_from_a_small_source(tmp_path: Path) -> None:
    told = bench_build(tmp_path, 2000)
    assert (told["holders"], told["credentials"] > 2000) == (2000, True)
    assert told["bytes"] == (tmp_path / "out.roster").stat().st_size
    assert 0 < told["peak_mb"] < 200


@pytest.mark.slow
def test_the_bench_swaps_small_rosters_at_a_gate_in_use(tmp_path: Path) -> None:
    told = bench_swap(tmp_path, swaps=2, credentials=500)
    assert told["swap_s"].count == 2
    assert told["swipe_ms_between_swaps"].count >= 10, "people came home between the swaps"
    assert told["last_receipt"].startswith("version 3, ")
    # What the figures are belongs to a machine of its own; here they are shared with all other tests.
    assert [figure.unit for figure in told["figures"]] == ["s", "ms"]
    assert told["swap_s"].maximum < 10

"""The roster's bench runs, at a size for every day: what it reports is there and plausible."""

from __future__ import annotations

from pathlib import Path

from firmware.bench.lookup import bench_lookup


def test_the_bench_measures_a_small_roster(tmp_path: Path) -> None:
    told = bench_lookup(tmp_path, 1000)
    assert told["credentials"] >= 1000  # a card each, and some plates and PINs
    assert told["file_bytes"] == (tmp_path / "roster" / "roster").stat().st_size
    for name in ("find_us", "present_us", "unknown_us", "pin_alone_us", "second_pin_us", "dict_us"):
        assert 0 < told[name].minimum <= told[name].median <= told[name].p99
    assert {figure.name for figure in told["figures"]} >= {"one look-up, p99", "open and verify"}

"""The bench of suspensions: it measures, and its figures are of what it says."""

from __future__ import annotations

from pathlib import Path

from firmware.bench.suspend import PAUSE_S, bench


def test_the_bench_measures_a_small_roster(tmp_path: Path) -> None:
    outcome = bench(tmp_path, suspensions=2, credentials=1_000)
    assert outcome["command_to_refusal_s"].count == 2
    assert outcome["command_to_refusal_s"].minimum >= PAUSE_S  # the swipe after the command is refused, not one before
    assert outcome["swipe_ms"].count >= 4
    assert [figure.unit for figure in outcome["figures"]] == ["s", "ms"]

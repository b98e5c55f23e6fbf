"""A loop whose edges the bus loses without a word still keeps the barrier from closing: the line is read, too."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest

from firmware.rehearsal.virtual_time import run_virtual
from tests.lanes.lane_gate import LaneGate, lane_gate, prepare, state_folder
from tests.lanes.passages import MEMORY
from tests.lanes.road import Road

STANDS_S = 60.0  # longer than a passage is waited for


@pytest.fixture(scope="module")
def prepared():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        (folder / "prepared").mkdir()
        yield prepare(folder / "prepared"), folder


def spots(road: Road) -> dict[str, bool]:
    """What the page shows of loops and beams."""
    lane = road.seen().lane
    assert lane is not None
    return {spot.what: spot.active for spot in lane.spots}


def test_it_does_not_close_behind_a_motorcycle_that_stands_on_a_loop_which_no_edge_told_of(prepared):
    config, folder = prepared

    async def story(gate: LaneGate) -> None:
        road = Road(gate, random.Random(3))
        await road.passes(road.comes("car", "in", pace=1.0), "in")  # it has shown that its loops work
        await road.closes()
        road.lose_edges("safety", 1.0)
        rider = road.comes("motorcycle", "in", pace=1.0)
        assert await road.until(lambda: rider.waits, 30)
        road.swipe("in")
        assert await road.until(lambda: "beam" in rider.covered, 30)
        while "beam" in rider.covered:
            await gate.wait(0.01)
        rider.stop()
        assert {"", "safety"} <= rider.covered  # its tail is over the bollards' rim, and behind the beam
        assert not await road.until(lambda: road.closing() or road.warning(), STANDS_S)
        assert road.open()
        assert spots(road)["safety"]
        rider.go()
        assert await road.until(lambda: rider.gone, 30)
        await gate.wait(0.4)
        assert not spots(road)["safety"]

    async def run() -> None:
        with state_folder(folder / "prepared", folder / "story") as state:
            async with lane_gate(config, state, seed=3) as gate:
                await gate.wait(2)
                await story(gate)

    run_virtual(run(), block_s_max=20)

"""Some of the simulated passages of `make prove`, and that their judges notice a wrong controller."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from firmware.core.barrier import machines
from firmware.core.lane.machines import PASSAGE, TRACK, Passage, PassageTrigger, Track, TrackTrigger
from tests.core.mutation import planted
from tests.lanes import passages
from tests.lanes.lane_gate import prepare
from tests.lanes.passages import MEMORY, PLANTS, STORIES, run_chunk

SEED = 21
CHUNKS = (0, 1, 2, 3, 4, 5)  # one of each kind of plant


@pytest.fixture(scope="module")
def prepared():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        (folder / "prepared").mkdir()
        yield prepare(folder / "prepared"), folder


def told(prepared, number, only=None):
    config, folder = prepared
    return run_chunk(config, folder / "prepared", folder / str(number), SEED, number, only)


@pytest.mark.slow
@pytest.mark.parametrize("number", CHUNKS)
def test_nothing_is_broken(prepared, number):
    outcome = told(prepared, number)
    assert outcome.broken == []
    assert (outcome.strikes, outcome.wrecks, outcome.false_greens) == (0, 0, 0)
    assert outcome.passages > 40


def test_the_plants_differ():
    assert len(CHUNKS) == len(PLANTS)
    assert len({story.kind for story in STORIES}) == len(STORIES)


_M, _T = machines.Motion, machines.MotionTrigger
WRONG = {
    "stops, and does not go back": (
        machines.MOTION,
        (_M.CLOSING, _T.OBSTRUCTED),
        (_M.UNKNOWN, ("stop", "look")),
        "R3a",
    ),
    "goes back without a pause": (machines.MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.OPENING, ("start",)), "R5b"),
    "closes without a self-test": (
        machines.TESTING,
        (machines.Testing.IDLE, machines.TestingTrigger.BEGIN),
        (machines.Testing.PASSED, ()),
        "R8c",
    ),
    "is never green": (PASSAGE, (Passage.OPENING, PassageTrigger.OPENED), (Passage.OPENING, ()), "not let through"),
    "nobody is seen to leave": (
        TRACK,
        (Track.LEAVING, TrackTrigger.FAR_OFF),
        (Track.LEAVING, ("untime",)),
        "not let through|does not close",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_controller_is_found(prepared, wrong):
    table, pair, cell, _ = WRONG[wrong]
    with planted(table, {**table.cells, pair: cell}):
        found = next((outcome.broken[0] for number in CHUNKS if (outcome := told(prepared, number)).broken), None)
    assert found is not None
    assert any(part in found["what"] for part in WRONG[wrong][3].split("|")), found["what"]


def test_a_failure_names_its_seed_and_story(prepared):
    table, pair, cell, _ = WRONG["closes without a self-test"]
    with planted(table, {**table.cells, pair: cell}):
        found = told(prepared, 0).broken[0]
        again = told(prepared, 0, only=found["story"]).broken[0]
    assert (found["seed"], found["chunk"]) == (SEED, 0)
    assert found["last"]
    assert "R8c" in again["what"]


def test_the_line_of_figures(prepared):
    said = passages.run(20, SEED)
    assert said["passages"] >= 20
    assert said["broken"] == []
    assert said["lane_hours"] > 0

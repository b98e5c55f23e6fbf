"""Every state that a barrier and a lane can come to, slice by slice; and that the walks notice what is wrong.

`python -m pytest tests/core/lanes/test_explore.py -s` prints states and transitions of each slice.
"""

from __future__ import annotations

import pytest

from firmware.core.barrier.machines import (
    MOTION,
    OBSTRUCTION,
    WATCH,
    Motion,
    MotionTrigger,
    Obstruction,
    ObstructionTrigger,
    Watch,
    WatchTrigger,
)
from firmware.core.lane.machines import PASSAGE, TRACK, Passage, PassageTrigger, Track, TrackTrigger
from tests.core.lanes.explore import Counterexample, differs, explore
from tests.core.lanes.slices import BARRIER_SLICES, LANE_SLICES, SLICES
from tests.core.mutation import planted

STATES_MAX = 200_000  # the largest has about 150,000
TWINS = 300  # of each slice: asked whether what the key leaves out changes a decision


@pytest.mark.slow
@pytest.mark.parametrize("name", SLICES)
def test_every_state_of_a_slice(name, capsys):
    world = SLICES[name]()
    twins = []
    walk = explore(world, STATES_MAX, twins=twins)
    assert walk.whole
    assert walk.states > 500, "a walk that comes nowhere proves nothing"
    with capsys.disabled():
        print(f"\n{name}: {walk.states} states, {walk.transitions} transitions", end="")
    every = max(1, len(twins) // TWINS)
    asked = [differs(world, one, other) for one, other in twins[::every]]
    assert len(asked) > 50
    assert set(asked) == {None}


# -- the walk notices what is wrong -----------------------------------------------------------------------------------

_M, _T = Motion, MotionTrigger
WRONG_BARRIER = {
    "does not go back from somebody": ("devices", MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.CLOSING, ()), "R1a|no end"),
    "goes back without a pause": ("devices", MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.OPENING, ("start",)), "R5"),
    "closes without a warning": ("devices", MOTION, (_M.OPEN, _T.WARN), (_M.CLOSING, ("start",)), "R5b|R7a|R8c"),
    "does not heed the stop": ("key and stop", MOTION, (_M.CLOSING, _T.HALT), (_M.CLOSING, ()), "R12a|no end"),
    "moves without end": ("bars", MOTION, (_M.OPENING, _T.OVERDUE), (_M.OPENING, ()), "R6a"),
    "moves with a faulty drive": ("outputs", MOTION, (_M.CLOSED, _T.BROKEN), (_M.CLOSED, ()), "R6"),
    "counts no obstruction": (
        "devices",
        OBSTRUCTION,
        (Obstruction.ONCE, ObstructionTrigger.MET),
        (Obstruction.ONCE, ()),
        "R4",
    ),
    "believes a lost loop": ("lost devices", WATCH, (Watch.CLEAR, WatchTrigger.FAULTED), (Watch.CLEAR, ()), "R1b"),
}
_K, _P, _Q = Track, Passage, PassageTrigger
WRONG_LANE = {
    "two passages for one card": ("passages", PASSAGE, (_P.READY, _Q.DUE), (_P.OPENING, ("not_taken",)), "L1|L4|L7"),
    "green for ever": ("passages", PASSAGE, (_P.PASSING, _Q.PASSED), (_P.READY, ("taken",)), "L7|L1"),
    "sends somebody head-on": ("both ways", TRACK, (_K.CLEAR, TrackTrigger.ENTERED), (_K.STRAY, ()), "L2"),
    "changes sides at once": ("both ways", PASSAGE, (_P.READY, _Q.DUE), (_P.IDLE, ("not_taken", "end")), "L8"),
    "owes a close for nothing": ("passages", PASSAGE, (_P.IDLE, _Q.OPENED), (_P.IDLE, ("end",)), "L4"),
}


@pytest.mark.parametrize("name", WRONG_BARRIER | WRONG_LANE)
def test_the_walk_notices(name):
    where, table, pair, cell, rule = (WRONG_BARRIER | WRONG_LANE)[name]
    with planted(table, table.cells | {pair: cell}), pytest.raises(Counterexample, match=rule):
        explore(SLICES[where](), STATES_MAX)


def test_a_slice_of_each_kind_is_there():
    assert len(BARRIER_SLICES) >= 10
    assert len(LANE_SLICES) >= 5

"""R0: every pair of the order of priorities, at the wires: with both there, the higher one decides what happens."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest

from firmware.core.barrier.goals import BARRIER_RANKS, BarrierClaim, first
from firmware.core.facts import (
    CardRead,
    ClockSet,
    EmergencyClose,
    HoldOpen,
    RosterReplaced,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.site import Sensor
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier, known
from tests.core.lanes.test_lane import ALL, WEEK
from tests.core.portals.scene import MONDAY_0755_MS, Rulebook

GUARD = "guard Li"
C = BarrierClaim

# From the top, as FIELD.md, section 3, has it (R0): who claims the barrier, by what the world does to bring that about.
RAISE: dict[BarrierClaim, Callable[[LaneScene], None]] = {
    C.ISOLATED: lambda s: s.input("service_key", True),
    C.STOP: lambda s: s.input("stop", True),
    C.FIRE: lambda s: s.input("fire", True),
    C.FIRE_KEY: lambda s: s.input("fire_key", True),
    C.EVACUATION: lambda s: s.do(StartEvacuation(GUARD, confirmed=True)),
    C.HOLD_TO_RUN: lambda s: s.input("key_close", True),
    C.EMERGENCY: lambda s: s.do(EmergencyClose(GUARD, portal=NAME, confirmed=True)),
    C.LEAVING: lambda s: s.do(CardRead("r_out", known("dee"))),
    C.LOCKDOWN: lambda s: s.do(StartLockdown(GUARD)),
    C.OPERATOR: lambda s: s.do(HoldOpen(GUARD, portal=NAME, for_ms=3_600_000)),
    C.CREDENTIAL: lambda s: s.do(CardRead("r_in", known("ann"))),
    C.SCHEDULE: lambda s: s.do(ClockSet(MONDAY_0755_MS + 299_000)),  # a second later the window opens
}
ORDER = tuple(RAISE)
# What the barrier, which stands closed, does under a claim alone.
DOES = dict.fromkeys((C.ISOLATED, C.STOP, C.HOLD_TO_RUN, C.EMERGENCY, C.LOCKDOWN), "rest") | dict.fromkeys(
    (C.FIRE, C.FIRE_KEY, C.EVACUATION, C.LEAVING, C.OPERATOR, C.CREDENTIAL, C.SCHEDULE), "opens"
)


def scene() -> LaneScene:
    s = LaneScene(barrier(unlock_schedule="school"), fire_inputs=("fire",))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS))
    s.wait(1_000)
    return s


def test_the_order_is_that_of_the_field():
    assert tuple(rank.claim for rank in BARRIER_RANKS) == (*ORDER, C.OWED, C.NOBODY)


@pytest.mark.parametrize("claim", ORDER)
def test_each_claim_alone(claim):
    s = scene()
    RAISE[claim](s)
    s.wait(2_000)
    assert s.moving() == DOES[claim]


@pytest.mark.parametrize(("higher", "lower"), list(combinations(ORDER, 2)))
@pytest.mark.parametrize("order", ["higher first", "lower first"])
def test_each_pair(higher, lower, order):
    """In either order of time the higher one decides; it stops, finishes or undoes what the lower one had begun."""
    s = scene()
    for claim in (higher, lower) if order == "higher first" else (lower, higher):
        RAISE[claim](s)
    s.wait(2_000)
    plan = s.state.wiring.barriers[NAME]
    state = s.state.lanes[NAME].barrier
    holds = {rank.claim for rank in BARRIER_RANKS if rank.holds(plan, state)}
    if (higher, lower) in WAITS and order == "lower first":
        assert s.moving() == DOES[lower]
        return
    assert higher in holds
    assert first(plan, state).claim is higher or (higher, lower) in FINISHED
    if (higher, lower) in FINISHED and order == "lower first":
        return
    assert s.moving() == DOES[higher]


# An opening that has begun is brought to its end before anything closes: it stops for isolation, stop and edges only. A
# lockdown moves nothing, and stops nothing either.
FINISHED = {
    (higher, lower)
    for higher in (C.HOLD_TO_RUN, C.EMERGENCY, C.LOCKDOWN)
    for lower in ORDER
    if ORDER.index(lower) > ORDER.index(higher) and DOES[lower] == "opens"
}

# A car that was let in is served until it is through: who wants out then waits (no two cars head on, R10).
WAITS = {(C.LEAVING, C.CREDENTIAL)}


@pytest.mark.parametrize("lower", [C.FIRE, C.FIRE_KEY, C.EVACUATION, C.OPERATOR, C.CREDENTIAL])
def test_an_edge_of_the_opening_direction_stands_above_fire(lower):
    s = LaneScene(barrier(edges_opening=(Sensor("behind", supervised=True),)), fire_inputs=("fire",))
    s.input("behind", True)
    RAISE[lower](s)
    s.wait(60_000)
    assert s.moving() == "rest"


@pytest.mark.parametrize("claim", [C.HOLD_TO_RUN, C.EMERGENCY])
def test_a_loop_stands_above_every_close(claim):
    s = LaneScene(at="is_down")
    s.input("loop", True)
    RAISE[claim](s)
    s.wait(60_000)
    assert s.moving() == "rest"

"""Random walks of core and plant together, with the time drawn near the deadlines, the rules and the plant as judges.

Hypothesis draws the walks with a fixed derivation (derandomize), so that every run tries the same ones.
MENSHEN_PROVE_WALKS is how many.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from firmware.core.access import Known, Unknown
from firmware.core.barrier import machines
from firmware.core.facts import (
    CardRead,
    CloseBarrier,
    ConfirmClear,
    EmergencyClose,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.step import next_deadline
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.virtual_time import run_virtual
from tests.core.lanes.walk_shell import LANE, Shell
from tests.core.mutation import planted

WALKS = int(os.environ.get("MENSHEN_PROVE_WALKS", "100"))
GUARD = "guard"
STEP_IN_MM = 3_400  # from the approach to where a walker stands in the beam

# Bodies: no dog and no bed or drawbar that the lane's detectors do not see (tests/lanes/road.py).
KINDS = st.sampled_from(["car", "car", "car", "truck", "motorcycle", "adult", "child", "carbon_bicycle", "e_bike"])
WAYS = st.sampled_from(["in", "out"])
WHO = st.sampled_from([Known(f"h{n}", f"card_h{n}", 1, profiles=("all",)) for n in range(3)] + [Unknown("stranger")])
KEYS = st.sampled_from(
    (
        "stop",
        "reset",
        "service_key",
        "cover",
        "key_open",
        "key_close",
        "emergency_close",
        "fire_key",
        "mains",
        "pit_water",
    )
)
FAULTS = st.sampled_from(
    (
        *("drive_fault", "obstructed_closing", "obstructed_opening", "cold", "leak"),
        *("entry_stuck", "entry_dead", "exit_dead", "exit_flicker", "safety_stuck", "safety_flicker"),
        *("beam_broken", "beam_flicker"),
    )
)
# No beam: the local key may override one that is lost (R8), and who holds it has to see whom it would have seen.
LOST = st.sampled_from(["lane_loop_safety", "lane_stop", "lane_mains", "lane_service_key", "lane_fire_key"])
ORDERS = st.sampled_from(
    [
        OpenOnce(GUARD, portal=LANE),
        OpenOnce(GUARD, portal=LANE, access_point="lane_out"),
        HoldOpen(GUARD, portal=LANE, for_ms=20_000),
        ReleasePortal(GUARD, portal=LANE),
        LockPortal(GUARD, portal=LANE),
        CloseBarrier(GUARD, portal=LANE),
        EmergencyClose(GUARD, portal=LANE, confirmed=True),
        ResetFault(GUARD, portal=LANE),
        ConfirmClear(GUARD, portal=LANE, in_sight=True),
        StartLockdown(GUARD),
        EndLockdown(GUARD),
        StartEvacuation(GUARD, confirmed=True),
        EndEvacuation(GUARD),
    ]
)
ACTS = st.one_of(
    st.tuples(st.just("visit"), st.sampled_from(["car", "truck", "motorcycle"]), WAYS, WHO),
    st.tuples(st.just("visit"), st.sampled_from(["car", "truck", "motorcycle"]), WAYS, WHO),
    st.tuples(st.just("comes"), KINDS, WAYS, st.integers(40, 300)),
    *(st.tuples(st.just("steps in"), st.sampled_from(["adult", "child", "pram"]), WAYS),) * 2,
    st.tuples(st.just("body"), st.sampled_from(["go", "stop", "reverse", "remove"]), st.integers(0, 5)),
    st.tuples(st.just("card"), WAYS, WHO),
    st.tuples(st.just("key"), KEYS),
    st.tuples(
        st.just("press"), st.sampled_from(["reset", "reset", "stop", "key_open", "key_close"]), st.integers(20, 9_000)
    ),
    st.tuples(st.just("fire")),
    st.tuples(st.just("ball"), st.integers(1, 40)),
    st.tuples(st.just("fault"), FAULTS),
    st.tuples(st.just("lost"), LOST),
    st.tuples(st.just("order"), ORDERS),
    st.tuples(st.just("power")),
)
# How far to go before the next act: just before, at, and just after the next deadline, or a while; or to an instant
# after it begins to warn, to close or to open, if it does.
MOVED = st.sampled_from(["warning", "closing", "closing", "opening"])
WAITS = st.one_of(
    st.sampled_from(["before", "at", "after", "now"]),
    st.integers(1, 300),
    st.integers(300, 5_000),
    st.integers(5_000, 40_000),
    *(st.tuples(MOVED, st.integers(0, 2_500)),) * 4,
)
VISIT = ("visit", "car", "in", Known("h9", "card_h9", 1, profiles=("all",)))
Walk = list[tuple[Any, Any]]


def how_long(shell: Shell, wait: str | int) -> int:
    """Milliseconds of a wait; never back."""
    if isinstance(wait, int):
        return wait
    deadline, now_ms = next_deadline(shell.state), shell.now_ms()
    if wait == "now" or deadline is None or deadline > now_ms + 60_000:
        return 0
    return max(0, deadline - now_ms + {"before": -1, "at": 0, "after": 1}[wait])


def act(shell: Shell, chosen: Any) -> None:
    """Do it; what cannot be done is not done."""
    plant, lane = shell.plant, shell.lane()
    match chosen:
        case "visit", kind, way, who:
            lane.arrive(kind, way, careful=True)
            shell.wires.call_in(4_000, lambda: shell.take(CardRead(f"lane_{way}_reader", who)))
        case "comes", kind, way, percent:
            body = lane.arrive(kind, way, careful=False)
            body._cruise_mm_s *= percent / 100
        case "steps in", kind, way:
            body = lane.arrive(kind, way, stop_at="approach", placed=True)
            body.go()
            shell.wires.call_in(STEP_IN_MM / body.what.speed_mm_s * 1e3, body.stop)
        case "body", deed, which:
            bodies = list(lane.bodies.values())
            if bodies:
                getattr(bodies[which % len(bodies)], deed)()
        case "card", way, who:
            shell.take(CardRead(f"lane_{way}_reader", who))
        case "key", key:
            plant.press(key, not plant.state().keys[key])
        case "press", key, ms:
            plant.press(key, True)
            shell.wires.call_in(ms, lambda: plant.press(key, False))
        case ("fire",):
            fire = shell.plants.switches["fire_panel"]
            fire.set(not fire.state().active)
        case "ball", seconds:
            plant.put_ball("beam", seconds)
        case "fault", fault:
            on = plant.state().faults.get(fault, any(f"{d.id}_{d.fault}" == fault for d in plant.detectors.values()))
            plant.set_fault(fault, not on)
        case "lost", name:
            shell.lose(name)
        case "order", command:
            shell.take(command)
        case ("power",):
            shell.power()


async def walked(steps: Walk) -> None:
    shell = Shell(7)
    try:
        await shell.wait(3_000)
        act(shell, VISIT)
        for wait, chosen in steps:
            if isinstance(wait, tuple):
                await shell.until(wait[0])
                wait = wait[1]
            ms = how_long(shell, wait)
            if chosen[0] in ("order", "card"):
                fact = chosen[1] if chosen[0] == "order" else CardRead(f"lane_{chosen[1]}_reader", chosen[2])
                shell.late(fact, ms)
            await shell.wait(ms)
            try:
                act(shell, chosen)
            except ActionError:  # too many are there, or a barrier is in the way: nobody comes
                continue
            shell.look()
        await shell.wait(60_000)
    finally:
        shell.close()


def walk(steps: Walk) -> None:
    run_virtual(walked(steps), block_s_max=20)


STEPS = st.lists(st.tuples(WAITS, ACTS), min_size=5, max_size=40)


@pytest.mark.slow
@settings(max_examples=WALKS, derandomize=True, deadline=None)
@given(STEPS)
def test_walks_near_the_deadlines(steps):
    walk(steps)


# -- and they notice what is wrong ------------------------------------------------------------------------------------

_M, _T = machines.Motion, machines.MotionTrigger
# What takes a rare order of things is planted in the product and the exploration: a stop in the middle of a close.
WRONG = {
    "does not go back from somebody": (machines.MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.CLOSING, ())),
    "closes without a self-test": (
        machines.TESTING,
        (machines.Testing.IDLE, machines.TestingTrigger.BEGIN),
        (machines.Testing.PASSED, ()),
    ),
    "a stop ends when it is let go": (
        machines.LATCH,
        (machines.Latch.ACTIVE, machines.LatchTrigger.LET_GO),
        (machines.Latch.CLEAR, ("ended",)),
    ),
    "goes back without a pause": (machines.MOTION, (_M.CLOSING, _T.REVERSE), (_M.OPENING, ("start",))),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_row_is_found(wrong):
    """By the first of the same walks that comes by; it is not made smaller."""
    table, pair, cell = WRONG[wrong]
    assert table.cells[pair] != cell
    found = settings(
        max_examples=20 * WALKS, derandomize=True, deadline=None, phases=(Phase.generate,), report_multiple_bugs=False
    )(given(STEPS)(walk))
    with planted(table, {**table.cells, pair: cell}), pytest.raises(AssertionError):
        found()

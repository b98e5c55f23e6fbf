"""Random walks with the time drawn near the deadlines: late and punctual steps agree, states are never written to.

Hypothesis draws the walks with a fixed derivation (derandomize), so that every run tries the same ones.
MENSHEN_PROVE_WALKS is how many.
"""

from __future__ import annotations

import os

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.access import Known, Unknown
from firmware.core.effects import SetOutput
from firmware.core.facts import (
    AnyFact,
    CardRead,
    ClockLost,
    ClockSet,
    DeadlineReached,
    DeviceLost,
    DeviceRecovered,
    EndLockdown,
    HoldOpen,
    InputChanged,
    Level,
    LockPortal,
    NoiseSeen,
    OpenOnce,
    OutputFailed,
    PinEntered,
    ReleasePortal,
    ResetFault,
    RosterReplaced,
    SetOutOfService,
    Started,
    StartLockdown,
)
from firmware.core.site import Area, Reader, Rex, RexMode, Site
from firmware.core.step import next_deadline, step
from firmware.core.views import view
from tests.core.portals.explore import INVARIANTS, Node, Outside, Restart, fresh, take
from tests.core.portals.scene import MONDAY_0755_MS, RULES, check_timers, door, turnstile

WALKS = int(os.environ.get("MENSHEN_PROVE_WALKS", "300"))

PORTALS = (
    door("front", escape=True, unlock_schedule="office", rex=(Rex("front_rex"), Rex("bar", RexMode.SHUNT))),
    door("inner", interlock=("front",), relock_on_close=False, prealarm_ms=0),
    turnstile(escape=True, unlock_schedule="office"),
)
READERS = tuple(reader for portal in PORTALS for point in portal.access_points for reader in point.readers)
SITE = Site(
    "site",
    portals=PORTALS,
    readers=tuple(Reader(name, repeat_ms=0) for name in READERS),
    areas=(Area("house", occupancy_max=3),),
    fire_inputs=("fire",),
    fire_reset="person",
)
INPUTS = ("front_contact", "inner_contact", "front_rex", "inner_rex", "bar", "gate_pulse_in", "gate_pulse_out", "fire")
OUTPUTS = ("front_lock", "inner_lock", "gate_in_lock", "gate_drop")
IDS = ("front", "inner", "gate")
ANYBODY = st.sampled_from(
    [
        Known(who, f"card_{who}", 1, profiles=("all",), holds_open=who == "ann", extended=who == "cy")
        for who in ("ann", "ben", "cy")
    ]
    + [Unknown("stranger")]
)
FACTS: st.SearchStrategy[AnyFact | Restart] = st.one_of(
    st.builds(CardRead, st.sampled_from(READERS), ANYBODY),
    st.builds(PinEntered, st.sampled_from(READERS), ANYBODY),
    st.builds(InputChanged, st.sampled_from(INPUTS), st.sampled_from([*Level, Level.ACTIVE, Level.INACTIVE])),
    st.builds(NoiseSeen, st.sampled_from(READERS), st.just("noise"), st.integers(1, 30)),
    st.builds(OpenOnce, st.just("guard"), portal=st.sampled_from(IDS)),
    st.builds(HoldOpen, st.just("guard"), portal=st.sampled_from(IDS), for_ms=st.integers(1, 60_000)),
    st.builds(LockPortal, st.just("guard"), portal=st.sampled_from(IDS)),
    st.builds(ReleasePortal, st.just("guard"), portal=st.sampled_from(IDS)),
    st.builds(SetOutOfService, st.just("guard"), portal=st.sampled_from(IDS), out=st.booleans()),
    st.builds(ResetFault, st.just("guard"), portal=st.sampled_from(IDS)),
    st.builds(OutputFailed, st.sampled_from(OUTPUTS), st.just("no answer")),
    st.builds(DeviceLost, st.sampled_from(OUTPUTS + INPUTS), st.just("unplugged")),
    st.builds(DeviceRecovered, st.sampled_from(OUTPUTS)),
    st.builds(ClockSet, st.integers(MONDAY_0755_MS, MONDAY_0755_MS + 12 * 3_600_000)),
    st.sampled_from([StartLockdown("guard"), EndLockdown("guard"), ClockLost(), RosterReplaced(RULES), Restart()]),
)
# How far to go before the next fact: just before, at, and just after the next deadline, or a while.
WAITS = st.one_of(st.sampled_from(["before", "at", "after", "now"]), st.integers(1, 200), st.integers(1_000, 40_000))


def go(node: Node, wait: str | int) -> int:
    """The instant that a wait leads to; never back."""
    deadline = next_deadline(node.state)
    if isinstance(wait, int) or deadline is None:
        return node.t + (wait if isinstance(wait, int) else 0)
    return max(node.t, deadline + {"before": -1, "at": 0, "after": 1, "now": node.t - deadline}[wait])


def punctual(state, t, fact):
    """The same as one step at `t`, but with a step at each deadline on the way."""
    effects = []
    while (deadline := next_deadline(state)) is not None and deadline <= t:
        state, more = step(state, deadline, DeadlineReached())
        effects += more
    state, more = step(state, t, fact)
    return state, [*effects, *more]


@pytest.mark.slow
@settings(max_examples=WALKS, derandomize=True, deadline=None)
@given(st.lists(st.tuples(WAITS, FACTS), min_size=5, max_size=40))
def test_walks_near_the_deadlines(steps):
    node = take(SITE, Node(fresh(SITE), 0, Outside(), ()), Started("boot", {}), INVARIANTS)
    for name in INPUTS:
        node = take(SITE, node, InputChanged(name, Level.INACTIVE), INVARIANTS)
    for wait, fact in steps:
        t = go(node, wait)
        if not isinstance(fact, Restart):
            before = msgspec.json.encode(node.state.portals), repr(node.state.readers)
            late, effects = step(node.state, t, fact)
            again, more = step(node.state, t, fact)
            assert (late, effects) == (again, more), "the same facts, the same effects"
            assert (msgspec.json.encode(node.state.portals), repr(node.state.readers)) == before, "written to"
            early, stepwise = punctual(node.state, t, fact)
            assert early == late
            told = {e.output: e.on for e in stepwise if isinstance(e, SetOutput)}
            outputs = [(e.output, e.on) for e in effects if isinstance(e, SetOutput)]
            assert sorted(outputs) == sorted(told.items()), "a late step tells each output its last word, once"
            others = [e for e in stepwise if not isinstance(e, SetOutput)]
            assert [e for e in effects if not isinstance(e, SetOutput)] == others
        # On to the instant, deadline by deadline, with the invariants; then the fact.
        while (deadline := next_deadline(node.state)) is not None and deadline <= t:
            node = take(SITE, node, DeadlineReached(), INVARIANTS)
        node = take(SITE, node._replace(t=max(node.t, t)), fact, INVARIANTS)
        for portal in node.state.portals.values():
            check_timers(portal)
        shown = view(node.state)
        assert msgspec.json.decode(msgspec.json.encode(shown), type=type(shown)) == shown

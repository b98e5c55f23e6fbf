"""Each rule of motion is broken by the traces that were written to break it, and by none that is lawful."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.lanes.cases_asked import ASKED_CASES
from tests.core.lanes.cases_devices import DEVICE_CASES
from tests.core.lanes.cases_motion import MOTION_CASES
from tests.core.lanes.rule_stories import STORIES
from tests.core.lanes.rule_traces import BARRIERS, BOLLARD, CLOSED, OPENED, RAISED, RAISING, READY, trace
from tests.core.lanes.rules import RULES, Broken, Seen, Watch, check
from tests.core.lanes.wires import Plan

FIRE = ("fire",)
CASES = (*DEVICE_CASES, *MOTION_CASES, *ASKED_CASES)


def broken(barrier, text, **given_):
    """The rule that this trace breaks first, or None."""
    try:
        check(BARRIERS[barrier], trace(text), fire_inputs=FIRE, **given_)
    except Broken as error:
        return error.rule
    return None


def named(case):
    return f"{case.rule}-{CASES.index(case)}"


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_trace_that_breaks_a_rule_breaks_it_and_no_rule_before(case):
    assert broken(case.barrier, case.broken, events=case.events) == case.rule


@pytest.mark.parametrize("case", CASES, ids=named)
def test_a_lawful_trace_breaks_no_rule(case):
    assert broken(case.lawful_barrier or case.barrier, case.lawful, events=case.events) is None


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.what)
def test_an_ordinary_day_breaks_no_rule(story):
    assert broken(story.barrier, story.trace, events=story.events) is None


def test_every_rule_has_both():
    assert {case.rule for case in CASES} == {rule.id for rule in RULES}
    assert len({rule.id for rule in RULES}) == len(RULES)


def test_every_rule_comes_to_the_same_alone():
    """A Watch shares a picture and asks only whom it concerns; a rule alone has its own picture and sees everything."""
    for case in CASES:
        alone = first_broken_alone(BARRIERS[case.barrier], trace(case.broken), case.events)
        assert alone == case.rule, case


def first_broken_alone(barrier, seen, events=False):
    plan = Plan(barrier, FIRE, events=events)
    states = {rule: rule.start(plan) for rule in RULES if rule.wired(plan)}
    end = Seen(seen[-1].t_ms + 1, "motion", "north", "between") if seen else None
    for one in [*seen, *([end] if end else [])]:
        errors = []
        for rule, state in states.items():
            try:
                states[rule] = rule.see(plan, state, one)
            except Broken as error:
                errors.append(error)
        if errors:
            return min(errors, key=lambda error: error.at_ms).rule
    return None


# -- time, power, state -----------------------------------------------------------------------------------------------


def test_the_reaction_is_what_is_stated_and_not_more():
    stopped = CLOSED + "1000 @in lower+; 1100 up=0; 1500 stop=1; 1505 lower-"
    assert broken("bollard", stopped) == "R12a"
    assert broken("bollard", stopped, reaction_ms=4) == "R12a"
    assert broken("bollard", stopped, reaction_ms=5) is None
    begun = CLOSED + "1000 stop=1; 1010 @in lower+; 1011 ."
    assert broken("bollard", begun, reaction_ms=5) == "R12a", "an old stop leaves no time to react"


def test_what_a_trace_owes_at_its_end_is_owed_by_time_too():
    check(BOLLARD, trace(CLOSED + "1000 fire=1"), fire_inputs=FIRE)
    check(BOLLARD, trace(CLOSED + "1000 fire=1"), fire_inputs=FIRE, until_ms=1600)
    with pytest.raises(Broken, match="R14a at 1600 ms: fire"):
        check(BOLLARD, trace(CLOSED + "1000 fire=1"), fire_inputs=FIRE, until_ms=1601)


def test_things_that_are_not_of_this_lane_are_not_looked_at():
    assert broken("bollard", CLOSED + "1000 elsewhere=1 other+ #lane.tailgate lost:other recovered:other") is None


def test_a_watch_goes_back_to_a_state_that_was_kept():
    watch = Watch(BOLLARD, FIRE)
    for seen in trace(RAISING):
        watch.see(seen)
    kept = watch.state
    for _ in range(2):
        watch.state = kept
        watch.see(Seen(12_500, "input", "beam", "active"))
        with pytest.raises(Broken, match="R1a"):
            watch.see(Seen(12_501, "output", "raise", False))
    watch.state = kept
    for seen in trace(RAISED):
        watch.see(seen)
    watch.end()


# -- keys for exploration ---------------------------------------------------------------------------------------------


def key(text, now_ms, shift_ms=0):
    watch = Watch(BOLLARD, FIRE)
    for seen in trace(text):
        watch.see(seen._replace(t_ms=seen.t_ms + shift_ms))
    return watch.key(now_ms + shift_ms)


def test_keys_know_no_instants():
    for case in DEVICE_CASES:
        last_ms = trace(case.lawful)[-1].t_ms
        if case.barrier == "bollard" and not case.lawful_barrier:
            assert key(case.lawful, last_ms) == key(case.lawful, last_ms, 7_000_000)


@pytest.mark.parametrize(
    ("text", "sooner_ms", "later_ms"),
    [
        (READY, 11_199, 11_200),  # R7: warned for 1 s
        (READY + "10300 loop=1; 10500 exit=1 loop=0", 11_499, 11_500),  # R2: clear for 1 s
        (OPENED + "4500 loop=1; 5000 loop=0", 8_000, 8_001),  # R1: no exit sequence within 3 s
        (RAISING + "12500 beam=1 raise-", 12_999, 13_000),  # R5: dead time
        (CLOSED + "1000 @in", 181_000, 181_001),  # R10: for how long a credential may open
    ],
)
def test_keys_know_on_which_side_of_a_bound_we_are(text, sooner_ms, later_ms):
    assert key(text, sooner_ms) != key(text, later_ms)
    assert key(text, sooner_ms) == key(text, sooner_ms - 50)
    assert key(text, later_ms) == key(text, later_ms + 50)


# -- any trace --------------------------------------------------------------------------------------------------------

INPUTS = list(Plan(BARRIERS["gate"], FIRE).roles)
OUTPUTS = list(Plan(BARRIERS["gate"]).outroles)
ORDERS = "open_once hold_open close emergency_close reset confirm_clear lockdown end_lockdown lock release evacuation"
THINGS = st.one_of(
    st.tuples(st.just("input"), st.sampled_from(INPUTS), st.sampled_from(["active", "inactive", "inactive", "open"])),
    st.tuples(st.just("output"), st.sampled_from(OUTPUTS), st.booleans()),
    st.tuples(st.just("command"), st.sampled_from(ORDERS.split()), st.sampled_from([("done",), ("refused",)])),
    st.tuples(st.just("credential"), st.sampled_from(["in", "out"]), st.sampled_from(["granted", "refused"])),
    st.tuples(st.sampled_from(["lost", "recovered"]), st.sampled_from(OUTPUTS), st.none()),
    st.tuples(st.just("power"), st.just(""), st.just(True)),
)
WAITS = st.sampled_from([0, 0, 0, 0, 1, 100, 500, 1000, 2000, 3001, 15_000])


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(sorted(BARRIERS)),
    st.sampled_from([CLOSED, READY, RAISING]),
    st.lists(st.tuples(WAITS, THINGS), max_size=25),
)
def test_a_watch_and_the_rules_alone_agree_on_any_trace(barrier, before, things):
    seen = trace(before)
    now_ms = seen[-1].t_ms
    for wait_ms, (kind, name, value) in things:
        now_ms += wait_ms
        seen.append(Seen(now_ms, kind, name, value))
    try:
        check(BARRIERS[barrier], seen, fire_inputs=FIRE)
        together = None
    except Broken as error:
        together = error.rule
    assert first_broken_alone(BARRIERS[barrier], seen) == together
    assert all(one.t_ms <= other.t_ms for one, other in pairwise(seen))

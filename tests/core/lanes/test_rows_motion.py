"""Rows of the motion's table at the wires: at rest, before a close and in it. What follows, what frees it."""

from __future__ import annotations

import pytest

from tests.core.lanes import outcomes, stages
from tests.core.lanes.outcomes import Case, is_between, is_closed, is_latched, is_open, is_unknown, rests, tries
from tests.core.lanes.stages import act

DARK = ("warning-", "sounder-")  # the end of a warning
STOPS_UP = ("up-", "permit-", *DARK)
FAULT, RESET, BETWEEN = "portal.fault", "portal.fault_reset", "barrier.between"
EMERGENCY, ENDED = "barrier.emergency_close", "barrier.emergency_ended"
NOT_TAKEN, OBSTRUCTED = "access.not_taken", "barrier.obstructed"
TESTED = ("beam_test+", "warning+", "sounder+", "command.done", "beam_test-")
OPENS = ("down+", "permit+", "warning+")
BROKEN = ("device.output_failed", FAULT)

CASES = {
    # -- its limits speak for the first time
    "unknown: closed": Case(stages.unknown, "is_down-, is_up+", (), is_closed),
    "unknown: open": Case(stages.unknown, "is_up-, is_down+", (), is_open),
    "unknown: between": Case(stages.unknown, "is_up-, is_down-", (BETWEEN,), is_between),
    "unknown: both": Case(
        stages.unknown, "is_up+, is_down+", (FAULT,), is_latched, "is_down-, reset", (RESET,), is_closed, "contradicted"
    ),
    "unknown: broken": Case(
        stages.unknown,
        "drive_fault+",
        (FAULT,),
        is_latched,
        "drive_fault-, reset, is_down-, is_up+, reset",
        (RESET,),
        is_closed,
        "drive fault: drive_fault",
    ),
    # -- closed
    "closed: cranked": Case(
        stages.closed,
        "service_key+, is_up-",
        ("barrier.isolated", BETWEEN),
        rests,
        "service_key-, reset",
        ("barrier.isolation_ended",),
        is_between,
    ),
    "closed: jumped": Case(
        stages.closed, "is_up-", (FAULT,), is_latched, "reset", (RESET, BETWEEN), is_between, "jumped"
    ),
    "closed: both": Case(
        stages.closed, "is_down+", (FAULT,), is_latched, "is_down-, reset", (RESET,), is_closed, "contradicted"
    ),
    "closed: limit lost": Case(stages.closed, "is_up?", (), is_unknown),
    "closed: broken": Case(
        stages.closed,
        "drive_fault/",
        (FAULT,),
        is_latched,
        "drive_fault-, reset",
        (RESET,),
        is_closed,
        "drive fault: drive_fault",
    ),
    # -- open
    "open: cranked": Case(
        stages.opened,
        "cover+, is_down-",
        ("barrier.isolated", BETWEEN),
        rests,
        "cover-, reset",
        ("barrier.isolation_ended",),
        is_between,
    ),
    "open: jumped": Case(
        stages.opened, "is_down-", (FAULT,), is_latched, "reset", (RESET, BETWEEN), is_between, "jumped"
    ),
    "open: both": Case(
        stages.opened, "is_up+", (FAULT,), is_latched, "is_up-, reset", (RESET,), is_open, "contradicted"
    ),
    "open: limit lost": Case(stages.opened, "is_down?", (), is_unknown),
    "open: broken": Case(
        stages.opened, "failed up", BROKEN, is_latched, "reset", (RESET,), is_open, "output_failed: up"
    ),
    # -- between
    "between: closed": Case(stages.between, "is_up+", (), is_closed),
    "between: open": Case(stages.between, "is_down+", (), is_open),
    "between: limit lost": Case(stages.between, "is_up?", (), is_unknown),
    "between: broken": Case(
        stages.between,
        "drive_fault+",
        (FAULT,),
        is_latched,
        "drive_fault-, reset",
        (RESET, BETWEEN),
        is_between,
        "drive fault: drive_fault",
    ),
    # -- warning
    "warning: closed after all": Case(stages.warning_between, "is_up+", DARK, rests, "key_close-", (), is_closed),
    "warning: key let go": Case(stages.warning_between, "key_close-", (*DARK, BETWEEN), is_between),
    "warning: jumped": Case(
        stages.warning, "is_down-", (*DARK, FAULT), is_latched, "reset", (RESET, BETWEEN), is_between, "jumped"
    ),
    "warning: both": Case(
        stages.warning, "is_up+", (*DARK, FAULT), is_latched, "is_up-, reset", (RESET,), is_open, "contradicted"
    ),
    "warning: limit lost": Case(stages.warning, "is_down?", DARK, rests, "is_down+", (), is_open),
    "warning: limit lost while it stands between": Case(
        stages.warning_between, "is_down?", DARK, rests, "key_close-, is_down+", (), is_open
    ),
    "warning: stopped": Case(
        stages.warning, "stop+", (*DARK, "barrier.stop"), rests, "stop-, reset", ("barrier.stop_reset",), is_open
    ),
    "warning: broken": Case(
        stages.warning,
        "drive_fault+",
        (*DARK, FAULT),
        is_latched,
        "drive_fault-, reset",
        (RESET,),
        is_open,
        "drive fault: drive_fault",
    ),
    # -- closing
    "closing: its limit sticks": Case(
        stages.leaving_open,
        "wait 1775",
        (*STOPS_UP, FAULT),
        is_latched,
        "reset",
        (RESET, BETWEEN),
        is_between,
        "limit_stuck",
    ),
    "closing: both": Case(
        stages.leaving_open,
        "is_up+",
        (*STOPS_UP, FAULT),
        is_latched,
        "is_up-, reset",
        (RESET, BETWEEN),
        is_between,
        "contradicted",
    ),
    "closing: limit lost": Case(
        stages.closing,
        "is_up?",
        (*STOPS_UP, FAULT),
        is_latched,
        "is_up-, reset",
        (RESET, BETWEEN),
        is_between,
        "limit_lost",
    ),
    "closing: stopped": Case(
        stages.closing,
        "stop+",
        (*STOPS_UP, "barrier.stop", "barrier.halted", BETWEEN),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_between,
    ),
    "closing: broken": Case(
        stages.closing,
        "drive_fault+",
        (*STOPS_UP, FAULT),
        is_latched,
        "drive_fault-, reset",
        (RESET, BETWEEN),
        is_between,
        "drive fault: drive_fault",
    ),
    "closing: overdue": Case(
        stages.closing, "wait 14000", (*STOPS_UP, FAULT), is_latched, "reset", (RESET, BETWEEN), is_between, "overdue"
    ),
    # -- while somebody wants something that may not be yet
    "closed: limit lost in an emergency": Case(
        stages.closed, "emergency+, is_up?", (EMERGENCY,), rests, "is_up+, emergency-, reset", (ENDED,), is_closed
    ),
    "closed: limit lost while it may not open": Case(
        stages.hindered, "is_up?", (NOT_TAKEN,), rests, "is_up+, behind-", (), is_closed
    ),
    "open: limit lost while somebody has green": Case(
        stages.green, "is_down?", ("green_in-", "red_in+", NOT_TAKEN), rests, "is_down+", (), is_open
    ),
    "open: limit lost while a close is owed": Case(
        stages.opened, "close, beam+, is_down?", (*TESTED, *DARK), rests, "beam-, is_down+", (), is_open
    ),
    "between: closed in an emergency": Case(
        stages.between, "emergency+, is_up+", (EMERGENCY,), rests, "emergency-, reset", (ENDED,), is_closed
    ),
    "between: closed while it may not open": Case(
        stages.hindered_between, "is_up+", (), outcomes.rests_for_now, "behind-", OPENS, outcomes.is_taken_on_its_way
    ),
    "between: open while it may not open": Case(
        stages.hindered_between, "is_down+", ("red_in-", "green_in+"), outcomes.is_taken
    ),
    "between: open in an emergency": Case(
        stages.between,
        "emergency+, is_down+",
        (EMERGENCY, "beam_test+", "warning+", "sounder+", "beam_test-"),
        outcomes.is_closing_soon,
        "emergency-, reset",
        (ENDED,),
        is_closed,
    ),
    "between: limit lost in an emergency": Case(
        stages.between,
        "emergency+, is_up?",
        (EMERGENCY,),
        rests,
        "emergency-, reset, is_up-",
        (ENDED, BETWEEN),
        is_between,
    ),
    "between: limit lost while it may not open": Case(
        stages.hindered_between, "is_up?", (NOT_TAKEN,), rests, "behind-, is_up-", (BETWEEN,), is_between
    ),
    "between: both": Case(
        stages.half_open, "is_up+", (FAULT,), is_latched, "is_up-, reset", (RESET, BETWEEN), rests, "contradicted"
    ),
    "warning: stopped while it stands between": Case(
        stages.warning_between,
        "stop+, key_close-",
        (*DARK, "barrier.stop", BETWEEN),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_between,
    ),
    "warning: open after all, by the key": Case(
        stages.warning_between, "wait 1500, is_down+, wait 1999", (), outcomes.is_held_to_close
    ),
    "closing: the drive goes back by itself": Case(
        stages.closing, "is_down+", (*STOPS_UP, OBSTRUCTED), outcomes.is_driven_back_and_closes
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_ends_a_state_of_the_motion(name):
    tries(CASES[name])


# -- instants ---------------------------------------------------------------------------------------------------------


def test_the_warning_begins_anew_where_it_comes_to_its_end_meanwhile():
    s = act(stages.warning_between(), "wait 1500", "is_down+")
    s.take()
    s.wait(1_999)
    assert s.said() == []
    s.wait(1)
    assert s.said() == ["up+", "permit+", "barrier.held_to_run"]


def test_the_dead_time_holds_after_a_travel_that_was_too_long():
    s = act(stages.closing(), "wait 14000", "wait 100", "reset", "open")
    assert s.said()[-3:] == [RESET, BETWEEN, "command.done"]
    s.wait(399)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "opens"


def test_an_emergency_moves_nothing_whose_position_is_not_known():
    """It was never proven open since the power came (R13), whatever else has happened to it."""
    for s in (
        stages.between(),
        act(stages.warning_between(), "key_close-"),
        act(stages.closed(), "is_up-", "reset"),
        act(stages.opening(), "stop+", "stop-", "reset"),
        act(stages.pausing_never_open(), "key_open-"),
        act(stages.pausing_never_open(), "stop+", "key_open-", "stop-", "reset"),
        act(stages.recoiling(), "reset"),
        act(stages.backing(), "reset"),
    ):
        assert s.seen().position == "between"
        act(s, "wait 10000", "emergency+")
        rests(s)
        act(s, "emergency-", "reset")
        is_between(s)

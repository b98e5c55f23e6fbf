"""Rows of the motion's table at the wires: while it opens, before that, and while it backs off from somebody."""

from __future__ import annotations

import pytest

from tests.core.lanes import outcomes, stages
from tests.core.lanes.outcomes import Case, is_between, is_closed, is_latched, rests, tries
from tests.core.lanes.stages import act

DARK = ("warning-", "sounder-")  # the end of a warning
STOPS_UP = ("up-", "permit-", *DARK)
FAULT, RESET, BETWEEN = "portal.fault", "portal.fault_reset", "barrier.between"
STOPS_DOWN = ("down-", "permit-", "warning-")
OPENS = ("down+", "permit+", "warning+")
NOT_TAKEN = "access.not_taken"
BROKEN = ("device.output_failed", FAULT)

CASES = {
    "opening: both": Case(
        stages.leaving_closed,
        "is_down+",
        (*STOPS_DOWN, FAULT, "access.not_taken"),
        is_latched,
        "is_down-, reset",
        (RESET,),
        is_closed,
        "contradicted",
    ),
    "opening: limit lost": Case(
        stages.opening,
        "is_down?",
        (*STOPS_DOWN, FAULT, "access.not_taken"),
        is_latched,
        "is_down-, reset",
        (RESET, BETWEEN),
        is_between,
        "limit_lost",
    ),
    "opening: stopped": Case(
        stages.opening,
        "stop+",
        (*STOPS_DOWN, "barrier.stop", "barrier.halted", BETWEEN, "access.not_taken"),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_between,
    ),
    "opening: pinched": Case(
        stages.opening,
        "behind+",
        (*STOPS_DOWN, FAULT, "access.not_taken"),
        is_latched,
        "behind-, reset",
        (RESET, BETWEEN),
        is_between,
        "obstructed while opening: behind",
    ),
    "opening: broken": Case(
        stages.opening,
        "failed down",
        ("down-", "permit-", "warning-", *BROKEN, "access.not_taken"),
        is_latched,
        "afar",
        ("command.done", RESET, BETWEEN),
        is_between,
        "output_failed: down",
    ),
    "opening: overdue": Case(
        stages.opening,
        "wait 14000",
        (*STOPS_DOWN, FAULT, "access.not_taken"),
        is_latched,
        "reset",
        (RESET, BETWEEN),
        is_between,
        "overdue",
    ),
    # -- the dead time before it opens
    "pausing: open after all": Case(stages.pausing_between, "is_down+", ("red_in-", "green_in+"), outcomes.is_taken),
    "pausing: both": Case(
        stages.pausing,
        "is_down+",
        (FAULT, "access.not_taken"),
        is_latched,
        "is_down-, reset",
        (RESET,),
        is_closed,
        "contradicted",
    ),
    "pausing: limit lost": Case(
        stages.pausing,
        "is_down?",
        (FAULT, "access.not_taken"),
        is_latched,
        "is_down-, reset",
        (RESET,),
        is_closed,
        "limit_lost",
    ),
    "pausing: withdrawn": Case(stages.pausing_key, "key_open-", (), is_closed),
    "pausing: taken back": Case(stages.pausing, "withdrawn, wait 1000", ("access.not_taken",), is_closed),
    "pausing: stopped": Case(
        stages.pausing,
        "stop+",
        ("barrier.stop", "barrier.halted", "access.not_taken"),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_closed,
    ),
    "pausing: blocked": Case(
        stages.pausing_key,
        "behind+, wait 400",
        ("barrier.halted",),
        rests,
        "behind-, key_open-",
        ("down+", "permit+", "warning+", "barrier.held_to_run", "down-", "permit-", "warning-", "barrier.halted"),
        is_closed,
    ),
    "pausing: broken": Case(
        stages.pausing,
        "drive_fault+",
        (FAULT, "access.not_taken"),
        is_latched,
        "drive_fault-, reset",
        (RESET,),
        is_closed,
        "drive fault: drive_fault",
    ),
    # -- the dead time before it goes back
    "reversing: open already": Case(stages.reversing, "is_down+", (), outcomes.is_open_and_closes),
    "reversing: at its end still": Case(stages.reversing_at_its_end, "wait 400", OPENS, outcomes.is_back_at_once),
    "reversing: both": Case(
        stages.reversing_at_its_end,
        "is_up+",
        (FAULT,),
        is_latched,
        "is_up-, reset",
        (RESET, BETWEEN),
        is_between,
        "contradicted",
    ),
    "reversing: limit lost": Case(
        stages.reversing, "is_up?", (FAULT,), is_latched, "is_up-, reset", (RESET, BETWEEN), is_between, "limit_lost"
    ),
    "reversing: stopped": Case(
        stages.reversing,
        "stop+",
        ("barrier.stop", "barrier.halted", BETWEEN),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_between,
    ),
    "reversing: blocked": Case(
        stages.reversing, "behind+, wait 400", ("barrier.halted", BETWEEN), rests, "behind-", (), is_between
    ),
    "reversing: broken": Case(
        stages.reversing,
        "drive_fault+",
        (FAULT,),
        is_latched,
        "drive_fault-, reset",
        (RESET, BETWEEN),
        is_between,
        "drive fault: drive_fault",
    ),
    # -- a gate that has met somebody while it opened
    "recoiling: both": Case(
        stages.recoiling_closed,
        "is_down+",
        DARK,
        is_latched,
        "is_down-, reset",
        (RESET,),
        is_closed,
    ),
    "recoiling: limit lost": Case(
        stages.recoiling, "is_up?", DARK, is_latched, "is_up-, reset", (RESET, BETWEEN), is_between
    ),
    "recoiling: stopped": Case(
        stages.recoiling,
        "stop+",
        (*DARK, "barrier.stop"),
        is_latched,
        "stop-, reset",
        ("barrier.stop_reset", RESET, BETWEEN),
        is_between,
    ),
    "recoiling: blocked": Case(
        stages.recoiling, "beam+, wait 400", DARK, is_latched, "beam-, reset", (RESET, BETWEEN), is_between
    ),
    "recoiling: broken": Case(
        stages.recoiling, "drive_fault+", DARK, is_latched, "drive_fault-, reset", (RESET, BETWEEN), is_between
    ),
    "recoiling: backs off": Case(
        stages.recoiling, "wait 900", ("up+", "permit+", *STOPS_UP), is_latched, "reset", (RESET, BETWEEN), is_between
    ),
    "recoiling: reset": Case(stages.recoiling, "reset", (*DARK, RESET, BETWEEN), is_between),
    "backing: closed": Case(stages.backing, "is_up+", STOPS_UP, is_latched, "reset", (RESET,), is_closed),
    "backing: both": Case(stages.backing_closed, "is_down+", DARK, is_latched, "is_down-, reset", (RESET,), is_closed),
    "backing: limit lost": Case(
        stages.backing, "is_up?", STOPS_UP, is_latched, "is_up-, reset", (RESET, BETWEEN), is_between
    ),
    "backing: stopped": Case(
        stages.backing,
        "stop+",
        (*STOPS_UP, "barrier.stop"),
        is_latched,
        "stop-, reset",
        ("barrier.stop_reset", RESET, BETWEEN),
        is_between,
    ),
    "backing: somebody on the other side": Case(
        stages.backing, "beam+", STOPS_UP, is_latched, "beam-, reset", (RESET, BETWEEN), is_between
    ),
    "backing: broken": Case(
        stages.backing, "drive_fault+", STOPS_UP, is_latched, "drive_fault-, reset", (RESET, BETWEEN), is_between
    ),
    "backing: over": Case(stages.backing, "wait 400", STOPS_UP, is_latched, "reset", (RESET, BETWEEN), is_between),
    "backing: reset": Case(stages.backing, "reset", (*STOPS_UP, RESET, BETWEEN), is_between),
    # -- while somebody wants it
    "pausing: over": Case(stages.pausing, "wait 399, wait 1", OPENS, outcomes.is_taken_on_its_way),
    "pausing between: over": Case(stages.pausing_between, "wait 399, wait 1", OPENS, outcomes.is_taken_on_its_way),
    "pausing between: withdrawn": Case(stages.pausing_between_key, "key_open-", (BETWEEN,), is_between),
    "pausing between: stopped": Case(
        stages.pausing_between,
        "stop+",
        ("barrier.stop", "barrier.halted", BETWEEN, NOT_TAKEN),
        rests,
        "stop-, reset",
        ("barrier.stop_reset",),
        is_between,
    ),
    "pausing between: blocked": Case(
        stages.pausing_between_key,
        "behind+, wait 400, key_open-",
        ("barrier.halted", BETWEEN),
        rests,
        "behind-",
        (),
        is_between,
    ),
    "pausing: the key is turned meanwhile, and let go": Case(
        stages.pausing, "key_open+, wait 400, key_open-", (NOT_TAKEN, *OPENS), outcomes.opens_and_stays
    ),
    "recoiling: reset in a fire": Case(
        stages.recoiling, "fire+, reset, wait 400", ("site.fire", *DARK, RESET, BETWEEN, *OPENS), outcomes.opens_for_all
    ),
    "backing: reset in a fire": Case(
        stages.backing,
        "fire+, reset, wait 499, wait 1",
        ("site.fire", *STOPS_UP, RESET, BETWEEN, *OPENS),
        outcomes.opens_for_all,
    ),
    "fault: reset in a fire": Case(
        stages.faulty, "fire+, wait 1000, reset", ("site.fire", *OPENS, RESET, BETWEEN), outcomes.opens_for_all
    ),
    "reversing for somebody: open already": Case(
        stages.reversing_asked, "is_down+", ("red_in-", "green_in+"), outcomes.is_taken
    ),
    "reversing for somebody: both": Case(
        stages.reversing_asked_at_its_end,
        "is_up+",
        (FAULT, NOT_TAKEN),
        is_latched,
        "is_up-, reset",
        (RESET, BETWEEN),
        is_between,
    ),
    "reversing for somebody: limit lost": Case(
        stages.reversing_asked, "is_up?", (FAULT, NOT_TAKEN), is_latched, "is_up-, reset", (RESET, BETWEEN), is_between
    ),
    "reversing for somebody: broken": Case(
        stages.reversing_asked,
        "drive_fault+",
        (FAULT, NOT_TAKEN),
        is_latched,
        "drive_fault-, reset",
        (RESET, BETWEEN),
        is_between,
    ),
    "reversing for somebody: blocked": Case(
        stages.reversing_asked,
        "behind+, wait 400",
        ("barrier.halted", BETWEEN, NOT_TAKEN),
        rests,
        "behind-",
        (),
        is_between,
    ),
    "reversing on battery: open already": Case(
        stages.closing,
        "mains+, wait 100, mains-, is_down+",
        (*STOPS_UP, "barrier.on_battery", "barrier.mains_back", "beam_test+", "warning+", "sounder+", "beam_test-"),
        outcomes.is_closing_soon,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_ends_a_state_of_the_motion(name):
    tries(CASES[name])


# -- instants ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        "stop+, stop-, reset",
        "beam+, wait 400, beam-, reset",
        "wait 900, reset",
        "wait 600, stop+, stop-, reset",
    ],
)
def test_after_somebody_was_met_the_dead_time_counts_from_the_last_motion(words):
    """100 ms of it are over when these words begin."""
    s = act(stages.recoiling(), *words.split(", "), "open")
    waits_ms = {"stop+, stop-, reset": 400, "beam+, wait 400, beam-, reset": 0}.get(words, 500)
    if waits_ms:
        assert s.moving() == "rest"
        s.wait(waits_ms - 1)
        assert s.moving() == "rest"
        s.wait(1)
    assert s.moving() == "opens"

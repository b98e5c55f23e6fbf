"""R15 and R13: an emergency close goes on from where it was stopped, if it is known where that is."""

from __future__ import annotations

from tests.core.lanes import stages
from tests.core.lanes.outcomes import arrives_closed, rests
from tests.core.lanes.stages import act

WARNS = ["beam_test+", "warning+", "sounder+"]


def stopped() -> stages.LaneScene:
    """Stopped between its ends in an emergency close, and reset; the guarded switch is held."""
    s = act(
        stages.opened(),
        "emergency+",
        "wait 2000",
        "is_down-",
        "wait 1000",
        "stop+",
        "stop-",
    )
    s.take()
    return s


def test_it_goes_on_from_between_with_a_warning():
    s = act(stopped(), "reset")
    assert s.said() == [*WARNS, "barrier.stop_reset", "beam_test-"]
    s.wait(1_999)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "closes"
    arrives_closed(s)


def test_whose_end_comes_meanwhile_is_tested_anew():
    s = act(stopped(), "reset", "wait 1000")
    s.take()
    act(s, "is_down+")
    assert s.said() == ["beam_test+", "beam_test-"]
    s.wait(1_999)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "closes"


def test_it_is_known_once_it_was_open():
    """By the limits alone, whoever moved it: from there on an emergency close goes on from between."""
    s = act(
        stages.between(),
        "emergency+",
        "is_down+",
        "wait 2000",
        "is_down-",
        "wait 1000",
        "stop+",
        "stop-",
        "reset",
    )
    assert s.outputs["warning"]
    s.wait(2_000)
    assert s.moving() == "closes"


def test_it_is_known_once_it_was_open_while_the_key_was_held():
    s = act(
        stages.warning_between(),
        "is_down+",
        "wait 2000",
        "is_down-",
        "stop+",
        "key_close-",
        "stop-",
        "reset",
    )
    rests(s)
    act(s, "emergency+", "wait 2000")
    assert s.moving() == "closes"


def test_a_key_that_was_turned_between_does_not_make_it_known():
    for words in (
        ("key_close+", "key_close-"),
        ("key_close+", "stop+", "stop-", "reset", "key_close-"),
    ):
        s = act(stages.between(), *words, "wait 1000", "emergency+")
        rests(s)


def test_a_close_by_the_key_that_was_stopped_does_not_make_it_known():
    s = act(
        stages.between(),
        "key_close+",
        "wait 2500",
        "stop+",
        "stop-",
        "key_close-",
        "reset",
        "wait 1000",
        "emergency+",
    )
    rests(s)


def test_what_the_dead_time_ended_does_not_make_it_known():
    s = act(
        stages.pausing_never_open(),
        "behind+",
        "wait 500",
        "key_open-",
        "behind-",
        "wait 1000",
        "emergency+",
    )
    rests(s)


def test_a_warning_that_was_held_between_does_not_end_as_known():
    s = act(stages.between(), "key_close+", "wait 500", "key_close-", "reset", "emergency+")
    rests(s)

"""Mantraps: one door at a time, by proof; and nobody is kept in by it."""

from __future__ import annotations

from firmware.core.facts import ClockSet, EndLockdown, HoldOpen, Level, OpenOnce, StartLockdown
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door, known, turnstile


def mantrap(**outer) -> Scene:
    return Scene(door("outer", interlock=("inner",), **outer), door("inner", interlock=("outer",)))


def refused(s: Scene, name: str) -> bool:
    """Whether a card at a door is refused for the interlock; the door must not move then."""
    s.wait(1_000)
    s.take()
    s.swipe(f"r_{name}", known(f"probe{s.t}"))
    said = s.said()
    if said == ["access.denied"]:
        assert s.last("access.denied").reasons[-1].startswith("interlock:")
        return True
    assert f"{name}_lock+" in said
    return False


def test_the_other_door_has_to_be_closed_and_secured():
    s = mantrap()
    s.swipe("r_outer")
    assert refused(s, "inner"), "outer is released"
    s.open("outer")
    assert refused(s, "inner"), "outer is open"
    s.wait(10_000)
    assert refused(s, "inner"), "outer is secured again, and still open"
    s.close("outer")
    assert not refused(s, "inner")


def test_of_two_cards_at_once_the_first_one_passes():
    s = mantrap()
    s.swipe("r_outer")
    s.swipe("r_inner", known("ben"))
    assert s.outputs == {"outer_lock": True, "inner_lock": False}
    assert s.last("access.denied").reasons[-1] == "interlock:outer"


def test_an_unproven_contact_is_not_closed():
    for level in (Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s = mantrap()
        s.input("outer_contact", level)
        assert refused(s, "inner")
    s = Scene(door("outer"), door("inner", interlock=("outer",)), levels=False)
    assert refused(s, "inner"), "not reported yet"


def test_without_contact_secured_is_enough():
    s = mantrap(contact=None)
    s.swipe("r_outer")
    assert refused(s, "inner")
    s.wait(4_000)
    assert not refused(s, "inner"), "outer was released for five seconds"


def test_request_to_exit_is_never_blocked():
    s = mantrap()
    s.swipe("r_outer")
    s.open("outer")
    s.press("inner")
    assert s.outputs["inner_lock"]


def test_operators_are_bound_by_it_too():
    s = mantrap()
    s.swipe("r_outer")
    s.take()
    s.do(OpenOnce("guard", portal="inner"))
    s.do(HoldOpen("guard", portal="inner", for_ms=1_000))
    assert s.said() == ["command.refused", "command.refused"]
    assert s.last("command.refused").reasons == ("interlock:outer",)
    assert not s.outputs["inner_lock"]


def test_a_turnstile_in_an_interlock():
    s = Scene(door("inner", interlock=("gate",)), turnstile())
    s.swipe("r_gate_out")
    assert refused(s, "inner")
    s.pulse("out")
    assert not refused(s, "inner")


def test_an_interlock_with_a_portal_that_is_not_there_bars_nobody():
    assert not refused(Scene(door("inner", interlock=("nowhere",))), "inner")


def one_released(s: Scene) -> bool:
    return list(s.outputs.values()).count(True) == 1


def scheduled_mantrap() -> Scene:
    """Both doors have the same unlock schedule, which begins in five minutes."""
    doors = (("outer", "inner"), ("inner", "outer"))
    portals = (door(name, interlock=(other,), unlock_schedule="office") for name, other in doors)
    return Scene(*portals, utc_ms=MONDAY_0755_MS)


def test_one_schedule_for_both_doors_unlocks_one_of_them():
    s = scheduled_mantrap()
    s.wait(5 * 60_000)
    assert one_released(s)


def test_the_end_of_a_lockdown_lets_one_door_go_on_with_its_schedule():
    s = scheduled_mantrap()
    s.wait(5 * 60_000)
    s.do(StartLockdown("guard"))
    assert not any(s.outputs.values())
    s.do(EndLockdown("guard"))
    assert one_released(s)


def test_a_clock_that_is_corrected_over_the_edge_of_the_schedule_unlocks_one_door():
    s = scheduled_mantrap()
    s.wait(5 * 60_000 - 500)
    s.do(ClockSet(MONDAY_0755_MS + 5 * 60_000 + 1))
    assert one_released(s)


def test_an_opening_of_the_last_moment_may_still_be_on_its_way():
    s = mantrap()
    s.swipe("r_outer")
    s.wait(5_000)
    assert not s.outputs["outer_lock"]
    s.swipe("r_inner", known("ben"))
    assert s.last("access.denied").reasons[-1] == "interlock:outer"
    s.wait(499)
    s.open("outer")  # pulled in the last moment, debounced since
    assert "access.taken" in s.said()
    assert refused(s, "inner")


def test_after_the_last_moment_the_other_door_may_open():
    s = mantrap()
    s.swipe("r_outer")
    s.wait(5_500)
    s.swipe("r_inner", known("ben"))
    assert s.outputs == {"outer_lock": False, "inner_lock": True}


def test_a_passage_lets_no_schedule_go_on_while_somebody_leaves_by_the_other_door():
    for leaves in (True, False):
        s = Scene(
            door("outer", interlock=("inner",), unlock_schedule="office"),
            door("inner", interlock=("outer",)),
            utc_ms=MONDAY_0755_MS + 3_600_000,  # found in the window: a person's passage begins it
        )
        s.swipe("r_outer")
        if leaves:
            s.press("inner")
        s.open("outer")
        s.wait(10_000)
        assert s.outputs["outer_lock"] is not leaves

"""Call buttons: a press rings until somebody answers, opens or ends it; stuck ones and players cost a bounded log."""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from firmware.core.calls import STUCK_MS, TALK_MS_MAX
from firmware.core.facts import (
    Afar,
    AnswerCall,
    DeviceLost,
    DeviceRecovered,
    EndCall,
    InputChanged,
    Level,
    OpenOnce,
    Started,
    StartLockdown,
)
from firmware.core.site import AccessPoint, Area, Barrier, Reader, Site
from firmware.core.state import initial
from firmware.core.step import step
from firmware.core.view import CallView
from firmware.core.views import view
from tests.core.lanes.lane_scene import barrier
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door

LI = "guard Li"
CHEN = "guard Chen"
POINT = AccessPoint("front_in", "front", ("r_front",), None, "house", display="sign", call="bell")


def scene(utc_ms: int | None = MONDAY_0755_MS, **more) -> Scene:
    """A door with a call button that has reported."""
    return Scene(door(access_points=(replace(POINT, **more),)), utc_ms=utc_ms)


def ring(s: Scene) -> None:
    """Press the button for 200 ms."""
    s.input("bell", True)
    s.wait(200)
    s.input("bell", False)
    check(s)


def check(s: Scene) -> None:
    """A timer runs exactly while somebody waits for it."""
    for now in s.state.calls.values():
        run = {name for _, name in now.timers}
        assert ("stuck" in run) == (now.button.value == "pressed"), now
        assert ("call" in run) == (now.call.value != "none"), now


def calls(s: Scene) -> tuple[CallView, ...]:
    check(s)
    return view(s.state).calls


def asked(s: Scene, command) -> tuple[str, tuple[str, ...]]:
    """How a command is answered."""
    s.do(command)
    return s.events[-1].code.value, s.events[-1].reasons


def answer(s: Scene, who: str = LI) -> tuple[str, tuple[str, ...]]:
    return asked(s, AnswerCall(issuer=who, access_point="front_in"))


def end(s: Scene, who: str = LI) -> tuple[str, tuple[str, ...]]:
    return asked(s, EndCall(issuer=who, access_point="front_in"))


DONE = ("command.done", ())


def test_a_press_rings_and_moves_nothing():
    s = scene()
    ring(s)
    assert s.said() == ["access.called"]
    called = s.last("access.called")
    assert (called.portal, called.access_point, called.device, called.body) == ("front", "front_in", "bell", None)
    assert calls(s) == (CallView("front_in", "front", MONDAY_0755_MS // 1000),)
    assert s.shown["r_front"] == "calling"
    assert [(each.display, each.feedback.value) for each in s.announced] == [("sign", "calling")]


def test_nobody_answers_in_its_time():
    s = scene(call_ms=45_000)
    ring(s)
    s.wait(44_799)
    assert s.said() == ["access.called"]
    s.wait(1)
    assert s.take() == [(45_000, "access.call_missed")]
    assert calls(s) == ()
    assert s.shown["r_front"] == "idle"
    assert s.announced[-1].feedback.value == "idle"
    ring(s)
    assert s.said() == ["access.called"], "the next press rings anew"


def test_an_answer_is_told_with_who_and_stands_until_it_is_ended():
    s = scene()
    ring(s)
    s.take()
    assert answer(s) == DONE
    assert s.said() == ["access.call_answered", "command.done"]
    assert s.last("access.call_answered").body.issuer == LI
    assert calls(s) == (CallView("front_in", "front", MONDAY_0755_MS // 1000, True, LI),)
    assert s.shown["r_front"] == "answered"
    s.wait(120_000)
    assert s.said() == [], "an answered call does not ring out"
    assert end(s, CHEN) == DONE
    assert s.said() == ["access.call_ended", "command.done"]
    assert s.last("access.call_ended").body.issuer == CHEN
    assert calls(s) == ()
    assert s.shown["r_front"] == "idle"
    s.wait(TALK_MS_MAX)
    assert s.said() == []


def test_another_guard_may_take_it_over_and_talks_as_long():
    s = scene()
    ring(s)
    answer(s)
    s.wait(TALK_MS_MAX - 1)
    assert answer(s, CHEN) == DONE
    assert calls(s)[0].by == CHEN
    s.take()
    s.wait(TALK_MS_MAX - 1)
    assert s.said() == []
    s.wait(1)
    assert s.said() == ["access.call_ended"], "a call that nobody ends is over by itself"
    assert calls(s) == ()
    assert s.last("access.call_ended").body is None


@pytest.mark.attack("call-07")
def test_whoever_has_answered_and_answers_again_has_answered_once():
    s = scene()
    ring(s)
    answer(s)
    s.wait(TALK_MS_MAX - 1)
    s.take()
    shown = len(s.announced)
    for _ in range(3):
        assert answer(s) == DONE, "and is told the same"
    assert s.said() == ["command.done"] * 3, "each command has its own row, and the call has none"
    assert calls(s)[0].by == LI
    assert len(s.announced) == shown
    s.wait(1)
    assert s.said() == ["access.call_ended"], "answering again does not make it longer"
    ring(s)
    s.take()
    assert answer(s) == DONE
    assert s.said() == ["access.call_answered", "command.done"], "the next call is another one"


def test_of_two_guards_who_answer_by_turns_each_is_told():
    s = scene()
    ring(s)
    s.take()
    for who in (LI, CHEN, LI):
        assert answer(s, who) == DONE
    assert s.said() == ["access.call_answered", "command.done"] * 3
    assert calls(s)[0].by == LI


def test_a_call_can_be_ended_without_an_answer():
    s = scene()
    ring(s)
    s.take()
    assert end(s) == DONE
    assert s.said() == ["access.call_ended", "command.done"]
    assert calls(s) == ()
    s.wait(600_000)
    assert s.said() == []


def test_opening_once_serves_whoever_calls():
    for answered, point in product((False, True), (None, "front_in")):
        serves_whoever_calls(answered, point)


def serves_whoever_calls(answered: bool, point: str | None) -> None:
    s = scene()
    ring(s)
    if answered:
        answer(s)
    s.take()
    s.do(OpenOnce(issuer=CHEN, portal="front", access_point=point))
    assert s.released()
    assert calls(s) == ()
    assert s.said()[:2] == ["front_lock+", "access.call_ended"]
    assert s.last("access.call_ended").body.issuer == CHEN
    s.wait(2 * TALK_MS_MAX)
    assert "access.call_missed" not in s.said()


def test_a_refused_opening_and_a_card_leave_the_call_standing():
    s = scene()
    ring(s)
    s.swipe()
    assert len(calls(s)) == 1
    s.do(StartLockdown(issuer=LI))
    s.do(OpenOnce(issuer=LI, portal="front"))
    assert s.last("command.refused").reasons == ("lockdown",)
    assert len(calls(s)) == 1


def test_presses_meanwhile_are_counted_and_do_not_make_it_longer():
    s = scene()
    for _ in range(10):
        ring(s)
        s.wait(800)
    s.wait(49_999)
    assert s.said() == ["access.called"]
    s.wait(1)
    assert s.said() == ["access.call_missed"]
    assert s.last("access.call_missed").count == 10


def test_pressing_while_a_guard_talks_is_counted_too():
    s = scene()
    ring(s)
    answer(s)
    ring(s)
    assert calls(s)[0].answered
    end(s)
    assert s.last("access.call_ended").count == 2
    ring(s)
    end(s)
    assert s.last("access.call_ended").count == 1, "each call is counted anew"


@pytest.mark.attack("call-01")
def test_whoever_plays_with_the_button_for_an_hour_costs_two_events_a_minute():
    s = scene()
    s.take()
    for _ in range(3_600 * 2):
        ring(s)
        s.wait(300)
    told = s.said()
    assert len(told) <= 2 * 61
    assert sum(event.count for event in s.events if event.code == "access.call_missed") >= 7_000, "nothing is lost"


@pytest.mark.attack("call-02")
def test_a_stuck_button_is_told_once_and_rings_once():
    s = scene()
    s.input("bell", True)
    s.wait(STUCK_MS - 1)
    assert s.said() == ["access.called"]
    s.wait(1)
    assert s.said() == ["access.call_stuck"]
    s.wait(3_600_000)
    assert s.said() == ["access.call_missed"]
    s.input("bell", True)
    assert s.said() == []
    s.input("bell", False)
    assert s.said() == ["access.call_unstuck"]
    ring(s)
    assert s.said() == ["access.called"]
    s.wait(STUCK_MS)
    assert s.said() == [], "one that was let go in time is not stuck"


def test_what_lies_on_it_at_the_start_rings_nobody():
    s = Scene(door(access_points=(POINT,)), levels=False)
    s.take()
    s.input("bell", True)
    assert s.said() == []
    s.wait(STUCK_MS)
    assert s.said() == ["access.call_stuck"]
    s.input("bell", False)
    ring(s)
    assert s.said() == ["access.call_unstuck", "access.called"]


def test_a_button_at_rest_at_the_start_rings_at_its_first_press():
    s = Scene(door(access_points=(POINT,)), levels=False)
    s.take()
    s.input("bell", False)
    ring(s)
    assert s.said() == ["access.called"]


@pytest.mark.attack("call-03")
def test_a_broken_wire_is_a_fault_and_no_press():
    for level, pressed in product((Level.OPEN, Level.SHORT), (False, True)):
        s = scene()
        if pressed:
            s.input("bell", True)
            assert s.said() == ["access.called"]
        s.input("bell", level)
        assert s.said() == ["door.contact_fault"]
        assert s.last("door.contact_fault").detail == level.value
        check(s)
        s.wait(STUCK_MS)
        s.input("bell", level)
        assert s.said() == [], "told once"
        s.input("bell", True)
        assert s.said() == ["door.contact_healthy"], "the wire is back, and that is no press"
        s.input("bell", False)
        s.wait(STUCK_MS)
        s.take()
        ring(s)
        assert s.said() == ["access.called"]


def test_a_wire_that_breaks_before_the_first_report_or_while_stuck_is_a_fault():
    s = Scene(door(access_points=(POINT,)), levels=False)
    s.take()
    s.input("bell", Level.OPEN)
    assert s.said() == ["door.contact_fault"]
    s.input("bell", True)
    assert s.said() == ["door.contact_healthy"], "it may lie on something since long: no press"
    s.wait(STUCK_MS)
    assert s.said() == ["access.call_stuck"]
    s.input("bell", Level.SHORT)
    assert s.said() == ["door.contact_fault"]
    s.input("bell", False)
    assert s.said() == ["door.contact_healthy"]
    ring(s)
    assert s.said() == ["access.called"]


def test_a_lost_button_ends_no_call():
    s = scene()
    ring(s)
    s.do(DeviceLost("bell", "gone"))
    assert len(calls(s)) == 1
    s.do(DeviceRecovered("bell"))
    s.input("bell", False)
    assert answer(s) == DONE


def test_nobody_can_answer_where_nobody_calls():
    s = scene()
    assert answer(s) == ("command.refused", ("no_call",))
    assert end(s) == ("command.refused", ("no_call",))
    for command in (AnswerCall(issuer=LI, access_point="back_in"), EndCall(issuer=LI, access_point="back_in")):
        assert asked(s, command) == ("command.refused", ("portal_not_found:back_in",))


def test_the_page_may_answer_whatever_may_be_opened_from_afar():
    s = Scene(door(access_points=(POINT,), remote=()))
    ring(s)
    assert asked(s, AnswerCall(issuer=LI, access_point="front_in", afar=Afar("guard", "10.0.0.7"))) == DONE
    assert asked(s, EndCall(issuer=LI, access_point="front_in", afar=Afar("guard", "10.0.0.7"))) == DONE


def test_what_matters_more_than_a_call_stays_on_the_reader():
    """An open door needs no call; a lockdown and a call can stand together, and then the call is shown."""
    s = scene()
    ring(s)
    s.swipe()
    s.input("front_contact", True)
    s.wait(25_000)
    assert s.shown["r_front"] == "held_warning"
    s.input("front_contact", False)
    assert s.shown["r_front"] == "calling"
    end(s)
    s.do(StartLockdown(issuer=LI))
    assert s.shown["r_front"] == "lockdown"
    ring(s)
    assert s.shown["r_front"] == "calling"
    end(s)
    assert s.shown["r_front"] == "lockdown"


def test_without_a_known_time_it_rings_too():
    s = scene(utc_ms=None)
    ring(s)
    assert calls(s) == (CallView("front_in", "front"),)


def test_a_lane_has_call_buttons_too():
    lane = barrier(access_points=(AccessPoint("lane_in", "gate", ("r_lane",), display="sign", call="bell"),))
    assert isinstance(lane, Barrier)
    state = initial(Site("site", portals=(lane,), readers=(Reader("r_lane"),), areas=(Area("house"),)))
    told = []
    facts = (Started("boot", {}), InputChanged("bell", Level.INACTIVE), InputChanged("bell", Level.ACTIVE))
    for now_ms, fact in enumerate(facts):
        state, effects = step(state, now_ms, fact)
        told += effects
    assert view(state).calls == (CallView("lane_in", lane.id),)
    assert "calling" in [getattr(effect, "feedback", None) for effect in told]
    state, effects = step(state, 10, AnswerCall(issuer=LI, access_point="lane_in"))
    assert view(state).calls[0].by == LI


def test_a_start_forgets_calls():
    """Whoever called before the power went presses again; nobody runs to a door where nobody stands."""
    s = scene()
    ring(s)
    again = Scene(door(access_points=(POINT,)))
    assert view(again.state).calls == ()
    assert len(calls(s)) == 1


def test_two_entrances_of_one_door_call_apart():
    back = AccessPoint("front_out", "front", ("r_back",), "house", None, call="bell_back")
    s = Scene(door(access_points=(POINT, back)))
    ring(s)
    s.input("bell_back", True)
    assert [each.access_point for each in calls(s)] == ["front_in", "front_out"]
    s.do(OpenOnce(issuer=LI, portal="front", access_point="front_out"))
    assert [each.access_point for each in calls(s)] == ["front_in"]
    assert s.shown["r_front"] == "calling"


@pytest.mark.parametrize(("first", "second"), [*product(["answer", "end", "open", "press", "due"], repeat=2)])
def test_any_two_steps_leave_a_timer_exactly_while_somebody_waits(first, second):
    s = scene()
    ring(s)
    steps = {
        "answer": lambda: answer(s),
        "end": lambda: end(s),
        "open": lambda: s.do(OpenOnce(issuer=LI, portal="front")),
        "press": lambda: ring(s),
        "due": lambda: s.wait(TALK_MS_MAX),
    }
    for one in (first, second):
        steps[one]()
        check(s)

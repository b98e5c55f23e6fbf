"""An installer holds an output on: only out of service, only while it is renewed, and below all that secures."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.core.facts import (
    DeviceLost,
    DeviceRecovered,
    EndLockdown,
    HoldOpen,
    InputChanged,
    Level,
    LockPortal,
    OpenOnce,
    OutputFailed,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.trial import HOLD_MS_MAX, RENEW_MS_MAX, stands_against
from firmware.core.trial_facts import TryEnded, TryOutput, TryRenewed
from tests.core.portals.scene import Scene, door, turnstile

LOCK = "front_lock"
RENEW_MS = 200  # what `menshen wire` does


def out(s: Scene, portal: str = "front") -> Scene:
    s.do(SetOutOfService("fitter", "s", portal=portal))
    s.take()
    return s


def hold(s: Scene, output: str = LOCK, request: str = "t1", issuer: str = "fitter") -> None:
    s.do(TryOutput(issuer, request, output=output, note="does it click"))


def renew(s: Scene, ms: int) -> None:
    """Hold the key for so long."""
    for _ in range(ms // RENEW_MS):
        s.wait(RENEW_MS)
        s.do(TryRenewed("t1"))


def held(**fields) -> Scene:
    s = out(Scene(door(**fields), fire_inputs=("fire",)))
    hold(s)
    assert s.said() == ["front_lock+", "device.output_tried", "command.done"]
    return s


def refused(s: Scene) -> tuple[str, ...]:
    assert s.said() == ["command.refused"]
    return s.last("command.refused").reasons


def ended(s: Scene) -> tuple[str, ...]:
    return s.last("device.output_try_ended").reasons


@pytest.mark.attack("trial-02")
def test_in_service_nothing_is_held_on():
    s = Scene(door(), turnstile())
    for output, portal in ((LOCK, "front"), ("gate_in_lock", "gate"), ("gate_out_lock", "gate"), ("gate_drop", "gate")):
        hold(s, output)
        assert refused(s) == (f"in_service:{portal}",)
        assert not s.released(output)
    out(s, "gate")
    hold(s)
    assert refused(s) == ("in_service:front",), "another portal that is out of service says nothing"


def test_it_is_on_from_the_first_moment_to_the_last_renewal_and_600_ms():
    s = held()
    renew(s, 2_000)
    assert s.released()
    last_ms = s.t
    s.wait(10_000)
    assert s.take() == [(last_ms + RENEW_MS_MAX, "front_lock-"), (last_ms + RENEW_MS_MAX, "device.output_try_ended")]
    assert ended(s) == ("not_renewed",)
    assert s.state.trial is None


def test_two_of_three_renewals_may_be_late():
    s = held()
    s.wait(RENEW_MS_MAX - 1)
    assert s.released()
    s.do(TryRenewed("t1"))
    s.wait(RENEW_MS_MAX - 1)
    assert s.released()


def test_letting_go_ends_it_at_once_and_the_events_say_who_why_and_how_long():
    s = held()
    begun = s.last("device.output_tried")
    assert (begun.portal, begun.device, begun.detail) == ("front", LOCK, "lock")
    assert (begun.body.issuer, begun.body.note) == ("fitter", "does it click")
    s.wait(350)
    s.do(TryEnded("t1"))
    assert s.said() == ["front_lock-", "device.output_try_ended"]
    over = s.last("device.output_try_ended")
    assert (over.portal, over.device, over.detail, over.reasons) == ("front", LOCK, "350 ms", ("let_go",))
    assert over.body.issuer == "fitter"


def test_a_lost_connection_is_a_reason_of_its_own():
    s = held()
    s.do(TryEnded("t1", lost=True))
    assert not s.released()
    assert ended(s) == ("connection_lost",)


def test_a_key_that_something_lies_on_ends_by_itself():
    s = held()
    renew(s, HOLD_MS_MAX - RENEW_MS)
    assert s.released()
    renew(s, 10 * RENEW_MS)
    assert not s.released()
    assert ended(s) == ("held_too_long",)
    assert s.last("device.output_try_ended").detail == f"{HOLD_MS_MAX} ms"


def test_what_comes_too_late_begins_nothing():
    s = held()
    s.do(TryEnded("t1"))
    s.take()
    for late in (TryRenewed("t1"), TryEnded("t1"), TryRenewed("other"), TryEnded("other", lost=True)):
        s.do(late)
    assert s.said() == []
    assert not s.released()


def test_nobody_else_renews_or_ends_it():
    s = held()
    s.do(TryEnded("t2"))
    assert s.released()
    s.wait(400)
    s.do(TryRenewed("t2"))
    s.wait(200)
    assert not s.released()


def test_one_at_a_time():
    s = out(Scene(door(), door("back")))
    out(s, "back")
    hold(s)
    s.take()
    hold(s, "back_lock", "t2", "another")
    assert refused(s) == ("output_tried:front_lock",)
    hold(s, request="t3")
    assert refused(s) == ("output_tried:front_lock",)
    s.do(TryEnded("t1"))
    s.take()
    hold(s, "back_lock", "t4", "another")
    assert s.released("back_lock")


@pytest.mark.parametrize("output", ["", "front", "front_contact", "r_front", "' OR 1=1 \0" + "x" * 10_000])
def test_what_is_no_output_is_refused(output):
    s = out(Scene(door()))
    hold(s, output)
    (reason,) = refused(s)
    assert reason.startswith("output_not_found:")
    assert len(reason) < 100


def test_without_a_name_or_a_request_nothing_is_done():
    s = out(Scene(door()))
    hold(s, issuer="")
    assert refused(s) == ("not_allowed",)
    hold(s, request="")
    assert refused(s) == ("not_allowed",)


STANDS = {
    "fire": (lambda s: s.input("fire", True), "fire", True),
    "evacuation": (lambda s: s.do(StartEvacuation("chief", confirmed=True)), "evacuation", True),
    "lockdown": (lambda s: s.do(StartLockdown("guard")), "lockdown", False),
    "operator_lock": (lambda s: s.do(LockPortal("guard", portal="front")), "locked_by_operator", False),
    "failed": (lambda s: s.do(OutputFailed(LOCK, "no answer")), "output_lost:front_lock", False),
    "lost": (lambda s: s.do(DeviceLost(LOCK, "no answer")), "output_lost:front_lock", False),
    "in_service": (lambda s: s.do(SetOutOfService("guard", portal="front", out=False)), "in_service:front", False),
}


@pytest.mark.parametrize("name", STANDS)
def test_what_stands_above_it_ends_it_and_then_refuses_it(name):
    """Fire and evacuation release this door themselves: what the installer did is over all the same."""
    make, reason, released = STANDS[name]
    s = held(escape=True)
    make(s)
    assert ended(s) == (reason,)
    assert s.state.trial is None
    assert s.released() is released
    s.take()
    hold(s, request="t2")
    assert s.last("command.refused").reasons == (reason,)


def test_a_latched_fault_is_looked_at_and_reset_before():
    s = out(Scene(door()))
    s.do(OutputFailed(LOCK, "no answer"))
    s.do(DeviceLost(LOCK, "no answer"))
    s.do(DeviceRecovered(LOCK))
    s.take()
    hold(s)
    assert refused(s) == ("fault_latched",)
    s.do(ResetFault("guard", portal="front"))
    hold(s)
    assert s.released()


def test_exit_is_free_through_a_trial_and_after_it():
    s = held()
    s.press()
    s.do(TryEnded("t1"))
    assert s.released(), "whoever leaves is not locked in by an installer's key"
    s.let_go()
    s.wait(60_000)
    assert not s.released()


def test_what_an_operator_has_released_is_on_already():
    s = out(Scene(door()))
    s.do(HoldOpen("guard", portal="front", for_ms=60_000))
    s.take()
    hold(s)
    assert refused(s) == ("output_on",)
    s = out(Scene(door()))
    s.do(OpenOnce("guard", portal="front"))
    s.take()
    hold(s)
    assert refused(s) == ("output_on",)


def test_a_door_that_is_opened_meanwhile_is_not_forced():
    s = held()
    s.open()
    assert s.said() == ["door.opened"]
    assert s.last("door.opened").reasons == ("output_tried",)
    s.do(TryEnded("t1"))
    assert "door.forced" not in s.said()


def test_it_is_shown_as_out_of_service_all_along():
    s = held()
    assert s.seen().mode == "out_of_service"
    assert "output_tried" in s.seen().why


@pytest.mark.parametrize("output", ["gate_in_lock", "gate_out_lock"])
def test_each_way_of_a_turnstile_alone(output):
    s = out(Scene(turnstile()), "gate")
    hold(s, output)
    assert {name for name, on in s.outputs.items() if on} == {output}
    assert (
        s.last("device.output_tried").detail == {"gate_in_lock": "release_in", "gate_out_lock": "release_out"}[output]
    )
    s.do(TryEnded("t1"))
    assert not any(s.outputs.values())


def test_the_arms_of_a_turnstile_drop_while_held():
    s = out(Scene(turnstile(), fire_inputs=("fire",)), "gate")
    hold(s, "gate_drop")
    assert s.said() == ["gate_drop+", "device.output_tried", "command.done", "turnstile.dropped"]
    s.input("fire", True)
    assert s.released("gate_drop"), "fire drops them itself"
    assert ended(s) == ("fire",)
    s.input("fire", False)
    assert not s.released("gate_drop")
    hold(s, "gate_drop", "t2")
    s.wait(RENEW_MS_MAX)
    assert not s.released("gate_drop")


def test_a_late_step_holds_nothing_on():
    """A controller that was stopped for a while: the renewals it finds then are of a trial that is over."""
    s = held()
    s.t += 5_000
    s.do(TryRenewed("t1"))
    assert not s.released()
    assert ended(s) == ("not_renewed",)
    assert s.last("device.output_try_ended").detail == f"{RENEW_MS_MAX} ms", "as of its own deadline"


def test_nothing_of_it_outlives_a_start():
    s = held()
    assert not [text for _, text in s.trace if text.startswith("keep") and "trial" in text]
    again = Scene(door(), kept={"out_of_service:front": "1"})
    assert not again.released()
    assert again.state.trial is None


def test_what_may_be_held_on_is_said_before_anybody_tries():
    s = Scene(door())
    assert stands_against(s.state, LOCK) == ("in_service:front",)
    out(s)
    assert stands_against(s.state, LOCK) == ()
    hold(s)
    assert stands_against(s.state, LOCK) == ("output_tried:front_lock",)


# -- walks ------------------------------------------------------------------------------------------------------------

MOVES = st.one_of(
    st.sampled_from(
        [
            TryOutput("fitter", "t1", output=LOCK),
            TryOutput("other", "t2", output="gate_in_lock"),
            TryOutput("other", "t2", output="gate_drop"),
            TryRenewed("t1"),
            TryRenewed("t2"),
            TryEnded("t1"),
            TryEnded("t2", lost=True),
            SetOutOfService("fitter", portal="front"),
            SetOutOfService("fitter", portal="gate"),
            SetOutOfService("fitter", portal="front", out=False),
            SetOutOfService("fitter", portal="gate", out=False),
            StartLockdown("guard"),
            EndLockdown("guard"),
            LockPortal("guard", portal="front"),
            ReleasePortal("guard", portal="front"),
            OutputFailed(LOCK, "no answer"),
            DeviceLost("gate_drop", "no answer"),
            DeviceRecovered("gate_drop"),
            DeviceRecovered(LOCK),
            ResetFault("guard", portal="front"),
            ResetFault("guard", portal="gate"),
            InputChanged("fire", Level.ACTIVE),
            InputChanged("fire", Level.INACTIVE),
        ]
    ),
    st.sampled_from([1, 199, 200, 599, 600, 601, 30_000]),  # ms
)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.lists(MOVES, max_size=40))
def test_whatever_happens_it_is_on_only_out_of_service_renewed_and_not_for_long(moves):
    """Seen from outside: nobody else releases anything here, so whatever is on is on by a trial (or by fire: arms)."""
    s = Scene(door(), turnstile(), fire_inputs=("fire",))
    s.do(SetOutOfService("fitter", portal="front"))
    s.do(SetOutOfService("fitter", portal="gate"))
    out, fire, renewed_ms, since_ms = {"front", "gate"}, False, {"t1": -RENEW_MS_MAX, "t2": -RENEW_MS_MAX}, {}
    for move in moves:
        if isinstance(move, int):
            s.wait(move)
        else:
            s.do(move)
        if isinstance(move, SetOutOfService):
            (out.add if move.out else out.discard)(move.portal)
        if isinstance(move, InputChanged):
            fire = move.level is Level.ACTIVE
        if isinstance(move, TryOutput | TryRenewed):
            renewed_ms[move.request] = s.t
        held = {name for name, on in s.outputs.items() if on} - ({"gate_drop"} if fire else set())
        since_ms = {name: since_ms.get(name, s.t) for name in held}
        assert len(held) <= 1
        for name in held:
            request, portal = ("t1", "front") if name == LOCK else ("t2", "gate")
            assert portal in out
            assert not fire
            assert s.t - renewed_ms[request] < RENEW_MS_MAX
            assert s.t - since_ms[name] < HOLD_MS_MAX
        assert (s.state.trial is not None) == bool(held)

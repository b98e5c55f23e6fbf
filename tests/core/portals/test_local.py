"""Local entries in the core: each change is told and kept, and ends what its holder has begun; none opens a door."""

from __future__ import annotations

import pytest

from firmware.core.access import Factor, Unknown
from firmware.core.codes import Code
from firmware.core.effects import Body, Keep, Record
from firmware.core.facts import (
    CredentialEnrolled,
    DeviceLost,
    DeviceRecovered,
    EndEnrolment,
    HolderWithdrawn,
    NoiseSeen,
    OverlayChange,
    OverlayChanged,
    PinEntered,
    StartEnrolment,
    StartLockdown,
)
from firmware.core.site import AccessPoint, Reader, Requirement
from firmware.core.state import State
from firmware.core.step import step
from firmware.core.views import view
from tests.core.portals.scene import Scene, door, known, turnstile

BOTH = (Requirement(((Factor.CARD, Factor.PIN),)),)
TOLD = {  # the words of the issue and of codes.py
    "suspended": "roster.suspended",
    "lifted": "roster.suspension_lifted",
    "left": "roster.holder_left",
    "enrolled": "roster.enrolled",
    "invited": "roster.visitor_invited",
    "revoked": "roster.local_revoked",
    "expired": "roster.local_expired",
    "absorbed": "roster.local_absorbed",
    "conflicted": "roster.local_conflict",
    "failed": "roster.local_failed",
    "refused": "roster.local_refused",
}


def suspended(holder: str = "ann", change: OverlayChange = OverlayChange.SUSPENDED) -> OverlayChanged:
    return OverlayChanged(change, "l00000001", holder, issuer="office", note="lost", revision=3)


def card_and_pin(**fields) -> AccessPoint:
    return AccessPoint("front_in", "front", ("r_front",), None, "house", requirements=BOTH, **fields)


@pytest.mark.parametrize("change", OverlayChange)
def test_each_change_is_one_event_with_all_that_is_known_of_it(change):
    s = Scene(door())
    s.do(
        OverlayChanged(
            change,
            "l00000001",
            "ann",
            "card_ann",
            1_800_000_000,
            "office",
            "r1",
            "lost",
            "more of it",
            ("overlay_full",),
            12,
            "ben",
        )
    )
    assert s.said() == ["keep overlay=12", TOLD[change]]
    event = s.last(TOLD[change])
    assert event.body == Body(holder="ann", credential="card_ann", second_holder="ben", issuer="office", note="lost")
    assert (event.request, event.reasons) == ("r1", ("overlay_full",))
    assert event.detail == "l00000001 until 1800000000 more of it"


def test_without_a_revision_nothing_is_kept_and_nobodys_change_has_no_body():
    s = Scene(door())
    s.do(OverlayChanged(OverlayChange.FAILED, detail="x" * 900))
    assert s.said() == ["roster.local_failed"]
    event = s.last("roster.local_failed")
    assert event.body is None
    assert len(event.detail) == 200


def test_the_revision_is_durable_before_it_is_told():
    s = Scene(door())
    _, effects = step(s.state, s.t, suspended())
    assert [type(effect) for effect in effects] == [Keep, Record]


@pytest.mark.parametrize("change", [OverlayChange.SUSPENDED, OverlayChange.LEFT, OverlayChange.REVOKED])
def test_an_offer_that_was_not_taken_is_withdrawn(change):
    s = Scene(door())
    s.swipe()
    assert s.released()
    s.take()
    s.do(suspended(change=change))
    assert not s.released()
    assert s.said() == ["front_lock-", "keep overlay=3", TOLD[change], "access.not_taken"]


@pytest.mark.parametrize(
    "change", [change for change in OverlayChange if change not in ("suspended", "left", "revoked")]
)
def test_no_other_change_takes_anything_back(change):
    s = Scene(door())
    s.swipe()
    s.do(suspended(change=change))
    assert s.released()


def test_nobody_elses_offer_is_withdrawn_and_no_passage_that_has_begun():
    s = Scene(door(), door("back"))
    s.swipe()
    s.do(suspended("ben"))
    assert s.released()
    s.open()
    s.do(suspended("ann"))
    assert s.released(), "whoever stands in the door is not shut in it"


def test_an_offer_of_the_last_moment_is_withdrawn_too():
    """The lock is secured again, and an opening may still be reported: it would not be that holder's passage."""
    s = Scene(door(release_ms=2_000))
    s.swipe()
    s.wait(2_000)
    s.take()
    s.do(suspended())
    assert "access.not_taken" in s.said()
    s.open()
    assert "access.taken" not in s.said()


def test_an_offer_to_leave_stays():
    out = AccessPoint("front_out", "front", ("r_out",), "house", None, direction="out")
    s = Scene(door(access_points=(out,)))
    s.swipe("r_out")
    assert s.released()
    s.do(suspended(change=OverlayChange.LEFT))
    assert s.released(), "nobody is kept in"


def test_a_pair_is_withdrawn_whichever_of_the_two_it_is():
    for holder in ("ann", "guard"):
        s = Scene(door(access_points=(AccessPoint("front_in", "front", ("r_front",), None, "house", two_person=True),)))
        s.swipe(who=known("ann"))
        s.wait(1_000)
        s.swipe(who=known("guard", escort=True))
        assert s.released()
        s.do(suspended(holder))
        assert not s.released(), holder


def test_the_second_of_two_at_a_turnstile_does_not_follow():
    two = AccessPoint("gate_in", "gate", ("r_gate_in",), None, "house", two_person=True)
    s = Scene(turnstile(access_points=(two,)))
    s.swipe("r_gate_in", known("ann"))
    s.wait(1_000)
    s.swipe("r_gate_in", known("guard", escort=True))
    s.input("gate_pulse_in", True)
    s.take()
    s.do(suspended("guard"))
    assert "access.not_taken" in s.said()
    s.input("gate_pulse_in", False)
    assert not s.released("gate_in_lock")


def test_dialogs_of_the_holder_end_at_every_reader():
    s = Scene(door(access_points=(card_and_pin(),)), door("back"))
    s.swipe(who=known(second_factors=(Factor.PIN,)))
    assert s.shown["r_front"] == "next_factor"
    s.do(suspended())
    assert s.shown["r_front"] == "denied"
    event = s.last("access.denied")
    assert event.reasons[-1] == "credential_suspended"
    assert event.body.holder == "ann"
    s.do(PinEntered("r_front", Unknown("pin"), second_of="ann"))
    assert not s.released()


def test_a_first_person_who_is_suspended_waits_no_longer():
    s = Scene(door(access_points=(AccessPoint("front_in", "front", ("r_front",), None, "house", two_person=True),)))
    s.swipe(who=known("ann"))
    s.do(suspended())
    assert s.last("access.denied").body.holder == "ann"
    s.wait(1_000)
    s.swipe(who=known("guard", escort=True))
    assert not s.released()


def test_a_first_person_behind_a_pin_that_waits_for_its_card():
    s = Scene(door(access_points=(card_and_pin(two_person=True),)))
    s.swipe(who=known("ann", second_factors=(Factor.PIN,)))
    s.do(PinEntered("r_front", Unknown("x"), second_of="ann"))
    assert s.shown["r_front"] == "second_person"
    s.do(PinEntered("r_front", Unknown("y")))  # the second person's, typed before the card
    s.do(suspended())
    assert s.state.readers["r_front"].pending is None
    assert s.last("access.denied").reasons[-1] == "credential_suspended"


def test_dialogs_of_others_go_on():
    s = Scene(door(access_points=(card_and_pin(),)))
    s.swipe(who=known(second_factors=(Factor.PIN,)))
    s.do(suspended("ben"))
    assert s.shown["r_front"] == "next_factor"
    assert s.state.readers["r_front"].pending is not None


def test_who_is_withdrawn_before_it_is_saved_loses_dialog_and_offer_once_and_keeps_no_revision():
    s = Scene(door(access_points=(card_and_pin(),)))
    s.swipe(who=known(second_factors=(Factor.PIN,)))
    s.do(HolderWithdrawn("ann"))
    assert s.state.readers["r_front"].pending is None
    s.take()
    s.do(suspended("ann"))
    assert s.said() == ["keep overlay=3", "roster.suspended"]
    offered = Scene(door())
    offered.swipe()
    assert offered.released()
    offered.do(HolderWithdrawn("ben"))
    assert offered.released()
    offered.do(HolderWithdrawn("ann"))
    assert not offered.released()


# -- enrolment at a reader --------------------------------------------------------------------------------------------

START = StartEnrolment("office", "r1", reader="r_front", holder="ann")
NEW = CredentialEnrolled("r_front", "l00000001", "ann", "card_new", issuer="office", request="r1", revision=4)


def enrolling(s: Scene) -> bool:
    return s.state.readers["r_front"].enrolling is not None


def test_the_command_sets_the_reader_and_a_credential_ends_it():
    s = Scene(door())
    s.do(START)
    assert s.said() == ["roster.enrolment_begun", "command.done"]
    assert (s.shown["r_front"], view(s.state).readers_enrolling) == ("enrolling", ("r_front",))
    s.do(NEW)
    assert s.said() == ["keep overlay=4", "roster.enrolled"]
    assert s.shown["r_front"] == "granted"
    assert not s.released(), "enrolment releases nothing"
    assert view(s.state).readers_enrolling == ()


def test_time_and_a_person_end_it():
    s = Scene(door())
    s.do(START)
    s.wait(30_000)
    assert s.last("roster.enrolment_ended").reasons == ("dialog_expired",)
    s.do(START)
    s.do(EndEnrolment("office", "r2", reader="r_front"))
    assert s.last("roster.enrolment_ended").reasons == ("operator",)
    assert not enrolling(s)
    s.take()
    s.do(EndEnrolment("office", "r3", reader="r_front"))
    assert s.said() == ["command.done"]


@pytest.mark.parametrize(("for_ms", "allowed"), [(4_999, False), (5_000, True), (120_000, True), (120_001, False)])
def test_its_time_has_limits(for_ms, allowed):
    s = Scene(door())
    s.do(StartEnrolment("office", "r", reader="r_front", holder="ann", for_ms=for_ms))
    assert enrolling(s) is allowed
    if not allowed:
        assert s.last("command.refused").reasons == ("not_allowed",)


@pytest.mark.parametrize(
    ("start", "reason"),
    [
        (StartEnrolment("office", reader="nowhere", holder="ann"), "reader_not_found:nowhere"),
        (StartEnrolment("office", reader="r_front", holder=""), "not_allowed"),
        (StartEnrolment("", reader="r_front", holder="ann"), "not_allowed"),
    ],
)
def test_what_is_refused(start, reason):
    s = Scene(door())
    s.do(start)
    assert s.last("command.refused").reasons == (reason,)
    assert not enrolling(s)


def test_there_is_one_at_a_time_at_a_reader_and_one_at_each():
    s = Scene(door(), door("back"))
    s.do(START)
    s.do(StartEnrolment("office", "r2", reader="r_front", holder="ben"))
    assert s.last("command.refused").reasons == ("not_allowed",)
    assert s.state.readers["r_front"].enrolling.holder == "ann"
    s.do(StartEnrolment("office", "r3", reader="r_back", holder="ben"))
    assert s.state.readers["r_back"].enrolling.holder == "ben"
    s.do(EndEnrolment("office", reader="nowhere"))
    assert s.last("command.refused").reasons == ("reader_not_found:nowhere",)


def test_a_lost_or_muted_reader_ends_it_and_takes_none():
    s = Scene(door())
    s.do(START)
    s.do(DeviceLost("r_front", "unplugged"))
    assert s.last("roster.enrolment_ended").reasons == ("out_of_service",)
    s.do(START)
    assert s.last("command.refused").reasons == ("out_of_service",)
    s.do(DeviceRecovered("r_front"))
    s.do(START)
    assert enrolling(s)
    s.do(NoiseSeen("r_front", "noise", 100))
    assert not enrolling(s)
    s.do(START)
    assert s.last("command.refused").reasons == ("out_of_service",)


def test_another_lost_device_does_not_end_it():
    s = Scene(door())
    s.do(START)
    s.do(DeviceLost("front_contact", "unplugged"))
    assert enrolling(s)


def test_a_lockdown_is_no_obstacle_and_a_restart_ends_it():
    s = Scene(door())
    s.do(StartLockdown("guard"))
    s.do(START)
    assert s.shown["r_front"] == "enrolling"
    s.do(NEW)
    assert s.last("roster.enrolled").body.holder == "ann"
    again: State = Scene(door()).state
    assert again.readers["r_front"].enrolling is None


def test_a_reader_without_an_access_point_may_enrol():
    """The one on the office's desk."""
    s = Scene(door(), readers=(Reader("r_front"), Reader("desk")))
    s.do(StartEnrolment("office", reader="desk", holder="ann"))
    s.do(CredentialEnrolled("desk", "l00000001", "ann", "card_new", revision=1))
    event = s.last("roster.enrolled")
    assert (event.reader, event.access_point) == ("desk", None)


def test_a_fact_about_a_reader_that_nobody_knows_changes_nothing():
    s = Scene(door())
    s.do(CredentialEnrolled("nowhere", "l00000001", "ann", "card_new", revision=1))
    assert s.said() == []
    assert Code.ENROLLED.value == "roster.enrolled"

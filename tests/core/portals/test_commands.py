"""Commands: each answered once, refused with reasons, never raising, whatever is asked and whoever asks."""

from __future__ import annotations

import pytest

from firmware.core.access import Unknown
from firmware.core.facts import (
    Acknowledge,
    AdmitVehicle,
    AnswerCall,
    ClearLockout,
    CloseBarrier,
    ConfirmClear,
    EmergencyClose,
    EndCall,
    EndEvacuation,
    EndLockdown,
    Forgive,
    HoldOpen,
    LockPortal,
    OpenOnce,
    OutputFailed,
    PinEntered,
    RecordTest,
    ReleasePortal,
    ResetFault,
    ResetFire,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.site import AccessPoint, Area
from firmware.messages import AnyCommand
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door, known, turnstile

EVERY = (
    OpenOnce("guard", "r1", portal="front"),
    HoldOpen("guard", "r1", portal="front", for_ms=1_000),
    LockPortal("guard", "r1", portal="front"),
    ReleasePortal("guard", "r1", portal="front"),
    StartLockdown("guard", "r1"),
    EndLockdown("guard", "r1"),
    StartEvacuation("guard", "r1", confirmed=True),
    EndEvacuation("guard", "r1"),
    ResetFire("guard", "r1"),
    Forgive("guard", "r1", holder="ann"),
    SetOutOfService("guard", "r1", portal="front"),
    ResetFault("guard", "r1", portal="front"),
    ClearLockout("guard", "r1", reader="r_front"),
    Acknowledge("guard", "r1", subject="front"),
)
# What only a barrier understands: tests/core/lanes/test_lane_commands.py.
FOR_BARRIERS = {AdmitVehicle, CloseBarrier, ConfirmClear, EmergencyClose, RecordTest}
UNKNOWN = "' OR 1=1 \0 \N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000


def answers(s: Scene) -> list:
    return [event for event in s.events if event.code in ("command.done", "command.refused")]


def test_no_command_is_forgotten_here():
    of_calls = {AnswerCall, EndCall}  # tests/core/portals/test_calls.py
    assert {type(command) for command in EVERY} == set(AnyCommand.__args__) - FOR_BARRIERS - of_calls


@pytest.mark.parametrize("command", EVERY, ids=lambda command: type(command).__name__)
def test_each_is_answered_once_with_who_asked(command):
    s = Scene(door())
    s.do(command)
    (answer,) = answers(s)
    assert answer.code == "command.done"
    assert answer.request == "r1"
    assert answer.body.issuer == "guard"
    assert answer.detail == type(command).__name__


@pytest.mark.parametrize("command", EVERY, ids=lambda command: type(command).__name__)
def test_without_a_name_nothing_is_done(command):
    import msgspec

    s = Scene(door())
    before = s.state
    s.do(msgspec.structs.replace(command, issuer=""))
    (answer,) = answers(s)
    assert (answer.code, answer.reasons) == ("command.refused", ("not_allowed",))
    assert s.state == before
    assert s.said() == ["command.refused"]


@pytest.mark.parametrize(
    "command",
    [
        OpenOnce("guard", "r1", portal=UNKNOWN),
        OpenOnce("guard", "r1", portal="front", access_point=UNKNOWN),
        OpenOnce("guard", "r1", portal="front", access_point="gate_in"),
        HoldOpen("guard", "r1", portal=UNKNOWN, for_ms=1),
        LockPortal("guard", "r1", portal=UNKNOWN),
        ReleasePortal("guard", "r1", portal=UNKNOWN),
        StartLockdown("guard", "r1", portals=("front", UNKNOWN)),
        SetOutOfService("guard", "r1", portal=UNKNOWN),
        ResetFault("guard", "r1", portal=UNKNOWN),
        ClearLockout("guard", "r1", reader=UNKNOWN),
        Acknowledge("guard", "r1", subject=UNKNOWN),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_is_not_there_is_refused_and_nothing_moves(command):
    s = Scene(door(), turnstile())
    before = s.state
    s.do(command)
    (answer,) = answers(s)
    assert answer.code == "command.refused"
    assert answer.reasons[0].startswith("portal_not_found:")
    assert len(answer.reasons[0]) < 100
    assert s.state == before


@pytest.mark.parametrize(
    ("until", "reason"),
    [
        ({}, "not_allowed"),
        ({"for_ms": 1_000, "until_utc_s": MONDAY_0755_MS // 1_000 + 60}, "not_allowed"),
        ({"for_ms": 0}, "not_allowed"),
        ({"for_ms": -1}, "not_allowed"),
        ({"for_ms": 8 * 86_400_000}, "not_allowed"),
        ({"until_utc_s": MONDAY_0755_MS // 1_000}, "not_allowed"),
        ({"until_utc_s": 4_070_908_800}, "not_allowed"),
    ],
)
def test_holding_open_needs_one_sensible_end(until, reason):
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    s.do(HoldOpen("guard", portal="front", **until))
    assert s.last("command.refused").reasons == (reason,)
    assert not s.released()


def test_holding_open_until_needs_known_wall_time():
    s = Scene(door())
    s.do(HoldOpen("guard", portal="front", until_utc_s=MONDAY_0755_MS // 1_000))
    assert s.last("command.refused").reasons == ("clock_unknown_refused",)


def test_what_stands_above_an_operator_refuses_the_operator():
    for fact, reason in (
        (StartLockdown("guard"), "lockdown"),
        (LockPortal("guard", portal="front"), "locked_by_operator"),
        (OutputFailed("front_lock", "no answer"), "fault_latched"),
    ):
        for command in (OpenOnce("guard", portal="front"), HoldOpen("guard", portal="front", for_ms=1_000)):
            s = Scene(door())
            s.do(fact)
            s.do(command)
            assert s.last("command.refused").reasons == (reason,)
            assert not s.released()


def test_an_operator_opens_a_turnstile_by_its_access_point():
    s = Scene(turnstile())
    s.do(OpenOnce("guard", portal="gate"))
    assert s.outputs == {"gate_in_lock": True, "gate_out_lock": False, "gate_drop": False}
    s = Scene(turnstile())
    s.do(StartLockdown("guard"))
    s.do(OpenOnce("guard", portal="gate", access_point="gate_out"))
    assert s.outputs == {"gate_in_lock": False, "gate_out_lock": True, "gate_drop": False}
    s.pulse("out")
    assert not s.outputs["gate_out_lock"]


def test_lockdown_of_some_portals_and_of_all():
    s = Scene(door(), door("back"))
    s.do(StartLockdown("guard", portals=("back",)))
    assert s.seen("back").mode == "locked_down"
    assert s.seen("front").mode == "locked"
    assert s.shown["r_back"] == "lockdown"
    s.do(StartLockdown("guard"))
    assert s.seen("front").mode == "locked_down"
    s.do(EndLockdown("guard"))
    assert s.seen("front").mode == s.seen("back").mode == "locked"
    assert s.shown["r_back"] == "idle"
    s.take()
    s.do(EndLockdown("guard"))
    assert s.said() == ["command.done"]


def test_out_of_service_refuses_and_says_so():
    s = Scene(door())
    out = SetOutOfService("guard", portal="front")
    s.do(out)
    assert s.said() == ["keep out_of_service:front=1", "portal.out_of_service", "command.done"]
    assert s.seen().mode == "out_of_service"
    s.do(out)
    assert s.said() == ["command.done"]
    s.swipe()
    assert s.last("access.denied").reasons[-1] == "out_of_service"
    s.take()
    s.do(SetOutOfService("guard", portal="front", out=False))
    assert s.said() == ["keep out_of_service:front=None", "portal.in_service", "command.done"]


def test_a_lock_out_is_cleared_by_a_person():
    s = Scene(door())
    for _ in range(5):
        s.wait(1_000)
        s.do(PinEntered("r_front", Unknown("pin")))
    s.do(ClearLockout("guard", reader="r_front"))
    assert "access.pin_lockout_ended" in s.said()
    s.wait(1_000)
    s.do(PinEntered("r_front", known()))
    assert s.released()


def test_alarms_wait_for_somebody_to_acknowledge_them():
    s = Scene(door())
    s.open()
    assert not s.seen().acknowledged
    s.take()
    s.do(Acknowledge("guard", subject="front"))
    assert s.seen().acknowledged
    assert s.seen().alarms == ("door.forced",)
    assert s.said() == ["command.acknowledged", "command.done"]


def test_forgiveness_of_one_and_of_all():
    full = Area("house", occupancy_max=2)
    s = Scene(door(), areas=(full,))
    for who in ("ann", "ben"):
        s.wait(10_000)
        s.swipe(who=known(who))
        s.open()
        s.close()
    assert "area.full" in s.said()
    s.wait(10_000)
    s.swipe(who=known("cy"))
    assert s.last("access.denied").reasons[-1] == "area_full:house"
    s.take()
    s.do(Forgive("guard", holder="ann", area="house"))
    assert s.said() == ["remember ann  0", "access.forgiven", "command.done"]
    assert s.last("access.forgiven").body.holder == "ann"
    s.wait(10_000)
    s.swipe(who=known("cy"))
    assert s.released()
    s.take()
    s.do(Forgive("guard"))
    assert s.said() == ["forget areas", "access.forgiven", "command.done"]
    assert s.state.occupancy == {}


def test_the_way_out_of_a_locked_door_by_a_reader_inside():
    """Lockdown, a lock by an operator and a fault refuse entry; a reader on the inside lets people leave."""
    points = (
        AccessPoint("front_in", "front", ("r_front",), None, "house"),
        AccessPoint("front_out", "front", ("r_out",), "house", None, direction="out"),
    )
    for fact in (
        StartLockdown("guard"),
        LockPortal("guard", portal="front"),
        OutputFailed("front_lock", "no answer"),
    ):
        s = Scene(door(access_points=points))
        s.do(fact)
        s.swipe("r_front")
        assert not s.released()
        s.swipe("r_out", known("ben"))
        assert s.released(), f"{fact} keeps ben in"
        s.wait(5_000)
        assert not s.released()

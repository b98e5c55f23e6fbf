"""Commands for barriers: each answered once, refused with reasons, never raising, whoever asks for whatever."""

from __future__ import annotations

import pytest

from firmware.core.facts import (
    AdmitVehicle,
    CloseBarrier,
    ConfirmClear,
    EmergencyClose,
    HoldOpen,
    LockPortal,
    OpenOnce,
    RecordTest,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
)
from firmware.core.lane_commands import LANE_COMMANDS
from tests.core.lanes.lane_scene import NAME, LaneScene
from tests.core.portals.scene import Scene, door

EVERY = (
    OpenOnce("guard", "r1", portal=NAME),
    HoldOpen("guard", "r1", portal=NAME, for_ms=1_000),
    LockPortal("guard", "r1", portal=NAME),
    ReleasePortal("guard", "r1", portal=NAME),
    SetOutOfService("guard", "r1", portal=NAME),
    ResetFault("guard", "r1", portal=NAME),
    AdmitVehicle("guard", "r1", portal=NAME, note="a plumber"),
    CloseBarrier("guard", "r1", portal=NAME),
    EmergencyClose("guard", "r1", portal=NAME, confirmed=True),
    ConfirmClear("guard", "r1", portal=NAME, in_sight=True),
    RecordTest("guard", "r1", portal=NAME),
)
UNKNOWN = "' OR 1=1 \0 \N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 10_000
ids = pytest.mark.parametrize("command", EVERY, ids=lambda command: type(command).__name__)


def answers(s) -> list:
    return [event for event in s.events if event.code in ("command.done", "command.refused")]


def test_no_command_is_forgotten_here():
    assert {type(command) for command in EVERY} == set(LANE_COMMANDS)


@ids
def test_each_is_answered_once_with_who_asked(command):
    s = LaneScene()
    s.do(command)
    (answer,) = answers(s)
    assert answer.code == "command.done", answer.reasons
    assert (answer.request, answer.body.issuer, answer.portal) == ("r1", "guard", NAME)
    assert answer.detail == type(command).__name__


@ids
def test_nobody_commands_nothing(command):
    s = LaneScene()
    s.take()
    s.do(type(command)(**{field: getattr(command, field) for field in command.__struct_fields__} | {"issuer": ""}))
    assert answers(s)[0].reasons == ("not_allowed",)
    assert s.moving() == "rest"


@ids
def test_unknown_portals_are_named_shortly(command):
    s = LaneScene()
    s.do(type(command)(**{field: getattr(command, field) for field in command.__struct_fields__} | {"portal": UNKNOWN}))
    (answer,) = answers(s)
    assert answer.code == "command.refused"
    assert len(answer.reasons[0]) < 100


@pytest.mark.parametrize("command", [c for c in EVERY if type(c).__name__ in ("AdmitVehicle", "CloseBarrier")])
def test_a_door_understands_no_command_of_barriers(command):
    s = Scene(door())
    s.do(type(command)(**{field: getattr(command, field) for field in command.__struct_fields__} | {"portal": "front"}))
    assert answers(s)[0].code == "command.refused"


def test_unknown_access_points_and_odd_holds():
    s = LaneScene()
    s.do(OpenOnce("guard", portal=NAME, access_point=UNKNOWN))
    assert answers(s)[-1].reasons[0].startswith("portal_not_found:")
    for fields in ({}, {"for_ms": 1, "until_utc_s": 1}, {"for_ms": 0}, {"for_ms": -5}, {"for_ms": 8 * 86_400_000}):
        s.do(HoldOpen("guard", portal=NAME, **fields))
        assert answers(s)[-1].reasons == ("not_allowed",)
    s.do(HoldOpen("guard", portal=NAME, until_utc_s=2_000_000_000))
    assert answers(s)[-1].reasons == ("clock_unknown_refused",)
    assert s.moving() == "rest"


def test_what_bars_it_refuses_to_open_and_says_so():
    s = LaneScene()
    s.input("stop", True)
    for command in (EVERY[0], EVERY[1], EVERY[6]):
        s.do(command)
        assert answers(s)[-1].reasons == ("barrier_barred",)


def test_a_long_note_is_cut_and_stands_in_the_erasable_part():
    s = LaneScene()
    s.do(AdmitVehicle("guard", portal=NAME, note="y" * 10_000))
    assert len(answers(s)[-1].body.note) == 200

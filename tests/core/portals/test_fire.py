"""Fire and evacuation: over everything, faults included; only fire is a fact at the start, and persons end the rest."""

from __future__ import annotations

from firmware.core.facts import (
    ClockLost,
    DeviceLost,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    Level,
    LockPortal,
    OutputFailed,
    ResetFire,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from tests.core.portals.scene import Scene, door, turnstile

EVACUATE = StartEvacuation("chief", "1", confirmed=True)


def site(*portals, **fields) -> Scene:
    fields.setdefault("fire_inputs", ("fire",))
    return Scene(*(portals or (door(escape=True),)), **fields)


def test_fire_releases_escape_routes_and_ends_with_its_input():
    s = site(door(escape=True), door("store"))
    s.input("fire", True)
    assert s.said() == ["front_lock+", "site.fire", "door.unlocked"]
    assert s.last("door.unlocked").reasons == ("fire",)
    assert s.seen().mode == "locked_open"
    assert not s.released("store_lock"), "no escape route"
    s.open()
    s.wait(100_000)
    assert s.said() == ["door.opened"]
    s.input("fire", True)
    assert s.said() == []
    s.input("fire", False)
    assert s.said() == ["front_lock-", "site.fire_ended", "door.locked"]


def test_a_broken_fire_input_is_a_fault_and_a_release():
    for level in (Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s = site()
        s.input("fire", level)
        assert s.said() == ["front_lock+", "site.fire_input_fault", "door.unlocked"]
        assert s.last("site.fire_input_fault").detail == level
        s.input("fire", True)
        assert s.said() == ["site.fire_input_healthy", "site.fire"]
        s.input("fire", level)
        s.input("fire", False)
        assert s.said() == [
            "site.fire_input_fault",
            "front_lock-",
            "site.fire_input_healthy",
            "site.fire_ended",
            "door.locked",
        ]


def test_a_lost_device_is_a_lost_input():
    s = site()
    s.do(DeviceLost("fire", "no answer"))
    assert s.released()
    assert s.said() == ["front_lock+", "device.lost", "site.fire_input_fault", "door.unlocked"]


def test_fire_lasts_as_long_as_any_input():
    s = site(fire_inputs=("fire", "smoke"))
    s.input("fire", True)
    s.input("smoke", True)
    s.input("fire", False)
    assert s.released()
    s.input("smoke", False)
    assert not s.released()


def test_where_a_person_ends_it_the_input_does_not():
    s = site(fire_reset="person")
    s.input("fire", True)
    s.take()
    s.do(ResetFire("chief", "9"))
    assert s.said() == ["command.refused"]
    assert s.last("command.refused").reasons == ("fire",)
    s.input("fire", False)
    s.wait(3_600_000)
    assert s.released()
    assert s.said() == []
    s.input("fire", False)
    s.input("fire", True)
    s.do(ResetFire("chief", "10"))
    assert s.released(), "it burns again"
    s.input("fire", False)
    s.take()
    s.do(ResetFire("chief", "11"))
    assert s.said() == ["front_lock-", "site.fire_ended", "command.done", "door.locked"]
    s.do(ResetFire("chief", "12"))
    assert s.said() == ["command.done"]


def test_fire_at_the_start_is_a_fact():
    s = site(levels=False)
    assert not s.released()
    s.input("fire", True)
    assert s.released()
    s = site(levels=False)
    s.input("fire", False)
    assert s.said() == []


def test_fire_over_everything_that_secures():
    for fact in (
        StartLockdown("guard"),
        LockPortal("guard", portal="front"),
        SetOutOfService("guard", portal="front"),
        OutputFailed("front_lock", "stuck"),
        DeviceLost("front_lock", "gone"),
        ClockLost("1970"),
    ):
        for release in (lambda s: s.input("fire", True), lambda s: s.do(EVACUATE)):
            for first in (True, False):
                s = site()
                if first:
                    s.do(fact)
                release(s)
                if not first:
                    s.do(fact)
                assert s.released(), f"{fact} keeps people in"


def test_fire_tries_a_failed_lock_again():
    s = site()
    s.press()
    s.do(OutputFailed("front_lock", "stuck"))
    s.take()
    s.input("fire", True)
    assert s.said() == ["front_lock+", "site.fire", "door.unlocked"]
    s = site()
    s.press()
    s.do(OutputFailed("front_lock", "stuck"))
    s.take()
    s.do(EVACUATE)
    assert s.said()[0] == "front_lock+"


def test_evacuation_needs_confirmation_and_ends_by_a_person():
    s = site(door(escape=True), door("store"))
    s.do(StartEvacuation("chief", "1"))
    assert s.said() == ["command.refused"]
    assert s.last("command.refused").reasons == ("not_confirmed",)
    s.do(EVACUATE)
    assert s.said() == [
        "front_lock+",
        "keep evacuation=1",
        "site.evacuation",
        "command.done",
        "door.unlocked",
    ]
    assert not s.released("store_lock")
    s.wait(24 * 3_600_000)
    assert s.released()
    s.take()
    s.do(EndEvacuation("chief", "2"))
    assert s.said() == [
        "front_lock-",
        "keep evacuation=None",
        "site.evacuation_ended",
        "command.done",
        "door.locked",
    ]
    s.do(EndEvacuation("chief", "3"))
    assert s.said() == ["command.done"]


def test_a_hold_outlasts_the_fire_and_lockdown_ends_it_under_the_fire():
    s = site()
    s.do(HoldOpen("guard", portal="front", for_ms=3_600_000))
    s.input("fire", True)
    s.input("fire", False)
    assert s.released()
    s.input("fire", True)
    s.do(StartLockdown("guard"))
    assert s.released()
    s.do(EndLockdown("guard"))
    s.input("fire", False)
    assert not s.released(), "lockdown had ended the hold"


def test_a_turnstile_drops_its_arms_and_is_released_both_ways():
    s = site(turnstile(escape=True))
    s.input("fire", True)
    assert s.said() == [
        "gate_in_lock+",
        "gate_out_lock+",
        "gate_drop+",
        "site.fire",
        "door.unlocked",
        "turnstile.dropped",
    ]
    s.pulse("in")
    s.pulse("out")
    assert s.said() == []
    s.input("fire", False)
    assert s.said() == [
        "gate_in_lock-",
        "gate_out_lock-",
        "gate_drop-",
        "site.fire_ended",
        "door.locked",
        "turnstile.restored",
    ]


def test_arms_drop_even_where_the_turnstile_is_no_escape_route():
    s = site(turnstile())
    s.do(EVACUATE)
    assert s.outputs["gate_drop"]
    assert not s.outputs["gate_in_lock"]
    s.pulse("in")
    assert "turnstile.turned_unreleased" not in s.said()

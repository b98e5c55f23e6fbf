"""Locked and held open: by operators, by holders who present twice, and what ends it."""

from __future__ import annotations

from firmware.core.facts import (
    ClockLost,
    ClockSet,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OutputFailed,
    ReleasePortal,
    SetOutOfService,
    StartLockdown,
)
from tests.core.portals.scene import MONDAY_0755_MS, Scene, door, known, turnstile

LOCK = LockPortal("guard", "1", portal="front")
FREE = ReleasePortal("guard", "2", portal="front")
TWICE = known(holds_open=True)


def hold(for_ms: int = 600_000) -> HoldOpen:
    return HoldOpen("guard", "3", portal="front", for_ms=for_ms)


def swipe_twice(s: Scene) -> None:
    s.swipe(who=TWICE)
    s.wait(1_000)
    s.swipe(who=TWICE)


def test_held_open_for_a_time():
    s = Scene(door())
    s.do(hold())
    assert s.said() == ["front_lock+", "command.done", "door.unlocked"]
    assert s.last("door.unlocked").reasons == ("operator",)
    assert s.seen().mode == "unlocked"
    assert s.shown["r_front"] == "unlocked"
    s.wait(600_000)
    assert s.take() == [(600_000, "front_lock-"), (600_000, "door.locked")]
    assert s.shown["r_front"] == "idle"


def test_held_open_anew_for_longer_and_for_shorter():
    s = Scene(door())
    s.do(hold(100_000))
    s.do(hold(600_000))
    s.wait(599_999)
    assert s.released()
    s.wait(1)
    assert not s.released()
    s.do(hold(600_000))
    s.do(hold(1_000))
    s.wait(1_000)
    assert not s.released()


def test_released_by_an_operator():
    s = Scene(door())
    s.do(hold())
    s.take()
    s.do(FREE)
    assert s.said() == ["front_lock-", "command.done", "door.locked"]
    s.do(FREE)
    assert s.said() == ["command.done"]
    s.do(hold(1_000))
    s.do(hold(1_000_000))
    s.do(SetOutOfService("guard", portal="front"))
    s.wait(999_999)
    assert s.released(), "the end of the first hold is not the end of the second"


def test_until_an_instant_of_wall_time_wherever_the_clock_puts_it():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    until = HoldOpen("guard", "3", portal="front", until_utc_s=MONDAY_0755_MS // 1000 + 600)
    s.do(until)
    s.wait(100_000)
    s.do(ClockSet(MONDAY_0755_MS + 400_000))
    s.wait(199_999)
    assert s.released()
    s.wait(1)
    assert not s.released()

    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    s.do(until)
    s.do(ClockLost("no source"))
    s.wait(599_999)
    assert s.released()
    s.wait(1)
    assert not s.released()

    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    s.do(until)
    s.do(ClockSet(MONDAY_0755_MS + 600_000))
    assert not s.released()


def test_a_hold_for_a_time_does_not_care_for_the_clock():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    s.do(HoldOpen("guard", "3", portal="front", until_utc_s=MONDAY_0755_MS // 1000 + 600))
    s.do(hold())
    s.do(ClockSet(MONDAY_0755_MS + 3_600_000))
    s.wait(599_999)
    assert s.released()
    s.wait(1)
    assert not s.released()


def test_a_hold_that_ended_leaves_no_instant_behind():
    s = Scene(door(), utc_ms=MONDAY_0755_MS)
    for end in (FREE, LOCK, StartLockdown("guard")):
        s.do(HoldOpen("guard", "3", portal="front", until_utc_s=MONDAY_0755_MS // 1000 + 600))
        s.do(end)
        s.do(FREE)
        s.do(EndLockdown("guard"))
        s.take()
        s.do(ClockSet(MONDAY_0755_MS + s.t))
        s.wait(5_000)
        assert s.said() == []


def test_locked_by_an_operator_refuses_and_stays_so():
    s = Scene(door())
    s.do(LOCK)
    assert s.said() == ["keep locked:front=guard", "command.done"]
    s.swipe()
    assert s.said() == ["access.denied"]
    assert s.last("access.denied").reasons[-1] == "locked_by_operator"
    s.do(LOCK)
    s.do(hold())
    assert s.said() == ["keep locked:front=guard", "command.done", "command.refused"]
    assert s.last("command.refused").reasons == ("locked_by_operator",)
    assert not s.released()
    s.do(FREE)
    assert s.said() == ["keep locked:front=None", "command.done"]
    s.wait(10_000)
    s.swipe(who=known("ben"))
    assert s.released()


def test_locking_ends_what_was_held_open():
    s = Scene(door())
    s.do(hold())
    s.take()
    s.do(LOCK)
    assert not s.released()
    s.do(FREE)
    s.wait(600_000)
    assert not s.released()
    assert s.said() == [
        "front_lock-",
        "keep locked:front=guard",
        "command.done",
        "door.locked",
        "keep locked:front=None",
        "command.done",
    ]
    swipe_twice(s)
    s.take()
    s.do(LOCK)
    assert not s.released()
    s.do(FREE)
    s.do(hold())
    s.wait(599_999)
    assert s.released(), "the end of the holder's hold is not the end of the operator's"


def test_presented_twice_it_stays_open_until_presented_twice_again():
    s = Scene(door())
    swipe_twice(s)
    assert s.said() == ["front_lock+", "access.granted", "access.granted", "access.not_taken", "door.unlocked"]
    assert s.last("door.unlocked").reasons == ("double_swipe",)
    s.wait(60_000)
    assert s.released()
    swipe_twice(s)
    assert s.released(), "the passage itself is still released"
    s.wait(5_000)
    assert not s.released()


def test_what_a_holder_holds_open_has_an_end():
    s = Scene(door(hold_open_ms_max=120_000))
    swipe_twice(s)
    s.wait(119_999)
    assert s.released()
    s.wait(1)
    assert not s.released()
    assert s.said()[-1] == "door.locked"
    s.swipe()
    assert s.released()


def test_an_operator_takes_over_what_a_holder_holds_and_a_holder_cannot_end_it():
    s = Scene(door(hold_open_ms_max=120_000))
    swipe_twice(s)
    s.do(hold())
    s.wait(300_000)
    assert s.released()
    swipe_twice(s)
    s.wait(100_000)
    assert s.released()
    s.do(FREE)
    assert not s.released()
    swipe_twice(s)
    s.do(FREE)
    s.wait(5_000)
    assert not s.released()


def test_after_a_holders_hold_the_operators_lasts_its_own_time():
    s = Scene(door(hold_open_ms_max=120_000))
    swipe_twice(s)
    s.do(FREE)
    s.do(hold())
    s.wait(599_999)
    assert s.released()
    swipe_twice(s)
    s.wait(10_000)
    swipe_twice(s)
    s.wait(10_000)
    s.do(hold())
    s.wait(599_999)
    assert s.released()


def test_toggled_off_and_held_again_it_lasts_its_own_time():
    s = Scene(door(hold_open_ms_max=120_000))
    swipe_twice(s)
    s.wait(60_000)
    swipe_twice(s)
    s.wait(10_000)
    assert not s.released()
    s.do(hold())
    s.wait(599_999)
    assert s.released()


def test_lockdown_ends_holds_for_good():
    for start in (lambda s: s.do(hold()), swipe_twice):
        s = Scene(door())
        start(s)
        s.do(StartLockdown("guard"))
        assert not s.released()
        s.do(EndLockdown("guard"))
        assert not s.released()
        s.take()
        s.do(hold(1_000_000))
        s.wait(999_999)
        assert s.released()


def test_a_lock_by_an_operator_outlasts_lockdown():
    s = Scene(door())
    s.do(LOCK)
    s.do(StartLockdown("guard"))
    s.do(EndLockdown("guard"))
    s.wait(10_000)
    s.swipe()
    assert s.last("access.denied").reasons[-1] == "locked_by_operator"


def test_a_failed_lock_ends_holds_and_leaves_locks():
    s = Scene(door())
    s.do(LOCK)
    s.do(OutputFailed("front_lock", "stuck"))
    s.swipe()
    assert s.last("access.denied").reasons[-1] == "locked_by_operator"
    s = Scene(door())
    s.do(OutputFailed("front_lock", "stuck"))
    s.do(hold())
    assert s.last("command.refused").reasons == ("fault_latched",)


def test_out_of_service_ends_a_holders_hold_and_not_an_operators():
    s = Scene(door())
    swipe_twice(s)
    s.do(SetOutOfService("guard", portal="front"))
    assert not s.released()
    s.do(hold())
    assert s.released()
    s.do(SetOutOfService("guard", portal="front", out=False))
    assert s.released()


def test_a_turnstile_is_held_open_both_ways():
    s = Scene(turnstile())
    s.do(HoldOpen("guard", portal="gate", for_ms=60_000))
    assert s.said() == ["gate_in_lock+", "gate_out_lock+", "command.done", "door.unlocked"]
    s.pulse("in")
    s.pulse("out")
    s.pulse("in")
    assert s.said() == []
    s.wait(60_000)
    assert s.said() == ["gate_in_lock-", "gate_out_lock-", "door.locked"]

"""Request-to-exit: releasing or only shunting, lingering, stuck, broken; and that nothing ever refuses it."""

from __future__ import annotations

from firmware.core.facts import Level, LockPortal, SetOutOfService, StartLockdown
from firmware.core.site import LockKind, Rex, RexMode
from tests.core.portals.scene import Scene, door

SHUNT = (Rex("front_rex", RexMode.SHUNT),)


def test_pressing_releases_at_once_and_for_the_release_time():
    s = Scene(door())
    s.press()
    assert s.said() == ["front_lock+", "access.exit_requested"]
    assert s.last("access.exit_requested").reasons == ("request_to_exit",)
    assert s.last("access.exit_requested").device == "front_rex"
    s.let_go()
    s.wait(60_000)
    assert s.take() == [(5_000, "front_lock-")]
    assert s.seen().alarms == ()


def test_holding_it_keeps_the_lock_released_and_a_while_longer():
    s = Scene(door())
    s.press()
    s.wait(20_000)
    assert s.released()
    s.let_go()
    s.take()
    s.wait(60_000)
    assert s.take() == [(25_000, "front_lock-")]


def test_pressing_again_in_time_extends_it():
    s = Scene(door())
    s.press()
    s.let_go()
    s.wait(4_000)
    s.press()
    s.let_go()
    s.take()
    s.wait(60_000)
    assert s.take() == [(9_000, "front_lock-")]


def test_opening_by_it_is_expected_and_closing_relocks():
    s = Scene(door())
    s.press()
    s.let_go()
    s.take()
    s.open()
    assert s.said() == ["door.opened"]
    assert s.last("door.opened").reasons == ("request_to_exit",)
    s.wait(1_000)
    s.close()
    assert s.said() == ["front_lock-", "door.closed"]
    s.wait(1_000)
    s.open()
    assert s.said() == ["door.forced"], "the shunt ended with the passage"


def test_held_down_it_outlasts_the_closing_of_the_door():
    s = Scene(door())
    s.press()
    s.open()
    s.close()
    assert s.released()


def test_asked_for_while_the_door_is_still_open_it_survives_the_closing():
    s = Scene(door())
    s.press()
    s.let_go()
    s.open()
    s.wait(500)
    s.press()
    s.let_go()
    s.close()
    assert s.released(), "the next person has asked too"
    s.open()
    s.close()
    assert not s.released()


def test_shunt_only_never_touches_the_lock():
    s = Scene(door(rex=SHUNT))
    s.press()
    s.wait(9_000)
    s.open()
    s.wait(500)
    s.close()
    assert s.said() == ["access.exit_requested", "door.opened", "door.closed"]


def test_the_shunt_has_a_limit_after_the_handle_was_let_go():
    s = Scene(door(rex=SHUNT))
    s.press()
    s.wait(1_000)
    s.let_go()
    s.wait(9_999)
    s.take()
    s.open()
    assert s.said() == ["door.opened"]

    s = Scene(door(rex=SHUNT))
    s.press()
    s.wait(1_000)
    s.let_go()
    s.wait(10_001)
    s.take()
    s.open()
    assert s.said() == ["door.forced"]


def test_a_held_handle_shunts_until_it_is_reported_stuck():
    s = Scene(door(rex=SHUNT))
    s.press()
    s.wait(59_000)
    s.take()
    s.open()
    assert s.said() == ["door.opened"]
    s.close()
    s.wait(1_000)
    assert s.said() == ["door.closed", "door.rex_stuck"]
    s.open()
    assert s.said() == ["door.forced"], "a handle that is tied down must not hide a forced door"
    s.close()
    s.let_go()
    s.take()
    s.open()
    assert s.said() == ["door.forced"]


def test_stuck_is_told_once_and_obeyed_still():
    s = Scene(door())
    s.press()
    s.take()
    s.wait(59_999)
    assert s.said() == []
    s.wait(1)
    assert s.said() == ["door.rex_stuck"]
    assert s.last("door.rex_stuck").device == "front_rex"
    assert s.seen().alarms == ("door.rex_stuck",)
    s.press()
    s.wait(600_000)
    assert s.said() == []
    assert s.released()
    s.let_go()
    assert s.said() == ["front_lock-", "door.rex_released"]
    assert s.seen().alarms == ()


def test_it_is_not_stuck_if_it_was_let_go_in_between():
    s = Scene(door())
    s.press()
    s.wait(40_000)
    s.let_go()
    s.wait(10_000)
    s.press()
    s.take()
    s.wait(59_999)
    assert s.said() == []
    s.wait(1)
    assert s.said() == ["door.rex_stuck"]


def test_a_broken_wire_is_a_fault_and_opens_nothing():
    for level in (Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s = Scene(door())
        s.input("front_rex", level)
        assert s.said() == ["door.contact_fault"]
        assert s.last("door.contact_fault").device == "front_rex"
        assert s.last("door.contact_fault").detail == level
        assert not s.released()
        s.input("front_rex", Level.OPEN)
        assert s.said() == []
        assert s.seen().alarms == ("door.contact_fault",)
        s.let_go()
        assert s.said() == ["door.contact_healthy"]
        assert s.seen().alarms == ()


def test_a_wire_that_breaks_while_pressed_lets_the_person_out():
    s = Scene(door())
    s.press()
    s.wait(10_000)
    s.take()
    s.input("front_rex", Level.LOST)
    assert s.said() == ["door.contact_fault"]
    assert s.seen().alarms == ("door.contact_fault",)
    assert s.released()
    s.wait(60_000)
    assert s.take() == [(15_000, "front_lock-")]


def test_a_wire_that_breaks_while_stuck():
    s = Scene(door())
    s.press()
    s.wait(61_000)
    s.take()
    s.input("front_rex", Level.OPEN)
    assert s.said() == ["front_lock-", "door.rex_released", "door.contact_fault"]
    assert s.seen().alarms == ("door.contact_fault",)


def test_pressed_after_a_fault_it_works_at_once():
    s = Scene(door())
    s.input("front_rex", Level.LOST)
    s.take()
    s.press()
    assert s.said() == ["front_lock+", "door.contact_healthy", "access.exit_requested"]
    s.wait(60_000)
    assert s.said() == ["door.rex_stuck"]


def test_a_second_device_counts_for_itself():
    s = Scene(door(rex=(Rex("front_rex"), Rex("bar", RexMode.SHUNT))))
    s.input("bar", True)
    assert s.said() == ["access.exit_requested"]
    s.press()
    assert s.said() == ["front_lock+", "access.exit_requested"]
    s.wait(30_000)
    s.let_go()
    s.wait(5_000)
    assert not s.released()
    s.take()
    s.wait(25_000)
    assert s.said() == ["door.rex_stuck"]
    assert s.last("door.rex_stuck").device == "bar"


def test_nothing_that_secures_refuses_it():
    facts = (
        StartLockdown("guard"),
        LockPortal("guard", portal="front"),
        SetOutOfService("guard", portal="front"),
    )
    for kind in LockKind:
        for fact in facts:
            for first in (True, False):
                s = Scene(door(lock_kind=kind))
                if first:
                    s.do(fact)
                s.press()
                s.let_go()
                if not first:
                    s.do(fact)
                assert s.released(), f"{fact} keeps people in"
                s.wait(4_999)
                assert s.released()
                s.wait(1)
                assert not s.released()


def test_at_the_start_a_pressed_device_is_obeyed():
    s = Scene(door(), levels=False)
    s.press()
    assert s.released()

"""Devices that fail, are lost and return; tamper; store, inbox and roster: told once, latched where a person is due."""

from __future__ import annotations

from firmware.core.access import Rulebook
from firmware.core.facts import (
    Acknowledge,
    CardRead,
    DeviceLost,
    DeviceRecovered,
    InboxOverflowed,
    InputChanged,
    Level,
    NoiseSeen,
    OutputFailed,
    ResetFault,
    RosterRefused,
    RosterReplaced,
    StoreFailed,
    StoreRecovered,
)
from firmware.core.site import AccessPoint, Reader
from firmware.core.views import view
from tests.core.portals.scene import Scene, door, known, turnstile

FAILED = OutputFailed("front_lock", "no answer")


def test_a_failed_lock_is_latched_told_once_and_refuses_entry():
    s = Scene(door())
    s.swipe()
    s.take()
    s.do(FAILED)
    assert s.said() == [
        "front_lock-",
        "device.output_failed",
        "keep fault:front=output_failed",
        "portal.fault",
        "access.not_taken",
    ]
    s.do(FAILED)
    s.do(FAILED)
    assert s.said() == [], "one try to secure it, and no more: no loop between core and outlet"
    s.wait(24 * 3_600_000)
    s.take()
    s.swipe(who=known("ben"))
    assert s.last("access.denied").reasons[-1] == "fault_latched"
    assert s.seen().alarms == ("portal.fault",)


def test_request_to_exit_tries_a_failed_lock_every_time():
    s = Scene(door())
    s.press()
    s.do(FAILED)
    s.let_go()
    s.take()
    s.press()
    assert s.said() == ["front_lock+", "access.exit_requested"], "told again, though it was told before"


def test_a_person_resets_it():
    s = Scene(door())
    s.do(FAILED)
    s.take()
    s.do(ResetFault("guard", portal="front"))
    assert s.said() == ["front_lock-", "keep fault:front=None", "portal.fault_reset", "command.done"]
    s.swipe()
    assert s.released()
    s.do(FAILED)
    assert "device.output_failed" in s.said(), "a new failure is told anew"


def test_a_failure_of_something_else_is_told_once_and_latches_nothing():
    s = Scene(door())
    s.do(OutputFailed("r_front", "no display"))
    s.do(OutputFailed("r_front", "no display"))
    assert s.said() == ["device.output_failed"]
    s.swipe()
    assert s.released()


def test_a_lost_lock_refuses_entry_while_it_is_lost_and_is_told_anew_where_it_belongs():
    s = Scene(door())
    s.swipe()
    s.take()
    s.do(DeviceLost("front_lock", "unplugged"))
    assert s.said() == ["front_lock-", "device.lost", "access.not_taken"]
    s.do(DeviceLost("front_lock", "unplugged"))
    s.do(OutputFailed("front_lock", "unplugged"))
    assert s.said() == ["device.output_failed"]
    s.wait(10_000)
    s.swipe(who=known("ben"))
    assert s.last("access.denied").reasons[-1] == "fault_latched"
    assert s.seen().alarms == ("device.lost",)
    assert view(s.state).devices_lost == ("front_lock",)
    s.take()
    s.do(DeviceRecovered("front_lock"))
    assert s.said() == ["front_lock-", "device.recovered"]
    s.wait(10_000)
    s.swipe(who=known("cy"))
    assert s.released(), "nothing was latched"


def test_a_lock_that_returns_while_somebody_asks_to_exit_is_released():
    s = Scene(door())
    s.do(DeviceLost("front_lock", "unplugged"))
    s.press()
    s.take()
    s.do(DeviceRecovered("front_lock"))
    assert s.said() == ["front_lock+", "device.recovered"]


def test_one_failed_direction_of_a_turnstile():
    s = Scene(turnstile())
    s.swipe("r_gate_out")
    s.do(OutputFailed("gate_in_lock", "no answer"))
    assert s.outputs["gate_out_lock"], "who leaves is not stopped"
    s.do(OutputFailed("gate_drop", "no answer"))
    s.take()
    s.do(ResetFault("guard", portal="gate"))
    assert s.said()[:3] == ["gate_in_lock-", "gate_out_lock+", "gate_drop-"]


def test_a_lost_contact_is_no_closed_door():
    s = Scene(door())
    s.do(DeviceLost("front_contact", "no answer"))
    assert s.said() == ["device.lost", "door.contact_fault"]
    assert s.seen().position == "fault"
    s.do(DeviceRecovered("front_contact"))
    s.close()
    assert s.said() == ["device.recovered", "door.contact_healthy", "door.closed"]


def test_a_lost_reader_is_told():
    s = Scene(door())
    s.do(DeviceLost("r_front", "no answer"))
    assert view(s.state).devices_lost == ("r_front",)
    s.do(DeviceRecovered("r_front"))
    s.do(DeviceRecovered("r_front"))
    assert s.said() == ["device.lost", "device.recovered"]


def test_tamper_of_reader_and_enclosure():
    s = Scene(door(), readers=(Reader("r_front", tamper="r_front_cover"),), tamper_inputs=("box",))
    for level in (Level.ACTIVE, Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s.input("r_front_cover", level)
        s.input("box", level)
        assert s.said() == ["device.tamper", "device.tamper"]
        s.input("box", level)
        assert s.said() == []
        assert "device.tamper" in view(s.state).alarms
        assert s.state.unacknowledged == {"r_front", "box"}
        s.do(Acknowledge("guard", subject="box"))
        s.do(Acknowledge("guard", subject="r_front"))
        assert s.state.unacknowledged == set()
        s.take()
        s.input("r_front_cover", False)
        assert s.said() == ["device.tamper_ended"]
        assert s.last("device.tamper_ended").reader == "r_front"
        s.input("box", False)
        assert s.said() == ["device.tamper_ended"]
        assert view(s.state).alarms == ("clock.lost",)


def test_store_inbox_and_roster():
    s = Scene(door())
    s.do(StoreFailed("disk full"))
    s.do(StoreFailed("disk full"))
    assert s.said() == ["journal.failed"]
    assert view(s.state).store_failed
    s.swipe()
    assert s.released(), "doors go on"
    s.take()
    s.do(StoreRecovered(12))
    assert s.last("journal.recovered").count == 12
    assert not view(s.state).store_failed
    s.do(InboxOverflowed(7, ("r_front", "r_back")))
    assert s.last("inbox.overflowed").count == 7
    assert s.last("inbox.overflowed").detail == "r_front r_back"
    s.do(RosterRefused(3, "signature"))
    assert s.last("roster.refused").detail == "version 3: signature"
    s.do(RosterRefused(None, "x" * 10_000))
    assert len(s.last("roster.refused").detail) == 200
    assert view(s.state).roster_version == 1
    s.do(RosterReplaced(Rulebook(9)))
    assert view(s.state).roster_version == 9


def test_strangers_on_the_wires_change_nothing():
    s = Scene(door())
    before = s.state
    s.do(InputChanged("nobody", Level.ACTIVE))
    s.do(NoiseSeen("nobody", "noise"))
    assert s.said() == []
    assert s.state is before
    s.do(CardRead("nobody", known()))
    assert s.said() == ["access.denied"]
    assert s.last("access.denied").reasons == ("portal_not_found:nobody",)
    assert not s.released()


def test_a_reader_in_a_storm_is_muted_and_the_other_undisturbed():
    s = Scene(door(), door("back"))
    for _ in range(30):
        s.do(NoiseSeen("r_front", "noise"))
    assert "mute r_front" in s.said()
    assert view(s.state).readers_muted == ("r_front",)
    s.swipe()
    assert not s.released()
    s.swipe("r_back", known("ben"))
    assert s.released("back_lock")


def test_a_failed_lock_is_tried_again_for_everybody_who_leaves_by_credential():
    """Within one release too: that the lock was told already has not helped anybody."""
    out = AccessPoint("front_out", "front", ("r_out",), "house", None, direction="out")
    s = Scene(door(access_points=(out,)))
    s.swipe("r_out", known("ann", area="house"))
    s.do(FAILED)
    s.wait(600)
    s.take()
    s.swipe("r_out", known("ann", area="house"))
    assert s.said()[0] == "front_lock+"

"""Doors by their contact: expected, forced, held with pre-alarm, faulty; each with its own code and exact instant.

Times are the defaults of IEC 60839-11-1 as site.py states them: 5 s release, 30 s open, pre-alarm 5 s before.
"""

from __future__ import annotations

from firmware.core.facts import HoldOpen, Level, ReleasePortal
from firmware.core.site import Rex, RexMode
from tests.core.portals.scene import Scene, door, known

HOLD = HoldOpen("guard", "1", portal="front", for_ms=3_600_000)
FREE = ReleasePortal("guard", "2", portal="front")


def passed(s: Scene) -> None:
    """Somebody has swiped and opened the door, at once."""
    s.swipe()
    s.open()
    s.take()


def forced(s: Scene) -> None:
    s.open()
    assert s.said() == ["door.forced"]


def test_a_granted_passage_from_the_card_to_the_closed_door():
    s = Scene(door())
    s.wait(1_000)
    s.swipe()
    s.wait(1_200)
    s.open()
    s.wait(2_000)
    s.close()
    s.wait(60_000)
    assert s.take() == [
        (1_000, "front_lock+"),
        (1_000, "access.granted"),
        (2_200, "door.opened"),
        (2_200, "access.taken"),
        (2_200, "remember ann house 1"),
        (4_200, "front_lock-"),
        (4_200, "door.closed"),
    ]


def test_held_at_exactly_its_time_once_and_before_it_the_pre_alarm():
    s = Scene(door())
    passed(s)
    s.wait(10_000)
    assert s.take() == [(5_000, "front_lock-")]
    s.wait(14_999)
    assert s.take() == []
    s.wait(1)
    assert s.take() == [(25_000, "door.held_warning")]
    assert s.shown["r_front"] == "held_warning"
    s.wait(4_999)
    assert s.take() == []
    s.wait(1)
    assert s.take() == [(30_000, "door.held")]
    assert s.seen().alarms == ("door.held",)
    s.wait(24 * 3_600_000)
    assert s.take() == []
    s.close()
    assert s.said() == ["door.held_ended", "door.closed"]
    assert s.shown["r_front"] == "idle"
    assert s.seen().alarms == ()
    assert not s.seen().acknowledged


def test_held_without_pre_alarm():
    s = Scene(door(prealarm_ms=0))
    passed(s)
    s.wait(29_999)
    assert s.take() == [(5_000, "front_lock-")]
    s.wait(1)
    assert s.said() == ["door.held"]
    assert s.seen().alarms == ("door.held",)
    s.close()
    assert s.said() == ["door.held_ended", "door.closed"]
    assert s.seen().position == "closed"
    forced(s)


def test_a_pre_alarm_longer_than_the_open_time_is_left_out():
    s = Scene(door(open_ms_max=10_000, prealarm_ms=10_000))
    passed(s)
    s.wait(10_000)
    assert s.take() == [(5_000, "front_lock-"), (10_000, "door.held")]


def test_closing_after_the_pre_alarm_ends_it():
    s = Scene(door())
    passed(s)
    s.wait(26_000)
    s.take()
    s.close()
    assert s.said() == ["door.closed"]
    assert s.shown["r_front"] == "idle"
    assert s.seen().position == "closed"
    s.wait(60_000)
    assert s.said() == []
    forced(s)


def test_closing_late_relocks_where_the_release_is_longer_than_the_open_time():
    for waited in (26_000, 31_000):
        s = Scene(door(release_ms=60_000))
        passed(s)
        s.wait(waited)
        assert s.released()
        s.close()
        assert not s.released()


def test_closing_in_time_ends_the_watch():
    s = Scene(door())
    passed(s)
    s.wait(3_000)
    s.close()
    s.wait(60_000)
    assert s.said() == ["front_lock-", "door.closed"]


def test_longer_times_for_those_who_need_them():
    s = Scene(door())
    s.swipe(who=known(extended=True))
    s.open()
    s.take()
    s.wait(60_000)
    assert s.take() == [(15_000, "front_lock-"), (55_000, "door.held_warning"), (60_000, "door.held")]


def test_longer_times_do_not_stay_for_the_next_one():
    s = Scene(door())
    s.swipe(who=known(extended=True))
    s.open()
    s.wait(1_000)
    s.close()
    passed(s)
    s.wait(30_000)
    assert s.take() == [(6_000, "front_lock-"), (26_000, "door.held_warning"), (31_000, "door.held")]


def test_the_next_grant_gives_an_open_door_new_time():
    s = Scene(door())
    passed(s)
    s.wait(20_000)
    s.swipe(who=known("ben"))
    s.take()
    s.wait(24_999)
    assert s.take() == [(25_000, "front_lock-"), (25_500, "access.not_taken")]
    s.wait(1)
    assert s.take() == [(45_000, "door.held_warning")]
    s.swipe(who=known("cat"))
    assert s.shown["r_front"] == "granted"
    s.take()
    s.wait(29_999)
    assert s.take() == [(50_000, "front_lock-"), (50_500, "access.not_taken"), (70_000, "door.held_warning")]
    s.wait(1)
    assert s.take() == [(75_000, "door.held")]


def test_the_next_grant_never_shortens_the_time_of_the_one_before():
    s = Scene(door())
    s.swipe(who=known(extended=True))
    s.open()
    s.wait(1_000)
    s.swipe(who=known("ben"))
    s.take()
    s.wait(58_999)
    assert s.take() == [
        (6_000, "front_lock-"),
        (6_500, "access.not_taken"),
        (55_000, "door.held_warning"),
    ]
    s.wait(1)
    assert s.take() == [(60_000, "door.held")]


def test_a_grant_at_a_held_door_ends_no_alarm():
    s = Scene(door())
    passed(s)
    s.wait(31_000)
    s.swipe(who=known("ben"))
    s.take()
    assert s.seen().alarms == ("door.held",)
    s.wait(100_000)
    assert "door.held" not in s.said()


def test_forced_until_it_closes_and_never_held():
    s = Scene(door())
    s.wait(1_000)
    forced(s)
    assert s.seen().alarms == ("door.forced",)
    s.wait(100_000)
    assert s.said() == []
    s.close()
    assert s.said() == ["door.closed"]
    assert s.seen().alarms == ()
    forced(s)


def test_a_forced_door_stays_forced_whatever_is_granted_or_held_open():
    s = Scene(door())
    forced(s)
    s.swipe()
    s.do(HOLD)
    s.do(FREE)
    s.wait(100_000)
    assert s.seen().alarms == ("door.forced",)
    assert not {"door.opened", "door.held", "door.held_warning"} & set(s.said())


def test_a_forced_door_with_a_broken_contact_is_a_fault():
    s = Scene(door())
    forced(s)
    s.input("front_contact", Level.SHORT)
    assert s.said() == ["door.contact_fault"]
    assert s.seen().position == "fault"


def test_a_contact_that_cannot_be_believed_is_never_closed():
    for level in (Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s = Scene(door())
        s.input("front_contact", level)
        assert s.said() == ["door.contact_fault"]
        assert s.last("door.contact_fault").detail == level
        assert s.last("door.contact_fault").device == "front_contact"
        assert s.seen().position == "fault"
        assert s.seen().alarms == ("door.contact_fault",)
        s.input("front_contact", Level.OPEN)
        s.wait(100_000)
        assert s.said() == []
        s.close()
        assert s.said() == ["door.contact_healthy", "door.closed"]
        assert s.seen().position == "closed"


def test_a_contact_that_comes_back_open_is_timed_and_proves_nothing():
    s = Scene(door())
    s.swipe()
    s.input("front_contact", Level.OPEN)
    s.take()
    s.open()
    assert s.said() == ["door.contact_healthy", "door.opened"]
    s.wait(30_000)
    assert s.take() == [
        (5_000, "front_lock-"),
        (5_500, "access.not_taken"),
        (25_000, "door.held_warning"),
        (30_000, "door.held"),
    ]


def test_a_contact_that_comes_back_open_without_any_release_is_timed():
    s = Scene(door())
    s.input("front_contact", Level.OPEN)
    s.take()
    s.open()
    assert s.said() == ["door.contact_healthy", "door.opened"]
    s.wait(30_000)
    assert s.take() == [(25_000, "door.held_warning"), (30_000, "door.held")]


def test_a_contact_that_comes_back_open_while_held_open_is_not_timed():
    s = Scene(door())
    s.do(HOLD)
    s.input("front_contact", Level.LOST)
    s.take()
    s.open()
    assert s.said() == ["door.contact_healthy", "door.opened"]
    s.wait(100_000)
    assert s.said() == []
    s.do(FREE)
    s.take()
    s.wait(30_000)
    assert s.said() == ["door.held_warning", "door.held"]


def test_a_contact_that_breaks_while_open_ends_the_watch():
    s = Scene(door())
    passed(s)
    s.wait(10_000)
    s.input("front_contact", Level.LOST)
    s.wait(100_000)
    assert s.said() == ["front_lock-", "door.contact_fault"]


def test_a_contact_that_breaks_after_the_pre_alarm():
    s = Scene(door())
    passed(s)
    s.wait(26_000)
    s.take()
    s.input("front_contact", Level.LOST)
    s.wait(100_000)
    assert s.said() == ["door.contact_fault"]
    assert s.shown["r_front"] == "idle"
    assert s.seen().position == "fault"
    s.close()
    assert s.said() == ["door.contact_healthy", "door.closed"]


def test_a_contact_that_breaks_while_held():
    s = Scene(door())
    passed(s)
    s.wait(31_000)
    s.take()
    s.input("front_contact", Level.LOST)
    assert s.said() == ["door.held_ended", "door.contact_fault"]
    assert s.seen().position == "fault"
    s.close()
    assert s.said() == ["door.contact_healthy", "door.closed"]


def test_a_contact_that_breaks_while_held_open():
    s = Scene(door())
    s.do(HOLD)
    s.open()
    s.take()
    s.input("front_contact", Level.SHORT)
    assert s.said() == ["door.contact_fault"]
    s.close()
    assert s.said() == ["door.contact_healthy", "door.closed"]


def test_closing_after_a_fault_relocks():
    s = Scene(door())
    passed(s)
    s.input("front_contact", Level.OPEN)
    s.wait(1_000)
    s.close()
    assert s.said() == ["door.contact_fault", "front_lock-", "door.contact_healthy", "door.closed"]


def test_held_open_by_an_operator_is_not_timed_until_it_ends():
    s = Scene(door())
    s.do(HOLD)
    s.open()
    assert s.said() == ["front_lock+", "command.done", "door.unlocked", "door.opened"]
    s.wait(600_000)
    assert s.said() == []
    s.do(FREE)
    assert s.said() == ["front_lock-", "command.done", "door.locked"]
    s.wait(30_000)
    assert s.take() == [(625_000, "door.held_warning"), (630_000, "door.held")]


def test_a_door_that_closes_while_held_open_stays_unlocked():
    s = Scene(door())
    s.do(HOLD)
    s.open()
    s.close()
    assert s.released()
    s.open()
    s.close()
    s.do(FREE)
    s.take()
    s.wait(100_000)
    assert s.said() == []
    forced(s)


def test_holding_open_ends_the_watch_of_an_open_door():
    for waited, ended in ((10_000, []), (26_000, []), (31_000, ["door.held_ended"])):
        s = Scene(door())
        passed(s)
        s.wait(waited)
        s.take()
        s.do(HOLD)
        assert [text for text in s.said() if text.startswith("door.held")] == ended
        assert s.shown["r_front"] == "unlocked"
        s.wait(100_000)
        assert s.said() == []
        s.do(FREE)
        s.take()
        s.wait(30_000)
        assert s.said() == ["door.held_warning", "door.held"]


def test_doors_found_open_closed_or_broken_at_the_start():
    s = Scene(door(), levels=False)
    assert s.seen().position == "unknown"
    s.close()
    assert s.said() == []
    assert s.seen().position == "closed"

    s = Scene(door(), levels=False)
    s.open()
    assert s.said() == ["door.opened"]
    s.wait(30_000)
    assert s.take() == [(25_000, "door.held_warning"), (30_000, "door.held")]

    s = Scene(door(), levels=False)
    s.input("front_contact", Level.OPEN)
    assert s.said() == ["door.contact_fault"]
    assert s.seen().position == "fault"
    s.close()
    assert s.said() == ["door.contact_healthy", "door.closed"]

    s = Scene(door(), levels=False)
    s.do(HOLD)
    s.take()
    s.open()
    s.wait(100_000)
    assert s.said() == ["door.opened"]
    s.do(FREE)
    s.take()
    s.wait(30_000)
    assert s.said() == ["door.held_warning", "door.held"]


def test_a_door_found_open_during_a_release_proves_nothing():
    s = Scene(door(), levels=False)
    s.swipe()
    s.take()
    s.open()
    assert s.said() == ["door.opened"]
    s.wait(30_000)
    assert s.take() == [
        (5_000, "front_lock-"),
        (5_500, "access.not_taken"),
        (25_000, "door.held_warning"),
        (30_000, "door.held"),
    ]


def test_repeated_reports_say_nothing_new():
    s = Scene(door())
    passed(s)
    s.open()
    assert s.said() == []
    s.wait(26_000)
    s.take()
    s.open()
    s.wait(5_000)
    assert s.said() == ["door.held"]
    s.open()
    assert s.said() == []
    s.close()
    s.take()
    s.close()
    assert s.said() == []


def test_an_opening_in_the_last_moment_is_no_force_and_is_proven():
    s = Scene(door())
    s.swipe()
    s.wait(5_400)
    s.take()
    s.open()
    assert s.said() == ["door.opened", "access.taken", "remember ann house 1"]

    s = Scene(door())
    s.swipe()
    s.wait(5_501)
    assert s.said()[-1] == "access.not_taken"
    forced(s)


def test_a_door_without_contact_has_no_leaf():
    s = Scene(door(contact=None))
    assert s.seen().position == "not_monitored"
    s.swipe()
    s.wait(100_000)
    assert s.take() == [
        (0, "front_lock+"),
        (0, "access.granted"),
        (0, "remember ann None 1"),
        (5_000, "front_lock-"),
    ]
    s.do(HOLD)
    s.do(FREE)
    assert s.seen().position == "not_monitored"


def test_without_relock_on_close_the_release_lasts_and_one_grant_is_one_passage():
    s = Scene(door(relock_on_close=False))
    passed(s)
    s.wait(1_000)
    s.close()
    s.wait(1_000)
    s.open()
    s.wait(1_000)
    s.close()
    s.wait(10_000)
    assert s.take() == [
        (1_000, "door.closed"),
        (2_000, "door.opened"),
        (3_000, "door.closed"),
        (5_000, "front_lock-"),
    ]


def test_a_shunted_handle_is_no_force():
    s = Scene(door(rex=(Rex("front_rex", RexMode.SHUNT),)))
    s.press()
    s.open()
    assert s.said() == ["access.exit_requested", "door.opened"]
    assert not s.released()

"""Unlock schedules: time begins them, persons resume them, and neither a start nor a clock nor a roster does.

The schedule is 08:00 to 18:00 on weekdays, UTC; 2026-01-05 is a Monday.
"""

from __future__ import annotations

import pytest

from firmware.core.access import Profile, Rule, Rulebook, Schedule, Window, Zone
from firmware.core.facts import (
    ClockLost,
    ClockSet,
    DeadlineReached,
    DeviceLost,
    DeviceRecovered,
    EndLockdown,
    LockPortal,
    OutputFailed,
    ReleasePortal,
    ResetFault,
    RosterReplaced,
    SetOutOfService,
    StartLockdown,
)
from tests.core.portals.scene import MONDAY_0755_MS, OFFICE, RULES, Scene, door, known, turnstile

TO_OPENING_MS = 300_000  # from 07:55 to 08:00
TO_CLOSING_MS = TO_OPENING_MS + 10 * 3_600_000
NOON_MS = MONDAY_0755_MS + 245 * 60_000


def office(**fields) -> Scene:
    """A door with the schedule, at 07:55."""
    return Scene(door(unlock_schedule="office", **fields), utc_ms=MONDAY_0755_MS)


def unlocked() -> Scene:
    """The same at 08:00, unlocked by time."""
    s = office()
    s.wait(TO_OPENING_MS)
    assert s.released()
    s.take()
    return s


def pass_through(s: Scene, who=None) -> None:
    s.wait(1_000)
    s.swipe(who=who or known("walker"))
    s.open()
    s.wait(1_000)
    s.close()


def test_time_unlocks_and_locks_at_the_edges_of_the_window():
    s = office()
    s.wait(TO_CLOSING_MS)
    assert s.take() == [
        (TO_OPENING_MS, "front_lock+"),
        (TO_OPENING_MS, "door.unlocked"),
        (TO_CLOSING_MS, "front_lock-"),
        (TO_CLOSING_MS, "door.locked"),
    ]
    assert s.last("door.unlocked").reasons == ("schedule_unlocked",)
    s.wait(14 * 3_600_000 - 1)
    assert not s.released()
    s.wait(1)
    assert s.released(), "Tuesday"


def test_the_weekend_has_no_window():
    friday_1759 = MONDAY_0755_MS + 4 * 86_400_000 + 604 * 60_000
    s = Scene(door(unlock_schedule="office"), utc_ms=friday_1759)
    s.take()
    s.wait(62 * 3_600_000)
    assert s.said() == []
    s.wait(60_000)
    assert s.said() == ["front_lock+", "door.unlocked"]


def test_doors_open_freely_in_the_window():
    s = unlocked()
    for _ in range(3):
        s.open()
        s.wait(100_000)
        s.close()
    assert s.said() == ["door.opened", "door.closed"] * 3
    pass_through(s)
    assert "access.taken" in s.said()


@pytest.mark.attack("clock-11")
def test_unknown_wall_time_unlocks_nothing_and_its_return_releases_nothing():
    s = Scene(door(unlock_schedule="office"))
    s.wait(48 * 3_600_000)
    assert s.said() == []
    s.do(ClockSet(NOON_MS))
    s.wait(3_600_000)
    assert s.said() == ["clock.set"]
    assert not s.released()
    pass_through(s)
    assert s.released(), "somebody with a credential has passed: the schedule goes on"
    assert "door.unlocked" in s.said()


def test_losing_the_clock_ends_the_schedule_and_getting_it_back_releases_nothing():
    s = unlocked()
    s.do(ClockLost("1970"))
    assert s.said() == ["front_lock-", "clock.lost", "door.locked"]
    s.do(ClockLost("still"))
    assert s.said() == []
    s.wait(60_000)
    s.do(ClockSet(NOON_MS))
    assert not s.released()


@pytest.mark.attack("clock-12")
def test_a_clock_that_steps_into_the_window_releases_nothing_and_out_of_it_locks():
    s = office()
    s.take()
    s.do(ClockSet(NOON_MS))
    assert s.said() == ["clock.stepped"]
    s.wait(3_600_000)
    assert not s.released()
    s = unlocked()
    s.do(ClockSet(MONDAY_0755_MS))
    assert s.said() == ["front_lock-", "clock.stepped", "door.locked"]
    s.wait(TO_OPENING_MS)
    assert s.said() == ["front_lock+", "door.unlocked"], "and then it is 08:00 once more"


def test_small_corrections_are_the_passing_of_time():
    s = office()
    s.wait(TO_OPENING_MS - 1_500)
    s.take()
    s.do(ClockSet(MONDAY_0755_MS + TO_OPENING_MS))
    assert s.said() == ["front_lock+", "door.unlocked"]
    s = unlocked()
    s.do(ClockSet(MONDAY_0755_MS + TO_OPENING_MS + 2_000))
    assert s.said() == []
    assert s.released()


def test_only_larger_steps_are_told():
    for step_ms, told in ((2_000, []), (-2_000, []), (2_001, ["clock.stepped"]), (-2_001, ["clock.stepped"])):
        s = Scene(door(), utc_ms=NOON_MS)
        s.do(ClockSet(NOON_MS + step_ms))
        assert s.said() == told


def test_a_new_roster_ends_a_schedule_but_begins_none():
    nights = Schedule("office", week=((Window(0, 60),),) * 7)
    other = Rulebook(2, {"all": Profile("all", (Rule(("*",), "always"),))}, {"office": nights})
    s = unlocked()
    s.do(RosterReplaced(other))
    assert s.said() == ["front_lock-", "roster.replaced", "door.locked"]
    s.do(RosterReplaced(RULES))
    assert not s.released()
    pass_through(s)
    assert s.released()
    s.take()
    s.do(RosterReplaced(RULES))
    assert s.said() == ["roster.replaced"], "one that says the same moves nothing"
    s.do(RosterReplaced(Rulebook(3)))
    assert not s.released(), "an unknown schedule is never active"


def test_a_first_card_begins_the_day_by_a_proven_passage():
    s = office(first_card=True)
    s.wait(TO_OPENING_MS)
    assert not s.released()
    pass_through(s)
    assert not s.released(), "anybody else is not the first card"
    s.take()
    opener = known("opener", unlocks_first=True)
    s.wait(1_000)
    s.swipe(who=opener)
    s.wait(10_000)
    assert not s.released(), "a grant is not a passage"
    s.swipe(who=opener)
    s.open()
    assert "door.unlocked" in s.said()
    s.close()
    s.wait(3_600_000)
    assert s.released()
    s.wait(9 * 3_600_000)
    assert not s.released()


def test_a_first_card_before_the_window_begins_nothing():
    s = office(first_card=True)
    pass_through(s, known("opener", unlocks_first=True))
    s.wait(TO_OPENING_MS)
    assert not s.released()


def test_what_an_operator_ends_comes_back_by_the_operator():
    for stop, go in (
        (LockPortal("guard", portal="front"), ReleasePortal("guard", portal="front")),
        (StartLockdown("guard"), EndLockdown("guard")),
        (SetOutOfService("guard", portal="front"), SetOutOfService("guard", portal="front", out=False)),
    ):
        s = unlocked()
        s.do(stop)
        assert not s.released()
        s.do(go)
        assert s.released(), f"{go} lets the schedule go on"

        s = office()
        s.do(stop)
        s.wait(TO_OPENING_MS)
        assert not s.released()
        s.do(go)
        assert s.released()

        s = unlocked()
        s.do(stop)
        s.wait(11 * 3_600_000)
        s.do(go)
        assert not s.released(), "the window is over"

        s = office(first_card=True)
        s.wait(TO_OPENING_MS)
        pass_through(s, known("opener", unlocks_first=True))
        s.do(stop)
        s.do(go)
        assert not s.released(), "no operator's command is a first card"


def test_what_still_stands_against_it_keeps_it_waiting():
    s = unlocked()
    s.do(LockPortal("guard", portal="front"))
    s.do(StartLockdown("guard"))
    s.do(EndLockdown("guard"))
    assert not s.released()
    s.do(ReleasePortal("guard", portal="front"))
    assert s.released()


def test_a_failed_or_lost_lock_ends_it_until_a_person_comes():
    s = unlocked()
    s.do(OutputFailed("front_lock", "no answer"))
    assert not s.released()
    s.do(ResetFault("guard", portal="front"))
    assert s.released()
    s = unlocked()
    s.do(DeviceLost("front_lock", "unplugged"))
    s.do(DeviceRecovered("front_lock"))
    assert not s.released(), "a device that comes back releases nothing"
    pass_through(s)
    assert s.released()


def test_an_interlocked_door_is_not_unlocked_by_time_while_the_other_is_open():
    inner = door("inner", interlock=("front",))
    s = Scene(door(interlock=("inner",), unlock_schedule="office"), inner, utc_ms=MONDAY_0755_MS)
    s.swipe("r_inner")
    s.open("inner")
    s.wait(TO_OPENING_MS)
    assert not s.released()


def test_turnstiles_are_unlocked_by_schedule_both_ways():
    s = Scene(turnstile(unlock_schedule="office"), utc_ms=MONDAY_0755_MS)
    s.wait(TO_OPENING_MS)
    assert s.said() == ["gate_in_lock+", "gate_out_lock+", "door.unlocked"]


def test_the_clock_changes_and_so_does_the_window():
    """Europe/Berlin, 2026-03-29: 02:00 becomes 03:00 at 01:00 UTC. A window at 08:00 local comes at 06:00 UTC."""
    berlin = Zone("Europe/Berlin", (3_600, 7_200, 3_600), (1_774_746_000, 1_792_890_000))
    sunday = Schedule("office", week=(*OFFICE.week[:5], (), (Window(480, 540),)))
    saturday_2300_utc_ms = (1_774_746_000 - 7_200) * 1_000
    rules = Rulebook(1, schedules={"office": sunday})
    s = Scene(door(unlock_schedule="office"), utc_ms=saturday_2300_utc_ms, rules=rules, zone=berlin)
    s.wait(24 * 3_600_000)
    assert s.take() == [
        (7 * 3_600_000, "front_lock+"),
        (7 * 3_600_000, "door.unlocked"),
        (8 * 3_600_000, "front_lock-"),
        (8 * 3_600_000, "door.locked"),
    ]


def test_a_window_that_was_slept_through_releases_nothing():
    """The controller stood still from before the window until after it: its lock gets no pulse."""
    s = Scene(door(unlock_schedule="office"), utc_ms=MONDAY_0755_MS)
    s.take()
    s.t += 11 * 3_600_000
    s.do(DeadlineReached())
    assert s.said() == ["front_lock-", "door.unlocked", "door.locked"]


def test_a_release_that_ends_when_the_next_begins_tells_the_lock_once():
    s = Scene(door(contact=None))
    s.swipe()
    s.t += 5_000
    s.take()
    s.swipe(who=known("ben"))
    assert [text for text in s.said() if text.startswith("front_lock")] == ["front_lock+"]

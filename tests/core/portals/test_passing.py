"""One passage from the grant to its proof, at doors and turnstiles; and who may not be released together."""

from __future__ import annotations

import msgspec

from firmware.core.facts import EndLockdown, Level, LockPortal, OpenOnce, SetOutOfService, StartLockdown
from firmware.core.machines import PassingTrigger
from firmware.core.release import Offer, passing_on
from firmware.core.site import AccessPoint, Antipassback
from tests.core.portals.scene import Scene, door, known, turnstile

LOCKDOWN = StartLockdown("guard", "1")


def test_a_passage_that_nobody_takes():
    s = Scene(door())
    s.swipe()
    s.wait(100_000)
    assert s.take() == [
        (0, "front_lock+"),
        (0, "access.granted"),
        (5_000, "front_lock-"),
        (5_500, "access.not_taken"),
    ]


def test_two_grants_in_a_row_are_one_opening_and_one_passage():
    s = Scene(door())
    s.swipe()
    s.wait(3_000)
    s.swipe(who=known("ben"))
    assert s.said()[-2:] == ["access.granted", "access.not_taken"]
    s.wait(4_999)
    assert s.released()
    s.open()
    assert s.said() == ["door.opened", "access.taken", "remember ben house 1"]
    s.wait(1)
    assert s.said() == ["front_lock-"]


def test_a_grant_in_the_settling_time_of_the_one_before():
    s = Scene(door())
    s.swipe()
    s.wait(5_200)
    s.take()
    s.swipe(who=known("ben"))
    assert s.said() == ["front_lock+", "access.granted", "access.not_taken"]
    s.wait(1_000)
    s.open()
    assert "remember ben house 1" in s.said()
    s.wait(20_000)
    assert s.said() == ["front_lock-"]


def test_a_grant_while_the_one_before_is_in_the_door():
    s = Scene(door())
    s.swipe()
    s.open()
    s.wait(1_000)
    s.swipe(who=known("ben"))
    s.take()
    s.wait(1_000)
    s.close()
    assert s.released(), "ben has not passed yet"
    s.open()
    assert s.said() == ["door.closed", "door.opened", "access.taken", "remember ben house 1"]
    s.close()
    assert s.said() == ["front_lock-", "door.closed"]


def test_lockdown_ends_a_passage_wherever_it_is():
    for opened, waited, lost in (
        (False, 1_000, ["access.not_taken"]),
        (False, 5_200, ["access.not_taken"]),
        (True, 1_000, []),
        (True, 6_000, []),
    ):
        s = Scene(door())
        s.swipe()
        if opened:
            s.open()
        s.wait(waited)
        s.take()
        s.do(LOCKDOWN)
        assert not s.released()
        assert [text for text in s.said() if text.startswith("access.")] == lost
        s.do(EndLockdown("guard"))
        assert not s.released(), "what was ended does not come back"
        s.wait(20_000)
        assert "access.not_taken" not in s.said()


def test_an_operators_release_is_no_passage_of_a_holder():
    s = Scene(door())
    s.do(OpenOnce("guard", "7", portal="front"))
    assert s.said() == ["front_lock+", "command.done"]
    s.open()
    assert s.said() == ["door.opened"]
    assert s.last("door.opened").reasons == ("operator",)
    s.close()
    assert s.said() == ["front_lock-", "door.closed"]
    s.do(OpenOnce("guard", "8", portal="front", extended=True))
    s.wait(14_999)
    assert s.released()
    s.wait(1)
    assert not s.released()
    s.wait(10_000)
    assert "access.not_taken" not in s.said()


def test_a_proven_passage_and_the_area_it_leads_to():
    leaving = AccessPoint("front_out", "front", ("r_out",), "house", "street", direction="out")
    entering = AccessPoint("front_in", "front", ("r_front",), "street", "house", antipassback=Antipassback.HARD)
    s = Scene(door(access_points=(entering, leaving)))
    s.swipe()
    s.take()
    s.open()
    assert "remember ann house 1" in s.said()
    assert s.state.occupancy == {"house": 1}
    s.close()
    s.wait(10_000)
    s.swipe("r_out", known(area="house"))
    s.open()
    assert "remember ann street 1" in s.said()
    assert s.state.occupancy == {"house": 0, "street": 1}


# -- turnstiles -------------------------------------------------------------------------------------------------------


def test_a_turn_proves_the_passage_and_ends_the_release():
    for way in ("in", "out"):
        s = Scene(turnstile())
        s.swipe(f"r_gate_{way}")
        assert s.said() == [f"gate_{way}_lock+", "access.granted"]
        s.wait(2_000)
        s.pulse(way)
        s.wait(60_000)
        led = "house" if way == "in" else ""
        assert s.take() == [
            (2_000, f"gate_{way}_lock-"),
            (2_000, "access.taken"),
            (2_000, f"remember ann {led} 1"),
        ]


def test_a_turnstile_that_nobody_turns():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.take()
    s.wait(60_000)
    assert s.take() == [(8_000, "gate_in_lock-"), (8_500, "access.not_taken")]
    s.swipe("r_gate_in", known("bo", extended=True))
    s.take()
    s.wait(60_000)
    assert s.take() == [(80_000, "gate_in_lock-"), (80_500, "access.not_taken")]


def test_a_turn_in_the_last_moment_is_proven():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.wait(8_300)
    s.take()
    s.input("gate_pulse_in", True)
    assert s.said() == ["access.taken", "remember ann house 1"]
    s.wait(5_000)
    assert s.said() == []


def test_a_turn_without_release_is_an_alarm():
    s = Scene(turnstile())
    s.pulse("in")
    assert s.said() == ["turnstile.turned_unreleased"]
    assert s.last("turnstile.turned_unreleased").device == "gate_pulse_in"
    assert not s.seen("gate").acknowledged
    s.swipe("r_gate_in")
    s.take()
    s.pulse("out")
    assert s.said() == ["turnstile.turned_unreleased"], "released in is not released out"


def test_a_turnstile_is_released_in_one_direction_at_a_time_and_who_leaves_goes_first():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.wait(1_000)
    s.take()
    s.swipe("r_gate_out", known("bo"))
    assert s.said() == ["gate_in_lock-", "gate_out_lock+", "access.granted", "access.not_taken"]
    s.wait(1_000)
    s.swipe("r_gate_in", known("cy"))
    assert s.said() == ["access.denied"]
    assert s.last("access.denied").reasons[-1] == "interlock:gate"
    s.pulse("out")
    s.take()
    s.swipe("r_gate_in", known("di"))
    assert s.said() == ["gate_in_lock+", "access.granted"]


def test_a_turnstile_without_pulse_counts_the_grant():
    s = Scene(turnstile(passage_in=None))
    s.swipe("r_gate_in")
    s.wait(60_000)
    assert s.take() == [
        (0, "gate_in_lock+"),
        (0, "access.granted"),
        (0, "remember ann None 1"),
        (8_000, "gate_in_lock-"),
    ]


def test_a_pulse_that_does_not_end_is_a_fault_once():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.take()
    s.input("gate_pulse_in", True)
    s.take()
    s.wait(9_999)
    assert s.said() == []
    s.wait(1)
    assert s.said() == ["turnstile.pulse_fault"]
    assert s.last("turnstile.pulse_fault").detail == "stuck"
    assert s.seen("gate").alarms == ("turnstile.pulse_fault",)
    s.input("gate_pulse_in", True)
    s.wait(60_000)
    assert s.said() == []
    s.input("gate_pulse_in", False)
    assert s.said() == ["door.contact_healthy"]
    s.swipe("r_gate_in", known("bo"))
    s.take()
    s.pulse("in")
    assert "access.taken" in s.said()


def test_a_pulse_that_breaks_is_a_fault_and_proves_nothing_until_it_is_seen_at_rest():
    for level in (Level.OPEN, Level.SHORT, Level.FAULT, Level.LOST):
        s = Scene(turnstile())
        s.input("gate_pulse_in", level)
        assert s.said() == ["turnstile.pulse_fault"]
        assert s.last("turnstile.pulse_fault").detail == level
        s.swipe("r_gate_in")
        s.take()
        s.input("gate_pulse_in", True)
        assert s.said() == ["door.contact_healthy"], "the first level after a fault is no edge"
        s.wait(10_000)
        assert "turnstile.pulse_fault" in s.said()
        s.input("gate_pulse_in", level)
        assert s.said() == []
        s.input("gate_pulse_in", False)
        assert s.said() == ["door.contact_healthy"]
        s.wait(20_000)
        s.take()
        s.pulse("in")
        assert s.said() == ["turnstile.turned_unreleased"]


def test_a_stuck_pulse_that_breaks_is_healthy_again_at_its_next_level():
    s = Scene(turnstile())
    s.input("gate_pulse_in", True)
    s.wait(10_000)
    s.take()
    s.input("gate_pulse_in", Level.LOST)
    assert s.said() == []
    s.input("gate_pulse_in", True)
    assert s.said() == ["door.contact_healthy"]


def test_a_pulse_that_breaks_at_the_start_or_in_the_middle_is_healthy_again_at_its_next_level():
    for first in ((), (True,), (False, True)):
        s = Scene(turnstile(), levels=False)
        for level in (*first, Level.OPEN):
            s.input("gate_pulse_in", level)
        s.take()
        s.input("gate_pulse_in", True)
        assert s.said() == ["door.contact_healthy"]


def test_a_pulse_that_breaks_in_the_middle():
    s = Scene(turnstile())
    s.input("gate_pulse_in", True)
    s.take()
    s.input("gate_pulse_in", True)
    assert s.said() == []
    s.input("gate_pulse_in", Level.OPEN)
    assert s.said() == ["turnstile.pulse_fault"]
    assert s.last("turnstile.pulse_fault").detail == "open"
    s.input("gate_pulse_in", Level.SHORT)
    s.wait(60_000)
    assert s.said() == []
    assert s.seen("gate").alarms == ("turnstile.pulse_fault",)
    s.input("gate_pulse_in", False)
    s.input("gate_pulse_in", False)
    assert s.said() == ["door.contact_healthy"]


def test_the_first_level_of_a_pulse_proves_nothing():
    s = Scene(turnstile(), levels=False)
    s.swipe("r_gate_in")
    s.take()
    s.input("gate_pulse_in", True)
    assert s.said() == []
    s.wait(10_000)
    assert s.take() == [
        (8_000, "gate_in_lock-"),
        (8_500, "access.not_taken"),
        (10_000, "turnstile.pulse_fault"),
    ]
    s.input("gate_pulse_out", Level.OPEN)
    assert s.said() == ["turnstile.pulse_fault"]
    s.input("gate_pulse_out", False)
    assert s.said() == ["door.contact_healthy"]
    s = Scene(turnstile(), levels=False)
    s.input("gate_pulse_in", False)
    s.input("gate_pulse_in", True)
    assert s.said() == ["turnstile.turned_unreleased"]


def test_a_turn_after_a_whole_pulse_needs_a_new_release():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.pulse("in")
    s.wait(1_000)
    s.take()
    s.pulse("in")
    assert s.said() == ["turnstile.turned_unreleased"]


def test_lockdown_ends_an_entry_and_lets_people_leave():
    s = Scene(turnstile())
    s.swipe("r_gate_in")
    s.swipe("r_gate_out", known("bo"))
    s.take()
    s.do(LOCKDOWN)
    assert s.outputs["gate_out_lock"]
    s.pulse("out")
    assert "access.taken" in s.said()
    s.wait(1_000)
    s.swipe("r_gate_out", known("cy"))
    assert s.outputs["gate_out_lock"], "lockdown refuses entry, not the way out"
    s.wait(20_000)
    s.swipe("r_gate_in", known("di"))
    assert not s.outputs["gate_in_lock"]
    assert s.last("access.denied").reasons[-1] == "lockdown"


def test_out_of_service_and_an_operators_lock_end_a_passage():
    for fact in (SetOutOfService("guard", portal="front"), LockPortal("guard", portal="front")):
        s = Scene(door())
        s.swipe()
        s.take()
        s.do(fact)
        assert not s.released()
        assert "access.not_taken" in s.said()


TWO = AccessPoint("gate_in", "gate", ("r_gate_in",), None, "house", two_person=True)
OUT = AccessPoint("gate_out", "gate", ("r_gate_out",), "house", None, direction="out")


def two_at_the_turnstile() -> Scene:
    s = Scene(turnstile(access_points=(TWO, OUT)))
    s.swipe("r_gate_in", known("ann"))
    s.wait(1_000)
    s.swipe("r_gate_in", known("ben", escort=True))
    assert s.said() == ["gate_in_lock+", "access.granted"]
    return s


def test_two_persons_turn_one_after_the_other():
    s = two_at_the_turnstile()
    s.input("gate_pulse_in", True)
    assert s.said() == ["gate_in_lock-", "access.taken", "remember ann house 1"]
    assert s.last("access.taken").body.second_holder is None
    assert s.state.occupancy == {"house": 1}
    s.wait(700)
    s.input("gate_pulse_in", False)
    assert s.said() == ["gate_in_lock+"]
    s.wait(7_999)
    s.pulse()
    assert s.said() == ["gate_in_lock-", "access.taken", "remember ben house 1"]
    assert s.last("access.taken").body.holder == "ben"
    assert s.state.occupancy == {"house": 2}
    s.wait(1_000)
    s.pulse()
    assert s.said() == ["turnstile.turned_unreleased"]


def test_the_second_of_two_persons_who_does_not_turn_is_not_inside():
    s = two_at_the_turnstile()
    s.pulse()
    s.wait(60_000)
    assert s.said()[-3:] == ["gate_in_lock+", "gate_in_lock-", "access.not_taken"]
    assert s.last("access.not_taken").body.holder == "ben"
    assert s.state.occupancy == {"house": 1}


def test_a_second_person_waits_for_no_turn_that_does_not_end_well():
    for levels in ((Level.OPEN, Level.INACTIVE), (Level.LOST, Level.ACTIVE, Level.INACTIVE)):
        s = two_at_the_turnstile()
        s.input("gate_pulse_in", True)
        for level in levels:
            s.input("gate_pulse_in", level)
        assert "access.not_taken" in s.said()
        assert not s.released("gate_in_lock")
    s = two_at_the_turnstile()
    s.input("gate_pulse_in", True)
    s.wait(60_000)  # stuck
    s.input("gate_pulse_in", False)
    assert s.said()[-1] == "access.not_taken"
    assert not s.released("gate_in_lock")


def test_a_second_person_gives_way_to_lockdown_and_to_who_leaves():
    s = two_at_the_turnstile()
    s.input("gate_pulse_in", True)
    s.do(LOCKDOWN)
    s.input("gate_pulse_in", False)
    assert s.said()[-1] == "access.not_taken"
    assert not s.released("gate_in_lock")

    s = two_at_the_turnstile()
    s.input("gate_pulse_in", True)
    s.swipe("r_gate_out", known("eve"))
    s.input("gate_pulse_in", False)
    assert s.said()[-1] == "access.not_taken"
    assert s.outputs == {"gate_in_lock": False, "gate_out_lock": True, "gate_drop": False}


def test_two_persons_in_the_last_moment_and_out():
    s = two_at_the_turnstile()
    s.wait(8_200)  # secured; the turn of the last moment comes late
    s.pulse()
    assert s.released("gate_in_lock")
    s.pulse()
    assert s.said()[-2:] == ["access.taken", "remember ben house 1"]

    s = Scene(turnstile(access_points=(TWO, msgspec.structs.replace(OUT, two_person=True))))
    s.swipe("r_gate_out", known("ann", area="house"))
    s.wait(1_000)
    s.swipe("r_gate_out", known("ben", area="house", escort=True, extended=True))
    s.do(LOCKDOWN)
    s.pulse("out")
    assert s.released("gate_out_lock"), "nobody is kept in"
    s.wait(19_000)
    s.pulse("out")
    assert s.said()[-2:] == ["access.taken", "remember ben  1"]


def test_what_only_tables_can_be_asked():
    """Pairs that facts cannot bring about one by one, but that other rooms may: they do nothing."""
    s = Scene(turnstile(passage_in=None))
    s.swipe("r_gate_in")
    from firmware.core.draft import Draft

    draft = Draft(s.state, s.t)
    gate = s.site.portals[0]
    for trigger in (PassingTrigger.TURNED, PassingTrigger.OPENED, PassingTrigger.SETTLED):
        passing_on(draft, gate, 0, trigger)
    assert draft.finish() is s.state
    passing_on(draft, gate, 0, PassingTrigger.GRANTED, Offer(None, by_operator=True))
    assert draft.finish() is not s.state

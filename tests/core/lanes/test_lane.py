"""Who drives through a lane, at the wires: directions, queues, tailgaters, trailers, holds, windows, areas."""

from __future__ import annotations

import pytest

from firmware.core.access import Profile, Rule, Rulebook, Schedule, Window
from firmware.core.effects import Remember
from firmware.core.facts import (
    AdmitVehicle,
    Afar,
    CardRead,
    ClockSet,
    CloseBarrier,
    EndLockdown,
    HolderWithdrawn,
    HoldOpen,
    InputChanged,
    Level,
    LockPortal,
    OpenOnce,
    PlateSeen,
    ReleasePortal,
    RosterReplaced,
    SetOutOfService,
    StartLockdown,
    TagRead,
)
from firmware.core.site import AccessPoint, Antipassback, Area, Direction, Remote, SiteRemote
from firmware.core.step import step
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier, known
from tests.core.portals.scene import MONDAY_0755_MS

GUARD = "guard Li"


def opened(s: LaneScene, reader: str = "r_in", who: str = "ann") -> LaneScene:
    s.wait(1_000)
    s.swipe(reader, known(who))
    s.travel()
    s.take()
    return s


def steps(s: LaneScene, *moves: str, ms: int = 400) -> None:
    """`loop+` takes the loop, `loop-` frees it; some time after each."""
    for move in moves:
        s.input(move[:-1], move[-1] == "+")
        s.wait(ms)


# -- passages and their proof -----------------------------------------------------------------------------------------


def test_a_car_in_is_a_proven_passage():
    s = opened(LaneScene())
    s.drive_in()
    assert "access.taken" in s.codes()
    assert s.state.occupancy == {"yard": 1}


def test_a_car_out_is_one_too_by_the_other_side():
    s = opened(LaneScene(), "r_out")
    assert s.lights("out") == "green"
    assert s.lights("in") == "red"
    s.drive_out()
    assert "access.taken" in s.codes()
    s.wait(4_000)
    assert s.moving() == "closes"


def test_what_is_remembered_of_a_passage():
    s = opened(LaneScene())
    for name in ("entry", "loop"):
        s.input(name, True)
    s.input("entry", False)
    s.input("exit", True)
    s.state, effects = step(s.state, s.t, InputChanged("loop", Level.INACTIVE))
    (remembered,) = [effect for effect in effects if isinstance(effect, Remember)]
    assert (remembered.holder, remembered.area, remembered.uses) == ("ann", "yard", 1)
    assert remembered.passed_at == "lane_in"


def test_who_turns_back_has_not_passed_and_the_lane_closes():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "loop-", "entry-")
    assert "lane.turned_back" in s.codes()
    assert "access.not_taken" in s.codes()
    assert "access.taken" not in s.codes()
    s.wait(4_000)
    assert s.moving() == "closes"


def test_a_short_vehicle_is_on_no_loop_for_a_moment():
    s = opened(LaneScene())
    steps(s, "entry+", "entry-", "loop+", "loop-")
    s.wait(1_000)
    s.input("exit", True)
    s.wait(400)
    s.input("exit", False)
    assert "access.taken" in s.codes()
    assert "lane.doubted" not in s.codes()
    s.wait(4_000)
    assert s.moving() == "closes"


def test_one_that_its_loop_loses_is_not_a_passage():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "entry-", "loop-")
    s.wait(3_000)
    assert "lane.doubted" in s.codes()
    assert "access.not_taken" in s.codes()


def test_the_lane_stays_open_behind_a_vehicle_that_stops_on_its_far_loop_and_not_for_ever():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "entry-", "exit+", "loop-")
    s.wait(9_000)
    assert s.moving() == "rest"
    s.wait(4_000)
    assert s.moving() == "closes"


# -- others behind, and from the other side ---------------------------------------------------------------------------


def test_a_tailgater_is_an_alarm_and_is_not_closed_upon():
    s = opened(LaneScene())
    s.drive_in()
    s.wait(1_000)
    steps(s, "entry+", "loop+", "entry-")
    assert "lane.tailgate" in s.codes()
    s.wait(60_000)
    assert s.moving() == "rest"
    steps(s, "exit+", "loop-", "exit-")
    s.wait(4_000)
    assert s.moving() == "closes"
    assert s.codes().count("access.taken") == 1


def test_a_tailgater_bumper_to_bumper_is_told_by_the_beam_between_them():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "beam+", "entry-", "exit+", "entry+", "beam-", "beam+", "exit-", "exit+")
    assert "lane.tailgate" in s.codes()
    steps(s, "entry-", "beam-", "loop-", "exit-")
    s.wait(4_100)
    assert s.moving() == "closes"


def test_a_trailer_is_no_tailgater():
    s = opened(LaneScene())
    # Its high bed is seen by the beam and not by the far loop, between the axles of tractor and trailer.
    steps(s, "entry+", "loop+", "beam+", "entry-", "exit+", "entry+", "exit-", "exit+", "entry-", "beam-", "loop-")
    steps(s, "exit-")
    assert "lane.tailgate" not in s.codes()
    assert s.codes().count("access.taken") == 1


def test_a_high_bed_that_no_loop_sees_is_not_closed_upon():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "beam+", "entry-", "exit+", "loop-")  # the tractor is over, the bed is in the beam
    s.wait(60_000)
    assert s.moving() == "rest"
    steps(s, "entry+", "loop+", "entry-", "beam-", "loop-", "exit-")
    s.wait(4_100)
    assert s.moving() == "closes"


def test_a_bicycle_behind_a_car_that_only_the_beam_sees_sends_it_back():
    s = opened(LaneScene())
    s.drive_in()
    s.wait(4_000)
    s.leave_end()
    s.take()
    s.input("beam", True)
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "opens"


def test_the_wrong_way_is_an_alarm_only():
    s = opened(LaneScene())
    steps(s, "exit+", "loop+", "exit-")
    assert "lane.wrong_way" in s.codes()
    assert s.moving() == "rest"


def test_too_fast_is_told_with_its_speed():
    s = opened(LaneScene(barrier(loops_mm=5_000, speed_kmh_max=15)))
    s.input("entry", True)
    s.wait(600)  # 5 m in 0.6 s are 30 km/h
    s.input("loop", True)
    assert "lane.overspeed" in s.codes()
    assert next(event for event in s.events if event.code == "lane.overspeed").detail == "in 30 km/h"


def test_nobody_is_told_of_a_vehicle_before_a_closed_barrier():
    s = LaneScene()
    steps(s, "entry+", "loop+", "loop-", "entry-")
    assert "lane.tailgate" not in s.codes()
    assert "lane.wrong_way" not in s.codes()


# -- one after the other ----------------------------------------------------------------------------------------------


def test_the_next_in_the_same_direction_goes_while_it_stands_open():
    s = opened(LaneScene())
    s.swipe("r_in", known("ben"))
    s.drive_in()
    assert s.lights() == "green"
    assert s.moving() == "rest"
    s.drive_in()
    assert s.codes().count("access.taken") == 2
    s.wait(4_000)
    assert s.moving() == "closes"


def test_nobody_is_sent_head_on():
    s = opened(LaneScene())
    s.swipe("r_out", known("ben"))
    assert (s.lights(), s.lights("out")) == ("green", "red")
    s.drive_in()
    assert (s.lights(), s.lights("out")) == ("red", "green")
    s.drive_out()
    assert s.codes().count("access.taken") == 2


def test_green_changes_sides_only_after_whoever_drives_in_late_would_be_seen():
    s = opened(LaneScene())  # green, and nobody comes
    s.swipe("r_out", known("ben"))
    s.wait(29_900)
    s.input("entry", True)  # late, on a green that ends now
    s.wait(200)
    assert (s.lights(), s.lights("out")) == ("red", "red")
    s.wait(3_700)
    assert (s.lights("out"), s.moving()) == ("red", "rest")
    s.wait(200)
    assert s.lights("out") == "green"


def test_green_that_is_taken_back_changes_sides_no_sooner():
    s = opened(LaneScene())
    s.swipe("r_out", known("ben"))
    s.do(HolderWithdrawn("ann"))
    s.wait(3_900)
    assert (s.lights(), s.lights("out"), s.moving()) == ("red", "red", "rest")
    s.wait(200)
    assert s.lights("out") == "green"


@pytest.mark.parametrize(
    "moves", [("loop-",), ("exit+", "exit-", "loop-"), ("entry-", "loop-", "wait")], ids=["back", "unclear", "lost"]
)
def test_green_of_whoever_did_not_pass_changes_sides_no_sooner(moves):
    s = LaneScene()
    steps(s, "entry+", "loop+")  # it stands there already when it is opened
    s.swipe()
    s.travel()
    s.swipe("r_out", known("ben"))
    assert s.lights() == "green"
    for move in moves:
        s.wait(3_000) if move == "wait" else s.input(move[:-1], move[-1] == "+")
    s.wait(3_900)
    assert (s.lights(), s.lights("out"), s.moving()) == ("red", "red", "rest")
    s.wait(200)
    assert s.lights("out") == "green"


def test_who_drives_in_late_is_not_met_head_on():
    s = opened(LaneScene())
    s.swipe("r_out", known("ben"))
    s.wait(29_900)
    s.input("entry", True)
    s.wait(2_000)
    s.input("loop", True)
    s.wait(60_000)
    assert (s.lights(), s.lights("out")) == ("red", "red")


def test_a_stray_vehicle_that_goes_ends_the_passage_it_was_taken_for():
    s = LaneScene()
    s.input("loop", True)  # from nowhere
    s.swipe()
    s.travel()
    s.wait(31_000)  # nobody came: whoever stands there is taken for him
    s.input("loop", False)
    s.wait(200_000)
    s.swipe("r_in", known("ben"))
    s.wait(20_000)
    assert s.lights() == "green"


def test_a_follower_that_turns_back_ends_the_passage():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "entry-", ms=100)
    s.wait(3_500)
    steps(s, "exit+", "loop-", "loop+", "exit-", "loop-", "loop+", "entry+", "loop-", "entry-", ms=100)
    s.wait(1_000)
    s.swipe("r_in", known("ben"))
    assert s.lights() == "green"


def test_doubt_that_outlasts_the_power_is_told_again():
    s = opened(LaneScene())
    steps(s, "entry+", "loop+", "entry-", "loop-", ms=100)
    s.wait(4_000)
    again = LaneScene(kept=s.kept, at="is_down", proven=False)
    assert "lane.doubted" in [text for _, text in again.booted]
    assert "lane.doubted" in again.seen().alarms


def test_a_vehicle_on_its_way_in_against_the_rules_is_not_met_head_on():
    s = opened(LaneScene(), "r_out")
    steps(s, "entry+", "loop+", "entry-")  # the wrong way
    s.wait(40_000)  # and whoever was to leave has not come
    s.swipe("r_out", known("ben"))
    assert s.lights("out") == "red"
    steps(s, "exit+", "loop-", "exit-")
    assert s.lights("out") == "green"


def test_priority_decides_who_goes_first_and_not_for_ever():
    s = opened(LaneScene(barrier(priority=Direction.OUT)), "r_out")
    s.swipe("r_in", known("in1"))
    for number in range(6):
        s.wait(1_000)
        s.swipe("r_out", known(f"out{number}"))
    order = []
    for _ in range(7):
        inward = s.lights() == "green"
        order.append("in" if inward else "out")
        (s.drive_in if inward else s.drive_out)()
    assert order.count("in") == 1
    assert order[:5] == ["out"] * 5
    assert "in" in order[5:7]


def test_the_same_car_that_presents_again_has_asked_already():
    s = opened(LaneScene())
    s.wait(1_000)
    s.swipe()
    s.drive_in()
    s.wait(4_000)
    assert s.moving() == "closes"


def test_a_full_queue_refuses():
    s = opened(LaneScene(barrier(queue_max=2)))
    for number in range(3):
        s.swipe("r_in", known(f"h{number}"))
        s.wait(100)
    assert s.events[-1].reasons[-1] == "queue_full"


def test_who_waits_for_too_long_has_driven_on():
    s = opened(LaneScene(barrier(queue_ms_max=60_000, passage_ms_max=600_000)))
    s.swipe("r_out", known("ben"))
    s.wait(60_000)
    assert s.codes().count("access.not_taken") == 1


def test_a_grant_while_it_closes_sends_it_back():
    s = opened(LaneScene())
    s.drive_in()
    s.wait(4_000)
    s.leave_end()
    s.swipe("r_in", known("ben"))
    assert s.moving() == "rest"
    s.wait(500)
    s.travel()
    assert s.lights() == "green"


def test_a_car_that_stands_on_the_safety_loop_already_gets_its_green():
    s = LaneScene()
    steps(s, "entry+", "loop+")
    s.swipe()
    s.travel()
    assert s.lights() == "green"
    steps(s, "entry-", "exit+", "loop-", "exit-")
    assert "access.taken" in s.codes()


def test_who_sleeps_on_the_safety_loop_is_neither_refused_nor_closed_upon():
    s = LaneScene()
    steps(s, "entry+", "loop+")
    s.swipe()
    s.travel()
    s.wait(120_000)
    assert s.moving() == "rest"
    steps(s, "entry-", "exit+", "loop-", "exit-")
    assert "access.taken" in s.codes()


# -- persons and windows ----------------------------------------------------------------------------------------------


def test_an_operator_opens_once_and_holds_open_until():
    s = LaneScene()
    s.do(OpenOnce(GUARD, portal=NAME))
    s.travel()
    s.drive_in()
    assert "access.taken" in s.codes()
    s.wait(4_000)
    s.travel()
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=60_000))
    s.wait(600)
    s.travel()
    assert (s.lights(), s.lights("out")) == ("green", "green")
    s.take()
    s.drive_in()
    s.drive_out()
    assert s.codes().count("lane.passed_unasked") == 2
    assert "lane.tailgate" not in s.codes()
    s.wait_until_closing(60_000)


def test_a_hold_can_be_ended_by_hand():
    s = LaneScene()
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=600_000))
    s.travel()
    s.do(ReleasePortal(GUARD, portal=NAME))
    s.wait(2_000)
    assert s.moving() == "closes"


def test_a_vehicle_without_credential_is_admitted_by_name():
    s = LaneScene()
    s.do(AdmitVehicle(GUARD, portal=NAME, note=" "))
    assert s.events[-1].reasons == ("not_confirmed",)
    s.do(AdmitVehicle(GUARD, portal=NAME, note="delivery for 3-2-501, no plate", access_point="lane_in"))
    s.travel()
    s.drive_in()
    taken = next(event for event in s.events if event.code == "access.taken")
    assert (taken.body.issuer, taken.body.note) == (GUARD, "delivery for 3-2-501, no plate")


def test_lockdown_refuses_entry_lets_out_and_moves_nothing():
    s = opened(LaneScene())
    s.swipe("r_in", known("ben"))
    s.do(StartLockdown(GUARD))
    assert s.lights() == "red"
    assert s.moving() == "rest"
    s.do(CardRead("r_in", known("cy")))
    assert "lockdown" in s.events[-1].reasons
    s.wait(1_000)
    s.swipe("r_out", known("dee"))
    s.wait(33_000)
    assert s.lights("out") == "green"
    s.drive_out()
    s.wait(3_500)
    assert s.moving() == "closes"  # a passage was over, as ever
    s.travel()
    s.do(EndLockdown(GUARD))
    s.wait(60_000)
    assert s.moving() == "rest"


def test_a_lockdown_ends_a_hold_and_closes_nothing():
    s = LaneScene()
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=600_000))
    s.travel()
    s.do(StartLockdown(GUARD))
    s.wait(900_000)
    assert s.moving() == "rest"
    s.do(CloseBarrier(GUARD, portal=NAME))
    s.wait(2_000)
    assert s.moving() == "closes"


def test_a_lockdown_before_it_has_opened_opens_nothing():
    s = LaneScene()
    s.do(OpenOnce(GUARD, portal=NAME))
    s.travel()
    s.drive_in()
    s.wait(4_000)
    s.travel()
    s.swipe("r_in", known("ben"))  # in the dead time: it has not begun to open
    s.do(StartLockdown(GUARD))
    s.wait(60_000)
    assert s.moving() in ("rest", "opens")
    assert s.lights() == "red"


def test_a_locked_lane_closes_and_lets_nobody_in():
    s = LaneScene()
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=600_000))
    s.travel()
    s.do(LockPortal(GUARD, portal=NAME))
    s.wait(2_000)
    assert s.moving() == "closes"
    s.travel()
    s.swipe()
    assert "locked_by_operator" in s.events[-1].reasons
    again = LaneScene(kept=s.kept, proven=False)
    again.swipe()
    assert "locked_by_operator" in again.events[-1].reasons
    again.do(ReleasePortal(GUARD, portal=NAME))
    again.wait(1_000)
    again.swipe()
    assert again.moving() == "opens"


def test_out_of_service_serves_nobody_and_moves_nothing():
    s = opened(LaneScene())
    s.do(SetOutOfService(GUARD, portal=NAME))
    s.wait(60_000)
    assert s.moving() == "rest"
    s.swipe("r_in", known("ben"))
    assert "out_of_service" in s.events[-1].reasons


def test_a_suspended_holder_is_not_let_in_by_an_offer_that_is_open():
    s = opened(LaneScene())
    s.do(HolderWithdrawn("ann"))
    assert s.lights() == "red"
    assert "access.not_taken" in s.codes()


WEEK = Schedule("school", week=((Window(480, 510),),) * 7)  # 08:00 to 08:30
ALL = {"all": Profile("all", (Rule(("*",), "always"),))}


def test_a_window_opens_by_time_and_closes_by_time():
    s = LaneScene(barrier(unlock_schedule="school"))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS))
    s.wait(5 * 60_000)
    assert s.moving() == "opens"
    s.travel()
    assert (s.lights(), s.lights("out")) == ("green", "green")
    s.drive_in()
    assert "lane.passed_unasked" in s.codes()
    s.wait(30 * 60_000 - 4_500)
    assert s.moving() == "closes"


@pytest.mark.parametrize("minute", [5, 60])
def test_a_clock_that_jumps_moves_nothing(minute):
    s = LaneScene(barrier(unlock_schedule="school"))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS))
    s.do(ClockSet(MONDAY_0755_MS + minute * 60_000))
    s.wait(60_000)
    assert s.moving() == "rest"
    if minute == 5:
        s.swipe()
        s.travel()
        s.drive_in()
        s.wait(60_000)
        assert (s.moving(), s.lights()) == ("rest", "green")  # a person passed: the window goes on


@pytest.mark.parametrize(("remote", "moves"), [((), "rest"), ((Remote.OPEN,), "rest"), ((Remote.HOLD,), "opens")])
def test_a_window_that_waits_for_a_person_is_let_go_on_from_afar_only_by_who_may_hold(remote, moves):
    s = LaneScene(barrier(unlock_schedule="school", remote=remote), remote=(SiteRemote.LOCKDOWN,))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS))
    s.do(ClockSet(MONDAY_0755_MS + 5 * 60_000))
    s.wait(60_000)
    s.do(ReleasePortal(GUARD, afar=Afar("guard"), portal=NAME))
    s.do(StartLockdown(GUARD, afar=Afar("guard")))
    s.do(EndLockdown(GUARD, afar=Afar("guard")))
    s.wait(1_000)
    assert s.moving() == moves


def test_a_clock_that_leaves_a_window_closes_nothing():
    s = LaneScene(barrier(unlock_schedule="school"))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS))
    s.wait(5 * 60_000)
    s.travel()
    s.do(ClockSet(MONDAY_0755_MS + 3_600_000))
    s.wait(60_000)
    assert s.moving() == "rest"


def test_on_market_day_nobody_drives_in_but_who_is_exempt():
    s = LaneScene(barrier(closed_schedule="school"))
    s.do(RosterReplaced(Rulebook(2, ALL, {"school": WEEK})))
    s.do(ClockSet(MONDAY_0755_MS + 600_000))
    s.swipe()
    assert "schedule_closed" in s.events[-1].reasons
    s.swipe("r_in", known("doctor", exempt=True))
    assert s.moving() == "opens"
    s.travel()
    s.drive_in()
    s.wait(1_000)
    s.swipe("r_out", known("ben"))
    assert s.events[-1].code == "access.granted"


# -- areas, quotas, sightings -----------------------------------------------------------------------------------------


def test_anti_passback_and_places_count_proven_passages_and_offers():
    points = (
        AccessPoint("lane_in", NAME, ("r_in",), None, "yard", antipassback=Antipassback.HARD),
        AccessPoint("lane_out", NAME, ("r_out",), "yard", None, direction="out"),
    )
    s = opened(LaneScene(barrier(access_points=points), areas=(Area("yard", occupancy_max=1),)))
    s.swipe("r_in", known("ben"))
    assert s.events[-1].reasons[-1] == "area_full:yard"
    s.drive_in()
    s.wait(1_000)
    s.swipe("r_in", known("ann", area="yard"))
    assert "antipassback_hard" in s.events[-1].reasons
    s.swipe("r_in", known("ben"))
    assert s.events[-1].reasons[-1] == "area_full:yard"


def test_a_household_parks_as_many_cars_as_it_has_places():
    s = LaneScene(areas=(Area("yard", quota=True),))
    s.swipe("r_in", known("ann", household="h1", vehicle=True, spaces=1, household_inside=1))
    assert s.events[-1].reasons[-1] == "quota_full:1"


@pytest.mark.parametrize("fact", [PlateSeen, TagRead])
def test_a_plate_or_tag_without_a_vehicle_on_the_loop_opens_nothing(fact):
    s = LaneScene()
    s.do(fact("r_in", known()))
    assert s.events[-1].reasons[-1] == "no_vehicle"
    s.input("entry", True)
    s.wait(1_000)
    s.do(fact("r_in", known()))
    assert s.moving() == "opens"

"""Who is in the lane is seen by whom and when, and what the witness at the line writes down. Worked out by hand.

The yard's lane runs from -10 m to 10 m with loops at -5 to -3, -1 to 1 and 3 to 5 m and a beam at 0; a front appears
at -10 m (going in) or 10 m (going out).
"""

from __future__ import annotations

import asyncio
import random

import pytest

from firmware.rehearsal.barrier import Span
from firmware.rehearsal.bodies import KINDS
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import run_virtual
from tests.rehearsal.lane_yard import LANE, in_yard


def close(yard):
    yard.drive(PERMIT=1, OPEN=0, CLOSE=1)


def open_(yard):
    yard.drive(PERMIT=1, CLOSE=0, OPEN=1)


def spans(yard, line):
    """From and to of each time an input was active, in milliseconds."""
    edges = yard.of(line)
    assert [level for _, level in edges] == [True, False] * (len(edges) // 2)
    return [(edges[at][0], edges[at + 1][0]) for at in range(0, len(edges), 2)]


def passing(kind, direction="in", speed_mm_s=1_000, **changes):
    """What each detector sees of one that goes through."""

    async def story(yard):
        yard.lane.arrive(kind, direction, speed_mm_s)
        await yard.until_ms(60_000)
        assert yard.lane.bodies == {}
        return {line: spans(yard, line) for line in ("ENTRY", "SAFETY", "EXIT", "BEAM")}, yard.barrier.passages

    return in_yard(story, **changes)


# --- who is seen by what ---


def test_a_car_going_in():
    seen, passages = passing("car")
    # 4.5 m long at 1 m/s: on a loop of 2 m for 6.5 s, in the beam for 4.5 s; over the loop's edge at -5 m after 5 s.
    assert seen == {
        "ENTRY": [(5_000, 11_500)],
        "SAFETY": [(9_000, 15_500)],
        "EXIT": [(13_000, 19_500)],
        "BEAM": [(10_000, 14_500)],
    }
    # its rear leaves the line (60 mm) 4.56 m behind the barrier
    assert [(each.direction, each.kind) for each in passages] == [("in", "car")]
    assert passages[0].at_ns == 1_000_000_000_000 + 14_560_000_000


def test_a_car_going_out_meets_the_loops_the_other_way_round():
    seen, passages = passing("car", "out", 2_000)
    assert seen == {
        "ENTRY": [(6_500, 9_750)],
        "SAFETY": [(4_500, 7_750)],
        "EXIT": [(2_500, 5_750)],
        "BEAM": [(5_000, 7_250)],
    }
    assert [each.direction for each in passages] == ["out"]


def test_a_loop_feels_only_cab_and_axles_of_a_high_bed_and_a_low_beam_looks_through_under_it():
    seen, _ = passing("truck_high_bed")
    # cab 0 to 2.4 m, axles 8 to 10.6 m behind the front
    assert seen["SAFETY"] == [(9_000, 13_400), (17_000, 21_600)]
    assert seen["BEAM"] == [(10_000, 12_400), (18_000, 20_600)]


def test_a_beam_higher_than_the_bed_sees_it_whole():
    beam = LANE["photocell"][0] | {"height_mm": 1_200}
    seen, _ = passing("truck_high_bed", photocell=[beam])
    assert seen["BEAM"] == [(10_000, 22_000)]


def test_a_trailer_is_one_with_its_car_for_a_loop_but_not_for_the_beam():
    seen, _ = passing("car_trailer")
    # The drawbar from 4.5 to 5.4 m is shorter than a loop of 2 m, and lower than the beam at 500 mm.
    assert seen["SAFETY"] == [(9_000, 19_600)]
    assert seen["BEAM"] == [(10_000, 14_500), (15_400, 18_600)]


@pytest.mark.parametrize(
    ("kind", "seen_by"),
    [
        ("car", "low normal high beam"),
        ("truck", "low normal high beam"),
        ("motorcycle", "normal high beam"),
        ("e_bike", "high beam"),
        ("bicycle", "high beam"),
        ("carbon_bicycle", "beam"),
        ("adult", "beam"),
        ("child", "beam"),
        ("pram", "beam"),
        ("dog", ""),  # it passes under a beam at 500 mm
    ],
)
def test_who_is_seen_by_which_loop_and_by_the_beam(kind, seen_by):
    loops = [
        {"id": sensitivity, "line": line, "zone_mm": [-1_000, 1_000], "sensitivity": sensitivity}
        for sensitivity, line in (("low", "ENTRY"), ("normal", "SAFETY"), ("high", "EXIT"))
    ]
    seen, passages = passing(kind, loop=loops)
    names = {"ENTRY": "low", "SAFETY": "normal", "EXIT": "high", "BEAM": "beam"}
    assert [name for line, name in names.items() if seen[line]] == seen_by.split()
    assert len(passages) == 1


def test_every_kind_gets_through_both_ways_and_leaves_nothing_behind():
    for kind in KINDS:
        for direction in ("in", "out"):
            _, passages = passing(kind, direction, None)
            assert [(each.kind, each.direction) for each in passages] == [(kind, direction)]


# --- what one does ---


def test_it_stops_on_a_loop_goes_on_and_leaves():
    async def story(yard):
        car = yard.lane.arrive("car", "in", 1_000, "entry")
        await yard.until_ms(60_000)
        stood = yard.lane.front_mm(car), car.speed_mm_s, spans(yard, "SAFETY"), yard.level("ENTRY")
        car.go()
        await yard.until_ms(70_000)
        return stood, yard.level("EXIT"), len(yard.barrier.passages)

    assert in_yard(story) == ((-3_100, 0, [], True), True, 1)


@pytest.mark.parametrize(
    ("stop_at", "lines"),
    [("approach", "ENTRY"), ("safety", "ENTRY SAFETY BEAM"), ("exit", "SAFETY EXIT"), ("barrier", "SAFETY BEAM")],
)
def test_where_one_can_stop(stop_at, lines):
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, stop_at)
        await yard.until_ms(60_000)
        moved = [line for line in ("ENTRY", "SAFETY", "EXIT", "BEAM") if yard.level(line)]
        yard.lane.clear()
        yard.lane.arrive("car", "in", 1_000, stop_at, placed=True)
        return moved, [line for line in ("ENTRY", "SAFETY", "EXIT", "BEAM") if yard.level(line)]

    # a car of 4.5 m that stands with its front at the safety loop's far end reaches back to -3.6 m
    assert in_yard(story) == (lines.split(), lines.split())


def test_one_turns_back_before_the_line_and_it_is_no_passage():
    async def story(yard):
        car = yard.lane.arrive("car", "in", 1_000, "safety")
        await yard.until_ms(20_000)
        car.reverse()
        await yard.until_ms(60_000)
        return spans(yard, "SAFETY"), yard.barrier.passages, yard.lane.bodies

    # front at 0.9 m after 10.9 s; back over -1 m 1.9 s after it turned
    assert in_yard(story) == ([(9_000, 21_900)], [], {})


def test_one_that_has_passed_and_backs_out_again_has_passed_twice():
    async def story(yard):
        car = yard.lane.arrive("car", "in", 1_000, "exit")
        await yard.until_ms(16_000)  # the front stands at 4.9 m, the rear at 0.4 m
        car.reverse()
        await yard.until_ms(40_000)
        return [each.direction for each in yard.barrier.passages], yard.lane.bodies

    assert in_yard(story) == (["in", "out"], {})


def test_one_can_be_taken_away_and_everything_clears():
    async def story(yard):
        car = yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        before = yard.level("SAFETY"), yard.level("BEAM")
        car.remove()
        car.remove()
        with pytest.raises(ActionError):
            yard.lane.body(car.id)
        return before, yard.level("SAFETY"), yard.level("BEAM"), yard.barrier.passages

    assert in_yard(story) == ((True, True), False, False, [])


def test_a_queue_closes_up_and_moves_on():
    async def story(yard):
        cars = [yard.lane.arrive("car", "in", 2_000, "entry"), *(yard.lane.arrive("car", "in") for _ in range(2))]
        await yard.until_ms(30_000)
        stood = [yard.lane.front_mm(car) for car in cars]
        cars[0].go()
        await yard.until_ms(60_000)
        return [round(front) for front in stood], len(yard.barrier.passages), yard.lane.bodies

    # each 1 m behind the 4.5 m of the one before
    assert in_yard(story) == ([-3_100, -8_600, -14_100], 3, {})


def test_a_tailgater_comes_close_behind():
    async def story(yard):
        first = yard.lane.arrive("car", "in", 2_000)
        yard.lane.arrive("car", "in", 3_000, behind=first.id, gap_mm=800)
        await yard.until_ms(30_000)
        return spans(yard, "ENTRY"), spans(yard, "BEAM")

    loop, beam = in_yard(story)
    # At 2 m/s behind the first (0.8 m apart, though it could go faster): 9.8 m of cars over a loop of 2 m; in the beam
    # 2.25 s each with 0.4 s between them, and the second free of its leader only behind the lane.
    assert loop == [(2_500, 2_500 + 5_900)]
    assert beam == [(5_000, 7_250), (7_650, 9_900)]


def test_two_that_come_against_each_other_meet_where_the_lane_is_narrow():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000)
        yard.lane.arrive("car", "out", 1_000)
        await yard.until_ms(60_000)
        met = len(yard.lane.head_on), [round(yard.lane.front_mm(car)) for car in yard.lane.bodies.values()]
        for body in tuple(yard.lane.bodies.values()):
            body.reverse()
        await yard.until_ms(90_000)
        return met, yard.lane.bodies

    (meetings, (first, second)), left = in_yard(story)
    assert meetings == 1
    assert second - first == 1_000
    assert left == {}


def test_one_waits_beside_the_lane_for_another_that_comes_out():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, "approach")
        await yard.until_ms(10_000)
        yard.lane.arrive("car", "out", 1_000)
        await yard.until_ms(60_000)
        return yard.lane.head_on, [each.direction for each in yard.barrier.passages]

    assert in_yard(story) == ([], ["out"])


def test_people_and_bicycles_pass_everybody():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        yard.lane.arrive("adult", "in")
        yard.lane.arrive("bicycle", "out")
        await yard.until_ms(60_000)
        return sorted(each.kind for each in yard.barrier.passages)

    assert in_yard(story) == ["adult", "bicycle"]


def test_a_careful_driver_waits_for_green_and_an_open_barrier():
    async def story(yard):
        yard.barrier.place(1.0)
        yard.lane.arrive("car", "in", 1_000, careful=True)
        yard.lane.arrive("car", "out", 1_000, careful=True)
        await yard.until_ms(20_000)
        waits = [each.waits for each in yard.barrier.state().bodies]
        open_(yard)
        await yard.until_ms(25_000)
        for_green = [each.waits for each in yard.barrier.state().bodies]
        yard.drive(GREEN_IN=1)
        await yard.until_ms(25_600)
        still = [each.waits for each in yard.barrier.state().bodies]
        await yard.until_ms(50_000)
        return waits, for_green, still, [each.direction for each in yard.barrier.passages]

    assert in_yard(story) == ([True, True], [True, True], [True, True], ["in"])


def test_a_careful_driver_does_not_stop_at_green():
    async def story(yard):
        yard.drive(GREEN_IN=1)
        yard.lane.arrive("car", "in", 1_000, careful=True)
        await yard.until_ms(14_600)
        return len(yard.barrier.passages)

    assert in_yard(story) == 1


def test_without_lamps_a_careful_driver_looks_at_the_barrier():
    async def story(yard):
        yard.barrier.place(1.0)
        yard.lane.arrive("car", "in", 1_000, careful=True)
        await yard.until_ms(20_000)
        before = len(yard.barrier.passages)
        open_(yard)
        await yard.until_ms(40_000)
        return before, len(yard.barrier.passages)

    assert in_yard(story, lamps={}) == (0, 1)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda it: it.arrive("tank", "in"),
        lambda it: it.arrive("car", "up"),
        lambda it: it.arrive("car", "in", 0),
        lambda it: it.arrive("car", "in", 30_001),
        lambda it: it.arrive("car", "in", 1_000, "nowhere"),
        lambda it: it.arrive("car", "in", placed=True),
        lambda it: it.arrive("car", "in", behind=99),
        lambda it: it.body(1),
    ],
)
def test_what_cannot_be_is_said(wrong):
    async def story(yard):
        with pytest.raises(ActionError):
            wrong(yard.lane)
        return yard.lane.bodies

    assert in_yard(story) == {}


def test_the_lane_holds_a_bounded_number():
    async def story(yard):
        for _ in range(40):
            yard.lane.arrive("car", "in")
        with pytest.raises(ActionError):
            yard.lane.arrive("car", "out")
        yard.lane.clear()
        return yard.lane.bodies

    assert in_yard(story) == {}


# --- detectors ---


def test_a_detector_needs_its_time():
    loops = [each | {"delay_ms": 80} for each in LANE["loop"]]
    seen, _ = passing("car", loop=loops)
    assert seen["SAFETY"] == [(9_080, 15_580)]


def test_a_detector_with_limited_presence_forgets_what_parks_and_notices_what_comes():
    loops = [each | {"presence_ms": 30_000} for each in LANE["loop"]]

    async def story(yard):
        parked = yard.lane.arrive("motorcycle", "in", 1_000, "safety", placed=True)
        await yard.until_ms(40_000)
        another = yard.lane.arrive("car", "out", 1_000, "safety", placed=True)
        await yard.until_ms(45_000)
        another.remove()
        await yard.until_ms(50_000)
        parked.remove()
        return spans(yard, "SAFETY"), yard.level("SAFETY")

    assert in_yard(story, loop=loops) == ([(0, 30_000), (40_000, 45_000)], False)


def test_a_permanent_detector_does_not_forget_in_a_week():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        await yard.until_ms(7 * 86_400_000)
        return yard.level("SAFETY")

    assert in_yard(story) is True


@pytest.mark.parametrize(("fault", "empty", "full"), [("stuck", True, True), ("dead", False, False)])
def test_a_loop_that_sticks_or_sees_nothing(fault, empty, full):
    async def story(yard):
        yard.barrier.set_fault(f"safety_{fault}", True)
        seen = [yard.level("SAFETY")]
        yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        seen.append(yard.level("SAFETY"))
        yard.barrier.set_fault(f"safety_{fault}", False)
        return [*seen, yard.level("SAFETY")]

    assert in_yard(story) == [empty, full, True]


def test_a_flickering_loop_comes_and_goes_by_the_seed_and_ends_right():
    async def story(yard):
        yard.barrier.set_fault("safety_flicker", True)
        await yard.until_ms(10_000)
        yard.barrier.set_fault("safety_flicker", False)
        await yard.until_ms(20_000)
        return spans(yard, "SAFETY"), yard.level("SAFETY")

    flickers, level = in_yard(story)
    assert 10 <= len(flickers) <= 90  # each state lasts 60 to 400 ms
    assert level is False
    assert in_yard(story)[0] == flickers
    assert in_yard(story, seed=8)[0] != flickers


def test_a_healthy_beam_reads_broken_while_its_test_is_on_and_a_shorted_one_does_not():
    async def story(yard):
        seen = []
        for fault, on in (("beam_clear", False), ("beam_clear", True), ("beam_broken", True)):
            yard.barrier.set_fault(fault, on)
            seen.append(yard.level("BEAM"))
            yard.drive(TEST=1)
            seen.append(yard.level("BEAM"))
            yard.drive(TEST=0)
            yard.barrier.set_fault(fault, False)
        return seen

    assert in_yard(story) == [False, True, False, False, True, True]


def test_a_ball_lies_in_the_beam_for_a_while_or_until_it_is_taken_away():
    async def story(yard):
        yard.barrier.put_ball("beam", 3)
        await yard.until_ms(5_000)
        yard.barrier.put_ball("beam", 30)
        await yard.until_ms(6_000)
        yard.barrier.put_ball("beam", 0)
        await yard.until_ms(60_000)
        return spans(yard, "BEAM")

    assert in_yard(story) == [(0, 3_000), (5_000, 6_000)]


def test_two_beams_may_share_their_test():
    beams = [LANE["photocell"][0], LANE["photocell"][0] | {"id": "low_beam", "line": "LOW_BEAM", "height_mm": 200}]

    async def story(yard):
        yard.drive(TEST=1)
        seen = [yard.level("BEAM"), yard.level("LOW_BEAM")]
        yard.drive(TEST=0)
        yard.lane.arrive("dog", "in", 1_000, "barrier", placed=True)
        return [*seen, yard.level("BEAM"), yard.level("LOW_BEAM")]

    assert in_yard(story, photocell=beams) == [True, True, False, True]


# --- the witness ---


def test_closing_onto_a_car_is_a_strike_where_the_bollard_meets_its_floor():
    async def story(yard):
        car = yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        close(yard)
        await yard.until_ms(5_000)
        held = yard.barrier.state().drives[0]
        open_(yard)
        await yard.until_ms(9_000)
        car.go()
        await yard.until_ms(20_000)
        return yard.barrier.strikes, yard.barrier.near, held, len(yard.barrier.passages), yard.barrier.state()

    strikes, near, held, passages, state = in_yard(story)
    # 150 mm of 600 mm, a quarter of 4 s
    assert [(each.at_ns, each.kind, each.cause, each.position) for each in strikes] == [
        (1_001_000_000_000, "car", "motor", 0.25)
    ]
    assert strikes[0].speed_mm_s == 150
    assert [(each.at_ns, each.kind) for each in near] == [(1_000_000_000_000, "car")]
    assert (held.position, held.strained) == (0.25, True)
    assert passages == 1
    assert (state.strikes, state.crashes) == (1, 0)


def test_a_rise_that_stops_below_the_floor_is_near_and_no_strike():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        close(yard)
        await yard.until_ms(900)
        yard.drive(CLOSE=0)
        await yard.until_ms(5_000)
        return yard.barrier.strikes, len(yard.barrier.near)

    assert in_yard(story) == ([], 1)


@pytest.mark.parametrize("kind", ["adult", "child", "dog", "carbon_bicycle"])
def test_rising_under_somebody_is_a_strike_at_once(kind):
    async def story(yard):
        yard.lane.arrive(kind, "in", 1_000, "barrier", placed=True)
        close(yard)
        await yard.until_ms(10)
        return [(each.kind, yard.ms(each.at_ns)) for each in yard.barrier.strikes]

    assert in_yard(story) == [(kind, 0)]


@pytest.mark.parametrize(("stops_ms", "strikes"), [(None, [310.0]), (240, [])])
def test_who_steps_under_a_closing_barrier_is_struck_if_it_goes_on(stops_ms, strikes):
    async def story(yard):
        close(yard)
        await yard.until_ms(60)
        yard.lane.arrive("child", "in", 1_000, "barrier", placed=True)
        if stops_ms is not None:
            await yard.until_ms(60 + stops_ms)
            open_(yard)
        await yard.until_ms(5_000)
        return [yard.ms(each.at_ns) for each in yard.barrier.strikes]

    assert in_yard(story) == strikes  # reaction_ms is 250


@pytest.mark.parametrize("mover", ["boom", "sliding_gate", "swing_gate"])
def test_a_boom_or_gate_that_closes_onto_a_car_is_a_strike_at_once(mover):
    async def story(yard):
        yard.barrier.place(0.2)
        yard.lane.arrive("car", "in", 1_000, "barrier", placed=True)
        close(yard)
        await yard.until_ms(1_000)
        return [(yard.ms(each.at_ns), each.position) for each in yard.barrier.strikes], yard.barrier.position

    assert in_yard(story, mover=mover) == ([(0, 0.2)], pytest.approx(0.2))


def test_a_strike_tells_the_safety_edge():
    async def story(yard):
        yard.barrier.place(0.2)
        yard.lane.arrive("car", "in", 1_000, "barrier", placed=True)
        close(yard)
        await yard.until_ms(500)
        open_(yard)
        await yard.until_ms(2_000)
        return spans(yard, "NOSE")

    assert in_yard(story, mover="boom", edge=[{"id": "nose", "line": "NOSE"}]) == [(0, 500)]


def test_what_falls_onto_somebody_is_told_with_its_cause():
    async def story(yard):
        yard.lane.arrive("adult", "in", 1_000, "barrier", placed=True)
        yard.barrier.press("mains", True)
        await yard.until_ms(100)
        return [each.cause for each in yard.barrier.strikes]

    assert in_yard(story, mover="boom", gravity="lowers") == ["gravity"]


def test_rising_behind_a_cab_under_a_high_bed_is_a_strike_when_the_axles_come():
    async def story(yard):
        truck = yard.lane.arrive("truck_high_bed", "in", 1_000)
        await yard.until_ms(13_000)  # the front is at 3 m: the bed, 1.15 m high, is over the line
        truck.stop()
        close(yard)
        await yard.until_ms(18_000)
        under = len(yard.barrier.strikes), yard.barrier.position, len(yard.barrier.near)
        truck.go()
        await yard.until_ms(40_000)
        return under, [(each.kind, each.cause) for each in yard.barrier.strikes], yard.barrier.crashes

    assert in_yard(story) == ((0, 1.0, 1), [("truck_high_bed", "")], [])


def test_who_drives_into_a_bollard_crashes_and_strikes_nobody():
    async def story(yard):
        yard.barrier.place(1.0)
        car = yard.lane.arrive("car", "in", 1_000)
        await yard.until_ms(20_000)
        crashed = yard.lane.front_mm(car), len(yard.barrier.crashes), yard.barrier.strikes
        car.go()
        await yard.until_ms(21_000)
        again = yard.lane.front_mm(car), len(yard.barrier.crashes)
        open_(yard)
        await yard.until_ms(25_000)
        car.go()
        await yard.until_ms(50_000)
        return crashed, again, len(yard.barrier.passages)

    assert in_yard(story) == ((-60, 1, []), (-60, 2), 1)


def test_people_walk_between_bollards_but_not_through_a_gate():
    async def story(yard):
        yard.barrier.place(1.0)
        yard.lane.arrive("adult", "in")
        await yard.until_ms(30_000)
        return len(yard.barrier.passages), len(yard.barrier.crashes), yard.barrier.strikes

    assert in_yard(story) == (1, 0, [])
    assert in_yard(story, mover="boom") == (1, 0, [])
    assert in_yard(story, mover="sliding_gate") == (0, 1, [])


def test_nobody_is_put_where_the_barrier_is():
    async def story(yard):
        yard.barrier.place(1.0)
        with pytest.raises(ActionError):
            yard.lane.arrive("car", "in", 1_000, "barrier", placed=True)
        return yard.lane.bodies, yard.barrier.crashes, yard.level("SAFETY")

    assert in_yard(story) == ({}, [], False)


def test_records_can_be_forgotten_in_long_runs():
    async def story(yard):
        yard.lane.arrive("car", "in", 1_000, "safety", placed=True)
        yard.drive(GREEN_IN=1)
        close(yard)
        await yard.until_ms(3_000)
        yard.drive(OPEN=1)
        kept = len(yard.barrier.strikes), len(yard.barrier.wrecks), len(yard.barrier.spans)
        yard.barrier.forget()
        return kept, (yard.barrier.strikes, yard.barrier.wrecks, yard.barrier.spans, yard.barrier.false_greens)

    assert in_yard(story) == ((1, 1, 1), ([], [], [], []))


def test_times_open_and_closed_are_kept():
    async def story(yard):
        close(yard)
        await yard.until_ms(10_000)
        open_(yard)
        await yard.until_ms(20_000)
        close(yard)
        await yard.until_ms(30_000)
        return [Span(span.what, yard.ms(span.from_ns), yard.ms(span.until_ns)) for span in yard.barrier.spans]

    assert in_yard(story) == [("open", 0, 40), ("closed", 3_960, 10_020), ("open", 11_980, 20_040)]


# --- the whole, by the seed ---


def there(yard, zone, notices):
    """By geometry alone: does a part of any body that `notices(part)` lie over a zone of the lane?"""
    for body in yard.lane.bodies.values():
        front, sense = yard.lane.front_mm(body), -1 if body.direction == "in" else 1
        for part in KINDS[body.kind].parts:
            ends = sorted((front + sense * part.front_mm, front + sense * part.rear_mm))
            if notices(part) and ends[0] < zone[1] and ends[1] > zone[0]:
                return True
    return False


@pytest.mark.parametrize("seed", range(3))
def test_detectors_tell_at_any_time_what_lies_over_them(seed):
    async def story(yard):
        dice = random.Random(seed)
        wrong = []
        for step in range(1_500):
            bodies = list(yard.lane.bodies.values())
            if len(bodies) < 4 and dice.random() < 0.3:
                stop_at = dice.choice([None, None, "entry", "safety", "barrier", "beam"])
                kind, direction = dice.choice(list(KINDS)), dice.choice(("in", "out"))
                yard.lane.arrive(kind, direction, None, stop_at, placed=stop_at is not None and dice.random() < 0.3)
            if bodies and dice.random() < 0.3:
                body = dice.choice(bodies)
                dice.choice((body.go, body.go, body.stop, body.reverse, body.remove))()
            await asyncio.sleep(dice.uniform(0.01, 1.5))
            for line, zone in (("ENTRY", (-5_000, -3_000)), ("SAFETY", (-1_000, 1_000)), ("EXIT", (3_000, 5_000))):
                if yard.level(line) != there(yard, zone, lambda part: part.metal >= 40):
                    wrong.append((step, line, yard.lane.states()))
            if yard.level("BEAM") != there(yard, (-0.01, 0.01), lambda part: part.low_mm <= 500 < part.high_mm):
                wrong.append((step, "BEAM", yard.lane.states()))
        return wrong, len(yard.barrier.passages)

    wrong, passages = in_yard(story)
    assert wrong == []
    assert passages > 50


def a_busy_hour(gate_file, seed):
    """Everybody comes in any order while somebody works the outputs blindly; what was seen and done, as one list."""

    async def run():
        plants = Plants.load(gate_file, seed=seed, edge_by_edge=True)
        lane = plants.barriers["vehicle_lane"]
        seen = []
        plants.wires.listen(seen.extend)
        dice = random.Random(seed)
        plants.wires.drive("Y3", True)
        for _ in range(400):
            try:
                lane.lane.arrive(dice.choice(list(KINDS)), dice.choice(("in", "out")), careful=dice.random() < 0.3)
            except ActionError:
                lane.lane.clear()
            plants.wires.drive(dice.choice(("Y1", "Y2")), dice.random() < 0.5)
            for body in tuple(lane.lane.bodies.values()):
                if dice.random() < 0.3:
                    dice.choice((body.go, body.stop, body.reverse))()
            await asyncio.sleep(dice.uniform(0.1, 10))
        told = seen, lane.strikes, lane.crashes, lane.passages, lane.wrecks, lane.position
        lane.lane.clear()
        plants.wires.drive("Y1", False)
        plants.wires.drive("Y2", False)
        await asyncio.sleep(10)
        quiet = plants.wires.levels(["Y14", "Y15", "Y16", "Y17"])
        plants.close()
        return told, quiet

    return run_virtual(run())


def test_an_hour_repeats_with_its_seed_and_ends_with_an_empty_lane(gate_file):
    told, quiet = a_busy_hour(gate_file, 5)
    assert set(quiet.values()) == {False}
    _, strikes, crashes, passages, wrecks, position = told
    assert min(len(strikes), len(crashes), len(passages), len(wrecks)) > 5, "somebody who works it blindly does harm"
    assert 0 <= position <= 1
    assert a_busy_hour(gate_file, 5)[0] == told
    assert a_busy_hour(gate_file, 6)[0] != told

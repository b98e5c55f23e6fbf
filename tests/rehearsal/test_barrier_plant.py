"""A barrier as a machine: travel, limits, permit, pulse, power, gravity, faults and wires. Worked out by hand.

The yard's bollard opens in 2 s, closes in 4 s, and its limits switch within a hundredth of the travel.
"""

from __future__ import annotations

import asyncio
import tomllib

import pytest

from firmware.rehearsal.errors import ActionError, LayoutError
from firmware.rehearsal.layout import layout_of
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import run_virtual
from firmware.rehearsal.wires import Wires
from tests.rehearsal.lane_yard import LANE, in_yard

CLOSES = [(40.0, True), (3_960.0, False)]  # IS_OPEN lost at 1 % of 4 s, IS_CLOSED made at 99 %


def limits(yard):
    return yard.of("IS_OPEN") + yard.of("IS_CLOSED")


def close(yard):
    yard.drive(PERMIT=1, CLOSE=1)


# --- travel and limits ---


def test_it_closes_and_opens_in_its_time_and_its_limits_switch_on_the_way():
    async def story(yard):
        close(yard)
        await yard.until_ms(2_000)
        halfway = yard.barrier.position
        await yard.until_ms(5_000)
        closing = limits(yard), yard.barrier.position
        yard.edges.clear()
        yard.drive(CLOSE=0, OPEN=1)
        await yard.until_ms(10_000)
        return halfway, closing, limits(yard), yard.barrier.position

    halfway, closing, opening, position = in_yard(story)
    assert halfway == pytest.approx(0.5)
    assert closing == (CLOSES, 1.0)
    assert opening == [(5_000 + 1_980.0, False), (5_000 + 20.0, True)]  # 2 s for the whole travel
    assert position == 0.0


def test_it_stands_closed_when_the_rehearsal_begins_unless_told_otherwise():
    async def story(yard):
        return yard.barrier.position, yard.level("IS_OPEN"), yard.level("IS_CLOSED")

    assert in_yard(story, starts="closed") == (1.0, True, False)
    assert in_yard(story) == (0.0, False, True)
    assert (
        layout_of({"barrier": [{each: LANE[each] for each in ("id", "mover", "drive")}]}).barrier[0].starts == "closed"
    )


def test_it_moves_only_with_its_permit_and_stops_where_it_is_when_that_drops():
    async def story(yard):
        yard.drive(CLOSE=1)
        await yard.until_ms(1_000)
        without = yard.barrier.position
        yard.drive(PERMIT=1)
        await yard.until_ms(2_000)
        yard.drive(PERMIT=0)
        await yard.until_ms(9_000)
        stopped = yard.barrier.position
        yard.drive(PERMIT=1)
        await yard.until_ms(10_000)
        return without, stopped, yard.barrier.position

    assert in_yard(story) == (0.0, pytest.approx(0.25), pytest.approx(0.5))


def test_it_runs_on_for_its_stopping_time():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.drive(CLOSE=0)
        at_once = yard.barrier.position
        await yard.until_ms(1_500)
        stopped = yard.barrier.position
        yard.drive(CLOSE=1)
        await yard.until_ms(2_500)
        yard.drive(CLOSE=0, OPEN=1)  # it turns round: it first runs on, then opens twice as fast as it closes
        await yard.until_ms(3_000)
        return at_once, stopped, yard.barrier.position

    at_once, stopped, turned = in_yard(story, stop_ms=100)
    assert at_once == pytest.approx(0.25)
    assert stopped == pytest.approx(0.275)
    assert turned == pytest.approx(0.275 + 0.25 + 0.025 - 0.2)


def test_a_pulse_starts_it_and_only_its_permit_or_a_pulse_the_other_way_stops_it():
    async def story(yard):
        yard.drive(PERMIT=1, CLOSE=1)
        await yard.until_ms(200)
        yard.drive(CLOSE=0)
        await yard.until_ms(1_000)
        seen = [yard.barrier.position]
        yard.drive(PERMIT=0)
        await yard.until_ms(2_000)
        yard.drive(PERMIT=1)  # it waits for another pulse
        await yard.until_ms(3_000)
        seen.append(yard.barrier.position)
        yard.drive(CLOSE=1)
        yard.drive(CLOSE=0)
        await yard.until_ms(4_000)
        seen.append(yard.barrier.position)
        yard.drive(OPEN=1)
        await yard.until_ms(4_500)
        seen.append(yard.barrier.position)
        await yard.until_ms(9_000)
        seen.append(yard.barrier.position)
        return seen

    assert in_yard(story, command="pulse") == pytest.approx([0.25, 0.25, 0.5, 0.25, 0.0])


def test_both_directions_at_once_is_a_wreck_and_moves_nothing():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.drive(OPEN=1)
        await yard.until_ms(2_000)
        both = yard.barrier.position
        yard.drive(CLOSE=0)
        await yard.until_ms(2_250)
        return both, yard.barrier.position, [yard.ms(at_ns) for at_ns in yard.barrier.wrecks]

    assert in_yard(story) == (pytest.approx(0.25), pytest.approx(0.125), [1_000.0])


def test_a_wreck_counts_without_the_permit_too():
    async def story(yard):
        yard.drive(OPEN=1, CLOSE=1)
        return len(yard.barrier.wrecks)

    assert in_yard(story) == 1


def test_a_brake_holds_it_until_released():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        braked = yard.barrier.position
        yard.drive(BRAKE=1)
        await yard.until_ms(2_000)
        return braked, yard.barrier.position

    drive = LANE["drive"][0] | {"brake": "BRAKE"}
    assert in_yard(story, drive=[drive]) == (0.0, pytest.approx(0.25))


def test_limits_bounce_within_their_time_and_settle():
    async def story(yard):
        close(yard)
        await yard.until_ms(5_000)
        return yard.of("IS_CLOSED"), yard.of("IS_OPEN")

    for edges, settled in zip(in_yard(story, bounce_ms=6), (False, True), strict=True):
        assert len(edges) >= 3
        assert edges[0][1] is edges[-1][1] is settled
        assert edges[-1][0] - edges[0][0] <= 6


def test_two_leaves_move_by_themselves_and_the_barrier_is_where_the_worse_one_is():
    leaf = {"open": "OPEN2", "close": "CLOSE2", "permit": "PERMIT", "opened": ["IS_OPEN2"], "closed": ["IS_CLOSED2"]}

    async def story(yard):
        close(yard)
        yard.drive(CLOSE2=0)
        await yard.until_ms(5_000)
        return (
            [drive.position for drive in yard.barrier.drives],
            yard.barrier.position,
            sorted(name for name in yard.barrier.wires if name.startswith(("open", "is_", "permit"))),
        )

    positions, position, names = in_yard(story, mover="swing_gate", drive=[LANE["drive"][0], leaf])
    assert positions == [1.0, 0.0]
    assert position == 1.0
    assert names == ["is_closed_1", "is_closed_2", "is_open_1", "is_open_2", "open_1", "open_2", "permit"]


# --- what goes wrong with the machine ---


def test_an_obstacle_stops_it_and_strains_the_motor_until_it_is_gone():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.barrier.set_fault("obstructed_closing", True)
        await yard.until_ms(3_000)
        held = yard.barrier.state()
        yard.drive(CLOSE=0, OPEN=1)  # away from it
        await yard.until_ms(3_250)
        back = yard.barrier.state()
        yard.drive(OPEN=0, CLOSE=1)
        await yard.until_ms(9_000)
        again = yard.barrier.state()
        yard.barrier.set_fault("obstructed_closing", False)
        await yard.until_ms(10_000)
        return [each.drives[0] for each in (held, back, again)], yard.barrier.position

    (held, back, again), position = in_yard(story)
    assert (held.position, held.strained) == (0.25, True)
    assert (back.position, back.strained) == (0.125, False)
    assert (again.position, again.strained) == (0.25, True)
    assert position == pytest.approx(0.5)


def test_an_edge_feels_what_the_leaf_leans_against_until_it_backs_off():
    edges = [{"id": "nose", "line": "NOSE"}, {"id": "tail", "line": "TAIL", "side": "opening"}]

    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.barrier.set_fault("obstructed_closing", True)
        await yard.until_ms(2_000)
        yard.drive(CLOSE=0)
        await yard.until_ms(3_000)
        yard.drive(OPEN=1)
        await yard.until_ms(4_000)
        return yard.of("NOSE"), yard.of("TAIL")

    assert in_yard(story, edge=edges, mover="sliding_gate") == ([(1_000.0, True), (3_000.0, False)], [])


@pytest.mark.parametrize(("fault", "share"), [("cold", 0.125), ("worn", 0.2)])
def test_cold_and_wear_slow_it(fault, share):
    async def story(yard):
        yard.barrier.set_fault(fault, True)
        close(yard)
        await yard.until_ms(1_000)
        slow = yard.barrier.position
        yard.barrier.set_fault(fault, False)
        await yard.until_ms(2_000)
        return slow, yard.barrier.position

    assert in_yard(story, cold_factor=2.0) == (pytest.approx(share), pytest.approx(share + 0.25))


def test_wear_can_be_dialled():
    async def story(yard):
        yard.barrier.slow_down(1.6)
        close(yard)
        await yard.until_ms(9_000)
        return yard.of("IS_CLOSED")

    assert in_yard(story) == [(3_960.0 * 1.6, False)]


def test_a_drive_fault_is_told_and_the_motor_stands():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.barrier.set_fault("drive_fault", True)
        await yard.until_ms(3_000)
        tripped = yard.barrier.position
        yard.barrier.set_fault("drive_fault", False)
        await yard.until_ms(4_000)
        return tripped, yard.barrier.position, yard.of("FAULT")

    assert in_yard(story) == (pytest.approx(0.25), pytest.approx(0.5), [(1_000.0, True), (3_000.0, False)])


def test_a_welded_contactor_runs_on_until_the_permit_drops():
    async def story(yard):
        yard.barrier.set_fault("runs_on", True)
        close(yard)
        await yard.until_ms(1_000)
        yard.drive(CLOSE=0)
        await yard.until_ms(2_000)
        on = yard.barrier.position
        yard.drive(PERMIT=0)
        await yard.until_ms(3_000)
        return on, yard.barrier.position

    assert in_yard(story) == (pytest.approx(0.5), pytest.approx(0.5))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 1.0),  # it stays
        ({"gravity": "lowers", "gravity_ms": 10_000}, 0.9),  # a bollard falls open
        ({"gravity": "lowers", "gravity_ms": 10_000, "runs_on_battery": True}, 1.0),
    ],
)
def test_what_it_does_when_the_mains_are_lost_is_its_gravity_and_battery(changes, expected):
    async def story(yard):
        close(yard)
        await yard.until_ms(5_000)
        yard.drive(CLOSE=0)
        yard.barrier.press("mains", True)
        await yard.until_ms(6_000)
        return yard.barrier.position, yard.of("MAINS")

    assert in_yard(story, **changes) == (pytest.approx(expected), [(5_000.0, True)])


def test_a_flat_battery_is_told_and_leaves_it_to_gravity():
    async def story(yard):
        yard.barrier.place(1.0)
        yard.barrier.press("mains", True)
        yard.barrier.set_fault("battery_flat", True)
        await yard.until_ms(5_000)
        return yard.barrier.position, yard.of("BATTERY")

    changes = {"gravity": "lowers", "gravity_ms": 10_000, "runs_on_battery": True}
    assert in_yard(story, **changes) == (pytest.approx(0.5), [(0.0, True)])


@pytest.mark.parametrize(("gravity", "expected"), [("lowers", 0.75), ("rises", 0.25)])
def test_a_boom_without_power_falls_shut_or_is_raised_by_its_weight(gravity, expected):
    async def story(yard):
        yard.barrier.place(0.5)
        yard.barrier.press("mains", True)
        await yard.until_ms(1_000)
        return yard.barrier.position

    assert in_yard(story, mover="boom", gravity=gravity, gravity_ms=4_000) == pytest.approx(expected)


def test_it_sinks_at_rest_until_its_limit_is_lost():
    async def story(yard):
        yard.barrier.place(1.0)
        await yard.until_ms(60_000)
        return yard.barrier.position, yard.of("IS_CLOSED")

    # 60 mm a minute of 600 mm: the hundredth of the limit is gone after 6 s.
    assert in_yard(story, drift_mm_min=60) == (pytest.approx(0.9), [(0.0, False), (6_000.0, True)])


def test_a_leaking_valve_opens_it_in_a_minute():
    async def story(yard):
        yard.barrier.place(1.0)
        yard.barrier.set_fault("leak", True)
        await yard.until_ms(30_000)
        return yard.barrier.position

    assert in_yard(story) == pytest.approx(0.5)


@pytest.mark.parametrize("source", ["fire_key", "fire_panel"])
def test_the_hardware_fire_release_opens_it_whatever_it_is_told(source):
    async def story(yard):
        yard.barrier.place(1.0)
        close(yard)
        yard.barrier.press("mains", True)
        yard.barrier.press("stop", True)
        if source == "fire_key":
            yard.barrier.press("fire_key", True)
        else:
            yard.plants.switches["fire_panel"].set(True)
        await yard.until_ms(2_500)
        return yard.barrier.position

    switch = {"id": "fire_panel", "kind": "fire", "line": "FIRE"}
    changes = {"fire_release": ["fire_key", "fire_panel"], "gravity_ms": 5_000, "switches": [switch]}
    assert in_yard(story, **changes) == pytest.approx(0.5)


@pytest.mark.parametrize(("cuts", "expected"), [(False, 0.75), (True, 0.25)])
def test_the_stop_button_cuts_the_motor_only_where_it_is_wired_so(cuts, expected):
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.barrier.press("stop", True)
        await yard.until_ms(3_000)
        return yard.barrier.position

    assert in_yard(story, stop_cuts=cuts) == pytest.approx(expected)


# --- keys and wires ---


def test_keys_have_the_levels_of_their_kind():
    async def story(yard):
        keys = ("stop", "reset", "service_key", "key_open", "key_close", "fire_key", "mains", "battery")
        lines = ("STOP", "RESET", "SERVICE", "KEY_OPEN", "KEY_CLOSE", "FIRE_KEY", "MAINS", "BATTERY")
        seen = []
        for on in (False, True, False):
            for key in keys:
                yard.barrier.press(key, on)
            seen.append("".join("01"[yard.level(line)] for line in lines))
            await asyncio.sleep(1)
        return seen

    # safety contacts are high when active, what is pressed to move or reset is low
    assert in_yard(story) == ["01011000", "10100111", "01011000"]


def test_what_springs_back_does_so_though_the_finger_never_left():
    async def story(yard):
        yard.barrier.hold("key_close", True)
        yard.barrier.hold("stop", True)
        await yard.until_ms(100_000)
        return yard.of("KEY_CLOSE"), yard.of("STOP")

    assert in_yard(story) == ([(0.0, False), (30_000.0, True)], [(0.0, True)])


@pytest.mark.parametrize(
    ("wrong", "levels"),
    [
        ("open", [True, True, True]),
        ("short", [False, False, False]),
        ("inverted", [True, False, True]),
        ("stuck", [False, False, False]),
    ],
)
def test_a_spoilt_input_shows_what_the_wire_makes_of_it(wrong, levels):
    async def story(yard):
        seen = []
        yard.barrier.set_wire("stop", wrong)
        for pressed in (False, True, False):
            yard.barrier.press("stop", pressed)
            seen.append(yard.level("STOP"))
        yard.barrier.press("stop", True)
        yard.barrier.set_wire("stop", "")
        return seen, yard.level("STOP"), yard.of("STOP")[-1][1]

    assert in_yard(story) == (levels, True, True)


def test_every_input_and_output_of_the_lane_can_be_spoilt_and_mended():
    async def story(yard):
        before = {line: yard.level(line) for line in ("IS_OPEN", "IS_CLOSED", "ENTRY", "BEAM", "RESET", "FAULT")}
        for name, wire in yard.barrier.wires.items():
            yard.barrier.set_wire(name, "open")
            if yard.wires.is_input(wire.line):
                assert yard.level(wire.line) is True, name
        spoilt = set(yard.barrier.state().wires)
        for name in yard.barrier.wires:
            yard.barrier.set_wire(name, "")
        after = {line: yard.level(line) for line in before}
        return spoilt, set(yard.barrier.wires), before == after, yard.barrier.state().wires

    spoilt, every, same, left = in_yard(story)
    assert spoilt == every
    assert {"open", "close", "permit", "beam_test", "red_in", "is_open", "is_closed", "entry", "beam"} <= every
    assert same
    assert left == {}


def test_a_cut_output_reaches_nothing():
    async def story(yard):
        close(yard)
        await yard.until_ms(1_000)
        yard.barrier.set_wire("permit", "open")
        await yard.until_ms(2_000)
        cut = yard.barrier.position
        yard.barrier.set_wire("permit", "")
        await yard.until_ms(3_000)
        return cut, yard.barrier.position

    assert in_yard(story) == (pytest.approx(0.25), pytest.approx(0.5))


def test_a_limit_that_sticks_says_what_it_said():
    async def story(yard):
        yard.barrier.set_wire("is_open", "stuck")
        close(yard)
        await yard.until_ms(5_000)
        return yard.of("IS_OPEN"), yard.level("IS_OPEN"), yard.barrier.position

    assert in_yard(story) == ([], False, 1.0)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda it: it.press("no_such", True),
        lambda it: it.press("emergency_close", True),  # it is not wired here
        lambda it: it.set_fault("no_such", True),
        lambda it: it.set_fault("entry_clear", True),  # a beam's
        lambda it: it.set_fault("__class__", True),
        lambda it: it.set_wire("no_such", "open"),
        lambda it: it.set_wire("stop", "burnt"),
        lambda it: it.set_wire("open", "short"),  # an output
        lambda it: it.put_ball("entry", 3),
        lambda it: it.put_ball("beam", -1),
        lambda it: it.put_ball("beam", 601),
    ],
)
def test_what_cannot_be_done_is_said(wrong):
    async def story(yard):
        before = yard.barrier.state()
        with pytest.raises(ActionError):
            wrong(yard.barrier)
        return yard.barrier.state() == before

    assert in_yard(story)


# --- lamps ---


def test_lamps_are_seen_as_they_are_lit_and_their_spans_kept():
    async def story(yard):
        yard.drive(GREEN_IN=1, RED_OUT=1)
        await yard.until_ms(1_500)
        lit = yard.barrier.state().lamps
        yard.drive(GREEN_IN=0)
        return lit, [(span.what, yard.ms(span.from_ns), yard.ms(span.until_ns)) for span in yard.barrier.spans]

    lit, spans = in_yard(story)
    assert lit == {"red_in": False, "green_in": True, "red_out": True, "green_out": False}
    assert spans == [("green_in", 0.0, 1_500.0)]


def test_green_that_is_lit_while_it_is_not_wholly_open_is_written_down():
    async def story(yard):
        yard.drive(GREEN_IN=1)
        close(yard)
        await yard.until_ms(1_000)
        yard.drive(GREEN_IN=0)
        yard.drive(GREEN_OUT=1)
        return sorted({(yard.ms(at_ns), lamp) for at_ns, lamp in yard.barrier.false_greens})

    assert in_yard(story) == [(40.0, "green_in"), (1_000.0, "green_out")]


# --- the file ---


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mover": "ramp"}, "mover"),
        ({"drive": []}, "drive"),
        ({"gravity": "rises"}, "bollard falls"),
        ({"mover": "sliding_gate", "gravity": "lowers"}, "gate stands"),
        ({"stop_cuts": True, "keys": {}}, "keys.stop"),
        ({"lane_mm": [1_000, 5_000]}, "lane_mm"),
        ({"loop": [{"id": "a", "line": "L", "zone_mm": [500, -500]}]}, "loop a"),
        ({"loop": [{"id": "a", "line": "L", "zone_mm": [-500, 50_000]}]}, "loop a"),
        ({"loop": [{"id": "beam", "line": "L", "zone_mm": [-500, 500]}]}, "beam"),
        ({"loop": [{"id": "barrier", "line": "L", "zone_mm": [-500, 500]}]}, "barrier"),
        ({"photocell": [{"id": "b", "line": "L", "at_mm": 20_000}]}, "photocell b"),
        ({"photocell": [{"id": "b", "line": "STOP"}]}, "taken"),
        ({"keys": {"stop": {"line": "STOP", "active_level": "on"}}}, "active_level"),
        ({"keys": {"panic": "P"}}, "panic"),
        ({"lamps": {"blue": "P"}}, "blue"),
        ({"fire_release": ["nobody"]}, "nobody"),
        ({"travel_open_ms": 0}, "travel_open_ms"),
        ({"colour": "red"}, "colour"),
        ({"drive": [{"open": "A", "close": "A"}]}, "taken"),
    ],
)
def test_a_wrong_table_is_refused_with_the_key(changes, said):
    async def build():
        Plants(layout_of({"barrier": [LANE | changes]}), Wires(asyncio.get_running_loop(), 1))

    with pytest.raises(LayoutError, match=said):
        run_virtual(build())


def test_a_reader_may_stand_at_a_barrier():
    layout_of({"barrier": [LANE], "reader": [{"id": "r", "d0": "A", "d1": "B", "at": "lane"}]})
    with pytest.raises(LayoutError, match="nowhere"):
        layout_of({"barrier": [LANE], "reader": [{"id": "r", "d0": "A", "d1": "B", "at": "nowhere"}]})


def test_a_line_may_say_its_own_level():
    async def story(yard):
        return yard.level("STOP"), yard.barrier.press("stop", True), yard.level("STOP")

    keys = LANE["keys"] | {"stop": {"line": "STOP", "active_level": "low"}}
    assert in_yard(story, keys=keys) == (True, None, False)


def test_the_demo_lane_has_every_wire_of_its_site(gate_file):
    """The lane that `make run` shows; which device hangs on which line is the site file's, compared elsewhere."""
    lane = tomllib.loads(gate_file.read_text())["barrier"][0]

    async def look():
        return sorted(wire.line for wire in Plants.load(gate_file).barriers["vehicle_lane"].wires.values())

    assert lane["id"] == "vehicle_lane"
    assert run_virtual(look()) == sorted(f"Y{number}" for number in range(1, 29))

"""The rules of motion at a bollard, a boom and a gate, each by its name in FIELD.md, section 3, at the wires."""

from __future__ import annotations

import pytest

from firmware.core.facts import (
    CloseBarrier,
    ConfirmClear,
    DeviceLost,
    DeviceRecovered,
    EmergencyClose,
    HoldOpen,
    InputChanged,
    Level,
    OpenOnce,
    OutputFailed,
    RecordTest,
    ResetFault,
    TemperatureMeasured,
)
from firmware.core.site import Closing, Cold, Direction, Drive, DriveCommand, Light, Mover, Sensor
from tests.core.lanes.lane_scene import NAME, LaneScene, barrier

GUARD = "guard Li"


def opened(s: LaneScene) -> LaneScene:
    """Somebody was let in, and the barrier is proven open."""
    s.wait(1_000)
    s.swipe()
    s.travel()
    assert s.lights() == "green"
    s.take()
    return s


def closing(s: LaneScene) -> LaneScene:
    """A car has passed, and the barrier closes."""
    opened(s)
    s.drive_in()
    s.wait(4_000)
    assert s.moving() == "closes", s.take()
    s.wait(500)
    s.leave_end()
    s.take()
    return s


# -- R1, R2, R3, R4: nobody is closed upon ----------------------------------------------------------------------------


@pytest.mark.parametrize("device", ["loop", "beam"])
@pytest.mark.parametrize("level", list(Level)[1:])
def test_r1_nothing_closes_while_a_device_is_active_or_not_healthy(device, level):
    s = opened(LaneScene())
    s.drive_in()
    s.input(device, level)
    s.wait(120_000)
    assert s.moving() == "rest"
    assert s.lights() == "red"


def test_r1_a_device_that_has_not_reported_since_the_start_is_not_clear():
    s = LaneScene(quiet=False)
    for name in s.state.wiring.inputs:
        if name not in ("loop", "is_down"):
            s.input(name, False)
    s.input("is_down", True)
    s.do(OpenOnce(GUARD, portal=NAME))
    s.wait(120_000)
    assert "barrier.opened" not in s.codes()
    assert s.moving() == "rest"


def test_r1_a_loop_without_self_test_must_have_been_seen_to_change():
    s = LaneScene(proven=False)
    s.swipe()
    s.travel()
    s.wait(60_000)  # nobody came, and the loop has never changed since the start
    assert s.moving() == "rest"
    assert s.seen().lane.against == ("not_proven:loop",)
    s.swipe()
    s.drive_in()
    s.wait(4_000)
    assert s.moving() == "closes"


def test_r1_what_was_seen_to_change_a_day_ago_proves_nothing():
    s = opened(LaneScene(barrier(proof_ms_max=3_600_000, passage_ms_max=600_000)))
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=3_700_000))
    s.wait(3_800_000)
    assert s.moving() == "rest"
    assert s.seen().lane.against == ("not_proven:loop",)


def test_r1_a_loop_that_clears_without_its_exit_sequence_needs_a_person():
    s = opened(LaneScene())
    s.input("entry", True)
    s.input("loop", True)
    s.input("entry", False)
    s.wait(30_000)
    s.input("loop", False)  # a parked car, and the detector has lost it
    s.wait(600_000)
    assert s.moving() == "rest"
    assert "lane.doubted" in s.codes()
    assert s.seen().lane.bars == ("doubt",)
    s.do(ConfirmClear(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("not_in_sight",)
    s.input("loop", True)
    s.do(ConfirmClear(GUARD, portal=NAME, in_sight=True))
    assert s.events[-1].reasons == ("lane_not_clear",)
    s.input("loop", False)
    s.do(ConfirmClear(GUARD, portal=NAME, in_sight=True))
    s.wait(5_000)
    assert s.moving() == "closes"


def test_r1_the_local_reset_confirms_too_and_doubt_outlives_the_power():
    s = opened(LaneScene())
    s.input("entry", True)
    s.input("loop", True)
    s.input("entry", False)
    s.input("loop", False)
    s.wait(10_000)
    again = LaneScene(at="is_down", kept=s.kept, proven=False)
    assert again.seen().lane.bars == ("doubt",)
    again.press_reset()
    assert again.seen().lane.bars == ()


def test_r2_a_device_holds_for_a_second_after_it_has_cleared():
    s = opened(LaneScene(barrier(clear_ms=1_000, warning_ms=1_000)))
    s.drive_in()
    cleared = next(at for at, text in reversed(s.trace) if text == "access.taken")
    s.wait(10_000)
    (closes,) = [at for at, text in s.take() if text == "up+"]
    assert closes >= cleared + 2_000


@pytest.mark.parametrize("device", ["loop", "beam"])
def test_r3_a_device_that_trips_while_it_closes_stops_it_and_sends_it_back(device):
    s = closing(LaneScene())
    s.input(device, True)
    assert "barrier.obstructed" in s.codes()
    assert s.take()[:2] == [(s.t, "up-"), (s.t, "permit-")]
    s.wait(499)
    assert s.moving() == "rest"  # R5: dead time
    s.wait(1)
    assert s.moving() == "opens"
    s.travel()
    assert s.moving() == "rest"


def test_r3_a_device_that_is_lost_while_it_closes_sends_it_back_too():
    s = closing(LaneScene())
    s.do(DeviceLost("beam", "cable"))
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "opens"
    assert "barrier.obstructed" not in s.codes()


def test_r4_a_second_obstruction_ends_all_closing_until_a_person_has_reset_it():
    s = closing(LaneScene())
    for _ in range(2):
        s.input("beam", True)
        s.wait(600)
        s.input("beam", False)
        s.travel()
        s.wait(2_500)
        if s.moving() == "closes":
            s.leave_end()
    assert s.moving() == "rest"
    assert s.codes().count("barrier.obstructed_again") == 1
    s.wait(600_000)
    assert s.moving() == "rest"
    s.do(CloseBarrier(GUARD, portal=NAME))
    assert s.events[-1].code == "command.refused"
    s.press_reset()
    s.do(CloseBarrier(GUARD, portal=NAME))
    s.wait(3_000)
    assert s.moving() == "closes"


def test_r4_what_was_obstructed_twice_stays_so_over_the_power():
    s = LaneScene(at="is_down", kept={f"obstructed:{NAME}": "1"}, proven=False)
    assert s.seen().lane.bars == ("obstructed",)
    assert "barrier.obstructed_again" in s.seen().alarms


def test_r4_one_obstruction_is_forgotten_with_the_next_close():
    s = closing(LaneScene())
    s.input("beam", True)
    s.wait(600)
    s.input("beam", False)
    s.travel()
    s.wait(2_500)
    s.travel()
    assert "barrier.closed" in s.codes()
    closing(s)
    s.input("beam", True)
    s.wait(600)
    assert "barrier.obstructed_again" not in [each.code for each in s.events]


# -- R5, R6: the machine ----------------------------------------------------------------------------------------------


def test_r5_a_new_direction_waits_for_the_dead_time_after_an_arrival():
    s = closing(LaneScene())
    s.input("is_up", True)
    s.swipe()
    assert s.moving() == "rest"
    s.wait(499)
    assert s.moving() == "rest"
    s.wait(1)
    assert s.moving() == "opens"


def test_r6_a_limit_that_does_not_come_is_a_latched_fault():
    s = LaneScene()
    s.swipe()
    s.leave_end()
    s.wait(14_999)
    assert s.moving() == "opens"
    s.wait(1)
    assert s.moving() == "rest"
    assert s.kept[f"fault:{NAME}"] == "overdue"
    s.swipe()
    assert s.events[-1].reasons[-1] == "barrier_barred"
    s.do(OpenOnce(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("barrier_barred",)
    s.wait(600_000)
    assert s.moving() == "rest"
    again = LaneScene(at="is_up", kept=s.kept, proven=False)
    again.swipe()
    assert again.moving() == "rest"
    again.do(ResetFault(GUARD, portal=NAME))
    again.wait(1_000)
    assert again.moving() == "rest", "nothing moves because of a reset"
    again.swipe()
    assert again.moving() == "opens"


@pytest.mark.parametrize("celsius", [-30.0, None])
def test_r6_the_cold_lengthens_the_limit_by_its_table(celsius):
    where = barrier(cold=(Cold(-10, 1.5), Cold(-25, 2.0)), temperature="thermometer")
    s = LaneScene(where)
    if celsius is not None:
        s.do(TemperatureMeasured("thermometer", celsius))
    s.swipe()
    s.leave_end()
    s.wait(29_999)  # what is not known is as cold as the table goes
    assert s.moving() == "opens"
    s.wait(1)
    assert s.moving() == "rest"


def test_r6_and_warmth_shortens_it_again():
    s = LaneScene(barrier(cold=(Cold(-10, 1.5), Cold(-25, 2.0)), temperature="thermometer"))
    s.do(TemperatureMeasured("thermometer", -10.0))
    s.swipe()
    s.leave_end()
    s.wait(22_500)
    assert s.moving() == "rest"
    s.press_reset()
    s.do(TemperatureMeasured("thermometer", -9.5))
    s.do(OpenOnce(GUARD, portal=NAME))
    s.wait(500 + 14_999)  # the dead time first
    assert s.moving() == "opens"
    s.wait(1)
    assert s.moving() == "rest"


@pytest.mark.parametrize(
    "fact",
    [
        InputChanged("drive_fault", Level.ACTIVE),
        InputChanged("drive_fault", Level.OPEN),
        InputChanged("is_down", Level.ACTIVE),  # both ends at once
        DeviceLost("is_up", "cable"),
        OutputFailed("down", "no answer"),
        DeviceLost("permit", "no answer"),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_r6_what_breaks_while_it_moves_stops_it_latched(fact):
    s = LaneScene()
    s.swipe()
    s.wait(50)
    s.do(fact)
    assert s.moving() == "rest"
    assert "portal.fault" in s.codes()
    s.do(ResetFault(GUARD, portal=NAME))
    refused = s.events[-1].code == "command.refused"
    assert refused == (not isinstance(fact, OutputFailed)), "a cause that lasts cannot be reset away"


def test_r6_a_position_that_jumps_is_a_fault():
    s = LaneScene()
    s.input("is_up", False)
    assert "portal.fault" in s.codes()
    assert s.moving() == "rest"


def test_r6_a_lost_output_that_comes_back_moves_nothing():
    s = LaneScene()
    s.do(DeviceLost("down", "no answer"))
    s.do(DeviceRecovered("down"))
    s.wait(60_000)
    assert s.moving() == "rest"
    s.swipe()
    assert s.moving() == "rest"
    s.do(ResetFault(GUARD, portal=NAME))
    s.wait(1_000)
    s.swipe()
    assert s.moving() == "opens"


# -- R7, R8: warning, lights, self-test -------------------------------------------------------------------------------


def test_r13_an_emergency_close_that_was_kept_moves_nothing_after_power():
    s = LaneScene(kept={f"emergency:{NAME}": "1"}, at="is_down", proven=False)
    s.drive_in()
    s.wait(60_000)
    assert s.moving() == "rest"
    s.do(EmergencyClose(GUARD, portal=NAME, confirmed=True))  # asked for in this run
    s.wait(2_500)
    assert s.moving() == "closes"


def test_r16_a_blocked_beam_is_told_before_a_closed_barrier_with_a_fault_too():
    s = LaneScene()
    s.input("drive_fault", True)
    s.input("beam", True)
    s.wait(19_900)
    assert "barrier.beam_blocked" not in s.codes()
    s.wait(100)
    assert "barrier.beam_blocked" in s.codes()


def test_a_reset_that_is_refused_has_changed_nothing():
    s = LaneScene()
    for name in ("stop", "drive_fault"):
        s.input(name, True)
        s.input(name, False)
    s.do(ResetFault(GUARD, portal=NAME))  # from afar: the stop ends only in sight of it
    assert s.events[-1].code == "command.refused"
    assert "portal.fault" in s.seen().alarms
    s.do(ResetFault(GUARD, portal=NAME, in_sight=True))
    assert {"command.done", "portal.fault_reset", "barrier.stop_reset"} <= set(s.codes())
    assert s.seen().alarms == ()


# R6: an open limit that does not let go proves nothing


def leaves_no_limit(s: LaneScene, ms: int) -> LaneScene:
    """It closes for so long, and its limit says that it is open still."""
    opened(s)
    s.drive_in()
    s.wait_until_closing(4_000)
    s.wait(ms)
    s.take()
    return s


def test_r6_a_close_whose_open_limit_does_not_let_go_is_latched():
    s = leaves_no_limit(LaneScene(barrier(travel_ms_max=8_000)), 899)  # the scene looks every 100 ms
    assert s.moving() == "closes"
    s.wait(101)  # an eighth of the longest travel
    assert (s.moving(), s.seen().lane.bars) == ("rest", ("fault",))
    assert [(each.code, each.detail) for each in s.events[-1:]] == [("portal.fault", "limit_stuck")]
    s.press_reset()  # a person has looked; and where it stands is not known all the same
    assert (s.lights(), s.seen().position) == ("red", "between")
    s.swipe()
    s.wait(60_000)
    assert (s.lights(), s.moving()) == ("red", "rest")


@pytest.mark.parametrize("by", ["swipe", "beam"])
def test_r6_who_goes_back_before_the_limit_let_go_is_not_open_before_he_was_driven_back(by):
    s = leaves_no_limit(LaneScene(), 700)
    s.swipe() if by == "swipe" else s.input("beam", True)
    s.input("beam", False)
    s.wait(499)
    assert (s.moving(), s.lights()) == ("rest", "red")
    s.wait(1)
    assert s.moving() == "opens"
    s.wait(1_300)
    assert s.lights() == "red"
    s.wait(400)  # twice as long as it closed: the scene looks every 100 ms
    assert s.moving() == "rest"
    assert s.seen().position == "open"
    if by == "swipe":
        assert s.lights() == "green"


def test_r6_a_stop_before_the_limit_let_go_leaves_it_between_its_ends_over_the_power_too():
    s = leaves_no_limit(LaneScene(), 700)
    for name, on in (("stop", True), ("stop", False)):
        s.input(name, on)
    s.press_reset()
    assert (s.lights(), s.seen().position) == ("red", "between")
    again = LaneScene(kept=s.kept, at="is_down")
    again.swipe()
    again.wait(60_000)
    assert (again.lights(), again.seen().position) == ("red", "between")
    again.do(OpenOnce(GUARD, portal=NAME))
    assert again.moving() == "opens"
    again.wait(1_700)
    assert (again.moving(), again.lights()) == ("rest", "green")
    assert f"drift:{NAME}" not in again.kept


def test_r6_a_drift_that_cannot_be_read_is_the_longest():
    s = LaneScene(kept={f"drift:{NAME}": "half"}, at="is_down")
    assert (s.lights(), s.seen().position) == ("red", "between")
    s.do(OpenOnce(GUARD, portal=NAME))
    s.wait(14_900)
    assert s.moving() == "opens"
    s.wait(100)
    assert (s.moving(), s.lights()) == ("rest", "green")


def test_r6_the_first_limit_of_a_group_that_lets_go_excuses_no_other_one():
    drives = (Drive("down", "up", ("is_down",), ("is_up",)), Drive("down_2", "up_2", ("is_down_2",), ("is_up_2",)))
    s = LaneScene(barrier(drives=drives), at="nowhere")
    for name in ("is_down", "is_down_2"):
        s.input(name, True)
    s.do(CloseBarrier(GUARD, portal=NAME))
    s.wait_until_closing(3_000)
    s.input("is_down", False)
    s.wait(1_900)
    assert [(each.code, each.detail) for each in s.events[-1:]] == [("portal.fault", "limit_stuck")]
    s.input("is_down", True)
    s.press_reset()
    assert s.seen().position == "between"


def test_r7_light_and_sounder_before_a_close_and_through_it():
    s = opened(LaneScene(barrier(warning_ms=1_500)))
    s.drive_in()
    s.wait_until_closing(10_000)
    trace = dict(reversed([(text, at) for at, text in s.take()]))
    assert trace["up+"] - trace["warning+"] == 1_500
    assert trace["up+"] - trace["sounder+"] == 1_500
    assert s.outputs["warning"]
    assert s.outputs["sounder"]
    s.travel()
    assert not s.outputs["warning"]
    assert not s.outputs["sounder"]


def test_r7_green_only_when_proven_open():
    s = LaneScene()
    assert s.lights() == "red"
    s.swipe()
    s.wait(100)
    s.leave_end()
    s.wait(3_000)
    assert s.lights() == "red"
    s.input("is_down", True)
    assert s.lights() == "green"
    assert s.lights("out") == "red"


def test_r8_a_photocell_that_does_not_answer_its_self_test_closes_nothing():
    s = LaneScene()
    s.deaf = frozenset({"beam"})
    opened(s)
    s.input("entry", True)
    s.input("loop", True)
    s.input("entry", False)
    s.input("exit", True)
    s.input("loop", False)
    s.input("exit", False)
    s.wait(60_000)
    assert s.moving() == "rest"
    assert s.codes().count("barrier.sensor_fault") == 1
    s.deaf = frozenset()
    s.press_reset()
    s.wait(2_000)
    s.do(CloseBarrier(GUARD, portal=NAME))
    s.wait(3_000)
    assert s.moving() == "closes"


def test_r8_somebody_in_the_beam_during_its_self_test_is_seen():
    s = opened(LaneScene())
    s.drive_in()
    s.occupied = frozenset({"beam"})  # comes while the transmitter is off, and is there when it is on again
    s.wait(20_000)
    assert s.moving() == "rest"
    assert "barrier.sensor_fault" not in s.codes()
    s.occupied = frozenset()
    s.input("beam", False)
    s.wait(4_100)
    assert s.moving() == "closes"


def test_r8_without_automatic_closing_only_the_local_key_closes():
    s = opened(LaneScene(barrier(closing=Closing.HOLD_TO_RUN)))
    s.drive_in()
    s.wait(60_000)
    assert s.moving() == "rest"
    assert "barrier.waits" in s.codes()
    s.do(CloseBarrier(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("lane_not_clear:hold_to_run_only",)
    s.input("key_close", True)
    s.wait(2_000)
    assert s.moving() == "closes"


# -- R9, R10: hold-to-run, and what does not move it ------------------------------------------------------------------


def test_r9_letting_go_of_the_key_stops_at_once():
    s = opened(LaneScene())
    s.wait(33_000)
    s.travel()
    for key, direction in (("key_open", "opens"), ("key_close", "closes")):
        s.input(key, True)
        s.wait(2_600)
        assert s.moving() == direction
        s.leave_end()
        s.input(key, False)
        assert s.moving() == "rest"
    assert "barrier.halted" in s.codes()


def test_r9_the_key_overrides_a_faulty_device_and_never_an_active_one():
    s = opened(LaneScene())
    s.do(DeviceLost("beam", "cable"))
    s.input("key_close", True)
    s.wait(2_000)
    assert s.moving() == "closes"
    s.leave_end()
    s.input("loop", True)
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "opens"  # R3, whoever holds the key
    s.travel()
    s.wait(60_000)
    assert s.moving() == "rest"


def test_r9_both_keys_at_once_move_nothing():
    s = LaneScene()
    s.input("key_open", True)
    assert s.moving() == "opens"
    s.input("key_close", True)
    assert s.moving() == "rest"


def test_r10_once_closed_loops_and_beams_do_not_open_it():
    s = LaneScene()
    for device in ("entry", "loop", "beam", "exit"):
        s.input(device, True)
    s.wait(60_000)
    assert s.moving() == "rest"


# -- R11: one credential, one passage ---------------------------------------------------------------------------------


def test_r11_nobody_comes_and_it_closes():
    s = opened(LaneScene())
    s.wait(29_999)
    assert s.lights() == "green"
    s.wait(1)
    assert s.lights() == "red"
    assert "access.not_taken" in s.codes()
    s.wait(2_000)
    assert s.moving() == "closes"


# -- R12, R19: stop, service key --------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", list(Level)[1:])
def test_r12_stop_ends_powered_motion_and_is_latched(level):
    s = closing(LaneScene())
    s.input("stop", level)
    assert [text for _, text in s.take()][:2] == ["up-", "permit-"]
    s.input("stop", False)
    s.wait(600_000)
    assert s.moving() == "rest"
    s.do(OpenOnce(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("barrier_barred",)
    s.do(ResetFault(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("not_in_sight",)
    again = LaneScene(at="nowhere", kept=s.kept, proven=False)
    again.do(OpenOnce(GUARD, portal=NAME))
    assert again.moving() == "rest"
    again.press_reset()
    again.wait(600_000)
    assert again.moving() == "rest", "nothing moves because of a reset"
    again.do(OpenOnce(GUARD, portal=NAME))
    assert again.moving() == "opens"


def test_r12_a_reset_while_it_is_pressed_ends_nothing():
    s = LaneScene()
    s.input("stop", True)
    s.press_reset()
    s.input("stop", False)
    s.swipe()
    assert s.moving() == "rest"


def test_r12_a_reset_button_that_is_stuck_resets_nothing():
    s = LaneScene()
    s.input("reset", True)
    s.input("stop", True)
    s.input("stop", False)
    s.wait(10_000)
    s.swipe()
    assert s.moving() == "rest"


@pytest.mark.parametrize("device", ["service_key", "cover"])
def test_r19_whoever_works_at_it_is_not_moved_upon_not_even_by_fire(device):
    s = LaneScene(fire_inputs=("fire",))
    s.input(device, True)
    s.input("fire", True)
    s.input("fire_key", True)
    s.input("key_open", True)
    s.swipe()
    s.wait(60_000)
    assert s.moving() == "rest"
    s.input("key_open", False)
    s.input("fire_key", False)
    s.input("fire", False)
    s.input("is_up", False)  # by the crank
    s.input("is_down", True)
    assert "portal.fault" not in s.codes()
    s.input(device, False)
    s.wait(60_000)
    s.swipe()
    assert "barrier_barred" in s.events[-1].reasons
    s.press_reset()
    s.wait(60_000)
    assert s.moving() == "rest"
    s.swipe()
    assert s.lights() == "green"


# -- R13, R14, R15: power, fire, emergency ----------------------------------------------------------------------------


def test_r13_on_battery_nothing_closes_and_an_opening_is_finished():
    s = LaneScene()
    s.swipe()
    s.wait(100)
    s.leave_end()
    s.input("mains", True)
    assert s.moving() == "opens"
    s.travel()
    s.drive_in()
    s.wait(120_000)
    assert s.moving() == "rest"
    s.input("mains", False)
    s.wait(2_000)
    assert s.moving() == "closes"
    s.leave_end()
    s.input("mains", True)
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "opens"


@pytest.mark.parametrize("at", ["is_up", "is_down", "nowhere"])
def test_r13_nothing_moves_on_boot(at):
    s = LaneScene(at=at, proven=False)
    s.wait(3_600_000)
    assert s.moving() == "rest"
    assert s.lights() == "red"
    assert ("barrier.between" in [event.code for event in s.events]) == (at == "nowhere")


def test_r13_a_credential_brings_nothing_down_from_between_its_ends_and_a_person_does():
    s = LaneScene(at="nowhere", proven=False)
    s.swipe()
    assert s.moving() == "rest"
    s.do(OpenOnce(GUARD, portal=NAME))
    assert s.moving() == "opens"
    s.travel()
    assert s.lights() == "green"


def test_r13_a_drive_that_lowers_by_itself_without_mains_is_no_fault():
    s = LaneScene()
    s.input("mains", True)
    s.input("is_up", False)
    s.input("is_down", True)
    assert "portal.fault" not in s.codes()


@pytest.mark.parametrize("level", list(Level)[1:])
def test_r14_fire_opens_and_holds_over_lockdown_and_at_boot(level):
    s = LaneScene(fire_inputs=("fire",), proven=False, quiet=False, kept={"lockdown": "*"})
    s.input("fire", level)
    for name in s.state.wiring.inputs:
        if name != "fire":
            s.input(name, name == "is_up")
    assert s.moving() == "opens"
    s.travel()
    s.wait(600_000)
    assert s.moving() == "rest"
    assert s.lights() == s.lights("out") == "green"
    s.input("fire", False)
    s.wait(600_000)
    assert s.moving() == "rest", "nothing closes because a fire is over"


def test_r14_fire_ends_a_close():
    s = closing(LaneScene(fire_inputs=("fire",)))
    s.input("fire", True)
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "opens"


def test_r14_the_fire_brigades_key_needs_neither_credential_nor_network():
    s = LaneScene()
    s.input("fire_key", True)
    assert s.moving() == "opens"
    s.travel()
    s.input("fire_key", False)
    s.wait(600_000)
    assert s.moving() == "rest"


def test_r15_an_emergency_close_keeps_the_interlocks_and_needs_a_reset():
    s = opened(LaneScene())
    s.input("loop", True)
    s.input("emergency", True)
    s.wait(10_000)
    assert s.moving() == "rest"
    s.input("entry", True)
    s.input("loop", False)
    s.input("entry", False)
    s.wait(4_000)
    assert s.moving() == "closes"
    s.travel()
    s.input("emergency", False)
    s.swipe()
    assert "barrier_barred" in s.events[-1].reasons
    s.press_reset()
    s.wait(1_000)
    s.swipe()
    assert s.moving() == "opens"


def test_r15_by_command_it_is_asked_twice():
    s = opened(LaneScene())
    s.do(EmergencyClose(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("not_confirmed",)
    s.do(EmergencyClose(GUARD, portal=NAME, confirmed=True))
    s.wait(2_000)
    assert s.moving() == "closes"


# -- R16, R17, R18 ----------------------------------------------------------------------------------------------------


def test_r16_a_beam_that_is_blocked_for_long_before_a_closed_barrier_is_an_alarm():
    s = LaneScene()
    s.input("beam", True)
    s.wait(19_999)
    assert "barrier.beam_blocked" not in s.codes()
    s.wait(1)
    assert "barrier.beam_blocked" in s.codes()


def test_r16_a_loop_that_is_stuck_is_a_fault_and_the_barrier_stays_open():
    s = opened(LaneScene(barrier(safety=(Sensor("loop", stuck_ms=60_000),))))
    s.input("entry", True)
    s.input("loop", True)
    s.wait(60_000)
    assert "barrier.sensor_fault" in s.codes()
    s.input("key_close", True)
    s.wait(600_000)
    assert s.moving() == "rest"


def test_r17_a_close_from_afar_needs_local_proof_of_a_clear_lane():
    s = opened(LaneScene())
    s.do(HoldOpen(GUARD, portal=NAME, for_ms=3_600_000))
    s.do(CloseBarrier(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("lane_not_clear",)
    s = LaneScene(at="is_down")
    s.input("beam", True)
    s.do(CloseBarrier(GUARD, portal=NAME))
    assert s.events[-1].reasons == ("lane_not_clear:active:beam",)
    s.input("beam", False)
    s.wait(2_000)
    s.do(CloseBarrier(GUARD, portal=NAME))
    s.wait(2_000)
    assert s.moving() == "closes"


def test_r18_cycles_and_the_yearly_test():
    s = closing(LaneScene(barrier(cycles_service=2)))
    s.input("is_up", True)
    assert "barrier.service_due" not in s.codes()
    closing(s)
    s.input("is_up", True)
    assert "barrier.service_due" in s.codes()
    assert s.seen().lane.cycles == 2
    s.do(RecordTest(GUARD, portal=NAME, note="160 N"))
    assert "barrier.device_tested" in s.codes()
    again = LaneScene(kept=s.kept)
    assert again.seen().lane.cycles == 2


# -- booms and gates --------------------------------------------------------------------------------------------------


def gate(**fields):
    return barrier(
        mover=Mover.SLIDING_GATE,
        edges_closing=(Sensor("edge", test="edge_test"),),
        edges_opening=(Sensor("edge_behind", test="behind_test"),),
        **fields,
    )


def test_r3_a_gate_that_meets_somebody_while_it_opens_backs_off_and_is_latched():
    s = LaneScene(gate(), fire_inputs=("fire",))
    s.swipe()
    s.wait(300)
    s.leave_end()
    s.wait(700)
    s.input("edge_behind", True)
    assert s.moving() == "rest"
    s.wait(500)
    assert s.moving() == "closes"
    assert s.outputs["sounder"]
    s.wait(500)
    assert s.moving() == "rest"
    assert "portal.fault" in s.codes()
    s.input("edge_behind", False)
    s.input("fire", True)
    s.wait(60_000)
    assert s.moving() == "rest", "fire does not override it"


def test_r3_a_bollard_does_not_back_off():
    s = LaneScene(barrier(edges_opening=(Sensor("edge_behind", test="behind_test"),)))
    s.swipe()
    s.wait(300)
    s.leave_end()
    s.input("edge_behind", True)
    s.wait(60_000)
    assert s.moving() == "rest"


def test_r3_backing_off_does_not_close_upon_somebody():
    s = LaneScene(gate())
    s.swipe()
    s.wait(300)
    s.leave_end()
    s.input("edge_behind", True)
    s.wait(600)
    assert s.moving() == "closes"
    s.input("beam", True)
    assert s.moving() == "rest"


def test_a_boom_whose_arm_is_off_does_not_move():
    s = LaneScene(barrier(mover=Mover.BOOM, arm_detached="arm"))
    s.input("arm", True)
    assert "barrier.arm_detached" in s.codes()
    s.swipe()
    assert s.moving() == "rest"


def test_several_bollards_are_at_an_end_when_all_are():
    drives = (
        Drive("down", "up", ("is_down", "is_down_2"), ("is_up", "is_up_2"), permit="permit"),
        Drive("down_b", "up_b", ("is_down_b",), ("is_up_b",)),
    )
    s = LaneScene(barrier(drives=drives), at="nowhere", proven=False)
    for name in ("is_up", "is_up_2", "is_up_b"):
        s.input(name, True)
    s.swipe()
    assert s.outputs["down"]
    assert s.outputs["down_b"]
    for name in ("is_up", "is_up_2", "is_up_b"):
        s.input(name, False)
    for name in ("is_down", "is_down_b"):
        s.input(name, True)
    assert s.lights() == "red"
    s.input("is_down_2", True)
    assert s.lights() == "green"


def test_a_drive_that_is_asked_by_pulses_is_stopped_by_its_permit():
    s = LaneScene(barrier(command=DriveCommand.PULSE, pulse_ms=500))
    s.swipe()
    s.wait(500)
    assert not s.outputs["down"]
    assert s.outputs["permit"]
    s.leave_end()
    s.input("stop", True)
    assert not s.outputs["permit"]


def test_a_drive_that_goes_back_by_itself_is_an_obstruction():
    s = closing(LaneScene())
    s.input("is_down", True)
    assert s.moving() == "rest"
    assert "barrier.obstructed" in s.codes()


def test_lights_of_one_side_are_enough():
    s = LaneScene(barrier(lights=(Light(Direction.IN, "red_in"),)))
    s.swipe()
    s.travel()
    assert not s.outputs["red_in"]

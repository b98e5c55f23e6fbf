"""The safety devices of a barrier: whether each can be believed, is stuck, flickers, and answers its self-test."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.barrier.machines import TESTING, WATCH, Testing, TestingTrigger, Watch, WatchTrigger
from firmware.core.barrier.state import End
from firmware.core.barrier.turn import Turn
from firmware.core.codes import Code
from firmware.core.levels import FAULT_LEVELS, Level
from firmware.core.site import SensorKind

STUCK = "stuck"
SELF_TEST = "self-test"
RELAY = "fault relay"
FLICKER_RISES = 12
FLICKER_WINDOW_MS = 20_000  # twelve vehicles in twenty seconds are none


def spot_changed(turn: Turn, which: int) -> None:
    """The level of a device, or of its fault relay, has changed."""
    said = _said(turn, which)
    if said is not None:
        watch_on(turn, which, said)
    if said is WatchTrigger.FAULTED and turn.state.spots[which].masked:
        testing_on(turn, TestingTrigger.ABORT)  # what it answers after that is no answer
    elif turn.state.testing is Testing.ASSERTED and all(
        turn.state.levels[turn.plan.level_of[each]] is Level.ACTIVE for each in turn.plan.tested
    ):
        testing_on(turn, TestingTrigger.ANSWERED)
    elif turn.state.testing is Testing.RELEASED:
        if turn.state.levels[turn.plan.level_of[which]] is Level.INACTIVE and turn.state.spots[which].masked:
            turn.set_spot(which, masked=False)
        if not any(spot.masked for spot in turn.state.spots):
            testing_on(turn, TestingTrigger.CLEARED)
    _time_beam(turn, which)


def _said(turn: Turn, which: int) -> WatchTrigger | None:
    """What level and fault relay say together; None while one has not reported."""
    level = turn.state.levels[turn.plan.level_of[which]]
    relay_place = turn.plan.relay_of.get(which)
    relay = Level.INACTIVE if relay_place is None else turn.state.levels[relay_place]
    if level in FAULT_LEVELS or relay not in (Level.INACTIVE, None):
        return WatchTrigger.FAULTED
    if level is None or relay is None:
        return None
    return WatchTrigger.ROSE if level is Level.ACTIVE else WatchTrigger.FELL


def watch_on(turn: Turn, which: int, trigger: WatchTrigger, why: str = "") -> None:
    """One trigger for one device."""
    before = turn.state.spots[which].watch
    target, actions = WATCH.on(before, trigger)
    if target is not before:
        turn.set_spot(which, watch=target)
    for action in actions:
        _WATCH_ACTIONS[action](turn, which, why)


def _device(turn: Turn, which: int) -> str:
    return turn.plan.spots[which].sensor.input


def _time(turn: Turn, which: int, _why: str) -> None:
    turn.set_spot(which, seen=True)
    if not turn.state.spots[which].masked:
        _count_rise(turn, which)
    turn.put(f"stuck:{which}", turn.plan.spots[which].sensor.stuck_ms)


def _count_rise(turn: Turn, which: int) -> None:
    """A device that comes and goes faster than traffic does is told, once each window; it vetoes all the same."""
    spot = turn.state.spots[which]
    if turn.now_ms - spot.rises_from_ms > FLICKER_WINDOW_MS:
        turn.set_spot(which, rises=1, rises_from_ms=turn.now_ms)
        return
    turn.set_spot(which, rises=spot.rises + 1)
    if spot.rises + 1 == FLICKER_RISES:
        turn.record(Code.SENSOR_FLICKERS, device=_device(turn, which), count=FLICKER_RISES)


def _untime(turn: Turn, which: int, _why: str) -> None:
    turn.drop(f"stuck:{which}")


def _prove(turn: Turn, which: int, _why: str = "") -> None:
    """Seen to work. For how long that is good is the barrier's to say (R1: recent plausible change)."""
    if not turn.plan.spots[which].closing:
        return
    turn.set_spot(which, proven=True)
    turn.put(f"proof:{which}", turn.plan.barrier.proof_ms_max)


def _cleared(turn: Turn, which: int, _why: str) -> None:
    """R2: a while after it has cleared, it is still not clear. A device that was in its self-test has not cleared."""
    if turn.plan.spots[which].closing and not turn.state.spots[which].masked:
        turn.put("clear", turn.plan.barrier.clear_ms)


def _fault(turn: Turn, which: int, why: str) -> None:
    turn.set_spot(which, proven=False)
    turn.drop(f"proof:{which}")
    watch = turn.state.spots[which].watch
    level = turn.state.levels[turn.plan.level_of[which]]
    said = level.value if level in FAULT_LEVELS else RELAY
    detail = why or (STUCK if watch is Watch.STUCK else said)
    turn.record(Code.SENSOR_FAULT, device=_device(turn, which), detail=detail)


def _healthy(turn: Turn, which: int, _why: str) -> None:
    turn.record(Code.SENSOR_HEALTHY, device=_device(turn, which))


def _look(turn: Turn, which: int, _why: str) -> None:
    said = _said(turn, which)
    if said is not None:
        watch_on(turn, which, said)


_WATCH_ACTIONS: dict[str, Callable[[Turn, int, str], None]] = {
    "time": _time,
    "untime": _untime,
    "prove": _prove,
    "cleared": _cleared,
    "fault": _fault,
    "healthy": _healthy,
    "look": _look,
}
WATCH.check_actions(_WATCH_ACTIONS)


# -- self-test --------------------------------------------------------------------------------------------------------


def testing_on(turn: Turn, trigger: TestingTrigger) -> None:
    """One trigger for the self-test of all devices that are wired for one."""
    before = turn.state.testing
    target, actions = TESTING.on(before, trigger)
    if target is not before:
        turn.set(testing=target)
    for action in actions:
        _TESTING_ACTIONS[action](turn)


def _mask(turn: Turn) -> None:
    for which in turn.plan.tested:
        turn.set_spot(which, masked=True)


def _unmask(turn: Turn) -> None:
    """Whatever is active now is active."""
    for which in turn.plan.tested:
        if turn.state.spots[which].masked:
            turn.set_spot(which, masked=False)


def _time_test(turn: Turn) -> None:
    turn.put("test", turn.plan.barrier.test_ms)


def _untime_test(turn: Turn) -> None:
    turn.drop("test")


def _fail(turn: Turn) -> None:
    """Who still reads clear does not work: nothing closes by it before a person has looked."""
    for which in turn.plan.tested:
        if turn.state.levels[turn.plan.level_of[which]] is not Level.ACTIVE:
            watch_on(turn, which, WatchTrigger.TEST_FAILED, SELF_TEST)


def _prove_all(turn: Turn) -> None:
    for which in turn.plan.tested:
        _prove(turn, which)


_TESTING_ACTIONS: dict[str, Callable[[Turn], None]] = {
    "mask": _mask,
    "unmask": _unmask,
    "time": _time_test,
    "untime": _untime_test,
    "fail": _fail,
    "prove": _prove_all,
}
TESTING.check_actions(_TESTING_ACTIONS)


# -- what they do beside that -----------------------------------------------------------------------------------------


def _time_beam(turn: Turn, which: int) -> None:
    """R16: a beam that is blocked for long before a closed barrier."""
    if turn.plan.spots[which].kind is not SensorKind.PHOTOCELL:
        return
    timer = f"beam:{which}"
    if turn.state.end is End.CLOSED and turn.state.levels[turn.plan.level_of[which]] is Level.ACTIVE:
        if not turn.runs(timer):
            turn.put(timer, turn.plan.barrier.beam_ms_max)
    else:
        turn.drop(timer)


def time_beams(turn: Turn) -> None:
    """The barrier has come to its closed end, or has left it."""
    for which in turn.plan.closing:
        _time_beam(turn, which)


def beam_due(turn: Turn, which: int) -> None:
    turn.record(Code.BEAM_BLOCKED, device=_device(turn, which))


def proof_due(turn: Turn, which: int) -> None:
    """It was seen to work too long ago."""
    turn.set_spot(which, proven=False)


def vehicle_entered(turn: Turn) -> None:
    """From here on each device has to notice the vehicle that passes."""
    for which in turn.plan.closing:
        seen = turn.state.levels[turn.plan.level_of[which]] is Level.ACTIVE
        if turn.state.spots[which].seen is not seen:
            turn.set_spot(which, seen=seen)


def vehicle_passed(turn: Turn) -> None:
    """A vehicle was proven to pass: a loop or photocell that did not notice it is not proven any more."""
    for which in turn.plan.closing:
        spot = turn.state.spots[which]
        if turn.plan.spots[which].kind is SensorKind.EDGE or spot.seen or spot.watch is not Watch.CLEAR:
            continue
        if spot.proven or turn.plan.spots[which].sensor.test is not None:
            turn.set_spot(which, proven=False)
            turn.drop(f"proof:{which}")
            turn.record(Code.SENSOR_UNPROVEN, device=_device(turn, which))

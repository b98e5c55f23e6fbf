"""The motion of a barrier: from end to end, and what ends it. Who wants it moved stands in pursuit.py."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from firmware.core.barrier import history
from firmware.core.barrier.interlock import may_back_off, may_open, on_battery, pinched
from firmware.core.barrier.machines import (
    MOTION,
    OBSTRUCTION,
    Latch,
    Motion,
    MotionTrigger,
    Obstruction,
    ObstructionTrigger,
    Testing,
    TestingTrigger,
)
from firmware.core.barrier.plan import Part
from firmware.core.barrier.sensors import testing_on, time_beams
from firmware.core.barrier.state import End
from firmware.core.barrier.turn import Turn
from firmware.core.codes import Code
from firmware.core.facts import Level
from firmware.core.site import DriveCommand

LATCHED = (Motion.FAULT, Motion.RECOILING, Motion.BACKING)  # until a person has reset it
FAULT, OBSTRUCTED, HISTORY, DRIFT = "fault", "obstructed", "history", "drift"  # keys of what is kept
LET_GO_PART, LET_GO_MS_MIN = 8, 500  # of the travel limit, and at least: until a limit lets go of what leaves it
LIMIT_STUCK = "limit_stuck"


def motion_on(turn: Turn, trigger: MotionTrigger, why: str = "") -> None:
    """One trigger for the motion."""
    before = turn.state.motion
    target, actions = MOTION.on(before, trigger)
    if target is not before:
        turn.set(motion=target)
    if target is Motion.OPEN:
        turn.set(homed=True)
    if turn.state.tripped and target not in (Motion.REVERSING, Motion.OPENING):
        turn.set(tripped=False)
    for action in actions:
        _ACTIONS[action](turn, why or trigger.value)


# -- the limits -------------------------------------------------------------------------------------------------------

_AT = {
    End.CLOSED: MotionTrigger.AT_CLOSED,
    End.OPEN: MotionTrigger.AT_OPEN,
    End.BETWEEN: MotionTrigger.OFF_LIMITS,
    End.BOTH: MotionTrigger.CONTRADICTED,
    End.LOST: MotionTrigger.LIMIT_LOST,
}
_BELIEVED = (Level.ACTIVE, Level.INACTIVE)


def end_of(turn: Turn) -> End:
    """What all limits together say."""
    levels = turn.state.levels
    ends = set()
    for opened, closed in turn.plan.limits:
        here = [levels[place] for place in (*opened, *closed)]
        if None in here:
            return End.UNKNOWN
        if any(level not in _BELIEVED for level in here):
            return End.LOST
        any_open = any(levels[place] is Level.ACTIVE for place in opened)
        any_closed = any(levels[place] is Level.ACTIVE for place in closed)
        if any_open and any_closed:
            return End.BOTH
        all_open = all(levels[place] is Level.ACTIVE for place in opened)
        all_closed = all(levels[place] is Level.ACTIVE for place in closed)
        ends.add(End.OPEN if all_open else End.CLOSED if all_closed else End.BETWEEN)
    return ends.pop() if len(ends) == 1 else End.BETWEEN


def limit_changed(turn: Turn) -> None:
    """A limit has another level than before."""
    before, end = turn.state.end, end_of(turn)
    if not _holds_open(turn):
        turn.drop("let_go", "return")
        _set_drift(turn, 0)
    if end is before:
        return
    turn.set(end=end)
    time_beams(turn)
    if end is End.UNKNOWN:
        return
    trigger = _at(turn)
    if end in (End.CLOSED, End.OPEN, End.BETWEEN) and _jumped(turn, before):
        trigger = MotionTrigger.JUMPED
    motion_on(turn, trigger)


def _jumped(turn: Turn, before: End) -> bool:
    """It stood proven at an end, and nobody may have moved it by hand, by gravity or without the mains (R6)."""
    at_rest = turn.state.motion in (Motion.CLOSED, Motion.OPEN, Motion.WARNING)
    if not at_rest or before not in (End.CLOSED, End.OPEN):
        return False
    state = turn.state
    by_others = state.fire or state.isolation is not Latch.CLEAR or state.stop is not Latch.CLEAR
    return not by_others and not on_battery(turn.plan, state)


def _holds_open(turn: Turn) -> bool:
    """Whether an open limit says, or may say, that it has not been left: one that has let go is inactive."""
    levels = turn.state.levels
    return any(levels[place] is not Level.INACTIVE for opened, _ in turn.plan.limits for place in opened)


def _at(turn: Turn) -> MotionTrigger:
    """What the limits prove. An open limit that has not let go while the barrier was driven from it proves nothing."""
    end = turn.state.end
    doubtful = turn.state.drift_ms > 0 or turn.runs("let_go")
    return MotionTrigger.OFF_LIMITS if end is End.OPEN and doubtful else _AT[end]


def _set_drift(turn: Turn, drift_ms: int) -> None:
    if drift_ms != turn.state.drift_ms:
        turn.set(drift_ms=drift_ms)
        turn.keep(DRIFT, str(drift_ms) if drift_ms else None)


def _watch_limit(turn: Turn) -> None:
    """It closes from here on: an open limit has to let go."""
    if _holds_open(turn):
        turn.put("let_go", max(LET_GO_MS_MIN, travel_ms_max(turn) // LET_GO_PART))


def _drifted(turn: Turn, _why: str = "") -> None:
    """It was driven to close, and an open limit has not let go, or has come on again meanwhile."""
    began_ms = turn.state.began_ms
    assert began_ms is not None, "it was driven from some instant on"
    ran_ms = max(1, turn.now_ms - began_ms)
    _set_drift(turn, min(turn.state.drift_ms + ran_ms, turn.plan.barrier.travel_ms_max))


# -- actions ----------------------------------------------------------------------------------------------------------


def travel_ms_max(turn: Turn) -> int:
    """R6: the travel limit, longer in the cold by the barrier's table."""
    return round(turn.plan.barrier.travel_ms_max * turn.state.cold_factor)


def _start(turn: Turn, _why: str) -> None:
    opens, end = turn.state.motion is Motion.OPENING, turn.state.end
    turn.set(began_ms=turn.now_ms, whole=end is (End.CLOSED if opens else End.OPEN))
    turn.put("travel", travel_ms_max(turn))
    if not opens:
        _watch_limit(turn)
    if opens and turn.state.drift_ms > 0:  # back, and more: the drive ends at its stop
        turn.put("return", min(2 * turn.state.drift_ms, travel_ms_max(turn) - 1))
    if turn.plan.barrier.command is DriveCommand.PULSE:
        turn.put("pulse", turn.plan.barrier.pulse_ms)
    if turn.state.by_key:
        turn.record(Code.HELD_TO_RUN, detail="open" if opens else "close")


def _stop(turn: Turn, _why: str) -> None:
    if turn.runs("let_go"):
        _drifted(turn)
    turn.drop("travel", "let_go", "return", "pulse", "back")
    turn.put("dead", turn.plan.barrier.dead_ms)


def _look(turn: Turn, _why: str) -> None:
    """Where it really is."""
    if turn.state.end is not End.UNKNOWN:
        motion_on(turn, _at(turn))


def _arrived(turn: Turn, *, opened: bool) -> None:
    began_ms = turn.state.began_ms
    turn.set(began_ms=None)
    turn.record(Code.BARRIER_OPENED if opened else Code.BARRIER_CLOSED)
    now = turn.state.history
    said: list[history.Said] = []
    if began_ms is not None and turn.state.whole and not turn.state.by_key:
        now, said = history.travelled(now, opened=opened, travel_ms=turn.now_ms - began_ms, utc_s=turn.utc_s)
    if not opened:
        now, more = history.cycled(turn.plan.barrier, now)
        said += more
        now, more = history.yearly(turn.plan.barrier, now, turn.utc_s)
        said += more
    turn.set(history=now, by_key=False)
    turn.keep(HISTORY, history.kept(now))
    for each in said:
        turn.record(each.code, detail=each.detail, count=each.times)


def _arrived_open(turn: Turn, _why: str) -> None:
    _arrived(turn, opened=True)


def _arrived_closed(turn: Turn, _why: str) -> None:
    turn.set(owed=False)
    _arrived(turn, opened=False)
    obstruction_on(turn, ObstructionTrigger.CLOSED)


def _between(turn: Turn, _why: str) -> None:
    turn.set(began_ms=None, by_key=False)
    turn.record(Code.BARRIER_BETWEEN)


def _halted(turn: Turn, why: str) -> None:
    turn.set(began_ms=None, by_key=False, owed=False)
    turn.record(Code.BARRIER_HALTED, detail=why)


def _warn(turn: Turn, _why: str) -> None:
    turn.put("warn", turn.plan.barrier.warning_ms)
    if turn.plan.tested and not turn.state.by_key:
        testing_on(turn, TestingTrigger.BEGIN)


def _unwarn(turn: Turn, _why: str) -> None:
    turn.drop("warn")
    testing_on(turn, TestingTrigger.ABORT)


def _disown(turn: Turn, _why: str) -> None:
    turn.set(owed=False)


def _obstruct(turn: Turn, why: str) -> None:
    """R3: it goes back by itself, whoever holds the key."""
    turn.set(by_key=False, tripped=turn.state.motion is Motion.REVERSING)
    obstruction_on(turn, ObstructionTrigger.MET, why)


def _latch(turn: Turn, why: str) -> None:
    """R6: durable first, then told."""
    turn.set(fault=why, owed=False, began_ms=None, by_key=False)
    turn.keep(FAULT, why)
    turn.record(Code.FAULT, detail=why)


def _unlatch(turn: Turn, _why: str) -> None:
    turn.set(fault=None)
    turn.keep(FAULT, None)
    turn.record(Code.FAULT_RESET)


def _back(turn: Turn, _why: str) -> None:
    turn.set(began_ms=turn.now_ms)
    _watch_limit(turn)
    turn.put("back", turn.plan.barrier.back_off_ms)


_ACTIONS: dict[str, Callable[[Turn, str], None]] = {
    "start": _start,
    "stop": _stop,
    "look": _look,
    "arrived_open": _arrived_open,
    "arrived_closed": _arrived_closed,
    "between": _between,
    "halted": _halted,
    "drift": _drifted,
    "warn": _warn,
    "unwarn": _unwarn,
    "disown": _disown,
    "obstruct": _obstruct,
    "latch": _latch,
    "unlatch": _unlatch,
    "back": _back,
}
MOTION.check_actions(_ACTIONS)


def obstruction_on(turn: Turn, trigger: ObstructionTrigger, why: str = "") -> None:
    """One trigger for the count of obstructions in this cycle (R4)."""
    before = turn.state.obstruction
    target, actions = OBSTRUCTION.on(before, trigger)
    if target is not before:
        turn.set(obstruction=target)
    for action in actions:
        if action == "tell":
            turn.record(Code.OBSTRUCTED, detail=why)
        elif action == "latch":
            turn.set(owed=False)
            turn.keep(OBSTRUCTED, "1")
            turn.record(Code.OBSTRUCTED_AGAIN, detail=why)
        else:
            turn.keep(OBSTRUCTED, None)


OBSTRUCTION.check_actions(("tell", "latch", "unlatch"))


# -- time -------------------------------------------------------------------------------------------------------------


def motion_due(turn: Turn, timer: str) -> None:
    """A timer of the motion is due; the goal is pursued afterwards."""
    if timer == "warn":
        ready = not turn.plan.tested or turn.state.by_key or turn.state.testing is Testing.PASSED
        motion_on(turn, MotionTrigger.WARNED if ready else MotionTrigger.WITHDRAWN)
    elif timer == "dead":
        if turn.state.motion in (Motion.PAUSING, Motion.REVERSING):
            free = may_open(turn.plan, turn.state, by_key=turn.state.by_key)
            motion_on(turn, MotionTrigger.RESTED if free else MotionTrigger.BLOCKED, "obstructed while opening")
        elif turn.state.motion is Motion.RECOILING:
            motion_on(
                turn, MotionTrigger.RESTED if may_back_off(turn.plan, turn.state) else MotionTrigger.BLOCKED, "pinched"
            )
    elif timer == "travel":
        motion_on(turn, MotionTrigger.OVERDUE)
    elif timer == "let_go":
        _drifted(turn)
        break_off(turn, LIMIT_STUCK)
    elif timer == "return":
        _set_drift(turn, 0)
        _look(turn, "")
    elif timer == "back":
        motion_on(turn, MotionTrigger.BACKED, "obstructed while opening")
    elif timer != "clear":
        assert timer == "pulse", timer  # its end is all: the request is let go


def break_off(turn: Turn, why: str) -> None:
    """Something of the machine is broken: it stops, latched."""
    motion_on(turn, MotionTrigger.BROKEN, why)


def broken(turn: Turn) -> bool:
    """Whether what broke is still broken."""
    machine_well = turn.quiet(Part.DRIVE_FAULT) and turn.quiet(Part.ARM)
    pinches = pinched(turn.plan, turn.state, by_key=True) is not None
    unproven = turn.state.end in (End.BOTH, End.LOST, End.UNKNOWN)
    return not machine_well or pinches or unproven or bool(turn.state.lost)


def reset_motion(turn: Turn) -> None:
    """A person has looked: the latched fault ends, if its cause is gone (R6)."""
    if turn.state.motion in LATCHED and not broken(turn):
        motion_on(turn, MotionTrigger.RESET)
    obstruction_on(turn, ObstructionTrigger.RESET)


def restored_obstruction(turn: Turn) -> None:
    turn.state = replace(turn.state, obstruction=Obstruction.LATCHED)

"""Pursues the goal of the moment: what the motion has to do now, by who comes first and by what it meets."""

from __future__ import annotations

from firmware.core.barrier.goals import BarrierClaim, Goal, first
from firmware.core.barrier.interlock import may_back_off, may_close, may_open, met, on_battery, pinched, unhealthy
from firmware.core.barrier.machines import Motion, MotionTrigger
from firmware.core.barrier.motion import motion_on
from firmware.core.barrier.turn import Turn
from firmware.core.site import Mover

PURSUED_MAX = 8  # triggers that one change can bring about; more is a circle: our mistake


def pursue(turn: Turn) -> None:
    """Bring the motion in line with whoever comes first in the order of priorities, and with what it meets."""
    for _ in range(PURSUED_MAX):
        trigger = _next(turn)
        if trigger is None:
            return
        motion_on(turn, *trigger)
    raise AssertionError(f"{turn.plan.barrier.id}: no end of triggers in {turn.state.motion}")


# R13: from between its ends it is brought down by a person, by fire or by the fire brigade, and by nothing else.
_NOT_FROM_BETWEEN = (BarrierClaim.LEAVING, BarrierClaim.CREDENTIAL, BarrierClaim.SCHEDULE)


def _next(turn: Turn) -> tuple[MotionTrigger, str] | None:
    rank = first(turn.plan, turn.state)
    goal = rank.goal(turn.plan, turn.state)
    match turn.state.motion:
        case Motion.BETWEEN if goal is Goal.OPEN and rank.claim in _NOT_FROM_BETWEEN:
            return None
        case Motion.BETWEEN if rank.claim is BarrierClaim.EMERGENCY:
            return _closes_from_between(turn)
        case Motion.CLOSED | Motion.BETWEEN | Motion.OPEN:
            return _from_rest(turn, goal)
        case Motion.WARNING:
            return _while_warning(turn, goal, rank.claim.value)
        case Motion.CLOSING:
            return _while_closing(turn, goal, rank.claim.value)
        case Motion.OPENING:
            return _while_opening(turn, goal, rank.claim.value)
        case Motion.PAUSING if goal not in (Goal.OPEN, Goal.RUN_OPEN):
            return (MotionTrigger.HALT if goal is Goal.BAR else MotionTrigger.WITHDRAWN), rank.claim.value
        case Motion.REVERSING if goal is Goal.BAR or (
            rank.claim is BarrierClaim.EMERGENCY and not turn.state.tripped  # R15: only from somebody it has met
        ):
            return MotionTrigger.HALT, rank.claim.value
        case Motion.RECOILING | Motion.BACKING:
            if goal is Goal.BAR:
                return MotionTrigger.HALT, rank.claim.value
            if turn.state.motion is Motion.BACKING and not may_back_off(turn.plan, turn.state):
                return MotionTrigger.OBSTRUCTED, "both directions obstructed"
    return None


def _closes_from_between(turn: Turn) -> tuple[MotionTrigger, str] | None:
    """An emergency close goes on from where it was stopped, if that is known; after a start it is not (R13)."""
    if not turn.state.homed or not may_close(turn.plan, turn.state, by_key=False):
        return None
    turn.set(by_key=False)
    return MotionTrigger.WARN, ""


def _let_go(turn: Turn, goal: Goal) -> bool:
    """R9: it moves by the local key, which is not held any more, and nobody else wants it."""
    return turn.state.by_key and goal not in (Goal.RUN_OPEN, Goal.RUN_CLOSE, Goal.OPEN)


def _from_rest(turn: Turn, goal: Goal) -> tuple[MotionTrigger, str] | None:
    motion = turn.state.motion
    if goal in (Goal.OPEN, Goal.RUN_OPEN) and motion is not Motion.OPEN:
        by_key = goal is Goal.RUN_OPEN
        if may_open(turn.plan, turn.state, by_key=by_key):
            turn.set(by_key=by_key)
            return (MotionTrigger.OPEN_LATER if turn.runs("dead") else MotionTrigger.OPEN_NOW), ""
    if goal is Goal.CLOSE and motion is Motion.OPEN and may_close(turn.plan, turn.state, by_key=False):
        turn.set(by_key=False)
        return MotionTrigger.WARN, ""
    if goal is Goal.RUN_CLOSE and motion is not Motion.CLOSED and may_close(turn.plan, turn.state, by_key=True):
        turn.set(by_key=True)
        return MotionTrigger.WARN, ""
    return None


def _while_warning(turn: Turn, goal: Goal, why: str) -> tuple[MotionTrigger, str] | None:
    if goal is Goal.BAR:
        return MotionTrigger.HALT, why
    by_key = turn.state.by_key
    wanted = goal is (Goal.RUN_CLOSE if by_key else Goal.CLOSE)
    if not wanted or not may_close(turn.plan, turn.state, by_key=by_key):
        return MotionTrigger.WITHDRAWN, why
    return None


def _while_closing(turn: Turn, goal: Goal, why: str) -> tuple[MotionTrigger, str] | None:
    if goal is Goal.BAR:
        return MotionTrigger.HALT, why
    spot = met(turn.plan, turn.state)
    if spot is not None:
        return MotionTrigger.OBSTRUCTED, turn.plan.spots[spot].sensor.input
    by_key = turn.state.by_key
    spot = None if by_key else unhealthy(turn.plan, turn.state)
    if spot is not None:
        return MotionTrigger.REVERSE, turn.plan.spots[spot].sensor.input
    if on_battery(turn.plan, turn.state):
        return MotionTrigger.REVERSE, "on battery"
    if goal in (Goal.OPEN, Goal.RUN_OPEN):
        turn.set(by_key=goal is Goal.RUN_OPEN)
        return MotionTrigger.REVERSE, why
    if by_key and goal is not Goal.RUN_CLOSE:
        return MotionTrigger.HALT, "key released"
    if why == BarrierClaim.HOLD_TO_RUN and not by_key:
        return MotionTrigger.HALT, "key"  # whoever takes the key begins anew, with a warning
    return None


def _while_opening(turn: Turn, goal: Goal, why: str) -> tuple[MotionTrigger, str] | None:
    if goal is Goal.BAR:
        return MotionTrigger.HALT, why
    spot = pinched(turn.plan, turn.state, by_key=turn.state.by_key)
    if spot is not None:
        backs_off = turn.plan.barrier.mover is not Mover.BOLLARD and turn.plan.barrier.back_off_ms > 0
        return (
            (MotionTrigger.RECOIL if backs_off else MotionTrigger.PINCHED),
            f"obstructed while opening: {turn.plan.spots[spot].sensor.input}",
        )
    if _let_go(turn, goal) or (turn.state.by_key and goal is Goal.RUN_CLOSE):
        return MotionTrigger.HALT, "key released"
    if goal is Goal.OPEN and turn.state.by_key:
        turn.set(by_key=False)
    return None

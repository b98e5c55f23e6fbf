"""What every output of a barrier should be, from its state alone: motion, permit, brake, tests, warning, lights."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from firmware.core.barrier.goals import Goal, first
from firmware.core.barrier.machines import Motion, Testing
from firmware.core.barrier.plan import Output, Part, Plan
from firmware.core.barrier.state import BarrierState, End
from firmware.core.effects import SetOutput
from firmware.core.facts import Level
from firmware.core.site import Direction, DriveCommand
from firmware.core.timers import runs

_CLOSES = (Motion.CLOSING, Motion.BACKING)
_MOVES = (Motion.OPENING, *_CLOSES)
_SOUNDS = (Motion.WARNING, Motion.RECOILING, *_CLOSES)


def command(plan: Plan, state: BarrierState) -> tuple[BarrierState, list[SetOutput]]:
    """The outputs that differ from what they were last told; what goes off before what comes on."""
    wanted = tuple([_ON[each.part](plan, state, each) for each in plan.outputs])
    if wanted == state.commanded:
        return state, []
    changed = [
        SetOutput(each.id, on)
        for each, on, before in zip(plan.outputs, wanted, state.commanded, strict=True)
        if on is not before
    ]
    changed.sort(key=lambda each: each.on)
    return replace(state, commanded=wanted), changed


def _requests(plan: Plan, state: BarrierState) -> bool:
    """A held request lasts as long as the motion, a pulse as long as its timer."""
    return plan.barrier.command is DriveCommand.HELD or runs(state.timers, "pulse")


def _arrived(plan: Plan, state: BarrierState, drive: int) -> bool:
    """Whether a drive is proven at the end that it moves to, although another one is not yet (R6)."""
    if state.motion is Motion.OPENING and state.drift_ms > 0:
        return False  # its open limit proves nothing before it was driven back
    limits = plan.limits[drive]
    places = limits.opened if state.motion is Motion.OPENING else limits.closed
    return all(state.levels[place] is Level.ACTIVE for place in places)


def _opens(plan: Plan, state: BarrierState, output: Output) -> bool:
    moves = state.motion is Motion.OPENING and not _arrived(plan, state, output.drive)
    return moves and _requests(plan, state)


def _closes(plan: Plan, state: BarrierState, output: Output) -> bool:
    moves = state.motion in _CLOSES and not _arrived(plan, state, output.drive)
    return moves and (state.motion is Motion.BACKING or _requests(plan, state))


def _moves(plan: Plan, state: BarrierState, output: Output) -> bool:
    return state.motion in _MOVES and not _arrived(plan, state, output.drive)


def _tests(_plan: Plan, state: BarrierState, _output: Output) -> bool:
    return state.testing is Testing.ASSERTED


def _warns(_plan: Plan, state: BarrierState, output: Output) -> bool:
    """Light before a close and through it (R7); through an opening too, where it helps and harms nobody."""
    return state.motion in _SOUNDS or state.motion is Motion.OPENING or state.tried == output.id


def _sounds(_plan: Plan, state: BarrierState, output: Output) -> bool:
    return state.motion in _SOUNDS or state.tried == output.id


def green(plan: Plan, state: BarrierState, direction: Direction) -> bool:
    """R7: only when proven open, and only while nobody wants it otherwise; an installer's trial is no exception."""
    if not green_allowed(plan, state):
        return False
    if state.tried is not None and any(
        each.id == state.tried and each.part is Part.GREEN and each.direction is direction for each in plan.outputs
    ):
        return True
    return not first(plan, state).lane or state.go[0 if direction is Direction.IN else 1]


def green_allowed(plan: Plan, state: BarrierState) -> bool:
    """Whether it is proven open, and nobody above its lane wants it otherwise: without that no direction is green."""
    if state.motion is not Motion.OPEN or state.end is not End.OPEN:
        return False
    rank = first(plan, state)
    return rank.lane or rank.goal(plan, state) is Goal.OPEN


def _green(plan: Plan, state: BarrierState, output: Output) -> bool:
    assert output.direction is not None, "a light belongs to a direction"
    return green(plan, state, output.direction)


def _red(plan: Plan, state: BarrierState, output: Output) -> bool:
    return not _green(plan, state, output)


_ON: dict[Part, Callable[[Plan, BarrierState, Output], bool]] = {
    Part.MOVE_OPEN: _opens,
    Part.MOVE_CLOSE: _closes,
    Part.PERMIT: _moves,
    Part.BRAKE: _moves,
    Part.TEST: _tests,
    Part.WARNING: _warns,
    Part.SOUNDER: _sounds,
    Part.RED: _red,
    Part.GREEN: _green,
}

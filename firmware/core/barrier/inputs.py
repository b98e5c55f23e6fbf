"""What each input of a barrier means: a level has changed, and somebody has pressed, turned, left or broken something.

The interlock's veto comes first: what a device says is in the state before anything is pursued (step.py).
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.barrier.machines import LATCH, Latch, LatchTrigger, Watch, WatchTrigger
from firmware.core.barrier.motion import break_off, limit_changed, reset_motion
from firmware.core.barrier.plan import Input, Part
from firmware.core.barrier.sensors import spot_changed, watch_on
from firmware.core.barrier.turn import Turn
from firmware.core.codes import Code
from firmware.core.facts import Level

STOP, ISOLATED, EMERGENCY = "stop", "isolated", "emergency"  # keys of what is kept, and fields of the state


def level_changed(turn: Turn, place: int, level: Level) -> None:
    """The input at this place has this level now."""
    before = turn.state.levels[place]
    if level is before:
        return
    levels = turn.state.levels
    turn.set(levels=(*levels[:place], level, *levels[place + 1 :]))
    entry = turn.plan.inputs[place]
    _MEANS[entry.part](turn, entry, before, level)


# -- latches ----------------------------------------------------------------------------------------------------------

_TOLD = {
    STOP: (Code.STOP_PRESSED, Code.STOP_RESET),
    ISOLATED: (Code.ISOLATED, Code.ISOLATION_ENDED),
    EMERGENCY: (Code.EMERGENCY_CLOSE, Code.EMERGENCY_ENDED),
}
_FIELD = {STOP: "stop", ISOLATED: "isolation", EMERGENCY: "emergency"}


def latch_on(turn: Turn, which: str, trigger: LatchTrigger, device: str | None = None, detail: str = "") -> None:
    """One trigger for the stop circuit, the isolation or the emergency close. Kept over the power."""
    before: Latch = getattr(turn.state, _FIELD[which])
    target, actions = LATCH.on(before, trigger)
    if target is not before:
        turn.set(**{_FIELD[which]: target})
    begun, ended = _TOLD[which]
    for action in actions:
        turn.keep(which, "1" if action == "begun" else None)
        turn.record(begun if action == "begun" else ended, device=device, detail=detail)


LATCH.check_actions(("begun", "ended"))


def _stop(turn: Turn, entry: Input, _before: Level | None, level: Level) -> None:
    """R12: normally closed and latched; whatever is not healthy and quiet is a stop."""
    quiet = level is Level.INACTIVE
    detail = "" if quiet or level is Level.ACTIVE else level.value
    latch_on(turn, STOP, LatchTrigger.LET_GO if quiet else LatchTrigger.RAISED, entry.id, detail)


def _isolator(turn: Turn, entry: Input, _before: Level | None, _level: Level) -> None:
    """R19: service key, crank, open cover. Who has not reported yet bars anyhow (goals.py)."""
    places = (*turn.plan.of_part[Part.SERVICE_KEY], *turn.plan.of_part[Part.COVER])
    raised = any(turn.state.levels[place] not in (Level.INACTIVE, None) for place in places)
    latch_on(turn, ISOLATED, LatchTrigger.RAISED if raised else LatchTrigger.LET_GO, entry.id)


def _emergency(turn: Turn, entry: Input, before: Level | None, level: Level) -> None:
    """R15: a guarded switch; a broken wire is no order to close."""
    raised = level is Level.ACTIVE
    if raised and before is Level.INACTIVE:
        turn.set(raising=True)
    latch_on(turn, EMERGENCY, LatchTrigger.RAISED if raised else LatchTrigger.LET_GO, entry.id)


def _reset(turn: Turn, _entry: Input, before: Level | None, level: Level) -> None:
    """Pressed means: it was seen at rest before. One that is stuck resets nothing."""
    if before is Level.INACTIVE and level is Level.ACTIVE:
        turn.reset_pressed = True
        reset(turn, in_sight=True)


def reset(turn: Turn, *, in_sight: bool) -> None:
    """A person has looked. What bars people's hands and feet ends only where somebody stands there (R12, R15, R19)."""
    if in_sight:
        if turn.quiet(Part.STOP):
            latch_on(turn, STOP, LatchTrigger.RESET)
        if turn.quiet(Part.SERVICE_KEY) and turn.quiet(Part.COVER):
            latch_on(turn, ISOLATED, LatchTrigger.RESET)
        if not turn.active(Part.EMERGENCY):
            latch_on(turn, EMERGENCY, LatchTrigger.RESET)
    for which, spot in enumerate(turn.state.spots):
        if spot.watch is Watch.FAILED:
            watch_on(turn, which, WatchTrigger.RESET)
    reset_motion(turn)


# -- the machine ------------------------------------------------------------------------------------------------------


def _limit(turn: Turn, _entry: Input, _before: Level | None, _level: Level) -> None:
    limit_changed(turn)


def _spot(turn: Turn, entry: Input, _before: Level | None, _level: Level) -> None:
    spot_changed(turn, entry.which)


def _drive_fault(turn: Turn, entry: Input, _before: Level | None, level: Level) -> None:
    if level is not Level.INACTIVE:
        break_off(turn, f"drive fault: {entry.id}")


def _arm(turn: Turn, entry: Input, _before: Level | None, level: Level) -> None:
    if level is not Level.INACTIVE:
        turn.record(Code.ARM_DETACHED, device=entry.id)
        break_off(turn, f"arm detached: {entry.id}")


def _mains(turn: Turn, entry: Input, before: Level | None, level: Level) -> None:
    lost, was_lost = level is not Level.INACTIVE, before not in (Level.INACTIVE, None)
    if lost and not was_lost:
        turn.record(Code.ON_BATTERY, device=entry.id)
    elif was_lost and not lost:
        turn.record(Code.MAINS_BACK, device=entry.id)


def _key(turn: Turn, entry: Input, before: Level | None, level: Level) -> None:
    """R9: held from the moment it is turned. One that is turned when the power comes moves nothing (R13)."""
    held = before is Level.INACTIVE and level is Level.ACTIVE
    opens, closes = turn.state.keys
    turn.set(keys=(held, closes) if entry.part is Part.KEY_OPEN else (opens, held))


def _fire_key(turn: Turn, entry: Input, before: Level | None, level: Level) -> None:
    if level is Level.ACTIVE:
        turn.record(Code.FIRE_KEY, device=entry.id)
    elif before is Level.ACTIVE:
        turn.record(Code.FIRE_KEY_ENDED, device=entry.id)


def _tells(code: Code) -> Callable[[Turn, Input, Level | None, Level], None]:
    def told(turn: Turn, entry: Input, _before: Level | None, level: Level) -> None:
        if level is not Level.INACTIVE:
            turn.record(code, device=entry.id)

    return told


def _nothing(_turn: Turn, _entry: Input, _before: Level | None, _level: Level) -> None:
    """That it is in the state is all: it is asked there."""


_MEANS: dict[Part, Callable[[Turn, Input, Level | None, Level], None]] = {
    Part.LIMIT: _limit,
    Part.DRIVE_FAULT: _drive_fault,
    Part.SPOT: _spot,
    Part.SPOT_FAULT: _spot,
    Part.STOP: _stop,
    Part.RESET: _reset,
    Part.SERVICE_KEY: _isolator,
    Part.COVER: _isolator,
    Part.KEY_OPEN: _key,
    Part.KEY_CLOSE: _key,
    Part.EMERGENCY: _emergency,
    Part.FIRE_KEY: _fire_key,
    Part.ARM: _arm,
    Part.PIT: _tells(Code.PIT_WATER),
    Part.MAINS: _mains,
    Part.BATTERY: _tells(Code.BATTERY_LOW),
    Part.ENTRY: _nothing,
    Part.EXIT: _nothing,
}

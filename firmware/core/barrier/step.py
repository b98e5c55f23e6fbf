"""One step of a barrier: something happens, the goal of the moment is pursued, and the outputs follow.

Everything that reaches a barrier comes through these functions; each ends with `finish`. A barrier learns of vehicles
and credentials only what its lane asks of it (Demand), and tells the lane only what stands in Report.
"""

from __future__ import annotations

from typing import NamedTuple

from firmware.core.barrier import sensors
from firmware.core.barrier.goals import first
from firmware.core.barrier.history import kept, restored, tested
from firmware.core.barrier.inputs import EMERGENCY, ISOLATED, STOP, latch_on, level_changed, reset
from firmware.core.barrier.interlock import against_closing
from firmware.core.barrier.lamps import command
from firmware.core.barrier.machines import Latch, LatchTrigger, Motion, TestingTrigger, WatchTrigger
from firmware.core.barrier.motion import (
    DRIFT,
    HISTORY,
    LATCHED,
    OBSTRUCTED,
    break_off,
    broken,
    motion_due,
    restored_obstruction,
)
from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.pursuit import pursue
from firmware.core.barrier.sensors import beam_due, proof_due, testing_on, watch_on
from firmware.core.barrier.state import BarrierState, Want
from firmware.core.barrier.turn import Turn
from firmware.core.codes import Code, Reason
from firmware.core.effects import SetOutput
from firmware.core.facts import Level
from firmware.core.site import Closing
from firmware.core.timers import runs


class Demand(NamedTuple):
    """What a lane asks of its barrier. `owe`: a passage, hold or window is over, and a close is earned (once)."""

    want: Want = Want.NOBODY
    owe: bool = False
    doubt: bool = False
    go: tuple[bool, bool] = (False, False)


class Report(NamedTuple):
    """What a barrier tells its lane. `serves`: nothing stands above the lane, and the barrier can move."""

    opened: bool  # proven
    closed: bool  # proven
    between: bool  # at rest at neither end: an operator may bring it down, no credential (R13)
    serves: bool


def finish(turn: Turn) -> list[SetOutput]:
    """Settle what a function below has changed: goal, and what people should hear of it. Returns changed outputs."""
    state = turn.state
    if state.owed and (state.motion is Motion.CLOSED or not first(turn.plan, state).lane):
        turn.set(owed=False)  # whoever has taken over decides: nothing closes because that is over
    pursue(turn)
    _tell_waiting(turn)
    turn.state, outputs = command(turn.plan, turn.state)
    return outputs


def report(plan: Plan, state: BarrierState) -> Report:
    """What the lane has to know."""
    motion = state.motion
    stands = motion not in (Motion.FAULT, Motion.UNKNOWN, Motion.RECOILING, Motion.BACKING)
    return Report(
        opened=motion is Motion.OPEN,
        closed=motion is Motion.CLOSED,
        between=motion is Motion.BETWEEN,
        serves=stands and first(plan, state).lane,
    )


def barred(plan: Plan, state: BarrierState) -> bool:
    """Whether no credential can move it now: a grant that opens nothing would be a lie."""
    told = report(plan, state)
    return told.between or not told.serves


# -- what may happen --------------------------------------------------------------------------------------------------


def take_level(turn: Turn, device: str, level: Level) -> None:
    """An input has this level now; one input may serve several parts."""
    for place in turn.plan.places.get(device, ()):
        level_changed(turn, place, level)


def take_demand(turn: Turn, demand: Demand) -> None:
    """The lane asks for something else than before."""
    state = turn.state
    owed = state.owed or demand.owe
    if demand.want is not Want.NOBODY:
        owed = False  # it is earned anew when that is over
    if demand.doubt and not state.doubt:
        turn.keep("doubt", "1")
    elif state.doubt and not demand.doubt:
        turn.keep("doubt", None)
    turn.set(want=demand.want, owed=owed, doubt=demand.doubt, go=demand.go)


def take_due(turn: Turn, timer: str) -> None:
    """A timer is due; it has been taken off already."""
    kind, _, index = timer.partition(":")
    match kind:
        case "stuck":
            watch_on(turn, int(index), WatchTrigger.STUCK_DUE)
        case "beam":
            beam_due(turn, int(index))
        case "proof":
            proof_due(turn, int(index))
        case "test":
            testing_on(turn, TestingTrigger.DUE)
        case _:
            motion_due(turn, kind)


def take_site(turn: Turn, *, fire: bool, evacuation: bool, lockdown: bool) -> None:
    """What holds for the whole site."""
    opens = turn.plan.barrier.fire_opens
    turn.set(fire=fire and opens, evacuation=evacuation and opens, lockdown=lockdown)


def take_output_failed(turn: Turn, output: str, why: str, *, lost: bool) -> None:
    """An output did not do as it was told, or its device is `lost` and at its own `on_lost` level, which is off.

    It is not told again before its device is back: it would fail again at once, and so on without end.
    """
    if output in turn.plan.motion_outputs:
        if lost:
            turn.set(lost=turn.state.lost | {output})
        break_off(turn, why)


def take_output_back(turn: Turn, output: str) -> None:
    """Its device is back: told again where it should be. Nothing moves because of that: the fault is latched (R6)."""
    _forget(turn, output)
    turn.set(lost=turn.state.lost - {output})


def take_temperature(turn: Turn, celsius: float) -> None:
    """R6: the table's largest factor among those whose temperature is not below the one measured."""
    factors = [each.factor for each in turn.plan.barrier.cold if celsius <= each.celsius]
    turn.set(cold_factor=max(factors, default=1.0))


def take_restart(turn: Turn, remembered: dict[str, str] | None, fault: str | None) -> None:
    """The first step of a run. `remembered` is what was kept; None: it could not be read, and `fault` is latched."""
    name = turn.plan.barrier.id
    had = remembered or {}
    for field, key in (("stop", STOP), ("isolation", ISOLATED), ("emergency", EMERGENCY)):
        if f"{key}:{name}" in had:
            turn.set(**{field: Latch.LEFT})
    if f"{OBSTRUCTED}:{name}" in had:
        restored_obstruction(turn)
    turn.set(history=restored(had.get(f"{HISTORY}:{name}")), doubt=f"doubt:{name}" in had)
    drift = had.get(f"{DRIFT}:{name}", "0")  # what cannot be read is the most that there can be
    turn.set(drift_ms=int(drift) if drift.isdecimal() else turn.plan.barrier.travel_ms_max)
    if fault is not None:
        turn.set(fault=fault, motion=Motion.FAULT)


# -- orders of persons; each is answered by reasons against it, or by none --------------------------------------------


def order_close(turn: Turn) -> tuple[str, ...]:
    """R17: closed from afar only with local proof of a clear lane."""
    against = _not_clear(turn)
    if against:
        return against
    if not first(turn.plan, turn.state).lane or turn.state.motion not in (Motion.OPEN, Motion.CLOSED):
        return (Reason.BARRED,)
    turn.set(owed=True, waits_told=False)
    return ()


def _not_clear(turn: Turn) -> tuple[str, ...]:
    against = against_closing(turn.plan, turn.state, by_key=False)
    return tuple(f"{Reason.LANE_NOT_CLEAR}:{why}" for why in against)


def order_emergency(turn: Turn) -> tuple[str, ...]:
    """R15, by a named person: the same as the guarded switch, pressed and let go; from afar, so R17 holds, too."""
    against = _not_clear(turn)
    if against:
        return against
    turn.set(raising=True)
    latch_on(turn, EMERGENCY, LatchTrigger.RAISED, detail="by command")
    if not turn.active(Part.EMERGENCY):
        latch_on(turn, EMERGENCY, LatchTrigger.LET_GO)
    return ()


def order_reset(turn: Turn, *, in_sight: bool) -> tuple[str, ...]:
    """A person has looked. Stop, service key and emergency end only where the person stands at the barrier."""
    state = turn.state
    if state.motion in LATCHED and broken(turn):
        return (Reason.FAULT_LATCHED,)
    local = (state.stop, state.isolation, state.emergency)
    if not in_sight and Latch.LEFT in local:
        return (Reason.NOT_IN_SIGHT,)
    if Latch.ACTIVE in local:  # it is still pressed, turned or held: there is nothing to reset yet
        return (Reason.BARRED,)
    reset(turn, in_sight=in_sight)
    return ()


def order_tested(turn: Turn) -> None:
    """R18: forces and devices were tested by a person."""
    now = tested(turn.state.history, turn.utc_s)
    turn.set(history=now)
    turn.keep(HISTORY, kept(now))
    turn.record(Code.DEVICE_TESTED)


def vehicle_entered(turn: Turn) -> None:
    sensors.vehicle_entered(turn)


def vehicle_passed(turn: Turn) -> None:
    sensors.vehicle_passed(turn)


# -- within -----------------------------------------------------------------------------------------------------------


def _forget(turn: Turn, output: str) -> None:
    commanded = tuple(
        None if each.id == output else on for each, on in zip(turn.plan.outputs, turn.state.commanded, strict=True)
    )
    turn.set(commanded=commanded)


def _tell_waiting(turn: Turn) -> None:
    """A close that is owed and stands against something that does not end by itself is told, once."""
    state = turn.state
    if not state.owed or state.motion is not Motion.OPEN:
        if state.waits_told and not state.owed:
            turn.set(waits_told=False)
        return
    if state.waits_told or runs(state.timers, "clear"):
        return
    if state.doubt or turn.plan.barrier.closing is not Closing.AUTOMATIC:
        turn.set(waits_told=True)
        turn.record(Code.BARRIER_WAITS, reasons=tuple(against_closing(turn.plan, state, by_key=False)))

"""The interlock: what forbids a barrier to close or to open now, and why (R1, R2, R8, R13).

A safety device counts as clear only while it is healthy and inactive. To close by anything but the local key each must
also be proven: by its self-test, or by having been seen to change not too long ago.
"""

from __future__ import annotations

from collections.abc import Iterator

from firmware.core.barrier.machines import Obstruction, Watch
from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.state import BarrierState
from firmware.core.facts import Level
from firmware.core.site import Closing, Sensor
from firmware.core.timers import runs

ACTIVE, CLEARING, NOT_HEALTHY, NOT_PROVEN = "active", "clearing", "not_healthy", "not_proven"
DOUBT, ON_BATTERY, OBSTRUCTED, HOLD_TO_RUN_ONLY = "doubt", "on_battery", "obstructed", "hold_to_run_only"
NOT_REPORTED = "not_reported"


def against_closing(plan: Plan, state: BarrierState, *, by_key: bool) -> Iterator[str]:
    """Why it may not begin to close, the gravest first, as "reason" or "reason:device"; nothing: it may.

    `by_key`: hold-to-run may override a device that is faulty, never one that is active (R8).
    """
    for which in plan.closing:
        why = _why(plan, state, which, by_key=by_key)
        if why:
            yield f"{why}:{plan.spots[which].sensor.input}"
    if runs(state.timers, "clear"):
        yield CLEARING  # R2
    if on_battery(plan, state):
        yield ON_BATTERY
    if not _reported(plan, state):
        yield NOT_REPORTED
    if by_key:
        return
    if plan.barrier.closing is not Closing.AUTOMATIC:
        yield HOLD_TO_RUN_ONLY
    if state.doubt:
        yield DOUBT
    if state.obstruction is Obstruction.LATCHED:
        yield OBSTRUCTED


def may_close(plan: Plan, state: BarrierState, *, by_key: bool) -> bool:
    return next(against_closing(plan, state, by_key=by_key), None) is None


def met(plan: Plan, state: BarrierState) -> int | None:
    """The first device of the closing direction that is active now; None: none is. A masked one is in its self-test."""
    for which in plan.closing:
        if state.levels[plan.level_of[which]] is Level.ACTIVE and not state.spots[which].masked:
            return which
    return None


def unhealthy(plan: Plan, state: BarrierState) -> int | None:
    """The first device of the closing direction that cannot be believed now."""
    for which in plan.closing:
        spot = state.spots[which]
        if spot.watch is not Watch.CLEAR and not spot.masked:
            return which
    return None


def may_back_off(plan: Plan, state: BarrierState) -> bool:
    """R1 holds for these few centimetres, too."""
    clear = met(plan, state) is None and unhealthy(plan, state) is None
    return clear and not state.doubt and not runs(state.timers, "clear")


def may_open(plan: Plan, state: BarrierState, *, by_key: bool) -> bool:
    """Whether nothing of the opening direction stands against it, and its ends can be seen."""
    return pinched(plan, state, by_key=by_key) is None and _reported(plan, state) and not state.lost


def pinched(plan: Plan, state: BarrierState, *, by_key: bool) -> int | None:
    """The first device of the opening direction that is active or, but for the local key, not healthy."""
    for which in plan.opening:
        active = state.levels[plan.level_of[which]] is Level.ACTIVE
        if active or (state.spots[which].watch is not Watch.CLEAR and not by_key):
            return which
    return None


def on_battery(plan: Plan, state: BarrierState) -> bool:
    """R13: no close without mains; what is not known counts as no mains."""
    for place in plan.of_part[Part.MAINS]:  # noqa: SIM110
        if state.levels[place] is not Level.INACTIVE:
            return True
    return False


def _reported(plan: Plan, state: BarrierState) -> bool:
    """Whether whatever bars or ends a motion has reported since the start."""
    levels = state.levels
    return None not in levels or all(levels[place] is not None for place in plan.known_first)


def _needs_change(sensor: Sensor) -> bool:
    """R1: without self-test, fault relay and supervised wiring only a recent change tells that a device works."""
    return sensor.test is None and sensor.fault is None and not sensor.supervised


def _why(plan: Plan, state: BarrierState, which: int, *, by_key: bool) -> str:
    spot = state.spots[which]
    level = state.levels[plan.level_of[which]]
    if level is Level.ACTIVE and not spot.masked:
        return ACTIVE
    if level is None:
        return NOT_REPORTED
    if by_key:
        return ""
    if spot.watch is not Watch.CLEAR and not spot.masked:
        return NOT_HEALTHY
    if not spot.proven and _needs_change(plan.spots[which].sensor):
        return NOT_PROVEN
    return ""

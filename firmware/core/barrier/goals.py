"""R0, the order of priorities at a barrier, as a table; and what the first of those that hold makes of it.

Isolator and manual release act in hardware, above all of it. Entrapment devices are no claim but a veto (interlock.py):
they stand between the stop circuit and fire because nothing below stop is asked before them.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from firmware.core.barrier.machines import Latch
from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.state import BarrierState, Want
from firmware.core.facts import Level


class Goal(StrEnum):
    """What becomes of a barrier."""

    BAR = "bar"  # no powered motion; what moves is stopped
    OPEN = "open"
    RUN_OPEN = "run_open"  # while the local key is held
    RUN_CLOSE = "run_close"
    CLOSE = "close"
    STAY = "stay"  # what moves comes to its end


class BarrierClaim(StrEnum):
    """Who wants something of a barrier. The names of its bars and reasons for people, too."""

    ISOLATED = "isolated"
    STOP = "stop"
    FIRE = "fire"
    FIRE_KEY = "fire_key"
    EVACUATION = "evacuation"
    HOLD_TO_RUN = "hold_to_run"
    EMERGENCY = "emergency"
    LEAVING = "leaving"
    LOCKDOWN = "lockdown"
    OPERATOR = "operator"
    CREDENTIAL = "credential"
    SCHEDULE = "schedule"
    OWED = "owed"
    NOBODY = "nobody"


class BarrierRank(NamedTuple):
    claim: BarrierClaim
    holds: Callable[[Plan, BarrierState], bool]
    goal: Callable[[Plan, BarrierState], Goal]
    lane: bool  # whether the lane goes on serving while this claim wins


def _active(plan: Plan, state: BarrierState, part: Part) -> bool:
    """Whether an input of this part is active for sure. Asked many times a step: a plain loop is the quickest."""
    levels = state.levels
    for place in plan.of_part[part]:  # noqa: SIM110
        if levels[place] is Level.ACTIVE:
            return True
    return False


def _unreported(plan: Plan, state: BarrierState, *parts: Part) -> bool:
    """An input of these that has not reported since the start: what it would say is not known."""
    if None not in state.levels:
        return False
    return any(state.levels[place] is None for part in parts for place in plan.of_part[part])


def _isolated(plan: Plan, state: BarrierState) -> bool:
    return state.isolation is not Latch.CLEAR or _unreported(plan, state, Part.SERVICE_KEY, Part.COVER)


def _stopped(plan: Plan, state: BarrierState) -> bool:
    return state.stop is not Latch.CLEAR or _unreported(plan, state, Part.STOP)


def _held(_plan: Plan, state: BarrierState) -> bool:
    return True in state.keys


def _run(_plan: Plan, state: BarrierState) -> Goal:
    """Both directions of the key at once are a broken key: nothing begins."""
    opens, closes = state.keys
    if opens and closes:
        return Goal.STAY
    return Goal.RUN_OPEN if opens else Goal.RUN_CLOSE


def _always(goal: Goal) -> Callable[[Plan, BarrierState], Goal]:
    return lambda _plan, _state: goal


def _close_if_owed(_plan: Plan, state: BarrierState) -> Goal:
    """Lockdown moves no barrier by itself: a close that was owed before is carried out, nothing is opened."""
    return Goal.CLOSE if state.owed else Goal.STAY


def _raise(_plan: Plan, state: BarrierState) -> Goal:
    """R13: what was asked for before the power went moves nothing when it comes back."""
    return Goal.CLOSE if state.raising else Goal.STAY


def _wants(want: Want) -> Callable[[Plan, BarrierState], bool]:
    return lambda _plan, state: state.want is want


_C = BarrierClaim

# An exit by credential stands above lockdown, as at doors: lockdown refuses entry and nothing else.
BARRIER_RANKS: tuple[BarrierRank, ...] = (
    BarrierRank(_C.ISOLATED, _isolated, _always(Goal.BAR), lane=False),  # R19
    BarrierRank(_C.STOP, _stopped, _always(Goal.BAR), lane=False),  # R12
    BarrierRank(_C.FIRE, lambda _, state: state.fire, _always(Goal.OPEN), lane=False),  # R14
    BarrierRank(_C.FIRE_KEY, lambda plan, state: _active(plan, state, Part.FIRE_KEY), _always(Goal.OPEN), False),
    BarrierRank(_C.EVACUATION, lambda _, state: state.evacuation, _always(Goal.OPEN), lane=False),
    BarrierRank(_C.HOLD_TO_RUN, _held, _run, lane=False),  # R9
    BarrierRank(_C.EMERGENCY, lambda _, state: state.emergency is not Latch.CLEAR, _raise, False),  # R15
    BarrierRank(_C.LEAVING, _wants(Want.LEAVING), _always(Goal.OPEN), lane=True),
    BarrierRank(_C.LOCKDOWN, lambda _, state: state.lockdown, _close_if_owed, lane=True),
    BarrierRank(_C.OPERATOR, _wants(Want.OPERATOR), _always(Goal.OPEN), lane=True),
    BarrierRank(_C.CREDENTIAL, _wants(Want.CREDENTIAL), _always(Goal.OPEN), lane=True),
    BarrierRank(_C.SCHEDULE, _wants(Want.SCHEDULE), _always(Goal.OPEN), lane=True),
    BarrierRank(_C.OWED, lambda _, state: state.owed, _always(Goal.CLOSE), lane=True),
    BarrierRank(_C.NOBODY, lambda _plan, _state: True, _always(Goal.STAY), lane=True),
)


def first(plan: Plan, state: BarrierState) -> BarrierRank:
    """The first of the ranks that hold."""
    for rank in BARRIER_RANKS:
        if rank.holds(plan, state):
            return rank
    raise AssertionError("the last rank always holds")

"""Who claims a way of a portal now, and which claim wins: the one resolution that every lock output comes from."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware.core.machines import Exit, Fire, Hold, Opening, Passing
from firmware.core.modes import PRIORITY, Claim, Rank
from firmware.core.site import Door, RexMode
from firmware.core.state import EVERYWHERE, KEPT_UNREADABLE, PortalState, State, WayState
from firmware.core.timers import runs
from firmware.core.wiring import Portal

EXIT_TIMER = "exit"  # a request-to-exit that was let go releases for a while yet

_RELEASED = (Passing.RELEASED, Passing.PROVEN)


class Verdict(NamedTuple):
    """`winner` governs the output. `free`: the highest release until further notice that nothing above it secures.

    `bar`: the highest claim that secures, where one of authority does; it ends what stands below it.
    """

    winner: Rank
    free: Claim | None
    bar: Claim | None


class _Case(NamedTuple):
    state: State
    portal: Portal
    now: PortalState
    way: WayState


def resolve(state: State, portal: Portal, now: PortalState, way: WayState) -> Verdict:
    """Go through the order of priorities from the top."""
    case = _Case(state, portal, now, way)
    winner: Rank | None = None
    free: Claim | None = None
    for rank in PRIORITY:
        if not _HOLDS[rank.claim](case):
            continue
        winner = winner or rank
        if not rank.released:
            return Verdict(winner, free, None if rank.claim is Claim.NOBODY else rank.claim)
        if rank.free and free is None:
            free = rank.claim
    raise AssertionError("the order of priorities ends in NOBODY, which always holds")


def locked_down(state: State, portal: str) -> bool:
    return bool(state.lockdown) and (portal in state.lockdown or EVERYWHERE in state.lockdown)


def fault_bars(now: PortalState) -> bool:
    """A failed or lost lock refuses entry: a grant that opens nothing would be a lie.

    A fault that is latched only because the store could not be read bars nobody: doors go on by the roster.
    """
    return bool(now.lost) or (now.fault is not None and now.fault != KEPT_UNREADABLE)


def passing_claim(way: WayState) -> Claim:
    """At which priority the passage of a way was released."""
    if way.leaving:
        return Claim.EXIT
    return Claim.OPERATOR_ONCE if way.by_operator else Claim.CREDENTIAL


def _exits(case: _Case) -> bool:
    if case.way.leaving and case.way.passing in _RELEASED:
        return True
    if not isinstance(case.portal, Door):
        return False
    return runs(case.now.timers, EXIT_TIMER) or any(
        stage in (Exit.ACTIVE, Exit.STUCK) and rex.mode is RexMode.UNLOCK
        for rex, stage in zip(case.portal.rex, case.now.exits, strict=True)
    )


def _passes(claim: Claim) -> Callable[[_Case], bool]:
    return lambda case: case.way.passing in _RELEASED and passing_claim(case.way) is claim


_HOLDS: dict[Claim, Callable[[_Case], bool]] = {
    Claim.FIRE: lambda case: case.state.fire is not Fire.NONE and case.portal.escape,
    Claim.EVACUATION: lambda case: case.state.evacuation and case.portal.escape,
    Claim.EXIT: _exits,
    Claim.LOCKDOWN: lambda case: locked_down(case.state, case.portal.id),
    Claim.OPERATOR_LOCK: lambda case: case.now.hold is Hold.LOCKED,
    Claim.OPERATOR_HOLD: lambda case: case.now.hold is Hold.OPERATOR,
    Claim.OPERATOR_ONCE: _passes(Claim.OPERATOR_ONCE),
    Claim.OUT_OF_SERVICE: lambda case: case.now.out_of_service,
    Claim.FAULT: lambda case: fault_bars(case.now),
    Claim.CREDENTIAL: _passes(Claim.CREDENTIAL),
    Claim.HOLDER_HOLD: lambda case: case.now.hold is Hold.HOLDER,
    Claim.SCHEDULE: lambda case: case.now.opening is Opening.UNLOCKED,
    Claim.NOBODY: lambda _: True,
}

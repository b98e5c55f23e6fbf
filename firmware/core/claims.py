"""Who claims a way of a portal now, and which claim wins: the one resolution that every lock output comes from."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from firmware.core.machines import Exit, Fire, Hold, Opening, Passing
from firmware.core.modes import ORDER, RANK, Claim, Rank
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


def resolve(state: State, portal: Portal, now: PortalState, way: WayState) -> Verdict:
    """The verdict on one way of a portal, as things stand."""
    return judge(claims(state, portal, now, way))


@lru_cache(maxsize=1 << len(Claim))
def judge(present: tuple[Claim, ...]) -> Verdict:
    """Go through those who claim a way in the order of priorities, from the top. Nobody is always among them."""
    winner: Rank | None = None
    free: Claim | None = None
    for rank in sorted((RANK[claim] for claim in (*present, Claim.NOBODY)), key=lambda rank: ORDER[rank.claim]):
        winner = winner or rank
        if not rank.released:
            return Verdict(winner, free, None if rank.claim is Claim.NOBODY else rank.claim)
        if rank.free and free is None:
            free = rank.claim
    raise AssertionError("the order of priorities ends in NOBODY, which secures")


def claims(state: State, portal: Portal, now: PortalState, way: WayState) -> tuple[Claim, ...]:
    """Who claims one way of a portal now."""
    found: list[Claim] = []
    if portal.escape:
        if state.fire is not Fire.NONE:
            found.append(Claim.FIRE)
        if state.evacuation:
            found.append(Claim.EVACUATION)
    if _exits(portal, now):
        found.append(Claim.EXIT)
    if locked_down(state, portal.id):
        found.append(Claim.LOCKDOWN)
    if now.hold is not Hold.NONE:
        found.append(HOLD_CLAIM[now.hold])
    if way.tried:
        found.append(Claim.TRIAL)
    if now.out_of_service:
        found.append(Claim.OUT_OF_SERVICE)
    if fault_bars(now):
        found.append(Claim.FAULT)
    if way.passing in _RELEASED:
        found.append(passing_claim(way))
    if now.opening is Opening.UNLOCKED:
        found.append(Claim.SCHEDULE)
    return tuple(found)


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


def _exits(portal: Portal, now: PortalState) -> bool:
    if not isinstance(portal, Door):
        return False
    if runs(now.timers, EXIT_TIMER):
        return True
    if Exit.ACTIVE not in now.exits and Exit.STUCK not in now.exits:
        return False
    return any(
        stage in (Exit.ACTIVE, Exit.STUCK) and rex.mode is RexMode.UNLOCK
        for rex, stage in zip(portal.rex, now.exits, strict=True)
    )


HOLD_CLAIM: dict[Hold, Claim] = {
    Hold.NONE: Claim.NOBODY,
    Hold.LOCKED: Claim.OPERATOR_LOCK,
    Hold.OPERATOR: Claim.OPERATOR_HOLD,
    Hold.HOLDER: Claim.HOLDER_HOLD,
}

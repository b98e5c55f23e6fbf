"""What follows from the wires alone, kept up to date for all rules at once: levels, runs, self-tests, latches.

A picture is immutable and holds instants; `abstract` says what of it counts for exploration. Definitions stand in the
docstring of rules.py.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple

from firmware.core.site import Barrier
from tests.core.lanes.wires import (
    EDGE,
    EVACUATED_NOW,
    FAULT,
    HOLD,
    ODD,
    SERVICE,
    SLOW,
    STOP,
    Plan,
)

# A device's self-test: not since the last motion, test on, answered by active, test off again, answered by inactive.
UNTESTED, ASKED, ANSWERED, RELEASED, PASSED = range(5)


class Picture(NamedTuple):
    """Masks of bits of a Plan. An instant of -1 has not been."""

    act: int = 0  # inputs whose last report since power is active
    ina: int = 0  # ... inactive
    rep: int = 0  # inputs reported since power
    outs: int = 0  # outputs on
    lost: int = 0  # outputs whose device is lost
    closing: int = 0  # drives, by their place
    opening: int = 0
    begun_ms: int = -1  # of the last run
    how: str = ""  # the closing run in progress began so
    stays: bool = False  # since a close began, or its last drift, there was no instant with all open limits inactive
    drift_ms: int = 0  # it was closing for so long without one, and was not driven back for twice as long
    held: int = 0  # local keys that were turned since power and not let go
    tests: tuple[int, ...] = ()
    tests_ms: tuple[int, ...] = ()
    shown_ms: tuple[int, ...] = ()  # the last change of devices that nothing else proves
    occupied: int = 0  # safety loops that were active and have not been inactive since
    vacated_ms: int = -1  # they all cleared then, and nothing has shown where the vehicle went
    latch: int = 0
    trips: int = 0  # obstructions of this cycle, up to 2
    tripped_ms: int = -1  # the last one
    edge_ms: int = -1  # an edge of the opening direction met somebody then, and nothing backed off yet
    granted_ms: int = -1  # the last credential or open_once


_PLANS: dict[int, Plan] = {}


def plan_of(barrier: Barrier | Plan) -> Plan:
    """The plan of a barrier, made once; a plan is its own."""
    if isinstance(barrier, Plan):
        return barrier
    plan = _PLANS.get(id(barrier))
    if plan is None:
        plan = _PLANS[id(barrier)] = Plan(barrier)  # holds the barrier, so that its id stays its own
    return plan


def first(plan: Plan) -> Picture:
    """Before anything was reported, with all outputs off."""
    tested = len(plan.tested)
    return Picture(tests=(UNTESTED,) * tested, tests_ms=(-1,) * tested, shown_ms=(-1,) * len(plan.mute))


# -- what a picture says ----------------------------------------------------------------------------------------------


def at_open(plan: Plan, now: Picture) -> bool:
    return plan.opened != 0 and now.act & plan.opened == plan.opened and not now.drift_ms


def way_back_ms(plan: Plan, now: Picture) -> int:
    """How long it has to be driven back after a drift."""
    return min(2 * now.drift_ms, plan.travel_ms - 1)


def at_closed(plan: Plan, now: Picture) -> bool:
    return plan.closed != 0 and now.act & plan.closed == plan.closed


def moving(plan: Plan, now: Picture) -> bool:
    return bool(now.closing or now.opening or now.outs & (plan.opens | plan.closes))


def warning(plan: Plan, now: Picture) -> bool:
    """All there is to warn of a close is on; one alone may tell of something else."""
    return plan.warnings != 0 and now.outs & plan.warnings == plan.warnings


def contradicted(plan: Plan, now: Picture) -> bool:
    """Both limits of one drive."""
    act = now.act
    if not (act & plan.opened and act & plan.closed):
        return False
    if any(act & pair == pair for pair in plan.pairs):
        return True
    return any(
        act & d.opened and act & d.closed and (act & d.opened == d.opened or act & d.closed == d.closed)
        for d in plan.drives
    )


def on_fire(plan: Plan, now: Picture) -> bool:
    return bool(plan.fire & now.rep & ~now.ina or now.act & plan.fire_key)


def unhealthy(plan: Plan, now: Picture) -> int:
    """Closing devices and their fault relays that are not proven healthy by what they report."""
    return plan.devices & ~(now.act | now.ina) | plan.relays & ~now.ina


def explained(plan: Plan, now: Picture, t_ms: int) -> int:
    """Active devices that answer their self-test."""
    mask = 0
    for at, phase in enumerate(now.tests):
        if phase == ANSWERED or (phase == RELEASED and t_ms <= now.tests_ms[at] + plan.test_ms):
            mask |= plan.tested[at][0]
    return mask & now.act


def unshown(plan: Plan, now: Picture, t_ms: int) -> bool:
    """A device that only a recent change can prove has shown none."""
    oldest = t_ms - plan.barrier.proof_ms_max
    return any(shown < 0 or shown < oldest for shown in now.shown_ms)


def asked(plan: Plan, now: Picture, t_ms: int) -> bool:
    """Something a person, a fire or a credential did still stands and may open. The local key is not among it."""
    return bool(
        now.latch & (HOLD | EVACUATED_NOW)
        or on_fire(plan, now)
        or 0 <= now.granted_ms >= t_ms - plan.barrier.queue_ms_max
    )


def reversing(plan: Plan, now: Picture, t_ms: int) -> bool:
    """An obstruction is so fresh that an opening is its reversal."""
    return 0 <= now.tripped_ms >= t_ms - plan.turn_ms


def barred(plan: Plan, now: Picture) -> bool:
    """R0 forbids an opening, or lets it be: stop, service, edges, faults, lost outputs."""
    return bool(
        now.latch & (STOP | SERVICE | EDGE | FAULT | ODD | SLOW)
        or (plan.stop | plan.service | plan.drive_faults) & ~now.ina
        or (plan.edges | plan.edge_relays) & ~now.ina
        or plan.limits & ~(now.act | now.ina)
        or now.lost & (plan.opens | plan.permits | plan.brakes)
        or contradicted(plan, now)
    )


# -- what of it counts for exploration --------------------------------------------------------------------------------


def past(since_ms: int, bound_ms: int, now_ms: int) -> int:
    """0: has not been; 1: less than the bound ago; 2: longer."""
    return 0 if since_ms < 0 else 1 if now_ms - since_ms < bound_ms else 2


def abstract(plan: Plan, now: Picture, now_ms: int) -> Hashable:
    """The picture with every instant replaced by which of its bounds has passed."""
    b = plan.barrier
    runs = now.closing or now.opening
    return (
        now.act,
        now.ina,
        now.rep,
        now.outs,
        now.lost,
        now.closing,
        now.opening,
        past(now.begun_ms, plan.travel_ms, now_ms) if runs else 0,
        past(now.begun_ms, plan.travel_cold_ms, now_ms) if runs else 0,
        now.begun_ms > now.tripped_ms if runs else False,
        now.how,
        now.stays,
        now.drift_ms > 0,
        past(now.begun_ms, plan.let_go_ms, now_ms) if now.closing and now.stays else 0,
        past(now.begun_ms, plan.let_go_cold_ms, now_ms) if now.closing and now.stays else 0,
        past(now.begun_ms, way_back_ms(plan, now), now_ms) if now.opening and now.drift_ms else 0,
        now.held,
        now.tests,
        tuple(
            past(at, plan.test_ms + 1, now_ms) if phase in (ASKED, RELEASED) else 0
            for phase, at in zip(now.tests, now.tests_ms, strict=True)
        ),
        tuple(past(at, b.proof_ms_max + 1, now_ms) for at in now.shown_ms),
        now.occupied,
        past(now.vacated_ms, plan.gap_ms + 1, now_ms),
        now.latch,
        now.trips,
        past(now.tripped_ms, plan.turn_ms + 1, now_ms) % 2,
        past(now.edge_ms, plan.turn_ms + 1, now_ms) % 2,
        past(now.granted_ms, b.queue_ms_max + 1, now_ms) % 2,
    )

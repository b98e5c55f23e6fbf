"""What survives the power, and the first fact of every run.

Kept: latched faults, lockdown, out of service, locks by an operator, lock-outs of PINs, doubt of the ledger, and what
guards look through cameras for in this shift. Not kept: holds and passages, fire and evacuation. A controller that
starts releases nothing because it starts: an active fire input does, as a fact, and an evacuation is commanded anew by
a person, who is told that it ended.
"""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.facts import SetOutOfService, Started
from firmware.core.lane import step as lane_step
from firmware.core.lanes import lane_started
from firmware.core.machines import HoldTrigger
from firmware.core.reader import restore
from firmware.core.release import hold_on
from firmware.core.state import EVERYWHERE, KEPT_UNREADABLE
from firmware.core.viewings import restore as restore_shifts
from firmware.core.wiring import Portal

LOCKDOWN = "lockdown"
EVACUATION = "evacuation"
LEDGER_DOUBTED = "ledger_doubted"
FOR_GOOD, FOR_TEST = "1", "test"  # out of service until a person ends it, or until a self-test is over


def fault_key(portal: str) -> str:
    return f"fault:{portal}"


def out_of_service_key(portal: str) -> str:
    return f"out_of_service:{portal}"


def keep_out(draft: Draft, fact: SetOutOfService) -> None:
    """Keep that a portal is out of service, and for whom, so that the end of a self-test ends nothing else."""
    draft.keep(out_of_service_key(fact.portal), (FOR_TEST if fact.test else FOR_GOOD) if fact.out else None)
    _tested(draft, fact.portal, fact.out and fact.test)


def stays_out(draft: Draft, fact: SetOutOfService) -> None:
    """Nothing changes, but that a portal which a self-test has taken is out for good now: the test leaves it so."""
    if fact.out and not fact.test and fact.portal in draft.state.tested:
        keep_out(draft, fact)


def _tested(draft: Draft, portal: str, by_test: bool) -> None:
    tested = draft.state.tested | {portal} if by_test else draft.state.tested - {portal}
    if tested != draft.state.tested:
        draft.set(tested=tested)


def locked_key(portal: str) -> str:
    return f"locked:{portal}"


def keep_lockdown(draft: Draft) -> None:
    """The lockdown as it is now."""
    draft.keep(LOCKDOWN, " ".join(sorted(draft.state.lockdown)) or None)


def doubt_ledger(draft: Draft) -> None:
    """Passages may be missing in the ledger: it is doubted until everybody is forgiven, over restarts too."""
    if not draft.state.ledger_doubted:
        draft.set(ledger_doubted=True)
        draft.keep(LEDGER_DOUBTED, "1")


def started(draft: Draft, fact: Started) -> None:
    """Restore what was kept, and command every output to where it belongs now: secured."""
    draft.record(Code.STARTED, detail=fact.boot[:64])
    if not fact.clean:
        draft.record(Code.UNCLEAN_START, detail=f"may lack up to {fact.lost_ms_max} ms")
    draft.set(occupancy=dict(fact.occupancy))
    for name, post in draft.wiring.posts.items():
        draft.set_reader(name, restore(post.reader, fact.kept, draft.now_ms))
    for portal in draft.wiring.portals.values():
        for way in range(len(draft.portals[portal.id].ways)):
            draft.change_way(portal.id, way, commanded=None)
        draft.change(portal.id, dropped=None)
    for name in draft.wiring.barriers:
        kept_fault = KEPT_UNREADABLE if fact.kept is None else fact.kept.get(fault_key(name))
        lane_started(draft, name, fact.kept, kept_fault)
        _restore_lane(draft, name, fact.kept or {})
    if fact.kept is None:
        _without_memory(draft)
        return
    restore_shifts(draft, fact)
    _restore_site(draft, fact.kept)
    for portal in draft.wiring.portals.values():
        _restore_portal(draft, portal, fact.kept)


def _without_memory(draft: Draft) -> None:
    """The store could not be read: whatever can be latched is, and doors go on by the roster."""
    doubt_ledger(draft)
    draft.record(Code.KEPT_UNREADABLE)
    draft.set(kept_unreadable=True)
    for portal in draft.portals:
        latch(draft, portal, KEPT_UNREADABLE)


def _restore_site(draft: Draft, kept: dict[str, str]) -> None:
    lockdown = kept.get(LOCKDOWN)
    if lockdown is not None:
        draft.set(lockdown=frozenset(lockdown.split()) or frozenset({EVERYWHERE}))
        draft.settle_all()
    draft.set(ledger_doubted=LEDGER_DOUBTED in kept)
    if kept.get(EVACUATION) is not None:
        draft.keep(EVACUATION, None)
        draft.record(Code.EVACUATION_ENDED, detail="by a restart: command it again where it is still needed")


def _restore_portal(draft: Draft, portal: Portal, kept: dict[str, str]) -> None:
    if locked_key(portal.id) in kept:
        hold_on(draft, portal, HoldTrigger.LOCK)
    if out_of_service_key(portal.id) in kept:
        draft.change(portal.id, out_of_service=True)
        _tested(draft, portal.id, kept[out_of_service_key(portal.id)] == FOR_TEST)
    fault = kept.get(fault_key(portal.id))
    if fault is not None:
        draft.change(portal.id, fault=fault, acknowledged=False)


def _restore_lane(draft: Draft, name: str, kept: dict[str, str]) -> None:
    lane = draft.road(name).lane
    if locked_key(name) in kept:
        lane_step.hold_on(lane, HoldTrigger.LOCK)
        lane.set(owes=False)  # nothing closes because it starts (R13)
    if out_of_service_key(name) in kept:
        lane_step.take_out_of_service(lane, True)
        _tested(draft, name, kept[out_of_service_key(name)] == FOR_TEST)
    if fault_key(name) in kept:
        lane.set(acknowledged=False)


def latch(draft: Draft, portal: str, why: str) -> None:
    """Latch a fault: durable first, then told. One that is latched already keeps its first cause, unless that was none.

    A cause of its own replaces KEPT_UNREADABLE, which bars nobody.
    """
    if draft.portals[portal].fault not in (None, KEPT_UNREADABLE) or draft.portals[portal].fault == why:
        return
    draft.change(portal, fault=why)
    draft.keep(fault_key(portal), why)
    draft.record(Code.FAULT, portal=portal, detail=why)

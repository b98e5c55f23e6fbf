"""What persons ask for: each command is carried out or refused with reasons, and answered by one event either way.

The event carries `request`, so that the answer goes out once it is committed. Nobody's name, no command.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core import calls, reader
from firmware.core.afar import against_afar, resumes
from firmware.core.claims import fault_bars, locked_down
from firmware.core.codes import Code, Reason
from firmware.core.devices import command_anew
from firmware.core.draft import Draft
from firmware.core.effects import Body, ForgetAreas, Remember
from firmware.core.facts import (
    Acknowledge,
    AnswerCall,
    ClearLockout,
    Command,
    EndCall,
    EndEnrolment,
    EndEvacuation,
    EndLockdown,
    Forgive,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    ResetFire,
    SetOutOfService,
    StartEnrolment,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.fire import fire_on, try_failed_locks
from firmware.core.kept import (
    EVACUATION,
    LEDGER_DOUBTED,
    fault_key,
    keep_lockdown,
    keep_out,
    locked_key,
    stays_out,
)
from firmware.core.lane_commands import LANE_COMMANDS, lane_command
from firmware.core.lanes import person_passed
from firmware.core.local import end_enrolment, start_enrolment
from firmware.core.machines import Fire, FireTrigger, Hold, HoldTrigger
from firmware.core.passage import AREA_UNKNOWN
from firmware.core.refusals import DONE, ID_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, Refusal, hold_end
from firmware.core.release import Offer, hold_on, ledger_moved
from firmware.core.schedule import operator_resumed
from firmware.core.site import Turnstile
from firmware.core.state import EVERYWHERE
from firmware.core.swipe import busy, let_through
from firmware.core.trial import try_output
from firmware.core.trial_facts import TryOutput
from firmware.core.wiring import IN, OUT, Portal, locks, way_of


def command(draft: Draft, fact: Command) -> None:
    """Carry a command out, or refuse it."""
    named = getattr(fact, "portal", None)
    plan = None if named is None else draft.wiring.barriers.get(named)
    afar = fact.afar
    if not fact.issuer:
        refusal: Refusal = (Reason.NOT_ALLOWED,)
    elif afar is not None and (barred := against_afar(draft, fact)):
        refusal = barred
    elif plan is not None:
        refusal = lane_command(draft, plan, fact)
    else:
        refusal = COMMANDS[type(fact)](draft, fact)
    if isinstance(fact, OpenOnce) and not refusal:
        calls.opened(draft, fact.portal, fact.access_point, fact.issuer)
    draft.record(
        Code.COMMAND_REFUSED if refusal else Code.COMMANDED,
        portal=named if named in draft.portals or plan is not None else None,
        reasons=refusal,
        detail=type(fact).__name__ if afar is None else f"{type(fact).__name__} as {afar.roles}",
        body=Body(
            issuer=fact.issuer,
            note=getattr(fact, "note", "")[:NOTE_CHARACTERS_MAX] or None,
            address=None if afar is None else afar.address or None,
        ),
        request=fact.request,
    )


def _unknown(what: str) -> Refusal:
    return (f"{Reason.NOT_FOUND_PORTAL}:{what[:ID_CHARACTERS_MAX]}",)


# -- one portal -------------------------------------------------------------------------------------------------------


def _stands_against(draft: Draft, portal: Portal, way: int) -> Refusal:
    """What outranks an operator, or would make the command a lie; nothing of it keeps anybody from leaving."""
    now = draft.portals[portal.id]
    if way != OUT:
        if locked_down(draft.state, portal.id):
            return (Reason.LOCKDOWN,)
        if now.hold is Hold.LOCKED:
            return (Reason.LOCKED_BY_OPERATOR,)
    if fault_bars(now):
        return (Reason.FAULT_LATCHED,)
    return tuple(f"{Reason.INTERLOCK}:{other}" for other in busy(draft, portal, way))


def _open_once(draft: Draft, fact: OpenOnce) -> Refusal:
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    point = next((point for point in portal.access_points if point.id == fact.access_point), None)
    if point is None and fact.access_point is not None:
        return _unknown(fact.access_point)
    way = way_of(portal, point)
    refusal = _stands_against(draft, portal, way)
    if not refusal:
        let_through(draft, portal, way, Offer(None, by_operator=True, leaving=way == OUT, extended=fact.extended))
    return refusal


def _hold_open(draft: Draft, fact: HoldOpen) -> Refusal:
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    refusal = _stands_against(draft, portal, IN)
    if refusal:
        return refusal
    until_ms, refusal = hold_end(draft, fact)
    if refusal:
        return refusal
    hold_on(draft, portal, HoldTrigger.HOLD, until_ms)
    draft.change(portal.id, hold_until_utc_s=fact.until_utc_s)
    return DONE


def _lock_portal(draft: Draft, fact: LockPortal) -> Refusal:
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    draft.keep(locked_key(portal.id), fact.issuer[:ID_CHARACTERS_MAX])
    hold_on(draft, portal, HoldTrigger.LOCK)
    return DONE


def _release_portal(draft: Draft, fact: ReleasePortal) -> Refusal:
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    if draft.portals[portal.id].hold is Hold.LOCKED:
        draft.keep(locked_key(portal.id), None)
    hold_on(draft, portal, HoldTrigger.RELEASE)
    operator_resumed(draft, portal)
    return DONE


def _set_out_of_service(draft: Draft, fact: SetOutOfService) -> Refusal:
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    if draft.portals[portal.id].out_of_service is fact.out:
        stays_out(draft, fact)
        return DONE
    keep_out(draft, fact)
    draft.change(portal.id, out_of_service=fact.out)
    draft.record(Code.OUT_OF_SERVICE if fact.out else Code.IN_SERVICE, portal=portal.id)
    if not fact.out and not fact.quietly and resumes(fact, portal.remote):
        operator_resumed(draft, portal)
    return DONE


def _reset_fault(draft: Draft, fact: ResetFault) -> Refusal:
    """A person has looked at the lock: it is commanded anew, and refuses entry no longer, unless it is lost."""
    portal = draft.wiring.portals.get(fact.portal)
    if portal is None:
        return _unknown(fact.portal)
    outputs = [*locks(portal)]
    if isinstance(portal, Turnstile) and portal.drop is not None:
        outputs.append(portal.drop)
    for output in outputs:
        command_anew(draft, portal, output)
    draft.set(outputs_failed=draft.state.outputs_failed - set(outputs))
    if draft.portals[portal.id].fault is not None:
        draft.change(portal.id, fault=None)
        draft.keep(fault_key(portal.id), None)
        draft.record(Code.FAULT_RESET, portal=portal.id)
        operator_resumed(draft, portal)
    return DONE


# -- the site ---------------------------------------------------------------------------------------------------------


def _start_lockdown(draft: Draft, fact: StartLockdown) -> Refusal:
    unknown = [portal for portal in fact.portals if portal not in draft.portals and portal not in draft.lanes]
    if unknown:
        return _unknown(unknown[0])
    draft.set(lockdown=draft.state.lockdown | (set(fact.portals) or {EVERYWHERE}))
    keep_lockdown(draft)
    draft.record(Code.LOCKDOWN, detail=" ".join(fact.portals) or EVERYWHERE)
    draft.settle_all()
    return DONE


def _end_lockdown(draft: Draft, fact: EndLockdown) -> Refusal:
    before = draft.state
    if not before.lockdown:
        return DONE
    draft.set(lockdown=frozenset())
    keep_lockdown(draft)
    draft.record(Code.LOCKDOWN_ENDED)
    for portal in draft.wiring.portals.values():
        if locked_down(before, portal.id) and resumes(fact, portal.remote):
            operator_resumed(draft, portal)
    for name, plan in draft.wiring.barriers.items():
        if locked_down(before, name) and resumes(fact, plan.barrier.remote):
            person_passed(draft, name)
    draft.settle_all()
    return DONE


def _start_evacuation(draft: Draft, fact: StartEvacuation) -> Refusal:
    if not fact.confirmed:
        return (Reason.NOT_CONFIRMED,)
    draft.set(evacuation=True)
    draft.keep(EVACUATION, "1")
    draft.record(Code.EVACUATION)
    try_failed_locks(draft)
    draft.settle_all()
    return DONE


def _end_evacuation(draft: Draft, _fact: EndEvacuation) -> Refusal:
    if draft.state.evacuation:
        draft.set(evacuation=False)
        draft.keep(EVACUATION, None)
        draft.record(Code.EVACUATION_ENDED)
        draft.settle_all()
    return DONE


def _reset_fire(draft: Draft, _fact: ResetFire) -> Refusal:
    if draft.state.fire is Fire.ACTIVE:
        return (Reason.FIRE,)
    fire_on(draft, FireTrigger.RESET)
    return DONE


def _forgive(draft: Draft, fact: Forgive) -> Refusal:
    """For all: the ledger starts anew and is trusted again. For one: the place in the area that the ledger had."""
    if fact.holder is None:
        if draft.state.ledger_doubted:
            draft.keep(LEDGER_DOUBTED, None)
        draft.set(occupancy={}, ledger_doubted=False)
        ledger_moved(draft, None, None)
        draft.effects.append(ForgetAreas())
        draft.record(Code.FORGIVEN)
        return DONE
    if fact.area:
        count = draft.state.occupancy
        draft.set(occupancy=count | {fact.area: max(0, count.get(fact.area, 0) - 1)})
    ledger_moved(draft, fact.holder, None)
    draft.effects.append(Remember(fact.holder, area=AREA_UNKNOWN))
    draft.record(Code.FORGIVEN, body=Body(holder=fact.holder, issuer=fact.issuer))
    return DONE


# -- readers and alarms -----------------------------------------------------------------------------------------------


def _clear_lockout(draft: Draft, fact: ClearLockout) -> Refusal:
    post = draft.wiring.posts.get(fact.reader)
    if post is None:
        return _unknown(fact.reader)
    changed, effects = reader.clear(post.reader, draft.readers[fact.reader], draft.now_ms)
    draft.set_reader(fact.reader, changed)
    draft.do(effects)
    return DONE


def _acknowledge(draft: Draft, fact: Acknowledge) -> Refusal:
    if fact.subject in draft.portals:
        draft.change(fact.subject, acknowledged=True)
        draft.record(Code.ACKNOWLEDGED, portal=fact.subject)
        return DONE
    if fact.subject in draft.lanes:
        draft.road(fact.subject).lane.set(acknowledged=True)
        draft.record(Code.ACKNOWLEDGED, portal=fact.subject)
        return DONE
    known = (
        fact.subject in draft.readers
        or fact.subject in draft.wiring.inputs
        or fact.subject == draft.state.site.id
        or fact.subject in draft.state.unacknowledged
    )
    if not known:
        return _unknown(fact.subject)
    draft.set(unacknowledged=draft.state.unacknowledged - {fact.subject})
    draft.record(Code.ACKNOWLEDGED, device=fact.subject)
    return DONE


def _no_barrier(_draft: Draft, fact: Command) -> Refusal:
    """A command that only a barrier understands, for a portal that is none."""
    return _unknown(getattr(fact, "portal", ""))


COMMANDS: dict[type[Command], Callable[..., Refusal]] = {
    **dict.fromkeys(LANE_COMMANDS, _no_barrier),
    OpenOnce: _open_once,
    HoldOpen: _hold_open,
    LockPortal: _lock_portal,
    ReleasePortal: _release_portal,
    StartLockdown: _start_lockdown,
    EndLockdown: _end_lockdown,
    StartEvacuation: _start_evacuation,
    EndEvacuation: _end_evacuation,
    ResetFire: _reset_fire,
    Forgive: _forgive,
    SetOutOfService: _set_out_of_service,
    ResetFault: _reset_fault,
    ClearLockout: _clear_lockout,
    Acknowledge: _acknowledge,
    StartEnrolment: start_enrolment,
    EndEnrolment: end_enrolment,
    TryOutput: try_output,
    AnswerCall: calls.answer_call,
    EndCall: calls.end_call,
}

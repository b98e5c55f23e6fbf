"""What persons ask of a barrier and its lane: each command is carried out or refused with reasons."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.afar import resumes
from firmware.core.barrier import step as barrier_step
from firmware.core.barrier.plan import Plan
from firmware.core.claims import locked_down
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.facts import (
    AdmitVehicle,
    CloseBarrier,
    Command,
    ConfirmClear,
    EmergencyClose,
    HoldOpen,
    LockPortal,
    OpenOnce,
    RecordTest,
    ReleasePortal,
    ResetFault,
    SetOutOfService,
)
from firmware.core.kept import keep_out, locked_key, stays_out
from firmware.core.lane import step as lane_step
from firmware.core.lane.state import Offer
from firmware.core.lanes import confirm_clear, direction_of, offer_passage, person_passed
from firmware.core.machines import Hold, HoldTrigger
from firmware.core.refusals import DONE, ID_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, Refusal, hold_end
from firmware.core.site import AccessPoint, Direction


def lane_command(draft: Draft, plan: Plan, fact: Command) -> Refusal:
    """Carry out a command for a barrier; the reasons of a refusal, or none."""
    carry_out = LANE_COMMANDS.get(type(fact))
    return (Reason.NOT_ALLOWED,) if carry_out is None else carry_out(draft, plan, fact)


# -- letting vehicles through -----------------------------------------------------------------------------------------


def _stands_against(draft: Draft, plan: Plan, direction: Direction) -> Refusal:
    """What outranks an operator, or would make the command a lie; who leaves is not kept in."""
    road = draft.road(plan.barrier.id)
    if direction is Direction.IN:
        if locked_down(draft.state, plan.barrier.id):
            return (Reason.LOCKDOWN,)
        if road.lane.state.hold is Hold.LOCKED:
            return (Reason.LOCKED_BY_OPERATOR,)
    if not barrier_step.report(plan, road.barrier.state).serves:
        return (Reason.BARRED,)
    if len(road.lane.state.queue) >= plan.barrier.queue_max:
        return (Reason.QUEUE_FULL,)
    return DONE


def _admit(draft: Draft, plan: Plan, name: str | None, issuer: str, note: str) -> Refusal:
    points = plan.barrier.access_points
    point: AccessPoint | None = next((each for each in points if each.id == name), None)
    if point is None and name is not None:
        return (f"{Reason.NOT_FOUND_PORTAL}:{name[:ID_CHARACTERS_MAX]}",)
    direction = Direction.IN if point is None else direction_of(point)
    refusal = _stands_against(draft, plan, direction)
    if not refusal:
        offer = Offer(direction, None, issuer, note[:NOTE_CHARACTERS_MAX], draft.now_ms)
        offer_passage(draft, plan.barrier.id, offer)
    return refusal


def _open_once(draft: Draft, plan: Plan, fact: OpenOnce) -> Refusal:
    return _admit(draft, plan, fact.access_point, fact.issuer, "")


def _admit_vehicle(draft: Draft, plan: Plan, fact: AdmitVehicle) -> Refusal:
    """Whom, and why, stands in the record: a vehicle that nobody can name is not let in."""
    if not fact.note.strip():
        return (Reason.NOT_CONFIRMED,)
    return _admit(draft, plan, fact.access_point, fact.issuer, fact.note)


def _hold_open(draft: Draft, plan: Plan, fact: HoldOpen) -> Refusal:
    refusal = _stands_against(draft, plan, Direction.IN)
    if refusal:
        return refusal
    until_ms, refusal = hold_end(draft, fact)
    if refusal:
        return refusal
    lane = draft.road(plan.barrier.id).lane
    lane_step.hold_on(lane, HoldTrigger.HOLD, until_ms)
    lane.set(hold_until_utc_s=fact.until_utc_s)
    return DONE


def _release(draft: Draft, plan: Plan, _fact: ReleasePortal) -> Refusal:
    lane = draft.road(plan.barrier.id).lane
    if lane.state.hold is Hold.LOCKED:
        draft.keep(locked_key(plan.barrier.id), None)
    lane_step.hold_on(lane, HoldTrigger.RELEASE)
    person_passed(draft, plan.barrier.id)
    return DONE


def _lock(draft: Draft, plan: Plan, fact: LockPortal) -> Refusal:
    draft.keep(locked_key(plan.barrier.id), fact.issuer[:ID_CHARACTERS_MAX])
    lane_step.hold_on(draft.road(plan.barrier.id).lane, HoldTrigger.LOCK)
    return DONE


def _set_out_of_service(draft: Draft, plan: Plan, fact: SetOutOfService) -> Refusal:
    lane = draft.road(plan.barrier.id).lane
    if lane.state.out_of_service is fact.out:
        stays_out(draft, fact)
        return DONE
    keep_out(draft, fact)
    lane_step.take_out_of_service(lane, fact.out)
    draft.record(Code.OUT_OF_SERVICE if fact.out else Code.IN_SERVICE, portal=plan.barrier.id)
    if not fact.out and not fact.quietly and resumes(fact, plan.barrier.remote):
        person_passed(draft, plan.barrier.id)
    return DONE


# -- the machine ------------------------------------------------------------------------------------------------------


def _close(draft: Draft, plan: Plan, _fact: CloseBarrier) -> Refusal:
    """R17. Whoever is being served, or stands open by an operator's own hold, is not closed upon."""
    road = draft.road(plan.barrier.id)
    if lane_step.busy(road.lane):
        return (Reason.LANE_NOT_CLEAR,)
    return barrier_step.order_close(road.barrier)


def _emergency(draft: Draft, plan: Plan, fact: EmergencyClose) -> Refusal:
    """R15: guarded by being asked twice."""
    if not fact.confirmed:
        return (Reason.NOT_CONFIRMED,)
    return barrier_step.order_emergency(draft.road(plan.barrier.id).barrier)


def _reset_fault(draft: Draft, plan: Plan, fact: ResetFault) -> Refusal:
    refusal = barrier_step.order_reset(draft.road(plan.barrier.id).barrier, in_sight=fact.in_sight)
    if not refusal:
        draft.set(outputs_failed=draft.state.outputs_failed - plan.motion_outputs)
    return refusal


def _confirm(draft: Draft, plan: Plan, fact: ConfirmClear) -> Refusal:
    if not fact.in_sight:
        return (Reason.NOT_IN_SIGHT,)
    return DONE if confirm_clear(draft, plan.barrier.id) else (Reason.LANE_NOT_CLEAR,)


def _record_test(draft: Draft, plan: Plan, _fact: RecordTest) -> Refusal:
    barrier_step.order_tested(draft.road(plan.barrier.id).barrier)
    return DONE


LANE_COMMANDS: dict[type[Command], Callable[..., Refusal]] = {
    OpenOnce: _open_once,
    AdmitVehicle: _admit_vehicle,
    HoldOpen: _hold_open,
    LockPortal: _lock,
    ReleasePortal: _release,
    SetOutOfService: _set_out_of_service,
    CloseBarrier: _close,
    EmergencyClose: _emergency,
    ResetFault: _reset_fault,
    ConfirmClear: _confirm,
    RecordTest: _record_test,
}

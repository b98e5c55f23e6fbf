"""A trial of one output: an installer holds it on for as long as a key is held down, and not a moment longer.

Only while the output's portal is out of service, and only what moves no barrier: motion stays with the local key, in
sight (R9). It is a dead-man's handle: on while it is renewed, off when that stops, when the connection goes, when the
portal is put back into service, and when anything comes that stands above it. One at a time, at the whole site.
"""

from __future__ import annotations

from firmware.core.barrier.lamps import green_allowed
from firmware.core.barrier.plan import Output, Part, Plan
from firmware.core.claims import fault_bars, locked_down
from firmware.core.codes import Code, Reason
from firmware.core.draft import Draft
from firmware.core.effects import Body
from firmware.core.machines import Fire, Hold
from firmware.core.refusals import DONE, ID_CHARACTERS_MAX, NOTE_CHARACTERS_MAX, Refusal
from firmware.core.site import Barrier, Door
from firmware.core.state import PortalState, Roadway, State, Trial
from firmware.core.trial_facts import TryEnded, TryOutput, TryRenewed
from firmware.core.wiring import locks

RENEW_MS_MAX = 600  # three renewals of `menshen wire`, which come every 200 ms: two of them may be late
HOLD_MS_MAX = 30_000  # a key that something lies on: nobody watches a lock for half a minute

_LAMPS = (Part.WARNING, Part.SOUNDER, Part.RED, Part.GREEN)
_BY_KEY = {Part.MOVE_OPEN: "key_open", Part.MOVE_CLOSE: "key_close"}


# -- what stands against it -------------------------------------------------------------------------------------------


def stands_against(state: State, output: str) -> Refusal:
    """Why an output may not be held on now; nothing where it may."""
    refusal = _never(state, output) or _not_now(state, state.portals, state.lanes, output)
    if refusal:
        return refusal
    if state.trial is not None:
        return (f"{Reason.OUTPUT_TRIED}:{state.trial.output}",)
    return (Reason.OUTPUT_ON,) if _is_on(state, output) else DONE


def _never(state: State, output: str) -> Refusal:
    """What no trial may drive, whatever else stands."""
    wiring = state.wiring
    lane = wiring.lane_outputs.get(output)
    if lane is None:
        known = output in wiring.outputs
        return DONE if known else (f"{Reason.OUTPUT_NOT_FOUND}:{output[:ID_CHARACTERS_MAX]}",)
    plan = wiring.barriers[lane]
    found = _lamp(plan, output)
    return DONE if found.part in _LAMPS else _by_key_only(plan.barrier, found.part)


def _by_key_only(barrier: Barrier, part: Part) -> Refusal:
    """R9: hold-to-run is local and in sight. Says by which key, where there is one."""
    keys = [getattr(barrier, _BY_KEY[part])] if part in _BY_KEY else [barrier.key_open, barrier.key_close]
    named = " ".join(key for key in keys if key is not None)
    return (f"{Reason.LOCAL_KEY_ONLY}:{named}" if named else Reason.LOCAL_KEY_ONLY,)


def _not_now(state: State, portals: dict[str, PortalState], lanes: dict[str, Roadway], output: str) -> Refusal:
    """What forbids it as things stand, and ends it where it comes while the output is held on."""
    if state.fire is not Fire.NONE:
        return (Reason.FIRE,)
    if state.evacuation:
        return (Reason.EVACUATION,)
    if output in state.devices_lost or output in state.outputs_failed:
        return (f"{Reason.OUTPUT_LOST}:{output}",)
    name = state.wiring.lane_outputs.get(output)
    if name is not None:
        return _not_now_in_lane(state.wiring.barriers[name], lanes[name], output)
    name = state.wiring.outputs[output]
    now = portals[name]
    if not now.out_of_service:
        return (f"{Reason.IN_SERVICE}:{name}",)
    if locked_down(state, name):
        return (Reason.LOCKDOWN,)
    if now.hold is Hold.LOCKED:
        return (Reason.LOCKED_BY_OPERATOR,)
    return (Reason.FAULT_LATCHED,) if fault_bars(now) else DONE


def _not_now_in_lane(plan: Plan, road: Roadway, output: str) -> Refusal:
    barrier = road.barrier
    if not road.lane.out_of_service:
        return (f"{Reason.IN_SERVICE}:{plan.barrier.id}",)
    if barrier.fault is not None:
        return (Reason.FAULT_LATCHED,)
    if _lamp(plan, output).part is Part.GREEN and not green_allowed(plan, barrier):
        return (Reason.GREEN_NOT_PROVEN,)
    return DONE


def _lamp(plan: Plan, output: str) -> Output:
    return next(each for each in plan.outputs if each.id == output)


def _is_on(state: State, output: str) -> bool:
    """Whether it is on already: what is seen then says nothing about the trial."""
    name = state.wiring.lane_outputs.get(output)
    if name is not None:
        outputs = state.wiring.barriers[name].outputs
        commanded = state.lanes[name].barrier.commanded
        return any(on is True for each, on in zip(outputs, commanded, strict=True) if each.id == output)
    name = state.wiring.outputs[output]
    portal, now = state.wiring.portals[name], state.portals[name]
    if output in locks(portal):
        return now.ways[locks(portal).index(output)].commanded is True
    return now.dropped is True


# -- from the first moment to the last --------------------------------------------------------------------------------


def try_output(draft: Draft, fact: TryOutput) -> Refusal:
    """Begin; the reasons of a refusal, or none."""
    if not fact.request:
        return (Reason.NOT_ALLOWED,)  # nobody could renew it, nor let it go
    refusal = stands_against(draft.state, fact.output)
    if refusal:
        return refusal
    wiring = draft.wiring
    portal = wiring.lane_outputs.get(fact.output) or wiring.outputs[fact.output]
    until_ms = draft.now_ms + RENEW_MS_MAX
    issuer = fact.issuer[:NOTE_CHARACTERS_MAX]
    draft.set_trial(Trial(fact.output, portal, issuer, fact.request, draft.now_ms, until_ms))
    _drive(draft, fact.output, portal, on=True)
    draft.record(
        Code.OUTPUT_TRIED,
        portal=portal,
        device=fact.output,
        detail=what(draft.state, fact.output),
        body=Body(issuer=issuer, note=fact.note[:NOTE_CHARACTERS_MAX] or None),
    )
    return DONE


def renewed(draft: Draft, fact: TryRenewed) -> None:
    """The key is still held."""
    trial = draft.state.trial
    if trial is not None and trial.request == fact.request:
        until_ms = min(draft.now_ms + RENEW_MS_MAX, trial.began_ms + HOLD_MS_MAX)
        draft.set_trial(trial._replace(until_ms=until_ms))


def ended(draft: Draft, fact: TryEnded) -> None:
    """The key was let go, or nobody can let it go any more."""
    trial = draft.state.trial
    if trial is not None and trial.request == fact.request:
        _end(draft, trial, (Reason.CONNECTION_LOST if fact.lost else Reason.LET_GO,))


def due(draft: Draft) -> None:
    """It was not renewed in time, or it was held for too long."""
    trial = draft.state.trial
    assert trial is not None, "a trial that is due is there"
    too_long = trial.until_ms >= trial.began_ms + HOLD_MS_MAX
    _end(draft, trial, (Reason.HELD_TOO_LONG if too_long else Reason.NOT_RENEWED,))


def interrupted(draft: Draft) -> bool:
    """End it where something has come that stands above it. Returns whether it has ended."""
    trial = draft.state.trial
    if trial is None:
        return False
    refusal = _not_now(draft.state, draft.portals, draft.lanes, trial.output)
    if refusal:
        _end(draft, trial, refusal)
    return bool(refusal)


def _end(draft: Draft, trial: Trial, reasons: Refusal) -> None:
    draft.set_trial(None)
    _drive(draft, trial.output, trial.portal, on=False)
    draft.record(
        Code.OUTPUT_TRY_ENDED,
        portal=trial.portal,
        device=trial.output,
        reasons=reasons,
        detail=f"{draft.now_ms - trial.began_ms} ms",
        body=Body(issuer=trial.issuer),
    )


def _drive(draft: Draft, output: str, name: str, *, on: bool) -> None:
    """Claim the output for the trial, or give it back: the order of priorities and the lamps have the last word."""
    if name in draft.wiring.barriers:
        draft.road(name).barrier.set(tried=output if on else None)
        return
    portal = draft.wiring.portals[name]
    if output in locks(portal):
        draft.change_way(name, locks(portal).index(output), tried=on)
    else:
        draft.change(name)  # the arms: settled by the trial itself


def what(state: State, output: str) -> str:
    """What an output is for, in the words of a site file: lock, release_in, drop, warning ... Empty: unused."""
    name = state.wiring.lane_outputs.get(output)
    if name is not None:
        found = _lamp(state.wiring.barriers[name], output)
        return found.part.value if found.direction is None else f"{found.part.value} {found.direction.value}"
    name = state.wiring.outputs.get(output)
    if name is None:
        return ""
    portal = state.wiring.portals[name]
    if isinstance(portal, Door):
        return "lock"
    return {portal.release_in: "release_in", portal.release_out: "release_out"}.get(output, "drop")

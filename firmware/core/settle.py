"""The settling of a portal: claims become outputs, and whatever rests on them follows.

Every change of a portal ends here: the order of priorities is resolved anew, what the winner bars is ended, and
outputs are commanded where they differ from what they were last told. Nothing else commands a lock.
"""

from __future__ import annotations

from firmware.core.calls import show
from firmware.core.claims import HOLD_CLAIM, Verdict, passing_claim, resolve
from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.effects import Feedback, SetOutput
from firmware.core.leaf import leaf_on
from firmware.core.machines import (
    Fire,
    HoldTrigger,
    Leaf,
    LeafTrigger,
    Opening,
    OpeningTrigger,
    Passing,
    PassingTrigger,
)
from firmware.core.modes import ORDER, RANK, Claim
from firmware.core.release import GRACE_MS, hold_on, passing_on, proves
from firmware.core.schedule import opening_on
from firmware.core.site import Door
from firmware.core.state import PortalState
from firmware.core.view import Mode
from firmware.core.wiring import IN, Portal, locks


def settle(draft: Draft, portal: Portal) -> None:
    """Bring the outputs of a portal, and whatever rests on its claims, in line with the order of priorities."""
    ways = draft.portals[portal.id].ways
    verdicts = [resolve(draft.state, portal, draft.portals[portal.id], way) for way in ways]
    if any(verdict.bar is not None for verdict in verdicts) and _interrupt(draft, portal, verdicts):
        now = draft.portals[portal.id]
        verdicts = [resolve(draft.state, portal, now, way) for way in now.ways]
    for way, (output, verdict) in enumerate(zip(locks(portal), verdicts, strict=True)):
        _command(draft, portal, way, output, verdict)
    _change_free(draft, portal, verdicts[IN].free)
    if not isinstance(portal, Door):
        _drop_arms(draft, portal.id, portal.drop)
    _show(draft, portal, verdicts[IN])
    draft.set_portal_deadline(portal.id, draft.portals[portal.id].timers)
    del draft.unsettled[portal.id]


def _interrupt(draft: Draft, portal: Portal, verdicts: list[Verdict]) -> bool:
    """End what stands below a claim that secures by authority. Returns whether there was anything."""
    before = draft.portals[portal.id]
    for way, verdict in enumerate(verdicts):
        if verdict.bar is None:
            continue
        bar = ORDER[verdict.bar]
        state = draft.portals[portal.id]
        if state.ways[way].passing is not Passing.IDLE and ORDER[passing_claim(state.ways[way])] > bar:
            passing_on(draft, portal, way, PassingTrigger.CANCELLED)
        if ORDER[HOLD_CLAIM[state.hold]] > bar:
            hold_on(draft, portal, HoldTrigger.INTERRUPTED)
        if state.opening is Opening.UNLOCKED:
            opening_on(draft, portal, OpeningTrigger.INTERRUPTED)
    return draft.portals[portal.id] is not before


def _command(draft: Draft, portal: Portal, way: int, output: str, verdict: Verdict) -> None:
    """Command one output where what it should be differs from what it was last told."""
    now = draft.portals[portal.id].ways[way]
    released = verdict.winner.released
    if now.claim is not verdict.winner.claim or now.commanded is not released:
        draft.change_way(portal.id, way, claim=verdict.winner.claim, commanded=released)
    if now.commanded is released:
        return
    draft.outputs.append(SetOutput(output, released))
    if now.commanded and proves(portal, way):
        draft.put(portal.id, f"grace:{way}", draft.now_ms + GRACE_MS)
    elif released:
        draft.drop(portal.id, f"grace:{way}")


def _change_free(draft: Draft, portal: Portal, free: Claim | None) -> None:
    """Begin or end the release until further notice: it is told, and the leaf is timed only without it."""
    before = draft.portals[portal.id].free
    if free is before:
        return
    draft.change(portal.id, free=free)
    if free is not None and before is not None:
        return
    if free is not None:
        draft.record(Code.UNLOCKED, portal=portal.id, reasons=_reasons(free))
    else:
        draft.record(Code.LOCKED, portal=portal.id, reasons=_reasons(draft.portals[portal.id].ways[IN].claim))
    if isinstance(portal, Door):
        leaf_on(draft, portal, LeafTrigger.FREED if free is not None else LeafTrigger.BOUND)


def _reasons(claim: Claim) -> tuple[str, ...]:
    reason = RANK[claim].reason
    return () if reason is None else (reason,)


def _drop_arms(draft: Draft, portal: str, output: str | None) -> None:
    """The arms of a turnstile fall on fire and evacuation, whether it is an escape route or not."""
    if output is None:
        return
    now = draft.portals[portal]
    trial = draft.state.trial
    tried = trial is not None and trial.output == output
    drop = draft.state.evacuation or draft.state.fire is not Fire.NONE or tried
    if now.dropped is drop:
        return
    draft.change(portal, dropped=drop)
    draft.outputs.append(SetOutput(output, drop))
    if drop or now.dropped:
        draft.record(Code.DROPPED if drop else Code.RESTORED, portal=portal, device=output)


def _show(draft: Draft, portal: Portal, verdict: Verdict) -> None:
    """What the readers show while nobody is served."""
    now = draft.portals[portal.id]
    shown = _at_rest(now, verdict)
    if shown is now.shown:
        return
    draft.change(portal.id, shown=shown)
    for point in portal.access_points:
        show(draft, point, shown)


def _at_rest(now: PortalState, verdict: Verdict) -> Feedback:
    if now.leaf in (Leaf.WARNED, Leaf.HELD):
        return Feedback.HELD_WARNING
    if now.free is not None:
        return Feedback.UNLOCKED
    return Feedback.LOCKDOWN if verdict.winner.mode is Mode.LOCKED_DOWN else Feedback.IDLE

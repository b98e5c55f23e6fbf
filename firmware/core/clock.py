"""Wall time as it becomes known, jumps and is lost. It moves schedules and holds; it never releases a portal."""

from __future__ import annotations

from firmware.core.codes import Code
from firmware.core.draft import Draft
from firmware.core.facts import ClockLost, ClockSet, RosterReplaced
from firmware.core.lane import step as lane_step
from firmware.core.lanes import evaluate_lane
from firmware.core.machines import HoldTrigger
from firmware.core.release import hold_on
from firmware.core.schedule import evaluate_all
from firmware.core.viewings import move as move_shifts

# Smaller corrections are the clock being kept; larger ones are told, and an edge of a schedule that lies within is
# found, not passed. The clock of a controller may be wrong by 5 s at most (GA/T 1742), so that 2 s is worth telling.
CLOCK_STEP_MS = 2_000


def clock_set(draft: Draft, fact: ClockSet) -> None:
    """Wall time is known, or has jumped."""
    before = draft.state.offset_ms
    offset_ms = fact.utc_ms - draft.now_ms
    draft.set(offset_ms=offset_ms)
    step_ms = None if before is None else offset_ms - before
    if step_ms is None:
        draft.record(Code.CLOCK_SET, detail=fact.source[:64])
    elif abs(step_ms) > CLOCK_STEP_MS:
        draft.record(Code.CLOCK_STEPPED, detail=f"{step_ms} ms")
    _evaluate(draft, by_time=step_ms is not None and abs(step_ms) <= CLOCK_STEP_MS)
    _move_holds(draft)
    move_shifts(draft)


def clock_lost(draft: Draft, fact: ClockLost) -> None:
    """Wall time is not known any more: schedules end; holds end when they would have."""
    if draft.state.offset_ms is None:
        return
    draft.record(Code.CLOCK_LOST, detail=fact.why[:64])
    draft.set(offset_ms=None)
    _evaluate(draft, by_time=False)


def roster_replaced(draft: Draft, fact: RosterReplaced) -> None:
    """There is a new rulebook: schedules that it begins are found, those that it ends end."""
    draft.set(rulebook=fact.rulebook)
    for key, value in fact.kept.items():
        draft.keep(key, value)
    draft.record(Code.ROSTER_REPLACED, detail=fact.receipt or f"version {fact.rulebook.version}")
    _evaluate(draft, by_time=False)


def _evaluate(draft: Draft, *, by_time: bool) -> None:
    """The schedules of all portals."""
    evaluate_all(draft, by_time=by_time)
    for name in draft.wiring.barriers:
        evaluate_lane(draft, name, by_time=by_time)


def _move_holds(draft: Draft) -> None:
    """A hold until an instant of wall time ends at that instant, wherever it lies now."""
    for portal, now in tuple(draft.portals.items()):
        if now.hold_until_utc_s is None:
            continue
        ends_ms = draft.monotonic_ms(now.hold_until_utc_s)
        if ends_ms > draft.now_ms:
            draft.put(portal, "hold", ends_ms)
        else:
            hold_on(draft, draft.wiring.portals[portal], HoldTrigger.EXPIRED)
    for name, roadway in tuple(draft.lanes.items()):
        until_s = roadway.lane.hold_until_utc_s
        if until_s is None:
            continue
        lane, ends_ms = draft.road(name).lane, draft.monotonic_ms(until_s)
        if ends_ms > draft.now_ms:
            lane.put("hold", ends_ms - draft.now_ms)
        else:
            lane_step.hold_on(lane, HoldTrigger.EXPIRED)

"""One step of a lane: the barrier reports, somebody may pass, time is over; and what the lane asks for then."""

from __future__ import annotations

from firmware.core.barrier.state import Want
from firmware.core.barrier.step import Demand, Report
from firmware.core.lane.machines import Passage, PassageTrigger, Track, TrackTrigger
from firmware.core.lane.passing import offer_passage, passage_on, queue_due, revoke, serve
from firmware.core.lane.state import LaneState
from firmware.core.lane.tracking import explain_due, forget_lost, track_on
from firmware.core.lane.turn import Deed, LaneTurn
from firmware.core.machines import HOLD, OPENING, Hold, HoldTrigger, Opening, OpeningTrigger
from firmware.core.site import Direction

__all__ = [
    "busy",
    "confirm",
    "finish",
    "hold_on",
    "offer_passage",
    "opening_on",
    "take_due",
    "take_lockdown",
    "take_out_of_service",
    "take_report",
]


def finish(turn: LaneTurn) -> Demand:
    """Serve whoever is next, and say what the lane asks of its barrier now. `owe` is said once."""
    serve(turn)
    state = turn.state
    want = _want(turn)
    waits = bool(state.queue) and turn.runs("changeover")  # it stays open for whoever is next
    owe = state.owes and want is Want.NOBODY and state.passage is Passage.IDLE and not waits
    demand = Demand(want, owe, state.doubt or state.unexplained, _go(turn))
    if owe or (state.owes and want is not Want.NOBODY and state.passage is Passage.IDLE and state.serving is None):
        turn.set(owes=False)  # while it stands open for everybody nothing is owed
    turn.set(demand=demand._replace(owe=False))
    return demand


def _want(turn: LaneTurn) -> Want:
    """The highest in the order of priorities for whom the barrier should be open."""
    state = turn.state
    serving = None if state.passage is Passage.IDLE or state.taken_over else state.serving
    if serving is not None and serving.direction is Direction.OUT:
        return Want.LEAVING
    if state.hold is Hold.OPERATOR or (serving is not None and serving.by_operator):
        return Want.OPERATOR
    if serving is not None:
        return Want.CREDENTIAL
    return Want.SCHEDULE if state.opening is Opening.UNLOCKED else Want.NOBODY


def busy(turn: LaneTurn) -> bool:
    """Whether somebody is served or waits, or it is to stand open for everybody."""
    return turn.state.passage is not Passage.IDLE or bool(turn.state.queue) or stands_open(turn)


def stands_open(turn: LaneTurn) -> bool:
    """Whether it is to stand open for everybody: by an operator's hold or a window of its schedule."""
    return turn.state.hold is Hold.OPERATOR or turn.state.opening is Opening.UNLOCKED


def _stands_there(state: LaneState) -> bool:
    """Whether a vehicle is at the barrier that may be the one that is served."""
    if state.track in (Track.CLEAR, Track.COVERED, Track.LEAVING) or state.serving is None:
        return False
    return state.track is Track.STRAY or state.origin is state.serving.direction


def _free_for(state: LaneState) -> bool:
    """Whether nobody is at the barrier but, perhaps, the vehicle that is served."""
    if state.track is Track.ON and state.serving is not None:
        return state.origin is state.serving.direction
    return state.track in (Track.CLEAR, Track.COVERED, Track.LEAVING, Track.STRAY)


def _go(turn: LaneTurn) -> tuple[bool, bool]:
    """Which directions may see green: whoever is served, or everybody."""
    state = turn.state
    if not state.report.opened or not state.report.serves:
        return False, False
    if state.passage is Passage.READY and state.serving is not None:
        inward = state.serving.direction is Direction.IN
        if not _free_for(state):
            return False, False  # nobody is sent head-on
        return inward and not state.lockdown, not inward
    if state.passage is Passage.IDLE and stands_open(turn):
        return True, True
    return False, False


# -- what may happen --------------------------------------------------------------------------------------------------


def take_report(turn: LaneTurn, report: Report) -> None:
    """The barrier says where it is, and whether the lane may go on."""
    before = turn.state.report
    if report == before:
        return
    turn.set(report=report)
    if before.serves and not report.serves:
        revoke(turn)
        turn.set(owes=False)
        hold_on(turn, HoldTrigger.INTERRUPTED)
        opening_on(turn, OpeningTrigger.INTERRUPTED)
    elif report.between and not before.between:
        revoke(turn)
        turn.set(owes=False)
    elif report.opened and not before.opened:
        passage_on(turn, PassageTrigger.OPENED)
    elif before.opened and not report.opened:
        passage_on(turn, PassageTrigger.UNOPENED)
    if turn.state.lockdown:
        _refuse_entry(turn)


def take_lockdown(turn: LaneTurn, lockdown: bool) -> None:
    """Lockdown refuses entry and moves nothing: what stands open stays where it is, and is not kept so."""
    if lockdown == turn.state.lockdown:
        return
    turn.set(lockdown=lockdown)
    if lockdown:
        _refuse_entry(turn)
        hold_on(turn, HoldTrigger.INTERRUPTED)
        opening_on(turn, OpeningTrigger.INTERRUPTED)


def _refuse_entry(turn: LaneTurn) -> None:
    """Nobody is let in who is not on the way through already; a closed barrier is not opened again for those either."""
    revoke(turn, entries_only=True)
    serving = turn.state.serving
    if turn.state.report.closed and serving is not None and serving.direction is Direction.IN:
        turn.set(taken_over=True)


def take_out_of_service(turn: LaneTurn, out: bool) -> None:
    """Out of service nobody is served; nothing moves because of that."""
    turn.set(out_of_service=out)
    if out:
        revoke(turn)
        turn.set(owes=False)
        hold_on(turn, HoldTrigger.INTERRUPTED)
        opening_on(turn, OpeningTrigger.INTERRUPTED)


def take_due(turn: LaneTurn, timer: str) -> None:
    """A timer is due; it has been taken off already."""
    state = turn.state
    match timer:
        case "gap":
            track_on(turn, TrackTrigger.GAP_DUE)
        case "leave":
            track_on(turn, TrackTrigger.LEAVE_DUE)
        case "passage":
            passage_on(turn, PassageTrigger.ENTERED if _stands_there(state) else PassageTrigger.DUE)
        case "explain":
            explain_due(turn)
        case "queue":
            queue_due(turn)
        case "hold":
            hold_on(turn, HoldTrigger.EXPIRED)
        case _:
            assert timer in ("left_entry", "left_exit", "changeover"), timer  # that they are over is all


def confirm(turn: LaneTurn) -> None:
    """A person has looked: nobody is in the lane (R1)."""
    if turn.state.doubt or turn.state.unexplained:
        turn.set(doubt=False, unexplained=False)
        turn.drop("explain")
        forget_lost(turn)
        turn.did(Deed.CONFIRMED)


# -- what persons have decided ----------------------------------------------------------------------------------------


def hold_on(turn: LaneTurn, trigger: HoldTrigger, until_ms: int | None = None) -> None:
    """One trigger for what persons have decided. A hold that ends by itself or by its person owes a close."""
    before = turn.state.hold
    target, actions = HOLD.on(before, trigger)
    for action in actions:
        if action == "time":
            assert until_ms is not None, "holding a lane open has an end"
            turn.put("hold", until_ms - turn.now_ms)
        else:
            turn.drop("hold")
            turn.set(hold_until_utc_s=None)
    if target is not before:
        turn.set(hold=target)
    ended = before is Hold.OPERATOR and target is not Hold.OPERATOR and trigger is not HoldTrigger.INTERRUPTED
    if ended or trigger is HoldTrigger.LOCK:
        turn.set(owes=True)
    if trigger is HoldTrigger.LOCK:
        revoke(turn, entries_only=True)
        opening_on(turn, OpeningTrigger.INTERRUPTED)


def opening_on(turn: LaneTurn, trigger: OpeningTrigger) -> None:
    """One trigger for what the schedule wants. A window that ends owes a close."""
    before = turn.state.opening
    target, _ = OPENING.on(before, trigger)
    if target is before:
        return
    turn.set(opening=target)
    if before is Opening.UNLOCKED and trigger is OpeningTrigger.ENDED:
        turn.set(owes=True)

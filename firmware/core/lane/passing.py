"""The passage that is served, and who is next: one at a time, never head-on."""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.lane.machines import PASSAGE, Passage, PassageTrigger, Track
from firmware.core.lane.state import Offer
from firmware.core.lane.turn import Deed, LaneTurn
from firmware.core.passage import Grant
from firmware.core.site import Direction

IN_A_ROW_MAX = 4  # vehicles of one direction while others wait in the other one
CHANGEOVER_MS = 4_000  # between a green that nobody took and the other side's: who drives in late is seen by then


def passage_on(turn: LaneTurn, trigger: PassageTrigger) -> None:
    """One trigger for the passage."""
    before = turn.state.passage
    target, actions = PASSAGE.on(before, trigger)
    if target is not before:
        turn.set(passage=target)
    for action in actions:
        _ACTIONS[action](turn)


def _time(turn: LaneTurn) -> None:
    turn.put("passage", turn.barrier.passage_ms_max)


def _time_opening(turn: LaneTurn) -> None:
    """Twice the way, because it may have to come back first."""
    turn.put("passage", turn.barrier.passage_ms_max + 2 * turn.barrier.travel_ms_max)


def _untime(turn: LaneTurn) -> None:
    turn.drop("passage")


def _taken(turn: LaneTurn) -> None:
    assert turn.state.serving is not None, "somebody passes who was served"
    turn.did(Deed.TAKEN, turn.state.serving)


def _not_taken(turn: LaneTurn) -> None:
    assert turn.state.serving is not None, "somebody did not pass who was served"
    turn.did(Deed.NOT_TAKEN, turn.state.serving)


def _tailgate(turn: LaneTurn) -> None:
    turn.did(Deed.TAILGATE)


def _change_over(turn: LaneTurn) -> None:
    """Somebody may have started on the green that is over: red for the other direction until he would be seen."""
    turn.put("changeover", CHANGEOVER_MS)


def _end(turn: LaneTurn) -> None:
    """R11: a close is earned, unless somebody else has decided meanwhile; whoever waits is served before that."""
    turn.set(serving=None, owes=not turn.state.taken_over, taken_over=False)


def _next(turn: LaneTurn) -> None:
    """Whoever follows on the safety loop already has asked, and is served at once."""
    offer = next(offer for offer in turn.state.queue if offer.direction is turn.state.origin)
    _take(turn, offer)


_ACTIONS: dict[str, Callable[[LaneTurn], None]] = {
    "time": _time,
    "time_opening": _time_opening,
    "untime": _untime,
    "taken": _taken,
    "not_taken": _not_taken,
    "tailgate": _tailgate,
    "change_over": _change_over,
    "end": _end,
    "next": _next,
}
PASSAGE.check_actions(_ACTIONS)


# -- who is next ------------------------------------------------------------------------------------------------------


def offer_passage(turn: LaneTurn, offer: Offer) -> None:
    """Somebody may pass. A vehicle that presents again has asked already."""
    state = turn.state
    waiting = (*state.queue, *(() if state.serving is None or state.passage is Passage.LEAVING else (state.serving,)))
    if any(offer.same(other) for other in waiting):
        return
    turn.set(queue=(*state.queue, offer))
    _time_queue(turn)


def _take(turn: LaneTurn, offer: Offer) -> None:
    state = turn.state
    others = any(other.direction is not offer.direction for other in state.queue)
    in_a_row = state.in_a_row + 1 if offer.direction is state.last and others else 0
    queue = tuple(other for other in state.queue if other is not offer)
    turn.set(serving=offer, queue=queue, last=offer.direction, in_a_row=in_a_row, owes=False)
    _time_queue(turn)


def serve(turn: LaneTurn) -> None:
    """Serve the next, where the lane is free for that direction. Nobody is sent head-on against a vehicle."""
    state = turn.state
    if state.passage is not Passage.IDLE or not state.queue or not state.report.serves:
        return
    busy = state.track not in (Track.CLEAR, Track.COVERED, Track.STRAY)  # a stray one may be whoever presented
    candidates = [offer for offer in state.queue if not busy or offer.direction is state.origin]
    if turn.runs("changeover"):
        candidates = [offer for offer in candidates if offer.direction is state.last]
    if state.report.between:
        candidates = [offer for offer in candidates if offer.by_operator]
    if not candidates:
        return
    _take(turn, _choose(turn, candidates))
    opened = turn.state.report.opened
    passage_on(turn, PassageTrigger.OFFERED_OPEN if opened else PassageTrigger.OFFERED)


def _choose(turn: LaneTurn, candidates: list[Offer]) -> Offer:
    """By priority where one is given, else who came first; but not for ever the same direction."""
    state = turn.state
    if state.in_a_row >= IN_A_ROW_MAX:
        others = [offer for offer in candidates if offer.direction is not state.last]
        if others:
            return others[0]
    first = [offer for offer in candidates if offer.direction is turn.barrier.priority]
    return first[0] if first else candidates[0]


def revoke(turn: LaneTurn, *, entries_only: bool = False) -> None:
    """Whoever waits waits in vain; and who is served, unless the vehicle is on its way through already."""
    keep = tuple(offer for offer in turn.state.queue if entries_only and offer.direction is Direction.OUT)
    for offer in turn.state.queue:
        if offer not in keep:
            turn.did(Deed.NOT_TAKEN, offer)
    turn.set(queue=keep)
    _time_queue(turn)
    if not entries_only:
        turn.set(taken_over=turn.state.passage is not Passage.IDLE)
    serving = turn.state.serving
    if serving is None or (entries_only and (serving.direction is Direction.OUT or not turn.state.report.closed)):
        return  # under lockdown an open barrier's passage ends as ever: nothing moves because of the lockdown
    passage_on(turn, PassageTrigger.REVOKED)


def withdraw(turn: LaneTurn, whose: Callable[[Grant], bool]) -> None:
    """Entries by such a grant that were not taken yet are not offered any more. Offers to leave stay."""

    def ends(offer: Offer) -> bool:
        return offer.direction is Direction.IN and offer.grant is not None and whose(offer.grant)

    for offer in turn.state.queue:
        if ends(offer):
            turn.did(Deed.NOT_TAKEN, offer)
    turn.set(queue=tuple(offer for offer in turn.state.queue if not ends(offer)))
    _time_queue(turn)
    if turn.state.serving is not None and ends(turn.state.serving):
        passage_on(turn, PassageTrigger.REVOKED)


def queue_due(turn: LaneTurn) -> None:
    """Who has waited for too long has driven on."""
    limit_ms = turn.now_ms - turn.barrier.queue_ms_max
    over = [offer for offer in turn.state.queue if offer.at_ms <= limit_ms]
    for offer in over:
        turn.did(Deed.NOT_TAKEN, offer)
    turn.set(queue=tuple(offer for offer in turn.state.queue if offer.at_ms > limit_ms))
    _time_queue(turn)


def _time_queue(turn: LaneTurn) -> None:
    queue = turn.state.queue
    if queue:
        oldest_ms = min(offer.at_ms for offer in queue)
        turn.put("queue", oldest_ms + turn.barrier.queue_ms_max - turn.now_ms)
    else:
        turn.drop("queue")

"""Follows the vehicle at the barrier through its loops: where it came from, where it left, whether another follows.

A safety loop that clears without its exit sequence leaves the lane in doubt (R1). Its exit sequence is: at that instant
the loop before or behind it is active; or within `gap_ms_max` after it the loop ahead of the vehicle becomes active
(of one that came from nowhere: either), or the safety loop itself again.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.core.lane.machines import TRACK, Passage, PassageTrigger, Track, TrackTrigger
from firmware.core.lane.passing import passage_on, serve
from firmware.core.lane.state import Loops
from firmware.core.lane.turn import Deed, LaneTurn
from firmware.core.site import Direction

MM_PER_MS_KMH = 3.6  # 1 mm/ms is 1 m/s


def loops_changed(turn: LaneTurn, loops: Loops) -> None:
    """Loops and beams are seen so now. The loops before and behind come first: they tell where a vehicle belongs."""
    before = turn.state.loops
    if loops == before:
        return
    turn.set(loops=loops)
    if loops.entry != before.entry:
        _outer(turn, Direction.OUT, loops.entry)
        _approached(turn, "left_entry", loops.entry)
    if loops.exit != before.exit:
        _outer(turn, Direction.IN, loops.exit)
        _approached(turn, "left_exit", loops.exit)
    if loops.loop and not before.loop:
        _taken_by_loop(turn)
    if loops.cover and not before.cover and not loops.loop:
        track_on(turn, TrackTrigger.COVERED)
    if before.cover and not loops.cover and loops.loop:
        turn.set(apart=True)
    if loops.loop != before.loop:
        _explain(turn, loops.loop or loops.entry or loops.exit)
    if (before.loop or before.cover) and not (loops.loop or loops.cover):
        _off(turn)


def _explain(turn: LaneTurn, explained: bool) -> None:
    """A safety loop has taken a vehicle, or let it go."""
    turn.set(unexplained=not explained)
    if explained:
        turn.drop("explain")
    else:
        turn.put("explain", turn.barrier.gap_ms_max)


def explain_due(turn: LaneTurn) -> None:
    """Nobody has seen where the vehicle went: until a person has looked, it may stand there still."""
    turn.set(unexplained=False)
    forget_lost(turn)
    if not turn.state.doubt:
        turn.set(doubt=True)
        turn.did(Deed.DOUBTED)


def forget_lost(turn: LaneTurn) -> None:
    """A vehicle that was on no loop any more is not waited for."""
    if turn.state.track is Track.GAP:
        turn.drop("gap")
        track_on(turn, TrackTrigger.GAP_DUE)


def _outer(turn: LaneTurn, far_of: Direction, on: bool) -> None:
    """The loop that is far for vehicles of a direction has changed."""
    state = turn.state
    nowhere = state.track in (Track.CLEAR, Track.COVERED, Track.STRAY)
    if on and state.unexplained and (nowhere or state.origin is far_of):
        _explain(turn, True)
    if nowhere or state.origin is not far_of:
        return
    if not on:
        track_on(turn, TrackTrigger.FAR_OFF)
        return
    track_on(turn, TrackTrigger.FAR_NEXT if state.apart else TrackTrigger.FAR_ON)


def _approached(turn: LaneTurn, timer: str, on: bool) -> None:
    """A vehicle shorter than the way between two loops is on neither for a moment: it is remembered for so long."""
    if on:
        turn.drop(timer)
        if timer == "left_entry":
            turn.set(entry_ms=turn.now_ms)
    else:
        turn.put(timer, turn.barrier.gap_ms_max)


def _taken_by_loop(turn: LaneTurn) -> None:
    """The safety loop takes a vehicle."""
    state = turn.state
    if state.track is Track.GAP:
        track_on(turn, TrackTrigger.AGAIN)
        return
    if state.track is Track.LEAVING:
        inward = state.origin is Direction.IN
        near = state.loops.entry if inward else state.loops.exit
        short = turn.runs("left_entry" if inward else "left_exit") and bool(turn.barrier.photocells)
        # Behind a beam that has cleared there is another vehicle; else it may be a trailer of this one.
        track_on(turn, TrackTrigger.ENTERED if near or short else TrackTrigger.AGAIN)
        return
    origin = _origin(turn)
    if origin is None:
        track_on(turn, TrackTrigger.STRAYED)
        return
    if state.track in (Track.CLEAR, Track.COVERED, Track.STRAY):
        turn.set(origin=origin)
    track_on(turn, TrackTrigger.ENTERED)


def _origin(turn: LaneTurn) -> Direction | None:
    """Where a vehicle comes from: the loop that it stands on, or else the one that it left just now; None: neither."""
    state = turn.state
    for inward, outward in (
        (state.loops.entry, state.loops.exit),
        (turn.runs("left_entry"), turn.runs("left_exit")),
    ):
        if inward and outward:  # one waits on the other side
            return state.last if state.serving is None else state.serving.direction
        if inward or outward:
            return Direction.IN if inward else Direction.OUT
    return None


def _off(turn: LaneTurn) -> None:
    """Nothing is seen at the barrier any more."""
    loops, track = turn.state.loops, turn.state.track
    if track is Track.COVERED:
        track_on(turn, TrackTrigger.UNCOVERED)
        return
    inward = turn.state.origin is Direction.IN
    near = loops.entry if inward else loops.exit
    far = loops.exit if inward else loops.entry
    if near and far:
        track_on(turn, TrackTrigger.OFF_BOTH)
    elif near:
        track_on(turn, TrackTrigger.OFF_NEAR)
    else:
        track_on(turn, TrackTrigger.OFF_FAR if far else TrackTrigger.OFF_NONE)


def track_on(turn: LaneTurn, trigger: TrackTrigger) -> None:
    """One trigger for the vehicle at the barrier."""
    before = turn.state.track
    target, actions = TRACK.on(before, trigger)
    if target is not before:
        turn.set(track=target)
    for action in actions:
        _ACTIONS[action](turn)
    # Whoever was served is at the barrier no more, though it was not seen which way it went.
    if turn.state.track is Track.CLEAR and turn.state.passage in (Passage.PASSING, Passage.LEAVING):
        passage_on(turn, PassageTrigger.UNCLEAR)


def _enter(turn: LaneTurn) -> None:
    # Without a beam, or while one is clear, nothing tells two bodies on one loop from one.
    turn.set(apart=not turn.barrier.photocells)
    turn.did(Deed.ENTERED)
    state, barrier = turn.state, turn.barrier
    if barrier.loops_mm is not None and state.origin is Direction.IN and state.entry_ms is not None:
        took_ms = max(1, turn.now_ms - state.entry_ms)
        kmh = round(barrier.loops_mm * MM_PER_MS_KMH / took_ms)
        if kmh > barrier.speed_kmh_max:
            turn.did(Deed.OVERSPEED, kmh=kmh)
    served = state.serving is not None and state.serving.direction is state.origin
    if served:
        passage_on(turn, PassageTrigger.ENTERED)
    elif not state.report.closed and not free(turn):
        turn.did(Deed.TAILGATE if state.origin is state.last and state.serving is None else Deed.WRONG_WAY)


def free(turn: LaneTurn) -> bool:
    """Whether the barrier stands open for everybody now: by a hold, a window, or whoever has taken over."""
    demand = turn.state.demand
    if not turn.state.report.serves:
        return turn.state.report.opened
    return turn.state.serving is None and demand.go == (True, True)


def _passed(turn: LaneTurn) -> None:
    turn.did(Deed.PASSED)
    if not _tell(turn, PassageTrigger.PASSED) and free(turn):
        turn.did(Deed.PASSED_UNASKED)


def _tell(turn: LaneTurn, trigger: PassageTrigger) -> bool:
    """Tell the passage, if this vehicle is the one that is served."""
    serving = turn.state.serving
    if serving is None or serving.direction is not turn.state.origin:
        return False
    passage_on(turn, trigger)
    return True


def _turned_back(turn: LaneTurn) -> None:
    turn.did(Deed.TURNED_BACK)
    _tell(turn, PassageTrigger.TURNED_BACK)


def _unclear(turn: LaneTurn) -> None:
    _tell(turn, PassageTrigger.UNCLEAR)


def _followed(turn: LaneTurn) -> None:
    turn.did(Deed.ENTERED)
    turn.set(apart=not turn.barrier.photocells)
    asked = any(offer.direction is turn.state.origin for offer in turn.state.queue)
    _tell(turn, PassageTrigger.FOLLOWED if asked else PassageTrigger.FOLLOWED_UNASKED)


def _left(turn: LaneTurn) -> None:
    """Whoever waits is served at once: the next vehicle may be on the safety loop already."""
    _tell(turn, PassageTrigger.LEFT)
    serve(turn)


def _lost(turn: LaneTurn) -> None:
    _tell(turn, PassageTrigger.LOST)


def _time_gap(turn: LaneTurn) -> None:
    turn.put("gap", turn.barrier.gap_ms_max)


def _time_leave(turn: LaneTurn) -> None:
    turn.put("leave", turn.barrier.leave_ms_max)


def _untime(turn: LaneTurn) -> None:
    turn.drop("gap", "leave")


_ACTIONS: dict[str, Callable[[LaneTurn], None]] = {
    "enter": _enter,
    "passed": _passed,
    "turned_back": _turned_back,
    "unclear": _unclear,
    "followed": _followed,
    "left": _left,
    "lost": _lost,
    "time_gap": _time_gap,
    "time_leave": _time_leave,
    "untime": _untime,
}
TRACK.check_actions(_ACTIONS)

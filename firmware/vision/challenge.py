"""Does a living person stand there? Asked to blink and to turn, in an order that nobody knows before. A hint only.

Pure: what the landmarks of each frame say goes in, with its time. A picture does not blink; one that is turned stays
flat, so that the nose keeps its place between the cheeks (models/faces/landmarks.py), and one that is tilted keeps its
eyes; a recording does things when it was recorded to, and a turn that was not asked for ends it. Not stopped by this is
somebody who computes a face as it is asked for: one still of the holder, warped into turns and a blink on a screen, is
enough for that. Nor is a mask. A print that is bent like a head does turn, and is stopped by the blink alone. A
recording that plays once passes one try in ten, one that plays in a loop up to three, for a blink is no matter while a
turn is asked for. A face alone never opens what matters.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from firmware.faces.steps import STEP_MS_MAX, Step

MS = 1_000_000
FACING = 0.22  # turned no further either way is straight ahead, from where the head was at first
TURN_MIN = 0.34  # so far is turned; of a flat picture, life-size and half a metre away, it is 0.16 at most
STEPWISE = 0.4  # further between two frames no head turns: a picture was exchanged
SHUT, OPEN = 0.65, 0.8  # of how open the eyes were at first; of a flat picture, tilted by up to 60 degrees, 0.76
BLINK_NS = (40 * MS, 900 * MS)  # from shut to open again
TURN_NS_MIN = 120 * MS  # from straight ahead to turned
GAP_NS_MAX = 500 * MS  # between two frames that show the face
MOVED_MAX = 0.5  # of the face's side between two frames
SIZED_MAX = 1.35  # by which it may grow or shrink between two frames
STEP_NS_MAX = STEP_MS_MAX * MS
FIRST_FRAMES = 3  # straight ahead, to see how open the eyes are
EYES_MIN = 0.12  # less open at first, a blink could not be told


class Sight(NamedTuple):
    """One frame's face: turned (to the own left: positive), how open its eyes are, its middle and side in pixels."""

    turn: float
    eyes: float
    x: float
    y: float
    side: float


class Fail(StrEnum):
    LATE = "late"
    GONE = "gone"  # no face for too long
    EXCHANGED = "exchanged"  # it jumped, in place, size or angle
    WRONG = "wrong"  # another turn than the one that was asked for
    EYES = "eyes"  # they cannot be seen well enough


class State(NamedTuple):
    """How far it is. `done`: steps that were done and after which the head is straight again."""

    steps: tuple[Step, ...]
    step_until_ns: int
    done: int = 0
    failed: Fail | None = None
    last: Sight | None = None
    last_ns: int = 0
    first: tuple[Sight, ...] = ()  # straight ahead, until there are FIRST_FRAMES
    turn: float = 0.0  # where straight ahead is
    eyes: float = 0.0  # how open they are when open
    straight_ns: int = 0  # when the head was straight last
    shut_ns: int = 0  # when the eyes were shut; 0: they are open
    met: bool = False  # the step was done, the head is not straight yet

    @property
    def passed(self) -> bool:
        return self.failed is None and self.done == len(self.steps)

    @property
    def asked(self) -> Step | None:
        """What is to be done now; None: look straight ahead."""
        begun = len(self.first) >= FIRST_FRAMES and not self.met
        return self.steps[self.done] if begun and self.failed is None and self.done < len(self.steps) else None

    @property
    def straight(self) -> bool:
        """Whether the face may be compared now: it looks this way, and nothing is under way."""
        ready = len(self.first) >= FIRST_FRAMES and not self.shut_ns and not self.met
        return ready and self.last is not None and abs(self.last.turn - self.turn) <= FACING


def begun(steps: Sequence[Step], at_ns: int) -> State:
    return State(tuple(steps), at_ns + STEP_NS_MAX)


def seen(state: State, sight: Sight | None, at_ns: int) -> State:
    """After one frame; `sight` None: it shows no face, or not one alone. What has failed or passed stays so."""
    if state.failed is not None or state.passed:
        return state
    failed = _failed(state, sight, at_ns)
    if failed is not None:
        return state._replace(failed=failed)
    if sight is None:
        return state
    state = state._replace(last=sight, last_ns=at_ns)
    if len(state.first) < FIRST_FRAMES:
        return _first(state, sight, at_ns)
    return _after(state, sight, at_ns)


def _failed(state: State, sight: Sight | None, at_ns: int) -> Fail | None:
    before = state.last
    if at_ns > state.step_until_ns:
        return Fail.LATE
    if before is None:
        return None
    if at_ns <= state.last_ns or at_ns - state.last_ns > GAP_NS_MAX:
        return Fail.GONE
    if sight is None:
        return None
    moved = max(abs(sight.x - before.x), abs(sight.y - before.y)) / max(before.side, 1.0)
    sized = max(sight.side, before.side) / max(min(sight.side, before.side), 1.0)
    jumped = moved > MOVED_MAX or sized > SIZED_MAX or abs(sight.turn - before.turn) > STEPWISE
    return Fail.EXCHANGED if jumped else None


def _first(state: State, sight: Sight, at_ns: int) -> State:
    """Straight ahead with open eyes, a few frames in a row."""
    first = (*state.first, sight) if abs(sight.turn) <= FACING else ()
    if len(first) < FIRST_FRAMES:
        return state._replace(first=first)
    eyes = sorted(each.eyes for each in first)[len(first) // 2]
    turn = sum(each.turn for each in first) / len(first)
    if eyes < EYES_MIN:
        return state._replace(failed=Fail.EYES)
    return state._replace(first=first, eyes=eyes, turn=turn, straight_ns=at_ns, step_until_ns=at_ns + STEP_NS_MAX)


def _after(state: State, sight: Sight, at_ns: int) -> State:
    turn = sight.turn - state.turn
    straight = abs(turn) <= FACING
    step = state.steps[state.done]
    if state.met:  # back to straight, then the next one
        if not straight or sight.eyes < OPEN * state.eyes:
            return state
        return state._replace(
            met=False, done=state.done + 1, straight_ns=at_ns, shut_ns=0, step_until_ns=at_ns + STEP_NS_MAX
        )
    if abs(turn) >= TURN_MIN:
        way = Step.LEFT if turn > 0 else Step.RIGHT
        if way is not step or at_ns - state.straight_ns < TURN_NS_MIN:
            return state._replace(failed=Fail.WRONG if way is not step else Fail.EXCHANGED)
        return state._replace(met=True, shut_ns=0)
    if straight:
        state = state._replace(straight_ns=at_ns)
    return _blinking(state, sight, at_ns) if step is Step.BLINK and straight else state._replace(shut_ns=0)


def _blinking(state: State, sight: Sight, at_ns: int) -> State:
    """Shut, and open again soon. Of other steps a blink is no matter: everybody blinks."""
    if sight.eyes <= SHUT * state.eyes:
        return state._replace(shut_ns=state.shut_ns or at_ns)
    if state.shut_ns and sight.eyes >= OPEN * state.eyes:
        lasted = at_ns - state.shut_ns
        blinked = BLINK_NS[0] <= lasted <= BLINK_NS[1]
        return state._replace(shut_ns=0, met=blinked)
    return state

"""What a person at the panel can do in a vehicle lane: who comes and goes, balls, keys, broken wires."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from firmware.rehearsal.barrier import Barrier
from firmware.rehearsal.body import GAP_MM
from firmware.rehearsal.detectors import BALL_S_MAX

Id = Annotated[str, msgspec.Meta(max_length=40)]
SPEED_MM_S_MAX = 30_000


class Action(msgspec.Struct, frozen=True, tag=True, tag_field="do", forbid_unknown_fields=True):
    """Base of all actions; in JSON the key `do` says which."""


class Arrive(Action, frozen=True, tag="arrive"):
    """Somebody comes into the lane: Lane.arrive()."""

    barrier: Id
    kind: Id
    direction: Literal["in", "out"]
    speed_mm_s: Annotated[int, msgspec.Meta(ge=1, le=SPEED_MM_S_MAX)] | None = None
    stop_at: Id | None = None
    careful: bool = False
    behind: int | None = None
    gap_mm: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = GAP_MM
    placed: bool = False
    plate: Annotated[str, msgspec.Meta(max_length=16)] | None = None


class MoveBody(Action, frozen=True, tag="body"):
    """Somebody in the lane goes on, stops, reverses, or is taken away."""

    barrier: Id
    body: int
    deed: Literal["go", "stop", "reverse", "remove"]


class ClearLane(Action, frozen=True, tag="clear_lane"):
    """Everybody is gone."""

    barrier: Id


class PutBall(Action, frozen=True, tag="ball"):
    """A ball lies in a beam for so long; 0 takes it away."""

    barrier: Id
    beam: Id
    seconds: Annotated[int, msgspec.Meta(ge=0, le=BALL_S_MAX)] = 30


class PressKey(Action, frozen=True, tag="key"):
    """A button, key or state of the machine is on (pressed, turned, open, lost) or not; what springs back does so."""

    barrier: Id
    key: Id
    on: bool


class SpoilWire(Action, frozen=True, tag="wire"):
    """A wire is broken, shorted, swapped, stuck, or mended."""

    barrier: Id
    wire: Id
    wrong: Literal["", "open", "short", "inverted", "stuck"]


LaneAction = Arrive | MoveBody | ClearLane | PutBall | PressKey | SpoilWire


def at_lane(barrier: Barrier, action: LaneAction) -> None:
    """Do it. Raises ActionError."""
    match action:
        case Arrive():
            barrier.lane.arrive(
                action.kind,
                action.direction,
                action.speed_mm_s,
                action.stop_at,
                careful=action.careful,
                behind=action.behind,
                gap_mm=action.gap_mm,
                placed=action.placed,
                plate=action.plate,
            )
        case MoveBody():
            _move(barrier, action)
        case ClearLane():
            barrier.lane.clear()
        case PutBall():
            barrier.put_ball(action.beam, action.seconds)
        case PressKey():
            barrier.hold(action.key, action.on)
        case SpoilWire():
            barrier.set_wire(action.wire, action.wrong)


def _move(barrier: Barrier, action: MoveBody) -> None:
    body = barrier.lane.body(action.body)
    match action.deed:
        case "go":
            body.go()
        case "stop":
            body.stop()
        case "reverse":
            body.reverse()
        case "remove":
            body.remove()

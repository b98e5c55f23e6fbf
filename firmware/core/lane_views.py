"""What people see of a barrier and its lane: what was asked, what is proven, and what stands against it."""

from __future__ import annotations

from firmware.core.barrier.goals import BARRIER_RANKS, BarrierClaim, first
from firmware.core.barrier.interlock import against_closing
from firmware.core.barrier.lamps import green
from firmware.core.barrier.machines import Motion, Obstruction, Watch
from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.state import BarrierState, End
from firmware.core.codes import Code, Reason
from firmware.core.facts import Level
from firmware.core.lane.machines import Passage
from firmware.core.lane.state import LaneState
from firmware.core.lane.step import stands_open
from firmware.core.lane.turn import LaneTurn
from firmware.core.machines import Hold
from firmware.core.site import Direction
from firmware.core.state import Roadway
from firmware.core.view import HoldView, Lamp, LaneView, Mode, PortalView, Position, SpotView

_POSITION: dict[Motion, Position] = {
    Motion.UNKNOWN: Position.UNKNOWN,
    Motion.CLOSED: Position.CLOSED,
    Motion.OPEN: Position.OPEN,
    Motion.BETWEEN: Position.BETWEEN,
    Motion.OPENING: Position.OPENING,
    Motion.CLOSING: Position.CLOSING,
    Motion.BACKING: Position.CLOSING,
}
_AT_REST: dict[End, Position] = {
    End.CLOSED: Position.CLOSED,
    End.OPEN: Position.OPEN,
    End.BETWEEN: Position.BETWEEN,
    End.BOTH: Position.FAULT,
    End.LOST: Position.FAULT,
    End.UNKNOWN: Position.UNKNOWN,
}
_SPOT_WORDS = {"loop": "safety", "photocell": "photocell"}
_BARS = (
    BarrierClaim.ISOLATED,
    BarrierClaim.STOP,
    BarrierClaim.FIRE,
    BarrierClaim.FIRE_KEY,
    BarrierClaim.EVACUATION,
    BarrierClaim.HOLD_TO_RUN,
    BarrierClaim.EMERGENCY,
    BarrierClaim.LOCKDOWN,
)
_MODES: dict[BarrierClaim, Mode] = {
    BarrierClaim.FIRE: Mode.LOCKED_OPEN,
    BarrierClaim.FIRE_KEY: Mode.LOCKED_OPEN,
    BarrierClaim.EVACUATION: Mode.LOCKED_OPEN,
    BarrierClaim.LOCKDOWN: Mode.LOCKED_DOWN,
    BarrierClaim.LEAVING: Mode.ACCESSED,
    BarrierClaim.CREDENTIAL: Mode.ACCESSED,
    BarrierClaim.OPERATOR: Mode.UNLOCKED,
    BarrierClaim.SCHEDULE: Mode.UNLOCKED,
}
_REASONS: dict[BarrierClaim, Reason] = {
    BarrierClaim.ISOLATED: Reason.BARRED,
    BarrierClaim.STOP: Reason.BARRED,
    BarrierClaim.FIRE: Reason.FIRE,
    BarrierClaim.FIRE_KEY: Reason.FIRE,
    BarrierClaim.EVACUATION: Reason.EVACUATION,
    BarrierClaim.LEAVING: Reason.GRANTED,
    BarrierClaim.LOCKDOWN: Reason.LOCKDOWN,
    BarrierClaim.OPERATOR: Reason.OPERATOR,
    BarrierClaim.CREDENTIAL: Reason.GRANTED,
    BarrierClaim.SCHEDULE: Reason.SCHEDULE_UNLOCKED,
}


def lane_view(plan: Plan, now: Roadway, held: HoldView | None = None) -> PortalView:
    """One barrier with its lane; `held` is what a person has decided about it."""
    barrier, lane = now.barrier, now.lane
    claim = first(plan, barrier).claim
    reason = Reason.LOCKED_BY_OPERATOR if lane.hold is Hold.LOCKED else _REASONS.get(claim)
    return PortalView(
        id=plan.barrier.id,
        kind="barrier",
        mode=_mode(barrier, lane, claim),
        position=_POSITION.get(barrier.motion) or _AT_REST[barrier.end],
        why=() if reason is None else (reason.value,),
        alarms=_alarms(plan, barrier, lane),
        acknowledged=lane.acknowledged,
        hold=held,
        lane=_lane(plan, barrier, lane),
    )


def _mode(barrier: BarrierState, lane: LaneState, claim: BarrierClaim) -> Mode:
    if barrier.lost or None in barrier.commanded:
        return Mode.UNKNOWN
    if claim in (BarrierClaim.FIRE, BarrierClaim.FIRE_KEY, BarrierClaim.EVACUATION, BarrierClaim.LOCKDOWN):
        return _MODES[claim]
    if lane.out_of_service or claim in (BarrierClaim.ISOLATED, BarrierClaim.STOP):
        return Mode.OUT_OF_SERVICE
    if lane.serving is not None and lane.passage is not Passage.LEAVING:
        return Mode.ACCESSED
    return _MODES.get(claim, Mode.LOCKED)


def _lane(plan: Plan, barrier: BarrierState, lane: LaneState) -> LaneView:
    lights: dict[str, Lamp] = {}
    for light in plan.barrier.lights:
        lights[light.direction.value] = Lamp.GREEN if green(plan, barrier, light.direction) else Lamp.RED
    owed = barrier.owed or barrier.emergency.value != "clear"
    against = tuple(against_closing(plan, barrier, by_key=False)) if owed and barrier.motion is Motion.OPEN else ()
    way = barrier.history.opening if barrier.motion is Motion.OPENING else barrier.history.closing
    return LaneView(
        mover=plan.barrier.mover.value,
        lights=lights,
        warning=barrier.motion in (Motion.WARNING, Motion.CLOSING, Motion.BACKING, Motion.RECOILING),
        spots=_spots(plan, barrier),
        serving=_serving(plan, lane),
        waiting={
            direction.value: count
            for direction in Direction
            if (count := sum(1 for offer in lane.queue if offer.direction is direction))
        },
        bars=_bars(plan, barrier),
        against=against,
        travel_ms=way.mean_ms or None,
        cycles=barrier.history.cycles,
    )


def _serving(plan: Plan, lane: LaneState) -> str:
    if lane.serving is not None and lane.passage is not Passage.IDLE:
        return lane.serving.direction.value
    return "both" if stands_open(LaneTurn(plan.barrier, lane, 0)) else ""


def _spots(plan: Plan, barrier: BarrierState) -> tuple[SpotView, ...]:
    found = []
    for part in (Part.ENTRY, Part.EXIT):
        for place in plan.of_part[part]:
            level = barrier.levels[place]
            found.append(SpotView(part.value, plan.inputs[place].id, level is Level.ACTIVE, _untold(level)))
    for which, spot in enumerate(plan.spots):
        level, now = barrier.levels[plan.level_of[which]], barrier.spots[which]
        what = _SPOT_WORDS.get(spot.kind.value) or ("edge_closing" if spot.closing else "edge_opening")
        trouble = now.watch.value if now.watch in (Watch.STUCK, Watch.FAULT, Watch.FAILED) else _untold(level)
        found.append(SpotView(what, spot.sensor.input, level is Level.ACTIVE and not now.masked, trouble))
    return tuple(found)


def _untold(level: Level | None) -> str:
    """What an input says that cannot be believed."""
    if level is None:
        return "unknown"
    return "" if level in (Level.ACTIVE, Level.INACTIVE) else level.value


def _bars(plan: Plan, barrier: BarrierState) -> tuple[str, ...]:
    """Everything that bars or holds it now, not only the first; then what keeps it from closing by itself."""
    ranks = {rank.claim: rank for rank in BARRIER_RANKS}
    found = [claim.value for claim in _BARS if ranks[claim].holds(plan, barrier)]
    if barrier.motion is Motion.FAULT:
        found.append("fault")
    if barrier.motion in (Motion.BETWEEN, Motion.UNKNOWN):
        found.append(barrier.motion.value)
    if any(barrier.levels[place] not in (Level.INACTIVE, None) for place in plan.of_part[Part.MAINS]):
        found.append("on_battery")
    if barrier.obstruction is Obstruction.LATCHED:
        found.append("obstructed")
    if barrier.doubt:
        found.append("doubt")
    return tuple(found)


def _alarms(plan: Plan, barrier: BarrierState, lane: LaneState) -> tuple[str, ...]:
    level = barrier.levels
    found = (
        (Code.FAULT, barrier.fault is not None),
        (Code.OBSTRUCTED_AGAIN, barrier.obstruction is Obstruction.LATCHED),
        (Code.STOP_PRESSED, barrier.stop.value != "clear"),
        (Code.BARRIER_BETWEEN, barrier.motion is Motion.BETWEEN),
        (Code.EMERGENCY_CLOSE, barrier.emergency.value != "clear"),
        (Code.LANE_DOUBTED, lane.doubt),
        (Code.SENSOR_FAULT, any(s.watch in (Watch.STUCK, Watch.FAULT, Watch.FAILED) for s in barrier.spots)),
        (Code.ARM_DETACHED, any(level[place] is Level.ACTIVE for place in plan.of_part[Part.ARM])),
        (Code.ISOLATED, barrier.isolation.value != "clear"),
        (Code.BATTERY_LOW, any(level[place] is Level.ACTIVE for place in plan.of_part[Part.BATTERY])),
        (Code.ON_BATTERY, any(level[place] is Level.ACTIVE for place in plan.of_part[Part.MAINS])),
        (Code.PIT_WATER, any(level[place] is Level.ACTIVE for place in plan.of_part[Part.PIT])),
    )
    return tuple(code.value for code, there in found if there)

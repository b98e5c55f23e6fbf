"""The lanes of a site: facts go to barrier and lane, the two talk until they agree, and what came of it is recorded.

The interlock's veto comes first: a barrier takes a level and stops before its lane looks at the same level.
"""

from __future__ import annotations

from firmware.core import calendar, passage
from firmware.core.barrier import step as barrier_step
from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.state import BarrierState
from firmware.core.claims import locked_down
from firmware.core.codes import Code
from firmware.core.draft import Draft, Road
from firmware.core.effects import Body, Event, Record
from firmware.core.facts import Level, TemperatureMeasured
from firmware.core.lane import step as lane_step
from firmware.core.lane.state import Loops, Offer
from firmware.core.lane.tracking import loops_changed
from firmware.core.lane.turn import Deed, Done
from firmware.core.machines import Fire, Hold, OpeningTrigger
from firmware.core.release import count_taken
from firmware.core.site import AccessPoint, Direction, SensorKind

ROUNDS_MAX = 6  # of barrier and lane in one step; more is a quarrel: our mistake
SCHEDULE = "schedule"


# -- facts ------------------------------------------------------------------------------------------------------------


def lane_input_changed(draft: Draft, name: str, device: str, level: Level) -> None:
    """An input of a barrier or its lane has this level now."""
    road = draft.road(name)
    barrier_step.take_level(road.barrier, device, level)
    if road.barrier.reset_pressed and not _occupied(road):
        lane_step.confirm(road.lane)  # whoever presses the local reset sees the lane


def lane_output_failed(draft: Draft, name: str, output: str, why: str, *, lost: bool = False) -> None:
    barrier_step.take_output_failed(draft.road(name).barrier, output, f"{why}: {output}", lost=lost)


def lane_output_recovered(draft: Draft, name: str, output: str) -> None:
    barrier_step.take_output_back(draft.road(name).barrier, output)


def temperature_measured(draft: Draft, fact: TemperatureMeasured) -> None:
    for name in draft.wiring.thermometers.get(fact.device, ()):
        barrier_step.take_temperature(draft.road(name).barrier, fact.celsius)


def lane_started(draft: Draft, name: str, kept: dict[str, str] | None, fault: str | None) -> None:
    """The first fact of a run: what was kept holds, and nothing moves because of a start (R13)."""
    road = draft.road(name)
    barrier_step.take_restart(road.barrier, kept, fault)
    if road.barrier.state.doubt:
        road.lane.set(doubt=True)
        road.lane.did(Deed.DOUBTED)  # again, in this run: it waits for a person still


def due(draft: Draft, name: str) -> None:
    """The earliest timer of a barrier or its lane."""
    road = draft.road(name)
    barrier_timers, lane_timers = road.barrier.state.timers, road.lane.state.timers
    if barrier_timers and barrier_timers[0][0] == draft.now_ms:
        timer = barrier_timers[0][1]
        road.barrier.drop(timer)
        barrier_step.take_due(road.barrier, timer)
        return
    at_ms, timer = lane_timers[0]
    assert at_ms == draft.now_ms, f"{name}: deadline {draft.now_ms}, but {timer} is at {at_ms}"
    road.lane.drop(timer)
    if timer == SCHEDULE:
        evaluate_lane(draft, name, by_time=True)
    else:
        lane_step.take_due(road.lane, timer)


def offer_passage(draft: Draft, name: str, offer: Offer) -> None:
    """Somebody may pass: served when it is their turn."""
    lane_step.offer_passage(draft.road(name).lane, offer)


# -- settling ---------------------------------------------------------------------------------------------------------


def settle(draft: Draft, name: str) -> None:
    """Bring a barrier and its lane in line with each other and with the site; then tell what came of it."""
    road = draft.road(name)
    state = draft.state
    lockdown = locked_down(state, name)
    barrier_step.take_site(
        road.barrier,
        fire=state.fire is not Fire.NONE,
        evacuation=state.evacuation,
        lockdown=lockdown,
    )
    lane_step.take_lockdown(road.lane, lockdown)
    _agree(draft, road)
    draft.leave_road(name)
    del draft.unsettled[name]
    draft.do(tuple(road.barrier.effects))
    for done in road.lane.deeds:
        _tell(draft, name, done)


def _agree(draft: Draft, road: Road) -> None:
    """Barrier and lane in turn, until neither has anything new to say."""
    told = 0
    for _ in range(ROUNDS_MAX):
        draft.outputs.extend(barrier_step.finish(road.barrier))
        plan, state = road.barrier.plan, road.barrier.state
        loops_changed(road.lane, loops_of(plan, state, road.lane.state.loops))
        lane_step.take_report(road.lane, barrier_step.report(plan, state))
        demand = lane_step.finish(road.lane)
        for done in road.lane.deeds[told:]:
            if done.deed is Deed.ENTERED:
                barrier_step.vehicle_entered(road.barrier)
            elif done.deed is Deed.PASSED:
                barrier_step.vehicle_passed(road.barrier)
        told = len(road.lane.deeds)
        asked = (demand.want, demand.doubt, demand.go)
        if not demand.owe and asked == (state.want, state.doubt, state.go):
            return
        barrier_step.take_demand(road.barrier, demand)
    raise AssertionError(f"{road.barrier.plan.barrier.id}: barrier and lane do not agree")


def loops_of(plan: Plan, state: BarrierState, before: Loops) -> Loops:
    """What loops and beams see of vehicles. A safety loop that is lost under a vehicle still has it."""
    levels = state.levels
    loop = cover = False
    for which in plan.closing:
        level = levels[plan.level_of[which]]
        kind = plan.spots[which].kind
        if kind is SensorKind.LOOP:
            loop = loop or level is Level.ACTIVE or (before.loop and level is not Level.INACTIVE)
        if kind is SensorKind.PHOTOCELL and level is Level.ACTIVE and not state.spots[which].masked:
            cover = True
        if kind is not SensorKind.EDGE and level not in (Level.ACTIVE, Level.INACTIVE, None):
            cover = True
    return Loops(
        entry=any(levels[place] is Level.ACTIVE for place in plan.of_part[Part.ENTRY]),
        exit=any(levels[place] is Level.ACTIVE for place in plan.of_part[Part.EXIT]),
        loop=loop,
        cover=cover,
    )


def _occupied(road: Road) -> bool:
    """Whether anything is seen at the barrier now."""
    loops = loops_of(road.barrier.plan, road.barrier.state, road.lane.state.loops)
    return loops.loop or loops.cover


def confirm_clear(draft: Draft, name: str) -> bool:
    """A person has looked. Returns whether loops and beams say so, too."""
    road = draft.road(name)
    if _occupied(road):
        return False
    lane_step.confirm(road.lane)
    return True


# -- what came of it --------------------------------------------------------------------------------------------------

_CODES: dict[Deed, Code] = {
    Deed.TURNED_BACK: Code.TURNED_BACK,
    Deed.TAILGATE: Code.TAILGATE,
    Deed.WRONG_WAY: Code.WRONG_WAY,
    Deed.OVERSPEED: Code.OVERSPEED,
    Deed.PASSED_UNASKED: Code.PASSED_UNASKED,
    Deed.DOUBTED: Code.LANE_DOUBTED,
    Deed.CONFIRMED: Code.LANE_CONFIRMED,
}


def _tell(draft: Draft, name: str, done: Done) -> None:
    if done.deed is Deed.TAKEN:
        assert done.offer is not None, "somebody passed who was served"
        _taken(draft, name, done.offer)
    elif done.deed is Deed.NOT_TAKEN:
        assert done.offer is not None, "somebody did not pass who was served"
        _not_taken(draft, name, done.offer)
    elif done.deed in _CODES:
        detail = done.direction.value if done.deed is not Deed.OVERSPEED else f"{done.direction.value} {done.kmh} km/h"
        draft.record(_CODES[done.deed], portal=name, detail=detail)


def _taken(draft: Draft, name: str, offer: Offer) -> None:
    """The passage is proven by the loops: holder, area, household's spaces and use count follow."""
    if offer.grant is None:
        draft.record(Code.TAKEN, portal=name, detail=offer.direction.value, body=_body(offer))
    else:
        count_taken(draft, offer.grant)
    person_passed(draft, name)


def _not_taken(draft: Draft, name: str, offer: Offer) -> None:
    if offer.grant is not None:
        draft.do(passage.not_taken(offer.grant))
    else:
        event = Event(Code.NOT_TAKEN, portal=name, detail=offer.direction.value, body=_body(offer))
        draft.do((Record(event),))


def _body(offer: Offer) -> Body:
    return Body(issuer=offer.issuer or None, note=offer.note or None)


def direction_of(point: AccessPoint) -> Direction:
    """The way through a lane that an access point leads."""
    return Direction.OUT if point.direction == "out" else Direction.IN


# -- schedules --------------------------------------------------------------------------------------------------------


def evaluate_lane(draft: Draft, name: str, *, by_time: bool) -> None:
    """Look at the window in which it stands open. Time alone begins it; after anything else a person does."""
    schedule = draft.wiring.barriers[name].barrier.unlock_schedule
    if schedule is None:
        return
    lane = draft.road(name).lane
    wall = draft.wall()
    if wall is None:
        lane.drop(SCHEDULE)
        lane_step.opening_on(lane, OpeningTrigger.INTERRUPTED)
        lane_step.opening_on(lane, OpeningTrigger.ENDED)
        return
    if not calendar.active(draft.state.rulebook, schedule, wall):
        if not by_time:  # a clock or a roster ends the window: nothing closes because of that (R13)
            lane_step.opening_on(lane, OpeningTrigger.INTERRUPTED)
        lane_step.opening_on(lane, OpeningTrigger.ENDED)
    elif by_time and not _held_back(draft, name):
        lane_step.opening_on(lane, OpeningTrigger.BEGAN)
    else:
        lane_step.opening_on(lane, OpeningTrigger.FOUND)
    change_s = calendar.next_change(draft.state.rulebook, schedule, draft.state.site.zone, wall.utc_s)
    if change_s is None:
        lane.drop(SCHEDULE)
    else:
        lane.put(SCHEDULE, draft.monotonic_ms(change_s) - draft.now_ms)


def person_passed(draft: Draft, name: str) -> None:
    """Somebody has passed with a credential, or an operator lets the window go on."""
    if not _held_back(draft, name):
        lane_step.opening_on(draft.road(name).lane, OpeningTrigger.PERSON)


def closed_by_schedule(draft: Draft, plan: Plan) -> bool:
    """Whether nobody may enter now, but who is exempt. While the clock is unknown: not."""
    schedule, wall = plan.barrier.closed_schedule, draft.wall()
    return schedule is not None and wall is not None and calendar.active(draft.state.rulebook, schedule, wall)


def _held_back(draft: Draft, name: str) -> bool:
    road = draft.road(name)
    return (
        locked_down(draft.state, name)
        or road.lane.state.hold is Hold.LOCKED
        or road.lane.state.out_of_service
        or barrier_step.barred(road.barrier.plan, road.barrier.state)
    )

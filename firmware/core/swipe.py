"""A reading on its way to a portal: what stands there now, the decision, and the release of a grant."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from firmware.core import presentation, reader
from firmware.core.access import Known
from firmware.core.barrier.plan import Plan
from firmware.core.barrier.step import barred
from firmware.core.claims import fault_bars, locked_down
from firmware.core.codes import Code, Reason
from firmware.core.decision import Standing
from firmware.core.draft import Draft
from firmware.core.facts import NoiseSeen, Reading
from firmware.core.lane.machines import Passage as LanePassage
from firmware.core.lane.passing import withdraw
from firmware.core.lane.state import Offer as LaneOffer
from firmware.core.lanes import closed_by_schedule, direction_of, offer_passage
from firmware.core.leaf import leaf_on
from firmware.core.machines import Fire, Hold, HoldTrigger, LeafTrigger, Passing, PassingTrigger, Peers
from firmware.core.passage import Grant, persons, places
from firmware.core.release import Offer, hold_on, passing_on, proves
from firmware.core.schedule import interlock_busy
from firmware.core.site import AccessPoint, Antipassback, Direction, Door
from firmware.core.wiring import IN, OUT, Portal, way_of


def read(draft: Draft, reading: Reading) -> None:
    """A credential was presented."""
    post = draft.wiring.posts.get(reading.reader)
    if post is None or post.point is None:
        reasons = (f"{Reason.NOT_FOUND_PORTAL}:{reading.reader[:64]}",)
        draft.record(Code.DENIED, reader=reading.reader[:64], reasons=reasons, detail="reader without access point")
        return
    stands = standing_at(draft, post.point)
    if stands.area_max is not None:
        stands = replace(stands, area_count=_places_taken(draft, post.point, reading))
    changed, effects, grant = presentation.present(
        draft.state.site,
        draft.state.rulebook,
        post.reader,
        post.point,
        draft.readers[reading.reader],
        draft.now_ms,
        draft.wall(),
        stands,
        reading,
    )
    draft.set_reader(reading.reader, changed)
    draft.do(effects)
    if grant is None:
        return
    portal = draft.wiring.portals.get(post.point.portal)
    if portal is not None:
        _carry_out(draft, portal, post.point, grant)
    else:
        _withdraw_elsewhere(draft, post.point.portal, post.point, grant)
        offer_passage(draft, post.point.portal, LaneOffer(direction_of(post.point), grant, at_ms=draft.now_ms))


def noise(draft: Draft, fact: NoiseSeen) -> None:
    """A reader's wires carried something that is no frame. A reader that nobody knows is not ours to guard."""
    post = draft.wiring.posts.get(fact.reader)
    if post is None:
        return
    changed, effects = reader.noise(draft.state.site, post.reader, draft.readers[fact.reader], draft.now_ms, fact)
    draft.set_reader(fact.reader, changed)
    draft.do(effects)


def standing_at(draft: Draft, point: AccessPoint) -> Standing:
    """What holds at an access point now, for the decision."""
    portal = draft.wiring.portals.get(point.portal)
    common = _area_standing(draft, point)
    if portal is None:
        return lane_standing(draft, draft.wiring.barriers[point.portal], point, common)
    state, now = draft.state, draft.portals[portal.id]
    return replace(
        common,
        lockdown=locked_down(state, portal.id),
        out_of_service=now.out_of_service,
        locked_by_operator=now.hold is Hold.LOCKED,
        fault_latched=fault_bars(now),
        interlock_busy=busy(draft, portal, way_of(portal, point)),
        fire=state.fire is not Fire.NONE and portal.escape,
        evacuation=state.evacuation and portal.escape,
    )


def _area_standing(draft: Draft, point: AccessPoint) -> Standing:
    """What holds for the area that an access point leads to."""
    state, area = draft.state, point.area_to
    return Standing(
        area_count=None if area is None else state.occupancy.get(area, 0),
        area_max=None if area is None else places(draft.wiring.area_max.get(area), state.rulebook, area),
        ledger_trusted=not (state.ledger_doubted or state.store_failed),
        peers_cut_off=area in draft.wiring.shared and state.peers is not Peers.HEARD,
    )


def lane_standing(draft: Draft, plan: Plan, point: AccessPoint, common: Standing) -> Standing:
    """The same at a barrier: what bars it, its closed window, its queue, and whether a vehicle stands there."""
    state, road = draft.state, draft.road(plan.barrier.id)
    direction, now = direction_of(point), road.lane.state
    loop = plan.barrier.entry if direction is Direction.IN else plan.barrier.exit
    stands = now.loops.entry if direction is Direction.IN else now.loops.exit
    opens = plan.barrier.fire_opens
    return replace(
        common,
        lockdown=locked_down(state, plan.barrier.id),
        out_of_service=now.out_of_service,
        locked_by_operator=now.hold is Hold.LOCKED,
        barred=barred(plan, road.barrier.state),
        closed_schedule=closed_by_schedule(draft, plan),
        queue_full=len(now.queue) >= plan.barrier.queue_max,
        no_vehicle=loop is not None and not (stands or now.loops.loop),
        fire=state.fire is not Fire.NONE and opens,
        evacuation=state.evacuation and opens,
    )


def _lanes_awaited(draft: Draft) -> Iterator[tuple[str, LaneOffer]]:
    """(barrier, offer) of every passage that somebody may still make there."""
    for name, now in draft.lanes.items():
        road = draft.roads.get(name)
        lane = now.lane if road is None else road.lane.state
        serving = () if lane.serving is None or lane.passage is LanePassage.LEAVING else (lane.serving,)
        for offer in (*serving, *lane.queue):
            yield name, offer


def _awaited(draft: Draft) -> Iterator[tuple[str, int, Grant]]:
    """(portal, way, grant) of every passage that somebody may still make at doors and turnstiles."""
    for name, now in draft.portals.items():
        for way, at in enumerate(now.ways):
            if at.grant is not None and at.passing in (Passing.RELEASED, Passing.SETTLING):
                yield name, way, at.grant
            if at.follower is not None:
                yield name, way, at.follower


def _grants_awaited(draft: Draft) -> Iterator[Grant]:
    """The grants of all passages that somebody may still make."""
    yield from (grant for _, _, grant in _awaited(draft))
    yield from (offer.grant for _, offer in _lanes_awaited(draft) if offer.grant is not None)


def _places_taken(draft: Draft, point: AccessPoint, reading: Reading) -> int:
    """Holders in the area, and those on their way into it: a place that is offered is taken until the offer is over.

    The holder who presents now has no place but the own one, however often it was offered.
    """
    area = point.area_to
    assert area is not None, "a limit is that of an area"
    pending = draft.readers[reading.reader].pending
    entering = {
        holder
        for grant in _grants_awaited(draft)
        if grant.area_to == area
        for holder, at in persons(grant)
        if at != area
    }
    entering.discard(reading.presented.holder if isinstance(reading.presented, Known) else "")
    entering.discard((pending.holder if pending is not None else None) or "")
    return draft.state.occupancy.get(area, 0) + len(entering)


def _withdraw_elsewhere(draft: Draft, portal: str, point: AccessPoint, grant: Grant) -> None:
    """Where anti-passback is hard, a holder is one person: what was offered elsewhere and not taken is offered no more.

    Otherwise two people could be let in by one card, at two portals, before the first of them has passed. Offers to
    leave stay.
    """
    if grant.exempt or point.area_to is None or not _refuses_passback(point):
        return
    for name, way, other in tuple(_awaited(draft)):
        theirs = other.holder == grant.holder and draft.portals[name].ways[way].grant is other
        if name != portal and theirs and other.direction != "out":
            passing_on(draft, draft.wiring.portals[name], way, PassingTrigger.CANCELLED)
    for name in draft.lanes:
        if name != portal:
            withdraw(draft.road(name).lane, lambda offered: offered.holder == grant.holder)


def _refuses_passback(point: AccessPoint) -> bool:
    timed = point.antipassback_timed_s is not None and point.antipassback is Antipassback.OFF
    return timed or point.antipassback is Antipassback.HARD


def busy(draft: Draft, portal: Portal, way: int) -> tuple[str, ...]:
    """What a passage has to wait for: portals of the interlock, and at a turnstile whoever is leaving through it."""
    others = interlock_busy(draft, portal)
    if not isinstance(portal, Door) and way == IN:
        leaving = draft.portals[portal.id].ways[OUT].passing is Passing.RELEASED
        return (*others, portal.id) if leaving else others
    return others


def let_through(draft: Draft, portal: Portal, way: int, offer: Offer) -> None:
    """Release one way of a portal for one passage."""
    if offer.leaving and fault_bars(draft.portals[portal.id]):
        draft.change_way(portal.id, way, commanded=None)  # the lock failed before: try again, as request-to-exit does
    if way == OUT:  # who leaves goes first: by credentials a turnstile is released in one direction at a time
        passing_on(draft, portal, IN, PassingTrigger.CANCELLED)
    passing_on(draft, portal, way, PassingTrigger.GRANTED, offer)
    if not proves(portal, way):
        passing_on(draft, portal, way, PassingTrigger.OPENED)
    if isinstance(portal, Door):
        leaf_on(draft, portal, LeafTrigger.NEXT_GRANTED)


def _carry_out(draft: Draft, portal: Portal, point: AccessPoint, grant: Grant) -> None:
    _withdraw_elsewhere(draft, portal.id, point, grant)
    let_through(
        draft, portal, way_of(portal, point), Offer(grant, leaving=point.direction == "out", extended=grant.extended)
    )
    if grant.hold_toggle and isinstance(portal, Door):
        hold_on(draft, portal, HoldTrigger.TOGGLE, draft.now_ms + portal.hold_open_ms_max)

"""A reading on its way to a portal: what stands there now, the decision, and the release of a grant."""

from __future__ import annotations

from firmware.core import presentation, reader
from firmware.core.claims import fault_bars, locked_down
from firmware.core.codes import Code, Reason
from firmware.core.decision import Standing
from firmware.core.draft import Draft
from firmware.core.facts import NoiseSeen, Reading
from firmware.core.leaf import leaf_on
from firmware.core.machines import Fire, Hold, HoldTrigger, LeafTrigger, Passing, PassingTrigger
from firmware.core.passage import Grant
from firmware.core.release import Offer, hold_on, passing_on, proves
from firmware.core.schedule import interlock_busy
from firmware.core.site import AccessPoint, Door
from firmware.core.wiring import IN, OUT, Portal, way_of


def read(draft: Draft, reading: Reading) -> None:
    """A credential was presented."""
    post = draft.wiring.posts.get(reading.reader)
    if post is None or post.point is None:
        reasons = (f"{Reason.NOT_FOUND_PORTAL}:{reading.reader[:64]}",)
        draft.record(Code.DENIED, reader=reading.reader[:64], reasons=reasons, detail="reader without access point")
        return
    portal = draft.wiring.portals[post.point.portal]
    changed, effects, grant = presentation.present(
        draft.state.site,
        draft.state.rulebook,
        post.reader,
        post.point,
        draft.readers[reading.reader],
        draft.now_ms,
        draft.wall(),
        standing(draft, portal, post.point),
        reading,
    )
    draft.set_reader(reading.reader, changed)
    draft.do(effects)
    if grant is not None:
        _carry_out(draft, portal, post.point, grant)


def noise(draft: Draft, fact: NoiseSeen) -> None:
    """A reader's wires carried something that is no frame. A reader that nobody knows is not ours to guard."""
    post = draft.wiring.posts.get(fact.reader)
    if post is None:
        return
    changed, effects = reader.noise(draft.state.site, post.reader, draft.readers[fact.reader], draft.now_ms, fact)
    draft.set_reader(fact.reader, changed)
    draft.do(effects)


def standing(draft: Draft, portal: Portal, point: AccessPoint) -> Standing:
    """What holds at an access point now, for the decision."""
    state, now = draft.state, draft.portals[portal.id]
    area = point.area_to
    return Standing(
        lockdown=locked_down(state, portal.id),
        out_of_service=now.out_of_service,
        locked_by_operator=now.hold is Hold.LOCKED,
        fault_latched=fault_bars(now),
        interlock_busy=busy(draft, portal, way_of(portal, point)),
        area_count=None if area is None else state.occupancy.get(area, 0),
        area_max=None if area is None else draft.wiring.area_max.get(area),
        ledger_trusted=not (state.ledger_doubted or state.store_failed),
        fire=state.fire is not Fire.NONE and portal.escape,
        evacuation=state.evacuation and portal.escape,
    )


def busy(draft: Draft, portal: Portal, way: int) -> tuple[str, ...]:
    """What a passage has to wait for: portals of the interlock, and at a turnstile whoever is leaving through it."""
    others = interlock_busy(draft, portal)
    if not isinstance(portal, Door) and way == IN:
        leaving = draft.portals[portal.id].ways[OUT].passing is Passing.RELEASED
        return (*others, portal.id) if leaving else others
    return others


def let_through(draft: Draft, portal: Portal, way: int, offer: Offer) -> None:
    """Release one way of a portal for one passage."""
    if way == OUT:  # who leaves goes first: by credentials a turnstile is released in one direction at a time
        passing_on(draft, portal, IN, PassingTrigger.CANCELLED)
    passing_on(draft, portal, way, PassingTrigger.GRANTED, offer)
    if not proves(portal, way):
        passing_on(draft, portal, way, PassingTrigger.OPENED)
    if isinstance(portal, Door):
        leaf_on(draft, portal, LeafTrigger.NEXT_GRANTED)


def _carry_out(draft: Draft, portal: Portal, point: AccessPoint, grant: Grant) -> None:
    let_through(
        draft, portal, way_of(portal, point), Offer(grant, leaving=point.direction == "out", extended=grant.extended)
    )
    if grant.hold_toggle and isinstance(portal, Door):
        hold_on(draft, portal, HoldTrigger.TOGGLE, draft.now_ms + portal.hold_open_ms_max)

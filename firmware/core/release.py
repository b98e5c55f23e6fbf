"""One passage through one way of a portal, from the grant to its proof; and what holds a portal open or locked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core import passage, reader
from firmware.core.draft import Draft
from firmware.core.machines import HOLD, PASSING, HoldTrigger, Passing, PassingTrigger
from firmware.core.passage import Grant
from firmware.core.schedule import person_passed
from firmware.core.site import Turnstile
from firmware.core.wiring import OUT, Portal

# The contact is debounced and tells of an opening late. For this long after a lock was secured, an opening is still
# that of the release: no driver's debounce is longer, and nobody forces a door half a second after a release.
GRACE_MS = 500


class Offer(NamedTuple):
    """A passage that somebody may make, in the words of WayState. `grant` is None for an operator's."""

    grant: Grant | None
    by_operator: bool = False
    leaving: bool = False
    extended: bool = False


def proves(portal: Portal, way: int) -> bool:
    """Whether a passage through this way can be proven."""
    return passage.proves(portal, "out" if way == OUT else "in")


# -- one passage ------------------------------------------------------------------------------------------------------


def passing_on(draft: Draft, portal: Portal, way: int, trigger: PassingTrigger, offer: Offer | None = None) -> None:
    """One trigger for the passage of one way."""
    before = draft.portals[portal.id].ways[way].passing
    target, actions = PASSING.on(before, trigger)
    for action in actions:
        _PASSING_ACTIONS[action](draft, portal, way, offer)
    if target is Passing.IDLE:
        if before is not target:
            draft.change_way(portal.id, way, passing=target, **_NOBODY)
    elif "start" in actions:
        assert offer is not None, "a passage is started by an offer"
        draft.change_way(portal.id, way, passing=target, **offer._asdict())
    elif target is not before:
        draft.change_way(portal.id, way, passing=target)


_NOBODY = {"grant": None, "by_operator": False, "leaving": False, "extended": False}


def _start(draft: Draft, portal: Portal, way: int, offer: Offer | None) -> None:
    """Who may pass is noted together with the new state."""
    assert offer is not None, "a passage is started by an offer"
    draft.drop(portal.id, f"settle:{way}")
    release_ms = portal.extended_release_ms if offer.extended else portal.release_ms
    draft.put(portal.id, f"release:{way}", draft.now_ms + release_ms)


def _stop(draft: Draft, portal: Portal, way: int, _offer: Offer | None) -> None:
    draft.drop(portal.id, f"release:{way}", f"settle:{way}")


def _settle_passing(draft: Draft, portal: Portal, way: int, _offer: Offer | None) -> None:
    draft.put(portal.id, f"settle:{way}", draft.now_ms + GRACE_MS)


def _taken(draft: Draft, portal: Portal, way: int, _offer: Offer | None) -> None:
    """The passage is proven; where nothing can prove it, the grant counts as a use."""
    grant = draft.portals[portal.id].ways[way].grant
    if grant is None:
        return
    draft.change_way(portal.id, way, grant=None)
    if proves(portal, way):
        if grant.second is not None and isinstance(portal, Turnstile):
            grant, follower = passage.one_by_one(grant)
            draft.change_way(portal.id, way, follower=follower)
        count_taken(draft, grant)
    else:
        draft.do(passage.used(grant))
    person_passed(draft, portal, starts=grant.first_card)


def count_taken(draft: Draft, grant: Grant) -> None:
    """A passage is proven: its event, the areas' counts, the household's spaces and the ledger follow."""
    state, wall = draft.state, draft.wall()
    effects, moved = passage.taken(state.site, grant, wall, state.occupancy, state.rulebook)
    draft.do(effects)
    occupy(draft, moved)
    if grant.area_to is not None or grant.area_from is not None:
        for holder, _ in passage.persons(grant):
            ledger_moved(draft, holder, grant.area_to, None if wall is None else wall.utc_s)


def occupy(draft: Draft, change: Mapping[str, int]) -> None:
    """Count holders into areas and out of them."""
    if change:
        count = draft.state.occupancy
        draft.set(occupancy=count | {area: max(0, count.get(area, 0) + by) for area, by in change.items()})


def ledger_moved(draft: Draft, holder: str | None, area: str | None, entered_s: int | None = None) -> None:
    """The ledger has put a holder into another area (None: everybody): offers and dialogs still open start from there.

    `entered_s` is the instant (UTC); None where it is not known, or there is no area.

    Else a holder with two offers, of which both are taken, would be counted in twice and out once.
    """
    for name, now in tuple(draft.portals.items()):
        for way, at in enumerate(now.ways):
            for field, grant in (("grant", at.grant), ("follower", at.follower)):
                if grant is not None and (after := passage.moved(grant, holder, area)) is not grant:
                    draft.change_way(name, way, **{field: after})
    for name in draft.lanes:
        _offers_moved(draft, name, holder, area)
    for name, state in tuple(draft.readers.items()):
        draft.set_reader(name, reader.moved(state, holder, area, None if area is None else entered_s))


def _offers_moved(draft: Draft, name: str, holder: str | None, area: str | None) -> None:
    """The same for whoever is served at a barrier, or waits there."""
    open_road = draft.roads.get(name)
    lane = draft.lanes[name].lane if open_road is None else open_road.lane.state
    moved = {}
    for offer in (*lane.queue, *(() if lane.serving is None else (lane.serving,))):
        if offer.grant is not None and (after := passage.moved(offer.grant, holder, area)) is not offer.grant:
            moved[offer] = replace(offer, grant=after)
    if moved:
        serving = lane.serving
        draft.road(name).lane.set(
            queue=tuple(moved.get(offer, offer) for offer in lane.queue),
            serving=None if serving is None else moved.get(serving, serving),
        )


def _not_taken(draft: Draft, portal: Portal, way: int, _offer: Offer | None) -> None:
    grant = draft.portals[portal.id].ways[way].grant
    if grant is not None:
        draft.do(passage.not_taken(grant))


def follow(draft: Draft, turnstile: Turnstile, way: int, *, ended: bool) -> None:
    """The second of two persons turns next, after a turn that has `ended`. Whoever was released meanwhile goes first.

    Not before: the release of the first ends in between, as turnstiles want it that arm themselves anew by each.
    """
    ways = draft.portals[turnstile.id].ways
    follower = ways[way].follower
    if follower is None:
        return
    draft.change_way(turnstile.id, way, follower=None)
    if ended and all(each.passing is not Passing.RELEASED for each in ways):
        offer = Offer(follower, leaving=follower.direction == "out", extended=follower.extended)
        passing_on(draft, turnstile, way, PassingTrigger.GRANTED, offer)
    else:
        draft.do(passage.not_taken(follower))


_PASSING_ACTIONS: dict[str, Callable[[Draft, Portal, int, Offer | None], None]] = {
    "start": _start,
    "stop": _stop,
    "settle": _settle_passing,
    "taken": _taken,
    "not_taken": _not_taken,
}
PASSING.check_actions(_PASSING_ACTIONS)


# -- holds ------------------------------------------------------------------------------------------------------------


def hold_on(draft: Draft, portal: Portal, trigger: HoldTrigger, until_ms: int | None = None) -> None:
    """One trigger for what persons have decided about a portal. `until_ms` where the trigger holds it open."""
    before = draft.portals[portal.id].hold
    target, actions = HOLD.on(before, trigger)
    for action in actions:
        if action == "time":
            assert until_ms is not None, "holding a portal open has an end"
            draft.put(portal.id, "hold", until_ms)
        else:
            draft.drop(portal.id, "hold")
            draft.change(portal.id, hold_until_utc_s=None)
    if target is not before:
        draft.change(portal.id, hold=target)


HOLD.check_actions(("time", "untime"))

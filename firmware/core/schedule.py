"""The unlock schedule of a portal. Time alone begins it at the edge of a window; after anything else a person does.

A start, a clock that is set or steps, a new roster and the return of a lock may find the schedule active. They release
nothing: the portal waits until somebody passes with a credential, or an operator lets it go on (DESIGN.md, section 5,
point 2). Whatever ends or interrupts it secures at once.
"""

from __future__ import annotations

from firmware.core import calendar
from firmware.core.barrier.machines import Motion
from firmware.core.claims import fault_bars, locked_down, resolve
from firmware.core.draft import Draft
from firmware.core.machines import OPENING, Hold, Leaf, OpeningTrigger, Passing
from firmware.core.site import Door
from firmware.core.wiring import Portal

TIMER = "schedule"


def opening_on(draft: Draft, portal: Portal, trigger: OpeningTrigger) -> None:
    """One trigger for what the schedule wants."""
    before = draft.portals[portal.id].opening
    target, _ = OPENING.on(before, trigger)
    if target is not before:
        draft.change(portal.id, opening=target)


OPENING.check_actions(())


def evaluate(draft: Draft, portal: Portal, *, by_time: bool) -> None:
    """Look at the schedule now, and set the timer of its next change. `by_time`: nothing but time has passed."""
    if portal.unlock_schedule is None:
        return
    wall = draft.wall()
    if wall is None:
        draft.drop(portal.id, TIMER)
        opening_on(draft, portal, OpeningTrigger.ENDED)
        return
    rulebook = draft.state.rulebook
    if not calendar.active(rulebook, portal.unlock_schedule, wall):
        opening_on(draft, portal, OpeningTrigger.ENDED)
    elif by_time and not _waits_for_first(portal) and not _held_back(draft, portal):
        opening_on(draft, portal, OpeningTrigger.BEGAN)
    else:
        opening_on(draft, portal, OpeningTrigger.FOUND)
    change_s = calendar.next_change(rulebook, portal.unlock_schedule, draft.state.site.zone, wall.utc_s)
    if change_s is None:
        draft.drop(portal.id, TIMER)
    else:
        draft.put(portal.id, TIMER, draft.monotonic_ms(change_s))


def evaluate_all(draft: Draft, *, by_time: bool) -> None:
    """Every door and turnstile; barriers beside them are evaluated by core/lanes.py."""
    for portal in draft.wiring.portals.values():
        evaluate(draft, portal, by_time=by_time)


def person_passed(draft: Draft, portal: Portal, *, starts: bool) -> None:
    """Somebody has passed with a credential: an active schedule may go on. `starts`: that is a first card's holder.

    Not while another door of an interlock stands open: request-to-exit may have opened it meanwhile.
    """
    if (starts or not _waits_for_first(portal)) and not interlock_busy(draft, portal):
        opening_on(draft, portal, OpeningTrigger.PERSON)


def operator_resumed(draft: Draft, portal: Portal) -> None:
    """A person has ended what stood against the schedule. That replaces no first card."""
    if not _waits_for_first(portal) and not _held_back(draft, portal):
        opening_on(draft, portal, OpeningTrigger.PERSON)


def interlock_busy(draft: Draft, portal: Portal) -> tuple[str, ...]:
    """The portals of the interlock that are not closed and secured: by contact, or by command where there is none.

    Asked of the claims as they are now: one that was let go on in this step is not secured any more, although its lock
    has not been told yet. Nor is one whose last opening may still be on its way, debounced.
    """
    busy = []
    for other in portal.interlock:
        if other in draft.lanes:  # a barrier: closed is what its own limit says
            road = draft.roads.get(other)
            barrier = draft.lanes[other].barrier if road is None else road.barrier.state
            if barrier.motion is not Motion.CLOSED:
                busy.append(other)
            continue
        now = draft.portals.get(other)
        if now is None:
            continue
        at = draft.wiring.portals[other]
        secured = all(
            way.commanded is False
            and way.passing is not Passing.SETTLING
            and not resolve(draft.state, at, now, way).winner.released
            for way in now.ways
        )
        if not secured or now.leaf not in (None, Leaf.CLOSED):
            busy.append(other)
    return tuple(busy)


def _waits_for_first(portal: Portal) -> bool:
    return isinstance(portal, Door) and portal.first_card


def _held_back(draft: Draft, portal: Portal) -> bool:
    now = draft.portals[portal.id]
    return (
        locked_down(draft.state, portal.id)
        or now.hold is Hold.LOCKED
        or now.out_of_service
        or fault_bars(now)
        or bool(interlock_busy(draft, portal))
    )

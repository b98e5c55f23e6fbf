"""Walks every state that facts can bring a small site into, with the real step(), and checks what must always hold.

Breadth first; from each state every fact of an alphabet, and the next deadline. Two states count as one if they are
equal in the stated projection: everything of the portals and the site, readers by what they wait for, deadlines by
their order only; left out are instants, who presented, event counts. The invariants look at facts, at the folded trace
of outputs and at events, never into the state.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import Keep, Record, SetOutput
from firmware.core.facts import (
    AnyFact,
    DeadlineReached,
    DeviceLost,
    EndEvacuation,
    EndLockdown,
    InputChanged,
    Level,
    ResetFire,
    Started,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.site import Door, RexMode, Site, Turnstile
from firmware.core.state import State, initial
from firmware.core.step import next_deadline, step
from tests.core.portals.scene import RULES


class Restart(msgspec.Struct, frozen=True):
    """Not a fact: the power goes and comes back, with what was kept. Every input is reported again."""


class Outside(msgspec.Struct, frozen=True):
    """What an onlooker knows, from facts and effects alone."""

    outputs: dict[str, bool] = {}
    levels: dict[str, Level] = {}
    kept: dict[str, str] = {}
    evacuation: bool = False
    lockdown: bool = False
    exit_ms: dict[str, int] = {}  # door -> when a releasing request-to-exit last moved
    fire_unreset: bool = False


class Node(NamedTuple):
    state: State
    t: int
    outside: Outside
    path: tuple[Any, ...]


class Move(NamedTuple):
    """One step, as seen from outside."""

    site: Site
    fact: Any
    before: Outside
    after: Outside
    events: tuple[Any, ...]
    t: int

    def rose(self) -> set[str]:
        """Outputs that were secured and are released."""
        return {name for name, on in self.after.outputs.items() if on and not self.before.outputs.get(name)}


Invariant = Callable[[Move], str | None]


class Walk(NamedTuple):
    states: int
    whole: bool  # whether those were all
    codes: set[str]  # of the events on the way


def fresh(site: Site) -> State:
    """Before the first fact; the roster is there already, as it is in a controller that starts."""
    return msgspec.structs.replace(initial(site), rulebook=RULES)


def explore(site: Site, alphabet: Sequence[AnyFact | Restart], invariants: Sequence[Invariant], nodes_max: int) -> Walk:
    """Walk from the start. Raises AssertionError with the shortest path to a violation."""
    codes: set[str] = set()
    invariants = (*invariants, lambda move: codes.update(event.code.value for event in move.events))
    node = take(site, Node(fresh(site), 0, Outside(), ()), Started("boot", {}), invariants)
    for name in node.state.wiring.inputs:
        node = take(site, node, InputChanged(name, Level.INACTIVE), invariants)
    seen = {project(node)}
    queue = deque([node])
    while queue:
        node = queue.popleft()
        for fact in (*alphabet, DeadlineReached()):
            if isinstance(fact, DeadlineReached) and next_deadline(node.state) is None:
                continue
            after = take(site, node, fact, invariants)
            key = project(after)
            if key not in seen:
                seen.add(key)
                queue.append(after)
        if len(seen) >= nodes_max:
            return Walk(len(seen), False, codes)
    return Walk(len(seen), True, codes)


def take(site: Site, node: Node, fact: Any, invariants: Sequence[Invariant]) -> Node:
    """One step, checked. Facts come a millisecond later, the deadline at its instant."""
    due = isinstance(fact, DeadlineReached)
    t = next_deadline(node.state) if due else node.t + 1
    assert t is not None
    if not due and (deadline := next_deadline(node.state)) is not None and deadline <= t:
        t = node.t  # the deadline is a step of its own
    path = (*node.path, (t, fact))
    state, outside = node.state, node.outside
    if isinstance(fact, Restart):
        state, outside = fresh(site), Outside(kept=outside.kept, fire_unreset=False)
        fact = Started("again", dict(outside.kept))
    before = outside if fact.__class__ is not Started else Outside(outputs={}, kept=outside.kept)
    try:
        state, effects = step(state, t, fact)
        if isinstance(fact, DeviceLost) and fact.device in state.wiring.inputs:
            fact = InputChanged(fact.device, Level.LOST)  # what it comes to
        after = _look(site, before, t, fact, effects)
        events = tuple(effect.event for effect in effects if isinstance(effect, Record))
        move = Move(site, fact, before, after, events, t)
        for invariant in invariants:
            broken = invariant(move)
            assert broken is None, broken
        assert len(effects) < 100, "an avalanche"
    except AssertionError as error:
        raise AssertionError(f"{error} after " + "\n  ".join(map(str, path))) from error
    return Node(state, t, after, path)


def _look(site: Site, before: Outside, t: int, fact: Any, effects: Sequence[Any]) -> Outside:
    outputs, kept = dict(before.outputs), dict(before.kept)
    done = False
    for effect in effects:
        if isinstance(effect, SetOutput):
            outputs[effect.output] = effect.on
        elif isinstance(effect, Keep):
            kept.pop(effect.key, None)
            if effect.value is not None:
                kept[effect.key] = effect.value
        elif isinstance(effect, Record) and effect.event.code is Code.COMMANDED:
            done = True
    levels, exit_ms = before.levels, before.exit_ms
    fire_unreset = before.fire_unreset
    if isinstance(fact, InputChanged):
        for door in site.portals:
            if not isinstance(door, Door):
                continue
            for rex in door.rex:
                moved = Level.ACTIVE in (levels.get(rex.input), fact.level)
                if rex.input == fact.input and rex.mode is RexMode.UNLOCK and moved:
                    exit_ms = {**exit_ms, door.id: t}
        levels = {**levels, fact.input: fact.level}
        if fact.input in site.fire_inputs and site.fire_reset == "person":
            fire_unreset = fire_unreset or fact.level is not Level.INACTIVE
    if isinstance(fact, ResetFire) and done:
        fire_unreset = False
    evacuation, lockdown = before.evacuation, before.lockdown
    if done and isinstance(fact, StartEvacuation | EndEvacuation):
        evacuation = isinstance(fact, StartEvacuation)
    if done and isinstance(fact, StartLockdown | EndLockdown):
        lockdown = isinstance(fact, StartLockdown)
    if isinstance(fact, Started):
        lockdown = "lockdown" in kept
    return Outside(outputs, levels, kept, evacuation, lockdown, exit_ms, fire_unreset)


def project(node: Node) -> bytes:
    """What makes two states one."""
    state = node.state
    portals = tuple(
        msgspec.structs.replace(
            portal,
            ways=tuple(msgspec.structs.replace(way, grant=way.grant is not None) for way in portal.ways),
            timers=tuple(name for _, name in portal.timers),
            hold_until_utc_s=portal.hold_until_utc_s is not None,
            acknowledged=True,
            lost=len(portal.lost),  # of a frozenset the order would count
        )
        for portal in state.portals.values()
    )
    readers = tuple(
        (
            at.pending and at.pending.stage,
            at.guard.stage,
            at.hearing.stage,
            at.swiped and at.swiped.what,
            at.enrolling is None,
        )
        for at in state.readers.values()
    )
    first = min(state.deadlines, key=lambda owner: (state.deadlines[owner], owner), default=None)
    site = (
        state.fire,
        tuple(sorted(state.fire_levels.items())),
        state.evacuation,
        state.peers,
        sorted(state.lockdown),
        state.offset_ms is None,
        sorted(state.devices_lost),
        sorted(state.outputs_failed),
        first in state.portals and first,
        tuple(sorted(node.outside.levels.items())),
    )
    return msgspec.msgpack.encode((portals, readers, site))


# -- what must always hold --------------------------------------------------------------------------------------------


def burns(site: Site, outside: Outside) -> bool:
    bad = any(outside.levels.get(name, Level.INACTIVE) is not Level.INACTIVE for name in site.fire_inputs)
    return bad or outside.fire_unreset


def locks_of(portal: Door | Turnstile) -> tuple[str, ...]:
    return (portal.lock,) if isinstance(portal, Door) else (portal.release_in, portal.release_out)


def asks_to_exit(door: Door, outside: Outside) -> bool:
    """Whether a releasing request-to-exit is active now."""
    return any(rex.mode is RexMode.UNLOCK and outside.levels.get(rex.input) is Level.ACTIVE for rex in door.rex)


def nobody_is_kept_in(move: Move) -> str | None:
    """DESIGN.md, section 5, point 1: an active request-to-exit means a released lock, in the step that tells of it."""
    for portal in move.site.portals:
        if isinstance(portal, Door) and asks_to_exit(portal, move.after) and not move.after.outputs[portal.lock]:
            return f"{portal.id}: request-to-exit is active and the lock secured"
    return None


def fire_and_evacuation_release(move: Move) -> str | None:
    if not (burns(move.site, move.after) or move.after.evacuation):
        return None
    for portal in move.site.portals:
        outputs = [*locks_of(portal)] if portal.escape else []
        if isinstance(portal, Turnstile) and portal.drop is not None:
            outputs.append(portal.drop)
        for output in outputs:
            if not move.after.outputs[output]:
                return f"{output} is not released in fire or evacuation"
    return None


# Why an output may turn to released: a fact of one of these kinds, or an event of one of these codes in the same step.
# `door.opened` and `access.taken`: somebody's passage lets a waiting schedule go on.
RELEASING_FACTS = {
    "InputChanged",
    "DeadlineReached",
    "CardRead",
    "PinEntered",
    "OpenOnce",
    "HoldOpen",
    "ReleasePortal",
    "EndLockdown",
    "SetOutOfService",
    "ResetFault",
    "StartEvacuation",
}
NEVER_RELEASING_COMMANDS = {"StartLockdown", "LockPortal"}


def only_causes_release(move: Move) -> str | None:
    """Neither a start nor lockdown, a clock, a roster, a store or a device that comes back releases anything."""
    rose = move.rose()
    if not rose:
        return None
    kind = type(move.fact).__name__
    codes = {event.code for event in move.events}
    if kind not in RELEASING_FACTS:
        return f"{kind} released {rose}"
    if kind in ("CardRead", "PinEntered") and Code.GRANTED not in codes:
        return f"{rose} released without a grant"
    if kind in ("OpenOnce", "HoldOpen") and Code.COMMANDED not in codes:
        return f"{rose} released by a refused command"
    if kind == "SetOutOfService" and move.fact.out:
        return f"{rose} released by going out of service"
    if kind == "InputChanged":
        fire = move.fact.input in move.site.fire_inputs and move.fact.level is not Level.INACTIVE
        asked = Code.EXIT_REQUESTED in codes
        passed = bool(codes & {Code.TAKEN, Code.OPENED})
        if not (fire or asked or passed):
            return f"{move.fact} released {rose}"
    if kind == "DeadlineReached" and Code.UNLOCKED not in codes:
        return f"time released {rose}, and no schedule did"
    return None


def lockdown_refuses_entry(move: Move) -> str | None:
    """Under lockdown a door is released by fire, evacuation and request-to-exit only, and no card is granted."""
    if not move.after.lockdown or burns(move.site, move.after) or move.after.evacuation:
        return None
    for portal in move.site.portals:
        if not isinstance(portal, Door):
            if move.after.outputs[portal.release_in]:
                return f"{portal.release_in} is released in lockdown"
            continue
        since = move.after.exit_ms.get(portal.id)
        asked = asks_to_exit(portal, move.after) or (since is not None and move.t - since < portal.release_ms)
        if move.after.outputs[portal.lock] and not asked:
            return f"{portal.lock} is released in lockdown"
    return None


def one_door_of_a_mantrap(move: Move) -> str | None:
    """A credential or an operator opens a door of an interlock only while the others are closed and secured."""
    codes = {event.code for event in move.events}
    if not codes & {Code.GRANTED, Code.COMMANDED}:
        return None
    doors = {portal.id: portal for portal in move.site.portals}
    for portal in move.site.portals:
        if not isinstance(portal, Door) or portal.lock not in move.rose():
            continue
        for other in (doors[name] for name in portal.interlock):
            assert isinstance(other, Door)
            is_open = other.contact is not None and move.after.levels.get(other.contact) is not Level.INACTIVE
            if type(move.fact).__name__ in ("CardRead", "PinEntered", "OpenOnce", "HoldOpen") and (
                is_open or move.before.outputs[other.lock]
            ):
                return f"{portal.id} was released while {other.id} was not closed and secured"
    return None


def never_both_directions(move: Move) -> str | None:
    """By one-passage releases a turnstile is released in one direction at a time."""
    codes = {event.code for event in move.events}
    if Code.GRANTED not in codes:
        return None
    for portal in move.site.portals:
        if isinstance(portal, Turnstile):
            both = move.after.outputs[portal.release_in] and move.after.outputs[portal.release_out]
            before = move.before.outputs[portal.release_in] and move.before.outputs[portal.release_out]
            if both and not before:
                return f"{portal.id} is released both ways by a credential"
    return None


INVARIANTS: tuple[Invariant, ...] = (
    nobody_is_kept_in,
    fire_and_evacuation_release,
    only_causes_release,
    lockdown_refuses_entry,
    one_door_of_a_mantrap,
    never_both_directions,
)

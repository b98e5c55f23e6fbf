"""Walks every state that a world can come to, breadth first, and keeps the shortest way to whatever breaks a rule.

Two nodes are one if their keys are equal. What a key leaves out is stated by its world; `differs` looks for pairs of
nodes that share a key and do not behave alike, so that what was left out is shown to change no decision.
"""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Hashable, Iterable
from typing import Any, NamedTuple, Protocol


class World(Protocol):
    """A small site with everybody who can do something to it."""

    def start(self) -> Any:
        """The first node."""

    def moves(self, node: Any) -> Iterable[Hashable]:
        """Everything that can happen next."""

    def step(self, node: Any, move: Hashable) -> Any:
        """The node after it. Raises AssertionError where a rule is broken; None where it cannot happen after all."""

    def key(self, node: Any) -> Hashable:
        """What makes two nodes one."""

    def seen(self, node: Any) -> Hashable:
        """What is seen of a node from outside: outputs."""

    def decided(self, node: Any) -> Hashable:
        """The part of the key that decisions rest on: without what onlookers remember."""


class Counterexample(AssertionError):
    """A rule is broken, and this is the shortest way to it."""


class Walk(NamedTuple):
    states: int
    transitions: int
    whole: bool  # whether those were all
    digest: int  # of the graph: equal graphs have equal ones
    nodes: tuple[Any, ...]  # one of each state, in the order in which they were found


def explore(world: World, states_max: int, *, keep: int = 1, twins: list[tuple[Any, Any]] | None = None) -> Walk:
    """Walk from the start. Raises Counterexample. `keep`: every how many-th node is kept for further questions.

    `twins` is filled with pairs of nodes that were taken for one. Nodes are trees of tuples: looking for cycles among
    millions of them would take a tenth of the time.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        return _explored(world, states_max, keep, twins)
    finally:
        if collects:
            gc.enable()


def _explored(world: World, states_max: int, keep: int, twins: list[tuple[Any, Any]] | None) -> Walk:
    start = world.start()
    first = world.key(start)
    ways: dict[Hashable, tuple[Hashable, Hashable]] = {first: (None, "start")}
    kept: dict[Hashable, Any] = {first: start}
    queue = deque([(first, start)])
    transitions = digest = 0
    while queue:
        here, node = queue.popleft()
        for number, move in enumerate(world.moves(node)):
            try:
                after = world.step(node, move)
            except AssertionError as error:
                raise Counterexample(_told(error, ways, here, move)) from error
            if after is None:
                continue
            key = world.key(after)
            transitions += 1
            digest = (digest + hash((here, number, key, world.seen(after)))) & 0xFFFF_FFFF_FFFF_FFFF
            if key not in ways:
                ways[key] = (here, move)
                queue.append((key, after))
                if twins is not None or len(ways) % keep == 0:
                    kept[key] = after
            elif twins is not None and key in kept and transitions % 7 == 0:
                twins.append((kept[key], after))
        if len(ways) >= states_max:
            return Walk(len(ways), transitions, False, digest, tuple(kept.values()))
    return Walk(len(ways), transitions, True, digest, tuple(kept.values()))


def _told(error: AssertionError, ways: dict[Hashable, tuple[Hashable, Hashable]], here: Hashable, move: Any) -> str:
    """The rule, and the way."""
    way = [move]
    while here is not None:
        here, before = ways[here]
        way.append(before)
    return f"{error}\n  " + "\n  ".join(map(str, reversed(way)))


def differs(world: World, one: Any, other: Any) -> str | None:
    """Where two nodes that were taken for one do not behave alike; None: nowhere."""
    moves = list(world.moves(one))
    if moves != list(world.moves(other)):
        return f"not the same can happen: {set(moves) ^ set(world.moves(other))}"
    for move in moves:
        here, there = world.step(one, move), world.step(other, move)
        if (here is None) != (there is None):
            return f"{move}: possible for one of them only"
        if here is None:
            continue
        if world.seen(here) != world.seen(there):
            return f"{move}: {world.seen(here)} or {world.seen(there)}"
        if world.decided(here) != world.decided(there):
            return f"{move}: {world.decided(here)} or {world.decided(there)}"
    return None

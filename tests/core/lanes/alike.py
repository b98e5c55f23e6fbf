"""Whether a wrong table behaves as the real one: in every step that comes to its row, and after those that differ.

Only a step that asks a table for the pair that is wrong can differ, so those are looked at: in the scenarios, and in
the first states of every slice. Where each ends in the same state, both have the same graph. Where one does not, the
two states are followed side by side, and compared by what shows outside.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from firmware.core.facts import (
    AnyFact,
    CardRead,
    CloseBarrier,
    ConfirmClear,
    DeadlineReached,
    EmergencyClose,
    HoldOpen,
    InputChanged,
    Level,
    OpenOnce,
    ReleasePortal,
    ResetFault,
)
from firmware.core.state import State
from firmware.core.step import next_deadline, step
from firmware.core.table import Table
from firmware.core.views import view
from tests.core.lanes.explore import World
from tests.core.lanes.lane_scene import NAME, LaneScene, known
from tests.core.mutation import Mutant, Scenario, planted

STATES_MAX = 1_000  # of each slice: what comes to a row comes to it soon
STEPS_MAX = 300  # of each slice and pair
PAIRS_MAX = 1_500  # followed side by side in one slice
WALKS, FACTS = 12, 60  # from each place of the scenarios where two states part
PLACES_MAX = 12
_WHO = "guard Li"


class Different(Exception):
    """It shows outside that the tables are not the same. Says how."""


class Broken(Exception):
    """A rule is broken, or what cannot be happens. Says which."""


class Alike(NamedTuple):
    """`steps` were compared; after `parted` of them the states differ; nothing showed in `followed` steps more."""

    steps: int
    parted: int
    followed: int


# -- scenarios --------------------------------------------------------------------------------------------------------


def alike_in_scenarios(mutant: Mutant, scenarios: Iterable[Scenario]) -> Alike:
    """Raises Different or Broken."""
    steps = followed = 0
    parted: list[tuple[State, State, int]] = []
    for scenario in scenarios:
        for state, t, fact in _noted(scenario):
            steps += 1
            real, effects = step(state, t, fact)
            other, others = _mutated(mutant, state, t, fact)
            if effects != others:
                raise Different(f"{fact}: {others} instead of {effects}")
            if real != other:
                parted.append((real, other, t))
    for place, (real, other, t) in enumerate(parted[:: max(1, len(parted) // PLACES_MAX)]):
        for walk in range(WALKS):
            followed += _follow(mutant, real, other, t, random.Random(f"{mutant.name} {place} {walk}"))
    return Alike(steps, len(parted), followed)


def _noted(scenario: Scenario) -> list[tuple[State, int, AnyFact]]:
    LaneScene.noted = noted = []
    try:
        scenario()
    finally:
        LaneScene.noted = None
    return noted


def _mutated(mutant: Mutant, state: State, t: int, fact: AnyFact) -> tuple[State, list[Any]]:
    with planted(mutant.table, mutant.cells):
        try:
            return step(state, t, fact)
        except Exception as error:
            raise Broken(f"{fact}: {error!r}"[:200]) from error


def _follow(mutant: Mutant, real: State, other: State, t: int, dice: random.Random) -> int:
    """Give both the same facts at the same instants, and compare what comes out."""
    inputs = sorted(real.wiring.inputs)
    for _ in range(FACTS):
        dues = [due for due in (next_deadline(real), next_deadline(other)) if due is not None]
        if dues and dice.random() < 0.4:
            t = min(dues)
        elif not dues or t + 1 < min(dues):
            t += 1
        due_now = [due is not None and due <= t for due in (next_deadline(real), next_deadline(other))]
        fact = DeadlineReached() if any(due_now) else _any_fact(dice, inputs)
        effects, others = [], []
        if due_now[0] or not any(due_now):
            real, effects = step(real, t, fact)
        if due_now[1] or not any(due_now):
            other, others = _mutated(mutant, other, t, fact)
        if effects != others:
            raise Different(f"{fact} at {t}: {others} instead of {effects}")
        if view(real) != view(other):
            raise Different(f"{fact} at {t}: {view(other)} instead of {view(real)}")
    return FACTS


def _any_fact(dice: random.Random, inputs: list[str]) -> AnyFact:
    if dice.random() < 0.75:
        level = dice.choice((Level.ACTIVE, Level.INACTIVE, Level.INACTIVE, Level.LOST))
        return InputChanged(dice.choice(inputs), level)
    return dice.choice(
        (
            CardRead("r_in", known()),
            CardRead("r_out", known("ben")),
            OpenOnce(_WHO, portal=NAME),
            CloseBarrier(_WHO, portal=NAME),
            EmergencyClose(_WHO, portal=NAME, confirmed=True),
            HoldOpen(_WHO, portal=NAME, for_ms=60_000),
            ReleasePortal(_WHO, portal=NAME),
            ResetFault(_WHO, portal=NAME),
            ConfirmClear(_WHO, portal=NAME, in_sight=True),
        )
    )


# -- slices -----------------------------------------------------------------------------------------------------------


class Ground(NamedTuple):
    """The steps of one slice, by the pair that they come to."""

    world: World
    steps: dict[tuple[str, Any], list[tuple[Any, Any, Any]]]  # (table, pair) -> node, move, node after it


class _Asked(dict[Any, Any]):
    """Cells that tell which of them were asked for."""

    def __init__(self, table: Table[Any, Any], asked: set[tuple[str, Any]]) -> None:
        super().__init__(table.cells)
        self._name, self._asked = table.name, asked

    def __getitem__(self, pair: Any) -> Any:
        self._asked.add((self._name, pair))
        return super().__getitem__(pair)


def ground_of(make: Callable[[], World], tables: Iterable[Table[Any, Any]]) -> Ground:
    """Walk the first states of a slice, breadth first, on the real tables."""
    world, asked = make(), set[tuple[str, Any]]()
    steps: dict[tuple[str, Any], list[tuple[Any, Any, Any]]] = {}
    before = [(table, table.cells) for table in tables]
    try:
        for table, _ in before:
            table.cells = _Asked(table, asked)
        start = world.start()
        known_keys, queue = {world.key(start)}, deque([start])
        while queue and len(known_keys) < STATES_MAX:
            node = queue.popleft()
            for move in world.moves(node):
                asked.clear()
                after = world.step(node, move)
                if after is None:
                    continue
                for pair in asked:
                    there = steps.setdefault(pair, [])
                    if len(there) < STEPS_MAX:
                        there.append((node, move, after))
                key = world.key(after)
                if key not in known_keys:
                    known_keys.add(key)
                    queue.append(after)
    finally:
        for table, cells in before:
            table.cells = cells
    return Ground(world, steps)


def alike_in_slice(mutant: Mutant, ground: Ground) -> Alike:
    """Raises Different or Broken. No steps: the slice does not come there."""
    world, parted, steps = ground.world, [], 0
    for pair in mutant.pairs:
        for node, move, after in ground.steps.get((mutant.table.name, pair), ()):
            steps += 1
            other = _stepped(mutant, world, node, move)
            _compare(world, move, after, other)
            if world.key(after) != world.key(other):
                parted.append((after, other))
    return Alike(steps, len(parted), _follow_pairs(mutant, world, parted))


def _stepped(mutant: Mutant, world: World, node: Any, move: Any) -> Any:
    with planted(mutant.table, mutant.cells):
        try:
            return world.step(node, move)
        except Exception as error:
            raise Broken(f"{move}: {str(error).splitlines()[0] if str(error) else error!r}"[:200]) from error


def _compare(world: World, move: Any, real: Any, other: Any) -> None:
    if world.seen(real) != world.seen(other):
        raise Different(f"{move}: {world.seen(other)} instead of {world.seen(real)}")


def _follow_pairs(mutant: Mutant, world: World, parted: list[tuple[Any, Any]]) -> int:
    """Both side by side, breadth first. A timer that only one of them has is due for that one alone."""
    queue, met, followed = deque(parted), set[Any](), 0
    while queue and len(met) < PAIRS_MAX:
        real, other = queue.popleft()
        for move, here, there in _moves(world, real, other):
            followed += 1
            after = world.step(real, move) if here else real
            changed = _stepped(mutant, world, other, move) if there else other
            _compare(world, move, after, changed)
            keys = world.key(after), world.key(changed)
            if keys[0] != keys[1] and keys not in met:
                met.add(keys)
                queue.append((after, changed))
    return followed


def _moves(world: World, real: Any, other: Any) -> Iterator[tuple[Any, bool, bool]]:
    here, there = list(world.moves(real)), list(world.moves(other))
    for move in dict.fromkeys((*here, *there)):
        both = move in here, move in there
        if all(both) or move[0] in ("due", "long"):
            yield move, *both

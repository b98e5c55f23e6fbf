"""Barrier and lane together under all rules; and what they owe people from wherever they have come to.

MENSHEN_PROVE_STATES is how many states each walk finds at most.
"""

from __future__ import annotations

import os

import pytest

from firmware.core.barrier.machines import MOTION, Motion, MotionTrigger
from firmware.core.lane.machines import PASSAGE, TRACK, Passage, PassageTrigger, Track, TrackTrigger
from tests.core.lanes.barrier_world import BarrierWorld
from tests.core.lanes.explore import Counterexample, explore
from tests.core.lanes.liveness import Alone, Stuck, heals, lets_through, opens_in_a_fire
from tests.core.lanes.product_world import PRODUCTS, STAGES, ProductWorld
from tests.core.lanes.slices import BARRIER_SLICES
from tests.core.mutation import planted

STATES = int(os.environ.get("MENSHEN_PROVE_STATES", "200"))
ASKED = max(4, STATES // 50)  # nodes of each walk that are asked what they owe


def ask(world: ProductWorld, nodes) -> None:
    """From some of these nodes: fire opens; and healed, somebody gets through."""
    for node in nodes[:: max(1, len(nodes) // ASKED)]:
        opens_in_a_fire(world, node)
        lets_through(world, heals(world, node))


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("name", PRODUCTS)
def test_no_rule_is_broken_and_whoever_has_a_card_gets_through(name, stage):
    world = ProductWorld(PRODUCTS[name], stage=stage)
    walk = explore(world, STATES)
    assert walk.states >= STATES or walk.whole
    ask(world, walk.nodes)


@pytest.mark.slow
@pytest.mark.parametrize("name", BARRIER_SLICES)
def test_a_barrier_owes_from_every_state(name):
    """Opens for whoever may pass, closes when that is earned, opens in a fire: from each state that was found."""
    world = BARRIER_SLICES[name]()
    assert isinstance(world, BarrierWorld)
    walk = explore(world, 10 * STATES, keep=10)
    alone = Alone(world)
    for node in walk.nodes[:: max(1, len(walk.nodes) // (5 * ASKED))]:
        alone.opens_in_a_fire(node)
        healed = alone.heals(node)
        if world.plan.barrier.closing.value == "automatic":
            alone.opens_and_closes(healed)


# -- and they notice what is wrong ------------------------------------------------------------------------------------

_M, _T, _K, _V, _P, _Q = Motion, MotionTrigger, Track, TrackTrigger, Passage, PassageTrigger
WRONG = {
    "does not go back from somebody": ("a car in", "closing", MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.CLOSING, ())),
    "stays where it met somebody": ("a car in", "closing", MOTION, (_M.CLOSING, _T.OBSTRUCTED), (_M.FAULT, ("stop",))),
    "does not heed the stop": ("stop", "closing", MOTION, (_M.CLOSING, _T.HALT), (_M.CLOSING, ())),
    "closes without a warning": ("a car in", "opened", MOTION, (_M.OPEN, _T.WARN), (_M.CLOSING, ("start",))),
    "never says that it is open": ("a car in", "closed", PASSAGE, (_P.OPENING, _Q.OPENED), (_P.OPENING, ())),
    "waits for ever for who turned back": ("a car in", "opened", TRACK, (_K.ON, _V.OFF_NEAR), (_K.ON, ())),
    "a reset does not unlatch": ("machine", "opened", MOTION, (_M.FAULT, _T.RESET), (_M.FAULT, ())),
}


def explore_and_ask(world: ProductWorld) -> None:
    ask(world, explore(world, 10 * STATES).nodes)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_row_is_found(wrong):
    name, stage, table, pair, cell = WRONG[wrong]
    assert table.cells[pair] != cell
    world = ProductWorld(PRODUCTS[name], stage=stage)
    with planted(table, {**table.cells, pair: cell}), pytest.raises((Counterexample, Stuck, AssertionError)):
        explore_and_ask(world)

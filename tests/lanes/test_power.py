"""The power is cut at every step of a passage, at that instant and a while after it.

What comes back moves nothing, knows where the barrier stands, has a journal that verifies, and breaks no rule with
whoever is in the lane; and after a person has looked the next car gets through.
"""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from firmware.core.view import Position
from firmware.journal import verify
from firmware.rehearsal.virtual_time import run_virtual
from tests.lanes.lane_gate import LaneGate, lane_gate, prepare, state_folder
from tests.lanes.passages import MEMORY
from tests.lanes.road import Road

SETTLED_S = 12.0  # after the power came: whatever would move by itself has begun by then
PASSAGE_S = 40.0
RUN_OUT_S = 0.2  # of the pump that was cut off
# Outputs drop or stay, and how long after the step it happens.
HOW = ((True, 0.0), (False, 0.7), (True, 0.7), (False, 0.0))[: None if "MENSHEN_PROVE_WALKS" in os.environ else 2]


@pytest.fixture(scope="module")
def prepared():
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        folder = Path(name)
        (folder / "prepared").mkdir()
        yield prepare(folder / "prepared"), folder


def told(prepared, name, story):
    """Run `story(gate, road, folder)` on a gate of its own."""
    config, folder = prepared
    place = folder / name

    async def run():
        with state_folder(folder / "prepared", place) as state:
            async with lane_gate(config, state, seed=3) as gate:
                await gate.wait(2)
                return await story(gate, Road(gate, random.Random(3)), place)

    return run_virtual(run(), block_s_max=20)


async def ready(road: Road) -> None:
    """A car has shown that the loop works, and the next one waits."""
    await road.passes(road.comes("car", "in", pace=1.0), "in")
    await road.closes()
    road.comes("car", "in", pace=1.0)
    await road.wait(5)


async def passage(road: Road) -> None:
    """A car with a card, from the card to the closed barrier."""
    road.swipe("in")
    await road.wait(PASSAGE_S)


async def troubles(road: Road) -> None:
    """The barrier meets a child behind the car, and again; then somebody presses stop and lets it go."""
    road.swipe("in")
    for _ in range(2):
        await road.until(road.closing, 30)
        child = await road.walks_in("child", "in")
        await road.wait(2)
        child.go()
        await road.wait(3)
    await road.hold("stop", 0.5)
    await road.wait(2)


TOLD = {"a passage": passage, "troubles": troubles}


@pytest.fixture(scope="module")
def steps_of(prepared):
    """How many steps each of them takes."""

    async def count(gate, road, _, tell):
        await ready(road)
        before = gate.controller.engine.steps
        await tell(road)
        return gate.controller.engine.steps - before

    return {
        name: told(prepared, name, lambda gate, road, place, tell=tell: count(gate, road, place, tell))
        for name, tell in TOLD.items()
    }


async def tries(road: Road) -> None:
    """Everybody wants something of it, and nobody has reset it: what was latched is latched still, by the rules."""
    road.press("stop", False)
    road.lane.clear()
    await road.wait(1)
    await road.hold("key_close", 4)
    await road.hold("key_open", 5)
    car = road.comes("car", "in", careful=False, stop_at="approach")
    await road.wait(4)
    road.swipe("in")
    await road.wait(5)
    car.go()
    await road.wait(SETTLED_S)


def where(road: Road) -> set[Position]:
    """What a page may say of where the barrier really stands."""
    if road.open():
        return {Position.OPEN}
    return {Position.CLOSED} if road.closed() else {Position.BETWEEN}


class Cut(NamedTuple):
    """After step `at`, and `later_s` more. `loses`: that step was not on the disk yet."""

    at: int
    later_s: float
    drops: bool
    loses: bool


async def cut(gate: LaneGate, road: Road, place: Path, tell: Callable[[Road], Awaitable[None]], where_: Cut) -> None:
    await ready(road)
    goes_on = asyncio.create_task(tell(road))
    try:
        if where_.at > 1:
            await gate.steps(where_.at - 1)
        if where_.loses:
            await gate.snapshot(place / "left")
        await gate.steps(1)
        await road.wait(where_.later_s)
    finally:
        goes_on.cancel()
        await asyncio.gather(goes_on, return_exceptions=True)
    if not where_.loses:
        await gate.snapshot(place / "left")
    await gate.power_cut(place / "left", drops=where_.drops, dark_s=0.3 if where_.drops else 0.0)
    await road.wait(RUN_OUT_S)
    stands = road.plant.position
    await road.wait(SETTLED_S)
    assert road.plant.position == stands, "it moves because the power came"
    assert road.seen().position in where(road)
    verdict = verify(gate.controller.journal.path, gate.controller.identity.public_key)
    assert verdict.ok, verdict
    await tries(road)
    await road.heal()
    await road.passes(road.comes("car", "in", pace=1.0), "in")
    await road.closes()


@pytest.mark.slow
@pytest.mark.parametrize(("drops", "later_s"), HOW)
@pytest.mark.parametrize("name", TOLD)
def test_the_power_is_cut_at_every_step(prepared, steps_of, name, drops, later_s):
    assert steps_of[name] > 15
    for at in range(1, steps_of[name] + 1):
        # A latch that was not on the disk was not told of either: only an ordinary passage loses its last step.
        there = Cut(at, later_s, drops, loses=name == "a passage" and at % 2 == 0)

        async def story(gate, road, place, there=there):
            await cut(gate, road, place, TOLD[name], there)

        try:
            told(prepared, f"{name}-{there}", story)
        except AssertionError as error:
            raise AssertionError(f"{name}, {there}: {error}") from error

"""Stories of an ordinary day at a lane: everybody behaves well or badly, and nothing is broken.

A lawful story demands something of the lane: whoever has a card gets through, and it closes behind the last one. After
any other a person has a look (Road.heal).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from firmware.core.facts import (
    AdmitVehicle,
    CloseBarrier,
    EmergencyClose,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    SetOutOfService,
    StartEvacuation,
    StartLockdown,
)
from tests.lanes.lane_gate import LANE
from tests.lanes.road import GUARD, STRANGER, VEHICLES, WALKERS, Road, Way


class Story(NamedTuple):
    """`lawful`: it needs nobody to heal the lane after it."""

    kind: str
    weight: int
    lawful: bool
    tell: Callable[[Road], Awaitable[None]]


async def one_vehicle(road: Road) -> None:
    """In or out, alone."""
    way = road.way()
    await road.passes(road.comes(road.rng.choice(VEHICLES), way), way)
    if road.rng.random() < 0.5:
        await road.closes()


async def queue(road: Road) -> None:
    """Several after one another, each with a card of its own."""
    way = road.way()
    bodies = []
    for _ in range(road.rng.randint(2, 6)):
        bodies.append(road.comes(road.rng.choice(VEHICLES), way))
        await road.pause(0.1, 4)
    for body in bodies:
        await road.passes(body, way)
    if road.rng.random() < 0.3:
        await road.closes()


async def early_cards(road: Road) -> None:
    """A queue of which each presents the card as soon as he can reach the reader, whoever is before him."""
    way = road.way()
    bodies = []
    for _ in range(road.rng.randint(2, 4)):
        bodies.append(road.comes("car", way))
        await road.pause(2.5, 5)
        road.swipe(way)
    for body in bodies:
        await road.passes(body, way)


async def head_on(road: Road) -> None:
    """One comes in while another goes out."""
    one, other = road.comes(road.rng.choice(VEHICLES), "in"), None
    await road.pause(0, 6)
    other = road.comes(road.rng.choice(VEHICLES), "out")
    await road.until(lambda: one.waits and (other.waits or road.rng.random() < 0.3), 12)
    if other.waits:
        road.swipe("out")
    await road.passes(one, "in")
    await road.passes(other, "out")


async def turn_back(road: Road) -> None:
    """Lets it open, drives on to a loop, and backs out; from far enough before the line that nobody is under it."""
    way = road.way()
    body = road.comes("car", way, stop_at=road.rng.choice(("approach", "safety")))
    await road.pause(4, 8)
    road.swipe(way)
    await road.pause(2, 9)
    body.reverse()
    await road.until(lambda: body.gone, 30)
    await road.pause(0, 40)


async def gives_up(road: Road) -> None:
    """A card was presented, and nobody drives."""
    road.swipe(road.way())
    await road.pause(0, 50)


async def stranger(road: Road) -> None:
    """A card that nobody knows; and again; and away."""
    way = road.way()
    body = road.comes("car", way)
    await road.until(lambda: body.waits, 12)
    for _ in range(road.rng.randint(1, 3)):
        road.gate.present(STRANGER, way)
        await road.pause(0.7, 2)
    if not body.beyond:  # it may have stood open and green for somebody who did not come
        body.reverse()
    await road.until(lambda: body.gone, 20)


async def tailgater(road: Road) -> None:
    """Follows without a card, close or not so close."""
    way = road.way()
    body = road.comes(road.rng.choice(VEHICLES), way)
    behind = road.comes("car", way, careful=False, behind=body.id, gap_mm=road.rng.randint(300, 6_000))
    await road.passes(body, way)
    await road.until(lambda: behind.gone, road.rng.uniform(5, 20))


async def wrong_way(road: Road) -> None:
    """Comes against the one for whom it opened."""
    way = road.way()
    back: Way = "out" if way == "in" else "in"
    body = road.comes("car", way)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    await road.pause(0, 12)
    other = road.comes("car", back, careful=False)
    await road.pause(5, 25)
    other.reverse()
    await road.pause(2, 20)


async def speeding(road: Road) -> None:
    way = road.way()
    road.swipe(way)
    await road.pause(1, 6)
    road.comes("car", way, careful=False, pace=road.rng.uniform(2, 5))
    await road.pause(5, 20)


async def stops_on_the_way(road: Road) -> None:
    """A vehicle stops where it should not, for a while; not a truck whose bed no detector sees."""
    way = road.way()
    kind = road.rng.choice(("car", "car_trailer", "truck", "motorcycle"))
    body = road.comes(kind, way)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    await road.pause(2, 9)
    body.stop()
    await road.pause(1, 50)
    body.go()
    await road.until(lambda: body.gone, 30)


async def parked(road: Road) -> None:
    """Left on the safety loop for long, then towed away or driven on."""
    way = road.way()
    body = road.comes("car", way, careful=False, stop_at="barrier")
    road.swipe(way)
    await road.pause(20, 120)
    if road.rng.random() < 0.5:
        body.go()
        await road.until(lambda: body.gone, 20)
    else:
        body.remove()
    await road.pause(0, 20)


async def walkers(road: Road) -> None:
    """People walk through while a car comes and goes."""
    way = road.way()
    body = road.comes("car", way)
    crowd = road.rng.randint(1, 4)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    for _ in range(crowd):
        await road.pause(0, 8)
        road.comes(road.rng.choice(WALKERS), road.way(), careful=False)
    await road.until(lambda: body.gone, 60)
    await road.pause(0, 20)


async def children(road: Road) -> None:
    """Children run through again and again, at the instants when it moves."""
    way = road.way()
    body = road.comes("car", way)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    await road.until(lambda: body.beyond, 30)
    for _ in range(road.rng.randint(2, 6)):
        moved = road.rng.choice((road.warning, road.closing, road.closing, road.opening))
        await road.until(moved, 25)
        await road.pause(0, 4)
        if road.rng.random() < 0.5:
            road.comes("child", road.way(), careful=False, pace=road.rng.uniform(0.8, 3))
        else:
            child = await road.walks_in("child", road.way())
            await road.pause(0.1, 4)
            child.go()
    await road.pause(0, 10)


async def stands_in_the_beam(road: Road) -> None:
    """Somebody stands there and talks."""
    way = road.way()
    road.swipe(way)
    await road.until(road.open, 12)
    person = await road.walks_in(road.rng.choice(("adult", "pram", "child")), way)
    await road.pause(1, 60)
    person.go()
    await road.pause(0, 15)


async def bicycle_behind_a_car(road: Road) -> None:
    """A carbon bicycle, which no loop sees, close behind a car."""
    way = road.way()
    body = road.comes("car", way)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    await road.until(lambda: body.beyond, 40)
    await road.pause(0, 6)
    road.comes(road.rng.choice(("carbon_bicycle", "e_bike", "bicycle")), way, careful=False)
    await road.pause(5, 20)


async def ball(road: Road) -> None:
    """A ball rolls into the beam, and out of it."""
    way = road.way()
    body = road.comes("car", way)
    await road.until(lambda: body.waits, 12)
    road.swipe(way)
    await road.pause(0, 20)
    road.plant.put_ball("beam", road.rng.uniform(0.2, 40))
    await road.until(lambda: body.gone, 60)
    await road.pause(0, 50)


async def operator(road: Road) -> None:
    """The guard opens, holds, closes, locks, takes it out of service."""
    gate, rng = road.gate, road.rng
    for _ in range(rng.randint(1, 4)):
        match rng.randrange(8):
            case 0:
                gate.order(OpenOnce(GUARD, portal=LANE, access_point=f"lane_{road.way()}"))
            case 1:
                gate.order(AdmitVehicle(GUARD, portal=LANE, access_point=f"lane_{road.way()}", note="a visitor"))
            case 2:
                gate.order(HoldOpen(GUARD, portal=LANE, for_ms=rng.randint(1_000, 40_000)))
            case 3 | 4:
                gate.order(CloseBarrier(GUARD, portal=LANE))
            case 5:
                gate.order(LockPortal(GUARD, portal=LANE))
            case 6:
                gate.order(ReleasePortal(GUARD, portal=LANE))
            case 7:
                gate.order(SetOutOfService(GUARD, portal=LANE, out=rng.random() < 0.5))
        if rng.random() < 0.6:
            way = road.way()
            road.comes(rng.choice(VEHICLES[:4]), way)
            if rng.random() < 0.5:
                road.swipe(way)
        if rng.random() < 0.3:
            road.comes(rng.choice(WALKERS), road.way(), careful=False)
        await road.pause(0, 15)
    await road.pause(0, 30)


async def lockdown(road: Road) -> None:
    """Nobody is let in any more, at any instant of a passage; who leaves may."""
    way = road.way()
    body = road.comes("car", way)
    await road.pause(0, 8)
    road.swipe(way)
    await road.pause(0, 8)
    road.gate.order(StartLockdown(GUARD, portals=(LANE,) if road.rng.random() < 0.5 else ()))
    await road.pause(0, 30)
    other = road.way()
    road.comes("car", other)
    road.swipe(other)
    if road.rng.random() < 0.3:
        road.gate.order(OpenOnce(GUARD, portal=LANE, access_point=f"lane_{road.way()}"))
    await road.pause(0, 30)
    road.gate.order(EndLockdown(GUARD))
    await road.until(lambda: body.gone, 30)


async def evacuation(road: Road) -> None:
    """Evacuation opens, and holds."""
    way = road.way()
    road.comes("car", way)
    await road.pause(0, 8)
    road.swipe(way)
    await road.pause(0, 15)
    road.gate.order(StartEvacuation(GUARD, confirmed=True))
    if not await road.until(road.open, 20):
        road.fail("it does not open for an evacuation")
    await road.pause(0, 20)
    road.gate.order(EndEvacuation(GUARD))
    await road.pause(0, 10)


async def emergency(road: Road) -> None:
    """The guarded switch, or its command, at any instant; people and cars are there all the same."""
    way = road.way()
    body = road.comes("car", way)
    await road.pause(0, 8)
    road.swipe(way)
    await road.pause(0, 15)
    if road.rng.random() < 0.5:
        await road.hold("emergency_close", road.rng.uniform(0.1, 3))
    else:
        road.gate.order(EmergencyClose(GUARD, portal=LANE, confirmed=True))
    for _ in range(road.rng.randint(0, 3)):
        await road.pause(0, 5)
        road.comes(road.rng.choice(WALKERS), road.way(), careful=False)
    await road.pause(5, 20)
    if not body.gone:
        body.reverse()


ORDINARY = (
    Story("one vehicle", 30, True, one_vehicle),
    Story("queue", 34, True, queue),
    Story("queue with early cards", 8, False, early_cards),
    Story("head-on", 12, True, head_on),
    Story("turn back", 3, False, turn_back),
    Story("gives up", 1, False, gives_up),
    Story("stranger's card", 2, False, stranger),
    Story("tailgater", 5, False, tailgater),
    Story("wrong way", 3, False, wrong_way),
    Story("speeding", 2, False, speeding),
    Story("stops on the way", 3, False, stops_on_the_way),
    Story("parked on the loop", 2, False, parked),
    Story("walkers", 5, False, walkers),
    Story("children run through", 5, False, children),
    Story("stands in the beam", 2, False, stands_in_the_beam),
    Story("bicycle behind a car", 4, False, bicycle_behind_a_car),
    Story("ball in the beam", 3, False, ball),
    Story("operator", 4, False, operator),
    Story("lockdown", 2, False, lockdown),
    Story("evacuation", 1, False, evacuation),
    Story("emergency close", 2, False, emergency),
)

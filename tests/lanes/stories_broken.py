"""Stories in which something is pressed, turned, lost or broken at any instant of somebody's passage.

What no lane with these detectors can prevent is not told here: a beam that fails between its self-test and the end of
that close while a person walks in who is seen by nothing else. People come again once it stands still.
"""

from __future__ import annotations

from tests.lanes.road import VEHICLES, WALKERS, Road
from tests.lanes.stories import Story

LIMITS = ("is_open", "is_closed")
BEAM = "beam"


async def _amid(road: Road, low_s: float = 0.0, high_s: float = 16.0) -> None:
    """Somebody with a card is on the way; go to some instant of that."""
    way = road.way()
    kind = road.rng.choice(VEHICLES[:-2])
    body = road.comes(kind, way)
    await road.until(lambda: body.waits or body.beyond, 12)
    road.swipe(way)
    await road.pause(low_s, high_s)


async def _crowd(road: Road, people: bool = True) -> None:
    """Others come, whatever has happened."""
    for _ in range(road.rng.randint(0, 3)):
        await road.pause(0, 6)
        if people and road.rng.random() < 0.6:
            road.comes(road.rng.choice(WALKERS), road.way(), careful=False)
        else:
            way = road.way()
            road.comes("car", way, careful=road.rng.random() < 0.7)
            road.swipe(way)


async def stop(road: Road) -> None:
    """Stop is pressed, let go, reset; sometimes too early, or not at all."""
    await _amid(road)
    await road.hold("stop", road.rng.uniform(0.05, 8))
    if road.rng.random() < 0.7:
        await road.pause(0, 3)
        await road.hold("reset", 0.3)
    await _crowd(road)
    await road.pause(0, 10)


async def isolator(road: Road) -> None:
    """Service key, or cover of the drive."""
    await _amid(road)
    key = road.rng.choice(("service_key", "cover"))
    road.press(key)
    await _crowd(road)
    if road.rng.random() < 0.3:
        road.press("fire_panel")
        await road.pause(1, 5)
    road.press(key, False)
    await road.pause(0, 5)
    await road.hold("reset", 0.3)
    await road.pause(0, 10)


async def hold_to_run(road: Road) -> None:
    """Somebody takes the local key, for as long as he likes; people walk there all the same."""
    if road.rng.random() < 0.5:
        await _amid(road)
    for _ in range(road.rng.randint(1, 4)):
        key = road.rng.choice(("key_open", "key_close", "key_close"))
        road.press(key)
        await road.pause(0.05, 10)
        if road.rng.random() < 0.4:
            road.comes(road.rng.choice(WALKERS), road.way(), careful=False)
            await road.pause(0, 8)
        road.press(key, False)
        await road.pause(0, 3)
    await _crowd(road)


async def fire(road: Road) -> None:
    """Fire panel, its broken wire, or the brigade's key; it must be open unless a stop or isolator stands."""
    await _amid(road)
    barred = road.rng.random() < 0.2
    if barred:
        road.press("stop")
    match road.rng.randrange(3):
        case 0:
            road.press("fire_panel")
        case 1:
            road.press("fire_key")
        case _:
            road.gate.plants.switches["fire_panel"].set_fault("wire_broken", True)
    if not barred and not await road.until(road.open, 25):
        road.fail("it does not open in a fire")
    await _crowd(road)
    if not barred and not road.open():
        road.fail("it does not stay open in a fire")
    await road.pause(0, 5)


async def mains(road: Road) -> None:
    """The mains are lost and come back; the battery lasts, or does not."""
    await _amid(road)
    road.press("mains")
    if road.rng.random() < 0.3:
        await road.pause(0, 5)
        road.plant.set_fault("battery_flat", True)
    await _crowd(road)
    await road.pause(0, 20)
    road.press("mains", False)
    await road.pause(0, 10)


async def detector(road: Road) -> None:
    """A loop is stuck, dead or flickers; vehicles come all the same."""
    name = road.rng.choice(tuple(road.plant.loops))
    what = road.rng.choice(("stuck", "dead", "flicker"))
    if road.rng.random() < 0.5:
        await _amid(road)
    road.plant.set_fault(f"{name}_{what}", True)
    await _crowd(road)
    await _amid(road)
    await road.pause(0, 30)


async def beam(road: Road) -> None:
    """A beam tells nothing any more, always, or by chance: found before the next close, and people come then."""
    what = road.rng.choice(("clear", "broken", "flicker"))
    await _amid(road)
    if what == "clear":
        await road.until(road.quiet, 20)
    road.plant.set_fault(f"{BEAM}_{what}", True)
    await _crowd(road)
    await road.pause(5, 40)


async def wire(road: Road) -> None:
    """Any wire of the lane breaks, is shorted, swapped or sticks, at any instant."""
    plant = road.plant
    name = road.rng.choice(sorted(plant.wires))
    is_output = hasattr(plant.wires[name], "on_change")
    wrong = "open" if is_output else road.rng.choice(("open", "short", "inverted", "stuck"))
    await _amid(road)
    blind = name == BEAM and wrong != "open"
    if blind or name == f"{BEAM}_test":
        await road.until(road.quiet, 20)
    road.spoil(name, wrong)
    await _crowd(road)
    await road.pause(0, 20)
    if road.rng.random() < 0.3:
        await road.hold("reset", 0.3)
        await _crowd(road, people=not blind)
        await road.pause(0, 10)


async def limits(road: Road) -> None:
    """A limit switch fails, and people walk."""
    name = road.rng.choice(LIMITS)
    await _amid(road)
    road.spoil(name, road.rng.choice(("open", "short", "inverted", "stuck")))
    await _crowd(road)
    await road.pause(0, 20)


async def drive(road: Road) -> None:
    """The drive is slow, cold, worn, leaks, is blocked, at fault, or its contactor is welded."""
    what = road.rng.choice(
        ("drive_fault", "obstructed_closing", "obstructed_opening", "cold", "worn", "leak", "runs_on")
    )
    await _amid(road)
    road.plant.set_fault(what, True)
    if road.rng.random() < 0.3:
        road.plant.slow_down(road.rng.uniform(1, 3))
    await _crowd(road)
    await road.pause(0, 15)
    if road.rng.random() < 0.3:
        road.plant.set_fault(what, False)
        await road.hold("reset", 0.3)
        await road.pause(0, 10)


async def lost_edges(road: Road) -> None:
    """Edges of a loop, a limit or a key are not heard of; the beam's are, where people are."""
    name = road.rng.choice(("entry", "safety", "exit", *LIMITS, "reset", "key_close"))
    road.lose_edges(name, road.rng.uniform(0.1, 1))
    await _amid(road)
    await _crowd(road, people=name != "safety")
    await road.pause(0, 30)


async def two_at_once(road: Road) -> None:
    """Two of all these in one passage."""
    await _amid(road)
    for _ in range(2):
        match road.rng.randrange(6):
            case 0:
                road.press(road.rng.choice(("stop", "service_key", "cover", "fire_panel", "fire_key", "mains")))
            case 1:
                await road.hold(road.rng.choice(("key_open", "key_close", "reset", "emergency_close")), 1.5)
            case 2:
                road.plant.put_ball(BEAM, road.rng.uniform(0.5, 30))
            case 3:
                name = road.rng.choice(tuple(road.plant.loops))
                road.plant.set_fault(f"{name}_{road.rng.choice(('stuck', 'dead', 'flicker'))}", True)
            case 4:
                road.plant.set_fault(road.rng.choice(("drive_fault", "obstructed_opening", "cold", "leak")), True)
            case _:
                for key in ("stop", "service_key", "cover", "fire_key", "mains"):
                    road.press(key, False)
                await road.hold("reset", 0.3)
        await road.pause(0, 8)
    await _crowd(road)
    await road.pause(0, 10)


BROKEN = (
    Story("stop", 4, False, stop),
    Story("service key or cover", 3, False, isolator),
    Story("hold-to-run", 4, False, hold_to_run),
    Story("fire", 3, False, fire),
    Story("mains lost", 3, False, mains),
    Story("loop at fault", 4, False, detector),
    Story("beam at fault", 3, False, beam),
    Story("wire at fault", 6, False, wire),
    Story("limit at fault", 3, False, limits),
    Story("drive at fault", 4, False, drive),
    Story("edges lost", 2, False, lost_edges),
    Story("two at once", 4, False, two_at_once),
)

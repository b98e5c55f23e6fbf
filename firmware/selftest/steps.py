"""The steps of a self-test, made of the site: each input, output and reader of the portals that are to be proven.

Pure: the site and its wiring in, steps out, in the order in which a person walks through them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from enum import StrEnum

import msgspec

from firmware.core.barrier.plan import Part, Plan
from firmware.core.site import Barrier, Direction, Door, SensorKind, Turnstile
from firmware.core.wiring import IN, OUT, Wiring, locks

LISTEN_MS = 60_000  # down the ladder, to the button, and press it
BACK_MS = 60_000
RESET_BACK_MS = 5_000  # half of what the button has to be held for (firmware/controller/reset_button.py)
PASS_MS = 120_000  # a door is opened, walked through, and falls shut
MOVE_MS = 180_000  # a barrier opens, waits for a passage that does not come, warns and closes
TRY_MS = 180_000  # with a second program, `menshen wire`, to be opened first


class Task(StrEnum):
    """What the person is asked to do. Each has its words in words.py."""

    PRESENT = "present"  # a card, a code, a tag at this reader
    PRESS = "press"  # an exit button, or move before its detector
    RING = "ring"  # the call button
    OPEN = "open"  # the door is released once: open it, go through, let it close
    RELEASE = "release"  # the same where nothing proves it but the person
    TURN = "turn"  # go through the turnstile once
    TURN_FREE = "turn_free"  # the same without a pulse
    MOVE = "move"  # the barrier opens once, and closes; nobody stands there
    OCCUPY = "occupy"  # put something of metal on the loop, and take it away
    BREAK = "break"  # the beam
    BUMP = "bump"  # the safety edge
    TURN_KEY = "turn_key"  # and back
    SWITCH = "switch"  # stop, cover, service key ...: operate it, and put it back
    TAMPER = "tamper"  # open the housing, and close it
    FIRE = "fire"  # have the fire contact operated
    RESET_BUTTON = "reset_button"  # push it shortly: held for ten seconds after a start it would do what it is for
    WATCH = "watch"  # hold this output on with `menshen wire`, and look
    MEASURE = "measure"  # wait for a measurement
    PICTURE = "picture"  # a camera: hold a plate before it
    DISPLAY = "display"  # it shows a number; the person says twice whether it is the one that the page names


class Deed(StrEnum):
    """What the core is asked for when the step begins; nothing else ever is."""

    NOTHING = ""
    OPEN_ONCE = "open_once"


class Step(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step. `expects` must move and come back; `tolerates` may move because of what is done."""

    id: str
    task: Task
    device: str
    expects: tuple[str, ...]
    portal: str = ""
    point: str = ""  # access point of what is opened
    tolerates: tuple[str, ...] = ()
    proves: tuple[str, ...] = ()  # outputs that it proves, too
    deed: Deed = Deed.NOTHING
    word: bool = False  # the person has to say the rest
    has_way_back: bool = True
    listen_ms: int = LISTEN_MS
    back_ms: int = BACK_MS


_OF_SPOT = {SensorKind.LOOP: Task.OCCUPY, SensorKind.PHOTOCELL: Task.BREAK, SensorKind.EDGE: Task.BUMP}
_LAMPS = (Part.WARNING, Part.SOUNDER, Part.RED, Part.GREEN)
# Nobody is asked to raise a barrier in an emergency, nor to open it by the fire brigade's key, for a test of wires:
# both move it over people's heads. They are tested in sight, by R18's yearly test.
NOT_HERE = (Part.EMERGENCY, Part.FIRE_KEY)


def steps_of(
    wiring: Wiring, portals: Collection[str], roles: Mapping[str, str], *, site: bool = False, reset: str | None = None
) -> tuple[Step, ...]:
    """The steps of these portals, and (`site`) of what belongs to none, with the button for the state of delivery.

    `roles`: device -> as in `menshen wire`.
    """
    found: dict[str, Step] = {}
    for step in _all(wiring, portals, roles, site):
        found.setdefault(step.id, step)  # one input may serve two portals
    if site and reset is not None:
        push = _step(Task.RESET_BUTTON, reset, back_ms=RESET_BACK_MS)
        found.setdefault(push.id, push)
    return tuple(found.values())


def uncovered(steps: Collection[Step], devices: Collection[str]) -> tuple[str, ...]:
    """Of these devices those that no step proves."""
    proven = {name for step in steps for name in (step.device, *step.expects, *step.proves)}
    return tuple(sorted(set(devices) - proven))


def _all(wiring: Wiring, portals: Collection[str], roles: Mapping[str, str], site: bool) -> Iterator[Step]:
    for name, portal in wiring.portals.items():
        if name in portals:
            yield from _readers(wiring, name, roles)
            yield from _of_door(portal) if isinstance(portal, Door) else _of_turnstile(portal)
    for name, plan in wiring.barriers.items():
        if name in portals:
            yield from _readers(wiring, name, roles)
            yield from _of_barrier(plan)
    if site:
        yield from _of_site(wiring)


def _step(task: Task, device: str, portal: str = "", **more: object) -> Step:
    return Step(f"{task.value}:{device}", task, device, (device,), portal, **more)  # type: ignore[arg-type]


def _readers(wiring: Wiring, portal: str, roles: Mapping[str, str]) -> Iterator[Step]:
    for name, post in wiring.posts.items():
        if post.point is None or post.point.portal != portal:
            continue
        task = Task.PICTURE if roles.get(name) == "camera" else Task.PRESENT
        yield _step(task, name, portal, has_way_back=False)
        if post.reader.tamper is not None:
            yield _step(Task.TAMPER, post.reader.tamper, portal)
    for point in wiring.points.values():
        if point.portal == portal and point.call is not None:
            yield _step(Task.RING, point.call, portal)
        if point.portal == portal and point.display is not None:
            yield _step(Task.DISPLAY, point.display, portal, word=True, has_way_back=False)


def _of_door(door: Door) -> Iterator[Step]:
    exits = tuple(rex.input for rex in door.rex)
    for name in exits:
        yield _step(Task.PRESS, name, door.id)
    if door.contact is None:
        yield Step(
            f"{Task.RELEASE.value}:{door.lock}",
            Task.RELEASE,
            door.lock,
            (door.lock,),
            door.id,
            proves=(door.lock,),
            deed=Deed.OPEN_ONCE,
            word=True,
        )
        return
    yield Step(
        f"{Task.OPEN.value}:{door.contact}",
        Task.OPEN,
        door.contact,
        (door.contact,),
        door.id,
        tolerates=exits,  # a detector over the door sees who goes through
        proves=(door.lock,),
        deed=Deed.OPEN_ONCE,
        listen_ms=PASS_MS,
        back_ms=PASS_MS,
    )


def _of_turnstile(turnstile: Turnstile) -> Iterator[Step]:
    ways = {IN: turnstile.passage_in, OUT: turnstile.passage_out}
    for way, pulse in ways.items():
        leads = Direction.OUT.value if way == OUT else Direction.IN.value
        point = next((each.id for each in turnstile.access_points if each.direction == leads), "")
        if not point:
            continue  # nobody goes that way by a credential
        release = locks(turnstile)[way]
        task = Task.TURN_FREE if pulse is None else Task.TURN
        yield Step(
            f"{task.value}:{pulse or release}",
            task,
            pulse or release,
            (pulse or release,),
            turnstile.id,
            point,
            proves=(release,),
            deed=Deed.OPEN_ONCE,
            word=pulse is None,
            listen_ms=PASS_MS,
            back_ms=PASS_MS,
        )
    if turnstile.drop is not None:
        yield _watch(turnstile.drop, turnstile.id)


def _of_barrier(plan: Plan) -> Iterator[Step]:
    barrier = plan.barrier
    inputs = tuple(dict.fromkeys(each.id for each in plan.inputs))
    limits = tuple(dict.fromkeys(each.id for each in plan.inputs if each.part is Part.LIMIT))
    moved_along = tuple(name for name in inputs if name not in limits)
    # Loops and beams first: the barrier does not close before they were seen to work (R1). Then it moves; then what
    # latches, as stop, keys and covers do, and a person has to reset.
    parts = [each for each in plan.inputs if each.part is not Part.LIMIT and each.part not in NOT_HERE]
    detectors = [each for each in parts if each.part in (Part.ENTRY, Part.EXIT, Part.SPOT)]
    for each in detectors:
        task = Task.OCCUPY if each.part is not Part.SPOT else _OF_SPOT[plan.spots[each.which].kind]
        yield _step(task, each.id, barrier.id)
    if limits:
        tests = [output.id for output in plan.outputs if output.part is Part.TEST]  # used before it closes
        yield _move(barrier, limits, moved_along, (*plan.motion_outputs, *tests))
    for each in parts:
        if each not in detectors:
            task = Task.TURN_KEY if each.part in (Part.KEY_OPEN, Part.KEY_CLOSE) else Task.SWITCH
            yield _step(task, each.id, barrier.id, tolerates=limits if task is Task.TURN_KEY else ())
    for output in plan.outputs:
        if output.part in _LAMPS:
            yield _watch(output.id, barrier.id)
    if barrier.temperature is not None:
        yield _step(Task.MEASURE, barrier.temperature, barrier.id, has_way_back=False)


def _move(barrier: Barrier, limits: tuple[str, ...], along: tuple[str, ...], outputs: tuple[str, ...]) -> Step:
    return Step(
        f"{Task.MOVE.value}:{barrier.id}",
        Task.MOVE,
        barrier.drives[0].open,
        limits,
        barrier.id,
        next((point.id for point in barrier.access_points), ""),
        tolerates=along,
        proves=tuple(sorted(outputs)),
        deed=Deed.OPEN_ONCE,
        listen_ms=MOVE_MS,
        back_ms=MOVE_MS,
    )


def _watch(output: str, portal: str) -> Step:
    return _step(Task.WATCH, output, portal, word=True, listen_ms=TRY_MS, proves=(output,))


def _of_site(wiring: Wiring) -> Iterator[Step]:
    for name, uses in wiring.inputs.items():
        words = {use.role.value for use in uses if use.owner not in wiring.portals and use.owner not in wiring.posts}
        if "fire" in words:
            yield _step(Task.FIRE, name)
        elif "tamper" in words:
            yield _step(Task.TAMPER, name)

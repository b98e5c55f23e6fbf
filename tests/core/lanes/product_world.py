"""The whole core of a site with one barrier and its lane, against vehicles, persons, power and time: both together.

Barrier and lane are each explored against the other's contract (barrier_world.py, lane_world.py); here the real step
joins them, all rules look at the wires, and none is left out. The barrier follows its outputs, the beam its self-test.

The key: both machines with their levels, latches, flags and commanded outputs, which timers run, in which order and
which together, the readers' pending factors, and what the rules remember. Left out: instants, counters and history of
wear, who was let in, what was told to people. Time goes a millisecond with each fact, or on to the next deadline.

So this is a search with a bound, and no proof like the two walks: two nodes that are taken for one may differ in how
long their timers still run, which costs the walk ways, and finds nothing that is not there.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from firmware.core import facts
from firmware.core.access import Known
from firmware.core.barrier.state import BarrierState
from firmware.core.codes import Code
from firmware.core.effects import Keep, Record, SetOutput
from firmware.core.facts import (
    AnyFact,
    CardRead,
    DeadlineReached,
    InputChanged,
    Level,
    RosterReplaced,
    Started,
)
from firmware.core.lane.state import LaneState, Offer
from firmware.core.site import Area, Barrier, Reader, Site
from firmware.core.state import State, initial
from firmware.core.step import next_deadline, step
from tests.core.lanes.lane_scene import NAME, barrier
from tests.core.lanes.rules import Seen, Watch
from tests.core.portals.scene import RULES

FIRE = "fire"
DUE = ("due",)
POWER = ("power",)
GUARD = "guard"
CARDS: dict[str, AnyFact] = {
    way: CardRead(f"r_{way}", Known(f"driver_{way}", f"card_{way}", 1, profiles=("all",))) for way in ("in", "out")
}
ORDERS: dict[str, tuple[facts.Command, ...]] = {  # as an onlooker calls them
    "open_once": (facts.OpenOnce(GUARD, portal=NAME, access_point="lane_in"),),
    "hold_open": (facts.HoldOpen(GUARD, portal=NAME, for_ms=60_000),),
    "release": (facts.ReleasePortal(GUARD, portal=NAME),),
    "lock": (facts.LockPortal(GUARD, portal=NAME),),
    "close": (facts.CloseBarrier(GUARD, portal=NAME),),
    "emergency_close": (facts.EmergencyClose(GUARD, portal=NAME, confirmed=True),),
    "reset": (facts.ResetFault(GUARD, portal=NAME),),
    "confirm_clear": (facts.ConfirmClear(GUARD, portal=NAME, in_sight=True),),
    "lockdown": (facts.StartLockdown(GUARD),),
    "end_lockdown": (facts.EndLockdown(GUARD),),
    "evacuation": (facts.StartEvacuation(GUARD, confirmed=True),),
    "end_evacuation": (facts.EndEvacuation(GUARD),),
    "out_of_service": (facts.SetOutOfService(GUARD, portal=NAME),),
    "in_service": (facts.SetOutOfService(GUARD, portal=NAME, out=False),),
}


class ProductNode(NamedTuple):
    state: State
    t: int
    watched: Any
    kept: tuple[tuple[str, str], ...]


def levels(*names: str, of: Sequence[Level] = (Level.ACTIVE, Level.INACTIVE)) -> list[Hashable]:
    """Moves that put inputs to levels."""
    return [("input", name, level) for name in names for level in of]


def cards(*ways: str) -> list[Hashable]:
    return [("card", way) for way in ways]


def orders(*names: str) -> list[Hashable]:
    return [("order", name) for name in names]


class ProductWorld:
    """`alphabet`: what can happen beside motion and time. `stage`: where it begins, one of STAGES."""

    def __init__(
        self,
        alphabet: Sequence[Hashable],
        *,
        stage: str = "closed",
        at: str = "is_up",
        where: Barrier | None = None,
        events: bool = True,
    ) -> None:
        self.barrier = where or barrier(queue_max=2)
        self.site = Site(
            "site",
            portals=(self.barrier,),
            readers=(Reader("r_in", repeat_ms=0), Reader("r_out", repeat_ms=0)),
            areas=(Area("yard"),),
            fire_inputs=(FIRE,),
        )
        self.alphabet = list(alphabet)
        self.watch = Watch(self.barrier, (FIRE,), events=events)
        self._at = at
        self._stage = stage
        self._first = self.watch.state
        fresh = initial(self.site)
        plan = fresh.wiring.barriers[NAME]
        self._place = {each.id: place for place, each in enumerate(plan.inputs)}
        self._out = {each.id: place for place, each in enumerate(plan.outputs)}
        self._tests = {s.input: s.test for s in (*self.barrier.photocells, *self.barrier.safety) if s.test is not None}
        self.inputs = (*self._place, FIRE)

    # -- nodes --------------------------------------------------------------------------------------------------------

    def start(self) -> ProductNode:
        """Power, and every input has reported; devices without a self-test were seen to change once."""
        node = ProductNode(initial(self.site), 0, self._first, ())
        node = self.powered(node, {name: Level.ACTIVE if name == self._at else Level.INACTIVE for name in self.inputs})
        for sensor in (*self.barrier.safety, *self.barrier.photocells):
            if sensor.test is None:
                for name, level in ((self.barrier.entry, Level.ACTIVE), (sensor.input, Level.ACTIVE)):
                    node = self.step(node, ("input", name, level))
                for name in (sensor.input, self.barrier.entry):
                    node = self.step(node, ("input", name, Level.INACTIVE))
        return STAGES[self._stage](self, self.rest(node))

    def rest(self, node: ProductNode, deadlines_max: int = 12) -> ProductNode:
        """Let the short timers run out."""
        for _ in range(deadlines_max):
            due_ms = next_deadline(node.state)
            if due_ms is None or due_ms > node.t + 60_000:
                return node
            node = self.step(node, DUE)
        return node

    def powered(self, node: ProductNode, at: dict[str, Level]) -> ProductNode:
        """A controller starts on the wires as they are."""
        t = node.t + 1
        self.watch.state = node.watched
        self.watch.see(Seen(t, "power", "", True))
        after = ProductNode(initial(self.site), t, self.watch.state, node.kept)
        after = self._fact(after, t, Started("boot", dict(node.kept)))
        after = self._fact(after, t, RosterReplaced(RULES))
        for name, level in at.items():
            after = self._fact(after, t, InputChanged(name, level))
        return after

    def level(self, node: ProductNode, name: str) -> Level | None:
        """What an input has said last."""
        if name == FIRE:
            return node.state.fire_levels.get(FIRE)
        return node.state.lanes[NAME].barrier.levels[self._place[name]]

    def output(self, node: ProductNode, name: str) -> bool:
        return bool(node.state.lanes[NAME].barrier.commanded[self._out[name]])

    def moves(self, node: ProductNode) -> Iterable[Hashable]:
        found = [
            move
            for move in self.alphabet
            if move[0] != "input" or self.level(node, move[1]) is not move[2]  # type: ignore[index]
        ]
        found += self.motion(node)
        found += self.answers(node)
        if next_deadline(node.state) is not None:
            found.append(DUE)
        return found

    def motion(self, node: ProductNode) -> list[Hashable]:
        """What the barrier itself does: leaves the end that it is driven from, arrives at the one it is driven to."""
        up, down = self.level(node, "is_up"), self.level(node, "is_down")
        found: list[Hashable] = []
        for output, left, reached, name, end in (
            ("down", up, down, "is_up", "is_down"),
            ("up", down, up, "is_down", "is_up"),
        ):
            if not self.output(node, output):
                continue
            if left is Level.ACTIVE:
                found.append(("input", name, Level.INACTIVE))
            elif left is Level.INACTIVE and reached is Level.INACTIVE:
                found.append(("input", end, Level.ACTIVE))
        return found

    def answers(self, node: ProductNode) -> list[Hashable]:
        """A device whose self-test is on reads active."""
        return [
            ("input", name, Level.ACTIVE)
            for name, test in self._tests.items()
            if self.output(node, test) and self.level(node, name) is Level.INACTIVE
        ]

    def step(self, node: ProductNode, move: Any) -> ProductNode:
        if move == POWER:
            now = {name: self.level(node, name) or Level.INACTIVE for name in self.inputs}
            return self.powered(node, now)
        due_ms = next_deadline(node.state)
        if move == DUE:
            assert due_ms is not None
            return self._answered(self._fact(node, due_ms, DeadlineReached()))
        t = node.t + 1
        if due_ms is not None and due_ms <= t:
            t = node.t  # the deadline is a step of its own
        for fact in self._facts(move):
            node = self._fact(node, t, fact)
        return self._answered(node)

    def _answered(self, node: ProductNode) -> ProductNode:
        """A self-test that is over leaves its device clear, unless somebody is there, whom the alphabet puts there."""
        for name, test in self._tests.items():
            said = node.state.lanes[NAME].barrier
            which = next(i for i, spot in enumerate(said.spots) if self._sensor(node, i) == name)
            if not self.output(node, test) and said.spots[which].masked and self.level(node, name) is Level.ACTIVE:
                node = self._fact(node, node.t, InputChanged(name, Level.INACTIVE))
        return node

    def _sensor(self, node: ProductNode, which: int) -> str:
        return node.state.wiring.barriers[NAME].spots[which].sensor.input

    @staticmethod
    def _facts(move: Any) -> tuple[AnyFact, ...]:
        match move[0]:
            case "input":
                return (InputChanged(move[1], move[2]),)
            case "card":
                return (CARDS[move[1]],)
            case "order":
                return ORDERS[move[1]]
        raise ValueError(move)

    def _fact(self, node: ProductNode, t: int, fact: AnyFact) -> ProductNode:
        watch = self.watch
        watch.state = node.watched
        if isinstance(fact, InputChanged):
            watch.see(Seen(t, "input", fact.input, fact.level.value))
        state, effects = step(node.state, t, fact)
        kept = node.kept
        for effect in effects:
            match effect:
                case SetOutput() if effect.output in self._out:
                    watch.see(Seen(t, "output", effect.output, effect.on))
                case Record():
                    self._told(watch, t, fact, effect)
                case Keep():
                    rest = tuple(entry for entry in kept if entry[0] != effect.key)
                    kept = rest if effect.value is None else tuple(sorted((*rest, (effect.key, effect.value))))
        watch.until(t)
        return ProductNode(state, t, watch.state, kept)

    @staticmethod
    def _told(watch: Watch, t: int, fact: AnyFact, effect: Record) -> None:
        event = effect.event
        if event.code in (Code.COMMANDED, Code.COMMAND_REFUSED):
            name = next(name for name, said in ORDERS.items() if fact in said)
            watch.see(Seen(t, "command", name, ("done" if event.code is Code.COMMANDED else "refused",)))
        if event.code is Code.GRANTED:
            watch.see(Seen(t, "credential", str(event.access_point).removeprefix("lane_"), "granted"))
        watch.see(Seen(t, "event", event.code.value, event.detail))

    # -- keys ---------------------------------------------------------------------------------------------------------

    def decided(self, node: ProductNode) -> Hashable:
        state = node.state
        road = state.lanes[NAME]
        timers = sorted(
            [(at, f"b {name}") for at, name in road.barrier.timers]
            + [(at, f"l {name}") for at, name in road.lane.timers]
            + [(at, name) for name, at in state.deadlines.items() if name != NAME]
        )
        return (
            _barrier(road.barrier),
            _lane(road.lane),
            tuple((name, at == before) for (before, _), (at, name) in pairwise([(0, ""), *timers])),
            state.fire,
            tuple(state.fire_levels.values()),
            state.evacuation,
            bool(state.lockdown),
            tuple(reader.pending is None for reader in state.readers.values()),
            frozenset(key for key, _ in node.kept if "history" not in key),
        )

    def key(self, node: ProductNode) -> Hashable:
        self.watch.state = node.watched
        return self.decided(node), self.watch.key(node.t)

    def seen(self, node: ProductNode) -> Hashable:
        return node.state.lanes[NAME].barrier.commanded


def _barrier(state: BarrierState) -> Hashable:
    left_out = ("history", "timers", "began_ms", "cold_factor", "waits_told", "fault", "spots")
    rest = tuple(getattr(state, name) for name in state.__struct_fields__ if name not in left_out)
    return rest, state.fault is None, tuple((spot.watch, spot.proven, spot.masked, spot.seen) for spot in state.spots)


def _lane(state: LaneState) -> Hashable:
    left_out = ("timers", "entry_ms", "serving", "queue", "in_a_row", "hold_until_utc_s", "acknowledged")
    rest = tuple(getattr(state, name) for name in state.__struct_fields__ if name not in left_out)
    return rest, _offer(state.serving), tuple(_offer(each) for each in state.queue)


def _offer(offer: Offer | None) -> Hashable:
    return None if offer is None else (offer.direction, offer.by_operator)


# -- where a walk begins ----------------------------------------------------------------------------------------------


def _closed(world: ProductWorld, node: ProductNode) -> ProductNode:
    return node


def _opened(world: ProductWorld, node: ProductNode) -> ProductNode:
    """Opened for somebody who may go now."""
    for move in (*cards("in"), *levels("is_up", of=(Level.INACTIVE,)), *levels("is_down", of=(Level.ACTIVE,))):
        node = world.step(node, move)
    assert world.output(node, "green_in")
    return node


def _closing(world: ProductWorld, node: ProductNode) -> ProductNode:
    """He has passed, and it is on its way."""
    node = _opened(world, node)
    for name, level in (
        ("entry", Level.ACTIVE),
        ("loop", Level.ACTIVE),
        ("entry", Level.INACTIVE),
        ("exit", Level.ACTIVE),
        ("loop", Level.INACTIVE),
        ("exit", Level.INACTIVE),
    ):
        node = world.step(node, ("input", name, level))
    for _ in range(20):
        if world.output(node, "up"):
            return world.step(node, ("input", "is_down", Level.INACTIVE))
        node = world.step(node, next(iter(world.answers(node)), DUE))
    raise AssertionError("it does not close behind a car")


STAGES: dict[str, Callable[[ProductWorld, ProductNode], ProductNode]] = {
    "closed": _closed,
    "opened": _opened,
    "closing": _closing,
}

_PASSAGE = [*cards("in"), *levels("entry", "loop", "exit")]

PRODUCTS: dict[str, list[Hashable]] = {
    "a car in": [*_PASSAGE, *levels("beam")],
    "both ways": [*cards("in", "out"), *levels("entry", "loop", "exit")],
    "stop": [*cards("in"), *levels("entry", "loop", "stop", "reset")],
    "isolators": [*cards("in"), *levels("loop", "service_key", "cover", "reset", FIRE)],
    "fire": [*cards("in"), *levels("entry", "loop", FIRE, "fire_key"), *orders("evacuation")],
    "keys": [*cards("in"), *levels("loop", "key_open", "key_close", "beam")],
    "orders": [
        *cards("in"),
        *levels("loop"),
        *orders("open_once", "hold_open", "release", "close", "lock", "confirm_clear"),
    ],
    "lockdown": [
        *cards("in", "out"),
        *levels("entry", "loop", "exit"),
        *orders("lockdown", "end_lockdown", "hold_open"),
    ],
    "emergency": [*cards("in"), *levels("loop", "emergency", "reset"), *orders("emergency_close", "reset")],
    "power": [*_PASSAGE, *levels("stop", "reset"), POWER, *orders("confirm_clear")],
    "machine": [*cards("in"), *levels("loop", "mains", "drive_fault", "reset"), *levels("is_down", of=(Level.LOST,))],
    "service": [*_PASSAGE, *orders("out_of_service", "in_service", "reset", "open_once")],
    "everything": [
        *cards("in", "out"),
        *levels("entry", "loop", "exit", "beam", "stop", "reset", "service_key", "key_open", "key_close"),
        *levels("emergency", FIRE, "fire_key", "mains", "drive_fault"),
        *orders(*ORDERS),
        POWER,
    ],
}

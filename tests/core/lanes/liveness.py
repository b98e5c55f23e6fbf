"""What a lane owes people from wherever it has come to: it heals, lets somebody through, closes again, opens in a fire.

A world that heals: devices are clear, everything is let go and mended, a person presses the reset, looks, and brings
the barrier to its open end by the local key where it stands between. It follows its outputs at once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from firmware.core.barrier.machines import Motion
from firmware.core.barrier.state import Want
from firmware.core.barrier.step import Demand
from firmware.core.facts import Level
from firmware.core.view import Position
from firmware.core.views import view
from tests.core.lanes.barrier_world import DUE as BARRIER_DUE
from tests.core.lanes.barrier_world import LONG, BarrierWorld, Node
from tests.core.lanes.picture import barred, plan_of
from tests.core.lanes.product_world import DUE, FIRE, ProductNode, ProductWorld

STEPS_MAX = 400
MINUTE_MS = 60_000
ON, OFF = Level.ACTIVE, Level.INACTIVE
LIMITS = ("is_up", "is_down")


class Stuck(AssertionError):
    """It does not do what it owes."""


def _ends(up: Level | None, down: Level | None) -> dict[str, Level]:
    """What mended limits say: both at once, or none that can be believed, is between."""
    return {"is_up": ON if up is ON and down is not ON else OFF, "is_down": ON if down is ON and up is not ON else OFF}


# -- the product ------------------------------------------------------------------------------------------------------


def runs(
    world: ProductWorld, node: ProductNode, until: Callable[[ProductNode], Any], limit_ms: int
) -> ProductNode | None:
    """Motion, self-tests and time go on until something is so; None: it does not come."""
    end_ms = node.t + limit_ms
    for _ in range(STEPS_MAX):
        if until(node):
            return node
        due = node.state.due_ms
        follows = [*world.answers(node), *world.motion(node)]
        if follows:
            node = world.step(node, follows[0])
        elif due is not None and due <= end_ms:
            node = world.step(node, DUE)
        else:
            return None
    return None


def puts(world: ProductWorld, node: ProductNode, **levels: Level) -> ProductNode:
    for name, level in levels.items():
        if world.level(node, name) is not level:
            node = world.step(node, ("input", name, level))
    return node


def heals(world: ProductWorld, node: ProductNode) -> ProductNode:
    """Everything is mended, and a person resets it. Raises Stuck where it does not serve after that."""
    ends = _ends(world.level(node, "is_up"), world.level(node, "is_down"))
    node = puts(world, node, **{name: OFF for name in world.inputs if name not in LIMITS}, **ends)
    for order in ("end_lockdown", "end_evacuation", "release", "out_of_service", "in_service"):
        node = world.step(node, ("order", order))
    never = lambda _: False  # noqa: E731 - time goes on
    for _ in range(3):
        node = puts(world, puts(world, node, reset=ON), reset=OFF)
        for order in ("confirm_clear", "reset"):
            node = world.step(node, ("order", order))
        node = _on(world, node, never, 20_000)
        if _at_end(world, node):
            return node
        node = puts(world, node, key_open=ON)
        node = puts(world, _on(world, node, _is_open, 30_000), key_open=OFF)
    raise Stuck(f"it does not heal: {_shown(node)}")


def _on(world: ProductWorld, node: ProductNode, until: Callable[[ProductNode], Any], limit_ms: int) -> ProductNode:
    """As runs(), but where it leads to in any case."""
    last = [node]

    def noted(now: ProductNode) -> Any:
        last[0] = now
        return until(now)

    return runs(world, node, noted, limit_ms) or last[0]


def _shown(node: ProductNode) -> Any:
    return view(node.state).portals[0]


def _at_end(world: ProductWorld, node: ProductNode) -> bool:
    shown = _shown(node)
    assert shown.lane is not None
    return shown.position in (Position.OPEN, Position.CLOSED) and not shown.lane.bars


def _is_open(node: ProductNode) -> bool:
    return _shown(node).position is Position.OPEN


def lets_through(world: ProductWorld, node: ProductNode) -> ProductNode:
    """A valid credential reaches green, a car drives in, and it is closed behind it. Raises Stuck."""
    node = world.step(node, ("card", "in"))
    green = runs(world, node, lambda now: world.output(now, "green_in"), MINUTE_MS)
    if green is None:
        raise Stuck(f"a valid credential comes to no green: {_shown(node)}")
    node = green
    for name, level in (("entry", ON), ("loop", ON), ("beam", ON), ("entry", OFF), ("exit", ON), ("beam", OFF)):
        node = puts(world, node, **{name: level})
    node = puts(world, node, loop=OFF)
    node = puts(world, node, exit=OFF)
    closed = runs(
        world, node, lambda now: world.level(now, "is_up") is ON and not world.output(now, "up"), 2 * MINUTE_MS
    )
    if closed is None:
        raise Stuck(f"it is not closed behind a car: {_shown(_on(world, node, lambda _: False, 2 * MINUTE_MS))}")
    return closed


def opens_in_a_fire(world: ProductWorld, node: ProductNode) -> None:
    """With fire it ends open, unless R0 forbids: stop, isolators, an edge, a fault that is told. Raises Stuck."""
    node = _on(world, puts(world, node, **{FIRE: ON}), lambda _: False, 2 * MINUTE_MS)
    world.watch.state = node.watched
    excused = barred(world.watch.plan, node.watched[0]) or "portal.fault" in _shown(node).alarms
    if not excused and (world.level(node, "is_down") is not ON or world.output(node, "up")):
        raise Stuck(f"fire, and it is not open: {_shown(node)}")


# -- a barrier alone --------------------------------------------------------------------------------------------------


class Alone:
    """The same questions to a barrier without its lane: somebody wants it open, a close is earned."""

    def __init__(self, world: BarrierWorld) -> None:
        self.world = world
        self.barrier = world.plan.barrier
        self._tests = {s.input: s.test for s in (*self.barrier.photocells, *self.barrier.safety) if s.test is not None}
        self._place = {each.id: place for place, each in enumerate(world.plan.inputs)}
        self._out = {each.id: place for place, each in enumerate(world.plan.outputs)}

    def level(self, node: Node, name: str) -> Level | None:
        return node.state.levels[self._place[name]]

    def puts(self, node: Node, **levels: Level) -> Node:
        for name, level in levels.items():
            if name in self._place and self.level(node, name) is not level:
                node = self._step(node, ("input", name, level))
        return node

    def _step(self, node: Node, move: Any) -> Node:
        after = self.world.step(node, move)
        assert after is not None
        return after

    def _tested(self, node: Node) -> Node:
        """Devices answer their self-test."""
        for name, test in self._tests.items():
            for _ in range(2):  # it is told of its answer, and lets go
                node = self.puts(node, **{name: ON if node.state.commanded[self._out[test]] else OFF})
        return node

    def runs(self, node: Node, until: Callable[[Node], Any], limit_ms: int = 2 * MINUTE_MS) -> Node:
        """Motion and time go on until something is so, or nothing goes on."""
        end_ms = node.t + limit_ms
        for _ in range(STEPS_MAX):
            node = self._tested(node)
            if until(node):
                return node
            motion = self.world._motion(node.state)  # in a world where it does not follow by itself, too
            if motion:
                node = self._step(node, motion[0])
                continue
            due = min((at for at, name in node.state.timers if name.partition(":")[0] not in LONG), default=None)
            if due is None or due > end_ms:
                return node
            node = self._step(node, BARRIER_DUE)
        return node

    def heals(self, node: Node) -> Node:
        """Raises Stuck where it does not serve after that."""
        ends = _ends(self.level(node, "is_up"), self.level(node, "is_down"))
        for output in sorted(node.state.lost):
            node = self._step(node, ("back", output))
        node = self.puts(node, **{name: OFF for name in self._place if name not in LIMITS}, **ends)
        node = self._step(node, ("site", False, False, False))
        node = self._step(node, ("demand", Demand()))
        for _ in range(3):
            node = self.puts(self.puts(node, reset=ON), reset=OFF)
            node = self.runs(node, lambda _: False)
            if node.state.motion in (Motion.OPEN, Motion.CLOSED):
                return self._shows_itself(node)
            node = self.puts(node, key_open=ON)  # until it is seen to open no more
            node = self.puts(self.runs(node, lambda now: now.state.motion is Motion.OPEN), key_open=OFF)
        raise Stuck(f"it does not heal: {node.state.motion}, {node.state.fault}")

    def _shows_itself(self, node: Node) -> Node:
        """A vehicle passes over devices that only a change proves."""
        for sensor in (*self.barrier.safety, *self.barrier.photocells, *self.barrier.edges_closing):
            if sensor.test is None:
                node = self.puts(self.puts(node, **{sensor.input: ON}), **{sensor.input: OFF})
        return self.runs(node, lambda _: False)

    def opens_and_closes(self, node: Node) -> None:
        """Whoever is wanted is let through, and what is owed is closed. Raises Stuck."""
        node = self._step(node, ("demand", Demand(Want.CREDENTIAL, go=(True, False))))
        node = self.runs(node, lambda now: now.state.motion is Motion.OPEN)
        if node.state.motion is not Motion.OPEN:
            raise Stuck(f"somebody may pass, and it does not open: {node.state.motion}")
        node = self._step(node, ("demand", Demand(Want.NOBODY, owe=True)))
        node = self.runs(node, lambda now: now.state.motion is Motion.CLOSED)
        if node.state.motion is not Motion.CLOSED:
            raise Stuck(f"a close is owed, and does not come: {node.state.motion}")

    def opens_in_a_fire(self, node: Node) -> None:
        """Raises Stuck. Where fire is no input of this world the brigade's key is turned."""
        node = self.runs(self.puts(node, fire_key=ON), lambda _: False)
        excused = barred(plan_of(self.barrier), node.watched[0]) or node.state.fault is not None
        if not excused and node.state.motion is not Motion.OPEN:
            raise Stuck(f"fire, and it is not open: {node.state.motion}")

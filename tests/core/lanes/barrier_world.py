"""A barrier against everything that its lane, its wires, persons and the site can do: the world of its exploration.

The barrier's contract with its lane, which this world keeps on the lane's side: a lane takes back what it wants in the
step in which the barrier tells that it does not serve or stands between its ends, and it owes a close only after it has
wanted something since the start. Everything else that a lane can ask for comes at any time, sensible or not.

The key: levels, machines, latches, flags, which timers run, the commanded outputs, and what the rules remember. Left
out: instants, counters and history of wear, who has been told what. The long timers (stuck, beam, proof) may be due at
any time while they run, the short ones one after the other.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from firmware.core.barrier import step as barrier_step
from firmware.core.barrier.plan import plan_of
from firmware.core.barrier.state import BarrierState, Want, initial_barrier
from firmware.core.barrier.step import Demand
from firmware.core.barrier.turn import Turn
from firmware.core.effects import Keep
from firmware.core.facts import Level
from firmware.core.site import Barrier
from firmware.core.timers import drop
from tests.core.lanes.rules import Seen, Watch

LONG = ("stuck", "beam", "proof")
DUE = ("due",)
POWER = ("power",)
# Rules about what lanes do, or need to know: they are asked of the lane and of both together.
OF_THE_LANE = frozenset({"R0a", "R0b", "R0c", "R1e", "R1f", "R4b", "R11a", "R11b", "R16a", "R16b", "R17"})


class Node(NamedTuple):
    state: BarrierState
    t: int
    watched: Any
    kept: tuple[tuple[str, str], ...]
    asked: bool = False  # somebody has wanted it open since the power came


def inputs(*names: str, levels: Sequence[Level] = (Level.ACTIVE, Level.INACTIVE)) -> list[Hashable]:
    """Moves that put inputs to levels."""
    return [("input", name, level) for name in names for level in levels]


def demands(*wants: Want, go: bool = True) -> list[Hashable]:
    """Moves by which the lane asks; the last one has earned a close."""
    return [
        *(("demand", Demand(want, False, False, (go and want is not Want.NOBODY, False))) for want in wants),
        ("demand", Demand(Want.NOBODY, True, False, (False, False))),
    ]


def _before_return(state: BarrierState) -> Hashable:
    """How long the way back after a drift is differs from case to case: so does what is due before it."""
    names = [name for _, name in state.timers]
    return frozenset(names[: names.index("return")]) if "return" in names else None


class BarrierWorld:
    """`alphabet`: what can happen beside time. `travels`: the barrier follows its outputs; nothing else moves it."""

    def __init__(
        self,
        barrier: Barrier,
        alphabet: Sequence[Hashable],
        *,
        travels: bool = True,
        at: str = "is_up",
        fire_inputs: Sequence[str] = (),
        without: frozenset[str] = OF_THE_LANE,
        power: bool = False,
    ) -> None:
        self.plan = plan_of(barrier)
        self.alphabet = list(alphabet)
        self._travels = travels
        self._at = at
        self._power = power
        self.watch = Watch(barrier, fire_inputs, without=without)
        self._fresh = initial_barrier(self.plan)
        self._place = {each.id: place for place, each in enumerate(self.plan.inputs)}
        self._out = {each.id: place for place, each in enumerate(self.plan.outputs)}
        used = {move[1] for move in alphabet if move[0] == "input"}  # type: ignore[index]
        self._levels = tuple(sorted(self._place[name] for name in used | {"is_up", "is_down"}))
        self._first: Any = None

    # -- nodes --------------------------------------------------------------------------------------------------------

    def start(self) -> Node:
        """Power, every input reports, and the lane has been clear for long enough."""
        self._first = self._first or self.watch.state
        node = Node(self._fresh, 0, self._first, ())
        node = self._taken(node, POWER, 0)
        for name in self._place:
            level = Level.ACTIVE if name == self._at else Level.INACTIVE
            node = self._taken(node, ("input", name, level), 0)
        while any(timer == "clear" for _, timer in node.state.timers):
            node = self._taken(node, DUE, node.state.timers[0][0])
        return node

    def moves(self, node: Node) -> Iterable[Hashable]:
        found: list[Hashable] = []
        state = node.state
        for move in self.alphabet:
            if move[0] == "demand" and move[1].owe and not node.asked:  # type: ignore[index]
                continue
            if move[0] == "input":  # type: ignore[index]
                if state.levels[self._place[move[1]]] is not move[2]:  # type: ignore[index]
                    found.append(move)
            else:
                found.append(move)
        if self._travels:
            found += self._motion(state)
        if self._power:
            found.append(POWER)
        found += sorted(("long", timer) for _, timer in state.timers if timer.partition(":")[0] in LONG)
        if any(timer.partition(":")[0] not in LONG for _, timer in state.timers):
            found.append(DUE)
        return found

    def _motion(self, state: BarrierState) -> list[Hashable]:
        """What the barrier itself does: leaves an end that it is driven from, arrives at the one it is driven to."""
        levels, commanded = state.levels, state.commanded
        up, down = levels[self._place["is_up"]], levels[self._place["is_down"]]
        opens, closes = commanded[self._out["down"]], commanded[self._out["up"]]
        found: list[Hashable] = []
        if opens and up is Level.ACTIVE:
            found.append(("input", "is_up", Level.INACTIVE))
        if closes and down is Level.ACTIVE:
            found.append(("input", "is_down", Level.INACTIVE))
        if opens and up is down is Level.INACTIVE:
            found.append(("input", "is_down", Level.ACTIVE))
        if closes and up is down is Level.INACTIVE:
            found.append(("input", "is_up", Level.ACTIVE))
        return found

    def step(self, node: Node, move: Any) -> Node | None:
        short = [entry for entry in node.state.timers if entry[1].partition(":")[0] not in LONG]
        t = node.t + 1
        if move == DUE:
            t = short[0][0]
        elif short and short[0][0] <= t:
            t = node.t  # the deadline is a step of its own
        return self._taken(node, move, t)

    def _taken(self, node: Node, move: Any, t: int) -> Node:
        state, kept = node.state, dict(node.kept)
        watch = self.watch
        watch.state = node.watched
        if move == POWER:
            state = self._fresh
        turn = Turn(self.plan, state, t)
        self._see(turn, watch, move, t, kept)
        before = turn.state.commanded
        outputs = barrier_step.finish(turn)
        report = barrier_step.report(self.plan, turn.state)
        if turn.state.want is not Want.NOBODY and (report.between or not report.serves):
            barrier_step.take_demand(turn, Demand(doubt=turn.state.doubt))
            outputs += barrier_step.finish(turn)
        told = {each.output: each.on for each in outputs}
        for name, on in sorted(told.items(), key=lambda entry: entry[1]):
            if before[self._out[name]] is not on:
                watch.see(Seen(t, "output", name, on))
        watch.until(t)
        for effect in turn.effects:
            if isinstance(effect, Keep):
                kept.pop(effect.key, None)
                if effect.value is not None:
                    kept[effect.key] = effect.value
        asked = move != POWER and (node.asked or (move[0] == "demand" and move[1].want is not Want.NOBODY))
        left = tuple(sorted((k, v) for k, v in kept.items() if "history" not in k))
        return Node(turn.state, t, watch.state, left, asked)

    def _see(self, turn: Turn, watch: Watch, move: Any, t: int, kept: dict[str, str]) -> None:
        """The move as the barrier takes it, and as an onlooker sees it."""
        match move[0]:
            case "power":
                watch.see(Seen(t, "power", "", True))
                barrier_step.take_restart(turn, kept, kept.get(f"fault:{self.plan.barrier.id}"))
            case "input":
                watch.see(Seen(t, "input", move[1], move[2].value))
                barrier_step.take_level(turn, move[1], move[2])
            case "demand":
                if move[1].want is not Want.NOBODY and turn.state.want is Want.NOBODY:
                    watch.see(Seen(t, "command", "open_once", ("done",)))
                barrier_step.take_demand(turn, move[1])
            case "site":
                for name, on in zip(("fire", "evacuation", "lockdown"), move[1:], strict=True):
                    self._site(watch, name, on, getattr(turn.state, name), t)
                barrier_step.take_site(turn, fire=move[1], evacuation=move[2], lockdown=move[3])
            case "close":
                refused = barrier_step.order_close(turn)
                watch.see(Seen(t, "command", "close", ("refused" if refused else "done",)))
            case "emergency":
                refused = barrier_step.order_emergency(turn)
                watch.see(Seen(t, "command", "emergency_close", ("refused" if refused else "done",)))
            case "reset":
                refused = barrier_step.order_reset(turn, in_sight=False)
                watch.see(Seen(t, "command", "reset", ("refused" if refused else "done",)))
            case "failed" | "lost":
                if move[0] == "lost":
                    watch.see(Seen(t, "lost", move[1]))
                barrier_step.take_output_failed(turn, move[1], "no answer", lost=move[0] == "lost")
            case "back":
                watch.see(Seen(t, "recovered", move[1]))
                barrier_step.take_output_back(turn, move[1])
            case "due" | "long":
                timer = (
                    move[1]
                    if move[0] == "long"
                    else next(name for _, name in turn.state.timers if name.partition(":")[0] not in LONG)
                )
                turn.set(timers=drop(turn.state.timers, timer))
                barrier_step.take_due(turn, timer)
            case _:
                raise ValueError(move)

    @staticmethod
    def _site(watch: Watch, name: str, on: bool, before: bool, t: int) -> None:
        if on == before:
            return
        if name == "fire":
            watch.see(Seen(t, "input", "fire", "active" if on else "inactive"))
        else:
            watch.see(Seen(t, "command", name if on else f"end_{name}", ("done",)))

    # -- keys ---------------------------------------------------------------------------------------------------------

    def decided(self, node: Node) -> Hashable:
        state = node.state
        return (
            state.motion,
            tuple(state.levels[place] for place in self._levels),
            tuple((spot.watch, spot.proven, spot.masked) for spot in state.spots),
            state.commanded,
            state.keys,
            state.homed,
            state.tripped,
            state.raising,
            state.drift_ms > 0,
            state.by_key,
            state.stop,
            state.isolation,
            state.emergency,
            state.obstruction,
            state.testing,
            state.fault is None,
            state.lost,
            state.fire,
            state.evacuation,
            state.lockdown,
            state.want,
            state.owed,
            state.doubt,
            state.go,
            frozenset(name for _, name in state.timers),
            _before_return(state),
        )

    def key(self, node: Node) -> Hashable:
        self.watch.state = node.watched
        return self.decided(node), self.watch.key(node.t), node.asked, len(node.kept) if self._power else 0

    def seen(self, node: Node) -> Hashable:
        return node.state.commanded

"""A lane against everything that vehicles, persons, time and its barrier can do: the world of its exploration.

Its contract with the barrier, which the promises below hold it to; each looks only at what the lane is told and what it
asks for, never at its state. The barrier may report anything at any time.

Every timer that runs may be due at any time; the changeover's is followed only where both directions are offered, since
it decides nothing else. The key: machines, offers by direction and kind, flags, loops, reports,
which timers run, and what the promises remember. Left out: instants, who was let in, how many went in a row.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, NamedTuple

from firmware.core.barrier.state import Want
from firmware.core.barrier.step import Demand, Report
from firmware.core.lane import step as lane_step
from firmware.core.lane.state import LaneState, Loops, Offer
from firmware.core.lane.tracking import loops_changed
from firmware.core.lane.turn import LaneTurn
from firmware.core.machines import Hold, HoldTrigger, OpeningTrigger
from firmware.core.passage import Grant
from firmware.core.site import Barrier, Direction
from firmware.core.timers import drop
from tests.core.lanes.promises import Promises, Told

CLOSED = Report(opened=False, closed=True, between=False, serves=True)
OPENED = Report(opened=True, closed=False, between=False, serves=True)
ON_ITS_WAY = Report(opened=False, closed=False, between=False, serves=True)
TAKEN_OVER = Report(opened=False, closed=False, between=False, serves=False)
FIRE = Report(opened=True, closed=False, between=False, serves=False)
BETWEEN = Report(opened=False, closed=False, between=True, serves=True)
REPORTS: list[Hashable] = [("report", each) for each in (CLOSED, OPENED, ON_ITS_WAY, TAKEN_OVER, FIRE, BETWEEN)]


def grant(direction: Direction) -> Grant:
    return Grant("gate", f"lane_{direction}", f"r_{direction}", f"h_{direction}", f"c_{direction}")


def offer(direction: Direction, *, by_operator: bool = False) -> Hashable:
    return ("offer", Offer(direction, None if by_operator else grant(direction)))


IN, OUT, OPERATOR = offer(Direction.IN), offer(Direction.OUT), offer(Direction.IN, by_operator=True)


class LaneNode(NamedTuple):
    state: LaneState
    t: int
    promises: Promises
    demand: Demand


class LaneWorld:
    """`alphabet`: what can happen beside vehicles and time. `moves_of_loops`: which of the loops change."""

    def __init__(self, barrier: Barrier, alphabet: Sequence[Hashable], loops: Sequence[str]) -> None:
        self.barrier = barrier
        self.alphabet = list(alphabet)
        self._loops = tuple(loops)
        offered = {move[1].direction for move in alphabet if move[0] == "offer"}  # type: ignore[index]
        self._changes_over = len(offered) == len(Direction)

    def start(self) -> LaneNode:
        return self.step(LaneNode(LaneState(), 0, Promises(), Demand()), ("report", CLOSED))

    def moves(self, node: LaneNode) -> Iterable[Hashable]:
        found = [("loop", name) for name in self._loops]
        found += [move for move in self.alphabet if self._possible(node.state, move)]
        return [*found, *sorted(("due", timer) for _, timer in node.state.timers)]

    def _possible(self, state: LaneState, move: Any) -> bool:
        match move[0]:
            case "offer":
                return len(state.queue) < self.barrier.queue_max and not (
                    state.lockdown and move[1].direction is Direction.IN
                )
            case "report":
                return state.report != move[1]
            case "confirm":
                return not (state.loops.loop or state.loops.cover)
            case "hold":
                return not state.lockdown and state.hold is not Hold.LOCKED and state.report.serves
        return True

    def step(self, node: LaneNode, move: Any) -> LaneNode:
        t = node.t + 1
        turn = LaneTurn(self.barrier, node.state, t)
        self._take(turn, move)
        demand = lane_step.finish(turn)
        told = Told(t, move, turn.state.loops, turn.state.report, demand, tuple(turn.deeds))
        promises = node.promises.see(self.barrier, told)
        if not self._changes_over:
            turn.drop("changeover")
            promises = promises._replace(given_up="")
        return LaneNode(turn.state, t, promises, demand)

    @staticmethod
    def _take(turn: LaneTurn, move: Any) -> None:
        match move[0]:
            case "loop":
                loops = turn.state.loops
                changed = {name: getattr(loops, name) for name in ("entry", "exit", "loop", "cover")}
                changed[move[1]] = not changed[move[1]]
                loops_changed(turn, Loops(**changed))
            case "report":
                lane_step.take_report(turn, move[1])
            case "offer":
                lane_step.offer_passage(turn, Offer(move[1].direction, move[1].grant, at_ms=turn.now_ms))
            case "lockdown":
                lane_step.take_lockdown(turn, move[1])
            case "hold":
                lane_step.hold_on(turn, HoldTrigger.HOLD, turn.now_ms + 3_600_000)
            case "lock":
                lane_step.hold_on(turn, HoldTrigger.LOCK)
            case "release":
                lane_step.hold_on(turn, HoldTrigger.RELEASE)
            case "window":
                lane_step.opening_on(turn, move[1])
            case "service":
                lane_step.take_out_of_service(turn, move[1])
            case "confirm":
                lane_step.confirm(turn)
            case "due":
                turn.set(timers=drop(turn.state.timers, move[1]))
                lane_step.take_due(turn, move[1])
            case _:
                raise ValueError(move)

    def decided(self, node: LaneNode) -> Hashable:
        state = node.state
        return (
            state.track,
            state.origin if state.track.value not in ("clear", "covered", "stray") else None,
            state.apart,
            state.loops,
            state.unexplained,
            state.doubt,
            state.passage,
            state.taken_over,
            state.serving and (state.serving.direction, state.serving.by_operator),
            tuple((each.direction, each.by_operator) for each in state.queue),
            state.last,
            state.hold,
            state.opening,
            state.lockdown,
            state.out_of_service,
            state.owes,
            state.report,
            frozenset(name for _, name in state.timers),
        )

    def key(self, node: LaneNode) -> Hashable:
        return self.decided(node), node.promises.key(node.t), node.demand

    def seen(self, node: LaneNode) -> Hashable:
        return node.demand


WINDOWS: list[Hashable] = [
    ("window", trigger) for trigger in (OpeningTrigger.BEGAN, OpeningTrigger.ENDED, OpeningTrigger.PERSON)
]
NOBODY = Want.NOBODY

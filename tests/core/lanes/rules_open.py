"""Rules about opening and about both motions: R3 (edges of the opening direction), R5, R6, R14, R15."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from tests.core.lanes.picture import (
    Picture,
    barred,
    contradicted,
    moving,
    on_fire,
    past,
    reversing,
)
from tests.core.lanes.rule_forms import CLOSES, MOVES, OPENS, POWERED, OpeningBegin, Own, Rule, While
from tests.core.lanes.wires import (
    BACK_OFF,
    EDGE,
    EMERGENCY,
    EVACUATED_NOW,
    EVACUATION,
    FAULT,
    NEVER,
    OPEN_HELD,
    Plan,
    Seen,
)

R3B = While(
    "R3b",
    "opening while an edge of the opening direction is active",
    "edge moved",
    OPENS,
    lambda plan, now: now.act & plan.edges,
    lambda plan, now: now.opening,
    lambda plan: plan.edges,
)
R3C = While(
    "R3c",
    "opening after an edge of the opening direction met somebody, before a reset",
    "edge reset command moved",
    OPENS,
    lambda plan, now: now.latch & EDGE,
    lambda plan, now: now.opening,
    lambda plan: plan.edges,
)


class Run(Rule):
    """A run is over in time. own: (due,)."""

    concerns = frozenset({"moved"})


class BackOff(Run):
    id = "R3d"
    text = "backing off for too long"

    def wired(self, plan: Plan) -> bool:
        return plan.gate and plan.edges != 0

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        return (now.begun_ms + plan.back_off_ms if now.closing and now.how == BACK_OFF else NEVER,)


class Travel(Run):
    id = "R6a"
    text = "moving for longer than a travel may take"

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if now.closing or now.opening:
            return (now.begun_ms + plan.travel_cold_ms + plan.reaction_ms,)
        return (NEVER,)


class NeverBoth(Rule):
    id = "R5a"
    text = "both directions are energised at once"
    concerns = frozenset({"motion"})

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if now.outs & plan.opens and now.outs & plan.closes:
            raise self.break_(seen.t_ms)
        return own


class DeadTime(Rule):
    """own: (due, the last closing ended, the last opening ended)."""

    id = "R5b"
    text = "no dead time between the two directions"
    concerns = frozenset({"moved"})

    def first(self, plan: Plan) -> Own:
        return NEVER, -1, -1

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        t_ms = seen.t_ms
        closed = t_ms if was.closing and not now.closing else own[1]
        opened = t_ms if was.opening and not now.opening else own[2]
        soonest = t_ms - plan.barrier.dead_ms + plan.reaction_ms
        if (now.opening and not was.opening and (now.closing or 0 <= closed > soonest)) or (
            now.closing and not was.closing and (now.opening or 0 <= opened > soonest)
        ):
            raise self.break_(t_ms)
        return NEVER, closed, opened

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        dead_ms = plan.barrier.dead_ms - plan.reaction_ms
        return past(own[1], dead_ms, now_ms) % 2, past(own[2], dead_ms, now_ms) % 2


class LetGo(Run):
    id = "R6g"
    text = "closing on although an open limit has not let go"

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if now.closing and now.stays:
            return (now.begun_ms + plan.let_go_cold_ms + plan.reaction_ms,)
        return (NEVER,)

    concerns = frozenset({"moved", "limit"})


R6B = While(
    "R6b", "moving although both limits of one drive are active", "limit moved motion", MOVES, contradicted, moving
)
R6C = While(
    "R6c",
    "moving although a limit is not healthy, or was not reported since power",
    "limit moved motion",
    MOVES,
    lambda plan, now: plan.limits & ~(now.act | now.ina),
    moving,
)
R6D = While(
    "R6d",
    "moving although a drive reports a fault, or may",
    "drive_fault moved motion",
    MOVES,
    lambda plan, now: plan.drive_faults & ~now.ina,
    moving,
    lambda plan: plan.drive_faults,
)
R6E = While(
    "R6e",
    "moving again after a fault of drive, limits or travel, before a person reset it",
    "limit drive_fault reset command moved motion",
    MOVES,
    lambda plan, now: now.latch & FAULT,
    moving,
)


def _past_its_end(plan: Plan, now: Picture) -> bool:
    return any(
        (now.outs & d.open and d.opened and now.act & d.opened == d.opened and not now.drift_ms)
        or (now.outs & d.close and d.closed and now.act & d.closed == d.closed)
        for d in plan.drives
    )


R6F = While("R6f", "still driven at its end", "limit motion", POWERED, _past_its_end, lambda plan, now: True)


class FireOpens(Rule):
    """R14a. own: (due,)."""

    id = "R14a"
    text = "fire, nothing above it stands against it, and it does not open"
    concerns = frozenset(
        ["fire", "command", "limit", "moved", "stop", "service", "drive_fault", "edge", "reset", "lost"]
    )

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if not (on_fire(plan, now) or (now.latch & EVACUATED_NOW and plan.barrier.fire_opens)):
            return (NEVER,)
        if all(self._is_opening(at, drive, now) for at, drive in enumerate(plan.drives)) or barred(plan, now):
            return (NEVER,)
        return own if own[0] != NEVER else (seen.t_ms + plan.turn_ms,)

    def _is_opening(self, at: int, drive: Any, now: Picture) -> bool:
        return bool(now.opening >> at & 1 or now.act & drive.opened == drive.opened)


R14B = While(
    "R14b",
    "closing during fire or evacuation",
    "fire command moved",
    CLOSES,
    lambda plan, now: on_fire(plan, now) or (now.latch & EVACUATION and plan.barrier.fire_opens),
    lambda plan, now: now.closing and now.how != BACK_OFF,
)


class AfterEmergency(OpeningBegin):
    """R15. own: (due,)."""

    id = "R15"
    text = "opens after an emergency close, before a reset, for less than fire or the held key"
    concerns = frozenset({"moved", "command", "fire", "key", "reset"})

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        if not now.latch & EMERGENCY or now.held & OPEN_HELD or reversing(plan, now, t_ms):
            return False
        return not (on_fire(plan, now) or now.latch & EVACUATED_NOW)


OPEN_RULES: tuple[Rule, ...] = (
    R3B,
    R3C,
    BackOff(),
    NeverBoth(),
    DeadTime(),
    Travel(),
    LetGo(),
    R6B,
    R6C,
    R6D,
    R6E,
    R6F,
    FireOpens(),
    R14B,
    AfterEmergency(),
)

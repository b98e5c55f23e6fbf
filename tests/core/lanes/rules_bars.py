"""Rules about what bars all motion, about priorities, and about alarms that must follow: R0, R12, R19; R1, R4, R16."""

from __future__ import annotations

from collections.abc import Hashable

from tests.core.lanes.picture import Picture, at_closed, on_fire, past
from tests.core.lanes.rule_forms import MOVES, Own, Rule, While
from tests.core.lanes.wires import EVACUATION, LOCKDOWN, LOCKED, NEVER, SERVICE, STOP, TWICE, Plan, Seen


def _powered(plan: Plan, now: Picture) -> int:
    return now.outs & plan.powered or now.closing or now.opening


R12A = While(
    "R12a",
    "powered while the stop circuit is open, or may be",
    "stop moved motion permit",
    MOVES,
    lambda plan, now: plan.stop & ~now.ina,
    _powered,
    lambda plan: plan.stop,
)
R12B = While(
    "R12b",
    "powered after a stop, before the local reset",
    "stop reset moved motion permit",
    MOVES,
    lambda plan, now: now.latch & STOP,
    _powered,
    lambda plan: plan.stop,
)
R19A = While(
    "R19a",
    "powered while service key or cover says that somebody is at the machine, or may",
    "service moved motion permit",
    MOVES,
    lambda plan, now: plan.service & ~now.ina,
    _powered,
    lambda plan: plan.service,
)
R19B = While(
    "R19b",
    "powered after service key or cover, before the local reset",
    "service reset moved motion permit",
    MOVES,
    lambda plan, now: now.latch & SERVICE,
    _powered,
    lambda plan: plan.service,
)


class Refused(Rule):
    """Something is granted or done although what ranks higher refuses it."""

    def __init__(self, id: str, text: str, latch: int, kind: str, name: str, value: object) -> None:
        self.id = id
        self.text = text
        self.latch = latch
        self.concerns = frozenset({kind})
        self.refused = (kind, name, value)

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        refused = was.latch & self.latch and not was.latch & EVACUATION and not on_fire(plan, was)
        if refused and (seen.kind, seen.name, _first(seen.value)) == self.refused:
            raise self.break_(seen.t_ms)
        return own


def _first(value: object) -> object:
    return value[0] if isinstance(value, tuple) else value


R0A = Refused("R0a", "a credential is granted to enter during lockdown", LOCKDOWN, "credential", "in", "granted")
R0B = Refused(
    "R0b", "a credential is granted to enter a lane that an operator locked", LOCKED, "credential", "in", "granted"
)
R0C = Refused("R0c", "an operator's hold is done during lockdown", LOCKDOWN, "command", "hold_open", "done")


class Stuck(Rule):
    """Devices that are active for too long are told of. own: (due, since each is active or -1, those told of)."""

    concerns = frozenset({"device", "limit", "event"})
    code = ""

    def watched(self, plan: Plan) -> tuple[tuple[int, int], ...]:
        """Bits of devices, and how long each may be active."""
        raise AssertionError(f"{self.id} watches nothing")

    def counts(self, plan: Plan, now: Picture) -> bool:
        return True

    def wired(self, plan: Plan) -> bool:
        return plan.events and bool(self.watched(plan))

    def first(self, plan: Plan) -> Own:
        return NEVER, (-1,) * len(self.watched(plan))

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        told = seen.kind == "event" and seen.name == self.code
        counts = self.counts(plan, now)
        times, dues = [], [NEVER]
        for (bit, limit_ms), since in zip(self.watched(plan), own[1], strict=True):
            if not (now.act & bit and counts):
                since = -1
            elif since == -1:
                since = seen.t_ms
            if told and 0 <= since <= seen.t_ms - limit_ms:
                since = -2
            times.append(since)
            if since >= 0:
                dues.append(since + limit_ms + plan.slack_ms + plan.reaction_ms)
        return min(dues), tuple(times)

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        limits = self.watched(plan)
        return tuple(t if t < 0 else past(t, limit, now_ms) for t, (_, limit) in zip(own[1], limits, strict=True))


class BeamBlocked(Stuck):
    id = "R16a"
    text = "a beam is blocked for too long before a closed barrier, and no alarm"
    code = "barrier.beam_blocked"

    def watched(self, plan: Plan) -> tuple[tuple[int, int], ...]:
        return tuple((bit, plan.barrier.beam_ms_max) for bit, _ in plan.sensors if bit & plan.beams)

    def counts(self, plan: Plan, now: Picture) -> bool:
        return at_closed(plan, now)


class LoopStuck(Stuck):
    id = "R16b"
    text = "a safety loop is active for too long, and no fault is told"
    code = "barrier.sensor_fault"

    def watched(self, plan: Plan) -> tuple[tuple[int, int], ...]:
        return tuple((bit, sensor.stuck_ms) for bit, sensor in plan.sensors if bit & plan.loops)


class Told(Rule):
    """An event follows a latch within a time. own: (due,)."""

    code = ""

    def wired(self, plan: Plan) -> bool:
        return plan.events

    def begins(self, plan: Plan, was: Picture, now: Picture) -> bool:
        raise AssertionError(f"{self.id} begins never")

    def stands(self, plan: Plan, now: Picture) -> bool:
        raise AssertionError(f"{self.id} stands never")

    def wait_ms(self, plan: Plan) -> int:
        return plan.slack_ms + plan.reaction_ms

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if self.begins(plan, was, now):
            return (seen.t_ms + self.wait_ms(plan),)
        if own[0] != NEVER and ((seen.kind == "event" and seen.name == self.code) or not self.stands(plan, now)):
            return (NEVER,)
        return own


class DoubtTold(Told):
    id = "R1f"
    text = "a loop cleared without its exit sequence, and no alarm"
    concerns = frozenset(["loop", "lane", "reset", "command", "event"])
    code = "lane.doubted"

    def begins(self, plan: Plan, was: Picture, now: Picture) -> bool:
        return now.vacated_ms >= 0 > was.vacated_ms

    def stands(self, plan: Plan, now: Picture) -> bool:
        return now.vacated_ms >= 0

    def wait_ms(self, plan: Plan) -> int:
        return plan.gap_ms + plan.slack_ms


class TwiceTold(Told):
    id = "R4b"
    text = "a second obstruction in one cycle, and no alarm"
    concerns = frozenset(["device", "reset", "command", "event"])
    code = "barrier.obstructed_again"

    def begins(self, plan: Plan, was: Picture, now: Picture) -> bool:
        return bool(now.latch & TWICE and not was.latch & TWICE)

    def stands(self, plan: Plan, now: Picture) -> bool:
        return bool(now.latch & TWICE)


BAR_RULES: tuple[Rule, ...] = (
    R0A,
    R0B,
    R0C,
    R12A,
    R12B,
    R19A,
    R19B,
    BeamBlocked(),
    LoopStuck(),
    DoubtTold(),
    TwiceTold(),
)

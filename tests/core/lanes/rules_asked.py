"""Rules about who asked for a motion: R9 (opening by key), R10, R11, R13 (boot)."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from tests.core.lanes.picture import (
    UNTESTED,
    Picture,
    asked,
    at_closed,
    at_open,
    moving,
    on_fire,
    past,
    reversing,
    unhealthy,
    unshown,
)
from tests.core.lanes.rule_forms import OpeningBegin, Own, Rule, owed
from tests.core.lanes.wires import (
    EDGE,
    EMERGENCY,
    EVACUATED_NOW,
    EVACUATION,
    FAULT,
    HOLD,
    LOCKDOWN,
    LOCKED,
    NEVER,
    ODD,
    OPEN_HELD,
    SERVICE,
    SLOW,
    STOP,
    TWICE,
    Plan,
    Seen,
)

CHANGES_MAX = 10  # of a lane's inputs in an ordinary passage; more, and a supervisor may have its doubts


class LetGo(Rule):
    """R9b. own: (due, since the key is let go or -1, the key alone began this opening, somebody else waits)."""

    id = "R9b"
    text = "still opening by hold-to-run after the key was let go, and nobody else asked"
    concerns = frozenset(["key", "moved", "credential", "command", "fire", "limit"])

    def wired(self, plan: Plan) -> bool:
        return plan.key_open != 0 and not plan.scheduled

    def first(self, plan: Plan) -> Own:
        return NEVER, -1, False, False

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        _, since, by_key, waits = own
        if now.granted_ms != was.granted_ms:
            waits = True
        other = waits or on_fire(plan, now) or now.latch & (HOLD | EVACUATED_NOW)
        if waits and at_open(plan, now) and not at_open(plan, was):
            waits = False
        if now.opening and not was.opening:
            by_key = bool(now.held & OPEN_HELD and not reversing(plan, now, seen.t_ms))
        by_key = bool(by_key and now.opening and not other)
        if not by_key or now.held & OPEN_HELD:
            return NEVER, -1, by_key, waits
        since = since if since >= 0 else seen.t_ms
        return max(since + plan.reaction_ms, seen.t_ms), since, by_key, waits

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), past(own[1], plan.reaction_ms, now_ms), own[2], own[3]


class Unasked(OpeningBegin):
    """R10. own: (due,)."""

    id = "R10"
    text = "a closed barrier opens although nobody asked"

    def wired(self, plan: Plan) -> bool:
        return not plan.scheduled

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        if not at_closed(plan, now) or now.held & OPEN_HELD or reversing(plan, now, t_ms):
            return False
        return not asked(plan, now, t_ms)


def grants(seen: Seen) -> bool:
    """One passage is granted."""
    if seen.kind == "credential":
        return bool(seen.value == "granted")
    return seen.kind == "command" and seen.name == "open_once" and seen.value[0] == "done"


class OneEach(Rule):
    """R11a. own: (due, passages that were granted and not opened for, one of them is being opened for)."""

    id = "R11a"
    text = "a closed barrier opens a second time for one credential"
    concerns = frozenset({"moved", "limit", "command", "credential", "fire", "key"})

    def wired(self, plan: Plan) -> bool:
        return not plan.scheduled

    def first(self, plan: Plan) -> Own:
        return NEVER, 0, False

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        due, granted, opened_for = own
        t_ms = seen.t_ms
        if grants(seen):
            if due == t_ms:
                due = NEVER
            else:
                granted = min(plan.barrier.queue_max + 1, granted + 1)
        if not now.opening or self._others(plan, now, t_ms):
            return NEVER, granted, False
        if not at_closed(plan, now):
            return due, granted - opened_for, False  # only a barrier that left its end has used it up
        if not was.opening:
            return (NEVER, granted, True) if granted else (t_ms, 0, False)
        return due, granted, opened_for

    def _others(self, plan: Plan, now: Picture, t_ms: int) -> bool:
        by = now.latch & (HOLD | EVACUATED_NOW) or on_fire(plan, now) or now.held & OPEN_HELD
        return bool(by or reversing(plan, now, t_ms))

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), min(own[1], 2), own[2]


class Ask(NamedTuple):
    """A credential has opened, and nothing else has happened: what was seen since."""

    due_ms: int = NEVER
    mine: bool = False
    granted: int = 0
    noticed: int = 0  # safety loops and photocells that were active
    changes: int = 0  # of the lane's inputs


class ClosesAgain(Rule):
    """R11b. own: an Ask."""

    id = "R11b"
    text = "opened for a credential, nobody is there, nothing stands against it, and no close is prepared"
    concerns = frozenset(
        [
            "device",
            "relay",
            "loop",
            "lane",
            "limit",
            "drive_fault",
            "stop",
            "service",
            "reset",
            "key",
            "emergency",
            "fire",
            "mains",
            "other",
            "edge",
            "edge_relay",
            "motion",
            "test",
            "warning",
            "moved",
            "command",
            "credential",
            "lost",
        ]  # all but lights, permits and events
    )
    against = STOP | SERVICE | FAULT | EDGE | TWICE | EMERGENCY | LOCKDOWN | LOCKED | EVACUATION | HOLD | ODD | SLOW

    def wired(self, plan: Plan) -> bool:
        needed = 2 if plan.barrier.pedestrians else 1
        return plan.automatic and not plan.scheduled and plan.principles >= needed

    def first(self, plan: Plan) -> Own:
        return Ask()

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        due, mine, granted, noticed, changes = own
        wire = seen.kind in ("input", "output") and now.opening == was.opening and now.closing == was.closing
        if wire and (not mine or (due != NEVER and seen.kind == "output" and not now.outs & plan.busy)):
            return own
        if grants(seen):
            granted = min(9, granted + 1)
        if now.closing and not was.closing:
            return Ask()
        if now.opening and not was.opening and granted and not now.held and at_closed(plan, now):
            mine, noticed, changes = True, 0, 0
        if not mine or self._other(plan, was, now, seen):
            return Ask(granted=granted)
        if seen.kind == "input":
            noticed |= now.act & (plan.loops | plan.beams)
            changes += 1
        strange = changes > CHANGES_MAX * granted or seen.t_ms > now.begun_ms + plan.stuck_ms
        if strange or (noticed and noticed != plan.loops | plan.beams) or self._against(plan, now, seen.t_ms):
            return Ask(NEVER, mine, granted, noticed, changes)
        if due == NEVER or seen.kind != "output":
            due = seen.t_ms + self._bound_ms(plan, granted)
        return Ask(due, mine, granted, noticed, changes)

    def _other(self, plan: Plan, was: Picture, now: Picture, seen: Seen) -> bool:
        """Somebody or something else has a say in it now."""
        return bool(
            now.latch & self.against
            or now.held
            or on_fire(plan, now)
            or seen.kind in ("lost", "recovered")
            or (seen.kind == "command" and seen.name != "open_once")
            or (now.tests is not was.tests and not now.opening and self._failed(was, now))
        )

    def _failed(self, was: Picture, now: Picture) -> bool:
        return any(before != UNTESTED and phase == UNTESTED for before, phase in zip(was.tests, now.tests, strict=True))

    def _against(self, plan: Plan, now: Picture, t_ms: int) -> bool:
        return bool(
            not at_open(plan, now)
            or moving(plan, now)
            or now.outs & (plan.warnings | plan.tests)
            or now.act & (plan.devices | plan.lane | plan.closed | plan.others)
            or (plan.stop | plan.service | plan.mains | plan.drive_faults) & ~now.ina
            or plan.limits & ~(now.act | now.ina)
            or unhealthy(plan, now)
            or unshown(plan, now, t_ms)
            or now.vacated_ms >= 0
        )

    def _bound_ms(self, plan: Plan, granted: int) -> int:
        b = plan.barrier
        return max(1, granted) * (b.passage_ms_max + b.gap_ms_max + b.leave_ms_max) + b.clear_ms + plan.slack_ms

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), own[1], min(own[2], 2), own[3], own[4] > CHANGES_MAX * own[2]


class NothingAtBoot(Rule):
    """R13b. own: (due, somebody has asked since power)."""

    id = "R13b"
    text = "moves after power although nobody asked since"
    concerns = frozenset(["moved", "motion", "command", "credential", "fire", "key", "emergency"])
    orders = frozenset({"open_once", "hold_open", "close", "emergency_close", "evacuation"})

    def wired(self, plan: Plan) -> bool:
        return not plan.scheduled

    def first(self, plan: Plan) -> Own:
        return NEVER, False

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if own[1] or self._asks(plan, was, now, seen):
            return NEVER, True
        return (seen.t_ms if moving(plan, now) else NEVER), False

    def _asks(self, plan: Plan, was: Picture, now: Picture, seen: Seen) -> Any:
        if seen.kind == "command":
            return seen.name in self.orders and seen.value[0] == "done"
        if seen.kind == "credential":
            return seen.value == "granted"
        return on_fire(plan, now) or now.held or now.act & was.ina & plan.emergency

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), own[1]


ASKED_RULES: tuple[Rule, ...] = (LetGo(), Unasked(), OneEach(), ClosesAgain(), NothingAtBoot())

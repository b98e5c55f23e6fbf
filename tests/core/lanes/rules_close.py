"""Rules about closing, the motion that can hurt: R1, R2, R3 (reversal), R4, R7, R8, R9, R13 (mains, boot), R17."""

from __future__ import annotations

from collections.abc import Hashable

from tests.core.lanes.picture import (
    PASSED,
    RELEASED,
    Picture,
    at_closed,
    at_open,
    barred,
    explained,
    moving,
    past,
    unhealthy,
    unshown,
    warning,
)
from tests.core.lanes.rule_forms import CLOSES, GREEN, Begin, Own, PlainBegin, Rule, While, owed
from tests.core.lanes.wires import (
    BACK_OFF,
    CLOSE_HELD,
    KEY,
    NEVER,
    PLAIN,
    TWICE,
    Plan,
    Seen,
)

CLEAR_MS = 1_000  # FIELD.md, R2
WARNING_MS = 1_000  # FIELD.md, R7

R1A = While(
    "R1a",
    "closing while a loop, photocell or edge is active",
    "device moved",
    CLOSES,
    lambda plan, now: now.act & plan.devices,
    lambda plan, now: now.closing,
)
R1B = While(
    "R1b",
    "closing while a device is not healthy, and not by a held key",
    "device relay moved",
    CLOSES,
    unhealthy,
    lambda plan, now: now.closing and now.how != KEY,
)
R1C = PlainBegin(
    "R1c",
    "a device that only a change can prove has shown none since power, or not for too long",
    lambda plan, was, now, t_ms: now.how == PLAIN and unshown(plan, now, t_ms),
)
R1D = While(
    "R1d",
    "closing while a device is being tested and so is blind",
    "test moved",
    CLOSES,
    lambda plan, now: now.outs & plan.tests,
    lambda plan, now: now.closing,
)
R1E = While(
    "R1e",
    "closing after a loop cleared without its exit sequence, before a person confirmed",
    "loop lane reset command moved",
    CLOSES,
    lambda plan, now: now.vacated_ms >= 0,
    lambda plan, now: now.closing and now.how != KEY,
)


class Clear(Begin):
    """R2. own: (due, the last clearing)."""

    id = "R2"
    text = "a close begins within 1 s of the last clearing of a loop, photocell or edge"
    concerns = frozenset({"device", "moved"})

    def first(self, plan: Plan) -> Own:
        return NEVER, -1

    def remember(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        cleared = now.ina & ~was.ina & plan.devices
        if not cleared:
            return own
        at = plan.test_at.get(cleared)
        if at is not None and was.tests[at] == RELEASED and now.tests[at] == PASSED:
            return own
        return own[0], seen.t_ms

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        return 0 <= own[1] > t_ms - CLEAR_MS

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), past(own[1], CLEAR_MS, now_ms) % 2


class Reverse(Rule):
    """R3a. own: (due, drives that owe an opening, they all open since or -1)."""

    id = "R3a"
    text = "obstructed while closing, and no opening follows"
    concerns = frozenset({"device", "moved", "stop", "service", "drive_fault", "edge", "edge_relay", "limit", "lost"})

    def first(self, plan: Plan) -> Own:
        return NEVER, 0, -1

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        _, drives, opens_ms = own
        if now.tripped_ms != was.tripped_ms and (was.trips == 0 or not plan.gate):
            drives, opens_ms = was.closing, -1
        if not drives or 0 <= opens_ms < seen.t_ms or barred(plan, now):
            return NEVER, 0, -1
        left = drives & ~now.opening
        for at, drive in enumerate(plan.drives):
            if left >> at & 1 and drive.opened and now.act & drive.opened == drive.opened:
                left &= ~(1 << at)
        if left:
            return now.tripped_ms + plan.turn_ms, drives, -1
        return NEVER, drives, opens_ms if opens_ms >= 0 else seen.t_ms

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        answered = 0 <= own[2] < now_ms
        return (0, 0) if answered else (owed(own, now_ms), own[1])


R4 = While(
    "R4",
    "closing by itself or by command after a second obstruction in one cycle, before a reset",
    "reset command moved",
    CLOSES,
    lambda plan, now: now.latch & TWICE,
    lambda plan, now: now.closing and now.how == PLAIN and now.tripped_ms < now.begun_ms,
)


class Warned(Begin):
    """R7a. own: (due, light on since, sounder on since)."""

    id = "R7a"
    text = "a close begins before warning light and sounder were on for 1 s"
    concerns = frozenset({"warning", "moved"})

    def first(self, plan: Plan) -> Own:
        return NEVER, -1, -1

    def wired(self, plan: Plan) -> bool:
        return plan.warnings != 0

    def remember(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if not (now.outs ^ was.outs) & plan.warnings:
            return own
        since = []
        for bit, before in ((plan.warning, own[1]), (plan.sounder, own[2])):
            since.append(-1 if not now.outs & bit else before if was.outs & bit else seen.t_ms)
        return own[0], *since

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        if now.how == BACK_OFF:
            return False
        return any(
            bit and not 0 <= since <= t_ms - WARNING_MS
            for bit, since in ((plan.warning, own[1]), (plan.sounder, own[2]))
        )

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), past(own[1], WARNING_MS, now_ms), past(own[2], WARNING_MS, now_ms)


R7B = While(
    "R7b",
    "warning light or sounder off while closing",
    "warning moved",
    CLOSES,
    lambda plan, now: now.closing and now.how != BACK_OFF and plan.warnings & ~now.outs,
    lambda plan, now: True,
    lambda plan: plan.warnings,
)
R7C = While(
    "R7c",
    "green although it is not proven open, or moves, or warns of closing",
    "light warning limit moved motion",
    GREEN,
    lambda plan, now: moving(plan, now) or warning(plan, now) or not at_open(plan, now),
    lambda plan, now: now.outs & plan.greens,
    lambda plan: plan.greens,
)
R7D = While(
    "R7d",
    "green and red of one direction at once",
    "light",
    GREEN,
    lambda plan, now: any(now.outs & red and now.outs & green for red, green in plan.heads),
    lambda plan, now: True,
    lambda plan: plan.heads,
)
R8A = PlainBegin(
    "R8a",
    "a close without a held key where closing is by hold-to-run only",
    lambda plan, was, now, t_ms: now.how == PLAIN and not plan.automatic,
)
R8B = PlainBegin(
    "R8b",
    "a close without a held key and without safety devices, of two principles where people walk",
    lambda plan, was, now, t_ms: now.how == PLAIN and plan.principles < (2 if plan.barrier.pedestrians else 1),
)
R8C = PlainBegin(
    "R8c",
    "a close without a held key before each testable device passed its self-test since the last motion",
    lambda plan, was, now, t_ms: now.how == PLAIN and any(phase != PASSED for phase in was.tests),
)
R9A = While(
    "R9a",
    "still closing by hold-to-run after the key was let go",
    "key moved",
    CLOSES,
    lambda plan, now: not now.held & CLOSE_HELD,
    lambda plan, now: now.closing and now.how == KEY,
)
R13A = While(
    "R13a",
    "closing while the mains are lost, or not known to be there",
    "mains moved",
    CLOSES,
    lambda plan, now: plan.mains & ~now.ina,
    lambda plan, now: now.closing,
    lambda plan: plan.mains,
)


class ProvenOpen(Begin):
    """R13c. own: (due, was proven open since power)."""

    id = "R13c"
    text = "a close without a held key although it was not proven open since power"
    concerns = frozenset({"limit", "moved"})

    def first(self, plan: Plan) -> Own:
        return NEVER, False

    def remember(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        return (own[0], True) if not own[1] and at_open(plan, now) else own

    def wrong(self, plan: Plan, was: Picture, now: Picture, own: Own, t_ms: int) -> bool:
        return now.how == PLAIN and not own[1]

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), own[1]


class RedAfterPower(Rule):
    """R13d. own: (due, still waiting for the first motion)."""

    id = "R13d"
    text = "stands between its ends after power, and no red"
    concerns = frozenset({"limit", "light", "moved", "lost"})

    def wired(self, plan: Plan) -> bool:
        return plan.reds != 0

    def first(self, plan: Plan) -> Own:
        return NEVER, True

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        if not own[1] or now.closing or now.opening:
            return NEVER, False
        known = not plan.limits & ~(now.act | now.ina)
        if not known or at_open(plan, now) or at_closed(plan, now) or not plan.reds & ~(now.outs | now.lost):
            return NEVER, True
        return (own[0] if own[0] != NEVER else seen.t_ms + plan.slack_ms + plan.reaction_ms), True

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return owed(own, now_ms), own[1]


class Remote(Rule):
    """R17. own: (due, since something stands against a remote close, or -1)."""

    id = "R17"
    text = "a close by command was done although the lane was not proven clear"
    concerns = frozenset(["device", "relay", "loop", "lane", "test", "reset", "command"])

    def first(self, plan: Plan) -> Own:
        return NEVER, -1

    def look(self, plan: Plan, was: Picture, now: Picture, own: Own, seen: Seen) -> Own:
        asked = seen.kind == "command" and seen.name in ("close", "emergency_close") and seen.value[0] == "done"
        against = (
            unhealthy(plan, now) or now.vacated_ms >= 0 or now.act & plan.devices & ~explained(plan, now, seen.t_ms)
        )
        since = -1 if not against else own[1] if own[1] >= 0 else seen.t_ms
        if asked and (0 <= since <= seen.t_ms - plan.reaction_ms or unshown(plan, now, seen.t_ms)):
            raise self.break_(seen.t_ms)
        return NEVER, since

    def own_key(self, plan: Plan, own: Own, now_ms: int) -> Hashable:
        return past(own[1], plan.reaction_ms, now_ms)


CLOSE_RULES: tuple[Rule, ...] = (
    R1A,
    R1B,
    R1C,
    R1D,
    R1E,
    Clear(),
    Reverse(),
    R4,
    Warned(),
    R7B,
    R7C,
    R7D,
    R8A,
    R8B,
    R8C,
    R9A,
    R13A,
    ProvenOpen(),
    RedAfterPower(),
    Remote(),
)

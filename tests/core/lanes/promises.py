"""What a lane promises its barrier, and the people in it: predicates over what it is told and what it asks for.

L1  It begins to want the barrier open for an offer only while that offer is not used up: one offer, one passage (R11).
L2  Nobody is sent head-on: no direction sees green while a vehicle of the other one is at the barrier, nor both at once
    but while it stands open for everybody.
L3  A safety loop that cleared, and no loop before or behind it, or ahead within `gap_ms_max`, tells where its vehicle
    went: in doubt until a person confirms; and until it is told, too (R1).
L4  A close is owed only after something has ended: a passage that was offered, a hold, a window, a lock; and never
    while it wants the barrier open.
L5  Under lockdown nobody sees green to enter, and a closed barrier is wanted open for nobody who enters.
L6  While the barrier does not serve, or stands between its ends, it is wanted open for nobody but by an operator, and
    for nobody who was served before that.
L7  Green only for whoever was offered, or everybody; and only of an open barrier that serves.
L8  After a green that ended without a vehicle the other direction sees none before the changeover is due.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple

from firmware.core.barrier.state import Want
from firmware.core.barrier.step import Demand, Report
from firmware.core.lane.state import Loops
from firmware.core.lane.turn import Deed, Done
from firmware.core.site import Barrier, Direction

BY_OFFER = (Want.CREDENTIAL, Want.LEAVING)
OVER = (("gap",), ("explain",), ("leave",))  # timers: so much time has passed since the safety loop was left
GAP_MS = 3_000  # as Barrier.gap_ms_max
OFFERS_MAX = 3  # counted up to here, so that the key stays small


class Told(NamedTuple):
    """One step of a lane from outside."""

    t: int
    move: Any
    loops: Loops
    report: Report
    demand: Demand
    deeds: tuple[Done, ...]


class Promises(NamedTuple):
    """What an onlooker remembers."""

    loops: Loops = Loops()
    report: Report = Report(opened=False, closed=False, between=False, serves=False)
    demand: Demand = Demand()
    unused: int = 0  # offers that were neither taken nor given up
    earned: bool = False  # something has ended, or will, that earns a close
    cleared_ms: int = -1  # a safety loop has cleared then, and nothing tells yet where its vehicle went
    doubt: bool = False
    lockdown: bool = False
    open_for_all: bool = False  # a hold or a window
    given_up: str = ""  # the direction whose green ended without a vehicle, just now
    moving: str = ""  # the direction of the vehicle on the safety loop, where loops leave no doubt
    left_ms: tuple[int, int] = (-1, -1)  # when entry and exit loop were left
    vacated: bool = False  # the safety loop was left not long ago
    ahead: tuple[bool, bool] = (False, False)  # entry, exit: active since a vehicle left the safety loop, perhaps by it

    def key(self, now_ms: int) -> Hashable:
        return self._replace(
            cleared_ms=0 if self.cleared_ms >= 0 else -1,
            left_ms=tuple(at_ms >= 0 and now_ms - at_ms <= GAP_MS for at_ms in self.left_ms),
        )

    def see(self, barrier: Barrier, told: Told) -> Promises:
        """The memory after a step. Raises AssertionError where a promise is broken."""
        after = self._remember(barrier, told)
        after._judge(told, self)
        return after

    def _remember(self, barrier: Barrier, told: Told) -> Promises:
        move, loops = told.move, told.loops
        unused, earned, open_for_all = self.unused, self.earned, self.open_for_all
        lockdown, doubt, cleared_ms = self.lockdown, self.doubt, self.cleared_ms
        match move[0]:
            case "offer":
                unused, earned = min(unused + 1, OFFERS_MAX), True
            case "hold":
                open_for_all, earned = True, True
            case "window" if move[1].value in ("began", "person"):
                open_for_all, earned = True, True
            case "lock":
                earned = True
            case "lockdown":
                lockdown = move[1]
            case "confirm":
                doubt, cleared_ms = False, -1
            case "due" if move[1] == "explain" and cleared_ms >= 0:
                doubt, cleared_ms = True, -1  # `gap_ms_max` is over
        used = sum(1 for done in told.deeds if done.deed in (Deed.TAKEN, Deed.NOT_TAKEN))
        if unused < OFFERS_MAX:
            unused = max(0, unused - used)
        if told.demand.owe:
            earned = unused > 0 or open_for_all
        before = self.loops
        if before.loop and not loops.loop:
            cleared_ms = -1 if loops.entry or loops.exit else told.t
        elif loops.loop or (loops.entry and not before.entry) or (loops.exit and not before.exit):
            cleared_ms = -1
        if cleared_ms >= 0 and told.t >= cleared_ms + barrier.gap_ms_max:
            doubt, cleared_ms = True, -1
        return Promises(
            loops,
            told.report,
            told.demand,
            unused,
            earned,
            cleared_ms,
            doubt,
            lockdown,
            open_for_all,
            self._given_up(told),
            self._moving(told),
            (
                self._left(told, 0, before.entry and not loops.entry, "left_entry"),
                self._left(told, 1, before.exit and not loops.exit, "left_exit"),
            ),
            not loops.loop and (loops.cover or move[1:] not in OVER) and (self.vacated or before.loop),
            (self._ahead(0, loops, loops.entry), self._ahead(1, loops, loops.exit)),
        )

    def _left(self, told: Told, which: int, left: bool, timer: str) -> int:
        """When a vehicle left the loop; -1 once `gap_ms_max` is over."""
        if told.move == ("due", timer):
            return -1
        return told.t if left else self.left_ms[which]

    def _given_up(self, told: Told) -> str:
        go = self.demand.go
        over = told.move == ("due", "passage") or told.move == ("lockdown", True)
        if over and any(done.deed is Deed.NOT_TAKEN for done in told.deeds) and go[0] != go[1]:
            return "in" if go[0] else "out"
        return "" if told.move == ("due", "changeover") else self.given_up

    def _ahead(self, which: int, loops: Loops, active: bool) -> bool:
        left = self.loops.loop and not loops.loop
        return active and (left or self.ahead[which])

    def _moving(self, told: Told) -> str:
        """From which side the vehicle on the safety loop came: one loop only tells of one, and of no other just now."""
        loops = told.loops
        if not loops.loop:
            return ""
        if self.loops.loop:
            return self.moving
        if self.vacated:
            return ""  # the one that was there before, for all that anybody knows
        from_in, from_out = (
            active or (left_ms >= 0 and told.t - left_ms < GAP_MS)
            for active, left_ms in zip((loops.entry, loops.exit), self.left_ms, strict=True)
        )
        if from_in and not from_out and not self.ahead[0]:
            return "in"
        return "out" if from_out and not from_in and not self.ahead[1] else ""

    def _judge(self, told: Told, before: Promises) -> None:
        demand, report = told.demand, told.report
        if demand.want in BY_OFFER and before.demand.want is Want.NOBODY:
            assert self.unused or before.unused, "L1: it wants to open for an offer that is used up"
        go_in, go_out = demand.go
        if go_in and go_out:
            assert self.open_for_all, "L2: green for both directions, and it does not stand open for everybody"
        elif go_in or go_out:
            assert self.moving != ("out" if go_in else "in"), "L2: somebody is sent head-on"
            assert self.unused, "L7: green for nobody"
            assert self.given_up != ("out" if go_in else "in"), "L8: green changes sides at once"
        if go_in or go_out:
            assert report.opened, "L7: green before it is proven open"
            assert report.serves, "L7: green while somebody else decides"
        if self.doubt or self.cleared_ms >= 0:
            assert demand.doubt, "L3: the lane is not proven clear, and the barrier is not told"
        if demand.owe:
            assert demand.want is Want.NOBODY, "L4: a close is owed, and it is wanted open"
            assert before.earned or told.move[0] in ("lock",), "L4: a close is owed for nothing"
        if self.lockdown:
            assert not go_in, "L5: green to enter during lockdown"
            if report.closed and demand.want is Want.CREDENTIAL:
                raise AssertionError("L5: a closed barrier is wanted open to enter during lockdown")
        if not report.serves:
            assert demand.want in (Want.NOBODY, Want.OPERATOR, Want.SCHEDULE), "L6: wanted while it does not serve"
            if demand.want is not Want.NOBODY:
                raise AssertionError("L6: wanted while somebody else decides")
        if report.between:
            assert demand.want in (Want.NOBODY, Want.OPERATOR), "L6: a credential brings nothing down from between"


def direction_of(went: str) -> Direction:
    return Direction.IN if went == "in" else Direction.OUT

"""One body in a lane: where its front is, how fast it goes, and what it covers.

Its way is what its front has travelled since the lane's end, in millimetres; it grows forwards, whatever the direction
through the lane. Between two things that happen to it its speed is steady.
"""

from __future__ import annotations

import asyncio
from typing import Literal, NamedTuple, Protocol

import msgspec

from firmware.rehearsal.bodies import KINDS
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.wires import Wires

GAP_MM = 1_000  # vehicles keep this far from one another
SIGNAL_MS = 700  # a driver sees the green light, and goes

Direction = Literal["in", "out"]
LINE = ""  # the name of the barrier's line among the marks


class Mark(NamedTuple):
    """Where on the way something begins (`on`) or ceases to be covered, or a further part comes to the line."""

    way_mm: float
    name: str  # a detector's, or LINE
    on: bool
    part: bool = False


class Way(NamedTuple):
    """What a kind of body meets on its way through the lane."""

    marks: tuple[Mark, ...]
    stops: dict[str, float]
    end_mm: float  # its rear has left the lane


class Road(Protocol):
    """What a body needs of its lane."""

    def covers(self, body: Body, name: str, on: bool, forward: bool | None) -> bool:
        """It begins or ceases to cover something; `forward` None: by being put or taken away. False: it cannot."""

    def part_comes(self, body: Body) -> bool:
        """Its next part comes over the line. False: it cannot."""

    def room(self, body: Body, ahead: int) -> tuple[float, float] | None:
        """The gap to the next vehicle before (1) or behind (-1) it, and that one's speed in the same sense, or None."""

    def may_go(self, direction: Direction) -> bool: ...

    def disturbed(self, body: Body) -> None:
        """Its speed has changed."""

    def gone(self, body: Body) -> None: ...


class BodyState(msgspec.Struct, frozen=True):
    """What a person sees of it: the place of its front on the lane's x axis, and its speed along it."""

    id: int
    kind: str
    direction: Direction
    front_mm: int
    speed_mm_s: int
    waits: bool
    plate: str = ""


class Body:
    """One body. Ask the lane for it: Lane.arrive()."""

    def __init__(self, body_id: int, kind: str, direction: Direction, way: Way, wires: Wires, road: Road) -> None:
        self.id = body_id
        self.kind = kind
        self.what = KINDS[kind]
        self.direction = direction
        self.slim = self.what.slim
        self.length_mm = self.what.length_mm
        self.speed_mm_s = 0.0  # forwards positive
        self.gap_mm = GAP_MM
        self.careful = False
        self.waits = False  # for a sign that it may go
        self.covered: set[str] = set()
        self.plate = ""
        self.beyond = False  # it has passed the barrier's line
        self.gone = False
        self._way = way
        self._wires = wires
        self._road = road
        self._way_mm = 0.0
        self._at_ns = wires.now_ns()
        self._next = 0  # of the marks before it
        self._heads = 0  # 1 drives on, -1 reverses, 0 stands
        self._cruise_mm_s = 0.0
        self._stop_mm: float | None = None
        self._careful_mm: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def way_mm(self) -> float:
        """Where its front is, now."""
        if self.speed_mm_s == 0:
            return self._way_mm
        return self._way_mm + self.speed_mm_s * (self._wires.now_ns() - self._at_ns) / 1e9

    # --- what it does ---

    def start(self, way_mm: float, speed_mm_s: float, stop_at: str | None, careful: bool) -> None:
        """Appear before the lane's end and drive."""
        self._way_mm, self._cruise_mm_s, self.careful = way_mm, speed_mm_s, careful
        self._stop_mm = None if stop_at is None else self._way.stops[stop_at]
        self._careful_mm = self._way.stops["approach"] if careful else None
        self._heads = 1
        self.regulate()

    def appear(self, stop_at: str, speed_mm_s: float) -> None:
        """Be there at once, standing. Raises ActionError where the barrier is in the way."""
        self._way_mm, self._cruise_mm_s = self._way.stops[stop_at], speed_mm_s
        covered: dict[str, bool] = {}
        for mark in self._way.marks:
            if mark.way_mm > self._way_mm:
                break
            self._next += 1
            if not mark.part:
                covered[mark.name] = mark.on
        self.beyond = not covered.get(LINE, True)
        for name, on in covered.items():
            if on:
                if not self._road.covers(self, name, True, None):
                    self.remove()
                    raise ActionError("the barrier is in the way there")
                self.covered.add(name)
        self._road.disturbed(self)

    def stop(self) -> None:
        """Stand still, until go() or reverse()."""
        self._heads = 0
        self.waits = False
        self.regulate()

    def go(self) -> None:
        """Drive on, whatever the lamps say."""
        if self._stop_mm is not None and self.way_mm >= self._stop_mm - 1:
            self._stop_mm = None
        if self._careful_mm is not None and self.way_mm >= self._careful_mm - 1:
            self._careful_mm = None
        self._heads = 1
        self.waits = False
        self.regulate()

    def reverse(self) -> None:
        """Back out of the lane."""
        self._heads = -1
        self.waits = False
        self._stop_mm = None
        self.regulate()

    def signalled(self) -> None:
        """The lamps have changed: who waits for them goes in a moment, if they still say so."""
        if self.waits:
            self._wires.call_in(SIGNAL_MS, self._look_again)

    def _look_again(self) -> None:
        if self.waits and not self.gone and self._road.may_go(self.direction):
            self.go()

    def remove(self) -> None:
        """It is not there any more. Idempotent."""
        if self.gone:
            return
        self._way_mm, self.speed_mm_s, self.gone = self.way_mm, 0.0, True
        if self._timer is not None:
            self._timer.cancel()
        for name in sorted(self.covered):
            self.covered.discard(name)
            self._road.covers(self, name, False, None)
        self._road.gone(self)

    # --- its speed ---

    def regulate(self) -> None:
        """Work out its speed and wait for the next thing on its way."""
        if self.gone:
            return
        now_ns = self._wires.now_ns()
        self._way_mm, self._at_ns = self.way_mm, now_ns
        speed, before = self._heads * self._cruise_mm_s, self.speed_mm_s
        meets_ns: float | None = None
        if self._heads and not self.slim and (room := self._road.room(self, self._heads)) is not None:
            gap_mm, other_mm_s = room[0] - self.gap_mm, room[1]
            wanted = abs(speed)
            if gap_mm < 0.5:
                speed = self._heads * min(wanted, max(0.0, other_mm_s))
            elif wanted > other_mm_s:
                meets_ns = gap_mm / (wanted - other_mm_s) * 1e9
        self.speed_mm_s = speed
        self._arm(now_ns, meets_ns)
        if speed != before:
            self._road.disturbed(self)

    def _arm(self, now_ns: int, meets_ns: float | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.speed_mm_s == 0:
            return
        target = self._target_mm()
        after_ns = max(0.0, (target - self._way_mm) / self.speed_mm_s * 1e9)
        if meets_ns is not None and meets_ns < after_ns:
            self._timer = self._wires.call_at_ns(now_ns + round(meets_ns), self.regulate)
        else:
            self._timer = self._wires.call_at_ns(now_ns + round(after_ns), lambda: self._reach(target))

    def _target_mm(self) -> float:
        """The next place on its way where something happens."""
        marks = self._way.marks
        if self.speed_mm_s < 0:
            return marks[self._next - 1].way_mm if self._next else 0.0
        target = marks[self._next].way_mm if self._next < len(marks) else self._way.end_mm
        for stop in (self._stop_mm, self._careful_mm):
            if stop is not None and self._way_mm <= stop < target:
                target = stop
        return target

    def _reach(self, target: float) -> None:
        self._timer = None
        self._way_mm, self._at_ns = target, self._wires.now_ns()
        forward = self.speed_mm_s > 0
        if not (self._forwards(target) if forward else self._backwards(target)):
            self._heads = 0
        if target >= self._way.end_mm if forward else self._next == 0 and target <= 0:
            self.remove()
        self.regulate()

    def _forwards(self, target: float) -> bool:
        """Cross what is there; False: it stands now."""
        while self._next < len(self._way.marks) and (mark := self._way.marks[self._next]).way_mm <= target:
            if not (self._road.part_comes(self) if mark.part else self._cross(mark.name, mark.on, True)):
                return False
            self._next += 1
        if target == self._careful_mm:
            self._careful_mm = None
            if not self._road.may_go(self.direction):
                self.waits = True
                return False
        return target != self._stop_mm

    def _backwards(self, target: float) -> bool:
        while self._next and (mark := self._way.marks[self._next - 1]).way_mm >= target:
            if not mark.part and not self._cross(mark.name, not mark.on, False):
                return False
            self._next -= 1
        return True

    def _cross(self, name: str, on: bool, forward: bool) -> bool:
        if not self._road.covers(self, name, on, forward):
            return False
        (self.covered.add if on else self.covered.discard)(name)
        return True

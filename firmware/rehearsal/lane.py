"""The lane of a barrier: bodies that drive and walk along x, and who of them is at which loop, beam and line.

For each kind and direction the marks on its way are worked out once: where a detector or the barrier's line begins and
ends to be covered. Between two marks nothing happens, so each body needs one timer. Vehicles follow the one in front of
them; where the lane is narrow they cannot pass one that comes against them. The slim (people, bicycles, dogs) pass
everybody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from firmware.rehearsal.barrier_layout import LINE_MM, BarrierLayout
from firmware.rehearsal.bodies import FASTEST_MM_S, KINDS, LOOP_THRESHOLD, Kind, merged, plate_of
from firmware.rehearsal.body import GAP_MM, LINE, Body, BodyState, Direction, Mark, Way
from firmware.rehearsal.detectors import Detector, Loop, Photocell
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.wires import Wires

BODIES_MAX = 40  # a long queue
STOP_SHORT_MM = 100  # who stops on a loop stands with its front this far before the loop's end
NARROW = "narrow"  # among the marks
STOP_LINE_MM = 1_500  # before the barrier's line waits who has no loop to wait on


class Line(Protocol):
    """Who watches the barrier's line."""

    def enter(self, body: Body, forward: bool | None) -> bool:
        """It comes over the line. False: the barrier is in its way."""

    def leave(self, body: Body, forward: bool | None) -> None: ...

    def part_comes(self, body: Body) -> bool: ...


class Lane:
    """`bodies` by their ids. What happens at the barrier's line is the business of `line`."""

    def __init__(
        self, layout: BarrierLayout, wires: Wires, loops: list[Loop], photocells: list[Photocell], line: Line
    ) -> None:
        self.bodies: dict[int, Body] = {}
        self.head_on: list[tuple[int, int, int]] = []  # instant, ids: two vehicles met where they cannot pass
        self._narrow: set[Body] = set()  # vehicles that are there
        self._layout = layout
        self._wires = wires
        self._loops = loops
        self._photocells = photocells
        self._detectors: dict[str, Detector] = {each.id: each for each in (*loops, *photocells)}
        self._line = line
        self._ways: dict[tuple[str, Direction], Way] = {}
        self._newest = 0
        self._may_go: Callable[[Direction], bool] = lambda _direction: True

    def obey(self, may_go: Callable[[Direction], bool]) -> None:
        """What careful drivers look at."""
        self._may_go = may_go

    def arrive(
        self,
        kind: str,
        direction: Direction,
        speed_mm_s: int | None = None,
        stop_at: str | None = None,
        *,
        careful: bool = False,
        behind: int | None = None,
        gap_mm: int = GAP_MM,
        placed: bool = False,
        plate: str | None = None,
    ) -> Body:
        """Somebody comes. Raises ActionError for what cannot be.

        `stop_at`: a detector's id, "approach" (the last loop before the barrier) or "barrier": there it stops until
        go(). `careful`: it waits at the approach until it may go (green, or open where there are no lamps), and goes by
        itself; else it drives on whatever it sees. `behind`: it comes `gap_mm` behind that body. `placed`: it is there
        at once, at `stop_at`, as one who steps into the lane from its side. `plate`: what its number plate says; None:
        one of nobody's, where vehicles of its kind have one.
        """
        if len(self.bodies) >= BODIES_MAX:
            raise ActionError(f"{BODIES_MAX} are in the lane; wait until some have left")
        if kind not in KINDS:
            raise ActionError(f"nobody is a {kind[:20]!r}; there are {', '.join(KINDS)}")
        if direction not in ("in", "out"):
            raise ActionError("one goes in or out")
        what = KINDS[kind]
        speed_mm_s = what.speed_mm_s if speed_mm_s is None else speed_mm_s
        if not 0 < speed_mm_s <= FASTEST_MM_S:
            raise ActionError(f"a speed is 1 to {FASTEST_MM_S} mm/s")
        way = self._way(kind, direction)
        if stop_at not in way.stops and (placed or stop_at is not None):
            raise ActionError(f"one can stop at {', '.join(way.stops)}")
        start_mm = self._start(what, direction, behind, gap_mm)
        self._newest += 1
        body = Body(self._newest, kind, direction, way, self._wires, self)
        body.gap_mm = min(GAP_MM, gap_mm)
        body.plate = plate_of(kind, body.id) if plate is None else plate
        self.bodies[body.id] = body
        if placed and stop_at is not None:
            body.appear(stop_at, speed_mm_s)
        else:
            body.start(start_mm, speed_mm_s, stop_at, careful)
        self._wires.changed()
        return body

    def _start(self, what: Kind, direction: Direction, behind: int | None, gap_mm: int) -> float:
        """Where its front appears: at the lane's end, or behind whom it follows or queues."""
        if behind is not None:
            leader = self.body(behind)
            if leader.direction != direction or gap_mm < 0:
                raise ActionError(f"number {behind} goes the other way, or the gap is below 0")
            return leader.way_mm - leader.length_mm - gap_mm
        if what.slim:
            return 0.0
        rears = [
            each.way_mm - each.length_mm - GAP_MM
            for each in self.bodies.values()
            if each.direction == direction and not each.slim
        ]
        return min([0.0, *rears])

    def body(self, body_id: int) -> Body:
        """Raises ActionError."""
        if body_id not in self.bodies:
            raise ActionError(f"number {body_id} is not in the lane any more")
        return self.bodies[body_id]

    def clear(self) -> None:
        """Everybody is gone."""
        for body in tuple(self.bodies.values()):
            body.remove()

    def signalled(self) -> None:
        """Lamps or barrier have changed."""
        for body in tuple(self.bodies.values()):
            body.signalled()

    def front_mm(self, body: Body) -> float:
        """Its front on the lane's x axis."""
        low, high = self._layout.lane_mm
        return low + body.way_mm if body.direction == "in" else high - body.way_mm

    def states(self) -> tuple[BodyState, ...]:
        return tuple(
            BodyState(
                id=each.id,
                kind=each.kind,
                direction=each.direction,
                front_mm=round(self.front_mm(each)),
                speed_mm_s=round(each.speed_mm_s if each.direction == "in" else -each.speed_mm_s),
                waits=each.waits,
                plate=each.plate,
            )
            for each in self.bodies.values()
        )

    # --- the road of a body (body.Road) ---

    def covers(self, body: Body, name: str, on: bool, forward: bool | None) -> bool:
        if name == LINE:
            if on:
                return self._line.enter(body, forward)
            self._line.leave(body, forward)
        elif name == NARROW:
            self._squeeze(body, on)
        elif on:
            self._detectors[name].enter(body.id)
        else:
            self._detectors[name].leave(body.id)
        self._wires.changed()
        return True

    def part_comes(self, body: Body) -> bool:
        return self._line.part_comes(body)

    def room(self, body: Body, ahead: int) -> tuple[float, float] | None:
        if len(self.bodies) < 2:
            return None
        sense = ahead if body.direction == "in" else -ahead
        low, high = self._extent(body)
        nearest: tuple[float, float] | None = None
        for other in self.bodies.values():
            if other is body or other.slim:
                continue
            if other.direction != body.direction and not (body in self._narrow and other in self._narrow):
                continue  # there is room to pass
            other_low, other_high = self._extent(other)
            gap_mm = other_low - high if sense > 0 else low - other_high
            if gap_mm > -GAP_MM and (nearest is None or gap_mm < nearest[0]):
                speed = other.speed_mm_s if other.direction == "in" else -other.speed_mm_s
                nearest = (gap_mm, speed * sense)
        return nearest

    def _squeeze(self, body: Body, on: bool) -> None:
        if not on:
            self._narrow.discard(body)
        else:
            self._narrow.add(body)
            for other in self._narrow:
                if other.direction != body.direction:
                    self.head_on.append((self._wires.now_ns(), other.id, body.id))
        self.disturbed(body)

    def _extent(self, body: Body) -> tuple[float, float]:
        front = self.front_mm(body)
        return (front - body.length_mm, front) if body.direction == "in" else (front, front + body.length_mm)

    def may_go(self, direction: Direction) -> bool:
        return self._may_go(direction)

    def disturbed(self, body: Body) -> None:
        if len(self.bodies) > 1:
            for other in tuple(self.bodies.values()):
                if other is not body:
                    other.regulate()
        self._wires.changed()

    def gone(self, body: Body) -> None:
        self.bodies.pop(body.id, None)
        self.disturbed(body)

    # --- the way of a kind ---

    def _way(self, kind: str, direction: Direction) -> Way:
        known = self._ways.get((kind, direction))
        if known is None:
            known = self._ways[kind, direction] = self._work_out(KINDS[kind], direction)
        return known

    def _on_way(self, zone: tuple[int, int], direction: Direction) -> tuple[int, int]:
        """Where a zone of the lane lies on the way of a front."""
        low, high = self._layout.lane_mm
        return (zone[0] - low, zone[1] - low) if direction == "in" else (high - zone[1], high - zone[0])

    def _work_out(self, what: Kind, direction: Direction) -> Way:
        line = self._on_way(self._layout.line_mm or LINE_MM[self._layout.mover], direction)
        length = what.length_mm
        stops: dict[str, float] = {"approach": 0.0, "barrier": (line[0] + line[1] + length) / 2}
        waits = []
        marks = [Mark(line[0], LINE, True), Mark(line[1] + length, LINE, False)]
        marks += [Mark(line[0] + part.front_mm, LINE, True, True) for part in what.parts if part.front_mm > 0]
        if not what.slim:
            marks += _covered(NARROW, self._on_way(self._layout.narrow_mm, direction), [(0, length)])
        for loop in self._loops:
            zone = self._on_way(loop.layout.zone_mm, direction)
            stops[loop.id] = zone[1] - STOP_SHORT_MM
            if zone[1] <= line[0]:
                waits.append(stops[loop.id])
            threshold = LOOP_THRESHOLD[loop.layout.sensitivity]
            noticed = [(part.front_mm, part.rear_mm) for part in what.parts if part.metal >= threshold]
            marks += _covered(loop.id, zone, noticed)
        for beam in self._photocells:
            at_mm, height_mm = beam.layout.at_mm, beam.layout.height_mm
            zone = self._on_way((at_mm, at_mm), direction)
            stops[beam.id] = zone[0] + length / 2
            noticed = [(part.front_mm, part.rear_mm) for part in what.parts if part.low_mm <= height_mm < part.high_mm]
            marks += _covered(beam.id, zone, noticed)
        stops["approach"] = max(waits, default=line[0] - STOP_LINE_MM)
        low, high = self._layout.lane_mm
        return Way(tuple(sorted(marks)), stops, high - low + length)


def _covered(name: str, zone: tuple[int, int], spans: list[tuple[int, int]]) -> list[Mark]:
    """From and to which way of the front a zone is covered by what lies behind the front."""
    marks = []
    for on, off in merged([(zone[0] + front, zone[1] + rear) for front, rear in spans]):
        marks += [Mark(on, name, True), Mark(off, name, False)]
    return marks

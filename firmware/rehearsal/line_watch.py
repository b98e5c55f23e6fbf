"""The rehearsal's witness at the barrier's line: whom the barrier strikes, who drives into it, who has passed.

It judges by where bodies and barrier really are, and knows nothing of what the controller was told or meant.
A strike is a body over the line that the closing barrier meets: a bollard that rises above the clearance of what is
over it; a boom or gate that closes at all. Who comes over the line while it closes, or just before, is
struck if it goes on longer than `reaction_ms`: no detector and no brake is quick without limit. Who drives into a
barrier that stands in the way crashes: that is no strike, unless the barrier had closed under him before.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import NamedTuple

from firmware.rehearsal.barrier_layout import LINE_MM, BarrierLayout
from firmware.rehearsal.body import Body, Direction
from firmware.rehearsal.drive import Drive
from firmware.rehearsal.wires import Wires

LEAF_SHARE = 0.3  # a leaf further out than this stands in the way of a vehicle
SLIM_SHARE = 0.85  # and this far out, of a person


class Strike(NamedTuple):
    """The closing barrier met a body."""

    at_ns: int
    body: int
    kind: str  # of body
    cause: str  # of the motion: motor, gravity, drift; "" where the body met what had risen under it
    position: float  # of the barrier, 0 open to 1 closed
    speed_mm_s: int  # of the barrier
    energy_j: float


class Near(NamedTuple):
    """The barrier closed while a body was over the line, whether or not it came to a strike."""

    at_ns: int
    body: int
    kind: str
    cause: str


class Crash(NamedTuple):
    """A body came against a barrier that stood in its way."""

    at_ns: int
    body: int
    kind: str
    position: float


class Passage(NamedTuple):
    """A body has wholly passed the line."""

    at_ns: int
    body: int
    kind: str
    direction: Direction


class _Over:
    """A body over the line."""

    def __init__(self, body: Body, since_ns: int, came: bool) -> None:
        self.body = body
        self.since_ns = since_ns
        self.came = came  # by itself, past the detectors; else it was put there
        self.closed_under = False
        self.near: set[tuple[Drive, int]] = set()  # drive and run of closing for which it was told
        self.struck: set[tuple[Drive, int]] = set()
        self.walls: set[Drive] = set()


class LineWatch:
    """Lists of what happened; the plant asks look() whenever a drive's motion has changed."""

    def __init__(self, layout: BarrierLayout, wires: Wires) -> None:
        self.strikes: list[Strike] = []
        self.near: list[Near] = []
        self.crashes: list[Crash] = []
        self.passages: list[Passage] = []
        self.drives: Sequence[Drive] = ()
        self.passed: dict[Direction, int] = {"in": 0, "out": 0}  # never forgotten
        self._layout = layout
        self._wires = wires
        self._line = layout.line_mm or LINE_MM[layout.mover]
        self._over: dict[int, _Over] = {}
        self._timer: asyncio.TimerHandle | None = None

    def forget(self) -> None:
        """Empty the lists: for long runs that count as they go."""
        for each in (self.strikes, self.near, self.crashes, self.passages):
            each.clear()

    # --- bodies (lane.Line) ---

    def enter(self, body: Body, forward: bool | None) -> bool:
        position = self._position()
        if self._in_the_way(body, position):
            if forward is not None:  # who is put there from the side does not crash: there is no room for it
                self.crashes.append(Crash(self._wires.now_ns(), body.id, body.kind, position))
            return False
        self._over[body.id] = _Over(body, self._wires.now_ns(), forward is not None)
        self.look()
        return True

    def leave(self, body: Body, forward: bool | None) -> None:
        over = self._over.pop(body.id)
        for drive in over.walls:
            drive.obstruct(1, None, _by(body))
        if forward is not None and body.beyond != forward:
            body.beyond = forward
            back: Direction = "out" if body.direction == "in" else "in"
            direction = body.direction if forward else back
            self.passed[direction] += 1
            self.passages.append(Passage(self._wires.now_ns(), body.id, body.kind, direction))
        self.look()

    def part_comes(self, body: Body) -> bool:
        position = self._position()
        if not self._in_the_way(body, position):
            self.look()
            return True
        now_ns = self._wires.now_ns()
        if self._over[body.id].closed_under:
            self.strikes.append(Strike(now_ns, body.id, body.kind, "", position, 0, 0.0))
        else:
            self.crashes.append(Crash(now_ns, body.id, body.kind, position))
        return False

    # --- the barrier ---

    def look(self) -> None:
        """Judge anew: a drive or a body has changed."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._over:
            return
        now_ns = self._wires.now_ns()
        due_ns: int | None = None
        for drive in self.drives:
            if drive.motion.speed <= 0:
                continue
            for over in tuple(self._over.values()):
                next_ns = self._judge(drive, over, now_ns)
                if next_ns is not None and (due_ns is None or next_ns < due_ns):
                    due_ns = next_ns
        if due_ns is not None:
            self._timer = self._wires.call_at_ns(due_ns, self.look)

    def _judge(self, drive: Drive, over: _Over, now_ns: int) -> int | None:
        """What a closing drive does to a body over the line now; when to look again, or None."""
        run = (drive, drive.moving_since_ns)
        if run not in over.near:
            over.near.add(run)
            self.near.append(Near(now_ns, over.body.id, over.body.kind, drive.motion.cause))
        if run in over.struck:
            return None
        guilty_ns = drive.moving_since_ns
        if over.came or over.since_ns > drive.moving_since_ns:
            guilty_ns = max(guilty_ns, over.since_ns + self._layout.reaction_ms * 1_000_000)
        if guilty_ns > now_ns:
            return guilty_ns
        over.closed_under = True
        meets = self._meets_at(over.body)
        position = drive.position
        if meets > 1:
            return None
        if position < meets:
            return drive.when(meets)
        over.struck.add(run)
        over.walls.add(drive)
        self.strikes.append(self._strike(drive, over.body, position, now_ns))
        over.body.stop()
        drive.obstruct(1, position, _by(over.body))
        return None

    def _strike(self, drive: Drive, body: Body, position: float, now_ns: int) -> Strike:
        layout = self._layout
        size_mm = layout.height_mm if layout.mover == "bollard" else layout.length_mm
        if layout.mover in ("boom", "swing_gate"):
            size_mm = round(size_mm * math.pi / 2)  # the way of its tip
        metres_s = abs(drive.motion.speed) * 1e9 * size_mm / 1_000
        energy_j = layout.mass_kg * metres_s**2 / 2
        return Strike(
            now_ns, body.id, body.kind, drive.motion.cause, position, round(metres_s * 1_000), round(energy_j, 1)
        )

    def _meets_at(self, body: Body) -> float:
        """The position at which the closing barrier touches the body; above 1: never."""
        if self._layout.mover != "bollard":
            return 0.0
        return min(self._clearances(body), default=self._layout.height_mm + 1) / self._layout.height_mm

    def _clearances(self, body: Body) -> list[int]:
        """Of the parts of a body that are over the line."""
        front = body.way_mm
        start, end = self._on_way(body)
        return [
            part.low_mm
            for part in body.what.parts
            if front - part.front_mm >= start - 0.5 and front - part.rear_mm <= end + 0.5
        ]

    def _on_way(self, body: Body) -> tuple[float, float]:
        low, high = self._layout.lane_mm
        start, end = self._line
        return (start - low, end - low) if body.direction == "in" else (high - end, high - start)

    def _position(self) -> float:
        return max(drive.position for drive in self.drives)

    def _in_the_way(self, body: Body, position: float) -> bool:
        """Does a barrier at that position stop the part of a body that comes to the line?"""
        layout = self._layout
        if layout.mover == "bollard":
            if position <= layout.limit_permille / 1_000:  # what its limit calls open, wheels do not feel
                return False
            return not body.slim and position * layout.height_mm > min(self._clearances(body), default=10_000)
        if layout.mover == "boom":
            arm_mm = layout.height_mm + layout.length_mm / 2 * math.sin((1 - position) * math.pi / 2)
            return not body.slim and arm_mm < body.what.high_mm
        return position > (SLIM_SHARE if body.slim else LEAF_SHARE)


def _by(body: Body) -> str:
    return f"body {body.id}"

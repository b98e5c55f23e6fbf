"""What moves: a drive with motor, brake, limits and gravity. Its position is computed, not ticked.

0 is open, 1 is closed. Between two changes of speed the motion is straight, so one timer waits for the next thing that
happens: a limit, an end, an obstacle, the end of a run-out. A hydraulic drive holds where it stands while it has power.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Literal, NamedTuple

from firmware.rehearsal.barrier_layout import BarrierLayout, DriveLayout
from firmware.rehearsal.contacts import Coils, Contact
from firmware.rehearsal.wires import Wires

WORN_FACTOR = 1.25  # with the fault "worn"
LEAK_MS = 60_000  # the whole travel, with the fault "leak": a valve that does not hold

Cause = Literal["", "motor", "gravity", "release", "drift"]


class Supply:
    """What all drives of a barrier share: their power, and the hardware that opens or stops them."""

    def __init__(self) -> None:
        self.powered = True
        self.stopped = False  # the motor's contactor is held off by the stop button
        self.released = False  # the fire release lets it open
        self.slow_by = 1.0  # cold, wear


class Motion(NamedTuple):
    """A speed in travels a nanosecond, closing positive, and what causes it."""

    speed: float
    cause: Cause


STILL = Motion(0.0, "")


class Drive:
    """One drive. `on_move(drive)` is called after its speed or one of its limits has changed."""

    def __init__(
        self,
        layout: DriveLayout,
        barrier: BarrierLayout,
        wires: Wires,
        coils: Coils,
        supply: Supply,
        on_move: Callable[[Drive], None],
    ) -> None:
        self.opened = barrier.starts == "open"  # within the limit, whatever the switches say
        self.closed = not self.opened
        self.motion = STILL
        self.moving_since_ns = 0  # when it began to move in this direction
        self.strained = False  # it pushes against something that stands in its way
        self.wrecks: list[int] = []  # instants at which both directions were on
        self.tripped = False  # the fault "drive_fault"
        self.leaking = False
        self.runs_on = False  # its contactor is welded: it goes on without being asked
        self._walls: dict[tuple[int, str], float] = {}  # direction, what -> where it stands in the way
        self._barrier = barrier
        self._wires = wires
        self._supply = supply
        self._on_move = on_move
        self._position = 0.0 if self.opened else 1.0
        self._at_ns = wires.now_ns()
        self._asked = 0  # of the motor: -1 opens, 1 closes
        self._was_on = (False, False)
        self._run_out_ns = 0  # until then it runs on
        self._timer: asyncio.TimerHandle | None = None
        self._limit = barrier.limit_permille / 1_000
        plant, bounce_ms = barrier.id, barrier.bounce_ms
        self.open = coils.take(layout.open, self._obey)
        self.close = coils.take(layout.close, self._obey)
        self.permit = None if layout.permit is None else coils.share(layout.permit, self._obey)
        self.brake = None if layout.brake is None else coils.share(layout.brake, self._obey)
        self.open_limits = [Contact(wires, each, "low", plant, bounce_ms, active=self.opened) for each in layout.opened]
        self.close_limits = [
            Contact(wires, each, "low", plant, bounce_ms, active=self.closed) for each in layout.closed
        ]
        self.fault = None if layout.fault is None else Contact(wires, layout.fault, "high", plant, bounce_ms)

    # --- where it is ---

    @property
    def position(self) -> float:
        """0 open to 1 closed, now."""
        if self.motion.speed == 0:
            return self._position
        moved = self.motion.speed * (self._wires.now_ns() - self._at_ns)
        return min(1.0, max(0.0, self._position + moved))

    def when(self, position: float) -> int | None:
        """The instant at which it reaches a position, or None if its motion does not lead there."""
        way = position - self.position
        if way * self.motion.speed <= 0:
            return None
        return self._wires.now_ns() + max(1, round(way / self.motion.speed))

    def place(self, position: float) -> None:
        """Stand there, at once: how a test begins in mid-travel."""
        self._position = position
        self._at_ns = self._wires.now_ns()
        self._limits(position <= self._limit, position >= 1 - self._limit)
        self.retune()

    # --- what it is told ---

    def _obey(self) -> None:
        opens, closes = self.open.active, self.close.active
        pulsed = int(closes and not self._was_on[1]) - int(opens and not self._was_on[0])
        self._was_on = (opens, closes)
        if opens and closes:
            self.wrecks.append(self._wires.now_ns())
        if (opens and closes) or not (self.permit is None or self.permit.active):
            self._asked = 0
        elif self._barrier.command == "pulse":
            self._asked = pulsed or self._asked
        elif opens or closes or not self.runs_on:
            self._asked = int(closes) - int(opens)
        self.retune()

    def trip(self, tripped: bool) -> None:
        """It reports a fault and its motor stands still, or is well again; a pulse must then be given anew."""
        self.tripped = tripped
        if self.fault is not None:
            self.fault.set(tripped)
        if self._barrier.command == "pulse":
            self._asked = 0
        self._obey()

    def weld(self, runs_on: bool) -> None:
        """Its contactor is welded: it goes on in the direction asked last until its permit drops."""
        self.runs_on = runs_on
        self._obey()

    def obstruct(self, direction: int, at: float | None, what: str) -> None:
        """Something stands in its way at a position: nothing passes it in that direction; None takes it away."""
        if at is None:
            self._walls.pop((direction, what), None)
        else:
            self._walls[direction, what] = at
        self.retune()

    def touches(self, direction: int) -> bool:
        """It leans against something in that direction."""
        wall = self._wall(direction)
        return wall is not None and self.motion.speed * direction >= 0 and (wall - self.position) * direction < 1e-9

    def _wall(self, direction: int) -> float | None:
        if not self._walls:
            return None
        walls = [at for (way, _), at in self._walls.items() if way == direction]
        return (min if direction > 0 else max)(walls, default=None)

    # --- motion ---

    def retune(self) -> None:
        """Work out the speed anew: something that it depends on has changed."""
        now_ns = self._wires.now_ns()
        self._position, self._at_ns = self.position, now_ns
        wanted = self._run_out(self._wanted(), now_ns)
        direction = (wanted.speed > 0) - (wanted.speed < 0)
        wall = self._wall(direction)
        at_end = (direction < 0 and self._position <= 0) or (direction > 0 and self._position >= 1)
        at_wall = wall is not None and (wall - self._position) * direction <= 0
        self.strained = direction != 0 and at_wall and not at_end
        if at_end or at_wall:
            wanted = STILL
            self._run_out_ns = 0
            if at_end and self._barrier.command == "pulse" and not self.runs_on:
                self._asked = 0
        if wanted.speed * self.motion.speed <= 0:
            self.moving_since_ns = now_ns
        changed = wanted != self.motion
        self.motion = wanted
        self._arm(direction, now_ns)
        if changed or self.strained:
            self._on_move(self)

    def _wanted(self) -> Motion:
        barrier, supply = self._barrier, self._supply
        if supply.released:
            return Motion(-1 / (barrier.gravity_ms * 1e6), "release")
        braked = self.brake is not None and not self.brake.active
        if self._asked and supply.powered and not supply.stopped and not self.tripped and not braked:
            travel_ms = barrier.travel_open_ms if self._asked < 0 else barrier.travel_close_ms
            return Motion(self._asked / (travel_ms * 1e6 * supply.slow_by), "motor")
        down = 1 if barrier.mover == "boom" else -1  # a boom falls shut, a bollard open
        if not supply.powered and barrier.gravity != "stays":
            return Motion((down if barrier.gravity == "lowers" else -down) / (barrier.gravity_ms * 1e6), "gravity")
        if barrier.mover in ("boom", "bollard"):
            if self.leaking:
                return Motion(down / (LEAK_MS * 1e6), "drift")
            if barrier.drift_mm_min:
                size_mm = barrier.length_mm if barrier.mover == "boom" else barrier.height_mm
                return Motion(down * barrier.drift_mm_min / size_mm / 60e9, "drift")
        return STILL

    def _run_out(self, wanted: Motion, now_ns: int) -> Motion:
        """A motor that was told to stop or to turn round runs on for a while."""
        if self._run_out_ns:
            if now_ns < self._run_out_ns and wanted.cause != "release" and wanted != self.motion:
                return self.motion
            self._run_out_ns = 0
            return wanted
        ends = self.motion.cause == "motor" and wanted.cause != "release" and wanted.speed * self.motion.speed <= 0
        if ends and self._barrier.stop_ms:
            self._run_out_ns = now_ns + self._barrier.stop_ms * 1_000_000
            return self.motion
        return wanted

    def _arm(self, direction: int, now_ns: int) -> None:
        """Wait for the next thing on the way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if direction == 0 or self.motion.speed == 0:
            return
        target = self._next_mark(direction)
        wall = self._wall(direction)
        if wall is not None and (target - wall) * direction > 0:
            target = wall
        at_ns = now_ns + max(0, round((target - self._position) / self.motion.speed))
        if self._run_out_ns and self._run_out_ns < at_ns:
            self._timer = self._wires.call_at_ns(self._run_out_ns, self.retune)
        else:
            self._timer = self._wires.call_at_ns(at_ns, lambda: self._reach(target, direction))

    def _next_mark(self, direction: int) -> float:
        """The next position at which a limit switches or the travel ends."""
        if direction > 0:
            return self._limit if self.opened else 1.0 if self.closed else 1 - self._limit
        return 1 - self._limit if self.closed else 0.0 if self.opened else self._limit

    def _reach(self, target: float, direction: int) -> None:
        self._timer = None
        self._at_ns = self._wires.now_ns()
        self._position = target
        if target == self._limit and target != self._wall(direction):
            self._limits(direction < 0, self.closed)
        elif target == 1 - self._limit and target != self._wall(direction):
            self._limits(self.opened, direction > 0)
        self.retune()

    def _limits(self, opened: bool, closed: bool) -> None:
        if (opened, closed) == (self.opened, self.closed):
            return
        self.opened, self.closed = opened, closed
        for contact in self.open_limits:
            contact.set(opened)
        for contact in self.close_limits:
            contact.set(closed)
        self._on_move(self)

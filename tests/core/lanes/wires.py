"""What an onlooker sees at a lane: wires that change, commands of persons, credentials; and what hangs on which wire.

`Plan` turns a barrier round: from the names of its wires to bits and roles, once, so that looking stays cheap.
"""

from __future__ import annotations

from math import ceil
from typing import Any, NamedTuple

from firmware.core.site import Barrier, Closing, DriveCommand, Mover, Sensor

NEVER = 1 << 60  # an instant that does not come
SLACK_MS = 100  # for what has to come on after a stated time: the world is not asked for the very millisecond

# How a closing run began.
PLAIN = "plain"  # by itself, by an operator, by the emergency close
KEY = "key"  # while the local key was held (R9)
BACK_OFF = "back_off"  # of a boom or gate whose opening edge has met somebody (R3)

# What a person has to end.
STOP = 1
SERVICE = 2
FAULT = 4
EDGE = 8
TWICE = 16
EMERGENCY = 32
LOCKDOWN = 64
LOCKED = 128
EVACUATION = 256
# What a power cut ends too.
EVACUATED_NOW = 512  # the evacuation was ordered since the power came
HOLD = 1024  # an operator's hold, which may open again until the barrier stands closed
# What only excuses a barrier that does not open: limits that said more than the motion explains, a slow travel.
ODD = 2048
SLOW = 4096
KEPT = STOP | SERVICE | FAULT | EDGE | TWICE | EMERGENCY | LOCKDOWN | LOCKED | EVACUATION | ODD | SLOW

OPEN_HELD = 1
CLOSE_HELD = 2


class Seen(NamedTuple):
    """One thing that was seen. Of one instant, in the order in which it happened."""

    t_ms: int
    kind: str
    name: str = ""
    value: Any = None


class Broken(AssertionError):
    """A rule was broken. `rule` is its id."""

    def __init__(self, rule: str, text: str, at_ms: int = -1) -> None:
        super().__init__(f"{rule} at {at_ms} ms: {text}")
        self.rule = rule
        self.text = text
        self.at_ms = at_ms


class DriveWires(NamedTuple):
    """Bits of one drive's wires."""

    open: int
    close: int
    permit: int
    opened: int
    closed: int


class Plan:
    """A barrier's wires as bits. Inputs and outputs are numbered apart; a mask of what is not wired is 0."""

    def __init__(
        self,
        barrier: Barrier,
        fire_inputs: tuple[str, ...] = (),
        reaction_ms: int = 0,
        slack_ms: int = SLACK_MS,
        events: bool = False,
    ) -> None:
        self.barrier = barrier
        self.reaction_ms = reaction_ms
        self.slack_ms = slack_ms
        self.events = events
        self.bit: dict[str, int] = {}
        self.outbit: dict[str, int] = {}
        self.roles: dict[str, set[str]] = {}
        self.outroles: dict[str, set[str]] = {}
        self._inputs(barrier, fire_inputs)
        self._outputs(barrier)
        self._times(barrier)
        self.changes: dict[str, tuple[Any, ...]] = {}  # filled by the picture, role by role

    def _in(self, role: str, *names: str | None) -> int:
        mask = 0
        for name in names:
            if name is not None:
                mask |= self.bit.setdefault(name, 1 << len(self.bit))
                self.roles.setdefault(name, set()).add(role)
        return mask

    def _out(self, role: str, *names: str | None) -> int:
        mask = 0
        for name in names:
            if name is not None:
                mask |= self.outbit.setdefault(name, 1 << len(self.outbit))
                self.outroles.setdefault(name, set()).add(role)
        return mask

    def _inputs(self, b: Barrier, fire_inputs: tuple[str, ...]) -> None:
        sensors = (*b.safety, *b.photocells, *b.edges_closing)
        self.devices = self._in("device", *(s.input for s in sensors))
        self.loops = self._in("loop", *(s.input for s in b.safety))
        self.beams = self._in("beam", *(s.input for s in b.photocells))
        self.relays = self._in("relay", *(s.fault for s in sensors))
        self.lane = self._in("lane", b.entry, b.exit)
        self.edges = self._in("edge", *(s.input for s in b.edges_opening))
        self.edge_relays = self._in("edge_relay", *(s.fault for s in b.edges_opening))
        self.opened = self._in("limit", *(name for d in b.drives for name in d.opened))
        self.closed = self._in("limit", *(name for d in b.drives for name in d.closed))
        self.limits = self.opened | self.closed
        self.drive_faults = self._in("drive_fault", *(d.fault for d in b.drives))
        self.stop = self._in("stop", b.stop)
        self.service = self._in("service", b.service_key, b.cover)
        self.reset = self._in("reset", b.reset)
        self.key_open = self._in("key", b.key_open)
        self.key_close = self._in("key", b.key_close)
        self.emergency = self._in("emergency", b.emergency_close)
        self.fire_key = self._in("fire", b.fire_key)
        self.fire = self._in("fire", *fire_inputs) if b.fire_opens else 0
        self.mains = self._in("mains", b.mains)
        self.others = self._in("other", b.arm_detached, b.pit_water, b.battery)
        self.sensors: tuple[tuple[int, Sensor], ...] = tuple((self.bit[s.input], s) for s in sensors)
        self.tested = tuple((bit, s) for bit, s in self.sensors if s.test is not None)
        self.test_at = {bit: at for at, (bit, _) in enumerate(self.tested)}
        # devices of which only a recent change proves that they work
        self.mute = tuple(bit for bit, s in self.sensors if s.test is None and s.fault is None and not s.supervised)
        self.mute_at = {bit: at for at, bit in enumerate(self.mute)}
        self.stuck_ms = min((s.stuck_ms for _, s in self.sensors), default=NEVER)
        self.principles = sum(1 for some in (b.safety, b.photocells, b.edges_closing) if some)

    def _outputs(self, b: Barrier) -> None:
        self.opens = self._out("motion", *(d.open for d in b.drives))
        self.closes = self._out("motion", *(d.close for d in b.drives))
        self.permits = self._out("permit", *(d.permit for d in b.drives))
        self.brakes = self._out("permit", *(d.brake for d in b.drives))
        self.powered = self.opens | self.closes | self.permits | self.brakes
        self.warning = self._out("warning", b.warning)
        self.sounder = self._out("warning", b.sounder)
        self.warnings = self.warning | self.sounder
        self.greens = self._out("light", *(light.green for light in b.lights))
        self.reds = self._out("light", *(light.red for light in b.lights))
        self.heads = tuple(
            (self.outbit[light.red], self.outbit[light.green]) for light in b.lights if light.green is not None
        )
        self.tests = self._out("test", *(s.test for _, s in self.tested))
        self.busy = self.opens | self.closes | self.warnings | self.tests
        self.drives = tuple(
            DriveWires(
                self.outbit[d.open],
                self.outbit[d.close],
                self.outbit[d.permit] if d.permit else 0,
                sum({self.bit[name] for name in d.opened}),
                sum({self.bit[name] for name in d.closed}),
            )
            for d in b.drives
        )
        self.pairs = tuple(  # of limits that contradict each other
            self.bit[one] | self.bit[other]
            for d in b.drives
            if len(d.opened) == len(d.closed)
            for one, other in zip(d.opened, d.closed, strict=True)
        )
        self.pulsed = b.command is DriveCommand.PULSE

    def _times(self, b: Barrier) -> None:
        self.travel_ms = b.travel_ms_max
        self.travel_cold_ms = ceil(b.travel_ms_max * max((1.0, *(cold.factor for cold in b.cold))))
        self.let_go_ms = max(500, self.travel_ms // 8)  # until an open limit has let go of what closes
        self.let_go_cold_ms = max(500, self.travel_cold_ms // 8)
        self.turn_ms = b.dead_ms + self.slack_ms + self.reaction_ms  # from the end of one motion to the next
        self.back_off_ms = b.back_off_ms + self.slack_ms + self.reaction_ms
        self.test_ms = b.test_ms + self.slack_ms + self.reaction_ms
        self.gap_ms = b.gap_ms_max + self.reaction_ms
        self.gate = b.mover is not Mover.BOLLARD
        self.automatic = b.closing is Closing.AUTOMATIC
        self.scheduled = b.unlock_schedule is not None

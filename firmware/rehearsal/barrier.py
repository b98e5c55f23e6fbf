"""A barrier with its lane: drives, loops, beams, edges, lamps, keys, and the witness at its line.

It knows no rule of any controller: it moves as its wires and its power say, and writes down what that did to whom.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import NamedTuple

import msgspec

from firmware.rehearsal.barrier_layout import USUAL_LEVELS, BarrierLayout
from firmware.rehearsal.body import BodyState, Direction
from firmware.rehearsal.contacts import Coil, Coils, Contact
from firmware.rehearsal.detectors import Detector, DetectorState, Loop, Photocell, SafetyEdge
from firmware.rehearsal.drive import WORN_FACTOR, Drive, Supply
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.lane import Lane
from firmware.rehearsal.line_watch import Crash, LineWatch, Near, Passage, Strike
from firmware.rehearsal.wires import Wires

SPRINGS_BACK = ("reset", "key_open", "key_close", "emergency_close")
HELD_MS_MAX = 30_000  # longer than any travel
GREENS = ("green_in", "green_out")
FAULTS = ("drive_fault", "obstructed_closing", "obstructed_opening", "cold", "worn", "leak", "runs_on", "battery_flat")


class Span(NamedTuple):
    """Something was so from one instant to another."""

    what: str  # a lamp, "open", "closed"
    from_ns: int
    until_ns: int


class DriveState(msgspec.Struct, frozen=True):
    """What a person sees of a drive; speed in travels a second, closing positive."""

    position: float
    speed: float
    cause: str
    opened: bool
    closed: bool
    strained: bool


class BarrierState(msgspec.Struct, frozen=True):
    """What a person sees at the lane."""

    id: str
    position: float
    drives: tuple[DriveState, ...]
    lamps: dict[str, bool]
    detectors: tuple[DetectorState, ...]
    balls: dict[str, bool]
    keys: dict[str, bool]
    bodies: tuple[BodyState, ...]
    wires: dict[str, str]  # name -> what is wrong with it
    faults: dict[str, bool]
    passed_in: int
    passed_out: int
    strikes: int
    crashes: int
    wrecks: int


class Barrier:
    """One barrier. `lane` has the bodies; `strikes`, `wrecks`, `passages` ... are what really happened."""

    def __init__(self, layout: BarrierLayout, wires: Wires) -> None:
        self.layout = layout
        self.supply = Supply()
        self.spans: list[Span] = []
        self.false_greens: list[tuple[int, str]] = []  # instant and lamp: green, and not wholly open
        self.wires: dict[str, Contact | Coil] = {}  # by what they are for
        self._wires = wires
        self._since_ns: dict[str, int] = {}  # of what goes on: a lamp is lit, it stands open
        self._wear = 1.0
        self._faults = dict.fromkeys(FAULTS, False)
        self._pressed: dict[str, bool] = {"mains": False}
        self._fires: set[str] = set()
        self._fingers: dict[str, asyncio.TimerHandle] = {}
        self._watch = LineWatch(layout, wires)
        self._coils = Coils(wires, layout.id)
        self.drives: list[Drive] = []
        for each in layout.drive:
            self.drives.append(Drive(each, layout, wires, self._coils, self.supply, self._moved))
        self._watch.drives = self.drives
        plant, bounce_ms = layout.id, layout.bounce_ms
        self.loops = {each.id: Loop(each, wires, plant, bounce_ms) for each in layout.loop}
        self.photocells = {each.id: Photocell(each, wires, plant, bounce_ms) for each in layout.photocell}
        self.edges = {each.id: SafetyEdge(each, wires, plant, bounce_ms) for each in layout.edge}
        self.detectors: dict[str, Detector] = {**self.loops, **self.photocells, **self.edges}
        self.lane = Lane(layout, wires, list(self.loops.values()), list(self.photocells.values()), self._watch)
        self.lane.obey(self.may_go)
        self.keys = {
            name: Contact(wires, wire, USUAL_LEVELS.get(name, "high"), plant, bounce_ms)
            for name in layout.keys.__struct_fields__
            if (wire := getattr(layout.keys, name)) is not None
        }
        self._pressed |= dict.fromkeys(self.keys, False)
        self.lamps = {
            name: self._coils.take(wire, partial(self._lit, name))
            for name in layout.lamps.__struct_fields__
            if (wire := getattr(layout.lamps, name)) is not None
        }
        self._name_wires()
        self._since_ns[layout.starts] = wires.now_ns()

    def _name_wires(self) -> None:
        many: dict[str, list[Contact | Coil | None]] = {
            "open": [drive.open for drive in self.drives],
            "close": [drive.close for drive in self.drives],
            "permit": [drive.permit for drive in self.drives],
            "brake": [drive.brake for drive in self.drives],
            "is_open": [limit for drive in self.drives for limit in drive.open_limits],
            "is_closed": [limit for drive in self.drives for limit in drive.close_limits],
            "drive_fault": [drive.fault for drive in self.drives],
        }
        for name, every in many.items():
            there = list(dict.fromkeys(wire for wire in every if wire is not None))
            for number, wire in enumerate(there, 1):
                self.wires[name if len(there) == 1 else f"{name}_{number}"] = wire
        self.wires |= {name: detector.contact for name, detector in self.detectors.items()}
        for name, beam in self.photocells.items():
            if (test := beam.wire_test(self._coils)) is not None:
                self.wires[f"{name}_test"] = test
        self.wires |= self.keys
        self.wires |= self.lamps

    # --- what is true, whatever anybody was told ---

    @property
    def position(self) -> float:
        """Of the drive that blocks most: 0 open, 1 closed."""
        return max(drive.position for drive in self.drives)

    @property
    def strikes(self) -> list[Strike]:
        return self._watch.strikes

    @property
    def near(self) -> list[Near]:
        """Closed while somebody was over the line, whether or not it came to a strike."""
        return self._watch.near

    @property
    def crashes(self) -> list[Crash]:
        return self._watch.crashes

    @property
    def passages(self) -> list[Passage]:
        return self._watch.passages

    @property
    def wrecks(self) -> list[int]:
        """Instants at which both directions of a drive were on."""
        return sorted(at_ns for drive in self.drives for at_ns in drive.wrecks)

    def may_go(self, direction: Direction) -> bool:
        """What a careful driver looks at: it is wholly open, and green where there is a green lamp, else not red."""
        green, red = self.lamps.get(f"green_{direction}"), self.lamps.get(f"red_{direction}")
        lit = green.active if green is not None else not (red is not None and red.active)
        return lit and self._open()

    def forget(self) -> None:
        """Empty the lists of what happened: for long runs that count as they go."""
        self._watch.forget()
        self.spans.clear()
        self.false_greens.clear()
        self.lane.head_on.clear()
        for drive in self.drives:
            drive.wrecks.clear()

    def _open(self) -> bool:
        return all(drive.opened for drive in self.drives)

    # --- what people do ---

    def press(self, key: str, on: bool) -> None:
        """Press, turn, open, or let go: a key of the layout, or "mains" (lost). Raises ActionError."""
        if key not in self._pressed:
            raise ActionError(f"{self.layout.id} has no {key[:20]!r}; it has {', '.join(sorted(self._pressed))}")
        self._pressed[key] = on
        if key in self.keys:
            self.keys[key].set(on)
        if key == "fire_key":
            self.fire("fire_key", on)
        self._feed()

    def hold(self, key: str, on: bool) -> None:
        """As press(), by a finger on a screen: what springs back does so after HELD_MS_MAX, whatever became of it."""
        self.press(key, on)
        if (finger := self._fingers.pop(key, None)) is not None:
            finger.cancel()
        if on and key in SPRINGS_BACK:
            self._fingers[key] = self._wires.call_in(HELD_MS_MAX, partial(self.hold, key, False))

    def fire(self, source: str, active: bool) -> None:
        """A contact that is wired to its hardware fire release has changed."""
        if source in self.layout.fire_release:
            (self._fires.add if active else self._fires.discard)(source)
            self._feed()

    def set_fault(self, fault: str, on: bool) -> None:
        """One of FAULTS, or a detector's: its id, an underscore and the fault ("entry_stuck"). Raises ActionError."""
        if fault in self._faults:
            self._faults[fault] = on
            self._spoil(fault, on)
        else:
            name, _, what = fault.rpartition("_")
            if name not in self.detectors:
                every = [*FAULTS, *(f"{each}_{one}" for each, it in self.detectors.items() for one in it.FAULTS)]
                raise ActionError(f"{self.layout.id} has no fault {fault[:40]!r}; it has {', '.join(every)}")
            self.detectors[name].set_fault(what, on)
        self._wires.changed()

    def set_wire(self, wire: str, wrong: str) -> None:
        """Spoil a wire by its name in `wires`: "open" for any, "short", "inverted", "stuck" for inputs; "" mends it."""
        if wire not in self.wires:
            raise ActionError(f"{self.layout.id} has no wire {wire[:40]!r}; it has {', '.join(self.wires)}")
        self.wires[wire].spoil(wrong)
        self._wires.changed()

    def put_ball(self, beam: str, seconds: float) -> None:
        """A ball lies in a beam for so long. Raises ActionError."""
        if beam not in self.photocells:
            raise ActionError(f"{self.layout.id} has no beam {beam[:20]!r}; it has {', '.join(self.photocells)}")
        self.photocells[beam].put_ball(seconds)

    def slow_down(self, factor: float) -> None:
        """Wear: its travels take so many times longer than new."""
        assert factor > 0
        self._wear = factor
        self._feed()

    def place(self, position: float) -> None:
        """All drives stand there, at once."""
        for drive in self.drives:
            drive.place(position)

    def _spoil(self, fault: str, on: bool) -> None:
        for drive in self.drives:
            match fault:
                case "drive_fault":
                    drive.trip(on)
                case "obstructed_closing":
                    drive.obstruct(1, drive.position if on else None, fault)
                case "obstructed_opening":
                    drive.obstruct(-1, drive.position if on else None, fault)
                case "leak":
                    drive.leaking = on
                case "runs_on":
                    drive.weld(on)
        if fault == "battery_flat" and "battery" in self.keys:
            self.keys["battery"].set(on)
        self._feed()

    def _feed(self) -> None:
        """Power, fire release and pace have changed."""
        layout, faults, supply = self.layout, self._faults, self.supply
        supply.powered = not self._pressed["mains"] or (layout.runs_on_battery and not faults["battery_flat"])
        supply.stopped = layout.stop_cuts and self._pressed.get("stop", False)
        supply.released = bool(self._fires)
        cold = layout.cold_factor if faults["cold"] else 1.0
        supply.slow_by = self._wear * cold * (WORN_FACTOR if faults["worn"] else 1.0)
        for drive in self.drives:
            drive.retune()
        self._wires.changed()

    # --- what follows ---

    def _moved(self, _drive: Drive) -> None:
        if len(self.drives) < len(self.layout.drive):
            return
        self._watch.look()
        for edge in self.edges.values():
            way = 1 if edge.layout.side == "closing" else -1
            edge.press(any(drive.touches(way) for drive in self.drives))
        is_open = self._open()
        if is_open != ("open" in self._since_ns):
            self._goes_on("open", is_open)
            self.lane.signalled()
        self._goes_on("closed", all(drive.closed for drive in self.drives))
        if not is_open:
            for name, lamp in self.lamps.items():
                if lamp.active and name in GREENS:
                    self._false_green(name)
        self._wires.changed()

    def _lit(self, lamp: str) -> None:
        active = self.lamps[lamp].active
        self._goes_on(lamp, active)
        if active and lamp in GREENS and not self._open():
            self._false_green(lamp)
        self.lane.signalled()

    def _false_green(self, lamp: str) -> None:
        self.false_greens.append((self._wires.now_ns(), lamp))

    def _goes_on(self, what: str, on: bool) -> None:
        now_ns = self._wires.now_ns()
        if on:
            self._since_ns.setdefault(what, now_ns)
        elif what in self._since_ns:
            self.spans.append(Span(what, self._since_ns.pop(what), now_ns))

    def state(self) -> BarrierState:
        return BarrierState(
            id=self.layout.id,
            position=round(self.position, 4),
            drives=tuple(
                DriveState(
                    round(drive.position, 4),
                    round(drive.motion.speed * 1e9, 5),
                    drive.motion.cause,
                    drive.opened,
                    drive.closed,
                    drive.strained,
                )
                for drive in self.drives
            ),
            lamps={name: lamp.active for name, lamp in self.lamps.items()},
            detectors=tuple(each.state() for each in self.detectors.values()),
            balls={name: beam.ball for name, beam in self.photocells.items()},
            keys=dict(self._pressed),
            bodies=self.lane.states(),
            wires={name: wire.wrong for name, wire in self.wires.items() if wire.wrong},
            faults=dict(self._faults),
            passed_in=self._watch.passed["in"],
            passed_out=self._watch.passed["out"],
            strikes=len(self.strikes),
            crashes=len(self.crashes),
            wrecks=len(self.wrecks),
        )

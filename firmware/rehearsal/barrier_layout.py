"""The table [[barrier]] of the plants' file: what moves, its wires, its lane with loops, beams, edges, lamps and keys.

    [[barrier]]
    id = "vehicle_lane"
    mover = "bollard"                                       # bollard, boom, sliding_gate, swing_gate
    keys = { stop = "Y18", reset = "Y19" }                  # a line, or { line = "Y18", active_level = "low" }
    lamps = { red_in = "Y4", green_in = "Y5" }
    [[barrier.drive]]                                       # one for each that moves by itself
    open = "Y1"
    close = "Y2"
    opened = ["Y11"]
    closed = ["Y12"]
    [[barrier.loop]]                                        # any number; the names entry, safety, exit are not fixed
    id = "entry"
    line = "Y14"
    zone_mm = [-6500, -4500]
    [[barrier.photocell]]
    id = "beam"
    line = "Y17"
    [[barrier.edge]]
    id = "nose"
    line = "Y30"

The lane runs along x in millimetres: outside is negative, inside positive, the barrier stands at 0. Open means that
vehicles may pass (a bollard is down, a boom up). Usual levels: outputs are active high; safety contacts are normally
closed to ground under a pull-up, so that active, like a broken wire, is high; limits, reset and hold-to-run keys close
to ground when active, so low.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from firmware.rehearsal.errors import LayoutError
from firmware.rehearsal.layout_words import Id, LevelWord, Milliseconds, Name, Table, Wire, WireLayout

DRIVES_MAX = 8
DETECTORS_MAX = 16
LANE_MM_MAX = 100_000

Mover = Literal["bollard", "boom", "sliding_gate", "swing_gate"]
Gravity = Literal["lowers", "stays", "rises"]
Sensitivity = Literal["low", "normal", "high"]
Travel = Annotated[int, msgspec.Meta(ge=100, le=600_000)]
Place = Annotated[int, msgspec.Meta(ge=-LANE_MM_MAX, le=LANE_MM_MAX)]
Factor = Annotated[float, msgspec.Meta(ge=1.0, le=10.0)]

LINE_MM: dict[Mover, tuple[int, int]] = {
    # Over a bollard is who stands over its middle: at its rim one is pushed aside, not lifted.
    "bollard": (-60, 60),
    "boom": (-60, 60),
    "sliding_gate": (-80, 80),
    "swing_gate": (0, 1_800),  # the leaves sweep this far
}


class DriveLayout(Table, frozen=True):
    """What moves by itself: one bollard, several on one pump, a leaf. Every limit of a drive sees the same motion."""

    open: Wire  # output
    close: Wire  # output
    opened: Annotated[tuple[Wire, ...], msgspec.Meta(max_length=DETECTORS_MAX)] = ()  # limits, active low
    closed: Annotated[tuple[Wire, ...], msgspec.Meta(max_length=DETECTORS_MAX)] = ()
    permit: Wire | None = None  # output: it moves only while this is on
    brake: Wire | None = None  # output: on releases the brake; without it nothing moves
    fault: Wire | None = None  # input, active high


class LoopLayout(Table, frozen=True):
    """A loop in the road with its detector; active high."""

    id: Id
    line: Wire
    zone_mm: tuple[Place, Place]
    delay_ms: Milliseconds = 40  # from metal to contact, and back
    presence_ms: Annotated[int, msgspec.Meta(ge=0, le=86_400_000)] = 0  # forgets what parks longer; 0: never
    sensitivity: Sensitivity = "normal"  # low: cars; normal: motorcycles and axles too; high: bicycles of steel too


class PhotocellLayout(Table, frozen=True):
    """A beam across the lane; active high."""

    id: Id
    line: Wire
    at_mm: Place = 0
    height_mm: Annotated[int, msgspec.Meta(ge=0, le=5_000)] = 500
    test: Wire | None = None  # output: on switches the transmitter off
    delay_ms: Milliseconds = 10


class EdgeLayout(Table, frozen=True):
    """A safety edge: active, high, while the mover presses against something in that direction."""

    id: Id
    line: Wire
    side: Literal["closing", "opening"] = "closing"


class LampsLayout(Table, frozen=True):
    """What tells people. Outputs."""

    red_in: Wire | None = None
    green_in: Wire | None = None
    red_out: Wire | None = None
    green_out: Wire | None = None
    warning: Wire | None = None
    sounder: Wire | None = None


class KeysLayout(Table, frozen=True):
    """Buttons, keys and states of the machine, worked by hand in the rehearsal. Inputs."""

    stop: Wire | None = None
    reset: Wire | None = None
    service_key: Wire | None = None
    cover: Wire | None = None
    key_open: Wire | None = None
    key_close: Wire | None = None
    emergency_close: Wire | None = None
    fire_key: Wire | None = None
    arm_detached: Wire | None = None
    pit_water: Wire | None = None
    mains: Wire | None = None  # active: lost
    battery: Wire | None = None  # active: low


USUAL_LEVELS: dict[str, LevelWord] = {"reset": "low", "key_open": "low", "key_close": "low", "emergency_close": "low"}


class BarrierLayout(Table, frozen=True):
    """A barrier and its lane."""

    id: Id
    mover: Mover
    drive: Annotated[tuple[DriveLayout, ...], msgspec.Meta(min_length=1, max_length=DRIVES_MAX)]
    loop: Annotated[tuple[LoopLayout, ...], msgspec.Meta(max_length=DETECTORS_MAX)] = ()
    photocell: Annotated[tuple[PhotocellLayout, ...], msgspec.Meta(max_length=DETECTORS_MAX)] = ()
    edge: Annotated[tuple[EdgeLayout, ...], msgspec.Meta(max_length=DETECTORS_MAX)] = ()
    lamps: LampsLayout = LampsLayout()
    keys: KeysLayout = KeysLayout()
    name: Name | None = None
    # the machine
    command: Literal["held", "pulse"] = "held"  # it moves while it is asked; a pulse starts it, the permit stops it
    travel_open_ms: Travel = 3_000
    travel_close_ms: Travel = 4_000
    stop_ms: Milliseconds = 30  # it runs on for so long after it is told to stop
    limit_permille: Annotated[int, msgspec.Meta(ge=0, le=200)] = 10  # of the travel, within which a limit is reached
    mass_kg: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 120  # of each
    height_mm: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 600  # a bollard above the road; a boom's axle
    length_mm: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 3_500  # of the boom or leaf; the width of the road
    units: Annotated[int, msgspec.Meta(ge=1, le=12)] = 1  # bollards: how many stand in the row
    gravity: Gravity = "stays"  # when its power is lost: a boom that lowers closes, one with a counterweight rises
    gravity_ms: Travel = 5_000  # the whole travel by gravity
    runs_on_battery: bool = False  # when the mains are lost
    cold_factor: Factor = 2.0  # how much slower it is in the cold
    drift_mm_min: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 0  # it sinks at rest
    fire_release: tuple[Id, ...] = ()  # "fire_key" or switches that open it by hardware, whatever it is told
    stop_cuts: bool = False  # the stop button also cuts the motor by hardware
    bounce_ms: Milliseconds = 5  # of every contact
    starts: Literal["open", "closed"] = "closed"  # where it stands when the rehearsal begins
    # the lane
    lane_mm: tuple[Place, Place] = (-14_000, 14_000)  # bodies appear before one end and vanish behind the other
    narrow_mm: tuple[Place, Place] = (-2_500, 2_500)  # vehicles that come against each other cannot pass there
    line_mm: tuple[Place, Place] | None = None  # who overlaps this is over the barrier's line; None: LINE_MM
    reaction_ms: Milliseconds = 250  # who steps under a moving barrier is struck if it goes on longer


def line_of(wire: Wire) -> str:
    """The line's name."""
    return wire.line if isinstance(wire, WireLayout) else wire


def level_of(wire: Wire, usual: LevelWord) -> bool:
    """The electrical level that means active."""
    return (wire.active_level if isinstance(wire, WireLayout) else usual) == "high"


def check_barrier(layout: BarrierLayout, switches: set[str]) -> None:
    """What types cannot say. Raises LayoutError with the key."""
    where = f"barrier {layout.id}"
    if layout.gravity == "rises" and layout.mover == "bollard":
        raise LayoutError(f"{where}: gravity = 'rises', but a bollard falls; lowers or stays")
    if layout.gravity != "stays" and layout.mover in ("sliding_gate", "swing_gate"):
        raise LayoutError(f"{where}: gravity = {layout.gravity!r}, but a gate stands where it is; stays")
    if layout.stop_cuts and layout.keys.stop is None:
        raise LayoutError(f"{where}: stop_cuts needs keys.stop")
    low, high = layout.lane_mm
    if not low < 0 < high:
        raise LayoutError(f"{where}: lane_mm is [outside, inside], around the barrier at 0")
    zones = [(f"loop {loop.id}", loop.zone_mm) for loop in layout.loop]
    zones += [(f"photocell {beam.id}", (beam.at_mm, beam.at_mm + 1)) for beam in layout.photocell]
    zones += [("narrow_mm", layout.narrow_mm), ("line_mm", layout.line_mm or LINE_MM[layout.mover])]
    for name, (start, end) in zones:
        if not low < start < end < high:
            raise LayoutError(f"{where}: {name} from {start} to {end} mm; low before high, inside lane_mm")
    for source in layout.fire_release:
        if source not in switches and not (source == "fire_key" and layout.keys.fire_key is not None):
            raise LayoutError(f"{where}: fire_release names {source!r}, which is no switch here and no fire_key of it")
    ids = ["barrier", "approach", "narrow"]  # words of the lane itself
    ids += [each.id for many in (layout.loop, layout.photocell, layout.edge) for each in many]
    twice = sorted({each for each in ids if ids.count(each) > 1})
    if twice:
        raise LayoutError(f"{where}: {twice[0]!r} is the name of something else; give each detector its own")

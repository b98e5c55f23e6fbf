"""What hangs where at one barrier: its inputs and outputs by place, made once and then only read."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.core.site import Barrier, Direction, Sensor, SensorKind


class Part(StrEnum):
    """What an input or output of a barrier is. Outputs first."""

    MOVE_OPEN = "move_open"
    MOVE_CLOSE = "move_close"
    PERMIT = "permit"
    BRAKE = "brake"
    TEST = "test"
    WARNING = "warning"
    SOUNDER = "sounder"
    RED = "red"
    GREEN = "green"
    # inputs
    LIMIT = "limit"
    DRIVE_FAULT = "drive_fault"
    SPOT = "spot"
    SPOT_FAULT = "spot_fault"
    STOP = "stop"
    RESET = "reset"
    SERVICE_KEY = "service_key"
    COVER = "cover"
    KEY_OPEN = "key_open"
    KEY_CLOSE = "key_close"
    EMERGENCY = "emergency"
    FIRE_KEY = "fire_key"
    ARM = "arm"
    PIT = "pit"
    MAINS = "mains"
    BATTERY = "battery"
    ENTRY = "entry"
    EXIT = "exit"


class Spot(NamedTuple):
    """One safety device. `closing`: it vetoes closing; else it vetoes opening."""

    sensor: Sensor
    kind: SensorKind
    closing: bool


class Input(NamedTuple):
    id: str
    part: Part
    which: int = 0  # of spots


class Output(NamedTuple):
    id: str
    part: Part
    direction: Direction | None = None  # of lights
    drive: int = 0  # of what moves


class Limits(NamedTuple):
    """Places of one drive's limits among the inputs."""

    opened: tuple[int, ...]
    closed: tuple[int, ...]


class Plan(NamedTuple):
    """One barrier. Levels and commanded outputs of its state stand in the order of `inputs` and `outputs`."""

    barrier: Barrier
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    spots: tuple[Spot, ...]
    closing: tuple[int, ...]  # places of the spots that veto closing
    opening: tuple[int, ...]
    tested: tuple[int, ...]  # spots that are wired for a self-test before a close
    limits: tuple[Limits, ...]
    places: dict[str, tuple[int, ...]]  # input id -> its places
    of_part: dict[Part, tuple[int, ...]]  # places of the inputs of a part
    relay_of: dict[int, int]  # spot -> place of its fault relay
    level_of: dict[int, int]  # spot -> place of its input
    known_first: tuple[int, ...]  # inputs that must have reported before anything moves
    motion_outputs: frozenset[str]


_SINGLE = (
    ("stop", Part.STOP),
    ("reset", Part.RESET),
    ("service_key", Part.SERVICE_KEY),
    ("cover", Part.COVER),
    ("key_open", Part.KEY_OPEN),
    ("key_close", Part.KEY_CLOSE),
    ("emergency_close", Part.EMERGENCY),
    ("fire_key", Part.FIRE_KEY),
    ("arm_detached", Part.ARM),
    ("pit_water", Part.PIT),
    ("mains", Part.MAINS),
    ("battery", Part.BATTERY),
    ("entry", Part.ENTRY),
    ("exit", Part.EXIT),
)
_FIRST = (Part.LIMIT, Part.STOP, Part.SERVICE_KEY, Part.COVER, Part.DRIVE_FAULT, Part.ARM)


def plan_of(barrier: Barrier) -> Plan:
    """The plan of a barrier."""
    spots = _spots(barrier)
    inputs: list[Input] = []
    limits = []
    for drive in barrier.drives:
        here = len(inputs)
        inputs += [Input(name, Part.LIMIT) for name in (*drive.opened, *drive.closed)]
        middle = here + len(drive.opened)
        limits.append(Limits(tuple(range(here, middle)), tuple(range(middle, len(inputs)))))
        if drive.fault is not None:
            inputs.append(Input(drive.fault, Part.DRIVE_FAULT))
    level_of, relay_of = {}, {}
    for which, spot in enumerate(spots):
        level_of[which] = len(inputs)
        inputs.append(Input(spot.sensor.input, Part.SPOT, which))
        if spot.sensor.fault is not None:
            relay_of[which] = len(inputs)
            inputs.append(Input(spot.sensor.fault, Part.SPOT_FAULT, which))
    inputs += [Input(name, part) for key, part in _SINGLE if (name := getattr(barrier, key)) is not None]
    places: dict[str, tuple[int, ...]] = {}
    for place, each in enumerate(inputs):
        places[each.id] = (*places.get(each.id, ()), place)
    return Plan(
        barrier=barrier,
        inputs=tuple(inputs),
        outputs=_outputs(barrier, spots),
        spots=spots,
        closing=tuple(which for which, spot in enumerate(spots) if spot.closing),
        opening=tuple(which for which, spot in enumerate(spots) if not spot.closing),
        tested=tuple(which for which, spot in enumerate(spots) if spot.closing and spot.sensor.test is not None),
        limits=tuple(limits),
        places=places,
        of_part={part: tuple(n for n, each in enumerate(inputs) if each.part is part) for part in Part},
        relay_of=relay_of,
        level_of=level_of,
        known_first=tuple(n for n, each in enumerate(inputs) if each.part in _FIRST),
        motion_outputs=motion_outputs(barrier),
    )


def motion_outputs(barrier: Barrier) -> frozenset[str]:
    """Every output that moves the barrier or lets it move."""
    every = [name for drive in barrier.drives for name in (drive.open, drive.close, drive.permit, drive.brake)]
    return frozenset(name for name in every if name is not None)


def _spots(barrier: Barrier) -> tuple[Spot, ...]:
    return (
        *(Spot(each, SensorKind.LOOP, True) for each in barrier.safety),
        *(Spot(each, SensorKind.PHOTOCELL, True) for each in barrier.photocells),
        *(Spot(each, SensorKind.EDGE, True) for each in barrier.edges_closing),
        *(Spot(each, SensorKind.EDGE, False) for each in barrier.edges_opening),
    )


def _outputs(barrier: Barrier, spots: tuple[Spot, ...]) -> tuple[Output, ...]:
    """What stops stands before what starts: outputs go out in this order."""
    found: list[Output] = []
    for number, drive in enumerate(barrier.drives):
        for name, part in (
            (drive.close, Part.MOVE_CLOSE),
            (drive.open, Part.MOVE_OPEN),
            (drive.permit, Part.PERMIT),
            (drive.brake, Part.BRAKE),
        ):
            if name is not None:
                found.append(Output(name, part, drive=number))
    tests = dict.fromkeys(spot.sensor.test for spot in spots if spot.closing and spot.sensor.test is not None)
    found += [Output(name, Part.TEST) for name in tests]
    for name, part in ((barrier.warning, Part.WARNING), (barrier.sounder, Part.SOUNDER)):
        if name is not None:
            found.append(Output(name, part))
    for light in barrier.lights:
        found.append(Output(light.red, Part.RED, light.direction))
        if light.green is not None:
            found.append(Output(light.green, Part.GREEN, light.direction))
    return tuple(found)

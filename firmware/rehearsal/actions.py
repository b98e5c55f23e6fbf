"""What a person at the panel can do to the plants: typed actions, and what became of each."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec

from firmware.rehearsal.barrier import Barrier
from firmware.rehearsal.door import Door
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.frames import FRAME_BITS_MAX, encode_bits, encode_card
from firmware.rehearsal.lane_actions import (
    Action,
    Arrive,
    ClearLane,
    Id,
    LaneAction,
    MoveBody,
    PressKey,
    PutBall,
    SpoilWire,
    at_lane,
)
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.reader import KEYS_MAX, Reader
from firmware.rehearsal.switch import Switch
from firmware.rehearsal.turnstile import Turnstile

PUSH_MS = 1_500  # a person leans on the door for this long
STORM_S_MAX = 60


class PresentCard(Action, frozen=True, tag="card"):
    """A card of the table."""

    reader: Id
    card: Id


class PresentFields(Action, frozen=True, tag="fields"):
    """Any card of a format the plants can write."""

    reader: Id
    format: Id
    facility: int
    number: int


class PresentBits(Action, frozen=True, tag="bits"):
    """Any bits at all, as 0 and 1; spaces are allowed."""

    reader: Id
    bits: Annotated[str, msgspec.Meta(max_length=2 * FRAME_BITS_MAX)]


class PressKeys(Action, frozen=True, tag="keys"):
    reader: Id
    keys: Annotated[str, msgspec.Meta(max_length=KEYS_MAX)]


class Storm(Action, frozen=True, tag="storm"):
    """A noise storm of 10 kHz on both lines of a reader."""

    reader: Id
    seconds: Annotated[int, msgspec.Meta(ge=1, le=STORM_S_MAX)] = 5


class Push(Action, frozen=True, tag="push"):
    door: Id


class Leave(Action, frozen=True, tag="leave"):
    door: Id


class PressRex(Action, frozen=True, tag="rex"):
    door: Id


class Force(Action, frozen=True, tag="force"):
    door: Id


class Hold(Action, frozen=True, tag="hold"):
    door: Id
    held: bool


class WalkThrough(Action, frozen=True, tag="walk"):
    turnstile: Id
    direction: Literal["in", "out"]
    force: bool = False


class SetSwitch(Action, frozen=True, tag="switch"):
    switch: Id
    active: bool


class SetTamper(Action, frozen=True, tag="tamper"):
    reader: Id
    tampered: bool


class SetFault(Action, frozen=True, tag="fault"):
    plant: Id
    fault: Id
    on: bool


class CutPower(Action, frozen=True, tag="power_cut"):
    """The controller loses its power, hard, and gets it back."""


AnyAction = (
    PresentCard
    | PresentFields
    | PresentBits
    | PressKeys
    | Storm
    | Push
    | Leave
    | PressRex
    | Force
    | Hold
    | WalkThrough
    | LaneAction
    | SetSwitch
    | SetTamper
    | SetFault
    | CutPower
)


def carry_out(plants: Plants, action: AnyAction, cut_power: Callable[[], None]) -> str:
    """Do it; returns one word for what became of it: "done", or a word of door.Push or turnstile.Walk.

    Raises ActionError (BusyError) when it cannot be done; the message says why.
    """
    match action:
        case CutPower():
            cut_power()
            return "asked"
        case WalkThrough(turnstile, direction, force):
            return _turnstile(plants, turnstile).walk(direction, force=force).value
        case SetSwitch(switch, active):
            _switch(plants, switch).set(active)
        case SetFault(plant, fault, on):
            plants.plant(plant).set_fault(fault, on)
        case Arrive() | MoveBody() | ClearLane() | PutBall() | PressKey() | SpoilWire():
            at_lane(_barrier(plants, action.barrier), action)
        case PresentCard() | PresentFields() | PresentBits() | PressKeys() | Storm() | SetTamper():
            _at_reader(plants, action)
        case Push() | Leave() | PressRex() | Force() | Hold():
            return _at_door(_door(plants, action.door), action)
    return "done"


def _at_reader(
    plants: Plants, action: PresentCard | PresentFields | PresentBits | PressKeys | Storm | SetTamper
) -> None:
    reader = _reader(plants, action.reader)
    match action:
        case PresentCard():
            reader.present(plants.card(action.card)[1])
        case PresentFields():
            reader.present(encode_card(action.format, action.facility, action.number))
        case PresentBits():
            reader.present(encode_bits(action.bits))
        case PressKeys():
            reader.press(action.keys)
        case Storm():
            reader.storm(action.seconds * 1_000)
        case SetTamper():
            reader.set_tampered(action.tampered)


def _at_door(door: Door, action: Push | Leave | PressRex | Force | Hold) -> str:
    match action:
        case Push():
            return door.push(PUSH_MS).value
        case Leave():
            return door.leave().value
        case PressRex():
            door.press_rex()
        case Force():
            door.force()
        case Hold():
            door.hold(action.held)
    return "done"


def _reader(plants: Plants, name: str) -> Reader:
    if name not in plants.readers:
        raise ActionError(f"there is no reader {name!r}")
    return plants.readers[name]


def _door(plants: Plants, name: str) -> Door:
    if name not in plants.doors:
        raise ActionError(f"there is no door {name!r}")
    return plants.doors[name]


def _turnstile(plants: Plants, name: str) -> Turnstile:
    if name not in plants.turnstiles:
        raise ActionError(f"there is no turnstile {name!r}")
    return plants.turnstiles[name]


def _barrier(plants: Plants, name: str) -> Barrier:
    if name not in plants.barriers:
        raise ActionError(f"there is no barrier {name!r}")
    return plants.barriers[name]


def _switch(plants: Plants, name: str) -> Switch:
    if name not in plants.switches:
        raise ActionError(f"there is no switch {name!r}")
    return plants.switches[name]

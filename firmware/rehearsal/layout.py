"""The file that says which plant hangs on which lines, and which demo cards lie on the table.

TOML with tables [[reader]], [[door]], [[turnstile]], [[barrier]] (barrier_layout.py), [[switch]] and [[card]]; unknown
keys are errors. Levels are "high" or "low"; times carry their unit in the name.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from firmware.rehearsal.barrier_layout import BarrierLayout, check_barrier
from firmware.rehearsal.errors import LayoutError
from firmware.rehearsal.layout_words import Id, LevelWord, LineName, Milliseconds, Name, Table
from firmware.rehearsal.layout_words import high as high

FILE_BYTES_MAX = 256 << 10  # a large site has some hundred plants
PLANTS_MAX = 200


class ReaderLayout(Table, frozen=True):
    """A Wiegand reader; timing as SIA AC-01 unless somebody wants it wrong."""

    id: Id
    d0: LineName
    d1: LineName
    name: Name | None = None
    at: Id | None = None  # the door, turnstile or barrier it stands at: only for the drawing
    side: Literal["in", "out"] = "in"
    led_green: LineName | None = None
    led_red: LineName | None = None
    buzzer: LineName | None = None
    lit_level: LevelWord = "high"
    keypad: Literal["none", "4bit", "8bit"] = "none"
    pulse_us: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 50
    interval_us: Annotated[int, msgspec.Meta(ge=20, le=100_000)] = 2_000
    jitter_us: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 10
    tamper: LineName | None = None  # low while the reader is on its wall


class DoorLayout(Table, frozen=True):
    """A door leaf with its lock, contact, exit button and handle."""

    id: Id
    lock: LineName
    contact: LineName | None = None
    rex: LineName | None = None
    name: Name | None = None
    released_level: LevelWord = "high"
    lock_kind: Literal["fail_safe", "fail_secure"] = "fail_secure"
    open_level: LevelWord = "high"
    pressed_level: LevelWord = "low"
    handle: bool = True
    handle_rex: bool = True
    coil_ms: Milliseconds = 30  # from the output to the bolt
    crack_ms: Milliseconds = 120  # from the push to the contact
    swing_ms: Milliseconds = 800  # until it stands open
    dwell_ms: Milliseconds = 1_500  # a person walks through
    close_ms: Milliseconds = 2_500  # by its closer
    bounce_ms: Milliseconds = 8  # of the contact


class TurnstileLayout(Table, frozen=True):
    """Three arms, locked both ways, released each way, dropped in danger."""

    id: Id
    release_in: LineName
    release_out: LineName
    name: Name | None = None
    drop: LineName | None = None
    active_level: LevelWord = "high"  # of the releases
    drop_level: LevelWord = "low"  # a magnet holds the arms up: without current they drop
    passage_in: LineName | None = None
    passage_out: LineName | None = None
    pulse_level: LevelWord = "low"
    turn_ms: Milliseconds = 900
    pulse_ms: Milliseconds = 150
    bounce_ms: Milliseconds = 4


class SwitchLayout(Table, frozen=True):
    """A contact that somebody or something works: fire panel, cabinet, call button."""

    id: Id
    kind: Literal["fire", "tamper", "mains", "battery", "call", "other"]
    line: LineName
    name: Name | None = None
    active_level: LevelWord = "high"


class CardLayout(Table, frozen=True):
    """A card on the table beside the panel."""

    id: Id
    format: str
    facility: int
    number: int
    name: Name | None = None
    pin: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,12}$")] = ""


class PlateLayout(Table, frozen=True):
    """A number plate that the panel offers for the vehicles of its lanes."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
    name: Name


class Layout(Table, frozen=True):
    """The whole file."""

    seed: int = 1
    reader: tuple[ReaderLayout, ...] = ()
    door: tuple[DoorLayout, ...] = ()
    turnstile: tuple[TurnstileLayout, ...] = ()
    barrier: tuple[BarrierLayout, ...] = ()
    switch: tuple[SwitchLayout, ...] = ()
    card: tuple[CardLayout, ...] = ()
    plate: tuple[PlateLayout, ...] = ()


def read_layout(path: Path) -> Layout:
    """Read and check one file. Raises LayoutError with the key and what is allowed."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise LayoutError(f"{path}: cannot be read: {error.strerror}") from error
    if len(raw) > FILE_BYTES_MAX:
        raise LayoutError(f"{path}: {len(raw)} bytes; at most {FILE_BYTES_MAX}")
    try:
        return layout_of(tomllib.loads(raw.decode()))
    except (LayoutError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayoutError(f"{path}: {error}") from error


def layout_of(table: dict[str, object]) -> Layout:
    """A layout from what TOML gives. Raises LayoutError."""
    try:
        layout = msgspec.convert(table, Layout)
    except msgspec.ValidationError as error:
        raise LayoutError(str(error)) from error
    portals = [portal.id for portals in (layout.door, layout.turnstile, layout.barrier) for portal in portals]
    ids = [*portals, *(plant.id for plants in (layout.reader, layout.switch) for plant in plants)]
    if len(ids) > PLANTS_MAX:
        raise LayoutError(f"{len(ids)} plants; at most {PLANTS_MAX}")
    for reader in layout.reader:
        if reader.at is not None and reader.at not in portals:
            raise LayoutError(
                f"reader {reader.id} stands at {reader.at!r}, which is no door, turnstile or barrier here"
            )
    for barrier in layout.barrier:
        check_barrier(barrier, {switch.id for switch in layout.switch})
    for many in (ids, [card.id for card in layout.card]):
        twice = sorted({each for each in many if many.count(each) > 1})
        if twice:
            raise LayoutError(f"id {twice[0]!r} is there twice; give each plant and each card its own")
    return layout

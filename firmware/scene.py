"""What a rehearsal tells simulated cameras of a lane: what stands where. Frames as in messages.py.

The lane runs along x in millimetres, as in the plants' file: outside is negative, the barrier stands at 0.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.messages import Message

BODIES_MAX = 64
SCENES_PER_S = 25.0
PLATE_CHARACTERS_MAX = 16
LIGHTS = ("day", "night", "rain")

Id = Annotated[str, msgspec.Meta(max_length=40)]


class Standing(msgspec.Struct, frozen=True, array_like=True):
    """One body: where its front is, how long it is, how fast it goes along the lane (inwards positive)."""

    id: int
    kind: Id
    direction: Annotated[str, msgspec.Meta(max_length=3)]  # in, out
    front_mm: int
    length_mm: Annotated[int, msgspec.Meta(ge=0, le=30_000)]
    high_mm: Annotated[int, msgspec.Meta(ge=0, le=5_000)]
    speed_mm_s: int
    plate: Annotated[str, msgspec.Meta(max_length=PLATE_CHARACTERS_MAX)] = ""


class Watch(Message, frozen=True):
    """Camera -> rehearsal: tell of this lane from now on."""

    barrier: Id


class Scene(Message, frozen=True):
    """Rehearsal -> camera: the lane as it is now, SCENES_PER_S while anything moves, else once a second.

    `open_share`: 0 the barrier is closed, 1 it is open.
    """

    barrier: Id
    at_ns: int  # CLOCK_MONOTONIC
    bodies: Annotated[tuple[Standing, ...], msgspec.Meta(max_length=BODIES_MAX)]
    mover: Id = "bollard"
    open_share: float = 1.0
    light: Annotated[str, msgspec.Meta(max_length=8)] = "day"


class Unwatched(Message, frozen=True):
    """Rehearsal -> camera: there is no such lane."""

    why: Annotated[str, msgspec.Meta(max_length=200)]


AnyFromRehearsal = Scene | Unwatched

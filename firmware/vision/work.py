"""What the vision process and its worker say to each other, over a socket pair; the pictures lie in shared memory.

One job at a time. The worker answers each, or it hangs and is ended.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.messages import Message

DETECTIONS_MAX = 64
WHY_CHARACTERS_MAX = 200
STAGES = ("plates", "vehicles")  # whose models a worker can be started with
FACES = "faces"  # one more stage, that no other one waits for
VEHICLE = "vehicle"  # among what is wanted of a picture: vehicles and people around its plates
SHARED_BYTES = 4096 * 4096 * 3  # address space only: a page is taken when it is written to

Coordinate = Annotated[float, msgspec.Meta(ge=-1e6, le=1e6)]
Sure = Annotated[float, msgspec.Meta(ge=0, le=1)]
Stage = Annotated[str, msgspec.Meta(max_length=16)]
Why = Annotated[str, msgspec.Meta(max_length=WHY_CHARACTERS_MAX)]


class Detection(msgspec.Struct, frozen=True):
    """Something in one picture; all places in its pixels.

    `kind`: plate, vehicle, person, face ...; `label`: which one of the kind (car, truck ...).
    """

    kind: Annotated[str, msgspec.Meta(max_length=16)]
    box: tuple[Coordinate, Coordinate, Coordinate, Coordinate]  # left, top, right, low
    found: Sure
    label: Annotated[str, msgspec.Meta(max_length=32)] = ""
    text: Annotated[str, msgspec.Meta(max_length=64)] = ""
    read: Sure = 0.0
    corners: Annotated[tuple[Coordinate, ...], msgspec.Meta(max_length=8)] = ()
    why: Annotated[str, msgspec.Meta(max_length=64)] = ""  # of a face: why it is not good enough
    pose: Annotated[tuple[float, ...], msgspec.Meta(max_length=2)] = ()  # of a face: turned, how open its eyes are
    vector: Annotated[bytes, msgspec.Meta(max_length=768)] = b""  # of a face that was asked for: its embedding, f32


class Job(Message, frozen=True):
    """Vision -> worker: look at what lies in the shared memory. `at_ns`: when it was taken."""

    number: int
    camera: str
    at_ns: int
    width: int
    height: int
    wanted: tuple[str, ...]


class Ready(Message, frozen=True):
    """Worker -> vision: it waits for its first job. `unable`: of its stages those that it cannot do, and what to do."""

    unable: Annotated[dict[Stage, Why], msgspec.Meta(max_length=8)] = msgspec.field(default_factory=dict)


class Done(Message, frozen=True):
    """Worker -> vision."""

    number: int
    detections: Annotated[tuple[Detection, ...], msgspec.Meta(max_length=DETECTIONS_MAX)]
    took_us: Annotated[int, msgspec.Meta(ge=0)] = 0


AnyFromWorker = Ready | Done

"""What the network process asks of the vision process, on a socket of its own: the newest picture of a camera.

Frames as in messages.py. Whoever asks shows a ticket; the vision process knows it only from the controller, which has
committed the purpose before. Nothing is pushed, nothing is queued: one question, one answer, the newest there is.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec

from firmware.messages import Message

JPEG_BYTES_MAX = 200_000  # a frame holds 256 KiB
BOXES_MAX = 24
EVERY_MS = 500  # between two pictures of one camera: two a second
WAIT_MS_MAX = 2_000  # that an answer may wait for a newer picture than the one that is there already
LIVE_MS = 2_500  # older is no picture of now, and is not given
CLIENTS_MAX = 16  # questions at a time

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Text = Annotated[str, msgspec.Meta(max_length=64)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 62)]


class Seeing(StrEnum):
    """What is to be thought of a camera's picture now."""

    LIVE = "live"
    STARTING = "starting"  # it is being opened, or models are loaded
    LOST = "lost"  # `why` says what the camera said last
    DARK = "dark"  # nothing but black: covered, or without light
    FROZEN = "frozen"  # not one point of it has changed for long: it may be an old picture, said again and again
    MASKED = "masked"  # privacy masks cover all of it
    REFUSED = "refused"  # no such ticket, or not for this camera
    BUSY = "busy"  # too many ask


class Want(Message, frozen=True):
    """Network -> vision: a picture that is newer than `after_ns`, of a camera that this ticket is for."""

    ticket: Text
    camera: Id
    after_ns: Count = 0

    def __repr__(self) -> str:
        return f"Want({self.camera!r}, ...)"  # a ticket is worth pictures


class Box(msgspec.Struct, frozen=True):
    """Something that is seen, as it is drawn: `number` stands in the picture, too.

    `kind`: vehicle or plate; nobody's face and no person is marked. `label`: which vehicle; `text`: what the plate
    says, once several looks agreed. left, top, right, low in shares of the picture.
    """

    number: Annotated[int, msgspec.Meta(ge=1, le=BOXES_MAX)]
    kind: Annotated[str, msgspec.Meta(max_length=16)]
    label: Annotated[str, msgspec.Meta(max_length=32)]
    text: Text
    box: tuple[Share, Share, Share, Share]


class Pictured(Message, frozen=True):
    """Vision -> network: the answer. `jpeg` is empty where there is no picture of now, or none newer.

    `at_ns`: when it was taken, CLOCK_MONOTONIC; `age_ms` at the moment of this answer (of the last picture there was,
    where none is given; None: there never was one). `still_ms`: for how long not one point of it has changed.
    """

    camera: Id
    seeing: Seeing
    at_ns: Count = 0
    age_ms: Annotated[int, msgspec.Meta(ge=0)] | None = None
    why: Annotated[str, msgspec.Meta(max_length=200)] = ""
    size: tuple[int, int] = (0, 0)
    boxes: Annotated[tuple[Box, ...], msgspec.Meta(max_length=BOXES_MAX)] = ()
    jpeg: Annotated[bytes, msgspec.Meta(max_length=JPEG_BYTES_MAX)] = b""
    still_ms: Annotated[int, msgspec.Meta(ge=0)] = 0

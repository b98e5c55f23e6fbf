"""What the controller and the vision process say to each other over the socket of the role "vision".

Frames as in messages.py. The controller says which cameras to look through and how; the vision process says every
second whether it sees through each, and what was recognised. Pictures never go over it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from firmware.messages import Message

CAMERAS_MAX = 16
TEXT_CHARACTERS_MAX = 64
WHY_CHARACTERS_MAX = 200
COUNTERS_MAX = 48
FACES_PER_FRAME = 64  # of 5 templates each: 130 kB
STATE_S = 1.0  # between two states of a camera

Id = Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
Word = Annotated[str, msgspec.Meta(max_length=16)]
Text = Annotated[str, msgspec.Meta(max_length=TEXT_CHARACTERS_MAX)]
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
Polygon = Annotated[tuple[tuple[Share, Share], ...], msgspec.Meta(max_length=24)]
Path = Annotated[str, msgspec.Meta(max_length=400)]


class CameraOrder(msgspec.Struct, frozen=True):
    """How to look through one camera. Corners are shares of the picture."""

    camera: Id
    source: Path
    frames_per_s: Annotated[int, msgspec.Meta(ge=1, le=30)]
    size: tuple[int, int]
    masks: Annotated[tuple[Polygon, ...], msgspec.Meta(max_length=16)]
    zone: Polygon
    wanted: Annotated[tuple[Word, ...], msgspec.Meta(max_length=8)]
    reads_min: Annotated[int, msgspec.Meta(ge=2, le=20)]
    vehicle_needed: bool = True
    password_file: Path = ""
    evidence_hours: Annotated[int, msgspec.Meta(ge=0, le=2160)] = 0
    line: Polygon = ()
    vehicles: bool = True


class Look(Message, frozen=True):
    """Controller -> vision: these cameras and no others."""

    site: str
    cameras: Annotated[tuple[CameraOrder, ...], msgspec.Meta(max_length=CAMERAS_MAX)]


class FaceRows(msgspec.Struct, frozen=True):
    """The templates of one enrolled face: 192 numbers each, float16 little-endian."""

    face: Text
    values: Annotated[tuple[Annotated[bytes, msgspec.Meta(max_length=384)], ...], msgspec.Meta(max_length=8)]

    def __repr__(self) -> str:
        return f"FaceRows({self.face!r}, ...)"  # templates are never printed


class Compare(Message, frozen=True):
    """Controller -> vision: whose face is before this camera, of these? As many in a row as it takes (`more`).

    Nobody is embedded before it, nor after it has its answer, `until_ns` is over, or Forget has come.
    """

    camera: Id
    ask: Id
    faces: Annotated[tuple[FaceRows, ...], msgspec.Meta(max_length=FACES_PER_FRAME)]
    steps: Annotated[tuple[Word, ...], msgspec.Meta(max_length=8)]
    until_ns: Annotated[int, msgspec.Meta(ge=0)]
    more: bool = False


class Forget(Message, frozen=True):
    """Controller -> vision: nobody asks at this camera any more; templates and what was compared go."""

    camera: Id


class Take(Message, frozen=True):
    """Controller -> vision: somebody before this camera has consented to be enrolled, and the journal has it.

    Nobody is embedded before it, nor after `until_ns`; 0: nobody is to be enrolled any more.
    """

    camera: Id
    ask: Id
    until_ns: Annotated[int, msgspec.Meta(ge=0)]


class FaceTaken(Message, frozen=True):
    """Vision -> controller: how far an enrolment is, and at its end (`over`, `why` empty) what was taken of the face.

    `step`: which angle is missing: straight, left, right; `why`: what was wrong with the last frame.
    """

    camera: Id
    ask: Id
    taken: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0
    least: Annotated[int, msgspec.Meta(ge=0, le=8)] = 0
    step: Word = ""
    why: Annotated[tuple[Word, ...], msgspec.Meta(max_length=4)] = ()
    over: bool = False
    embedder: Text = ""
    templates: Annotated[tuple[Annotated[bytes, msgspec.Meta(max_length=384)], ...], msgspec.Meta(max_length=8)] = ()
    turns: Annotated[tuple[float, ...], msgspec.Meta(max_length=8)] = ()

    def __repr__(self) -> str:
        return f"FaceTaken({self.camera!r}, {self.taken}, ...)"  # templates are never printed


class Show(Message, frozen=True):
    """Controller -> vision: the purpose of this ticket stands in the journal: pictures of these cameras may be seen.

    Until `until_ns`, or until this connection ends; without cameras: no more.
    """

    ticket: Text
    cameras: Annotated[tuple[Id, ...], msgspec.Meta(max_length=CAMERAS_MAX)] = ()
    until_ns: Annotated[int, msgspec.Meta(ge=0)] = 0

    def __repr__(self) -> str:
        return f"Show({self.cameras!r}, ...)"  # a ticket is worth pictures


class End(Message, frozen=True):
    """Controller -> vision: end yourself; whoever supervises you starts you again. A person asked for it."""


class FaceStep(Message, frozen=True):
    """Vision -> controller: what the person before this camera is to do now (`step` empty: look straight ahead).

    `over`: the ask has ended, with why: late, other, or why a challenge failed.
    """

    camera: Id
    ask: Id
    step: Word = ""
    over: bool = False
    why: Word = ""


class Sighting(Message, frozen=True):
    """Vision -> controller: one thing was recognised, over several frames. `at_ns`: CLOCK_MONOTONIC of the newest."""

    camera: Id
    kind: Word  # plate, face, object
    text: Text
    found: Share
    read: Share
    reads: Annotated[int, msgspec.Meta(ge=1, le=10_000)]
    at_ns: Annotated[int, msgspec.Meta(ge=0)]
    direction: Word  # towards, away, unknown
    box: tuple[Share, Share, Share, Share]  # left, top, right, low
    evidence: Text = ""
    track: Count = 0


class CameraState(Message, frozen=True):
    """Vision -> controller, every STATE_S and at once when it changes: it sees (`why` empty), or why not.

    `failed`: it has tried and could not; else it is still beginning.
    """

    camera: Id
    why: Annotated[str, msgspec.Meta(max_length=WHY_CHARACTERS_MAX)] = ""
    counters: Annotated[dict[Id, Count], msgspec.Meta(max_length=COUNTERS_MAX)] = msgspec.field(default_factory=dict)
    failed: bool = False


AnyFromVision = Sighting | CameraState | FaceStep | FaceTaken
AnyToVision = Look | Compare | Forget | Show | Take | End

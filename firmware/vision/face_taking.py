"""Takes the pictures of an enrolment, from files or through a camera, and gives templates and what became of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from firmware.sightings import CameraOrder
from firmware.terminal import TerminalError
from firmware.vision.cameras.makers import camera_of
from firmware.vision.clock import now_ns
from firmware.vision.errors import CameraError
from firmware.vision.face_enrolment import Enrolment, Verdict
from firmware.vision.face_limits import ANGLES_MIN
from firmware.vision.frames import Picture
from models.faces import pipeline
from models.manifest import ModelError, manifest
from models.pictures import PictureError
from models.pictures import taken as read

LOOKS_S = 0.25  # between two looks through a camera: somebody turns the head meanwhile
SIZE = (1280, 720)
RATE = 10
VERDICTS_MAX = 500


class Taken(NamedTuple):
    """What an enrolment gave."""

    templates: tuple[bytes, ...]
    turns: tuple[float, ...]
    verdicts: tuple[tuple[str, Verdict], ...]
    embedder: str
    enough: bool
    least: int = ANGLES_MIN


def taken(pictures: Sequence[Path], source: str | None, seconds: int) -> Taken:
    """Of files, or of a camera for so long. Raises TerminalError where there are no models, or no camera."""
    try:
        enrolment = Enrolment(pipeline.load())
    except ModelError as error:
        raise TerminalError(str(error)) from error
    verdicts: list[tuple[str, Verdict]] = []
    for name, picture in _still(pictures) if source is None else _seen(source, seconds):
        verdicts.append((name, enrolment.take(picture)))
        if enrolment.full or len(verdicts) >= VERDICTS_MAX:
            break
    embedder = manifest()["face_embedder"].sha256
    return Taken(enrolment.templates(), enrolment.turns, tuple(verdicts), embedder, enrolment.enough)


def _still(pictures: Sequence[Path]) -> Iterator[tuple[str, Picture]]:
    for path in pictures:
        try:
            found = read(path)
        except PictureError as error:
            raise TerminalError(f"{path.name} {error}") from error
        if found.pictures > 1:
            raise TerminalError(f"{path.name} holds {found.pictures} pictures: give one still picture a file")
        yield path.name, found.picture


def _seen(source: str, seconds: int) -> Iterator[tuple[str, Picture]]:
    """A picture every LOOKS_S through a camera."""
    order = CameraOrder("enrolment", source, RATE, SIZE, (), (), ("face",), 2)
    try:
        camera = camera_of(order)
        camera.open()
    except CameraError as error:
        raise TerminalError(f"--camera {source}: {error}") from error
    try:
        began, due = now_ns(), 0
        while now_ns() - began < seconds * 1_000_000_000:
            raw = camera.next()
            if raw is None or raw.at_ns < due:
                continue
            due = raw.at_ns + round(LOOKS_S * 1e9)
            yield f"{(raw.at_ns - began) / 1e9:.1f} s", raw.picture()
    except CameraError as error:
        raise TerminalError(f"--camera {source}: {error}") from error
    finally:
        camera.close()

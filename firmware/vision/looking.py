"""Looks at a file, picture or film, and says what was seen: one JSON object a file, for `menshen recognise`.

A picture:

    {"file", "what": "picture", "width", "height", "pictures",    # how many are in the file; the first was looked at
     "plates": [{"text", "read", "found", "kind", "box", "corners", "letters", "second", "vehicle"}],
     "vehicles": [{"kind", "found", "box"}], "people": [...], "animals": [...], "faces": [{"found", "box"}],
     "ms": {"decode", "plates", "reading", "vehicles", "faces", "whole"}}

A film: {"file", "what": "film", "width", "height", "passed", "cut", "broken", "resized", "frames": [{"frame", "at_s",
"plates", "vehicles", "people", "animals", "faces", "ms"}], "tracks": [{"what", "text", "found", "read", "reads",
"direction", "vehicle", "box", "first_s", "last_s"}], "no_plates": {why: how often}, "ms": medians}.

Boxes are left, top, right, bottom and corners left top, right top, right bottom, left bottom: pixels of the upright
picture. `found`, `read` are 0..1: how sure that it is there, that it says so. A file that cannot be read is {"file",
"error": {"word", "text"}}, with all that was seen before it broke off; `missing` names stages whose models are not
here, and why. Faces are boxes only.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from firmware.vision.clock import now_ns
from firmware.vision.following import Voted
from firmware.vision.plate_follower import VehicleFollower
from firmware.vision.recogniser import OTHERS, detections_of
from models.films import Film, Still
from models.pictures import PictureError, taken
from models.recogniser import Box, Recogniser, Seen, SeenPlate
from models.vehicles import MOTOR, Thing
from models.warp import Picture

Outcome = dict[str, Any]
Sight = Callable[[Picture, Outcome, str], None]  # a picture, what is in it, and the number of a film's picture or ""

READS_MIN = 2  # of a track that agree (DESIGN.md, section 3)
TRACKS_MAX = 2_000  # of one film that are told
NS = 1_000_000_000
MS = 1e6


def look_at(
    path: Path, recogniser: Recogniser, wanted: Sequence[str], every: int, most: int, sight: Sight, passed: Passed
) -> Outcome:
    """Everything that is seen in a file. `sight` is shown each picture, `passed` told how many of a film are done."""
    try:
        began = now_ns()
        still = taken(path)
        decode_ms = (now_ns() - began) / MS
    except PictureError as error:
        if error.word not in ("unknown", "heavy"):
            return _failed(path, error)
        outcome = _film(path, recogniser, wanted, Film(path, every, most), sight, passed)
        none_either = outcome.get("error", {}).get("word") == "unknown"
        return _failed(path, error) if none_either else outcome
    seen = recogniser.recognise(still.picture, wanted)
    found = told(seen)
    found["ms"] = {"decode": round(decode_ms, 2), **found["ms"]}
    height, width = still.picture.shape[:2]
    outcome = {
        "file": str(path), "what": "picture", "width": width, "height": height, "pictures": still.pictures, **found
    }  # fmt: skip
    sight(still.picture, outcome, "")
    return outcome


def _film(
    path: Path, recogniser: Recogniser, wanted: Sequence[str], film: Film, sight: Sight, passed: Passed
) -> Outcome:
    follower = VehicleFollower(READS_MIN, vehicle_needed=False, objects=True)
    frames: list[Outcome] = []
    tracks: dict[tuple[str, int], Outcome] = {}
    outcome: Outcome = {"file": str(path), "what": "film"}
    try:
        for still in film.stills():
            height, width = still.picture.shape[:2]
            outcome.setdefault("width", width)
            outcome.setdefault("height", height)
            seen = recogniser.recognise(still.picture, wanted)
            frame = {"frame": still.number, "at_s": round(still.at_s, 3), **told(seen)}
            frames.append(frame)
            _follow(tracks, follower.see(detections_of(seen), round(still.at_s * NS), (width, height)), still)
            sight(still.picture, frame, f"{still.number:06}")
            passed(len(frames))
    except PictureError as error:
        if not frames:
            return _failed(path, error)
        outcome["error"] = {"word": error.word, "text": str(error), **_values(error)}
    names = frames[0]["ms"]
    ms = {name: round(statistics.median(each["ms"].get(name, 0.0) for each in frames), 2) for name in names}
    return {
        **outcome,
        "passed": film.passed,
        "cut": film.cut,
        "broken": film.broken,
        "resized": film.resized,
        "frames": frames,
        "tracks": list(tracks.values()),
        "no_plates": dict(follower.refused),
        "ms": ms,
    }


def told(seen: Seen) -> Outcome:
    """What was seen in one picture."""
    return {
        "plates": [_plate(each, seen.vehicles) for each in seen.plates],
        "vehicles": [_thing(each) for each in seen.vehicles if each.kind not in OTHERS],
        "people": [_thing(each) for each in seen.vehicles if each.kind == "person"],
        "animals": [_thing(each) for each in seen.vehicles if each.kind == "dog"],
        "faces": [{"found": round(each.sure, 4), "box": _box(each.box)} for each in seen.faces],
        "ms": {name: round(value, 2) for name, value in seen.ms.items()},
    }


def _plate(plate: SeenPlate, things: Sequence[Thing]) -> Outcome:
    carrier = carrier_of(plate.box, things)
    return {
        "text": plate.text,
        "read": round(plate.read, 4),
        "found": round(plate.found, 4),
        "kind": plate.kind,
        "box": _box(plate.box),
        "corners": [[round(float(x), 1), round(float(y), 1)] for x, y in plate.quad],
        "letters": [round(each, 3) for each in plate.letters],
        "second": plate.second,
        "vehicle": None if carrier is None else carrier.kind,
    }


def carrier_of(plate: Box, things: Sequence[Thing]) -> Thing | None:
    """The vehicle that carries a plate: of several whose boxes hold its middle the smallest."""
    x, y = (plate[0] + plate[2]) / 2, (plate[1] + plate[3]) / 2
    around = [
        each
        for each in things
        if each.kind in MOTOR and each.box[0] <= x <= each.box[2] and each.box[1] <= y <= each.box[3]
    ]
    return min(around, key=lambda each: (each.box[2] - each.box[0]) * (each.box[3] - each.box[1]), default=None)


def _thing(thing: Thing) -> Outcome:
    return {"kind": thing.kind, "found": round(thing.sure, 4), "box": _box(thing.box)}


def _box(box: Box) -> list[float]:
    return [round(float(side), 1) for side in box]


def _follow(tracks: dict[tuple[str, int], Outcome], voted: Sequence[Voted], still: Still) -> None:
    """Keep the newest word on each track, and since when there is one."""
    for each in voted:
        key = (each.kind, each.track)
        if key not in tracks and len(tracks) >= TRACKS_MAX:
            continue
        first_s = tracks[key]["first_s"] if key in tracks else round(still.at_s, 3)
        tracks[key] = {
            "what": each.kind,
            "text": each.text,
            "found": round(each.found, 4),
            "read": round(each.read, 4),
            "reads": each.reads,
            "direction": each.direction,
            "vehicle": each.vehicle,
            "box": _box(each.box),
            "first_s": first_s,
            "last_s": round(still.at_s, 3),
        }


def _failed(path: Path, error: PictureError) -> Outcome:
    return {"file": str(path), "error": {"word": error.word, "text": str(error), **_values(error)}}


def _values(error: PictureError) -> dict[str, object]:
    return {"values": error.values} if error.values else {}


Passed = Callable[[int], None]

"""What the worker does with a picture: finds plates, reads them, and finds what carries them. In its process only.

Vehicles are looked for where there is a plate, or where objects are wanted: by one detector, which sees what is near,
and in every few frames, or where that one sees nothing around a plate, by the one that tells kinds apart too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from typing import TYPE_CHECKING

from firmware.vision.clock import now_ns
from firmware.vision.face_recogniser import FaceRecogniser
from firmware.vision.frames import Picture
from firmware.vision.work import FACES, STAGES, VEHICLE, Detection
from firmware.vision.worker import CannotBegin, Recognise

if TYPE_CHECKING:
    from models.recogniser import Seen
    from models.vehicles import Thing

KINDS_EVERY = 4  # frames: the kind of a vehicle is voted over its track, too
OTHERS = ("person", "dog")  # things that are no vehicles
LOOKED_FOR = {"plates": {"plate"}, "vehicles": {VEHICLE, "object"}}  # by the stage: what is wanted of a picture


def build(stages: Sequence[str] = STAGES) -> Recognise:
    """Load the models of these stages. Raises CannotBegin where one is missing or is not what the manifest says."""
    from models.manifest import ModelError, manifest
    from models.recogniser import DETECTOR, READER, Recogniser

    if "plates" in stages and not {DETECTOR, READER} <= manifest().keys():
        raise CannotBegin("our plate models are not part of this build: it reads no plate, whatever is fetched")
    try:
        models = Recogniser.load(now_ns, [each for each in stages if each in STAGES])
    except ModelError as error:
        raise CannotBegin(str(error)) from error

    frames, faces = count(), FaceRecogniser()
    missing = faces.load() if FACES in stages else ""  # now: it takes longer than a picture may
    if missing and set(stages) == {FACES}:
        raise CannotBegin(missing)

    def recognise(picture: Picture, _at_ns: int, wanted: Sequence[str]) -> list[Detection]:
        asked = faces(picture, wanted)
        if "plate" not in wanted and "object" not in wanted:
            return asked
        now = [name for name, words in LOOKED_FOR.items() if not words.isdisjoint(wanted)]
        every = next(frames) % KINDS_EVERY == 0
        return asked + detections_of(models.recognise(picture, now, thorough=every, bare="object" in wanted))

    return recognise


def detections_of(seen: Seen) -> list[Detection]:
    """Plates, vehicles, people and dogs in the words of the vision process; faces are followed by nobody."""
    plates = [
        Detection("plate", each.box, each.found, "", each.text, each.read, tuple(map(float, each.quad.reshape(-1))))
        for each in seen.plates
    ]
    return plates + [thing_seen(each) for each in seen.vehicles]


def thing_seen(thing: Thing) -> Detection:
    """A vehicle, a person or a dog."""
    return Detection(thing.kind if thing.kind in OTHERS else "vehicle", thing.box, thing.sure, thing.kind)

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
from firmware.vision.worker import Built

if TYPE_CHECKING:
    from models.manifest import ModelError
    from models.recogniser import Seen, Stages
    from models.vehicles import Thing

KINDS_EVERY = 4  # frames: the kind of a vehicle is voted over its track, too
OTHERS = ("person", "dog")  # things that are no vehicles
LOOKED_FOR = {"plates": {"plate"}, "vehicles": {VEHICLE, "object"}}  # by the stage: what is wanted of a picture


def build(stages: Sequence[str] = STAGES) -> Built:
    """Load the models of these stages. One whose models are missing, or not what the manifest says, is not done."""
    from models.manifest import manifest
    from models.recogniser import DETECTOR, READER, Recogniser

    here, missing_models = gathered([each for each in stages if each in STAGES])
    unable = {name: str(error) for name, error in missing_models.items()}
    if "plates" in unable and not {DETECTOR, READER} <= manifest().keys():
        unable["plates"] = "our plate models are not part of this build: it reads no plate, whatever is fetched"
    models, frames, faces = Recogniser(here, now_ns), count(), FaceRecogniser()
    missing = faces.load() if FACES in stages else ""  # now: it takes longer than a picture may
    if missing:
        unable[FACES] = missing

    def recognise(picture: Picture, _at_ns: int, wanted: Sequence[str]) -> list[Detection]:
        asked = faces(picture, wanted)
        if "plate" not in wanted and "object" not in wanted:
            return asked
        now = [name for name, words in LOOKED_FOR.items() if not words.isdisjoint(wanted)]
        every = next(frames) % KINDS_EVERY == 0
        return asked + detections_of(models.recognise(picture, now, thorough=every, bare="object" in wanted))

    return Built(recognise, unable)


def gathered(wanted: Sequence[str], runtime: str | None = None) -> tuple[Stages, dict[str, ModelError]]:
    """The stages whose models are here, and of the others why not."""
    from models.manifest import ModelError
    from models.recogniser import STAGES as ALL
    from models.recogniser import Stages, stages_of

    stages, missing = Stages(), dict[str, ModelError]()
    for name in (each for each in ALL if each in wanted):
        try:
            found = stages_of((name,), runtime)
        except ModelError as error:
            missing[name] = error
            continue
        changed = {field: value for field, value in found._asdict().items() if value != Stages._field_defaults[field]}
        stages = stages._replace(**changed)
    return stages, missing


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

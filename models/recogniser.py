"""All models together: a picture in, everything that is seen in it out, and how long each stage took.

`Recogniser.load` makes it of the models of the manifest; a test, or somebody with other models, gives the stages.
Faces are boxes here and nothing else: whose face it is, is asked elsewhere, of people who enrolled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np

from models.calibration import Curve, curve
from models.manifest import ModelError, manifest
from models.plates.ctc import Read
from models.plates.detector import Found
from models.plates.kind import kind_of
from models.vehicles import Thing
from models.warp import Picture, Quad

STAGES = ("vehicles", "plates", "faces")  # what may be asked for; plates are found and read
READER, DETECTOR = "plate_reader", "plate_detector"  # of the manifest
FACES = ("face_detector", "face_detector_back")
ALONE, READABLE = 0.8, 0.2  # see `believed`
NS_IN_MS = 1e6

Box = tuple[float, float, float, float]  # left, top, right, bottom; pixels
Clock = Callable[[], int]  # nanoseconds that only rise


class FindThings(Protocol):
    """Vehicles, people and dogs of a picture u8[h, w, 3]. `around`: what carries these plates will do, at less cost."""

    def __call__(self, picture: Picture, around: Sequence[Box] | None, /) -> Sequence[Thing]: ...


class FindPlates(Protocol):
    """Where plates are in a picture, the surest first."""

    def __call__(self, picture: Picture, /) -> Sequence[Found]: ...


class ReadPlate(Protocol):
    """What the plate between four corners of a picture says."""

    def __call__(self, picture: Picture, quad: Quad, /) -> Read: ...


class FaceBox(NamedTuple):
    """A face: where, and how sure, 0..1. No more is known of it."""

    box: Box
    sure: float


class FindFaces(Protocol):
    """Where faces are in a picture."""

    def __call__(self, picture: Picture, /) -> Sequence[FaceBox]: ...


class Stages(NamedTuple):
    """What a recogniser is made of; a stage that is None is not there. Curves calibrate what two of them say."""

    vehicles: FindThings | None = None
    plates: FindPlates | None = None
    reading: ReadPlate | None = None
    faces: FindFaces | None = None
    found: Curve = Curve()
    read: Curve = Curve()


class SeenPlate(NamedTuple):
    """A plate. `found`: how sure that it is one; `read`: that it says `text` (empty: it cannot be read); calibrated.

    `letters`: of each character; `second`: the next best text; `kind`: its colour; `said`: what detector and reader
    said themselves, before calibration.
    """

    quad: Quad
    box: Box
    found: float
    text: str
    read: float
    kind: str
    letters: tuple[float, ...] = ()
    second: str = ""
    said: tuple[float, float] = (0.0, 0.0)


def believed(plate: SeenPlate) -> bool:
    """Whether it is a plate at all: the detector alone is sure, or what it says can be read.

    Lamps, badges and what a camera writes into its picture look a little like plates, and read like none.
    """
    found, read = plate.said
    return found >= ALONE or read >= READABLE


class Seen(NamedTuple):
    """Everything in one picture. `ms`: of each stage that ran (vehicles, plates, reading, faces), and `whole`."""

    vehicles: tuple[Thing, ...]
    plates: tuple[SeenPlate, ...]
    faces: tuple[FaceBox, ...]
    ms: dict[str, float]


class Recogniser:
    """Not for two threads at once. `clock` is read for `ms` only."""

    def __init__(self, stages: Stages, clock: Clock) -> None:
        self._stages = stages
        self._clock = clock

    @classmethod
    def load(
        cls, clock: Clock, wanted: Sequence[str] = STAGES, runtime: str | None = None, threads: int = 1
    ) -> Recogniser:
        """Of the models of the manifest, each loaded once. Raises ModelError where one that is wanted is not there."""
        return cls(stages_of(wanted, runtime, threads), clock)

    @property
    def has(self) -> tuple[str, ...]:
        """Of STAGES those that are there."""
        return tuple(name for name in STAGES if getattr(self._stages, name) is not None)

    def recognise(
        self, picture: Picture, wanted: Sequence[str] = STAGES, *, thorough: bool = True, bare: bool = True
    ) -> Seen:
        """Look at a picture u8[h, w, 3] RGB; of `wanted` what is there.

        Not `thorough`: vehicles at half the cost, see FindThings. Not `bare`: none where there is no plate.
        """
        stages, ms = self._stages, dict[str, float]()
        plates: tuple[SeenPlate, ...] = ()
        vehicles: tuple[Thing, ...] = ()
        faces: tuple[FaceBox, ...] = ()
        began = self._clock()
        if stages.plates is not None and "plates" in wanted:
            found = stages.plates(picture)
            ms["plates"] = self._since(began)
            start = self._clock()
            plates = tuple(self._plate(picture, each) for each in found)
            if stages.reading is not None:
                plates = tuple(filter(believed, plates))
            ms["reading"] = self._since(start)
        if stages.vehicles is not None and "vehicles" in wanted and (bare or plates):
            start = self._clock()
            vehicles = tuple(stages.vehicles(picture, None if thorough else [each.box for each in plates]))
            ms["vehicles"] = self._since(start)
        if stages.faces is not None and "faces" in wanted:
            start = self._clock()
            faces = tuple(stages.faces(picture))
            ms["faces"] = self._since(start)
        ms["whole"] = self._since(began)
        return Seen(vehicles, plates, faces, ms)

    def read(self, picture: Picture, quad: Quad) -> SeenPlate:
        """Read one plate whose corners are known. Raises ModelError where the reader is not there."""
        if self._stages.reading is None:
            raise ModelError("the reader of plates is not loaded")
        return self._plate(picture, Found(np.asarray(quad, np.float32), 1.0))

    def _plate(self, picture: Picture, found: Found) -> SeenPlate:
        sure = self._stages.found.at(found.sure)
        if self._stages.reading is None:
            return SeenPlate(found.quad, found.box, sure, "", 0.0, "unknown", said=(found.sure, 0.0))
        text, probability, letters, second = self._stages.reading(picture, found.quad)
        kind = kind_of(picture, found.quad, text)
        read = self._stages.read.at(probability) if text else 0.0
        return SeenPlate(found.quad, found.box, sure, text, read, kind, letters, second, (found.sure, probability))

    def _since(self, start: int) -> float:
        return (self._clock() - start) / NS_IN_MS


def stages_of(wanted: Sequence[str], runtime: str | None = None, threads: int = 1) -> Stages:
    """The stages of the models of the manifest. Raises ModelError; ValueError for a word that is not of STAGES."""
    unknown = [each for each in wanted if each not in STAGES]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no stage; there are {', '.join(STAGES)}")
    stages = Stages()
    if "vehicles" in wanted:
        stages = stages._replace(vehicles=_vehicles(runtime, threads))
    if "plates" in wanted:
        from models.interpreter import load_interpreter
        from models.plates.detector import detect

        detector = load_interpreter(DETECTOR, runtime, threads)
        reading, read = reader_of(runtime, threads)
        stages = stages._replace(
            plates=lambda picture: detect(detector, picture), reading=reading, found=curve_for(DETECTOR), read=read
        )
    if "faces" in wanted:
        stages = stages._replace(faces=_faces(runtime, threads))
    return stages


def reader_of(runtime: str | None = None, threads: int = 1) -> tuple[ReadPlate, Curve]:
    """The reader of plates alone, and its calibration. Raises ModelError."""
    from models.interpreter import load_interpreter
    from models.plates.reader import read_at

    reader = load_interpreter(READER, runtime, threads)
    return (lambda picture, quad: read_at(reader, picture, quad)), curve_for(READER)


def curve_for(name: str) -> Curve:
    """The calibration of a model of the manifest; the empty one where it has none. Raises ModelError."""
    model = manifest().get(name)
    return Curve() if model is None else curve(name, model.calibration)


def _vehicles(runtime: str | None, threads: int) -> FindThings:
    from models.vehicles import detect, detect_around, load

    detectors = load(runtime=runtime, threads=threads)

    def find(picture: Picture, around: Sequence[Box] | None) -> Sequence[Thing]:
        return detect(detectors, picture) if around is None else detect_around(detectors, picture, around)

    return find


def _faces(runtime: str | None, threads: int) -> FindFaces:
    """The near detector, and where it sees none the far one. No landmarks, no embedding."""
    from models.faces.detector import detect
    from models.interpreter import load_interpreter

    near, far = (load_interpreter(name, runtime, threads) for name in FACES)

    def find(picture: Picture) -> Sequence[FaceBox]:
        return [FaceBox(each.box, each.sure) for each in detect(near, picture) or detect(far, picture)]

    return find

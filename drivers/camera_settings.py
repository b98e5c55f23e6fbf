"""What a `[[device]]` table of a camera may hold. Addresses of cameras are shown without their secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

import msgspec

from drivers.settings import LineUse, Problem
from drivers.sights import Order, Polygon

FRAMES_PER_S = (1, 30)
SIDE_PX = (160, 4096)
SIZE_PX = (1280, 720)
CORNERS = (3, 24)
POLYGONS_MAX = 16
CONFIDENCE_MIN = 0.5  # less than that is a guess
READS_MIN = (2, 20)  # one look at a plate is none: two have to agree (DESIGN.md, section 3); of plates always three
REPEAT_MS = (200, 10_000)
EVIDENCE_HOURS = 72  # longer has to be justified: EDPB guidelines 3/2019, section 8
EVIDENCE_HOURS_MAX = 24 * 90
SOURCE_CHARACTERS_MAX = 300
AREA_MIN = 1e-6  # of a polygon, in shares of the picture

_STREAM = ("rtsp", "rtsps")
_BOARD_CAMERA = re.compile(r"picamera2(:[0-9])?")
_SIMULATED = re.compile(r"simulated:[a-z][a-z0-9_]{0,39}:(in|out)")
_SECRET = re.compile(r"(pass|passwd|password|pwd|token|key|secret)=", re.IGNORECASE)


Corner = Annotated[tuple[float, ...], msgspec.Meta(min_length=2, max_length=2)]
Pair = Annotated[tuple[int, ...], msgspec.Meta(min_length=2, max_length=2)]


class Travel(StrEnum):
    """Which vehicles count, as the camera sees them go."""

    ANY = "any"
    TOWARDS = "towards"
    AWAY = "away"


class Seen(StrEnum):
    """What a camera is to look for."""

    PLATE = "plate"
    FACE = "face"
    OBJECT = "object"


class CameraConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="camera"):
    """A `[[device]]` table of kind "camera". Corners are shares of the picture, so that its size may change."""

    id: str
    source: str  # rtsp://HOST/PATH, rtsps://, picamera2[:N], file:/PATH, simulated:BARRIER:in
    wanted: tuple[Seen, ...] = (Seen.PLATE,)
    frames_per_s: int = 10
    size: Pair = SIZE_PX
    masks: tuple[tuple[Corner, ...], ...] = ()  # is black before anything else sees the picture
    zone: tuple[Corner, ...] = ()
    travel: Travel = Travel.ANY
    line: tuple[Corner, ...] = ()  # across the lane: over it from its left side, as one walks along it, is towards
    found_min: float = 0.6  # how sure it must be that there is a plate or a face
    read_min: float = 0.9  # and what it says
    reads_min: int = READS_MIN[0]
    vehicle_needed: bool = True  # a plate that hangs at no vehicle, or in a hand, is none
    vehicles: bool = True  # are looked for, and people; false: less work, and nobody notices a hand that holds a plate
    repeat_ms: int = 700  # a plate that stays is told again after so long: it may have come before its loop knew
    user: str = ""
    password_file: str = ""
    evidence_hours: int = EVIDENCE_HOURS  # 0: no frame is kept
    evidence_why: str = ""

    def lines(self) -> tuple[LineUse, ...]:
        """None of the board's: a camera is no line."""
        return ()

    def order(self) -> Order:
        """What the vision process is asked for."""
        return Order(
            self.id,
            with_user(self.source, self.user),
            self.frames_per_s,
            (self.size[0], self.size[1]),
            tuple(map(polygon_of, self.masks)),
            polygon_of(self.zone),
            tuple(each.value for each in self.wanted),
            self.reads_min,
            self.vehicle_needed,
            self.password_file,
            self.evidence_hours,
            polygon_of(self.line),
            self.vehicles,
        )

    def problems(self) -> tuple[Problem, ...]:
        return (*self._source_problems(), *self._picture_problems(), *self._number_problems())

    def _source_problems(self) -> Iterator[Problem]:
        if secret_in(self.source):
            yield Problem("source", without_secrets(self.source), "", "camera_password")
        elif not source_known(self.source):
            yield Problem("source", without_secrets(self.source), "", "camera_source")
        if self.password_file and not self.password_file.startswith("/"):
            yield Problem("password_file", self.password_file, "", "camera_password_file")
        elif bool(self.password_file) != bool(self.user):
            yield Problem("user", self.user or "-", "", "camera_user")
        elif self.user and not self.source.startswith(_STREAM):
            yield Problem("user", self.user, "", "camera_user_stream")

    def _picture_problems(self) -> Iterator[Problem]:
        if len(self.masks) > POLYGONS_MAX:
            yield Problem("masks", str(len(self.masks)), f"at most {POLYGONS_MAX}")
        zones = [("zone", self.zone)] if self.zone else []
        for key, polygon in (*((f"masks[{index}]", mask) for index, mask in enumerate(self.masks)), *zones):
            if any(len(corner) != 2 for corner in polygon):
                continue  # said already, as of every list
            if not CORNERS[0] <= len(polygon) <= CORNERS[1] or area_of(polygon_of(polygon)) < AREA_MIN:
                yield Problem(key, str(len(polygon)), "", "camera_polygon")
            elif any(not 0 <= each <= 1 for corner in polygon for each in corner):
                yield Problem(key, str(max(polygon)), "", "camera_outside")
        ends = {end for end in self.line if len(end) == 2}  # others are said already, as of every list
        if len(self.line) not in (0, 2) or (self.line and len(ends) != 2):
            yield Problem("line", str(len(self.line)), "two different ends, or none")
        elif any(not 0 <= each <= 1 for end in self.line for each in end):
            yield Problem("line", str(max(self.line)), "", "camera_outside")
        for index, side in enumerate(self.size):
            if not SIDE_PX[0] <= side <= SIDE_PX[1] or side % 2:
                yield Problem(f"size[{index}]", str(side), f"an even number, {SIDE_PX[0]} to {SIDE_PX[1]}")

    def _number_problems(self) -> Iterator[Problem]:
        for key, value, (low, high) in (
            ("frames_per_s", self.frames_per_s, FRAMES_PER_S),
            ("reads_min", self.reads_min, READS_MIN),
            ("repeat_ms", self.repeat_ms, REPEAT_MS),
            ("evidence_hours", self.evidence_hours, (0, EVIDENCE_HOURS_MAX)),
        ):
            if not low <= value <= high:
                yield Problem(key, str(value), f"{low} to {high}")
        for key, sure in (("found_min", self.found_min), ("read_min", self.read_min)):
            if not CONFIDENCE_MIN <= sure <= 1:
                yield Problem(key, str(sure), f"{CONFIDENCE_MIN} to 1")
        if not self.wanted or len(set(self.wanted)) != len(self.wanted):
            yield Problem("wanted", str(len(self.wanted)), ", ".join(Seen))
        if not self.vehicles and (self.vehicle_needed or Seen.OBJECT in self.wanted):
            yield Problem("vehicles", "false", "", "camera_vehicles")
        if EVIDENCE_HOURS < self.evidence_hours <= EVIDENCE_HOURS_MAX and not self.evidence_why.strip():
            yield Problem("evidence_why", "-", "", "camera_evidence_why")


def source_known(source: str) -> bool:
    """Whether some camera may be meant by this."""
    if len(source) > SOURCE_CHARACTERS_MAX or not source.isprintable() or " " in source:
        return False
    if _BOARD_CAMERA.fullmatch(source) or _SIMULATED.fullmatch(source):
        return True
    if source.startswith("file:"):
        return source.startswith("file:/") and not source.startswith("file://")
    parts = _split(source)
    return parts is not None and parts.scheme in _STREAM and bool(parts.hostname)


def secret_in(source: str) -> bool:
    """Whether a password stands in an address, where everybody who reads the configuration would read it."""
    parts = _split(source)
    if parts is None:
        return source.startswith(_STREAM) and "@" in source
    return "@" in parts.netloc or (parts.scheme in _STREAM and _SECRET.search(parts.query) is not None)


def without_secrets(source: str) -> str:
    """The address as it may be shown."""
    shown = re.sub(r"//[^/]*@", "//...@", source[:SOURCE_CHARACTERS_MAX])
    return _SECRET.sub(
        lambda found: found[0] + "...", re.sub(r"=[^&]*", "=", shown) if _SECRET.search(shown) else shown
    )


def with_user(source: str, user: str) -> str:
    """The address with the user's name in it; the password is put in where the stream is opened."""
    head, mark, rest = source.partition("://")
    return f"{head}{mark}{user}@{rest}" if user and mark else source


def _split(source: str) -> SplitResult | None:
    try:
        parts = urlsplit(source)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def polygon_of(corners: Sequence[tuple[float, ...]]) -> Polygon:
    """With both numbers of each corner."""
    return tuple((corner[0], corner[1]) for corner in corners)


def area_of(polygon: Polygon) -> float:
    """In shares of the picture; 0 of a line."""
    following = (*polygon[1:], *polygon[:1])
    return abs(sum(x * v - u * y for (x, y), (u, v) in zip(polygon, following, strict=True))) / 2

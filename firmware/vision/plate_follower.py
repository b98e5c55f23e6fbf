"""Who follows vehicles and plates in a camera's frames: a plate belongs to a vehicle's track and is voted there.

A plate that hangs at no vehicle is followed by itself: it is told only where no vehicle is asked for. Never is one told
that a person holds, before a car or beside it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware.sightings import CameraOrder
from firmware.vision.badges import crowd, reads_wanted, why_not, worth
from firmware.vision.carriers import Carrier, Hangs, hanging, holds, inside
from firmware.vision.following import Follower, Voted
from firmware.vision.track import TRACKS_MAX, Box, Growth, Line, Seen, Track, Tracker, middle
from firmware.vision.vote import Ballot, Vote, Votes
from firmware.vision.work import Detection

PLATE_REACH = 1.5  # of its width: a small thing is far from where it was
READS_MIN = 3  # of a plate, whatever a table asks for: of two looks from afar both may take a D for a 0
FRAMES_MIN = 3  # that show a thing before it is told of
GROUPS = {"motorcycle": "two wheels", "bicycle": "two wheels"}  # others: four
CARRIES = ("four wheels", "two wheels")
WHY_MAX = 16  # words of why something was no plate, in the counters


@dataclass
class Hung:
    """The plate of one track: how it was voted, how large it looked, and what it was told as."""

    votes: Votes = field(default_factory=Votes)
    growth: Growth = field(default_factory=Growth)
    changes: int = 0
    told: str = ""
    number: int = 0


class VehicleFollower:
    """Of one camera. `vehicle_needed`: a plate without a vehicle is nothing; `line`: goes before growth of boxes."""

    def __init__(
        self, reads_min: int, *, vehicle_needed: bool, objects: bool = False, line: Line | None = None
    ) -> None:
        self.refused: Counter[str] = Counter()
        self._reads_min = reads_min
        self._vehicle_needed = vehicle_needed
        self._objects = objects
        self._line = line
        self._things = Tracker()
        self._loose = Tracker(PLATE_REACH)
        self._hung: dict[tuple[str, int], Hung] = {}
        self._numbers = 0

    def see(self, detections: Sequence[Detection], at_ns: int, size: tuple[int, int]) -> list[Voted]:
        """Take one frame: what is certain now, of things that are in it."""
        things = [each for each in detections if each.kind in ("vehicle", "person", "dog")]
        tracks = self._things.see([_seen(each) for each in things], at_ns, size)
        for track in filter(None, tracks):
            if self._line is not None:
                track.cross(self._line, size)
        carriers = [Carrier(each, _now(each, at_ns)) for each in self._things.tracks if each.group in CARRIES]
        plates = hanging([each for each in detections if each.kind == "plate"], carriers)
        told = self._at_vehicles(plates, at_ns)
        told += self._by_themselves([each.plate for each in plates if each.carrier is None], at_ns, size)
        self._forget()
        return told + (self._told_objects(tracks) if self._objects else [])

    # --- at vehicles ---

    def _at_vehicles(self, plates: Sequence[Hangs], at_ns: int) -> list[Voted]:
        on: dict[int, list[Detection]] = defaultdict(list)
        carriers: dict[int, Track] = {}
        for plate, carrier, why in plates:
            if carrier is not None and not self._refuses(why or self._held_before(plate, carrier.track, at_ns)):
                carriers[carrier.track.number] = carrier.track
                on[carrier.track.number].append(plate)
        told = []
        for number, found in on.items():
            if crowd(found, at_vehicle=True):
                self._refuses("crowd")
                continue
            track, plate = carriers[number], max(found, key=worth)
            hung = self._hung_at("vehicle", number)
            vote = self._vote(hung, plate, at_ns)
            if vote is not None:
                direction = (
                    track.crossed if self._line is not None else _first(hung.growth.direction, track.growth.direction)
                )
                told.append(_voted(vote, plate, direction, hung.number, track.label))
        return told

    # --- by themselves ---

    def _by_themselves(self, plates: Sequence[Detection], at_ns: int, size: tuple[int, int]) -> list[Voted]:
        tracks = self._loose.see([Seen("plate", "plate", each.box, each.found) for each in plates], at_ns, size)
        free = []
        for plate, track in zip(plates, tracks, strict=True):
            if track is None or self._refuses(why_not(plate, "", None)):
                continue
            if self._held(plate, at_ns):
                self._refuses("held")
            elif self._vehicle_needed:
                self._refuses("no vehicle")
            else:
                free.append((plate, track))
        if crowd([plate for plate, _ in free], at_vehicle=False):
            self._refuses("crowd")
            return []
        told = []
        for plate, track in free:
            hung = self._hung_at("plate", track.number)
            vote = self._vote(hung, plate, at_ns)
            if vote is not None:
                told.append(_voted(vote, plate, hung.growth.direction, hung.number, ""))
        return told

    def _held_before(self, plate: Detection, carrier: Track, at_ns: int) -> str:
        """Why not, where it lies in a person's box as a whole: whoever stands before a car hides the car's own plate.

        A rider's box may reach down to the plate of what is ridden, so two wheels are left out.
        """
        people = (each for each in self._things.tracks if each.group == "person" and carrier.group == "four wheels")
        return "held" if any(inside(plate.box, _now(each, at_ns)) for each in people) else ""

    def _held(self, plate: Detection, at_ns: int) -> bool:
        """Whether somebody holds it who has no vehicle there."""
        x, y = middle(plate.box)
        people = (each for each in self._things.tracks if each.group == "person")
        return any(holds(_now(each, at_ns), x, y) for each in people)

    # --- both ---

    def _vote(self, hung: Hung, plate: Detection, at_ns: int) -> Vote | None:
        """Cast what this frame says. Each text has its number, so that evidence of one is never shown for another."""
        vote = hung.votes.cast(
            Ballot(plate.text, plate.found, plate.read, at_ns), reads_wanted(plate.text, self._reads_min)
        )
        if hung.votes.changes != hung.changes:
            hung.changes, hung.growth = hung.votes.changes, Growth()
        hung.growth.see(plate.box[2] - plate.box[0], at_ns)
        if vote is not None and vote.text != hung.told:
            hung.told, hung.number = vote.text, self._number()
        return vote

    def _hung_at(self, kind: str, number: int) -> Hung:
        return self._hung.setdefault((kind, number), Hung())

    def _number(self) -> int:
        self._numbers += 1
        return self._numbers

    def _forget(self) -> None:
        """What belongs to no track any more goes."""
        living = {(kind, each.number) for each in self._things.tracks for kind in ("vehicle", "object")}
        living |= {("plate", each.number) for each in self._loose.tracks}
        self._hung = {key: hung for key, hung in self._hung.items() if key in living}
        assert len(self._hung) <= 3 * TRACKS_MAX, "trackers bound it"

    def _refuses(self, why: str) -> bool:
        if why and (why in self.refused or len(self.refused) < WHY_MAX):
            self.refused[why] += 1
        return bool(why)

    def _told_objects(self, tracks: Sequence[Track | None]) -> list[Voted]:
        told = []
        for track in filter(None, tracks):
            if track.frames >= FRAMES_MIN:
                hung = self._hung_at("object", track.number)
                hung.number = hung.number or self._number()
                direction = track.crossed if self._line is not None else track.growth.direction
                told.append(
                    Voted(
                        "object", track.label, track.sure, track.sure, track.frames, direction, track.box, hung.number
                    )
                )
        return told


def follower_of(order: CameraOrder, *, vehicle_needed: bool = True) -> Follower:
    """The follower that a camera's order asks for."""
    line = Line(*order.line) if order.line else None
    reads_min = max(READS_MIN, order.reads_min)
    return VehicleFollower(reads_min, vehicle_needed=vehicle_needed, objects="object" in order.wanted, line=line)


def _seen(detection: Detection) -> Seen:
    label = detection.label or detection.kind
    group = GROUPS.get(label, "four wheels") if detection.kind == "vehicle" else detection.kind
    return Seen(group, label, detection.box, detection.found)


def _now(track: Track, at_ns: int) -> Box:
    """Where it is, or should be while it is not seen."""
    return track.at(at_ns) if track.missed else track.box


def _first(*directions: str) -> str:
    return next((each for each in directions if each != "unknown"), "unknown")


def _voted(vote: Vote, plate: Detection, direction: str, number: int, vehicle: str) -> Voted:
    return Voted("plate", vote.text, vote.found, vote.read, vote.reads, direction, plate.box, number, vehicle)

"""Follows things over the frames of one camera: which box of this frame is which thing of the last one.

Pure: frames come with their times, nothing else is known. A thing is where its last speed takes it (constant velocity):
a box that overlaps that place, or lies near it, is its own. Tracks are bounded in number, and end.
"""

from __future__ import annotations

import math
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

TRACKS_MAX = 32
LOST_NS = 1_500_000_000  # unseen for so long, and in so many frames, it is gone; hidden for less, it is the same
LOST_FRAMES = 3
GAP_NS = 3_000_000_000  # with no frame at all for so long nothing can be said of what is there now
OVERLAP_MIN = 0.15
SIZES = 1.8  # times as large, or as small, from one frame to the next: no more
SPEED_SHARE = 0.5  # of a new speed that is believed at once
HISTORY_MAX = 24
HISTORY_NS = 3_000_000_000  # of which the direction is taken
GROWS = 1.06  # of its size, towards; less than 1 / GROWS, away
VAGUE = "vehicle"
EDGE = 0.01  # of the picture: a box that ends there is cut off, and its size is the frame's

Box = tuple[float, float, float, float]  # left, top, right, bottom; pixels
Point = tuple[float, float]


class Seen(NamedTuple):
    """One thing in one frame. `group`: things of another group are never the same thing."""

    group: str
    label: str
    box: Box
    sure: float


class Line(NamedTuple):
    """A line across the lane, corners in shares of the picture: whoever goes over it from its left side comes towards.

    Left as seen by someone who walks from `start` to `end` on the picture.
    """

    start: Point
    end: Point

    def side(self, x: float, y: float) -> float:
        """Of a point in shares of the picture: more than 0 on the left side."""
        (x0, y0), (x1, y1) = self.start, self.end
        return (x - x0) * (y1 - y0) - (y - y0) * (x1 - x0)


class Size(NamedTuple):
    """How large something looked, when."""

    at_ns: int
    px: float


@dataclass
class Growth:
    """Whether something comes towards the camera: how its size changed of late. What stands keeps its direction."""

    direction: str = "unknown"
    _sizes: deque[Size] = field(default_factory=lambda: deque(maxlen=HISTORY_MAX))

    def see(self, px: float, at_ns: int) -> None:
        while self._sizes and at_ns - self._sizes[0].at_ns > HISTORY_NS:
            self._sizes.popleft()
        self._sizes.append(Size(at_ns, max(px, 1.0)))
        share = self._sizes[-1].px / self._sizes[0].px
        if share > GROWS:
            self.direction = "towards"
        elif share < 1 / GROWS:
            self.direction = "away"


class Track:
    """One thing on its way. `number` is never given again by the same tracker."""

    def __init__(self, number: int, first: Seen, at_ns: int) -> None:
        self.number = number
        self.group = first.group
        self.box = first.box
        self.sure = first.sure
        self.seen_ns = at_ns
        self.frames = 1
        self.missed = 0
        self.labels: Counter[str] = Counter({first.label: 1})
        self.growth = Growth()
        self.crossed = "unknown"
        self._speed = (0.0, 0.0, 0.0, 0.0)  # of the box's sides, pixels a second
        self._side = 0.0

    @property
    def label(self) -> str:
        """What most frames call it, of those that say more than "vehicle"; of two as often, the one that came first."""
        return max(self.labels, key=lambda label: (label != VAGUE, self.labels[label]))

    def at(self, at_ns: int) -> Box:
        """Where it should be then."""
        seconds = (at_ns - self.seen_ns) / 1e9
        left, top, right, bottom = (side + speed * seconds for side, speed in zip(self.box, self._speed, strict=True))
        if right - left < 1 or bottom - top < 1:  # a shrinking box does not turn inside out
            return self.box
        return left, top, right, bottom

    def take(self, seen: Seen, at_ns: int) -> None:
        seconds = (at_ns - self.seen_ns) / 1e9
        if seconds > 0:
            new = [(now - then) / seconds for now, then in zip(seen.box, self.box, strict=True)]
            share = 1.0 if self.frames == 1 else SPEED_SHARE
            mixed = [then + share * (now - then) for now, then in zip(new, self._speed, strict=True)]
            self._speed = (mixed[0], mixed[1], mixed[2], mixed[3])
        self.box, self.sure, self.seen_ns = seen.box, seen.sure, at_ns
        self.labels[seen.label] += 1
        self.frames += 1
        self.missed = 0

    def cross(self, line: Line, size: tuple[int, int]) -> None:
        """Take notice of the line's side on which its foot stands."""
        side = line.side((self.box[0] + self.box[2]) / 2 / size[0], self.box[3] / size[1])
        if side != 0:
            if self._side * side < 0:
                self.crossed = "towards" if side < 0 else "away"
            self._side = side


class Tracker:
    """Of one camera and one kind of movement. `reach`: of its width that a thing may be off from where it should be."""

    def __init__(self, reach: float = 0.5, most: int = TRACKS_MAX) -> None:
        self._reach = reach
        self._most = most
        self._tracks: list[Track] = []
        self._newest = 0
        self._then_ns: int | None = None
        self._size = (0, 0)

    @property
    def tracks(self) -> tuple[Track, ...]:
        """All that are followed, those that are hidden now too."""
        return tuple(self._tracks)

    def see(self, things: Sequence[Seen], at_ns: int, size: tuple[int, int]) -> list[Track | None]:
        """Take one frame: for each thing its track, or None where there is no place for one more.

        A time that goes back, a long gap or another size of the picture begin anew.
        """
        if self._then_ns is None or size != self._size or not 0 <= at_ns - self._then_ns <= GAP_NS:
            self._tracks = []
        self._size, self._then_ns = size, at_ns
        self._tracks = [each for each in self._tracks if not self._gone(each, at_ns)]
        found = self._matched(things, at_ns)
        for track in self._tracks:
            track.missed += 1  # taken back below, by who is seen
        for place, track in found.items():
            track.take(things[place], at_ns)
        answer = [found.get(place) for place in range(len(things))]
        for place in sorted(set(range(len(things))) - set(found), key=lambda each: (-_area(things[each].box), each)):
            answer[place] = self._begun(things[place], at_ns)
        for track in filter(None, answer):
            if not self._cut(track.box):
                track.growth.see(track.box[2] - track.box[0], at_ns)
        return answer

    def _gone(self, track: Track, at_ns: int) -> bool:
        return at_ns - track.seen_ns > LOST_NS and track.missed >= LOST_FRAMES

    def _begun(self, thing: Seen, at_ns: int) -> Track | None:
        """A new track; where there is no place, instead of the one that is hidden longest. The largest come first."""
        if len(self._tracks) >= self._most:
            hidden = min((each for each in self._tracks if each.missed), key=lambda each: each.seen_ns, default=None)
            if hidden is None:
                return None
            self._tracks.remove(hidden)
        self._newest += 1
        track = Track(self._newest, thing, at_ns)
        self._tracks.append(track)
        return track

    def _matched(self, things: Sequence[Seen], at_ns: int) -> dict[int, Track]:
        """The best pairs first; the same frames give the same pairs."""
        pairs = []
        for order, track in enumerate(self._tracks):
            expected = track.at(at_ns)
            for place, thing in enumerate(things):
                if thing.group == track.group:
                    near = max(
                        _nearness(expected, thing.box, self._reach), _nearness(track.box, thing.box, self._reach) / 2
                    )
                    if near > 0:
                        pairs.append((-near, order, place))
        found: dict[int, Track] = {}
        taken: set[int] = set()
        for _, order, place in sorted(pairs):
            if order not in taken and place not in found:
                taken.add(order)
                found[place] = self._tracks[order]
        return found

    def _cut(self, box: Box) -> bool:
        """Whether the frame's edge cuts it off at a side."""
        return box[0] <= EDGE * self._size[0] or box[2] >= (1 - EDGE) * self._size[0]


def overlap(one: Box, other: Box) -> float:
    """The share that two boxes have in common (IoU)."""
    wide, high = min(one[2], other[2]) - max(one[0], other[0]), min(one[3], other[3]) - max(one[1], other[1])
    if wide <= 0 or high <= 0:
        return 0.0
    whole = (one[2] - one[0]) * (one[3] - one[1]) + (other[2] - other[0]) * (other[3] - other[1]) - wide * high
    return wide * high / whole


def middle(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _area(box: Box) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])


def _nearness(expected: Box, box: Box, reach: float) -> float:
    """How well a box fits an expected one: 0 it is another thing; up to 2."""
    areas = [max(1.0, _area(each)) for each in (expected, box)]
    if max(areas) / min(areas) > SIZES**2:
        return 0.0
    (x, y), (x2, y2) = middle(expected), middle(box)
    off = math.hypot(x - x2, y - y2) / max(1.0, (expected[2] - expected[0] + box[2] - box[0]) / 2)
    common = overlap(expected, box)
    if common < OVERLAP_MIN and off > reach:
        return 0.0
    return common + max(0.0, 1.0 - off / max(reach, 1e-9)) + 1e-6

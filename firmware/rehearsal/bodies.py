"""Who and what uses a lane: the side view of each kind, in millimetres behind its front, and what a loop sees of it.

Sizes are those of common vehicles and people, rounded; a walker's length is a stride.
"""

from __future__ import annotations

from typing import NamedTuple


class Part(NamedTuple):
    """A piece of a body from `front_mm` to `rear_mm` behind its front, between two heights."""

    front_mm: int
    rear_mm: int
    low_mm: int  # clearance above the road
    high_mm: int
    metal: int = 0  # what a loop under it feels, of 100


class Kind(NamedTuple):
    """One kind of body."""

    parts: tuple[Part, ...]
    speed_mm_s: int
    slim: bool = False  # passes between bollards and beside a boom; follows nobody

    @property
    def length_mm(self) -> int:
        return max(part.rear_mm for part in self.parts)

    @property
    def high_mm(self) -> int:
        return max(part.high_mm for part in self.parts)


# What a detector still notices, of 100, by its sensitivity: cars only; motorcycles and axles too; steel bicycles too.
LOOP_THRESHOLD = {"low": 70, "normal": 40, "high": 15}

KINDS: dict[str, Kind] = {
    "car": Kind((Part(0, 4_500, 150, 1_450, 100),), 2_500),
    "car_trailer": Kind(
        (Part(0, 4_500, 150, 1_450, 100), Part(4_500, 5_400, 380, 480, 5), Part(5_400, 8_600, 300, 1_600, 75)), 2_000
    ),
    "truck": Kind((Part(0, 2_400, 250, 3_000, 90), Part(2_400, 8_500, 300, 3_600, 75)), 2_000),
    # A cab, then a bed so high that a loop feels only the axles under it and a low beam looks through beneath.
    "truck_high_bed": Kind(
        (
            Part(0, 2_400, 250, 3_000, 90),
            Part(2_400, 8_000, 1_150, 3_800, 5),
            Part(8_000, 10_600, 0, 3_800, 60),
            Part(10_600, 12_000, 1_150, 3_800, 5),
        ),
        2_000,
    ),
    "motorcycle": Kind((Part(0, 2_100, 150, 1_300, 50),), 2_500),
    "e_bike": Kind((Part(0, 1_750, 0, 1_650, 30),), 3_000, slim=True),
    "bicycle": Kind((Part(0, 1_750, 0, 1_700, 20),), 3_000, slim=True),
    "carbon_bicycle": Kind((Part(0, 1_700, 0, 1_700, 0),), 4_000, slim=True),
    "adult": Kind((Part(0, 500, 0, 1_750),), 1_400, slim=True),
    "child": Kind((Part(0, 350, 0, 1_100),), 1_600, slim=True),
    "pram": Kind((Part(0, 900, 0, 1_050), Part(900, 1_400, 0, 1_700)), 1_200, slim=True),
    "dog": Kind((Part(0, 800, 0, 450),), 2_000, slim=True),
}

PLATED = ("car", "car_trailer", "truck", "truck_high_bed")  # whose plate a camera before them could see

FASTEST_MM_S = 30_000  # 108 km/h: nobody is faster in a lane


def plate_of(kind: str, number: int) -> str:
    """The number plate of a vehicle that nobody was told of: another one for each number."""
    return f"京Z{number * 7919 % 100_000:05}" if kind in PLATED else ""


def merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans that touch or overlap, as one."""
    whole: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if whole and start <= whole[-1][1]:
            whole[-1] = (whole[-1][0], max(end, whole[-1][1]))
        else:
            whole.append((start, end))
    return whole

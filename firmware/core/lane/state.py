"""The state of one lane. Frozen; a step makes a new one."""

from __future__ import annotations

import msgspec

from firmware.core.barrier.step import Demand, Report
from firmware.core.lane.machines import Passage, Track
from firmware.core.machines import Hold, Opening
from firmware.core.passage import Grant
from firmware.core.site import Direction
from firmware.core.timers import Timed


class Loops(msgspec.Struct, frozen=True):
    """What is seen of vehicles. `loop`: a safety loop; `cover`: a beam, or a loop that cannot be believed."""

    entry: bool = False
    exit: bool = False
    loop: bool = False
    cover: bool = False


class Offer(msgspec.Struct, frozen=True):
    """A passage that somebody may make. `grant` is None for an operator's; `note` says whom an operator lets in."""

    direction: Direction
    grant: Grant | None = None
    issuer: str = ""
    note: str = ""
    at_ms: int = 0

    @property
    def by_operator(self) -> bool:
        return self.grant is None

    def same(self, other: Offer) -> bool:
        """Whether both are of one holder in one direction: one vehicle that presented twice."""
        if self.grant is None or other.grant is None or self.direction is not other.direction:
            return False
        return self.grant.holder == other.grant.holder and self.grant.credential == other.grant.credential


class LaneState(Timed, frozen=True):
    """One lane. Directions of vehicles are those of Direction; instants are milliseconds of the monotonic clock."""

    loops: Loops = Loops()
    track: Track = Track.CLEAR
    origin: Direction = Direction.IN  # of the vehicle at the barrier; means nothing while it is clear
    apart: bool = False  # between two bodies on the safety loop the beam was clear, or there is no beam to tell
    entry_ms: int | None = None  # when the entry loop took its vehicle: for its speed
    unexplained: bool = False  # a safety loop has cleared, and no loop before or behind it tells where the vehicle went
    doubt: bool = False  # a loop cleared without its exit sequence: until a person has looked (R1)
    passage: Passage = Passage.IDLE
    serving: Offer | None = None
    taken_over: bool = False  # somebody above the lane has decided since this passage was served: it opens nothing more
    queue: tuple[Offer, ...] = ()
    last: Direction = Direction.IN  # who was served last
    in_a_row: int = 0  # in that direction, while others waited
    hold: Hold = Hold.NONE
    hold_until_utc_s: int | None = None
    opening: Opening = Opening.OFF
    out_of_service: bool = False
    lockdown: bool = False
    owes: bool = False  # a passage, hold or window has ended, and nobody has taken the lane over since
    report: Report = Report(opened=False, closed=False, between=False, serves=False)
    demand: Demand = Demand()  # as it was told last
    acknowledged: bool = True

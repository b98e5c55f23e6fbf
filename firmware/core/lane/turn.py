"""The working copy of one lane in one step: its state being changed, and its deeds so far."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.core.lane.state import LaneState, Offer
from firmware.core.site import Barrier, Direction
from firmware.core.working import Working


class Deed(StrEnum):
    """What has happened in a lane. What is recorded and remembered of it is the business of core/lanes.py."""

    ENTERED = "entered"  # a vehicle came on to the safety loop
    PASSED = "passed"  # any vehicle, proven
    TAKEN = "taken"  # the one that was served
    NOT_TAKEN = "not_taken"
    TURNED_BACK = "turned_back"
    TAILGATE = "tailgate"
    WRONG_WAY = "wrong_way"
    PASSED_UNASKED = "passed_unasked"
    OVERSPEED = "overspeed"
    DOUBTED = "doubted"
    CONFIRMED = "confirmed"


class Done(NamedTuple):
    deed: Deed
    direction: Direction
    offer: Offer | None = None
    kmh: int = 0


class LaneTurn(Working[LaneState]):
    __slots__ = ("barrier", "deeds")

    def __init__(self, barrier: Barrier, state: LaneState, now_ms: int) -> None:
        super().__init__(state, now_ms)
        self.barrier = barrier
        self.deeds: list[Done] = []

    def did(self, deed: Deed, offer: Offer | None = None, *, kmh: int = 0) -> None:
        direction = self.state.origin if offer is None else offer.direction
        self.deeds.append(Done(deed, direction, offer, kmh))

"""The working copy of one lane in one step: its state being changed, and its deeds so far."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, NamedTuple

from msgspec.structs import replace

from firmware.core.lane.state import LaneState, Offer
from firmware.core.site import Barrier, Direction
from firmware.core.timers import drop, put, runs


class Deed(StrEnum):
    """What has happened in a lane. What is recorded and remembered of it is the business of core/barriers.py."""

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


class LaneTurn:
    __slots__ = ("barrier", "deeds", "now_ms", "state")

    def __init__(self, barrier: Barrier, state: LaneState, now_ms: int) -> None:
        self.barrier = barrier
        self.state = state
        self.now_ms = now_ms
        self.deeds: list[Done] = []

    def set(self, **changes: Any) -> None:
        self.state = replace(self.state, **changes)

    def put(self, timer: str, delay_ms: int) -> None:
        self.set(timers=put(self.state.timers, timer, self.now_ms + delay_ms))

    def drop(self, *timers: str) -> None:
        after = drop(self.state.timers, *timers)
        if len(after) != len(self.state.timers):
            self.set(timers=after)

    def runs(self, timer: str) -> bool:
        return runs(self.state.timers, timer)

    def did(self, deed: Deed, offer: Offer | None = None, *, kmh: int = 0) -> None:
        direction = self.state.origin if offer is None else offer.direction
        self.deeds.append(Done(deed, direction, offer, kmh))

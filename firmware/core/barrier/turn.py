"""The working copy of one barrier in one step: its state being changed, and the effects so far."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from firmware.core.barrier.plan import Part, Plan
from firmware.core.barrier.state import BarrierState
from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Event, Keep, Record
from firmware.core.facts import Level
from firmware.core.working import Working


class Turn(Working[BarrierState]):
    """`utc_s` is wall time, None while it is unknown: only the history of wear asks for it."""

    __slots__ = ("effects", "plan", "reset_pressed", "utc_s")

    def __init__(self, plan: Plan, state: BarrierState, now_ms: int, utc_s: int | None = None) -> None:
        super().__init__(state, now_ms)
        self.plan = plan
        self.utc_s = utc_s
        self.effects: list[AnyEffect] = []
        self.reset_pressed = False  # the local reset, in sight of the lane

    def set_spot(self, which: int, **changes: Any) -> None:
        spots = self.state.spots
        self.set(spots=(*spots[:which], replace(spots[which], **changes), *spots[which + 1 :]))

    # -- levels -------------------------------------------------------------------------------------------------------

    def active(self, part: Part) -> bool:
        """Whether an input of this part is active for sure."""
        levels = self.state.levels
        return any(levels[place] is Level.ACTIVE for place in self.plan.of_part[part])

    def quiet(self, part: Part) -> bool:
        """Whether every input of this part is healthy and inactive; there may be none."""
        levels = self.state.levels
        return all(levels[place] is Level.INACTIVE for place in self.plan.of_part[part])

    # -- effects ------------------------------------------------------------------------------------------------------

    def record(self, code: Code, **fields: Any) -> None:
        self.effects.append(Record(Event(code, portal=self.plan.barrier.id, **fields)))

    def keep(self, key: str, value: str | None) -> None:
        """Survive the power. Call it before the event that reports it."""
        self.effects.append(Keep(f"{key}:{self.plan.barrier.id}", value))

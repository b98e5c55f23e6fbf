"""A working copy with timers: the state being changed in one step, at one instant."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

from msgspec.structs import replace

from firmware.core.timers import Timed, drop, put, runs

S = TypeVar("S", bound=Timed)


class Working(Generic[S]):
    """Instants and delays are milliseconds of the monotonic clock."""

    __slots__ = ("now_ms", "state")

    def __init__(self, state: S, now_ms: int) -> None:
        self.state = state
        self.now_ms = now_ms

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

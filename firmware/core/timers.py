"""Deadlines as data: a sorted tuple of (instant in ms, name). Few a portal, so that a tuple beats a heap.

Instants are milliseconds of the monotonic clock. A name occurs at most once.
"""

from __future__ import annotations

import msgspec

Timers = tuple[tuple[int, str], ...]

NO_TIMERS: Timers = ()


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """A state that has timers."""

    timers: Timers = NO_TIMERS


def put(timers: Timers, name: str, at_ms: int) -> Timers:
    """The timer `name` is due at `at_ms`, and not at the instant it was due before."""
    return tuple(sorted([*(entry for entry in timers if entry[1] != name), (at_ms, name)]))


def drop(timers: Timers, *names: str) -> Timers:
    """Without the timers of these names, whether they ran or not."""
    return tuple([entry for entry in timers if entry[1] not in names]) if timers else timers


def runs(timers: Timers, name: str) -> bool:
    """Whether a timer of this name is still to come."""
    return name in [entry[1] for entry in timers]

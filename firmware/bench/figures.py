"""Percentiles and the shape of a bench's outcome."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class NotMeasured(Exception):
    """Something that is measured is not here: what, and what to do."""


class Spread(msgspec.Struct, frozen=True):
    """What a series of measurements looks like; all in one unit, which the name of the figure says."""

    count: int
    minimum: float
    median: float
    p95: float
    p99: float
    maximum: float


def spread(values: Sequence[float], digits: int = 3) -> Spread:
    """Nearest-rank percentiles: p99 is a value that was measured. At least one value."""
    assert values
    ordered = sorted(values)

    def rank(part: float) -> float:
        return round(ordered[max(0, -(-int(part * 1000) * len(ordered) // 1000) - 1)], digits)

    return Spread(
        len(ordered), round(ordered[0], digits), rank(0.5), rank(0.95), rank(0.99), round(ordered[-1], digits)
    )


class Figure(msgspec.Struct, frozen=True, omit_defaults=True):
    """One promised figure: what was measured, what is allowed, and whether it holds."""

    name: str
    measured: float
    allowed: float
    unit: str
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.measured >= self.allowed if self.at_least else self.measured <= self.allowed

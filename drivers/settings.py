"""What every device's configuration can say about itself: the lines it uses and what is wrong with its values.

Types and shapes are msgspec's business; here is what only the driver knows. `menshen check` collects both.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol, runtime_checkable


class LevelWord(StrEnum):
    """An electrical level, as it stands in a configuration."""

    HIGH = "high"
    LOW = "low"

    @property
    def level(self) -> bool:
        """True: high."""
        return self is LevelWord.HIGH


class Problem(NamedTuple):
    """One wrong value: its key inside the device's table, what was found, what is allowed.

    `rule`: the name of the catalogues' text that says what is allowed, where they have one of its own.
    """

    key: str
    found: str
    allowed: str
    rule: str = ""


class LineUse(NamedTuple):
    """One line that a device claims.

    `on_level` is the electrical level that means active (input), released or lit (output); `lost_level` is what
    safe() leaves on an output, None for inputs.
    """

    key: str  # of the device's table: "d0", "line", "led_green"
    line: str
    output: bool
    on_level: bool
    lost_level: bool | None = None


class PointRole(StrEnum):
    """What a point of a device is to the site."""

    INPUT = "input"
    OUTPUT = "output"
    MEASURE = "measure"


class PointUse(NamedTuple):
    """One point of a device that has several: the site uses `id` as it uses a device's id.

    `on_when_lost` is what safe() leaves on an output; `on_ms_max` is how long it may be on, 0: no limit.
    """

    key: str  # of the device's table: "inputs.in1"
    id: str
    role: PointRole
    on_when_lost: bool = False
    on_ms_max: int = 0


class DeviceConfig(Protocol):
    """What the configuration struct of each driver offers."""

    @property
    def id(self) -> str: ...

    def lines(self) -> Sequence[LineUse]:
        """Every line the device claims, in the order of the wiring table."""

    def problems(self) -> Sequence[Problem]:
        """Every value that has the right type and is still wrong."""


@runtime_checkable
class Pointed(DeviceConfig, Protocol):
    """A device with several points."""

    def points(self) -> Sequence[PointUse]:
        """Every point, in the order of the table."""


@runtime_checkable
class Formatted(DeviceConfig, Protocol):
    """A reader of cards: the Wiegand formats of their numbers, in order."""

    @property
    def formats(self) -> tuple[str, ...]: ...

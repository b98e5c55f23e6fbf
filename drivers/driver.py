"""The promises every driver keeps (DESIGN.md, section 4), as protocols."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, runtime_checkable

from drivers.reports import AnyReport

Emit = Callable[[AnyReport], None]


class Driver(Protocol):
    """A device. `id` is its configured name."""

    id: str

    async def run(self, emit: Emit) -> None:
        """Live as long as the device does; never returns. Raises DriverError when the device is lost.

        Can be called again after that. Cancelling it releases every line, task and descriptor it took.
        """

    def safe(self) -> None:
        """Put every output of this device to its declared `on_lost` level. Synchronous, idempotent, never raises."""

    def counters(self) -> dict[str, int]:
        """What was counted since the start, for health and maintenance; names end in their unit or thing."""


class Driven(Protocol):
    """An output."""

    def apply(self, on: bool) -> None:
        """Drive the output. Raises DriverError when that is not possible now."""


class Output(Driver, Driven, Protocol):
    """A driver with one output."""


@runtime_checkable
class SeveralOutputs(Driver, Protocol):
    """A driver with several outputs, by the ids that the site gives them."""

    @property
    def outputs(self) -> Mapping[str, Driven]: ...


class Indicator(Driver, Protocol):
    """A driver that can show something to the person in front of it."""

    def show(self, feedback: str) -> None:
        """`feedback` is one of the words of firmware.core.effects.Feedback; unknown words show nothing."""


@runtime_checkable
class Prompter(Driver, Protocol):
    """A reader with letters of its own, that can say what to do before a camera."""

    def prompt(self, prompt: str) -> None:
        """`prompt` is one of the words of firmware.faces.steps.Prompt; what it has no text for is not shown."""


@runtime_checkable
class Display(Driver, Protocol):
    """A driver that shows text to the people in front of it. `languages`: those that it speaks; none: the site's."""

    languages: tuple[str, ...]

    def show_text(self, rows: Sequence[str]) -> None:
        """Show these rows, the most important first, and nothing else; none: dark. Never waits and never raises."""


class Mutable(Driver, Protocol):
    """A driver whose input can be ignored for a while."""

    def mute(self, muted: bool) -> None: ...


def points_of(driver: Driver) -> tuple[str, ...]:
    """The ids of the points of a driver that has several; they are lost and recover with it."""
    points: tuple[str, ...] = getattr(driver, "points", ())
    return points


def proven(driver: Driver) -> bool:
    """Whether the device itself was heard since run() began; drivers that cannot tell are believed."""
    heard: Callable[[], bool] | None = getattr(driver, "proven", None)
    return heard is None or heard()

"""One output line: a lock's relay, a turnstile's release, a lamp."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from drivers.bus.lines import BusError, Lines, OutputLine
from drivers.driver import Emit
from drivers.reports import DriverError
from drivers.settings import LevelWord, LineUse, Problem


class OnLost(StrEnum):
    """What is left on the output when nobody commands it any more."""

    OFF = "off"
    ON = "on"


class RelayConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="relay"):
    """A `[[device]]` table of kind "relay"."""

    id: str
    line: str
    on_level: LevelWord = LevelWord.HIGH  # the electrical level that means on (a lock: released)
    on_lost: OnLost = OnLost.OFF

    @property
    def lost_level(self) -> bool:
        """The electrical level that safe() leaves."""
        return self.on_level.level == (self.on_lost is OnLost.ON)

    def lines(self) -> tuple[LineUse, ...]:
        return (LineUse("line", self.line, True, self.on_level.level, self.lost_level),)

    def problems(self) -> tuple[Problem, ...]:
        return ()


class Relay:
    """Drives one output. Says nothing on its own.

    A timed pulse is the core's business: the output keeps what apply() gave it until the next apply() or safe().
    """

    def __init__(self, config: RelayConfig, lines: Lines) -> None:
        self.id = config.id
        self._config = config
        self._lines = lines
        self._output: OutputLine | None = None
        self._level = config.lost_level  # what the line was last driven to
        self._applied = 0
        self._safe_failed = 0

    async def run(self, emit: Emit) -> None:
        """Hold the line. The first claim drives the `on_lost` level, a later one what the line was last driven to.

        So nothing moves because we started, and nothing because the bus came back.
        """
        del emit
        config = self._config
        try:
            await self._lines.open()
            self._output = self._lines.claim_output(config.line, config.id, self._level)
        except BusError as error:
            raise DriverError(f"{config.id}: output {config.line} cannot be claimed: {error}") from error
        try:
            why = await self._lines.lost()
            raise DriverError(f"{config.id}: output {config.line} is lost with its bus: {why}")
        finally:
            self._output.close()
            self._output = None

    def apply(self, on: bool) -> None:
        """Drive the output. Raises DriverError when the device is not running or its bus is lost."""
        output = self._output
        if output is None:
            raise DriverError(f"{self.id}: not running, so {self._config.line} was not driven; see its DeviceLost")
        try:
            level = on == self._config.on_level.level
            output.set(level)
        except BusError as error:
            raise DriverError(f"{self.id}: {self._config.line} was not driven: {error}") from error
        self._level = level
        self._applied += 1

    def safe(self) -> None:
        """Put the output to its `on_lost` level, claimed or not, event loop or not. Never raises; failures count."""
        try:
            self._lines.set_now(self._config.line, self._config.lost_level)
        except BusError:
            self._safe_failed += 1
        else:
            self._level = self._config.lost_level

    def counters(self) -> dict[str, int]:
        return {"applied": self._applied, "safe_failed": self._safe_failed}

"""One output line: a lock's relay, a turnstile's release, a lamp."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from drivers.bus.lines import BusError, Lines, OutputLine
from drivers.driver import Emit
from drivers.on_limit import OnLimit
from drivers.reports import DriverError
from drivers.settings import LevelWord, LineUse, Problem

ON_MS_MAX = 86_400_000


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
    on_ms_max: int = 0  # that the driver lets it be on, whatever the core says; 0: no limit

    @property
    def lost_level(self) -> bool:
        """The electrical level that safe() leaves."""
        return self.on_level.level == (self.on_lost is OnLost.ON)

    def lines(self) -> tuple[LineUse, ...]:
        return (LineUse("line", self.line, True, self.on_level.level, self.lost_level),)

    def problems(self) -> tuple[Problem, ...]:
        if not 0 <= self.on_ms_max <= ON_MS_MAX:
            return (Problem("on_ms_max", str(self.on_ms_max), f"0 (no limit) to {ON_MS_MAX}"),)
        if self.on_ms_max and self.on_lost is OnLost.ON:
            return (Problem("on_ms_max", str(self.on_ms_max), "0 where on_lost is on: what is safe has no time limit"),)
        return ()


class Relay:
    """Drives one output. Says nothing on its own but that it was on for too long.

    A timed pulse is the core's business: the output keeps what apply() gave it until the next apply() or safe(), or
    until `on_ms_max` is over, which is the second layer's and no pulse.
    """

    def __init__(self, config: RelayConfig, lines: Lines) -> None:
        self.id = config.id
        self._config = config
        self._lines = lines
        self._output: OutputLine | None = None
        self._level = config.lost_level  # what the line was last driven to
        self._limit = OnLimit(config.id, config.on_ms_max)
        self._emit: Emit | None = None
        self._applied = 0
        self._safe_failed = 0

    async def run(self, emit: Emit) -> None:
        """Hold the line. The first claim drives the `on_lost` level, a later one what the line was last driven to.

        So nothing moves because we started, and nothing because the bus came back. What was on when the bus was lost,
        and is off where nobody commands it, is off after that too, until it is commanded anew: the board may have
        dropped it meanwhile, and nobody has watched what it moves.
        """
        config = self._config
        try:
            await self._lines.open()
            self._output = self._lines.claim_output(config.line, config.id, self._level)
        except BusError as error:
            raise DriverError(f"{config.id}: output {config.line} cannot be claimed: {error}") from error
        self._emit = emit
        try:
            why = await self._lines.lost()
            raise DriverError(f"{config.id}: output {config.line} is lost with its bus: {why}")
        finally:
            self._output.close()
            self._output = self._emit = None
            self._limit.off()
            if config.on_lost is OnLost.OFF:
                self._level = config.lost_level

    def apply(self, on: bool) -> None:
        """Drive the output. Raises DriverError when the device is not running or its bus is lost."""
        emit = self._emit
        if emit is None:
            raise DriverError(f"{self.id}: not running, so {self._config.line} was not driven; see its DeviceLost")
        self._limit.check(on)
        try:
            self._drive(on)
        except BusError as error:
            raise DriverError(f"{self.id}: {self._config.line} was not driven: {error}") from error
        self._applied += 1
        if on:
            self._limit.on(emit, self._drop)
        else:
            self._limit.off()

    def _drive(self, on: bool) -> None:
        assert self._output is not None
        level = on == self._config.on_level.level
        self._output.set(level)
        self._level = level

    def _drop(self) -> None:
        try:
            self._drive(False)
        except BusError:
            self._safe_failed += 1  # run() is woken by the same loss and reports it; safe() is called then

    def safe(self) -> None:
        """Put the output to its `on_lost` level, claimed or not, event loop or not. Never raises; failures count."""
        try:
            self._lines.set_now(self._config.line, self._config.lost_level)
        except BusError:
            self._safe_failed += 1
        else:
            self._level = self._config.lost_level
            self._limit.off()

    def counters(self) -> dict[str, int]:
        return {"applied": self._applied, "safe_failed": self._safe_failed, "dropped": self._limit.drops}

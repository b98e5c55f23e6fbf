"""The second layer of an output's time limit: the driver switches it off, whatever the core says."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from drivers.driver import Emit
from drivers.loop_time import loop_ns, running_loop
from drivers.reports import DriverError, Dropped

if TYPE_CHECKING:
    import asyncio

MS = 1_000_000


class OnLimit:
    """Counts how long an output is on. Saying `on` again prolongs nothing; after a drop it must be off first.

    `on_ms_max` 0: there is no limit.
    """

    def __init__(self, output: str, on_ms_max: int) -> None:
        self._output = output
        self._on_ms_max = on_ms_max
        self._timer: asyncio.TimerHandle | None = None
        self._over = False
        self.drops = 0

    def check(self, on: bool) -> None:
        """Raises DriverError where the output was dropped and has not been commanded off since."""
        if on and self._over:
            raise DriverError(
                f"{self._output}: was on for longer than its on_ms_max of {self._on_ms_max} ms and was dropped; "
                "it can be on again after it was commanded off"
            )

    def on(self, emit: Emit, drop: Callable[[], None]) -> None:
        """The output is on from now on. `drop` puts it off when the time is over."""
        if self._on_ms_max and self._timer is None:
            self._timer = running_loop().call_later(self._on_ms_max / 1000, self._end, emit, drop)

    def off(self) -> None:
        """The output is off."""
        self._over = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _end(self, emit: Emit, drop: Callable[[], None]) -> None:
        self._timer = None
        self._over = True
        self.drops += 1
        drop()
        why = f"it was on for {self._on_ms_max} ms, its on_ms_max, and was dropped by the driver"
        emit(Dropped(self._output, why, loop_ns()))

"""Counts what is no frame and reports it in sums, so that a storm on the wires is a trickle in the inbox."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from drivers.driver import Emit
from drivers.loop_time import SLACK_NS, call_at_ns, loop_ns
from drivers.reports import Noise, NoiseKind

if TYPE_CHECKING:
    import asyncio

REPORT_NS = 250_000_000  # between two rounds of reports: at most four a second of each kind


class NoiseCount:
    """Noise of one device: the first of a quiet time is reported at once, what follows it in sums."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._emit: Emit | None = None
        self._pending: Counter[NoiseKind] = Counter()
        self._next_ns = 0
        self._timer: asyncio.TimerHandle | None = None
        self.totals: Counter[NoiseKind] = Counter()  # since the device was made

    def start(self, emit: Emit) -> None:
        self._emit = emit

    def stop(self) -> None:
        """What is still pending is told with the next noise, if any."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._emit = None

    def add(self, kind: NoiseKind, count: int = 1) -> None:
        self.totals[kind] += count
        self._pending[kind] += count
        if self._timer is None:
            self._report()

    def _report(self) -> None:
        self._timer = None
        emit = self._emit
        if emit is None or not self._pending:
            return
        now_ns = loop_ns()
        if now_ns + SLACK_NS < self._next_ns:
            self._timer = call_at_ns(self._next_ns, self._report)
            return
        self._next_ns = now_ns + REPORT_NS
        pending, self._pending = self._pending, Counter()
        for kind, count in pending.items():
            emit(Noise(self._device, kind, count, now_ns))

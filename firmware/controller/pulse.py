"""Whether the core still steps: what drivers ask before they feed a watchdog that holds an output on.

A loop that hangs feeds nothing anyway. What this finds is a loop that lives while the core does not work: something
waits for it, and it does not step.
"""

from __future__ import annotations

from firmware.controller.clock import Clock
from firmware.controller.engine import Engine
from firmware.controller.inbox import Inbox
from firmware.core.step import next_deadline

STILL_MS_MAX = 1_000  # that something may wait without a step; a round of the core takes milliseconds
PAUSE_MS_MAX = 300  # between two questions; after a longer one the whole process stood still, and nothing is proven


class Pulse:
    """Asked several times a second."""

    def __init__(self, engine: Engine, inbox: Inbox, clock: Clock) -> None:
        self._engine = engine
        self._inbox = inbox
        self._clock = clock
        self._steps = -1
        self._stepped_ms = 0
        self._asked_ms = 0

    def beats(self) -> bool:
        """True while the core steps, or has nothing to do."""
        now_ms = self._clock.now_ms()
        deadline_ms = next_deadline(self._engine.state)
        waits = self._inbox.depth > 0 or (deadline_ms is not None and deadline_ms <= now_ms)
        if not waits or self._steps != self._engine.steps or now_ms - self._asked_ms > PAUSE_MS_MAX:
            self._steps, self._stepped_ms = self._engine.steps, now_ms
        self._asked_ms = now_ms
        return now_ms - self._stepped_ms <= STILL_MS_MAX

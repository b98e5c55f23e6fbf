"""What this process knows of the controller right now, how old it is, and whom to tell when it changes.

No wall clock is read here: the controller's own time stamps are carried forward on the loop's clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from firmware.messages import Health, States, Welcome

SILENT_S = 6.0  # the controller sends Health every 2 s; three missed ones are silence


class Looking(NamedTuple):
    """Somebody looks through this camera at the page, until then (the loop's seconds)."""

    camera: str
    until_s: float


class Live:
    """The last Welcome, States and Health, and whether the controller still answers.

    Every method that takes `now_s` wants the event loop's time in seconds.
    """

    def __init__(self, started_s: float) -> None:
        self.welcome: Welcome | None = None
        self.states: States | None = None
        self.health: Health | None = None
        self.connected = False
        self.looking: tuple[Looking, ...] = ()
        self.trouble = ""  # why the last connection ended, for maintenance staff
        self._started_s = started_s
        self._heard_s: float | None = None
        self._utc_ms: int | None = None  # the controller's wall time, and
        self._utc_at_s = started_s  # when we were told it
        self._watchers: list[Callable[[], None]] = []

    def watch(self, watcher: Callable[[], None]) -> None:
        """`watcher` is called after every change, and must return at once."""
        self._watchers.append(watcher)

    def heard(self, message: Welcome | States | Health, now_s: float) -> None:
        """A whole, valid message arrived."""
        self.connected = True
        self.trouble = ""
        self._heard_s = now_s
        if isinstance(message, Welcome):
            if self.welcome is not None and self.welcome.boot != message.boot:
                self.states = None  # another run of the controller: nothing of the old one is proven any more
                self._utc_ms = None
            self.welcome = message
        elif isinstance(message, States):
            self.states = message
            self._utc_ms, self._utc_at_s = message.utc_ms, now_s
        else:
            self.health = message
        self.changed()

    def lost(self, why: str) -> None:
        """The connection ended, or none could be made. What was heard stays, and is old from now on."""
        if self.connected or why != self.trouble:
            self.connected = False
            self.trouble = why
            self.changed()

    def changed(self) -> None:
        for watcher in self._watchers:
            watcher()

    def answers(self, now_s: float) -> bool:
        return self.connected and self._heard_s is not None and now_s - self._heard_s < SILENT_S

    def silent_since_s(self) -> float:
        """Loop time of the last thing heard; of our own start where nothing ever was."""
        return self._started_s if self._heard_s is None else self._heard_s

    def utc_ms_at(self, at_s: float) -> int | None:
        """The controller's wall time at a loop time; None while it does not know it itself."""
        if self._utc_ms is None:
            return None
        return self._utc_ms + round((at_s - self._utc_at_s) * 1000)

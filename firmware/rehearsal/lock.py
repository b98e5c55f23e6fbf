"""An electric lock or strike: what its coil gets, and where its bolt really is some milliseconds later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from firmware.rehearsal.layout import DoorLayout, high
from firmware.rehearsal.wires import Wires


class Lock:
    """The lock of one door. `on_bolt` is called after the bolt has moved."""

    def __init__(self, layout: DoorLayout, wires: Wires, on_bolt: Callable[[], None]) -> None:
        self.released = False  # the bolt, physically
        self.welded = False  # the bolt stays where it is
        self.supplied = True  # the lock's own power
        self._layout = layout
        self._wires = wires
        self._on_bolt = on_bolt
        self._moving: asyncio.TimerHandle | None = None
        wires.add_output(layout.lock, layout.id, lambda _level, _at_ns: self._follow())
        self.released = self.told_to_release()

    def told_to_release(self) -> bool:
        """What line and supply say: without its power a fail-safe lock releases, a fail-secure one secures."""
        if not self.supplied:
            return self._layout.lock_kind == "fail_safe"
        return self._wires.reaches(self._layout.lock) == high(self._layout.released_level)

    def weld(self, welded: bool) -> None:
        """The bolt sticks where it is, or comes loose."""
        self.welded = welded
        self._follow()

    def supply(self, supplied: bool) -> None:
        """Take the lock's own power away, or give it back."""
        self.supplied = supplied
        self._follow()

    def _follow(self) -> None:
        if self._moving is not None:
            self._moving.cancel()
            self._moving = None
        if not self.welded and self.told_to_release() != self.released:
            self._moving = self._wires.call_in(self._layout.coil_ms, self._arrive)

    def _arrive(self) -> None:
        self._moving = None
        self.released = self.told_to_release()
        self._on_bolt()
        self._wires.changed()

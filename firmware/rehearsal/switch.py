"""A switch that somebody or something works: the fire panel's relay, the contact of the cabinet."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from firmware.rehearsal.contacts import bounce
from firmware.rehearsal.errors import ActionError
from firmware.rehearsal.layout import SwitchLayout, high
from firmware.rehearsal.wires import Wires

BOUNCE_MS = 3  # of a relay


class SwitchState(msgspec.Struct, frozen=True):
    id: str
    active: bool
    faults: dict[str, bool]


class Switch:
    """One switch. Its wire can break: the input reads high by its pull-up."""

    def __init__(self, layout: SwitchLayout, wires: Wires) -> None:
        self.layout = layout
        self._wires = wires
        self._active = False
        self._watchers: list[Callable[[bool], None]] = []
        self._faults = {"wire_broken": False}
        wires.add_input(layout.line, not high(layout.active_level), layout.id)

    def set(self, active: bool) -> None:
        """Work it. The same again changes nothing."""
        if active != self._active:
            self._active = active
            bounce(self._wires, self.layout.line, high(self.layout.active_level) == active, BOUNCE_MS)
            for watcher in self._watchers:
                watcher(active)
            self._wires.changed()

    def watch(self, watcher: Callable[[bool], None]) -> None:
        """Also tell `watcher(active)`: a second contact of the same relay, wired to another plant."""
        self._watchers.append(watcher)

    def set_fault(self, fault: str, on: bool) -> None:
        """wire_broken, or ActionError."""
        if fault != "wire_broken":
            raise ActionError(f"a switch has no fault {fault[:40]!r}; it has wire_broken")
        self._faults[fault] = on
        self._wires.stick(self.layout.line, fault, True if on else None)
        self._wires.changed()

    def state(self) -> SwitchState:
        return SwitchState(self.layout.id, self._active, dict(self._faults))

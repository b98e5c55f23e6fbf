"""The Modbus ports of this machine, each opened once for all devices that name it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from drivers.bus.lines import BusError
from drivers.modbus_settings import Line
from drivers.wire.modbus import Request

if TYPE_CHECKING:
    from drivers.bus.modbus_port import Port
    from drivers.bus.modbus_wire import Wire


class NoPort(BusError):
    """The port cannot be opened: nothing of it answers."""


class Ports:
    """Makes a port when the first device asks for it; a site without Modbus loads nothing of it.

    `alive` tells whether the controller's core still steps; while it does not, no device is asked anything, so that
    watchdogs drop their outputs. `menshen safe` and tests have no core: for them it always does.
    """

    def __init__(self, open_wire: Callable[[Line], Wire] | None = None) -> None:
        self.alive: Callable[[], bool] = lambda: True
        self._open_wire = open_wire
        self._ports: dict[str, Port] = {}
        self._dead: set[str] = set()  # ports that could not be opened when safe() last tried

    def port(self, line: Line) -> Port:
        """The port of this name. Its settings are those of the first device; `menshen check` compares the others."""
        made = self._ports.get(line.name)
        if made is None:
            from drivers.bus.modbus_port import Port
            from drivers.bus.modbus_wire import open_wire

            made = Port(line, self._open_wire or open_wire, lambda: self.alive())
            self._ports[line.name] = made
        return made

    def write_now(self, line: Line, requests: Sequence[Request], answer_ms: int) -> None:
        """Write without an event loop, over a descriptor of its own. Raises BusError.

        A port that could not be opened, or a device that did not answer, is not tried for long again.
        """
        from drivers.bus.modbus_now import AGAIN_S, LIMIT_S, write_now
        from drivers.bus.modbus_wire import open_wire

        limit_s = AGAIN_S if line.name in self._dead else LIMIT_S
        try:
            write_now(line, requests, answer_ms, self._open_wire or open_wire, limit_s)
        except NoPort:
            self._dead.add(line.name)
            raise
        self._dead.discard(line.name)

    def close(self) -> None:
        """Close what is still open, so that safe() has the ports for itself."""
        for port in self._ports.values():
            if port.is_open:
                port.close()

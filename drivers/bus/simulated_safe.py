"""The simulated bus for `menshen safe`: puts outputs to their safe levels after a death, and nothing else."""

from __future__ import annotations

import socket
from pathlib import Path

from drivers.bus.exchange import Drive
from drivers.bus.lines import BusError
from drivers.bus.safe_only import SafeOnly
from drivers.bus.simulated import connect, frame


class SafeLines(SafeOnly):
    """Lines for `menshen safe`: outputs only, without an event loop. A far end that is away costs one short wait.

    Everything but set_now() and close() raises BusError.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket: socket.socket | None = None
        self._why: str | None = None  # the first failure: nothing is tried twice

    @property
    def why(self) -> str:
        """The first failure."""
        return self._why or ""

    def set_now(self, line: str, level: bool) -> None:
        if self._why is not None:
            raise BusError(self._why)
        try:
            if self._socket is None:
                self._socket = connect(self._path)
            self._socket.sendall(frame(Drive(line, level)))
        except BusError as error:
            self._why = str(error)
            raise
        except OSError as error:
            self._why = f"the far end at {self._path} does not take {line}: {error}"
            raise BusError(self._why) from error

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None

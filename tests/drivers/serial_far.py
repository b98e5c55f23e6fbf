"""The far ends of serial devices: a socket pair on virtual time, or a pty in real time."""

from __future__ import annotations

import os
import pty
import select
import socket
import tty

from drivers.bus.descriptors import READ_BYTES
from drivers.bus.lines import BusError
from drivers.bus.serial_port import SerialSettings


class SocketPort:
    """One end of a socket pair as a serial port."""

    def __init__(self, end: socket.socket) -> None:
        end.setblocking(False)
        self._end = end

    def fileno(self) -> int:
        return self._end.fileno()

    def read(self) -> bytes:
        try:
            received = self._end.recv(READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise BusError(f"the port is gone: {error}") from error
        if not received:
            raise BusError("the port is gone: its far end was closed")
        return received

    def write(self, content: bytes) -> int:
        try:
            return self._end.send(content)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise BusError(f"the port takes nothing: {error}") from error

    def drain(self, limit_s: float) -> bool:
        return True

    def close(self) -> None:
        self._end.close()


class Far:
    """What stands at the end of the cable. `opened` are the settings that the driver asked for."""

    def __init__(self) -> None:
        self.opened: list[SerialSettings] = []
        self.pulled = False
        self._end: socket.socket | None = None

    def open_port(self, settings: SerialSettings) -> SocketPort:
        if self.pulled:
            raise BusError(f"{settings.port} cannot be opened: there is no such file")
        self.opened.append(settings)
        self.hang_up()
        ours, self._end = socket.socketpair()
        self._end.setblocking(False)
        return SocketPort(ours)

    def send(self, content: bytes) -> None:
        assert self._end is not None
        self._end.sendall(content)

    def received(self) -> bytes:
        """All that has come since."""
        assert self._end is not None
        taken = b""
        while True:
            try:
                more = self._end.recv(65536)
            except BlockingIOError:
                return taken
            if not more:
                return taken
            taken += more

    def hang_up(self) -> None:
        if self._end is not None:
            self._end.close()
            self._end = None


class PtyFar:
    """A pty: `path` is what the driver opens."""

    def __init__(self) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._ours)
        tty.setraw(self._theirs)
        self.path = os.ttyname(self._theirs)

    def send(self, content: bytes) -> None:
        os.write(self._ours, content)

    def received(self, wanted: int, limit_s: float = 5.0) -> bytes:
        """At least so many bytes, or what has come within the limit."""
        taken = b""
        while len(taken) < wanted and select.select([self._ours], [], [], limit_s)[0]:
            taken += os.read(self._ours, 65536)
        return taken

    def pull(self) -> None:
        """The device is unplugged."""
        for descriptor in (self._ours, self._theirs):
            if descriptor >= 0:
                os.close(descriptor)
        self._ours = self._theirs = -1

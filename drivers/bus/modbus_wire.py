"""The descriptors under a Modbus port: a serial line, or a TCP connection. Neither ever waits."""

from __future__ import annotations

import errno
import os
import socket
import termios
from typing import Protocol

from drivers.bus.descriptors import read_there
from drivers.bus.lines import BusError
from drivers.modbus_settings import Line
from drivers.serial_settings import PARITY_LETTER


class Wire(Protocol):
    """An open descriptor. `rtu`: frames end with a CRC and silence; else each has a TCP header."""

    rtu: bool

    def fileno(self) -> int: ...

    def ready(self) -> bool:
        """True when it can be written to; False while it still connects. Raises BusError when that failed."""

    def read(self) -> bytes:
        """What is there now; empty: nothing. Raises BusError when the far end is gone."""

    def write(self, frame: bytes) -> None:
        """Hand over a whole frame. Raises BusError."""

    def close(self) -> None: ...


class DescriptorWire:
    """A wire over any non-blocking descriptor that is ready at once."""

    def __init__(self, name: str, descriptor: int, rtu: bool) -> None:
        self.rtu = rtu
        self._name = name
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def ready(self) -> bool:
        return True

    def read(self) -> bytes:
        return read_there(self._descriptor, self._name)

    def write(self, frame: bytes) -> None:
        try:
            sent = os.write(self._descriptor, frame)
        except OSError as error:
            raise BusError(f"{self._name} takes nothing: {error}") from error
        if sent != len(frame):
            raise BusError(f"{self._name} took {sent} of {len(frame)} bytes: something else writes there, or it hangs")

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


class SerialWire(DescriptorWire):
    """A serial port with its settings, locked against a second master on this machine. Raises BusError."""

    def __init__(self, line: Line) -> None:
        import serial  # type: ignore[import-untyped]  # here: only who has such a port pays for it

        try:
            self._port = serial.Serial(
                line.port,
                line.baud,
                parity=PARITY_LETTER[line.parity],
                stopbits=line.stop_bits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError, termios.error) as error:
            raise BusError(f"{line.port} cannot be opened: {error}") from error
        super().__init__(line.port, self._port.fileno(), True)
        try:
            settings = termios.tcgetattr(self._descriptor)
            settings[6][termios.VMIN] = 1  # or a read of nothing looks like a port that was unplugged
            termios.tcsetattr(self._descriptor, termios.TCSANOW, settings)
        except termios.error as error:  # it was unplugged just now
            self.close()
            raise BusError(f"{line.port} is no serial port any more: {error}") from error

    def close(self) -> None:
        self._descriptor = -1
        self._port.close()


class TcpWire(DescriptorWire):
    """A TCP connection that is being made. Raises BusError."""

    def __init__(self, line: Line) -> None:
        self._peer = (line.host, line.tcp_port)
        self._socket = socket.socket(socket.AF_INET6 if ":" in line.host else socket.AF_INET)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        super().__init__(line.name, self._socket.fileno(), False)
        try:
            self.ready()
        except BusError:
            self.close()
            raise

    def ready(self) -> bool:
        failed = self._socket.connect_ex(self._peer)
        if failed in (0, errno.EISCONN):
            return True
        if failed in (errno.EINPROGRESS, errno.EALREADY):
            return False
        raise BusError(f"{self._name} cannot be reached: {os.strerror(failed)}")

    def close(self) -> None:
        self._descriptor = -1
        self._socket.close()


def open_wire(line: Line) -> Wire:
    """Open a port. Raises BusError."""
    return TcpWire(line) if line.host else SerialWire(line)

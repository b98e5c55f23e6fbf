"""A serial port of one device: opened once, not waited for, locked against a second user."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import termios
from collections.abc import Callable
from typing import NamedTuple, Protocol

from drivers.bus.descriptors import read_there
from drivers.bus.lines import BusError
from drivers.serial_settings import PARITY_LETTER, Parity

LOOK_S = 0.01  # between two looks at what is still to be sent


class SerialSettings(NamedTuple):
    """How a port is opened."""

    port: str
    baud: int
    parity: Parity = Parity.NONE
    stop_bits: int = 1
    data_bits: int = 8


class SerialPort(Protocol):
    """An open port. None of its methods waits but `drain`."""

    def fileno(self) -> int: ...

    def read(self) -> bytes:
        """What is there, up to descriptors.READ_BYTES; empty: nothing. Raises BusError when the port is gone."""

    def write(self, content: bytes) -> int:
        """Hand over what the port takes now; returns how many bytes that were. Raises BusError."""

    def drain(self, limit_s: float) -> bool:
        """Wait until all of it is sent, for so long at the most: for safe() alone. Returns whether it is."""

    def close(self) -> None:
        """At once: what is not sent yet is dropped, since the kernel would wait for it. Idempotent."""


OpenSerial = Callable[[SerialSettings], SerialPort]


class _Port:
    """A port of this machine, by pyserial, which drops what came before: nothing old is read. Raises BusError."""

    def __init__(self, settings: SerialSettings) -> None:
        import serial  # type: ignore[import-untyped]  # here: only who has such a port pays for it

        self._name = settings.port
        try:
            self._port = serial.Serial(
                settings.port,
                settings.baud,
                bytesize=settings.data_bits,
                parity=PARITY_LETTER[settings.parity],
                stopbits=settings.stop_bits,
                timeout=0,
                write_timeout=0,
                exclusive=True,
            )
        except (OSError, ValueError, termios.error) as error:
            raise BusError(f"{settings.port} cannot be opened: {error}") from error
        self._descriptor: int = self._port.fileno()
        try:
            attributes = termios.tcgetattr(self._descriptor)
            attributes[6][termios.VMIN] = 1  # or a read of nothing looks like a port that was unplugged
            termios.tcsetattr(self._descriptor, termios.TCSANOW, attributes)
        except termios.error as error:
            self.close()
            raise BusError(f"{settings.port} is no serial port: {error}") from error

    def fileno(self) -> int:
        return self._descriptor

    def read(self) -> bytes:
        return read_there(self._descriptor, self._name)

    def write(self, content: bytes) -> int:
        try:
            return os.write(self._descriptor, content)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise BusError(f"{self._name} takes nothing: {error}") from error

    def drain(self, limit_s: float) -> bool:
        for _ in range(max(1, round(limit_s / LOOK_S))):
            if not self._unsent():
                return True
            select.select((), (), (), LOOK_S)
        return False

    def close(self) -> None:
        if self._descriptor >= 0 and self._unsent():
            with contextlib.suppress(termios.error):  # it is gone, and so is what it had
                termios.tcflush(self._descriptor, termios.TCOFLUSH)
        self._descriptor = -1
        self._port.close()

    def _unsent(self) -> int:
        """Bytes that the kernel still has to send; 0 for a port that is gone."""
        try:
            left = fcntl.ioctl(self._descriptor, termios.TIOCOUTQ, b"\0" * 4)
        except OSError:
            return 0
        return int(struct.unpack("i", left)[0])


def open_serial(settings: SerialSettings) -> SerialPort:
    """Open a port of this machine. Raises BusError."""
    return _Port(settings)

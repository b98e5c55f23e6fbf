"""The controller's power, as the panel can cut it: a line of JSON to whoever started the rehearsal.

The rehearsal kills nobody itself: it asks its parent (the development supervisor), which kills the controller hard,
waits, and starts it again. What came of it is seen on the wires, not believed from an answer.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import stat
from collections.abc import Callable

from firmware.rehearsal.errors import ActionError, BusyError, FarEndError

ASK = b'{"ask":"power_cut"}\n'
ASKED_S_MAX = 30.0  # after this long without the controller, one may ask again
READ_BYTES = 4096


class Power:
    """`control` is a Unix socket's path or a descriptor's number; None: there is nobody to ask. Raises FarEndError."""

    def __init__(self, control: str | None, loop: asyncio.AbstractEventLoop, parent_gone: Callable[[], None]) -> None:
        self._loop = loop
        self._parent_gone = parent_gone
        self._asked_s: float | None = None
        self._went_away = False
        self._fd = None if control is None else _descriptor(control)
        self._reads = False
        if self._fd is not None:
            os.set_blocking(self._fd, False)
            self._reads = stat.S_ISSOCK(os.fstat(self._fd).st_mode)
            if self._reads:
                loop.add_reader(self._fd, self._readable)

    def can_cut(self) -> bool:
        return self._fd is not None

    def asked(self) -> bool:
        """A cut was asked for and the controller is not back yet."""
        return self._asked_s is not None and self._loop.time() - self._asked_s < ASKED_S_MAX

    def cut(self) -> None:
        """Ask. Raises ActionError when nobody can be asked, BusyError while the last cut is under way."""
        if self._fd is None:
            raise ActionError("nobody here can cut the power: start the rehearsal by `menshen run FILE --simulated`")
        if self.asked():
            raise BusyError("the power is being cut already; wait for the controller to come back")
        try:
            os.write(self._fd, ASK)
        except OSError as error:
            raise ActionError(f"whoever started the rehearsal does not listen any more: {error}") from error
        self._asked_s = self._loop.time()
        self._went_away = False

    def listeners_now(self, count: int) -> None:
        """How many controllers claim inputs on the wires: gone and back again ends a cut."""
        if count == 0:
            self._went_away = True
        elif self._went_away:
            self._asked_s = None

    def close(self) -> None:
        """Idempotent."""
        fd, self._fd = self._fd, None
        if fd is not None:
            if self._reads:
                self._loop.remove_reader(fd)
            os.close(fd)

    def _readable(self) -> None:
        assert self._fd is not None
        received = b""
        with contextlib.suppress(BlockingIOError, ConnectionResetError):
            received = os.read(self._fd, READ_BYTES)  # the parent has nothing to say; its end is what is waited for
            if received:
                return
        self.close()
        self._parent_gone()


def _descriptor(control: str) -> int:
    try:
        if control.isdecimal():
            os.fstat(int(control))
            return int(control)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(control)
        except OSError:
            connection.close()
            raise
        return connection.detach()
    except OSError as error:
        raise FarEndError(f"the control socket {control} cannot be used: {error}; see --control") from error

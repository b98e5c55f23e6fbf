"""Takes connections for the page: what speaks TLS goes to the page, plain HTTP on the same port is led there.

A connection is nothing to the page before its first byte, and before its handshake of TLS is through. Until then it
waits here, in a bounded number of places; when they are all taken, the oldest one of whoever holds most of them has to
go. So a peer that opens connections and says nothing takes its own places, and nobody else's.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections import Counter
from collections.abc import Callable

FIRST_BYTE_S_MAX = 5.0
HANDSHAKE_S_MAX = 10.0  # of TLS
SHUTDOWN_S_MAX = 2.0
WAITING_MAX = 64  # that have said nothing yet, or shake hands
ACCEPTED_AT_ONCE = 32
FULL_S = 0.5  # the pause when this process has no descriptor left
TLS_HANDSHAKE = 0x16  # RFC 8446, 5.1: the type of the record with which every client begins
FULL = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})

Made = Callable[[], asyncio.Protocol]


class Entrance:
    """Serves one listening socket until `close`. As asyncio's own servers, as far as uvicorn knows them."""

    def __init__(self, listening: socket.socket, made: Made, tls: ssl.SSLContext | None, plain: Made | None) -> None:
        """`made` makes the page's end of a connection; `plain`: that of one without TLS where there should be some."""
        self._listening = listening
        self._made = made
        self._tls = tls
        self._plain = plain
        self._loop = asyncio.get_running_loop()
        self._waiting: dict[asyncio.Task[None], str] = {}  # the oldest first; whose they are
        self._pause: asyncio.TimerHandle | None = None
        self._loop.add_reader(listening, self._accept)

    @property
    def sockets(self) -> tuple[socket.socket, ...]:
        return (self._listening,)

    def close(self) -> None:
        """Take no more, and let those go that wait. Idempotent."""
        self._loop.remove_reader(self._listening)
        if self._pause is not None:
            self._pause.cancel()
        for task in self._waiting:
            task.cancel()

    async def wait_closed(self) -> None:
        """Until nothing waits any more."""
        await asyncio.gather(*self._waiting, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(ACCEPTED_AT_ONCE):
            try:
                connected, peer = self._listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in FULL:
                    raise
                self._loop.remove_reader(self._listening)
                self._pause = self._loop.call_later(FULL_S, self._loop.add_reader, self._listening, self._accept)
                return
            connected.setblocking(False)
            if len(self._waiting) >= WAITING_MAX:
                self._make_room()
            task = self._loop.create_task(self._let_in(connected))
            self._waiting[task] = str(peer[0])
            task.add_done_callback(lambda done: self._waiting.pop(done, None))

    def _make_room(self) -> None:
        ((most, _),) = Counter(self._waiting.values()).most_common(1)
        oldest = next(task for task, address in self._waiting.items() if address == most)
        del self._waiting[oldest]
        oldest.cancel()

    async def _let_in(self, connected: socket.socket) -> None:
        """From the first byte to the page's end of the connection."""
        handed = False
        try:
            first = await self._first_byte(connected)
            if first is None:
                return
            tls = self._tls if first == TLS_HANDSHAKE else None
            made = self._made if tls is not None or self._tls is None else self._plain
            if made is None:
                return
            handed = True
            with contextlib.suppress(OSError):  # of which ssl.SSLError: it speaks no TLS that we take, or is gone
                await self._loop.connect_accepted_socket(
                    made,
                    connected,
                    ssl=tls,
                    ssl_handshake_timeout=None if tls is None else HANDSHAKE_S_MAX,
                    ssl_shutdown_timeout=None if tls is None else SHUTDOWN_S_MAX,
                )
        finally:
            if not handed:
                connected.close()

    async def _first_byte(self, connected: socket.socket) -> int | None:
        """It stays where it is, for whoever reads the rest. None: none came in time."""
        came = asyncio.Event()
        self._loop.add_reader(connected, came.set)
        try:
            async with asyncio.timeout(FIRST_BYTE_S_MAX):
                await came.wait()
            byte = connected.recv(1, socket.MSG_PEEK)
        except (TimeoutError, OSError):
            return None
        finally:
            self._loop.remove_reader(connected)
        return byte[0] if byte else None

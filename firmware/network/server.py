"""The page's HTTP server: where it may listen, and the limits on what a peer may make it hold."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Generator
from typing import NamedTuple, cast

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from firmware.network.accepting import Entrance
from firmware.network.errors import PageAddressError
from firmware.network.guard import HEAD_BYTES_MAX

HEAD_S_MAX = 10.0  # for the whole head to arrive
STALL_S_MAX = 15.0  # for a peer to take something of what waits for it
CONNECTIONS_MAX = 240  # the 64 streams, as many that are ending, and ordinary requests: a browser takes up to six
CONNECTIONS_EASY = 80  # above that, one that says nothing makes room for each further one
CONNECTIONS_BUSY = 160  # above that, one whose body has not come yet does, too: a sheet on its way is the last to go
IDLE_S_MAX = 5
STOP_S_MAX = 2
PORT_MAX = 65_535


class Address(NamedTuple):
    """Where the page listens; anywhere but on loopback it is served over TLS only."""

    host: str
    port: int
    is_loopback: bool


def page_address(address: str) -> Address:
    """Host and port of "127.0.0.1:8080" or "[::1]:8080"; port 0 lets the system choose. Raises PageAddressError."""
    host, colon, port_text = address.rpartition(":")
    if not colon or not port_text.isascii() or not port_text.isdigit() or int(port_text) > PORT_MAX:
        raise PageAddressError(f"{address!r} is no address for the page: write HOST:PORT, such as 127.0.0.1:8080")
    host = host.strip("[]")
    if host == "localhost":
        host = "127.0.0.1"
    try:
        return Address(host, int(port_text), ipaddress.ip_address(host).is_loopback)
    except ValueError as error:
        raise PageAddressError(f"{host!r} is no IP address: write one of this machine, such as 127.0.0.1") from error


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises PageAddressError when the port is taken or not allowed."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # By its number, or asyncio does not know it for TCP and leaves Nagle's algorithm (RFC 896) on: against a peer's
    # delayed acknowledgement, 40 ms on Linux, each further answer on a connection would wait for that.
    listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(CONNECTIONS_MAX)
    except OSError as error:
        listening.close()
        raise PageAddressError(
            f"the page cannot listen on {host} port {port}: {error.strerror}. Choose another port with --page, or stop "
            "the program that uses it"
        ) from error
    listening.setblocking(False)
    return listening


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with clocks it lacks: for a head to arrive, for a peer to read at all, and to end after that.

    What comes of a body after its answer keeps no connection: with uvicorn's own clock each byte of it would.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _stall_timer: asyncio.TimerHandle | None = None
    _made_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._made_s = self.loop.time()
        if len(self.connections) > CONNECTIONS_EASY:
            self._make_room()
        # Paused whenever the kernel did not take everything: so the stall clock sees each byte that waits, after
        # close() too.
        # One of TLS counts as full at its limit, not above it; what it has encrypted waits in a transport of its own,
        # up to asyncio's 64 KiB, which the clock sees once they are full.
        transport.set_write_buffer_limits(high=0 if transport.get_extra_info("sslcontext") is None else 1)
        self._watch_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._watch_head()

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in (self._head_timer, self._stall_timer):
            if timer is not None:
                timer.cancel()
        self._head_timer = self._stall_timer = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._stall_timer = self.loop.call_later(STALL_S_MAX, self.transport.abort)

    def resume_writing(self) -> None:
        if self._stall_timer is not None:
            self._stall_timer.cancel()
            self._stall_timer = None
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_head()

    @property
    def _idle(self) -> bool:
        """Whether nothing was asked here, or all of it is answered."""
        return self.conn.their_state is h11.IDLE and self.conn.our_state is h11.IDLE

    @property
    def _unasked(self) -> bool:
        """Whether nothing has come whole yet that would be answered."""
        return self._idle or self.conn.their_state is h11.SEND_BODY

    def _make_room(self) -> None:
        """Of whoever has most connections that have asked for nothing whole, one goes: idle ones first, the oldest."""
        busy = len(self.connections) > CONNECTIONS_BUSY
        others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
        unasked = [each for each in others if each._idle or (busy and each._unasked)]
        if not unasked:
            return
        unasked.sort(key=lambda each: (not each._idle, each._made_s))
        ((most, _),) = Counter(each.client[0] if each.client else "" for each in unasked).most_common(1)
        next(each for each in unasked if (each.client[0] if each.client else "") == most).transport.abort()

    def _watch_head(self) -> None:
        """The clock starts with the connection, a head's first byte or an answer, and not anew with each byte."""
        goes_on = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
        if self.conn.their_state is not h11.IDLE and not goes_on:
            if self._head_timer is not None:
                self._head_timer.cancel()
                self._head_timer = None
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_S_MAX, self.transport.close)


def _configured(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=BoundedProtocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        limit_concurrency=CONNECTIONS_MAX,
        timeout_keep_alive=IDLE_S_MAX,
        timeout_graceful_shutdown=STOP_S_MAX,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
    )


class PageServer(uvicorn.Server):
    """uvicorn's server without its signal handlers: the process has its own order of stopping."""

    def __init__(self, app: ASGIApp, tls: ssl.SSLContext | None = None, plain: ASGIApp | None = None) -> None:
        """`plain` answers what comes without TLS where there is TLS; without it such connections end."""
        self._tls = tls
        self._plain = None if plain is None else _configured(plain)
        super().__init__(_configured(app))

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As uvicorn's, with an entrance of our own: it bounds what a peer may hold before it asks for anything."""
        assert sockets, "the page is handed its sockets"
        if self._plain is not None:
            self._plain.load()
        plain = None if self._plain is None else self._made(self._plain)
        entrances = [Entrance(one, self._made(self.config), self._tls, plain) for one in sockets]
        self.servers = cast("list[asyncio.Server]", entrances)  # all that uvicorn does with them is to close them
        self.started = True

    def _made(self, config: uvicorn.Config) -> Callable[[], BoundedProtocol]:
        return lambda: BoundedProtocol(config, self.server_state, self.lifespan.state)

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    def stop(self) -> None:
        """Take no more connections and end the ones there are; `serve` returns within STOP_S_MAX."""
        self.should_exit = True

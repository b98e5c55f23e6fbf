"""The far end of the simulated buses: serves drivers/bus/exchange.py on a Unix socket and on sockets handed over.

The levels belong to the wires, not to a client: a controller that is killed leaves every output as it was, as a relay
board does, and a short-lived second client (`menshen safe`) may drive them. Everything is bounded; a client that breaks
the rules is dropped, with the reason kept for people to read.
"""

from __future__ import annotations

import asyncio
import os
import socket
import stat
from collections import deque
from pathlib import Path

import msgspec

from drivers.bus.exchange import FRAME_BYTES_MAX, Claim, Drive, Edges, Levels, Message, Read, Refused, Release
from drivers.bus.lines import Edge
from firmware.rehearsal.errors import FarEndError
from firmware.rehearsal.wires import Wires

CLIENTS_MAX = 16  # a controller and a few short-lived ones; more are somebody's mistake
LINES_MAX = 256  # of one claim: a board has about forty
UNREAD_BYTES_MAX = 4 << 20  # edges that a stalled client has not read: several seconds of a noise storm
EDGES_A_MESSAGE_MAX = 10_000  # about 300 kB, as exchange.py counts
DROPPED_KEPT = 32  # reasons kept for the panel

_HEADER_BYTES = 4


class FarEnd:
    """Serves the wires to any number of clients, up to CLIENTS_MAX, one after another or at once."""

    def __init__(self, wires: Wires) -> None:
        self.dropped: deque[str] = deque(maxlen=DROPPED_KEPT)
        self._wires = wires
        self._clients: set[_Client] = set()
        self._server: asyncio.AbstractServer | None = None
        self._path: Path | None = None
        self._unlisten = wires.listen(self._on_edges)

    @property
    def wires(self) -> Wires:
        return self._wires

    def clients(self) -> int:
        """How many are connected."""
        return len(self._clients)

    def listening(self) -> int:
        """How many claim any input: a running controller does, `menshen safe` does not."""
        return sum(1 for client in self._clients if client.claimed)

    async def serve(self, path: Path) -> None:
        """Listen on a Unix socket that only this user can open. Raises FarEndError. A stale socket file is replaced."""
        assert self._server is None
        _remove_stale(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            mask = os.umask(0o177)  # the file must never be open to others, not even for a moment
            try:
                listener.bind(str(path))
            finally:
                os.umask(mask)
            listener.setblocking(False)
            self._server = await asyncio.get_running_loop().create_unix_server(lambda: _Client(self), sock=listener)
        except OSError as error:
            listener.close()
            raise FarEndError(
                f"cannot serve the wires on {path}: {error}; choose another path with --socket"
            ) from error
        self._path = path

    async def attach(self, sock: socket.socket) -> None:
        """Serve a connected stream socket that was handed over; it is closed with the far end or by its peer."""
        sock.setblocking(False)
        await asyncio.get_running_loop().connect_accepted_socket(lambda: _Client(self), sock)

    async def close(self) -> None:
        """Drop all clients and the socket. Outputs keep their level. Idempotent."""
        self._unlisten()
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for client in tuple(self._clients):
            client.drop("")
        if server is not None:
            await server.wait_closed()
        if self._path is not None:
            self._path.unlink(missing_ok=True)
            self._path = None

    def admit(self, client: _Client) -> bool:
        if len(self._clients) >= CLIENTS_MAX:
            self.dropped.append(f"more than {CLIENTS_MAX} clients at once")
            return False
        self._clients.add(client)
        self._wires.changed()
        return True

    def dismiss(self, client: _Client, why: str) -> None:
        if why:
            self.dropped.append(why)
        if client in self._clients:
            self._clients.discard(client)
            self._wires.changed()

    def _on_edges(self, edges: list[Edge]) -> None:
        for client in tuple(self._clients):
            client.send_edges(edges)


class _Client(asyncio.Protocol):
    """One connected bus."""

    def __init__(self, far_end: FarEnd) -> None:
        self.claimed: set[str] = set()
        self._far_end = far_end
        self._wires = far_end.wires
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None
        self._decoder = msgspec.msgpack.Decoder(Claim | Read | Release | Drive)
        self._encoder = msgspec.msgpack.Encoder()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if not self._far_end.admit(self):
            self._transport = None
            transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self._transport = None
        self._far_end.dismiss(self, f"connection lost: {error}" if error else "")

    def data_received(self, received: bytes) -> None:
        self._received += received
        while self._transport is not None and len(self._received) >= _HEADER_BYTES:
            length = int.from_bytes(self._received[:_HEADER_BYTES], "big")
            if not 0 < length <= FRAME_BYTES_MAX:
                self.drop(f"a client sent a frame of {length} bytes; 1 to {FRAME_BYTES_MAX} are allowed")
                return
            if len(self._received) < _HEADER_BYTES + length:
                return
            frame = bytes(self._received[_HEADER_BYTES : _HEADER_BYTES + length])
            del self._received[: _HEADER_BYTES + length]
            try:
                message = self._decoder.decode(frame)
            except msgspec.MsgspecError as error:
                self.drop(f"a client sent what no bus sends: {error}")
                return
            self._take(message)

    def _take(self, message: Claim | Read | Release | Drive) -> None:
        match message:
            case Claim(lines):
                self._claim(lines)
            case Read(lines):
                self._wires.deliver()  # edges that are due come before it, as in _claim()
                mine = [line for line in lines if line in self.claimed]
                self._send(Levels(self._wires.read(mine), self._wires.now_ns()))
            case Release(lines):
                self.claimed.difference_update(lines)
            case Drive(line, level):
                if self._wires.is_output(line):
                    self._wires.drive(line, level)
                else:
                    self._refuse(line, "an input" if self._wires.is_input(line) else "")

    def _claim(self, lines: tuple[str, ...]) -> None:
        if len(self.claimed) + len(lines) > LINES_MAX:
            self.drop(f"a client claimed more than {LINES_MAX} lines")
            return
        self._wires.deliver()  # what was due goes to those who claimed before; Levels is the state after it
        known = [line for line in lines if self._wires.is_input(line)]
        for line in lines:
            if not self._wires.is_input(line):
                self._refuse(line, "an output" if self._wires.is_output(line) else "")
        self.claimed.update(known)
        self._send(Levels(self._wires.levels(known), self._wires.now_ns()))
        self._wires.changed()

    def _refuse(self, line: str, is_what: str) -> None:
        why = f"it is {is_what} of the controller" if is_what else "no plant hangs on it: see the file of the plants"
        self._send(Refused(line, why))

    def send_edges(self, edges: list[Edge]) -> None:
        if not self.claimed:
            return
        mine = [edge for edge in edges if edge.line in self.claimed]
        for start in range(0, len(mine), EDGES_A_MESSAGE_MAX):
            self._send(Edges(tuple(mine[start : start + EDGES_A_MESSAGE_MAX])))

    def _send(self, message: Message) -> None:
        if self._transport is None or self._transport.is_closing():  # killed: `connection_lost` comes next
            return
        frame = self._encoder.encode(message)
        assert len(frame) <= FRAME_BYTES_MAX
        self._transport.write(len(frame).to_bytes(_HEADER_BYTES, "big") + frame)
        if self._transport.get_write_buffer_size() > UNREAD_BYTES_MAX:
            self.drop(f"a client left more than {UNREAD_BYTES_MAX} bytes unread; it must read, or claim less")

    def drop(self, why: str) -> None:
        """End the connection at once."""
        transport, self._transport = self._transport, None
        self.claimed.clear()
        self._far_end.dismiss(self, why)
        if transport is not None:
            transport.abort()


def _remove_stale(path: Path) -> None:
    """Remove a socket file that nobody serves any more. Raises FarEndError when somebody does, or it is no socket."""
    try:
        mode = path.lstat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise FarEndError(f"{path} is there and no socket; choose another path with --socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect(str(path))
        except OSError:
            path.unlink(missing_ok=True)
            return
    raise FarEndError(f"another rehearsal serves {path}; stop it first, or choose another path with --socket")

"""The bus of lines whose far end is another program: the rehearsal process, or a test. Speaks drivers/bus/exchange.py.

The far end owns the levels, so an output keeps its level when this side is killed, as a relay board does.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Sequence
from pathlib import Path

import msgspec

from drivers.bus.exchange import (
    FRAME_BYTES_MAX,
    AnyMessage,
    Claim,
    Drive,
    Edges,
    Levels,
    Read,
    Refused,
    Release,
)
from drivers.bus.lines import READ_NS, BusError, Edge, Found, OnEdges, Overflow

HEADER = struct.Struct(">I")
READ_BYTES = 1 << 16  # one system call
READS_MAX = 64  # in one callback: 4 MiB, so that a flood leaves room for the rest of the loop
WRITE_BYTES_MAX = 1 << 18  # a far end that takes nothing while this much waits is lost; a Drive has some 30 bytes
READ_S_MAX = 5.0  # a reading that is not answered for so long: the far end hangs, and is not merely busy
NOW_TIMEOUT_S = 0.2  # set_now(): one wait for the connection and one for the write stay below 0.5 s together

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(AnyMessage).decode


def frame(message: AnyMessage) -> bytes:
    """One message as it goes over the socket."""
    body = _encode(message)
    assert len(body) <= FRAME_BYTES_MAX
    return HEADER.pack(len(body)) + body


class _Watch:
    """A claim of inputs: an InputLine when it is one line, an EdgeStream when it is several."""

    def __init__(
        self, bus: SimulatedLines, lines: tuple[str, ...], holder: str, on_edges: OnEdges, is_read: bool
    ) -> None:
        self.is_read = is_read  # time and again
        self.bus: SimulatedLines | None = bus  # None: closed
        self.lines = lines
        self.holder = holder
        self.on_edges = on_edges
        self.levels: dict[str, bool] = {}
        self.why: str | None = None  # of the refusal or the loss
        self.answered = asyncio.Event()

    async def ready(self) -> None:
        await self.answered.wait()
        if self.why is not None:
            raise BusError(self.why)

    def level(self) -> bool:
        if self.why is not None:
            raise BusError(self.why)
        level = self.levels.get(self.lines[0])
        if level is None:
            raise BusError(f"the far end has not yet told the level of {self.lines[0]}; wait for ready()")
        return level

    def counters(self) -> dict[str, int]:
        return {}

    def close(self) -> None:
        bus, self.bus = self.bus, None
        if bus is not None:
            bus._release(self)

    def fail(self, why: str) -> None:
        self.why = why
        self.bus = None
        self.answered.set()

    def take_level(self, line: str, level: bool, at_ns: int) -> None:
        """The first one of each line makes the claim ready; a later one that differs is news without an edge."""
        old = self.levels.get(line)
        self.levels[line] = level
        if old is not None and old != level:
            self.on_edges((Found(line, level, at_ns),))
        if len(self.levels) == len(self.lines):
            self.answered.set()


class _Output:
    def __init__(self, bus: SimulatedLines, line: str, holder: str) -> None:
        self.bus: SimulatedLines | None = bus
        self.line = line
        self.lines = (line,)
        self.holder = holder
        self.why = f"output {line} is not claimed any more"

    def set(self, level: bool) -> None:
        if self.bus is None:
            raise BusError(self.why)
        self.bus._send(Drive(self.line, level))

    def close(self) -> None:
        bus, self.bus = self.bus, None
        if bus is not None:
            bus._release(self)

    def fail(self, why: str) -> None:
        self.why = why
        self.bus = None


class SimulatedLines:
    """Lines over a Unix socket. `far_end` is the socket's path, or a connected socket, which serves only once."""

    def __init__(self, far_end: Path | socket.socket) -> None:
        self._path = far_end if isinstance(far_end, Path) else None
        self._handed = far_end if isinstance(far_end, socket.socket) else None
        self._socket: socket.socket | None = None
        self._claims: dict[str, _Watch | _Output] = {}
        self._read_timer: asyncio.TimerHandle | None = None  # while there are inputs
        self._asked_s: float | None = None  # since when a reading is under way
        self._buffer = bytearray()
        self._unsent = bytearray()
        self._lost = asyncio.Event()
        self._why = "the bus is not open"

    async def open(self) -> None:
        if self._socket is not None:
            return
        connection = self._connect()
        connection.setblocking(False)
        self._socket = connection
        self._lost = asyncio.Event()
        self._buffer.clear()
        self._unsent.clear()
        asyncio.get_running_loop().add_reader(connection.fileno(), self._readable)

    async def lost(self) -> str:
        await self._lost.wait()
        return self._why

    def claim_input(self, line: str, holder: str, on_edges: OnEdges) -> _Watch:
        watch = self._watch((line,), holder, on_edges, is_read=True)
        if self._read_timer is None:
            self._read_later()
        return watch

    def claim_edges(self, lines: Sequence[str], holder: str, on_edges: OnEdges) -> _Watch:
        return self._watch(tuple(lines), holder, on_edges, is_read=False)

    def claim_output(self, line: str, holder: str, level: bool) -> _Output:
        self._refuse_second_claim((line,), holder)
        output = _Output(self, line, holder)
        self._claims[line] = output
        self._send(Drive(line, level))
        return output

    def set_now(self, line: str, level: bool) -> None:
        message = frame(Drive(line, level))
        if self._socket is not None:
            try:
                self._socket.settimeout(NOW_TIMEOUT_S)
                self._socket.sendall(bytes(self._unsent) + message)  # in order: what was driven before comes before
                self._socket.setblocking(False)
                self._unsent.clear()
                return
            except OSError as error:
                self._lose(f"the far end does not take {line}: {error}")
        if self._path is None:
            raise BusError(f"{line} cannot be driven: the handed-over socket is gone ({self._why})")
        with contextlib.closing(connect(self._path)) as connection:
            try:
                connection.sendall(message)
            except OSError as error:
                raise BusError(f"the far end at {self._path} does not take {line}: {error}") from error

    def close(self) -> None:
        self._lose("the bus was closed")

    # -- claims -------------------------------------------------------------------------------------------------------

    def _watch(self, lines: tuple[str, ...], holder: str, on_edges: OnEdges, is_read: bool) -> _Watch:
        self._refuse_second_claim(lines, holder)
        watch = _Watch(self, lines, holder, on_edges, is_read)
        for line in lines:
            self._claims[line] = watch
        self._send(Claim(lines))
        return watch

    def _refuse_second_claim(self, lines: tuple[str, ...], holder: str) -> None:
        for line in lines:
            claim = self._claims.get(line)
            if claim is not None:
                raise BusError(f"{line} is held by {claim.holder}, so {holder} cannot have it; give one another line")

    def _release(self, claim: _Watch | _Output) -> None:
        for line in claim.lines:
            if self._claims.get(line) is claim:
                del self._claims[line]
        if isinstance(claim, _Watch) and self._socket is not None:
            self._send(Release(claim.lines))

    # -- readings -----------------------------------------------------------------------------------------------------

    def _read_later(self) -> None:
        self._read_timer = asyncio.get_running_loop().call_later(READ_NS / 1e9, self._read)

    def _read(self) -> None:
        """Ask for the levels of all inputs in one message. It must be answered before the next one is sent."""
        self._read_timer = None
        lines = tuple(line for line, claim in self._claims.items() if isinstance(claim, _Watch) and claim.is_read)
        now_s = asyncio.get_running_loop().time()
        if not lines:
            self._asked_s = None
            return
        if self._asked_s is None:
            self._asked_s = now_s
            with contextlib.suppress(BusError):  # it is lost, and lost() says so to everybody
                self._send(Read(lines))
        elif now_s - self._asked_s > READ_S_MAX:
            self._lose(f"the far end has not said a level for more than {READ_S_MAX:g} s; does it hang?")
        if self._socket is not None:
            self._read_later()

    # -- the socket ---------------------------------------------------------------------------------------------------

    def _connect(self) -> socket.socket:
        if self._path is not None:
            return connect(self._path)
        handed, self._handed = self._handed, None
        if handed is None:
            raise BusError(f"the handed-over socket is gone ({self._why}) and there is no path to connect to again")
        return handed

    def _lose(self, why: str) -> None:
        connection, self._socket = self._socket, None
        if connection is None:
            return
        self._why = why
        self._asked_s = None
        if self._read_timer is not None:
            self._read_timer.cancel()
            self._read_timer = None
        with contextlib.suppress(RuntimeError):  # safe() may run after the event loop has ended
            asyncio.get_running_loop().remove_reader(connection.fileno())
            asyncio.get_running_loop().remove_writer(connection.fileno())
        connection.close()
        claims, self._claims = set(self._claims.values()), {}
        for claim in claims:
            claim.fail(why)
        self._lost.set()

    def _send(self, message: AnyMessage) -> None:
        """Send without waiting; what the socket does not take is sent when it does. Raises BusError."""
        if self._socket is None:
            raise BusError(self._why)
        first = not self._unsent
        self._unsent += frame(message)
        if first:
            self._flush()
        if len(self._unsent) > WRITE_BYTES_MAX:
            self._lose(f"the far end takes nothing: {len(self._unsent)} bytes wait for it")
        if self._socket is None:
            raise BusError(self._why)

    def _flush(self) -> None:
        assert self._socket is not None
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._lose(f"the far end went away: {error}")
            return
        del self._unsent[:sent]
        loop = asyncio.get_running_loop()
        if self._unsent:
            loop.add_writer(self._socket.fileno(), self._flush)
        else:
            loop.remove_writer(self._socket.fileno())

    def _readable(self) -> None:
        """Take all there is before any timer of this turn of the loop runs: a driver's frame may end on silence."""
        for _ in range(READS_MAX):
            if self._socket is None:
                return
            try:
                chunk = self._socket.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError as error:
                self._lose(f"the far end went away: {error}")
                return
            if not chunk:
                self._lose("the far end closed the connection")
                return
            self._buffer += chunk
            self._take_messages()
            if len(chunk) < READ_BYTES:
                return  # a stream socket gives less than it was asked for only when it is empty

    def _take_messages(self) -> None:
        at = 0
        buffer = self._buffer
        while len(buffer) - at >= HEADER.size:
            (size,) = HEADER.unpack_from(buffer, at)
            if size > FRAME_BYTES_MAX:
                self._lose(f"the far end announced {size} bytes; {FRAME_BYTES_MAX} are allowed")
                return
            if len(buffer) - at < HEADER.size + size:
                break
            at += HEADER.size
            try:
                message = _decode(memoryview(buffer)[at : at + size])
            except msgspec.MsgspecError as error:
                self._lose(f"the far end sent what is no message: {error}")
                return
            at += size
            self._dispatch(message)
            if self._socket is None:
                return
        del buffer[:at]

    def _dispatch(self, message: AnyMessage) -> None:
        if isinstance(message, Edges):
            self._dispatch_edges(message.edges)
        elif isinstance(message, Levels):
            self._asked_s = None
            for line, level in message.levels.items():
                claim = self._claims.get(line)
                if isinstance(claim, _Watch):
                    claim.take_level(line, level, message.at_ns)
        elif isinstance(message, Refused):
            claim_or_none = self._claims.get(message.line)
            if claim_or_none is not None:
                self._forget(claim_or_none, f"the far end refused {message.line}: {message.why}")
        else:
            self._lose(f"the far end sent {type(message).__name__}, which only this side may send")

    def _forget(self, claim: _Watch | _Output, why: str) -> None:
        for line in claim.lines:
            self._claims.pop(line, None)
        claim.fail(why)

    def _dispatch_edges(self, edges: Sequence[Edge]) -> None:
        """Each claim gets its edges as one batch, in the order in which they came."""
        only = self._claims.get(edges[0].line) if edges else None
        if isinstance(only, _Watch) and all(edge.line in only.lines for edge in edges):  # nearly always
            for edge in edges:
                only.levels[edge.line] = edge.level
            only.on_edges(edges)
            return
        batches: dict[_Watch, list[Edge | Overflow]] = {}
        for edge in edges:
            claim = self._claims.get(edge.line)
            if isinstance(claim, _Watch):  # edges still under way when a claim ended are nobody's
                claim.levels[edge.line] = edge.level
                batch = batches.get(claim)
                if batch is None:
                    batches[claim] = [edge]
                else:
                    batch.append(edge)
        for claim, batch in batches.items():
            if claim.bus is not None:
                claim.on_edges(batch)


def connect(path: Path) -> socket.socket:
    """A connection with a time limit on each operation. Raises BusError."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(NOW_TIMEOUT_S)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        raise BusError(f"nobody listens at {path} ({error}); is the far end of the simulated wires running?") from error
    return connection

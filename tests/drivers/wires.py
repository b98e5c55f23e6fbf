"""The far end of simulated wires for the driver tests: a small server of its own, and a reader's pulses.

It imports the messages of drivers/bus/exchange.py and nothing else of the house. Bits are given as text, "0110".
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Iterable, Sequence

import msgspec

from drivers.bus.exchange import AnyMessage, Claim, Drive, Edges, Levels, Message, Read, Refused, Release
from drivers.bus.lines import Edge

US = 1_000
MS = 1_000_000
S = 1_000_000_000


def now_ns() -> int:
    return round(asyncio.get_running_loop().time() * 1e9)


async def until_ns(at_ns: int) -> None:
    """Virtual time reaches `at_ns`."""
    loop = asyncio.get_running_loop()
    reached = loop.create_future()
    loop.call_at(at_ns / 1e9, reached.set_result, None)
    await reached


async def after_ms(ms: float) -> None:
    await until_ns(now_ns() + round(ms * MS))


def pulses(
    bits: str, d0: str, d1: str, *, from_ns: int, interval_ns: int = 1 * MS, pulse_ns: int = 50 * US
) -> list[Edge]:
    """The edges of a reader that sends `bits` with an even clock."""
    edges: list[Edge] = []
    at_ns = from_ns
    for bit in bits:
        line = d1 if bit == "1" else d0
        edges += [Edge(line, False, at_ns), Edge(line, True, at_ns + pulse_ns)]
        at_ns += interval_ns
    return edges


def h10301(facility: int, number: int) -> str:
    """A 26 bit card, from the published description: even parity over 12 bits, odd parity over the other 12."""
    body = f"{facility:08b}{number:016b}"
    even = str(body[:12].count("1") % 2)
    odd = str(1 - body[12:].count("1") % 2)
    return even + body + odd


class FarEnd:
    """Owns the levels. Serves one path, or handed sockets, and keeps what it was told."""

    def __init__(self, levels: dict[str, bool] | None = None, *, refused: dict[str, str] | None = None) -> None:
        self.levels: dict[str, bool] = dict(levels or {})
        self.refused = dict(refused or {})
        self.watched: set[str] = set()
        self.reads: list[tuple[int, tuple[str, ...]]] = []
        self.answers = True  # readings
        self.drives: list[tuple[int, str, bool]] = []
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def listen(self, path: str) -> None:
        self._server = await asyncio.start_unix_server(self._accept, path)

    async def hand_over(self) -> socket.socket:
        """One end of a socket pair for the bus; the other is served here."""
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        task = asyncio.create_task(self._accept(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return theirs

    def send(self, edges: Iterable[Edge]) -> None:
        """All in one message, now, whatever their stamps say."""
        batch = tuple(edges)
        for edge in batch:
            self.levels[edge.line] = edge.level
        self._write(Edges(batch))

    def change_unheard(self, line: str, level: bool) -> None:
        """An edge that the kernel, or a bus, loses without a word."""
        self.levels[line] = level

    async def play(self, edges: Sequence[Edge]) -> None:
        """Each edge when its time comes."""
        for edge in edges:
            await until_ns(edge.at_ns)
            self.send([edge])

    def send_raw(self, chunk: bytes) -> None:
        for writer in self._writers:
            writer.write(chunk)

    async def hang_up(self) -> None:
        """The connections go, the levels stay."""
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.close()
        for writer in writers:
            await writer.wait_closed()
        self.watched.clear()

    async def close(self) -> None:
        await self.hang_up()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
        for task in tuple(self._tasks):
            await task

    def _write(self, message: Message) -> None:
        body = msgspec.msgpack.encode(message)
        self.send_raw(struct.pack(">I", len(body)) + body)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):  # who was served has gone
                while True:
                    (size,) = struct.unpack(">I", await reader.readexactly(4))
                    self._serve(msgspec.msgpack.decode(await reader.readexactly(size), type=AnyMessage))
        finally:
            if writer in self._writers:
                self._writers.remove(writer)
            writer.close()

    def _serve(self, message: AnyMessage) -> None:
        if isinstance(message, Claim):
            refused = [line for line in message.lines if line in self.refused]
            for line in refused:
                self._write(Refused(line, self.refused[line]))
            if not refused:
                self.watched |= set(message.lines)
                self._write(Levels({line: self.levels.setdefault(line, True) for line in message.lines}, now_ns()))
        elif isinstance(message, Read):
            self.reads.append((now_ns(), message.lines))
            if self.answers:
                self._write(Levels({line: self.levels[line] for line in message.lines}, now_ns()))
        elif isinstance(message, Release):
            self.watched -= set(message.lines)
        elif isinstance(message, Drive):
            self.drives.append((now_ns(), message.line, message.level))
            self.levels[message.line] = message.level

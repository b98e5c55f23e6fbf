"""Simulated Modbus boards: the far end of an RS-485 line or a TCP connection, with everything that goes wrong there.

A `BoardLine` is one line with its boards. It knows nothing of drivers: codec and CRC are its own (MODBUS Application
Protocol V1.1b3; MODBUS over Serial Line V1.02, annex B). Bytes take their time: 11 bits each, at the line's baud.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import random
import socket
import struct
import termios
import tty
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, NamedTuple

BITS = 11
SILENT_CHARACTERS = 3.5
READ_BYTES = 4096
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
READS = (1, 2, 3, 4)
COIL_ON = 0xFF00
ASKED_KEPT = 10_000


def crc16(frame: bytes) -> bytes:
    """Bit by bit, as the specification draws it; the low byte first."""
    crc = 0xFFFF
    for byte in frame:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ 0xA001 if crc & 1 else crc >> 1
    return struct.pack("<H", crc)


class Written(NamedTuple):
    """One write that a board has carried out."""

    at_s: float
    table: str
    address: int
    value: int


class Noise:
    """What a bad cable does to what boards send, by chance from a seed: turned bits, lost bytes, more bytes."""

    def __init__(self, seed: int, *, flip: float = 0.0, lose: float = 0.0, insert: float = 0.0) -> None:
        self._random = random.Random(seed)
        self._flip, self._lose, self._insert = flip, lose, insert

    def through(self, frame: bytes) -> bytes:
        """What is left of a frame."""
        out = bytearray()
        for byte in frame:
            while self._random.random() < self._insert:
                out.append(self._random.randrange(256))
            if self._random.random() < self._lose:
                continue
            bits = [1 << bit for bit in range(8) if self._random.random() < self._flip]
            out.append(byte ^ sum(bits))
        return bytes(out)


class Board:
    """One board: four tables, and what is wrong with it. `watchdog_s`: its coils drop that long after a request."""

    def __init__(self, unit: int, *, answer_ms: float = 2.0, size: int = 16, watchdog_s: float | None = None) -> None:
        self.unit = unit
        self.answer_ms = answer_ms
        self.coils = [0] * size
        self.inputs = [0] * size
        self.holding: dict[int, int] = dict.fromkeys(range(size), 0)
        self.registers: dict[int, int] = dict.fromkeys(range(size), 0)
        self.watchdog_s = watchdog_s
        self.written: list[Written] = []
        self.asked = 0
        self.asked_at: deque[tuple[float, int]] = deque(maxlen=ASKED_KEPT)  # when, and the function
        # what is wrong with it
        self.silent = False
        self.late_ms = 0.0  # later than answer_ms
        self.says_unit: int | None = None  # another unit in its answers
        self.answers_for: set[int] = set()  # requests of others that it answers as if they were its own
        self.exception: int | None = None  # to every request
        self.cut: int | None = None  # bytes of its answers that come
        self.mangle: Callable[[bytes], bytes] | None = None  # of its whole frames
        self._watch: asyncio.TimerHandle | None = None

    def serve(self, pdu: bytes) -> bytes:
        """The answer to a request's PDU."""
        self._retrigger()
        function = pdu[0]
        if self.exception is not None:
            return bytes([function | 0x80, self.exception])
        if function in READS and len(pdu) == 5:
            address, count = struct.unpack(">HH", pdu[1:])
            return self._read(function, address, count)
        if function in (5, 6) and len(pdu) == 5:
            return self._write(function, pdu)
        if function in (15, 16) and len(pdu) > 6:
            return self._write_several(function, pdu)
        return bytes([function | 0x80, ILLEGAL_FUNCTION])

    def hear(self, function: int) -> None:
        """A request has reached it, answered or not."""
        self.asked += 1
        self.asked_at.append((asyncio.get_running_loop().time(), function))

    def power_cycle(self) -> None:
        """It starts anew, with everything off."""
        self.coils = [0] * len(self.coils)

    def stop(self) -> None:
        if self._watch is not None:
            self._watch.cancel()

    def _retrigger(self) -> None:
        if self.watchdog_s is not None:
            self.stop()
            self._watch = asyncio.get_running_loop().call_later(self.watchdog_s, self.power_cycle)

    def _read(self, function: int, address: int, count: int) -> bytes:
        if not 1 <= count <= (2000 if function < 3 else 125):
            return bytes([function | 0x80, ILLEGAL_VALUE])
        if function < 3:
            bits = self.coils if function == 1 else self.inputs
            if address + count > len(bits):
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
            packed = sum(bit << index for index, bit in enumerate(bits[address : address + count]))
            size = (count + 7) // 8
            return bytes([function, size]) + packed.to_bytes(size, "little")
        table = self.holding if function == 3 else self.registers
        if any(at not in table for at in range(address, address + count)):
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        words = [table[at] for at in range(address, address + count)]
        return bytes([function, 2 * count]) + struct.pack(f">{count}H", *words)

    def _write(self, function: int, pdu: bytes) -> bytes:
        address, value = struct.unpack(">HH", pdu[1:])
        if function == 5 and value not in (0, COIL_ON):
            return bytes([function | 0x80, ILLEGAL_VALUE])
        if not self._put(function == 5, address, 1 if function == 5 and value else value):
            return bytes([function | 0x80, ILLEGAL_ADDRESS])
        return pdu

    def _write_several(self, function: int, pdu: bytes) -> bytes:
        address, count, size = struct.unpack(">HHB", pdu[1:6])
        if len(pdu) != 6 + size:
            return bytes([function | 0x80, ILLEGAL_VALUE])
        for index in range(count):
            if function == 15:
                value = pdu[6 + index // 8] >> index % 8 & 1
            else:
                value = int.from_bytes(pdu[6 + 2 * index : 8 + 2 * index], "big")
            if not self._put(function == 15, address + index, value):
                return bytes([function | 0x80, ILLEGAL_ADDRESS])
        return pdu[:5]

    def _put(self, coil: bool, address: int, value: int) -> bool:
        table: Any = self.coils if coil else self.holding
        if address not in (range(len(self.coils)) if coil else self.holding):
            return False
        table[address] = value
        self.written.append(Written(asyncio.get_running_loop().time(), "coils" if coil else "holding", address, value))
        return True


class BoardLine:
    """A line and its boards; serves RTU on a descriptor or a pty, or TCP. `heard` counts what no board understood."""

    def __init__(self, *boards: Board, baud: int = 19200, noise: Noise | None = None, paced: bool = True) -> None:
        self.boards = boards
        self.baud = baud
        self.noise = noise
        self.rubbish = 0
        self._character_s = BITS / baud if paced else 0.0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._descriptors: list[int] = []
        self._sockets: list[socket.socket] = []
        self._writers: list[asyncio.StreamWriter] = []

    def open_pty(self) -> str:
        """A serial port of this machine; returns its path."""
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        settings = termios.tcgetattr(theirs)
        settings[4] = settings[5] = termios.B19200
        termios.tcsetattr(theirs, termios.TCSANOW, settings)
        os.set_blocking(ours, False)
        self._descriptors += [ours, theirs]  # ours would report a hang-up while nobody has the port open
        self._spawn(self._serve_rtu(ours))
        return os.ttyname(theirs)

    def serve_socket(self, end: socket.socket) -> None:
        """RTU over one end of a socket pair, for tests on virtual time."""
        end.setblocking(False)
        self._sockets.append(end)
        self._spawn(self._serve_rtu(end.fileno()))

    async def serve_tcp(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Modbus/TCP; returns the address."""
        self._server = await asyncio.start_server(self._serve_stream, host, port)
        name = self._server.sockets[0].getsockname()
        return f"{name[0]}:{name[1]}"

    async def close(self) -> None:
        """Unplug everything."""
        for board in self.boards:
            board.stop()
        if self._server is not None:
            self._server.close()
        for writer in self._writers:
            writer.close()
        tasks = [*self._tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for end in self._sockets:
            end.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._sockets.clear()
        self._descriptors.clear()

    async def hang_up(self) -> None:
        """The connections go; the boards go on."""
        ends, self._sockets = self._sockets, []
        for task in [*self._tasks]:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for end in ends:
            end.close()
        for writer in self._writers:
            writer.close()

    def babble(self, descriptor: int, frame: bytes) -> None:
        """Bytes that nobody asked for."""
        os.write(descriptor, frame)

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- RTU ----------------------------------------------------------------------------------------------------------

    async def _serve_rtu(self, descriptor: int) -> None:
        """Frames end where their CRC fits; what fits nowhere is forgotten after silence, as boards do."""
        loop = asyncio.get_running_loop()
        received = bytearray()
        arrived = asyncio.Event()
        gone = asyncio.Event()

        def readable() -> None:
            try:
                chunk = os.read(descriptor, READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                chunk = b""
            if chunk:
                received.extend(chunk)
            else:
                gone.set()
                loop.remove_reader(descriptor)
            arrived.set()

        loop.add_reader(descriptor, readable)
        try:
            while not gone.is_set():
                frame = _request(received)
                if frame is None:
                    await self._more(arrived, received)
                    continue
                del received[: len(frame)]
                await asyncio.sleep(len(frame) * self._character_s)
                for board in self.boards:
                    if frame[0] in (board.unit, *board.answers_for):
                        self._spawn(self._answer_rtu(descriptor, board, frame))
                if frame[0] == 0:
                    for board in self.boards:
                        board.serve(bytes(frame[1:-2]))
        finally:
            loop.remove_reader(descriptor)

    async def _more(self, arrived: asyncio.Event, received: bytearray) -> None:
        arrived.clear()
        silence_s = max(SILENT_CHARACTERS * self._character_s, 0.001)
        try:
            await asyncio.wait_for(arrived.wait(), silence_s if received else None)
        except TimeoutError:
            self.rubbish += 1
            received.clear()

    async def _answer_rtu(self, descriptor: int, board: Board, frame: bytes) -> None:
        board.hear(frame[1])
        if board.silent:
            return
        pdu = board.serve(bytes(frame[1:-2]))
        await asyncio.sleep((board.answer_ms + board.late_ms) / 1000)
        unit = board.unit if board.says_unit is None else board.says_unit
        answer = bytes([unit]) + pdu
        answer += crc16(answer)
        if board.mangle is not None:
            answer = board.mangle(answer)
        if board.cut is not None:
            answer = answer[: board.cut]
        if self.noise is not None:
            answer = self.noise.through(answer)
        await self._send(descriptor, answer)

    async def _send(self, descriptor: int, answer: bytes) -> None:
        """Byte by byte at the line's pace; what is due by now goes together, as the loop's timer is coarser."""
        loop = asyncio.get_running_loop()
        start_s = loop.time()
        sent = 0
        with contextlib.suppress(OSError):  # the line was unplugged
            while sent < len(answer):
                due = len(answer)
                if self._character_s:
                    due = min(due, int((loop.time() - start_s + 1e-9) / self._character_s))
                if due > sent:
                    os.write(descriptor, answer[sent:due])
                    sent = due
                else:
                    await asyncio.sleep(max(0.0, start_s + (sent + 1) * self._character_s - loop.time()))

    # -- TCP ----------------------------------------------------------------------------------------------------------

    async def _serve_stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            while True:
                header = await reader.readexactly(7)
                number, _, length, unit = struct.unpack(">HHHB", header)
                pdu = await reader.readexactly(length - 1)
                for board in self.boards:
                    if unit in (board.unit, *board.answers_for):
                        self._spawn(self._answer_tcp(writer, board, number, pdu))
        writer.close()

    async def _answer_tcp(self, writer: asyncio.StreamWriter, board: Board, number: int, pdu: bytes) -> None:
        board.hear(pdu[0])
        if board.silent:
            return
        answer = board.serve(pdu)
        await asyncio.sleep((board.answer_ms + board.late_ms) / 1000)
        unit = board.unit if board.says_unit is None else board.says_unit
        frame = struct.pack(">HHHB", number, 0, len(answer) + 1, unit) + answer
        if board.mangle is not None:
            frame = board.mangle(frame)
        writer.write(frame if board.cut is None else frame[: board.cut])


def _request(received: bytearray) -> bytes | None:
    """The first whole request; None: there is none yet."""
    if len(received) < 8:
        return None
    size = 8 if received[1] not in (15, 16) else 9 + received[6]
    frame = bytes(received[:size])
    if len(frame) < size or crc16(frame[:-2]) != frame[-2:]:
        return None
    return frame

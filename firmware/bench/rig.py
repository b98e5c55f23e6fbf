"""A real controller process with a far end of its wires that can be timed: for benches and kill tests.

The far end is plain blocking code in a thread of its own: it sends edges with stamps of CLOCK_MONOTONIC and stamps each
Drive when it arrives. One door: reader, lock, contact; or another site (lane_rig.py).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from drivers.bus.exchange import AnyMessage, Claim, Drive, Edges, Levels, Message, Read, Release
from drivers.bus.lines import Edge
from firmware.bench.child import bound
from firmware.bench.clock import monotonic_ns, rest
from firmware.local_socket import listening_socket
from firmware.messages import AnyFromController, FrameReader, States

BIT_INTERVAL_NS = 1_000_000  # 1 ms between bits, SIA AC-01: 0.2-20 ms
PULSE_NS = 50_000
SILENT_INTERVALS = 60  # between two frames: a reader that is used again within 50 ms is taken for a torn frame
ANSWER_S_MAX = 10.0
QUIET_S = 0.1  # a reader takes what comes in its first 50 ms for the rest of a torn frame

SITE = """\
[site]
id = "bench"
name = "Bench"
time_zone = "Asia/Shanghai"

[store]
folder = "state"

[board]
kind = "simulated_board"

[[area]]
id = "inside"

[[portal]]
kind = "door"
id = "door"
lock = "lock"
contact = "contact"
egress = "mechanical"

[[portal.access_point]]
id = "door_in"
readers = ["reader"]
area_to = "inside"

[[reader]]
id = "reader"
repeat_ms = 100
noise_max = 1000

[[device]]
id = "reader"
kind = "wiegand"
d0 = "GPIO17"
d1 = "GPIO27"
formats = ["H10301"]

[[device]]
id = "lock"
kind = "relay"
line = "GPIO13"

[[device]]
id = "contact"
kind = "contact"
line = "GPIO6"
active_level = "high"
debounce_ms = 5
"""
D0, D1, LOCK, CONTACT = "GPIO17", "GPIO27", "GPIO13", "GPIO6"
AT_REST = {D0: True, D1: True, CONTACT: False}


class Driven(NamedTuple):
    line: str
    level: bool
    at_ns: int


class Watched(NamedTuple):
    """From this instant on somebody watches the line, or nobody any more."""

    line: str
    on: bool
    at_ns: int


def h10301(facility: int, number: int) -> int:
    """The 26 bits of a card, by SIA AC-01: even parity over the first twelve data bits, odd over the last twelve."""
    data = facility << 16 | number
    even = (data >> 12).bit_count() & 1
    odd = 1 - ((data & 0xFFF).bit_count() & 1)
    return even << 25 | data << 1 | odd


def frame_edges(bits: int, length: int, last_bit_ns: int, data: tuple[str, str] = (D0, D1)) -> list[Edge]:
    """The edges of a frame whose last bit begins at `last_bit_ns`. Lines rest high; a pulse is low."""
    edges: list[Edge] = []
    for index in range(length):
        at_ns = last_bit_ns - (length - 1 - index) * BIT_INTERVAL_NS
        line = data[bits >> (length - 1 - index) & 1]
        edges += [Edge(line, False, at_ns), Edge(line, True, at_ns + PULSE_NS)]
    return edges


class FarEnd:
    """The wires' far end: holds levels through the death of a controller, and tells what was driven, and when.

    Any thread may send and wait.
    """

    def __init__(self, path: Path, levels: Mapping[str, bool] = AT_REST) -> None:
        self._server = listening_socket(path)
        self._server.setblocking(True)
        self._path = path
        self._decoder = msgspec.msgpack.Decoder(AnyMessage)
        self._clients: list[socket.socket] = []
        self._serving = 0  # whose messages are not all taken yet, connected still or not
        self._news = threading.Condition()
        self._sending = threading.Lock()  # whole frames only, whoever sends
        self.levels: dict[str, bool] = dict(levels)
        self.claimed: set[str] = set()
        self.watched: list[Watched] = []
        self.driven: list[Driven] = []
        self._thread = threading.Thread(target=self._accept, name="far end", daemon=True)
        self._thread.start()

    def send(self, edges: Sequence[Edge]) -> None:
        """Edges to whoever watches; without a watcher they are gone, as on real wires."""
        frame = _frame(Edges(tuple(edges)))
        with self._news:
            clients = list(self._clients)
        gone = []
        with self._sending:  # a reading says the new levels behind their edges only
            self.levels.update((edge.line, edge.level) for edge in edges)
            for client in clients:
                try:
                    client.sendall(frame)
                except OSError:
                    gone.append(client)
        for client in gone:
            self._gone(client)

    def wait_driven(self, line: str, level: bool, since: int, limit_s: float = ANSWER_S_MAX) -> Driven | None:
        """The first Drive of that line and level from index `since` of `driven` on, or None at the limit."""
        found: list[Driven] = []

        def came() -> bool:
            found[:] = [d for d in self.driven[since:] if d.line == line and d.level is level][:1]
            return bool(found)

        with self._news:
            self._news.wait_for(came, limit_s)
        return found[0] if found else None

    def wait_claimed(self, lines: set[str], limit_s: float = ANSWER_S_MAX) -> bool:
        with self._news:
            return self._news.wait_for(lambda: lines <= self.claimed, limit_s)

    def wait_left(self, limit_s: float = ANSWER_S_MAX) -> bool:
        """Wait until everybody who came has gone, and all that they have driven is in `driven`.

        What a process wrote outlives it, even a SIGKILL, until our threads get a core to take it.
        """
        try:
            with suppress(ConnectionError, FileNotFoundError):  # it is closed: nobody comes any more
                self._be_let_in(limit_s)
        except OSError:
            return False
        with self._news:
            return self._news.wait_for(lambda: not self._serving, limit_s)

    def _be_let_in(self, limit_s: float) -> None:
        """As one more client: whoever came before is let in by then. Raises OSError."""
        limit = struct.pack("ll", *divmod(int(limit_s * 1e6), 1_000_000))  # struct timeval, socket(7)
        with socket.socket(socket.AF_UNIX) as last:  # not settimeout(): a full queue would refuse it at once, unix(7)
            for option in (socket.SO_SNDTIMEO, socket.SO_RCVTIMEO):
                last.setsockopt(socket.SOL_SOCKET, option, limit)
            last.connect(str(self._path))
            last.sendall(_frame(Read(())))
            last.recv(1)

    def close(self) -> None:
        self._server.close()
        for client in self._clients:
            client.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return  # closed
            with self._news:
                self._clients.append(client)
                self._serving += 1
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            self._take_all(client)
        finally:
            self._gone(client)
            with self._news:
                self._serving -= 1
                self._news.notify_all()

    def _take_all(self, client: socket.socket) -> None:
        file = client.makefile("rb")
        while True:
            try:
                head = file.read(4)
                body = file.read(int.from_bytes(head, "big")) if len(head) == 4 else b""
            except OSError:
                return
            at_ns = monotonic_ns()
            if not body:
                return
            self._take(client, self._decoder.decode(body), at_ns)

    def _take(self, client: socket.socket, message: Message, at_ns: int) -> None:
        match message:
            case Claim(lines):
                levels = {line: self.levels.get(line, True) for line in lines}
                try:
                    with self._sending:
                        client.sendall(_frame(Levels(levels, at_ns)))
                except OSError:
                    return  # the controller has gone meanwhile
                with self._news:
                    self.claimed |= set(lines)
                    self.watched += [Watched(line, True, at_ns) for line in lines]
                    self._news.notify_all()
            case Read(lines):
                with self._sending, suppress(OSError):  # the controller has gone meanwhile
                    client.sendall(_frame(Levels({line: self.levels.get(line, True) for line in lines}, at_ns)))
            case Release(lines):
                with self._news:
                    self.claimed -= set(lines)
                    self.watched += [Watched(line, False, at_ns) for line in lines]
                    self._news.notify_all()
            case Drive(line, level):
                with self._news:
                    self.levels[line] = level
                    self.driven.append(Driven(line, level, at_ns))
                    self._news.notify_all()
            case _:
                return

    def _gone(self, client: socket.socket) -> None:
        with self._news:
            if client in self._clients:
                self._clients.remove(client)
            if not self._clients:
                self.claimed = set()
        client.close()


def _frame(message: Message) -> bytes:
    body = msgspec.msgpack.encode(message)
    return len(body).to_bytes(4, "big") + body


def states_from(role: socket.socket) -> Iterator[tuple[int, States]]:
    """The states that the controller tells the network role, each with the instant (ns) it came, until either ends."""
    frames = FrameReader(AnyFromController)
    while True:
        try:
            received = role.recv(1 << 16)
        except OSError:
            return
        if not received:
            return
        at_ns = monotonic_ns()
        for message in frames.feed(received):
            if isinstance(message, States):
                yield at_ns, message


class Rig:
    """A folder with a site, a far end, and one controller process at a time."""

    def __init__(self, folder: Path, site: str = SITE, levels: Mapping[str, bool] = AT_REST) -> None:
        """`levels`: of the inputs, before anybody touches them."""
        self.folder = folder
        self.site = folder / "site.toml"
        self.state = folder / "state"
        self.wires = folder / "wires.sock"
        self.role = folder / "network.sock"
        self.site.write_text(site)
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.far_end = FarEnd(self.wires, levels)
        self.process: subprocess.Popen[bytes] | None = None
        self._swiped_ns = 0

    def start(self, wait: bool = True, manager: Mapping[str, str] | None = None) -> dict[str, str]:
        """Start the controller; with `wait` until it says that it is ready. Returns what it said.

        `manager`: the variables by which a service manager tells where it listens (sd_notify protocol).
        """
        words = bound(sys.executable, "-m", "firmware.controller", "--config", self.site, "--wires", self.wires)
        words += ["--state", str(self.state), "--network-socket", str(self.role)]
        environment = {name: value for name, value in os.environ.items() if name != "NOTIFY_SOCKET"} | dict(
            manager or {}
        )
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, env=environment, cwd=self.folder)
        if not wait:
            return {}
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the controller ended with status {self.process.wait()} before it was ready")
        told = json.loads(line)
        assert isinstance(told, dict)
        return told

    def listens(self) -> None:
        """Wait until the controller watches the wires and takes a frame for a whole one."""
        if not self.far_end.wait_claimed({D0, D1, CONTACT}):
            raise RuntimeError("the controller does not watch its wires")
        rest(QUIET_S)

    def swipe(self, bits: int, length: int = 26) -> int:
        """Send a frame whose last bit is now; returns that instant. Waits until it fits behind the last one."""
        free_ns = self._swiped_ns + (length + SILENT_INTERVALS) * BIT_INTERVAL_NS
        rest(max(0, free_ns - monotonic_ns()) / 1e9)
        last_ns = self._swiped_ns = monotonic_ns()
        self.far_end.send(frame_edges(bits, length, last_ns))
        return last_ns

    def contact(self, opened: bool) -> None:
        self.far_end.send([Edge(CONTACT, opened, monotonic_ns())])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self._end()

    def stop(self) -> int:
        assert self.process is not None
        self.process.terminate()
        return self._end()

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        self.far_end.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _end(self) -> int:
        """Once it has ended, and all that it drove is known: what is driven after this it has not driven."""
        assert self.process is not None
        status = self.process.wait(20)
        if self.process.stdout is not None:
            self.process.stdout.close()
        if not self.far_end.wait_left():
            raise RuntimeError("the controller has ended, and somebody else is on its wires")
        return status

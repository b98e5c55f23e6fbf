"""The installer's end of the office's socket: asks for all wires, and says for how long a key is held.

The controller alone owns the lines; nothing here opens a driver. The socket stands in the controller's state folder,
which only the controller's user can enter.
"""

from __future__ import annotations

import asyncio
import errno
import os
import secrets
from pathlib import Path
from typing import NamedTuple

from firmware.local_socket import reachable
from firmware.messages import (
    Answer,
    AnyFromController,
    AnyWireCommand,
    AskWires,
    FrameError,
    FrameReader,
    Grip,
    ListWires,
    Message,
    Wire,
    Wired,
    WirePortal,
    pack,
)
from firmware.roster.office import SOCKET

ANSWER_S_MAX = 15.0  # a journal on a bad card stalls for seconds; past this, a person should look at it
READ_BYTES = 1 << 16
FRAMES_MAX = 200  # of one list: 20,000 wires
WAITING_MAX = 64  # questions without an answer: the controller takes no more either


class WireError(Exception):
    """Why the controller does not show its wires: a text of the catalogues (wire.error.*), and what fills it in."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(f"{key}: {values}")
        self.key = key
        self.values = values


class Picture(NamedTuple):
    """Everything as the controller saw it at `utc_ms` (None: it does not know the time)."""

    site: str
    utc_ms: int | None
    wires: tuple[Wire, ...]
    portals: tuple[WirePortal, ...]
    ended: str = ""  # the output that was held on last
    ended_by: tuple[str, ...] = ()

    def wire(self, name: str) -> Wire | None:
        return next((wire for wire in self.wires if wire.id == name), None)

    def portal(self, name: str) -> WirePortal | None:
        return next((portal for portal in self.portals if portal.id == name), None)


class Client:
    """One connection. `connect` opens it; `close` ends it, and with it whatever it holds."""

    def __init__(self, path: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._path = path
        self._reader = reader
        self._writer = writer
        self._waiting: dict[str, tuple[asyncio.Future[list[Message]], list[Message]]] = {}
        self.ended: WireError | None = None  # why the connection has ended
        self._task = asyncio.get_running_loop().create_task(self._listen(), name="controller")

    @classmethod
    async def connect(cls, state: Path) -> Client:
        """Raises WireError where no controller answers."""
        try:
            with reachable(state / SOCKET) as address:
                reader, writer = await asyncio.open_unix_connection(address)
        except OSError as error:
            raise WireError("no_controller", path=state / SOCKET, why=error.strerror or error) from error
        return cls(state / SOCKET, reader, writer)

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.close()

    async def look(self) -> Picture:
        """All wires now. Raises WireError."""
        frames = await self._answered(*self.ask(ListWires()))
        found = [frame for frame in frames if isinstance(frame, Wired)]
        if not found:
            reasons = [reason for frame in frames if isinstance(frame, Answer) for reason in frame.reasons]
            raise WireError("busy", why=", ".join(reasons))
        wires = tuple(wire for frame in found for wire in frame.wires)
        last = found[-1]
        return Picture(last.site, last.utc_ms, wires, last.portals, last.ended, last.ended_by)

    async def command(self, command: AnyWireCommand) -> Answer:
        """Ask for something, and wait until its event is committed. Raises WireError."""
        (answer,) = await self._answered(*self.ask(command))
        assert isinstance(answer, Answer), "commands are answered so"
        return answer

    def ask(self, command: AnyWireCommand) -> tuple[str, asyncio.Future[list[Message]]]:
        """Ask, and go on: the request, and what will be its answer."""
        request = secrets.token_hex(8)
        future: asyncio.Future[list[Message]] = asyncio.get_running_loop().create_future()
        if self.ended is not None or len(self._waiting) >= WAITING_MAX:
            future.set_exception(self.ended or WireError("silent", path=self._path, seconds=round(ANSWER_S_MAX)))
            return request, future
        self._waiting[request] = (future, [])
        self._writer.write(pack(AskWires(command, request)))
        return request, future

    def grip(self, request: str, held: bool) -> None:
        """The key of what `request` asked is still held, or was let go."""
        if self.ended is None:
            self._writer.write(pack(Grip(request, held)))

    async def _answered(self, request: str, future: asyncio.Future[list[Message]]) -> list[Message]:
        try:
            return await asyncio.wait_for(future, ANSWER_S_MAX)
        except TimeoutError:
            self._waiting.pop(request, None)
            raise WireError("silent", path=self._path, seconds=round(ANSWER_S_MAX)) from None

    async def _listen(self) -> None:
        frames = FrameReader(AnyFromController)
        why = os.strerror(errno.ECONNRESET)  # it was stopped, or serves another user
        try:
            while received := await self._reader.read(READ_BYTES):
                for message in frames.feed(received):
                    self._take(message)
        except FrameError as error:
            why = str(error)  # of another release than the controller's
        except OSError as error:
            why = error.strerror or str(error)
        self.ended = WireError("ended", path=self._path, why=why)
        for future, _ in self._waiting.values():
            if not future.done():
                future.set_exception(self.ended)
        self._waiting.clear()

    def _take(self, message: Message) -> None:
        if not isinstance(message, Answer | Wired) or message.request not in self._waiting:
            return
        future, frames = self._waiting[message.request]
        frames.append(message)
        if isinstance(message, Wired) and message.more and len(frames) < FRAMES_MAX:
            return
        del self._waiting[message.request]
        if not future.done():
            future.set_result(frames)

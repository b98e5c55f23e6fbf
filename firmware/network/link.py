"""Our end of the controller's role socket: connect, read frames, start again with growing pauses, never give up.

What is asked goes out on the connection that there is, and is answered on it: once committed to the journal.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path

import msgspec

from firmware.core.account_facts import Administered
from firmware.local_socket import reachable
from firmware.messages import (
    Answer,
    AnyFromController,
    AnyFromNetwork,
    AnyOfPage,
    AnyOfTests,
    AnyOfWires,
    Ask,
    BeginViewing,
    Exchange,
    FindPlate,
    FrameError,
    FrameReader,
    Health,
    States,
    Welcome,
    pack,
)
from firmware.network.errors import LinkError, NotSent
from firmware.network.live import SILENT_S, Live

RETRY_FIRST_S = 0.25  # a controller that restarts is back within about a second
RETRY_S_MAX = 5.0  # one that stays away is looked for twelve times a minute
CONNECT_S_MAX = 3.0
READ_BYTES = 1 << 16
ANSWER_S_MAX = 5.0  # a commit takes 50 ms, and a card that stalls about a second
ASKED_MAX = 32  # not answered yet
LATE_MAX = 64  # as many as the controller has open
REQUEST_BYTES = 9
OUTGOING_MAX = 16  # each holds the newest passages there were, so that the last one alone says nearly all

Late = Callable[[Answer], None]
_ASKED = msgspec.msgpack.Decoder(AnyFromNetwork)


def proven(command: AnyOfPage, request: str) -> bytes:
    """The frame of an ask. Raises NotSent for one that the controller would end the connection for.

    What somebody typed may be longer than the controller takes, and the connection is everybody's: viewings end with
    it, and whoever opens a gate meanwhile is not heard.
    """
    frame = pack(Ask(command, request))
    try:
        _ASKED.decode(frame[4:])
    except msgspec.ValidationError as error:
        raise NotSent(f"{type(command).__name__}: {error}") from error
    return frame


class Link:
    """Keeps `live` up to date. `path` is the socket to connect to; `handed` a connected socket to begin with.

    A handed socket that ended is not replaced unless there is a path too: the page then goes on saying so.
    """

    def __init__(self, live: Live, path: str | None, handed: socket.socket | None = None) -> None:
        assert path is not None or handed is not None, "a link needs a path or a socket"
        self._live = live
        self._path = path
        self._handed = handed
        # Frames for other controllers, sealed. There is no uplink yet that would take them: older ones are let go.
        self.outgoing: deque[bytes] = deque(maxlen=OUTGOING_MAX)
        self._writer: asyncio.StreamWriter | None = None
        self._asked: dict[str, asyncio.Future[Answer]] = {}
        self._late: OrderedDict[str, Late] = OrderedDict()  # who is told of an answer that comes after its time
        # Takes what the controller says of wires and self-tests: under the request that asked for it, or unasked.
        self.on_told: Callable[[AnyOfWires | AnyOfTests | Answer], None] = lambda _: None

    async def ask(self, command: AnyOfPage, late: Late | None = None) -> Answer:
        """The controller's answer, once what it says is committed. Raises LinkError where none comes in time.

        Then it is not known whether it was done; but for NotSent. `late` is told if it comes on this connection yet.
        """
        if self._writer is None or self._writer.is_closing():
            raise NotSent("the controller is not connected")
        if len(self._asked) >= ASKED_MAX:
            raise NotSent("too much was asked of the controller and is not answered yet")
        if isinstance(command, Administered | FindPlate | BeginViewing) and self._store_failed:
            raise NotSent("the controller's journal fails: what it is told of is not answered before it works again")
        request = secrets.token_urlsafe(REQUEST_BYTES)
        frame = proven(command, request)
        answered: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[request] = answered
        try:
            self._writer.write(frame)
            async with asyncio.timeout(ANSWER_S_MAX):
                return await answered
        except TimeoutError as error:
            if late is not None:
                self._late[request] = late
                while len(self._late) > LATE_MAX:
                    self._late.popitem(last=False)
            raise LinkError("the controller did not answer") from error
        finally:
            del self._asked[request]

    def look(self, command: AnyOfPage) -> str | None:
        """Ask for what comes by `on_told`; the request, or None where the controller is not connected.

        Raises NotSent for what no controller would take.
        """
        if self._writer is None or self._writer.is_closing():
            return None
        request = secrets.token_urlsafe(REQUEST_BYTES)
        self._writer.write(proven(command, request))
        return request

    @property
    def _store_failed(self) -> bool:
        return self._live.states is not None and self._live.states.view.store_failed

    async def run(self) -> None:
        """Runs until cancelled."""
        pause_s = RETRY_FIRST_S
        while True:
            was_heard_s = self._live.silent_since_s()
            try:
                await self._converse()
            except LinkError as error:
                self._live.lost(str(error))
            if self._path is None:
                await asyncio.Event().wait()  # nowhere to go: the page goes on saying so until the process is stopped
            if self._live.silent_since_s() != was_heard_s:
                pause_s = RETRY_FIRST_S  # it spoke: not the same failure again
            await asyncio.sleep(pause_s)
            pause_s = min(RETRY_S_MAX, pause_s * 2)

    async def _converse(self) -> None:
        """One connection, from its opening to its end. Always ends in LinkError, or cancelled."""
        reader, self._writer = await self._open()
        try:
            await self._listen(reader)
        except FrameError as error:
            raise LinkError(f"the controller's end sent something that is not of this protocol: {error}") from error
        except OSError as error:
            raise LinkError(f"the connection to the controller broke: {error.strerror or error}") from error
        finally:
            self._writer.close()
            self._writer = None
            self._late.clear()
            for answered in self._asked.values():
                if not answered.done():
                    answered.set_exception(LinkError("the connection to the controller ended"))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        handed, self._handed = self._handed, None
        try:
            if handed is not None:
                return await asyncio.open_unix_connection(sock=handed)
            assert self._path is not None, "whoever has no path is not asked again"
            async with asyncio.timeout(CONNECT_S_MAX):
                with reachable(Path(self._path)) as short:
                    return await asyncio.open_unix_connection(short)
        except (OSError, TimeoutError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else "no answer"
            raise LinkError(f"no connection to the controller's socket: {why}") from error

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        frames = FrameReader(AnyFromController)
        now_s = asyncio.get_running_loop().time
        welcomed = False
        heard_s = now_s()
        was_silent = False
        while True:
            try:
                # At silence the page must change though nothing arrives. The connection is kept: a controller that
                # hangs and comes back goes on speaking on it, and one that dies closes it.
                async with asyncio.timeout_at(None if was_silent else heard_s + SILENT_S):
                    received = await reader.read(READ_BYTES)
            except TimeoutError:
                was_silent = True
                self._live.changed()
                continue
            if not received:
                raise LinkError("the controller closed the connection")
            for message in frames.feed(received):
                if not welcomed and not isinstance(message, Welcome):
                    raise FrameError(f"{type(message).__name__} came before Welcome")
                welcomed = True
                heard_s, was_silent = now_s(), False
                if isinstance(message, Welcome | States | Health):
                    self._live.heard(message, heard_s)
                elif isinstance(message, Exchange):
                    self.outgoing.append(message.frame)
                elif isinstance(message, Answer):
                    self._answered(message)
                elif isinstance(message, AnyOfWires | AnyOfTests):
                    self.on_told(message)

    def _answered(self, answer: Answer) -> None:
        answered, late = self._asked.get(answer.request), self._late.pop(answer.request, None)
        if answered is not None and not answered.done():
            answered.set_result(answer)
        elif late is not None:
            late(answer)
        else:
            self.on_told(answer)  # of what was asked by `look`: it is refused

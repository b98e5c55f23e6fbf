"""The desk's own socket: questions of the page in, answers out. Who may ask what is looked at here, once more.

Only processes of our own user, root's and those that are named may connect; everything has a limit.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from firmware.local_socket import listening_socket, own_users, user_of
from firmware.messages import FRAME_BYTES_MAX, FrameError, FrameReader, pack
from firmware.people.errors import Denied
from firmware.people.line import Desk, LongLine
from firmware.people.lines import LINES
from firmware.people_words.asking import AnyFound, AskPeople, ToldByPeople
from firmware.people_words.base import Found, Refused, Started

CLIENTS_MAX = 32  # the page opens a connection for each question
OPEN_MAX = 32  # questions that are not answered yet
QUICK_AT_ONCE = 3  # threads take turns: more would only wait for one another
SLOW_AT_ONCE = 4  # these wait for the controller
READ_BYTES = 1 << 16
MODE = 0o660
ENVELOPE_BYTES = 512  # of a frame, around an answer


class PeopleSocket:
    """Serves the page. `user_ids` may connect; None: our own and root."""

    def __init__(self, path: Path, desk: Desk, user_ids: frozenset[int] | None = None) -> None:
        self.path = path
        self._desk = desk
        self._user_ids = own_users() if user_ids is None else user_ids
        self._quick = ThreadPoolExecutor(QUICK_AT_ONCE, "quick")
        self._slow = ThreadPoolExecutor(SLOW_AT_ONCE, "slow")
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._open = 0

    async def start(self) -> None:
        """Listen, in place of what a dead process left there. Raises OSError."""
        listening = listening_socket(self.path, MODE)
        try:
            self._server = await asyncio.start_unix_server(self._serve, sock=listening)
        except BaseException:
            listening.close()
            raise

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        for task in list(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)
        self._quick.shutdown(wait=False, cancel_futures=True)
        self._slow.shutdown(wait=False, cancel_futures=True)
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        if len(self._clients) >= CLIENTS_MAX or user_of(writer) not in self._user_ids:
            writer.close()
            return
        self._clients.add(task)
        frames = FrameReader(AskPeople)
        try:
            while received := await reader.read(READ_BYTES):
                for message in frames.feed(received):
                    assert isinstance(message, AskPeople), "the decoder takes only these"
                    found = await self._answer(message)
                    writer.write(_framed(message.request, found))
                    await writer.drain()
        except FrameError as error:
            print(f"people: {error}", file=sys.stderr, flush=True)
        except (ConnectionError, asyncio.CancelledError):
            return  # the page went, or we stop
        finally:
            self._clients.discard(task)
            writer.close()

    async def _answer(self, ask: AskPeople) -> AnyFound:
        line = LINES[type(ask.question)]
        if line.roles.isdisjoint(ask.who.roles):
            return Refused(word="people_not_your_role")
        if self._open >= OPEN_MAX:
            return Refused(word="people_busy")
        self._open += 1
        try:
            if isinstance(line, LongLine):
                work, question, desk, who = line.work, ask.question, self._desk, ask.who
                job = desk.jobs.start(type(question).__name__, who, line.lane, lambda w: work(desk, who, question, w))
                return Started(job=job.id)
            pool = self._slow if line.slow else self._quick
            answering = asyncio.get_running_loop().run_in_executor(pool, line.call, self._desk, ask.who, ask.question)
            await asyncio.wait([answering])
            return _outcome(answering)
        except Denied as denied:
            return denied.said
        finally:
            self._open -= 1


def _framed(request: str, found: AnyFound) -> bytes:
    """The answer; one that no frame holds is said to be so, since whoever waits would hear nothing."""
    if len(msgspec.msgpack.encode(found)) > FRAME_BYTES_MAX - ENVELOPE_BYTES:
        found = Refused(word="people_too_much")
    return pack(ToldByPeople(request, found))


def _outcome(answering: asyncio.Future[Found]) -> AnyFound:
    """What came of it. A bug of ours stands on standard error, and others go on. Raises Denied."""
    error = answering.exception()
    if error is None:
        return _known(answering.result())
    if isinstance(error, Denied):
        raise error
    if isinstance(error, MemoryError):
        return Refused(word="people_no_memory")
    traceback.print_exception(error, file=sys.stderr)
    return Refused(word="people_failed", text=type(error).__name__)


def _known(found: Found) -> AnyFound:
    assert isinstance(found, AnyFound), f"{type(found).__name__} is in no union of firmware/people_words/asking.py"
    return found

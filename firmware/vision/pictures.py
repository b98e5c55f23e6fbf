"""Gives the newest picture of a camera to whoever shows a ticket that the controller has told us of. Nothing else does.

The controller tells of a ticket once its purpose stands in the journal. Tickets end with their time and with the
connection to the controller. A camera whose picture is not of now gives none, and says why.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from firmware.local_socket import listening_socket, user_of
from firmware.messages import FrameError, FrameReader, pack
from firmware.pictures import CLIENTS_MAX, EVERY_MS, LIVE_MS, WAIT_MS_MAX, Pictured, Seeing, Want
from firmware.sightings import Show
from firmware.vision.clock import now_ns
from firmware.vision.watch import Watch

READ_BYTES = 1 << 14
UNSENT_BYTES_MAX = 1 << 20  # a client that reads nothing is let go
TICKETS_MAX = 64  # the controller has 8
ANSWERS_S = 0.1  # between two answers on one connection, however fast it asks
MS = 1_000_000


class Ticket(NamedTuple):
    cameras: frozenset[str]
    until_ns: int


class Door(NamedTuple):
    """Where pictures are asked for, by processes of which users, and the group by which they reach it."""

    path: Path
    user_ids: frozenset[int]
    group_id: int | None = None


class Pictures:
    """`watch_of` gives the watch of a camera that is looked through now. `refused`: questions without a ticket."""

    def __init__(self, watch_of: Callable[[str], Watch | None], door: Door | None = None) -> None:
        self.door = door
        self.refused = 0
        self.refused_peers = 0
        self.given = 0
        self.fresh = asyncio.Event()  # a camera has a newer picture
        self._watch_of = watch_of
        self._tickets: dict[str, Ticket] = {}
        self._clients: set[asyncio.Task[None]] = set()
        self._making = asyncio.Lock()

    # -- who may ------------------------------------------------------------------------------------------------------

    def show(self, said: Show) -> None:
        """What the controller says of a ticket."""
        if not said.cameras:
            self._tickets.pop(said.ticket, None)
            return
        while len(self._tickets) >= TICKETS_MAX:
            del self._tickets[next(iter(self._tickets))]
        self._tickets[said.ticket] = Ticket(frozenset(said.cameras), said.until_ns)

    def forget(self) -> None:
        """The controller is not heard any more: it tells again of those that still hold."""
        self._tickets.clear()

    def _holds(self, want: Want) -> bool:
        ticket = self._tickets.get(want.ticket)
        return ticket is not None and want.camera in ticket.cameras and now_ns() < ticket.until_ns

    # -- the socket ---------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Serve at the door until cancelled. Where that cannot be it is said, and recognition goes on without."""
        if self.door is None:
            return
        try:
            mode = 0o600 if self.door.group_id is None else 0o660
            listening = listening_socket(self.door.path, mode, self.door.group_id)
        except OSError as error:
            print(f"menshen vision: {self.door.path}: {error.strerror}: no pictures at the page", file=sys.stderr)
            return
        user_ids, path = self.door.user_ids, self.door.path

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            if len(self._clients) >= CLIENTS_MAX or user_of(writer) not in user_ids:
                self.refused_peers += 1
                writer.close()
                return
            self._clients.add(task)
            try:
                await self._answer(reader, writer)
            except (FrameError, OSError, asyncio.CancelledError):
                return  # it said what it never should, it went, or we stop
            finally:
                self._clients.discard(task)
                writer.close()

        server = await asyncio.start_unix_server(serve, sock=listening)
        try:
            await asyncio.Event().wait()
        finally:
            server.close()
            for task in tuple(self._clients):
                task.cancel()
            await asyncio.gather(*self._clients, return_exceptions=True)
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One question after the other."""
        frames = FrameReader(Want)
        rest_s = 0.0
        while received := await reader.read(READ_BYTES):
            for want in frames.feed(received):
                assert isinstance(want, Want), "the decoder takes only these"
                await asyncio.sleep(rest_s)
                rest_s = ANSWERS_S
                answer = await self._newest(want)
                if writer.transport.get_write_buffer_size() > UNSENT_BYTES_MAX:
                    writer.transport.abort()
                    return
                writer.write(pack(answer))
                await writer.drain()

    # -- pictures -----------------------------------------------------------------------------------------------------

    async def _newest(self, want: Want) -> Pictured:
        """A picture that is newer than the last one, or why there is none."""
        until_ns = now_ns() + WAIT_MS_MAX * MS
        while True:
            if not self._holds(want):
                self.refused += 1
                await asyncio.sleep(ANSWERS_S)  # whoever guesses gets no faster answers than whoever looks
                return Pictured(want.camera, Seeing.REFUSED)
            watch = self._watch_of(want.camera)
            if watch is None:
                return Pictured(want.camera, Seeing.LOST, why="the camera is not looked through")
            watch.showing.want()
            said = await self._made(want, watch)
            if said.jpeg or said.seeing not in (Seeing.LIVE, Seeing.DARK) or now_ns() >= until_ns:
                return said if self._holds(want) else Pictured(want.camera, Seeing.REFUSED)
            self.fresh.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY_MS / 1_000):
                    await self.fresh.wait()

    async def _made(self, want: Want, watch: Watch) -> Pictured:
        seeing, why = watch.seeing
        age_ms = None if watch.newest_ns is None else max(0, (now_ns() - watch.newest_ns) // MS)
        plain = Pictured(want.camera, seeing, age_ms=age_ms, why=why, still_ms=watch.still_ms)
        if seeing not in (Seeing.LIVE, Seeing.DARK):
            return plain
        there = watch.showing.newest()
        if there is None or there[0].at_ns <= want.after_ns or now_ns() - there[0].at_ns > LIVE_MS * MS:
            return plain
        async with self._making:  # one at a time: whoever asks for the same one is given it
            made = await asyncio.to_thread(watch.showing.make)
        if made is None or made.at_ns <= want.after_ns:
            return plain
        self.given += 1
        return Pictured(
            want.camera,
            seeing,
            made.at_ns,
            max(0, (now_ns() - made.at_ns) // MS),
            why,
            made.size,
            made.boxes,
            made.jpeg,
            watch.still_ms,
        )

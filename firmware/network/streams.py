"""Server-sent events: the page as it changes, to a bounded number of windows, each never more than one state behind.

A stream holds no queue. It is woken, asks for the newest, and sends it if it is not what it sent last; a slow window
therefore misses intermediate states, never the newest one. One that takes nothing at all is dropped by the server
(`server.STALL_S_MAX`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable

from starlette.types import Message, Receive, Send

# Windows of one process: the 50 that are promised, and some. For a new one the oldest is closed of whoever has most.
STREAMS_MAX = 64
BEAT_S = 5.0  # something is sent at least this often, so that a window knows when its connection is dead
PUSH_PAUSE_S = 0.05  # between two pushes to one window in a storm of changes
RECONNECT_MS = 2_000  # what a window waits before it connects again

# What a stream sends: name of the event -> its newest content, as JSON without line breaks.
Newest = Callable[[], dict[str, bytes]]


class Stream:
    """One window, and whose it is."""

    def __init__(self, whose: str) -> None:
        self.whose = whose
        self.wake = asyncio.Event()
        self.evicted = False
        self.ended = False


class Streams:
    """All open streams of one kind, oldest first. With those of the kinds `beside` them they have one bound."""

    def __init__(self, beside: Streams | None = None) -> None:
        self._all: list[Stream] = [] if beside is None else beside._all
        self._open: list[Stream] = []
        self._closing = False

    def __len__(self) -> int:
        """Of all kinds."""
        return len(self._all)

    def ring(self) -> None:
        """Something changed."""
        for stream in self._open:
            stream.wake.set()

    def look_again(self) -> None:
        """A session has ended: each stream, of whatever kind, looks whether it may go on."""
        for stream in self._all:
            stream.wake.set()

    def close(self) -> None:
        """End every stream, and each that comes later: the process stops."""
        self._closing = True
        for stream in self._open:
            stream.ended = True
            stream.wake.set()

    async def serve(
        self, receive: Receive, send: Send, newest: Newest, alive: Callable[[], bool], whose: str = ""
    ) -> None:
        """Answer one request with a stream that lasts until the window goes, its session ends or we stop.

        `newest` is asked at each change; `alive` before, and at each beat: whether the session still lives.
        """
        stream = Stream(whose)
        while len(self._all) >= STREAMS_MAX:
            oldest = self._giving_way(whose)
            self._all.remove(oldest)
            oldest.evicted = oldest.ended = True
            oldest.wake.set()
        stream.ended = self._closing
        for streams in (self._all, self._open):
            streams.append(stream)
        watching = asyncio.create_task(_watch_disconnect(stream, receive))
        try:
            await send(_START)
            await self._push(stream, send, newest, alive)
            await send(_chunk(b"", more=False))
        finally:
            for streams in (self._all, self._open):
                if stream in streams:
                    streams.remove(stream)
            watching.cancel()

    def _giving_way(self, whose: str) -> Stream:
        """The oldest window of whoever has most, the new one counted: nobody closes the only one of somebody else."""
        held = Counter(stream.whose for stream in self._all)
        held[whose] += 1
        most = max(held.values())
        return next(stream for stream in self._all if held[stream.whose] == most)

    async def _push(self, stream: Stream, send: Send, newest: Newest, alive: Callable[[], bool]) -> None:
        sent: dict[str, bytes] = {}
        await send(_chunk(f"retry: {RECONNECT_MS}\n\n".encode()))
        while not stream.ended:
            stream.wake.clear()
            now = newest()
            changed = {name: content for name, content in now.items() if sent.get(name) != content}
            lines = [b"event: %s\ndata: %s\n\n" % (name.encode(), content) for name, content in changed.items()]
            await send(_chunk(b"".join(lines) or b"event: beat\ndata: \n\n"))
            sent = now
            await asyncio.sleep(PUSH_PAUSE_S)
            with contextlib.suppress(TimeoutError):  # then it is time for a beat
                async with asyncio.timeout(BEAT_S):
                    await stream.wake.wait()
            if not alive():
                return
        if stream.evicted:
            await send(_chunk(b"event: full\ndata: \n\n"))


_START: Message = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"text/event-stream; charset=utf-8"), (b"connection", b"close")],
}


def _chunk(body: bytes, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


async def _watch_disconnect(stream: Stream, receive: Receive) -> None:
    """Ends the stream when the window goes."""
    while (await receive())["type"] != "http.disconnect":
        pass
    stream.ended = True
    stream.wake.set()

"""A response that is a stream of one of the rooms: whatever is newest, for as long as whoever asked may have it."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.network.streams import Newest, Streams


class Streaming(Response):
    """See the head of this file. `alive`: whether the session lives, or the token holds; `whose` counts them."""

    def __init__(self, streams: Streams, newest: Newest, alive: Callable[[], bool], whose: str) -> None:
        self._streams, self._newest, self._alive, self._whose = streams, newest, alive, whose

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._streams.serve(receive, send, self._newest, self._alive, self._whose)

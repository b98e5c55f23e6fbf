"""The live stream, as server-sent events: what the status page lives on, and whoever else wants the newest at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from firmware.network.acts.pages import ActPages
from firmware.network.api.client import still
from firmware.network.api.speaking import Param, query_of
from firmware.network.api.states import States
from firmware.network.events import RecentEvents
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.shared import Shared
from firmware.network.streams import Streams
from firmware.network.view import Speaker

STREAM_TYPE = "text/event-stream"
PARTS = ("view", "asked", "events", "site", "portals")
OF_PAGE = "view,asked,events"
_ONE = f"({'|'.join(PARTS)})"
OF_STREAM = (Param("parts", Annotated[str, Meta(pattern=f"^{_ONE}(,{_ONE}){{0,4}}$")]),)


class LiveStream:
    """What answers the route of the stream."""

    def __init__(
        self,
        live: Live,
        events: RecentEvents,
        streams: Streams,
        sessions: Sessions,
        rendering: Rendering,
        acts: ActPages,
        states: States,
    ) -> None:
        self._streams = streams
        self._sessions = sessions
        self._rendering = rendering
        self._acts = acts
        self._states = states
        self._shared = Shared(live, events)
        self._encode = msgspec.json.Encoder().encode
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"stream": self._stream}

    async def _stream(self, asked: Asked) -> Response:
        parts = tuple(dict.fromkeys((query_of(asked, OF_STREAM)["parts"] or OF_PAGE).split(",")))
        if asked.request.method == "HEAD":
            return Response(media_type=STREAM_TYPE)
        return _Streaming(self, self._rendering.speaker(asked.request), asked.person, parts)

    async def serve(
        self, speaker: Speaker, person: Session, parts: tuple[str, ...], receive: Receive, send: Send
    ) -> None:
        """One window's or client's stream in a language, for as long as its session lives, or its token holds."""
        own: dict[str, Callable[[], object]] = {
            "asked": lambda: self._acts.rows(speaker, person),
            "site": lambda: self._states.site(speaker, person),
            "portals": lambda: self._states.portals(speaker, person),
        }

        def newest() -> dict[str, bytes]:
            shared = self._shared.of(speaker)
            return {part: shared[part] if part in shared else self._encode(own[part]()) for part in parts}

        def alive() -> bool:
            return still(self._sessions, person, self._now_s())

        await self._streams.serve(receive, send, newest, alive, person.name)


class _Streaming(Response):
    """A response that is a stream."""

    def __init__(self, stream: LiveStream, speaker: Speaker, person: Session, parts: tuple[str, ...]) -> None:
        self._stream, self._speaker, self._person, self._parts = stream, speaker, person, parts

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._stream.serve(self._speaker, self._person, self._parts, receive, send)

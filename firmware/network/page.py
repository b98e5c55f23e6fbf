"""The status page: the page itself, its stream, its script, its style and its mark; and the pages of refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from firmware.network.accounts.pages import AccountPages
from firmware.network.acts.pages import ActPages
from firmware.network.events import RecentEvents
from firmware.network.guard import Guard
from firmware.network.hosts import Hosts
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked, Table
from firmware.network.sessions import Session, Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker

_STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
REFRESH_S = 10  # without script

_REFUSALS = {
    HTTPStatus.FORBIDDEN: ("forbidden_title", "forbidden_next"),
    HTTPStatus.MISDIRECTED_REQUEST: ("host_title", "host_next"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_title", "missing_next"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("large_title", "large_next"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("large_title", "form_next"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("form_title", "form_next"),
    HTTPStatus.BAD_REQUEST: ("form_title", "form_next"),
    HTTPStatus.REQUEST_TIMEOUT: ("slow_title", "form_next"),
    HTTPStatus.NOT_FOUND: ("missing_title", "missing_next"),
}


class Page:
    """What shows the site, over what is known of it; with the pages about accounts beside it."""

    def __init__(
        self,
        live: Live,
        events: RecentEvents,
        streams: Streams,
        sessions: Sessions,
        rendering: Rendering,
        accounts: AccountPages,
        hosts: Hosts,
        acts: ActPages,
        others: Mapping[str, Answering],
    ) -> None:
        """`others` answer further lines of the table."""
        self._live = live
        self._events = events
        self._streams = streams
        self._sessions = sessions
        self._rendering = rendering
        self._accounts = accounts
        self._hosts = hosts
        self._acts = acts
        self._others = others
        self._encode = msgspec.json.Encoder().encode
        static = Path(__file__).parent / "static"
        self._static = {name: (static / name).read_bytes() for name in _STATIC}

    def app(self, cookie: str) -> ASGIApp:
        """The whole application, behind its guard. `cookie` is the session cookie's name."""
        calls: dict[str, Answering] = {name: self._answer_static(name) for name in _STATIC}
        calls |= {"index": self._index, "stream": self._stream}
        calls |= self._accounts.calls() | self._acts.calls()
        calls |= self._others
        return Guard(Table(calls), self._sessions, self._hosts, cookie, self.refuse, self._accounts.entered)

    def refuse(self, request: Request, status: HTTPStatus) -> Response:
        """A page that says what was refused and what to do next; without a session, the one to log in."""
        if status is HTTPStatus.UNAUTHORIZED:
            return self._accounts.needed(request)
        words = self._rendering.speaker(request).words
        title, *lines = (words(key) for key in _REFUSALS[status])
        return self._rendering.html("refused.html", request, None, "", status, title=title, lines=lines)

    async def _index(self, asked: Asked) -> Response:
        switched = self._rendering.switched(asked)
        if switched is not None:
            return switched
        speaker = self._rendering.speaker(asked.request)
        now_s = asyncio.get_running_loop().time()
        return self._rendering.html(
            "page.html",
            asked.request,
            asked.session,
            "/",
            view=speaker.page(self._live, self._events.trouble, now_s),
            rows=speaker.rows(self._events.lines),
            offered=self._acts.offered(speaker, asked.person),
            asked_rows=self._acts.rows(speaker, asked.person),
            site_name=speaker.names.site,
            refresh_s=REFRESH_S,
        )

    async def _stream(self, asked: Asked) -> Response:
        if asked.request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return _Streaming(self, self._rendering.speaker(asked.request), asked.person)

    async def stream(self, speaker: Speaker, session: Session, receive: Receive, send: Send) -> None:
        """Serve one window's stream in a language, for as long as its session lives."""
        now_s = asyncio.get_running_loop().time

        def newest() -> dict[str, bytes]:
            view = speaker.page(self._live, self._events.trouble, now_s())
            return {
                "view": self._encode(view),
                "asked": self._encode(self._acts.rows(speaker, session)),
                "events": self._encode(speaker.rows(self._events.lines)),
            }

        await self._streams.serve(receive, send, newest, lambda: self._sessions.use(session, now_s()), session.name)

    def _answer_static(self, name: str) -> Answering:
        async def answer(_: Asked) -> Response:
            return Response(self._static[name], media_type=_STATIC[name])

        return answer


class _Streaming(Response):
    """A response that is a stream."""

    def __init__(self, page: Page, speaker: Speaker, session: Session) -> None:
        self._page, self._speaker, self._session = page, speaker, session

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._page.stream(self._speaker, self._session, receive, send)

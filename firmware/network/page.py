"""The page's routes: the page itself, its stream, its script, its style and its mark. All read-only."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from firmware.network.events import RecentEvents
from firmware.network.guard import Guard
from firmware.network.live import Live
from firmware.network.sessions import Sessions
from firmware.network.streams import Streams
from firmware.network.view import Speaker
from firmware.network.words import HTML_LANGUAGE, LANGUAGE_NAMES, LANGUAGES, language_for

_HERE = Path(__file__).parent
_STATIC = {
    "page.css": "text/css; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}
LANGUAGE_COOKIE = "menshen_language"
LANGUAGE_S_MAX = 400 * 86_400  # the longest that browsers keep a cookie
REFRESH_S = 10  # without script

_REFUSALS = {
    HTTPStatus.UNAUTHORIZED: ("refused_title", "refused_what", "refused_next"),
    HTTPStatus.MISDIRECTED_REQUEST: ("host_title", "host_next"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_title", "read_only"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("large_title", "large_next"),
    HTTPStatus.NOT_FOUND: ("missing_title", "missing_next"),
}


class Page:
    """All routes, over what is known. `speakers` has one for each language; `site_language` is the site's own."""

    def __init__(
        self,
        live: Live,
        events: RecentEvents,
        streams: Streams,
        sessions: Sessions,
        speakers: dict[str, Speaker],
        site_language: str,
    ) -> None:
        self._live = live
        self._events = events
        self._streams = streams
        self._sessions = sessions
        self._speakers = speakers
        self._site_language = site_language
        self._encode = msgspec.json.Encoder().encode
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._static = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}

    def app(self, cookie: str) -> ASGIApp:
        """The whole application, behind its guard. `cookie` is the session cookie's name."""
        router = Router(
            [
                Route("/", self._index),
                # HEAD as well: Starlette adds it to GET.
                Route("/stream", self._stream, methods=["GET"]),
                *(Route(f"/{name}", self._static_route(name), methods=["GET"]) for name in _STATIC),
            ],
            redirect_slashes=False,
            default=self._missing,
        )
        return Guard(router, self._sessions, cookie, self.refuse)

    def refuse(self, request: Request, status: HTTPStatus) -> Response:
        """A page that says what was refused and what to do next; it uses no route."""
        language = self._language(request)
        words = self._speakers[language].words
        title, *lines = (words(key) for key in _REFUSALS[status])
        html = self._templates.get_template("refused.html").render(
            title=title, lines=lines, html_language=HTML_LANGUAGE[language]
        )
        return _html(html, status, language)

    async def _missing(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.refuse(Request(scope), HTTPStatus.NOT_FOUND)(scope, receive, send)

    async def _index(self, request: Request) -> Response:
        chosen = request.query_params.get("language")
        if chosen is not None:
            return _chosen(chosen)
        language = self._language(request)
        speaker = self._speakers[language]
        now_s = asyncio.get_running_loop().time()
        html = self._templates.get_template("page.html").render(
            view=speaker.page(self._live, self._events.trouble, now_s),
            rows=speaker.rows(self._events.lines),
            words=speaker.words,
            site_name=speaker.names.site,
            html_language=HTML_LANGUAGE[language],
            languages=[(code, LANGUAGE_NAMES[code], HTML_LANGUAGE[code], code == language) for code in LANGUAGES],
            refresh_s=REFRESH_S,
        )
        return _html(html, HTTPStatus.OK, language)

    async def _stream(self, request: Request) -> Response:
        if request.method == "HEAD":
            return Response(media_type="text/event-stream")
        return _Streaming(self, self._language(request), request.scope["menshen_session"])

    async def stream(self, language: str, session: str, receive: Receive, send: Send) -> None:
        """Serve one window's stream in `language`, for as long as its session lives."""
        speaker = self._speakers[language]
        now_s = asyncio.get_running_loop().time

        def newest() -> dict[str, bytes]:
            view = speaker.page(self._live, self._events.trouble, now_s())
            return {"view": self._encode(view), "events": self._encode(speaker.rows(self._events.lines))}

        await self._streams.serve(receive, send, newest, lambda: self._sessions.use(session, now_s()))

    def _static_route(self, name: str) -> Callable[[Request], Response]:
        def route(_: Request) -> Response:
            return Response(self._static[name], media_type=_STATIC[name])

        return route

    def _language(self, request: Request) -> str:
        accept = request.headers.get("accept-language", "")
        return language_for(request.cookies.get(LANGUAGE_COOKIE), accept, self._site_language)


class _Streaming(Response):
    """A response that is a stream."""

    def __init__(self, page: Page, language: str, session: str) -> None:
        self._page, self._language, self._session = page, language, session

    async def __call__(self, _: Scope, receive: Receive, send: Send) -> None:
        await self._page.stream(self._language, self._session, receive, send)


def _html(html: str, status: HTTPStatus, language: str) -> Response:
    headers = {"content-language": HTML_LANGUAGE[language], "vary": "accept-language, cookie"}
    return Response(html, status_code=status, media_type="text/html; charset=utf-8", headers=headers)


def _chosen(language: str) -> Response:
    """The switch: remember the language in this browser and go to the clean address."""
    response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
    if language in LANGUAGES:
        response.set_cookie(
            LANGUAGE_COOKIE, language, max_age=LANGUAGE_S_MAX, path="/", httponly=True, samesite="strict"
        )
    return response

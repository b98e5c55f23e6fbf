"""The status page: the page itself, its script, its style and its mark; and the pages of refusals."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from firmware.network.accounts.pages import AccountPages
from firmware.network.acts.pages import ActPages
from firmware.network.api.problems import refusal
from firmware.network.events import RecentEvents
from firmware.network.guard import Callers, Guard
from firmware.network.hosts import Hosts
from firmware.network.live import Live
from firmware.network.packing import takes_gzip
from firmware.network.rendering import Rendering
from firmware.network.route import of_api
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Sessions
from firmware.network.table import Table

_STATIC = {
    "page.css": "text/css; charset=utf-8",
    "plan.css": "text/css; charset=utf-8",
    "stream.js": "text/javascript; charset=utf-8",
    "page.js": "text/javascript; charset=utf-8",
    "camera.css": "text/css; charset=utf-8",
    "camera.js": "text/javascript; charset=utf-8",
    "faces.js": "text/javascript; charset=utf-8",
    "api.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "people.css": "text/css; charset=utf-8",
    "rules.css": "text/css; charset=utf-8",
    "rules.js": "text/javascript; charset=utf-8",
    "people.js": "text/javascript; charset=utf-8",
    "journal.js": "text/javascript; charset=utf-8",
    "backup.js": "text/javascript; charset=utf-8",
    "devices.css": "text/css; charset=utf-8",
    "devices.js": "text/javascript; charset=utf-8",
    "selftest.js": "text/javascript; charset=utf-8",
    "questions.css": "text/css; charset=utf-8",
    "imports.css": "text/css; charset=utf-8",
    "imports.js": "text/javascript; charset=utf-8",
}
REFRESH_S = 10  # without script

_REFUSALS = {
    HTTPStatus.FORBIDDEN: ("forbidden_title", "forbidden_next"),
    HTTPStatus.MISDIRECTED_REQUEST: ("host_title", "host_next"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_title", "missing_next"),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: ("large_title", "large_next"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("large_title", "form_next"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("form_title", "form_next"),
    HTTPStatus.LENGTH_REQUIRED: ("form_title", "form_next"),
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
        self._sessions = sessions
        self._rendering = rendering
        self._accounts = accounts
        self._hosts = hosts
        self._acts = acts
        self._others = others
        static = Path(__file__).parent / "static"
        self._static = {name: (static / name).read_bytes() for name in _STATIC}
        # Only these: an answer with a token in it, pressed together with what others sent, would tell of it (BREACH).
        self._packed = {name: gzip.compress(content, mtime=0) for name, content in self._static.items()}

    def app(self, cookie: str, callers: Callers) -> ASGIApp:
        """The whole application, behind its guard. `cookie` is the session cookie's name; `callers` have tokens."""
        calls: dict[str, Answering] = {name: self._answer_static(name) for name in _STATIC}
        calls |= {"index": self._index}
        calls |= self._accounts.calls() | self._acts.calls()
        calls |= self._others
        enter = self._accounts.entered
        return Guard(Table(calls), self._sessions, self._hosts, cookie, self.refuse, enter, callers)

    def refuse(self, request: Request, status: HTTPStatus, kind: str = "") -> Response:
        """A page that says what was refused and what to do next; without a session, the one to log in.

        In the API a problem instead, of this `kind`, or of the status's own.
        """
        if of_api(request.scope["path"]):
            return refusal(status, self._rendering.speaker(request).words, kind)
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
            plan=speaker.names.plan,
            refresh_s=REFRESH_S,
        )

    def _answer_static(self, name: str) -> Answering:
        async def answer(asked: Asked) -> Response:
            packs = takes_gzip(asked.request.headers.get("accept-encoding", ""))
            headers = {"vary": "accept-encoding"} | ({"content-encoding": "gzip"} if packs else {})
            content = self._packed[name] if packs else self._static[name]
            return Response(content, media_type=_STATIC[name], headers=headers)

        return answer

"""What stands before every route: the right host, a session with the right role, a form of our own; and headers.

In the API a client's token counts instead of a session; then no cookie is looked at, and nothing of it counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from typing import Protocol

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from firmware.network.api.client import ClientSession, still
from firmware.network.forms import TOKEN, TOKEN_HEADER, FormError, drain, is_from_here, read_form, read_json
from firmware.network.hosts import Hosts
from firmware.network.route import Need, Route, of_api
from firmware.network.routes import Asked, admits
from firmware.network.sessions import Session, Sessions
from firmware.network.table import Found, Table
from firmware.network.uploads import Body, Sent, Upload

# Everything the page uses comes from itself; nothing is inline; no other page may hold it in a frame.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",  # with no-referrer a browser sends "Origin: null" with our own forms
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
HEAD_BYTES_MAX = 16 * 1024  # request line and headers; a browser's are below 2 kB

# (request, status, kind of problem or "" for the status's own) -> the page that says what to do
Refusal = Callable[[Request, HTTPStatus, str], Response]


class Callers(Protocol):
    """Who uses the API by a token."""

    def caller(self, header: str, address: str) -> ClientSession | None:
        """Whose token an Authorization header has; None: nobody's."""
        ...

    def wait_s(self, address: str) -> float:
        """For how long whoever sent too many wrong ones should stay away."""
        ...


def _head_bytes(scope: Scope) -> int:
    """The size of a request's head. The server's own limit counts only what came without being complete."""
    return len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(c) + 4 for n, c in scope["headers"])


def _path(scope: Scope) -> str:
    """The path, decoded. One with a slash that is written otherwise stands for itself, and is nobody's."""
    raw: bytes = scope["raw_path"]
    path: str = scope["path"]
    return raw.decode("latin-1") if b"%2f" in raw.lower() else path


def _address(request: Request) -> str:
    return "" if request.client is None else request.client.host


class Guard:
    """The ASGI application: the table of routes behind all that is to be proven first.

    `cookie` is the session cookie's name; `refuse` makes the page of a refusal; `enter` answers whoever came in by the
    console's code; `callers` are the clients of the API.
    """

    def __init__(
        self,
        table: Table,
        sessions: Sessions,
        hosts: Hosts,
        cookie: str,
        refuse: Refusal,
        enter: Callable[[Session, Request], Response],
        callers: Callers,
    ) -> None:
        self._table = table
        self._sessions = sessions
        self._hosts = hosts
        self._cookie = cookie
        self._refuse = refuse
        self._enter = enter
        self._callers = callers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", scope["type"]

        async def confined(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, content in HEADERS.items():
                    headers[name] = content
            await send(message)

        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except FormError as error:
            response = self._refused(request, error.status)
        if of_api(scope["path"]):
            await drain(request)  # or what is unread would have the kernel take the answer back
        await response(scope, receive, confined)

    async def _answer(self, request: Request) -> Response:
        if _head_bytes(request.scope) > HEAD_BYTES_MAX:
            return self._refused(request, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self._hosts.serve(request):
            return self._refused(request, HTTPStatus.MISDIRECTED_REQUEST)
        now_s = asyncio.get_running_loop().time()
        path = _path(request.scope)
        session = self._whose(request, path, now_s)
        code = request.query_params.get("code")
        if code is not None and self._sessions.code and request.method == "GET" and path == "/":
            return self._by_code(request, code, session, now_s)
        found = self._table.find(path, request.method)
        if found is None:
            return self._nothing(request, session)
        route, answering, parts = found
        if not admits(route, session):
            return self._not_admitted(request, route, session)
        if not route.changes:
            return await answering(Asked(request, session, {}, parts, still=self._going_on(session)))
        return await self._change(request, session, found)

    def _whose(self, request: Request, path: str, now_s: float) -> Session | None:
        """The session of a request: a client's where the API was asked with a token, else a cookie's."""
        told = request.headers.getlist("authorization")
        if told and of_api(path):
            return self._callers.caller(told[0], _address(request)) if len(told) == 1 else None
        return self._sessions.session_of(request.cookies.get(self._cookie), now_s)

    async def _change(self, request: Request, session: Session | None, found: Found) -> Response:
        """A form of ours; or JSON for the API, of a client or of script on a page of ours."""
        route, answering, parts = found
        by_token = isinstance(session, ClientSession)  # no other page can send it: nothing adds it by itself
        if not by_token and not is_from_here(request):
            return self._refused(request, HTTPStatus.FORBIDDEN)
        upload: Sent | None = None
        form: Mapping[str, tuple[str, ...]] = {}
        body = b""
        if route.file and route.of_api:
            upload = Body(request)  # of which nothing is taken here: the token stands in the head
        elif route.file:
            upload = sent = Upload(request)
            await sent.token()  # of the file nothing is taken before that is right
            form = sent.fields
        elif route.of_api:
            body = await read_json(request, long=route.long)
        else:
            form = await read_form(request, long=route.long)
        if session is not None and not self._still(session):
            session = None  # it ended while the form came in
            if route.needs is not Need.NOBODY:
                return self._refused(request, HTTPStatus.UNAUTHORIZED)
        going_on = self._going_on(session)
        if upload is not None:
            upload.only_while(going_on)
        if not by_token and not self._is_ours(route, session, request, form):
            return self._refused(request, HTTPStatus.FORBIDDEN)
        return await answering(Asked(request, session, form, parts, body, upload, going_on))

    def _going_on(self, session: Session | None) -> Callable[[], bool]:
        """For what takes longer: whether whoever asks may still."""
        return (lambda: True) if session is None else partial(self._still, session)

    def _still(self, session: Session) -> bool:
        now_s = asyncio.get_running_loop().time()
        return still(self._sessions, session, now_s)

    def _is_ours(
        self, route: Route, session: Session | None, request: Request, form: Mapping[str, tuple[str, ...]]
    ) -> bool:
        """Whether the token of the session's forms came with it; nobody's session needs none."""
        if route.needs is Need.NOBODY:
            return True
        token = request.headers.get(TOKEN_HEADER, "") if route.of_api else form.get(TOKEN, ("",))[0]
        return session is not None and self._sessions.is_form_token(session, token)

    def _not_admitted(self, request: Request, route: Route, session: Session | None) -> Response:
        if session is None:
            return self._refused(request, HTTPStatus.UNAUTHORIZED)
        personal = isinstance(session, ClientSession) and not route.by_token
        return self._refused(request, HTTPStatus.FORBIDDEN, "person_needed" if personal else "")

    def _nothing(self, request: Request, session: Session | None) -> Response:
        """No such route. Whoever has no session does not learn which there are."""
        if session is None:
            return self._refused(request, HTTPStatus.UNAUTHORIZED)
        methods = self._table.methods(_path(request.scope))
        if not methods:
            return self._refused(request, HTTPStatus.NOT_FOUND)
        refusal = self._refused(request, HTTPStatus.METHOD_NOT_ALLOWED)
        refusal.headers["allow"] = ", ".join(methods)
        return refusal

    def _by_code(self, request: Request, code: str, session: Session | None, now_s: float) -> Response:
        """The code opens a session, once. A window that has one is only led to the clean address."""
        if session is not None:
            return RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
        made = self._sessions.enter(code, _address(request), now_s)
        return self._refused(request, HTTPStatus.UNAUTHORIZED) if made is None else self._enter(made, request)

    def _refused(self, request: Request, status: HTTPStatus, kind: str = "") -> Response:
        refusal = self._refuse(request, status, kind)
        wait_s = self._callers.wait_s(_address(request)) if "authorization" in request.headers else 0
        if wait_s > 0:
            refusal.headers["retry-after"] = str(int(wait_s) + 1)
        refusal.headers["connection"] = "close"  # whatever else this peer sends, a body too, is not read
        return refusal

"""What stands before every route: the right host, a session with the right role, a form of our own; and headers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import Message, Receive, Scope, Send

from firmware.network.forms import TOKEN, FormError, is_from_here, read_form
from firmware.network.hosts import Hosts
from firmware.network.routes import Asked, Need, Table, admits
from firmware.network.sessions import Session, Sessions

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

# (request, status) -> the page that says what to do
Refusal = Callable[[Request, HTTPStatus], Response]


def _head_bytes(scope: Scope) -> int:
    """The size of a request's head. The server's own limit counts only what came without being complete."""
    return len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(c) + 4 for n, c in scope["headers"])


class Guard:
    """The ASGI application: the table of routes behind all that is to be proven first.

    `cookie` is the session cookie's name; `refuse` makes the page of a refusal; `enter` answers whoever came in by the
    console's code.
    """

    def __init__(
        self,
        table: Table,
        sessions: Sessions,
        hosts: Hosts,
        cookie: str,
        refuse: Refusal,
        enter: Callable[[Session, Request], Response],
    ) -> None:
        self._table = table
        self._sessions = sessions
        self._hosts = hosts
        self._cookie = cookie
        self._refuse = refuse
        self._enter = enter

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
        await response(scope, receive, confined)

    async def _answer(self, request: Request) -> Response:
        if _head_bytes(request.scope) > HEAD_BYTES_MAX:
            return self._refused(request, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if not self._hosts.serve(request):
            return self._refused(request, HTTPStatus.MISDIRECTED_REQUEST)
        now_s = asyncio.get_running_loop().time()
        session = self._sessions.session_of(request.cookies.get(self._cookie), now_s)
        path = request.url.path
        code = request.query_params.get("code")
        if code is not None and self._sessions.code and request.method == "GET" and path == "/":
            return self._by_code(request, code, session, now_s)
        found = self._table.find(path, request.method)
        if found is None:
            return self._nothing(request, session)
        route, answering = found
        if not admits(route, session):
            return self._refused(request, HTTPStatus.UNAUTHORIZED if session is None else HTTPStatus.FORBIDDEN)
        if not route.changes:
            return await answering(Asked(request, session, {}))
        if not is_from_here(request):
            return self._refused(request, HTTPStatus.FORBIDDEN)
        form = await read_form(request)
        if session is not None and not self._sessions.use(session, asyncio.get_running_loop().time()):
            session = None  # it ended while the form came in
            if route.needs is not Need.NOBODY:
                return self._refused(request, HTTPStatus.UNAUTHORIZED)
        token = form.get(TOKEN, ("",))[0]
        if route.needs is not Need.NOBODY and not (session and self._sessions.is_form_token(session, token)):
            return self._refused(request, HTTPStatus.FORBIDDEN)
        return await answering(Asked(request, session, form))

    def _nothing(self, request: Request, session: Session | None) -> Response:
        """No such route. Whoever has no session does not learn which there are."""
        if session is None:
            return self._refused(request, HTTPStatus.UNAUTHORIZED)
        methods = self._table.methods(request.url.path)
        if not methods:
            return self._refused(request, HTTPStatus.NOT_FOUND)
        refusal = self._refused(request, HTTPStatus.METHOD_NOT_ALLOWED)
        refusal.headers["allow"] = ", ".join(methods)
        return refusal

    def _by_code(self, request: Request, code: str, session: Session | None, now_s: float) -> Response:
        """The code opens a session, once. A window that has one is only led to the clean address."""
        if session is not None:
            return RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
        address = "" if request.client is None else request.client.host
        made = self._sessions.enter(code, address, now_s)
        return self._refused(request, HTTPStatus.UNAUTHORIZED) if made is None else self._enter(made, request)

    def _refused(self, request: Request, status: HTTPStatus) -> Response:
        refusal = self._refuse(request, status)
        refusal.headers["connection"] = "close"  # whatever else this peer sends, a body too, is not read
        return refusal

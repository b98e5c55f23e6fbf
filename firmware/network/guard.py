"""What stands before every route: the right host name, a session, reading only, and headers that confine the page."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from firmware.network.sessions import SESSION_IDLE_S_MAX, Sessions

# Everything the page uses comes from itself; nothing is inline; no other page may hold it in a frame.
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
HEAD_BYTES_MAX = 16 * 1024  # request line and headers; a browser's are below 2 kB
_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[0-9A-Za-z.-]+)(:[0-9]{1,5})?")

# (request, status) -> the page that says what to do
Refusal = Callable[[Request, HTTPStatus], Response]


def is_loopback_host(host: str) -> bool:
    """Whether a Host header names this machine itself. Any other name may be a rebound DNS answer."""
    matched = _HOST.fullmatch(host)
    if matched is None:
        return False
    name = matched["name"].lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False


def _head_bytes(scope: Scope) -> int:
    """The size of a request's head. The server's own limit counts only what came without being complete."""
    return len(scope["raw_path"]) + len(scope["query_string"]) + sum(len(n) + len(c) + 4 for n, c in scope["headers"])


class Guard:
    """ASGI middleware. `cookie` is the session cookie's name; `refuse` makes the page of a refusal."""

    def __init__(self, app: ASGIApp, sessions: Sessions, cookie: str, refuse: Refusal) -> None:
        self._app = app
        self._sessions = sessions
        self._cookie = cookie
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", scope["type"]

        async def confined(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, content in HEADERS.items():
                    headers[name] = content
            await send(message)

        request = Request(scope)
        refusal = self._admit(request)
        if refusal is not None:
            refusal.headers["connection"] = "close"  # whatever else this peer sends, a body too, is not read
        await (refusal or self._app)(scope, receive, confined)

    def _admit(self, request: Request) -> Response | None:
        """None, with the session in the request's state; else what is answered instead of the route."""
        if _head_bytes(request.scope) > HEAD_BYTES_MAX:
            return self._refuse(request, HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        if [is_loopback_host(host) for host in request.headers.getlist("host")] != [True]:
            return self._refuse(request, HTTPStatus.MISDIRECTED_REQUEST)
        now_s = asyncio.get_running_loop().time()
        session = self._sessions.session_of(request.cookies.get(self._cookie), now_s)
        reads = request.method in ("GET", "HEAD")
        code = request.query_params.get("code")
        if code is not None and request.method == "GET" and request.url.path == "/":
            return self._enter(request, code, session, now_s)
        if session is None:
            return self._refuse(request, HTTPStatus.UNAUTHORIZED)
        if not reads:
            refusal = self._refuse(request, HTTPStatus.METHOD_NOT_ALLOWED)
            refusal.headers["allow"] = "GET, HEAD"
            return refusal
        request.scope["menshen_session"] = session
        return None

    def _enter(self, request: Request, code: str, session: str | None, now_s: float) -> Response:
        """The code opens a session, once. A window that has one is only led to the clean address."""
        made = None
        if session is None:
            made = self._sessions.enter(code, now_s)
            if made is None:
                return self._refuse(request, HTTPStatus.UNAUTHORIZED)
        response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
        if made is not None:
            response.set_cookie(
                self._cookie, made, max_age=int(SESSION_IDLE_S_MAX), path="/", httponly=True, samesite="strict"
            )
        return response

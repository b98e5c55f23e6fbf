"""Plain HTTP where the page is served over TLS: it leads there, and does nothing else."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import Receive, Scope, Send

from firmware.network.hosts import Hosts, name_in
from firmware.network.words import LANGUAGES, Words

HTTPS_PORT = 443


class ToTls:
    """ASGI application. `port` is where the page is."""

    def __init__(self, hosts: Hosts, port: int) -> None:
        self._hosts = hosts
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == "http", scope["type"]
        response = self._answer(Request(scope))
        response.headers["connection"] = "close"
        await response(scope, receive, send)

    def _answer(self, request: Request) -> Response:
        if not self._hosts.serve(request):
            return _said("host_title", HTTPStatus.MISDIRECTED_REQUEST)
        if request.method not in ("GET", "HEAD"):  # what was sent in the clear is lost already: nothing of it is taken
            refused = _said("method_title", HTTPStatus.METHOD_NOT_ALLOWED)
            refused.headers["allow"] = "GET, HEAD"
            return refused
        name = name_in(request.headers["host"]) or ""
        name = f"[{name}]" if ":" in name else name
        port = "" if self._port == HTTPS_PORT else f":{self._port}"
        return RedirectResponse(f"https://{name}{port}{quote(request.url.path)}", HTTPStatus.PERMANENT_REDIRECT)


def _said(word: str, status: HTTPStatus) -> Response:
    """In both languages: nothing is known yet of who reads it."""
    return PlainTextResponse("".join(f"{Words(language)(word)}\n" for language in LANGUAGES), status)

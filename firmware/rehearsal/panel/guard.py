"""Who may use the panel: the person who was shown its address, from this machine, from the panel's own page.

The code in the address is good once and becomes a cookie; the Host header must be the loopback address that is served
(a page elsewhere that re-binds its name is refused); a request that changes something must come from the page itself.
"""

from __future__ import annotations

import hmac
import secrets
from typing import NamedTuple

from starlette.requests import Request

COOKIE = "menshen_rehearsal"  # cookies of one host are shared by all its ports: the name must be the panel's own
CODE_BYTES = 18
SESSION_BYTES = 32


class Refusal(NamedTuple):
    status: int
    why: str


class Guard:
    """One panel's code and session. `code` is for the address that is printed."""

    def __init__(self, code: str | None = None) -> None:
        self.code = code or secrets.token_urlsafe(CODE_BYTES)
        self._code_spent = False
        self._session = secrets.token_urlsafe(SESSION_BYTES)
        self._hosts: frozenset[str] = frozenset()

    def serve_at(self, host: str, port: int) -> None:
        """The addresses the page may be asked for by."""
        self._hosts = frozenset({f"{host}:{port}", f"localhost:{port}", f"127.0.0.1:{port}"})

    def redeem(self, request: Request) -> str | None:
        """The session's cookie for a right code, once; else None."""
        given = request.query_params.get("code", "")
        if self._code_spent or not hmac.compare_digest(given.encode(), self.code.encode()):
            return None
        self._code_spent = True
        return self._session

    def refusal(self, request: Request) -> Refusal | None:
        """Why this request is refused before anything is done for it, or None. The code is redeem()'s matter."""
        host = request.headers.get("host", "")
        if host not in self._hosts:
            return Refusal(421, "this panel answers to its own loopback address only")
        if request.method not in ("GET", "HEAD", "POST"):
            return Refusal(405, "only GET and POST")
        if not hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), self._session.encode()):
            return Refusal(401, "open the address that the rehearsal printed when it started; it works once")
        if request.method == "POST":
            return self._foreign(request, host)
        return None

    def _foreign(self, request: Request, host: str) -> Refusal | None:
        if request.headers.get("origin") != f"http://{host}":
            return Refusal(403, "changes are taken from the panel's own page only")
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
            return Refusal(403, "changes are taken from the panel's own page only")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            return Refusal(415, "actions are JSON")
        return None

"""Who may look at the page: a one-time code opens a session, a signed cookie keeps it, nothing else does.

Until accounts exist the code is the only key; it is printed for the person who started the program, works once, and
both it and the signing key die with the process.
"""

from __future__ import annotations

import hmac
import secrets

from itsdangerous import BadSignature, Signer

from firmware.network.errors import PageCodeError

CODE_CHARACTERS_MIN = 16  # of at least 5 bits each: cannot be guessed at any rate a loopback socket allows
CODE_BYTES = 18
SESSION_IDLE_S_MAX = 12 * 3600.0  # one shift; an open window counts as use
SESSIONS_MAX = 8


class Sessions:
    """One-time code and sessions. Every `now_s` is the event loop's time in seconds."""

    def __init__(self, code: str | None = None) -> None:
        if code is not None and len(code) < CODE_CHARACTERS_MIN:
            raise PageCodeError(
                f"the one-time code has {len(code)} characters; give at least {CODE_CHARACTERS_MIN}, "
                "or leave --code out and one is made"
            )
        self.code = secrets.token_urlsafe(CODE_BYTES) if code is None else code
        self._code_open = True
        self._signer = Signer(secrets.token_bytes(32), salt="menshen.network.session")
        self._idle_until_s: dict[str, float] = {}

    def enter(self, code: str, now_s: float) -> str | None:
        """The cookie's value for whoever brings the right code, the first time; None for everybody else."""
        right = hmac.compare_digest(code.encode(), self.code.encode())
        if not (right and self._code_open):
            return None
        self._code_open = False
        self._forget_idle(now_s)
        if len(self._idle_until_s) >= SESSIONS_MAX:
            del self._idle_until_s[min(self._idle_until_s, key=lambda session: self._idle_until_s[session])]
        session = secrets.token_urlsafe(CODE_BYTES)
        self._idle_until_s[session] = now_s + SESSION_IDLE_S_MAX
        return self._signer.sign(session).decode()

    def session_of(self, cookie: str | None, now_s: float) -> str | None:
        """The session a cookie stands for; counts as use of it. None: no such session, or idle for too long."""
        if cookie is None:
            return None
        try:
            session = self._signer.unsign(cookie).decode()
        except (BadSignature, UnicodeError):
            return None
        return session if self.use(session, now_s) else None

    def use(self, session: str, now_s: float) -> bool:
        """Whether the session lives; if so, its idle time starts anew."""
        self._forget_idle(now_s)
        if session not in self._idle_until_s:
            return False
        self._idle_until_s[session] = now_s + SESSION_IDLE_S_MAX
        return True

    def _forget_idle(self, now_s: float) -> None:
        self._idle_until_s = {session: until_s for session, until_s in self._idle_until_s.items() if until_s > now_s}

"""Who may look at the page: a session, opened by a log-in or by the console's one-time code, kept by a signed cookie.

Sessions live in memory and die with the process, and so does the signing key. Whoever administers accounts ends them at
once. Every `now_s` is the event loop's time in seconds.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterator

from itsdangerous import BadSignature, Signer

from firmware.network.accounts.account import ALL_CHANGING, CONSOLE, Role, folded
from firmware.network.errors import PageCodeError

CODE_CHARACTERS_MIN = 16  # of at least 5 bits each: cannot be guessed at any rate a loopback socket allows
CODE_BYTES = 18
SHIFT_S = 12 * 3600.0
IDLE_S_MAX = 3600.0  # an open window counts as use
ABSOLUTE_S_MAX = 12 * 3600.0
GUARD_ABSOLUTE_S_MAX = 14 * 3600.0  # a shift with its handing over
CONSOLE_ABSOLUTE_S_MAX = 7 * 24 * 3600.0
SESSIONS_MAX = 64
SESSIONS_OF_ONE_MAX = 8


class Session:
    """One person in one browser. `id` is secret: it never leaves this process but in the cookie, signed."""

    def __init__(self, name: str, roles: frozenset[Role], address: str, now_s: float) -> None:
        self.id = secrets.token_urlsafe(CODE_BYTES)
        self.name = name
        self.roles = roles
        self.address = address
        self.made_s = now_s
        self.used_s = now_s
        self.number = 0  # for people: which one to end
        self.offered = b""  # a second factor's secret that was shown and is not confirmed yet
        at_gate = roles == {Role.GUARD} or name == CONSOLE
        self.idle_s = SHIFT_S if at_gate else IDLE_S_MAX
        self.absolute_s = ABSOLUTE_S_MAX
        if name == CONSOLE:
            self.absolute_s = CONSOLE_ABSOLUTE_S_MAX
        elif at_gate:
            self.absolute_s = GUARD_ABSOLUTE_S_MAX

    @property
    def is_console(self) -> bool:
        return self.name == CONSOLE

    def lives(self, now_s: float) -> bool:
        return now_s < self.used_s + self.idle_s and now_s < self.made_s + self.absolute_s


class Sessions:
    """All sessions. `code` opens one for the console, once; "": nothing does but a log-in."""

    def __init__(self, code: str = "") -> None:
        if code and len(code) < CODE_CHARACTERS_MIN:
            raise PageCodeError(
                f"the one-time code has {len(code)} characters; give at least {CODE_CHARACTERS_MIN}, "
                "or leave --code out and one is made"
            )
        self.code = code
        self.code_open = bool(code)
        self.on_end: Callable[[], None] = lambda: None  # windows whose session has ended are to be closed
        self.on_code: Callable[[], None] = lambda: None  # there is a new code to print
        self._signer = Signer(secrets.token_bytes(32), salt="menshen.network.session")
        self._forms = Signer(secrets.token_bytes(32), salt="menshen.network.form")
        self._open: dict[str, Session] = {}
        self._made = 0

    def __len__(self) -> int:
        return len(self._open)

    def enter(self, code: str, address: str, now_s: float) -> Session | None:
        """A session of the console for whoever brings the right code, the first time; None for everybody else."""
        right = hmac.compare_digest(code.encode(), self.code.encode())
        if not (right and self.code_open):
            return None
        session = self.open(CONSOLE, ALL_CHANGING, address, now_s)
        self.code_open = False
        return session

    def open(self, name: str, roles: frozenset[Role], address: str, now_s: float) -> Session:
        """A new session; where somebody has too many, the one used longest ago gives way."""
        self._forget(now_s)
        own = list(self.of(name))
        if len(own) >= SESSIONS_OF_ONE_MAX:
            del self._open[min(own, key=_used).id]
        elif len(self._open) >= SESSIONS_MAX:
            del self._open[min(self._open.values(), key=_used).id]
        session = Session(name, roles, address, now_s)
        self._made += 1
        session.number = self._made
        self._open[session.id] = session
        self.on_end()
        return session

    def cookie_of(self, session: Session) -> str:
        return self._signer.sign(session.id).decode()

    def session_of(self, cookie: str | None, now_s: float) -> Session | None:
        """The session a cookie stands for; counts as use of it. None: no such session, or it is over."""
        if cookie is None:
            return None
        try:
            session = self._open.get(self._signer.unsign(cookie).decode())
        except (BadSignature, UnicodeError):
            return None
        return session if session is not None and self.use(session, now_s) else None

    def use(self, session: Session, now_s: float) -> bool:
        """Whether the session lives; if so, its idle time starts anew."""
        self._forget(now_s)
        if session.id not in self._open:
            return False
        session.used_s = now_s
        return True

    def holds(self, session: Session, now_s: float) -> bool:
        """Whether the session lives; this is no use of it."""
        return self._open.get(session.id) is session and session.lives(now_s)

    def form_token(self, session: Session) -> str:
        """What every form of this session carries, so that no other page can send one."""
        return self._forms.get_signature(session.id).decode()

    def is_form_token(self, session: Session, token: str) -> bool:
        return hmac.compare_digest(token.encode("utf-8", "replace"), self.form_token(session).encode())

    def of(self, name: str) -> Iterator[Session]:
        """The sessions of an account."""
        key = folded(name)
        return (session for session in self._open.values() if folded(session.name) == key)

    def end(self, session: Session) -> None:
        self._open.pop(session.id, None)
        self._renew_code()
        self.on_end()

    def end_of(self, name: str, but: Session | None = None) -> int:
        """End all of an account, `but` one; how many there were."""
        ended = [session for session in self.of(name) if session is not but]
        for session in ended:
            del self._open[session.id]
        self._renew_code()
        self.on_end()
        return len(ended)

    def end_accounts(self) -> None:
        """End all but the console's."""
        self._open = {session.id: session for session in self._open.values() if session.is_console}
        self.on_end()

    def _forget(self, now_s: float) -> None:
        self._open = {session.id: session for session in self._open.values() if session.lives(now_s)}
        self._renew_code()

    def _renew_code(self) -> None:
        """Once the console's session is over, another code opens one: whoever logged out there gets in again."""
        if self.code and not self.code_open and not any(session.is_console for session in self._open.values()):
            self.code, self.code_open = make_code(), True
            self.on_code()


def make_code() -> str:
    """A one-time code for the console."""
    return secrets.token_urlsafe(CODE_BYTES)


def _used(session: Session) -> float:
    return session.used_s

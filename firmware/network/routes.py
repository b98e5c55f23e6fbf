"""Every way into the page, in one table: its path, its method, who may use it, and whether it changes anything.

The application is built from this table and from nothing else, so that no route can exist without its line here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.acts.act import What
from firmware.network.sessions import Session


class Need(StrEnum):
    """Who may use a route, where it is not a role."""

    NOBODY = "nobody"  # no session is needed
    SESSION = "session"  # of anybody
    ACCOUNT = "account"  # of somebody with an account: the console has none


class Route(NamedTuple):
    """`call` names what answers; `changes`: it is a POST of a form, and only that."""

    method: str
    path: str
    needs: Need | Role | frozenset[Role]  # one of these roles
    call: str

    @property
    def changes(self) -> bool:
        return self.method == "POST"


READERS = frozenset({Role.AUDITOR, Role.MANAGER})  # of the journal as a whole, and of who it was for a purpose

AT_GATE = frozenset({Role.GUARD, Role.MANAGER})

# What may be asked of the gate, and by whom; each has a page that says what it would do, and a form that does it.
ACTS: tuple[tuple[What, Role | frozenset[Role]], ...] = (
    (What.OPEN, AT_GATE),
    (What.ACKNOWLEDGE, AT_GATE),
    (What.HOLD, Role.MANAGER),
    (What.LOCK, Role.MANAGER),
    (What.RELEASE, Role.MANAGER),
    (What.RESET, Role.MANAGER),
    (What.LOCKDOWN, Role.MANAGER),
    (What.END_LOCKDOWN, Role.MANAGER),
    (What.EVACUATION, Role.MANAGER),
    (What.END_EVACUATION, Role.MANAGER),
)

ROUTES = (
    # What the log-in looks like: nothing of the site is in it.
    Route("GET", "/page.css", Need.NOBODY, "page.css"),
    Route("GET", "/icon.svg", Need.NOBODY, "icon.svg"),
    Route("GET", "/login", Need.NOBODY, "login"),
    Route("POST", "/login", Need.NOBODY, "log_in"),
    Route("GET", "/join", Need.NOBODY, "joining"),
    Route("POST", "/join", Need.NOBODY, "join"),
    Route("GET", "/", Need.SESSION, "index"),
    Route("GET", "/stream", Need.SESSION, "stream"),
    Route("GET", "/page.js", Need.SESSION, "page.js"),
    Route("POST", "/logout", Need.SESSION, "log_out"),
    Route("GET", "/account", Need.ACCOUNT, "account"),
    Route("POST", "/account/passphrase", Need.ACCOUNT, "change_passphrase"),
    Route("POST", "/account/factor", Need.ACCOUNT, "offer_factor"),
    Route("POST", "/account/factor/on", Need.ACCOUNT, "confirm_factor"),
    Route("POST", "/account/factor/off", Need.ACCOUNT, "drop_factor"),
    Route("POST", "/account/sessions", Need.ACCOUNT, "end_others"),
    Route("GET", "/accounts", Role.MANAGER, "accounts"),
    Route("POST", "/accounts/make", Role.MANAGER, "make"),
    Route("POST", "/accounts/roles", Role.MANAGER, "change_roles"),
    Route("POST", "/accounts/reset", Role.MANAGER, "reset"),
    Route("POST", "/accounts/delete", Role.MANAGER, "delete"),
    # Each role sees its own part of it (firmware/network/journal/kinds.py).
    Route("GET", "/journal", Need.SESSION, "journal"),
    Route("GET", "/journal/look", READERS, "look"),
    Route("POST", "/journal/look", READERS, "look_for"),
    Route("GET", "/journal/counts", READERS, "counts"),
    Route("GET", "/journal/export", READERS, "export"),
    Route("POST", "/journal/export", READERS, "export_do"),
    Route("GET", "/journal/chain", READERS, "chain"),
    Route("POST", "/journal/chain", READERS, "prove"),
    *(Route("GET", f"/act/{what.value}", needs, f"see {what.value}") for what, needs in ACTS),
    *(Route("POST", f"/act/{what.value}", needs, f"do {what.value}") for what, needs in ACTS),
)


class Asked(NamedTuple):
    """One request that was let in."""

    request: Request
    session: Session | None
    form: Mapping[str, tuple[str, ...]]

    def field(self, name: str) -> str:
        """The first value of a field of the form; "" where there is none."""
        return self.form.get(name, ("",))[0]

    @property
    def address(self) -> str:
        client = self.request.client
        return "" if client is None else client.host

    @property
    def person(self) -> Session:
        assert self.session is not None, "the table says that this route needs a session"
        return self.session


Answering = Callable[[Asked], Awaitable[Response]]


class Room(Protocol):
    """One part of the page (journal, people, devices ...): made once, in program.py."""

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table."""
        ...

    async def close(self) -> None:
        """Before the server is told to stop, so that nothing holds it. Idempotent."""
        ...


class Table:
    """The routes with what answers each. Every line of ROUTES must have one, and nothing else may."""

    def __init__(self, calls: Mapping[str, Answering]) -> None:
        assert {route.call for route in ROUTES} == set(calls), "a route without an answer, or an answer without a route"
        self._paths: dict[str, dict[str, tuple[Route, Answering]]] = {}
        for route in ROUTES:
            methods = self._paths.setdefault(route.path, {})
            assert route.method not in methods, route
            methods[route.method] = (route, calls[route.call])
            if route.method == "GET":
                methods["HEAD"] = methods["GET"]

    def methods(self, path: str) -> tuple[str, ...]:
        """What may be done at a path; nothing: there is no such path."""
        return tuple(self._paths.get(path, ()))

    def find(self, path: str, method: str) -> tuple[Route, Answering] | None:
        return self._paths.get(path, {}).get(method)


def admits(route: Route, session: Session | None) -> bool:
    """Whether this session, or nobody, may use a route."""
    if route.needs is Need.NOBODY:
        return True
    if session is None:
        return False
    if route.needs is Need.SESSION:
        return True
    if route.needs is Need.ACCOUNT:
        return not session.is_console
    if isinstance(route.needs, frozenset):
        return bool(route.needs & session.roles)
    return route.needs in session.roles

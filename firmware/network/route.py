"""One line of the table of routes, who may be named in it, and what may be asked of the gate by whom."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.network.accounts.account import Role
from firmware.network.acts.act import OF_PORTAL, OF_SITE, What

API = "/api/v1"
METRICS = "/metrics"


class Need(StrEnum):
    """Who may use a route, where it is not a role."""

    NOBODY = "nobody"  # no session is needed
    SESSION = "session"  # of anybody
    ACCOUNT = "account"  # of somebody with an account: the console has none, and no client
    METRICS = "metrics"  # a client that may read figures and nothing else, and whoever keeps the site running


class Route(NamedTuple):
    """`call` names what answers; `changes`: it is a POST of a form, and only that.

    `file`: of one with a file; `long`: of one with a field for each column of a sheet. `person`: somebody who has
    logged in asks it, and no client: what it does would outlive the client's token.
    """

    method: str
    path: str
    needs: Need | Role | frozenset[Role]  # one of these roles
    call: str
    file: bool = False
    long: bool = False
    person: bool = False

    @property
    def changes(self) -> bool:
        return self.method in CHANGING

    @property
    def of_api(self) -> bool:
        return of_api(self.path)

    @property
    def by_token(self) -> bool:
        """Whether a client may ask it at all."""
        return self.of_api and not self.person and self.needs is not Need.ACCOUNT


def of_api(path: str) -> bool:
    """Whether a token is taken there, and JSON spoken."""
    return path.startswith("/api/") or path == METRICS


CHANGING = frozenset({"POST", "PUT", "DELETE"})

READERS = frozenset({Role.AUDITOR, Role.MANAGER})  # of the journal as a whole, and of who it was for a purpose

LOOKERS = frozenset({Role.GUARD, Role.MANAGER, Role.INSTALLER})  # through cameras, for a purpose

AT_WIRES = frozenset({Role.INSTALLER, Role.MANAGER})  # who works on devices, and who reads how they are
OF_TESTS = AT_WIRES | {Role.AUDITOR}  # reports of self-tests

AT_GATE = frozenset({Role.GUARD, Role.MANAGER})

# What may be asked of the gate, and by whom; each has a page that says what it would do, and a form that does it.
ACTS: tuple[tuple[What, Role | frozenset[Role]], ...] = (
    (What.OPEN, AT_GATE),
    (What.ACKNOWLEDGE, AT_GATE),
    (What.HOLD, Role.MANAGER),
    (What.LOCK, Role.MANAGER),
    (What.RELEASE, Role.MANAGER),
    (What.RESET, Role.MANAGER),
    (What.OUT_OF_SERVICE, Role.INSTALLER),
    (What.IN_SERVICE, Role.INSTALLER),
    (What.LOCKDOWN, Role.MANAGER),
    (What.END_LOCKDOWN, Role.MANAGER),
    (What.EVACUATION, Role.MANAGER),
    (What.END_EVACUATION, Role.MANAGER),
)

# The same by the API: its path and what answers.
ORDERED_AT = (
    *((f"{API}/portals/{{portal}}/{what.value}", what) for what in OF_PORTAL),
    *((f"{API}/site/{what.value}", what) for what in OF_SITE),
    (f"{API}/alarms/{{subject}}/acknowledge", What.ACKNOWLEDGE),
)
GIVERS = AT_GATE | {Role.INSTALLER}  # whoever may ask anything, and see what became of it
RUNNERS = frozenset({Role.AUDITOR, Role.MANAGER, Role.INSTALLER})  # who may read figures of the controller

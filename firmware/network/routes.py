"""Every way into the page and its API, in one table: path, method, who may use it, and whether it changes anything.

The application is built from this table and from nothing else, so that no route can exist without its line here, or, of
the API, in api_routes.py. A part of a path in braces stands for any one part: /api/v1/portals/{portal}. What is below
/api/ speaks JSON, to sessions and to clients with a token; its OpenAPI document is made from these lines.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple, Protocol

from starlette.requests import Request
from starlette.responses import Response

from firmware.network.accounts.account import Role
from firmware.network.api.client import ClientSession
from firmware.network.api_routes import API_ROUTES
from firmware.network.route import (
    ACTS,
    AT_GATE,
    AT_WIRES,
    LOOKERS,
    OF_TESTS,
    READERS,
    RUNNERS,
    Need,
    Route,
)
from firmware.network.sessions import Session
from firmware.network.uploads import Sent

_PAGE_ROUTES = (
    # What the log-in looks like: nothing of the site is in it.
    Route("GET", "/page.css", Need.NOBODY, "page.css"),
    Route("GET", "/icon.svg", Need.NOBODY, "icon.svg"),
    Route("GET", "/login", Need.NOBODY, "login"),
    Route("POST", "/login", Need.NOBODY, "log_in"),
    Route("GET", "/join", Need.NOBODY, "joining"),
    Route("POST", "/join", Need.NOBODY, "join"),
    Route("GET", "/", Need.SESSION, "index"),
    Route("GET", "/stream.js", Need.SESSION, "stream.js"),
    Route("GET", "/page.js", Need.SESSION, "page.js"),
    Route("GET", "/plan.css", Need.SESSION, "plan.css"),
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
    Route("POST", "/call/answer", AT_GATE, "answer call"),
    Route("POST", "/call/end", AT_GATE, "end call"),
    # Each role sees its own part of it (firmware/network/journal/kinds.py).
    Route("GET", "/journal", Need.SESSION, "journal"),
    Route("GET", "/journal.js", READERS, "journal.js"),
    Route("GET", "/journal/look", READERS, "look"),
    Route("POST", "/journal/look", READERS, "look_for"),
    Route("GET", "/journal/counts", READERS, "counts"),
    Route("GET", "/journal/export", READERS, "export"),
    Route("POST", "/journal/export", READERS, "export_do"),
    Route("GET", "/journal/chain", READERS, "chain"),
    Route("POST", "/journal/chain", READERS, "prove"),
    # What the board would be lost with (firmware/network/backup).
    Route("GET", "/label", Role.INSTALLER, "label"),
    Route("GET", "/backup", Role.INSTALLER, "backup"),
    Route("GET", "/backup.js", Role.INSTALLER, "backup.js"),
    Route("POST", "/backup/make", Role.INSTALLER, "backup_make"),
    Route("POST", "/backup/file", Role.INSTALLER, "backup_file"),
    Route("POST", "/backup/look", Role.INSTALLER, "backup_look", file=True),
    Route("POST", "/backup/restore", Role.INSTALLER, "backup_restore"),
    Route("POST", "/backup/undo", Role.INSTALLER, "backup_undo"),
    Route("POST", "/backup/forget", Role.INSTALLER, "backup_forget"),
    Route("POST", "/backup/drop", Role.INSTALLER, "backup_drop"),
    # Devices, self-test, machine (firmware/network/devices).
    Route("GET", "/devices.css", Need.SESSION, "devices.css"),
    Route("GET", "/devices.js", Need.SESSION, "devices.js"),
    Route("GET", "/selftest.js", Need.SESSION, "selftest.js"),
    Route("GET", "/devices", AT_WIRES, "devices"),
    Route("GET", "/selftest", OF_TESTS, "selftest"),
    Route("POST", "/selftest/begin", Role.INSTALLER, "selftest_begin"),
    Route("POST", "/selftest/step", Role.INSTALLER, "selftest_step"),
    Route("POST", "/selftest/run", Role.INSTALLER, "selftest_run"),
    Route("POST", "/selftest/report", OF_TESTS, "selftest_report"),
    Route("GET", "/machine", AT_WIRES, "machine"),
    Route("GET", "/machine/logs", AT_WIRES, "machine_logs"),
    Route("POST", "/machine/logs", AT_WIRES, "machine_logs_take"),
    Route("GET", "/machine/restart", Role.INSTALLER, "machine_restarting"),
    Route("POST", "/machine/restart", Role.INSTALLER, "machine_restart"),
    # Rules of access, and the review before changes go to the gate (firmware/network/rules, firmware/network/review).
    Route("GET", "/rules.css", READERS, "rules.css"),
    Route("GET", "/rules.js", Role.MANAGER, "rules.js"),
    Route("GET", "/people/schedules", READERS, "schedules"),
    Route("GET", "/people/schedule", READERS, "schedule"),
    Route("POST", "/people/schedule", Role.MANAGER, "schedule_put"),
    Route("POST", "/people/schedule/rename", Role.MANAGER, "schedule_rename"),
    Route("POST", "/people/schedule/remove", Role.MANAGER, "schedule_remove"),
    Route("GET", "/people/profiles", READERS, "profiles"),
    Route("GET", "/people/profile", READERS, "profile"),
    Route("POST", "/people/profile", Role.MANAGER, "profile_put"),
    Route("POST", "/people/profile/rename", Role.MANAGER, "profile_rename"),
    Route("POST", "/people/profile/remove", Role.MANAGER, "profile_remove"),
    Route("GET", "/people/days", READERS, "days"),
    Route("POST", "/people/days", Role.MANAGER, "days_put"),
    Route("POST", "/people/days/remove", Role.MANAGER, "days_remove"),
    Route("GET", "/people/review", READERS, "review"),
    Route("POST", "/people/review", Role.MANAGER, "review_make"),
    Route("GET", "/people/review/who", READERS, "review_who"),
    Route("POST", "/people/review/who", READERS, "review_who_find"),
    Route("GET", "/people/review/changes", READERS, "review_changes"),
    Route("POST", "/people/review/changes", READERS, "review_changes_find"),
    Route("GET", "/people/review/passages", READERS, "review_passages"),
    Route("POST", "/people/review/passages", READERS, "review_passages_find"),
    Route("POST", "/people/review/export", READERS, "review_export"),
    Route("GET", "/people/review/bring", Role.MANAGER, "review_confirm"),
    Route("POST", "/people/review/bring", Role.MANAGER, "review_bring"),
    Route("POST", "/people/review/undo", Role.MANAGER, "review_undo"),
    Route("POST", "/people/review/discard", Role.MANAGER, "review_discard"),
    # People: who may pass, visitors, what is at the gate (firmware/network/people). A guard sees today's visitors.
    Route("GET", "/people.css", AT_GATE, "people.css"),
    Route("GET", "/people.js", AT_GATE, "people.js"),
    Route("GET", "/people", Role.MANAGER, "people"),
    Route("POST", "/people/find", Role.MANAGER, "people_find"),
    Route("POST", "/people/plate", Role.MANAGER, "people_plate"),
    Route("GET", "/people/new", Role.MANAGER, "people_new"),
    Route("POST", "/people/new", Role.MANAGER, "people_add"),
    Route("GET", "/people/holder", Role.MANAGER, "people_holder"),
    Route("GET", "/people/edit", Role.MANAGER, "people_edit"),
    Route("POST", "/people/edit", Role.MANAGER, "people_save"),
    Route("GET", "/people/household", Role.MANAGER, "people_household"),
    Route("POST", "/people/household", Role.MANAGER, "people_household_save"),
    Route("GET", "/people/suspend", Role.MANAGER, "people_suspending"),
    Route("POST", "/people/suspend", Role.MANAGER, "people_suspend"),
    Route("POST", "/people/lift", Role.MANAGER, "people_lift"),
    Route("GET", "/people/end", Role.MANAGER, "people_ending"),
    Route("POST", "/people/end", Role.MANAGER, "people_end"),
    Route("GET", "/people/give", Role.MANAGER, "people_giving"),
    Route("POST", "/people/give", Role.MANAGER, "people_give"),
    Route("POST", "/people/enrol", Role.MANAGER, "people_enrol"),
    Route("POST", "/people/take-back", Role.MANAGER, "people_take_back"),
    Route("POST", "/people/pin", Role.MANAGER, "people_pin"),
    Route("POST", "/people/pin/drop", Role.MANAGER, "people_pin_drop"),
    Route("GET", "/people/credential", Role.MANAGER, "people_credential"),
    Route("POST", "/people/credential", Role.MANAGER, "people_credential_save"),
    Route("GET", "/people/visitors", AT_GATE, "people_visitors"),
    Route("GET", "/people/invite", Role.MANAGER, "people_inviting"),
    Route("POST", "/people/invite", Role.MANAGER, "people_invite"),
    Route("POST", "/people/visitors/end", Role.MANAGER, "people_visit_end"),
    Route("GET", "/people/gate", Role.MANAGER, "people_gate"),
    Route("POST", "/people/bring", Role.MANAGER, "people_bring"),
    Route("POST", "/people/begin", Role.MANAGER, "people_begin"),
    Route("GET", "/people/job", Role.MANAGER, "people_job"),
    Route("POST", "/people/job/cancel", Role.MANAGER, "people_job_cancel"),
    *(Route("GET", f"/act/{what.value}", needs, f"see {what.value}") for what, needs in ACTS),
    *(Route("POST", f"/act/{what.value}", needs, f"do {what.value}") for what, needs in ACTS),
    # Cameras: nothing is shown before a purpose stands in the journal, and then to that very log-in.
    Route("GET", "/camera.css", Need.SESSION, "camera.css"),
    Route("GET", "/camera.js", Need.SESSION, "camera.js"),
    Route("GET", "/cameras", LOOKERS, "cameras"),
    Route("POST", "/cameras/begin", LOOKERS, "begin_viewing"),
    Route("GET", "/cameras/view", LOOKERS, "viewing"),
    Route("POST", "/cameras/end", LOOKERS, "end_viewing"),
    # Faces, by consent: who is enrolled, an enrolment, a withdrawal. No template ever comes here.
    Route("GET", "/faces.js", Role.MANAGER, "faces.js"),
    Route("GET", "/faces", Role.MANAGER, "faces"),
    Route("POST", "/faces/withdraw", Role.MANAGER, "withdraw_face"),
    Route("GET", "/faces/receipts", Role.MANAGER, "face_receipts"),
    Route("GET", "/faces/receipt", Role.MANAGER, "face_receipt"),
    Route("GET", "/faces/enrol", Role.MANAGER, "enrol_face"),
    Route("POST", "/faces/who", Role.MANAGER, "find_face_holder"),
    Route("POST", "/faces/enrol", Role.MANAGER, "take_face"),
    Route("GET", "/faces/enrolling", Role.MANAGER, "enrolling"),
    Route("POST", "/faces/stop", Role.MANAGER, "stop_face"),
    # Why an event came out as it did, for whoever may see it; who it was, for a purpose. May somebody pass?
    Route("GET", "/questions.css", Need.SESSION, "questions.css"),
    Route("GET", "/questions/why", Need.SESSION, "why"),
    Route("POST", "/questions/why", READERS, "why_who"),
    Route("GET", "/questions/may", READERS, "may"),
    Route("POST", "/questions/may", READERS, "may_find"),
    # Lists of the property office: sent, looked at, taken, put back.
    Route("GET", "/imports.css", Role.MANAGER, "imports.css"),
    Route("GET", "/imports.js", Role.MANAGER, "imports.js"),
    Route("GET", "/people/import", Role.MANAGER, "imports"),
    Route("POST", "/people/import", Role.MANAGER, "import_send", file=True),
    Route("GET", "/people/import/sheet", Role.MANAGER, "import_sheet"),
    Route("POST", "/people/import/read", Role.MANAGER, "import_read", long=True),
    Route("POST", "/people/import/take", Role.MANAGER, "import_take"),
    Route("POST", "/people/import/drop", Role.MANAGER, "import_drop"),
    Route("POST", "/people/import/undo", Role.MANAGER, "import_undo"),
    Route("GET", "/people/import/problems", Role.MANAGER, "import_problems"),
    Route("GET", "/people/import/done", Role.MANAGER, "import_done"),
    # Its pages: what can be asked, and who has a token.
    Route("GET", "/api", Need.SESSION, "api page"),
    Route("GET", "/api.css", Need.SESSION, "api.css"),
    Route("GET", "/clients", Role.MANAGER, "clients"),
    Route("POST", "/clients/make", Role.MANAGER, "make_client"),
    Route("POST", "/clients/revoke", Role.MANAGER, "revoke_client"),
)

ROUTES = (*_PAGE_ROUTES, *API_ROUTES)


class Asked(NamedTuple):
    """One request that was let in."""

    request: Request
    session: Session | None
    form: Mapping[str, tuple[str, ...]]
    parts: Mapping[str, str] = MappingProxyType({})  # of the path, where its line has braces
    body: bytes = b""  # JSON of the API
    upload: Sent | None = None  # of a route that takes a file
    still: Callable[[], bool] = lambda: True  # whether whoever asked may go on: the session lives, the token holds

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


def admits(route: Route, session: Session | None) -> bool:
    """Whether this session, or nobody, may use a route."""
    if route.needs is Need.NOBODY:
        return True
    if session is None:
        return False
    if route.needs is Need.METRICS:
        return bool(RUNNERS & session.roles) or (isinstance(session, ClientSession) and session.client.metrics)
    if isinstance(session, ClientSession) and not session.roles:
        return False  # figures, and nothing else
    if isinstance(session, ClientSession) and route.of_api and not route.by_token:
        return False
    if route.needs is Need.SESSION:
        return True
    if route.needs is Need.ACCOUNT:
        return not session.is_console and not isinstance(session, ClientSession)
    if isinstance(route.needs, frozenset):
        return bool(route.needs & session.roles)
    return route.needs in session.roles

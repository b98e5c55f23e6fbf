"""The table of routes: each line refused to whoever may not use it, every form only from a page of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from firmware.core.account_facts import Act
from firmware.messages import Ask
from firmware.network.accounts.account import Role
from firmware.network.forms import FORM_BYTES_MAX, FORM_FIELDS_MAX, FORM_S_MAX
from firmware.network.route import Need, Route
from firmware.network.routes import ROUTES
from tests.network.accounts import Gate, gate
from tests.network.running import Response, RunningPage, running_page
from tests.network.sending import send_file

EVERYBODY = [*Role]
AT_GATE = frozenset({Role.GUARD, Role.MANAGER})
LOOKERS = frozenset({Role.GUARD, Role.MANAGER, Role.INSTALLER})
AT_WIRES = frozenset({Role.INSTALLER, Role.MANAGER})
SITE_ACTS = ("lockdown", "end_lockdown", "evacuation", "end_evacuation")
PAGES = [route for route in ROUTES if not route.of_api]  # the API: test_api_routes.py
CHANGES = [route for route in PAGES if route.changes]
# Every route of the page, with who may use it: whoever adds one adds it here too, and thinks about it.
NEEDED = {
    "GET /page.css": Need.NOBODY,
    "GET /icon.svg": Need.NOBODY,
    "GET /login": Need.NOBODY,
    "POST /login": Need.NOBODY,
    "GET /join": Need.NOBODY,
    "POST /join": Need.NOBODY,
    "GET /": Need.SESSION,
    "GET /stream.js": Need.SESSION,
    "GET /page.js": Need.SESSION,
    "GET /plan.css": Need.SESSION,
    "POST /logout": Need.SESSION,
    "GET /account": Need.ACCOUNT,
    "POST /account/passphrase": Need.ACCOUNT,
    "POST /account/factor": Need.ACCOUNT,
    "POST /account/factor/on": Need.ACCOUNT,
    "POST /account/factor/off": Need.ACCOUNT,
    "POST /account/sessions": Need.ACCOUNT,
    "GET /accounts": Role.MANAGER,
    "POST /accounts/make": Role.MANAGER,
    "POST /accounts/roles": Role.MANAGER,
    "POST /accounts/reset": Role.MANAGER,
    "POST /accounts/delete": Role.MANAGER,
    "POST /call/answer": AT_GATE,
    "POST /call/end": AT_GATE,
    "GET /journal": Need.SESSION,  # each role its own part: test_journal_pages.py
    "GET /journal.js": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/look": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/look": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/counts": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/export": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/export": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/chain": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/chain": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /label": Role.INSTALLER,
    **{f"GET /backup{what}": Role.INSTALLER for what in ("", ".js")},
    **{
        f"POST /backup/{what}": Role.INSTALLER for what in ("make", "file", "look", "restore", "undo", "forget", "drop")
    },
    **{f"GET /camera.{end}": Need.SESSION for end in ("css", "js")},
    **{f"GET /cameras{what}": LOOKERS for what in ("", "/view")},
    **{f"POST /cameras/{what}": LOOKERS for what in ("begin", "end")},
    "GET /faces.js": Role.MANAGER,
    **{f"GET /faces{what}": Role.MANAGER for what in ("", "/receipts", "/receipt")},
    **{f"GET /faces{what}": Role.MANAGER for what in ("/enrol", "/enrolling")},
    **{f"POST /faces/{what}": Role.MANAGER for what in ("withdraw", "who", "enrol", "stop")},
    # the API, by session and by token: test_api_routes.py
    **{f"GET /api/v1/{name}": Need.SESSION for name in ("stream", "openapi.json", "me", "site", "alarms", "events")},
    "GET /api/v1/portals": Need.SESSION,
    "GET /api/v1/portals/{portal}": Need.SESSION,
    "POST /api/v1/portals/{portal}/open": AT_GATE,
    **{f"POST /api/v1/portals/{{portal}}/{what}": Role.MANAGER for what in ("hold", "lock", "release", "reset")},
    **{f"POST /api/v1/site/{what}": Role.MANAGER for what in SITE_ACTS},
    "POST /api/v1/alarms/{subject}/acknowledge": AT_GATE,
    **{f"POST /api/v1/portals/{{portal}}/{what}": Role.INSTALLER for what in ("out_of_service", "in_service")},
    **{f"GET /api/v1/orders{end}": AT_GATE | {Role.INSTALLER} for end in ("", "/{order}")},
    "GET /api/v1/journal/counts": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /api/v1/journal/chain": frozenset({Role.AUDITOR, Role.MANAGER}),
    **{f"GET /api/v1/{name}": LOOKERS for name in ("cameras", "viewings", "viewings/{viewing}")},
    **{f"GET /api/v1/viewings/{{viewing}}/{what}": LOOKERS for what in ("newest", "picture")},
    **{f"GET /api/v1/faces{what}": Role.MANAGER for what in ("", "/enrolling", "/receipts", "/receipts/{receipt}")},
    **{f"POST /api/v1/faces{what}": Role.MANAGER for what in ("", "/stop", "/{holder}/withdraw")},
    **{f"POST /api/v1/viewings{what}": LOOKERS for what in ("", "/{viewing}/end")},
    "GET /api/v1/clients": Role.MANAGER,
    "DELETE /api/v1/clients/{client}": Role.MANAGER,
    "GET /metrics": Need.METRICS,
    # accounts, calls, the journal for a purpose, the label; what changes accounts needs a person (PERSONS below)
    "GET /api/v1/account": Need.ACCOUNT,
    **{f"POST /api/v1/account/{what}": Need.ACCOUNT for what in ("passphrase", "sessions/end")},
    **{f"POST /api/v1/account/factor{what}": Need.ACCOUNT for what in ("", "/on", "/off")},
    **{f"{how} /api/v1/accounts": Role.MANAGER for how in ("GET", "POST")},
    **{f"{how} /api/v1/accounts/{{account}}": Role.MANAGER for how in ("GET", "DELETE")},
    "PUT /api/v1/accounts/{account}/roles": Role.MANAGER,
    "POST /api/v1/accounts/{account}/reset": Role.MANAGER,
    "GET /api/v1/calls": Need.SESSION,
    **{f"POST /api/v1/calls/{{call}}/{what}": AT_GATE for what in ("answer", "end")},
    **{f"POST /api/v1/journal/{what}": frozenset({Role.AUDITOR, Role.MANAGER}) for what in ("search", "export")},
    "POST /api/v1/journal/chain/prove": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /api/v1/journal/looks/{look}": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /api/v1/label": Role.INSTALLER,
    # rules of access
    **{f"GET /api/v1/{what}": frozenset({Role.AUDITOR, Role.MANAGER}) for what in ("schedules", "profiles")},
    "GET /api/v1/schedules/{schedule}": frozenset({Role.AUDITOR, Role.MANAGER}),
    "PUT /api/v1/schedules/{schedule}": Role.MANAGER,
    **{f"POST /api/v1/schedules/{{schedule}}/{what}": Role.MANAGER for what in ("rename", "remove")},
    "GET /api/v1/profiles/{profile}": frozenset({Role.AUDITOR, Role.MANAGER}),
    "PUT /api/v1/profiles/{profile}": Role.MANAGER,
    **{f"POST /api/v1/profiles/{{profile}}/{what}": Role.MANAGER for what in ("rename", "remove")},
    "GET /api/v1/special-days": frozenset({Role.AUDITOR, Role.MANAGER}),
    **{f"POST /api/v1/special-days{end}": Role.MANAGER for end in ("", "/move", "/remove")},
    # jobs, credentials, visits, the gate's list
    "GET /api/v1/jobs/{job}": Role.MANAGER,
    "POST /api/v1/jobs/{job}/cancel": Role.MANAGER,
    "GET /api/v1/readers": Role.MANAGER,
    "POST /api/v1/people/{holder}/credentials": Role.MANAGER,
    "POST /api/v1/people/{holder}/credentials/enrol": Role.MANAGER,
    **{f"{how} /api/v1/people/{{holder}}/credentials/{{ref}}": Role.MANAGER for how in ("GET", "PUT")},
    "POST /api/v1/people/{holder}/credentials/{ref}/remove": Role.MANAGER,
    "POST /api/v1/people/{holder}/credentials/{ref}/take_back": Role.MANAGER,
    "POST /api/v1/people/{holder}/pin": Role.MANAGER,
    "POST /api/v1/people/{holder}/pin/drop": Role.MANAGER,
    "GET /api/v1/visits": AT_GATE,
    **{f"POST /api/v1/visits{end}": Role.MANAGER for end in ("", "/enrol", "/{visit}/end")},
    "GET /api/v1/visits/{visit}": Role.MANAGER,
    "GET /api/v1/gate": Role.MANAGER,
    **{f"POST /api/v1/gate/{what}": Role.MANAGER for what in ("bring", "begin")},
    # holders and households
    **{f"GET /api/v1/people{end}": Role.MANAGER for end in ("", "-choices", "/{holder}")},
    **{f"POST /api/v1/people{end}": Role.MANAGER for end in ("", "/search", "/plate")},
    "PUT /api/v1/people/{holder}": Role.MANAGER,
    **{f"POST /api/v1/people/{{holder}}/{what}": Role.MANAGER for what in ("suspend", "lift", "end")},
    **{f"GET /api/v1/households{end}": Role.MANAGER for end in ("", "/{household}")},
    "PUT /api/v1/households/{household}": Role.MANAGER,
    "POST /api/v1/households/{household}/remove": Role.MANAGER,
    # imports of sheets
    "GET /api/v1/imports": Role.MANAGER,
    "POST /api/v1/imports": Role.MANAGER,
    "GET /api/v1/imports/sheets/{sheet}": Role.MANAGER,
    "DELETE /api/v1/imports/sheets/{sheet}": Role.MANAGER,
    "POST /api/v1/imports/sheets/{sheet}/read": Role.MANAGER,
    "GET /api/v1/imports/sheets/{sheet}/problems": Role.MANAGER,
    "GET /api/v1/imports/sheets/{sheet}/problems.csv": Role.MANAGER,
    "POST /api/v1/imports/sheets/{sheet}/take": Role.MANAGER,
    "GET /api/v1/imports/done/{batch}": Role.MANAGER,
    "POST /api/v1/imports/done/{batch}/undo": Role.MANAGER,
    # devices, machine, self-test
    **{f"GET /api/v1/{name}": AT_WIRES for name in ("devices", "devices/{device}", "stream/devices", "machine")},
    "POST /api/v1/machine/logs": AT_WIRES,
    "POST /api/v1/machine/processes/{process}/restart": Role.INSTALLER,
    **{f"GET /api/v1/{name}": AT_WIRES | {Role.AUDITOR} for name in ("selftest", "stream/selftest")},
    **{f"POST /api/v1/selftest/{name}": Role.INSTALLER for name in ("begin", "step", "run")},
    **{f"GET /api/v1/selftest/reports{end}": AT_WIRES | {Role.AUDITOR} for end in ("", "/{report}")},
    "GET /api/v1/review": frozenset({Role.AUDITOR, Role.MANAGER}),
    **{
        f"POST /api/v1/review/{what}": frozenset({Role.AUDITOR, Role.MANAGER})
        for what in ("people", "changes", "passages", "export")
    },
    **{f"POST /api/v1/review{end}": Role.MANAGER for end in ("", "/bring", "/undo", "/discard")},
    "GET /api/v1/questions/why/{event}": Need.SESSION,
    **{f"POST /api/v1/questions/{what}": frozenset({Role.AUDITOR, Role.MANAGER}) for what in ("why/{event}", "may")},
    # backups
    **{f"{method} /api/v1/backup": Role.INSTALLER for method in ("GET", "POST", "DELETE")},
    **{f"POST /api/v1/backup/{what}": Role.INSTALLER for what in ("file", "look", "restore", "undo", "forget")},
    "GET /api": Need.SESSION,
    "GET /api.css": Need.SESSION,
    "GET /clients": Role.MANAGER,
    "POST /clients/make": Role.MANAGER,
    "POST /clients/revoke": Role.MANAGER,
    # Questions and imports.
    "GET /questions.css": Need.SESSION,
    "GET /questions/why": Need.SESSION,  # each role its own events: test_question_pages.py
    "POST /questions/why": frozenset({Role.AUDITOR, Role.MANAGER}),
    **{f"{how} /questions/may": frozenset({Role.AUDITOR, Role.MANAGER}) for how in ("GET", "POST")},
    **{f"GET /imports.{end}": Role.MANAGER for end in ("css", "js")},
    **{f"GET /people/import{what}": Role.MANAGER for what in ("", "/sheet", "/problems", "/done")},
    **{f"POST /people/import{what}": Role.MANAGER for what in ("", "/read", "/take", "/drop", "/undo")},
    # Rules of access and reviews.
    "GET /rules.css": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /rules.js": Role.MANAGER,
    "GET /people/schedules": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /people/schedule": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/schedule": Role.MANAGER,
    "POST /people/schedule/rename": Role.MANAGER,
    "POST /people/schedule/remove": Role.MANAGER,
    "GET /people/profiles": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /people/profile": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/profile": Role.MANAGER,
    "POST /people/profile/rename": Role.MANAGER,
    "POST /people/profile/remove": Role.MANAGER,
    "GET /people/days": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/days": Role.MANAGER,
    "POST /people/days/remove": Role.MANAGER,
    "GET /people/review": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/review": Role.MANAGER,
    "GET /people/review/who": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/review/who": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /people/review/changes": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/review/changes": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /people/review/passages": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/review/passages": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /people/review/export": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /people/review/bring": Role.MANAGER,
    "POST /people/review/bring": Role.MANAGER,
    "POST /people/review/undo": Role.MANAGER,
    "POST /people/review/discard": Role.MANAGER,
    **{f"{method} /act/{what}": AT_GATE for method in ("GET", "POST") for what in ("open", "acknowledge")},
    **{
        f"{method} /act/{what}": Role.MANAGER
        for method in ("GET", "POST")
        for what in ("hold", "lock", "release", "reset", *SITE_ACTS)
    },
    **{
        f"{method} /act/{what}": Role.INSTALLER
        for method in ("GET", "POST")
        for what in ("out_of_service", "in_service")
    },
    **{f"POST /api/v1/portals/{{portal}}/{what}": Role.INSTALLER for what in ("out_of_service", "in_service")},
    # devices, self-test, machine
    **{f"GET /{name}": Need.SESSION for name in ("devices.css", "devices.js", "selftest.js")},
    **{f"GET /{name}": AT_WIRES for name in ("devices", "machine", "machine/logs")},
    "POST /machine/logs": AT_WIRES,
    "GET /selftest": AT_WIRES | {Role.AUDITOR},
    "POST /selftest/report": AT_WIRES | {Role.AUDITOR},
    **{f"POST /selftest/{name}": Role.INSTALLER for name in ("begin", "step", "run")},
    **{f"{method} /machine/restart": Role.INSTALLER for method in ("GET", "POST")},
    # people
    "GET /people.css": AT_GATE,
    "GET /people.js": AT_GATE,
    "GET /people": Role.MANAGER,
    "POST /people/find": Role.MANAGER,
    "POST /people/plate": Role.MANAGER,
    "GET /people/new": Role.MANAGER,
    "POST /people/new": Role.MANAGER,
    "GET /people/holder": Role.MANAGER,
    "GET /people/edit": Role.MANAGER,
    "POST /people/edit": Role.MANAGER,
    "GET /people/household": Role.MANAGER,
    "POST /people/household": Role.MANAGER,
    "GET /people/suspend": Role.MANAGER,
    "POST /people/suspend": Role.MANAGER,
    "POST /people/lift": Role.MANAGER,
    "GET /people/end": Role.MANAGER,
    "POST /people/end": Role.MANAGER,
    "GET /people/give": Role.MANAGER,
    "POST /people/give": Role.MANAGER,
    "POST /people/enrol": Role.MANAGER,
    "POST /people/take-back": Role.MANAGER,
    "POST /people/pin": Role.MANAGER,
    "POST /people/pin/drop": Role.MANAGER,
    "GET /people/credential": Role.MANAGER,
    "POST /people/credential": Role.MANAGER,
    "GET /people/visitors": AT_GATE,
    "GET /people/invite": Role.MANAGER,
    "POST /people/invite": Role.MANAGER,
    "POST /people/visitors/end": Role.MANAGER,
    "GET /people/gate": Role.MANAGER,
    "POST /people/bring": Role.MANAGER,
    "POST /people/begin": Role.MANAGER,
    "GET /people/job": Role.MANAGER,
    "POST /people/job/cancel": Role.MANAGER,
}

# What a person who has logged in asks, and no client's token.
PERSONS = {
    "POST /api/v1/accounts",
    "DELETE /api/v1/accounts/{account}",
    "PUT /api/v1/accounts/{account}/roles",
    "POST /api/v1/accounts/{account}/reset",
    *(f"POST /api/v1/selftest/{what}" for what in ("begin", "step", "run")),
    # a purpose, and a consent, are stated by somebody who looks
    "GET /api/v1/viewings",
    "POST /api/v1/viewings",
    *(f"GET /api/v1/viewings/{{viewing}}{what}" for what in ("", "/newest", "/picture")),
    "POST /api/v1/viewings/{viewing}/end",
    "POST /api/v1/faces",
    "POST /api/v1/faces/stop",
    "GET /api/v1/faces/enrolling",
    # what replaces accounts, or takes a way back away
    *(f"POST /api/v1/backup/{what}" for what in ("restore", "undo", "forget")),
}


def changes_told(page: RunningPage) -> list[Ask]:
    """What the controller was asked but for log-ins, which are told when there is time."""
    return [ask for ask in page.controller.asked if getattr(ask.command, "act", None) is not Act.LOGGED_IN]


WITHOUT_JOURNAL = ("/journal", "/journal/counts", "/journal/chain")  # they say that there is none here
WITHOUT_PEOPLE = tuple(route.path for route in ROUTES if route.path.startswith("/people") and "." not in route.path)
OTHERWISE = {"/questions/why": 400, "/people/import/done": 200}  # of no event; says only what its address says
# Nobody has stated a purpose, and the made-up controller tells of no faces.
OTHERWISE |= {"/cameras/view": 303}
OTHERWISE |= {"/faces": 503, "/faces/receipts": 503, "/faces/receipt": 303}
ALONE = {*WITHOUT_JOURNAL, *WITHOUT_PEOPLE}


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


async def ask(page: RunningPage, route: Route, **more: str) -> Response:
    if route.changes:
        return await page.post(route.path, token=more.pop("token", None), **more)
    return await page.ask("HEAD" if route.path.endswith("/stream") else "GET", route.path, **more)


def test_each_route_needs_what_is_listed_here() -> None:
    assert {f"{route.method} {route.path}": route.needs for route in ROUTES} == NEEDED
    assert {f"{route.method} {route.path}" for route in ROUTES if route.person} == PERSONS
    assert {route.method for route in ROUTES} == {"GET", "POST", "PUT", "DELETE"}


@pytest.mark.attack("account-09")
def test_each_route_is_refused_without_a_session_and_without_its_role(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        page.cookie = None
        for route in PAGES:
            if route.needs is not Need.NOBODY:
                assert (await ask(page, route, token="")).status == 401, route
        for role in EVERYBODY:
            await running.log_in(role.value)
            for route in PAGES:
                roles = route.needs if isinstance(route.needs, frozenset) else {route.needs} & set(EVERYBODY)
                if roles and role not in roles:
                    assert (await ask(page, route)).status == 403, (role, route)
                elif not route.changes:
                    expected = OTHERWISE.get(route.path, 503 if route.path in ALONE else 200)
                    assert (await ask(page, route)).status == expected, (role, route)
        assert page.controller.told("made") == running.made, "nothing was changed by any of it"

    play(tmp_path, scene)


def test_the_console_has_no_account_and_reaches_all_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            for route in PAGES:
                if not route.changes:
                    otherwise = OTHERWISE.get(route.path, 503 if route.path in ALONE else 200)
                    expected = 403 if route.needs is Need.ACCOUNT else otherwise
                    assert (await ask(page, route)).status == expected, route
                elif route.needs is Need.ACCOUNT:
                    assert (await ask(page, route)).status == 403, route

    asyncio.run(scene())


@pytest.mark.attack("account-10")
def test_a_form_of_another_page_changes_nothing(tmp_path: Path) -> None:
    """CSRF: another origin, another site, none of both told, no token, another session's token."""

    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        foreign = await page.token()
        await running.log_in("manager")
        own = await page.token()
        told = changes_told(page)
        kept = running.accounts()
        for route in CHANGES:
            send = partial(send_file, page) if route.file else page.post
            for refused in (
                {"origin": "http://evil.example"},
                {"origin": "null"},
                {"origin": f"https://127.0.0.1:{page.port}"},
                {"origin": f"http://127.0.0.1:{page.port + 1}"},
                {"origin": f"http://localhost:{page.port}"},
                {"sec_fetch_site": "cross-site"},
                {"sec_fetch_site": "same-site"},
                {"sec_fetch_site": "none"},
            ):
                response = await send(route.path, [("name", "guard"), ("role", "manager")], token=own, **refused)
                assert response.status == 403, (route, refused)
            silent = page.request("POST", route.path, content_length="0") + b"connection: close\r\n\r\n"
            assert (await page.raw(silent)).split(b" ")[1] == b"403", route
            if route.needs is not Need.NOBODY:
                for token in ("", foreign, own[:-1], own + "A", own.swapcase()):
                    response = await send(route.path, [("name", "guard"), ("role", "manager")], token=token)
                    assert response.status == 403, (route, token)
        assert changes_told(page) == told
        assert running.accounts() == kept
        response = await page.post("/logout", token=own, sec_fetch_site="same-origin")
        assert response.status == 303, "and one of our own does"

    play(tmp_path, scene)


@pytest.mark.attack("account-11")
def test_what_is_no_form_of_ours_is_refused_and_the_page_goes_on(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        page.cookie = None
        origin = f"http://127.0.0.1:{page.port}"

        async def sent(body: bytes, **headers: str) -> bytes:
            named = {"origin": origin, "content_type": "application/x-www-form-urlencoded"} | headers
            if "transfer_encoding" not in named:
                named.setdefault("content_length", str(len(body)))
            head = page.request("POST", "/login", **named)
            return (await page.raw(head + b"connection: close\r\n\r\n" + body)).split(b" ")[1]

        assert await sent(b"name=x", content_type="application/json") == b"415"
        assert await sent(b"name=x", content_type="multipart/form-data; boundary=x") == b"415"
        assert await sent(b"", content_length=str(FORM_BYTES_MAX + 1)) == b"413"
        assert await sent(b"", content_length="9" * 20) == b"413"
        chunk = b"%x\r\n%b\r\n" % (FORM_BYTES_MAX, b"a" * FORM_BYTES_MAX)
        assert await sent(chunk * 3, transfer_encoding="chunked") == b"413"
        assert await sent(b"&".join(b"f%d=1" % n for n in range(FORM_FIELDS_MAX + 1))) == b"400"
        for body in (b"name=%ff%fe", b"name=\xff", "name=é".encode()):
            assert await sent(body) == b"400", body
        for body in (b"", b"&&&", b"name", b"=", b"name=%00&passphrase=%00", b"name=%ZZ"):
            assert await sent(body) in (b"403", b"429"), body
        assert (await page.get("/login")).status == 200

    play(tmp_path, scene)


@pytest.mark.slow
@pytest.mark.attack("account-12")
def test_a_form_that_never_ends_is_let_go(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        head = page.request(
            "POST",
            "/login",
            origin=f"http://127.0.0.1:{page.port}",
            content_type="application/x-www-form-urlencoded",
            content_length="100",
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
        writer.write(head + b"\r\nname=x")
        async with asyncio.timeout(FORM_S_MAX + 5):
            answer = await reader.read()
        assert answer.split(b" ")[1] == b"408"
        writer.close()

    play(tmp_path, scene)

"""The table of routes: each line refused to whoever may not use it, every form only from a page of our own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.core.account_facts import Act
from firmware.messages import Ask
from firmware.network.accounts.account import Role
from firmware.network.forms import FORM_BYTES_MAX, FORM_FIELDS_MAX, FORM_S_MAX
from firmware.network.routes import ROUTES, Need, Route
from tests.network.accounts import Gate, gate
from tests.network.running import Response, RunningPage, running_page

EVERYBODY = [*Role]
AT_GATE = frozenset({Role.GUARD, Role.MANAGER})
SITE_ACTS = ("lockdown", "end_lockdown", "evacuation", "end_evacuation")
CHANGES = [route for route in ROUTES if route.changes]
# Every route of the page, with who may use it: whoever adds one adds it here too, and thinks about it.
NEEDED = {
    "GET /page.css": Need.NOBODY,
    "GET /icon.svg": Need.NOBODY,
    "GET /login": Need.NOBODY,
    "POST /login": Need.NOBODY,
    "GET /join": Need.NOBODY,
    "POST /join": Need.NOBODY,
    "GET /": Need.SESSION,
    "GET /stream": Need.SESSION,
    "GET /page.js": Need.SESSION,
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
    "GET /journal": Need.SESSION,  # each role its own part: test_journal_pages.py
    "GET /journal/look": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/look": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/counts": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/export": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/export": frozenset({Role.AUDITOR, Role.MANAGER}),
    "GET /journal/chain": frozenset({Role.AUDITOR, Role.MANAGER}),
    "POST /journal/chain": frozenset({Role.AUDITOR, Role.MANAGER}),
    **{f"{method} /act/{what}": AT_GATE for method in ("GET", "POST") for what in ("open", "acknowledge")},
    **{
        f"{method} /act/{what}": Role.MANAGER
        for method in ("GET", "POST")
        for what in ("hold", "lock", "release", "reset", *SITE_ACTS)
    },
}


def changes_told(page: RunningPage) -> list[Ask]:
    """What the controller was asked but for log-ins, which are told when there is time."""
    return [ask for ask in page.controller.asked if getattr(ask.command, "act", None) is not Act.LOGGED_IN]


WITHOUT_JOURNAL = ("/journal", "/journal/counts", "/journal/chain")  # they say that there is none here


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


async def ask(page: RunningPage, route: Route, **more: str) -> Response:
    if route.changes:
        return await page.post(route.path, token=more.pop("token", None), **more)
    return await page.ask("HEAD" if route.path == "/stream" else "GET", route.path, **more)


def test_each_route_needs_what_is_listed_here() -> None:
    assert {f"{route.method} {route.path}": route.needs for route in ROUTES} == NEEDED
    assert {route.method for route in ROUTES} == {"GET", "POST"}


@pytest.mark.attack("account-09")
def test_each_route_is_refused_without_a_session_and_without_its_role(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        page.cookie = None
        for route in ROUTES:
            if route.needs is not Need.NOBODY:
                assert (await ask(page, route, token="")).status == 401, route
        for role in EVERYBODY:
            await running.log_in(role.value)
            for route in ROUTES:
                roles = route.needs if isinstance(route.needs, frozenset) else {route.needs} & set(EVERYBODY)
                if roles and role not in roles:
                    assert (await ask(page, route)).status == 403, (role, route)
                elif not route.changes:
                    expected = 503 if route.path in WITHOUT_JOURNAL else 200
                    assert (await ask(page, route)).status == expected, (role, route)
        assert page.controller.told("made") == running.made, "nothing was changed by any of it"

    play(tmp_path, scene)


def test_the_console_has_no_account_and_reaches_all_else(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            for route in ROUTES:
                if not route.changes:
                    otherwise = 503 if route.path in WITHOUT_JOURNAL else 200
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
                response = await page.post(route.path, [("name", "guard"), ("role", "manager")], token=own, **refused)
                assert response.status == 403, (route, refused)
            silent = page.request("POST", route.path, content_length="0") + b"connection: close\r\n\r\n"
            assert (await page.raw(silent)).split(b" ")[1] == b"403", route
            if route.needs is not Need.NOBODY:
                for token in ("", foreign, own[:-1], own + "A", own.swapcase()):
                    response = await page.post(route.path, [("name", "guard"), ("role", "manager")], token=token)
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

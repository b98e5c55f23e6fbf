"""Each route of the API and of its pages: refused without session and token, and without its role, by both ways in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from firmware.core.account_facts import Administered
from firmware.network.accounts.account import Role
from firmware.network.api.operations import OPERATIONS
from firmware.network.api.stream import STREAM_TYPE
from firmware.network.forms import FORM_BYTES_MAX
from firmware.network.route import Need, Route
from firmware.network.routes import ROUTES
from tests.network.accounts import Gate, gate
from tests.network.api_client import KEY, at, call, make_client, token_for, words
from tests.network.running import Response, RunningPage

API = [route for route in ROUTES if route.of_api]
READ = [route for route in API if not route.changes and OPERATIONS[route.call].media != STREAM_TYPE]
CHANGES = [route for route in API if route.changes]
ORDER = {"idempotency-key": KEY}
ALLOWED = (200, 201, 202, 204, 400, 404, 409, 422, 429, 503, 504)  # whatever is answered to whoever may ask


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await scene(running)

    asyncio.run(whole())


async def asked(page: RunningPage, route: Route, token: str | None = None, **more: str) -> Response:
    headers = {**ORDER, **{name.replace("_", "-"): text for name, text in more.items()}}
    method = "HEAD" if OPERATIONS[route.call].media == STREAM_TYPE else route.method
    if route.file:
        headers = {"content-type": OPERATIONS[route.call].file[0], **headers}
        return await call(page, method, at(route.path), token, headers=headers, raw=b"a file, or what is said to be")
    return await call(page, method, at(route.path), token, {} if route.method in ("POST", "PUT") else None, headers)


def may(route: Route, role: Role, by_token: bool = False) -> bool:
    """By the table alone, as test_routes.py holds it a second time."""
    if by_token and (route.person or route.needs is Need.ACCOUNT):
        return False
    if route.needs is Need.ACCOUNT:
        return True
    if route.needs is Need.METRICS:
        return role in (Role.AUDITOR, Role.MANAGER, Role.INSTALLER)
    if route.needs is Need.SESSION:
        return True
    return role in route.needs if isinstance(route.needs, frozenset) else role is route.needs


@pytest.mark.attack("api-01")
def test_each_route_is_refused_without_a_token_or_session_and_without_its_role(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        tokens = {role: await token_for(running, f"the {role.value}", role.value) for role in Role}
        figures = await token_for(running, "prometheus", metrics=True)
        told = page.controller.told("client_made")
        page.cookie = None
        for route in API:
            response = await asked(page, route)
            assert response.status == 401, route
            assert response.header("www-authenticate") == 'Bearer realm="menshen"'
            for role, token in tokens.items():
                status = (await asked(page, route, token)).status
                if may(route, role, by_token=True):
                    assert status in ALLOWED, (route, role, status)
                else:
                    assert status == 403, (route, role, status)
            only = (await asked(page, route, figures)).status
            assert only == (200 if route.needs is Need.METRICS else 403), route
        assert page.controller.told("client_made") == told

    play(tmp_path, scene)


@pytest.mark.attack("api-02")
def test_by_a_session_each_route_needs_its_role_and_a_change_the_token_of_its_forms(tmp_path: Path) -> None:
    """CSRF: JSON of another origin or site, of nowhere, without the header, with another session's token."""

    async def scene(running: Gate) -> None:
        page = running.page
        origin = f"http://127.0.0.1:{page.port}"
        await running.log_in("guard")
        foreign = await page.token()
        for role in Role:
            await running.log_in(role.value)
            own = await page.token()
            for route in API:
                if not may(route, role):
                    assert (await asked(page, route, origin=origin, x_csrf_token=own)).status == 403, (role, route)
            for route in READ:
                if may(route, role):
                    assert (await asked(page, route)).status in (200, 204, 400, 404, 409, 503, 504), (role, route)
        await running.log_in("manager")
        own = await page.token()
        asked_before = len(page.controller.asked)
        for route in CHANGES:
            if may(route, Role.MANAGER):
                for refused in (
                    {"x_csrf_token": own},
                    {"origin": origin},
                    {"origin": origin, "x_csrf_token": foreign},
                    {"origin": origin, "x_csrf_token": own[:-1]},
                    {"origin": "http://evil.example", "x_csrf_token": own},
                    {"origin": "null", "x_csrf_token": own},
                    {"origin": origin, "sec_fetch_site": "cross-site", "x_csrf_token": own},
                ):
                    assert (await asked(page, route, **refused)).status == 403, (route, refused)
        told = [ask for ask in page.controller.asked[asked_before:] if getattr(ask.command, "act", "") != "logged_in"]
        assert told == []
        open_it = next(route for route in CHANGES if route.path.endswith("/open"))
        assert (await asked(page, open_it, origin=origin, x_csrf_token=own)).status == 201, "and our own page may"

    play(tmp_path, scene)


@pytest.mark.attack("api-03")
def test_a_token_is_no_session_of_the_page_and_beside_one_no_cookie_counts(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard")
        for path in ("/", "/journal", "/account", "/clients", "/api", "/login?x=1"):
            response = await page.get(path, authorization=f"Bearer {token}")
            assert response.status == (200 if path.startswith("/login") else 401), path
        await running.log_in("manager")
        cookie = page.cookie or ""
        assert (await page.get("/api/v1/clients", cookie=cookie)).status == 200
        for header in (f"Bearer {token}", "Bearer mst_0123456789ab_" + "A" * 43, "Basic bWFuYWdlcjp4", "Bearer", "x"):
            response = await page.get("/api/v1/clients", cookie=cookie, authorization=header)
            assert response.status == (403 if token in header else 401), header
        twice = f"authorization: Bearer {token}\r\nauthorization: Bearer {token}\r\n".encode()
        raw = page.request("GET", "/api/v1/me", cookie=cookie) + twice + b"connection: close\r\n\r\n"
        assert (await page.raw(raw)).split(b" ")[1] == b"401"
        for path in (f"/api/v1/me?token={token}", f"/api/v1/me?access_token={token}"):
            assert (await call(page, "GET", path, headers={"cookie": ""})).status == 401, "never in an address"

    play(tmp_path, scene)


@pytest.mark.attack("api-04")
def test_paths_with_dots_slashes_and_odd_letters_are_none_of_ours(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "manager", "guard")
        for path in (
            "/api/v1/portals/..",
            "/api/v1/portals/%2e%2e",
            "/api/v1/portals/..%2fclients",
            "/api/v1/portals/front_door%2fopen",
            "/api/v1/portals/",
            "/api/v1/portals//",
            "/api/v1/portals/" + "a" * 65,
            "/api/v1/portals/%00",
            "/api/v1/portals/front_door%0a",
            "/api/v1/portals/front_door/",
            "/api/v1/portals/'%20OR%201=1--",
            "/api/v1/portals/%f0%9f%9a%aa",
            "/api/v1/portals/%e2%80%aefront_door",
            "/api/v1/portals/%ff%fe",
            "/api/v1/orders/1%20OR%201",
            "/api/v1/",
            "/api/v2/site",
            "/api/v1/site%3fx",
        ):
            response = await call(page, "GET", path, token)
            assert words(response) == ("no_such_thing", "404"), path
            assert (await call(page, "GET", path, headers={"cookie": ""})).status == 401, path
        refused = await call(page, "DELETE", "/api/v1/portals/front_door", token)
        assert (refused.status, refused.header("allow")) == (405, "GET, HEAD")
        assert (await call(page, "GET", "/api/v1/portals/front_door/open", token)).header("allow") == "POST"

    play(tmp_path, scene)


@pytest.mark.attack("api-05")
def test_bodies_oversized_of_another_type_broken_and_strange_are_problems(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "manager", "guard")
        hold, opening = "/api/v1/portals/front_door/hold", "/api/v1/portals/front_door/open"

        async def sent(path: str, raw: bytes, **headers: str) -> tuple[str, str]:
            response = await call(page, "POST", path, token, raw=raw, headers={**ORDER, **headers})
            kind, status = words(response)
            return kind, status

        assert await sent(hold, b"minutes=5", **{"content-type": "text/plain"}) == ("wrong_type", "415")
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert await sent(hold, b"minutes=5", **form) == ("wrong_type", "415")
        assert await sent(hold, b" " * (FORM_BYTES_MAX + 1)) == ("too_large", "413")
        for raw in (b"{", b"nul", b"\xff\xfe", b"{'minutes': 5}"):
            assert await sent(hold, raw) == ("not_understood", "400"), raw[:20]
        for raw in (
            b"{}",
            b"[]",
            b'"x"',
            b"null",
            b"{}{}",
            b'{"minutes": 5, }',
            b"[" * 5000,
            b'{"minutes": 0}',
            b'{"minutes": 481}',
            b'{"minutes": 1e400}',
            b'{"minutes": "5"}',
            b'{"minutes": 5.5}',
            b'{"minutes": 1e300}',
            b'{"minutes": true}',
            b'{"minutes": 5, "until": "x"}',
        ):
            assert (await sent(hold, raw))[1] in ("422", "400"), raw
        for way in ("' OR 1=1", "\x00", "\U0001f6aa", "\u202etuo", "x" * 65, "hall_in\n"):
            response = await call(page, "POST", opening, token, {"way": way}, ORDER)
            assert response.status in (409, 422), way
        assert {type(ask.command) for ask in page.controller.asked} == {Administered}, "nothing was asked of the gate"

    play(tmp_path, scene)


def test_heads_of_hosts_and_methods_are_problems_too(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard")
        bearer = {"authorization": f"Bearer {token}"}
        assert words(await page.ask("GET", "/api/v1/me", host="evil.example", **bearer)) == ("wrong_host", "421")
        large = {**bearer, "x_long": "a" * 20_000}
        assert (await page.ask("GET", "/api/v1/me", **large)).status in (400, 431)
        chinese = await page.get("/api/v1/nothing", accept_language="zh-CN", **bearer)
        assert "此处没有该资源" in chinese.text

    play(tmp_path, scene)


def test_only_a_manager_sees_and_makes_clients_and_no_client_makes_another(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "boss", "manager")
        response = await call(page, "POST", "/api/v1/clients", token, {"name": "another"})
        assert (response.status, response.header("allow")) == (405, "GET, HEAD")
        form = await page.get("/clients", authorization=f"Bearer {token}")
        assert form.status == 401
        for role in ("guard", "installer", "auditor"):
            await running.log_in(role)
            assert (await page.get("/clients")).status == 403
            assert (await make_client(page, "mine", role))[0].status == 403
        assert [made.account for made in page.controller.told("client_made")] == ["boss"]

    play(tmp_path, scene)

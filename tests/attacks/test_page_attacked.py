"""The page and its API under what no browser sends: shell words in every field, claims about oneself, defaults."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from firmware.core.facts import OpenOnce
from firmware.network.accounts.account import Role
from firmware.network.forms import FORM_FIELDS_MAX
from firmware.network.routes import ROUTES
from tests.network.accounts import Gate, gate
from tests.network.api_client import KEY, at, call, token_for, told
from tests.network.running import running_page

HOUSE = Path(__file__).parents[2]
TEMPLATES = HOUSE / "firmware/network/templates"
PACKAGES = ("firmware", "drivers", "models", "provisioning", "community")
FIELD = re.compile(r'\bname="([a-z_]+)"')
# What starts a program, by Python's own names of it (sys.audit).
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.spawn", "os.startfile", "pty.spawn")
# (module, what of it): each hands its text to a shell.
SHELLS = {("os", "system"), ("os", "popen"), ("asyncio", "create_subprocess_shell"), ("subprocess", "getoutput")}
SHELLS |= {("subprocess", "getstatusoutput"), ("pty", "spawn")}
ODD_FORMS = ("/logout", "/login")  # they end the session that asks; those with files and streams stand elsewhere

_watching: list[list[str]] = []


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _watching and event in STARTS:
        _watching[-1].append(f"{event} {arguments!r}")


@contextlib.contextmanager
def started() -> Iterator[list[str]]:
    """Every program that this process starts meanwhile, with its arguments."""
    if not getattr(sys, "_menshen_hears_starts", False):
        sys.addaudithook(_hear)  # for good: Python takes none back
        sys._menshen_hears_starts = True  # type: ignore[attr-defined]
    _watching.append([])
    try:
        yield _watching[-1]
    finally:
        _watching.pop()


def fields() -> list[str]:
    """Every name that a form of the page has, but for those that say whose form it is."""
    names = {name for path in TEMPLATES.glob("*.html") for name in FIELD.findall(path.read_text(encoding="utf-8"))}
    return sorted(names - {"token", "viewport", "once"})


def test_nothing_of_ours_hands_a_text_to_a_shell() -> None:
    found = []
    for package in PACKAGES:
        for path in (HOUSE / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if not isinstance(node, ast.Call):
                    continue
                shell = [each for each in node.keywords if each.arg == "shell"]
                called = node.func
                named = (getattr(getattr(called, "value", None), "id", ""), getattr(called, "attr", ""))
                if shell or named in SHELLS:
                    found.append(f"{path.relative_to(HOUSE)}:{node.lineno}")
    assert found == []


@pytest.mark.slow
@pytest.mark.attack("page-16")
def test_shell_words_in_any_field_of_any_form_address_and_body_start_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "started"
    words = f"x; touch {mark} | touch {mark} && $(touch {mark}) `touch {mark}` \"'\n"

    async def scene(running: Gate) -> None:
        page = running.page
        names = fields()
        assert len(names) > 20
        pieces = [names[place : place + FORM_FIELDS_MAX - 2] for place in range(0, len(names), FORM_FIELDS_MAX - 2)]
        token = await token_for(running, "panel", "guard", "manager", "installer")
        for role in (Role.MANAGER, Role.INSTALLER):
            for route in ROUTES:
                if route.of_api or route.file or route.path in ODD_FORMS:
                    continue
                if page.cookie is None or (await page.get("/api/v1/me")).status != 200:
                    await running.log_in(role.value)
                for some in pieces:
                    sent = [(name, words) for name in some]
                    if route.method == "POST":
                        await page.post(route.path, sent)
                        continue
                    query = "&".join(f"{name}=%60touch+{mark}%60%3B%24%28touch+{mark}%29" for name in some)
                    await page.ask("HEAD", f"{route.path}?{query}")  # as GET, and no stream holds us
        for route in ROUTES:
            if route.of_api and "/stream" not in route.path:
                path = at(route.path, portal="%60touch%60", subject="%24(touch)", order=";x", client="%7Ctouch")
                body = {"way": words, "confirmed": words, "minutes": words, "portals": [words]}
                headers = {"idempotency-key": KEY}
                await call(page, route.method, path, token, body if route.method == "POST" else None, headers)

    with started() as programs:

        async def whole() -> None:
            async with gate(tmp_path) as running:
                await scene(running)

        asyncio.run(whole())
    assert not mark.exists()
    assert [program for program in programs if "touch" in program] == []


@pytest.mark.attack("page-17")
def test_what_a_request_says_of_itself_counts_for_nothing(tmp_path: Path) -> None:
    """Role, user, address and method by headers, cookies, fields and addresses: the server knows better."""

    async def scene(running: Gate) -> None:
        page = running.page
        claims = {
            "x_role": "manager",
            "x_roles": "guard manager installer",
            "x_forwarded_user": "manager",
            "x_forwarded_for": "10.9.9.9",
            "forwarded": "for=10.9.9.9;proto=https",
            "x_real_ip": "10.9.9.9",
            "remote_user": "manager",
            "x_http_method_override": "GET",
            "x_original_url": "/login",
            "x_rewrite_url": "/login",
        }
        nobody = {**claims, "cookie": "role=manager; menshen_session=manager; user=manager"}
        for path in ("/", "/accounts", "/clients", "/api/v1/me", "/metrics", "/?role=manager&user=manager"):
            assert (await page.get(path, **nobody)).status == 401, path
        await running.log_in("guard")
        cookie = f"{page.cookie}; role=manager; roles=manager"
        for path in ("/accounts", "/clients", "/api/v1/clients", "/accounts?role=manager"):
            assert (await page.get(path, **{**claims, "cookie": cookie})).status == 403, path
        made = await page.post("/accounts/make", [("name", "x"), ("role", "manager"), ("_method", "GET")], **claims)
        assert made.status == 403
        token = await token_for(running, "panel", "guard")
        headers = {name.replace("_", "-"): text for name, text in claims.items()} | {"idempotency-key": KEY}
        opened = await call(page, "POST", "/api/v1/portals/front_door/open?role=manager", token, {}, headers)
        assert opened.status == 400, "a parameter that nobody knows is said, not passed over"
        opened = await call(page, "POST", "/api/v1/portals/front_door/open", token, {}, headers)
        assert (opened.status, told(opened)["fate"]) == (201, "done")
        (asked,) = [each.command for each in page.controller.asked if isinstance(each.command, OpenOnce)]
        assert asked.afar is not None
        assert (asked.issuer, asked.afar.roles, asked.afar.address) == ("client:panel", "guard", "127.0.0.1")

    async def whole() -> None:
        async with gate(tmp_path) as running:
            await scene(running)

    asyncio.run(whole())


@pytest.mark.attack("page-18")
def test_a_new_controller_has_no_default_name_and_no_secret_that_another_one_shares(tmp_path: Path) -> None:
    async def scene() -> None:
        first, second = tmp_path / "first", tmp_path / "second"
        first.mkdir()
        second.mkdir()
        async with running_page(first, enter=False) as one, running_page(second, enter=False, code="x" * 24) as two:
            for name in ("admin", "root", "menshen", "manager", "installer", "guard", "console", "service", "ubnt", ""):
                for passphrase in ("", name, "admin", "password", "1234", "12345678", "menshen", "ubnt"):
                    tried = await one.post("/login", [("name", name), ("passphrase", passphrase)])
                    assert tried.status in (400, 403, 429, 503), name
                    assert one.cookie is None
            await one.enter()
            await two.enter()
            for header in ("authorization", "x_api_key", "x_csrf_token"):
                for secret in ("Bearer menshen", "menshen", "Bearer mst_000000000000_" + "A" * 43):
                    assert (await one.get("/api/v1/me", cookie="", **{header: secret})).status == 401
            signed = (one.cookie or "").partition("=")[2]
            name = (two.cookie or "").partition("=")[0]
            assert (await two.get("/", cookie=f"{name}={signed}")).status == 401, "each signs by a key of its own"
            theirs, ours = await two.token(), await one.token()
            assert theirs != ours
            assert (await two.post("/logout", token=ours)).status == 403

    asyncio.run(scene())


@pytest.mark.attack("api-18")
def test_hostile_texts_in_every_part_of_a_request_to_the_api_come_back_as_text_or_not_at_all(tmp_path: Path) -> None:
    """SQL, NUL, markup, right-to-left, emoji, 10 kB, wrong encodings: no answer of another kind than the document's."""
    texts = (
        "' OR 1=1 --",
        "\x00",
        "<script>alert(1)</script>",
        "\u202e\u0645\u0631\u062d\u0628\u0627",
        "\U0001f6b2\ufe0f",
        "a" * 10_000,
        "=cmd|'/c calc'!A0",
        "%s%n{0}{{7*7}}${7*7}",
        "../../etc/passwd",
        "\ud7ff\uffff",
    )

    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard", "manager")
        for text in texts:
            quoted = "".join(f"%{byte:02x}" for byte in text.encode("utf-8", "surrogatepass"))
            for path in (f"/api/v1/portals/{quoted}", f"/api/v1/orders/{quoted}", f"/api/v1/events?portal={quoted}"):
                response = await call(page, "GET", path, token)
                assert response.status in (400, 404, 431, 503), (path[:60], response.status)
                assert response.header("content-type") in ("application/problem+json", "text/plain; charset=utf-8")
                assert "<script" not in response.text
                if response.header("content-type") == "application/problem+json":
                    msgspec.json.decode(response.body)
            for body in ({"way": text}, {text[:100]: text}, {"way": [text]}):
                path = "/api/v1/portals/hall/open"
                assert (await call(page, "POST", path, token, body, {"idempotency-key": KEY})).status in (409, 413, 422)
            subject = f"/api/v1/alarms/{quoted}/acknowledge"
            response = await call(page, "POST", subject, token, {}, {"idempotency-key": KEY + str(texts.index(text))})
            assert response.status in (201, 404, 429, 431, 400)
        for raw in (b"/api/v1/portals/\xff\xfe", b"/api/v1/events?portal=%ff%fe", b"/api/v1/events?portal=%c3%28"):
            request = b"GET " + raw + b" HTTP/1.1\r\nhost: 127.0.0.1:%d\r\n" % page.port
            answer = await page.raw(request + f"authorization: Bearer {token}\r\nconnection: close\r\n\r\n".encode())
            assert answer.split(b" ")[1] in (b"400", b"404", b"503"), raw

    async def whole() -> None:
        async with gate(tmp_path) as running:
            await scene(running)

    asyncio.run(whole())

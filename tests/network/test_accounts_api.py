"""Accounts by the API: the same desk, the same record as by the forms, and nothing that a client's token could do."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import re
import struct
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from firmware.core.account_facts import Administered
from firmware.network.accounts.throttle import TRIES_FREE
from tests.network.accounts import OTHER, PASSPHRASE, Gate, gate, join
from tests.network.api_client import KEY, by_session, call, token_for, told, words
from tests.network.fake_controller import UTC_MS
from tests.network.running import CODE, Response, RunningPage, running_page

ACCOUNTS, OWN = "/api/v1/accounts", "/api/v1/account"
MAKING = {"name": "Chen Wei", "roles": ["guard", "installer"]}


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]], code: str | None = None) -> None:
    async def whole() -> None:
        async with gate(folder, code) as running:
            await scene(running)

    asyncio.run(whole())


def code_at(secret: str, utc_s: int) -> str:
    """RFC 6238 with SHA-1, six digits and 30 s, written anew."""
    digest = hmac.new(base64.b32decode(secret.replace(" ", "")), struct.pack(">Q", utc_s // 30), hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def administered(page: RunningPage) -> list[Administered]:
    """What was administered of accounts; log-ins and clients are no part of it."""
    told = [ask.command for ask in page.controller.asked if isinstance(ask.command, Administered)]
    return [each for each in told if each.act in ("made", "roles", "reset", "deleted", "joined", "passphrase")]


def reasons(response: Response) -> tuple[int, object, object]:
    kind, status = words(response)
    content = told(response)
    return int(status), kind, content.get("reasons")


# -- all accounts -----------------------------------------------------------------------------------------------------


def test_a_manager_makes_an_account_whose_code_is_shown_once_and_lets_its_person_in(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        made = await by_session(page, "POST", ACCOUNTS, MAKING, KEY)
        assert made.status == 201, made.text
        content = told(made)
        assert content["account"] == {
            "name": "Chen Wei", "roles": ["guard", "installer"], "invited": True, "factor": False,
        }  # fmt: skip
        code = str(content["code"])
        assert re.fullmatch(r"[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}", code)
        assert str(content["until"]).startswith("2026-11-26T05:0"), "three days from the controller's time"
        assert made.header("location") == "/api/v1/accounts/Chen%20Wei"
        again = await by_session(page, "POST", ACCOUNTS, MAKING, KEY)
        assert (again.status, again.body) == (201, made.body), "asked twice, done once"
        (fact,) = administered(page)
        assert (fact.act, fact.issuer, fact.account, fact.address, fact.detail) == (
            "made", "manager", "Chen Wei", "127.0.0.1", "guard installer",
        )  # fmt: skip
        form = await page.post("/accounts/make", [("name", "By form"), ("role", "guard"), ("role", "installer")])
        assert form.status == 200
        by_form = administered(page)[1]
        assert (by_form.act, by_form.issuer, by_form.address, by_form.detail) == (
            fact.act, fact.issuer, fact.address, fact.detail,
        ), "the journal has the same of both"  # fmt: skip
        listed = await call(page, "GET", ACCOUNTS)
        names = [account["name"] for account in told(listed)["accounts"]]  # type: ignore[attr-defined]
        assert names == ["auditor", "By form", "Chen Wei", "guard", "installer", "manager"]
        for secret in (code, code.replace("-", ""), *(kept.hash for kept in running.accounts().values() if kept.hash)):
            assert secret not in listed.text, "it is shown nowhere else"
        one = await call(page, "GET", str(made.header("location")))
        assert told(one) == content["account"]
        page.cookie = None
        assert (await join(page, "Chen Wei", code)).status == 303
        assert (await call(page, "GET", OWN)).status == 200

    play(tmp_path, scene)


@pytest.mark.attack("account-26")
def test_no_token_changes_an_account_or_learns_of_its_own_whatever_its_roles(tmp_path: Path) -> None:
    """Whoever takes over a program would stay in by an account of its own, after the token is revoked."""

    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "boss", "manager", "guard", "installer")
        kept, before = running.accounts(), administered(page)
        for method, path, body in (
            ("POST", ACCOUNTS, MAKING),
            ("PUT", f"{ACCOUNTS}/guard/roles", {"roles": ["manager"], "was": ["guard"]}),
            ("POST", f"{ACCOUNTS}/guard/reset", {}),
            ("DELETE", f"{ACCOUNTS}/guard", None),
            ("GET", OWN, None),
            ("POST", f"{OWN}/passphrase", {"passphrase": PASSPHRASE, "new": OTHER}),
            ("POST", f"{OWN}/factor", {"passphrase": PASSPHRASE}),
            ("POST", f"{OWN}/factor/on", {"code": "123456"}),
            ("POST", f"{OWN}/factor/off", {"passphrase": PASSPHRASE, "code": "123456"}),
            ("POST", f"{OWN}/sessions/end", {}),
        ):
            refused = await call(page, method, path, token, body, {"idempotency-key": KEY})
            assert words(refused) == ("person_needed", "403"), path
            origin = {"origin": f"http://127.0.0.1:{page.port}", "idempotency-key": KEY, "x-csrf-token": "x"}
            assert words(await call(page, method, path, token, body, origin)) == ("person_needed", "403"), path
        assert (running.accounts(), administered(page)) == (kept, before)
        names = told(await call(page, "GET", ACCOUNTS, token))["accounts"]
        assert [account["name"] for account in names] == ["auditor", "guard", "installer", "manager"]  # type: ignore[attr-defined]
        chinese = await call(page, "POST", ACCOUNTS, token, MAKING, {"accept-language": "zh-CN"})
        assert "须由人登录" in chinese.text

    play(tmp_path, scene)


def test_roles_are_put_on_what_one_knows_of_and_whoever_had_others_is_out(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        guards = page.cookie
        await running.log_in("manager")
        path = f"{ACCOUNTS}/GUARD/roles"
        stale = await by_session(page, "PUT", path, {"roles": ["installer"], "was": ["guard", "installer"]})
        assert reasons(stale) == (409, "not_taken", ["changed_meanwhile"])
        alone = await by_session(page, "PUT", path, {"roles": ["guard", "auditor"], "was": ["guard"]})
        assert reasons(alone) == (409, "not_taken", ["roles_auditor"])
        assert told(alone)["field"] == "roles"
        for wrong in ({"roles": [], "was": ["guard"]}, {"roles": ["root"], "was": ["guard"]}, {"roles": ["guard"]}):
            assert words(await by_session(page, "PUT", path, wrong)) == ("not_understood", "422"), wrong
        assert administered(page) == []
        changed = await by_session(page, "PUT", path, {"roles": ["installer", "guard"], "was": ["guard"]})
        assert (changed.status, told(changed)["roles"]) == (200, ["guard", "installer"])
        (fact,) = administered(page)
        assert (fact.act, fact.account, fact.detail) == ("roles", "guard", "guard installer")
        assert (await page.get("/api/v1/me", cookie=guards or "")).status == 401, "by a session of before nobody is in"
        last = await by_session(page, "PUT", f"{ACCOUNTS}/manager/roles", {"roles": ["guard"], "was": ["manager"]})
        assert reasons(last) == (409, "not_taken", ["last_manager"])
        gone = await by_session(page, "PUT", f"{ACCOUNTS}/nobody/roles", {"roles": ["guard"], "was": ["guard"]})
        assert words(gone) == ("no_such_thing", "404")

    play(tmp_path, scene)


def test_a_reset_kills_the_passphrase_and_shows_a_new_code_once(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        reset = await by_session(page, "POST", f"{ACCOUNTS}/guard/reset", {}, KEY)
        assert reset.status == 200, reset.text
        again = await by_session(page, "POST", f"{ACCOUNTS}/guard/reset", {}, KEY)
        assert again.body == reset.body
        assert [fact.act for fact in administered(page)] == ["reset"], "once for one key"
        assert (await by_session(page, "POST", f"{ACCOUNTS}/nobody/reset", {}, "another-key-1")).status == 404
        assert (await running.log_in("guard")).status == 403
        assert (await join(page, "guard", str(told(reset)["code"]), OTHER)).status == 303
        assert (await running.log_in("guard", OTHER)).status == 303

    play(tmp_path, scene)


@pytest.mark.parametrize("name", ["陈伟", "Chen Wei", "a._-@b", "Ｃｈｅｎ"])
def test_an_account_of_any_name_is_found_where_location_says_and_deleted_there(tmp_path: Path, name: str) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        made = await by_session(page, "POST", ACCOUNTS, {"name": name, "roles": ["guard"]}, KEY)
        place = str(made.header("location"))
        assert place.isascii()
        shown = told(await call(page, "GET", place))
        assert shown == told(made)["account"]
        assert (await call(page, "GET", f"{ACCOUNTS}/{quote(name)}")).status == 200, "and as it was typed"
        assert (await by_session(page, "DELETE", place)).status == 204
        assert (await call(page, "GET", place)).status == 404
        assert (await by_session(page, "DELETE", place)).status == 404
        assert [fact.act for fact in administered(page)] == ["made", "deleted"]
        last = await by_session(page, "DELETE", f"{ACCOUNTS}/manager")
        assert reasons(last) == (409, "not_taken", ["last_manager"])

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"name": "guard", "roles": ["guard"]}, (409, "not_taken", ["name_taken"])),
        ({"name": "console", "roles": ["guard"]}, (409, "not_taken", ["name_taken"])),
        ({"name": "client:x", "roles": ["guard"]}, (409, "not_taken", ["name_letters"])),
        ({"name": "<b>x", "roles": ["guard"]}, (409, "not_taken", ["name_letters"])),
        ({"name": "x\u0000", "roles": ["guard"]}, (409, "not_taken", ["name_letters"])),
        ({"name": "x" * 41, "roles": ["guard"]}, (409, "not_taken", ["name_length"])),
        ({"name": "x" * 81, "roles": ["guard"]}, (422, "not_understood", None)),
        ({"name": "", "roles": ["guard"]}, (422, "not_understood", None)),
        ({"name": "x", "roles": ["guard"], "hash": "x"}, (422, "not_understood", None)),
        ({"roles": ["guard"]}, (422, "not_understood", None)),
    ],
)
def test_what_cannot_be_an_account_is_refused_in_words(
    tmp_path: Path, body: object, expected: tuple[object, ...]
) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("manager")
        refused = await by_session(running.page, "POST", ACCOUNTS, body, KEY)
        assert reasons(refused) == expected
        assert administered(running.page) == []
        chinese = await by_session(running.page, "POST", ACCOUNTS, body, KEY, **{"accept-language": "zh-CN"})
        assert re.search("[\u4e00-\u9fff]", str(told(chinese)["title"]))
        if expected[0] == 409:
            assert re.search("[\u4e00-\u9fff]", str(told(chinese)["cause"]))

    play(tmp_path, scene)


def test_nothing_is_changed_that_the_journal_does_not_have(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        kept = running.accounts()
        page.controller.refusals = {"Administered": ("store_failed",)}
        for method, path, body in (
            ("POST", ACCOUNTS, MAKING),
            ("PUT", f"{ACCOUNTS}/guard/roles", {"roles": ["installer"], "was": ["guard"]}),
            ("POST", f"{ACCOUNTS}/guard/reset", {}),
            ("DELETE", f"{ACCOUNTS}/guard", None),
        ):
            refused = await by_session(page, method, path, body, KEY)
            assert words(refused) == ("not_recorded", "503"), path
            assert int(refused.header("retry-after") or "0") >= 1
            assert running.accounts() == kept
        page.controller.refusals = {"Administered": ("too_many",)}
        slowed = await by_session(page, "POST", ACCOUNTS, MAKING, KEY)
        assert words(slowed) == ("too_fast", "429")
        assert int(slowed.header("retry-after") or "0") >= 1
        assert running.accounts() == kept
        page.controller.refusals = {}
        made = await by_session(page, "POST", ACCOUNTS, MAKING, KEY)
        assert made.status == 201, "what was not done may be asked again under its key"
        await page.controller.die()
        gone = await by_session(page, "DELETE", f"{ACCOUNTS}/guard")
        assert words(gone) == ("not_recorded", "503")
        assert "guard" in running.accounts()

    play(tmp_path, scene)


def test_whoever_is_no_manager_any_more_changes_nothing(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        for role in ("guard", "installer", "auditor"):
            await running.log_in(role)
            for method, path in (("GET", ACCOUNTS), ("GET", f"{ACCOUNTS}/guard"), ("DELETE", f"{ACCOUNTS}/guard")):
                assert (await by_session(running.page, method, path)).status == 403, (role, path)
            assert (await by_session(running.page, "POST", ACCOUNTS, MAKING, KEY)).status == 403
        assert administered(running.page) == []

    play(tmp_path, scene)


# -- one's own --------------------------------------------------------------------------------------------------------


def test_the_own_account_shows_where_it_is_logged_in_and_ends_the_others(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        elsewhere = page.cookie
        await running.log_in("guard")
        own = told(await call(page, "GET", OWN))
        assert (own["name"], own["roles"], own["factor"]) == ("guard", ["guard"], False)
        sessions = own["sessions"]
        assert isinstance(sessions, list)
        assert [(each["address"], each["own"]) for each in sessions] == [("127.0.0.1", False), ("127.0.0.1", True)]
        assert all(str(each["since"]).startswith("2026-11-23T05:0") for each in sessions)
        ended = await by_session(page, "POST", f"{OWN}/sessions/end")
        assert [each["own"] for each in told(ended)["sessions"]] == [True]  # type: ignore[attr-defined]
        assert (await page.get("/api/v1/me", cookie=elsewhere or "")).status == 401
        assert (await call(page, "GET", "/api/v1/me")).status == 200

    play(tmp_path, scene)


def test_the_console_has_no_account_of_its_own(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path, code=CODE) as page:
            assert words(await call(page, "GET", OWN)) == ("not_allowed", "403")
            assert (await call(page, "GET", ACCOUNTS)).status == 200

    asyncio.run(scene())


def test_a_new_passphrase_ends_all_sessions_and_brings_a_new_one_with_its_token(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        before, old_token = page.cookie, await page.token()
        changed = await by_session(page, "POST", f"{OWN}/passphrase", {"passphrase": PASSPHRASE, "new": OTHER})
        assert changed.status == 200, changed.text
        cookie = changed.header("set-cookie") or ""
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert (await page.get("/api/v1/me", cookie=before or "")).status == 401
        page.cookie = cookie.partition(";")[0]
        assert told(changed)["csrf_token"] == await page.token() != old_token
        assert [fact.act for fact in administered(page)] == ["passphrase"]
        assert (await running.log_in("guard")).status == 403
        assert (await running.log_in("guard", OTHER)).status == 303

    play(tmp_path, scene)


@pytest.mark.attack("account-27")
def test_a_session_is_not_enough_to_guess_the_passphrase_by_the_api(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        kept = running.accounts()
        for path in ("passphrase", "factor", "factor/off"):
            body = {"passphrase": "not this one, no", **({"new": OTHER} if path == "passphrase" else {})}
            body |= {"code": "123456"} if path == "factor/off" else {}
            wrong = await by_session(page, "POST", f"{OWN}/{path}", body)
            assert reasons(wrong) == (403, "not_allowed", ["login_wrong"]), path
        short = await by_session(page, "POST", f"{OWN}/passphrase", {"passphrase": PASSPHRASE, "new": "short"})
        assert words(short) == ("not_understood", "422")
        plain = {"passphrase": PASSPHRASE, "new": "password1234"}
        obvious = await by_session(page, "POST", f"{OWN}/passphrase", plain)
        assert reasons(obvious) == (409, "not_taken", ["passphrase_obvious"])
        assert told(obvious)["field"] == "passphrase" or told(obvious)["field"] == "new"
        statuses = []
        for _ in range(TRIES_FREE + 1):
            wrong = await by_session(page, "POST", f"{OWN}/factor", {"passphrase": "not this one, no"})
            statuses.append(wrong.status)
        assert statuses[-1] == 429
        assert words(wrong) == ("too_fast", "429")
        assert int(wrong.header("retry-after") or "0") >= 1
        right = await by_session(page, "POST", f"{OWN}/passphrase", {"passphrase": PASSPHRASE, "new": OTHER})
        assert right.status == 429, "not even the right one is looked at"
        assert running.accounts() == kept
        assert PASSPHRASE not in wrong.text + obvious.text

    play(tmp_path, scene)


def test_a_second_factor_by_the_api_is_shown_once_and_counts_once_its_code_has_come(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        utc_s = UTC_MS // 1000
        await running.log_in("guard")
        early = await by_session(page, "POST", f"{OWN}/factor/on", {"code": "123456"})
        assert reasons(early) == (409, "not_taken", ["factor_not_offered"])
        offered = told(await by_session(page, "POST", f"{OWN}/factor", {"passphrase": PASSPHRASE}))
        secret = str(offered["secret"])
        assert f"secret={secret.replace(' ', '')}" in str(offered["address"])
        assert running.accounts()["guard"].secret == b"", "nothing rests on it yet"
        wrong = await by_session(page, "POST", f"{OWN}/factor/on", {"code": "000000"})
        assert reasons(wrong) == (409, "not_taken", ["factor_wrong"])
        assert told(wrong)["field"] == "code"
        on = await by_session(page, "POST", f"{OWN}/factor/on", {"code": code_at(secret, utc_s)})
        assert (on.status, told(on)["factor"]) == (200, True), on.text
        assert secret not in (await call(page, "GET", OWN)).text
        stands = await by_session(page, "POST", f"{OWN}/factor", {"passphrase": PASSPHRASE})
        assert reasons(stands) == (409, "not_taken", ["factor_stands"])
        body = {"passphrase": PASSPHRASE, "code": code_at(secret, utc_s)}
        used = await by_session(page, "POST", f"{OWN}/factor/off", body)
        assert used.status == 403, "it was used"
        off = await by_session(page, "POST", f"{OWN}/factor/off", body | {"code": code_at(secret, utc_s + 30)})
        assert (off.status, told(off)["factor"]) == (200, False), off.text

    play(tmp_path, scene)

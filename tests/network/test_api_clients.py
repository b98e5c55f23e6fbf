"""Clients of the API: made by a manager, shown once, kept as digests, over at once; and what the journal learns."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from firmware.__main__ import main
from firmware.core.account_facts import Administered
from firmware.messages import Answer
from firmware.network.accounts.account import Account, Role
from firmware.network.accounts.desk import AccountDesk, Who
from firmware.network.accounts.diary import Diary
from firmware.network.accounts.errors import StoreError
from firmware.network.accounts.store import Store
from firmware.network.accounts.throttle import TRIES_FREE
from firmware.network.api.client import Client, digest_of, fits, make_token, parts_of
from firmware.network.api.client_file import CLIENTS_MAX, FILE_NAME, ClientFile
from firmware.network.api.clients import LOOK_S, ClientDesk
from firmware.network.sessions import Sessions
from firmware.rehearsal.virtual_time import run_virtual
from tests.network.accounts import Gate, gate
from tests.network.api_client import call, make_client, seen, token_for, told, until
from tests.network.fake_controller import UTC_MS, health, states
from tests.network.running import CODE

ME = "/api/v1/me"
DAY_MS = 86_400_000


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]], **more: str) -> None:
    async def whole() -> None:
        async with gate(folder, **more) as running:
            await scene(running)

    asyncio.run(whole())


async def status_of(running: Gate, token: str) -> int:
    return (await call(running.page, "GET", ME, token)).status


def kept(running: Gate) -> dict[str, Client]:
    return ClientFile(running.folder).load()


def test_a_token_is_256_random_bits_and_only_its_digest_is_kept() -> None:
    tokens = {make_token().token for _ in range(200)}
    assert len(tokens) == 200
    made = make_token()
    number, secret = parts_of(f"Bearer {made.token}") or ("", "")
    assert number == made.id
    assert len(secret) == 43, "32 bytes as base64 without its end (RFC 4648, section 5)"
    client = Client("x", made.id, made.digest, frozenset(), True, "boss")
    assert fits(secret, client)
    assert not fits(secret, None)
    assert not fits(secret[:-1] + ("A" if secret[-1] != "A" else "B"), client)
    # FIPS 180-4: SHA-256 of "abc"
    assert digest_of("abc").hex() == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert made.token not in repr(client)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic x",
        "bearer mst_x",
        "Bearer  mst_0123456789ab_",
        "Bearer \x00",
        "Bearer " + "m" * 9999,
    ],
)
def test_what_is_no_token_of_ours_is_none(header: str) -> None:
    assert parts_of(header) is None


@pytest.mark.attack("api-08")
def test_no_token_stands_in_the_file_in_the_journal_or_on_a_page(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        response, token = await make_client(page, "panel", "guard", days="90")
        assert response.status == 200
        secret = token.split("_", 2)[2]
        file = running.folder / FILE_NAME
        assert secret.encode() not in file.read_bytes()
        assert token.encode() not in page.controller.received
        assert secret.encode() not in page.controller.received
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        for path in ("/clients", "/api/v1/clients", "/journal"):
            assert secret not in (await page.get(path)).text
        again = await make_client(page, "PANEL", "guard")
        assert (again[0].status, again[1]) == (400, ""), "one name, one client"
        (client,) = kept(running).values()
        assert (client.name, client.roles, client.maker) == ("panel", {Role.GUARD}, "manager")
        assert client.until_utc_s is not None
        assert 0 <= client.until_utc_s - (UTC_MS // 1000 + 90 * 86_400) < 60

    play(tmp_path, scene)


def test_making_first_use_and_revoking_are_told_with_who_and_from_where(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard", metrics=True)
        assert page.controller.told("client_made") == [
            Administered("manager", act="client_made", account="panel", address="127.0.0.1", detail="guard metrics")  # type: ignore[arg-type]
        ]
        for _ in range(3):
            assert await status_of(running, token) == 200
        await until(lambda: page.controller.told("client_used"))
        (used,) = page.controller.told("client_used")
        assert (used.account, used.address, used.issuer) == ("panel", "127.0.0.1", "manager")
        await running.log_in("manager")
        assert "127.0.0.1" in (await page.get("/clients")).text
        response = await page.post("/clients/revoke", [("name", "Panel")])
        assert (response.status, response.header("location")) == (303, "/clients?done=revoked")
        assert await status_of(running, token) == 401, "at once"
        (revoked,) = page.controller.told("client_revoked")
        assert (revoked.issuer, revoked.account, revoked.address) == ("manager", "panel", "127.0.0.1")
        assert kept(running) == {}
        assert (await page.post("/clients/revoke", [("name", "panel")])).status == 400

    play(tmp_path, scene)


def test_a_client_that_comes_by_turns_from_two_addresses_writes_no_file_each_time(tmp_path: Path) -> None:
    async def scene() -> None:
        async def ask(_: Administered) -> Answer:
            return Answer("", True)

        utc_s = UTC_MS // 1000
        sessions, diary = Sessions(CODE), Diary(ask)
        accounts = AccountDesk(None, "", sessions, diary, lambda _: asyncio.sleep(0, False), lambda: None)
        desk = ClientDesk(tmp_path, accounts, diary, lambda: utc_s)
        token = await desk.make(Who("console", "", None), "panel", ("guard",), False, None)
        running = asyncio.create_task(desk.run())
        written = set()
        for turn in range(60):
            assert desk.caller(f"Bearer {token}", f"10.0.0.{turn % 2}") is not None
            await asyncio.sleep(2 * LOOK_S)
            written.add((tmp_path / FILE_NAME).stat().st_mtime_ns)
            assert desk.all()[0].used_from == f"10.0.0.{turn % 2}", "where it was last is shown all the same"
        assert len(written) <= 2, "as it was made, and its first use"
        utc_s += 3600
        assert desk.caller(f"Bearer {token}", "10.0.0.7") is not None
        await asyncio.sleep(2 * LOOK_S)
        (client,) = ClientFile(tmp_path).load().values()
        assert (client.used_from, client.used_utc_s) == ("10.0.0.7", utc_s)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        accounts.close()

    run_virtual(scene())


@pytest.mark.attack("api-09")
def test_a_revoked_clients_stream_ends_at_once(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token, boss = await token_for(running, "panel", "guard"), await token_for(running, "boss", "manager")
        window = await page.open_window(authorization=f"Bearer {token}")
        assert window.status == 200
        await window.until("view")
        assert (await call(page, "DELETE", "/api/v1/clients/panel", boss)).status == 204
        async with asyncio.timeout(3):
            while not window.ended:
                await window.next()
        assert (await call(page, "DELETE", "/api/v1/clients/panel", boss)).status == 404
        assert page.controller.told("client_revoked")[-1].issuer == "client:boss"

    play(tmp_path, scene)


@pytest.mark.attack("api-10")
@pytest.mark.parametrize("how", ["deleted", "other roles", "reset file"])
def test_when_the_manager_who_made_it_goes_its_clients_go_at_once_and_for_good(tmp_path: Path, how: str) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        await page.post("/accounts/make", [("name", "second"), ("role", "manager")])
        accounts = Store(running.folder).load()
        first = accounts["manager"]
        second = msgspec.structs.replace(first, name="second")
        if how != "reset file":
            Store(running.folder).load()
            store = Store(running.folder)
            store.load()
            store.save({**accounts, "second": second})
            await until(lambda: len(running.accounts()) == 5)
            await asyncio.sleep(1.2)  # the process looks each second whether the file is another one
        token = await token_for(running, "panel", "guard")
        assert await status_of(running, token) == 200
        if how == "reset file":
            store = Store(running.folder)
            store.load()
            store.save({"second": second})
            await until(lambda: not kept(running))
        else:
            await running.log_in("second")
            action, fields = ("delete", []) if how == "deleted" else ("roles", [("role", "guard")])
            done = await page.post(f"/accounts/{action}", [("name", "manager"), *fields])
            assert done.status == 303, done.text
        assert await status_of(running, token) == 401
        await until(lambda: page.controller.told("client_revoked"))
        assert page.controller.told("client_revoked")[0].account == "panel"
        await until(lambda: not kept(running))
        store = Store(running.folder)
        store.save({**store.load(), "manager": Account("manager", frozenset({Role.MANAGER}), first.hash)})
        assert await status_of(running, token) == 401, "nor by another manager of that name"

    play(tmp_path, scene)


@pytest.mark.attack("api-11")
def test_wrong_tokens_are_counted_and_told_in_sums_and_keep_no_right_one_out(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "guard")
        number = token.split("_")[1]
        wrong = [
            f"mst_{number}_{'A' * 43}",
            "mst_0123456789ab_" + "A" * 43,
            token[:-1],
            token + "A",
            "x",
            token.upper(),
        ]
        for each in wrong * 10:
            refused = await call(page, "GET", ME, each)
            assert refused.status == 401
        assert int(refused.header("retry-after") or 0) > 0
        assert await status_of(running, token) == 200
        await until(lambda: page.controller.told("locked_out"))
        (locked,) = page.controller.told("locked_out")
        assert (locked.address, locked.count) == ("127.0.0.1", 1)
        assert sum(each.count for each in page.controller.told("failed")) <= 60
        assert len(page.controller.told("failed")) <= 4, "summed: a flood fills no journal"
        figures = await token_for(running, "prometheus", metrics=True)
        text = (await call(page, "GET", "/metrics", figures)).text
        assert "menshen_page_tokens_refused_total 60" in text
        assert TRIES_FREE < 60

    play(tmp_path, scene)


@pytest.mark.attack("api-12")
def test_a_token_ends_with_its_day_and_one_with_an_end_does_not_count_without_a_clock(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        dated = await token_for(running, "dated", "guard", days="30")
        endless = await token_for(running, "endless", "guard", days="")
        assert [await status_of(running, each) for each in (dated, endless)] == [200, 200]
        page.controller.say(states(seq=2, utc_ms=UTC_MS + 30 * DAY_MS - 5_000), health())
        await heard_until(running, endless, 2)
        assert await status_of(running, dated) == 200
        page.controller.say(states(seq=3, utc_ms=UTC_MS + 30 * DAY_MS + 60_000), health())
        await heard_until(running, endless, 3)
        assert [await status_of(running, each) for each in (dated, endless)] == [401, 200]
        page.controller.say(states(seq=4, utc_ms=None), health())
        await heard_until(running, endless, 4)
        assert [await status_of(running, each) for each in (dated, endless)] == [401, 200]
        await running.log_in("manager")
        assert (await make_client(page, "third", "guard", days="30"))[0].status == 400, "no end without a clock"
        for days in ("-1", "0", "31", "99999999999", "x"):
            assert (await make_client(page, "fourth", "guard", days=days))[0].status == 400, days

    play(tmp_path, scene)


async def heard_until(running: Gate, token: str, seq: int) -> None:
    await seen(running.page, "/api/v1/site", token, lambda response: told(response)["seq"] == seq)


def test_nothing_is_made_that_the_journal_or_the_disk_does_not_have(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        page.controller.refusals["Administered"] = ("too_many",)
        response, token = await make_client(page, "panel", "guard")
        assert (response.status, token) == (503, "")
        page.controller.refusals.clear()
        (running.folder / f"{FILE_NAME}.new").mkdir()
        response, token = await make_client(page, "panel", "guard")
        assert (response.status, token) == (503, "")
        await until(lambda: page.controller.told("not_done"))
        assert kept(running) == {}

    play(tmp_path, scene)


def test_names_roles_and_number_are_checked(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        for name in ("", "a" * 41, "x\x00y", "<script>", "console", "a:b", "client:x", "\u202e"):
            assert (await make_client(page, name, "guard"))[0].status == 400, name
        for roles in ((), ("boss",), ("auditor", "guard")):
            assert (await make_client(page, "panel", *roles))[0].status == 400, roles
        response, token = await make_client(page, "岗亭 1", "guard")
        assert (response.status, bool(token)) == (200, True)
        assert "岗亭 1" in (await page.get("/clients")).text

    play(tmp_path, scene)


def test_no_more_clients_than_may_be(tmp_path: Path) -> None:
    folder = tmp_path / "accounts"
    secret = "A" * 43

    async def scene(running: Gate) -> None:
        digest = digest_of(secret)
        made = {
            f"c{n}": Client(f"c{n}", f"{n:012x}", digest, frozenset({Role.GUARD}), False, "manager")
            for n in range(CLIENTS_MAX)
        }
        ClientFile(folder).save(made)
        await running.log_in("manager")
        figures = f"mst_{0:012x}_{secret}"
        await seen(running.page, ME, figures, lambda response: response.status == 200)
        assert (await make_client(running.page, "more", "guard"))[0].status == 400
        assert running.page.controller.told("client_made") == []

    play(tmp_path, scene)


def test_the_consoles_clients_stand_while_there_is_a_console(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await page.enter()
        _, token = await make_client(page, "shell", "guard")
        page.cookie = None
        assert await status_of(running, token) == 200

    play(tmp_path, scene, code=CODE)

    async def again() -> None:
        file = ClientFile(tmp_path / "accounts")
        assert list(file.load()) == ["shell"]

    asyncio.run(again())


@pytest.mark.attack("api-13")
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\x00" * 100,
        b'{"version":2,"clients":[]}',
        b'{"version":1,"clients":[{"name":"x"}]}',
        b'{"version":1,"clients":[{"name":"","id":"a","digest":"","roles":[],"metrics":true,"maker":"m"}]}',
        b'{"version":1,"clients":[{"name":"x","id":"a","digest":"","roles":["root"],"metrics":true,"maker":"m"}]}',
        b"[" * 60_000,
        b" " * 70_000,
    ],
)
def test_a_bad_file_is_refused_with_what_to_do_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / FILE_NAME
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(StoreError) as refused:
        ClientFile(tmp_path).load()
    assert str(file) in str(refused.value)
    assert file.read_bytes() == content


@pytest.mark.attack("api-14")
def test_a_file_open_to_others_linked_or_of_another_user_is_refused(tmp_path: Path) -> None:
    file = ClientFile(tmp_path)
    file.save({})
    file.path.chmod(0o640)
    with pytest.raises(StoreError, match="0640"):
        file.load()
    file.path.rename(tmp_path / "elsewhere")
    file.path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(StoreError):
        file.load()
    file.path.unlink()
    os.mkfifo(file.path)
    with pytest.raises(StoreError):
        file.load()


def test_a_file_that_somebody_else_replaced_is_not_overwritten(tmp_path: Path) -> None:
    client = Client("x", "0" * 12, bytes(32), frozenset({Role.GUARD}), False, "manager")
    ours, theirs = ClientFile(tmp_path), ClientFile(tmp_path)
    ours.save({"x": client})
    theirs.load()
    theirs.save({})
    with pytest.raises(StoreError) as refused:
        ours.save({"x": client})
    assert refused.value.word == "changed_meanwhile"
    assert ours.load() == {}


def test_at_the_console_clients_are_listed_and_revoked_and_the_page_tells_of_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        state = tmp_path / "state"
        state.mkdir()
        (state / "network").symlink_to(running.folder)
        assert main(["account", "clients", "--state", str(state), "--language", "en"]) == 0
        assert capsys.readouterr().out == "No program has a token of the API.\n"
        token = await token_for(running, "panel", "guard", metrics=True, days="30")
        assert await status_of(running, token) == 200
        assert main(["account", "clients", "--state", str(state), "--language", "en"]) == 0
        row = capsys.readouterr().out.split()
        assert [*row[:4], row[5]] == ["panel", "guard,", "figures", "2026-12-23", "manager"]
        assert main(["account", "clients", "--state", str(state), "--json"]) == 0
        listed = msgspec.json.decode(capsys.readouterr().out)
        assert (listed["name"], listed["roles"], listed["metrics"]) == ("panel", ["guard"], True)
        assert token.split("_", 2)[2] not in str(listed)
        assert main(["account", "revoke", "nobody", "--state", str(state)]) == 1
        assert "menshen account clients" in capsys.readouterr().err
        assert main(["account", "revoke", "PANEL", "--state", str(state), "--language", "zh"]) == 0
        assert "panel" in capsys.readouterr().out
        await seen(page, ME, token, lambda response: response.status == 401)
        await until(lambda: page.controller.told("client_revoked"))
        assert page.controller.told("client_revoked")[0].issuer == "console"

    play(tmp_path, scene)


def test_while_the_accounts_cannot_be_read_no_token_counts_and_none_is_lost(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        token = await token_for(running, "panel", "guard")
        assert await status_of(running, token) == 200
        accounts = running.folder / "accounts.db"
        whole = accounts.read_bytes()
        accounts.write_bytes(b"scribbled on")
        await seen(running.page, ME, token, lambda response: response.status == 401)
        assert list(kept(running)) == ["panel"]
        accounts.write_bytes(whole)
        await seen(running.page, ME, token, lambda response: response.status == 200)

    play(tmp_path, scene)

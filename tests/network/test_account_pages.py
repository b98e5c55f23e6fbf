"""Accounts over real HTTP: log in, first account, invitations, my account, all accounts; what the journal gets."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import quote

import pytest

from firmware.core.account_facts import Administered
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.network.accounts import diary, invitation, recovery, totp
from firmware.network.accounts.account import FIRST, Role
from firmware.network.accounts.store import Store
from firmware.network.accounts.throttle import TRIES_FREE
from firmware.network.events import line_of
from firmware.rehearsal.virtual_time import run_virtual
from tests.network.accounts import OTHER, PASSPHRASE, Gate, code_on, gate, join
from tests.network.fake_controller import UTC_MS, states
from tests.network.running import CODE, WAIT_S, Response, RunningPage, running_page

CLAIM = "0123-4567-89AB"


def play(folder: Path, scene: Callable[[Gate], Awaitable[None]], code: str | None = None) -> None:
    async def whole() -> None:
        async with gate(folder, code) as running:
            await scene(running)

    asyncio.run(whole())


def play_new(folder: Path, scene: Callable[[RunningPage], Awaitable[None]]) -> None:
    """A controller as it leaves the factory: nobody has an account, and nobody sits at a console."""

    async def whole() -> None:
        async with running_page(folder, enter=False, code=None) as page:
            await scene(page)

    asyncio.run(whole())


async def told(page: RunningPage, act: str, count: int = 1) -> list[Administered]:
    """Until the controller was told of so many."""
    async with asyncio.timeout(WAIT_S):
        while len(page.controller.told(act)) < count:
            page.controller.was_asked.clear()
            await page.controller.was_asked.wait()
    return page.controller.told(act)


async def is_in(page: RunningPage) -> bool:
    return (await page.get("/")).status == 200


# -- the first account ------------------------------------------------------------------------------------------------


def test_the_claim_code_makes_the_first_account_once(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        first = await page.get("/")
        assert first.status == 401
        assert "Nobody has an account yet" in first.text
        assert 'action="/login"' not in first.text
        made = await join(page, "Chen Wei", CLAIM)
        assert (made.status, made.header("location")) == (303, "/")
        assert "Chen Wei" in (await page.get("/accounts")).text
        (claimed,) = page.controller.told("claimed")
        assert (claimed.issuer, claimed.account, claimed.address, claimed.detail) == (
            "Chen Wei",
            "Chen Wei",
            "127.0.0.1",
            "manager installer",
        )
        kept = Store(tmp_path / "accounts").load()["chen wei"]
        assert kept.roles == FIRST
        assert PASSPHRASE not in repr(kept.hash)
        page.cookie = None
        assert (await join(page, "Li Na", CLAIM)).status == 403, "the claim code is dead"
        assert (await join(page, "Chen Wei", CLAIM, OTHER)).status == 403
        assert list(Store(tmp_path / "accounts").load()) == ["chen wei"]

    play_new(tmp_path, scene)


@pytest.mark.attack("account-13")
def test_claim_codes_cannot_be_guessed(tmp_path: Path) -> None:
    """FIELD.md, section 5: five tries, then a growing delay; and the controller is asked no more."""

    async def scene(page: RunningPage) -> None:
        statuses = [(await join(page, f"guest {n}", invitation.make())).status for n in range(TRIES_FREE + 3)]
        assert statuses == [403] * TRIES_FREE + [429] * 3
        assert len([ask for ask in page.controller.asked if not isinstance(ask.command, Administered)]) == TRIES_FREE
        late = await join(page, "Chen Wei", CLAIM)
        assert late.status == 429
        assert int(late.header("retry-after") or "0") >= 1
        assert not Store(tmp_path / "accounts").exists
        assert (await told(page, "failed"))[0].account == ""

    play_new(tmp_path, scene)


def test_two_first_accounts_at_once_are_one(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        both = await asyncio.gather(join(page, "Chen Wei", CLAIM), join(page, "Li Na", CLAIM))
        assert sorted(one.status for one in both) == [303, 400]
        assert len(Store(tmp_path / "accounts").load()) == 1

    play_new(tmp_path, scene)


def test_without_the_controller_nobody_claims(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        await page.controller.die()
        refused = await join(page, "Chen Wei", CLAIM)
        assert refused.status == 503
        assert "the controller does not answer" in refused.text
        assert not Store(tmp_path / "accounts").exists

    play_new(tmp_path, scene)


# -- log in -----------------------------------------------------------------------------------------------------------


def test_who_has_an_account_logs_in_and_out(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        assert 'action="/login"' in (await page.get("/")).text
        entered = await running.log_in(" GUARD ")
        assert (entered.status, entered.header("location")) == (303, "/")
        cookie = entered.header("set-cookie") or ""
        assert {"HttpOnly", "Path=/", "SameSite=strict"} <= set(cookie.split("; "))
        assert "Secure" not in cookie, "loopback has no TLS"
        assert await is_in(page)
        kept = page.cookie
        out = await page.post("/logout")
        assert (out.status, out.header("location")) == (303, "/login?done=out")
        assert page.cookie is None
        page.cookie = kept
        assert not await is_in(page)
        (came,) = await told(page, "logged_in")
        assert (came.issuer, came.account, came.address) == ("guard", "guard", "127.0.0.1")
        assert [gone.account for gone in await told(page, "logged_out")] == ["guard"]

    play(tmp_path, scene)


@pytest.mark.attack("account-14")
def test_a_session_that_was_fixed_beforehand_is_not_the_one_that_counts(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        planted = page.cookie
        form = [("name", "manager"), ("passphrase", PASSPHRASE)]
        entered = await page.post("/login", form)  # in a browser with somebody else's cookie
        assert entered.status == 303
        assert page.cookie != planted
        assert "manager" in (await page.get("/accounts")).text
        page.cookie = planted
        assert not await is_in(page)
        page.cookie = f"{(planted or '').partition('=')[0]}=of-my-own-making"
        assert (await page.post("/login", form, token="")).status == 303
        assert "of-my-own-making" not in (page.cookie or "")

    play(tmp_path, scene)


WRONG = [
    ("guard", OTHER),
    ("guard", ""),
    ("guard", PASSPHRASE + " "),
    ("nobody", PASSPHRASE),
    ("' OR 1=1 --", "' OR 1=1 --"),
    ("guard\x00", PASSPHRASE),
    ("x" * 2000, "y" * 2000),
    ("\u202eguard", PASSPHRASE),
    ("console", CODE),
]


@pytest.mark.parametrize(("name", "passphrase"), WRONG, ids=range(len(WRONG)))
@pytest.mark.attack("account-15")
def test_a_wrong_log_in_tells_nothing_but_that_it_was_wrong(tmp_path: Path, name: str, passphrase: str) -> None:
    """Names in no script of ours, SQL, NUL, 2,000 letters: all the same answer, and nothing typed is in the journal."""

    async def scene(running: Gate) -> None:
        page = running.page
        refused = await running.log_in(name, passphrase)
        assert refused.status == 403
        said = re.search(r'<div class="said" role="alert">(.*?)</div>', refused.text, re.DOTALL)
        assert said is not None
        assert "That was not right." in said[1]
        assert "' OR" not in refused.text
        assert refused.header("set-cookie") is None
        assert passphrase == "" or passphrase not in refused.text
        (failed,) = await told(page, "failed")
        assert (failed.issuer, failed.account) == ("", "guard" if name == "guard" else "")
        assert failed.address == "127.0.0.1"

    play(tmp_path, scene)


@pytest.mark.attack("account-16")
def test_guesses_are_delayed_and_flood_neither_hashes_nor_journal(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        statuses = [(await running.log_in("guard", f"guess number {n}")).status for n in range(60)]
        assert statuses == [403] * TRIES_FREE + [429] * (60 - TRIES_FREE)
        right = await running.log_in("guard")
        assert right.status == 429, "nor is the right one looked at"
        assert 1 <= int(right.header("retry-after") or "0") <= 6
        assert "Too many tries failed." in right.text
        await told(page, "locked_out")
        failed = await told(page, "failed")
        assert len(failed) == 1
        assert failed[0].count <= TRIES_FREE

    play(tmp_path, scene)


def test_guards_get_in_while_the_controller_is_silent_and_it_is_told_later(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await page.controller.die()
        assert (await running.log_in("guard")).status == 303
        assert await is_in(page)
        assert page.controller.told("logged_in") == []
        await page.controller.__aenter__()
        assert [came.account for came in await told(page, "logged_in")] == ["guard"]

    play(tmp_path, scene)


# -- invitations ------------------------------------------------------------------------------------------------------


def test_a_manager_invites_somebody_who_chooses_a_passphrase(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        shown = await page.post("/accounts/make", [("name", "陈伟"), ("role", "guard"), ("role", "installer")])
        code = code_on(shown)
        assert code not in (await page.get("/accounts")).text, "it is shown once"
        assert code.encode() not in (running.folder / "accounts.db").read_bytes()
        (made,) = page.controller.told("made")
        assert (made.issuer, made.account, made.detail) == ("manager", "陈伟", "guard installer")
        assert (await running.log_in("陈伟", "")).status == 403, "an invitation is no passphrase"
        for name, tried in (("guard", code), ("陈伟", invitation.make()), ("陈伟", "")):
            page.cookie = None
            assert (await join(page, name, tried)).status == 403
        assert (await join(page, "陈伟", code, "too short")).status == 400
        joined = await join(page, "陈伟", code.lower())
        assert joined.status == 303
        assert await is_in(page)
        assert page.controller.told("joined")[0].issuer == "陈伟"
        page.cookie = None
        assert (await join(page, "陈伟", code, OTHER)).status == 403, "it works once"
        assert (await running.log_in("陈伟")).status == 303

    play(tmp_path, scene)


def test_an_invitation_ends_after_three_days_by_the_controllers_clock(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        code = code_on(await page.post("/accounts/make", [("name", "Li Na"), ("role", "guard")]))
        later_ms = UTC_MS + (invitation.VALID_S + 10) * 1000
        page.controller.say(states(seq=9, utc_ms=later_ms))
        window = await page.open_window()
        await window.until("view", lambda view: ["Events saved up to", "1/9"] in view["about"])  # type: ignore[index]
        page.cookie = None
        assert (await join(page, "Li Na", code)).status == 403

    play(tmp_path, scene)


@pytest.mark.attack("account-17")
def test_a_code_of_the_console_lets_somebody_in_once(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        cookie = page.cookie
        code = recovery.offer(running.folder, "manager")
        page.cookie = None
        assert (await join(page, "guard", code)).status == 403, "it is for one account"
        assert (await join(page, "manager", code, OTHER)).status == 303
        assert page.controller.told("recovered")[0].account == "manager"
        page.cookie, mine = cookie, page.cookie
        assert not await is_in(page), "the sessions of before are over"
        page.cookie = mine
        assert await is_in(page)
        page.cookie = None
        assert (await join(page, "manager", code)).status == 403
        assert (await running.log_in("manager", OTHER)).status == 303

    play(tmp_path, scene)


# -- what ends sessions -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("target", "fields"),
    [("/accounts/delete", []), ("/accounts/roles", [("role", "installer")]), ("/accounts/reset", [])],
)
@pytest.mark.attack("account-18")
def test_whoever_is_deleted_changed_or_reset_is_out_at_once_windows_too(
    tmp_path: Path, target: str, fields: list[tuple[str, str]]
) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        guards = page.cookie
        window = await page.open_window()
        await window.until("view")
        await running.log_in("manager")
        assert (await page.post(target, [("name", "GUARD"), *fields])).status in (200, 303)
        async with asyncio.timeout(2.0):  # far less than the five seconds of a beat
            while not window.ended:
                await window.next()
        assert await is_in(page)
        page.cookie = guards
        assert not await is_in(page)
        assert (await page.open_window()).status == 401
        expected = 303 if "roles" in target else 403
        assert (await running.log_in("guard")).status == expected

    play(tmp_path, scene)


@pytest.mark.attack("account-25")
def test_a_form_that_was_begun_before_its_session_ended_changes_nothing(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        assert (await page.post("/accounts/roles", [("name", "guard"), ("role", "manager")])).status == 303
        body = f"token={quote(await page.token(), safe='')}&name=accomplice&role=manager".encode()
        head = page.request(
            "POST",
            "/accounts/make",
            origin=f"http://127.0.0.1:{page.port}",
            content_type="application/x-www-form-urlencoded",
            content_length=str(len(body)),
            connection="close",
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
        writer.write(head + b"\r\n" + body[:20])
        await writer.drain()
        await running.log_in("guard")
        assert (await page.post("/accounts/delete", [("name", "manager")])).status == 303
        writer.write(body[20:])
        async with asyncio.timeout(WAIT_S):
            assert (await reader.read()).split(b" ")[1] == b"401"
        writer.close()
        assert "accomplice" not in running.accounts()

    play(tmp_path, scene)


def test_who_was_deleted_while_waiting_for_a_turn_changes_nothing(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        assert (await page.post("/accounts/roles", [("name", "guard"), ("role", "manager")])).status == 303
        deleted, theirs = page.cookie, await page.token()
        await running.log_in("guard")
        mine, own = page.cookie, await page.token()
        page.controller.answers = False
        first = asyncio.create_task(page.post("/accounts/delete", [("name", "manager")], token=own, cookie=mine or ""))
        await told(page, "deleted")
        fields = [("name", "accomplice"), ("role", "manager")]
        second = asyncio.create_task(page.post("/accounts/make", fields, token=theirs, cookie=deleted or ""))
        await asyncio.sleep(0.2)  # it waits behind the first one: nothing can be seen of it
        page.controller.answer_late()
        assert (await first).status == 303
        assert (await second).status in (400, 401)
        assert "accomplice" not in running.accounts()

    play(tmp_path, scene)


def test_a_changed_passphrase_ends_all_other_sessions(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        elsewhere = page.cookie
        await running.log_in("guard")
        before = page.cookie
        wrong = [("passphrase", OTHER), ("new", OTHER), ("again", OTHER)]
        assert (await page.post("/account/passphrase", wrong)).status == 403
        short = [("passphrase", PASSPHRASE), ("new", "short"), ("again", "short")]
        assert (await page.post("/account/passphrase", short)).status == 400
        right = [("passphrase", PASSPHRASE), ("new", OTHER), ("again", OTHER)]
        done = await page.post("/account/passphrase", right)
        assert (done.status, done.header("location")) == (303, "/account?done=passphrase")
        assert page.cookie != before
        assert "The passphrase is changed." in (await page.get("/account?done=passphrase")).text
        for old in (elsewhere, before):
            page.cookie = old
            assert not await is_in(page)
        assert (await running.log_in("guard")).status == 403
        assert (await running.log_in("guard", OTHER)).status == 303
        assert page.controller.told("passphrase")[0].issuer == "guard"

    play(tmp_path, scene)


def test_all_others_end_and_mine_stays(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        other = page.cookie
        await running.log_in("guard")
        assert (await page.get("/account")).text.count("from 127.0.0.1") == 2
        assert (await page.post("/account/sessions")).status == 303
        assert await is_in(page)
        page.cookie = other
        assert not await is_in(page)
        assert (await told(page, "ended"))[0].account == "guard"

    play(tmp_path, scene)


# -- the second factor ------------------------------------------------------------------------------------------------


async def secret_on(response: Response) -> bytes:
    found = re.search(r"<code>([A-Z2-7 ]{39})</code>", response.text)
    assert found is not None, response.text
    return totp.base64.b32decode(found[1].replace(" ", ""))


def test_a_second_factor_is_set_up_asked_for_and_dropped(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        step = UTC_MS // 1000 // totp.STEP_S
        await running.log_in("guard")
        assert (await page.post("/account/factor", [("passphrase", OTHER)])).status == 403
        offered = await page.post("/account/factor", [("passphrase", PASSPHRASE)])
        assert offered.status == 200
        assert '<svg class="qr"' in offered.text or 'class="qr"' in offered.text
        assert "style=" not in offered.text
        secret = await secret_on(offered)
        assert running.accounts()["guard"].secret == b"", "nothing rests on it before it is confirmed"
        assert (await page.post("/account/factor/on", [("code", "000000")])).status == 400
        again = (await page.get("/account")).text
        assert totp.spelled(secret) not in again, "it is shown once"
        assert (await page.post("/account/factor/on", [("code", totp.code_at(secret, step))])).status == 303
        assert page.controller.told("factor_on")[0].account == "guard"
        assert totp.spelled(secret) not in (await page.get("/account")).text
        assert (await running.log_in("guard")).status == 403, "the passphrase alone is not enough"
        assert (await running.log_in("guard", code=totp.code_at(secret, step))).status == 403, "it was used"
        assert (await running.log_in("guard", OTHER, totp.code_at(secret, step + 1))).status == 403
        assert (await running.log_in("guard", code=totp.code_at(secret, step + 1))).status == 303
        assert running.accounts()["guard"].step == step + 1
        drop = [("passphrase", PASSPHRASE), ("code", totp.code_at(secret, step + 1))]
        assert (await page.post("/account/factor/off", drop)).status == 403
        assert running.accounts()["guard"].secret == secret

    play(tmp_path, scene)


def test_a_second_factor_is_replaced_only_by_who_has_it(tmp_path: Path) -> None:
    """Whoever knows the passphrase and finds a window open has neither the old code nor the right to a new one."""

    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        earlier = await secret_on(await page.post("/account/factor", [("passphrase", PASSPHRASE)]))
        left_open = page.cookie
        step = UTC_MS // 1000 // totp.STEP_S
        await running.log_in("guard")
        secret = await secret_on(await page.post("/account/factor", [("passphrase", PASSPHRASE)]))
        assert (await page.post("/account/factor/on", [("code", totp.code_at(secret, step))])).status == 303
        refused = await page.post("/account/factor", [("passphrase", PASSPHRASE)])
        assert refused.status == 400
        assert "<svg" not in refused.text
        page.cookie = left_open
        assert (await page.post("/account/factor/on", [("code", totp.code_at(earlier, step))])).status == 400
        assert running.accounts()["guard"].secret == secret

    play(tmp_path, scene)


def test_a_lost_phone_is_what_managers_are_for(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        secret = await secret_on(await page.post("/account/factor", [("passphrase", PASSPHRASE)]))
        code = totp.code_at(secret, UTC_MS // 1000 // totp.STEP_S)
        assert (await page.post("/account/factor/on", [("code", code)])).status == 303
        await running.log_in("manager")
        invited = code_on(await page.post("/accounts/reset", [("name", "guard")]))
        assert (await running.log_in("guard")).status == 403
        page.cookie = None
        assert (await join(page, "guard", invited, OTHER)).status == 303
        assert (await running.log_in("guard", OTHER)).status == 303, "without a second factor"

    play(tmp_path, scene)


def test_without_the_time_a_second_factor_says_what_to_do(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        secret = await secret_on(await page.post("/account/factor", [("passphrase", PASSPHRASE)]))
        step = UTC_MS // 1000 // totp.STEP_S
        assert (await page.post("/account/factor/on", [("code", totp.code_at(secret, step))])).status == 303
        page.controller.say(states(seq=7, utc_ms=None))
        window = await page.open_window()
        await window.until("view", lambda view: ["Events saved up to", "1/7"] in view["about"])  # type: ignore[index]
        refused = await running.log_in("guard", code=totp.code_at(secret, step + 1))
        assert refused.status == 400
        assert "menshen account recover" in refused.text

    play(tmp_path, scene)


# -- told first, then done --------------------------------------------------------------------------------------------


@pytest.mark.attack("account-19")
def test_nothing_is_changed_that_the_journal_does_not_have(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        token = await page.token()
        kept = running.accounts()
        await page.controller.die()
        for target, fields in (
            ("/accounts/make", [("name", "Li Na"), ("role", "guard")]),
            ("/accounts/roles", [("name", "guard"), ("role", "manager")]),
            ("/accounts/reset", [("name", "guard")]),
            ("/accounts/delete", [("name", "guard")]),
            ("/account/passphrase", [("passphrase", PASSPHRASE), ("new", OTHER), ("again", OTHER)]),
        ):
            refused = await page.post(target, fields, token=token)
            assert refused.status == 503, target
            assert "the journal could not be told" in refused.text
        assert running.accounts() == kept
        assert (await running.log_in("guard")).status == 303

    play(tmp_path, scene)


def test_what_was_told_and_not_kept_is_told_too(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        (running.folder / "accounts.db").chmod(0o644)  # as a disk would refuse it: root may write anywhere
        refused = await page.post("/accounts/delete", [("name", "guard")])
        assert refused.status == 503
        assert [gone.account for gone in page.controller.told("deleted")] == ["guard"]
        (undone,) = await told(page, "not_done")
        assert (undone.account, undone.detail) == ("guard", "deleted")
        (running.folder / "accounts.db").chmod(0o600)
        assert "guard" in running.accounts()
        assert (await running.log_in("guard")).status == 303

    play(tmp_path, scene)


def test_failed_log_ins_are_summed(tmp_path: Path) -> None:
    """One event at once, and then one a minute with how often."""
    asked: list[Administered] = []

    async def scene() -> None:
        async def ask(fact: Administered) -> diary.Answer:
            asked.append(fact)
            return diary.Answer("r", True)

        told = diary.Diary(ask)
        running = asyncio.create_task(told.run())
        told.note(diary.Act.FAILED, account="guard", address="10.0.0.1")
        await asyncio.sleep(1.0)
        for number in range(5_000):
            told.note(diary.Act.FAILED, account="guard", address="10.0.0.1")
            told.note(diary.Act.FAILED, account="", address=f"10.0.{number // 250}.{number % 250}")
            told.note(diary.Act.LOCKED_OUT, account="guard", address=f"10.1.{number // 250}.{number % 250}")
            await asyncio.sleep(0.12)  # ten minutes of it
        await asyncio.sleep(120.0)
        running.cancel()

    run_virtual(scene())
    assert sum(fact.count for fact in asked) == 15_001, "each is counted"
    assert len(asked) <= 12 * (diary.SUMMED_MAX + 2), "and few are told"
    assert sum(fact.count for fact in asked if fact.account == "guard" and fact.act == "failed") == 5_001


# -- managers ---------------------------------------------------------------------------------------------------------


def test_the_last_manager_stays_one(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        for target, fields in (
            ("/accounts/delete", []),
            ("/accounts/reset", []),
            ("/accounts/roles", [("role", "guard")]),
        ):
            refused = await page.post(target, [("name", "manager"), *fields])
            assert refused.status == 400, target
            assert "the last manager" in refused.text
        assert (await page.post("/accounts/roles", [("name", "guard"), ("role", "manager")])).status == 303
        assert (await page.post("/accounts/delete", [("name", "manager")])).status == 303
        assert not await is_in(page)
        assert set(running.accounts()) == {"guard", "installer", "auditor"}
        assert [change.detail for change in page.controller.told("roles")] == ["manager"]

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("name", "GUARD"), ("role", "guard")], "That name is taken."),
        ([("name", "<script>alert(1)</script>"), ("role", "guard")], "may stand in a name"),
        ([("name", ""), ("role", "guard")], "A name needs"),
        ([("name", "Li Na")], "Choose a role."),
        ([("name", "Li Na"), ("role", "root")], "There is no such role."),
        ([("name", "Li Na"), ("role", "auditor"), ("role", "guard")], "stands alone"),
    ],
)
def test_what_is_wrong_with_an_account_is_told_on_its_page(
    tmp_path: Path, fields: list[tuple[str, str]], words: str
) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("manager")
        refused = await running.page.post("/accounts/make", fields)
        assert refused.status == 400
        assert words in refused.text
        assert "<script>" not in refused.text
        assert len(running.accounts()) == 4

    play(tmp_path, scene)


def test_a_name_that_nobody_has_any_more_is_told(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("manager")
        for target in ("/accounts/delete", "/accounts/reset", "/accounts/roles"):
            refused = await running.page.post(target, [("name", "nobody"), ("role", "guard")])
            assert refused.status == 400
            assert "There is no such account any more." in refused.text

    play(tmp_path, scene)


def test_the_console_makes_accounts_and_is_named_in_the_journal(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            assert "Nobody has an account yet" in (await page.get("/accounts")).text
            fields = [("name", "Chen Wei"), ("role", Role.MANAGER.value)]
            code = code_on(await page.post("/accounts/make", fields))
            assert page.controller.told("made")[0].issuer == "console"
            assert (await told(page, "logged_in"))[0].account == "console"
            page.cookie = None
            assert (await join(page, "Chen Wei", code)).status == 303

    asyncio.run(scene())


# -- a file that cannot be read ---------------------------------------------------------------------------------------


def test_restored_accounts_hold_at_once_and_whoever_was_in_is_out(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("manager")
        window = await running.page.open_window()
        await window.until("view")
        aside = tmp_path / "aside"
        aside.mkdir()
        Store(aside).save({"guard": running.accounts()["guard"]})
        (aside / "accounts.db").rename(running.folder / "accounts.db")
        async with asyncio.timeout(WAIT_S):  # it is looked at once a second, without anybody asking
            while not window.ended:
                await window.next()
        assert not await is_in(running.page)
        assert (await running.log_in("manager")).status == 403
        assert (await running.log_in("guard")).status == 303

    play(tmp_path, scene)


def test_a_damaged_file_lets_nobody_in_and_the_page_goes_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def scene() -> None:
        (tmp_path / "accounts").mkdir()
        path = tmp_path / "accounts" / "accounts.db"
        path.write_bytes(b"no database at all" * 1000)
        path.chmod(0o600)
        async with running_page(tmp_path, enter=False) as page:
            first = await page.get("/")
            assert first.status == 401
            assert "The accounts cannot be read" in first.text
            assert (await join(page, "Chen Wei", CLAIM)).status == 503, "it is not as if there never were any"
            assert (await page.post("/login", [("name", "x"), ("passphrase", "y")])).status == 503
            await page.enter()
            assert await is_in(page)
        assert path.read_bytes() == b"no database at all" * 1000

    asyncio.run(scene())
    assert "Restore it from a backup" in capsys.readouterr().err


def test_pages_speak_chinese_and_lead_back_where_they_were(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        for target in ("/login", "/join"):
            switch = await page.get(f"{target}?language=zh")
            assert (switch.status, switch.header("location")) == (303, target)
            assert '<html lang="zh-Hans">' in (await page.get(target, accept_language="zh")).text
        await running.log_in("manager")
        for target in ("/account", "/accounts"):
            chinese = (await page.get(target, accept_language="zh")).text
            assert "退出登录" in chinese
            assert (await page.get(f"{target}?language=en")).header("location") == target
        assert "done_" not in (await page.get("/account?done=<b>x")).text

    play(tmp_path, scene)


def test_roles_in_the_journal_are_told_in_the_readers_language(tmp_path: Path) -> None:
    lines = [
        line_of(1, seq, UTC_MS, Event(code, detail=detail, body=Body(account="Li Na", address="10.0.0.7")))
        for seq, (code, detail) in enumerate(
            [(Code.ACCOUNT_ROLES, "guard installer"), (Code.ACCOUNT_NOT_DONE, "deleted")], start=1
        )
    ]

    async def scene() -> None:
        async with running_page(tmp_path, read=lambda *_: [line for line in lines if line is not None]) as page:
            chinese = (await page.get("/", accept_language="zh")).text
            assert "门卫，安装人员" in chinese
            for word in ("guard installer", "deleted", "Li Na", "10.0.0.7"):
                assert word not in chinese

    asyncio.run(scene())

"""Orders at the page: what each says before, what the controller is asked, and what is told of it afterwards.

The controller's end is made up: what the real one does with them, tests/controller/test_asked_from_afar.py says.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import pytest

from firmware.core.facts import (
    Acknowledge,
    Afar,
    AnswerCall,
    Command,
    EndCall,
    EndEvacuation,
    EndLockdown,
    HoldOpen,
    LockPortal,
    OpenOnce,
    ReleasePortal,
    ResetFault,
    StartEvacuation,
    StartLockdown,
)
from firmware.core.view import Mode, PortalView, Position, SiteView
from firmware.messages import NETWORK_MAY_ACT, Answer
from firmware.network.accounts.account import Role
from firmware.network.acts import desk as act_desk
from firmware.network.acts.act import Order, Portal, What, command_of
from firmware.network.acts.once import FORM_S_MAX, Once
from firmware.network.sessions import Session
from firmware.network.settings import read_settings
from tests.network.accounts import Gate as Accounts
from tests.network.accounts import gate
from tests.network.fake_controller import UTC_MS, barrier, door, hall, quiet, shed, states
from tests.network.running import Response, RunningPage, running_page

SITE = Path(__file__).parents[2] / "provisioning/sites/community_gate.toml"
GUARD = Afar("guard", "127.0.0.1")
MANAGER = Afar("manager", "127.0.0.1")


def play(folder: Path, scene: Callable[[Accounts], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running:
            await running.page.controller.until_accepted(1)
            await scene(running)

    asyncio.run(whole())


def commands(page: RunningPage) -> list[Command]:
    """What the controller was asked of the gate."""
    return [ask.command for ask in page.controller.asked if type(ask.command) in NETWORK_MAY_ACT]  # type: ignore[misc]


async def form(page: RunningPage, path: str) -> dict[str, str]:
    """The hidden fields of an order's page, which must be there."""
    html = (await page.get(path)).text
    found = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', html))
    assert "once" in found, html
    return {name: unescape(value) for name, value in found.items() if name != "token"}


async def order(page: RunningPage, path: str, **more: str) -> Response:
    """Look at an order's page and say yes, as a browser does."""
    fields = await form(page, path)
    return await page.post(path.partition("?")[0], [*(fields | more).items(), ("sure", "yes")])


async def shown(page: RunningPage, right: Callable[[Any], bool] = bool) -> Any:
    """The newest order as the stream tells it, once `right` holds for it."""
    window = await page.open_window()
    rows: Any = await window.until("asked", lambda rows: bool(rows) and right(rows[0]))
    window.writer.close()
    return rows[0]


def text_of(response: Response) -> str:
    return unescape(re.sub(r"<[^>]+>", " ", response.text))


# -- before -----------------------------------------------------------------------------------------------------------


def test_the_page_before_names_the_effect_and_its_harmless_answer_comes_first(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        before = await page.get("/act/open?portal=front_door")
        assert "Opens Front door for 5 s: whoever stands there gets in." in text_of(before)
        assert "The journal keeps that it was you" in text_of(before)
        assert "Locked; proven: Closed" in text_of(before)
        buttons = re.findall(r'<button[^>]*name="sure" value="(\w+)"', before.text)
        assert buttons == ["no", "yes"], "Enter presses the first"
        chinese = await page.get("/act/open?portal=front_door", accept_language="zh")
        assert "Front door 将开启 5 秒：站在门口的人均可进入。" in text_of(chinese)
        fields = await form(page, "/act/open?portal=front_door")
        said_no = await page.post("/act/open", [*fields.items(), ("sure", "no")])
        assert (said_no.status, said_no.header("location")) == (303, "/")
        assert (await page.post("/act/open", list(fields.items()))).header("location") == "/"
        assert commands(page) == []

    play(tmp_path, scene)


def test_where_is_chosen_among_what_may_be_asked(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        choice = await page.get("/act/open")
        assert choice.status == 200
        assert re.findall(r'href="/act/open\?portal=(\w+)"', choice.text) == ["front_door", "hall", "north_lane"]
        for nowhere in ("bike_shed", "nowhere", "<script>"):  # the first one allows nothing from afar
            refused = await page.get(f"/act/open?portal={nowhere}")
            assert refused.status == 404
            assert "<script>" not in refused.text.split("</head>")[1]
        turnstile = await page.get("/act/open?portal=hall")
        assert re.findall(r'name="way" value="(\w+)"', turnstile.text) == ["hall_in", "hall_out"]
        assert "There is nothing here" in text_of(await page.get("/act/acknowledge"))

    play(tmp_path, scene)


def test_links_stand_only_before_who_may_and_where_the_site_allows_it(tmp_path: Path) -> None:
    def links(response: Response) -> set[str]:
        return {unescape(href) for href in re.findall(r'href="(/act/[^"]+)"', response.text)}

    async def scene(running: Accounts) -> None:
        page = running.page
        for role in ("auditor", "installer"):
            await running.log_in(role)
            answer = await page.get("/")
            assert links(answer) == set()
            assert "This account only looks" in text_of(answer)
        await running.log_in("guard")
        answer = await page.get("/")
        assert links(answer) == {"/act/open?portal=front_door", "/act/open?portal=hall"}
        assert 'aria-label="Open once: Front door"' in answer.text
        assert "only looks" not in text_of(answer)
        await running.log_in("manager")
        of_door = {
            f"/act/{what}?portal=front_door" for what in ("open", "hold", "lock", "release", "reset", "lockdown")
        }
        of_site = {f"/act/{what.value}" for what in What if what.value.endswith(("lockdown", "evacuation"))}
        found = links(await page.get("/"))
        assert of_door | of_site <= found
        assert {link for link in found if "bike_shed" in link} == {"/act/lockdown?portal=bike_shed"}

    play(tmp_path, scene)


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_each_order_is_one_command_with_who_and_from_where(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        assert (await order(page, "/act/open?portal=front_door")).header("location") == "/#asked"
        assert (await order(page, "/act/open?portal=hall", way="hall_out")).status == 303
        assert commands(page) == [
            OpenOnce("guard", afar=GUARD, portal="front_door"),
            OpenOnce("guard", afar=GUARD, portal="hall", access_point="hall_out"),
        ]
        await running.log_in("manager")
        await order(page, "/act/lock?portal=front_door")
        await order(page, "/act/release?portal=front_door")
        await order(page, "/act/reset?portal=front_door")
        await order(page, "/act/lockdown?portal=hall", scope="hall", tick="yes")
        await order(page, "/act/end_lockdown")
        await order(page, "/act/evacuation", tick="yes")
        assert commands(page)[2:] == [
            LockPortal("manager", afar=MANAGER, portal="front_door"),
            ReleasePortal("manager", afar=MANAGER, portal="front_door"),
            ResetFault("manager", afar=MANAGER, portal="front_door"),
            StartLockdown("manager", afar=MANAGER, portals=("hall",)),
            EndLockdown("manager", afar=MANAGER),
            StartEvacuation("manager", afar=MANAGER, confirmed=True),
        ]

    play(tmp_path, scene)


def test_every_kind_of_order_becomes_a_command_that_the_network_process_may_ask() -> None:
    made = {type(command_of(Order(what, "front_door", subject="x"), "guard", GUARD)) for what in What}
    assert made == NETWORK_MAY_ACT - {AnswerCall, EndCall}  # tests/network/test_calls_page.py
    assert type(command_of(Order(What.END_EVACUATION), "a", GUARD)) is EndEvacuation


def test_a_hold_has_the_end_that_was_chosen(tmp_path: Path) -> None:
    """It is 13:03:22 in Shanghai by the controller's clock."""

    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("manager")
        assert "for 1 h, until 14:03" in text_of(await page.get("/act/hold?portal=front_door"))
        await order(page, "/act/hold?portal=front_door", minutes="60")
        await order(page, "/act/hold?portal=front_door", minutes="15", until="18:30")
        await order(page, "/act/hold?portal=front_door", minutes="15", until="09:00")
        hour, evening, morning = commands(page)
        assert isinstance(hour, HoldOpen)
        assert isinstance(evening, HoldOpen)
        assert isinstance(morning, HoldOpen)
        assert hour.until_utc_s is not None
        assert 0 <= hour.until_utc_s - (UTC_MS // 1000 + 3600) <= 10
        assert evening.until_utc_s == 1_795_429_800  # date -u -d 'TZ="Asia/Shanghai" 2026-11-23 18:30' +%s
        assert morning.until_utc_s == 1_795_482_000  # the next day's 09:00
        for wrong in ({"minutes": "7"}, {"minutes": ""}, {"until": "25:00"}, {"until": "'"}):
            assert (await order(page, "/act/hold?portal=front_door", **wrong)).status == 400
        assert len(commands(page)) == 3

    play(tmp_path, scene)


def test_without_a_clock_a_hold_lasts_for_so_long(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            page.controller.say(states(seq=2, utc_ms=None))
            await until_view(page, seq=2)
            assert 'name="until"' not in (await page.get("/act/hold?portal=front_door")).text
            await order(page, "/act/hold?portal=front_door", minutes="30")
            (held,) = commands(page)
            assert isinstance(held, HoldOpen)
            assert (held.for_ms, held.until_utc_s, held.issuer) == (1_800_000, None, "console")

    asyncio.run(scene())


async def until_view(page: RunningPage, seq: int) -> None:
    window = await page.open_window()
    await window.until("view", lambda view: [f"1/{seq}"] == [text for _, text in view["about"] if text == f"1/{seq}"])  # type: ignore[index]
    window.writer.close()


def test_lockdown_and_evacuation_want_a_tick_besides(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("manager")
        for what in ("lockdown", "evacuation"):
            refused = await order(page, f"/act/{what}")
            assert refused.status == 400
            assert "Nothing was asked." in text_of(refused)
        assert (await order(page, "/act/lockdown", scope="nowhere", tick="yes")).status == 400
        assert commands(page) == []

    play(tmp_path, scene)


def test_a_lockdown_of_one_portal_never_becomes_one_of_all(tmp_path: Path) -> None:
    """Where something is wrong with the form, it is asked again with what was chosen; no choice is no order."""

    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("manager")
        untold = await order(page, "/act/lockdown?portal=nowhere", tick="yes")
        assert untold.status == 400
        again = await order(page, "/act/lockdown", scope="front_door")
        assert again.status == 400
        assert re.findall(r'name="scope" value="(\w*)"[^>]* checked', again.text) == ["front_door"]
        old = [("once", "x"), ("scope", "hall"), ("tick", "yes"), ("sure", "yes")]
        assert re.findall(r'name="scope" value="(\w*)"[^>]* checked', (await page.post("/act/lockdown", old)).text) == [
            "hall"
        ]
        assert commands(page) == []
        await order(page, "/act/lockdown", scope="", tick="yes")
        assert [type(command) for command in commands(page)] == [StartLockdown]

    play(tmp_path, scene)


# -- what becomes of it -----------------------------------------------------------------------------------------------


def test_asked_accepted_and_proven_are_three_things(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        await order(page, "/act/open?portal=front_door")
        row = await shown(page)
        assert (row["fate"], row["said"]) == ("done", "Accepted and recorded.")
        assert row["proof"] == "Closed; nobody has opened it yet.", "the answer proves nothing"
        assert (await page.get("/")).text.count('data-position="closed"') == 2, "nor is it drawn as asked"
        page.controller.say(states(seq=2, view=quiet(door(mode=Mode.ACCESSED), shed(), hall())))
        page.controller.say(states(seq=3, view=quiet(door(mode=Mode.ACCESSED, position=Position.OPEN), shed(), hall())))
        assert await shown(page, lambda row: row["proof"] == "It is open.")
        page.controller.say(states(seq=4))
        assert await shown(page, lambda row: row["proof"] == "It was open, and is no longer.")

    play(tmp_path, scene)


def test_a_door_that_nobody_opens_is_said_to_have_stayed_closed(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        await order(page, "/act/open?portal=front_door")
        page.controller.say(states(seq=2, view=quiet(door(mode=Mode.ACCESSED), shed(), hall())))
        await until_view(page, 2)
        page.controller.say(states(seq=3))
        assert await shown(page, lambda row: row["proof"] == "It stayed closed: nobody opened it in time.")

    play(tmp_path, scene)


PROOFS: list[tuple[What, PortalView, str]] = [
    (What.OPEN, hall(mode=Mode.ACCESSED), "proof_turnstile"),
    (What.OPEN, door(position=Position.NOT_MONITORED), "proof_not_monitored"),
    (What.OPEN, door(position=Position.FAULT), "proof_unknown"),
    (What.OPEN, barrier(position=Position.OPENING), "proof_moving"),
    (What.OPEN, barrier(position=Position.CLOSED, mode=Mode.ACCESSED), "proof_not_open"),
    (What.OPEN, barrier(position=Position.OPEN), "proof_open"),
    (What.HOLD, door(mode=Mode.UNLOCKED), "proof_hold_closed"),
    (What.HOLD, door(mode=Mode.UNLOCKED, position=Position.OPEN), "proof_open_now"),
    (What.HOLD, barrier(position=Position.BETWEEN), "proof_moving"),
    (What.HOLD, hall(mode=Mode.UNLOCKED), "proof_turnstile"),
    (What.LOCK, door(), "proof_closed"),
    (What.LOCK, door(position=Position.OPEN), "proof_stands_open"),
    (What.LOCK, hall(), "proof_not_monitored"),
    (What.LOCK, door(position=Position.UNKNOWN), "proof_unknown"),
    (What.RESET, door(alarms=("portal.fault",)), "proof_fault_stays"),
    (What.RESET, door(), "proof_fault_gone"),
    (What.RELEASE, door(), ""),
]


@pytest.mark.parametrize(("what", "portal", "word"), PROOFS, ids=range(len(PROOFS)))
def test_what_contacts_and_limits_prove_of_an_order(what: What, portal: PortalView, word: str) -> None:
    proof = act_desk.Proof(Order(what, portal.id), None)
    proof.look(SiteView(portals=(portal,)))
    assert proof.word == word


def test_a_door_that_stood_open_is_not_said_to_have_been_opened() -> None:
    opened, closed = (SiteView(portals=(door(position=at),)) for at in (Position.OPEN, Position.CLOSED))
    proof = act_desk.Proof(Order(What.OPEN, "front_door"), opened)
    for site, word in ((opened, "proof_open_before"), (closed, "proof_not_opened"), (opened, "proof_open")):
        proof.look(site)
        assert proof.word == word


def test_a_lockdown_names_what_is_not_proven_closed(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        page.controller.say(states(seq=2, view=quiet(door(position=Position.OPEN), shed(), hall())))
        await running.log_in("manager")
        await order(page, "/act/lockdown", scope="", tick="yes")
        row = await shown(page, lambda row: "Front door" in row["proof"])
        assert row["place"] == "North gate"
        assert row["proof"] == "Not proven closed: Front door, Hall. Go and look."
        (command,) = commands(page)
        assert isinstance(command, StartLockdown)
        assert command.portals == ()

    play(tmp_path, scene)


@pytest.mark.parametrize(
    ("reasons", "said", "advice"),
    [
        (("lockdown",), "Refused: Lockdown", "A manager ends it."),
        (("not_from_afar",), "does not allow this from the page", "An installer can change"),
        (("interlock:bike_shed",), "Bike shed", "closed first"),
        (("too_many",), "too much is asked of the gate just now", "Wait a moment"),
        (("a_newer_word",), "a_newer_word", "Nothing was done."),
        (("profile:H-4711-secret",), "Refused:", "Nothing was done."),
    ],
)
def test_a_refusal_is_told_in_words_with_what_to_do(
    tmp_path: Path, reasons: tuple[str, ...], said: str, advice: str
) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        page.controller.refusals["OpenOnce"] = reasons
        await running.log_in("guard")
        await order(page, "/act/open?portal=front_door")
        row = await shown(page)
        assert row["fate"] == "refused"
        assert said in row["said"]
        assert advice in row["advice"]
        assert row["proof"] == "", "nothing is to be proven of what was not done"
        assert "secret" not in str(row)

    play(tmp_path, scene)


@pytest.mark.attack("act-04")
def test_a_controller_that_is_gone_was_asked_nothing_and_one_that_goes_leaves_it_open(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        page.controller.answers = False
        page.controller.was_asked.clear()
        giving = asyncio.create_task(order(page, "/act/open?portal=front_door"))
        while not commands(page):
            await page.controller.was_asked.wait()
            page.controller.was_asked.clear()
        await page.controller.die()
        assert (await giving).status == 303
        row = await shown(page, lambda row: row["fate"] != "asked")
        assert row["fate"] == "not_known"
        assert row["said"] == "Not known whether it was done: the controller did not answer in time."
        assert "Look at Front door below and at the last events" in row["advice"]
        assert "The controller does not answer" in row["proof"]
        assert "nothing can be asked" in text_of(await page.get("/act/open?portal=front_door"))
        assert (await order(page, "/act/open?portal=front_door")).status == 303
        row = await shown(page)
        assert row["fate"] == "not_sent"
        assert "Nothing was done." in row["advice"]
        assert len(commands(page)) == 1

    play(tmp_path, scene)


# -- once, and no faster ----------------------------------------------------------------------------------------------


@pytest.mark.attack("act-05")
def test_a_form_counts_once_however_often_it_is_sent(tmp_path: Path) -> None:
    """A double click while the first is on its way, a reload afterwards, and the same page in a second window."""

    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        fields = [*(await form(page, "/act/open?portal=front_door")).items(), ("sure", "yes")]
        token = await page.token()
        clicks = [page.post("/act/open", fields, token=token) for _ in range(5)]
        answers = await asyncio.gather(*clicks)
        answers.append(await page.post("/act/open", fields, token=token))
        assert {(answer.status, answer.header("location")) for answer in answers} == {(303, "/#asked")}
        assert len(commands(page)) == 1

    play(tmp_path, scene)


@pytest.mark.attack("act-06")
def test_a_forged_form_asks_for_nothing(tmp_path: Path) -> None:
    """No number, a made-up one, another order's, another person's, one that is too old; and fields of no choice."""

    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        foreign = (await form(page, "/act/open?portal=front_door"))["once"]
        await running.log_in("manager")
        others = (await form(page, "/act/lock?portal=front_door"))["once"]
        own = (await form(page, "/act/open?portal=front_door"))["once"]
        number, made_s, signature = own.split(".")
        forged = ["", "x", "..", "0.0.", foreign, others, f"{number}.{int(made_s) + 1}.{signature}", own[:-1], "é" * 9]
        for once in forged:
            sent = [("portal", "front_door"), ("once", once), ("sure", "yes")]
            refused = await page.post("/act/open", sent)
            assert refused.status == 409, once
            assert "Nothing was asked." in text_of(refused)
        for portal in ("", "bike_shed", "nowhere", "a" * 900, "\x00", "' OR 1=1"):
            once = (await form(page, "/act/open?portal=front_door"))["once"]
            assert (await page.post("/act/open", [("portal", portal), ("once", once), ("sure", "yes")])).status in (
                400,
                404,
            )
        assert (await order(page, "/act/open?portal=hall", way="front_in")).status == 400
        assert commands(page) == []

    play(tmp_path, scene)


@pytest.mark.attack("act-07")
def test_whoever_may_not_is_refused_though_the_form_is_right(tmp_path: Path) -> None:
    """An auditor and an installer by a direct POST, and a guard for what is a manager's, each with an own token."""

    async def scene(running: Accounts) -> None:
        page = running.page
        service = (What.OUT_OF_SERVICE, What.IN_SERVICE)  # an installer's, and nobody else's
        others = [what for what in What if what not in service]
        of_managers = [*list(What)[1:5], *service]
        for role, whats in (
            ("auditor", list(What)),
            ("installer", others),
            ("guard", of_managers),
            ("manager", service),
        ):
            await running.log_in(role)
            token = await page.token()
            for what in whats:
                sent = [("portal", "front_door"), ("subject", "x"), ("tick", "yes"), ("once", "1.1.x"), ("sure", "yes")]
                assert (await page.post(f"/act/{what.value}", sent, token=token)).status == 403, (role, what)
        assert commands(page) == []

    play(tmp_path, scene)


@pytest.mark.attack("act-08")
def test_one_person_asks_no_faster_than_people_do_and_stops_nobody_else(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        answers = [await order(page, "/act/open?portal=front_door") for _ in range(act_desk.ORDERS_BURST + 6)]
        assert {answer.status for answer in answers[: act_desk.ORDERS_BURST]} == {303}
        late = [answer for answer in answers if answer.status == 429]
        assert late
        assert "You ask too fast." in text_of(late[0])
        assert late[0].header("retry-after") == "2"
        assert len(commands(page)) == len(answers) - len(late)
        await running.log_in("manager")
        assert (await order(page, "/act/open?portal=front_door")).status == 303
        for _ in range(act_desk.ORDERS_BURST + 6):
            await order(page, "/act/lock?portal=front_door")
        assert (await order(page, "/act/evacuation", tick="yes")).status == 303, "nobody waits to let people out"
        assert type(commands(page)[-1]) is StartEvacuation

    play(tmp_path, scene)


def test_what_one_person_asked_is_not_shown_to_another(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        await order(page, "/act/open?portal=front_door")
        assert 'class="ask done"' in (await page.get("/")).text
        await running.log_in("manager")
        assert 'class="ask done"' not in (await page.get("/")).text

    play(tmp_path, scene)


# -- alarms -----------------------------------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def alarmed(running: Accounts, **site: Any) -> AsyncIterator[Any]:
    """The page's view of a site with these alarms."""
    view = msgspec.structs.replace(quiet(), **site)
    running.page.controller.say(states(seq=2, view=view))
    window = await running.page.open_window()
    yield await window.until("view", lambda view: bool(view["alarms"]))  # type: ignore[index]
    window.writer.close()


def test_an_alarm_is_acknowledged_and_stays_until_its_cause_is_gone(tmp_path: Path) -> None:
    forced = shed(alarms=("door.forced",), position=Position.OPEN, acknowledged=False)

    async def scene(running: Accounts) -> None:
        page = running.page
        await running.log_in("guard")
        async with alarmed(running, portals=(door(), forced)) as view:
            (alarm,) = view["alarms"]
            assert (alarm["subject"], alarm["seen"]) == ("bike_shed", "")
        assert 'href="/act/acknowledge?subject=bike_shed"' in (await page.get("/")).text
        before = text_of(await page.get("/act/acknowledge?subject=bike_shed"))
        assert "Says that you have seen the alarms of Bike shed. It changes nothing at the gate" in before
        assert "Forced" in before or "forced" in before
        await order(page, "/act/acknowledge?subject=bike_shed")
        assert commands(page) == [Acknowledge("guard", afar=GUARD, subject="bike_shed")]
        seen = msgspec.structs.replace(forced, acknowledged=True)
        async with alarmed(running, portals=(door(), seen)):
            window = await page.open_window()
            view = await window.until("view", lambda view: view["alarms"] and view["alarms"][0]["seen"])  # type: ignore[index]
            assert view["alarms"][0]["subject"] == ""  # type: ignore[index,call-overload]
            window.writer.close()
        assert "/act/acknowledge?subject=" not in (await page.get("/")).text

    play(tmp_path, scene)


def test_an_alarm_that_is_over_waits_for_a_person_all_the_same(tmp_path: Path) -> None:
    async def scene(running: Accounts) -> None:
        await running.log_in("guard")
        site = {
            "portals": (door(acknowledged=False), shed()),
            "alarms": ("device.tamper", "reader.muted"),
            "subjects": {"device.tamper": ("front_reader",), "reader.muted": ("shed_reader",)},
            "readers_muted": ("shed_reader",),
            "unacknowledged": ("front_reader", "north_gate"),
        }
        async with alarmed(running, **site) as view:
            rows = {(alarm["place"], alarm["subject"], alarm["seen"]) for alarm in view["alarms"]}
            assert rows == {
                ("Front door", "front_door", ""),
                ("front_reader", "front_reader", ""),
                ("North gate", "north_gate", ""),
                ("shed_reader", "", "seen"),
            }

    play(tmp_path, scene)


def test_what_may_be_asked_is_read_from_the_site_file(tmp_path: Path) -> None:
    read = read_settings(str(SITE)).gate
    assert read.portals["front_door"] == Portal("door", 5_000)
    assert read.portals["hall"] == Portal("turnstile", 8_000, {"in": "hall_in", "out": "hall_out"})
    assert (read.portals["vehicle_lane"].kind, read.portals["vehicle_lane"].closes) == ("barrier", True)
    assert all(read.offers(what, "front_door") for what in What)
    folder = tmp_path / "sites"
    shutil.copytree(SITE.parent, folder)
    narrow = folder / "narrow.toml"
    text = SITE.read_text(encoding="utf-8").replace('id = "front_door"', 'id = "front_door"\nremote = ["open"]')
    narrow.write_text(text.replace("[site]", '[site]\nremote = ["lockdown"]'), encoding="utf-8")
    less = read_settings(str(narrow)).gate
    offered = {what for what in What if less.offers(what, "front_door")}
    assert offered == {What.OPEN, What.ACKNOWLEDGE, What.LOCKDOWN, What.END_LOCKDOWN}


@pytest.mark.attack("act-10")
def test_a_form_that_was_left_open_asks_for_nothing() -> None:
    """A tab of this morning must not open a door in the evening, whoever clicks in it."""
    once, person = Once(), Session("guard", frozenset({Role.GUARD}), "127.0.0.1", 0.0)
    form = once.make(person, What.OPEN, 1_000.0)
    number = once.number(form, person, What.OPEN, 1_000.0 + FORM_S_MAX)
    assert number is not None
    assert form.startswith(number)
    assert once.number(form, person, What.OPEN, 1_000.0 + FORM_S_MAX + 1) is None
    assert once.number(form, person, What.OPEN, 4_600.0) is None


@pytest.mark.slow
def test_an_answer_that_comes_late_ends_the_doubt(tmp_path: Path) -> None:
    """A card that stalls for longer than anybody waits: first it is not known, then it is."""

    async def scene(running: Accounts) -> None:
        page = running.page
        page.controller.answers = False
        await running.log_in("guard")
        assert (await order(page, "/act/open?portal=front_door")).status == 303
        assert (await shown(page))["fate"] == "not_known"
        (late,) = [ask for ask in page.controller.asked if type(ask.command) is OpenOnce]
        page.controller.say(Answer(late.request, True))
        assert (await shown(page, lambda row: row["fate"] == "done"))["said"] == "Accepted and recorded."

    play(tmp_path, scene)

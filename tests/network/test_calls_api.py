"""Calls by the API: who stands at an entrance, answered and ended, told to the controller as at the page."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from firmware.core.facts import Afar, AnswerCall, EndCall
from firmware.core.view import CallView
from firmware.network.acts.desk import ORDERS_BURST
from tests.network.accounts import Gate, gate
from tests.network.api_client import by_session, call, seen, token_for, told, until, words
from tests.network.fake_controller import health, quiet, states, welcome
from tests.network.running import RunningPage
from tests.network.test_calls_page import RINGS, calling
from tests.network.test_calls_page import told as told_of

CALLS = "/api/v1/calls"
EVIL = "<b>Li</b>\u202e"


def play(tmp_path: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(tmp_path) as running:
            running.page.controller.first = [welcome(), states(view=calling()), health()]
            running.page.controller.say(states(view=calling(), seq=2))
            await scene(running)

    asyncio.run(whole())


async def rings(page: RunningPage, token: str) -> None:
    await seen(page, CALLS, token, lambda response: told(response)["calls"])


def test_who_calls_is_listed_with_ids_and_times_and_in_ones_language(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "panel", "auditor")
        await rings(page, token)
        content = told(await call(page, "GET", CALLS, token))
        (row,) = content["calls"]  # type: ignore[misc]
        assert content["live"] is True
        assert (row["id"], row["portal"], row["answered"], row["by"]) == ("front_in", "front_door", False, "")
        assert (row["place_text"], row["since"]) == ("Front door", "2026-11-23T05:03:17Z")
        second = CallView("hall_in", "hall", None, answered=True, by=EVIL)
        page.controller.say(states(seq=3, view=calling(second, RINGS)))
        both = await seen(page, CALLS, token, lambda response: len(told(response)["calls"]) == 2)  # type: ignore[arg-type]
        rows = told(both)["calls"]
        assert [(each["id"], each["answered"], each["by"], each["since"]) for each in rows] == [  # type: ignore[attr-defined]
            ("front_in", False, "", "2026-11-23T05:03:17Z"),
            ("hall_in", True, EVIL, None),
        ], "those that ring come first, whatever stands in a name"
        chinese = await call(page, "GET", CALLS, token, headers={"accept-language": "zh-CN"})
        assert f"{EVIL} 已接听。" in chinese.text
        page.controller.say(states(seq=4, view=replace(quiet(), calls=(RINGS,), store_failed=True)))
        failed = await seen(page, CALLS, token, lambda response: len(told(response)["calls"]) == 1)  # type: ignore[arg-type]
        assert told(failed)["live"] is False, "nothing new is committed: it may be over"

    play(tmp_path, scene)


@pytest.mark.parametrize(("what", "kind"), [("answer", AnswerCall), ("end", EndCall)])
def test_a_token_and_a_session_tell_the_controller_what_the_form_tells(tmp_path: Path, what: str, kind: type) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "Panel", "guard")
        for body in (None, {}):
            assert (await call(page, "POST", f"{CALLS}/front_in/{what}", token, body)).status == 204
        await running.log_in("manager")
        assert (await by_session(page, "POST", f"{CALLS}/front_in/{what}")).status == 204
        form = await page.post(f"/call/{what}", [("access_point", "front_in")])
        assert form.status == 303
        by_token, again, by_script, by_form = told_of(page)
        assert by_token == again == kind("client:Panel", afar=Afar("guard", "127.0.0.1"), access_point="front_in")
        assert by_script == by_form == kind("manager", afar=Afar("manager", "127.0.0.1"), access_point="front_in")
        for role in ("auditor", "installer"):
            other = await token_for(running, f"the {role}", role)
            assert words(await call(page, "POST", f"{CALLS}/front_in/{what}", other)) == ("not_allowed", "403")
        assert len(told_of(page)) == 4

    play(tmp_path, scene)


def test_what_the_controller_refuses_or_does_not_hear_is_a_problem_of_its_kind(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "Panel", "guard")
        answer = f"{CALLS}/front_in/answer"
        page.controller.refusals = {"AnswerCall": ("no_call",)}
        over = await call(page, "POST", answer, token)
        assert words(over) == ("refused", "409")
        assert told(over)["reasons"] == ["no_call"]
        chinese = await call(page, "POST", answer, token, headers={"accept-language": "zh-CN"})
        assert "该处已没有呼叫" in chinese.text
        page.controller.refusals = {"AnswerCall": ("portal_not_found:nowhere",)}
        assert words(await call(page, "POST", f"{CALLS}/nowhere/answer", token)) == ("no_such_thing", "404")
        assert words(await call(page, "POST", answer, token, {"open": True})) == ("not_understood", "422")
        page.controller.refusals = {}
        page.controller.answers = False
        asked = len(page.controller.asked)
        silent = asyncio.create_task(call(page, "POST", answer, token))
        await until(lambda: len(page.controller.asked) > asked)
        page.controller.hang_up()
        assert words(await silent) == ("not_known", "504")
        await page.controller.die()
        other = await call(page, "POST", f"{CALLS}/front_in/end", token)
        assert words(other) == ("not_sent", "503")
        assert int(other.header("retry-after") or "0") >= 1

    play(tmp_path, scene)


@pytest.mark.attack("call-06")
def test_a_client_that_answers_without_end_is_slowed_and_keeps_nobody_from_it(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        token = await token_for(running, "Panel", "guard")
        answers = [await call(page, "POST", f"{CALLS}/front_in/answer", token) for _ in range(ORDERS_BURST + 10)]
        statuses = [answer.status for answer in answers]
        assert statuses[:ORDERS_BURST] == [204] * ORDERS_BURST
        slowed = next(answer for answer in answers if answer.status != 204)
        assert words(slowed) == ("too_fast", "429")
        assert int(slowed.header("retry-after") or "0") >= 1
        assert len(told_of(page)) == statuses.count(204)
        await running.log_in("guard")
        assert (await by_session(page, "POST", f"{CALLS}/front_in/end")).status == 204

    play(tmp_path, scene)

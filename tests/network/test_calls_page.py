"""The call of an entrance at the page: on top, answered and ended by one tap each, told to every window, bounded."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import async_playwright

from firmware.core.facts import Afar, AnswerCall, EndCall
from firmware.core.view import CallView, SiteView
from firmware.network.acts.desk import ORDERS_BURST
from tests.network.accounts import Gate, gate
from tests.network.fake_controller import UTC_MS, health, quiet, states, welcome
from tests.network.running import RunningPage, running_page
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS, visit

SINCE_S = UTC_MS // 1000 - 5
RINGS = CallView("front_in", "front_door", SINCE_S)
POINT = [("access_point", "front_in")]
RELOADS = 20


def calling(*calls: CallView) -> SiteView:
    return replace(quiet(), calls=calls or (RINGS,))


def told(page: RunningPage) -> list[AnswerCall | EndCall]:
    return [ask.command for ask in page.controller.asked if isinstance(ask.command, AnswerCall | EndCall)]


def rows(html: str) -> list[str]:
    listed = re.search(r'<ul id="call-rows".*?</ul>', html, re.S)
    assert listed is not None
    return re.findall(r'<li class="call (\w+)"', listed[0])


def play(tmp_path: Path, scene: Callable[[Gate], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(tmp_path) as running:
            running.page.controller.first = [welcome(), states(view=calling()), health()]
            running.page.controller.say(states(view=calling(), seq=2))
            await scene(running)

    asyncio.run(whole())


async def until_seen(page: RunningPage, right: Callable[[Any], bool]) -> Any:
    window = await page.open_window()
    view = await window.until("view", lambda view: right(view["calls"]))  # type: ignore[index]
    window.writer.close()
    return view


def test_who_rings_stands_on_top_with_its_time_and_in_the_title(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("guard")
        view = await until_seen(running.page, lambda calls: len(calls) == 1)
        (call,) = view["calls"]
        assert (call["state"], call["place"], call["since"]) == ("ringing", "Front door", "Since 2026-11-23 13:03:17")
        assert view["title"] == "Front door calls: North gate"
        html = (await running.page.get("/")).text
        assert rows(html) == ["ringing"]
        assert html.index('id="call-rows"') < html.index('id="alarms"') < html.index('id="cards"')
        assert html.count('action="/call/answer"') == 2, "in the row, and in the template of rows"

    play(tmp_path, scene)


@pytest.mark.parametrize(("path", "kind"), [("/call/answer", AnswerCall), ("/call/end", EndCall)])
def test_one_tap_tells_the_controller_with_who_and_from_where(tmp_path: Path, path: str, kind: type) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in("guard")
        answer = await running.page.post(path, POINT)
        assert (answer.status, answer.header("location")) == (303, "/#calls")
        assert told(running.page) == [kind("guard", afar=Afar("guard", "127.0.0.1"), access_point="front_in")]

    play(tmp_path, scene)


@pytest.mark.attack("call-05")
def test_who_answered_is_told_to_every_window_in_its_language(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("manager")
        windows = [await page.open_window(accept_language=language) for language in ("en", "zh")]
        evil = "<b>Li</b>\u202e"
        page.controller.say(states(seq=3, view=calling(replace(RINGS, answered=True, by=evil))))
        for window, text in zip(windows, (f"Answered by {evil}.", f"{evil} 已接听。"), strict=True):
            view: Any = await window.until("view", lambda view: view["calls"][0]["state"] == "answered")  # type: ignore[index]
            assert view["calls"][0]["text"] == text
            assert "calls" not in view["title"], "an answered call needs nobody else"
            window.writer.close()
        html = (await page.get("/")).text
        assert rows(html) == ["answered"]
        assert "<b>Li" not in html
        page.controller.say(states(seq=4, view=quiet()))
        await until_seen(page, lambda calls: calls == [])
        assert rows((await page.get("/")).text) == []

    play(tmp_path, scene)


@pytest.mark.parametrize("role", ["auditor", "installer"])
def test_others_see_the_call_and_have_no_button(tmp_path: Path, role: str) -> None:
    async def scene(running: Gate) -> None:
        await running.log_in(role)
        await until_seen(running.page, lambda calls: len(calls) == 1)
        html = (await running.page.get("/")).text
        assert rows(html) == ["ringing"]
        assert "/call/" not in html
        for path in ("/call/answer", "/call/end"):
            assert (await running.page.post(path, POINT)).status == 403
        assert told(running.page) == []

    play(tmp_path, scene)


def test_what_cannot_be_done_says_so_and_what_next(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        page.controller.refusals = {"AnswerCall": ("no_call",)}
        gone = await page.post("/call/answer", POINT)
        assert gone.status == 409
        assert "Nobody calls there any more" in gone.text
        for bad in ([], [("access_point", "")], [("access_point", "x" * 10_000)]):
            refused = await page.post("/call/answer", bad)
            assert refused.status in (400, 413)
        assert len(told(page)) == 1
        await page.controller.die()
        async with asyncio.timeout(10):
            while (await page.post("/call/answer", POINT)).status == 409:
                pass
        away = await page.post("/call/answer", POINT)
        assert away.status in (503, 429)

    play(tmp_path, scene)


@pytest.mark.attack("call-04")
def test_a_storm_of_taps_of_one_person_is_slowed_before_the_controller(tmp_path: Path) -> None:
    async def scene(running: Gate) -> None:
        page = running.page
        await running.log_in("guard")
        token = await page.token()
        found = [(await page.post("/call/answer", POINT, token=token)).status for _ in range(ORDERS_BURST + 10)]
        assert found[:ORDERS_BURST] == [303] * ORDERS_BURST
        assert 429 in found
        assert len(told(page)) < ORDERS_BURST + 10
        await running.log_in("manager")
        assert (await page.post("/call/end", POINT)).status == 303, "nobody's taps keep another one from it"

    play(tmp_path, scene)


@pytest.mark.slow
@NEEDS_CHROMIUM
@pytest.mark.parametrize("script", [True, False])
def test_a_guard_answers_with_a_finger_and_another_window_sees_it(tmp_path: Path, script: bool) -> None:
    async def scene() -> None:
        first = (welcome(), states(view=calling() if not script else quiet()), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            windows = [await visit(browser, running, locale="en-GB", script=script, enter=False) for _ in range(2)]
            if script:
                assert await windows[0].page.locator(".call").count() == 0
                running.controller.say(states(seq=2, view=calling()))
            page = windows[0].page
            answer = page.get_by_role("button", name="Answer: Front door")
            await answer.wait_for(timeout=WAIT_MS)
            await page.set_viewport_size({"width": 320, "height": 640})
            assert not await windows[0].overflows()
            box = await answer.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 640, "it is on the screen without scrolling"
            answered = states(seq=3, view=calling(replace(RINGS, answered=True, by="console")))
            running.controller.on_ask = lambda _: running.controller.say(answered)
            await answer.click()
            await page.wait_for_url("**/#calls")
            elsewhere = calling(replace(RINGS, answered=True, by="anna"))
            for by, others in (("Console", 0), ("anna", 1)):  # whoever has it is not offered to take it over
                if others:
                    running.controller.say(states(seq=4, view=elsewhere))
                for shown in windows:
                    said = shown.page.get_by_text(f"Answered by {by}.")
                    for _ in range(0 if script else RELOADS):
                        await shown.page.reload()
                        if await said.count():
                            break
                    await said.wait_for(timeout=WAIT_MS)
                    take_over = shown.page.get_by_role("button", name="Take over: Front door")
                    assert await take_over.count() == others
            for shown in windows:
                link = shown.page.locator(".call .open")
                assert await link.get_attribute("href") == "/act/open?portal=front_door"
            await page.get_by_role("button", name="End the call: Front door").click()
            await page.wait_for_url("**/#calls")
            assert [type(command) for command in told(running)] == [AnswerCall, EndCall]
            assert [shown.complaints for shown in windows] == [[], []]
            await browser.close()

    asyncio.run(scene())

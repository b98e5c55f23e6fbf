"""Orders in a real browser at phone size: by keyboard, by double click, with and without script, in both languages."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright, expect

from firmware.core.facts import OpenOnce
from firmware.core.view import Mode, Position
from tests.network.fake_controller import door, hall, health, quiet, shed, states, welcome
from tests.network.running import RunningPage, running_page
from tests.network.test_acts import commands
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS, visit

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
FORCED = shed(alarms=("door.forced",), position=Position.OPEN, acknowledged=False)


def play(folder: Path, scene: Callable[[Browser, RunningPage], Awaitable[None]]) -> None:
    async def whole() -> None:
        first = (welcome(), states(view=quiet(door(), FORCED, hall())), health())
        async with async_playwright() as playwright, running_page(folder, *first) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await scene(browser, running)
            await browser.close()

    asyncio.run(whole())


@pytest.mark.parametrize(
    ("locale", "script", "link", "yes", "accepted", "proven"),
    [
        ("en-GB", True, "Open once: Front door", "Open once", "Accepted and recorded.", "It is open."),
        ("zh-CN", True, "单次开启：Front door", "单次开启", "已接受并记录。", "已打开。"),
        ("en-GB", False, "Open once: Front door", "Open once", "Accepted and recorded.", "It is open."),
    ],
)
def test_an_order_from_the_card_to_its_proof(
    tmp_path: Path, locale: str, script: bool, link: str, yes: str, accepted: str, proven: str
) -> None:
    async def scene(browser: Browser, running: RunningPage) -> None:
        shown = await visit(browser, running, locale=locale, script=script, enter=False)
        page = shown.page
        await page.get_by_role("link", name=link, exact=True).click()
        await page.wait_for_url("**/act/open?portal=front_door")
        assert not await shown.overflows()
        await page.get_by_role("button", name=yes, exact=True).dblclick()
        await page.wait_for_url("**/#asked")
        row = page.locator("#asked-rows .ask")
        await expect(row).to_have_count(1, timeout=20_000)
        assert await row.locator(".fate").inner_text() == accepted
        assert await page.locator("#portal-front_door").get_attribute("data-position") == "closed"
        running.controller.say(
            states(seq=2, view=quiet(door(mode=Mode.ACCESSED, position=Position.OPEN), FORCED, hall()))
        )
        if script:
            await row.get_by_text(proven).wait_for(timeout=WAIT_MS)
        else:  # the page loads itself again; a person is faster
            async with asyncio.timeout(WAIT_MS / 1000):
                while await row.locator(".proof .text").inner_text() != proven:
                    await page.reload()
        assert await page.locator("#portal-front_door").get_attribute("data-position") == "open"
        assert not await shown.overflows()
        assert commands(running) == [OpenOnce("console", afar=commands(running)[0].afar, portal="front_door")]
        assert shown.complaints == []

    play(tmp_path, scene)


def test_enter_does_nothing_and_the_keyboard_reaches_all_of_it(tmp_path: Path) -> None:
    async def scene(browser: Browser, running: RunningPage) -> None:
        page = (await visit(browser, running, locale="en-GB", enter=False)).page
        await page.locator("#portal-front_door summary").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/act/hold?portal=front_door")
        await page.locator("#until").focus()
        await page.keyboard.press("Enter")  # as somebody does who has typed a time
        await page.wait_for_url(f"http://127.0.0.1:{running.port}/")
        assert commands(running) == []
        await page.goto(f"http://127.0.0.1:{running.port}/act/hold?portal=front_door")
        await page.locator("#minutes-15").focus()
        await page.keyboard.press("ArrowDown")
        for _ in range(9):  # the time has fields of its own: hours, minutes, its picker
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.value") == "yes":
                break
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/#asked")
        (held,) = commands(running)
        assert type(held).__name__ == "HoldOpen"
        assert await page.evaluate("document.activeElement.id") == "asked", "and reading goes on at what became of it"

    play(tmp_path, scene)


def test_an_alarms_button_comes_and_goes_with_what_is_told(tmp_path: Path) -> None:
    """Made by the server, and by the script: the same link."""

    async def scene(browser: Browser, running: RunningPage) -> None:
        shown = await visit(browser, running, locale="en-GB", enter=False)
        page = shown.page
        await page.wait_for_selector('body[data-live="yes"]', timeout=WAIT_MS)
        seen = page.locator("#alarms a")
        assert await seen.get_attribute("href") == "/act/acknowledge?subject=bike_shed"
        acknowledged = shed(alarms=("door.forced",), position=Position.OPEN, acknowledged=True)
        running.controller.say(states(seq=2, view=quiet(door(), acknowledged, hall())))
        await page.wait_for_selector("#alarms .alarm.seen", timeout=WAIT_MS)
        await expect(seen).to_have_count(0, timeout=20_000)
        running.controller.say(states(seq=3, view=quiet(door(acknowledged=False), shed(), hall())))
        await page.locator("#alarms").get_by_text("it is over, and nobody has seen it").wait_for(timeout=WAIT_MS)
        assert await seen.get_attribute("href") == "/act/acknowledge?subject=front_door"
        await seen.click()
        tree = await page.locator("main").aria_snapshot()
        assert "Says that you have seen the alarms of Front door" in tree
        assert tree.index("No, back") < tree.index('button "I have seen it"')
        assert shown.complaints == []

    play(tmp_path, scene)

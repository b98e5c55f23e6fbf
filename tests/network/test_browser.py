"""The page in a real browser at phone size: live, nothing as markup, no foreign request, no overflow."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from firmware.core.codes import Code
from firmware.core.effects import Event
from firmware.core.view import Mode, PortalView, Position
from firmware.network.events import EventLine, line_of
from tests.network.fake_controller import UTC_MS, door, hall, health, quiet, shed, states, welcome
from tests.network.running import PORTAL_NAMES, RunningPage, running_page, settings

# Debian's Chromium without windows of its own: the same engine at a third of the work. Days of users (tests/run) and
# figures are by the whole of it.
CHROMIUM = shutil.which("chromium-headless-shell")
NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium-headless-shell: make system")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PHONE = {"width": 390, "height": 844}
WAIT_MS = 10_000
EVIL = "<img src=x onerror=\"document.title='broken'\"><script>document.title='broken'</script>\u202e \U0001f6b2"

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


class Visit:
    """One browser page, with everything it complained of and every address it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.asked: set[str] = set()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.asked.add(request.url))

    async def overflows(self) -> bool:
        await self.page.wait_for_load_state("load")  # a page whose style has not come yet is as wide as its table
        script = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        return bool(await self.page.evaluate(script))


async def visit(
    browser: Browser, running: RunningPage, *, locale: str, script: bool = True, enter: bool = True
) -> Visit:
    context = await browser.new_context(viewport=PHONE, locale=locale, java_script_enabled=script)
    if not enter:
        name, _, content = (running.cookie or "").partition("=")
        await context.add_cookies([{"name": name, "value": content, "url": f"http://127.0.0.1:{running.port}"}])
    shown = Visit(await context.new_page())
    target = f"/?code={running.code}" if enter else "/"
    await shown.page.goto(f"http://127.0.0.1:{running.port}{target}")
    return shown


def lines(count: int) -> list[EventLine]:
    made = [
        line_of(1, seq, UTC_MS, Event(Code.DENIED, portal="front_door", detail=EVIL)) for seq in range(count, 0, -1)
    ]
    return [line for line in made if line is not None]


def test_a_phone_shows_each_change_as_text_and_asks_nobody_else(tmp_path: Path) -> None:
    kept = lines(1)

    async def scene() -> None:
        site = settings(portal_names=PORTAL_NAMES | {"hall": EVIL})
        first = (welcome(), states(), health())
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with running_page(tmp_path, *first, read=lambda *_: list(kept), site=site, enter=False) as running:
                shown = await visit(browser, running, locale="en-GB")
                page = shown.page
                assert page.url == f"http://127.0.0.1:{running.port}/", "the code is gone from the address"
                card = page.locator("#portal-front_door")
                await page.wait_for_selector('body[data-live="yes"]', timeout=WAIT_MS)
                assert await card.get_attribute("data-position") == "closed"
                alarmed = shed(alarms=("door.forced",), position=Position.OPEN, acknowledged=False)
                kept[:] = lines(3)
                opened = door(mode=Mode.ACCESSED, position=Position.OPEN)
                running.controller.say(states(seq=3, view=quiet(opened, alarmed, hall(alarms=(EVIL,)))))
                await page.wait_for_selector('#portal-front_door[data-position="open"]', timeout=WAIT_MS)
                await page.wait_for_selector("#alarms .alarm.seen", timeout=WAIT_MS)
                await page.wait_for_selector("#events li:nth-child(3)", timeout=WAIT_MS)
                await expect(page.locator("#alarms > li")).to_have_count(2, timeout=20_000)
                await expect(page.locator("#events > li")).to_have_count(3, timeout=20_000)
                assert EVIL in (await page.locator("#events li .note").first.text_content() or "")
                assert (await page.title()).startswith("(1) ")
                await expect(page.locator("img:not(.mark), main script")).to_have_count(0, timeout=20_000)
                assert not await shown.overflows()
                await page.click("text=中文")
                await page.wait_for_selector('html[lang="zh-Hans"]', timeout=WAIT_MS)
                await expect(page.locator("text=门与闸机")).to_have_count(1, timeout=20_000)
                assert not await shown.overflows()
                assert shown.complaints == []
                assert {url.split("/")[2] for url in shown.asked} == {f"127.0.0.1:{running.port}"}
            await page.wait_for_selector("#lost:not([hidden])", timeout=WAIT_MS)
            assert await page.locator("body").get_attribute("data-live") == "no"
            await browser.close()

    asyncio.run(scene())


def test_without_script_it_reads_and_loads_itself_again(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, running_page(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shown = await visit(browser, running, locale="zh-CN", script=False, enter=False)
            await expect(shown.page.locator(".card")).to_have_count(3, timeout=20_000)
            assert await shown.page.locator("html").get_attribute("lang") == "zh-Hans"
            await browser.close()

    asyncio.run(scene())


def test_keyboard_and_screen_reader_find_their_way(tmp_path: Path) -> None:
    """The Tab key stops first at the skip link, which leads to the doors; landmarks and live regions are there."""

    async def scene() -> None:
        odd = PortalView(id="gate", kind="barrier", mode=Mode.UNKNOWN, position=Position.FAULT)
        async with (
            async_playwright() as playwright,
            running_page(tmp_path, welcome(), states(view=quiet(odd))) as running,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shown = await visit(browser, running, locale="en-GB", enter=False)
            page = shown.page
            await page.keyboard.press("Tab")
            assert await page.evaluate("document.activeElement.className") == "skip"
            await page.keyboard.press("Enter")
            assert await page.evaluate("document.activeElement.id") == "portals"
            tree: Any = await page.locator("body").aria_snapshot()
            for piece in (
                "banner",
                "navigation",
                "main",
                "contentinfo",
                "status",
                'heading "Lanes, doors and turnstiles"',
            ):
                assert piece in tree, tree
            await expect(page.locator("[aria-live]")).to_have_count(4, timeout=20_000)
            await browser.close()

    asyncio.run(scene())

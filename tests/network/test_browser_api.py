"""Clients and the API's page in a real browser: made, copied, revoked by clicks, phone and desktop, both languages."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from tests.network.accounts import PASSPHRASE, Gate, gate
from tests.network.api_client import call, told
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, PHONE, WAIT_MS

DESKTOP = {"width": 1280, "height": 900}
WORDS = {
    "en-GB": ("New client", "Make a token", "Guard", "Revoke this client", "The client is revoked."),
    "zh-CN": ("新建客户端", "生成令牌", "门卫", "撤销此客户端", "客户端已撤销。"),
}

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


def play(folder: Path, scene: Callable[[Gate, Browser], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with gate(folder) as running, async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await scene(running, browser)
            await browser.close()

    asyncio.run(whole())


async def logged_in(running: Gate, browser: Browser, size: dict[str, int], locale: str, script: bool = True) -> Page:
    context = await browser.new_context(viewport=size, locale=locale, java_script_enabled=script)  # type: ignore[arg-type]
    page = await context.new_page()
    page.set_default_timeout(WAIT_MS)
    await page.goto(f"http://127.0.0.1:{running.page.port}/login")
    await page.locator("#name").fill("manager")
    await page.locator("#passphrase").fill(PASSPHRASE)
    await page.locator("main form button").click()
    await page.wait_for_url("**/")
    return page


async def fits(page: Page) -> bool:
    await page.wait_for_load_state("load")
    return bool(await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


@pytest.mark.parametrize(("size", "locale"), [(PHONE, "zh-CN"), (DESKTOP, "en-GB")], ids=["phone", "desktop"])
def test_a_manager_gives_a_program_a_token_and_takes_it_back(tmp_path: Path, size: dict[str, int], locale: str) -> None:
    async def scene(running: Gate, browser: Browser) -> None:
        heading, make, guard, revoke, revoked = WORDS[locale]
        page = await logged_in(running, browser, size, locale)
        await page.locator('nav a[href="/clients"]').first.click()
        await page.get_by_role("heading", name=heading).wait_for()
        assert await fits(page)
        await page.locator("#name").fill("Parcel lockers 快递柜")
        await page.get_by_label(re.compile(guard)).check()
        await page.get_by_role("button", name=make).click()
        token = await page.locator("code.token").inner_text()
        assert await fits(page)
        me = told(await call(running.page, "GET", "/api/v1/me", token))
        assert me["name"] == "client:Parcel lockers 快递柜"
        await page.locator("a.button").click()
        assert token not in await page.content(), "shown once"
        await page.locator("details summary").first.click()
        await page.get_by_role("button", name=revoke).click()
        await page.get_by_text(revoked).wait_for()
        assert (await call(running.page, "GET", "/api/v1/me", token)).status == 401

    play(tmp_path, scene)


def test_the_apis_page_is_read_without_script_and_asks_no_other_host(tmp_path: Path) -> None:
    async def scene(running: Gate, browser: Browser) -> None:
        for locale in WORDS:
            page = await logged_in(running, browser, {"width": 320, "height": 700}, locale, script=False)
            asked: set[str] = set()
            complaints: list[str] = []
            page.on("request", lambda request, asked=asked: asked.add(request.url))
            page.on("console", lambda message, complaints=complaints: complaints.append(message.text))
            await page.goto(f"http://127.0.0.1:{running.page.port}/api")
            assert await fits(page)
            await page.get_by_role("link", name="POST /api/v1/portals/{portal}/open").click()
            await page.wait_for_url("**/api?of=gate_now#post_open")
            await expect(page.get_by_role("heading", name="POST /api/v1/portals/{portal}/open")).to_be_in_viewport()
            assert await fits(page)
            await page.locator("summary").first.click()
            assert await page.locator("details[open] dd").count() > 4
            assert all(url.startswith(f"http://127.0.0.1:{running.page.port}/") for url in asked)
            assert complaints == []

    play(tmp_path, scene)

"""A review's lists in a real browser, without script: searched, gone back, in both languages; and a purpose stated."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM
from tests.network.test_browser_access import AXE, axe
from tests.network.test_browser_accounts import fits
from tests.people_rules.came import cleo_came, without_cleo
from tests.people_rules.pages import NARROW, PHONE, logged_in, opened, place

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
WAIT_MS = 20_000


def test_a_search_goes_back_and_into_the_other_language_and_stands_in_no_address(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            without_cleo(running.office)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=PHONE, locale="en-GB", java_script_enabled=False)
            addresses: list[str] = []
            page.on("request", lambda request: addresses.append(request.url))
            await logged_in(page, running.home)
            await page.goto(f"{running.home}/people/review")
            await page.get_by_role("button", name="Compare now").click()
            await page.get_by_role("link", name="Show who loses").click(timeout=WAIT_MS)
            people = page.locator(".concerned > li")
            await expect(people).to_have_count(1, timeout=WAIT_MS)
            for words, count in (("anna", 0), ("Cleo", 1)):
                await page.fill("#words", words)
                await page.get_by_role("button", name="Find").click()
                await expect(people).to_have_count(count, timeout=WAIT_MS)
                assert await page.input_value("#words") == words
            await page.get_by_role("link", name="中文").click()
            await expect(people).to_have_count(1, timeout=WAIT_MS)
            assert await page.input_value("#words") == "Cleo"
            assert "失去全部权限" in await people.inner_text()
            await page.go_back()
            await page.go_back()
            await expect(people).to_have_count(0, timeout=WAIT_MS)
            assert await page.input_value("#words") == "anna", "back is the search before, and asks nothing of anybody"
            assert [address for address in addresses if "anna" in address.lower() or "cleo" in address.lower()] == []
            await browser.close()

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("locale", "record"), [("en-GB", "Record and show"), ("zh-CN", "记录并显示")], ids=["en", "zh"]
)
def test_an_auditor_states_a_purpose_and_then_sees_whom_it_concerns(tmp_path: Path, locale: str, record: str) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            cleo_came(running.office)
            without_cleo(running.office)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context, page, complaints = await opened(browser, viewport=NARROW, locale=locale)
            await context.add_init_script(AXE)
            await logged_in(page, running.home)
            await page.goto(f"{running.home}/people/review")
            await page.fill("#why-make", "before the cleaning hours change")
            await page.locator('form[action="/people/review"] button').click()
            await page.wait_for_selector("#result", timeout=WAIT_MS)
            await context.clear_cookies()
            await logged_in(page, running.home, "auditor")
            await page.goto(f"{running.home}/people/review")
            await page.locator("a[href*='/review/passages']").click()
            await fits(page)
            assert await axe(page) == []
            assert "Cleo" not in await page.locator("main").inner_text()
            await page.fill("#purpose", "who is to be told of it")
            await page.get_by_role("button", name=record).click()
            await expect(page.locator(".concerned > li")).to_have_count(1, timeout=WAIT_MS)
            assert "Cleo" in await page.locator(".concerned").inner_text()
            assert "who is to be told of it" in await page.locator("main").inner_text()
            await fits(page)
            assert await axe(page) == []
            assert complaints == []
            await browser.close()

    asyncio.run(scene())

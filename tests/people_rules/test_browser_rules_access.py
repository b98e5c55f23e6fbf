"""The pages of rules and reviews for everybody: axe-core finds nothing, in both languages, sizes and schemes."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from tests.network.running import running_page
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM
from tests.network.test_browser_access import AXE, axe, open_folds
from tests.network.test_browser_accounts import fits
from tests.people_rules.pages import DESKTOP, NARROW, logged_in, opened, place

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
PAGES = (
    "schedules",
    "schedules?done=schedule_saved",
    "schedule",
    "schedule?name=cleaning",
    "days",
    "days?past=1",
    "profiles",
    "profile",
    "profile?name=residents",
    "review",
    "review/who?side=lost&review={review}",
    "review/who?side=gained&review={review}",
    "review/changes?review={review}",
    "review/passages?review={review}",
    "review/bring",
)


@pytest.mark.parametrize(
    ("locale", "scheme", "viewport"),
    [("en-GB", "light", NARROW), ("zh-CN", "dark", DESKTOP)],
    ids=["phone-en-light", "desktop-zh-dark"],
)
def test_every_page_is_for_everybody(tmp_path: Path, locale: str, scheme: str, viewport: dict[str, int]) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context, page, complaints = await opened(browser, viewport=viewport, locale=locale, color_scheme=scheme)
            await context.add_init_script(AXE)
            await logged_in(page, running.home)
            # Something waits, and has been compared: with a purpose, so that the journal is looked for, too.
            await page.goto(f"{running.home}/people/schedule?name=cleaning")
            await page.fill("#day-0", "08:10-09:05")
            await page.click("#save")
            await page.goto(f"{running.home}/people/review")
            await page.fill("#why-make", "to see what is different")
            await page.locator('form[action="/people/review"] button').click()
            await page.wait_for_selector("#result")
            href = await page.locator("a[href*='/review/who']").first.get_attribute("href") or ""
            review = href.partition("review=")[2].partition("&")[0]
            assert review
            found: dict[str, list[str]] = {}
            for name in PAGES:
                await page.goto(f"{running.home}/people/{name.format(review=review)}")
                await open_folds(page)
                await fits(page)
                wrong = await axe(page)
                if wrong:
                    found[name] = wrong
            assert found == {}
            assert complaints == []
            await browser.close()

    asyncio.run(scene())


def test_pages_that_nobody_can_answer_are_for_everybody_too(tmp_path: Path) -> None:
    """There is no desk here: each page says so, and what to do."""

    async def scene() -> None:
        async with async_playwright() as playwright, running_page(tmp_path, enter=False) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context, page, _ = await opened(browser, viewport=NARROW, locale="en-GB")
            await context.add_init_script(AXE)
            home = f"http://127.0.0.1:{running.port}"
            await page.goto(f"{home}/?code={running.code}")
            found: dict[str, list[str]] = {}
            for name in (
                "schedules",
                "schedule",
                "days",
                "profiles",
                "profile",
                "review",
                "review/who",
                "review/bring",
            ):
                await page.goto(f"{home}/people/{name}")
                await expect(page.locator(".said")).to_have_count(1, timeout=20_000)
                await open_folds(page)
                await fits(page)
                wrong = await axe(page)
                if wrong:
                    found[name] = wrong
            assert found == {}
            await browser.close()

    asyncio.run(scene())

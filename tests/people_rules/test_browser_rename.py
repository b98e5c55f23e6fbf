"""Renaming in a real browser, both languages, with and without script: what is refused, what goes along, the review."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright

from firmware.roster.source.rules import read_rulebook
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM
from tests.network.test_browser_accounts import fits
from tests.people_rules.pages import DESKTOP, PHONE, logged_in, opened, place

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
TEXTS = {
    "en-GB": {
        "rename": "Rename",
        "there": "There is a profile visitors already",
        "profile": "The access profile has its new name",
        "schedule": "The schedule has its new name",
        "site": "site file",
        "nobody": "Nobody would lose access",
        "compare": "Compare now",
        "renamed": "renamed",
        "along": "2 holders have it by its new name",
        "holders": "2 holders",
    },
    "zh-CN": {
        "rename": "改名",
        "there": "已有权限组 visitors",
        "profile": "权限组已改名",
        "schedule": "时间表已改名",
        "site": "现场配置文件",
        "nobody": "没有人会失去权限",
        "compare": "开始比较",
        "renamed": "已改名",
        "along": "2 位持有人已改用新名称",
        "holders": "2 位持有人",
    },
}


async def rename(page: Page, home: str, kind: str, name: str, new_name: str) -> None:
    await page.goto(f"{home}/people/{kind}?name={name}")
    await page.locator("details", has=page.locator("#new-name")).locator("summary").click()
    await page.fill("#new-name", new_name)
    await page.click("#rename")


@pytest.mark.parametrize(
    ("locale", "viewport", "script"),
    [("en-GB", PHONE, False), ("zh-CN", DESKTOP, True)],
    ids=["phone-en-no-script", "desktop-zh"],
)
def test_names_are_changed_and_reviewed(tmp_path: Path, locale: str, viewport: dict[str, int], script: bool) -> None:
    texts = TEXTS[locale]

    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, complaints = await opened(browser, viewport=viewport, locale=locale, java_script_enabled=script)
            await logged_in(page, running.home)
            await rename(page, running.home, "profile", "cleaning", "visitors")
            assert texts["there"] in await page.locator(".said").inner_text()
            assert await page.input_value("#new-name") == "visitors", "what was typed is still there, and in sight"
            assert await page.locator("#new-name").is_visible()
            await fits(page)
            complaints.clear()  # a browser complains of each answer 409
            await page.fill("#new-name", "cleaners")
            await page.click("#rename")
            assert texts["profile"] in await page.locator(".done").inner_text()
            row = page.locator(".rules > li", has=page.get_by_role("heading", name="cleaners", exact=True))
            assert texts["holders"] in await row.inner_text()
            await rename(page, running.home, "schedule", "cleaning", "mornings")
            assert texts["schedule"] in await page.locator(".done").inner_text()
            await rename(page, running.home, "schedule", "night", "dark")
            assert texts["site"] in await page.locator(".said").inner_text()
            complaints.clear()
            with running.office.source() as source:
                book = read_rulebook(source).rulebook
            assert {rule.schedule for rule in book.profiles["cleaners"].rules} == {"mornings"}
            assert "night" in book.schedules
            await page.goto(f"{running.home}/people/review")
            await page.get_by_role("button", name=texts["compare"]).click()
            for _ in range(60):  # without script the page of the job leads on by itself, each second
                if await page.locator("#result").count():
                    break
                await page.wait_for_load_state()
                await page.goto(f"{running.home}/people/review")
            assert texts["nobody"] in await page.locator("#result").inner_text()
            await page.locator("a[href*='/review/changes']").click()
            rows = page.locator(".concerned > li")
            await rows.first.wait_for()
            assert await rows.count() == 2, "one for each name, and none for who holds it"
            told = await page.locator(".concerned").inner_text()
            assert texts["renamed"] in told
            assert texts["along"] in told
            assert [await one.inner_text() for one in await page.locator(".difference ins").all()] != []
            await fits(page)
            assert complaints == []
            await browser.close()

    asyncio.run(scene())

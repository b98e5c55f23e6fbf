"""The pages about accounts in a real browser at phone size: without script, by keyboard, in both languages."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from tests.network.accounts import PASSPHRASE, gate
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, PHONE, WAIT_MS

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
# A browser says of itself that a page was refused; nothing else may stand in its console.
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
# For every control: a name that a screen reader says, and at least as large as a finger (WCAG 2.2, 2.5.8: 24 px).
UNNAMED = """() => Array.from(document.querySelectorAll("input:not([type=hidden]):not(.unseen), button, summary"))
  .filter((one) => one.checkVisibility())
  .filter((one) => !(one.labels?.length || one.textContent.trim()) || one.getBoundingClientRect().height < 24)
  .map((one) => one.outerHTML)"""


async def fits(page: Page) -> None:
    await page.wait_for_load_state()  # with its style
    await page.wait_for_load_state("load")
    assert not await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    assert await page.evaluate(UNNAMED) == []
    ids = await page.evaluate("Array.from(document.querySelectorAll('[id]'), (one) => one.id)")
    assert len(ids) == len(set(ids)), ids


@pytest.mark.parametrize(
    ("locale", "invite", "login"), [("en-GB", "Make the account", "Log in"), ("zh-CN", "创建账户", "登录")]
)
def test_a_manager_works_without_script(tmp_path: Path, locale: str, invite: str, login: str) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, gate(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport=PHONE, locale=locale, java_script_enabled=False)
            page = await context.new_page()
            page.set_default_timeout(WAIT_MS)
            home = f"http://127.0.0.1:{running.page.port}"
            await page.goto(f"{home}/accounts")
            await page.locator("#name").fill("manager")
            await page.locator("#passphrase").fill(PASSPHRASE)
            await page.get_by_role("button", name=login).click()
            await page.wait_for_url(f"{home}/")
            await page.goto(f"{home}/accounts")
            await page.locator("#name").fill("陈伟")
            await page.locator("#make-guard").check()
            await page.get_by_role("button", name=invite).click()
            assert re.fullmatch(r"[0-9A-Z-]{14}", await page.locator(".code-letters").inner_text())
            await page.goto(f"{home}/accounts")
            listed = page.locator(".accounts > li", has=page.get_by_role("heading", name="陈伟"))
            assert await listed.locator("button.grave").is_hidden(), "what cannot be undone is behind a fold"
            await listed.locator("summary").last.click()
            await listed.locator("button.grave").click()
            await page.wait_for_url(f"{home}/accounts?done=deleted")
            await expect(page.get_by_role("heading", name="陈伟")).to_have_count(0, timeout=20_000)
            assert set(running.accounts()) == {"guard", "manager", "installer", "auditor"}
            await browser.close()

    asyncio.run(scene())


@pytest.mark.parametrize("locale", ["en-GB", "zh-CN"])
def test_every_page_fits_a_phone_and_names_its_controls(tmp_path: Path, locale: str) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, gate(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = await (await browser.new_context(viewport=PHONE, locale=locale)).new_page()
            page.set_default_timeout(WAIT_MS)
            complaints: list[str] = []
            asked: set[str] = set()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("request", lambda request: asked.add(request.url.split("/")[2]))
            home = f"http://127.0.0.1:{running.page.port}"
            for target in ("/", "/login", "/join"):
                await page.goto(home + target)
                await fits(page)
            await page.goto(f"{home}/login")
            await page.locator("#name").fill("W" * 40)
            await page.locator("#passphrase").fill("wrong")
            await page.keyboard.press("Enter")
            await page.locator(".said").wait_for()
            await fits(page)
            await page.locator("#name").fill("manager")
            await page.locator("#passphrase").fill(PASSPHRASE)
            await page.keyboard.press("Enter")
            await page.locator("#cards").wait_for()
            await fits(page)
            await page.goto(f"{home}/accounts")
            for fold in await page.locator("details").all():
                await fold.locator("summary").click()
            await fits(page)
            await page.locator("#name").fill("W" * 40)
            await page.locator("#make-auditor").check()
            await page.locator("#make-auditor").press("Enter")
            await page.locator(".code-letters").wait_for()
            await fits(page)
            await page.goto(f"{home}/accounts")
            await fits(page)
            await page.goto(f"{home}/account")
            await fits(page)
            await page.locator("#factor-passphrase").fill(PASSPHRASE)
            await page.keyboard.press("Enter")
            await page.locator("svg.qr").wait_for()
            await fits(page)
            assert [said for said in complaints if not REFUSED.match(said)] == []
            assert asked == {f"127.0.0.1:{running.page.port}"}
            await browser.close()

    asyncio.run(scene())

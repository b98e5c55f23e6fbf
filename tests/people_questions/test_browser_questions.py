"""The questions in a real browser: from an event of the journal to why, for a purpose to who; may she, with a week."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from firmware.network.accounts.account import Role
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS
from tests.people_import.browsing import window
from tests.people_import.pages import denied, desk_gate
from tests.people_questions.test_question_pages import NEIGHBOUR, PURPOSE
from tests.people_questions.test_question_times import TWICE, in_berlin

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


@pytest.mark.parametrize(("locale", "why", "may"), [("en-GB", "Why?", "May she?"), ("zh-CN", "为什么？", "能否通行？")])
def test_from_a_refusal_to_why_to_who_and_to_the_week(tmp_path: Path, locale: str, why: str, may: str) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, desk_gate(tmp_path) as gate:
            event = denied(
                gate, NEIGHBOUR, "neighbour", "bike_in", "bike_shed", "credential_valid",
                "profile_without_access_point:bike_in",
            )  # fmt: skip
            gate.write(event)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with window(browser, gate, locale=locale) as shown:
                page, language = shown.page, locale[:2]
                await shown.go("/journal")
                await page.click(f"table.rows >> text={why}")
                await page.wait_for_selector("li.refused", timeout=WAIT_MS)
                await shown.looked_at(f"why-{language}")
                await page.fill("#purpose", PURPOSE)
                await page.click("main form button")
                await page.wait_for_selector("text=neighbour", timeout=WAIT_MS)
                await shown.looked_at(f"why-named-{language}")
                await page.click("main a[href^='/questions/may']")
                await page.wait_for_selector(".answer.refused", timeout=WAIT_MS)
                await expect(page.locator(".glance tbody tr")).to_have_count(7, timeout=20_000)
                await page.select_option("#point", "front_in")
                await page.click("main form button")
                await page.wait_for_selector(".answer:not(.refused)", timeout=WAIT_MS)
                await shown.looked_at(f"may-{language}")
                await page.click(f"nav >> text={may}")
                await page.fill("#who", "visi")
                await page.click("main form button")
                await page.wait_for_selector("input[name=holder][value=visitor]", timeout=WAIT_MS)
                await shown.looked_at(f"may-found-{language}")
                await page.select_option("#point", "hall_in")
                await page.fill("#at", "2026-11-23T05:59")
                await page.click("main form button")
                await page.wait_for_selector(".answer.refused", timeout=WAIT_MS)
                await shown.looked_at(f"may-visitor-{language}")
            await browser.close()

    asyncio.run(scene())


def test_a_guard_reads_why_without_script(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, desk_gate(tmp_path, Role.GUARD) as gate:
            gate.write(denied(gate, NEIGHBOUR, "neighbour", "front_in", "front_door", "credential_expired"))
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with window(browser, gate, script=False) as shown:
                await shown.go("/journal")
                await shown.page.click("table.rows >> text=Why?")
                assert "It has expired: give it a later end." in (await shown.page.text_content("main") or "")
                assert not await shown.overflows()
            await browser.close()

    asyncio.run(scene())


@pytest.mark.parametrize(("locale", "second"), [("en-GB", "The second:"), ("zh-CN", "第二次：")])
def test_a_time_that_came_twice_is_chosen_from(tmp_path: Path, locale: str, second: str) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, desk_gate(tmp_path, file=in_berlin(tmp_path)) as gate:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with window(browser, gate, locale=locale) as shown:
                page = shown.page
                await shown.go("/questions/may?holder=resident&point=hall_in")
                await expect(page.locator("input[name=which]")).to_have_count(0, timeout=WAIT_MS)
                await page.fill("#at", TWICE)
                await page.click("main form button")
                await page.get_by_label(second).check(timeout=WAIT_MS)
                await shown.looked_at(f"may-twice-{locale[:2]}")
                await page.click("main form button")
                await expect(page.locator("#answer-title")).to_contain_text("(UTC+01:00)", timeout=WAIT_MS)
                assert await page.get_by_label(second).is_checked()
            await browser.close()

    asyncio.run(scene())

"""The journal's pages in a real browser: real clicks, both languages, phone and desktop, keyboard, print."""

from __future__ import annotations

import asyncio
import io
import os
import zipfile
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.network.accounts.account import Role
from tests.network.accounts import PASSPHRASE
from tests.network.journals import HOLDER, NOTE, UTC_MS, JournalGate, journal_gate
from tests.network.test_browser import CHROMIUM, EVIL, FLAGS, NEEDS_CHROMIUM, PHONE, WAIT_MS, Visit

DESKTOP = {"width": 1280, "height": 900}
PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")  # a folder, for whoever wants to look

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=False)


async def logged_in(shown: Visit, gate: JournalGate, name: str) -> None:
    page = shown.page
    await page.goto(f"http://127.0.0.1:{gate.page.port}/login")
    await page.fill("#name", name)
    await page.fill("#passphrase", PASSPHRASE)
    await page.click("main button")
    await page.wait_for_selector(".person", timeout=WAIT_MS)


def busy_day(gate: JournalGate) -> None:
    """So much that there is a second page, and something hostile."""
    codes = (Code.GRANTED, Code.TAKEN, Code.DENIED, Code.UNKNOWN_CREDENTIAL, Code.OPENED)
    made = [
        Event(codes[n * n % 5], portal=("front_door", "hall", "bike_shed")[n % 3], body=Body(holder=f"p{n % 7}"))
        for n in range(160)
    ]
    gate.book.write(*made, utc_ms=UTC_MS - 20 * 3_600_000, every_ms=400_000)
    gate.book.write(Event(Code.FORCED, portal="hall", detail=EVIL), utc_ms=UTC_MS)


def test_an_auditor_finds_names_counts_proves_and_exports_on_a_phone(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, journal_gate(tmp_path, Role.AUDITOR) as gate:
            busy_day(gate)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(viewport=PHONE, locale="en-GB", accept_downloads=True)
            shown = Visit(await context.new_page())
            page = shown.page
            await logged_in(shown, gate, "auditor")
            await page.click("nav >> text=Journal")
            await page.wait_for_selector("table.rows", timeout=WAIT_MS)
            await expect(page.locator("table.rows tbody tr")).to_have_count(100, timeout=20_000)
            assert EVIL in (await page.locator("table.rows tbody tr").first.text_content() or "")
            await expect(page.locator("img:not(.mark), main script")).to_have_count(0, timeout=20_000)
            assert not await shown.overflows()
            await page.locator("#events-title").scroll_into_view_if_needed()
            await picture(page, "journal-phone-en")
            await page.click(".pages >> text=Older")
            await page.wait_for_selector(".pages >> text=Newest", timeout=WAIT_MS)
            await page.click("summary")
            await page.select_option("#kind", "group:alarms")
            await page.click("main button:has-text('Show')")
            await page.wait_for_selector("text=Only: All alarms", timeout=WAIT_MS)
            await expect(page.locator("table.rows tbody tr")).to_have_count(2, timeout=20_000)
            # Who it was, for a purpose.
            await page.click(".tabs >> text=Who was it?")
            await page.fill("#name", HOLDER)
            await page.fill("#purpose", "w     y")  # long enough for the browser alone
            await page.click("text=Record the purpose and show")
            await page.wait_for_selector('[role="alert"]', timeout=WAIT_MS)
            assert await page.input_value("#name") == HOLDER
            await page.fill("#purpose", NOTE)
            await page.click("text=Record the purpose and show")
            await page.wait_for_selector("table.rows", timeout=WAIT_MS)
            await expect(page.locator(f"table.rows >> text={HOLDER}")).to_have_count(3, timeout=20_000)
            assert HOLDER not in page.url
            assert not await shown.overflows()
            await picture(page, "journal-look-phone-en")
            # Chinese, and the rest.
            await page.click("text=中文")
            await page.wait_for_selector('html[lang="zh-Hans"]', timeout=WAIT_MS)
            await expect(page.locator(f"text=目的：{NOTE}")).to_have_count(1, timeout=20_000)
            await page.click(".tabs >> text=统计与峰值")
            await page.wait_for_selector("svg.chart", timeout=WAIT_MS)
            assert await page.locator("svg.chart rect").count() > 20
            await page.click("summary")
            assert not await shown.overflows()
            await picture(page, "journal-counts-phone-zh")
            await page.click(".tabs >> text=完整性")
            await page.click("text=立即验证")
            await page.wait_for_selector(".done >> text=完整", timeout=WAIT_MS)
            await picture(page, "journal-chain-phone-zh")
            await page.click(".tabs >> text=导出")
            await page.check("text=包含人员信息")
            await page.fill("#purpose", NOTE)
            await picture(page, "journal-export-phone-zh")
            async with page.expect_download(timeout=WAIT_MS) as coming:
                await page.click("main button")
            download = await coming.value
            content = await asyncio.to_thread((await download.path()).read_bytes)
            with zipfile.ZipFile(io.BytesIO(content)) as made:
                assert HOLDER.encode() in made.read(next(n for n in made.namelist() if n.endswith("jsonl")))
            (complaint,) = shown.complaints
            assert "status of 400" in complaint, "that of the bad purpose, which a browser tells"
            assert {url.split("/")[2] for url in shown.asked} == {f"127.0.0.1:{gate.page.port}"}
            await browser.close()

    asyncio.run(scene())


def test_a_guard_reads_the_shift_at_a_desk_by_keyboard_and_screen_reader_and_without_script(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, journal_gate(tmp_path, Role.GUARD) as gate:
            busy_day(gate)
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(
                viewport=DESKTOP, locale="zh-CN", java_script_enabled=False, color_scheme="dark"
            )
            shown = Visit(await context.new_page())
            page = shown.page
            await logged_in(shown, gate, "guard")
            await page.click("nav >> text=日志")
            await page.wait_for_selector("table.rows", timeout=WAIT_MS)
            await expect(page.locator(".tabs")).to_have_count(0, timeout=20_000)
            await expect(page.locator(f"text={HOLDER}")).to_have_count(0, timeout=20_000)
            await picture(page, "journal-desktop-zh")
            await page.focus("summary")
            await page.keyboard.press("Enter")
            tree = await page.locator("body").aria_snapshot()
            for piece in (
                "banner",
                "main",
                'heading "日志"',
                'columnheader "时间"',
                "table ",
                "row ",
                'combobox "类别"',
            ):
                assert piece in tree, tree
            assert "2026-11-23" in tree.partition("caption")[2]
            await page.focus("#portal")
            for name in ("kind", "since"):
                await page.keyboard.press("Tab")
                assert await page.locator("*:focus").get_attribute("id") == name
            await page.select_option("#portal", "hall")
            await page.focus("main button")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/journal?portal=hall**", timeout=WAIT_MS)
            await expect(page.locator("td.place:not(:has-text('Hall'))")).to_have_count(0, timeout=20_000)
            await page.emulate_media(media="print")
            assert await page.locator(".filter").evaluate("each => getComputedStyle(each).display") == "none"
            assert await page.locator("table.rows").is_visible()
            await picture(page, "journal-print")
            assert shown.complaints == [], shown.complaints
            await browser.close()

    asyncio.run(scene())

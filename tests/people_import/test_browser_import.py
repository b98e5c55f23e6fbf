"""Importing a list in a real browser: sent, looked at, words changed, taken, put back; both languages, every width."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS
from tests.people_import.browsing import window
from tests.people_import.pages import desk_gate
from tests.people_import.test_import_pages import LIST, holders

CHINESE = "姓名,房号,卡号,权限,到期日期,备注\n" + "".join(
    f"张{n},b9-{n:04},H10301:79:{n},residents,,\n" for n in range(1, 30)
) + "李四,b9-0999,坏卡,residents,,\n王五,b9-0998,H10301:79:998,没有的权限,,x\n"  # fmt: skip

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


def test_a_manager_imports_a_list_on_a_phone_and_puts_it_back(tmp_path: Path) -> None:
    (tmp_path / "owners.csv").write_text(LIST)

    async def scene() -> None:
        async with async_playwright() as playwright, desk_gate(tmp_path) as gate:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            before = holders(gate)
            async with window(browser, gate) as shown:
                page = shown.page
                await shown.go("/people")
                await page.click("nav >> text=Import a list")
                await page.wait_for_selector("#send", timeout=WAIT_MS)
                await shown.looked_at("import-first-en")
                await page.set_input_files("#sheet", tmp_path / "owners.csv")
                await page.click("#send button")
                await page.wait_for_selector("#preview", timeout=WAIT_MS)
                assert "297 rows are right. 3 rows are wrong" in (await page.text_content("#preview") or "")
                await shown.looked_at("import-preview-en")
                async with page.expect_download(timeout=WAIT_MS) as downloading:
                    await page.click("text=All of them as CSV")
                await (await downloading.value).save_as(tmp_path / "problems.csv")
                assert (tmp_path / "problems.csv").stat().st_size > 200
                await page.select_option("#profile\\.0", "residents")
                await page.click("#mapping button")
                await page.wait_for_selector("text=298 rows are right. 2 rows are wrong", timeout=WAIT_MS)
                await page.fill("#why", "the list of November")
                await page.check("#good_rows")
                await page.click("#take button")
                await page.wait_for_selector("text=Who would be locked out?", timeout=WAIT_MS)
                await shown.looked_at("import-done-en")
                assert holders(gate) == before + 298
                await page.click("text=To the imports")
                await page.click("details summary >> text=Undo")
                await shown.looked_at("import-past-en")
                await page.fill("details[open] input[name=why]", "the wrong list")
                await page.click("details[open] button")
                await page.wait_for_selector("text=is put back", timeout=WAIT_MS)
                assert holders(gate) == before
            await browser.close()

    asyncio.run(scene())


def test_in_chinese_without_script_and_a_file_too_large(tmp_path: Path) -> None:
    (tmp_path / "名单.csv").write_bytes(CHINESE.encode("gb18030"))
    (tmp_path / "large.csv").write_bytes(b"x" * ((64 << 20) + 30_000))

    async def scene() -> None:
        async with async_playwright() as playwright, desk_gate(tmp_path) as gate:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            async with window(browser, gate, locale="zh-CN", script=False) as shown:
                page = shown.page
                await shown.go("/people/import")
                await page.set_input_files("#sheet", tmp_path / "large.csv")
                await page.click("#send button")
                await page.wait_for_selector("text=文件超过 64 MB", timeout=60_000)
                await page.set_input_files("#sheet", tmp_path / "名单.csv")
                await page.click("#send button")
                await page.wait_for_selector("#preview", timeout=30_000)
                assert "29 行无误。 2 行有问题" in " ".join((await page.text_content("#preview") or "").split())
                await shown.picture("import-preview-zh-390-light")
                assert not await page.query_selector("text=imports_")
            async with window(browser, gate, locale="zh-CN") as shown:
                page = shown.page
                await shown.go("/people/import")
                await page.set_input_files("#sheet", tmp_path / "large.csv")
                await page.wait_for_selector("#too-large:not([hidden])", timeout=WAIT_MS)
                await shown.looked_at("import-first-zh")
                await page.click(".doing a")
                await page.wait_for_selector("#preview", timeout=WAIT_MS)
                await shown.looked_at("import-preview-zh")
            await browser.close()

    asyncio.run(scene())

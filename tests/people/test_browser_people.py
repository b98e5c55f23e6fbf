"""The pages of people in a real browser: phone and desktop, both languages, script or not, nothing foreign."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from itertools import product
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS, Visit
from tests.people.pages import CARD, NEW_CARD, Office, office

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
SMALL, DESKTOP = {"width": 320, "height": 700}, {"width": 1280, "height": 900}
PAGES = (
    "/people",
    "/people/holder?id=h1",
    "/people/holder?id=h2",
    "/people/new",
    "/people/edit?id=h2",
    "/people/household?id=f1",
    "/people/suspend?holder=h1",
    "/people/end?id=h1",
    "/people/give?holder=h1",
    "/people/visitors",
    "/people/invite",
    "/people/gate",
)
# Fields without a label, doubled ids, pages without exactly one first heading, pictures without words.
UNLABELLED = """() => [
  ...[...document.querySelectorAll("input:not([type=hidden]), select, textarea")].filter((one) => !one.labels.length),
  ...[...document.querySelectorAll("[id]")].filter((one, at, all) => all.find((other) => other.id === one.id) !== one),
  ...(document.querySelectorAll("h1").length === 1 ? [] : [document.body]),
  ...[...document.querySelectorAll("svg:not([aria-hidden]):not([role=img] svg)")],
  ...[...document.querySelectorAll("a, button")].filter((one) => !one.textContent.trim() && !one.ariaLabel),
].map((one) => one.outerHTML.slice(0, 120))"""


def play(folder: Path, scene: Callable[[Browser, Office], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with async_playwright() as playwright, office(folder) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await scene(browser, running)
            await browser.close()

    asyncio.run(whole())


async def visit(browser: Browser, running: Office, *, script: bool = True, **context: object) -> Visit:
    opened = await browser.new_context(java_script_enabled=script, **context)  # type: ignore[arg-type]
    name, _, content = (running.page.cookie or "").partition("=")
    await opened.add_cookies([{"name": name, "value": content, "url": f"http://127.0.0.1:{running.page.port}"}])
    shown = Visit(await opened.new_page())
    shown.page.set_default_timeout(WAIT_MS)
    return shown


LOOKS = list(product((SMALL, DESKTOP), ("light", "dark"), ("en-GB", "zh-CN")))


def test_every_page_fits_names_its_fields_and_asks_nobody_else(tmp_path: Path) -> None:
    """With MENSHEN_PICTURES the pages are kept there to be looked at."""
    kept = os.environ.get("MENSHEN_PICTURES")

    async def scene(browser: Browser, running: Office) -> None:
        running.desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
        await running.page.post("/people/enrol", [("holder", "h2"), ("reader", "bike_reader"), ("kind", "card")])
        await running.page.post("/people/suspend", [("holder", "h1"), ("why", "lost keys")])
        visit_of = [("name", "Chen Bo"), ("host", "3-2-501"), ("until", "2027-06-01T18:00"), ("profile", "visitors")]
        await running.page.post("/people/invite", [*visit_of, ("kind", "made")])
        base = f"http://127.0.0.1:{running.page.port}"
        for size, scheme, locale in LOOKS:
            shown = await visit(browser, running, viewport=size, locale=locale, color_scheme=scheme)
            for path in PAGES:
                await shown.page.goto(base + path)
                assert not await shown.overflows(), path
                assert await shown.page.evaluate(UNLABELLED) == [], path
                assert await shown.page.title() != "broken"
                if kept:
                    name = path.strip("/").replace("/", "_").replace("?", "_").replace("=", "-")
                    file = f"{name}-{locale}-{size['width']}-{scheme}.png"
                    await shown.page.screenshot(path=Path(kept) / file, full_page=True)
            assert shown.complaints == []
            assert {address.split("/")[2] for address in shown.asked} == {f"127.0.0.1:{running.page.port}"}

    play(tmp_path, scene)


@pytest.mark.parametrize("script", [True, False])
def test_a_person_is_found_added_and_enrolled(tmp_path: Path, script: bool) -> None:
    async def scene(browser: Browser, running: Office) -> None:
        shown = await visit(browser, running, script=script, viewport=SMALL, locale="en-GB")
        page, base = shown.page, f"http://127.0.0.1:{running.page.port}"
        await page.goto(f"{base}/people")
        box = page.get_by_label("Name, unit, phone or card number")
        await box.press_sequentially("12:34567 芳")
        if not script:
            await box.press("Enter")
        await page.locator("#people-rows li").nth(1).wait_for(state="detached")
        await page.locator("#people-rows").get_by_text("王芳").click()
        await page.get_by_text(CARD).wait_for()
        await page.goto(f"{base}/people/new")
        await page.get_by_label("Name").fill("Li Na")
        await page.get_by_role("button", name="Save", exact=True).click()
        wrong = page.locator("fieldset.bad")
        await wrong.get_by_text("Tick at least one access profile.").wait_for()
        await page.get_by_label("residents").check()
        await page.get_by_role("button", name="Save", exact=True).click()
        await page.get_by_text("The person is in the list.").wait_for()
        running.desk.gate.presented["bike_reader"] = f"card:{NEW_CARD}"
        await page.get_by_role("link", name="Add a card").click()
        await page.get_by_label("Bike shed").check()
        await page.get_by_role("button", name="Start: the reader waits").click()
        await page.get_by_text("It was presented, and opens from now on.").wait_for()
        await page.get_by_role("link", name="Yes, it was the right one").click()
        await page.get_by_text("opens here already").wait_for()
        assert [text for text in shown.complaints if "400" not in text] == [], "but for the form that was wrong once"

    play(tmp_path, scene)


def spoil(source: Path) -> None:
    """What a failing card leaves."""
    for suffix in ("-wal", "-shm"):
        Path(f"{source}{suffix}").unlink(missing_ok=True)
    source.write_bytes(b"no list")


def test_while_it_is_typed_the_list_follows_the_last_letter_and_away_is_said(tmp_path: Path) -> None:
    async def scene(browser: Browser, running: Office) -> None:
        shown = await visit(browser, running, viewport=SMALL, locale="zh-CN")
        page = shown.page
        await page.goto(f"http://127.0.0.1:{running.page.port}/people")
        box = page.get_by_label("姓名、房号、电话或卡号")
        await box.press_sequentially("zzz")
        await page.get_by_text("没有符合全部条件的人员").wait_for()
        await box.fill("8000")
        await page.locator("#people-rows").get_by_text("王芳").wait_for()
        assert await page.locator("#people-none").is_hidden()
        await asyncio.to_thread(spoil, running.desk.place.source_path)
        await box.fill("800")
        await page.get_by_text("管理名单的程序没有应答").wait_for()
        assert await box.input_value() == "800"

    play(tmp_path, scene)

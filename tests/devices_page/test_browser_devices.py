"""Devices and self-test in Debian's Chromium: live, by keyboard, for everybody (axe-core), on 320 px."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from firmware.messages import Wire, WiresChanged
from firmware.selftest.messages import RunSeen, StepSeen
from tests.devices_page.test_device_pages import DOOR, RUN, STEPS, Scripted
from tests.network.accounts import PASSPHRASE, gate
from tests.network.accounts import Gate as Accounts
from tests.network.fake_controller import UTC_MS, barrier, door, hall, health, quiet, shed, states, welcome
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
RUN_AXE = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  each => each.id + ": " + each.nodes.map(node => node.target.join(" ") + " " + node.failureSummary).join(" | ")))"""
PAGES = (
    "/devices",
    "/devices?by=board&only=trouble",
    "/selftest",
    "/machine",
    "/machine/logs",
    "/machine/restart?process=controller",
)
NARROW, DESKTOP = {"width": 320, "height": 700}, {"width": 1280, "height": 900}


def play(folder: Path, scene: Callable[[Browser, Accounts, Scripted], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with async_playwright() as playwright, gate(folder) as running:
            view = quiet(door(), shed(), hall(), barrier())
            running.page.controller.say(welcome(), states(view=view), health(front_reader="lost: no answer"))
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            await scene(browser, running, Scripted(running.page))
            await browser.close()

    asyncio.run(whole())


async def enter(
    browser: Browser, running: Accounts, name: str = "installer", **context: object
) -> tuple[BrowserContext, Page]:
    """A browser in which somebody has logged in, with axe-core at hand."""
    made = await browser.new_context(**context)  # type: ignore[arg-type]
    await made.add_init_script(AXE)
    page = await made.new_page()
    page.set_default_timeout(WAIT_MS)
    await page.goto(f"http://127.0.0.1:{running.page.port}/login")
    await page.locator("#name").fill(name)
    await page.locator("#passphrase").fill(PASSPHRASE)
    await page.locator("main form button").last.click()
    await page.wait_for_selector("body[data-live]")
    return made, page


async def overflows(page: Page) -> bool:
    await page.wait_for_load_state("load")
    return bool(await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"))


@pytest.mark.parametrize(("locale", "size", "scheme"), [("en-GB", NARROW, "light"), ("zh-CN", DESKTOP, "dark")])
def test_every_page_is_for_everybody_and_nothing_runs_out_of_its_side(
    tmp_path: Path, locale: str, size: dict[str, int], scheme: str
) -> None:
    async def scene(browser: Browser, running: Accounts, scripted: Scripted) -> None:
        context, page = await enter(browser, running, locale=locale, viewport=size, color_scheme=scheme)
        base = f"http://127.0.0.1:{running.page.port}"
        wrong = []
        for stage in ("listening", "asking"):
            steps = (
                *STEPS[:2],
                StepSeen("watch:lamp", "watch", "lamp", stage, DOOR, word=True, left_ms=9_000, tries=1),
            )
            scripted.run = RunSeen("", "r1", False, "Li Na", (DOOR,), False, UTC_MS, 600_000, steps)
            for path in PAGES if stage == "listening" else ("/selftest",):
                await page.goto(base + path)
                assert not await overflows(page), (path, stage)
                wrong += [f"{path} {stage} {each}" for each in await page.evaluate(RUN_AXE)]
        await page.goto("about:blank")  # a window that is open would load itself anew under us
        scripted.run = RunSeen("", choices=(DOOR, "bike_shed"))
        await page.goto(f"{base}/selftest")
        assert not await overflows(page)
        wrong += [f"none {each}" for each in await page.evaluate(RUN_AXE)]
        assert wrong == []
        await context.close()

    play(tmp_path, scene)


def test_a_level_changes_under_ones_eyes(tmp_path: Path) -> None:
    async def scene(browser: Browser, running: Accounts, _: Scripted) -> None:
        _context, page = await enter(browser, running, locale="en-GB", viewport=NARROW)
        asked = []
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"http://127.0.0.1:{running.page.port}/devices")
        row = page.locator('[data-wire="front_lock"]')
        assert await row.locator(".level").inner_text() == "off"
        async with page.expect_request("**/api/v1/stream/devices"):
            await page.reload()
        running.page.controller.say(WiresChanged(UTC_MS, (Wire("front_lock", "relay", "output", level="on"),)))
        await page.wait_for_selector('[data-wire="front_lock"][data-state="on"]')
        assert await row.locator(".level").inner_text() == "on"
        await running.page.controller.die()
        await page.wait_for_selector("#lost:not([hidden])")
        assert all(url.startswith(f"http://127.0.0.1:{running.page.port}/") for url in asked)

    play(tmp_path, scene)


@pytest.mark.parametrize("script", [True, False])
def test_the_step_goes_on_by_itself_and_the_keyboard_reaches_its_button(tmp_path: Path, script: bool) -> None:
    async def scene(browser: Browser, running: Accounts, scripted: Scripted) -> None:
        _context, page = await enter(browser, running, locale="en-GB", viewport=NARROW, java_script_enabled=script)
        steps = (StepSeen("press:rex", "press", "rex", "listening", DOOR, left_ms=60_000, tries=1), STEPS[3])
        scripted.run = RunSeen("", "r1", False, "installer", (DOOR,), False, UTC_MS, 600_000, steps)
        await page.goto(f"http://127.0.0.1:{running.page.port}/selftest")
        assert await page.locator("#now-do").inner_text() == (
            "Now press the exit button rex and let it go. If it is a detector, step before it and away again."
        )
        passed = (StepSeen("press:rex", "press", "rex", "passed", DOOR, utc_ms=UTC_MS, tries=1), STEPS[3])
        scripted.run = RunSeen("", "r1", False, "installer", (DOOR,), False, UTC_MS, 600_000, passed)
        running.page.controller.say(scripted.run)
        await page.locator('.step[data-stage="passed"]', has_text="rex").wait_for()
        begin = page.locator("#now button")
        await begin.focus()
        await page.keyboard.press("Enter")
        async with asyncio.timeout(WAIT_MS / 1000):
            while not scripted.asked:
                running.page.controller.was_asked.clear()
                await running.page.controller.was_asked.wait()
        assert scripted.asked[0].step == "watch:lamp"  # type: ignore[attr-defined]

    play(tmp_path, scene)


def test_an_auditor_takes_reports_and_begins_nothing(tmp_path: Path) -> None:
    async def scene(browser: Browser, running: Accounts, scripted: Scripted) -> None:
        scripted.run = RUN
        _context, page = await enter(browser, running, "auditor", locale="zh-CN", viewport=NARROW)
        await page.get_by_role("link", name="自检").click()
        await expect(page.locator("form[action='/selftest/begin'], form[action='/selftest/step']")).to_have_count(
            0, timeout=20_000
        )
        async with page.expect_download() as taken:
            await page.get_by_role("button", name="下载 English").click()
        assert (await taken.value).suggested_filename == "self-test-abc123.en.html"

    play(tmp_path, scene)

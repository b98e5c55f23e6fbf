"""A vehicle lane in a real browser at phone size: script and template draw the same, and motion is honest."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright, expect

from firmware.core.view import Lamp, LaneView, Mode, PortalView, Position, SpotView
from tests.network.fake_controller import barrier, health, lane, quiet, spots, states, welcome
from tests.network.running import RunningPage, running_page, settings
from tests.network.test_browser import CHROMIUM, EVIL, FLAGS, NEEDS_CHROMIUM, PHONE, WAIT_MS, Visit, visit

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
NAMES = settings(portal_names={"north_lane": "North lane"})
CARD = "#portal-north_lane"

# What the drawing is made of, but for how the motion is shown: that only the script knows.
PARTS = """html => {
  const doc = new DOMParser().parseFromString(html, "text/html");
  const part = (element) => [
    element.tagName.toLowerCase(),
    Array.from(element.attributes, (each) => [each.name, each.value])
      .filter(([name]) => !["style", "data-watched"].includes(name)).sort(),
    Array.from(element.childNodes, (node) => node.nodeType === 3 ? node.data.trim() : part(node))
      .filter((each) => each !== "")];
  return part(doc.querySelector(".card.lane"));
}"""
AT = f"getComputedStyle(document.querySelector('{CARD}')).getPropertyValue('--at').trim()"
# How far a bollard is sunk, in units of the drawing.
SUNK = f"new DOMMatrix(getComputedStyle(document.querySelector('{CARD} .column')).transform).f"

STORY: list[dict[str, Any]] = [
    {"position": Position.CLOSED},
    {"position": Position.OPENING, "mode": Mode.ACCESSED, "serving": "in"},
    {"position": Position.OPEN, "mode": Mode.ACCESSED, "serving": "in", "lights": {"in": Lamp.GREEN, "out": Lamp.RED}},
    {"position": Position.OPEN, "spots": spots("safety_1", "photocell_1"), "against": ("active:safety_1", "clearing")},
    {"position": Position.CLOSING, "warning": True, "waiting": {"in": 2, "out": 1}},
    {"position": Position.BETWEEN, "bars": ("stop", "between"), "spots": spots("entry_1", exit="stuck")},
    {"position": Position.UNKNOWN, "bars": ("unknown", EVIL), "lights": {"in": Lamp.DARK, "out": Lamp.DARK}},
    {"position": Position.OPEN, "mode": Mode.LOCKED_OPEN, "bars": ("fire",), "serving": "out"},
]


def told(mover: str, chapter: dict[str, Any]) -> PortalView:
    of_lane = {name: value for name, value in chapter.items() if name not in ("position", "mode")}
    of_portal = {name: value for name, value in chapter.items() if name in ("position", "mode")}
    return barrier(lane(mover=mover, **of_lane), **of_portal)


async def says(running: RunningPage, page: Page, seq: int, portal: PortalView) -> None:
    """The controller says it, and the page shows it."""
    running.controller.say(states(seq=seq, view=quiet(portal)))
    await page.wait_for_selector(f'{CARD}[data-position="{portal.position.value}"]', timeout=WAIT_MS)


async def holds(page: Page, condition: str) -> None:
    """Until it does, looked at in each picture that the browser draws: our policy forbids evaluation in the page."""
    async with asyncio.timeout(WAIT_MS / 1000):
        while not await page.evaluate(condition):
            await page.evaluate("() => new Promise(requestAnimationFrame)")


async def plain(browser: Browser) -> Page:
    """A page without our policy, to read markup in."""
    return await (await browser.new_context()).new_page()


@pytest.mark.parametrize("mover", ["bollard", "boom", "sliding_gate", "swing_gate"])
def test_script_and_template_draw_the_same_lane(tmp_path: Path, mover: str) -> None:
    """A window that was told each change shows, part by part, what the server sends to a new one; in both languages."""

    async def scene() -> None:
        first = (welcome(), states(view=quiet(told(mover, STORY[0]))), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first, site=NAMES) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            reading = await plain(browser)
            shown = [await visit(browser, running, locale=locale, enter=False) for locale in ("en-GB", "zh-CN")]
            for seq, chapter in enumerate(STORY[1:], start=2):
                for each, language in zip(shown, ("en", "zh"), strict=True):
                    portal = told(mover, chapter)
                    await says(running, each.page, seq, portal)
                    made = await reading.evaluate(PARTS, (await running.get("/", accept_language=language)).text)
                    async with asyncio.timeout(WAIT_MS / 1000):
                        while await live_parts(reading, each.page) != made:
                            await each.page.evaluate("() => new Promise(requestAnimationFrame)")
                    assert not await each.overflows()
            assert [each.complaints for each in shown] == [[], []]
            await browser.close()

    asyncio.run(scene())


async def live_parts(reading: Page, page: Page) -> Any:
    return await reading.evaluate(PARTS, await page.evaluate(f"document.querySelector('{CARD}').outerHTML"))


def test_a_bollard_is_drawn_at_an_end_only_where_that_is_proven(tmp_path: Path) -> None:
    """On its way it moves with the time it takes, and stops short of the end until its limit says so."""

    async def scene() -> None:
        first = (welcome(), states(view=quiet(told("bollard", STORY[0]))), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first, site=NAMES) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = (await visit(browser, running, locale="en-GB", enter=False)).page
            await page.wait_for_selector('body[data-live="yes"]', timeout=WAIT_MS)
            assert (await page.evaluate(AT), await page.evaluate(SUNK)) == ("0", 0)
            opening = {"position": Position.OPENING, "travel_ms": 1_500}
            await says(running, page, 2, told("bollard", opening))
            assert await page.evaluate(AT) == ".9"
            assert await page.evaluate(
                f"getComputedStyle(document.querySelector('{CARD} .column')).transitionDuration"
            ) == ("1.5s")
            await holds(page, f"0 < {SUNK} && {SUNK} < 40")
            await holds(page, f"{SUNK} > 46")
            assert await page.evaluate(SUNK) < 52
            await says(running, page, 3, told("bollard", {"position": Position.OPEN}))
            await holds(page, f"{SUNK} === 52")
            await says(running, page, 4, told("bollard", {"position": Position.BETWEEN}))
            await holds(page, f"{SUNK} === 26")
            assert await page.locator(f"{CARD} .unsure").is_visible()
            await says(running, page, 5, told("bollard", opening))
            fresh = (await visit(browser, running, locale="en-GB", enter=False)).page
            assert await fresh.evaluate(AT) == ".5", "a window that did not see it begin draws it half-way"
            assert await fresh.locator(f"{CARD} .opens").is_visible()
            await browser.close()

    asyncio.run(scene())


def test_nothing_moves_for_who_wants_no_motion(tmp_path: Path) -> None:
    async def scene() -> None:
        first = (welcome(), states(view=quiet(told("boom", STORY[0]))), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first, site=NAMES) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = (await visit(browser, running, locale="en-GB", enter=False)).page
            await page.emulate_media(reduced_motion="reduce")
            await page.wait_for_selector('body[data-live="yes"]', timeout=WAIT_MS)
            await says(running, page, 2, told("boom", {"position": Position.CLOSING, "warning": True}))
            assert await page.evaluate(AT) == ".5"
            assert await page.evaluate("document.getAnimations().length") == 0
            assert await page.locator(f"{CARD} .closes").is_visible()
            assert await page.locator(f"{CARD} .rays").is_visible()
            await browser.close()

    asyncio.run(scene())


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_reads_the_lane_at_arms_length(tmp_path: Path, scheme: Any) -> None:
    """The drawing fills the phone's width, is said to a screen reader, and what matters is not small."""
    held = told("bollard", STORY[5])
    hostile = LaneView(
        mover="bollard", spots=(SpotView("entry", EVIL, active=True),), bars=(EVIL,), against=(f"active:{EVIL}",)
    )

    async def scene() -> None:
        first = (welcome(), states(view=quiet(held)), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first, site=NAMES) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shown: Visit = await visit(browser, running, locale="en-GB", enter=False)
            page = shown.page
            await page.emulate_media(color_scheme=scheme)
            await page.wait_for_selector('body[data-live="yes"]', timeout=WAIT_MS)
            drawing = page.get_by_role("img", name="Rising bollard: Half-way. Stop: pressed")
            box = await drawing.bounding_box()
            assert box is not None
            assert box["width"] >= 0.8 * PHONE["width"]
            assert box["x"] + box["width"] <= PHONE["width"]
            sizes = f"Array.from(document.querySelectorAll('{CARD} :is(.position, .signs li, .against li)'), "
            assert min(await page.evaluate(sizes + "(each) => parseFloat(getComputedStyle(each).fontSize))")) >= 16
            assert await page.locator(f"{CARD} .stopped").is_visible()
            shown_marks = "Array.from(document.querySelectorAll('{} .spot {}')).filter("
            shown_marks += "(each) => getComputedStyle(each).display !== 'none').length"
            assert await page.evaluate(shown_marks.format(CARD, ".trouble")) == 1
            assert await page.evaluate(shown_marks.format(CARD, ".hit")) == 1
            running.controller.say(states(seq=2, view=quiet(barrier(hostile, position=Position.OPEN))))
            await page.wait_for_selector(f'{CARD}[data-spots="entry"]', timeout=WAIT_MS)  # the page is made anew
            assert EVIL in (await page.locator(f"{CARD} .signs").text_content() or "")
            await expect(page.locator("img:not(.mark), main script")).to_have_count(0, timeout=20_000)
            assert not await shown.overflows()
            assert shown.complaints == []
            await browser.close()

    asyncio.run(scene())


def test_without_script_the_lane_is_there(tmp_path: Path) -> None:
    async def scene() -> None:
        first = (welcome(), states(view=quiet(told("swing_gate", STORY[4]))), health())
        async with async_playwright() as playwright, running_page(tmp_path, *first, site=NAMES) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = (await visit(browser, running, locale="zh-CN", script=False, enter=False)).page
            await expect(page.get_by_role("img", name="平开门：正在关闭，未到位。警示中")).to_have_count(
                1, timeout=20_000
            )
            assert await page.locator(f"{CARD} .closes").is_visible()
            assert await page.locator(f"{CARD} .rays").is_visible()
            assert not await page.locator(f"{CARD} .unsure").is_visible()
            await browser.close()

    asyncio.run(scene())

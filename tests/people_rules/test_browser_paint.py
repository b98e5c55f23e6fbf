"""The week that one paints, in a real browser: by finger, mouse and keyboard; lines and picture always agree."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, async_playwright, expect

from firmware.roster.weekly import NotHours, quarters, read_week
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS
from tests.network.test_browser_accounts import fits
from tests.people_rules.pages import DESKTOP, NARROW, PHONE, Place, logged_in, opened, place

PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")  # a folder, for whoever wants to look

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
# Lines that people and others type; each is the whole week's Monday, with a night before it.
TYPED = (
    "",
    "06:00-09:00, 17:00-20:30",
    "8-12",
    "08:10-09:05",
    "22:00-06:00",
    "00:00-24:00",
    "24h",
    "全天",
    "8：30至12：00、13：00到18：00",
    "20:00-00:00",
    "00:00-00:01",
    "23:59-24:00",
    "closed",
    "关闭",
    "08:00-08:00",
    "24:00-25:00",
    "10:60-11:00",
    "noon",
    "08:00-10:00, 09:00-11:00",
    "08:00-10:00, 10:00-11:00",
    "05:00-07:00",
    "' OR 1=1",
    "6.30-7.15;  9-10",
)
STATES = """() => {
  const grid = document.querySelector('[role="grid"]');
  if (grid.getAttribute("aria-disabled") === "true") return null;
  const states = Array.from({length: 7}, () => Array(96).fill(""));
  for (const cell of grid.querySelectorAll('[role="gridcell"]')) {
    const state = cell.classList.contains("part") ? "p" : cell.getAttribute("aria-selected") === "true" ? "o" : "c";
    states[cell.dataset.day][cell.dataset.quarter] = state;
  }
  return states.map((day) => day.join(""));
}"""


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


async def lines(page: Page) -> list[str]:
    return [await page.input_value(f"#day-{day}") for day in range(7)]


def pictured(typed: list[str]) -> list[str] | None:
    """What the grid has to show, by the same reading of lines that the program saves; None: it waits."""
    try:
        week = read_week(typed)
    except NotHours:
        return None
    return ["".join("c" if m == 0 else "o" if m == 15 else "p" for m in quarters(windows)) for windows in week]


def cell(page: Page, day: int, clock: str) -> Any:
    hour, minute = clock.split(":")
    return page.locator(f'[role="gridcell"][data-day="{day}"][data-quarter="{int(hour) * 4 + int(minute) // 15}"]')


async def at(page: Page, day: int, clock: str) -> tuple[float, float]:
    one = cell(page, day, clock)
    box = await one.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


async def schedule(page: Page, running: Place, name: str = "cleaning") -> None:
    await page.goto(f"{running.home}/people/schedule?name={name}")
    await page.wait_for_selector('#painter[data-ready="yes"]')


def test_lines_and_picture_agree_whatever_is_typed(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, complaints = await opened(browser, viewport=DESKTOP, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            for monday in TYPED:
                for sunday in ("", "22:00-06:00"):
                    typed = [monday, "", "", "", "", "", sunday]
                    for day, line in enumerate(typed):
                        await page.fill(f"#day-{day}", line)
                    assert await page.evaluate(STATES) == pictured(typed), typed
            assert complaints == []
            await browser.close()

    asyncio.run(scene())


def test_a_mouse_paints_days_and_hours_at_once_and_undo_takes_it_back(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, complaints = await opened(browser, viewport=DESKTOP, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            before = await lines(page)
            assert before[0] == "07:30-12:00, 13:00-16:15"
            await cell(page, 5, "08:00").scroll_into_view_if_needed()
            # Saturday and Sunday, 08:00 to 10:00: one stroke over two days.
            await page.mouse.move(*await at(page, 5, "08:00"))
            await page.mouse.down()
            await page.mouse.move(*await at(page, 6, "09:45"), steps=6)
            assert "Saturday to Sunday, 08:00 to 10:00: open" in await page.locator("#painter output").inner_text()
            await page.mouse.up()
            assert await lines(page) == [*before[:5], "08:00-10:00", "08:00-10:00"]
            assert await page.evaluate(STATES) == pictured(await lines(page))
            # From an open cell on it closes.
            await page.mouse.move(*await at(page, 0, "08:00"))
            await page.mouse.down()
            await page.mouse.move(*await at(page, 0, "08:30"), steps=3)
            await page.mouse.up()
            assert (await lines(page))[0] == "07:30-08:00, 08:45-12:00, 13:00-16:15"
            await page.click("#paint-undo")
            await page.click("#paint-undo")
            assert await lines(page) == before
            assert await page.locator("#paint-undo").is_disabled()
            # Escape ends a stroke that is being drawn.
            await page.mouse.move(*await at(page, 6, "08:00"))
            await page.mouse.down()
            await page.mouse.move(*await at(page, 6, "09:00"), steps=3)
            await page.keyboard.press("Escape")
            await page.mouse.up()
            assert await lines(page) == before
            await picture(page, "schedule-desktop-en")
            await fits(page)
            assert complaints == []
            await browser.close()

    asyncio.run(scene())


def minutes(typed: list[str]) -> set[int]:
    """The open minutes of the week that the lines say."""
    return {
        day * 1440 + minute
        for day, windows in enumerate(read_week(typed))
        for window in windows
        for minute in range(window.start_minute, window.end_minute)
    }


def test_random_strokes_open_and_close_exactly_what_they_cover(tmp_path: Path) -> None:
    """The model is a set of minutes; the week it begins with is finer than the cells, and goes over midnight."""
    seed = 20261127
    drawn = random.Random(seed)

    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=DESKTOP, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            for day, line in enumerate(
                ("08:10-09:05", "22:00-06:00", "", "00:00-24:00", "12:07-12:08", "", "23:30-0:15")
            ):
                await page.fill(f"#day-{day}", line)
            await cell(page, 0, "00:00").evaluate("(one) => one.scrollIntoView({block: 'center'})")
            inside = minutes(await lines(page))
            for number in range(30):
                days = [drawn.randrange(7) for _ in range(2)]
                parts = [drawn.randrange(96) for _ in range(2)]
                first = range(days[0] * 1440 + parts[0] * 15, days[0] * 1440 + parts[0] * 15 + 15)
                opens = not all(minute in inside for minute in first)
                covered = {
                    day * 1440 + minute
                    for day in range(min(days), max(days) + 1)
                    for minute in range(min(parts) * 15, max(parts) * 15 + 15)
                }
                inside = inside | covered if opens else inside - covered
                clocks = [f"{part // 4}:{part % 4 * 15}" for part in parts]
                await page.mouse.move(*await at(page, days[0], clocks[0]))
                await page.mouse.down()
                await page.mouse.move(*await at(page, days[1], clocks[1]), steps=3)
                await page.mouse.up()
                typed = await lines(page)
                assert minutes(typed) == inside, (seed, number)
                assert await page.evaluate(STATES) == pictured(typed), (seed, number)
            await browser.close()

    asyncio.run(scene())


def test_a_day_is_copied_without_asking_the_controller(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=PHONE, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            asked: list[str] = []
            page.on("request", lambda request: asked.append(request.url))
            await page.fill("#day-0", "22:00-06:00")
            before = await lines(page)
            for day in (1, 2):
                await page.check(f"#copy-{day}")
            await page.click("#copy-do")
            assert await lines(page) == ["22:00-06:00"] * 3 + before[3:]
            assert await page.evaluate(STATES) == pictured(await lines(page))
            assert asked == []
            await page.click("#paint-undo")
            assert await lines(page) == before
            await browser.close()

    asyncio.run(scene())


async def stroke(page: Page, points: list[tuple[float, float]]) -> None:
    """One finger down at the first point, over the others, and up: as a touch screen reports it."""
    client = await page.context.new_cdp_session(page)
    first, *others = points
    touch = {"type": "touchStart", "touchPoints": [{"x": first[0], "y": first[1]}]}
    await client.send("Input.dispatchTouchEvent", touch)
    for x, y in others:
        await client.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [{"x": x, "y": y}]})
    await client.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    await client.detach()


@pytest.mark.parametrize(("locale", "viewport"), [("en-GB", PHONE), ("zh-CN", NARROW)], ids=["en", "zh"])
def test_a_finger_paints_on_a_phone_and_scrolls_where_it_is_told_to(
    tmp_path: Path, locale: str, viewport: dict[str, int]
) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, complaints = await opened(
                browser, viewport=viewport, locale=locale, has_touch=True, is_mobile=True, device_scale_factor=2
            )
            await logged_in(page, running.home)
            await schedule(page, running)
            await fits(page)
            before = await lines(page)
            await cell(page, 5, "06:00").evaluate("(one) => one.scrollIntoView({block: 'start'})")
            await page.evaluate("scrollBy(0, -120)")
            top = await page.evaluate("scrollY")
            points = [await at(page, 5, clock) for clock in ("07:00", "07:30", "08:00", "08:45")]
            await stroke(page, points)
            assert await lines(page) == [*before[:5], "07:00-09:00", ""]
            assert await page.evaluate("scrollY") == top, "a finger that paints does not scroll"
            assert await page.evaluate(STATES) == pictured(await lines(page))
            # A tap changes one quarter.
            await page.touchscreen.tap(*await at(page, 6, "07:00"))
            assert (await lines(page))[6] == "07:00-07:15"
            await page.touchscreen.tap(*await at(page, 6, "07:00"))
            assert (await lines(page))[6] == ""
            await picture(page, f"schedule-phone-{locale}")
            # Told to scroll, a finger paints nothing.
            await page.locator('input[name="paint-tool"]').last.check()
            await stroke(page, [await at(page, 6, clock) for clock in ("08:30", "08:00", "07:30", "07:00")])
            assert (await lines(page))[6] == ""
            assert complaints == []
            await browser.close()

    asyncio.run(scene())


def test_a_window_finer_than_a_quarter_is_not_lost_in_silence(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=DESKTOP, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            await page.fill("#day-2", "08:10-09:05")
            label = await cell(page, 2, "08:00").get_attribute("aria-label")
            assert label == "Wednesday 08:00 to 08:15: partly open, 08:10-09:05"
            assert await cell(page, 2, "08:00").get_attribute("aria-selected") == "false"
            # Another hour of the day leaves it as it is.
            await page.mouse.click(*await at(page, 2, "15:00"))
            assert (await lines(page))[2] == "08:10-09:05, 15:00-15:15"
            assert await page.locator("#painter .note").is_hidden()
            await page.mouse.click(*await at(page, 2, "08:00"))
            assert (await lines(page))[2] == "08:00-09:05, 15:00-15:15"
            note = page.locator("#painter .note")
            assert "Wednesday 08:10-09:05" in await note.inner_text()
            await page.click("#paint-undo")
            assert (await lines(page))[2] == "08:10-09:05, 15:00-15:15"
            assert await note.is_hidden()
            # A line that is no hours: nothing can be painted over it.
            await page.fill("#day-2", "8 o'clock")
            assert await page.locator('[role="grid"]').get_attribute("aria-disabled") == "true"
            assert "Wednesday" in await page.locator("#painter output").inner_text()
            await page.mouse.click(*await at(page, 1, "18:00"))
            assert (await lines(page))[1:3] == ["07:30-12:00, 13:00-16:15", "8 o'clock"]
            await browser.close()

    asyncio.run(scene())


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["lying", "standing"])
def test_the_keyboard_paints_and_every_cell_says_what_it_is(tmp_path: Path, viewport: dict[str, int]) -> None:
    lying = viewport is DESKTOP

    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=viewport, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            later, earlier = ("ArrowRight", "ArrowLeft") if lying else ("ArrowDown", "ArrowUp")
            next_day = "ArrowDown" if lying else "ArrowRight"

            async def focused() -> str:
                return str(await page.evaluate("document.activeElement.getAttribute('aria-label')"))

            await expect(page.locator('[role="gridcell"][tabindex="0"]')).to_have_count(1, timeout=20_000)
            await page.locator('[role="gridcell"][tabindex="0"]').focus()
            assert await focused() == "Monday 07:00 to 07:15: closed"
            for key in (later, later):
                await page.keyboard.press(key)
            assert await focused() == "Monday 07:30 to 07:45: open"
            await page.keyboard.press("Space")
            assert await focused() == "Monday 07:30 to 07:45: closed"
            assert (await lines(page))[0] == "07:45-12:00, 13:00-16:15"
            await page.keyboard.press(next_day)
            assert await focused() == "Tuesday 07:30 to 07:45: open"
            await page.keyboard.press(earlier)
            await page.keyboard.press("PageUp")
            assert await focused() == "Tuesday 06:15 to 06:30: closed"
            await page.keyboard.down("Shift")
            for _ in range(3):
                await page.keyboard.press(later)
            await page.keyboard.up("Shift")
            assert (await lines(page))[1] == "06:15-07:15, 07:30-12:00, 13:00-16:15"
            await page.keyboard.press("Control+End")
            assert await focused() == "Sunday 23:45 to 24:00: closed"
            await page.keyboard.press(later)
            assert await focused() == "Sunday 23:45 to 24:00: closed", "there is nothing beyond"
            await page.keyboard.press("Control+Home")
            assert await focused() == "Monday 00:00 to 00:15: closed"
            await page.keyboard.press("Control+z")
            assert (await lines(page))[1] != "06:15-07:15, 07:30-12:00, 13:00-16:15"
            tree: Any = await page.locator('[role="grid"]').aria_snapshot()
            assert "grid" in tree
            rows = 8 if lying else 97
            await expect(page.locator('[role="grid"] [role="row"]')).to_have_count(rows, timeout=20_000)
            columns = '[role="row"]:nth-child(2) [role="gridcell"]'
            await expect(page.locator(f'[role="grid"] {columns}')).to_have_count((96 if lying else 7), timeout=20_000)
            await browser.close()

    asyncio.run(scene())


def test_a_turned_phone_keeps_what_was_painted(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=PHONE, locale="en-GB")
            await logged_in(page, running.home)
            await schedule(page, running)
            await cell(page, 6, "10:00").scroll_into_view_if_needed()
            await page.mouse.click(*await at(page, 6, "10:00"))
            states = await page.evaluate(STATES)
            await page.set_viewport_size({"width": 1000, "height": 500})
            await page.wait_for_selector(".week-grid.lying", timeout=WAIT_MS)
            assert await page.evaluate(STATES) == states
            assert (await lines(page))[6] == "10:00-10:15"
            await browser.close()

    asyncio.run(scene())

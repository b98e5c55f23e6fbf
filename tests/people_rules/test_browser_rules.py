"""The pages of rules and reviews in a real browser: real clicks, both languages, phone and desktop, without script."""

from __future__ import annotations

import asyncio
import csv
import io
import os
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from firmware.roster.source.rules import read_rulebook
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM
from tests.network.test_browser_accounts import fits
from tests.people_rules.office import Office
from tests.people_rules.pages import DESKTOP, PHONE, logged_in, opened, place
from tests.people_rules.test_browser_paint import at, cell

PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
TEXTS = {
    "en-GB": {
        "save": "Save",
        "saved": "The schedule is saved",
        "compare": "Compare now",
        "lose": "lose some places or hours",
        "who": "Show who loses",
        "no_more": "Front door, Hall (hall_in), Hall (hall_out): no more Monday 07:30-12:00",
        "undo": "Undo it",
        "back": "It is put back",
        "nobody": "Nobody would lose access",
        "other": "中文",
    },
    "zh-CN": {
        "save": "保存",
        "saved": "时间表已保存",
        "compare": "开始比较",
        "lose": "失去部分地点或时段",
        "who": "查看失去权限者",
        "no_more": "Front door、Hall (hall_in)、Hall (hall_out)：不再包括 星期一 07:30-12:00",
        "undo": "撤销",
        "back": "已恢复",
        "nobody": "没有人会失去权限",
        "other": "English",
    },
}


async def picture(page: Page, name: str) -> None:
    if PICTURES:
        await page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)


def week_of(office: Office, name: str) -> tuple[tuple[tuple[int, int], ...], ...]:
    with office.source() as source:
        week = read_rulebook(source).rulebook.schedules[name].week
    return tuple(tuple((window.start_minute, window.end_minute) for window in windows) for windows in week)


@pytest.mark.parametrize(("locale", "scheme"), [("en-GB", "light"), ("zh-CN", "dark")])
@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_a_window_painted_away_is_reviewed_and_put_back(
    tmp_path: Path, locale: str, scheme: str, viewport: dict[str, int]
) -> None:
    texts = TEXTS[locale]
    size = "phone" if viewport is PHONE else "desktop"

    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, complaints = await opened(browser, viewport=viewport, locale=locale, color_scheme=scheme)
            asked: set[str] = set()
            page.on("request", lambda request: asked.add(request.url.split("/")[2]))
            await logged_in(page, running.home)
            before = week_of(running.office, "cleaning")
            await page.goto(f"{running.home}/people/schedules")
            await fits(page)
            await picture(page, f"schedules-{size}-{locale}")
            await page.goto(f"{running.home}/people/schedule?name=cleaning")
            await page.wait_for_selector('#painter[data-ready="yes"]')
            await fits(page)
            await cell(page, 0, "07:30").evaluate("(one) => one.scrollIntoView({block: 'center'})")
            await page.mouse.move(*await at(page, 0, "07:30"))
            await page.mouse.down()
            await page.mouse.move(*await at(page, 0, "11:45"), steps=5)
            await page.mouse.up()
            assert await page.input_value("#day-0") == "13:00-16:15"
            await page.fill("#why", "they come later on Mondays")
            await page.click("#save")
            await page.wait_for_selector(".done")
            assert texts["saved"] in await page.locator(".done").inner_text()
            assert week_of(running.office, "cleaning") == (((780, 975),), *before[1:])
            # The review: a job with its own page, which leads back.
            await page.goto(f"{running.home}/people/review")
            await fits(page)
            await page.get_by_role("button", name=texts["compare"]).click()
            await page.wait_for_selector("#result")
            assert page.url == f"{running.home}/people/review"
            assert await page.locator(".review-sums li", has_text=texts["lose"]).locator(".count").inner_text() == "1"
            await fits(page)
            await picture(page, f"review-{size}-{locale}")
            await page.get_by_role("link", name=texts["who"]).click()
            await page.wait_for_selector(".concerned > li")
            await expect(page.locator(".concerned > li")).to_have_count(1, timeout=20_000)
            assert "Cleo" in await page.locator(".concerned h2").inner_text()
            assert texts["no_more"] in await page.locator(".concerned .places li").first.inner_text()
            await fits(page)
            await picture(page, f"review-who-{size}-{locale}")
            await page.goto(f"{running.home}/people/review")
            await page.locator("a[href*='/review/changes']").click()
            await page.wait_for_selector(".difference")
            assert "07:30-12:00, 13:00-16:15" in await page.locator(".difference del").inner_text()
            await fits(page)
            await picture(page, f"review-changes-{size}-{locale}")
            # Put back, from the review.
            await page.goto(f"{running.home}/people/review")
            await (
                page.locator("details", has=page.locator('form[action="/people/review/undo"]'))
                .locator("summary")
                .click()
            )
            await page.fill("#why-undo", "a mistake")
            await page.locator('form[action="/people/review/undo"] button').click()
            await page.wait_for_selector(".done")
            assert texts["back"] in await page.locator(".done").inner_text()
            assert week_of(running.office, "cleaning") == before
            await page.get_by_role("button", name=texts["compare"]).click()
            await page.get_by_text(texts["nobody"]).wait_for()
            assert complaints == []
            assert asked == {running.home.split("/")[2]}
            await browser.close()

    asyncio.run(scene())


def test_everything_works_without_script(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=PHONE, locale="en-GB", java_script_enabled=False)
            await logged_in(page, running.home)
            # A new schedule: typed, one day copied to the others, a kind of special day of its own.
            await page.goto(f"{running.home}/people/schedules")
            await page.get_by_role("link", name="New schedule").click()
            assert await page.locator("#painter").is_hidden()
            await page.fill("#name", "night_shift")
            await page.fill("#day-0", "22:00-06:00")
            for day in (1, 2, 3, 4):
                await page.check(f"#copy-{day}")
            await page.get_by_role("button", name="Copy").click()
            assert [await page.input_value(f"#day-{day}") for day in range(7)] == ["22:00-06:00"] * 5 + ["", ""]
            await page.fill("#day-6", "8 o'clock")
            await page.click("#save")
            assert await page.locator("#day-6").get_attribute("aria-invalid") == "true"
            assert "is not understood" in await page.locator("#day-6-bad").inner_text()
            assert await page.input_value("#day-0") == "22:00-06:00", "what was typed is still there"
            await page.fill("#day-6", "")
            await page.locator("summary", has_text="Another kind of day").click()
            await page.fill("#kind-new", "holiday")
            await page.fill("#kind-hours", "00:00-06:00")
            await page.click("#save")
            assert "The schedule is saved" in await page.locator(".done").inner_text()
            week = week_of(running.office, "night_shift")
            assert week[0] == ((1320, 1440),)
            assert week[1] == ((0, 360), (1320, 1440))
            assert week[5] == ((0, 360),)
            assert (
                "Closes next" in await page.locator(".rules").inner_text()
                or "Opens next" in await page.locator(".rules").inner_text()
            )
            # Days of that kind.
            await page.goto(f"{running.home}/people/days")
            await page.fill("#kind", "holiday")
            await page.fill("#first", "2027-01-01")
            await page.fill("#last", "2027-01-03")
            await page.get_by_role("button", name="Add special days").click()
            assert "are saved" in await page.locator(".done").inner_text()
            span = page.locator(".spans > li", has_text="2027-01-01 Friday to 2027-01-03 Sunday (3 days)")
            await expect(span).to_have_count(1, timeout=20_000)
            assert "night_shift" in await page.locator("main").inner_text()
            await fits(page)
            # Another kind on one of them: refused, and named, until it is wanted.
            await page.fill("#kind", "fair")
            await page.fill("#first", "2027-01-03")
            await page.get_by_role("button", name="Add special days").click()
            assert "2027-01-03 holiday" in await page.locator(".said").inner_text()
            assert await page.input_value("#kind") == "fair"
            await page.check("#instead")
            await page.get_by_role("button", name="Add special days").click()
            await expect(page.locator(".spans > li")).to_have_count(3, timeout=20_000)
            # Changed and removed.
            fair = page.locator(".spans > li", has=page.get_by_text("fair", exact=True))
            await fair.locator("summary").click()
            await fair.get_by_role("button", name="Remove").click()
            assert "ordinary days again" in await page.locator(".done").inner_text()
            await expect(page.locator(".spans > li")).to_have_count(2, timeout=20_000)
            # What is in use is not removed.
            await page.goto(f"{running.home}/people/schedule?name=day")
            await page.locator("summary", has_text="Remove").click()
            await page.locator('form[action="/people/schedule/remove"] button').click()
            assert "is followed by: visitors" in await page.locator(".said").inner_text()
            await page.goto(f"{running.home}/people/schedule?name=night")
            await page.locator("summary", has_text="Remove").click()
            await page.locator('form[action="/people/schedule/remove"] button').click()
            assert "followed by the site's own portals: front_door" in await page.locator(".said").inner_text()
            await browser.close()

    asyncio.run(scene())


def test_profiles_say_where_and_when_and_how_many(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            _, page, _ = await opened(browser, viewport=PHONE, locale="en-GB", java_script_enabled=False)
            await logged_in(page, running.home)
            await page.goto(f"{running.home}/people/profiles")
            cleaning = page.locator(".rules > li", has=page.get_by_role("heading", name="cleaning"))
            assert "2 holders" in await cleaning.inner_text()
            assert "Front door, Hall (hall_in), Hall (hall_out): cleaning" in await cleaning.inner_text()
            await fits(page)
            await picture(page, "profiles-phone-en")
            await page.get_by_role("link", name="New access profile").click()
            await page.fill("#name", "gardeners")
            await page.select_option("#schedule-0", "day")
            await page.get_by_label("Bike shed").first.check()
            await page.get_by_role("button", name="Save").click()
            assert "is saved" in await page.locator(".done").inner_text()
            with running.office.source() as source:
                (rule,) = read_rulebook(source).rulebook.profiles["gardeners"].rules
            assert (rule.access_points, rule.schedule) == (("bike_in",), "day")
            # Nothing ticked: nothing is saved. Held by somebody: not removed, and by whom is said.
            await page.goto(f"{running.home}/people/profile?name=gardeners")
            await picture(page, "profile-phone-en")
            await fits(page)
            await page.get_by_label("Bike shed").first.uncheck()
            await page.get_by_role("button", name="Save").click()
            assert "tick at least one access point" in await page.locator(".said").inner_text()
            await page.goto(f"{running.home}/people/profile?name=cleaning")
            await page.locator("summary", has_text="Remove").click()
            await page.locator('form[action="/people/profile/remove"] button').click()
            assert "held by: cleo, dan" in await page.locator(".said").inner_text()
            await browser.close()

    asyncio.run(scene())


def test_an_auditor_reads_all_of_it_and_is_offered_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context, page, _ = await opened(browser, viewport=DESKTOP, locale="en-GB")
            await logged_in(page, running.home)
            await page.goto(f"{running.home}/people/review")
            await page.get_by_role("button", name="Compare now").click()
            await page.wait_for_selector("#result")
            await context.clear_cookies()
            await logged_in(page, running.home, "auditor")
            for path in ("schedules", "schedule?name=cleaning", "days", "profiles", "profile?name=cleaning", "review"):
                await page.goto(f"{running.home}/people/{path}")
                await fits(page)
                await expect(page.locator("main form")).to_have_count(0, timeout=20_000)
                assert await page.locator("main h2, main li").count() > 0, path
            await page.goto(f"{running.home}/people/schedule?name=cleaning")
            assert "07:30-12:00, 13:00-16:15" in await page.locator("table.hours").first.inner_text()
            await browser.close()

    asyncio.run(scene())


@pytest.mark.attack("rules-01")
def test_names_that_are_markup_or_formulas_stay_text_on_page_and_in_the_table(tmp_path: Path) -> None:
    async def scene() -> None:
        async with async_playwright() as playwright, place(tmp_path) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context, page, complaints = await opened(browser, viewport=DESKTOP, locale="en-GB", accept_downloads=True)
            await logged_in(page, running.home)
            # Without hours nobody with these schedules comes in any more.
            for name in ("cleaning", "day"):
                await page.goto(f"{running.home}/people/schedule?name={name}")
                for day in range(7):
                    await page.fill(f"#day-{day}", "")
                await page.click("#save")
                await page.wait_for_selector(".done")
            await page.goto(f"{running.home}/people/review")
            await page.fill("#why-make", "before the cleaning hours change")
            await page.get_by_role("button", name="Compare now").click()
            await page.wait_for_selector("#result")
            await page.get_by_role("link", name="Show who loses").click()
            await page.wait_for_selector(".concerned > li")
            text = await page.locator(".concerned").inner_text()
            assert "<b>Eva</b>" in text
            await expect(page.locator(".concerned b")).to_have_count(0, timeout=20_000)
            await page.locator("summary", has_text="Export").click()
            await page.fill("#why-export", "for the meeting")
            async with page.expect_download() as coming:
                await page.get_by_role("button", name="Record and export").click()
            download = await coming.value
            content = (await asyncio.to_thread((await download.path()).read_bytes)).decode("utf-8-sig")
            rows = list(csv.reader(io.StringIO(content)))
            assert rows[0][:2] == ["Holder", "Name"]
            assert {row[0]: row[1] for row in rows[1:]} == {"cleo": "Cleo", "eva": "<b>Eva</b>"}
            assert not any(field.startswith(("=", "+", "-", "@")) for row in rows for field in row)
            made = running.page.controller.told("exported")
            assert [(one.issuer, one.detail, one.note) for one in made] == [
                ("manager", "review lost", "for the meeting")
            ]
            assert [said for said in complaints if "Failed to load" not in said] == []
            await context.close()
            await browser.close()

    asyncio.run(scene())

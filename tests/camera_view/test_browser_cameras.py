"""Cameras and faces in a real browser: real clicks, both languages, phone and desktop, day and night, no script."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from firmware.core.codes import Code
from tests.camera_view.rig import CAMERA, rigged
from tests.camera_view.test_faces_at_the_page import faced, says
from tests.network.accounts import PASSPHRASE
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, Visit
from tests.network.test_browser_access import AXE, axe
from tests.vision.camera_site import PLATE

PHONE, SMALL, DESKTOP = {"width": 390, "height": 844}, {"width": 320, "height": 640}, {"width": 1280, "height": 900}
PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")  # a folder, for whoever wants to look
WAIT_MS = 30_000

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


@contextlib.asynccontextmanager
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            yield launched
        finally:
            await launched.close()


class Person:
    """Somebody at a browser."""

    def __init__(self, context: BrowserContext, shown: Visit, port: int, language: str) -> None:
        self.context = context
        self.shown = shown
        self.page: Page = shown.page
        self.base = f"http://127.0.0.1:{port}"
        self.language = language

    @classmethod
    async def at(cls, launched: Browser, port: int, role: str, language: str, **more: object) -> Person:
        locale = {"en": "en-GB", "zh": "zh-CN"}[language]
        context = await launched.new_context(viewport=PHONE, locale=locale, **more)
        if more.get("java_script_enabled", True):
            await context.add_init_script(AXE)
        self = cls(context, Visit(await context.new_page()), port, language)
        await self.page.goto(f"{self.base}/login")
        await self.page.fill("#name", role)
        await self.page.fill("#passphrase", PASSPHRASE)
        await self.page.click("main button")
        await self.page.wait_for_selector(".person", timeout=WAIT_MS)
        return self

    async def judged(self, name: str) -> list[str]:
        """What is wrong with the page that is shown, in every size and light."""
        wrong = []
        for size in (PHONE, SMALL, DESKTOP):
            for scheme in ("light", "dark"):
                await self.page.set_viewport_size(size)
                await self.page.emulate_media(color_scheme=scheme)
                if await self.shown.overflows():
                    wrong.append(f"{name} overflows at {size['width']}")
                wrong += await axe(self.page)
                if PICTURES:
                    path = f"{PICTURES}/{name}_{self.language}_{size['width']}_{scheme}.png"
                    await self.page.screenshot(path=path, full_page=True)
        await self.page.set_viewport_size(PHONE)
        return wrong


async def shown_picture(page: Page) -> int:
    """Wait until a picture is on the screen; its number."""
    await page.wait_for_function(
        "() => { const i = document.querySelector('.pane img'); return !i.hidden && i.complete && i.naturalWidth; }",
        timeout=WAIT_MS,
    )
    return int(await page.get_attribute(".pane", "data-number") or "0")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_guard_states_a_purpose_sees_the_lane_and_ends_it(tmp_path, language):
    async def scene():
        async with rigged(tmp_path) as rig, browser() as launched:
            guard = await Person.at(launched, rig.port, "guard", language)
            page = guard.page
            await page.click("nav >> text=" + {"en": "Cameras", "zh": "摄像机"}[language])
            wrong = await guard.judged("ask")
            await page.check("#purpose-call")
            await page.fill("#note", "gate 2")
            await page.click("#incident button")
            await page.wait_for_url("**/cameras/view")
            first = await shown_picture(page)
            await page.wait_for_function(
                f"() => Number(document.querySelector('.pane').dataset.number) > {first}", timeout=WAIT_MS
            )
            rig.lane.arrive("car", "in", stop_at="approach", placed=True, plate=PLATE)
            await page.wait_for_function(
                f"() => document.querySelector('.seen').textContent.includes('{PLATE}')", timeout=WAIT_MS
            )
            assert PLATE in (await page.get_attribute(".pane img", "alt") or "")
            wrong += await guard.judged("view")
            other = await Person.at(launched, rig.port, "auditor", language)
            await other.page.wait_for_selector(".banner.looking")
            assert CAMERA in await other.page.inner_text(".banner.looking")
            wrong += await other.judged("now")
            await page.click('form[action="/cameras/end"] button')
            await page.wait_for_url("**/cameras?done=ended")
            await expect(page.locator(".done")).to_have_count(1, timeout=20_000)
            await other.page.wait_for_function(
                "() => document.querySelector('.banner.looking') === null", timeout=WAIT_MS
            )
            # The shift's own viewing: stated once, gone on with afterwards, by the keyboard alone.
            await page.focus("#shift-note")
            await page.keyboard.type("gate 2")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/cameras/view")
            await shown_picture(page)
            await page.click('form[action="/cameras/end"] button')
            await page.wait_for_url("**/cameras?done=ended")
            stands = page.locator("#shift strong")
            assert (await stands.inner_text()).endswith("gate 2")
            assert await page.locator("#shift-note").count() == 0, "it has a purpose already"
            wrong += await guard.judged("shift")
            await page.focus("#shift button")
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/cameras/view")
            await shown_picture(page)
            asked = {url for url in (*guard.shown.asked, *other.shown.asked) if not url.startswith(guard.base)}
            notes = [row.event.body.note for row in rig.rows(Code.VIEWING_BEGUN)]
            return wrong, asked, guard.shown.complaints, notes

    wrong, asked, complaints, notes = asyncio.run(scene())
    assert wrong == []
    assert asked == set()
    assert [each for each in complaints if "404" not in each] == []  # what was asked for as it ended is gone
    shift = {"en": "Watching the entrance during my shift: gate 2", "zh": "当班值守出入口：gate 2"}[language]
    assert notes == [
        {"en": "Somebody calls or waits at the entrance: gate 2", "zh": "有人在入口呼叫或等候：gate 2"}[language],
        shift,
        shift,
    ]


def test_a_picture_goes_from_the_screen_when_it_is_none_of_now(tmp_path):
    async def scene():
        async with rigged(tmp_path) as rig, browser() as launched:
            guard = await Person.at(launched, rig.port, "guard", "en")
            page = guard.page
            await page.goto(f"{guard.base}/cameras")
            await page.click("#shift button")
            await page.wait_for_url("**/cameras/view")
            await shown_picture(page)
            await guard.context.set_offline(True)
            await page.wait_for_selector('.pane[data-state="silent"] img[hidden]', state="attached", timeout=WAIT_MS)
            said = await page.inner_text(".pane .tell")
            await guard.context.set_offline(False)
            await shown_picture(page)
            # The log-in ends elsewhere: the page says so by itself.
            manager = await Person.at(launched, rig.port, "manager", "en")
            await manager.page.request.get(f"{manager.base}/accounts")
            await page.context.clear_cookies()
            await page.wait_for_selector("#passphrase", timeout=WAIT_MS)
            return said

    assert "lost its connection" in asyncio.run(scene())


def test_without_script_pictures_come_by_loading_the_page_again(tmp_path):
    async def scene():
        async with rigged(tmp_path) as rig, browser() as launched:
            guard = await Person.at(launched, rig.port, "guard", "en", java_script_enabled=False)
            page = guard.page
            await page.goto(f"{guard.base}/cameras")
            await page.click("#shift button")
            sources = set()
            async with asyncio.timeout(WAIT_MS / 1000):
                while len(sources) < 3:
                    await page.wait_for_load_state("load")
                    sources |= {await each.get_attribute("src") for each in await page.locator(".pane img[src]").all()}
                    await page.wait_for_timeout(500)
            return sources

    assert all(source.startswith("/api/v1/viewings/") for source in asyncio.run(scene()))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_manager_enrols_a_face_with_consent_and_hands_over_the_receipt(tmp_path, language):
    async def scene():
        async with faced(tmp_path) as rig, browser() as launched:
            manager = await Person.at(launched, rig.port, "manager", language, accept_downloads=True)
            page = manager.page
            await page.goto(f"{manager.base}/cameras")
            await page.click('a[href="/faces"]')
            wrong = await manager.judged("faces_none")
            await page.click('a[href="/faces/enrol"]')
            wrong += await manager.judged("enrol")
            await page.fill("#holder", "resident")
            await page.fill("#given_by", "Ann Example")
            await page.check("#agreed")
            await page.click('form[action="/faces/enrol"] button')
            await page.wait_for_url("**/faces/enrolling")
            says(rig, 1, step="left", why=("dark",))
            words = {"en": "Turn the head a little to your left", "zh": "请将头稍向左转"}[language]
            await page.wait_for_function(
                f"() => document.getElementById('step').textContent === '{words}'", timeout=WAIT_MS
            )
            wrong += await manager.judged("enrolling")
            says(rig, 3, over=True)
            await page.wait_for_selector('#progress[data-state="done"]', timeout=WAIT_MS)
            wrong += await manager.judged("enrolled")
            await page.click('main a[href="/faces"]')
            wrong += await manager.judged("faces")
            await page.click(".face summary")
            await page.click(".face button")
            await page.wait_for_selector(".receipt")
            wrong += await manager.judged("receipt")
            async with page.expect_download() as saving:
                await page.click("a[download]")
            saved = await (await saving.value).path()
            return wrong, manager.shown.complaints, saved.read_text(), rig.gate.controller.faces.of_holder("resident")

    wrong, complaints, receipt, kept = asyncio.run(scene())
    assert wrong == []
    assert complaints == []
    assert '"holder":"resident"' in receipt
    assert kept is None

"""Many windows of one browser: they share a stream, so that an order always has a connection; the lead passes on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Page, async_playwright, expect

from firmware.core.view import Mode, Position
from tests.network.fake_controller import door, hall, quiet, shed, states
from tests.network.running import RunningPage, running_page
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS

WINDOWS = 8  # a browser has six connections to one gate
QUICKLY_S, LEADER_IS_SILENT_S = 2, 15  # for an answer to a new window; for anything to come to one that heard
MUTED = "BroadcastChannel.prototype.postMessage = () => {}"

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


class Opened:
    """Windows of one browser, and each stream that any of them asked for."""

    def __init__(self, running: RunningPage, pages: list[Page], streams: list[str]) -> None:
        self.running = running
        self.pages = pages
        self.streams = streams
        self._seq = 10

    async def all_follow(self, *pages: Page) -> None:
        """The door opens and closes, and each of these shows both."""
        for position, mode in ((Position.OPEN, Mode.ACCESSED), (Position.CLOSED, Mode.LOCKED)):
            self._seq += 1
            view = quiet(door(mode=mode, position=position), shed(), hall())
            self.running.controller.say(states(seq=self._seq, view=view))
            for page in pages:
                card = page.locator("#portal-front_door")
                await expect(card).to_have_attribute("data-position", position.value, timeout=WAIT_MS)


def windows(tmp_path: Path, count: int, scene: Callable[[Opened], Awaitable[None]]) -> None:
    """Runs it with so many windows that are open and live."""

    async def run() -> None:
        async with async_playwright() as playwright, running_page(tmp_path, enter=False) as running:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(locale="en-GB")
            context.set_default_timeout(WAIT_MS)
            streams: list[str] = []
            context.on(
                "request",
                lambda request: streams.append(request.url) if request.url.endswith("/api/v1/stream") else None,
            )
            home = f"http://127.0.0.1:{running.port}/"
            pages = []
            for number in range(count):
                pages.append(await context.new_page())
                await pages[-1].goto(home if number else f"{home}?code={running.code}")
                await pages[-1].wait_for_selector('body[data-live="yes"]')
            await scene(Opened(running, pages, streams))
            await browser.close()

    asyncio.run(run())


def test_more_windows_than_a_browser_has_connections_share_one_stream_and_leave_room_for_orders(tmp_path: Path) -> None:
    async def scene(opened: Opened) -> None:
        await opened.all_follow(*opened.pages)
        assert len(opened.streams) == 1
        for page in opened.pages:
            assert await page.evaluate("fetch('/api/v1/me').then((answer) => answer.status)") == 200

    windows(tmp_path, WINDOWS, scene)


def test_windows_in_two_languages_have_a_stream_each_and_say_all_in_theirs(tmp_path: Path) -> None:
    async def scene(opened: Opened) -> None:
        english, chinese = opened.pages
        await chinese.get_by_role("link", name="中文").click()
        await chinese.wait_for_selector('html[lang="zh-Hans"]')
        await opened.all_follow(english, chinese)
        assert len(opened.streams) == 2
        for page, said in ((english, "Closed"), (chinese, "关")):
            assert said in await page.locator("#portal-front_door .position").inner_text()
            await page.reload()
            await page.wait_for_selector('html[lang="zh-Hans"]')  # as the browser was told last
        await opened.all_follow(english, chinese)
        assert "关" in await english.locator("#portal-front_door .position").inner_text()

    windows(tmp_path, 2, scene)


def test_the_lead_passes_on_when_its_window_closes(tmp_path: Path) -> None:
    async def scene(opened: Opened) -> None:
        leading, *others = opened.pages
        await leading.close()
        await opened.all_follow(*others)
        assert len(opened.streams) == 2
        await others[0].close()  # and once more: whoever led next, or not
        await opened.all_follow(*others[1:])

    windows(tmp_path, 3, scene)


@pytest.mark.parametrize("from_the_start", [True, False])
def test_a_window_that_is_told_nothing_takes_the_lead_and_the_one_that_had_it_follows(
    tmp_path: Path, from_the_start: bool
) -> None:
    async def scene(opened: Opened) -> None:
        leading, other = opened.pages
        await other.bring_to_front()
        await other.clock.install()
        if from_the_start:
            await leading.evaluate(MUTED)
        await other.reload()
        if not from_the_start:
            await opened.all_follow(other)
            await leading.evaluate(MUTED)
        assert len(opened.streams) == 1
        await other.clock.fast_forward(1_000 * (QUICKLY_S if from_the_start else LEADER_IS_SILENT_S))
        await opened.all_follow(other, leading)
        # The clock is the whole browser's: after so long the one that led connects anew as well, just before.
        assert len(opened.streams) == (2 if from_the_start else 3)
        await expect(other.locator("#lost")).to_be_hidden(timeout=WAIT_MS)
        await expect(leading.locator("#lost")).to_be_hidden(timeout=WAIT_MS)

    windows(tmp_path, 2, scene)


def test_all_windows_log_out_with_the_one_that_did(tmp_path: Path) -> None:
    async def scene(opened: Opened) -> None:
        await opened.pages[0].evaluate("""() => {
            const form = document.querySelector('form[action="/logout"]');
            return fetch("/logout", { method: "POST", body: new URLSearchParams(new FormData(form)) });
        }""")
        for page in opened.pages:
            await expect(page.get_by_role("heading", name="Log in")).to_be_visible(timeout=WAIT_MS)

    windows(tmp_path, 3, scene)

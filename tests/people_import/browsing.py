"""A browser's window over the demo gate's desk, logged in, that keeps what it complained of; and axe-core in it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator
from importlib.resources import files

from playwright.async_api import Browser

from tests.network.test_browser import Visit
from tests.people_import.pages import DeskGate

PICTURES = os.environ.get("MENSHEN_TEST_PICTURES", "")  # a folder, for whoever wants to look
NARROW, PHONE, DESKTOP = {"width": 320, "height": 640}, {"width": 390, "height": 844}, {"width": 1280, "height": 900}
# axe-core (MPL-2.0), all but its experiments; the page's policy lets no foreign script in, so the window has none.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
WIDE = """() => [...document.querySelectorAll("main *")].filter(
  each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1).map(
  each => each.tagName + "." + each.className + "#" + each.id + " " + each.textContent.slice(0, 40)).slice(0, 8)"""
REFUSED = "the server responded with a status of 400"  # said by the browser of a page that says what was wrong
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  each => each.id + ": " + each.nodes.map(node => node.target.join(" ") + " " + node.failureSummary).join(" | ")))"""


class Window(Visit):
    """One window at one gate."""

    gate: DeskGate

    async def go(self, target: str) -> None:
        await self.page.goto(f"http://127.0.0.1:{self.gate.page.port}{target}")

    async def picture(self, name: str) -> None:
        if PICTURES:
            await self.page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)

    async def looked_at(self, name: str) -> None:
        """Every width, by day and by night: nothing overflows, axe-core finds nothing; a picture of each."""
        before = self.page.viewport_size
        for size, scheme in ((NARROW, "light"), (PHONE, "light"), (DESKTOP, "dark")):
            await self.page.set_viewport_size(size)
            await self.page.emulate_media(color_scheme=scheme)
            assert not await self.overflows(), (name, size, await self.page.evaluate(WIDE))
            await self.page.evaluate(AXE)
            assert await self.page.evaluate(RUN) == [], (name, size)
            await self.picture(f"{name}-{size['width']}-{scheme}")
        await self.page.set_viewport_size(before or PHONE)
        await self.page.emulate_media(color_scheme="light")


@contextlib.asynccontextmanager
async def window(
    browser: Browser, gate: DeskGate, *, locale: str = "en-GB", script: bool = True
) -> AsyncIterator[Window]:
    context = await browser.new_context(
        viewport=PHONE, locale=locale, java_script_enabled=script, accept_downloads=True, bypass_csp=script
    )
    name, _, content = (gate.page.cookie or "").partition("=")
    await context.add_cookies([{"name": name, "value": content, "url": f"http://127.0.0.1:{gate.page.port}"}])
    shown = Window(await context.new_page())
    shown.gate = gate
    yield shown
    assert [said for said in shown.complaints if REFUSED not in said] == []
    assert {url.split("/")[2] for url in shown.asked} <= {f"127.0.0.1:{gate.page.port}"}
    await context.close()

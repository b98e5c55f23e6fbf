"""Every page for everybody: axe-core finds nothing, the keyboard goes everywhere, and nothing needs width or motion.

axe-core (MPL-2.0) comes with axe-playwright-python, of which nothing else is used. The page's policy allows no foreign
script, so the browser's windows of these tests have none. `make access` looks at each page in both languages; `make
test` at every second one in English on a phone by day, and at the others in Chinese at a desk by night.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path
from typing import Any

import msgspec
import pytest
from playwright.async_api import BrowserContext, Page, async_playwright

from firmware.network.accounts.account import Role
from tests.network.test_browser import NEEDS_CHROMIUM
from tests.network.walks import BACKUPS, DESKTOP, PHONE, STATES, Address, Walk, show, walking

WHOLE = "MENSHEN_ACCESS" in os.environ
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
# All that axe-core has but its experiments; violations only, and where.
RUN = """() => axe.run(document, {resultTypes: ["violations"]}).then(found => found.violations.map(
  each => each.id + ": " + each.nodes.map(node => node.target.join(" ") + " " + node.failureSummary).join(" | ")))"""

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]


class Found:
    """What is wrong, with where."""

    def __init__(self) -> None:
        self.looked_at = 0
        self.wrong: list[str] = []

    def add(self, where: object, wrong: list[str]) -> None:
        self.looked_at += 1
        self.wrong += [f"{where}: {each}" for each in wrong]


async def axe(page: Page) -> list[str]:
    found: list[str] = await page.evaluate(RUN)
    return found


async def look(page: Page, where: Address, language: str, found: Found) -> None:
    """A page that is loaded: in English on a phone by day, in Chinese at a desk by night."""
    size, scheme = (PHONE, "light") if language == "en" else (DESKTOP, "dark")
    await page.set_viewport_size(size)  # type: ignore[arg-type]
    await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    found.add((where, language, scheme, size["width"]), await axe(page))


async def look_at_states(walk: Walk, found: Found) -> None:
    """The status page in all that may happen; the last of it is a controller that is gone."""
    windows = {language: await walk.context(Role.MANAGER, language) for language in ("en", "zh")}
    pages = {}
    for language, context in windows.items():
        await context.add_init_script(AXE)
        pages[language] = await context.new_page()
    for name, told in STATES.items():
        for page in pages.values():
            await page.goto("about:blank")  # an open window would load itself anew when there are other portals
        walk.gate.page.controller.say(*told)
        for language, page in pages.items():
            await show(page, walk.base)
            await look(page, Address(Role.MANAGER, f"/ {name}"), language, found)
    await look_at_backups(walk, found)
    await walk.gate.page.controller.die()
    for language, page in pages.items():
        await page.wait_for_selector('body[data-live="no"]')
        await look(page, Address(Role.MANAGER, "/ silent"), language, found)
    for context in windows.values():
        await context.close()


async def look_at_backups(walk: Walk, found: Found) -> None:
    """The page about backups while something is done, and after."""
    for language in ("en", "zh"):
        context = await walk.context(Role.INSTALLER, language)
        await context.add_init_script(AXE)
        page = await context.new_page()
        for name, told in BACKUPS.items():
            walk.gate.page.controller.telling["TellBackups"] = msgspec.json.encode(told).decode()
            await show(page, walk.base + "/backup")
            await open_folds(page)
            await look(page, Address(Role.INSTALLER, f"/backup {name}"), language, found)
            found.add((name, language), await widths(page))
        await context.close()


async def open_folds(page: Page) -> None:
    """What is folded is looked at too."""
    await page.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")


async def each_page(
    walk: Walk, language: str, pages: Iterable[tuple[Address, str | None]], script: str = "", **more: Any
) -> AsyncIterator[tuple[Address, Page]]:
    """Load one after the other, in one window a role. Pages that come with their markup are shown as it stands."""
    contexts: dict[Role | None, tuple[BrowserContext, Page]] = {}
    try:
        for where, markup in pages:
            if where.role not in contexts:
                context = await walk.context(where.role, language, **more)
                await context.add_init_script(script)
                contexts[where.role] = (context, await context.new_page())
            page = contexts[where.role][1]
            await show(page, walk.base + where.target, markup)
            await open_folds(page)
            yield where, page
    finally:
        for context, _ in contexts.values():
            await context.close()


async def spoil(page: Page) -> None:
    """What axe-core has to find."""
    await page.evaluate("document.querySelector('label').remove()")
    await page.evaluate("document.querySelector('main p').style.color = '#c4c4c4'")
    await page.evaluate("document.documentElement.removeAttribute('lang')")


def test_axe_core_finds_nothing_on_any_page(tmp_path: Path) -> None:
    found = Found()

    async def scene() -> None:
        async with async_playwright() as playwright, walking(tmp_path, playwright) as walk:
            pages = await walk.pages()
            shown = {where.target.partition("?")[0] for where in pages}
            assert shown >= {
                "/",
                "/login",
                "/account",
                "/accounts",
                "/journal",
                "/journal/export",
                "/backup",
                "/act/hold",
            }
            loaded = [(where, None) for where in pages]
            async for where, page in each_page(walk, "zh", loaded if WHOLE else loaded[::2], AXE):
                await look(page, where, "zh", found)
            refused = await walk.refusals(pages)
            assert len(refused) > 3
            async for where, page in each_page(walk, "en", [*(loaded if WHOLE else loaded[1::2]), *refused], AXE):
                await look(page, where, "en", found)
            async for _, page in each_page(walk, "en", loaded[:1], AXE):
                await spoil(page)
                spoilt = {each.partition(":")[0] for each in await axe(page)}
                assert spoilt >= {"label", "html-has-lang", "color-contrast"}
            await look_at_states(walk, found)

    asyncio.run(scene())
    assert found.wrong == [], "\n".join(found.wrong)
    assert found.looked_at > 80


# What can take the focus and is shown, in the order of the markup.
REACHABLE = """() => Array.from(document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]"))
  .filter(each => !each.disabled && each.tabIndex >= 0 && each.checkVisibility({visibilityProperty: true}))"""
# Of each, focused as by a keyboard: whether that can be seen. Of radio buttons only one of a group is on the way.
UNSEEN = f"""() => ({REACHABLE})().filter(each => {{
  each.focus();
  if (document.activeElement !== each) return false;
  const style = getComputedStyle(each), beside = getComputedStyle(each.closest("label, p, li, td") || each);
  const outlined = (of) => of.outlineStyle !== "none" && parseFloat(of.outlineWidth) >= 2;
  return !outlined(style) && !outlined(beside);
}}).map(each => each.outerHTML.slice(0, 120))"""
JUMPS = f"() => ({REACHABLE})().filter(each => each.tabIndex > 0).map(each => each.outerHTML.slice(0, 120))"
WIDER = """() => document.documentElement.scrollWidth <= document.documentElement.clientWidth ? [] :
  Array.from(document.querySelectorAll("body *")).filter(
    each => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1 && !each.closest(".scrolls"))
  .map(each => each.outerHTML.slice(0, 120)).slice(0, 3).concat("wider than the window")"""
MOVING = """() => Array.from(document.querySelectorAll("body *")).filter(each => {
  const style = getComputedStyle(each);
  return style.animationName !== "none" || style.transitionDuration.split(", ").some(span => parseFloat(span) > 0.01);
}).map(each => each.outerHTML.slice(0, 120))"""
PRINTED = """() => {
  const wrong = [];
  const shown = (sign) => Array.from(document.querySelectorAll(sign)).some(each => each.checkVisibility());
  if (!shown("h1")) wrong.push("no heading is printed");
  if (!shown("main")) wrong.push("nothing is printed");
  for (const sign of ["header nav", ".person", ".skip"]) if (shown(sign)) wrong.push(sign + " is printed");
  const dark = (text) => text.match(/[0-9.]+/g).slice(0, 3).every(part => parseFloat(part) < 100);
  if (!dark(getComputedStyle(document.body).color)) wrong.push("light letters on paper");
  return wrong;
}"""
READ = """() => Array.from(document.querySelectorAll("h1, h2, h3, caption, legend, th, main p, main li"))
  .filter(each => each.checkVisibility() && each.innerText.trim() && !each.closest("[data-script]"))
  .map(each => each.tagName + "." + Array.from(each.classList).sort().join(".") + "#" + each.id)"""
SKIPPED = """() => {
  const first = document.activeElement;
  if (first.className !== "skip") return false;
  const target = document.querySelector(first.getAttribute("href"));
  return target !== null && target.closest("main") !== null;
}"""


WORSE = """() => {  // what the test has to find
  document.querySelector(".skip").remove();
  document.querySelector("main input").style.outline = "none";
  const wide = document.createElement("p");
  wide.textContent = "wide";
  wide.setAttribute("style", "width: 1300px; animation: blink 1s infinite !important");
  document.querySelector("main").append(wide);
}"""


async def keyboard(page: Page) -> list[str]:
    """The first stop leads past the head; every stop is seen, in the order of the page."""
    await page.keyboard.press("Tab")
    wrong = [] if await page.evaluate(SKIPPED) else ["the first stop does not lead to what the page is about"]
    wrong += [f"not seen when focused: {each}" for each in await page.evaluate(UNSEEN)]
    return wrong + [f"jumps the order: {each}" for each in await page.evaluate(JUMPS)]


async def widths(page: Page) -> list[str]:
    """The narrowest phone; a desk at 200 %; and letters twice as large on a phone."""
    wrong = []
    for name, size in (("320 px", {"width": 320, "height": 640}), ("200 %", {"width": 640, "height": 450})):
        await page.set_viewport_size(size)  # type: ignore[arg-type]
        wrong += [f"{name}: {each}" for each in await page.evaluate(WIDER)]
    await page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    wrong += [f"large letters: {each}" for each in await page.evaluate(WIDER)]
    await page.evaluate("document.documentElement.style.fontSize = ''")
    return wrong


async def media(page: Page) -> list[str]:
    """Nothing moves for whoever asks for that; on paper stands what the page is about, in dark letters."""
    await page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    wrong = [f"moves: {each}" for each in await page.evaluate(MOVING)]
    await page.emulate_media(media="print", color_scheme="dark")
    wrong += [f"print: {each}" for each in await page.evaluate(PRINTED)]
    await page.set_viewport_size({"width": 718, "height": 1000})  # A4 with margins of a centimetre, at 96 dpi
    wrong += [f"print: {each}" for each in await page.evaluate(WIDER)]
    await page.emulate_media(media="screen", color_scheme="light", reduced_motion="no-preference")
    return wrong


def test_every_page_by_keyboard_narrow_large_printed_still_and_without_script(tmp_path: Path) -> None:
    found = Found()

    async def scene() -> None:
        async with async_playwright() as playwright, walking(tmp_path, playwright) as walk:
            walk.gate.page.controller.say(*STATES["alarms"])
            pages = await walk.pages()
            loaded = [(where, None) for where in pages]
            told: dict[Address, list[str]] = {}
            async for where, page in each_page(walk, "zh", loaded):
                found.add((where, "keyboard"), await keyboard(page))
                found.add((where, "widths"), await widths(page))
                found.add((where, "media"), await media(page))
                told[where] = await page.evaluate(READ)
            async for where, page in each_page(walk, "en", loaded, java_script_enabled=False):
                missing = Counter(told[where]) - Counter(await page.evaluate(READ))
                found.add((where, "without script"), [f"is not there: {each}" for each in missing])
                if WHOLE:
                    found.add((where, "widths"), await widths(page))
            async for _, page in each_page(walk, "en", loaded[:1]):
                await page.evaluate(WORSE)
                first, unseen = (await keyboard(page))[:2]
                assert ("first stop" in first, "not seen" in unseen) == (True, True)
                assert {each.partition(":")[0] for each in await widths(page)} == {"320 px", "200 %", "large letters"}
                assert {each.partition(":")[0] for each in await media(page)} == {"moves", "print"}

    asyncio.run(scene())
    assert found.wrong == [], "\n".join(found.wrong)
    assert found.looked_at > 50

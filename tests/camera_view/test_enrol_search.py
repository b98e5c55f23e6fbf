"""Whose face is enrolled is found by name or unit, from the holder's own sheet too; with the keyboard alone."""

from __future__ import annotations

import asyncio
import contextlib
import html
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from firmware.camera_commands import TakeFace
from firmware.people.serving import PeopleSocket
from tests.network.running import RunningPage, running_page, settings
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS, Visit
from tests.network.test_browser_access import AXE, axe
from tests.people.desk import at_desk
from tests.people.pages import EVIL, PEOPLE

CAMERA = "front_camera"
SITE = settings(
    faces_on=True,
    face_cameras=(CAMERA,),
    cameras={CAMERA: "front_door"},
    reader_portals={"front_reader": "front_door"},
)
CONSENT = [("read", "en"), ("given_by", "Wang Fang"), ("camera", CAMERA), ("days", "365"), ("agreed", "yes")]
FOLLOWS = '{"state": "looking", "step": "straight", "least": 3}'


@contextlib.asynccontextmanager
async def reception(folder: Path, *, people: bool = True, source: bool = True, site=SITE) -> AsyncIterator[RunningPage]:
    """A page of a site with faces; the console may do all. `people`: a list of people answers."""
    with at_desk(folder, source=source) as desk:
        if source:
            desk.put(*PEOPLE)
        served = PeopleSocket(folder / "people.sock", desk.desk)
        if people:
            await served.start()
        try:
            async with running_page(folder, site=site, people=str(served.path)) as page:
                page.controller.telling["TakeFace"] = "a-number"
                page.controller.telling["HowFar"] = FOLLOWS
                yield page
        finally:
            if people:
                await served.stop()


def play(folder: Path, scene: Callable[[RunningPage], Awaitable[None]], **more: object) -> None:
    async def whole() -> None:
        async with reception(folder, **more) as page:  # type: ignore[arg-type]
            await scene(page)

    asyncio.run(whole())


def links(text: str) -> list[str]:
    """Whom one may choose."""
    return [html.unescape(link) for link in re.findall(r'<a href="(/faces/enrol\?[^"]*holder=[^"]*)"', text)]


def taken(page: RunningPage) -> list[TakeFace]:
    return [ask.command for ask in page.controller.asked if isinstance(ask.command, TakeFace)]


async def followed(page: RunningPage, path: str, fields: list[tuple[str, str]]) -> tuple[str, str]:
    """Where a form leads, and what stands there."""
    answer = await page.post(path, fields)
    assert answer.status == 303, answer.text
    place = answer.header("location") or ""
    return place, (await page.get(place)).text


@pytest.mark.parametrize("text", ["王芳", "3-2-501", "8000", "012 34567"])
def test_somebody_is_found_by_name_unit_phone_or_card_and_enrolled_by_choosing(tmp_path: Path, text: str) -> None:
    async def scene(page: RunningPage) -> None:
        first = (await page.get("/faces/enrol")).text
        assert 'action="/faces/who"' in first
        assert 'action="/faces/enrol"' not in first, "first who it is, then the consent"
        place, found = await followed(page, "/faces/who", [("read", "en"), ("text", text)])
        assert "find=" in place
        assert text not in place
        assert not re.search(r"%E7|3-2-501|8000|34567", place), "what was sought stands in no address"
        chosen = next(link for link in links(found) if "holder=h1" in link)
        form = (await page.get(chosen)).text
        assert "王芳" in form
        assert "3-2-501" in form
        assert '<input type="hidden" name="holder" value="h1">' in form
        assert "Face recognition" in form or 'class="consent"' in form
        answer = await page.post("/faces/enrol", [*CONSENT, ("holder", "h1")])
        assert (answer.status, answer.header("location")) == (303, "/faces/enrolling")
        (command,) = taken(page)
        assert (command.holder, command.given_by, command.issuer) == ("h1", "Wang Fang", "console")

    play(tmp_path, scene)


def test_names_are_shown_as_they_are_and_nobody_is_said_so(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        _, found = await followed(page, "/faces/who", [("read", "zh_CN"), ("text", "quoted")])
        assert html.escape(EVIL, quote=False) in found or html.escape(EVIL) in found or "&lt;img" in found
        assert "<img src=x" not in found
        assert all("read=zh_CN" in link for link in links(found)), "the language of the consent stays"
        _, none = await followed(page, "/faces/who", [("text", "nobody of that name")])
        assert "Nobody is found." in none
        assert links(none) == []
        place, _ = await followed(page, "/faces/who", [("text", "   ")])
        assert "find" not in place
        unknown = await page.get("/faces/enrol?holder=h999")
        assert unknown.status == 400
        assert 'action="/faces/who"' in unknown.text
        chinese = await page.get("/faces/enrol?holder=h1", accept_language="zh-CN")
        assert "换一位" in chinese.text

    play(tmp_path, scene)


def test_what_was_sought_is_another_sessions_business_and_stays_when_the_language_changes(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        place, found = await followed(page, "/faces/who", [("text", "王芳")])
        key = re.search(r"find=([\w-]+)", place)
        assert key is not None
        assert f"find={key[1]}" in html.unescape(found), "the other language of the page shows the same"
        assert 'value="王芳"' in found
        guessed = (await page.get("/faces/enrol?find=" + key[1][::-1])).text
        assert 'value="王芳"' not in guessed
        assert links(guessed) == []

    play(tmp_path, scene)


def test_the_sheet_of_a_holder_leads_to_it_where_faces_are_on(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        assert 'href="/faces/enrol?holder=h1"' in (await page.get("/people/holder?id=h1")).text
        page.controller.telling["TellFaces"] = (
            '{"on": true, "count": 1, "faces": [{"holder": "h1", "given_by": "Wang Fang", "given_s": 1795406400,'
            ' "witness": "Li Na", "expires_s": 1826942400, "templates": 3}]}'
        )
        assert 'href="/people/holder?id=h1"' in (await page.get("/faces")).text, "and back"

    play(tmp_path, scene)

    async def without(page: RunningPage) -> None:
        assert "/faces/enrol" not in (await page.get("/people/holder?id=h1")).text

    other = tmp_path / "without"
    other.mkdir()
    play(other, without, site=settings(reader_portals={"front_reader": "front_door"}))


def test_where_no_list_of_people_answers_the_id_is_typed(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        for path in ("/faces/enrol?holder=h1", "/faces/enrol?holder=h1&read=zh_CN"):
            form = (await page.get(path)).text
            assert re.search(r'<input id="holder" name="holder" value="h1"', form)
            assert "The list of people does not answer." in form
        answer = await page.post("/faces/enrol", [*CONSENT, ("holder", "h7")])
        assert answer.status == 303
        assert [command.holder for command in taken(page)] == ["h7"]

    play(tmp_path, scene, people=False)


def test_a_consent_that_is_wanting_keeps_who_was_chosen(tmp_path: Path) -> None:
    async def scene(page: RunningPage) -> None:
        answer = await page.post("/faces/enrol", [*CONSENT[:-1], ("holder", "h1")])
        assert answer.status == 400
        assert "Without consent nobody is enrolled" in answer.text
        assert '<input type="hidden" name="holder" value="h1">' in answer.text
        assert "王芳" in answer.text
        assert taken(page) == []

    play(tmp_path, scene)


@pytest.mark.slow
@NEEDS_CHROMIUM
@pytest.mark.parametrize(("locale", "script"), [("en-GB", True), ("zh-CN", True), ("en-GB", False)])
def test_with_the_keyboard_alone_from_the_list_of_faces_to_the_camera(
    tmp_path: Path, locale: str, script: bool
) -> None:
    async def scene(page: RunningPage) -> None:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            context = await browser.new_context(
                locale=locale, viewport={"width": 390, "height": 844}, java_script_enabled=script
            )
            if script:
                await context.add_init_script(AXE)
            name, _, content = (page.cookie or "").partition("=")
            await context.add_cookies([{"name": name, "value": content, "url": f"http://127.0.0.1:{page.port}"}])
            shown = Visit(await context.new_page())
            at = shown.page
            at.set_default_timeout(WAIT_MS)

            async def press(selector: str) -> None:
                """Go there by the tab key alone, and press it."""
                target = at.locator(selector).first
                for _ in range(80):
                    await at.keyboard.press("Tab")
                    if await target.evaluate("(one) => one === document.activeElement") if script else False:
                        break
                else:
                    await target.focus()
                    assert not script, f"{selector} is not reached by the tab key"

            async def judged() -> None:
                assert not await shown.overflows()
                if script:
                    assert await axe(at) == []

            await at.goto(f"http://127.0.0.1:{page.port}/faces/enrol")
            await judged()
            await press("#text")
            await at.keyboard.type("3-2-501")
            await at.keyboard.press("Enter")
            await at.wait_for_url("**/faces/enrol?*find=*")
            await judged()
            await press('.people-rows a[href*="holder=h1"]')
            await at.keyboard.press("Enter")
            await at.wait_for_selector("#given_by")
            await judged()
            await press("#given_by")
            await at.keyboard.type("Wang Fang")
            await press("#agreed")
            await at.keyboard.press("Space")
            await press('form[action="/faces/enrol"] button')
            await at.keyboard.press("Enter")
            await at.wait_for_url("**/faces/enrolling")
            await judged()
            assert shown.complaints == []
            assert {url for url in shown.asked if not url.startswith(f"http://127.0.0.1:{page.port}")} == set()
            await browser.close()
        assert [command.holder for command in taken(page)] == ["h1"]

    play(tmp_path, scene)

"""The drawn plan in a browser: live by texts and attributes, honest about what is not proven, read without script."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, async_playwright, expect

from firmware.core.view import CallView, Lamp, Mode, PortalView, Position, SiteView
from tests.network.fake_controller import UTC_MS, barrier, door, hall, health, lane, quiet, shed, spots, states, welcome
from tests.network.plan_site import plan_settings
from tests.network.running import RunningPage, running_page
from tests.network.test_browser import CHROMIUM, FLAGS, NEEDS_CHROMIUM, WAIT_MS, visit

pytestmark = [
    pytest.mark.slow,
    NEEDS_CHROMIUM,
]
RUNNING = {"front_reader": "running", "shed_reader": "running", "hall_reader": "running", "lane_camera": "running"}


def site(*portals: PortalView, **more: Any) -> SiteView:
    return replace(quiet(*(portals or (door(), shed(), hall(), barrier()))), **more)


def attributes(page: Page, portal: str) -> Any:
    script = "(e) => [e.dataset.mode, e.dataset.position, e.dataset.level]"
    return page.locator(f'[data-plan="{portal}"]').evaluate(script)


async def drawn(page: Page, selector: str) -> bool:
    """Whether it is to be seen: not taken out by the style sheet."""
    return bool(await page.locator(selector).first.evaluate("(e) => getComputedStyle(e).display !== 'none'"))


def test_the_plan_follows_the_gate_and_says_what_is_not_proven(tmp_path: Path) -> None:
    async def scene() -> None:
        first = (welcome(), states(view=site(occupancy={"yard": 3})), health(**RUNNING, roof_camera="lost"))
        async with (
            async_playwright() as playwright,
            running_page(tmp_path, *first, site=plan_settings(), enter=False) as running,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shown = await visit(browser, running, locale="en-GB")
            page = shown.page
            running.controller.say(*first[1:])  # a slow browser took longer than the controller may be silent
            await page.wait_for_selector('[data-plan="front_door"][data-position="closed"]', timeout=WAIT_MS)
            assert await attributes(page, "front_door") == ["locked", "closed", "ok"]
            assert await page.locator('[data-area="yard"]').text_content() == "yard: 3 inside"
            assert await page.locator('[data-device="roof_camera"]').get_attribute("data-state") == "lost"
            assert not await drawn(page, '[data-plan="front_door"] .doubt')
            open_now = door(mode=Mode.ACCESSED, position=Position.OPEN)
            unknown = shed(position=Position.UNKNOWN)
            alarmed = hall(alarms=("turnstile.pulse_fault",), acknowledged=False)
            moving = lane(lights={"in": Lamp.GREEN, "out": Lamp.RED}, spots=spots("entry_1", safety="fault"))
            now = site(
                open_now, unknown, alarmed, barrier(moving, position=Position.BETWEEN), readers_muted=("shed_reader",)
            )
            running.controller.say(states(seq=2, view=now))
            await page.wait_for_selector('[data-plan="front_door"][data-position="open"]', timeout=WAIT_MS)
            assert await attributes(page, "hall") == ["locked", "not_monitored", "alarm"]
            assert await page.locator('[data-plan="front_door"] .plan-position').text_content() == "Open"
            assert not await drawn(page, '[data-plan="front_door"] .doubt')
            for portal in ("bike_shed", "north_lane"):
                assert await drawn(page, f'[data-plan="{portal}"] .doubt'), portal
            assert await page.locator('[data-spot-id="entry_1"]').get_attribute("data-state") == "active"
            assert await page.locator('[data-spot-id="safety_1"]').get_attribute("data-trouble") == "yes"
            lamps = '[data-plan="north_lane"] .head'
            assert await page.locator(lamps).evaluate_all("(all) => all.map((e) => e.dataset.lamp)") == ["green", "red"]
            assert await page.locator('[data-device="shed_reader"] .mark').text_content() == "!"
            assert await page.locator('[data-device="front_reader"] .mark').text_content() == ""
            assert shown.complaints == []
            await not_proven_in_silence(page, running)
            await browser.close()

    asyncio.run(scene())


async def not_proven_in_silence(page: Page, running: RunningPage) -> None:
    """The controller is gone: nothing is drawn as proven any more."""
    await running.controller.die()
    await page.wait_for_selector('body[data-live="no"]', timeout=WAIT_MS)
    await page.wait_for_selector('[data-plan="front_door"][data-position="lost"]', timeout=WAIT_MS)
    for portal in ("front_door", "bike_shed", "north_lane"):
        assert await drawn(page, f'[data-plan="{portal}"] .doubt')
    devices = await page.locator("[data-device]").evaluate_all("(all) => all.map((e) => e.dataset.state)")
    assert set(devices) == {"unknown"}
    states_of = await page.locator(".plan .spot").evaluate_all("(all) => all.map((e) => e.dataset.state)")
    assert set(states_of) == {"unknown"}


@pytest.mark.parametrize("script", [True, False])
def test_each_portal_of_the_plan_leads_to_its_card(tmp_path: Path, script: bool) -> None:
    """By keyboard, by its name and state; with and without script; and 320 px are wide enough."""

    async def scene() -> None:
        first = (
            welcome(),
            states(view=site(door(position=Position.OPEN), shed(), hall(), barrier())),
            health(**RUNNING),
        )
        async with (
            async_playwright() as playwright,
            running_page(tmp_path, *first, site=plan_settings()) as running,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            shown = await visit(browser, running, locale="en-GB", script=script, enter=False)
            page = shown.page
            await page.set_viewport_size({"width": 320, "height": 640})
            assert not await shown.overflows()
            running.controller.say(*first[1:])  # a slow browser took longer than the controller may be silent
            if not script:
                await page.reload()
            plan = page.get_by_role("group", name="Plan")
            link = plan.get_by_role("link", name="Front door Open Locked")
            await link.wait_for(timeout=WAIT_MS)
            await expect(plan.get_by_role("link")).to_have_count(4, timeout=20_000)
            assert await attributes(page, "front_door") == ["locked", "open", "attention"]
            await link.focus()
            await page.keyboard.press("Enter")
            await page.wait_for_url("**/#portal-front_door", timeout=WAIT_MS)
            box = await page.locator("#portal-front_door").bounding_box()
            assert box is not None
            assert 0 <= box["y"] < 640, "the card is on the screen"
            await browser.close()

    asyncio.run(scene())


def test_letters_are_large_enough_at_arms_length(tmp_path: Path) -> None:
    """On the narrowest phone a state is written in 14 px at least, a name in 15."""

    async def scene() -> None:
        first = (welcome(), states(view=site()), health(**RUNNING))
        async with (
            async_playwright() as playwright,
            running_page(tmp_path, *first, site=plan_settings()) as running,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            page = (await visit(browser, running, locale="zh-CN", enter=False)).page
            await page.set_viewport_size({"width": 320, "height": 640})
            scale = await page.evaluate("document.querySelector('.plan').getBoundingClientRect().width / 328")
            for selector, least_px in ((".plan-name", 14.9), (".plan-position", 14)):
                size = await page.locator(selector).first.evaluate("(e) => parseFloat(getComputedStyle(e).fontSize)")
                assert size * scale >= least_px
            overflowing = "(all) => all.filter((e) => e.scrollWidth > e.clientWidth + 1).map((e) => e.textContent)"
            assert await page.locator(".plan-position, .plan-mode").evaluate_all(overflowing) == []
            await browser.close()

    asyncio.run(scene())


# What is drawn and written, part by part, in an element of the page.
PARTS = """([html, selector]) => {
  const doc = new DOMParser().parseFromString(html, "text/html");
  const part = (element) => [
    element.tagName.toLowerCase(),
    Array.from(element.attributes, (each) => [each.name, each.value]).sort(),
    Array.from(element.childNodes, (node) => node.nodeType === 3 ? node.data.trim() : part(node))
      .filter((each) => each !== "")];
  return part(doc.querySelector(selector));
}"""
RINGS = CallView("front_in", "front_door", UTC_MS // 1000)
STORY = [
    site(door(mode=Mode.ACCESSED, position=Position.OPEN), shed(), hall(), barrier(), calls=(RINGS,)),
    site(
        door(alarms=("door.forced",), acknowledged=False),
        shed(position=Position.FAULT),
        hall(mode=Mode.LOCKED_OPEN),
        barrier(lane(spots=spots("exit_1", entry="stuck"), lights={"in": Lamp.DARK}), position=Position.OPENING),
        devices_lost=("lane_camera",),
        occupancy={"yard": 7, "lobby": 0},
        calls=(replace(RINGS, answered=True, by="Li"), CallView("hall_in", "hall")),
    ),
    site(shed(), door(mode=Mode.OUT_OF_SERVICE), hall(), barrier(), readers_enrolling=("front_reader",)),
]


def test_script_and_template_draw_the_same_plan_and_the_same_calls(tmp_path: Path) -> None:
    """A window that was told each change shows, part by part, what the server sends to a new one."""

    async def scene() -> None:
        first = (welcome(), states(view=site()), health(**RUNNING))
        async with (
            async_playwright() as playwright,
            running_page(tmp_path, *first, site=plan_settings()) as running,
        ):
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            reading = await (await browser.new_context()).new_page()
            page = (await visit(browser, running, locale="en-GB", enter=False)).page
            for seq, view in enumerate(STORY, start=2):
                for selector in (".plan", "#call-rows"):
                    running.controller.say(states(seq=seq, view=view))
                    async with asyncio.timeout(WAIT_MS / 1000):
                        while True:
                            html = (await running.get("/", accept_language="en-GB")).text
                            made = await reading.evaluate(PARTS, [html, selector])
                            live = await page.evaluate(f"document.querySelector('{selector}').outerHTML")
                            if await reading.evaluate(PARTS, [live, selector]) == made:
                                break
                shown = page.locator('[data-plan="front_door"]')
                assert await shown.get_attribute("data-mode") == view.portals[seq == 4].mode.value
            await browser.close()

    asyncio.run(scene())

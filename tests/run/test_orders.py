"""Orders at the page of a running demo gate, by real clicks: a guard, a manager, an auditor, each with an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from firmware.core.codes import Code
from firmware.journal import search
from tests.run.demo import CHROMIUM, LIMIT_S, PHONE, Panel, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
PASSPHRASE = "horse battery gate lamp"
TARGET_PX = 44  # as wide and high as a thumb needs


class People:
    """The console, which is a manager too, and whoever it has invited."""

    def __init__(self, console: Page) -> None:
        self.console = console
        self.address = re.match(r"http://[^/]+", console.url)[0]

    def join(self, name: str, role: str, locale: str = "en-US") -> Page:
        """A person with an account of this role, logged in on a phone."""
        self.console.goto(f"{self.address}/accounts")
        self.console.get_by_label("Name").fill(name)
        self.console.locator(f"#make-{role}").check()
        self.console.get_by_role("button", name="Make the account").click()
        code = self.console.locator("code").inner_text()
        browser = self.console.context.browser
        page = browser.new_context(viewport=PHONE, locale=locale).new_page()
        page.set_default_timeout(WAIT_MS)
        page.goto(f"{self.address}/join")
        for field, content in (("name", name), ("code", code), ("new", PASSPHRASE), ("again", PASSPHRASE)):
            page.locator(f"#{field}").fill(content)
        page.locator("main form button").last.click()
        page.wait_for_selector('body[data-live="yes"]')
        self.console.goto(f"{self.address}/")
        return page


@contextmanager
def gate(state: Path) -> Iterator[tuple[People, Panel]]:
    with demo(state) as (_, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        yield People(page), panel


def yes(page: Page, button: str) -> None:
    """Say yes, and come back to the status page."""
    page.get_by_role("button", name=button, exact=True).click()
    page.wait_for_url("**/#asked")


def newest(page: Page):
    return page.locator("#asked-rows .ask").first


def big_enough(page: Page) -> None:
    """Every button and link of an order is as large as a thumb, and nothing runs out of the phone's side."""
    for target in page.locator("main .button:visible, main button:visible, summary:visible, .choice:visible").all():
        box = target.bounding_box()
        assert min(box["height"], box["width"]) >= TARGET_PX, target.inner_text()
    page.wait_for_load_state("load")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_guard_opens_the_front_door_once_and_sees_it_proven(tmp_path: Path):
    with gate(tmp_path) as (people, panel):
        guard = people.join("Guo Ming", "guard")
        big_enough(guard)
        assert guard.locator("a[href^='/act/lock'], a[href^='/act/evac'], a[href^='/act/hold']").count() == 0
        guard.get_by_role("link", name="Open once: Front door").click()
        expect(guard.get_by_text("Opens Front door for 5 s")).to_be_visible()
        big_enough(guard)
        guard.get_by_role("button", name="No, back").click()
        expect(newest(guard)).to_have_count(0)
        guard.get_by_role("link", name="Open once: Front door").click()
        yes(guard, "Open once")
        expect(newest(guard).locator(".fate")).to_have_text("Accepted and recorded.", timeout=WAIT_MS)
        assert guard.locator("#portal-front_door").get_attribute("data-position") == "closed", "accepted is not proven"
        panel.press("Front door", "Push the door")
        guard.wait_for_selector('#portal-front_door[data-position="open"]')
        expect(newest(guard).locator(".proof .text")).to_have_text("It is open.", timeout=WAIT_MS)
        expect(newest(guard).locator(".proof .text")).to_have_text("It was open, and is no longer.", timeout=WAIT_MS)
        big_enough(guard)
        (row,) = search(tmp_path / "journal" / "journal.db", limit=100, kind=Code.COMMANDED, with_bodies=True)
        assert (row.event.body.issuer, row.event.body.address) == ("Guo Ming", "127.0.0.1")
        assert (row.event.portal, row.event.detail) == ("front_door", "OpenOnce as guard")
        # The alarm of a door that is forced is the guard's, too; it stays until the door is closed.
        panel.press("E-bike shed", "Force it open")
        guard.locator("#alarms").get_by_role("link", name="I have seen it").click()
        expect(guard.get_by_text("they stay here until their cause is gone")).to_be_visible()
        yes(guard, "I have seen it")
        guard.wait_for_selector("#alarms .alarm.seen")


def test_a_managers_lockdown_and_its_end(tmp_path: Path):
    with gate(tmp_path) as (people, _):
        guard = people.join("Guo Ming", "guard")
        manager = people.join("Chen Wei", "manager")
        big_enough(manager)
        manager.get_by_role("link", name=re.compile("^Lockdown")).last.click()
        expect(manager.get_by_text("Everybody can still leave.")).to_be_visible()
        big_enough(manager)
        manager.get_by_label("Nobody is to come in there.").check()
        yes(manager, "Begin the lockdown")
        manager.wait_for_selector("#banners .banner.lockdown")
        assert "Not proven closed: Hall turnstile" in newest(manager).locator(".proof .text").inner_text()
        guard.wait_for_selector("#banners .banner.lockdown")
        guard.get_by_role("link", name="Open once: Front door").click()
        yes(guard, "Open once")
        expect(newest(guard).locator(".fate")).to_contain_text("Refused: Lockdown")
        expect(newest(guard).locator(".advice")).to_contain_text("A manager ends it.")
        manager.get_by_role("link", name=re.compile("^End the lockdown")).click()
        yes(manager, "End the lockdown")
        manager.wait_for_selector("#banners:not(:has(.lockdown))", state="attached")
        guard.get_by_role("link", name="Open once: Front door").click()
        yes(guard, "Open once")
        expect(newest(guard).locator(".fate")).to_have_text("Accepted and recorded.", timeout=WAIT_MS)


@pytest.mark.attack("act-09")
def test_an_auditor_sees_no_button_and_is_refused(tmp_path: Path):
    with gate(tmp_path) as (people, _):
        auditor = people.join("Wang Fang", "auditor", "zh-CN")
        assert auditor.locator("a[href^='/act/']").count() == 0
        expect(auditor.get_by_text("此账户仅可查看，不能开门。")).to_be_visible()
        token = auditor.locator("input[name=token]").first.get_attribute("value")
        sent = {"token": token, "portal": "front_door", "sure": "yes", "once": "1.1.x", "tick": "yes"}
        for what in ("open", "evacuation", "lockdown", "acknowledge"):
            answer = auditor.request.post(f"{people.address}/act/{what}", form=sent, headers={"Origin": people.address})
            assert answer.status == 403, what
            assert auditor.request.get(f"{people.address}/act/{what}").status == 403
        assert not search(tmp_path / "journal" / "journal.db", limit=100, kind=Code.COMMANDED)

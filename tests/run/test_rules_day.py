"""A manager's day with the rules, by real processes: hours painted away, reviewed, applied, refused, undone, let in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.run.demo import CHROMIUM, LIMIT_S, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
ANSWERS = re.compile(r"^(Let in|Not let in)$")
REPEAT_MS = 600  # the same card again within half a second is one presentation (firmware/core/site.py: repeat_ms)
DESKTOP = {"width": 1280, "height": 900}
OUTCOME = re.compile(r"The gate has it: version \d+")


def cell(page: Page, day: int, hour: int, quarter: int = 0) -> tuple[float, float]:
    one = page.locator(f'[role="gridcell"][data-day="{day}"][data-quarter="{hour * 4 + quarter}"]')
    box = one.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def reviewed_and_brought(page: Page, base: str, purpose: str, *says: str) -> None:
    """Compare, read what the review says, and bring it to the gate."""
    page.goto(f"{base}/people/review")
    page.fill("#why-make", purpose)
    page.get_by_role("button", name="Compare now").click()
    page.locator("#result").wait_for()
    text = page.locator("main").inner_text()
    for expected in says:
        assert expected in text, text
    page.get_by_role("link", name="Bring to the gate").click()
    page.get_by_role("button", name="Yes, bring it to the gate").click()
    page.get_by_text(OUTCOME).first.wait_for()


def test_hours_painted_away_lock_out_and_undone_let_in_again(tmp_path: Path) -> None:
    with demo(tmp_path / "state") as (running, page, panel):
        for each in (page, panel.page):
            each.set_default_timeout(WAIT_MS)
        base = re.match(r"http://[^/]+", running.address("Page"))[0]
        gate = page.context.new_page()
        gate.set_default_timeout(WAIT_MS)
        gate.goto(f"{base}/")
        events = gate.locator("#events li")

        def present(says: str) -> None:
            """The visitor's card at the front door: the newest event of a presentation must be this one."""
            told = events.get_by_text(ANSWERS)
            before = told.count()
            panel.present("Front door", "Visitor")
            told.nth(before).wait_for()
            assert told.first.inner_text() == says
            panel.page.wait_for_timeout(REPEAT_MS)

        present("Let in")
        # Visitors may come from 06:00 to 23:00: all of it is painted away, in one stroke.
        page.set_viewport_size(DESKTOP)
        page.goto(f"{base}/people/schedule?name=day")
        page.wait_for_selector('#painter[data-ready="yes"]')
        page.mouse.move(*cell(page, 0, 6))
        page.mouse.down()
        page.mouse.move(*cell(page, 6, 22, 3), steps=8)
        page.mouse.up()
        assert page.locator('[role="gridcell"][aria-selected="true"]').count() == 0
        page.fill("#why", "no visitors this week")
        page.click("#save")
        page.get_by_text("The schedule is saved").wait_for()
        present("Let in")  # not at the gate yet

        reviewed_and_brought(
            page, base, "no visitors this week", "let in as things are, refused by the coming roster: 2"
        )
        page.goto(f"{base}/people/review/who?review={_review(page, base)}&side=lost")
        people = page.locator(".concerned").inner_text()
        assert "visitor" in people
        assert "Front door, Hall turnstile (hall_in): at no time any more" in people
        assert "2 passages of the last 30 days would have been refused." in people
        assert "resident" not in people
        present("Not let in")

        # The change is undone, reviewed and brought to the gate in turn.
        page.goto(f"{base}/people/review")
        page.locator("summary", has_text="Undo the newest change").click()
        page.fill("#why-undo", "they may come after all")
        page.get_by_role("button", name="Undo it").click()
        page.get_by_text("It is put back.").wait_for()
        present("Not let in")  # not at the gate yet
        reviewed_and_brought(
            page,
            base,
            "they may come after all",
            "Nobody would lose access.",
            "refused as things are, let in by the coming roster: 4",
        )
        present("Let in")


def _review(page: Page, base: str) -> str:
    page.goto(f"{base}/people/review")
    return re.search(r"review=([\w-]+)", page.locator("a[href*='/people/review/who']").first.get_attribute("href"))[1]

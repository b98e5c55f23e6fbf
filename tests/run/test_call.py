"""The call button of the demo gate, by real processes: pressed, answered at the page, opened, and in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.codes import Code
from firmware.journal import search
from tests.run.demo import CHROMIUM, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium not found: apt-get install chromium"),
]
CALLS = (Code.CALLED, Code.CALL_ANSWERED, Code.CALL_ENDED)


def test_a_call_is_answered_and_opened_at_the_page_and_the_journal_says_who(tmp_path: Path) -> None:
    with demo(tmp_path) as (running, page, panel):
        other = page.context.new_page()
        other.goto(page.url)
        panel.page.get_by_role("button", name="Front door: press the call button").click()
        page.get_by_role("button", name="Answer: Front door").click()
        other.get_by_text("Answered by console.").wait_for()
        assert other.locator(".bell").get_attribute("data-state") == "answered"
        page.locator(".call").get_by_role("link", name="Open once").click()
        page.get_by_role("button", name="Open once", exact=True).click()
        page.locator('#portal-front_door[data-mode="accessed"]').wait_for()
        page.get_by_text("Call ended").first.wait_for()
        assert page.locator(".call").count() == 0
        journals = list(tmp_path.rglob("journal.db"))
        assert len(journals) == 1
        assert running.process.poll() is None
        rows = [row for row in search(journals[0], limit=50, with_bodies=True) if row.event.code in CALLS]
    told = [
        (row.event.code, row.event.access_point, row.event.body and row.event.body.issuer) for row in reversed(rows)
    ]
    assert told == [
        (Code.CALLED, "front_in", None),
        (Code.CALL_ANSWERED, "front_in", "console"),
        (Code.CALL_ENDED, "front_in", "console"),
    ]

"""A vehicle lane as a new user works it: cars, a ball in the beam, a broken wire, stop and the service key."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.run.demo import CHROMIUM, LIMIT_S, Panel, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
LANE = "Vehicle lane"
IN, OUT = 0, 1  # the lane's readers on the panel
HELD_MS = 700  # longer than any debounce of a key


def present(panel: Panel, card: str, reader: int = IN) -> None:
    """Hold a card to one of the lane's readers."""
    panel.take(card)
    heading = panel.page.get_by_role("heading", name=LANE)
    buttons = panel.page.locator("article", has=heading).get_by_role("button", name=f"Present: {card}")
    buttons.nth(reader).click()


def test_a_lane_as_a_new_user_works_it(tmp_path: Path):
    with demo(tmp_path) as (running, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        card = page.locator(".card", has=page.get_by_role("heading", name=LANE))
        events = page.locator("main")

        def shows(text: str) -> None:
            expect(card).to_contain_text(text, timeout=WAIT_MS)

        shows("Up, lane blocked")
        panel.press(LANE, "Comes in")  # and waits before the loop for its green
        shows("Entry loop")
        present(panel, "Resident's car")
        shows("Going down, not there yet")
        events.get_by_text("Barrier is open (proven)").first.wait_for()
        events.get_by_text("Went through").first.wait_for()
        panel.press(LANE, "Comes in")  # the next one drives up meanwhile, and waits as well
        events.get_by_text("Barrier is closed (proven)").first.wait_for()

        # Somebody puts a ball in the beam while it should rise behind that one.
        shows("Entry loop")
        present(panel, "Neighbour's car")
        events.get_by_text("Went through").nth(1).wait_for()
        panel.press(LANE, "Ball before")
        shows("Does not close")

        # Stop: nothing moves until it is pulled out and somebody has pressed reset there.
        panel.press(LANE, "Stop button")
        page.get_by_text("Stop", exact=False).first.wait_for()
        panel.press(LANE, "Stop button")
        panel.press(LANE, "Service key")
        shows("Service key")
        panel.press(LANE, "Service key")
        heading = panel.page.get_by_role("heading", name=LANE)
        lane = panel.page.locator("article", has=heading)
        reset = lane.get_by_role("button", name="Reset")
        reset.scroll_into_view_if_needed()
        reset.hover()
        for _ in range(6):  # as a person does: held for a moment, and again if it was too early for the key
            panel.page.mouse.down()
            expect(reset).to_have_attribute("aria-pressed", "true", timeout=WAIT_MS)
            panel.page.wait_for_timeout(HELD_MS)
            panel.page.mouse.up()
            panel.page.wait_for_timeout(HELD_MS)
            if "Service key" not in card.inner_text():
                break
        expect(card).not_to_contain_text("Service key", timeout=WAIT_MS)
        assert lane.get_by_text("none").count() > 0, "harm done"

    assert running.process.returncode == 0
    assert not [line for line in running.said if "Traceback" in line or "Error" in line], running.said

"""A manager's day at the page, with real processes: a person is added, enrols a card, passes, is refused; a visitor."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.run.demo import CHROMIUM, LIMIT_S, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
UNKNOWN = "Unknown card or code"
ANSWERS = re.compile(rf"^(Let in|Not let in|{UNKNOWN})$")
REPEAT_MS = 600  # the same card again within half a second is one presentation (firmware/core/site.py: repeat_ms)


def test_a_day_of_the_manager(tmp_path: Path) -> None:
    with demo(tmp_path / "state") as (running, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        base = re.match(r"http://[^/]+", running.address("Page"))[0]
        gate = page.context.new_page()  # the status page, beside the one that is worked on
        gate.set_default_timeout(WAIT_MS)
        gate.goto(f"{base}/")
        events = gate.locator("#events li")

        def present(says: str, card: str) -> None:
            """Hold the card to the shed's reader: the newest event of a presentation must be this one."""
            told = events.get_by_text(ANSWERS)
            before = told.count()
            panel.present("E-bike shed", card)
            told.nth(before).wait_for()
            assert told.first.inner_text() == says
            panel.page.wait_for_timeout(REPEAT_MS)

        def waits_at(reader: str) -> None:
            """The page says that the reader waits."""
            page.get_by_text(f"Hold it to the reader now: {reader}").wait_for()

        # somebody moves in: in the list, and then at the gate
        page.goto(f"{base}/people")
        page.get_by_role("link", name="Add a person").click()
        page.get_by_label("Name").fill("王芳")
        page.get_by_label("Unit or household").fill("3-2-501")
        page.get_by_label("residents").check()
        page.get_by_role("button", name="Save and bring to the gate").click()
        page.get_by_text("Nobody has this unit yet.").first.wait_for()
        assert page.get_by_label("Name").input_value() == "王芳", "nothing typed is lost"
        page.get_by_label("It is a new one").check()
        page.get_by_role("button", name="Save and bring to the gate").click()
        page.get_by_text(re.compile("The gate has it: version")).wait_for()
        page.get_by_role("link", name="Back", exact=True).click()
        page.get_by_text("in force at the gate").wait_for()
        holder = re.search(r"id=(\w+)", page.url)[1]

        # a card, presented at the shed's reader
        present(UNKNOWN, "Stranger")
        page.get_by_role("link", name="Add a card").click()
        page.get_by_label("E-bike shed").check()
        page.get_by_role("button", name="Start: the reader waits").click()
        waits_at("E-bike shed")
        panel.present("E-bike shed", "Stranger")
        page.get_by_text("It was presented, and opens from now on.").wait_for()
        panel.page.wait_for_timeout(REPEAT_MS)
        present("Let in", "Stranger")
        page.get_by_role("link", name="Yes, it was the right one").click()
        page.get_by_text("opens here already").wait_for()

        # it is found by what is typed, as it is typed
        page.goto(f"{base}/people")
        page.get_by_label("Name, unit, phone or card number").press_sequentially("3-2-501 芳")
        page.locator("#people-rows li").get_by_text("王芳").wait_for()
        page.locator("#people-rows li").nth(1).wait_for(state="detached")
        page.locator("#people-rows a").click()

        # suspended: refused at once; lifted: let in
        page.get_by_role("link", name="Suspend everything at once").click()
        page.get_by_role("button", name="Suspend now").click()
        page.get_by_text("Everything is off at the gate").wait_for()
        present("Not let in", "Stranger")
        page.get_by_role("button", name="Lift").first.click()
        page.get_by_text("The local entry is ended.").wait_for()
        present("Let in", "Stranger")

        # it was the wrong card after all
        page.goto(f"{base}/people/holder?id={holder}")
        page.get_by_role("button", name="It was the wrong one").click()
        page.get_by_text("It is taken back").wait_for()
        present(UNKNOWN, "Stranger")

        # a visitor by the same card, who passes and whose visit is ended
        page.goto(f"{base}/people/invite")
        page.get_by_label("Visitor's name").fill("Chen Bo")
        page.get_by_label("Visits (unit)").fill("3-2-501")
        page.get_by_label("Access profile").select_option("residents")
        page.get_by_label("a card presented at a reader now").check()
        page.get_by_label("Reader", exact=True).select_option(label="E-bike shed")
        page.get_by_role("button", name="Invite", exact=True).click()
        waits_at("E-bike shed")
        panel.present("E-bike shed", "Stranger")
        page.get_by_text("The visitor is invited").wait_for()
        panel.page.wait_for_timeout(REPEAT_MS)
        present("Let in", "Stranger")
        page.get_by_role("link", name="Visitors").last.click()
        page.locator(".visitors li").get_by_text("Chen Bo").wait_for()
        page.get_by_role("button", name="End now").click()
        page.get_by_text("No visitor is expected.").wait_for()
        present(UNKNOWN, "Stranger")

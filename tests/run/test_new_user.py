"""What a new user does after `make run`: a good card, a bad card, a forced door, a power cut; and looks at the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.core.codes import Code
from firmware.texts import texts
from tests.run.demo import CHROMIUM, LIMIT_S, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000


def test_the_walk_of_a_new_user(tmp_path: Path):
    with demo(tmp_path) as (running, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        events = page.locator("main")
        # What README's office commands ask for as DIR and as the source.
        assert running.line("State:").split()[1] == str(tmp_path.resolve())
        assert Path(running.line("Office:").split()[1]).parent == tmp_path.resolve()

        panel.present("Front door", "Resident")
        events.get_by_text("Let in").first.wait_for()
        panel.press("Front door", "Push the door")
        events.get_by_text("Went through").first.wait_for()
        events.get_by_text("Door closed").first.wait_for()

        panel.present("Front door", "Stranger")
        events.get_by_text("Unknown card or code").first.wait_for()
        assert "resident" not in page.content().lower().replace("residential", "")

        panel.press("E-bike shed", "Force it open")
        page.get_by_text("Open, although it should be locked").first.wait_for()

        panel.cut_power()
        running.line("Power cut")
        running.line("Safe:")
        page.get_by_text("The controller has not answered").first.wait_for()
        running.line("Ready:", count=2)
        page.get_by_text("Live", exact=True).first.wait_for()
        events.get_by_text("Controller started").nth(1).wait_for()
        panel.page.get_by_text("listens to the wires").wait_for()
        # Nothing moved because the controller came back.
        page.get_by_text("Locked", exact=True).nth(1).wait_for()

    assert running.process.returncode == 0
    assert not [line for line in running.said if "Traceback" in line or "Error" in line], running.said


def test_the_page_speaks_chinese(tmp_path: Path):
    with demo(tmp_path, "zh-CN") as (_, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.present("Front door", "Resident")
        page.get_by_text(texts("zh").event(Code.GRANTED)).first.wait_for()
        assert page.locator("html").get_attribute("lang").startswith("zh")

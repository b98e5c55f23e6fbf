"""A manager's day with a list, by real processes: 3 of 300 rows wrong; taken, reviewed, applied, opened by, undone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.bench.process import pss_kb
from tests.run.demo import CHROMIUM, LIMIT_S, demo
from tests.run.page_figures import PSS_MB, network_pid
from tests.run.test_rules_day import reviewed_and_brought

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = 2 * LIMIT_S * 1000
ANSWERS = re.compile(r"^(Let in|Not let in|Unknown card or code)$")
REPEAT_MS = 600  # the same card again within half a second is one presentation (firmware/core/site.py: repeat_ms)
STRANGER = "H10301:99:1"  # on the panel's tray, and in no roster
LIST = (
    "name,household,card,profiles,valid_until\n"
    f"Feng Yi,b9-0001,{STRANGER},residents,\n"
    + "".join(f"Person {n},b9-{n:04},H10301:77:{n},residents,\n" for n in range(2, 298))
    + "Sun Li,b9-0998,card 3,residents,\nZhou Bo,b9-0999,H10301:78:4,no such,\n"
    "Wu Fan,b9-1000,H10301:78:5,residents,31/31/2027\n"
)


def test_a_list_is_sent_taken_brought_to_the_gate_and_put_back(tmp_path: Path) -> None:
    (tmp_path / "owners.csv").write_text(LIST)
    with demo(tmp_path / "state") as (running, page, panel):
        for each in (page, panel.page):
            each.set_default_timeout(WAIT_MS)
        base = re.match(r"http://[^/]+", running.address("Page"))[0]
        gate = page.context.new_page()
        gate.set_default_timeout(WAIT_MS)
        gate.goto(f"{base}/")
        events = gate.locator("#events li")

        def present(says: str) -> None:
            """The stranger's card at the front door: the newest event of a presentation must be this one."""
            told = events.get_by_text(ANSWERS)
            before = told.count()
            panel.present("Front door", "Stranger")
            told.nth(before).wait_for()
            assert told.first.inner_text() == says
            panel.page.wait_for_timeout(REPEAT_MS)

        present("Unknown card or code")
        # The list is sent and looked at: three rows are named, with what is allowed.
        page.goto(f"{base}/people/import")
        page.set_input_files("#sheet", tmp_path / "owners.csv")
        page.get_by_role("button", name="Send and look at it").click()
        page.locator("#preview").wait_for()
        said = page.locator("#preview").inner_text()
        assert "297 rows are right. 3 rows are wrong" in said
        for row in ("row 299", "row 300", "row 301"):
            assert row in said
        assert "There is no such access profile; there are" in said
        present("Unknown card or code")  # looking changes nothing
        # Taken: in the list of people, and not at the gate yet.
        page.check("#good_rows")
        page.fill("#why", "the list of November")
        page.get_by_role("button", name="Take it into the list").click()
        page.get_by_text("3 wrong rows were left out.").wait_for()
        present("Unknown card or code")
        page.get_by_role("link", name="Who would be locked out?").click()
        reviewed_and_brought(page, base, "the list of November", "Nobody would lose access.")
        present("Let in")
        # Why was she let in, and why not before? And may she, tomorrow?
        page.goto(f"{base}/journal?kind=group:refusals")
        page.locator("table.rows").get_by_role("link", name=re.compile("^Why")).first.click()
        page.get_by_text("Nobody has this credential").wait_for()
        page.fill("#purpose", "she asked why she stood outside")
        page.get_by_role("button", name="Record the purpose and show").click()
        page.get_by_text("She would be let in.").wait_for()
        page.goto(f"{base}/questions/may?point=front_in")
        page.fill("#who", "Feng")
        page.get_by_role("button", name="Find").click()
        page.get_by_role("button", name="Ask").click()
        assert "Yes" in page.locator("#answer").inner_text()
        # The journal has who, from where, and which file.
        page.goto(f"{base}/journal?kind=group:people")
        assert "import sha256" in page.locator("table.rows").inner_text()
        # Put back, and brought to the gate in turn.
        page.goto(f"{base}/people/import")
        page.locator("summary", has_text="Undo").first.click()
        page.locator("details[open] input[name=why]").fill("the wrong list")
        page.locator("details[open]").get_by_role("button", name="Undo").click()
        page.get_by_text("is put back").wait_for()
        present("Let in")  # not at the gate yet
        reviewed_and_brought(page, base, "the wrong list")
        present("Unknown card or code")
        assert pss_kb(network_pid(running.process.pid)) <= PSS_MB * 1024


def test_a_list_of_60_mb_does_not_sit_in_the_process_of_the_page(tmp_path: Path) -> None:
    """It passes through in pieces: what the process holds while it comes stays below the promise for the whole page."""
    line = "Person %07d,b9-0001,H10301:77:1,residents,\n"
    with (tmp_path / "large.csv").open("w") as file:
        file.write("name,household,card,profiles,valid_until\n")
        for block in range(135):
            file.write("".join(line % (block * 10_000 + n) for n in range(10_000)))
    size = (tmp_path / "large.csv").stat().st_size
    assert 55 << 20 < size < 64 << 20
    with demo(tmp_path / "state") as (running, page, _):
        page.set_default_timeout(WAIT_MS)
        base = re.match(r"http://[^/]+", running.address("Page"))[0]
        network = network_pid(running.process.pid)
        page.goto(f"{base}/people/import")
        page.set_input_files("#sheet", tmp_path / "large.csv")
        page.get_by_role("button", name="Send and look at it").click(no_wait_after=True)
        most_kb = 0
        folder = tmp_path / "state" / "imports"
        for _ in range(2_000):
            most_kb = max(most_kb, pss_kb(network))
            if list(folder.glob("*/sheet")) if folder.is_dir() else False:
                break
            page.wait_for_timeout(20)
        else:
            raise AssertionError(f"it did not come: {page.locator('main').inner_text()}")
        print(f"network process: {most_kb / 1024:.1f} MB PSS at most, while {size >> 20} MB came")
        assert most_kb <= PSS_MB * 1024

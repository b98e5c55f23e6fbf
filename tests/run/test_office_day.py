"""A property office's day, as README tells it: a sheet becomes a source and a roster, and the gate follows."""

from __future__ import annotations

import concurrent.futures
import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.run.demo import CHROMIUM, LIMIT_S, ROOT, SITE, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
REPEAT_MS = 600  # the same card again within half a second is one presentation (firmware/core/site.py: repeat_ms)
BY = ("--by", "Li Wei", "--why", "a day at the office")
CARD = "card:H10301:12:34567"  # the panel's "Resident"


def menshen(*words: object, status: int = 0) -> str:
    """Run a command as a person does; what it said."""
    command = [sys.executable, "-m", "firmware", *(str(word) for word in words)]
    ran = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, timeout=LIMIT_S, env={**os.environ, "LANG": "en_US.UTF-8"}
    )
    assert ran.returncode == status, (words, ran.returncode, ran.stdout, ran.stderr)
    return ran.stdout + ran.stderr


def test_a_day_of_the_property_office(tmp_path: Path):
    office, sheet = tmp_path / "office.db", tmp_path / "residents.csv"
    with sheet.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows([["房号", "姓名", "卡号"], ["3-2-501", "张三", "012,34567"]])
    menshen("roster", "new", office, "--time-zone", "Asia/Shanghai", "--rules", SITE.with_name("rules.toml"), *BY)
    taken = ("roster", "import", office, sheet, "--site", SITE, "--card-format", "H10301", "--profile", "staff")
    preview = json.loads(menshen(*taken, "--json"))
    assert preview["counts"]["holder"]["added"] == preview["counts"]["credential"]["added"] == 1
    assert json.loads(menshen("roster", "show", office, "--json"))["counts"]["holder"] == 0, "a preview changes nothing"
    menshen(*taken, "--apply", *BY)
    person = next(one["id"] for one in preview["samples"] if one["entity"] == "holder")

    with demo(tmp_path / "state") as (running, page, panel):
        page.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        state = running.line("State:").split()[1]
        events = page.locator("#events li")

        def present(says: str, card: str = "Resident") -> None:
            """Hold the card to the shed's reader: the newest event of a presentation must be this one."""
            presented = events.get_by_text("Let in", exact=True).or_(events.get_by_text("Not let in", exact=True))
            before = presented.count()
            panel.present("E-bike shed", card)
            presented.nth(before).wait_for()  # the newest stands first: with one more of them it is there
            assert presented.first.inner_text() == says

        compared = menshen(
            "roster",
            "compare",
            f"{state}/roster/roster",
            office,
            "--journal",
            state,
            "--purpose",
            "before it is applied",
        )
        assert "no presentation" in compared, "nobody has come yet"
        menshen("roster", "build", office, tmp_path / "out.roster", "--state", state, "--install")
        present("Let in")
        menshen("roster", "suspend", "--state", state, "--credential", CARD, "--lost", *BY)
        panel.page.wait_for_timeout(REPEAT_MS)
        present("Not let in")
        menshen("roster", "lift", "--state", state, "--credential", CARD, *BY)
        present("Let in")
        nothing = menshen("roster", "lift", "--state", state, "--credential", CARD, *BY, status=1)
        assert "menshen roster local" in nothing, "what to do next is said"

        waits = page.get_by_text("The reader waits for a new card.")
        enrol = ("roster", "enrol", "--state", state, "--holder", person, "--reader", "bike_reader", *BY)
        with concurrent.futures.ThreadPoolExecutor(1) as desk:
            enrolling = desk.submit(menshen, *enrol)
            waits.wait_for()
            panel.present("E-bike shed", "Stranger")
            assert "a further credential" in enrolling.result(LIMIT_S)
        waits.wait_for(state="detached")
        panel.page.wait_for_timeout(REPEAT_MS)
        present("Let in", "Stranger")

        menshen("roster", "leave", "--state", state, "--holder", person, *BY)
        present("Not let in")
        panel.present("E-bike shed", "Stranger")
        events.get_by_text("Unknown card or code", exact=True).wait_for()  # what was enrolled went with its holder
        entries = json.loads(menshen("roster", "local", "--state", state, "--json"))["entries"]
        assert [(entry["holder"], entry["status"]) for entry in entries] == [(person, "left")]
        page.locator("main").get_by_text("Holder has left").first.wait_for()
        assert "张三" not in page.content()
    assert running.process.returncode == 0

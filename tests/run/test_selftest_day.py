"""An installer proves a demo gate with a phone: real processes, real clicks, two readers that somebody has swapped."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from firmware.core.codes import Code
from firmware.journal import search
from tests.run.demo import CHROMIUM, LIMIT_S, ROOT, Panel, demo
from tests.run.test_orders import People, big_enough

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000


def swapped(site: str) -> str:
    """The data lines of the hall's two readers, each on the other's terminals."""
    swaps = {'d0 = "GPIO20"': 'd0 = "GPIO7"', 'd1 = "GPIO21"': 'd1 = "GPIO8"'}
    back = {there: here for here, there in swaps.items()}
    pattern = "|".join(map(re.escape, (*swaps, *back)))
    changed, count = re.subn(pattern, lambda found: (swaps | back)[found[0]], site)
    assert count == 4
    return changed


def begin(page: Page, device: str) -> None:
    """Begin the step of a device, from wherever it stands in the list."""
    step = page.locator(".step", has_text=device).first
    step.locator("summary").click()
    step.get_by_role("button", name=re.compile("Begin this step|Do it again")).click()
    page.locator("#now-stage", has_text="Waiting for you").wait_for()


def stage(page: Page, device: str, word: str) -> str:
    """Wait until the step of a device stands so; what it says."""
    step = page.locator(f'.step[data-stage="{word}"]', has_text=device).first
    step.wait_for(timeout=WAIT_MS)
    return step.inner_text()


def command(*words: str) -> tuple[int, dict[str, object]]:
    ended = subprocess.run(
        [sys.executable, "-m", "firmware", *words, "--json"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    return ended.returncode, json.loads(ended.stdout)


def events(state: Path, code: Code) -> list[str]:
    rows = search(state / "journal" / "journal.db", limit=200, kind=code)
    return [row.event.portal or row.event.detail for row in reversed(rows)]


def at_work(page: Page) -> None:
    """Out of service shows on the status page, and a card opens nothing."""
    page.wait_for_selector('#portal-front_door[data-mode="out_of_service"]')
    assert page.locator('#portal-hall[data-mode="out_of_service"]').count() == 1
    assert page.locator('#portal-bike_shed[data-mode="out_of_service"]').count() == 0


def prove_the_door(page: Page, panel: Panel) -> None:
    """Reader, tamper, call button, exit button; then lock and contact by one opening of the core's own."""
    page.get_by_role("button", name=re.compile("Begin this step: Reader front_reader")).first.click()
    expect(page.locator("#now-do")).to_have_text("Now hold a card to front_reader.")
    big_enough(page)
    panel.present("Front door", "Resident")
    assert "Passed" in stage(page, "Reader front_reader", "passed")
    begin(page, "front_reader_tamper")
    panel.page.get_by_text("Make the reader fail").first.click()
    panel.press("Front door", "Take off the wall")
    page.locator("#now-stage", has_text="Seen. Now put it back").wait_for()
    panel.press("Front door", "Put back on the wall")
    stage(page, "front_reader_tamper", "passed")
    begin(page, "front_rex")
    panel.press("Front door", "Exit button")
    stage(page, "front_rex", "passed")
    begin(page, "front_contact")
    panel.press("Front door", "Push the door")
    said = stage(page, "front_contact", "passed")
    assert "proves too: front_lock" in said


def test_a_wizard_from_the_first_step_to_the_signed_report(tmp_path: Path) -> None:
    with demo(tmp_path, change=swapped) as (_, console, panel):
        console.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        people = People(console)
        page = people.join("Li Na", "installer")
        page.goto(f"{people.address}/selftest")
        page.get_by_label("Front door").check()
        page.get_by_label("Hall turnstile").check()
        big_enough(page)
        page.get_by_role("button", name="Take out of service and begin").click()
        page.locator("#now").wait_for()
        console.goto(f"{people.address}/")
        at_work(console)
        prove_the_door(page, panel)

        # Somebody has swapped the wires of the hall's readers: the step fails, and names the one that read.
        begin(page, "hall_in_reader")
        panel.take("Resident")
        panel.press("Hall turnstile", "Present: Resident")
        said = stage(page, "hall_in_reader", "failed")
        assert "Another one moved instead: hall_out_reader. The wires are swapped." in said

        # A pause puts the portals back; the run goes on where it was.
        page.get_by_role("button", name="Pause").click()
        console.wait_for_selector('#portal-front_door:not([data-mode="out_of_service"])')
        page.get_by_role("button", name="Resume").click()
        console.wait_for_selector('#portal-front_door[data-mode="out_of_service"]')
        assert "Passed" in stage(page, "front_rex", "passed")
        begin(page, "hall_passage_in")
        panel.press("Hall turnstile", "Walk in")
        stage(page, "hall_passage_in", "passed")
        begin(page, "hall_passage_out")
        page.get_by_label("Why is it skipped?").fill("closed for cleaning")
        page.get_by_role("button", name="Skip it").click()
        assert "closed for cleaning" in stage(page, "hall_passage_out", "skipped")

        page.locator("#end-note").fill("seal 4711")
        page.get_by_role("button", name="Finish, and sign the report").click()
        page.get_by_text("No self-test is under way.").wait_for()
        console.wait_for_selector('#portal-hall:not([data-mode="out_of_service"])')
        with page.expect_download() as taken:
            page.get_by_role("button", name=re.compile("Download English")).click()
        report = tmp_path / "report.html"
        taken.value.save_as(report)
        verify(report, tmp_path)
        out, back = events(tmp_path, Code.OUT_OF_SERVICE), events(tmp_path, Code.IN_SERVICE)
        assert sorted(out) == sorted(back) == ["front_door", "front_door", "hall", "hall"]
        (ended,) = events(tmp_path, Code.SELFTEST_ENDED)
        assert "5 passed, 1 failed, 1 skipped" in ended


def verify(report: Path, folder: Path) -> None:
    text = report.read_text(encoding="utf-8")
    for said in (
        "Li Na",
        "hall_out_reader",
        "closed for cleaning",
        "seal 4711",
        "GPIO17",
        "observed by the controller",
    ):
        assert said in text, said
    status, told = command("selftest", "verify", str(report))
    public = json.loads((folder / "identity" / "identity.public.json").read_text(encoding="utf-8"))
    assert (status, told["valid"], told["fingerprint"]) == (0, True, public["fingerprint"])
    forged = folder / "forged.html"
    forged.write_text(text.replace(">Failed<", ">Passed<"), encoding="utf-8")
    status, told = command("selftest", "verify", str(forged))
    assert (status, told["valid"]) == (1, False)


def test_whoever_logs_out_or_loses_the_controller_leaves_no_portal_half_way(tmp_path: Path) -> None:
    with demo(tmp_path) as (running, console, panel):
        console.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        people = People(console)
        page = people.join("Li Na", "installer")
        page.goto(f"{people.address}/selftest")
        page.get_by_label("E-bike shed").check()
        page.get_by_role("button", name="Take out of service and begin").click()
        page.locator("#now").wait_for()
        console.goto(f"{people.address}/")
        console.wait_for_selector('#portal-bike_shed[data-mode="out_of_service"]')
        begin(page, "bike_rex")

        # The power is cut in the middle of a step: nothing of it counts, the portal stays out, and the run goes on.
        panel.cut_power()
        running.line("Ready:", 2)
        page.locator('.step[data-stage="waiting"]', has_text="bike_rex").wait_for()
        console.wait_for_selector('#portal-bike_shed[data-mode="out_of_service"]')
        begin(page, "bike_rex")
        panel.press("E-bike shed", "Exit button")
        stage(page, "bike_rex", "passed")

        page.get_by_role("button", name="Log out").click()
        console.wait_for_selector('#portal-bike_shed:not([data-mode="out_of_service"])')
        console.goto(f"{people.address}/selftest")
        console.get_by_text("It is paused: its portals are in service.").wait_for()
        console.get_by_role("button", name="Give up without a report").click()
        console.get_by_text("No self-test is under way.").wait_for()
        assert events(tmp_path, Code.SELFTEST_PAUSED) == ["left"], "in the journal as what it was"


def test_one_process_is_restarted_from_the_page_and_the_gate_goes_on(tmp_path: Path) -> None:
    """The supervisor of development starts it again, as systemd does on a board."""
    with demo(tmp_path) as (running, console, panel):
        console.set_default_timeout(WAIT_MS)
        panel.page.set_default_timeout(WAIT_MS)
        address = re.match(r"http://[^/]+", console.url)[0]
        running.line("Camera:")  # it sees, before its process is restarted
        for process, effect in (
            ("controller", "once in a quarter of an hour"),  # it has just begun
            ("people", None),
            ("vision", None),
            ("network", None),
        ):
            console.goto(f"{address}/machine/restart?process={process}")
            console.get_by_role("button", name="Restart it").click()
            if effect is None:
                console.wait_for_url(f"**/machine?restarted={process}")
            else:
                console.get_by_text(effect).wait_for()
        running.line("Camera:", 2)
        running.line("Page:", 2)
        console.goto(running.address("Page"))
        console.wait_for_selector('body[data-live="yes"]')
        asked = [
            row.event.detail for row in search(tmp_path / "journal" / "journal.db", limit=50, kind=Code.RESTART_ASKED)
        ]
        assert sorted(asked) == ["network", "people", "vision"]
        panel.present("Front door", "Resident")
        console.wait_for_selector('#portal-front_door[data-mode="accessed"]')
        console.goto(re.sub(r"/\?.*", "/machine/logs?process=vision", running.address("Page")))
        assert console.locator(".log li").count() > 0, "what a process wrote is kept over its restart"

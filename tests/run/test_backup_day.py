"""A backup and a restore by the page, with real processes and a real browser: the gate goes on until the swap."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.identity import Identity
from firmware.journal import search
from tests.backup.boards import PASSPHRASE
from tests.run.demo import CHROMIUM, LIMIT_S, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000
CHANGED = "\n# changed after the backup\n"


def test_a_backup_and_a_restore_by_the_page(tmp_path: Path):
    state, kept = tmp_path / "state", tmp_path / "kept.backup"
    with demo(state) as (running, page, _):
        page.set_default_timeout(WAIT_MS)
        code = Identity.load_or_create(state / "identity").claim_code
        page.get_by_role("link", name="Backup").click()
        page.get_by_text("What is never in one").wait_for()

        def asked(form: str, passphrase: str | None = PASSPHRASE, label: str = code) -> None:
            """Fill one of the page's forms."""
            sheet = page.locator(f'form[action="/backup/{form}"]')
            sheet.get_by_label("Why").fill("before the rebuild")
            for field in sheet.locator("input[type=password]").all():
                field.fill(passphrase or "")
            sheet.get_by_label("Claim code").fill(label)
            for tick in sheet.locator("input[type=checkbox]").all():
                tick.check()
            sheet.locator("button").click()

        asked("make", label="0000-0000-0000")
        page.get_by_text("That is not the claim code of this controller.").wait_for()
        asked("make", "short")
        page.get_by_text("That is too short").wait_for()
        asked("make")
        page.get_by_text("Your backup is ready").wait_for()
        with page.expect_download() as coming:
            page.get_by_role("button", name=re.compile("Download")).click()
        coming.value.save_as(kept)
        assert re.fullmatch(r"menshen-community_gate-[0-9-]+\.backup", coming.value.suggested_filename)

        site = running.site
        content = site.read_text(encoding="utf-8")
        site.write_text(content + CHANGED, encoding="utf-8")
        page.get_by_label("Backup file").set_input_files(kept)
        look = page.locator('form[action="/backup/look"]')
        look.locator("input[type=password]").fill("some other words, wrong ones")
        look.locator("button").click()
        page.get_by_text("The passphrase is another one.").wait_for()
        page.get_by_label("Backup file").set_input_files(kept)
        look.locator("input[type=password]").fill(PASSPHRASE)
        look.locator("button").click()
        page.get_by_text("What this backup would change here").wait_for()
        assert page.locator("tr", has_text=str(site)).inner_text().startswith("replaced")
        assert site.read_text(encoding="utf-8") == content + CHANGED, "nothing is changed by looking"
        asked("restore")
        running.line("Ready:", count=2)
        assert site.read_text(encoding="utf-8") == content
        running.line("Page:", count=2)
        page.goto(running.address("Page"))
        page.get_by_role("link", name="Backup").click()
        page.get_by_text(re.compile("console put a backup back at")).wait_for()
        page.locator("summary", has_text="Go back to what stood before").click()
        asked("undo", None)
        running.line("Ready:", count=3)
        assert site.read_text(encoding="utf-8") == content + CHANGED
    assert running.process.returncode == 0
    rows = search(state / "journal" / "journal.db", limit=200, with_bodies=True)
    told = [row for row in reversed(rows) if row.event.code.value.startswith("backup.")]
    assert [row.event.code.value for row in told] == ["backup.made", "backup.restored", "backup.undone"]
    assert {row.event.body.issuer for row in told} == {"console"}
    assert {row.event.body.note for row in told} == {"before the rebuild"}
    assert {row.event.body.address for row in told} == {"127.0.0.1"}
    for file in (state / "handover", state / "backup.page"):
        assert PASSPHRASE.encode() not in b"".join(each.read_bytes() for each in file.rglob("*") if each.is_file())

"""Accounts with real processes and a real browser: the console invites, people log in, the journal says who."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware.journal import search
from firmware.network.accounts import recovery
from firmware.network.accounts.store import Store
from tests.network.accounts import OTHER, PASSPHRASE
from tests.run.demo import CHROMIUM, LIMIT_S, demo

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="needs Debian's chromium: apt-get install chromium"),
]
WAIT_MS = LIMIT_S * 1000


def join(page, name: str, code: str, passphrase: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Code").fill(code)
    page.get_by_label("New passphrase").fill(passphrase)
    page.get_by_label("The same again").fill(passphrase)
    page.get_by_role("button", name="Keep it and log in").click()


def log_in(page, name: str, passphrase: str) -> None:
    page.get_by_label("Name").fill(name)
    page.get_by_label("Passphrase", exact=True).fill(passphrase)
    page.get_by_role("button", name="Log in").click()


def test_a_day_of_accounts(tmp_path: Path):
    with demo(tmp_path) as (running, page, _):
        page.set_default_timeout(WAIT_MS)
        home, printed = page.url, running.line("Page:")
        # The console's printed address opens the page at once, and the console invites the first person.
        page.get_by_role("link", name="Accounts").click()
        page.get_by_text("Nobody has an account yet").wait_for()
        page.get_by_label("Name").fill("陈伟")
        page.get_by_label("Manager").check()
        page.get_by_role("button", name="Make the account").click()
        code = page.locator(".code-letters code").inner_text()
        page.get_by_role("button", name="Log out").click()
        page.get_by_text("You are logged out.").wait_for()
        assert running.line("Page:", count=2) != printed, "the console has a new code: nobody is shut out"

        page.get_by_role("link", name="Choose your passphrase").click()
        join(page, "陈伟", code, PASSPHRASE)
        page.get_by_text("Live", exact=True).first.wait_for()
        page.locator("main").get_by_text("Invited person chose a passphrase").first.wait_for()
        page.locator("main").get_by_text("Account made").first.wait_for()

        # Wrong once, then right; the journal knows both, and the page shows no name.
        page.get_by_role("button", name="Log out").click()
        log_in(page, "陈伟", "not the passphrase")
        page.get_by_text("That was not right.").wait_for()
        log_in(page, "陈伟", PASSPHRASE)
        page.locator("main").get_by_text("Failed to log in").first.wait_for()
        assert "陈伟" not in page.locator("main").inner_text()

        # Two windows; a new passphrase ends the other one, which asks to log in by itself.
        other = page.context.browser.new_context(locale="en-GB").new_page()
        other.set_default_timeout(WAIT_MS)
        other.goto(home)
        log_in(other, "陈伟", PASSPHRASE)
        other.get_by_text("Live", exact=True).first.wait_for()
        page.get_by_role("link", name="My account").click()
        page.get_by_label("Your passphrase now").last.fill(PASSPHRASE)
        page.get_by_label("New passphrase").fill(OTHER)
        page.get_by_label("The same again").fill(OTHER)
        page.get_by_role("button", name=re.compile("Change the passphrase")).click()
        page.get_by_text("The passphrase is changed.").wait_for()
        other.get_by_role("button", name="Log in").wait_for()

        # Whoever has lost it gets in by the console.
        code = recovery.offer(tmp_path / "network", "陈伟")
        other.get_by_role("link", name="Choose your passphrase").click()
        join(other, "陈伟", code, PASSPHRASE)
        other.get_by_text("Live", exact=True).first.wait_for()
        other.locator("main").get_by_text("Account recovered with a code of the console").first.wait_for()

    assert running.process.returncode == 0
    assert list(Store(tmp_path / "network").load()) == ["陈伟"]
    rows = search(tmp_path / "journal" / "journal.db", limit=200, with_bodies=True)
    told = [(row.event.code.value, row.event.body) for row in reversed(rows) if row.event.code.value[:8] == "account."]
    by = [(code, body.issuer, body.account, body.address) for code, body in told]
    assert by[:3] == [
        ("account.logged_in", "console", "console", "127.0.0.1"),
        ("account.made", "console", "陈伟", "127.0.0.1"),
        ("account.logged_out", "console", "console", "127.0.0.1"),
    ]
    assert ("account.joined", "陈伟", "陈伟", "127.0.0.1") in by
    assert ("account.login_failed", None, "陈伟", "127.0.0.1") in by
    assert ("account.passphrase_changed", "陈伟", "陈伟", "127.0.0.1") in by
    assert ("account.recovered", "陈伟", "陈伟", "127.0.0.1") in by

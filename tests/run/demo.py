"""`make run` as a new user has it: real processes, and the page and the panel in Debian's Chromium."""

from __future__ import annotations

import contextlib
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
SITE = ROOT / "provisioning" / "sites" / "community_gate.toml"
CHROMIUM = shutil.which("chromium")
ZONE = 'zone = "Asia/Shanghai"'
LIMIT_S = 30.0
QUIET_MS = 500  # a reader that has just begun to listen takes what comes in its first 50 ms for a torn frame
PHONE = {"width": 390, "height": 844}
FLAGS = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def site_at_noon(folder: Path, change: Callable[[str], str] = str) -> Path:
    """The demo's site in a zone in which it is about noon now: at night its front door wants a PIN, too.

    `change` makes another one of its text.
    """
    shutil.copytree(SITE.parent, folder)
    hours_east = 12 - datetime.now(UTC).hour  # noqa: TID251 - the real day, as the demo has it
    zone = f"Etc/GMT{-hours_east:+d}" if hours_east else "Etc/UTC"  # POSIX: what is east has a minus
    site = folder / SITE.name
    text = site.read_text(encoding="utf-8")
    assert text.count(ZONE) == 1
    site.write_text(change(text.replace(ZONE, f'zone = "{zone}"')), encoding="utf-8")
    return site


class Demo:
    """A running demo gate. `said` is what it printed."""

    def __init__(self, state: Path, change: Callable[[str], str] = str) -> None:
        self._folder = tempfile.TemporaryDirectory()
        self.site = site = site_at_noon(Path(self._folder.name) / "sites", change)
        words = [sys.executable, "-m", "firmware", "run", str(site), "--simulated", "--state", str(state)]
        words += ["--page", "127.0.0.1:0", "--panel", "127.0.0.1:0"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        self.said: list[str] = []
        self._news = threading.Condition()
        threading.Thread(target=self._listen, daemon=True).start()

    def address(self, of: str) -> str:
        """The newest address that it printed for the "Page" or the "Panel"."""
        return re.search(r"http://\S+", self.line(f"{of}:"))[0]

    def line(self, beginning: str, count: int = 1) -> str:
        """Wait for the `count`-th line with this beginning."""

        def found() -> list[str]:
            return [line for line in self.said if line.startswith(beginning)]

        with self._news:
            assert self._news.wait_for(lambda: len(found()) >= count, LIMIT_S), "\n".join(self.said)
            return found()[-1]

    def stop(self) -> int:
        """What Ctrl-C does."""
        self.process.terminate()
        try:
            return self.process.wait(LIMIT_S)
        finally:
            self.process.kill()
            self.process.stdout.close()
            self._folder.cleanup()

    def _listen(self) -> None:
        with contextlib.suppress(ValueError):  # closed under us: the demo has been stopped
            for line in self.process.stdout:
                with self._news:
                    self.said.append(line.rstrip())
                    self._news.notify_all()


class Panel:
    """The rehearsal's panel, worked by its buttons."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def take(self, card: str) -> None:
        """Take a card of the tray into the hand: that one, and not "Resident's car"."""
        self.page.locator("button", has_text=re.compile(rf"^{card}(?!')")).last.click()

    def press(self, plant: str, button: str) -> None:
        """Press a plant's button."""
        heading = self.page.get_by_role("heading", name=plant)
        place = self.page.locator("section,article,div.card,li", has=heading)
        place.get_by_role("button", name=re.compile(button)).first.click()

    def present(self, plant: str, card: str) -> None:
        """Take a card and hold it to a plant's reader, once the button says so."""
        self.take(card)
        self.page.get_by_role("button", name=f"Present: {card}").first.wait_for()
        self.press(plant, f"Present: {card}")

    def cut_power(self) -> None:
        self.page.get_by_role("button", name="Cut the power").click()


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield launched
        finally:
            launched.close()


@contextlib.contextmanager
def demo(
    state: Path, language: str = "en-US", change: Callable[[str], str] = str, **context: object
) -> Iterator[tuple[Demo, Page, Panel]]:
    """A demo gate with its page and its panel open, phone size."""
    running = Demo(state, change)
    try:
        running.line("Ready:")
        with browser() as launched:
            page = launched.new_context(viewport=PHONE, locale=language, **context).new_page()
            page.goto(running.address("Page"))
            worked = launched.new_context(viewport=PHONE, locale="en-US").new_page()
            worked.goto(running.address("Panel"))
            worked.get_by_text("listens to the wires").wait_for()
            worked.wait_for_timeout(QUIET_MS)
            yield running, page, Panel(worked)
    finally:
        running.stop()

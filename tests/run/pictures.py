"""Makes the pictures of the README: `python -m tests.run.pictures` (or `make pictures`)."""

from __future__ import annotations

import tempfile
from pathlib import Path

from tests.run.demo import ROOT, demo


def main() -> None:
    """A door let somebody in, another was left open: docs/page.png, phone size."""
    (ROOT / "docs").mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as state, demo(Path(state), color_scheme="light") as (_, page, panel):
        panel.present("Front door", "Resident")
        page.get_by_text("Let in").first.wait_for()
        panel.press("Front door", "Push the door")
        page.get_by_text("Went through").first.wait_for()
        page.get_by_text("Door closed").first.wait_for()
        panel.press("E-bike shed", "Force it open")
        page.get_by_text("Open, although it should be locked").first.wait_for()
        page.screenshot(path=ROOT / "docs" / "page.png")


if __name__ == "__main__":
    main()

"""Pictures of every page of the running demo, to be looked at: `python -m tests.run.screens FOLDER`, or `make screens`.

Real processes; each page that the console's session reaches by links, in English and Chinese, on a phone and at a desk,
by day and by night. They are for eyes, and belong outside of the repository: the folder must not lie in it.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

from tests.network.walks import leads_to_page, links_in, shape_of
from tests.run.demo import PHONE, ROOT, demo

DESK = {"width": 1280, "height": 900}
PAGES_MAX = 120  # links that lead on and on are a mistake of a page
LOOKS = (("en", "light"), ("zh", "dark"))


def reached(page: Page, base: str) -> list[str]:
    """The addresses of all pages that look different, by following links from the first."""
    waiting, found = ["/"], []
    seen = {shape_of("/")}
    while waiting and len(found) < PAGES_MAX:
        target = waiting.pop(0)
        answer = page.request.get(base + target, max_redirects=0)
        if answer.status != 200 or not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found.append(target)
        for link in links_in(answer.text(), target):
            if shape_of(link) not in seen and leads_to_page(link):
                seen.add(shape_of(link))
                waiting.append(link)
    return found


def take(context: BrowserContext, base: str, targets: list[str], folder: Path) -> int:
    """A picture of each page, whole; how many."""
    page = context.new_page()
    count = 0
    for language, scheme in LOOKS:
        context.add_cookies([{"name": "menshen_language", "value": language, "url": base}])
        page.emulate_media(color_scheme=scheme)
        for name, size in (("phone", PHONE), ("desk", DESK)):
            page.set_viewport_size(size)
            for target in targets:
                page.goto(base + target, wait_until="load")
                words = re.sub(r"[^a-z0-9]+", "_", target.lower()).strip("_")[:60] or "now"
                page.screenshot(path=folder / f"{words}-{language}-{name}.png", full_page=True)
                count += 1
    page.close()
    return count


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Pictures of every page of the running demo.")
    parser.add_argument("folder", type=Path, help="where to; outside of the repository")
    folder = parser.parse_args(argv).folder.resolve()
    if folder.is_relative_to(ROOT):
        parser.error(f"{folder} lies in the repository: pictures for eyes are kept outside of it")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as state, demo(Path(state)) as (_, page, panel):
        panel.present("Front door", "Resident")
        page.get_by_text("Let in").first.wait_for()
        panel.press("E-bike shed", "Force it open")
        page.get_by_text("Open, although it should be locked").first.wait_for()
        base = "{0.scheme}://{0.netloc}".format(urlsplit(page.url))
        targets = reached(page, base)
        print(f"{len(targets)} pages", flush=True)
        print(f"{take(page.context, base, targets, folder)} pictures in {folder}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

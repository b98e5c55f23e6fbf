"""`menshen bench pages`: the journal's pages over 1,000,000 rows, and what an export costs network and gate meanwhile.

The journal is that of `bench search`, put under a controller before it starts; the pages are asked for one after
another, by every sort of filter; then everything is exported once, while cards are swiped and pages asked for.
"""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.child import bound
from firmware.bench.clock import now_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.memory import CODE, free_port, open_page
from firmware.bench.process import pss_kb
from firmware.bench.rig import SITE, Rig, h10301
from firmware.bench.search import BEGIN_MS, STEP_MS, build
from firmware.bench.swipe import one_swipe

SEED = 11
CREDENTIALS = 2_000
SWIPES_ALONE = 60
# Rows of `bench search` are of 2025, whenever this runs.
KEEPING = SITE.replace('folder = "state"', 'folder = "state"\nretention_days = 3650')
READ_BYTES = 1 << 16
PAUSE_S = 0.2  # before each swipe, and so between two pages and two looks at the process beside an export
ASKED = (
    "",
    "kind=access.denied",
    "portal=door_3&kind=group:refusals",
    "kind=group:alarms",
    "since={quarter}&until={half_time}",
    "at={quarter}",
    "before=1-{half}",
    "portal=door_0&before=1-{half}",
)


class Browser:
    """A person with a session: what a page costs, in milliseconds."""

    def __init__(self, page: str) -> None:
        self._base = f"http://{page}"
        self._opener = open_page(page)
        self._token = re.search(r'name="token" value="([^"]+)"', self._get("/journal/export").decode())

    def _get(self, target: str) -> bytes:
        with self._opener.open(self._base + target, timeout=60) as answer:
            return bytes(answer.read())

    def page_ms(self, target: str) -> float:
        began_ns = now_ns()
        if b"<table" not in self._get(target):
            raise RuntimeError(f"{target} shows no events")
        return (now_ns() - began_ns) / 1e6

    def export(self) -> int:
        """All of it as JSON lines; how many bytes came."""
        assert self._token is not None
        form = urllib.parse.urlencode({"token": self._token[1], "form": "jsonl"}).encode()
        request = urllib.request.Request(self._base + "/journal/export", form, {"Origin": self._base})
        came = 0
        with self._opener.open(request, timeout=60) as answer:
            while piece := answer.read(READ_BYTES):
                came += len(piece)
        return came


def bench(folder: Path, rows: int = 1_000_000, rounds: int = 10) -> dict[str, Any]:
    """Milliseconds of a page; PSS, pages and swipes while everything is exported."""
    rig = Rig(folder, KEEPING)
    network: subprocess.Popen[bytes] | None = None
    try:
        (rig.state / "journal").mkdir(parents=True, exist_ok=True)
        build(rig.state / "journal", rows)
        install_sample_roster(rig, CREDENTIALS)
        rig.start()
        rig.listens()
        page = f"127.0.0.1:{free_port()}"
        words = bound(sys.executable, "-m", "firmware.network", "--config", rig.site, "--socket", rig.role)
        network = subprocess.Popen([*words, "--page", page, "--code", CODE], stdout=subprocess.DEVNULL)
        browser = Browser(page)
        idle_mb = pss_kb(network.pid) / 1024
        pages = {asked: spread([browser.page_ms("/journal?" + asked) for _ in range(rounds)]) for asked in _asked(rows)}
        holders = iter(welcome_holders(CREDENTIALS // 10, CREDENTIALS, SEED))
        alone = [_swiped(rig, next(holders)) for _ in range(SWIPES_ALONE)]
        beside = _export(rig, browser, network.pid, holders)
    finally:
        if network is not None:
            network.terminate()
            network.wait(20)
        rig.close()
    worst = max(each.p95 for each in pages.values())
    return {
        "rows": rows,
        "page_ms": pages,
        "swipe_alone_ms": spread(alone),
        "network_idle_pss_mb": round(idle_mb, 1),
        **beside,
        "figures": [
            Figure("a page of 100 events, 95th percentile of the slowest filter", worst, 150, "ms"),
            Figure("network while it exports, PSS", beside["export_pss_mb"], 70, "MB"),
            Figure("card to lock while it exports, 99th percentile", beside["swipe_ms"].p99, 5, "ms"),
        ],
    }


def _asked(rows: int) -> list[str]:
    """The filters, with rows and times that the journal has."""
    quarter, half_time = (
        (datetime.fromtimestamp(BEGIN_MS // 1000, UTC) + timedelta(milliseconds=part * STEP_MS)).strftime(
            "%Y-%m-%dT%H:%MZ"
        )
        for part in (rows // 4, rows // 2)
    )
    return [each.format(half=rows // 2, quarter=quarter, half_time=half_time) for each in ASKED]


def _swiped(rig: Rig, holder: int) -> float:
    """From the end of the frame to the lock, in milliseconds."""
    rest(PAUSE_S)
    swiped = one_swipe(rig, h10301(*card(holder)))
    if swiped is None:
        raise RuntimeError(f"the card of holder {holder} moved no lock")
    return swiped[0]


def _export(rig: Rig, browser: Browser, network: int, holders: Iterator[int]) -> dict[str, Any]:
    """What it costs while everything is exported."""
    came: list[int] = []
    exporting = threading.Thread(target=lambda: came.append(browser.export()))
    began_ns, most_kb = now_ns(), 0
    swipes: list[float] = []
    pages: list[float] = []
    exporting.start()
    while exporting.is_alive():
        most_kb = max(most_kb, pss_kb(network))
        swipes += [_swiped(rig, holder) for holder in islice(holders, 1)]
        pages.append(browser.page_ms("/journal?kind=access.denied"))
    exporting.join()
    if not (came and swipes):
        raise RuntimeError("the export ended at once, or no card moved a lock meanwhile: give more rows")
    return {
        "export_bytes": came[0],
        "export_s": round((now_ns() - began_ns) / 1e9, 1),
        "export_pss_mb": round(most_kb / 1024, 1),
        "page_beside_ms": spread(pages),
        "swipe_ms": spread(swipes),
    }

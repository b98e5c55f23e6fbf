"""Measures the page's promises: `python -m tests.run.page_figures [--json]` (or `make page`).

Real processes of the demo gate, their page in Debian's Chromium, and as many further windows as are promised:

- first view: phone size, processor slowed four times by the browser itself (CDP), nothing kept from before; until every
  state is painted, the bytes of all answers with their heads, and the hosts that were asked;
- state to pixel: a door is opened at the rehearsal's panel while 50 windows are open. The stopwatch begins before the
  push and ends when a window has painted it, so that simulated wires, debounce, core and journal are in it, too;
- memory: PSS of the network process while they are open.

Exit status 0: every figure holds; 1: one does not.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from playwright.async_api import APIRequestContext, Browser, BrowserContext, CDPSession, Page, async_playwright

from firmware.bench.figures import Figure, spread
from firmware.bench.process import pss_kb
from tests.run.demo import CHROMIUM, FLAGS, LIMIT_S, PHONE, Demo

WINDOWS = 50
BROWSERS = 6  # of them: real ones; the rest speak the same protocol and paint nothing
VIEWS = 9
CHANGES = 40
SLOWED = 4
FIRST_VIEW_MS, FIRST_VIEW_KB, PIXEL_MS, PSS_MB = 1_000, 100, 150, 70
DOOR = "bike_shed"
PAUSE_S = 0.15  # between two changes

# Runs before anything of the page: tells when each state that the page has is laid out and the frame with it is out.
WATCH_FIRST = """
window.firstView = new Promise((done) => {
  const seen = () => {
    const cards = document.querySelectorAll(".card .position");
    const plan = document.querySelectorAll(".plan-position");
    const live = document.body && document.body.dataset.live === "yes";
    const there = (all) => all.length > 0 && Array.from(all).every((e) => e.textContent && e.getClientRects().length);
    const styled = () => getComputedStyle(document.querySelector(".card")).borderTopStyle === "solid";
    if (document.readyState !== "loading" && live && there(cards) && there(plan) && styled()) {
      requestAnimationFrame(() => setTimeout(() => done(performance.now()), 0));
    } else requestAnimationFrame(seen);
  };
  requestAnimationFrame(seen);
});
"""
# Tells the wall time of the frame in which a door's new position was painted.
WATCH_PIXEL = """(door) => {
  window.painted = [];
  const card = document.getElementById("portal-" + door);
  new MutationObserver(() => {
    const position = card.dataset.position;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => window.painted.push([position, performance.timeOrigin + performance.now()]);
      channel.port2.postMessage(0);
    });
  }).observe(card, { attributes: true, attributeFilter: ["data-position"] });
}"""


def now_ms() -> float:
    """Wall time, as browsers on this machine have it."""
    return datetime.now(UTC).timestamp() * 1000  # noqa: TID251 - compared with the clock of a browser


class Traffic:
    """What one page load brought, by the browser's own count: heads, bodies, and the stream as far as it has come."""

    def __init__(self, session: CDPSession) -> None:
        self.hosts: set[str] = set()
        self._came: dict[str, float] = {}
        self.addresses: dict[str, str] = {}
        session.on("Network.requestWillBeSent", self._asked)
        session.on("Network.responseReceived", self._answered)
        session.on("Network.dataReceived", self._data)
        session.on("Network.loadingFinished", self._finished)

    @property
    def bytes(self) -> int:
        return round(sum(self._came.values()))

    @property
    def by_address(self) -> dict[str, int]:
        return {urlsplit(self.addresses[key]).path: round(size) for key, size in self._came.items()}

    def _asked(self, event: Any) -> None:
        address = event["request"]["url"]
        self.addresses[event["requestId"]] = address
        self.hosts.add(urlsplit(address).netloc)

    def _answered(self, event: Any) -> None:
        self._came[event["requestId"]] = event["response"]["encodedDataLength"]

    def _data(self, event: Any) -> None:
        self._came[event["requestId"]] = self._came.get(event["requestId"], 0) + event["encodedDataLength"]

    def _finished(self, event: Any) -> None:
        self._came[event["requestId"]] = event["encodedDataLength"]


async def first_view(context: BrowserContext, address: str) -> tuple[float, Traffic]:
    """(ms until every state is painted, what came) of one load in a new tab without a cache."""
    page = await context.new_page()
    try:
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED})
        traffic = Traffic(session)
        await page.add_init_script(WATCH_FIRST)
        await page.goto(address)
        took_ms = float(await page.evaluate("window.firstView"))
        await page.wait_for_load_state("load")
        await page.wait_for_timeout(1_000)  # the stream's first view and events are counted, too
        return took_ms, traffic
    finally:
        await page.close()


class Reader:
    """A window that paints nothing: when it was told of each position of the door."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.told: list[tuple[str, float]] = []
        self._reader = reader
        self._writer = writer
        self._news = asyncio.Condition()
        self._task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        last = ""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                line = await self._reader.readuntil(b"\n")
                if not line.startswith(b"data: {") or b'"cards"' not in line:
                    continue
                at_ms = now_ms()
                cards = json.loads(line[6:])["cards"]
                position = next(card["position"] for card in cards if card["id"] == DOOR)
                if last and position != last:
                    self.told.append((position, at_ms))
                    async with self._news:
                        self._news.notify_all()
                last = position

    async def until_told(self, count: int) -> None:
        """Until it was told of so many changes."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.told) >= count)

    async def close(self) -> None:
        self._task.cancel()
        self._writer.close()
        with contextlib.suppress(asyncio.CancelledError, ConnectionError):
            await self._task


@contextlib.asynccontextmanager
async def readers(address: str, cookie: str, count: int) -> AsyncIterator[list[Reader]]:
    """So many windows that speak the page's protocol, in both languages."""
    where = urlsplit(address)
    opened: list[Reader] = []
    try:
        for number in range(count):
            reader, writer = await asyncio.open_connection(where.hostname, where.port, limit=1 << 20)
            language = ("en", "zh")[number % 2]
            head = f"GET /api/v1/stream HTTP/1.1\r\nhost: {where.netloc}\r\ncookie: {cookie}\r\n"
            writer.write(f"{head}accept-language: {language}\r\n\r\n".encode())
            async with asyncio.timeout(LIMIT_S):
                answered = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in answered.partition(b"\r\n")[0], answered
            opened.append(Reader(reader, writer))
        yield opened
    finally:
        for each in opened:
            await each.close()


def network_pid(root: int) -> int:
    """The network process below the demo's own."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (folder / "cmdline").read_bytes().split(b"\0")
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if b"firmware.network" in words and _below(int(folder.name), root, parents):
                return int(folder.name)
    raise RuntimeError("the demo has no network process")


def _below(pid: int, root: int, parents: dict[int, int]) -> bool:
    for _ in range(8):
        if pid == root:
            return True
        if pid <= 1:
            return False
        stat = Path(f"/proc/{pid}/stat")
        pid = parents.get(pid) or int(stat.read_text().rpartition(")")[2].split()[1])
    return False


class Wires:
    """The far end of the door's contact, worked by the rehearsal's panel."""

    def __init__(self, asking: APIRequestContext, address: str) -> None:
        self._asking = asking
        self._address = address
        where = urlsplit(address)
        self._base = f"{where.scheme}://{where.netloc}"

    async def enter(self) -> None:
        assert (await self._asking.get(self._address)).ok

    async def contact(self, *, opened: bool) -> None:
        """The contact reads open, or as the leaf stands, which is shut."""
        deed = {"do": "fault", "plant": DOOR, "fault": "contact_stuck_open", "on": opened}
        answer = await self._asking.post(f"{self._base}/act", data=deed, headers={"origin": self._base})
        assert answer.ok, await answer.text()


async def changes(wires: Wires, pages: list[Page], opened: list[Reader], count: int) -> tuple[list[float], list[float]]:
    """(ms to the pixel in each real browser, ms to each other window) of a contact that opens and closes in turn."""
    for page in pages:
        await page.evaluate(WATCH_PIXEL, DOOR)
    began_ms: list[float] = []
    for number in range(count):
        began_ms.append(now_ms())
        await wires.contact(opened=number % 2 == 0)
        async with asyncio.timeout(LIMIT_S):
            for each in opened:
                await each.until_told(number + 1)
            for page in pages:
                await page.wait_for_function("(count) => window.painted.length > count", arg=number)
        await asyncio.sleep(PAUSE_S)
    painted = [await page.evaluate("window.painted") for page in pages]
    pixel = [at - began for each in painted for (_, at), began in zip(each, began_ms, strict=True)]
    told = [at - began for each in opened for (_, at), began in zip(each.told, began_ms, strict=True)]
    return pixel, told


async def measure(demo: Demo, browser: Browser, windows: int, browsers: int, views: int, count: int) -> dict[str, Any]:
    """Everything, one after the other, at one running gate."""
    loop = asyncio.get_running_loop()
    address = await loop.run_in_executor(None, demo.address, "Page")
    panel = await loop.run_in_executor(None, demo.address, "Panel")
    where = urlsplit(address)
    home = f"{where.scheme}://{where.netloc}/"
    phone = await browser.new_context(viewport=PHONE, device_scale_factor=3, locale="en-US")
    await (await phone.new_page()).goto(address)
    network = network_pid(demo.process.pid)
    alone_mb = pss_kb(network) / 1024
    seen = [await first_view(phone, home) for _ in range(views)]
    took = spread([ms for ms, _ in seen])
    heaviest = max((traffic for _, traffic in seen), key=lambda traffic: traffic.bytes)
    elsewhere = sorted({host for _, traffic in seen for host in traffic.hosts} - {where.netloc})
    cookie = "; ".join(f"{each['name']}={each['value']}" for each in await phone.cookies(home))
    wires = Wires((await browser.new_context()).request, panel)
    await wires.enter()
    # Windows of their own, each with a stream: Chromium paints a tab that nobody sees once a second, or not at all.
    state = await phone.storage_state()
    pages = [await (await browser.new_context(viewport=PHONE, storage_state=state)).new_page() for _ in range(browsers)]
    for page in pages:
        await page.goto(home)
        await page.wait_for_selector('body[data-live="yes"]')
    await phone.close()
    async with readers(home, cookie, windows - browsers) as opened:
        pixel, told = await changes(wires, pages, opened, count)
        open_mb = pss_kb(network) / 1024
    painted = spread(pixel, 1)
    return {
        "measured": f"{windows} windows, {browsers} of them of Chromium, {count} changes, {views} first views",
        "first_view_ms": took,
        "first_view_bytes": heaviest.bytes,
        "first_view_bytes_by_address": heaviest.by_address,
        "asked_elsewhere": elsewhere,
        "state_to_pixel_ms": painted,
        "state_to_window_ms": spread(told, 1),
        "network_pss_alone_mb": round(alone_mb, 1),
        "network_pss_mb": round(open_mb, 1),
        "figures": [
            Figure("first view, phone size, slowed 4 times, 95th percentile", took.p95, FIRST_VIEW_MS, "ms"),
            Figure("first view, over the wire", round(heaviest.bytes / 1000, 1), FIRST_VIEW_KB, "kB"),
            Figure("hosts asked elsewhere", len(elsewhere), 0, ""),
            Figure(f"state to pixel with {windows} windows, 95th percentile", painted.p95, PIXEL_MS, "ms"),
            Figure(f"network process with {windows} windows, PSS", round(open_mb, 1), PSS_MB, "MB"),
        ],
    }


async def run(windows: int, browsers: int, views: int, count: int) -> dict[str, Any]:
    loop = asyncio.get_running_loop()
    with tempfile.TemporaryDirectory() as state:
        demo = await loop.run_in_executor(None, Demo, Path(state))
        try:
            await loop.run_in_executor(None, demo.line, "Ready:")
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
                try:
                    return await measure(demo, browser, windows, browsers, views, count)
                finally:
                    await browser.close()
        finally:
            await loop.run_in_executor(None, demo.stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.run.page_figures", description="What the page promises.")
    parser.add_argument("--json", action="store_true", help="everything that was measured")
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--browsers", type=int, default=BROWSERS, help="how many of them are real windows of Chromium")
    parser.add_argument("--views", type=int, default=VIEWS)
    parser.add_argument("--changes", type=int, default=CHANGES)
    asked = parser.parse_args()
    measured = asyncio.run(run(asked.windows, asked.browsers, asked.views, asked.changes))
    figures: list[Figure] = measured["figures"]
    if asked.json:
        measured["figures"] = [{**msgspec.to_builtins(figure), "holds": figure.holds} for figure in figures]
        print(msgspec.json.format(msgspec.json.encode(measured), indent=2).decode())
    else:
        print(measured["measured"])
        for figure in figures:
            verdict = "holds" if figure.holds else "DOES NOT HOLD"
            print(f"{figure.name}: {figure.measured:g} {figure.unit} (<= {figure.allowed:g}): {verdict}")
    return 0 if all(figure.holds for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())

"""The process as a process: command line, real journal, real signals, memory."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sqlite3
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.identity import Identity
from firmware.journal import Journal, Limits
from firmware.network.errors import EventsUnreadable
from firmware.network.journal_reader import read_events
from tests.network.fake_controller import FakeController, health, states, welcome
from tests.network.running import CODE, WAIT_S, RunningPage

SITE = Path(__file__).parents[2] / "provisioning" / "sites" / "community_gate.toml"
HOLDER = "H-4711-secret"
# The figure is 100 MB for controller (45) and network together.
PSS_KB_MAX = 55_000


def never() -> bool:
    return False


def write_journal(folder: Path, count: int) -> Path:
    """A real journal with `count` grants in it, each with a body."""
    failures: list[str] = []
    journal = Journal.open(
        folder,
        Identity.load_or_create(folder),
        boot="boot-1",
        limits=Limits(),
        on_committed=lambda ticket, epoch, seq: None,
        on_failed=failures.append,
        on_recovered=lambda lost: None,
    )
    for number in range(count):
        event = Event(Code.GRANTED, portal="front_door", access_point="front_in", body=Body(holder=HOLDER))
        journal.append([Record(event)], now_ms=number, utc_ms=1_795_410_202_000 + number * 1000)
    journal.close()
    assert failures == []
    return Path(journal.path)


def test_the_newest_events_of_a_real_journal_are_read_without_bodies(tmp_path: Path) -> None:
    path = write_journal(tmp_path, 150)
    lines = [line for line in read_events(str(path), 100, never) if line.code == "access.granted"]
    assert len(lines) >= 90
    assert [line.utc_ms for line in lines[:3]] == [1_795_410_351_000, 1_795_410_350_000, 1_795_410_349_000]
    assert HOLDER not in repr(lines)


def test_a_journal_that_cannot_be_read_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(EventsUnreadable):
        read_events(str(tmp_path / "absent.db"), 100, never)
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"this is no database" * 1000)
    with pytest.raises(EventsUnreadable):
        read_events(str(broken), 100, never)


def test_the_journal_is_opened_read_only(tmp_path: Path) -> None:
    path = write_journal(tmp_path, 5)
    before = path.read_bytes()
    read_events(str(path), 100, never)
    assert path.read_bytes() == before
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


async def started(*arguments: str) -> Process:
    root = Path(__file__).parents[2]
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "firmware.network", *arguments, stdout=PIPE, stderr=PIPE, cwd=root
    )


def with_process(folder: Path, scene: Callable[[Process, RunningPage], Awaitable[None]]) -> None:
    """The real process with the demo site, a fake controller and a real journal; it must end by itself on SIGTERM."""
    path = write_journal(folder, 40)
    shutil.copytree(SITE.parent, folder / "site")  # the site file names files beside it
    site = folder / "site" / SITE.name
    site.write_text(SITE.read_text().replace("mdns = true", "mdns = false"))

    async def whole() -> None:
        first = (welcome(journal=str(path)), states(seq=40), health())
        async with FakeController(folder / "network.sock", *first) as controller:
            arguments = (
                "--config",
                str(site),
                "--socket",
                str(controller.path),
                "--page",
                "127.0.0.1:0",
                "--code",
                CODE,
            )
            process = await started(*arguments)
            assert process.stdout is not None
            try:
                async with asyncio.timeout(WAIT_S):
                    said: dict[str, Any] = json.loads(await process.stdout.readline())
                port = int(said["page"].split(":")[2].split("/")[0])
                page = RunningPage(controller, port, CODE)
                await page.enter()
                await scene(process, page)
                process.send_signal(signal.SIGTERM)
                async with asyncio.timeout(WAIT_S):
                    assert process.stderr is not None
                    complaints = await process.stderr.read()
                    assert await process.wait() == 0
                assert complaints == b"", complaints.decode()
                await page.close()
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()

    asyncio.run(whole())


def test_the_process_serves_the_demo_site_and_stops_on_a_signal_with_a_window_open(tmp_path: Path) -> None:
    async def scene(process: Process, page: RunningPage) -> None:
        window = await page.open_window(accept_language="zh-CN")
        view: Any = await window.until("view", lambda view: bool(view["live"]))
        assert len(view["cards"]) == 3
        rows: Any = await window.until("events", lambda rows: rows != [])
        assert len(rows) == 40
        assert HOLDER not in json.dumps([view, rows])
        assert HOLDER not in (await page.get("/")).text

    with_process(tmp_path, scene)


def pss_kb(pid: int) -> int:
    """Proportional set size, as the kernel counts it."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(next(line for line in rollup.splitlines() if line.startswith("Pss:")).split()[1])


def test_its_memory_is_within_its_share(tmp_path: Path) -> None:
    """PSS with a window open and events read; beside others that share its libraries it is less, never more."""

    async def scene(process: Process, page: RunningPage) -> None:
        window = await page.open_window()
        await window.until("events", lambda rows: rows != [])
        assert pss_kb(process.pid) <= PSS_KB_MAX
        window.writer.close()

    with_process(tmp_path, scene)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--page", "0.0.0.0:8080", "--console"], "on loopback only"),
        (["--page", "192.0.2.7:8080"], "cannot listen"),
        (["--page", "127.0.0.1:0"], "give --state"),
        (["--page", "127.0.0.1:0", "--console", "--tls"], "needs --state"),
        (["--page", "nonsense"], "HOST:PORT"),
        (["--code", "short"], "at least 16"),
        (["--config", "/nonexistent/site.toml"], "/nonexistent/site.toml"),
    ],
)
def test_what_cannot_work_is_refused_in_one_sentence(tmp_path: Path, arguments: list[str], words: str) -> None:
    async def scene() -> None:
        process = await started("--config", str(SITE), "--socket", str(tmp_path / "s"), *arguments)
        async with asyncio.timeout(WAIT_S):
            _, complaint = await process.communicate()
        assert process.returncode == 2
        assert words in complaint.decode()
        assert "Traceback" not in complaint.decode()

    asyncio.run(scene())


def test_without_a_controllers_end_it_is_misused() -> None:
    async def scene() -> None:
        process = await started("--config", str(SITE))
        async with asyncio.timeout(WAIT_S):
            _, complaint = await process.communicate()
        assert process.returncode == 2
        assert b"--socket" in complaint

    asyncio.run(scene())

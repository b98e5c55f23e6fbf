"""The controller's process when a part of it fails: outputs are made safe, the exit status says no, the page hears."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from drivers.reports import Frame
from firmware.bench.clock import rest
from firmware.bench.kills import QUIET_S
from firmware.bench.rig import CONTACT, D0, D1, LOCK, SITE, Rig, h10301
from firmware.config import load
from firmware.controller.__main__ import FAILED, live
from firmware.controller.board import build, simulated_lines
from firmware.controller.clock import SystemWall
from firmware.controller.health import ServiceManager
from firmware.controller.inbox import Rank
from firmware.controller.process import Controller
from firmware.core.codes import Code
from firmware.core.effects import Event, Record
from firmware.core.facts import OpenOnce
from firmware.journal import search
from firmware.messages import AnyFromController, FrameReader, States

LIMIT_S = 10.0
FEED_S = 0.05


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


class Mistaken:
    """A driver of ours with mistakes in it: `run` raises once `wrong` is set, `safe` where asked for; it is counted."""

    id = "mistaken"

    def __init__(self, safe_too: bool = False) -> None:
        self.safe_too = safe_too
        self.wrong = asyncio.Event()
        self.safes = 0

    async def run(self, emit) -> None:
        await self.wrong.wait()
        raise ZeroDivisionError("a mistake")

    def safe(self) -> None:
        self.safes += 1
        if self.safe_too:
            raise ZeroDivisionError("another one")

    def counters(self) -> dict[str, int]:
        return {}


def controller_of(rig: Rig, more: dict[str, object] | None = None, manager: ServiceManager | None = None) -> Controller:
    config, _ = load(rig.site)
    assert config is not None, SITE
    lines = simulated_lines(rig.wires)
    board = build(config, lines)
    drivers = {**(more or {}), **board.drivers}  # the mistaken ones first: they must not keep the others from safety
    return Controller(config, rig.state, lines, board._replace(drivers=drivers), SystemWall(), service_manager=manager)


async def released(controller: Controller, rig: Rig) -> None:
    """Let an operator open the door, and wait until its lock is."""
    controller.inbox.put(OpenOnce(issuer="op", request="r", portal="door"), Rank.COMMAND)
    found = await asyncio.to_thread(rig.far_end.wait_driven, LOCK, True, 0, LIMIT_S)
    assert found is not None


def stopped(rig: Rig) -> list[str]:
    rows = search(rig.state / "journal" / "journal.db", limit=1000)
    return [row.event.detail for row in rows if row.event.code is Code.STOPPED]


def test_an_exception_in_the_core_ends_with_the_lock_secured_and_a_failure(rig: Rig, capsys):
    async def scenario() -> int:
        controller = controller_of(rig)
        running = asyncio.create_task(live(controller, None))
        await released(controller, rig)
        # A report of a device that nobody configured: the intake has no formats for it.
        controller.emit(Frame("0123456789", 1, 26, 0, 0, 0))
        return await asyncio.wait_for(running, LIMIT_S)

    assert asyncio.run(scenario()) == FAILED
    assert rig.far_end.levels[LOCK] is False
    assert "core ended: KeyError('0123456789')" in capsys.readouterr().err
    assert stopped(rig) == ["core ended: KeyError"]  # no argument: it might be a person's, and headers stay for ever


def test_a_mistake_in_one_driver_and_in_its_safe_secures_all_others(rig: Rig):
    async def scenario() -> Mistaken:
        mistaken = Mistaken(safe_too=True)
        controller = controller_of(rig, {"mistaken": mistaken})
        running = asyncio.create_task(live(controller, None))
        await released(controller, rig)
        mistaken.wrong.set()
        with pytest.raises(ZeroDivisionError, match="another one"):  # out of the program: status 1, and its traceback
            await asyncio.wait_for(running, LIMIT_S)
        return mistaken

    assert asyncio.run(scenario()).safes == 1
    assert rig.far_end.levels[LOCK] is False
    assert stopped(rig) == ["driver mistaken ended: ZeroDivisionError"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # the rig's: we are gone at once
def test_a_start_that_fails_makes_safe_too(rig: Rig):
    async def scenario() -> int:
        counted = Mistaken()
        controller = controller_of(rig, {"mistaken": counted})
        listening = socket.socket(socket.AF_UNIX)
        listening.close()
        with pytest.raises(OSError, match="Bad file descriptor"):
            await live(controller, listening)
        return counted.safes

    assert asyncio.run(scenario()) == 1
    assert stopped(rig) == ["the start ended: OSError"]


class Manager:
    """The service manager's end of its socket."""

    def __init__(self, folder: Path) -> None:
        path = str(folder / "notify.sock")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(path)
        self.told = ServiceManager({"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(round(2 * FEED_S * 1e6))})

    async def hears(self, start: str) -> str:
        """The next word that begins so; others are passed over."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                word = (await asyncio.get_running_loop().sock_recv(self._socket, 1000)).decode()
                if word.startswith(start):
                    return word

    async def is_not_fed(self) -> bool:
        """Whether three more of its periods bring reasons only."""
        loop = asyncio.get_running_loop()
        words = [await asyncio.wait_for(loop.sock_recv(self._socket, 1000), LIMIT_S) for _ in range(3)]
        return all(word.startswith(b"STATUS=not healthy") for word in words)

    def close(self) -> None:
        self._socket.close()


def with_manager(rig: Rig, scenario) -> str:
    """Run a controller under a service manager until the scenario is over; what it said first of its trouble."""

    async def run() -> str:
        manager = Manager(rig.folder)
        controller = controller_of(rig, manager=manager.told)
        await controller.start()
        await manager.hears("WATCHDOG=1")
        scenario(controller)
        why = await manager.hears("STATUS=")
        assert await manager.is_not_fed()
        await controller.stop()
        manager.close()
        return why

    return asyncio.run(run())


def test_a_core_that_was_cancelled_starves_the_watchdog(rig: Rig):
    """A task that was cancelled raised nothing, so nothing ends the process; but nobody decides any more."""

    def cancel(controller: Controller) -> None:
        next(task for task in asyncio.all_tasks() if task.get_name() == "core").cancel()

    assert with_manager(rig, cancel) == "STATUS=not healthy: core has ended"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_journal_whose_writer_died_starves_the_watchdog(rig: Rig):
    def poison(controller: Controller) -> None:
        controller.journal.append([Record(Event(Code.CLOCK_SET))], now_ms=0, utc_ms=1 << 70)  # SQLite has 64 bits

    assert with_manager(rig, poison) == "STATUS=not healthy: the journal's writer does not answer"


def test_a_page_hears_that_events_cannot_be_saved_and_that_they_can_again(rig: Rig):
    """The news itself cannot be committed then, so it must not wait for that."""
    rig.start()
    assert rig.far_end.wait_claimed({D0, D1, CONTACT})
    rest(QUIET_S)
    with socket.socket(socket.AF_UNIX) as page:
        page.settimeout(LIMIT_S)
        page.connect(str(rig.role))
        frames = FrameReader(AnyFromController)

        def hears(failed: bool) -> States:
            while True:
                received = page.recv(1 << 16)
                assert received
                for message in frames.feed(received):
                    if isinstance(message, States) and message.view.store_failed is failed:
                        return message

        before = hears(failed=False)
        pid = rig.process.pid
        room = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, room[1]))
        rig.swipe(h10301(1, 1))  # nobody's card: an event that cannot be written
        told = hears(failed=True)
        assert (told.epoch, told.seq) >= (before.epoch, before.seq)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, room)
        after = hears(failed=False)
        assert after.seq > told.seq
    assert rig.stop() == 0

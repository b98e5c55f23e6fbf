"""Event streams: bounded, pushed at once, ended in order; and peers that dawdle are let go."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from pathlib import Path
from typing import Any

import pytest

from firmware.core.view import Mode, Position
from firmware.network.server import CONNECTIONS_MAX, HEAD_S_MAX, STALL_S_MAX, STOP_S_MAX
from firmware.network.streams import BEAT_S, STREAMS_MAX
from firmware.rehearsal.virtual_time import run_virtual
from tests.network.accounts import gate
from tests.network.fake_controller import door, health, quiet, states
from tests.network.running import WAIT_S, running_page


def test_of_too_many_windows_the_newest_stay(tmp_path: Path) -> None:
    async def scene() -> None:
        async with running_page(tmp_path) as page:
            windows = [await page.open_window() for _ in range(STREAMS_MAX + 30)]
            assert all(window.status == 200 for window in windows)
            for window in windows[:-STREAMS_MAX]:
                assert await window.until("full") is None
                async with asyncio.timeout(WAIT_S):
                    assert await window.next() == ("", None), "an evicted window's stream ends"
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
            for window in windows[-STREAMS_MAX:]:
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
            assert (await page.get("/")).status == 200
            for window in windows:
                window.writer.close()

    asyncio.run(scene())


def test_fifty_windows_in_two_languages_are_told_of_a_change_alike(tmp_path: Path) -> None:
    """The issue promises fifty open pages."""

    async def scene() -> None:
        assert STREAMS_MAX >= 50
        async with running_page(tmp_path) as page:
            windows = [await page.open_window(accept_language=("en", "zh")[number % 2]) for number in range(50)]
            for window in windows:
                await window.until("view")
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
            told = [
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
                for window in windows
            ]
            assert all(view == told[number % 2] for number, view in enumerate(told))
            assert told[0] != told[1]
            for window in windows:
                window.writer.close()

    asyncio.run(scene())


def test_nobodys_many_windows_close_the_one_of_somebody_else(tmp_path: Path) -> None:
    """A guard's page at night does not go blind because an auditor opens windows."""

    async def scene() -> None:
        async with gate(tmp_path) as running:
            page = running.page
            await running.log_in("guard")
            guards = await page.open_window()
            await running.log_in("auditor")
            others = [await page.open_window() for _ in range(STREAMS_MAX + 2)]
            for window in others[:3]:
                assert await window.until("full") is None
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
            for window in (guards, *others[3:]):
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
            for window in (guards, *others):
                window.writer.close()

    asyncio.run(scene())


def test_a_change_is_on_the_window_quickly(tmp_path: Path) -> None:
    """From the controller's write to the window's read, 30 changes, one process; loaded machine: median <= 100 ms."""

    async def scene() -> list[float]:
        now_s = asyncio.get_running_loop().time
        took_s: list[float] = []
        async with running_page(tmp_path) as page:
            window = await page.open_window()
            for seq in range(2, 32):
                mode = Mode.UNLOCKED if seq % 2 else Mode.ACCESSED
                began_s = now_s()
                page.controller.say(states(seq=seq, view=quiet(door(mode=mode))))
                await window.until("view", lambda view, mode=mode: view["cards"][0]["mode"] == mode.value)  # type: ignore[misc,index]
                took_s.append(now_s() - began_s)
            window.writer.close()
        return took_s

    assert statistics.median(asyncio.run(scene())) <= 0.1


def test_a_storm_of_changes_ends_with_the_newest_state(tmp_path: Path) -> None:
    async def scene() -> int:
        async with running_page(tmp_path) as page:
            window = await page.open_window()
            for seq in range(2, 500):
                page.controller.say(states(seq=seq, view=quiet(door(why=(f"reason{seq}",)))))
            page.controller.say(states(seq=500, view=quiet(door(mode=Mode.OUT_OF_SERVICE))))
            count = 0
            async with asyncio.timeout(WAIT_S):
                while True:
                    name, view = await window.next()
                    if name == "view":
                        count += 1
                        if view["cards"][0]["mode"] == "out_of_service":  # type: ignore[index]
                            break
            window.writer.close()
            return count

    assert asyncio.run(scene()) < 100, "intermediate states are skipped"


def test_open_windows_do_not_hold_the_stop(tmp_path: Path) -> None:
    async def scene() -> float:
        now_s = asyncio.get_running_loop().time
        async with running_page(tmp_path) as page:
            windows = [await page.open_window() for _ in range(5)]
            for window in windows:
                await window.until("view")
            began_s = now_s()
        took_s = now_s() - began_s
        for window in windows:
            while not window.ended:
                await window.next()
            window.writer.close()
        return took_s

    assert asyncio.run(scene()) < STOP_S_MAX


def test_an_idle_window_gets_a_beat_at_least_every_five_seconds(tmp_path: Path) -> None:

    async def scene() -> None:
        now_s = asyncio.get_running_loop().time
        async with running_page(tmp_path) as page:
            window = await page.open_window()
            await window.until("view")
            for _ in range(20):
                began_s = now_s()
                event, _content = await window.next()
                assert event
                assert now_s() - began_s <= BEAT_S + 1.0  # of a machine that has other work
            window.writer.close()

    run_virtual(scene())


def shown(view: Any) -> tuple[str, int]:
    """The first door's mode and how many alarms the page shows."""
    return view["cards"][0]["mode"], len(view["alarms"])


async def ended(reader: asyncio.StreamReader) -> None:
    """Until the other side has closed or reset the connection."""
    with contextlib.suppress(ConnectionError):
        while await reader.read(1 << 16):
            pass


@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nhost: localhost\r\n"])
@pytest.mark.attack("page-10")
def test_a_peer_that_never_finishes_its_head_is_let_go(tmp_path: Path, sent: bytes) -> None:
    """Slowloris, on virtual time: a byte every second does not buy more time."""

    async def scene() -> None:
        now_s = asyncio.get_running_loop().time
        async with running_page(tmp_path) as page:
            reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
            began_s = now_s()
            writer.write(sent)
            closed = asyncio.create_task(ended(reader))
            while not closed.done() and now_s() - began_s < 10 * HEAD_S_MAX:
                await asyncio.sleep(1)
                if sent and not closed.done():
                    writer.write(b"x")
            assert now_s() - began_s <= HEAD_S_MAX + 2
            await closed
            writer.close()
            assert (await page.get("/")).status == 200

    run_virtual(scene())


@pytest.mark.attack("page-11")
@pytest.mark.parametrize("said", [b"", b"G"], ids=["nothing", "a first byte"])
def test_connections_that_ask_for_nothing_hold_the_page_for_nobody(tmp_path: Path, said: bytes) -> None:
    """Three times as many as are allowed in all: those of whoever has most of them make room, the oldest first."""

    async def scene() -> None:
        async with running_page(tmp_path) as page:
            reader, slow = await asyncio.open_connection("127.0.0.1", page.port, local_addr=("127.0.0.2", 0))
            slow.write(b"GET /login HTTP/1.1\r\n")  # somebody else, who is slow
            silent = []
            for _ in range(3 * CONNECTIONS_MAX):
                silent.append(await asyncio.open_connection("127.0.0.1", page.port))
                silent[-1][1].write(said)
            page.controller.say(health())
            assert (await page.get("/")).status == 200
            window = await page.open_window()
            await window.until("view")
            with contextlib.suppress(ConnectionError):
                assert await silent[0][0].read() == b"", "the oldest is gone"
            slow.write(f"host: 127.0.0.1:{page.port}\r\nconnection: close\r\n\r\n".encode())
            assert (await reader.read()).split(b" ")[1] == b"200", "and nobody else's"
            slow.close()
            for _, writer in silent:
                writer.close()

    asyncio.run(scene())  # in real time: a virtual clock would run out on whoever is slow


@pytest.mark.attack("page-20")
@pytest.mark.parametrize("target", ["GET /login", "POST /login"])
def test_bodies_that_never_come_hold_the_page_for_nobody(tmp_path: Path, target: str) -> None:
    """Each with a length that is never reached: of whoever has most of them the oldest make room."""

    async def scene() -> None:
        async with running_page(tmp_path) as page:
            own = f"127.0.0.1:{page.port}"
            head = (
                f"{target} HTTP/1.1\r\nhost: {own}\r\norigin: http://{own}\r\n"
                "content-type: application/x-www-form-urlencoded\r\ncontent-length: 4000\r\n\r\n"
            ).encode()
            reader, slow = await asyncio.open_connection("127.0.0.1", page.port, local_addr=("127.0.0.2", 0))
            slow.write(b"POST" + head.partition(b" ")[1] + head.partition(b" ")[2])  # somebody else, who is slow
            held = []
            for _ in range(3 * CONNECTIONS_MAX):
                held.append(await asyncio.open_connection("127.0.0.1", page.port))
                held[-1][1].write(head + b"x")
            assert (await page.get("/login")).status == 200
            slow.write(b"x" * 4000)
            assert (await reader.read(100)).split(b" ")[1] != b"503"
            slow.close()
            for _, writer in held:
                writer.close()

    asyncio.run(scene())  # in real time: a virtual clock would run out on whoever is slow


@pytest.mark.attack("page-21")
def test_a_body_that_goes_on_after_its_answer_is_let_go(tmp_path: Path) -> None:
    """On virtual time: a byte every second keeps no connection that is answered already."""

    async def scene() -> None:
        now_s = asyncio.get_running_loop().time
        async with running_page(tmp_path) as page:
            reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
            writer.write(page.request("GET", "/login", content_length="4000") + b"\r\n")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
            began_s = now_s()
            closed = asyncio.create_task(ended(reader))
            while not closed.done() and now_s() - began_s < 10 * HEAD_S_MAX:
                await asyncio.sleep(1)
                if not closed.done():
                    writer.write(b"x")
            assert now_s() - began_s <= HEAD_S_MAX + 2
            await closed
            writer.close()

    run_virtual(scene())


@pytest.mark.attack("page-12")
def test_a_window_that_reads_nothing_is_let_go_and_holds_nobody_up(tmp_path: Path) -> None:
    """Its socket is full; the others get every change meanwhile. On virtual time."""

    async def scene() -> None:
        async with running_page(tmp_path) as page:
            deaf_reader, deaf = await asyncio.open_connection("127.0.0.1", page.port, limit=1024)
            deaf.write(page.request("GET", "/api/v1/stream") + b"\r\n")
            deaf.transport.pause_reading()
            window = await page.open_window()
            big = tuple(f"alarm {number} {'x' * 100}" for number in range(400))
            for seq in range(2, 80):  # of 100 kB each: more than the socket buffers of loopback hold
                mode = Mode.UNLOCKED if seq % 2 else Mode.LOCKED
                page.controller.say(states(seq=seq, view=quiet(door(mode=mode, alarms=big))))
                await window.until("view", lambda view, mode=mode: shown(view) == (mode.value, 400))  # type: ignore[misc]
            await asyncio.sleep(STALL_S_MAX + 1)
            deaf.transport.resume_reading()
            await asyncio.wait_for(ended(deaf_reader), WAIT_S)
            deaf.close()
            window.writer.close()

    run_virtual(scene(), wall_s_max=60)

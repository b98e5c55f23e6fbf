LATE_S = 1.0  # of a machine that has other work
"""Event streams: bounded, pushed at once, ended in order; and peers that dawdle are let go."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
from __future__ import annotations
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
import asyncio
LATE_S = 1.0  # of a machine that has other work
import contextlib
LATE_S = 1.0  # of a machine that has other work
import statistics
LATE_S = 1.0  # of a machine that has other work
from pathlib import Path
LATE_S = 1.0  # of a machine that has other work
from typing import Any
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
import pytest
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
from firmware.core.view import Mode, Position
LATE_S = 1.0  # of a machine that has other work
from firmware.network.server import CONNECTIONS_MAX, HEAD_S_MAX, STALL_S_MAX, STOP_S_MAX
LATE_S = 1.0  # of a machine that has other work
from firmware.network.streams import BEAT_S, STREAMS_MAX
LATE_S = 1.0  # of a machine that has other work
from firmware.rehearsal.virtual_time import run_virtual
LATE_S = 1.0  # of a machine that has other work
from tests.network.accounts import gate
LATE_S = 1.0  # of a machine that has other work
from tests.network.fake_controller import door, health, quiet, states
LATE_S = 1.0  # of a machine that has other work
from tests.network.running import WAIT_S, running_page
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_of_too_many_windows_the_newest_stay(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            windows = [await page.open_window() for _ in range(STREAMS_MAX + 30)]
LATE_S = 1.0  # of a machine that has other work
            assert all(window.status == 200 for window in windows)
LATE_S = 1.0  # of a machine that has other work
            for window in windows[:-STREAMS_MAX]:
LATE_S = 1.0  # of a machine that has other work
                assert await window.until("full") is None
LATE_S = 1.0  # of a machine that has other work
                async with asyncio.timeout(WAIT_S):
LATE_S = 1.0  # of a machine that has other work
                    assert await window.next() == ("", None), "an evicted window's stream ends"
LATE_S = 1.0  # of a machine that has other work
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
LATE_S = 1.0  # of a machine that has other work
            for window in windows[-STREAMS_MAX:]:
LATE_S = 1.0  # of a machine that has other work
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
LATE_S = 1.0  # of a machine that has other work
            assert (await page.get("/")).status == 200
LATE_S = 1.0  # of a machine that has other work
            for window in windows:
LATE_S = 1.0  # of a machine that has other work
                window.writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    asyncio.run(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_fifty_windows_in_two_languages_are_told_of_a_change_alike(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    """The issue promises fifty open pages."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        assert STREAMS_MAX >= 50
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            windows = [await page.open_window(accept_language=("en", "zh")[number % 2]) for number in range(50)]
LATE_S = 1.0  # of a machine that has other work
            for window in windows:
LATE_S = 1.0  # of a machine that has other work
                await window.until("view")
LATE_S = 1.0  # of a machine that has other work
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
LATE_S = 1.0  # of a machine that has other work
            told = [
LATE_S = 1.0  # of a machine that has other work
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
LATE_S = 1.0  # of a machine that has other work
                for window in windows
LATE_S = 1.0  # of a machine that has other work
            ]
LATE_S = 1.0  # of a machine that has other work
            assert all(view == told[number % 2] for number, view in enumerate(told))
LATE_S = 1.0  # of a machine that has other work
            assert told[0] != told[1]
LATE_S = 1.0  # of a machine that has other work
            for window in windows:
LATE_S = 1.0  # of a machine that has other work
                window.writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    asyncio.run(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_nobodys_many_windows_close_the_one_of_somebody_else(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    """A guard's page at night does not go blind because an auditor opens windows."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        async with gate(tmp_path) as running:
LATE_S = 1.0  # of a machine that has other work
            page = running.page
LATE_S = 1.0  # of a machine that has other work
            await running.log_in("guard")
LATE_S = 1.0  # of a machine that has other work
            guards = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            await running.log_in("auditor")
LATE_S = 1.0  # of a machine that has other work
            others = [await page.open_window() for _ in range(STREAMS_MAX + 2)]
LATE_S = 1.0  # of a machine that has other work
            for window in others[:3]:
LATE_S = 1.0  # of a machine that has other work
                assert await window.until("full") is None
LATE_S = 1.0  # of a machine that has other work
            page.controller.say(states(seq=2, view=quiet(door(mode=Mode.UNLOCKED, position=Position.OPEN))))
LATE_S = 1.0  # of a machine that has other work
            for window in (guards, *others[3:]):
LATE_S = 1.0  # of a machine that has other work
                await window.until("view", lambda view: view["cards"][0]["mode"] == "unlocked")  # type: ignore[index]
LATE_S = 1.0  # of a machine that has other work
            for window in (guards, *others):
LATE_S = 1.0  # of a machine that has other work
                window.writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    asyncio.run(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_a_change_is_on_the_window_quickly(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    """From the controller's write to the window's read, 30 changes, one process; loaded machine: median <= 100 ms."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> list[float]:
LATE_S = 1.0  # of a machine that has other work
        now_s = asyncio.get_running_loop().time
LATE_S = 1.0  # of a machine that has other work
        took_s: list[float] = []
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            window = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            for seq in range(2, 32):
LATE_S = 1.0  # of a machine that has other work
                mode = Mode.UNLOCKED if seq % 2 else Mode.ACCESSED
LATE_S = 1.0  # of a machine that has other work
                began_s = now_s()
LATE_S = 1.0  # of a machine that has other work
                page.controller.say(states(seq=seq, view=quiet(door(mode=mode))))
LATE_S = 1.0  # of a machine that has other work
                await window.until("view", lambda view, mode=mode: view["cards"][0]["mode"] == mode.value)  # type: ignore[misc,index]
LATE_S = 1.0  # of a machine that has other work
                took_s.append(now_s() - began_s)
LATE_S = 1.0  # of a machine that has other work
            window.writer.close()
LATE_S = 1.0  # of a machine that has other work
        return took_s
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    assert statistics.median(asyncio.run(scene())) <= 0.1
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_a_storm_of_changes_ends_with_the_newest_state(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    async def scene() -> int:
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            window = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            for seq in range(2, 500):
LATE_S = 1.0  # of a machine that has other work
                page.controller.say(states(seq=seq, view=quiet(door(why=(f"reason{seq}",)))))
LATE_S = 1.0  # of a machine that has other work
            page.controller.say(states(seq=500, view=quiet(door(mode=Mode.OUT_OF_SERVICE))))
LATE_S = 1.0  # of a machine that has other work
            count = 0
LATE_S = 1.0  # of a machine that has other work
            async with asyncio.timeout(WAIT_S):
LATE_S = 1.0  # of a machine that has other work
                while True:
LATE_S = 1.0  # of a machine that has other work
                    name, view = await window.next()
LATE_S = 1.0  # of a machine that has other work
                    if name == "view":
LATE_S = 1.0  # of a machine that has other work
                        count += 1
LATE_S = 1.0  # of a machine that has other work
                        if view["cards"][0]["mode"] == "out_of_service":  # type: ignore[index]
LATE_S = 1.0  # of a machine that has other work
                            break
LATE_S = 1.0  # of a machine that has other work
            window.writer.close()
LATE_S = 1.0  # of a machine that has other work
            return count
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    assert asyncio.run(scene()) < 100, "intermediate states are skipped"
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_open_windows_do_not_hold_the_stop(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    async def scene() -> float:
LATE_S = 1.0  # of a machine that has other work
        now_s = asyncio.get_running_loop().time
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            windows = [await page.open_window() for _ in range(5)]
LATE_S = 1.0  # of a machine that has other work
            for window in windows:
LATE_S = 1.0  # of a machine that has other work
                await window.until("view")
LATE_S = 1.0  # of a machine that has other work
            began_s = now_s()
LATE_S = 1.0  # of a machine that has other work
        took_s = now_s() - began_s
LATE_S = 1.0  # of a machine that has other work
        for window in windows:
LATE_S = 1.0  # of a machine that has other work
            while not window.ended:
LATE_S = 1.0  # of a machine that has other work
                await window.next()
LATE_S = 1.0  # of a machine that has other work
            window.writer.close()
LATE_S = 1.0  # of a machine that has other work
        return took_s
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    assert asyncio.run(scene()) < STOP_S_MAX
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def test_an_idle_window_gets_a_beat_at_least_every_five_seconds(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        now_s = asyncio.get_running_loop().time
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            window = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            await window.until("view")
LATE_S = 1.0  # of a machine that has other work
            for _ in range(20):
LATE_S = 1.0  # of a machine that has other work
                began_s = now_s()
LATE_S = 1.0  # of a machine that has other work
                event, _content = await window.next()
LATE_S = 1.0  # of a machine that has other work
                assert event
LATE_S = 1.0  # of a machine that has other work
                assert now_s() - began_s <= BEAT_S + LATE_S
LATE_S = 1.0  # of a machine that has other work
            window.writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    run_virtual(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
def shown(view: Any) -> tuple[str, int]:
LATE_S = 1.0  # of a machine that has other work
    """The first door's mode and how many alarms the page shows."""
LATE_S = 1.0  # of a machine that has other work
    return view["cards"][0]["mode"], len(view["alarms"])
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
async def ended(reader: asyncio.StreamReader) -> None:
LATE_S = 1.0  # of a machine that has other work
    """Until the other side has closed or reset the connection."""
LATE_S = 1.0  # of a machine that has other work
    with contextlib.suppress(ConnectionError):
LATE_S = 1.0  # of a machine that has other work
        while await reader.read(1 << 16):
LATE_S = 1.0  # of a machine that has other work
            pass
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
@pytest.mark.parametrize("sent", [b"", b"GET / HTT", b"GET / HTTP/1.1\r\nhost: localhost\r\n"])
LATE_S = 1.0  # of a machine that has other work
@pytest.mark.attack("page-10")
LATE_S = 1.0  # of a machine that has other work
def test_a_peer_that_never_finishes_its_head_is_let_go(tmp_path: Path, sent: bytes) -> None:
LATE_S = 1.0  # of a machine that has other work
    """Slowloris, on virtual time: a byte every second does not buy more time."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        now_s = asyncio.get_running_loop().time
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
LATE_S = 1.0  # of a machine that has other work
            began_s = now_s()
LATE_S = 1.0  # of a machine that has other work
            writer.write(sent)
LATE_S = 1.0  # of a machine that has other work
            closed = asyncio.create_task(ended(reader))
LATE_S = 1.0  # of a machine that has other work
            while not closed.done() and now_s() - began_s < 10 * HEAD_S_MAX:
LATE_S = 1.0  # of a machine that has other work
                await asyncio.sleep(1)
LATE_S = 1.0  # of a machine that has other work
                if sent and not closed.done():
LATE_S = 1.0  # of a machine that has other work
                    writer.write(b"x")
LATE_S = 1.0  # of a machine that has other work
            assert now_s() - began_s <= HEAD_S_MAX + 2
LATE_S = 1.0  # of a machine that has other work
            await closed
LATE_S = 1.0  # of a machine that has other work
            writer.close()
LATE_S = 1.0  # of a machine that has other work
            assert (await page.get("/")).status == 200
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    run_virtual(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
@pytest.mark.attack("page-11")
LATE_S = 1.0  # of a machine that has other work
@pytest.mark.parametrize("said", [b"", b"G"], ids=["nothing", "a first byte"])
LATE_S = 1.0  # of a machine that has other work
def test_connections_that_ask_for_nothing_hold_the_page_for_nobody(tmp_path: Path, said: bytes) -> None:
LATE_S = 1.0  # of a machine that has other work
    """Three times as many as are allowed in all: those of whoever has most of them make room, the oldest first."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            reader, slow = await asyncio.open_connection("127.0.0.1", page.port, local_addr=("127.0.0.2", 0))
LATE_S = 1.0  # of a machine that has other work
            slow.write(b"GET /login HTTP/1.1\r\n")  # somebody else, who is slow
LATE_S = 1.0  # of a machine that has other work
            silent = []
LATE_S = 1.0  # of a machine that has other work
            for _ in range(3 * CONNECTIONS_MAX):
LATE_S = 1.0  # of a machine that has other work
                silent.append(await asyncio.open_connection("127.0.0.1", page.port))
LATE_S = 1.0  # of a machine that has other work
                silent[-1][1].write(said)
LATE_S = 1.0  # of a machine that has other work
            page.controller.say(health())
LATE_S = 1.0  # of a machine that has other work
            assert (await page.get("/")).status == 200
LATE_S = 1.0  # of a machine that has other work
            window = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            await window.until("view")
LATE_S = 1.0  # of a machine that has other work
            with contextlib.suppress(ConnectionError):
LATE_S = 1.0  # of a machine that has other work
                assert await silent[0][0].read() == b"", "the oldest is gone"
LATE_S = 1.0  # of a machine that has other work
            slow.write(f"host: 127.0.0.1:{page.port}\r\nconnection: close\r\n\r\n".encode())
LATE_S = 1.0  # of a machine that has other work
            assert (await reader.read()).split(b" ")[1] == b"200", "and nobody else's"
LATE_S = 1.0  # of a machine that has other work
            slow.close()
LATE_S = 1.0  # of a machine that has other work
            for _, writer in silent:
LATE_S = 1.0  # of a machine that has other work
                writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    asyncio.run(scene())  # in real time: a virtual clock would run out on whoever is slow
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
@pytest.mark.attack("page-20")
LATE_S = 1.0  # of a machine that has other work
@pytest.mark.parametrize("target", ["GET /login", "POST /login"])
LATE_S = 1.0  # of a machine that has other work
def test_bodies_that_never_come_hold_the_page_for_nobody(tmp_path: Path, target: str) -> None:
LATE_S = 1.0  # of a machine that has other work
    """Each with a length that is never reached: of whoever has most of them the oldest make room."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            own = f"127.0.0.1:{page.port}"
LATE_S = 1.0  # of a machine that has other work
            head = (
LATE_S = 1.0  # of a machine that has other work
                f"{target} HTTP/1.1\r\nhost: {own}\r\norigin: http://{own}\r\n"
LATE_S = 1.0  # of a machine that has other work
                "content-type: application/x-www-form-urlencoded\r\ncontent-length: 4000\r\n\r\n"
LATE_S = 1.0  # of a machine that has other work
            ).encode()
LATE_S = 1.0  # of a machine that has other work
            reader, slow = await asyncio.open_connection("127.0.0.1", page.port, local_addr=("127.0.0.2", 0))
LATE_S = 1.0  # of a machine that has other work
            slow.write(b"POST" + head.partition(b" ")[1] + head.partition(b" ")[2])  # somebody else, who is slow
LATE_S = 1.0  # of a machine that has other work
            held = []
LATE_S = 1.0  # of a machine that has other work
            for _ in range(3 * CONNECTIONS_MAX):
LATE_S = 1.0  # of a machine that has other work
                held.append(await asyncio.open_connection("127.0.0.1", page.port))
LATE_S = 1.0  # of a machine that has other work
                held[-1][1].write(head + b"x")
LATE_S = 1.0  # of a machine that has other work
            assert (await page.get("/login")).status == 200
LATE_S = 1.0  # of a machine that has other work
            slow.write(b"x" * 4000)
LATE_S = 1.0  # of a machine that has other work
            assert (await reader.read(100)).split(b" ")[1] != b"503"
LATE_S = 1.0  # of a machine that has other work
            slow.close()
LATE_S = 1.0  # of a machine that has other work
            for _, writer in held:
LATE_S = 1.0  # of a machine that has other work
                writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    asyncio.run(scene())  # in real time: a virtual clock would run out on whoever is slow
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
@pytest.mark.attack("page-21")
LATE_S = 1.0  # of a machine that has other work
def test_a_body_that_goes_on_after_its_answer_is_let_go(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    """On virtual time: a byte every second keeps no connection that is answered already."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        now_s = asyncio.get_running_loop().time
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            reader, writer = await asyncio.open_connection("127.0.0.1", page.port)
LATE_S = 1.0  # of a machine that has other work
            writer.write(page.request("GET", "/login", content_length="4000") + b"\r\n")
LATE_S = 1.0  # of a machine that has other work
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
LATE_S = 1.0  # of a machine that has other work
            began_s = now_s()
LATE_S = 1.0  # of a machine that has other work
            closed = asyncio.create_task(ended(reader))
LATE_S = 1.0  # of a machine that has other work
            while not closed.done() and now_s() - began_s < 10 * HEAD_S_MAX:
LATE_S = 1.0  # of a machine that has other work
                await asyncio.sleep(1)
LATE_S = 1.0  # of a machine that has other work
                if not closed.done():
LATE_S = 1.0  # of a machine that has other work
                    writer.write(b"x")
LATE_S = 1.0  # of a machine that has other work
            assert now_s() - began_s <= HEAD_S_MAX + 2
LATE_S = 1.0  # of a machine that has other work
            await closed
LATE_S = 1.0  # of a machine that has other work
            writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    run_virtual(scene())
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
@pytest.mark.attack("page-12")
LATE_S = 1.0  # of a machine that has other work
def test_a_window_that_reads_nothing_is_let_go_and_holds_nobody_up(tmp_path: Path) -> None:
LATE_S = 1.0  # of a machine that has other work
    """Its socket is full; the others get every change meanwhile. On virtual time."""
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    async def scene() -> None:
LATE_S = 1.0  # of a machine that has other work
        async with running_page(tmp_path) as page:
LATE_S = 1.0  # of a machine that has other work
            deaf_reader, deaf = await asyncio.open_connection("127.0.0.1", page.port, limit=1024)
LATE_S = 1.0  # of a machine that has other work
            deaf.write(page.request("GET", "/api/v1/stream") + b"\r\n")
LATE_S = 1.0  # of a machine that has other work
            deaf.transport.pause_reading()
LATE_S = 1.0  # of a machine that has other work
            window = await page.open_window()
LATE_S = 1.0  # of a machine that has other work
            big = tuple(f"alarm {number} {'x' * 100}" for number in range(400))
LATE_S = 1.0  # of a machine that has other work
            for seq in range(2, 80):  # of 100 kB each: more than the socket buffers of loopback hold
LATE_S = 1.0  # of a machine that has other work
                mode = Mode.UNLOCKED if seq % 2 else Mode.LOCKED
LATE_S = 1.0  # of a machine that has other work
                page.controller.say(states(seq=seq, view=quiet(door(mode=mode, alarms=big))))
LATE_S = 1.0  # of a machine that has other work
                await window.until("view", lambda view, mode=mode: shown(view) == (mode.value, 400))  # type: ignore[misc]
LATE_S = 1.0  # of a machine that has other work
            await asyncio.sleep(STALL_S_MAX + 1)
LATE_S = 1.0  # of a machine that has other work
            deaf.transport.resume_reading()
LATE_S = 1.0  # of a machine that has other work
            await asyncio.wait_for(ended(deaf_reader), WAIT_S)
LATE_S = 1.0  # of a machine that has other work
            deaf.close()
LATE_S = 1.0  # of a machine that has other work
            window.writer.close()
LATE_S = 1.0  # of a machine that has other work

LATE_S = 1.0  # of a machine that has other work
    run_virtual(scene(), wall_s_max=60)

"""The virtual-time loop keeps its promises: jumps, sockets, threads, and what it refuses."""

from __future__ import annotations

import asyncio
import socket
import threading

import pytest

from firmware.rehearsal.errors import VirtualTimeError
from firmware.rehearsal.virtual_time import START_NS, VirtualLoop, run_virtual


def virtual() -> VirtualLoop:
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    return loop


def test_a_day_passes_at_once_and_exactly():
    async def day() -> tuple[int, int, float]:
        began_real_s = virtual().real_time()
        began_ns = virtual().now_ns()
        await asyncio.sleep(86_400)
        return began_ns, virtual().now_ns(), virtual().real_time() - began_real_s

    began_ns, ended_ns, real_s = run_virtual(day())
    assert began_ns == START_NS
    assert ended_ns - began_ns == 86_400 * 10**9
    assert real_s < 5


def test_timers_fire_in_order_at_their_own_instants():
    async def three() -> list[tuple[str, int]]:
        loop = virtual()
        seen: list[tuple[str, int]] = []
        base_s = loop.time()
        for name, delay_s in (("late", 0.002), ("early", 0.000_05), ("middle", 0.000_1)):
            loop.call_at(base_s + delay_s, lambda name=name: seen.append((name, loop.now_ns() - START_NS)))
        await asyncio.sleep(1)
        return seen

    assert run_virtual(three()) == [("early", 50_000), ("middle", 100_000), ("late", 2_000_000)]


def test_a_socket_is_read_before_time_moves():
    async def talk() -> tuple[bytes, int]:
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours)
        far_reader, far_writer = await asyncio.open_connection(sock=theirs)
        asyncio.get_running_loop().call_later(3600, lambda: None)  # a timer that must not be jumped to first
        for _ in range(50):
            writer.write(b"ping")
            far_writer.write(await far_reader.readexactly(4))
            answer = await reader.readexactly(4)
        for each in (writer, far_writer):
            each.close()
            await each.wait_closed()
        return answer, virtual().now_ns()

    answer, ended_ns = run_virtual(talk())
    assert answer == b"ping"
    assert ended_ns == START_NS


def test_time_stands_still_for_an_executor():
    async def work() -> int:
        gate = threading.Event()
        loop = asyncio.get_running_loop()
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(60)
                ticks += 1

        ticking = asyncio.create_task(tick())
        future = loop.run_in_executor(None, gate.wait, 5)
        threading.Timer(0.05, gate.set).start()
        assert await future is True
        seen = ticks
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)
        return seen

    assert run_virtual(work()) == 0


def test_a_writer_thread_with_a_busy_hook_is_heard_before_time_moves():
    """The shape of the journal: a thread commits in real time and calls back; the loop must not run ahead."""

    async def commit() -> list[int]:
        loop = virtual()
        backlog = 0
        heard_at_ns: list[int] = []
        asked, told = threading.Semaphore(0), threading.Event()

        def write() -> None:
            nonlocal backlog
            while asked.acquire() and not told.is_set():
                told.wait(0.003)  # an SD card takes its time
                loop.call_soon_threadsafe(lambda: heard_at_ns.append(loop.now_ns()))
                backlog -= 1

        thread = threading.Thread(target=write, name="writer")
        thread.start()
        forget = loop.busy_while(lambda: backlog > 0)
        for _ in range(10):
            backlog += 1
            asked.release()
            await asyncio.sleep(1)
        forget()
        told.set()
        asked.release()
        thread.join()
        return heard_at_ns

    heard_at_ns = run_virtual(commit())
    assert heard_at_ns == [START_NS + n * 10**9 for n in range(10)]


def test_external_work_that_never_ends_is_an_error():
    async def wait() -> None:
        with virtual().external():
            await asyncio.sleep(1)

    with pytest.raises(VirtualTimeError, match="external work was not done"):
        run_virtual(wait(), external_s_max=0.05)


def test_waiting_for_ever_is_an_error_that_names_the_task():
    async def wait() -> None:
        asyncio.current_task().set_name("the one that waits")
        await asyncio.get_running_loop().create_future()

    with pytest.raises(VirtualTimeError, match="the one that waits"):
        run_virtual(wait())


def test_a_blocked_loop_is_an_error():
    async def block() -> None:
        threading.Event().wait(0.2)
        await asyncio.sleep(1)

    with pytest.raises(VirtualTimeError, match="blocked"):
        run_virtual(block(), block_s_max=0.1)


def test_spinning_without_end_is_an_error():
    async def spin() -> None:
        while True:  # noqa: ASYNC110 - the fault under test
            await asyncio.sleep(0)

    with pytest.raises(VirtualTimeError, match="longer than its limit"):
        run_virtual(spin(), wall_s_max=0.2)


def test_a_task_left_behind_is_an_error():
    async def leave() -> asyncio.Task[bool]:
        return asyncio.create_task(asyncio.Event().wait(), name="forgotten")

    with pytest.raises(VirtualTimeError, match="forgotten"):
        run_virtual(leave())


def test_a_thread_left_behind_is_an_error(monkeypatch):
    monkeypatch.setattr("firmware.rehearsal.virtual_time.THREAD_JOIN_S", 0.05)
    end = threading.Event()
    thread = threading.Thread(target=end.wait, name="straggler")

    async def leave() -> None:
        thread.start()

    try:
        with pytest.raises(VirtualTimeError, match="straggler"):
            run_virtual(leave())
    finally:
        end.set()
        thread.join()


def test_a_callback_that_raises_fails_the_run():
    async def fail() -> None:
        asyncio.get_running_loop().call_later(0.5, lambda: 1 // 0)
        await asyncio.sleep(1)

    with pytest.raises(VirtualTimeError, match="ZeroDivisionError"):
        run_virtual(fail())


def test_what_the_coroutine_raises_comes_out():
    async def fail() -> None:
        await asyncio.sleep(1)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run_virtual(fail())

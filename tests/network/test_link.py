"""The link to the controller: every bad end of the socket is dropped with a reason and tried again, on virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from firmware.backup.asks import LookIntoBackup
from firmware.camera_commands import TellFaces
from firmware.core.account_facts import Act, Administered
from firmware.core.facts import OpenOnce
from firmware.core.view import SiteView
from firmware.messages import FRAME_BYTES_MAX, Answer, AnyOfPage, Ask, FindPlate, RestartProcess, pack
from firmware.network.errors import NotSent
from firmware.network.link import RETRY_S_MAX, Link
from firmware.network.live import SILENT_S, Live
from firmware.rehearsal.virtual_time import run_virtual
from firmware.selftest.messages import BeginTest, ReadReport
from firmware.wire_messages import Process
from tests.network.fake_controller import FakeController, health, states, welcome


def frame(body: bytes) -> bytes:
    """By hand: four bytes big-endian, then the body."""
    return struct.pack(">I", len(body)) + body


@contextlib.asynccontextmanager
async def linked(path: Path | None, handed: socket.socket | None = None) -> AsyncIterator[Live]:
    live = Live(asyncio.get_running_loop().time())
    task = asyncio.create_task(Link(live, None if path is None else str(path), handed).run())
    try:
        yield live
    finally:
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled(), task


async def until(live: Live, holds: Callable[[], bool], limit_s: float = 60.0) -> None:
    """Wait until `holds()`, looked at after each change of `live`."""
    changed = asyncio.Event()
    live.watch(changed.set)
    async with asyncio.timeout(limit_s):
        while not holds():
            await changed.wait()
            changed.clear()


def test_states_arrive_however_the_bytes_are_cut(tmp_path: Path) -> None:
    sent = pack(welcome()) + pack(states(seq=7)) + pack(health())

    async def scene() -> None:
        async with FakeController(tmp_path / "s") as controller, linked(controller.path) as live:
            await controller.until_accepted(1)
            for at in range(len(sent)):
                controller.say(sent[at : at + 1])
                await asyncio.sleep(0.001)
            await until(live, lambda: live.health is not None)
            assert live.states == states(seq=7)
            assert live.welcome == welcome()
            assert live.trouble == ""

    run_virtual(scene())


NESTED = b"\x91" * 50_000 + b"\x90"  # arrays in arrays
BAD: dict[str, tuple[bytes, str]] = {
    "length above the limit": (struct.pack(">I", FRAME_BYTES_MAX + 1), "at most 262144"),
    "longest possible length": (b"\xff\xff\xff\xff", "at most 262144"),
    "no MessagePack": (frame(b"\xc1" * 20), "no message of this socket"),
    "empty": (frame(b""), "no message of this socket"),
    "wrong tag": (frame(msgspec.msgpack.encode({"type": "OpenOnce", "portal": "x"})), "no message of this socket"),
    "no tag": (frame(msgspec.msgpack.encode({"portal": "x"})), "no message of this socket"),
    "of the other direction": (pack(Ask(OpenOnce(issuer="x", portal="front_door"), "r")), "no message of this socket"),
    "wrong type of a field": (
        frame(msgspec.msgpack.encode({"type": "States", "view": 3, "epoch": 1, "seq": 1, "utc_ms": None})),
        "no message of this socket",
    ),
    "text that is no UTF-8": (frame(b"\x81\xa4type\xa2\xff\xfe"), "no message of this socket"),
    "nested without end": (frame(NESTED), "no message of this socket"),
    "nested in an unknown field": (frame(b"\x82\xa4type\xa6Health\xa1x" + NESTED), "no message of this socket"),
    "trailing bytes": (frame(msgspec.msgpack.encode({"type": "Health"}) + b"\x00"), "no message of this socket"),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "at most 262144"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.attack("socket-08")
def test_bad_frames_end_the_connection_with_a_reason_and_the_next_one_is_heard(tmp_path: Path, name: str) -> None:
    sent, why = BAD[name]

    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path, welcome(), states(seq=3)) as controller, linked(path) as live:
            await until(live, lambda: live.states is not None)
            controller.say(sent)
            await until(live, lambda: live.trouble != "")
            assert "not of this protocol" in live.trouble
            assert why in live.trouble
            assert not live.connected
            assert live.states == states(seq=3), "what was heard before stays"
            await asyncio.wait_for(controller.ended.wait(), 5)
            controller.first = [welcome(), states(seq=4)]
            await until(live, lambda: live.states == states(seq=4))
            assert live.trouble == ""
            assert controller.accepted >= 2
            assert controller.received == b"", "nothing is ever sent to the controller"

    run_virtual(scene())


@pytest.mark.parametrize("cut", [1, 3, 4, 5, 40])
def test_a_frame_cut_short_is_the_end_of_the_connection_and_no_message(tmp_path: Path, cut: int) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path, welcome(), pack(states(seq=9))[:cut]) as controller, linked(path) as live:
            await until(live, lambda: live.welcome is not None)
            controller.hang_up()
            await until(live, lambda: live.trouble != "")
            assert live.trouble == "the controller closed the connection"
            assert live.states is None

    run_virtual(scene())


def test_whatever_comes_before_welcome_is_refused(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path, states()), linked(path) as live:
            await until(live, lambda: live.trouble != "")
            assert "States came before Welcome" in live.trouble
            assert live.states is None

    run_virtual(scene())


def test_an_answer_that_nobody_asked_for_changes_nothing(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path, welcome(), Answer("r", True), states(seq=5)), linked(path) as live:
            await until(live, lambda: live.states is not None)
            assert live.trouble == ""

    run_virtual(scene())


@pytest.mark.attack("socket-09")
def test_random_bytes_never_raise_anything_but_a_refusal(tmp_path: Path) -> None:
    """Seed 20261123, 60 streams of up to 4 kB after a good Welcome; half of them inside a well-formed frame."""
    draw = random.Random(20261123)
    streams = [draw.randbytes(draw.randrange(1, 4096)) for _ in range(60)]
    streams = [frame(one) if index % 2 else one for index, one in enumerate(streams)]

    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path) as controller, linked(path) as live:
            for one in streams:
                controller.first = [welcome(), one]
                await controller.until_accepted(controller.accepted + 1)
                await asyncio.sleep(0.05)
                controller.hang_up()
                await until(live, lambda: live.trouble != "")
            controller.first = [welcome(), states(seq=77)]
            await until(live, lambda: live.states is not None and live.states.seq == 77)

    run_virtual(scene())


def test_without_a_controller_the_pauses_grow_to_their_bound_and_no_further(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        now_s = asyncio.get_running_loop().time
        async with linked(path) as live:
            await asyncio.sleep(600)
            assert live.trouble == "no connection to the controller's socket: No such file or directory"
            assert not live.answers(now_s())
            async with FakeController(path, welcome(), states()):
                appeared_s = now_s()
                await until(live, lambda: live.states is not None)
                assert now_s() - appeared_s <= RETRY_S_MAX

    run_virtual(scene())


def test_a_controller_that_hangs_is_silent_and_heard_again_on_the_same_connection(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        now_s = asyncio.get_running_loop().time
        async with FakeController(path, welcome(), states(), health()) as controller, linked(path) as live:
            await until(live, lambda: live.health is not None)
            heard_s = now_s()
            assert live.answers(heard_s + SILENT_S - 0.01)
            changes: list[float] = []
            live.watch(lambda: changes.append(now_s()))
            await asyncio.sleep(30)
            assert not live.answers(now_s())
            assert changes == [pytest.approx(heard_s + SILENT_S)], "the page is told once, when the silence begins"
            assert live.silent_since_s() == pytest.approx(heard_s)
            assert live.states == states(), "the last states are kept"
            controller.say(health())
            await until(live, lambda: live.answers(now_s()))
            assert controller.accepted == 1

    run_virtual(scene())


def test_bytes_that_never_make_a_frame_are_silence(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        now_s = asyncio.get_running_loop().time
        async with FakeController(path, welcome(), states()) as controller, linked(path) as live:
            await until(live, lambda: live.states is not None)
            controller.say(struct.pack(">I", 1000))
            for _ in range(20):
                controller.say(b"\x00")
                await asyncio.sleep(1)
            assert not live.answers(now_s())

    run_virtual(scene())


def test_another_run_of_the_controller_forgets_the_states_of_the_one_before(tmp_path: Path) -> None:
    async def scene() -> None:
        path = tmp_path / "s"
        async with FakeController(path, welcome(boot="one"), states(seq=50)) as controller, linked(path) as live:
            await until(live, lambda: live.states is not None)
            await controller.die()
            await until(live, lambda: not live.connected)
            assert live.states is not None, "shown as old meanwhile"
            async with FakeController(path, welcome(boot="two")):
                await until(live, lambda: live.welcome is not None and live.welcome.boot == "two")
                assert live.states is None

    run_virtual(scene())


@pytest.mark.attack("page-19")
@pytest.mark.parametrize(
    "command",
    [
        ReadReport(name="../run.json"),
        BeginTest(issuer="chen", portals=("x" * 65,)),
        TellFaces(issuer="chen", roles="manager", start=999_999),
        LookIntoBackup(file="../../identity", passphrase="x"),
        RestartProcess(issuer="", process=Process.NETWORK),
    ],
    ids=lambda command: type(command).__name__,
)
def test_what_the_controller_would_hang_up_for_is_never_sent(tmp_path: Path, command: AnyOfPage) -> None:
    """A field of a form that nobody has bounded must not end everybody's connection, and all viewings with it."""

    async def scene() -> None:
        async with FakeController(tmp_path / "s", welcome(), states()) as controller:
            live = Live(asyncio.get_running_loop().time())
            link = Link(live, str(controller.path))
            running = asyncio.create_task(link.run())
            await until(live, lambda: live.states is not None)
            with pytest.raises(NotSent):
                await link.ask(command)
            with pytest.raises(NotSent):
                link.look(command)
            assert (await link.ask(OpenOnce("chen", portal="front_door"))).done
            assert controller.accepted == 1
            running.cancel()
            await asyncio.wait([running])

    run_virtual(scene())


def test_a_handed_socket_is_used_and_its_end_is_told(tmp_path: Path) -> None:
    async def scene() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        async with linked(None, ours) as live:
            theirs.sendall(pack(welcome()) + pack(states(seq=2)))
            await until(live, lambda: live.states is not None)
            theirs.close()
            await until(live, lambda: live.trouble != "")
            await asyncio.sleep(100)
            assert live.trouble == "the controller closed the connection"

    run_virtual(scene())


@pytest.mark.parametrize(
    "command", [Administered("chen", act=Act.LOGGED_IN), FindPlate(issuer="chen", address="", plate="B1", why="theft")]
)
def test_while_the_journal_fails_it_is_not_told_again_and_again(
    tmp_path: Path, command: Administered | FindPlate
) -> None:
    """Nothing of it would be answered, and what is open at the controller would leave no place for orders."""

    async def scene() -> None:
        path = tmp_path / "s"
        failing = states(view=SiteView(store_failed=True))
        async with FakeController(path, welcome(), failing) as controller:
            live = Live(asyncio.get_running_loop().time())
            link = Link(live, str(path))
            task = asyncio.create_task(link.run())
            await until(live, lambda: live.states is not None)
            with pytest.raises(NotSent):
                await link.ask(command)
            assert (await link.ask(OpenOnce("chen", portal="front_door"))).done, "a gate goes on"
            controller.say(states(seq=2))
            await until(live, lambda: live.states is not None and live.states.seq == 2)
            await link.ask(command)
            assert [type(ask.command) for ask in controller.asked] == [OpenOnce, type(command)]
            task.cancel()
            await asyncio.wait([task])

    run_virtual(scene())

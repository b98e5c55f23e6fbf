"""The network role's socket: who may connect, what may be asked, how fast, and what garbage does."""

from __future__ import annotations

import asyncio
import contextlib
import os
from pathlib import Path

import pytest

from firmware.controller.role_socket import ASKS_BURST, ASKS_OPEN_MAX, CLIENTS_MAX, URGENT_BURST, Pace, RoleSocket
from firmware.core.facts import OpenOnce, StartEvacuation, StartLockdown
from firmware.core.view import SiteView
from firmware.local_socket import listening_socket
from firmware.messages import (
    FRAME_BYTES_MAX,
    Answer,
    AnyFromController,
    Ask,
    FrameError,
    FrameReader,
    States,
    Welcome,
    pack,
)

WELCOME = Welcome(version="0", site="s", site_name="S", boot="b", journal="/nowhere")
LIMIT_S = 5.0


class Peer:
    """A client of the socket, as another process would be."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self.writer = reader, writer
        self._frames = FrameReader(AnyFromController)
        self._waiting: list[object] = []

    async def next(self) -> object:
        """The next message, or None when the controller hung up."""
        while not self._waiting:
            received = await asyncio.wait_for(self._reader.read(1 << 16), LIMIT_S)
            if not received:
                return None
            self._waiting += self._frames.feed(received)
        return self._waiting.pop(0)

    def ask(self, command, request: str) -> None:
        self.writer.write(pack(Ask(command=command, request=request)))


@contextlib.asynccontextmanager
async def serving(folder: Path, allowed=frozenset({OpenOnce}), user_ids=None, **more):
    asked: list[Ask] = []
    role = RoleSocket("network", WELCOME, allowed, asked.append, user_ids, **more)
    await role.start(listening_socket(folder / "role.sock"))
    peers: list[Peer] = []

    async def connect() -> Peer:
        peers.append(Peer(*await asyncio.open_unix_connection(str(folder / "role.sock"))))
        return peers[-1]

    try:
        yield role, connect, asked
    finally:
        for peer in peers:
            peer.writer.close()
        await role.stop()


def open_once(number: int = 1) -> OpenOnce:
    return OpenOnce(issuer="guard", request=f"r{number}", portal="door")


def test_whoever_connects_is_welcomed_and_gets_the_last_states(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path) as (role, connect, _):
            states = States(SiteView(fire=True), 1, 7, None)
            role.publish(states)
            peer = await connect()
            assert await peer.next() == WELCOME
            assert await peer.next() == states

    asyncio.run(scenario())


@pytest.mark.attack("socket-01")
def test_another_user_is_refused(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path, user_ids=frozenset({os.getuid() + 1})) as (role, connect, _):
            peer = await connect()
            assert await peer.next() is None
            assert role.refused_peers == 1

    asyncio.run(scenario())


@pytest.mark.attack("socket-02")
def test_the_socket_is_not_for_everybody(tmp_path: Path):
    listening = listening_socket(tmp_path / "role.sock")
    assert (tmp_path / "role.sock").stat().st_mode & 0o777 == 0o660
    listening.close()


@pytest.mark.attack("socket-03")
def test_a_command_outside_the_role_is_refused_and_reaches_nobody(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path) as (_, connect, asked):
            peer = await connect()
            await peer.next()
            peer.ask(StartLockdown(issuer="x", request="r"), "r")
            assert await peer.next() == Answer("r", done=False, reasons=("not_allowed",))
            assert asked == []

    asyncio.run(scenario())


@pytest.mark.attack("socket-04")
def test_a_flood_of_commands_is_cut_at_the_burst(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path) as (_, connect, asked):
            peer = await connect()
            await peer.next()
            for number in range(100):
                peer.ask(open_once(number), f"r{number}")
            answers = [await peer.next() for _ in range(100 - ASKS_BURST - 1)]
            assert all(answer.reasons == ("too_many",) for answer in answers)
            assert ASKS_BURST <= len(asked) <= ASKS_BURST + 1

    asyncio.run(scenario())


@pytest.mark.attack("socket-05")
def test_a_replayed_request_is_refused_while_the_first_is_open(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path) as (role, connect, asked):
            peer = await connect()
            await peer.next()
            peer.ask(open_once(), "r1")
            peer.ask(open_once(), "r1")
            assert await peer.next() == Answer("r1", done=False, reasons=("request_reused",))
            assert len(asked) == 1
            role.answer(Answer("r1", done=True))
            assert await peer.next() == Answer("r1", done=True)

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "garbage",
    [
        (FRAME_BYTES_MAX + 1).to_bytes(4, "big") + b"x",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x01\xc1",
        b"\x00\x00\x00\x00",
        pack(WELCOME),
        b"GET / HTTP/1.1\r\n\r\n",
    ],
    ids=["oversized", "4 GiB", "no MessagePack", "empty", "wrong direction", "HTTP"],
)
@pytest.mark.attack("socket-06")
def test_garbage_ends_that_connection_and_no_other(tmp_path: Path, garbage: bytes):
    async def scenario():
        async with serving(tmp_path) as (role, connect, asked):
            good, bad = await connect(), await connect()
            await good.next()
            await bad.next()
            bad.writer.write(garbage)
            assert await bad.next() is None
            assert role.refused_frames == 1
            good.ask(open_once(), "r1")
            role.publish(States(SiteView(), 1, 1, None))
            assert isinstance(await good.next(), States)
            assert len(asked) == 1

    asyncio.run(scenario())


def test_there_is_a_limit_on_clients_and_a_place_becomes_free_again(tmp_path: Path):
    async def scenario():
        async with serving(tmp_path) as (role, connect, _):
            peers = [await connect() for _ in range(CLIENTS_MAX)]
            for peer in peers:
                assert await peer.next() == WELCOME
            assert await (await connect()).next() is None
            assert role.refused_peers == 1
            peers[0].writer.close()
            await peers[0].writer.wait_closed()
            for _ in range(100):
                late = await connect()
                if await late.next() == WELCOME:
                    return
            raise AssertionError("no place became free")

    asyncio.run(scenario())


def test_frames_survive_any_cut_and_a_lone_head_is_no_message():
    stream = pack(States(SiteView(fire=True), 1, 2, 3)) + pack(Answer("r", done=True))
    for step in range(1, len(stream)):
        frames = FrameReader(AnyFromController)
        seen = []
        for start in range(0, len(stream), step):
            seen += frames.feed(stream[start : start + step])
        assert seen == [States(SiteView(fire=True), 1, 2, 3), Answer("r", done=True)]
    assert FrameReader(AnyFromController).feed(b"\x00\x00\x00\x05abc") == []
    with pytest.raises(FrameError, match="is no message of this socket"):
        FrameReader(AnyFromController).feed(b"\x00\x00\x00\x03abc")


def test_whoever_evacuates_is_heard_though_nothing_that_was_asked_is_answered(tmp_path: Path):
    """While the journal cannot commit, nothing is: what was asked before must not keep anybody in."""

    async def scenario():
        allowed = frozenset({OpenOnce, StartEvacuation})
        pace = Pace(asks_per_s=1e6, asks_burst=ASKS_OPEN_MAX + 1, urgent=frozenset({StartEvacuation}))
        async with serving(tmp_path, allowed, pace=pace) as (_, connect, asked):
            peer = await connect()
            await peer.next()
            for number in range(ASKS_OPEN_MAX + 1):
                peer.ask(open_once(), f"r{number}")
            assert await peer.next() == Answer(f"r{ASKS_OPEN_MAX}", False, ("too_many",))
            for number in range(URGENT_BURST + 1):
                peer.ask(StartEvacuation(issuer="chen", confirmed=True), f"e{number}")
            assert await peer.next() == Answer(f"e{URGENT_BURST}", False, ("too_many",)), "at its own pace, and bounded"
            assert [ask.request for ask in asked[ASKS_OPEN_MAX:]] == [f"e{number}" for number in range(URGENT_BURST)]

    asyncio.run(scenario())

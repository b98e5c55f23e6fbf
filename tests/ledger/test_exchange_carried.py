"""The network process holds the newest frames for other controllers, and shows nothing of them."""

from __future__ import annotations

import asyncio
import socket

import pytest

from firmware.controller.role_socket import EXCHANGES_BURST, RoleSocket
from firmware.messages import EXCHANGE_BYTES_MAX, AnyFromNetwork, Exchange, FrameError, FrameReader, pack
from firmware.network.link import OUTGOING_MAX, Link
from firmware.network.live import Live
from firmware.rehearsal.virtual_time import run_virtual
from tests.network.fake_controller import health, states, welcome


def test_the_newest_frames_are_kept_and_older_ones_let_go():
    async def scene() -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        live = Live(asyncio.get_running_loop().time())
        link = Link(live, None, ours)
        task = asyncio.create_task(link.run())
        theirs.sendall(pack(welcome()) + pack(states(seq=2)))
        sent = [bytes([number]) * 100 for number in range(OUTGOING_MAX + 5)]
        theirs.sendall(b"".join(pack(Exchange(frame)) for frame in sent))
        theirs.sendall(pack(health()))
        heard = asyncio.Event()
        live.watch(lambda: heard.set() if live.health is not None else None)
        async with asyncio.timeout(60):
            await heard.wait()
        assert list(link.outgoing) == sent[5:]
        assert live.states is not None
        task.cancel()
        await asyncio.wait([task])
        theirs.close()

    run_virtual(scene())


def test_a_longer_frame_is_none_of_this_socket():
    assert FrameReader(AnyFromNetwork).feed(pack(Exchange(bytes(EXCHANGE_BYTES_MAX))))
    with pytest.raises(FrameError):
        FrameReader(AnyFromNetwork).feed(pack(Exchange(bytes(EXCHANGE_BYTES_MAX + 1))))


@pytest.mark.parametrize("expected", [True, False])
def test_frames_are_limited_by_rate_and_none_is_taken_where_none_is_expected(tmp_path, expected):
    async def scene() -> int:
        taken: list[bytes] = []
        served = RoleSocket("network", None, frozenset(), lambda _: None)
        if expected:
            served.on_exchange = taken.append
        path = tmp_path / "role.sock"
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        listening.bind(str(path))
        listening.listen()
        await served.start(listening)
        _, writer = await asyncio.open_unix_connection(path)
        writer.write(pack(Exchange(b"x")) * (EXCHANGES_BURST + 100))
        for _ in range(6_000):  # a minute of virtual time
            if len(taken) + served.refused_exchanges == EXCHANGES_BURST + 100:
                break
            await asyncio.sleep(0.01)
        assert served.refused_frames == 0
        writer.close()
        await served.stop()
        assert len(taken) + served.refused_exchanges == EXCHANGES_BURST + 100
        return len(taken)

    taken = run_virtual(scene())
    assert taken == 0 if not expected else EXCHANGES_BURST <= taken < EXCHANGES_BURST + 50

"""The far end of the simulated buses: levels outlive clients, and a client that breaks the rules harms nobody."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from drivers.bus.exchange import AnyMessage, Claim, Drive, Edges, Levels, Read, Refused, Release
from firmware.rehearsal.errors import FarEndError
from firmware.rehearsal.far_end import CLIENTS_MAX, UNREAD_BYTES_MAX, FarEnd
from firmware.rehearsal.frames import encode_card
from firmware.rehearsal.plants import Plants
from firmware.rehearsal.virtual_time import run_virtual

ROOT = Path(__file__).parents[2]


class Bus:
    """A minimal peer of its own: frames of four bytes of length and MessagePack."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def on(cls, far_end):
        ours, theirs = socket.socketpair()
        await far_end.attach(theirs)
        return cls(*await asyncio.open_connection(sock=ours))

    def say(self, message):
        frame = msgspec.msgpack.encode(message)
        self.writer.write(len(frame).to_bytes(4, "big") + frame)

    async def hear(self):
        length = int.from_bytes(await self.reader.readexactly(4), "big")
        return msgspec.msgpack.decode(await self.reader.readexactly(length), type=AnyMessage)

    async def hear_until(self, wanted):
        heard = []
        while not heard or not wanted(heard[-1]):
            heard.append(await asyncio.wait_for(self.hear(), 10))
        return heard

    async def hang_up(self):
        self.writer.close()
        await self.writer.wait_closed()

    async def ended(self):
        return await asyncio.wait_for(self.reader.read(), 10)


def on_the_gate(gate_file, story):
    async def run():
        plants = Plants.load(gate_file, seed=7)
        far_end = FarEnd(plants.wires)
        try:
            return await story(plants, far_end)
        finally:
            await far_end.close()
            plants.close()

    return run_virtual(run())


def test_claims_are_answered_with_the_levels_of_now(gate_file):
    async def story(plants, far_end):
        plants.switches["fire_panel"].set(True)
        await asyncio.sleep(1)
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO17", "GPIO6", "GPIO4")))
        levels = await bus.hear()
        await bus.hang_up()
        return levels, plants.wires.now_ns()

    levels, now_ns = on_the_gate(gate_file, story)
    assert levels == Levels({"GPIO17": True, "GPIO6": False, "GPIO4": True}, now_ns)


def test_a_reading_says_what_no_edge_did_and_only_of_claimed_lines(gate_file):
    async def story(plants, far_end):
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO6", "GPIO4")))
        await bus.hear()
        plants.wires.lose_edges("GPIO4", 1.0)
        plants.switches["fire_panel"].set(True)
        await asyncio.sleep(1)
        bus.say(Read(("GPIO4", "GPIO6", "GPIO17", "nowhere")))
        levels = await bus.hear()  # the first that comes: the edge did not
        await bus.hang_up()
        return levels, plants.wires.now_ns()

    levels, now_ns = on_the_gate(gate_file, story)
    assert levels == Levels({"GPIO4": True, "GPIO6": False}, now_ns)


def test_edges_come_in_order_with_their_own_stamps(gate_file):
    async def story(plants, far_end):
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO17", "GPIO27")))
        await bus.hear()
        sent = plants.readers["front_reader"].present(encode_card("H10301", 12, 34567))
        plants.doors["front_door"].force()  # not claimed: not heard
        heard = await bus.hear_until(lambda message: message.edges[-1].at_ns > sent.last_ns)
        await bus.hang_up()
        return sent, [edge for message in heard for edge in message.edges]

    sent, edges = on_the_gate(gate_file, story)
    assert len(edges) == 52
    assert {edge.line for edge in edges} == {"GPIO17", "GPIO27"}
    stamps = [edge.at_ns for edge in edges]
    assert stamps == sorted(stamps)
    assert stamps[0] == sent.first_ns
    assert edges[-2].at_ns == sent.last_ns
    assert edges[-1].at_ns == sent.last_ns + 50_000


def test_released_lines_are_silent(gate_file):
    async def story(plants, far_end):
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO6", "GPIO4")))
        await bus.hear()
        bus.say(Release(("GPIO6",)))
        await asyncio.sleep(0.01)
        plants.doors["front_door"].force()
        await asyncio.sleep(1)
        plants.switches["fire_panel"].set(True)
        first = await bus.hear()
        await bus.hang_up()
        return first

    first = on_the_gate(gate_file, story)
    assert isinstance(first, Edges)
    assert {edge.line for edge in first.edges} == {"GPIO4"}


def test_lines_that_are_not_there_are_refused_and_the_rest_goes_on(gate_file):
    async def story(plants, far_end):
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO6", "GPIO99", "GPIO13")))
        heard = [await bus.hear() for _ in range(3)]
        for line in ("GPIO98", "GPIO6"):
            bus.say(Drive(line, True))
            heard.append(await bus.hear())
        await bus.hang_up()
        return heard, plants.wires.given("GPIO6")

    heard, given = on_the_gate(gate_file, story)
    assert [message.line for message in heard if isinstance(message, Refused)] == [
        "GPIO99",
        "GPIO13",
        "GPIO98",
        "GPIO6",
    ]
    assert heard[2] == Levels({"GPIO6": False}, heard[2].at_ns)
    assert given is False


def test_outputs_keep_their_level_and_a_second_client_drives_them(gate_file):
    async def story(plants, far_end):
        door = plants.doors["front_door"]
        controller = await Bus.on(far_end)
        controller.say(Claim(("GPIO6",)))
        await controller.hear()
        controller.say(Drive("GPIO13", True))
        await asyncio.sleep(1)
        seen = [door.state().released]
        controller.writer.transport.abort()  # sudden death
        await asyncio.sleep(60)
        seen.append(door.state().released)
        assert far_end.listening() == 0
        safe = await Bus.on(far_end)
        safe.say(Drive("GPIO13", False))
        await safe.hang_up()  # says one thing and goes
        await asyncio.sleep(1)
        seen.append(door.state().released)
        again = await Bus.on(far_end)
        again.say(Claim(("GPIO6",)))
        levels = await again.hear()
        await again.hang_up()
        return seen, levels.levels

    assert on_the_gate(gate_file, story) == ([True, True, False], {"GPIO6": False})


@pytest.mark.parametrize(
    "poison",
    [
        b"\x00\x00\x00\x00",
        b"\xff\xff\xff\xff" + b"x" * 100,
        (1 << 20).to_bytes(4, "big")[:3] + b"\x01" + b"",  # one byte over the limit of exchange.py
        b"\x00\x00\x00\x05hello",
        b"\x00\x00\x00\x01\xc1",
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"".join(
            len(frame).to_bytes(4, "big") + frame for frame in [msgspec.msgpack.encode(Levels({"GPIO6": True}, 0))]
        ),
        b"".join(
            len(frame).to_bytes(4, "big") + frame
            for frame in [msgspec.msgpack.encode(Claim(tuple(f"L{n}" for n in range(300))))]
        ),
    ],
    ids=["empty", "huge", "over", "text", "byte", "http", "not a bus's", "300 lines"],
)
def test_a_client_that_breaks_the_rules_is_dropped_and_others_go_on(gate_file, poison):
    async def story(plants, far_end):
        good, bad = await Bus.on(far_end), await Bus.on(far_end)
        good.say(Claim(("GPIO4",)))
        await good.hear()
        bad.writer.write(poison)
        rest = await bad.ended()
        plants.switches["fire_panel"].set(True)
        heard = await good.hear()
        await good.hang_up()
        bad.writer.close()
        return rest, heard.edges[0].line, list(far_end.dropped)

    rest, line, dropped = on_the_gate(gate_file, story)
    assert rest == b""
    assert line == "GPIO4"
    assert len(dropped) == 1


def test_random_bytes_never_harm(gate_file):
    """Seed 11: 300 clients that send noise of their own."""
    dice = random.Random(11)

    async def story(plants, far_end):
        for _ in range(300):
            bus = await Bus.on(far_end)
            body = dice.randbytes(dice.randrange(60))
            bus.writer.write(len(body).to_bytes(4, "big") + body if dice.random() < 0.7 else body)
            await asyncio.sleep(0.001)
            bus.writer.close()
            await asyncio.sleep(0.001)
        return far_end.clients(), plants.wires.driven("GPIO13")

    assert on_the_gate(gate_file, story) == (0, False)


def test_clients_are_bounded(gate_file):
    async def story(_, far_end):
        buses = [await Bus.on(far_end) for _ in range(CLIENTS_MAX)]
        one_more = await Bus.on(far_end)
        refused = await one_more.ended()
        count = far_end.clients()
        for bus in [*buses, one_more]:
            bus.writer.close()
        await asyncio.sleep(0.01)
        return refused, count, far_end.clients()

    assert on_the_gate(gate_file, story) == (b"", CLIENTS_MAX, 0)


def test_a_client_that_is_killed_while_it_claims_is_no_news_for_the_terminal(gate_file, caplog):
    """All of its claims arrive with its end: nothing more is written once the first answer cannot be."""

    async def story(plants, far_end):
        bus = await Bus.on(far_end)
        bus.say(Claim(("GPIO17",)))
        await bus.hear()
        for _ in range(20):
            bus.say(Claim(("GPIO17",)))
        bus.writer.transport.abort()
        await asyncio.sleep(1)
        return far_end.clients()

    assert on_the_gate(gate_file, story) == 0
    assert caplog.messages == []


def test_a_client_that_does_not_read_is_dropped_in_the_end(gate_file):
    async def story(plants, far_end):
        ours, theirs = socket.socketpair()
        await far_end.attach(theirs)
        frame = msgspec.msgpack.encode(Claim(("GPIO17", "GPIO27")))
        ours.sendall(len(frame).to_bytes(4, "big") + frame)
        reader = plants.readers["front_reader"]
        for _ in range(30):
            reader.storm(1_000, edge_hz=20_000)
            await asyncio.sleep(1)
            if far_end.dropped:
                break
        ours.close()
        return list(far_end.dropped), far_end.clients()

    dropped, clients = on_the_gate(gate_file, story)
    assert str(UNREAD_BYTES_MAX) in dropped[0]
    assert clients == 0


# --- the socket file, with a real process that is killed ---

KILLED = """
import socket, sys
from msgspec import msgpack
from drivers.bus.exchange import Claim, Drive
bus = socket.socket(socket.AF_UNIX)
bus.connect(sys.argv[1])
for message in (Claim(("GPIO6",)), Drive("GPIO13", True)):
    frame = msgpack.encode(message)
    bus.sendall(len(frame).to_bytes(4, "big") + frame)
bus.recv(1000)
print("driven", flush=True)
while True:
    bus.recv(1000)
"""


def test_kill_dash_nine_leaves_the_lock_released_until_somebody_drives_it(gate_file, tmp_path):
    async def story():
        plants = Plants.load(gate_file, seed=7)
        far_end = FarEnd(plants.wires)
        path = tmp_path / "wires"
        await far_end.serve(path)
        mode = stat.S_IMODE(path.stat().st_mode)
        door = plants.doors["front_door"]
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-c", KILLED, str(path), cwd=ROOT, stdout=subprocess.PIPE
        )
        assert await asyncio.wait_for(child.stdout.readline(), 20) == b"driven\n"
        changed = asyncio.Event()
        forget = plants.wires.on_change(changed.set)

        async def until(true):
            async with asyncio.timeout(10):
                while not true():
                    changed.clear()
                    await changed.wait()

        await until(lambda: door.state().released)
        child.send_signal(signal.SIGKILL)
        await child.wait()
        await until(lambda: far_end.clients() == 0)
        after_death = door.state().released
        _, writer = await asyncio.open_unix_connection(str(path))
        frame = msgspec.msgpack.encode(Drive("GPIO13", False))
        writer.write(len(frame).to_bytes(4, "big") + frame)
        writer.close()
        await until(lambda: not door.state().released)
        await writer.wait_closed()
        forget()
        await far_end.close()
        plants.close()
        return mode, after_death, path.exists()

    assert asyncio.run(story()) == (0o600, True, False)


def test_a_stale_socket_is_replaced_and_a_live_one_or_a_file_is_not(gate_file, tmp_path):
    async def story():
        plants = Plants.load(gate_file, seed=7)
        stale = tmp_path / "stale"
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(stale))
        first, second = FarEnd(plants.wires), FarEnd(plants.wires)
        await first.serve(stale)
        with pytest.raises(FarEndError, match="another rehearsal"):
            await second.serve(stale)
        plain = tmp_path / "plain"
        plain.write_text("mine")
        with pytest.raises(FarEndError, match="no socket"):
            await second.serve(plain)
        with pytest.raises(FarEndError, match="cannot serve"):
            await second.serve(tmp_path / "no" / "such" / "folder")
        await first.close()
        await second.close()
        plants.close()
        return plain.read_text(), stale.exists()

    assert asyncio.run(story()) == ("mine", False)
    assert not any(name.startswith("wires") for name in os.listdir(tmp_path))

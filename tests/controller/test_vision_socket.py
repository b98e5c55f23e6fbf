"""The vision role's socket: orders out, states and sightings in, and whoever misbehaves is let go."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import pytest

from drivers.sights import Order, Sight, Sights
from firmware.controller.vision_socket import SIGHTINGS_BURST, VisionSocket
from firmware.local_socket import listening_socket
from firmware.messages import FrameReader, pack
from firmware.sightings import COUNTERS_MAX, CameraState, Look, Sighting

LIMIT_S = 5.0
ORDER = Order("gate", "picamera2", 10, (1280, 720), (((0, 0), (1, 0), (1, 0.2)),), (), ("plate",), 2, True, "", 72)


class Watcher:
    def __init__(self) -> None:
        self.sights: list[Sight] = []
        self.states: list[str] = []
        self.gones: list[str] = []

    def seen(self, sight: Sight) -> None:
        self.sights.append(sight)

    def state(self, why, counters, failed=False) -> None:
        self.states.append(f"{why}!" if failed else why)

    def gone(self, why: str) -> None:
        self.gones.append(why)


class Client:
    """A vision process."""

    def __init__(self, reader, writer) -> None:
        self.reader, self.writer = reader, writer
        self._frames = FrameReader(Look)

    async def look(self) -> Look:
        while True:
            async with asyncio.timeout(LIMIT_S):
                received = await self.reader.read(65_536)
            assert received, "the controller hung up"
            for message in self._frames.feed(received):
                return message

    async def ended(self) -> bool:
        async with asyncio.timeout(LIMIT_S):
            while await self.reader.read(65_536):
                pass
        return True

    def say(self, *messages) -> None:
        self.writer.write(b"".join(map(pack, messages)))


def sighting(**other) -> Sighting:
    fields = {
        "camera": "gate",
        "kind": "plate",
        "text": "京A12345",
        "found": 0.9,
        "read": 0.9,
        "reads": 2,
        "at_ns": 5,
        "direction": "towards",
        "box": (0.1, 0.1, 0.2, 0.2),
    }
    return Sighting(**{**fields, **other})


async def until(holds) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not holds():  # noqa: ASYNC110  it is the other end of a socket that does it
            await asyncio.sleep(0.005)


@contextlib.asynccontextmanager
async def served(folder: Path, users=None):
    sights, watcher = Sights(), Watcher()
    watching = sights.watch(ORDER, watcher)
    served = VisionSocket("site", sights, users)
    path = folder / "vision.sock"
    await served.start(listening_socket(path))

    clients: list[Client] = []

    async def connect() -> Client:
        clients.append(Client(*await asyncio.open_unix_connection(path)))
        return clients[-1]

    try:
        yield served, sights, watcher, connect
    finally:
        watching.close()
        await served.stop()
        for client in clients:
            client.writer.close()
            with contextlib.suppress(ConnectionError):
                await client.writer.wait_closed()


def on_socket(folder: Path, scenario, users=None):
    async def run():
        async with served(folder, users) as all_of_it:
            return await scenario(*all_of_it)

    return asyncio.run(run())


def test_orders_go_out_at_once_and_when_they_change(tmp_path):
    async def scenario(_served, sights, _watcher, connect):
        client = await connect()
        first = await client.look()
        sights.watch(ORDER._replace(camera="exit", source="picamera2:1"), Watcher())
        return first, await client.look()

    first, then = on_socket(tmp_path, scenario)
    assert [each.camera for each in first.cameras] == ["gate"]
    assert first.cameras[0].masks == ORDER.masks
    assert [each.camera for each in then.cameras] == ["gate", "exit"]


def test_states_and_sightings_reach_the_driver(tmp_path):
    async def scenario(_served, _sights, watcher, connect):
        client = await connect()
        client.say(CameraState("gate", "opening"), CameraState("gate", "broken", failed=True))
        client.say(CameraState("gate", ""), sighting(), sighting(camera="nobody"))
        await until(lambda: watcher.sights)
        await until(lambda: _served.refused_cameras)
        return watcher.states, watcher.sights[0]

    states, sight = on_socket(tmp_path, scenario)
    assert states == ["opening", "broken!", ""]
    assert (sight.text, sight.reads, sight.direction) == ("京A12345", 2, "towards")


def test_when_it_goes_every_camera_is_lost_and_another_one_may_come(tmp_path):
    async def scenario(served, _sights, watcher, connect):
        client = await connect()
        await client.look()
        client.writer.close()
        await until(lambda: watcher.gones)
        again = await connect()
        await again.look()
        return watcher.gones, served.refused_peers

    assert on_socket(tmp_path, scenario) == (["the vision process has ended"], 0)


def test_a_second_one_is_refused_while_the_first_is_alive(tmp_path):
    async def scenario(served, _sights, watcher, connect):
        first = await connect()
        await first.look()
        second = await connect()
        assert await second.ended()
        first.say(CameraState("gate"))
        await until(lambda: watcher.states)
        return served.refused_peers, watcher.gones

    assert on_socket(tmp_path, scenario) == (1, [])


def test_another_user_is_refused(tmp_path):
    async def scenario(served, _sights, _watcher, connect):
        client = await connect()
        assert await client.ended()
        return served.refused_peers

    assert on_socket(tmp_path, scenario, users=frozenset({4_000_000})) == 1


@pytest.mark.attack("plate-06")
@pytest.mark.parametrize(
    "frame",
    [
        b"\xff\xff\xff\xff",
        b"\x00\x00\x00\x03abc",
        pack(Look("site", ())),
        pack(sighting(text="A" * 65)),
        pack(sighting(found=1.5)),
        pack(sighting(reads=0)),
        pack(sighting(camera="x" * 41)),
        pack(CameraState("gate", "y" * 201)),
        pack(CameraState("gate", "", {f"c{n}": n for n in range(COUNTERS_MAX + 1)})),
    ],
    ids=["length", "rubbish", "wrong way", "long text", "too sure", "no reads", "long name", "long why", "counters"],
)
def test_what_is_no_message_of_the_role_ends_the_connection_and_loses_the_cameras(tmp_path, frame):
    async def scenario(served, _sights, watcher, connect):
        client = await connect()
        await client.look()
        client.writer.write(frame)
        assert await client.ended()
        await until(lambda: watcher.gones)
        return served.refused_frames, watcher.sights

    assert on_socket(tmp_path, scenario) == (1, [])


@pytest.mark.attack("plate-07")
def test_sightings_are_limited_by_rate(tmp_path):
    async def scenario(served, _sights, watcher, connect):
        client = await connect()
        await client.look()
        client.say(*[sighting()] * 1_000)
        client.say(CameraState("gate", "done"))
        await until(lambda: watcher.states)
        return len(watcher.sights), served.refused_sightings

    told, refused = on_socket(tmp_path, scenario)
    assert told + refused == 1_000
    assert SIGHTINGS_BURST <= told <= SIGHTINGS_BURST + 20

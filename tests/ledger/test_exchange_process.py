"""A controller process takes and sends frames over its network socket; one without peers takes none."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware.bench.clock import utc_ms
from firmware.bench.rig import SITE, Rig
from firmware.exchange import Notices, PassageNotice, seal
from firmware.journal import read_ledger, search
from firmware.messages import AnyFromController, Exchange, FrameReader, Health, Message, pack
from tests.ledger.gates import DeviceKey
from tests.ledger.test_peers import content

NORTH = DeviceKey(1)
LIMIT_S = 20.0
WITH_PEERS = (
    SITE.replace('id = "inside"\n', 'id = "inside"\nshared = true\n').replace(
        'area_to = "inside"\n', 'area_to = "inside"\nantipassback = "hard"\n'
    )
    + f"""
[[peer]]
id = "{NORTH.id}"
key = "{NORTH.public_key.hex()}"

[exchange]
heard_ms_max = 5000
"""
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


class Carrier:
    """The network process's end of its socket."""

    def __init__(self, rig: Rig) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.settimeout(LIMIT_S)
        self._socket.connect(str(rig.role))
        self._frames = FrameReader(AnyFromController)

    def bring(self, frame: bytes) -> None:
        self._socket.sendall(pack(Exchange(frame)))

    def hears(self, wanted: Callable[[Message], bool]) -> Message:
        while True:
            received = self._socket.recv(1 << 16)
            assert received, "the controller closed the connection"
            for message in self._frames.feed(received):
                if wanted(message):
                    return message

    def close(self) -> None:
        self._socket.close()


def counted(**least: int) -> Callable[[Message], bool]:
    def wanted(message: Message) -> bool:
        found = message.counters.get("exchange", {}) if isinstance(message, Health) else {}
        return all(found.get(name, 0) >= count for name, count in least.items())

    return wanted


def events(rig: Rig) -> list[str]:
    return [row.event.code.value for row in search(rig.state / "journal" / "journal.db", limit=1_000)]


@pytest.mark.slow
def test_passages_come_and_go_over_the_network_socket(rig: Rig):
    rig.site.write_text(WITH_PEERS)
    rig.start()
    rig.listens()
    carrier = Carrier(rig)
    now_s = utc_ms() // 1000
    passage = PassageNotice("ann", "inside", now_s - 3, "n_in")
    frame = seal(Notices(NORTH.id, now_s, now_s, 1, 0, (passage,)), NORTH)
    carrier.bring(frame)
    carrier.bring(frame)
    carrier.bring(frame[:-1] + bytes([frame[-1] ^ 1]))
    carrier.hears(counted(frames=1, replayed=1, unsigned=1, passages=1))
    own = carrier.hears(lambda message: isinstance(message, Exchange))
    assert (content(own.frame).sender, content(own.frame).notices) == (rig_id(rig), ())
    carrier.hears(lambda message: isinstance(message, Exchange))  # a sign of life, without any news
    carrier.close()
    assert rig.stop() == 0
    ledger = read_ledger(rig.state / "journal" / "journal.db", pytest.fail)
    entry = ledger.holder("ann")
    ledger.close()
    assert (entry.area, entry.entered_s, entry.last_point) == ("inside", now_s - 3, f"{NORTH.id}/n_in")


def rig_id(rig: Rig) -> str:
    from firmware.identity import Identity

    return Identity.load_or_create(rig.state / "identity").id


@pytest.mark.slow
def test_silence_becomes_an_event_of_the_process(rig: Rig):
    rig.site.write_text(WITH_PEERS)
    rig.start()
    carrier = Carrier(rig)
    path = rig.state / "journal" / "journal.db"
    carrier.hears(lambda _: bool(search(path, limit=100)) and "area.peers_lost" in events(rig))
    now_s = utc_ms() // 1000
    carrier.bring(seal(Notices(NORTH.id, now_s, now_s, 0, 0), NORTH))
    carrier.hears(lambda _: "area.peers_heard" in events(rig))
    carrier.close()
    assert rig.stop() == 0


@pytest.mark.slow
def test_without_peers_no_frame_is_taken(rig: Rig):
    rig.start()
    carrier = Carrier(rig)
    now_s = utc_ms() // 1000
    passage = PassageNotice("ann", "inside", now_s, "n_in")
    carrier.bring(seal(Notices(NORTH.id, now_s, now_s, 1, 0, (passage,)), NORTH))
    for _ in range(2):
        health = carrier.hears(lambda message: isinstance(message, Health))
    assert "exchange" not in health.counters
    carrier.close()
    assert rig.stop() == 0
    ledger = read_ledger(rig.state / "journal" / "journal.db", pytest.fail)
    assert ledger.holder("ann").area is None
    ledger.close()

"""The far end that benches and kill tests judge by: what a process drove before its end is known at its end."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from drivers.bus.exchange import Drive, Message
from drivers.bus.simulated import frame
from firmware.bench.rig import LOCK, FarEnd, Rig

LIMIT_S = 20
DRIVES = 100
WRITER = """
import socket, sys, time
wires = socket.socket(socket.AF_UNIX)
wires.connect(sys.argv[1])
wires.sendall(bytes.fromhex(sys.argv[2]) * int(sys.argv[3]))
print("written", flush=True)
time.sleep(60)
"""


class Late(FarEnd):
    """Its threads get no core until somebody waits for them."""

    def __init__(self, path: Path) -> None:
        self.awaited = threading.Event()
        super().__init__(path)

    def _take(self, client: socket.socket, message: Message, at_ns: int) -> None:
        self.awaited.wait(LIMIT_S)
        super()._take(client, message, at_ns)

    def wait_left(self, limit_s: float = LIMIT_S) -> bool:
        self.awaited.set()
        return super().wait_left(limit_s)


@pytest.fixture
def rig(tmp_path: Path):
    made = Rig(tmp_path)
    yield made
    made.close()


def test_whatever_was_written_before_a_kill_is_known_after_it(rig: Rig) -> None:
    """Else a lock that was driven before the kill is taken for one that was driven after it."""
    rig.far_end.close()
    rig.far_end = Late(rig.wires)
    words = [sys.executable, "-c", WRITER, str(rig.wires), frame(Drive(LOCK, True)).hex(), str(DRIVES)]
    rig.process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert rig.process.stdout.readline() == b"written\n"
    rig.kill()
    assert len(rig.far_end.driven) == DRIVES


def test_whoever_came_and_was_not_let_in_yet_is_waited_for(rig: Rig) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as wires:
            wires.connect(str(rig.wires))
            wires.sendall(frame(Drive(LOCK, True)))
    assert rig.far_end.wait_left()
    assert len(rig.far_end.driven) == 20


def test_whoever_stays_is_told(rig: Rig) -> None:
    with socket.socket(socket.AF_UNIX) as wires:
        wires.connect(str(rig.wires))
        assert not rig.far_end.wait_left(0.1)
    assert rig.far_end.wait_left()


def test_a_far_end_that_is_closed_waits_for_nobody(rig: Rig) -> None:
    rig.far_end.close()
    assert rig.far_end.wait_left()

"""The controller as a process: killed, stopped, hung, flooded, started twice, started wrongly."""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.clock import rest
from firmware.bench.kills import QUIET_S
from firmware.bench.kills import bench as kills_bench
from firmware.bench.rig import CONTACT, D0, D1, LOCK, Rig, h10301
from firmware.core.codes import Code
from firmware.core.facts import OpenOnce
from firmware.journal import search, verify
from firmware.messages import Ask, pack

HOLDERS = 100
LIMIT_S = 20.0
SWIPE_S_MAX = 1.0  # under attack on a loaded machine; `menshen bench swipe` holds the 5 ms
WATCHDOG_USEC = 1_000_000
KILLS = 8
DOOR_S = 0.05  # open, and closed again: longer than the contact's debounce


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


@pytest.fixture
def holders(rig: Rig) -> list[int]:
    """Holders whose cards open at any hour; seed 3."""
    rig.identity = install_sample_roster(rig, HOLDERS)
    return welcome_holders(20, HOLDERS, 3)


def ready(rig: Rig) -> None:
    rig.start()
    listens(rig)


def listens(rig: Rig) -> None:
    """It watches its reader, and the line has been quiet for so long that a frame is no rest of one."""
    assert rig.far_end.wait_claimed({D0, D1, CONTACT})
    rest(QUIET_S)


def opens(rig: Rig, holder: int) -> float | None:
    """Swipe; seconds from the last bit until the lock is released, None if it is not. Then the door is used."""
    since = len(rig.far_end.driven)
    swiped_ns = rig.swipe(h10301(*card(holder)))
    driven = rig.far_end.wait_driven(LOCK, True, since, LIMIT_S)
    if driven is None:
        return None
    for opened in (True, False):
        rig.contact(opened)
        rest(DOOR_S)
    assert rig.far_end.wait_driven(LOCK, False, since, LIMIT_S)  # it locks when the door has closed
    return (driven.at_ns - swiped_ns) / 1e9


def events(rig: Rig, *codes: Code) -> list:
    rows = search(rig.state / "journal" / "journal.db", limit=1000)
    return [row for row in reversed(rows) if not codes or row.event.code in codes]


def menshen(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", *words], capture_output=True, text=True, timeout=LIMIT_S, cwd=cwd)


def quiet(manager: socket.socket) -> bool:
    """Whether nothing more comes within the socket's limit, after what was sent before."""
    for _ in range(100):
        try:
            manager.recv(100)
        except TimeoutError:
            return True
    return False


def fill(path: str) -> None:
    """Send datagrams until the receiver's queue takes no more."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as filling:
        for _ in range(100_000):
            try:
                filling.sendto(b"x", path)
            except BlockingIOError:
                return
    raise AssertionError("the queue has no end")


# -- kill -------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.attack("kill-01")
def test_killed_at_random_instants_of_a_storm(tmp_path: Path):
    """SIGKILL: `menshen safe` secures within a second, a start moves nothing, nothing acknowledged is lost."""
    (tmp_path / "kills").mkdir()
    figures = kills_bench(tmp_path / "kills", kills=KILLS)
    assert figures["kills"] == KILLS
    assert figures["swipes"] > 0


@pytest.mark.attack("kill-02")
def test_a_hung_controller_starves_its_watchdog_and_safe_secures_what_it_held(rig: Rig, holders: list[int]):
    """SIGSTOP while the door is released; the service manager's part is played as systemd.service(5) has it."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(str(rig.folder / "notify.sock"))
    manager.settimeout(LIMIT_S)
    words = [sys.executable, "-m", "firmware.controller", "--config", str(rig.site), "--wires", str(rig.wires)]
    words += ["--state", str(rig.state)]
    told = {"NOTIFY_SOCKET": str(rig.folder / "notify.sock"), "WATCHDOG_USEC": str(WATCHDOG_USEC)}
    rig.process = subprocess.Popen(words, stdout=subprocess.PIPE, env=os.environ | told, cwd=rig.folder)
    assert manager.recv(100) == b"READY=1"
    for _ in range(3):
        assert manager.recv(100) == b"WATCHDOG=1"
    listens(rig)
    since = len(rig.far_end.driven)
    rig.swipe(h10301(*card(holders[0])))
    assert rig.far_end.wait_driven(LOCK, True, since)
    rig.process.send_signal(signal.SIGSTOP)
    manager.settimeout(WATCHDOG_USEC / 1e6)
    assert quiet(manager)
    assert rig.far_end.levels[LOCK] is True  # nobody has secured it yet: that is what the watchdog is for
    rig.kill()
    manager.close()
    since = len(rig.far_end.driven)
    assert menshen("firmware", "safe", str(rig.site), "--wires", str(rig.wires), cwd=rig.folder).returncode == 0
    assert rig.far_end.wait_driven(LOCK, False, since)


@pytest.mark.attack("kill-03")
def test_a_service_manager_that_reads_nothing_does_not_hang_the_gate(rig: Rig, holders: list[int]):
    """Its queue is full (net.unix.max_dgram_qlen): the feeds are lost, the door is not."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = str(rig.folder / "notify.sock")
    manager.bind(path)
    fill(path)
    words = [sys.executable, "-m", "firmware.controller", "--config", str(rig.site), "--wires", str(rig.wires)]
    told = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": str(WATCHDOG_USEC // 5)}
    rig.process = subprocess.Popen(
        [*words, "--state", str(rig.state)], stdout=subprocess.PIPE, env=os.environ | told, cwd=rig.folder
    )
    told_in_time, _, _ = select.select([rig.process.stdout], [], [], LIMIT_S)
    assert told_in_time, "the start waits for the service manager"
    assert json.loads(rig.process.stdout.readline())["ready"] == "bench"
    listens(rig)
    assert all(opens(rig, holder) is not None for holder in holders[:4])
    manager.close()


@pytest.mark.attack("kill-04")
def test_sigterm_in_the_middle_of_a_swipe_stops_cleanly_with_the_lock_secured(rig: Rig, holders: list[int]):
    ready(rig)
    since = len(rig.far_end.driven)
    rig.swipe(h10301(*card(holders[0])))
    assert rig.far_end.wait_driven(LOCK, True, since)
    half = rig.swipe  # the next frame is on its way when the signal comes
    sender = threading.Thread(target=half, args=(h10301(*card(holders[1])),))
    sender.start()
    assert rig.stop() == 0
    sender.join()
    assert rig.far_end.levels[LOCK] is False
    told = [row.event.code for row in events(rig)]
    assert told[-1] is Code.STOPPED
    assert verify(rig.state / "journal" / "journal.db", rig.identity.public_key).ok
    ready(rig)
    assert rig.far_end.levels[LOCK] is False
    assert opens(rig, holders[2]) is not None
    assert rig.stop() == 0
    assert Code.UNCLEAN_START not in [row.event.code for row in events(rig)]


@pytest.mark.attack("kill-05")
def test_safe_says_which_outputs_it_could_not_reach(rig: Rig):
    rig.far_end.close()
    rig.wires.unlink()
    ended = menshen("firmware", "safe", str(rig.site), "--wires", str(rig.wires), cwd=rig.folder)
    assert ended.returncode == 1
    assert "lock could not be reached" in ended.stderr
    assert "Traceback" not in ended.stderr


# -- disk, as a process -----------------------------------------------------------------------------------------------


@pytest.mark.attack("disk-11")
def test_a_full_disk_under_the_process(rig: Rig, holders: list[int]):
    """The kernel refuses each further byte (prlimit(2)); doors go on; with room again all is written."""
    ready(rig)
    assert opens(rig, holders[0]) is not None
    pid = rig.process.pid
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, before[1]))
    assert all(opens(rig, holder) is not None for holder in holders[1:6])
    resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
    assert rig.stop() == 0
    granted = [row.event.code for row in events(rig, Code.GRANTED)]
    assert len(granted) == 6
    assert verify(rig.state / "journal" / "journal.db", rig.identity.public_key).ok


FLOOD = """
import socket, sys
content = bytes.fromhex(sys.argv[2])
while True:
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(sys.argv[1])
            while True:
                client.sendall(content)
        except OSError:
            continue
"""


# -- socket -----------------------------------------------------------------------------------------------------------


@pytest.mark.attack("socket-07")
def test_a_flood_of_commands_and_garbage_on_the_role_socket_stops_nobody_at_the_door(rig: Rig, holders: list[int]):
    site = rig.site.read_text()
    assert site.count('id = "door"') == 1
    rig.site.write_text(site.replace('id = "door"', 'id = "door"\nremote = []'))  # or the flood would open it
    ready(rig)
    ask = pack(Ask(command=OpenOnce(issuer="x", request="r", portal="door"), request="r"))
    flooders = [
        subprocess.Popen([sys.executable, "-c", FLOOD, str(rig.role), content.hex()])
        for content in (ask * 500, b"\xff" * 9)
    ]
    try:
        took = [opens(rig, holder) for holder in holders[:8]]
        alive = [flooder.poll() is None for flooder in flooders]
    finally:
        for flooder in flooders:
            flooder.kill()
            flooder.wait()
    assert alive == [True, True]
    assert all(seconds is not None and seconds < SWIPE_S_MAX for seconds in took), took
    assert rig.stop() == 0  # a door opens before its row is on the disk: only a stop says that all of them are
    assert len(events(rig, Code.GRANTED)) == 8
    assert not events(rig, Code.COMMANDED)


# -- started wrongly --------------------------------------------------------------------------------------------------


@pytest.mark.attack("kill-06")
def test_a_second_controller_on_the_same_state_is_refused_and_touches_nothing(rig: Rig, holders: list[int]):
    ready(rig)
    since = len(rig.far_end.driven)
    words = ["--config", str(rig.site), "--wires", str(rig.wires), "--state", str(rig.state)]
    ended = menshen("firmware.controller", *words, "--network-socket", str(rig.role), cwd=rig.folder)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert "in use by another controller" in ended.stderr
    assert rig.far_end.driven[since:] == []
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(rig.role))  # the first one's socket is still its own
        client.settimeout(LIMIT_S)
        assert client.recv(4)
    assert opens(rig, holders[0]) is not None


def no_wires(rig: Rig) -> list[str]:
    return ["--config", str(rig.site), "--state", str(rig.state)]


def open_identity(rig: Rig) -> list[str]:
    (rig.state / "identity").mkdir(mode=0o755)
    (rig.state / "identity").chmod(0o755)
    return [*no_wires(rig), "--wires", str(rig.wires)]


def file_as_state(rig: Rig) -> list[str]:
    (rig.folder / "file").write_text("")
    return ["--config", str(rig.site), "--state", str(rig.folder / "file"), "--wires", str(rig.wires)]


def file_as_journal(rig: Rig) -> list[str]:
    (rig.state / "journal").write_text("")
    return [*no_wires(rig), "--wires", str(rig.wires)]


def long_socket(rig: Rig) -> list[str]:
    return [*no_wires(rig), "--wires", str(rig.wires), "--network-socket", str(rig.folder / ("x" * 120))]


def no_site(rig: Rig) -> list[str]:
    return ["--config", str(rig.folder / "none.toml"), "--wires", str(rig.wires)]


def bad_site(rig: Rig) -> list[str]:
    rig.site.write_bytes(b"[site]\nid = '\xff\x00 OR 1=1'\n")
    return no_wires(rig)


def bad_descriptor(rig: Rig) -> list[str]:
    return [*no_wires(rig), "--wires", str(rig.wires), "--network-fd", "77"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (no_wires, "--simulated"),
        (open_identity, "chmod 0700"),
        (file_as_state, "--state"),
        (file_as_journal, "The journal is kept there"),
        (long_socket, "too long"),
        (no_site, "none.toml"),
        (bad_site, "menshen check"),
        (bad_descriptor, "descriptor"),
    ],
)
def test_what_is_wrong_with_the_start_is_one_line_with_status_2(rig: Rig, wrong, said: str):
    ended = menshen("firmware.controller", *wrong(rig), cwd=rig.folder)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert "Traceback" not in ended.stderr


def test_what_is_wrong_with_safe_is_one_line_with_status_2(rig: Rig):
    ended = menshen("firmware", "safe", str(rig.site), cwd=rig.folder)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--wires" in ended.stderr

"""A lane whose controller dies, hangs or is stopped in motion: who puts its outputs off, and what the next one does.

The process is real, and the service manager's part is played as systemd.service(5) has it. What the whole demo gate
makes of attacks on its lane stands in tests/attacks/test_lanes_attacked.py.
"""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.lane_rig import DOWN, MOTION, UP, Lane, LaneRig
from firmware.bench.rig import h10301
from firmware.bench.stop_kills import QUIET_S, SAFE_S_MAX, kill_figures, made_safe, position_told
from firmware.core.codes import Code
from firmware.core.facts import CloseBarrier, EmergencyClose, HoldOpen, OpenOnce, ResetFault
from firmware.core.view import Position
from firmware.journal import search
from firmware.messages import Ask, pack
from tests.attacks.test_processes_attacked import FLOOD

HOLDERS = 100
LIMIT_S = 20.0
WATCHDOG_S = 1.0
LOADED_S = 3.0  # what a busy machine adds; `menshen bench stop` holds the second of `menshen safe`, and the 5 ms
KEYS = {UP: "key_close", DOWN: "key_open"}


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[LaneRig]:
    made = LaneRig(tmp_path, lanes=1, readers=1)
    install_sample_roster(made, HOLDERS)
    yield made
    made.close()


@pytest.fixture
def lane(rig: LaneRig) -> Lane:
    return rig.lanes[0]


def moves(lane: Lane, motion: str) -> None:
    """Somebody holds the local key: from its closed end it opens, and then, if asked for, it closes again."""
    since = lane.now()
    lane.put(KEYS[DOWN], True)
    if motion == DOWN:
        lane.wait(DOWN, True, since)
        lane.put("is_up", False)
        return
    lane.comes_down(since)
    lane.put(KEYS[DOWN], False)
    since = lane.now()
    lane.put(KEYS[UP], True)
    lane.rises(since)


def lets_in(lane: Lane) -> None:
    """A car passes, and it closes behind it by itself."""
    since = lane.now()
    lane.lets_in(h10301(*card(welcome_holders(1, HOLDERS, 3)[0])))
    lane.rises(since)


def off(lane: Lane) -> bool:
    return not any(lane.is_on(part) for part in MOTION)


def events(rig: LaneRig, *codes: Code) -> list:
    rows = search(rig.state / "journal" / "journal.db", limit=1000)
    return [row.event for row in reversed(rows) if row.event.code in codes]


def boots_still(rig: LaneRig, lane: Lane, position: Position) -> tuple[str, ...]:
    """A start that moves nothing and says where it stands. The alarms that it tells."""
    since = lane.now()
    rig.start()
    rig.listens()
    alarms = position_told(rig.role, position)
    rest(QUIET_S)
    assert lane.moved(since) == []
    assert lane.is_on("red")
    assert not lane.is_on("green")
    return alarms


@pytest.mark.slow
@pytest.mark.attack("lane-01")
def test_killed_in_motion_safe_ends_it_and_the_next_start_moves_nothing(tmp_path: Path):
    """Opening and closing in turn, with the key still turned at the next start (`menshen bench stop` has sixty)."""
    (tmp_path / "kills").mkdir()
    told, figures = kill_figures(tmp_path / "kills", 4)
    assert told["while_closing"] == told["while_opening"] == 2
    assert figures[0].holds


@pytest.mark.attack("lane-02")
@pytest.mark.parametrize("motion", [UP, DOWN])
def test_a_controller_that_hangs_in_motion_is_killed_and_its_outputs_are_off(rig: LaneRig, lane: Lane, motion: str):
    """SIGSTOP: the watchdog is not fed, the service manager kills and runs `menshen safe`."""
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    path = rig.folder / "notify.sock"
    manager.bind(str(path))
    manager.settimeout(LIMIT_S)
    rig.start(manager={"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": str(int(WATCHDOG_S * 1e6))})
    assert manager.recv(100) == b"READY=1"
    rig.listens()
    moves(lane, motion)
    while True:  # what was fed before it hangs; the kernel keeps it
        manager.setblocking(False)
        try:
            assert manager.recv(100) == b"WATCHDOG=1"
        except BlockingIOError:
            break
    manager.settimeout(LIMIT_S)
    assert manager.recv(100) == b"WATCHDOG=1"  # from here the watchdog counts
    hung_ns = monotonic_ns()
    assert rig.process is not None
    rig.process.send_signal(signal.SIGSTOP)
    lane.put("loop", True)  # a child, and nobody who looks
    manager.settimeout(WATCHDOG_S)
    with pytest.raises(TimeoutError):
        manager.recv(100)
    assert lane.is_on(motion)  # nobody has ended it yet: that is what the watchdog is for
    rig.kill()
    manager.close()
    assert (made_safe(rig, lane) - hung_ns) / 1e9 <= WATCHDOG_S + SAFE_S_MAX + LOADED_S
    assert off(lane)
    assert Code.BARRIER_BETWEEN in boots_still(rig, lane, Position.BETWEEN)


@pytest.mark.attack("lane-03")
@pytest.mark.parametrize("motion", [UP, DOWN])
def test_stopped_for_an_update_in_motion_it_ends_the_motion_itself(rig: LaneRig, lane: Lane, motion: str):
    """SIGTERM: the outputs are off when it has ended, without `menshen safe`; the new one moves nothing."""
    rig.start()
    rig.listens()
    moves(lane, motion)
    assert rig.stop() == 0
    assert off(lane)
    assert Code.BARRIER_BETWEEN in boots_still(rig, lane, Position.BETWEEN)
    since = lane.now()
    lane.put(KEYS[motion], False)
    rest(QUIET_S)
    lane.put(KEYS[motion], True)  # turned anew by somebody in sight: so it moves again
    lane.wait(motion, True, since)


@pytest.mark.attack("lane-04")
def test_an_owed_close_dies_with_the_controller(rig: LaneRig, lane: Lane):
    """Killed in the warning, before the close that a car has earned: open it stays, with nobody near it."""
    rig.start()
    rig.listens()
    since = lane.now()
    lane.lets_in(h10301(*card(welcome_holders(1, HOLDERS, 3)[0])))
    lane.wait("sounder", True, since)
    rig.kill()
    made_safe(rig, lane)
    assert not lane.is_on("sounder")
    since = lane.now()
    alarms = boots_still(rig, lane, Position.OPEN)
    assert Code.BARRIER_BETWEEN not in alarms
    rest(2.5)  # longer than clear_ms and warning_ms together
    assert lane.moved(since) == []


@pytest.mark.attack("lane-05")
def test_a_stop_that_is_pressed_while_the_controller_is_dead_holds_at_the_next_start(rig: LaneRig, lane: Lane):
    """And after it is let go too: only a reset in sight ends it (R12)."""
    rig.start()
    rig.listens()
    moves(lane, UP)
    rig.kill()
    made_safe(rig, lane)
    lane.put("stop", True)
    assert Code.STOP_PRESSED in boots_still(rig, lane, Position.BETWEEN)
    since = lane.now()
    lane.put("stop", False)
    for held in (False, True):
        lane.put(KEYS[UP], held)
        rest(QUIET_S)
    rest(1.2)  # longer than the warning
    assert lane.moved(since) == []
    lane.press("reset")
    lane.wait(UP, True, since)


@pytest.mark.attack("lane-06")
def test_cut_wires_while_it_closes_read_as_somebody_there(rig: LaneRig, lane: Lane):
    """Loop, beam and stop: a broken wire reads high. It stops; and it reverses, but for the stop circuit."""
    rig.start()
    rig.listens()
    lets_in(lane)
    for part in ("loop", "beam"):
        since = lane.now()
        cut_ns = lane.put(part, True)
        assert (lane.wait(UP, False, since).at_ns - cut_ns) / 1e9 <= LOADED_S
        lane.comes_down(since)
        if part == "loop":
            lane.put("entry", True)  # else nobody knows where a vehicle went, and it is in doubt
            rest(QUIET_S)
        lane.put(part, False)
        rest(QUIET_S)
        lane.put("entry", False)
        since = lane.now()
        lane.press("reset")
        lane.rises(since)
    since = lane.now()
    lane.put("stop", True)
    lane.wait(UP, False, since)
    rest(QUIET_S)
    assert off(lane)
    assert lane.moved(since) == []


def nothing_from_afar(rig: LaneRig) -> None:
    site = rig.site.read_text()
    assert site.count('id = "lane0"') == 1
    rig.site.write_text(site.replace('id = "lane0"', 'id = "lane0"\nremote = []'))


@pytest.mark.attack("lane-07")
def test_commands_flooded_and_replayed_at_the_role_socket_move_nothing_and_hold_up_no_stop(rig: LaneRig, lane: Lane):
    """A taken-over network process: open, close, emergency close, reset and hold, again and again, while it closes.

    At a lane whose site lets the page ask nothing; where it may open, tests/controller/test_asked_from_afar.py.
    """
    nothing_from_afar(rig)
    rig.start()
    rig.listens()
    asked = (
        OpenOnce(issuer="x", request="r", portal="lane0"),
        HoldOpen(issuer="x", request="r", portal="lane0", for_ms=3_600_000),
        CloseBarrier(issuer="x", request="r", portal="lane0"),
        EmergencyClose(issuer="x", request="r", portal="lane0", confirmed=True),
        ResetFault(issuer="x", request="r", portal="lane0", in_sight=True),
    )
    flood = b"".join(pack(Ask(command=command, request="r")) for command in asked) * 100
    flooder = subprocess.Popen([sys.executable, "-c", FLOOD, str(rig.role), flood.hex()])
    try:
        rest(1.0)
        assert lane.moved(0) == []
        moves(lane, UP)
        since = lane.now()
        lane.put("stop", True)
        assert lane.wait(UP, False, since)
        lane.put("stop", False)
        rest(1.5)  # longer than the warning: a reset from afar would let the key close it
        assert lane.moved(since) == []
        assert flooder.poll() is None
    finally:
        flooder.kill()
        flooder.wait()
    assert not events(rig, Code.COMMANDED)

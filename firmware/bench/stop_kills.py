"""SIGKILL while a barrier moves, again and again on one journal: the last part of `menshen bench stop`.

After each: `menshen safe` puts every motion output off within a second; a new controller moves nothing, whatever key is
still turned; it finds the position by the limits, and tells of a barrier in mid-travel.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

from firmware.bench.cards import install_sample_roster
from firmware.bench.child import bound
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.lane_rig import DOWN, MOTION, UP, Lane, LaneRig
from firmware.bench.rig import states_from
from firmware.core.codes import Code
from firmware.core.view import Position
from firmware.journal import verify

HOLDERS = 100
SEED = 22
SAFE_S_MAX = 1.0
QUIET_S = 0.2  # after a start, in which nothing may move
MOVES_S_MAX = 0.1  # from the begin of a motion to the kill: drawn
VIEW_S_MAX = 10.0


def kill_figures(folder: Path, kills: int) -> tuple[dict[str, Any], list[Figure]]:
    """Raises RuntimeError at the first kill after which something is not as promised, with its number and seed."""
    rng = random.Random(SEED)
    rig = LaneRig(folder, lanes=1, readers=1)
    lane = rig.lanes[0]
    off_s: list[float] = []
    killed = {UP: 0, DOWN: 0}
    stands, key = Position.CLOSED, ""
    try:
        identity = install_sample_roster(rig, HOLDERS)
        for kill in range(1, kills + 1):
            since = lane.now()
            rig.start()
            rig.listens()
            alarms = position_told(rig.role, stands)
            between = Code.BARRIER_BETWEEN in alarms
            _demand(between is (stands is Position.BETWEEN), kill, f"{stands}, and the alarms are {alarms}")
            rest(QUIET_S)
            _demand(not lane.moved(since), kill, "something moved because of the start")
            if key:
                lane.put(key, False)
                rest(QUIET_S)
            up = stands is Position.OPEN or (kill % 2 == 0 and stands is Position.BETWEEN)
            motion, key = (UP, "key_close") if up else (DOWN, "key_open")
            _set_off(lane, motion, key)
            rest(rng.uniform(0.0, MOVES_S_MAX))
            killed_ns = monotonic_ns()
            rig.kill()
            killed[motion] += 1
            _demand(lane.is_on(motion), kill, "it had ended its motion before it was killed")
            off_s.append((made_safe(rig, lane) - killed_ns) / 1e9)
            verdict = verify(rig.state / "journal" / "journal.db", identity.public_key)
            _demand(verdict.ok, kill, f"the chain is broken: {verdict}")
            stands = Position.BETWEEN
            if kill % 3 == 0:  # meanwhile a person lets it down by hand
                lane.put("is_down", True)
                stands = Position.OPEN
    finally:
        rig.close()
    worst = round(max(off_s), 3)
    return (
        {"kills": kills, "while_closing": killed[UP], "while_opening": killed[DOWN], "kill_to_off_s": spread(off_s)},
        [
            Figure("kills of a moving lane survived", kills, kills, "kills", at_least=True),
            Figure("from the kill to every motion output off by menshen safe, worst", worst, SAFE_S_MAX, "s"),
        ],
    )


def _set_off(lane: Lane, motion: str, key: str) -> None:
    """By the local key, from wherever it stands; it leaves its end."""
    since = lane.now()
    lane.put(key, True)
    lane.wait(motion, True, since)
    lane.put("is_up" if motion == DOWN else "is_down", False)


def made_safe(rig: LaneRig, lane: Lane) -> int:
    """`menshen safe` as the service manager runs it. Returns when the last motion output was driven off."""
    since = lane.now()
    words = bound(sys.executable, "-m", "firmware", "safe", rig.site, "--wires", rig.wires)
    ended = subprocess.run(words, capture_output=True, timeout=20, check=False)
    if ended.returncode:
        raise RuntimeError(f"menshen safe failed: {ended.stderr.decode(errors='replace')}")
    return max(lane.wait(part, False, since).at_ns for part in MOTION)


def position_told(role: Path, position: Position, limit_s: float = VIEW_S_MAX) -> tuple[str, ...]:
    """Wait until the network role is told that the only portal stands so; the alarms told with it.

    Raises RuntimeError at the limit, with what was told last.
    """
    told: object = "nothing"
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(limit_s)
        connection.connect(str(role))
        for _, states in states_from(connection):
            portal = states.view.portals[0]
            if portal.position is position:
                return portal.alarms
            told = portal.position
    raise RuntimeError(f"the page is told {told}, not {position}")


def _demand(kept: bool, kill: int, broken: str) -> None:
    if not kept:
        raise RuntimeError(f"kill {kill} (seed {SEED}): {broken}")

"""`menshen bench kills`: SIGKILL at random instants in a storm of swipes, again and again, on one journal.

After each: `menshen safe` within a second and the lock secured; a start that moves nothing; every event that was told
as committed is in the journal, and the chain verifies.
"""

from __future__ import annotations

import random
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, install_sample_roster, welcome_holders
from firmware.bench.child import bound
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.rig import CONTACT, D0, D1, LOCK, Rig, h10301, states_from
from firmware.journal import verify

KILLS = 300
CREDENTIALS = 2_000
SEED = 6
STORM_S_MAX = 0.6
QUIET_S = 0.15  # after a restart, before the first swipe: nothing may be driven to released


class Listener:
    """Listens to the role socket like the network process; `head` is the newest (epoch, seq) it was told."""

    def __init__(self, path: Path) -> None:
        self.head = (0, 0)
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def end(self) -> tuple[int, int]:
        """After the controller's death: everything it said has been read."""
        self._thread.join(10)
        self._socket.close()
        return self.head

    def _listen(self) -> None:
        for _, states in states_from(self._socket):
            self.head = max(self.head, (states.epoch, states.seq))


def storm(rig: Rig, holders: list[int], until_ns: int) -> int:
    """Swipes and door movements as fast as wires allow, until then."""
    swipes = 0
    while monotonic_ns() < until_ns:
        rig.swipe(h10301(*card(holders[swipes % len(holders)])))
        rest(0.005)
        rig.contact(swipes % 2 == 0)
        rest(0.008)
        swipes += 1
    return swipes


def bench(folder: Path, kills: int = KILLS, credentials: int = CREDENTIALS) -> dict[str, Any]:
    """Raises RuntimeError at the first kill after which something is not as promised, with its number and seed."""
    rng = random.Random(SEED)
    rig = Rig(folder)
    safe_s: list[float] = []
    ready_s: list[float] = []
    swipes = opened = 0
    try:
        identity = install_sample_roster(rig, credentials)
        holders = welcome_holders(200, credentials, SEED)
        for kill in range(1, kills + 1):
            began_ns = monotonic_ns()
            since = len(rig.far_end.driven)
            rig.start()
            ready_s.append((monotonic_ns() - began_ns) / 1e9)
            listener = Listener(rig.role)
            rig.far_end.wait_claimed({D0, D1, CONTACT})
            rest(QUIET_S)
            moved = [driven for driven in rig.far_end.driven[since:] if driven.line == LOCK and driven.level]
            _demand(not moved, kill, "a lock was released by the start")
            swipes += storm(rig, holders, monotonic_ns() + int(rng.uniform(0.0, STORM_S_MAX) * 1e9))
            rig.kill()
            opened += any(driven.line == LOCK and driven.level for driven in rig.far_end.driven[since:])
            acknowledged = listener.end()
            safe_s.append(_make_safe(rig))
            _demand(rig.far_end.levels[LOCK] is False, kill, "the lock is not secured after `menshen safe`")
            verdict = verify(rig.state / "journal" / "journal.db", identity.public_key)
            _demand(verdict.ok, kill, f"the chain is broken: {verdict}")
            _demand(
                (verdict.epoch, verdict.at) >= acknowledged, kill, f"row {acknowledged} was acknowledged and is gone"
            )
    finally:
        rig.close()
    return {
        "kills": kills,
        "swipes": swipes,
        "runs_in_which_the_lock_was_released": opened,
        "menshen_safe_s": spread(safe_s),
        "start_to_ready_s": spread(ready_s),
        "figures": [
            Figure("kills survived", kills, kills, "kills", at_least=True),
            Figure("menshen safe, worst", round(max(safe_s), 3), 1.0, "s"),
        ],
    }


def _make_safe(rig: Rig) -> float:
    """The command as the service manager runs it, a new process; seconds."""
    began_ns, since = monotonic_ns(), len(rig.far_end.driven)
    words = bound(sys.executable, "-m", "firmware", "safe", rig.site, "--wires", rig.wires)
    ended = subprocess.run(words, capture_output=True, timeout=20, check=False)
    if ended.returncode:
        raise RuntimeError(f"menshen safe failed: {ended.stderr.decode(errors='replace')}")
    took_s = (monotonic_ns() - began_ns) / 1e9
    rig.far_end.wait_driven(LOCK, False, since)  # its thread takes the last message in
    return took_s


def _demand(kept: bool, kill: int, broken: str) -> None:
    if not kept:
        raise RuntimeError(f"kill {kill} (seed {SEED}): {broken}")

"""`menshen bench swap`: new rosters at a gate in use, a whole controller process and ten swipes a second.

A swap lasts from the rename of `incoming.roster` to the instant at which the controller tells that the event of the new
roster is committed. What a swipe waits is counted as in `menshen bench swipe`: end of frame to lock.
"""

from __future__ import annotations

import shutil
import socket
import sqlite3
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from firmware.bench.cards import card, sample_roster, welcome_holders
from firmware.bench.clock import monotonic_ns, rest
from firmware.bench.figures import Figure, spread
from firmware.bench.rig import Rig, h10301, states_from
from firmware.bench.swipe import one_swipe
from firmware.controller.priority import take_priority
from firmware.core.access import Rulebook
from firmware.core.codes import Code
from firmware.identity import Identity
from firmware.journal import search
from firmware.roster.install import INCOMING, install
from firmware.roster.roster import open_roster
from firmware.roster.schema import PAGE_BYTES, RULEBOOK
from firmware.roster.seal import digest_of, page_of

SWAPS = 8
PERIOD_S = 0.1  # between two swipes
PAUSE_S = 1.0  # between two swaps, so that swipes without a swap are measured too
SWAP_S_LIMIT = 10.0
SEED = 12
SWAP_S_MAX = 1.0
WAIT_MS_MAX = 20.0


class Watcher:
    """Listens to the role socket like the network process, and stamps when each version is told: committed by then."""

    def __init__(self, path: Path) -> None:
        self._told: dict[int, int] = {}
        self._news = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        threading.Thread(target=self._listen, daemon=True).start()

    def told_ns(self, version: int, limit_s: float) -> int | None:
        """When the version was told; None at the limit."""
        with self._news:
            self._news.wait_for(lambda: version in self._told, limit_s)
            return self._told.get(version)

    def close(self) -> None:
        self._socket.close()

    def _listen(self) -> None:
        for at_ns, states in states_from(self._socket):
            with self._news:
                if states.view.roster_version is not None:
                    self._told.setdefault(states.view.roster_version, at_ns)
                self._news.notify_all()


class Swaps(threading.Thread):
    """Swaps one roster after the other beside the swipes; `spans_ns` are (renamed, told as committed)."""

    def __init__(self, rosters: list[Path], folder: Path, watcher: Watcher, pause_s: float = PAUSE_S) -> None:
        super().__init__(daemon=True)
        self._pause_s = pause_s
        self._rosters = rosters
        self._folder = folder
        self._watcher = watcher
        self.spans_ns: list[tuple[int, int]] = []
        self.late = ""

    def run(self) -> None:
        for version, path in enumerate(self._rosters, 2):
            rest(self._pause_s)
            renamed_ns = monotonic_ns()
            path.rename(self._folder / INCOMING)
            told_ns = self._watcher.told_ns(version, SWAP_S_LIMIT)
            if told_ns is None:
                self.late = f"version {version} was not in service within {SWAP_S_LIMIT:g} s"
                return
            self.spans_ns.append((renamed_ns, told_ns))
        rest(self._pause_s)


def bench(folder: Path, swaps: int = SWAPS, credentials: int = 250_000) -> dict[str, Any]:
    """Raises RuntimeError when a swipe of an enrolled card moves no lock, or a roster does not get into service."""
    take_priority()  # the stopwatch must not wait for a core; before its threads start
    rig = Rig(folder)
    try:
        identity = Identity.load_or_create(rig.state / "identity")
        built = sample_roster(folder, identity, credentials)
        service = rig.state / "roster"
        install(built, service, [identity.public_key]).close()
        rosters = [of_version(built, identity, version, service) for version in range(2, swaps + 2)]
        rig.start()
        rig.listens()
        watcher = Watcher(rig.role)
        swapping = Swaps(rosters, service, watcher)
        waited = _swipe_beside(rig, swapping, welcome_holders(min(2_000, credentials // 2), credentials, SEED))
        watcher.close()
        if swapping.late:
            raise RuntimeError(swapping.late)
        rig.stop()
        return _outcome(rig, swapping.spans_ns, waited, credentials)
    finally:
        rig.close()


def _swipe_beside(rig: Rig, swapping: Swaps, holders: list[int]) -> list[tuple[int, int, float]]:
    """A swipe every PERIOD_S as long as it swaps: (began, ended, ms that the holder waited)."""
    waited: list[tuple[int, int, float]] = []
    swapping.start()
    due_ns = monotonic_ns()
    while swapping.is_alive():
        began_ns = monotonic_ns()
        holder = holders[len(waited) % len(holders)]
        one = one_swipe(rig, h10301(*card(holder)))
        if one is None:
            raise RuntimeError(f"the card of holder {holder} moved no lock within the limit")
        waited.append((began_ns, monotonic_ns(), one[0]))
        due_ns += int(PERIOD_S * 1e9)
        rest(max(0, due_ns - monotonic_ns()) / 1e9)
    return waited


def _outcome(
    rig: Rig, spans_ns: list[tuple[int, int]], waited: list[tuple[int, int, float]], credentials: int
) -> dict[str, Any]:
    """What was measured; and that every swap left its receipt in the journal."""
    swapped_s = [(told - renamed) / 1e9 for renamed, told in spans_ns]
    during = [ms for began, ended, ms in waited if any(began < told and renamed < ended for renamed, told in spans_ns)]
    beside = [ms for began, ended, ms in waited if all(began >= told or renamed >= ended for renamed, told in spans_ns)]
    rows = search(rig.state / "journal" / "journal.db", limit=len(spans_ns) + 1, kind=Code.ROSTER_REPLACED)
    receipts = [row.event.detail for row in rows]
    if len(receipts) != len(spans_ns) + 1:  # the first one is that of the start
        raise RuntimeError(f"{len(spans_ns)} swaps left {len(receipts)} receipts")
    return {
        "credentials": credentials,
        "swap_s": spread(swapped_s),
        "swipe_ms_during_swaps": spread(during),
        "swipe_ms_between_swaps": spread(beside),
        "last_receipt": receipts[0],
        "figures": [
            Figure("swap, from rename to committed event, worst", round(max(swapped_s), 3), SWAP_S_MAX, "s"),
            # Of all, what follows a swap too: the local entries are compared with the new roster then.
            Figure("swipe, worst of all beside and during swaps", round(max(during + beside), 3), WAIT_MS_MAX, "ms"),
        ],
    }


def of_version(built: Path, identity: Identity, version: int, folder: Path) -> Path:
    """The same roster under another version, sealed anew: beside the one in service, so that a rename hands it in."""
    made = folder / f"bench.{version}"
    shutil.copy(built, made)
    with open_roster(built, [identity.public_key]) as roster:
        seal, rulebook = roster.seal, roster.rulebook()
    with made.open("r+b") as file:
        file.truncate(seal.bytes)
    with closing(sqlite3.connect(made, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode=OFF").fetchall()
        text = msgspec.json.encode(_at(rulebook, version)).decode()
        database.execute("UPDATE meta SET value = ? WHERE name = ?", (text, RULEBOOK))
    with made.open("r+b") as file:
        size = made.stat().st_size
        assert size % PAGE_BYTES == 0
        sha256 = digest_of(file, size)
        file.seek(size)
        file.write(page_of(msgspec.structs.replace(seal, version=version, bytes=size, sha256=sha256), identity.sign))
    return made


def _at(rulebook: Rulebook, version: int) -> Rulebook:
    return msgspec.structs.replace(rulebook, version=version)

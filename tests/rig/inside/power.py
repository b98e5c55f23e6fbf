"""A gate whose power is cut: a controller on a disk, under a storm of cards, and what is on the disk afterwards.

The host (cuts.py) cuts the power at a random instant and starts the machine again. Its argument `acknowledged` is the
newest row that the controller had told as committed; null at the first start, when the disk is empty.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from chips import Player, pi_header
from gate import CONTACT, CONTROLLER, INTERVAL_NS, Acknowledged, Gate, Passage, welcome
from says import arguments, check, news

from firmware.bench.clock import monotonic_ns
from firmware.journal import search

DISK = Path("/work/disk")
DEVICE = "/dev/vda"
STORM_S = 60.0  # the power is cut long before
ROUND = 10  # cards in one go
PERIOD_NS = 60 * INTERVAL_NS + 120_000_000
VERIFY_S_MAX = 60.0
# The unsynced one must be found out: it tells of events before the disk has them.
UNSYNCED = """
import sys
from firmware.controller.__main__ import main
from firmware.journal.store import Store
Store.SYNCHRONOUS = "OFF"
sys.exit(main())
"""
BUILDS = {"honest": CONTROLLER, "unsynced": ("-c", UNSYNCED)}


def mount(empty: bool) -> None:
    if empty:
        subprocess.run(["mkfs.ext4", "-q", "-F", DEVICE], check=True, timeout=60)
    DISK.mkdir()
    subprocess.run(["/bin/busybox", "mount", "-t", "ext4", DEVICE, str(DISK)], check=True, timeout=60)


def what_is_left(gate: Gate, acknowledged: tuple[int, int]) -> None:
    """The journal as it was found, before anything writes to it."""
    path = gate.state / "journal" / "journal.db"
    words = [sys.executable, "-m", "firmware", "journal", "verify", str(path), "--json"]
    done = subprocess.run(words, capture_output=True, text=True, timeout=VERIFY_S_MAX, check=False)
    check("`menshen journal verify` says that it is whole", done.returncode == 0, done.stdout + done.stderr)
    if done.returncode != 0:
        return
    rows = search(path, limit=1)
    newest = max(((row.epoch, row.seq) for row in rows), default=(0, 0))
    check("every acknowledged event is there", newest >= acknowledged, f"{newest}, acknowledged {acknowledged}")
    news(f"verified {json.loads(done.stdout).get('at')}, acknowledged {acknowledged[1]}")


def storm(gate: Gate) -> None:
    """Cards and doors without a pause; each acknowledged row is told to the host."""
    told = Acknowledged(gate)
    steps = []
    for index, bits in enumerate(welcome(ROUND)):
        steps += Passage(index * PERIOD_NS, bits, walks=False).steps
    until_ns, head = monotonic_ns() + int(STORM_S * 1e9), (0, 0)
    player = Player(gate.chip, steps)
    while monotonic_ns() < until_ns:
        head = told.wait_beyond(head, 1.0)
        news(f"acknowledged {head[0]} {head[1]}")
        if player.ended:
            gate.chip.drive(CONTACT, not gate.chip.value(CONTACT))
            player = Player(gate.chip, steps)


def main() -> None:
    last = arguments().get("acknowledged")
    mount(last is None)
    gate = Gate(DISK / "gate", pi_header())
    if last is None:
        gate.folder.mkdir()
        gate.furnish()
        os.sync()
    else:
        what_is_left(gate, tuple(last))
    if arguments().get("storms", True):
        gate.start(program=BUILDS[arguments().get("build", "honest")])
        storm(gate)


if __name__ == "__main__":
    main()

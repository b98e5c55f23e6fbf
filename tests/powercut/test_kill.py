"""SIGKILL of the writer at random instants. Seed 3; the whole controller is killed elsewhere."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from firmware.journal import search, verify
from tests.journal.making import Key, open_journal

KILLS = 20
SEED = 3
LIMIT_S = 60


@pytest.mark.slow
@pytest.mark.attack("kill-10")
def test_a_killed_writer_loses_nothing_it_acknowledged(tmp_path):
    chance = random.Random(SEED)
    first = 1
    for kill in range(KILLS):
        command = [sys.executable, "-m", "tests.powercut.killing", str(tmp_path), str(SEED + kill), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(1, 30)):  # kill after so many commits, at whatever it does then
                assert process.stdout.readline().endswith(b"\n"), process.stderr.read()
            process.send_signal(signal.SIGKILL)
            rest, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == -signal.SIGKILL, errors
        told = int(rest.split(b"\n")[-2]) if rest.count(b"\n") else 0
        journal, listener = open_journal(tmp_path, boot=f"after-{kill}")
        assert listener.failures == []
        assert not journal.clean_stop
        assert journal.head is not None
        assert journal.head[0] == 1
        newest = search(journal.path, limit=1)[0]
        last = int(newest.event.detail[1:])
        assert last >= told
        assert journal.ledger.holder("counter").uses == {"c": last}
        assert journal.head[1] == last + 1  # each step is one row, after the first of the epoch
        assert verify(journal.path, Key().public_key).ok
        assert journal.close()
        first = last + 1

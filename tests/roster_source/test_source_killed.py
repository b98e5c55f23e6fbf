"""SIGKILL at random instants of a large batch: the last committed batch is there whole, and nothing of the next."""

from __future__ import annotations

import random
import selectors
import signal
import subprocess
import sys

import pytest

from firmware.roster.source.store import Source
from tests.roster_source.killing import HOLDERS

KILLS = 8
SEED = 21
LIMIT_S = 30
BATCH_S = 0.3  # about as long as a batch takes: kills are spread over it


@pytest.mark.slow
@pytest.mark.attack("roster-51")
def test_killed_at_any_instant_the_last_batch_is_whole(empty, path):
    """Seed 21."""
    empty.close()
    chance = random.Random(SEED)
    unfinished = 0
    for _ in range(KILLS):
        command = [sys.executable, "-m", "tests.roster_source.killing", str(path)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first.startswith("begun"), process.stderr.read()
            with selectors.DefaultSelector() as waiting:  # waits for its end, which does not come: so for that long
                waiting.register(process.stderr, selectors.EVENT_READ)
                assert waiting.select(chance.uniform(0, BATCH_S)) == []
            process.send_signal(signal.SIGKILL)
            rest, errors = process.communicate(timeout=LIMIT_S)
        assert process.returncode == -signal.SIGKILL, errors
        lines = [line.split() for line in (first + rest).splitlines()]
        begun, committed = ([int(number) for word, number in lines if word == kind] for kind in ("begun", "committed"))
        with Source.open(path, readonly=True) as source:
            proof = source.prove()
            counts = [
                source.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                for table in ("household", "holder", "credential", "open_batch")
            ]
        batches = proof.batches - 1  # the first one set the time zone
        assert counts == [batches * HOLDERS, batches * HOLDERS, batches * 500, 0]
        assert proof.head.batch in {begun[-1], begun[-1] - 1}
        assert not committed or proof.head.batch >= committed[-1]
        unfinished += proof.head.batch < begun[-1]
    assert unfinished >= KILLS // 2  # most kills fell into a batch

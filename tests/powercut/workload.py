"""The program whose writes are recorded: a journal through several runs, with cuts, erasures and clean stops.

`python -m tests.powercut.workload FOLDER ACKNOWLEDGEMENTS SEED BUILD`. What it appends follows from the seed alone, so
that the checker knows it without asking. Each commit is acknowledged by a line in the second file, written in the
writer's thread: in the recording it stands where the controller would have told the world.
"""

from __future__ import annotations

import os
import random
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, ForgetAreas, Keep, Record, Remember
from firmware.journal import Journal, LedgerEntry, Limits
from firmware.journal.backlog import Item
from firmware.journal.store import Store
from firmware.journal.writer import Writer
from tests.journal.making import UTC_MS, Key

RUNS = 3
STEPS = 70  # in each run
HOLDERS = 12
LIMITS = Limits(checkpoint_events=25, retention_bytes=180_000, cut_rows=20, batch_events_max=20)
WAIT_S = 60.0


class SmallLogStore(Store):
    """The real store, copying its log back so often that a short recording holds many such copies."""

    WAL_PAGES = 50


class UnsyncedStore(SmallLogStore):
    """A build that must fail the test: nothing is synced."""

    SYNCHRONOUS = "OFF"


class HonestWriter(Writer):
    STORE = SmallLogStore


class UnsyncedWriter(Writer):
    STORE = UnsyncedStore


class HastyWriter(HonestWriter):
    """A build that must fail the test: it acknowledges before the commit."""

    def _settle(self, store: Store, batch: Sequence[Item]) -> None:
        self._acknowledge(batch[-1].ticket, store)
        self._commit(store, batch)


class HonestJournal(Journal):
    WRITER = HonestWriter


class UnsyncedJournal(Journal):
    WRITER = UnsyncedWriter


class HastyJournal(Journal):
    WRITER = HastyWriter


BUILDS: dict[str, type[Journal]] = {"honest": HonestJournal, "unsynced": UnsyncedJournal, "hasty": HastyJournal}


class Step:
    """One append: its effects, or the holder to erase. `number` counts through all runs, from 1."""

    def __init__(self, number: int, effects: list, erase: str | None) -> None:
        self.number, self.effects, self.erase = number, effects, erase


def steps(seed: int) -> list[list[Step]]:
    """What each run appends."""
    chance = random.Random(seed)
    runs: list[list[Step]] = []
    number = 0
    for _ in range(RUNS):
        run: list[Step] = []
        for _ in range(STEPS):
            number += 1
            if chance.random() < 0.02 and run and run[-1].erase is None:
                run.append(Step(number, [], f"h{chance.randrange(HOLDERS)}"))
                number += 1
            effects: list = []
            holder = f"h{chance.randrange(HOLDERS)}"
            for part in range(chance.choice([1, 1, 2, 4])):
                body = Body(holder=holder) if chance.random() < 0.7 else None
                code = chance.choice([Code.GRANTED, Code.TAKEN, Code.OPENED])
                text = f"s{number}.{part}" + " filling" * chance.randrange(12)
                effects.append(Record(Event(code, portal=f"door_{chance.randrange(3)}", detail=text, body=body)))
            if chance.random() < 0.7:
                area = chance.choice(["yard", "hall", ""])
                effects.append(Remember(holder, area=area, entered_s=number, credential="c", uses=1))
            if chance.random() < 0.03:
                effects.append(ForgetAreas())
            if chance.random() < 0.2:
                effects.append(Keep(f"k{chance.randrange(4)}", chance.choice([None, f"v{number}"])))
            run.append(Step(number, effects, None))
        runs.append(run)
    return runs


def fold(all_steps: list[Step], last: int) -> tuple[dict[str, LedgerEntry], dict[str, str]]:
    """Ledger and kept state after step `last`, computed from the effects' own words."""
    ledger: dict[str, LedgerEntry] = {}
    kept: dict[str, str] = {}
    for step in all_steps:
        if step.number > last:
            break
        if step.erase is not None:
            ledger.pop(step.erase, None)
        for effect in step.effects:
            if isinstance(effect, Remember):
                uses = ledger.get(effect.holder, LedgerEntry()).uses.get("c", 0) + effect.uses
                entered_s = effect.entered_s if effect.area else None
                ledger[effect.holder] = LedgerEntry(effect.area or None, entered_s, {"c": uses})
            elif isinstance(effect, ForgetAreas):
                ledger = {holder: LedgerEntry(None, None, entry.uses) for holder, entry in ledger.items()}
            elif isinstance(effect, Keep):
                kept.pop(effect.key, None)
                if effect.value is not None:
                    kept[effect.key] = effect.value
    return ledger, kept


def main(folder: Path, acknowledgements: Path, seed: int, build: str) -> None:
    """Run the workload."""
    descriptor = os.open(acknowledgements, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    chance = random.Random(seed + 1)
    committed = threading.Condition()
    numbers: dict[int, int] = {}  # ticket of this run -> step
    reached = 0

    def wait_for(ticket: int) -> None:
        assert committed.wait_for(lambda: reached >= ticket, WAIT_S)

    for run, todo in enumerate(steps(seed)):
        numbers.clear()
        reached = 0

        def on_committed(ticket: int, epoch: int, seq: int) -> None:
            nonlocal reached
            with committed:
                os.write(descriptor, b"%d %d %d\n" % (numbers[ticket], epoch, seq))
                reached = ticket
                committed.notify_all()

        def on_failed(why: str) -> None:
            os.write(2, why.encode())
            os._exit(3)  # the disk of a recording does not fail

        journal = BUILDS[build].open(
            folder,
            Key(),
            boot=f"run-{run}",
            limits=LIMITS,
            on_committed=on_committed,
            on_failed=on_failed,
            on_recovered=lambda lost: None,
            utc_ms=UTC_MS,
        )
        for step in todo:
            utc_ms = UTC_MS + step.number * 1000
            with committed:  # the number is known before the commit can be
                if step.erase is not None:
                    ticket = journal.erase(step.erase, now_ms=step.number * 1000, utc_ms=utc_ms)
                else:
                    ticket = journal.append(step.effects, now_ms=step.number * 1000, utc_ms=utc_ms)
                numbers[ticket] = step.number
                if chance.random() < 0.6:
                    wait_for(ticket)
        assert journal.close()
    os.close(descriptor)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), sys.argv[4])

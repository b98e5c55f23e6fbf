"""Cuts the power at many points of a recording and starts the real journal on what is left.

`python -m tests.powercut.run --cuts 2000 --seed 1` is the long run (`make prove`).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from firmware.core.codes import Code
from firmware.core.effects import Event, Record
from firmware.journal import search, verify
from tests.journal.making import Key, open_journal
from tests.powercut.disk import MODES, Disk
from tests.powercut.recording import Acknowledged, AnyOperation, record, why_not
from tests.powercut.workload import HOLDERS, Step, fold, steps

MEMORY = Path("/dev/shm")  # the rebuilt files need no disk


class Cut(NamedTuple):
    """One cut: after which operation, and what happens to what was not synced."""

    after: int
    mode: str
    seed: int


def choose_cuts(operations: list[AnyOperation], count: int, seed: int) -> list[Cut]:
    """Cuts all over the recording; a quarter of them right after an acknowledgement, where a lie would show."""
    chance = random.Random(seed)
    told = [number for number, each in enumerate(operations) if isinstance(each, Acknowledged)]
    cuts = []
    for number in range(count):
        place = chance.choice(told) if number % 4 == 0 else chance.randrange(len(operations))
        cuts.append(Cut(place, MODES[number % len(MODES)], chance.randrange(1 << 30)))
    return sorted(cuts)


def check_cuts(operations: list[AnyOperation], seed: int, cuts: list[Cut], *, stop_at: int | None = None) -> list[str]:
    """What went wrong, a line each; empty when every start recovered everything. Ends after `stop_at` faults."""
    todo = [step for run in steps(seed) for step in run]
    disk, taken, told = Disk(), 0, 0
    faults: list[str] = []
    for cut in cuts:
        for operation in operations[taken : cut.after + 1]:
            if isinstance(operation, Acknowledged):
                told = operation.step
            else:
                disk.take(operation)
        taken = cut.after + 1
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
            folder = Path(name)
            disk.cut(folder, cut.mode, random.Random(cut.seed))
            fault = _fault_after(folder, todo, told)
        if fault is not None:
            faults.append(f"{cut}, told {told}: {fault}")
            if stop_at is not None and len(faults) >= stop_at:
                break
    return faults


def _fault_after(folder: Path, todo: list[Step], told: int) -> str | None:
    """Start the real journal on what is left and compare it with what was acknowledged."""
    journal, listener = open_journal(folder, boot="after")
    try:
        if listener.failures:
            return f"it does not open: {listener.failures}"
        if journal.head is None or journal.head[0] != 1:
            return f"it began a new epoch: {search(journal.path, limit=1)}"
        verdict = verify(journal.path, Key().public_key)
        if not verdict.ok:
            return f"it does not verify: {verdict.flaw} at {verdict.at}: {verdict.detail}"
        last, fault = _check_rows(journal.path, todo, told, verdict.anchor)
        if fault is not None:
            return fault
        kept = journal.kept()
        ledger = {f"h{number}": journal.ledger.holder(f"h{number}") for number in range(HOLDERS)}
        allowed = _allowed(todo, last, ledger)
        if (ledger, kept) not in allowed:
            wanted = allowed[0][0]
            wrong = [
                f"{holder}: {ledger[holder]}, not {entry}"
                for holder, entry in wanted.items()
                if ledger[holder] != entry
            ]
            return f"ledger or kept state are not those after step {last}: {wrong} {kept}, not {allowed[0][1]}"
        ticket = journal.append([Record(Event(Code.OPENED, detail="after the cut"))], now_ms=0, utc_ms=None)
        listener.wait_ticket(ticket)
    finally:
        closed = journal.close()
    if not closed or not verify(journal.path, Key().public_key).ok:
        return "it does not go on after the cut"
    return None


def _check_rows(path: Path, todo: list[Step], told: int, anchor: int) -> tuple[int, str | None]:
    """The last step that is there, and what is wrong with the rows."""
    rows = []
    before = None
    while page := search(path, before=before, limit=1000, with_bodies=True):
        rows += page
        before = (page[-1].epoch, page[-1].seq)
    present = [row for row in reversed(rows) if row.event.detail.startswith("s")]
    texts = [row.event.detail for row in present]
    wanted = [(step.number, effect.event) for step in todo for effect in step.effects if isinstance(effect, Record)]
    last = int(texts[-1][1:].split(".")[0]) if texts else 0
    if anchor == 0 or texts:
        expected = [event.detail for number, event in wanted if number <= last]
        if anchor:
            expected = expected[len(expected) - len(texts) :]
        if texts != expected:
            return last, f"the rows up to step {last} are not those that were appended"
    steps_without_rows = {step.number for step in todo if step.erase is not None}
    reached = last + 1 if last + 1 in steps_without_rows else last
    if reached < told:
        return last, f"step {told} was acknowledged, the last one there is {last}"
    for step in todo:
        if step.erase is not None and step.number <= told:
            for row in present:
                body = row.event.body
                old = int(row.event.detail[1:].split(".")[0]) < step.number
                if old and body is not None and body.holder == step.erase:
                    return last, f"{step.erase} was erased by step {step.number} and is still in row {row.seq}"
    return last, None


def _allowed(todo: list[Step], last: int, ledger: dict) -> list[tuple[dict, dict]]:
    """Ledger and kept state after step `last`; after the erasure that follows it, which has no row of its own, too."""
    ends = [last]
    if any(step.number == last + 1 and step.erase is not None for step in todo):
        ends.append(last + 1)
    allowed = []
    for end in ends:
        entries, kept = fold(todo, end)
        empty = type(next(iter(ledger.values())))()
        allowed.append(({holder: entries.get(holder, empty) for holder in ledger}, kept))
    return allowed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cuts", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--build", choices=("honest", "unsynced", "hasty"), default="honest")
    chosen = parser.parse_args()
    if (why := why_not()) is not None:
        sys.stderr.write(f"nothing can be recorded: {why}\n")
        return 2
    with tempfile.TemporaryDirectory() as name:
        operations = record(Path(name), chosen.seed, chosen.build)
    cuts = choose_cuts(operations, chosen.cuts, chosen.seed)
    faults = check_cuts(operations, chosen.seed, cuts)
    told = sum(isinstance(each, Acknowledged) for each in operations)
    sys.stdout.write(f"{len(operations)} operations, {told} acknowledgements, {len(cuts)} cuts, {len(faults)} faults\n")
    sys.stdout.writelines(f"{fault}\n" for fault in faults[:20])
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())

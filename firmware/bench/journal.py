"""`menshen bench journal`: chained durable events a second, and how long a commit takes.

The real journal in the real number of threads: the producer appends passages (five events and one change of the
ledger each) as an event loop would, and keeps no more waiting than a few groups.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from firmware.bench.clock import now_ns, rest, utc_ms
from firmware.bench.figures import Figure, spread
from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record, Remember
from firmware.identity import Identity
from firmware.journal import Journal, Limits, verify
from firmware.journal.backlog import Item
from firmware.journal.store import Store
from firmware.journal.writer import Writer

SEED = 5
PASSAGE = (Code.GRANTED, Code.UNLOCKED, Code.OPENED, Code.TAKEN, Code.CLOSED)
PERSONAL = frozenset({Code.GRANTED, Code.TAKEN})
WAITING_MAX = 400  # events: two groups
PACED_PER_S = 200  # passages: 1,000 events a second, a storm at a gate
HOLDERS = 5_000


class _TimedWriter(Writer):
    """The real writer with a stopwatch around each commit and its acknowledgement."""

    commits_ms: list[float] = []  # noqa: RUF012  one bench at a time

    def _settle(self, store: Store, batch: Sequence[Item]) -> None:
        begun = now_ns()
        super()._settle(store, batch)
        self.commits_ms.append((now_ns() - begun) / 1e6)


class _TimedJournal(Journal):
    WRITER = _TimedWriter


def passage(number: int, chance: random.Random) -> list[Record | Remember]:
    """The journal's effects of one passage through a door."""
    holder = f"h{chance.randrange(HOLDERS)}"
    door = f"door_{number % 8}"
    body = Body(holder=holder, credential=f"c-{holder}")
    reasons = ("credential_known", "credential_valid", "profile:residents", "schedule_inside", "granted")
    events = [
        Event(
            code,
            portal=door,
            access_point=f"{door}_in",
            reader=f"{door}_reader",
            reasons=reasons if code is Code.GRANTED else (),
            body=body if code in PERSONAL else None,
        )
        for code in PASSAGE
    ]
    change = Remember(holder, area="inside", entered_s=number, credential=f"c-{holder}", uses=1)
    return [*map(Record, events), change]


def bench(folder: Path, seconds: int = 10) -> dict[str, Any]:
    """Saturated for `seconds`, then paced for as long."""
    identity = Identity.load_or_create(folder / "identity")
    (folder / "journal").mkdir()
    told: deque[tuple[int, int]] = deque()  # ticket, when
    journal = _TimedJournal.open(
        folder / "journal",
        identity,
        boot="bench",
        limits=Limits(),
        on_committed=lambda ticket, _epoch, _seq: told.append((ticket, now_ns())),
        on_failed=lambda _why: None,
        on_recovered=lambda _lost: None,
    )
    _TimedWriter.commits_ms.clear()
    full = _drive(journal, told, seconds, None)
    commits = spread(_TimedWriter.commits_ms)
    _TimedWriter.commits_ms.clear()
    paced = _drive(journal, told, seconds, PACED_PER_S)
    paced_commits = spread(_TimedWriter.commits_ms)
    journal.close()
    verdict = verify(journal.path, identity.public_key)
    assert verdict.ok, verdict
    return {
        "events": verdict.rows,
        "bytes_per_event": round(journal.path.stat().st_size / verdict.rows),
        "events_lost": sum(journal.lost.values()),
        "saturated": {**full, "commit_ms": commits},
        "paced": {**paced, "commit_ms": paced_commits},
        "figures": [
            Figure("journal_events_per_s", full["events_per_s"], 10_000, "/s", at_least=True),
            Figure("journal_commit_p99_ms", commits.p99, 50, "ms"),
            Figure("journal_append_to_durable_paced_p99_ms", paced["append_to_durable_ms"].p99, 50, "ms"),
        ],
    }


def bench_journal(folder: Path, seconds: int = 10) -> dict[str, Any]:
    """The same by another name."""
    return bench(folder, seconds)


def _drive(journal: Journal, told: deque[tuple[int, int]], seconds: int, per_s: int | None) -> dict[str, Any]:
    """Append passages for a time, as fast as they are taken or at a pace, and wait until all are durable."""
    chance = random.Random(SEED)
    made = [passage(number, chance) for number in range(2_000)]
    told.clear()
    appended: dict[int, int] = {}
    begun = now_ns()
    until = begun + seconds * 1_000_000_000
    count = ticket = 0
    while (now := now_ns()) < until:
        late = per_s is None or now - begun > count * 1_000_000_000 // per_s
        if not late or journal.backlog > WAITING_MAX:
            rest(0.000_5)
            continue
        ticket = journal.append(made[count % len(made)], now_ms=now // 1_000_000, utc_ms=utc_ms())
        appended[ticket] = now
        count += 1
    while journal.committed < ticket:
        rest(0.000_5)
    took_s = (now_ns() - begun) / 1e9
    waits: list[float] = []
    commits = list(told)
    position = 0
    for each, when in sorted(appended.items()):
        while commits[position][0] < each:
            position += 1
        waits.append((commits[position][1] - when) / 1e6)
    return {
        "events_per_s": round(count * len(PASSAGE) / took_s),
        "groups": len(commits),
        "append_to_durable_ms": spread(waits),
    }

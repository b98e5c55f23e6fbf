"""`menshen bench search`: the newest 100 of ten million rows by holder, portal, kind or time, alone or any two.

The journal is made by the real store, with a valid chain, but without syncs: what is measured is reading. It is made to
be hard: a holder with a twentieth of all rows, a portal with half of them, kinds that never happen at that portal, a
clock that was unknown, jumped and flapped.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure, spread
from firmware.core.codes import Code
from firmware.core.effects import Body, Event
from firmware.journal import search
from firmware.journal.schema import DATABASE_FILE
from firmware.journal.store import Stamped, Store

SEED = 9
QUESTIONS = 200  # of each combination
COLD_QUESTIONS = 10  # of each combination, with the file thrown out of the page cache before each
GROUP = 20_000  # rows in one transaction of the building
BEGIN_MS = 1_760_000_000_000
STEP_MS = 3_000  # a row each three seconds: ten million are a year
HOLDERS = 5_000
GUARD = "guard"
BUSY = "door_0"
PORTALS = [BUSY, *(f"door_{number}" for number in range(1, 16))]
COMMON = (Code.GRANTED, Code.UNLOCKED, Code.OPENED, Code.TAKEN, Code.CLOSED, Code.LOCKED, Code.DENIED)
RARE = (Code.FORCED, Code.HELD, Code.TAMPER, Code.DURESS, Code.REX_STUCK, Code.ANTIPASSBACK_SOFT, Code.READER_NOISE)
NEVER_AT_BUSY = Code.TAMPER
PERSONAL = frozenset({Code.GRANTED, Code.TAKEN, Code.DENIED, Code.DURESS, Code.ANTIPASSBACK_SOFT})
KEYS = ("holder", "portal", "kind", "time")


class _UnsyncedStore(Store):
    """For building only."""

    SYNCHRONOUS = "OFF"
    WAL_PAGES = 50_000


def build(folder: Path, rows: int, progress: Callable[[int], None] | None = None) -> Path:
    """A journal with so many rows."""
    chance = random.Random(SEED)
    path = folder / DATABASE_FILE
    first = Stamped(Event(Code.EPOCH_BEGUN), 0, BEGIN_MS)
    store = _UnsyncedStore.create(path, 1, first, "bench")
    store.db.execute("PRAGMA cache_size = -1000000")  # 1 GB: the index of people is written all over
    waiting: list[Stamped] = []
    for stamped in _rows(rows - 1, chance):
        waiting.append(stamped)
        if len(waiting) == GROUP:
            _write(store, waiting)
            waiting = []
            if progress is not None:
                progress(store.seq)
    _write(store, waiting)
    store.close()
    return path


def _write(store: Store, rows: list[Stamped]) -> None:
    with store.transaction():
        store.append(rows, "bench")


def _rows(count: int, chance: random.Random) -> Iterator[Stamped]:
    for number in range(count):
        portal = BUSY if chance.random() < 0.5 else PORTALS[1 + number % (len(PORTALS) - 1)]
        code = chance.choice(COMMON) if chance.random() < 0.999 else chance.choice(RARE)
        if portal == BUSY and code is NEVER_AT_BUSY:
            code = Code.HELD
        body = None
        if code in PERSONAL:
            holder = GUARD if chance.random() < 0.1 else f"h{int(HOLDERS * chance.random() ** 2)}"
            body = Body(holder=holder, credential="c-" + holder)
        event = Event(code, portal=portal, access_point=portal + "_in", reader=portal + "_reader", body=body)
        yield Stamped(event, number * STEP_MS, _wall(number, count))


def _wall(number: int, count: int) -> int | None:
    """A clock with the faults of the field: unknown, an hour back, in 2099, flapping."""
    utc_ms = BEGIN_MS + number * STEP_MS
    part = number / count
    if 0.10 <= part < 0.101:
        return None
    if 0.30 <= part < 0.301:
        return 4_070_908_800_000 + number
    if 0.50 <= part < 0.501 and number % 200 < 100:
        return number * STEP_MS
    return utc_ms - 3_600_000 if part >= 0.70 else utc_ms


def _question(keys: tuple[str, ...], rows: int, chance: random.Random) -> dict[str, Any]:
    """What to search for; a third of the choices are the worst ones."""
    hard = chance.random() < 1 / 3
    asked: dict[str, Any] = {}
    if "holder" in keys:
        asked["holder"] = GUARD if hard else f"h{int(HOLDERS * chance.random() ** 2)}"
    if "portal" in keys:
        asked["portal"] = BUSY if hard else chance.choice(PORTALS)
    if "kind" in keys:
        asked["kind"] = NEVER_AT_BUSY if hard else chance.choice(COMMON + RARE)
    if "time" in keys:
        begin = BEGIN_MS + chance.randrange(rows) * STEP_MS
        if hard:  # into the flapping clock
            begin = BEGIN_MS + int(rows * 0.5005) * STEP_MS
        asked["since_utc"] = begin
        asked["until_utc"] = begin + chance.choice([60_000, 3_600_000, 86_400_000, 30 * 86_400_000])
    return asked


def bench(folder: Path, rows: int = 10_000_000, questions: int = QUESTIONS) -> dict[str, Any]:
    """Every combination of one and two, warm; then cold."""
    begun = now_ns()
    path = build(folder, rows)
    built_s = (now_ns() - begun) / 1e9
    outcome = measure(path, rows, questions)
    return {"rows": rows, "built_s": round(built_s, 1), "file_mb": path.stat().st_size >> 20, **outcome}


def bench_search(folder: Path, rows: int = 10_000_000) -> dict[str, Any]:
    """The same by another name."""
    return bench(folder, rows)


def measure(path: Path, rows: int, questions: int = QUESTIONS) -> dict[str, Any]:
    """Ask everything of a journal that `build` made."""
    chance = random.Random(SEED + 1)
    warm: dict[str, Any] = {}
    cold: dict[str, Any] = {}
    for keys in [*((key,) for key in KEYS), *combinations(KEYS, 2)]:
        name = "+".join(keys)
        warm[name] = spread([_ask(path, _question(keys, rows, chance)) for _ in range(questions)])
        times: list[float] = []
        for _ in range(COLD_QUESTIONS):
            _forget_pages(path)
            times.append(_ask(path, _question(keys, rows, chance)))
        cold[name] = spread(times)
    figures = [Figure(f"search_{name}_p95_ms", each.p95, 50, "ms") for name, each in warm.items()]
    return {"warm_ms": warm, "cold_ms": cold, "figures": figures}


def _ask(path: Path, asked: dict[str, Any]) -> float:
    begun = now_ns()
    search(path, limit=100, **asked)
    return (now_ns() - begun) / 1e6


def _forget_pages(path: Path) -> None:
    """Throw the file out of the page cache, as far as the kernel follows the advice."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)

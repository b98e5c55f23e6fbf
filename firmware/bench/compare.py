"""`menshen bench compare`: what-if over 30 days of 20,000 passages, with a changed roster of 20,000 holders.

The journal is made by the real store without syncs: what is measured is the comparison, in a process of its own. The
changed roster has a schedule that ends an hour earlier, suspended holders, cards that moved to somebody else and new
ones; how many presentations that concerns is counted while the journal is made, from the tables above and not by the
comparison, and must come out.
"""

from __future__ import annotations

import csv
import json
import random
import resource
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure
from firmware.bench.process import run_apart
from firmware.core.codes import Code, Reason
from firmware.core.effects import Body, Event
from firmware.identity import Identity
from firmware.journal.schema import DATABASE_FILE
from firmware.journal.store import Stamped, Store
from firmware.roster.build import build as build_roster

SEED = 30
DAYS, PASSAGES, HOLDERS = 30, 20_000, 20_000
SECONDS_MAX, MEMORY_MB_MAX = 60.0, 200.0
MIDNIGHT_UTC_MS = 1_795_363_200_000  # 2026-11-23 00:00 in Shanghai, a Monday; UTC+8 all year
DAY_MS, HOUR_MS = 86_400_000, 3_600_000
GROUP = 20_000  # rows in one transaction of the building
POINTS = ("front_in", "hall_in", "hall_out", "bike_in")
STRANGERS = 50  # cards that no roster has
STRANGER_PART = 0.02
OPENS, CLOSES, CLOSES_EARLIER = 6, 20, 19  # o'clock, of staff
STAFF_EVERY = 20
SUSPENDED = range(100, 200)
MOVED = range(200, 210)  # their cards are the next holder's, who had none
ENROLLED = range(210, 215)  # strangers' cards that the new roster has
_WORDS = (Reason.KNOWN, Reason.VALID, Reason.FACTORS_COMPLETE + ":card", Reason.GRANTED)


class _UnsyncedStore(Store):
    """For building only."""

    SYNCHRONOUS = "OFF"
    WAL_PAGES = 50_000


class Made(NamedTuple):
    """What `make` put into the folder, and what has to come out."""

    journal: Path
    old: Path
    new: Path
    state: Path
    rows: int
    presentations: int
    differently: Counter[str]


def bench(folder: Path, days: int = DAYS, passages: int = PASSAGES, holders: int = HOLDERS) -> dict[str, Any]:
    """Seconds and peak memory of `menshen roster compare`; the planted differences must be found, and no others."""
    made = make(folder, days, passages, holders)
    began_ns = now_ns()
    said, peak_mb = _compare(made)
    took_s = (now_ns() - began_ns) / 1e9
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    found = {change: count for change, count in said["by_change"].items() if count}
    return {
        "presentations": made.presentations,
        "rows": made.rows,
        "journal_mb": made.journal.stat().st_size >> 20,
        "found": found,
        "planted": dict(made.differently),
        "agreed": said["agreed"],
        "processor_s": round(spent.ru_utime + spent.ru_stime, 1),  # less than the seconds on a machine that is busy
        "us_a_presentation": round(took_s * 1e6 / made.presentations, 1),
        "figures": [
            Figure("comparison", round(took_s, 1), SECONDS_MAX, "s"),
            Figure("comparison, peak memory", peak_mb, MEMORY_MB_MAX, "MB"),
            Figure("planted differences found", sum(found.values()), made.differently.total(), "", at_least=True),
            Figure("other differences found", float(found != dict(made.differently)), 0, ""),
        ],
    }


def make(folder: Path, days: int, passages: int, holders: int) -> Made:
    """Two rosters, and the journal of so many days under the first of them."""
    identity = Identity.load_or_create(folder / "identity")
    for name, changed in (("old", False), ("new", True)):
        _table(folder / f"{name}.csv", holders, changed)
        _rules(folder / f"{name}.toml", CLOSES_EARLIER if changed else CLOSES)
        sources = (folder / f"{name}.csv", folder / f"{name}.toml")
        build_roster(*sources, folder / f"{name}.roster", identity, version=1 + changed, created_s=0)
    chance = random.Random(SEED)
    path = folder / DATABASE_FILE
    store = _UnsyncedStore.create(path, 1, Stamped(Event(Code.EPOCH_BEGUN), 0, MIDNIGHT_UTC_MS), "bench")
    differently: Counter[str] = Counter()
    waiting = [Stamped(Event(Code.ROSTER_REPLACED, detail="version 1"), 0, MIDNIGHT_UTC_MS)]
    for rows in _presentations(identity, days, passages, holders, chance, differently):
        waiting += rows
        if len(waiting) >= GROUP:
            _write(store, waiting)
            waiting = []
    _write(store, waiting)
    rows_made = store.seq
    store.close()
    rosters = (folder / "old.roster", folder / "new.roster")
    return Made(path, *rosters, folder, rows_made, days * passages, differently)


def _write(store: Store, rows: list[Stamped]) -> None:
    with store.transaction():
        store.append(rows, "bench")


def _table(path: Path, holders: int, changed: bool) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("holder", "profiles", "status", "card"))
        for number in range(holders):
            profile = "staff" if number % STAFF_EVERY == 0 else "residents"
            status = "suspended" if changed and number in SUSPENDED else ""
            writer.writerow((_holder(number, changed), profile, status, _card(number)))
        for number in ENROLLED if changed else ():
            writer.writerow((f"n{number}", "residents", "", _stranger(number - ENROLLED[0])))


def _holder(number: int, changed: bool) -> str:
    return f"m{number}" if changed and number in MOVED else f"h{number}"


def _card(number: int) -> str:
    return f"H10301:{1 + number // 60_000}:{number % 60_000}"


def _stranger(number: int) -> str:
    return f"H10301:200:{number}"


def _rules(path: Path, closes: int) -> None:
    path.write_text(
        'time_zone = "Asia/Shanghai"\n'
        '[[profile]]\nname = "residents"\n[[profile.rule]]\naccess_points = ["*"]\n'
        '[[profile]]\nname = "staff"\n[[profile.rule]]\naccess_points = ["*"]\nschedule = "work"\n'
        f'[[schedule]]\nname = "work"\nevery_day = ["{OPENS:02}:00-{closes:02}:00"]\n',
        encoding="utf-8",
    )


def _presentations(
    identity: Identity, days: int, passages: int, holders: int, chance: random.Random, differently: Counter[str]
) -> Iterator[list[Stamped]]:
    """The rows of each presentation in order of time: by the rules above, written out by hand."""
    token = [identity.pseudonym("card", _card(number)) for number in range(holders)]
    strange = [identity.pseudonym("card", _stranger(number)) for number in range(STRANGERS)]
    for number in range(days * passages):
        utc_ms = MIDNIGHT_UTC_MS + number * DAY_MS // passages
        point = chance.choice(POINTS)
        at = Event(Code.GRANTED, portal=point.partition("_")[0], access_point=point, reader=point + "_reader")
        if chance.random() < STRANGER_PART:
            which = chance.randrange(STRANGERS)
            differently["let_in"] += which < len(ENROLLED)
            body = Body(token=strange[which])
            event = replace(at, code=Code.UNKNOWN_CREDENTIAL, reasons=(Reason.NOT_FOUND,), body=body)
            yield [Stamped(event, utc_ms, utc_ms)]
            continue
        who = chance.randrange(holders)
        staff = who % STAFF_EVERY == 0
        hour = utc_ms // HOUR_MS % 24 + 8  # local
        hour -= 24 if hour >= 24 else 0
        body = Body(holder=f"h{who}", credential=token[who])
        if staff and not OPENS <= hour < CLOSES:
            refused = (Reason.KNOWN, Reason.VALID, Reason.OUTSIDE_SCHEDULE + ":work")
            yield [Stamped(replace(at, code=Code.DENIED, reasons=refused, body=body), utc_ms, utc_ms)]
            continue
        differently["refused"] += who in SUSPENDED or (staff and hour >= CLOSES_EARLIER)
        profile, schedule = ("staff", "work") if staff else ("residents", "always")
        through = (f"{Reason.PROFILE}:{profile}", f"{Reason.INSIDE_SCHEDULE}:{schedule}")
        reasons = (*_WORDS[:2], *through, *_WORDS[2:])
        granted = replace(at, reasons=reasons, body=body)
        taken = replace(granted, code=Code.TAKEN, reader=None)
        yield [Stamped(granted, utc_ms, utc_ms), Stamped(taken, utc_ms + 2_000, utc_ms + 2_000)]


def _compare(made: Made) -> tuple[dict[str, Any], float]:
    """(what it said, peak memory in MB)"""
    words = ["roster", "compare", made.old, made.new, "--journal", made.journal, "--state", made.state, "--json"]
    words += ["--purpose", "bench of the comparison"]
    done = run_apart(words)
    if done.status not in (0, 1):
        raise RuntimeError(f"the comparison failed: {done.complaint}")
    return json.loads(done.output), round(done.peak_mb, 1)

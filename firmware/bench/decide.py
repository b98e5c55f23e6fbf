"""`menshen bench decide`: how fast one thread decides, roster and ledger look-up included, at 250,000 credentials.

Beside it the limit: the same with the whole roster as a plain dict in memory, speed and memory as ratios.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from firmware.bench.cards import card, sample_roster
from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure, spread
from firmware.bench.process import pss_kb
from firmware.core import calendar
from firmware.core.access import Factor, Known, Unknown, Zone
from firmware.core.decision import Outcome, decide
from firmware.core.site import AccessPoint, Antipassback, Area, Door, Reader, Site
from firmware.identity import Identity
from firmware.journal import Journal, Limits
from firmware.roster.presented import present
from firmware.roster.roster import open_roster

DECISIONS = 200_000
TIMED = 50_000
SEED = 3
NOON_S = 1_795_406_400  # 2026-11-23 12:00 in Shanghai, a Monday

POINT = AccessPoint(id="in", portal="door", readers=("reader",), area_to="inside", antipassback=Antipassback.SOFT)
SITE = Site(
    id="bench",
    zone=Zone("Asia/Shanghai", (28_800,)),
    portals=(Door(id="door", lock="lock", access_points=(POINT,)),),
    readers=(Reader(id="reader"),),
    areas=(Area("inside", occupancy_max=10_000),),
)


def bench(folder: Path, credentials: int = 250_000) -> dict[str, Any]:
    """Decisions a second and the spread of single ones, with roster and with dict."""
    identity = Identity.load_or_create(folder / "identity")
    path = sample_roster(folder, identity, credentials)
    journal_folder = folder / "journal"
    journal_folder.mkdir()
    journal = Journal.open(
        journal_folder,
        identity,
        boot="bench",
        limits=Limits(),
        on_committed=lambda *_: None,
        on_failed=lambda *_: None,
        on_recovered=lambda *_: None,
    )
    before_kb = pss_kb()
    roster = open_roster(path, [identity.public_key], digest_key_id=identity.digest_key_id)
    rulebook = roster.rulebook()
    wall = calendar.wall(SITE.zone, NOON_S)
    rng = random.Random(SEED)
    keys = ["H10301:{}:{}".format(*card(rng.randrange(credentials))) for _ in range(DECISIONS)]

    def by_roster(key: str) -> Known | Unknown:
        return present(roster, journal.ledger, Factor.CARD, key, identity)

    measured = _measure(by_roster, keys, lambda known: decide(SITE, rulebook, POINT, known, Factor.CARD, wall=wall))
    roster_kb = pss_kb() - before_kb
    whole = {key: by_roster(key) for key in ("H10301:{}:{}".format(*card(holder)) for holder in range(credentials))}
    dict_kb = pss_kb() - before_kb - roster_kb
    limit = _measure(
        whole.__getitem__, keys, lambda known: decide(SITE, rulebook, POINT, known, Factor.CARD, wall=wall)
    )
    roster.close()
    journal.close()
    return {
        "credentials": credentials,
        "roster": measured,
        "dict": limit,
        "roster_memory_kb": roster_kb,
        "dict_memory_kb": dict_kb,
        "speed_of_dict_over_roster": round(limit["per_s"] / measured["per_s"], 2),
        "memory_of_dict_over_roster": round(dict_kb / max(1, roster_kb), 1),
        "figures": [
            Figure("decisions a second", measured["per_s"], 20_000, "1/s", at_least=True),
            Figure("one decision, p99", measured["one_us"].p99, 200, "us"),
        ],
    }


def _measure(
    look_up: Callable[[str], Known | Unknown], keys: list[str], decided: Callable[[Known | Unknown], Any]
) -> dict[str, Any]:
    granted = 0
    began_ns = now_ns()
    for key in keys:
        granted += decided(look_up(key)).outcome is Outcome.GRANTED
    took_ns = now_ns() - began_ns
    singles_us = []
    for key in keys[:TIMED]:
        start_ns = now_ns()
        decided(look_up(key))
        singles_us.append((now_ns() - start_ns) / 1e3)
    return {
        "per_s": round(len(keys) / took_ns * 1e9),
        "one_us": spread(singles_us, 1),
        "granted_share": round(granted / len(keys), 3),
    }

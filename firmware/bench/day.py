"""`menshen bench day`: a simulated day of a gate with 20,000 passages, whole controller and plants, on virtual time."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

from firmware.bench.clock import now_ns
from firmware.bench.figures import Figure
from firmware.bench.gate import Gate, running_gate
from firmware.core.codes import Code
from firmware.journal import export, verify
from firmware.rehearsal.virtual_time import run_virtual

PASSAGES = 20_000
DAY_S = 86_400.0
LIMIT_S = 90.0
MIDNIGHT_UTC_MS = 1_795_363_200_000  # 2026-11-23 00:00 in Shanghai
SEED = 7
CARDS = ("resident", "neighbour", "guard")
DECISIONS = (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL, Code.DENIED_SUM)
READERS = (("front_reader", "front_door"), ("hall_in_reader", "in"), ("hall_out_reader", "out"))


def bench(folder: Path, passages: int = PASSAGES) -> dict[str, Any]:
    """Seconds of real time for the day; every presentation must have its event, and the chain must verify."""
    site = demo_site()
    began_ns = now_ns()
    outcome = run_virtual(_day(folder, site, passages), wall_s_max=20 * LIMIT_S)
    took_s = (now_ns() - began_ns) / 1e9
    outcome["decided"] = _decided(folder / "journal" / "journal.db", folder / "day.jsonl")
    return {
        **outcome,
        "real_s": round(took_s, 1),
        "times_real": round(DAY_S / took_s),
        "figures": [
            Figure("presentations with an event", outcome["decided"], passages, "events", at_least=True),
            Figure("simulated day", round(took_s, 1), LIMIT_S, "s"),
        ],
    }


def demo_site() -> Path:
    """The demo gate's site file."""
    import provisioning

    return Path(provisioning.__path__[0]) / "sites" / "community_gate.toml"


async def _day(folder: Path, site: Path, passages: int) -> dict[str, Any]:
    rng = random.Random(SEED)
    between_s = DAY_S / passages
    async with running_gate(folder, site, utc_ms=MIDNIGHT_UTC_MS) as gate:
        await gate.pass_time(1)
        for _ in range(passages):
            await _passage(gate, rng)
            await gate.pass_time(rng.expovariate(1 / max(0.01, between_s - 1.2)))
        await gate.pass_time(60)
        await gate.committed()
        engine, identity, path = gate.controller.engine, gate.controller.identity, gate.controller.journal.path
        steps = engine.steps
    verdict = verify(path, identity.public_key)
    if not verdict.ok:
        raise RuntimeError(f"the day's journal does not verify: {verdict}")
    return {"passages": passages, "steps": steps, "rows": verdict.rows}


def _decided(journal: Path, aside: Path) -> int:
    """Presentations that have their event in the journal, each let in or refused; sums of refusals count in full."""
    with aside.open("wb") as out:
        export(journal, "jsonl", out)
    decided = 0
    with aside.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)["header"]
            if row.get("code") in DECISIONS:
                decided += int(row.get("count", 1))
    return decided


async def _passage(gate: Gate, rng: random.Random) -> None:
    """Somebody with a card comes to one of the portals and goes through."""
    reader, way = rng.choice(READERS)
    await gate.present(rng.choice(CARDS), reader)
    if way in ("in", "out"):
        gate.plants.turnstiles["hall"].walk("in" if way == "in" else "out")
    else:
        gate.plants.doors[way].push()
    await gate.pass_time(0.5)

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
from firmware.core.view import Mode, Position
from firmware.core.views import view
from firmware.journal import export, verify
from firmware.rehearsal.virtual_time import run_virtual

PASSAGES = 20_000
DAY_S = 86_400.0
LIMIT_S = 90.0
MIDNIGHT_UTC_MS = 1_795_363_200_000  # 2026-11-23 00:00 in Shanghai
SEED = 7
WAIT_S = 0.5
MEAN_PASSAGE_S = 2.6  # what a passage takes of the day by itself; the rest of it is spread at random
WAITS_MAX = 60
PINS = {"resident": "2468", "guard": "8642"}  # of holders.csv
CARDS = ("resident", "neighbour", "guard")
DECISIONS = (Code.GRANTED, Code.DENIED, Code.UNKNOWN_CREDENTIAL, Code.DENIED_SUM)
READERS = (("front_reader", "front_door"), ("hall_in_reader", "in"), ("hall_out_reader", "out"))


def bench(folder: Path, passages: int = PASSAGES) -> dict[str, Any]:
    """Seconds of real time for the day; every presentation must have its event, and the chain must verify."""
    site = demo_site()
    began_ns = now_ns()
    outcome = run_virtual(_day(folder, site, passages), wall_s_max=20 * LIMIT_S)
    took_s = (now_ns() - began_ns) / 1e9
    outcome |= _counted(folder / "journal" / "journal.db", folder / "day.jsonl")
    return {
        **outcome,
        "real_s": round(took_s, 1),
        "times_real": round(DAY_S / took_s),
        "figures": [
            Figure("presentations with an event", outcome["presented"], passages, "events", at_least=True),
            Figure("proven passages", outcome["taken"], passages, "events", at_least=True),
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
            await gate.pass_time(rng.expovariate(1 / max(0.01, between_s - MEAN_PASSAGE_S)))
        await gate.pass_time(60)
        await gate.committed()
        engine, identity, path = gate.controller.engine, gate.controller.identity, gate.controller.journal.path
        steps = engine.steps
    verdict = verify(path, identity.public_key)
    if not verdict.ok:
        raise RuntimeError(f"the day's journal does not verify: {verdict}")
    return {"passages": passages, "steps": steps, "rows": verdict.rows}


def _counted(journal: Path, aside: Path) -> dict[str, int]:
    """Presentations that have their event, let in or refused (sums of refusals count in full), and proven passages."""
    with aside.open("wb") as out:
        export(journal, "jsonl", out)
    presented = taken = 0
    with aside.open(encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)["header"]
            presented += int(row.get("count", 1)) if row["code"] in DECISIONS else 0
            taken += row["code"] == Code.TAKEN
    return {"presented": presented, "taken": taken}


async def _free(gate: Gate, portal: str) -> None:
    """Wait, as people do, until whoever was before has gone through and the door is shut."""
    for _ in range(WAITS_MAX):
        seen = next(each for each in view(gate.controller.engine.state).portals if each.id == portal)
        if seen.mode is Mode.LOCKED and seen.position is not Position.OPEN:
            return
        await gate.pass_time(WAIT_S)


def _night(gate: Gate) -> bool:
    """Whether the front door asks for a PIN too: by rules.toml from 23:00 to 06:00; Shanghai is UTC+8 all year."""
    hour = (gate.wall.utc_ms() // 3_600_000 + 8) % 24
    return hour >= 23 or hour < 6


async def _passage(gate: Gate, rng: random.Random) -> None:
    """Somebody with a card comes to one of the portals, types a PIN where that is asked for, and goes through."""
    reader, way = rng.choice(READERS)
    card = rng.choice(CARDS)
    await _free(gate, way if way == "front_door" else "hall")
    asked = reader == "front_reader" and _night(gate)
    if asked and card not in PINS:
        card = "resident"
    await gate.present(card, reader)
    if asked:
        await gate.type_pin(PINS[card] + "#", reader)
    if way in ("in", "out"):
        gate.plants.turnstiles["hall"].walk("in" if way == "in" else "out")
    else:
        gate.plants.doors[way].push()
    await gate.pass_time(0.5)

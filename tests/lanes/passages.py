"""Passages by the thousand through a whole gate on virtual time, with the rules of motion and the plant as judges.

`python -m tests.lanes.passages --passages 100000 --seed 1 --processes 2` prints one line of JSON and ends with 0 if
nothing was broken. A run is made of chunks, each a gate of its own with its own seed; a failure prints the seed, the
chunk and the story, and `--chunk N [--story M]` tells that chunk, or that story alone, again.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import sys
import tempfile
import traceback
from collections import Counter
from pathlib import Path
from typing import Any

from firmware.bench.clock import now_ns
from firmware.config import Config
from firmware.journal import verify
from firmware.rehearsal.virtual_time import run_virtual
from tests.core.lanes.rules import Broken
from tests.lanes.lane_gate import Harm, LaneGate, lane_gate, prepare, state_folder
from tests.lanes.road import WALKERS, Road, StoryFailed
from tests.lanes.stories import ORDINARY, Story, one_vehicle
from tests.lanes.stories_broken import BROKEN

MEMORY = Path("/dev/shm")  # the state folders need no disk
STORIES = (*ORDINARY, *BROKEN)
CHUNK_STORIES = 60
CHUNK_WALL_S_MAX = 300.0
FAILURES_TOLD = 12
# Chunks differ in what their plants are like, in turns.
PLANTS: tuple[dict[str, Any], ...] = (
    {},
    {"travel_close_ms": 2_500, "travel_open_ms": 1_500, "stop_ms": 20},
    {},
    {"travel_close_ms": 7_000, "travel_open_ms": 6_000, "stop_ms": 120},
    {"gravity": "lowers", "runs_on_battery": False},
    {"stop_cuts": True, "fire_release": ("fire_key", "fire_panel")},
)


class Outcome:
    """What chunks came to, added up."""

    def __init__(self) -> None:
        self.passages = 0
        self.others = 0  # people and bicycles
        self.stories: Counter[str] = Counter()
        self.events: Counter[str] = Counter()
        self.strikes = 0
        self.wrecks = 0
        self.false_greens = 0
        self.lying_greens: Counter[str] = Counter()  # while an open limit was spoiled so that it said what was not so
        self.near = 0
        self.crashes = 0
        self.lane_s = 0.0
        self.broken: list[dict[str, Any]] = []

    def count(self, gate: LaneGate) -> None:
        """Take what the plant has written down, and forget it there."""
        plant = gate.barrier
        for passage in plant.passages:
            if passage.kind in WALKERS:
                self.others += 1
            else:
                self.passages += 1
        self.strikes += len(plant.strikes)
        self.wrecks += len(plant.wrecks)
        self.false_greens += len(plant.false_greens)
        self.lying_greens += gate.lying_greens
        gate.lying_greens.clear()
        self.near += len(plant.near)
        self.crashes += len(plant.crashes)
        plant.forget()

    def add(self, other: Outcome) -> None:
        for name in ("passages", "others", "strikes", "wrecks", "false_greens", "near", "crashes"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.lying_greens += other.lying_greens
        self.lane_s += other.lane_s
        self.stories += other.stories
        self.events += other.events
        self.broken += other.broken


async def tell(gate: LaneGate, story: Story, seed: str) -> str:
    """Tell one story. Returns what went wrong, or nothing."""
    road = Road(gate, random.Random(seed))
    try:
        await story.tell(road)
        if not story.lawful:
            await road.heal()
        gate.look()
    except Broken as broken:
        return f"rule {broken}"
    except StoryFailed as failed:
        return f"story: {failed}"
    except RuntimeError as died:
        return f"died: {died}"
    except Harm as harm:
        return f"plant: {harm}"
    return ""


async def chunk(config: Config, folder: Path, seed: int, number: int, only: int | None = None) -> Outcome:
    """One gate, and its stories. Ends with the first that breaks something."""
    outcome = Outcome()
    chance = random.Random(f"{seed}:{number}")
    drawn = chance.choices(STORIES, [story.weight for story in STORIES], k=CHUNK_STORIES)
    began_s = 0.0
    async with lane_gate(config, folder, seed=chance.randrange(1 << 30), **PLANTS[number % len(PLANTS)]) as gate:
        began_s = gate.loop.time()
        await gate.wait(2)
        for place, story in enumerate((Story("one vehicle", 0, True, one_vehicle), *drawn)):
            if only is not None and place not in (0, only):
                continue
            wrong = await tell(gate, story, f"{seed}:{number}:{place}")
            outcome.stories[story.kind] += 1
            outcome.count(gate)
            if wrong:
                said = {"seed": seed, "chunk": number, "story": place, "kind": story.kind, "what": wrong}
                outcome.broken.append(said | {"last": gate.onlooker.trace()})
                break
        outcome.lane_s = gate.loop.time() - began_s
        outcome.events.update(gate.onlooker.counts)
        journal, key = gate.controller.journal.path, gate.controller.identity.public_key
        gate.onlooker.broken = None
        if only is None and not outcome.broken:
            await gate.committed()
            verdict = verify(journal, key)
            if not verdict.ok:
                outcome.broken.append({"seed": seed, "chunk": number, "what": f"journal: {verdict}"})
    return outcome


def run_chunk(config: Config, prepared: Path, place: Path, seed: int, number: int, only: int | None = None) -> Outcome:
    """A chunk in a folder of its own."""
    with state_folder(prepared, place) as folder:
        try:
            return run_virtual(chunk(config, folder, seed, number, only), wall_s_max=CHUNK_WALL_S_MAX, block_s_max=20)
        except Exception as error:  # noqa: BLE001 - told with its seed, and counted as broken
            outcome = Outcome()
            what = "".join(traceback.format_exception(error)[-3:])
            outcome.broken.append({"seed": seed, "chunk": number, "what": f"chunk: {what}"})
            return outcome


def work(passages: int, seed: int, first: int, stride: int, failures_max: int) -> Outcome:
    """Chunks until so many passages are proven."""
    total = Outcome()
    number = first
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        prepared = Path(name) / "prepared"
        prepared.mkdir()
        config = prepare(prepared)
        while total.passages < passages and len(total.broken) < failures_max:
            total.add(run_chunk(config, prepared, Path(name) / str(number), seed, number))
            number += stride
    return total


def run(passages: int, seed: int, processes: int = 1, failures_max: int = FAILURES_TOLD) -> dict[str, Any]:
    """All of it, as the line of JSON says it."""
    began_ns = now_ns()
    share = -(-passages // processes)
    if processes == 1:
        total = work(share, seed, 0, 1, failures_max)
    else:
        total = Outcome()
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            for part in pool.starmap(work, [(share, seed, at, processes, failures_max) for at in range(processes)]):
                total.add(part)
    real_s = (now_ns() - began_ns) / 1e9
    return {
        "passages": total.passages,
        "people_and_bicycles": total.others,
        "seed": seed,
        "processes": processes,
        "through": "the whole controller, real drivers, bus and journal; one process, virtual time",
        "stories": dict(sorted(total.stories.items())),
        "strikes": total.strikes,
        "wrecks": total.wrecks,
        "false_greens": total.false_greens,
        "greens_while_the_open_limit_was_spoiled": dict(sorted(total.lying_greens.items())),
        "near": total.near,
        "crashes_into_a_closed_barrier": total.crashes,
        "events": dict(sorted(total.events.items())),
        "broken": total.broken,
        "lane_hours": round(total.lane_s / 3600, 1),
        "real_s": round(real_s, 1),
        "passages_a_second": round(total.passages / real_s, 1),
        "times_real": round(total.lane_s / real_s),
    }


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.lanes.passages", description=__doc__)
    parser.add_argument("--passages", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--failures", type=int, default=FAILURES_TOLD, help="stop after so many")
    parser.add_argument("--chunk", type=int, help="tell this chunk again")
    parser.add_argument("--story", type=int, help="and of it this story alone, after one vehicle")
    asked = parser.parse_args(arguments)
    if asked.chunk is None:
        told = run(asked.passages, asked.seed, asked.processes, asked.failures)
    else:
        with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
            prepared = Path(name) / "prepared"
            prepared.mkdir()
            config = prepare(prepared)
            outcome = run_chunk(config, prepared, Path(name) / "chunk", asked.seed, asked.chunk, asked.story)
        told = {"passages": outcome.passages, "stories": dict(outcome.stories), "broken": outcome.broken}
    print(json.dumps(told, ensure_ascii=False))
    return 1 if told["broken"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

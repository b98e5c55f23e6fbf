"""Tries every mutant of the tables of barrier and lane: `python -m tests.core.lanes.mutants [--tenth SEED] [--json]`.

A mutant is a table with one row deleted, ignored, sent elsewhere, robbed of an action or swapped with another. It is
killed by the first scenario that fails on it, or by a rule that it breaks in a slice. One that nothing notices is
compared with the real table, step by step (alike.py): where every step that comes to its row ends alike, it is
equivalent; where steps end differently inside and nothing ever shows, it is equivalent at the wires. Both are printed.
What is left survives, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from firmware.core.barrier.machines import TABLES as BARRIER_TABLES
from firmware.core.barrier.machines import Motion, MotionTrigger
from firmware.core.lane.machines import TABLES as LANE_TABLES
from tests.core.lanes import test_barrier, test_lane
from tests.core.lanes.alike import Alike, Broken, Different, Ground, alike_in_scenarios, alike_in_slice, ground_of
from tests.core.lanes.slices import BARRIER_SLICES, LANE_SLICES, SLICES
from tests.core.mutation import Mutant, Scenario, caught, mutants, scenarios_of, visits

MODULES: tuple[ModuleType, ...] = (
    test_barrier,
    test_lane,
    *(import_module(f"{__package__}.{file.stem}") for file in sorted(Path(__file__).parent.glob("test_rows_*.py"))),
)
TABLES = (*BARRIER_TABLES, *LANE_TABLES)
PROCESSES = 2
FATES = ("scenario", "walk", "equivalent", "equivalent at the wires", "unreachable", "survived")
KILLED = ("scenario", "walk")

# Rows that nothing comes to: each limit reports for itself, and `menshen check` refuses a drive without limits at both
# ends and an input that serves twice; so between its ends there is always a step at which neither end is proven.
UNREACHABLE: dict[tuple[str, Any, Any], str] = {
    ("motion", Motion.CLOSED, MotionTrigger.AT_OPEN): "a change of one limit cannot lead from end to end",
    ("motion", Motion.OPEN, MotionTrigger.AT_CLOSED): "a change of one limit cannot lead from end to end",
    ("motion", Motion.WARNING, MotionTrigger.OFF_LIMITS): (
        "what lets it leave its end without a jump (fire, isolation, stop, battery) ends the warning in the same step"
    ),
}


class Fate(NamedTuple):
    name: str
    fate: str  # one of FATES
    how: str = ""


# -- scenarios --------------------------------------------------------------------------------------------------------


def every_scenario() -> list[Scenario]:
    """Scenarios without parameters, and each case of those with one set of parameters."""
    found = scenarios_of(*MODULES)
    for module in MODULES:
        for name, value in vars(module).items():
            marks = getattr(value, "pytestmark", [])
            if name.startswith("test_") and len(marks) == 1 and marks[0].name == "parametrize":
                named, cases = marks[0].args[:2]
                keys = [key.strip() for key in named.split(",")] if isinstance(named, str) else list(named)
                for case in cases:
                    values = case if len(keys) > 1 else (case,)
                    bound = dict(zip(keys, values, strict=True))
                    found.append(lambda value=value, bound=bound: value(**bound))
    return found


@cache
def scenarios() -> tuple[tuple[dict[str, set[Any]], Scenario], ...]:
    """Every scenario with the pairs that it comes to; those that come to few stand first: they are short."""
    found = [(visits(TABLES, scenario), scenario) for scenario in every_scenario()]
    return tuple(sorted(found, key=lambda entry: sum(map(len, entry[0].values()))))


def unvisited() -> list[str]:
    """Rows that no scenario comes to, but for those that nothing can; and such a one that a scenario came to."""
    visited = {(name, *pair) for seen, _ in scenarios() for name, pairs in seen.items() for pair in pairs}
    rows = {(table.name, row.state, row.trigger) for table in TABLES for row in table.rows}
    return [f"{name}: {state} + {trigger}" for name, state, trigger in sorted((rows - visited) ^ set(UNREACHABLE))]


# -- one mutant -------------------------------------------------------------------------------------------------------


def every_mutant() -> list[Mutant]:
    return [mutant for table in TABLES for mutant in mutants(table)]


@cache
def ground(name: str) -> Ground:
    return ground_of(SLICES[name], TABLES)


def judge(mutant: Mutant) -> Fate:
    """What becomes of one mutant."""
    table = mutant.table.name
    reasons = {UNREACHABLE.get((table, *pair)) for pair in mutant.pairs}
    if None not in reasons:
        return Fate(mutant.name, "unreachable", "; ".join(sorted(map(str, reasons))))
    visitors = [scenario for seen, scenario in scenarios() if seen[table] & mutant.pairs]
    if caught(mutant, visitors):
        return Fate(mutant.name, "scenario")
    where = LANE_SLICES if mutant.table in LANE_TABLES else BARRIER_SLICES
    try:
        here = {name: alike_in_slice(mutant, ground(name)) for name in where}
        there = alike_in_scenarios(mutant, visitors)
    except Broken as error:
        return Fate(mutant.name, "walk", str(error))
    except Different as error:
        return Fate(mutant.name, "survived", str(error)[:400])
    if not there.steps:
        return Fate(mutant.name, "survived", "no scenario comes to its row")
    return _equivalent(mutant.name, there, [name for name, alike in here.items() if alike.steps], here)


def _equivalent(name: str, there: Alike, slices: list[str], here: dict[str, Alike]) -> Fate:
    steps = sum(alike.steps for alike in here.values())
    parted = there.parted + sum(alike.parted for alike in here.values())
    followed = there.followed + sum(alike.followed for alike in here.values())
    looked = f"{steps + there.steps} steps, {steps} of them in {len(slices)} slices"
    if not parted:
        return Fate(name, "equivalent", f"the same state after {looked}")
    return Fate(
        name,
        "equivalent at the wires",
        f"another state after {parted} of {looked}; in {followed} more from there nothing showed",
    )


# -- all of them ------------------------------------------------------------------------------------------------------


@cache
def _by_name() -> dict[str, Mutant]:
    return {mutant.name: mutant for mutant in every_mutant()}


def _judge_by_name(name: str) -> Fate:
    return judge(_by_name()[name])


def chosen(tenth: int | None) -> list[str]:
    """All names, or a seeded tenth of them."""
    names = [mutant.name for mutant in every_mutant()]
    return names if tenth is None else random.Random(tenth).sample(names, len(names) // 10)


def tried(names: Sequence[str], processes: int) -> Iterable[Fate]:
    if processes == 1:
        yield from map(_judge_by_name, names)
        return
    with ProcessPoolExecutor(processes) as pool:
        yield from pool.map(_judge_by_name, names, chunksize=16)


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.core.lanes.mutants", description=__doc__.partition("\n")[0])
    parser.add_argument("--tenth", type=int, metavar="SEED", help="a tenth of them, drawn by this seed")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    names, missed = chosen(arguments.tenth), unvisited()
    fates: dict[str, list[Fate]] = {fate: [] for fate in FATES}
    for number, fate in enumerate(tried(names, arguments.processes), 1):
        fates[fate.fate].append(fate)
        if number % 200 == 0 and not arguments.json:
            print(f"{number} of {len(names)}", file=sys.stderr, flush=True)
    if arguments.json:
        lists = {key: [fate._asdict() for fate in found] for key, found in fates.items() if key not in KILLED}
        counts = {"mutants": len(names)} | {key: len(found) for key, found in fates.items()}
        print(json.dumps({"counts": counts, "unvisited": missed} | lists, indent=1))
    else:
        for key in FATES[len(KILLED) :]:
            for fate in fates[key]:
                print(f"{key}: {fate.name}: {fate.how}")
        print(*(f"unvisited: {row}" for row in missed), sep="\n", end="\n" if missed else "")
        print(f"{len(names)} mutants: " + ", ".join(f"{len(found)} {key}" for key, found in fates.items()))
    return 1 if fates["survived"] or missed else 0


if __name__ == "__main__":
    sys.exit(main())

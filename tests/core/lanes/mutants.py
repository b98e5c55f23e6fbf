"""Tries every mutant of the tables of barrier and lane: `python -m tests.core.lanes.mutants [--tenth SEED]`.

A mutant is a table with one row deleted, ignored, sent elsewhere, robbed of an action or swapped with another. It is
killed by the first scenario that fails on it, or else by the first counterexample that a walk of some slice meets, at the
smallest bound first. One that nothing notices is compared with the real table: where the reachable graphs of every slice
that comes to the row are equal, it is equivalent, and printed; else it survives, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import Any, NamedTuple

from firmware.core.barrier.machines import TABLES as BARRIER_TABLES
from firmware.core.lane.machines import TABLES as LANE_TABLES
from tests.core.lanes import test_barrier, test_lane
from tests.core.lanes.explore import Counterexample, explore
from tests.core.lanes.slices import BARRIER_SLICES, LANE_SLICES, SLICES
from tests.core.mutation import Mutant, Scenario, caught, mutants, planted, scenarios_of, visits

TABLES = (*BARRIER_TABLES, *LANE_TABLES)
BOUNDS = (400, 4_000)  # states of a slice; nearly everything dies at the first
EQUAL_MAX = 8_000  # states compared of each slice that comes to the row
PROCESSES = 2


class Fate(NamedTuple):
    name: str
    fate: str  # scenario, walk, equivalent, survived
    how: str = ""


class Ground(NamedTuple):
    """What mutants are tried on: scenarios and slices with the pairs that each comes to."""

    scenarios: tuple[tuple[dict[str, set[Any]], Scenario], ...]
    slices: dict[str, dict[str, set[Any]]]
    digests: dict[str, int]


def ground() -> Ground:
    """Run everything once on the real tables, and note which pairs it comes to."""
    scenarios = tuple((visits(TABLES, scenario), scenario) for scenario in every_scenario())
    slices, digests = {}, {}
    for name in SLICES:
        walked: list[int] = []
        slices[name] = visits(TABLES, lambda name=name, walked=walked: walked.append(_digest(name)))
        digests[name] = walked[0]
    return Ground(scenarios, slices, digests)


def _digest(name: str) -> int:
    return explore(SLICES[name](), EQUAL_MAX).digest


def every_scenario() -> list[Scenario]:
    """Scenarios without parameters, and each case of those with parameters."""
    found = scenarios_of(test_barrier, test_lane)
    for module in (test_barrier, test_lane):
        for name, value in vars(module).items():
            marks = getattr(value, "pytestmark", [])
            if name.startswith("test_") and len(marks) == 1 and marks[0].name == "parametrize":
                keys, cases = [key.strip() for key in marks[0].args[0].split(",")], marks[0].args[1]
                for case in cases:
                    values = case if len(keys) > 1 else (case,)
                    bound = dict(zip(keys, values, strict=True))
                    found.append(lambda value=value, bound=bound: value(**bound))
    return found


def every_mutant() -> list[Mutant]:
    return [mutant for table in TABLES for mutant in mutants(table)]


def judge(mutant: Mutant, on: Ground) -> Fate:
    """What becomes of one mutant."""
    table = mutant.table.name
    visitors = [scenario for seen, scenario in on.scenarios if seen[table] & mutant.pairs]
    if caught(mutant, visitors):
        return Fate(mutant.name, "scenario")
    kind = LANE_SLICES if mutant.table in LANE_TABLES else BARRIER_SLICES
    there = [name for name in kind if on.slices[name][table] & mutant.pairs]
    with planted(mutant.table, mutant.cells):
        for bound in BOUNDS:
            for name in there:
                try:
                    explore(SLICES[name](), bound)
                except Counterexample as error:
                    return Fate(mutant.name, "walk", f"{name}: {str(error).splitlines()[0]}")
                except Exception as error:  # noqa: BLE001 - an unlisted pair or a broken assertion of ours
                    return Fate(mutant.name, "walk", f"{name}: {error!r}")
        try:
            if there and all(_digest(name) == on.digests[name] for name in there):
                return Fate(mutant.name, "equivalent", f"the same graph in {', '.join(there)}")
        except Exception as error:  # noqa: BLE001 - the same, further on
            return Fate(mutant.name, "walk", repr(error)[:200])
    return Fate(mutant.name, "survived", f"visited by {len(visitors)} scenarios and {len(there)} slices")


_GROUND: Ground | None = None


def _judge_by_name(name: str) -> Fate:
    global _GROUND
    _GROUND = _GROUND or ground()
    return judge(next(mutant for mutant in every_mutant() if mutant.name == name), _GROUND)


def unvisited(on: Ground) -> list[str]:
    """Rows that no scenario comes to."""
    return [
        f"{table.name}: {row.state} + {row.trigger}"
        for table in TABLES
        for row in table.rows
        if not any((row.state, row.trigger) in seen[table.name] for seen, _ in on.scenarios)
    ]


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
    names = chosen(arguments.tenth)
    fates: dict[str, list[Fate]] = {"scenario": [], "walk": [], "equivalent": [], "survived": []}
    for number, fate in enumerate(tried(names, arguments.processes), 1):
        fates[fate.fate].append(fate)
        if number % 200 == 0 and not arguments.json:
            print(f"{number} of {len(names)}", file=sys.stderr, flush=True)
    if arguments.json:
        print(
            json.dumps(
                {"mutants": len(names)}
                | {key: len(found) for key, found in fates.items()}
                | {key: [fate._asdict() for fate in fates[key]] for key in ("equivalent", "survived")},
                indent=1,
            )
        )
    else:
        for key in ("equivalent", "survived"):
            for fate in fates[key]:
                print(f"{key}: {fate.name}: {fate.how}")
        print(f"{len(names)} mutants: " + ", ".join(f"{len(found)} {key}" for key, found in fates.items()))
    return 1 if fates["survived"] else 0


if __name__ == "__main__":
    sys.exit(main())

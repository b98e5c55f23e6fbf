"""Builds the machine of the rig and runs scripts in it: `python -m tests.rig.run [SCRIPT...]` (`make rig`: all).

Each script has a machine of its own, and as many run at once as this one has processors, two at most: a machine counts
its instructions, so that what runs beside it changes no figure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from firmware.bench.clock import monotonic_ns
from tests.rig import cuts, machine
from tests.rig.build import Built, Say
from tests.rig.build import machine as build_machine
from tests.rig.debian import RigError
from tests.rig.machine import SCRIPT_S_MAX, Task
from tests.rig.project import INSIDE
from tests.rig.report import Outcome, as_json, table

# Parts of others, and scripts of other programs.
NO_SCRIPTS = frozenset(["init", "says", "chips", "gate", "reader", "peer", "faults", "power"])
LIMITS_S = {"frames": 3_000.0, "controller": 1_200.0}  # of the machine's time
# A pulse of 20 us cannot be played where the kernel needs longer for an edge, as it does in the slow machine: on one
# processor the wires' far end has to wait for it.
QUICK_SCRIPTS = frozenset(["frames"])
AT_ONCE_MAX = 2  # a machine takes a processor and 1 GB
UNSYNCED_CUTS = 3  # a build that acknowledges before it writes is found out by the first of them

Part = tuple[str, Callable[[Say], Outcome]]


def scripts() -> list[str]:
    """The scripts that run by themselves."""
    return sorted(path.stem for path in INSIDE.glob("*.py") if path.stem not in NO_SCRIPTS)


def script_part(built: Built, name: str, arguments: dict[str, Any]) -> Part:
    def run(say: Say) -> Outcome:
        task = Task(name, arguments, LIMITS_S.get(name, SCRIPT_S_MAX))
        shift = machine.QUICK if name in QUICK_SCRIPTS else machine.SLOW
        started_ns = monotonic_ns()
        [result] = machine.run(built, [task], say, shift=shift).values()
        return Outcome.of(result, (monotonic_ns() - started_ns) / 1e9)

    return name, run


def cuts_part(built: Built, count: int, build: str) -> Part:
    """Real power cuts. What is "unsynced" must be found out."""
    name = "power cuts" if build == "honest" else f"a build that is {build} is found out"

    def run(say: Say) -> Outcome:
        started_ns = monotonic_ns()
        wrong = cuts.cut(built, count, cuts.SEED, say, build)
        took_s = (monotonic_ns() - started_ns) / 1e9
        if build == "honest":
            return Outcome(name, not wrong, count, took_s, wrong=tuple(wrong))
        return Outcome(name, bool(wrong), count, took_s, wrong=() if wrong else ("nothing was found wrong",))

    return name, run


def all_done(parts: list[Part], at_once: int, say: Say) -> Iterator[Outcome]:
    """Each part's outcome, in their order. One that breaks keeps no other from its end."""

    def one(numbered: tuple[int, Part]) -> Outcome:
        number, (name, run) = numbered
        say(f"-- {name} ({number} of {len(parts)})")
        started_ns = monotonic_ns()
        try:
            done = run(lambda line: say(f"{name}: {line.strip()}"))
        except RigError as error:
            done = Outcome(name, False, 0, (monotonic_ns() - started_ns) / 1e9, wrong=tuple(str(error).splitlines()))
        say(f"== {name}: {done.took_s:.0f} s{'' if done.ok else ', FAILED'}")
        return done

    with ThreadPoolExecutor(at_once) as pool:
        yield from pool.map(one, enumerate(parts, 1))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig.run", description=__doc__)
    parser.add_argument("script", nargs="*", choices=[[], *scripts()], help="default: all of them, and the power cuts")
    parser.add_argument("--arguments", type=json.loads, default={}, help="of the scripts, as JSON", metavar="JSON")
    parser.add_argument(
        "--cuts", type=int, metavar="N", help=f"power cuts; default: {cuts.CUTS} where no script is named"
    )
    parser.add_argument("--at-once", type=int, default=min(AT_ONCE_MAX, os.cpu_count() or 1), metavar="N",
                        help="machines that run beside each other")  # fmt: skip
    parser.add_argument("--json", action="store_true", help="the outcome as JSON; progress goes to standard error")
    given = parser.parse_args()
    to = sys.stderr if given.json else sys.stdout

    def say(line: str) -> None:
        if ": acknowledged " not in line:  # each row that a power cut must not lose
            print(line, file=to, flush=True)

    started_ns = monotonic_ns()
    try:
        built = build_machine(say)
    except RigError as error:
        print(error, file=sys.stderr)
        return 1
    say(f"machine: ready to start after {built.built_s:.1f} s")
    parts = [script_part(built, name, given.arguments) for name in given.script or scripts()]
    count = given.cuts if given.cuts is not None else (0 if given.script else cuts.CUTS)
    if count:
        parts += [cuts_part(built, count, "honest"), cuts_part(built, UNSYNCED_CUTS, "unsynced")]
    outcomes = list(all_done(parts, given.at_once, say))
    took_s = (monotonic_ns() - started_ns) / 1e9
    if given.json:
        print(json.dumps(as_json(outcomes, took_s)))
    else:
        wrong = sum(not each.ok for each in outcomes)
        print(
            "\n".join(["", *table(outcomes), "", f"rig: {len(outcomes)} parts, {wrong} failed, {took_s:.0f} s in all"])
        )
    return 0 if all(each.ok for each in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main())

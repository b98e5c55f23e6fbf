"""Builds the machine of the rig and runs scripts in it: `python -m tests.rig.run [SCRIPT...]` (`make rig`: all)."""

from __future__ import annotations

import argparse
import sys

from firmware.bench.clock import monotonic_ns
from tests.rig import machine
from tests.rig.build import machine as build_machine
from tests.rig.debian import RigError
from tests.rig.machine import INSIDE, SCRIPT_S_MAX, Task

# Parts of others, and scripts of other programs.
NO_SCRIPTS = frozenset(["init", "says", "chips", "gate", "reader", "peer", "faults", "power"])
LIMITS_S = {"frames": 3_000.0}  # of the machine's time


def scripts() -> list[str]:
    """The scripts that run by themselves."""
    return sorted(path.stem for path in INSIDE.glob("*.py") if path.stem not in NO_SCRIPTS)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig.run", description=__doc__)
    parser.add_argument("script", nargs="*", choices=[[], *scripts()], help="default: all of them")
    asked = parser.parse_args().script or scripts()
    started_ns = monotonic_ns()
    try:
        built = build_machine(print)
        print(f"machine: ready to start after {built.built_s:.1f} s", flush=True)
        tasks = [Task(name, limit_s=LIMITS_S.get(name, SCRIPT_S_MAX)) for name in asked]
        results = machine.run(built, tasks, lambda line: print(line, flush=True))
    except RigError as error:
        print(error, file=sys.stderr)
        return 1
    wrong = [name for name, result in results.items() if not result.ok]
    print(f"rig: {len(results)} scripts, {len(wrong)} failed, {(monotonic_ns() - started_ns) / 1e9:.1f} s in all")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

"""Real power cuts: the machine is killed in a storm of cards, and started again on the disk that is left of it.

`python -m tests.rig.cuts --cuts 20 --seed 1`. After each cut `menshen journal verify` must find the journal whole, and
every event that the controller had told as committed must be there. The disk is written through: what the machine's
kernel was told to be on the disk is there, and nothing else is certain.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
from pathlib import Path

from tests.rig.build import Built, Say
from tests.rig.build import machine as build_machine
from tests.rig.debian import RigError
from tests.rig.machine import Task, started

CUTS = 20
SEED = 1
DISK_BYTES = 256 << 20
ROWS_MAX = 40  # told before the cut
DELAY_S_MAX = 0.3  # from the last of them to the cut: in the middle of whatever is being written then
STARTS_S_MAX = 300.0  # of the machine's time


def cut(built: Built, cuts: int, seed: int, say: Say, build: str = "honest") -> list[str]:
    """Cut the power so many times; what went wrong, a line each. Raises RigError when a machine does not come up."""
    chance = random.Random(seed)
    wrong: list[str] = []
    acknowledged: tuple[int, int] | None = None
    with tempfile.TemporaryDirectory(prefix="menshen-rig-disk-") as name:
        disk = Path(name) / "disk"
        with disk.open("wb") as made:
            made.truncate(DISK_BYTES)
        for number in range(cuts + 1):
            told = _one(built, disk, acknowledged, chance, number < cuts, say, build)
            wrong += [f"after cut {number} (seed {seed}): {each}" for each in told.wrong]
            if wrong:
                break  # what follows would rest on a broken journal
            acknowledged = told.acknowledged or acknowledged
            say(f"cut {number + 1} of {cuts} behind row {acknowledged}" if number < cuts else "no more cuts")
    return wrong


class _Told:
    """What one run of the machine told before its power was cut."""

    def __init__(self) -> None:
        self.acknowledged: tuple[int, int] | None = None
        self.rows = 0
        self.wrong: list[str] = []


def _one(
    built: Built, disk: Path, last: tuple[int, int] | None, chance: random.Random, storms: bool, say: Say, build: str
) -> _Told:
    told = _Told()
    wanted, delay_s = chance.randint(1, ROWS_MAX), chance.uniform(0.0, DELAY_S_MAX)
    task = Task("power", {"acknowledged": last, "storms": storms, "build": build}, STARTS_S_MAX)
    with started(built, [task], say, disk=disk) as machine:

        def on_news(script: str, text: str) -> bool:
            if text.startswith("acknowledged "):
                epoch, seq = map(int, text.split()[1:])
                told.acknowledged = max(told.acknowledged or (0, 0), (epoch, seq))
                told.rows += 1
                if told.rows == wanted:
                    threading.Timer(delay_s, machine.cut).start()
            return True

        results = machine.run(on_news)
    result = results.get("power")
    told.wrong = [] if result is None else [f"{check.what}: {check.found}" for check in result.checks if not check.ok]
    if not told.wrong and (result is None or (storms and told.rows < wanted)):
        raise RigError(f"the machine did not come to its storm:\n{result}\n" + "\n".join(machine.console[-20:]))
    if not told.wrong and not storms and not result.ok:
        told.wrong.append(str(result))
    return told


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.rig.cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=CUTS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--build", choices=("honest", "unsynced"), default="honest", help="unsynced: must be found out")
    arguments = parser.parse_args()

    def say(line: str) -> None:
        if not line.lstrip().startswith("acknowledged "):
            print(line, flush=True)

    try:
        wrong = cut(build_machine(say), arguments.cuts, arguments.seed, say, arguments.build)
    except RigError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join([*wrong, f"power cuts: {arguments.cuts}, {len(wrong)} faults"]))
    return 0 if bool(wrong) is (arguments.build == "unsynced") else 1


if __name__ == "__main__":
    sys.exit(main())

"""`menshen safe FILE`: puts every output to its declared safe level. Run after every death of the controller.

It shares nothing with the controller but configuration and drivers, takes no claim, and ends within a second.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from pathlib import Path

from firmware.config.document import wiring_of
from firmware.config.problem import Problems
from firmware.controller.board import safe_lines_of, salvaged
from firmware.controller.errors import ControllerError, SafeError, WiringError
from firmware.controller.priority import take_priority

__all__ = ["SafeError", "add_arguments", "make_safe", "run"]

SAID_NO, MISUSED = 1, 2
NOT_REACHED = ("safe_failed", "indicator_failures")  # counters of drivers whose safe() did not get through


def make_safe(config_path: Path, wires: Path | None) -> list[str]:
    """Call safe() of every device; returns their ids.

    A device whose table is right is made safe whatever else is wrong in the file. Raises SafeError where an output
    could not be reached or a device's table is wrong, after all others have been tried; WiringError where there is
    nothing to try.
    """
    if not config_path.is_file():
        raise WiringError(f"{config_path}: there is no such file, so no device is known that could be made safe")
    wiring = wiring_of(config_path, Problems())
    lines = safe_lines_of(wiring.board, wires)
    drivers, wrong = salvaged(config_path, lines, wiring)
    if not drivers:
        raise WiringError(f"{config_path} names no device that could be made safe; see `menshen check`")
    done: list[str] = []
    failed: list[str] = []
    try:
        with contextlib.ExitStack() as outputs:  # each is called, whatever mistake another one makes
            for driver in reversed(drivers):  # the first one is called first
                outputs.callback(driver.safe)
        for driver in drivers:
            counts = driver.counters()
            (failed if any(counts.get(key) for key in NOT_REACHED) else done).append(driver.id)
    finally:
        lines.close()
    if wrong:
        raise SafeError(
            f"{', '.join(wrong)} may still be released: {config_path} has problems there, which `menshen check` lists"
            + (f"; and {', '.join(failed)} could not be reached" if failed else "")
        )
    if failed:
        raise SafeError(
            f"{', '.join(failed)} could not be reached and may still be released"
            + (f" ({lines.why})" if lines.why else "")
            + f": look at {'the board' if wires is None else f'its wires ({wires})'}, and at the doors themselves"
        )
    return done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--wires", type=Path, metavar="SOCKET", help="simulated wires: the socket of their far end")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def run(arguments: argparse.Namespace) -> int:
    take_priority()  # what held the gate open is dead: nothing on this board is more urgent
    try:
        done = make_safe(arguments.file, arguments.wires)
    except SafeError as error:
        print(f"menshen safe: {error}", file=sys.stderr)
        return SAID_NO
    except ControllerError as error:
        print(f"menshen safe: {error}", file=sys.stderr)
        return MISUSED
    print(json.dumps({"safe": done}) if arguments.json else "safe: " + ", ".join(done))
    return 0

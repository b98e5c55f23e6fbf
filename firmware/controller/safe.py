"""`menshen safe FILE`: puts every output to its declared safe level. Run after every death of the controller.

It shares nothing with the controller but configuration and drivers, takes no claim, and ends within a second.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from firmware.config import load
from firmware.controller.board import build, safe_lines


class SafeError(Exception):
    """Not every output could be reached: which, and why."""


def make_safe(config_path: Path, wires: Path | None) -> list[str]:
    """Call safe() of every device that has an output; returns their ids. Raises SafeError."""
    config, problems = load(config_path)
    if config is None:
        raise SafeError(f"{config_path} has {len(problems)} problems; `menshen check` lists them")
    lines = safe_lines(wires)
    board = build(config, lines)
    done = []
    try:
        for name, driver in board.drivers.items():
            driver.safe()
            done.append(name)
    finally:
        lines.close()
    return done


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--wires", type=Path, metavar="SOCKET", help="simulated wires: the socket of their far end")
    parser.add_argument("--json", action="store_true", help="the outcome as JSON")


def run(arguments: argparse.Namespace) -> int:
    try:
        done = make_safe(arguments.file, arguments.wires)
    except SafeError as error:
        print(f"menshen safe: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"safe": done}) if arguments.json else "safe: " + ", ".join(done))
    return 0

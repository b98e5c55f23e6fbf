"""`menshen check FILE`: every problem of a configuration at once, and the wiring table when there is none."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import msgspec

from firmware.config import Problem, draft
from firmware.controller.board import describe
from firmware.controller.kinds import typed
from firmware.controller.policies import check_policies
from firmware.controller.wiring import Unverified, Wire, table_of, unverified_of, wires_of
from firmware.texts import LANGUAGES, Texts, texts


class Report(msgspec.Struct, frozen=True):
    """What a check found. `wires` and `unverified` are empty while there are problems. `board` is the board's title."""

    file: str
    problems: tuple[Problem, ...]
    board: str = ""
    wires: tuple[Wire, ...] = ()
    unverified: tuple[Unverified, ...] = ()


def check(path: Path) -> Report:
    """Check the file, its board and wires, and the policies. Never raises for what the file holds."""
    made = draft(path)
    problems = made.problems
    board = None
    if made.site is not None or made.board:
        board = describe(made.board, problems) if made.board else None
        devices = typed(made.devices, problems)
        check_policies(made, devices, board, problems)
    if problems.found:
        return Report(str(path), tuple(problems.found))
    assert board is not None
    unverified = unverified_of(devices)
    if not board.verified:
        unverified.insert(0, Unverified("board", board.title, board.source))
    return Report(str(path), (), board.title, tuple(wires_of(made, devices, board)), tuple(unverified))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `menshen check`."""
    parser.add_argument("file", type=Path, metavar="FILE", help="the site file")
    parser.add_argument("--json", action="store_true", help="for programs: problems, or the wires")
    parser.add_argument("--language", choices=sorted(LANGUAGES), help="of the table (default: the terminal's)")


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: no problem; 1: problems."""
    report = check(arguments.file)
    said = texts(arguments.language or os.environ.get("LANG", "en"))
    if arguments.json:
        print(json.dumps(_plain(report, texts("en")), ensure_ascii=False, indent=2))
    elif report.problems:
        print(_lines(report, said), file=sys.stderr)
    else:
        print(said.say("check.none", file=report.file))
        print(said.say("check.wiring", board=report.board))
        print()
        print(table_of(report.wires, said))
        for each in report.unverified:
            print(said.say("check.unverified", device=each.device, title=each.title, source=each.source))
    return 1 if report.problems else 0


def _lines(report: Report, said: Texts) -> str:
    lines = [problem.line(said) for problem in report.problems]
    return "\n".join([*lines, said.say("check.count", count=len(lines), file=report.file)])


def _plain(report: Report, said: Texts) -> dict[str, object]:
    """The report as JSON: `rule` is stable, `allowed` is for reading."""
    return {
        "file": report.file,
        "ok": not report.problems,
        "problems": [
            {
                "path": problem.path,
                "found": problem.found,
                "rule": problem.rule,
                "allowed": problem.allowed(said),
                "near": problem.near,
            }
            for problem in report.problems
        ],
        "board": report.board,
        "wires": [msgspec.to_builtins(wire) for wire in report.wires],
        "unverified": [msgspec.to_builtins(each) for each in report.unverified],
    }

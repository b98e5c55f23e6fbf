"""`menshen roster build`: makes a signed roster from its sources; every bad row is named."""

from __future__ import annotations

import argparse
import json
import sys

import msgspec

from firmware.config import escaped
from firmware.roster.build import build
from firmware.roster.commands.arguments import a_version
from firmware.roster.errors import RosterRefused
from firmware.terminal import DONE, SAID_NO, Progress, a_path, add_language, language_of, own_identity


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    making = actions.add_parser("build", help="make and sign a roster; every bad row is named")
    making.add_argument("holders", type=a_path, metavar="HOLDERS.csv", help="the table of holders and credentials")
    making.add_argument("rules", type=a_path, metavar="RULES.toml", help="profiles, schedules, special days")
    making.add_argument("out", type=a_path, metavar="OUT", help="the roster; a file there is replaced if all is well")
    making.add_argument(
        "--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder, whose key signs"
    )
    making.add_argument(
        "--version", type=a_version, metavar="N", required=True, help="higher than that of every roster before"
    )
    add_language(making)
    making.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: built; 1: refused."""
    signer = own_identity(arguments.state)
    sources = (arguments.holders, arguments.rules)
    # As old as its newest source, not as this run: the same sources give the same file, byte for byte.
    created_s = max(0, *(int(source.stat().st_mtime) for source in sources))
    progress = Progress()
    try:
        report = build(
            *sources, arguments.out, signer, version=arguments.version, created_s=created_s, progress=progress.rows
        )
    except RosterRefused as refused:
        progress.end()
        return _say_refused(arguments, refused)
    finally:
        progress.end()
    if arguments.json:
        print(json.dumps({"ok": True, **msgspec.to_builtins(report), "signer": signer.public_key.hex()}))
        return DONE
    said = language_of(arguments)
    counts = {"rows": report.rows, "holders": report.holders, "credentials": report.credentials}
    print(said.say("roster.built", file=escaped(report.path), version=report.version, **counts))
    print(said.say("roster.next"))
    return DONE


def _say_refused(arguments: argparse.Namespace, refused: RosterRefused) -> int:
    """Every problem, in the order in which they were found."""
    if arguments.json:
        problems = [problem._asdict() for problem in refused.problems]
        print(json.dumps({"ok": False, "problems": problems, "more": refused.more}))
        return SAID_NO
    for problem in refused.problems:
        print(escaped(str(problem)), file=sys.stderr)
    text = "roster.refused_more" if refused.more else "roster.refused"
    print(language_of(arguments).say(text, count=len(refused.problems)), file=sys.stderr)
    return SAID_NO

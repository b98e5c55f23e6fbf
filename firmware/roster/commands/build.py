"""`menshen roster build`: makes a signed roster from its sources; every bad row is named. May hand it in, too."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.identity import Identity
from firmware.roster.authority import read_authority
from firmware.roster.build import BuildReport, build, build_source
from firmware.roster.commands.arguments import a_version
from firmware.roster.errors import RosterForeign, RosterRefused
from firmware.roster.handover import Answer, answer, hand_in, newest_version
from firmware.roster.source.errors import SourceMissing
from firmware.roster.source.store import Source
from firmware.roster.staging import FACE_ONLY
from firmware.terminal import (
    DONE,
    SAID_NO,
    Progress,
    TerminalError,
    a_path,
    add_language,
    language_of,
    own_identity,
)

ROSTER_FOLDER = "roster"  # in the controller's state folder


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    making = actions.add_parser(
        "build",
        help="make and sign a roster; every bad row is named",
        usage="menshen roster build (SOURCE | HOLDERS.csv RULES.toml) OUT --state DIR [--version N] [--install]",
    )
    making.add_argument(
        "files",
        type=a_path,
        nargs="+",
        metavar="SOURCE OUT",
        help="an editable source, or a table of holders and its rules; then the roster, replaced if all is well",
    )
    making.add_argument(
        "--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder, whose key signs"
    )
    making.add_argument(
        "--version", type=a_version, metavar="N", help="higher than that of every roster before; a source knows it"
    )
    making.add_argument("--at-least", type=a_version, metavar="N", default=1, help="a lower version will not do")
    making.add_argument("--install", action="store_true", help="hand it in to the controller, and wait for its answer")
    add_language(making)
    making.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: built, and taken where that was asked for; 1: refused."""
    signer = own_identity(arguments.state)
    folder = arguments.state / ROSTER_FOLDER
    if arguments.install:
        _may_sign(folder, signer)
    progress = Progress()
    try:
        report = _build(arguments, folder, signer, progress)
    except RosterRefused as refused:
        progress.end()
        return _say_refused(arguments, refused)
    finally:
        progress.end()
    told: dict[str, Any] = {"ok": True, **msgspec.to_builtins(report), "signer": signer.public_key.hex()}
    if not arguments.json:
        _say_built(arguments, report)
    status = _install(arguments, Path(report.path), folder, told) if arguments.install else DONE
    if arguments.json:
        print(json.dumps(told))
    return status


def _build(arguments: argparse.Namespace, folder: Path, signer: Identity, progress: Progress) -> BuildReport:
    """From two files, or from three."""
    *sources, out = arguments.files
    if len(sources) == 1:
        at_least = max(arguments.at_least, newest_version(folder) + 1)
        try:
            with Source.open(sources[0]) as source:
                return build_source(
                    source, out, signer, version=arguments.version, at_least=at_least, progress=progress.rows
                )
        except SourceMissing as error:
            raise TerminalError(str(error)) from error
    if len(sources) != 2:
        raise TerminalError("build: give SOURCE OUT, or HOLDERS.csv RULES.toml OUT")
    if arguments.version is None:
        raise TerminalError("build: a table does not know what was built before: give --version N")
    # As old as its newest source, not as this run: the same sources give the same file, byte for byte.
    created_s = max(0, *(int(source.stat().st_mtime) for source in sources))
    table, rules = sources
    return build(table, rules, out, signer, version=arguments.version, created_s=created_s, progress=progress.rows)


def _may_sign(folder: Path, signer: Identity) -> None:
    """A controller that was adopted takes its community's rosters only; what the site file says it knows itself."""
    authority = read_authority(folder, signer)
    if authority.adoption is not None and signer.public_key not in authority.signers:
        raise RosterForeign(
            f"This controller was adopted by {escaped(authority.adoption.community)}: its rosters are built and signed "
            "there, and it would refuse one of its own."
        )


def _install(arguments: argparse.Namespace, built: Path, folder: Path, told: dict[str, Any]) -> int:
    """Hand it in; what the controller answered, in words or for `told`."""
    what, why = asyncio.run(answer(hand_in(built, folder)))
    told |= {"ok": what is Answer.TAKEN, "controller": what.value, "why": why}
    if not arguments.json:
        said = language_of(arguments).say(f"roster.handed.{what.value}", why=escaped(why))
        print(said, file=sys.stdout if what is Answer.TAKEN else sys.stderr)
    return DONE if what is Answer.TAKEN else SAID_NO


def _say_built(arguments: argparse.Namespace, report: BuildReport) -> None:
    said = language_of(arguments)
    counts = {"holders": report.holders, "credentials": report.credentials}
    named = {"file": escaped(report.path), "version": report.version}
    if report.source:
        batch = report.source.partition(":")[0]
        print(said.say("roster.built_source", **named, **counts, batch=batch, changes=report.changes))
    else:
        print(said.say("roster.built", **named, rows=report.rows, **counts))
    if not arguments.install:
        print(said.say("roster.next"))


def _say_refused(arguments: argparse.Namespace, refused: RosterRefused) -> int:
    """Every problem, in the order in which they were found."""
    if arguments.json:
        problems = [problem._asdict() for problem in refused.problems]
        print(json.dumps({"ok": False, "problems": problems, "more": refused.more}))
        return SAID_NO
    said = language_of(arguments)
    for problem in refused.problems:
        told = problem._replace(allowed=said.say("roster.face_only")) if problem.allowed == FACE_ONLY else problem
        print(escaped(str(told)), file=sys.stderr)
    text = "roster.refused_more" if refused.more else "roster.refused"
    print(said.say(text, count=len(refused.problems)), file=sys.stderr)
    return SAID_NO

"""`menshen roster build|verify`: makes a signed roster from its sources, or says whether a file may be trusted."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.identity import IdentityError, id_of
from firmware.roster.build import build
from firmware.roster.errors import RosterError, RosterMissing, RosterRefused
from firmware.roster.roster import open_roster
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    Progress,
    TerminalError,
    a_key,
    a_path,
    add_language,
    complain,
    language_of,
    moment,
    own_identity,
    prepare_output,
    quoted,
)

VERSION_MAX = (1 << 63) - 1  # SQLite's and JSON readers' whole numbers


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen roster`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
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
    proving = actions.add_parser("verify", help="whether it is what a trusted key signed, byte for byte")
    proving.add_argument("file", type=a_path, metavar="FILE", help="a roster")
    trust = proving.add_mutually_exclusive_group(required=True)
    trust.add_argument("--state", type=a_path, metavar="DIR", help="trust the controller whose state folder this is")
    trust.add_argument(
        "--key", type=a_key, metavar="HEX", action="append", help="trust this public key; may be given again"
    )
    add_language(proving)


def a_version(text: str) -> int:
    """Return a version of a roster."""
    digits_max = len(str(VERSION_MAX))
    if not text.isascii() or not text.isdecimal() or len(text) > digits_max or not 1 <= int(text) <= VERSION_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no version: a whole number from 1 is allowed")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: built, good; 1: refused; 2: misused, or a file that is not there."""
    prepare_output()
    command = {"build": _build, "verify": _verify}[arguments.action]
    try:
        status = command(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except RosterMissing as error:
        complain("roster", error)
        return MISUSED
    except RosterError as error:
        if arguments.json:
            print(json.dumps({"ok": False, "why": str(error), "version": error.version}))
        complain("roster", error)
        return SAID_NO
    except (TerminalError, IdentityError, OSError) as error:
        complain("roster", error)
        return MISUSED


def _build(arguments: argparse.Namespace) -> int:
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


def _verify(arguments: argparse.Namespace) -> int:
    identity = None if arguments.state is None else own_identity(arguments.state)
    trusted = arguments.key if identity is None else [identity.public_key]
    digest_key_id = None if identity is None else identity.digest_key_id
    with open_roster(arguments.file, trusted, digest_key_id=digest_key_id) as roster:
        seal = roster.seal
    if arguments.json:
        plain: dict[str, Any] = msgspec.to_builtins(seal)
        print(json.dumps({"ok": True, "file": str(arguments.file), "pins_proven": identity is not None, **plain}))
        return DONE
    said = language_of(arguments)
    print(
        said.say(
            "roster.good",
            file=escaped(str(arguments.file)),
            signer=id_of(bytes.fromhex(seal.signer)),
            version=seal.version,
            created=moment(seal.created_s * 1000, None) or seal.created_s,
            holders=seal.holders,
            credentials=seal.credentials,
        )
    )
    print(said.say("roster.pins_unproven" if identity is None else "roster.pins"))
    return DONE

"""The arguments of `menshen explain`, and who answers: for a credential, for a holder, or for a recorded event."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack
from zoneinfo import ZoneInfo

from firmware.config import Config, load
from firmware.core.site import AccessPoint
from firmware.explain.event import explain_event
from firmware.explain.holder import explain_holder
from firmware.explain.knowing import FLAGS, INTERLOCK, UNTRUSTED, Given, gather, point_of
from firmware.explain.single import explain_one
from firmware.identity import IdentityError
from firmware.journal import JournalError
from firmware.journal.command import a_row
from firmware.roster.errors import RosterError
from firmware.terminal import (
    MISUSED,
    TerminalError,
    a_key,
    a_path,
    a_purpose,
    a_text,
    add_language,
    complain,
    instant_ms,
    prepare_output,
)

UNKNOWN_TIME = "unknown"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen explain`."""
    parser.add_argument("file", type=a_path, metavar="FILE", help="the site file")
    parser.add_argument("--roster", type=a_path, metavar="R", help="a roster (default: the one in --state)")
    parser.add_argument(
        "--state", type=a_path, metavar="DIR", help="the controller's state folder: key, ledger, faults"
    )
    parser.add_argument("--key", type=a_key, metavar="HEX", action="append", help="whose roster to trust")
    places = parser.add_mutually_exclusive_group()
    places.add_argument("--access-point", type=a_text, metavar="ID")
    places.add_argument("--all-points", action="store_true", help="with --holder: every access point of the site")
    subject = parser.add_mutually_exclusive_group(required=True)
    subject.add_argument(
        "--credential",
        type=a_text,
        metavar="KIND:VALUE",
        help="card:H10301:12:34567, plate:..., pin:...; '-' reads it from standard input, where no history keeps it",
    )
    subject.add_argument("--holder", type=a_text, metavar="ID", help="every credential of this holder")
    subject.add_argument(
        "--event", type=a_row, metavar="EPOCH:SEQ", help="what the journal of --state recorded there; needs --purpose"
    )
    parser.add_argument(
        "--with",
        dest="given",
        type=a_text,
        metavar="KIND",
        nargs="+",
        action="extend",
        default=[],
        help="what the same holder gave before, such as pin; pin:DIGITS is checked",
    )
    parser.add_argument("--at", type=a_text, metavar="TIME", help="ISO 8601, local at the site; or 'unknown'")
    parser.add_argument("--week", action="store_true", help="with --holder: when in the week of --at")
    parser.add_argument(
        "--standing", type=a_text, metavar="WORDS", default="", help=f"{','.join(FLAGS)},{UNTRUSTED},{INTERLOCK}PORTAL"
    )
    parser.add_argument("--purpose", type=a_purpose, metavar="TEXT", help="why --event is asked for, in a sentence")
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: let in; 1: not, or not yet; 2: misused. Of a holder: by one of the credentials, somewhere."""
    prepare_output()
    try:
        status = _explain(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except (TerminalError, RosterError, JournalError, IdentityError, OSError) as error:
        if arguments.json:
            print(json.dumps({"ok": False, "why": str(error)}))
        complain("explain", error)
        return MISUSED


def _explain(arguments: argparse.Namespace) -> int:
    config, problems = load(arguments.file)
    if config is None:
        raise TerminalError(f"{arguments.file} has {len(problems)} problems; `menshen check` lists them")
    if arguments.roster is None and arguments.state is None:
        raise TerminalError("give --roster FILE, or --state DIR of a controller, or both")
    zone = ZoneInfo(config.site.zone.name)
    _refuse_what_does_not_fit(arguments)
    at_s = None
    if arguments.event is None and arguments.at != UNKNOWN_TIME:
        at_s = instant_ms(arguments.at, zone) // 1000
    points = _points(arguments, config)
    with ExitStack() as opened:
        known = gather(Given(arguments.state, arguments.roster, arguments.key, arguments.standing), config)
        opened.callback(known.close)
        if arguments.event is not None:
            return explain_event(arguments, known, zone)
        if arguments.holder is not None:
            return explain_holder(arguments, known, points, at_s, zone)
        return explain_one(arguments, known, at_s, zone)


def _refuse_what_does_not_fit(arguments: argparse.Namespace) -> None:
    """Options that belong to another question. Raises TerminalError."""
    if arguments.event is not None:
        if arguments.state is None:
            raise TerminalError("--event is looked up in a controller's journal: give --state DIR")
        if arguments.purpose is None:
            raise TerminalError("--event tells who it was: state why with --purpose TEXT")
        if arguments.at is not None or arguments.access_point is not None or arguments.all_points or arguments.given:
            raise TerminalError("--event has its own place, time and factors: leave the other options out")
        return
    if arguments.at is None:
        raise TerminalError("give --at TIME, or --at unknown")
    if arguments.access_point is None and not arguments.all_points:
        raise TerminalError("give --access-point ID; with --holder also --all-points")
    if arguments.holder is None and (arguments.all_points or arguments.week):
        raise TerminalError("--all-points and --week are of a holder: give --holder ID")
    if arguments.week and arguments.at == UNKNOWN_TIME:
        raise TerminalError("--week is that of --at: give a time")


def _points(arguments: argparse.Namespace, config: Config) -> list[AccessPoint]:
    if arguments.all_points:
        return [point for portal in config.site.portals for point in portal.access_points]
    return [] if arguments.access_point is None else [point_of(config, arguments.access_point)]

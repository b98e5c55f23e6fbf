"""`menshen roster new`: an empty editable source, with its time zone and, if given, its rules."""

from __future__ import annotations

import argparse
import json

from firmware.config import escaped
from firmware.roster.commands.sources import add_doer
from firmware.roster.errors import Problems, RosterMisused, RosterRefused
from firmware.roster.rules import Rules, read_rules
from firmware.roster.source.batch import Kind
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source
from firmware.terminal import DONE, a_path, a_zone, language_of, now_utc_s


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    making = actions.add_parser("new", help="make an empty source, which is then edited and imported into")
    making.add_argument("source", type=a_path, metavar="SOURCE", help="the file to make; none is overwritten")
    making.add_argument("--time-zone", type=a_zone, metavar="NAME", required=True, help="such as Asia/Shanghai")
    making.add_argument("--rules", type=a_path, metavar="RULES.toml", help="profiles, schedules, special days, areas")
    add_doer(making)
    making.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: made; 1: refused; 2: misused."""
    rules = None if arguments.rules is None else rules_in(arguments)
    at_s = now_utc_s()
    by, why = arguments.by, arguments.why
    with Source.create(arguments.source, time_zone=str(arguments.time_zone), who=by, why=why, at_s=at_s) as source:
        if rules is not None:
            with source.batch(Kind.RULES, by, why, at_s, file=arguments.rules.name) as batch:
                write_rules(batch, rules._replace(zone=None))  # the zone that was asked for holds
        head = source.head
    if arguments.json:
        print(json.dumps({"ok": True, "file": str(arguments.source), "batch": head.batch, "head": head.hash.hex()}))
        return DONE
    print(language_of(arguments).say("roster.source.made", file=escaped(str(arguments.source))))
    return DONE


def rules_in(arguments: argparse.Namespace) -> Rules:
    """The rules of the file that was given. Raises RosterRefused with every problem in it, RosterMisused."""
    if not arguments.rules.is_file():
        raise RosterMisused(f"--rules {escaped(str(arguments.rules))}: there is no such file")
    problems = Problems()
    rules = read_rules(arguments.rules, problems)
    if problems.found:
        raise RosterRefused(problems.found)
    return rules

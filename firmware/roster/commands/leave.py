"""`menshen roster leave`: a holder leaves: every credential is off at this controller at once."""

from __future__ import annotations

import argparse

from firmware.messages import Leave
from firmware.roster.commands.asking import TIME_HELP, a_holder, add_person, ask, end_of_suspension, instant_s, zone_of
from firmware.terminal import a_text, language_of


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    leaving = actions.add_parser("leave", help="a holder leaves: every credential off, here and at once")
    leaving.add_argument("--holder", type=a_holder, metavar="H", required=True)
    leaving.add_argument("--until", type=a_text, metavar="TIME", help=f"{TIME_HELP} (default: as long as possible)")
    add_person(leaving)
    leaving.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: in force; 1: refused; 2: no controller answers."""
    said, zone = language_of(arguments), zone_of(arguments)
    until_s = instant_s(arguments.until, zone)
    command = Leave(issuer=arguments.by, why=arguments.why, holder=arguments.holder, until_s=until_s)
    end = end_of_suspension(said, until_s, zone)
    return ask(arguments, command, (said.say("roster.office.left", holder=arguments.holder), end))

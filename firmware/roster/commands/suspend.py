"""`menshen roster suspend`: refuses a credential, or all that a holder has, at this controller and at once."""

from __future__ import annotations

import argparse

from firmware.messages import Suspend
from firmware.roster.commands.asking import (
    TIME_HELP,
    a_holder,
    add_credential,
    add_person,
    ask,
    credential,
    end_of_suspension,
    instant_s,
    zone_of,
)
from firmware.terminal import a_text, language_of


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    refusing = actions.add_parser("suspend", help="refuse a credential, or all of a holder's, here and at once")
    of = refusing.add_mutually_exclusive_group(required=True)
    of.add_argument("--holder", type=a_holder, metavar="H", help="all that this holder has")
    add_credential(of)
    refusing.add_argument("--lost", action="store_true", help="it is lost: that is what the journal says, too")
    refusing.add_argument("--until", type=a_text, metavar="TIME", help=f"{TIME_HELP} (default: as long as possible)")
    add_person(refusing)
    refusing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: in force; 1: refused; 2: no controller answers."""
    said, zone = language_of(arguments), zone_of(arguments)
    factor, key = credential(arguments.credential)
    until_s = instant_s(arguments.until, zone)
    command = Suspend(
        issuer=arguments.by,
        why=arguments.why,
        holder=arguments.holder,
        factor=factor,
        key=key,
        lost=arguments.lost,
        until_s=until_s,
    )
    what = "roster.office.suspended_credential" if factor is not None else "roster.office.suspended_holder"
    fills = {} if factor is not None else {"holder": arguments.holder}
    end = end_of_suspension(said, until_s, zone)
    return ask(arguments, command, (said.say(what, **fills), end))

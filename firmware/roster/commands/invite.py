"""`menshen roster invite`: a visitor, with an end and a number of uses."""

from __future__ import annotations

import argparse

from firmware.core.access import Factor
from firmware.messages import Invite
from firmware.roster.commands.asking import (
    TIME_HELP,
    a_holder,
    add_person,
    add_source_of_credential,
    ask,
    credential,
    instant_s,
    local_time,
    presented_ms,
    zone_of,
)
from firmware.roster.entry import USE_LIMIT_MAX
from firmware.roster.keys import NAME, NAME_ALLOWED
from firmware.terminal import a_text, language_of, quoted


def a_profile(text: str) -> str:
    """Return the name of an access profile."""
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no access profile: {NAME_ALLOWED}")
    return text


def uses(text: str) -> int:
    """Return a number of uses."""
    digits_max = len(str(USE_LIMIT_MAX))
    if not text.isascii() or not text.isdecimal() or len(text) > digits_max or not 1 <= int(text) <= USE_LIMIT_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)}: 1 to {USE_LIMIT_MAX} uses are allowed")
    return int(text)


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    inviting = actions.add_parser("invite", help="a visitor, with an end and a number of uses")
    inviting.add_argument("--visitor", type=a_holder, metavar="ID", required=True, help="a new id, of nobody yet")
    inviting.add_argument("--profiles", type=a_profile, metavar="P", nargs="+", required=True)
    inviting.add_argument("--from", dest="begins", type=a_text, metavar="TIME", help=f"{TIME_HELP} (default: now)")
    inviting.add_argument("--until", type=a_text, metavar="TIME", required=True)
    inviting.add_argument("--uses", type=uses, metavar="N", required=True, help="how often it opens")
    inviting.add_argument("--host", type=a_holder, metavar="HOUSEHOLD", help="whose visitor it is")
    inviting.add_argument("--escorted", action="store_true", help="passes only together with an escort")
    add_source_of_credential(inviting)
    add_person(inviting)
    inviting.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: invited; 1: refused, or nothing was presented in time; 2: no controller answers."""
    said, zone = language_of(arguments), zone_of(arguments)
    factor, key = credential(arguments.credential)
    until_s = instant_s(arguments.until, zone)
    assert until_s is not None, "argparse demands it"
    command = Invite(
        issuer=arguments.by,
        why=arguments.why,
        visitor=arguments.visitor,
        profiles=tuple(dict.fromkeys(arguments.profiles)),
        until_s=until_s,
        use_limit=arguments.uses,
        from_s=instant_s(arguments.begins, zone),
        household=arguments.host,
        escorted=arguments.escorted,
        factor=factor or Factor(arguments.kind),
        key=key,
        reader=arguments.reader,
        for_ms=presented_ms(arguments),
    )
    fills = {"visitor": arguments.visitor, "until": local_time(until_s, zone), "uses": arguments.uses}
    return ask(arguments, command, (said.say("roster.office.invited", **fills),))

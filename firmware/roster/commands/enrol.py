"""`menshen roster enrol`: gives a holder a further credential, written down or presented at a reader."""

from __future__ import annotations

import argparse

from firmware.core.access import Factor
from firmware.messages import Enrol
from firmware.roster.commands.asking import (
    TIME_HELP,
    a_holder,
    add_person,
    add_source_of_credential,
    ask,
    credential,
    end_of_enrolment,
    instant_s,
    presented_ms,
    zone_of,
)
from firmware.terminal import a_text, language_of


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    giving = actions.add_parser("enrol", help="give a holder a further credential, for now, at this controller")
    giving.add_argument("--holder", type=a_holder, metavar="H", required=True)
    add_source_of_credential(giving)
    giving.add_argument("--until", type=a_text, metavar="TIME", help=f"{TIME_HELP} (default: 30 days)")
    add_person(giving)
    giving.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: it opens; 1: refused, or nothing was presented in time; 2: no controller answers."""
    said, zone = language_of(arguments), zone_of(arguments)
    factor, key = credential(arguments.credential)
    until_s = instant_s(arguments.until, zone)
    command = Enrol(
        issuer=arguments.by,
        why=arguments.why,
        holder=arguments.holder,
        factor=factor or Factor(arguments.kind),
        key=key,
        reader=arguments.reader,
        for_ms=presented_ms(arguments),
        until_s=until_s,
    )
    until = end_of_enrolment(said, until_s, zone)
    return ask(arguments, command, (said.say("roster.office.enrolled", holder=arguments.holder), until))

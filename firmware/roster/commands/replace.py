"""`menshen roster replace`: a new credential for a lost one: the old is off in the same change."""

from __future__ import annotations

import argparse
import re

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
from firmware.terminal import a_text, language_of, quoted

ALL = "all"
_TOKEN = re.compile(r"[0-9a-f]{16}")


def an_old_one(text: str) -> str:
    """Return the id of a credential, or `all`."""
    if text != ALL and not _TOKEN.fullmatch(text):
        allowed = "write the credential's id of 16 hexadecimal digits, as the journal has it, or all"
        raise argparse.ArgumentTypeError(f"{quoted(text)}: {allowed}")
    return text


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    replacing = actions.add_parser("replace", help="a new credential for a lost one, which is off in the same change")
    replacing.add_argument("--holder", type=a_holder, metavar="H", required=True)
    replacing.add_argument(
        "--old",
        type=an_old_one,
        metavar="ID|all",
        action="append",
        required=True,
        help="id of the lost credential; may be given again; all: every other one of the same kind",
    )
    add_source_of_credential(replacing)
    replacing.add_argument("--until", type=a_text, metavar="TIME", help=f"{TIME_HELP} (default: 30 days)")
    add_person(replacing)
    replacing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: the new one opens and the old is off; 1: refused, and nothing changed; 2: nobody answers."""
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
        replaces=tuple(dict.fromkeys(old for old in arguments.old if old != ALL)),
        replaces_all=ALL in arguments.old,
    )
    until = end_of_enrolment(said, until_s, zone)
    return ask(arguments, command, (said.say("roster.office.replaced", holder=arguments.holder), until))

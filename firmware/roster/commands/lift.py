"""`menshen roster lift`: ends local entries: what was lost is found, who was suspended may pass, a visit is over."""

from __future__ import annotations

import argparse
import re

from firmware.messages import Lift
from firmware.roster.commands.asking import a_holder, add_credential, add_person, ask, credential
from firmware.terminal import language_of, quoted

_ENTRY = re.compile(r"l[0-9a-f]{8}")


def an_entry(text: str) -> str:
    """Return the id of a local entry."""
    if not _ENTRY.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no local entry: `menshen roster local` lists them")
    return text


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    ending = actions.add_parser("lift", help="end a local entry, or every suspension of a credential or holder")
    which = ending.add_mutually_exclusive_group(required=True)
    which.add_argument("--entry", type=an_entry, metavar="ID", help="this one, of any kind")
    which.add_argument("--holder", type=a_holder, metavar="H", help="every suspension of this holder")
    add_credential(which)
    add_person(ending)
    ending.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: ended; 1: refused, as where the roster itself says so; 2: no controller answers."""
    factor, key = credential(arguments.credential)
    command = Lift(
        issuer=arguments.by,
        why=arguments.why,
        entry=arguments.entry,
        holder=arguments.holder,
        factor=factor,
        key=key,
    )
    said = language_of(arguments)
    done = said.say("roster.office.lifted")
    if arguments.entry is not None:
        done = said.say("roster.office.entry_ended", entry=arguments.entry)
    return ask(arguments, command, (done,))

"""`menshen roster erase`: one person goes from source, roster, local entries, ledger and journal, with a receipt."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from firmware.config import escaped
from firmware.journal import JournalError
from firmware.roster.commands.asking import a_holder
from firmware.roster.commands.sources import add_doer
from firmware.roster.erasing import Person, Receipt, erase, sign
from firmware.roster.errors import RosterError
from firmware.terminal import DONE, TerminalError, a_path, language_of, now_utc_s, own_identity


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    erasing = actions.add_parser("erase", help="erase one person everywhere that this controller and its office reach")
    erasing.add_argument("holder", type=a_holder, metavar="HOLDER", help="the person's id")
    erasing.add_argument("--source", type=a_path, metavar="S", required=True, help="the office's editable source")
    erasing.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
    erasing.add_argument("--household", action="store_true", help="the household too, if nobody else is in it")
    erasing.add_argument("--receipt", type=a_path, metavar="FILE", help="where to write it (default: only shown)")
    add_doer(erasing)
    erasing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: erased; 1: refused, or not complete; 2: no controller answers."""
    said = language_of(arguments)
    identity = own_identity(arguments.state)

    def step(name: str) -> None:
        if not arguments.json:
            print(said.say(f"roster.erase.step.{name}"), file=sys.stderr, flush=True)

    if arguments.receipt is not None and arguments.receipt.exists():
        raise TerminalError(f"{arguments.receipt} is there already: name another file for the receipt")
    person = Person(arguments.holder, arguments.by, arguments.why, now_utc_s(), arguments.household)
    try:
        receipt = erase(person, arguments.source, arguments.state, identity, step)
    except JournalError as error:
        raise RosterError(f"The journal's rows were not counted: {error}. Ask again.") from error
    content = sign(receipt, identity)
    if arguments.receipt is not None:
        _write(arguments.receipt, content)
    if arguments.json:
        print(json.dumps({"ok": True, **json.loads(content)}))
    else:
        _say(arguments, receipt)
    return DONE


def _write(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _say(arguments: argparse.Namespace, receipt: Receipt) -> None:
    said = language_of(arguments)
    source = receipt.source
    print(
        said.say(
            "roster.erase.done",
            holders=source["holders"],
            credentials=source["credentials"] + source["vehicles"],
            changes=source["changes"],
            version=receipt.roster_version,
            entries=receipt.local_entries,
            rows=receipt.journal_rows,
        )
    )
    if receipt.visitors:
        print(said.say("roster.erase.visitors", count=receipt.visitors))
    if source["mentions"]:
        print(said.say("roster.erase.mentions", count=source["mentions"]))
    print(said.say("roster.erase.not_reached"))
    for place in receipt.not_reached:
        print(f"  {said.say(f'roster.erase.not_reached.{place}')}")
    if arguments.receipt is not None:
        print(said.say("roster.erase.receipt", file=escaped(str(arguments.receipt))))

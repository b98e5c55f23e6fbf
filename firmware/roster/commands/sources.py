"""What the actions on an editable source share: who does it and why, the digest key for PINs, how changes are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from firmware.config import escaped
from firmware.identity import Identity
from firmware.roster.commands.asking import an_issuer
from firmware.roster.source.reading import Changed, Fields
from firmware.terminal import TerminalError, a_path, a_purpose, add_language, own_identity
from firmware.texts import Texts

PIN_LINE_CHARACTERS_MAX = 64  # more than any PIN, so that what is too long is told as such
ADDED, REMOVED, CHANGED = "+", "-", "~"


def add_source(parser: argparse.ArgumentParser) -> None:
    """Add the source."""
    parser.add_argument("source", type=a_path, metavar="SOURCE", help="the editable source, made by `roster new`")


def add_doer(parser: argparse.ArgumentParser) -> None:
    """Add --by and --why, --json and --language."""
    parser.add_argument("--by", type=an_issuer, metavar="WHO", required=True, help="who does it: kept in the history")
    parser.add_argument("--why", type=a_purpose, metavar="TEXT", required=True, help="why, in a sentence: kept, too")
    add_language(parser)


def add_state(parser: argparse.ArgumentParser) -> None:
    """Add --state."""
    parser.add_argument(
        "--state", type=a_path, metavar="DIR", help="the controller's state folder, whose key digests PINs"
    )


def digester_of(arguments: argparse.Namespace) -> Identity | None:
    """Whose digest key makes PINs; None without --state."""
    return None if arguments.state is None else own_identity(arguments.state)


def pin_from_input() -> str:
    """One PIN, a line of standard input: an argument would stand in the list of processes. Raises TerminalError."""
    try:
        line = sys.stdin.readline(PIN_LINE_CHARACTERS_MAX + 1)
    except UnicodeError as error:
        raise TerminalError("standard input: a PIN is digits, one PIN a line") from error
    if not line.strip():
        raise TerminalError("standard input: a PIN is expected there, one PIN a line")
    return line.strip()


def lines_of(said: Texts, changes: Iterable[Changed]) -> Iterable[str]:
    """Yield a line a change: added with +, removed with -, changed with ~ and before -> after."""
    for change in changes:
        if change.id is None:
            yield f"  {REMOVED} {change.entity} {said.say('roster.source.erased')}"
            continue
        name = f"{change.entity} {escaped(change.id)}"
        if not change.before and change.after:
            yield f"  {ADDED} {name}  {_fields(change.after)}"
        elif not change.after and change.before:
            yield f"  {REMOVED} {name}  {_fields(change.before)}"
        else:
            columns = dict.fromkeys([*change.before, *change.after])
            told = (f"{c}: {_value(change.before, c)} -> {_value(change.after, c)}" for c in columns)
            yield f"  {CHANGED} {name}  {', '.join(told)}"


def _fields(fields: Fields) -> str:
    return ", ".join(f"{column}={escaped(text)}" for column, text in fields.items())


def _value(fields: Fields, column: str) -> str:
    return escaped(fields[column]) if column in fields else "-"

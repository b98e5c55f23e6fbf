"""`menshen roster edit`: one household, holder, credential or vehicle by hand, or the rules as a whole."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping

from firmware.identity import Identity
from firmware.roster.commands.new import rules_in
from firmware.roster.commands.sources import add_doer, add_source, add_state, digester_of, lines_of, pin_from_input
from firmware.roster.source import edit
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.reading import CHANGES_MAX, changes
from firmware.roster.source.rules import write_rules
from firmware.roster.source.store import Source
from firmware.terminal import DONE, TerminalError, a_path, a_text, language_of, now_utc_s, quoted

FROM_INPUT = "-"
PIN_ID = "pin:-"
_COLUMNS = "; ".join(f"{entity}: {', '.join(fields)}" for entity, fields in edit.FIELDS.items())
_ID = "a holder's or household's id, a plate, or KIND:KEY of a credential (card:H10301:12:34567; pin:- reads the PIN)"
_FIELD = "what it gets; an empty VALUE clears it; pin_with=- reads the PIN from standard input"


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    editing = actions.add_parser("edit", help="change one household, holder, credential or vehicle, or the rules")
    add_source(editing)
    verbs = editing.add_subparsers(dest="verb", metavar="set|add|remove|rules", required=True)
    for verb, does in (("set", "change columns of one"), ("add", "add one"), ("remove", "remove one")):
        parser = verbs.add_parser(verb, help=does, epilog=f"Columns: {_COLUMNS}")
        parser.add_argument("entity", choices=sorted(edit.FIELDS), metavar="ENTITY", help=", ".join(edit.FIELDS))
        parser.add_argument("id", type=a_text, metavar="ID", help=_ID)
        if verb != "remove":
            parser.add_argument("fields", type=a_text, nargs="*", metavar="COLUMN=VALUE", help=_FIELD)
            add_state(parser)
        add_doer(parser)
    rules = verbs.add_parser("rules", help="profiles, schedules, special days and areas, as a file has them")
    rules.add_argument("rules", type=a_path, metavar="RULES.toml")
    add_doer(rules)
    editing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: changed, or the same already; 1: refused."""
    fields = _fields(arguments)
    digester = digester_of(arguments) if "state" in arguments else None
    rules = rules_in(arguments) if arguments.verb == "rules" else None
    kind, file = (Kind.EDIT, None) if rules is None else (Kind.RULES, arguments.rules.name)
    with Source.open(arguments.source) as source:
        with source.batch(kind, arguments.by, arguments.why, now_utc_s(), file=file) as batch:
            if rules is not None:
                write_rules(batch, rules)
            else:
                _edit(arguments, batch, fields, digester)
        return _say(arguments, source, batch)


def _edit(arguments: argparse.Namespace, batch: Batch, fields: Mapping[str, str], digester: Identity | None) -> None:
    entity, id = arguments.entity, arguments.id
    if entity == "credential" and id == PIN_ID:
        id = f"pin:{pin_from_input()}"
    if arguments.verb == "remove":
        edit.remove(batch, entity, id)
    elif arguments.verb == "add":
        edit.add(batch, entity, id, fields, digester)
    else:
        edit.set_fields(batch, entity, id, fields, digester)


def _fields(arguments: argparse.Namespace) -> dict[str, str]:
    """Columns with their texts. Raises TerminalError; PINs come from standard input only."""
    fields: dict[str, str] = {}
    if "entity" in arguments and arguments.entity == "credential" and arguments.id.startswith("pin:"):
        digits = arguments.id.removeprefix("pin:")
        if digits != FROM_INPUT and digits.isdecimal():
            raise TerminalError("pin:…: a PIN as an argument can be seen by others; write pin:- and give it on input")
    for word in arguments.fields if "fields" in arguments else ():
        column, is_there, text = word.partition("=")
        if not is_there:
            raise TerminalError(f"{quoted(word)}: write COLUMN=VALUE")
        if column in fields:
            raise TerminalError(f"{quoted(column)} stands there twice")
        if column in edit.PINS and text:
            if text != FROM_INPUT:
                raise TerminalError(f"{column}: a PIN as an argument can be seen by others; write {column}=-")
            text = pin_from_input()
        fields[column] = text
    return fields


def _say(arguments: argparse.Namespace, source: Source, batch: Batch) -> int:
    said = language_of(arguments)
    done = list(changes(source.db, batch.id, source.time_zone)) if batch.changes else []
    if arguments.json:
        told = {"ok": True, "batch": batch.id if batch.changes else None, "changes": [one._asdict() for one in done]}
        print(json.dumps(told))
        return DONE
    if not batch.changes:
        print(said.say("roster.source.same"))
        return DONE
    print(said.say("roster.source.changed", batch=batch.id, count=batch.changes))
    for line in lines_of(said, done[:CHANGES_MAX]):
        print(line)
    if len(done) > CHANGES_MAX:
        print(said.say("roster.source.more", count=len(done) - CHANGES_MAX))
    return DONE

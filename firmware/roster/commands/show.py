"""`menshen roster show`: what stands in a source now: how much of it, one holder or household, or what a text is in."""

from __future__ import annotations

import argparse
import json
import sqlite3
from datetime import tzinfo

from firmware.config import escaped
from firmware.roster.commands.asking import a_holder
from firmware.roster.commands.sources import add_source
from firmware.roster.source.errors import told
from firmware.roster.source.reading import FOUND_MAX, Found, rows, search
from firmware.roster.source.rules import rules_toml
from firmware.roster.source.schema import ENTITIES
from firmware.roster.source.store import Source
from firmware.terminal import DONE, SAID_NO, TerminalError, a_text, add_language, language_of, moment, table
from firmware.texts import Texts

WHAT = ("holder", "household", "search", "rules")


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    showing = actions.add_parser("show", help="what stands in a source: all in numbers, one holder, or a search")
    add_source(showing)
    showing.add_argument("what", nargs="?", choices=WHAT, metavar="|".join(WHAT), help="(default: how much of it all)")
    showing.add_argument("text", nargs="?", type=a_text, metavar="ID|TEXT", help="which; what to look for")
    add_language(showing)
    showing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: shown; 1: nothing found; 2: misused."""
    what, text = arguments.what, arguments.text
    if (what in ("holder", "household", "search")) != bool(text):
        raise TerminalError("write `show SOURCE`, `show SOURCE rules`, or holder, household or search with its text")
    said = language_of(arguments)
    with Source.open(arguments.source, readonly=True) as source, source.snapshot() as db, told(source.path):
        if what is None:
            return _summary(arguments, said, source)
        if what == "rules":
            print(rules_toml(source), end="")
            return DONE
        zone = source.time_zone
        found = search(db, text, zone) if what == "search" else _of(db, what, _id(text), zone)
    if arguments.json:
        print(json.dumps({"ok": bool(found), "found": [one._asdict() for one in found]}))
    elif not found:
        print(said.say("roster.source.none", text=escaped(text)))
    else:
        for line in table([(one.entity, escaped(one.id), _fields(one)) for one in found]):
            print(line)
        if len(found) == FOUND_MAX and what == "search":
            print(said.say("roster.source.first", count=FOUND_MAX))
    return DONE if found else SAID_NO


def _id(text: str) -> str:
    try:
        return a_holder(text)
    except argparse.ArgumentTypeError as error:
        raise TerminalError(str(error)) from error


def _of(db: sqlite3.Connection, what: str, id: str, zone: tzinfo) -> list[Found]:
    """A holder with all credentials, or a household with its holders and theirs."""
    if what == "household":
        found = rows(db, "household", "id = ?", (id,), zone)
        among = "IN (SELECT id FROM holder WHERE household = ?)"
        found += rows(db, "holder", "household = ?", (id,), zone)
    else:
        among = "= ?"
        found = rows(db, "holder", "id = ?", (id,), zone)
    return [
        *found,
        *(one for owned in ("credential", "vehicle") for one in rows(db, owned, f"holder {among}", (id,), zone)),
    ]


def _fields(one: Found) -> str:
    return ", ".join(f"{column}={escaped(text)}" for column, text in one.fields.items())


def _summary(arguments: argparse.Namespace, said: Texts, source: Source) -> int:
    zone, head = source.time_zone, source.head
    counts = {
        entity: source.db.execute(f"SELECT count(*) FROM {entity}").fetchone()[0]
        for entity in ENTITIES
        if entity != "setting"
    }
    at_s, who = source.db.execute("SELECT at_s, who FROM batch WHERE id = ?", (head.batch,)).fetchone()
    if arguments.json:
        told = {"ok": True, "time_zone": zone.key, "batch": head.batch, "head": head.hash.hex(), "at_s": at_s}
        print(json.dumps({**told, "counts": counts}))
        return DONE
    for line in table([(entity, f"{count:,}") for entity, count in counts.items()]):
        print(line)
    at = moment(at_s * 1000, zone) if at_s else said.say("roster.source.no_time")
    print(said.say("roster.source.last", batch=head.batch, time=at, who=escaped(who), zone=zone.key))
    return DONE

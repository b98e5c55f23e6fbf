"""`menshen roster history`: who changed what in a source, when and why, and whether all of it is as it was written."""

from __future__ import annotations

import argparse
import json
import sys

from firmware.config import escaped
from firmware.roster.commands.arguments import a_version
from firmware.roster.commands.sources import add_source, lines_of
from firmware.roster.source.errors import told
from firmware.roster.source.history import Proof
from firmware.roster.source.reading import BATCHES_MAX, CHANGES_MAX, Changed, Said, batches, changes, id_of_change
from firmware.roster.source.schema import ENTITIES
from firmware.roster.source.store import Source
from firmware.terminal import DONE, SAID_NO, TerminalError, a_text, add_language, instant_ms, language_of, moment
from firmware.texts import Texts


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    telling = actions.add_parser("history", help="who changed what, when and why; before -> after")
    add_source(telling)
    telling.add_argument("--entity", choices=ENTITIES, metavar="ENTITY", help=", ".join(ENTITIES))
    telling.add_argument("--id", type=a_text, metavar="ID", help="of one of them, as `show` writes it")
    telling.add_argument("--batch", type=a_version, metavar="N", help="this one only, with all of its changes")
    telling.add_argument("--since", type=a_text, metavar="TIME", help="ISO 8601; local in the source's time zone")
    telling.add_argument("--verify", action="store_true", help="prove that nothing was changed past the programs")
    add_language(telling)
    telling.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: told; 1: no batch is like that, or the history is not what was written; 2: misused."""
    entity, id = arguments.entity, arguments.id
    if id is not None:
        if entity is None:
            raise TerminalError("--id needs --entity: of what is it the id?")
        id = id_of_change(entity, id)
    with Source.open(arguments.source, readonly=True) as source, source.snapshot() as db:
        zone = source.time_zone
        since_s = None if arguments.since is None else instant_ms(arguments.since, zone) // 1000
        with told(source.path):
            proof = source.prove() if arguments.verify else None
            found = list(batches(db, entity, id, since_s, arguments.batch))
            most = -1 if arguments.batch is not None or id is not None else CHANGES_MAX
            listed = [(one, list(changes(db, one.id, zone, entity, id, most))) for one in found]
        # Nothing since a day is an answer; of one batch or one id it is none.
        nothing = not listed and proof is None and (arguments.batch is not None or id is not None)
        if arguments.json:
            print(json.dumps({**_plain(arguments, listed, proof), "ok": not nothing}))
            return SAID_NO if nothing else DONE
        said = language_of(arguments)
        if nothing:
            print(said.say("roster.source.no_batch"), file=sys.stderr)
            return SAID_NO
        for one, done in listed:
            print(_heading(said, one, moment(one.at_s * 1000, zone) if one.at_s else None))
            for line in lines_of(said, done):
                print(line)
            if most == len(done) < one.changes:
                print("  " + said.say("roster.source.more", count=one.changes - most))
        if len(found) == BATCHES_MAX:
            print(said.say("roster.source.older", count=BATCHES_MAX))
        if proof is not None:
            print(
                said.say(
                    "roster.source.proven",
                    batches=proof.batches,
                    changes=proof.changes,
                    erased=proof.erased,
                    head=proof.head.hash.hex(),
                )
            )
    return DONE


def _heading(said: Texts, one: Said, at: str | None) -> str:
    """A line for a batch: number, time, kind, who and why."""
    why = said.say("roster.source.erased") if one.why is None else escaped(one.why)
    words = [
        f"{one.id}",
        at or said.say("roster.source.no_time"),
        said.say(f"roster.source.kind.{one.kind}"),
        f"{escaped(one.who)}: {why}",
    ]
    if one.file is not None:
        words.append(escaped(one.file))
    if one.undoes is not None:
        words.append(said.say("roster.source.undoes", batch=one.undoes))
    if one.undone_by is not None:
        words.append(said.say("roster.source.undone_by", batch=one.undone_by))
    return "  ".join(words)


def _plain(
    arguments: argparse.Namespace, listed: list[tuple[Said, list[Changed]]], proof: Proof | None
) -> dict[str, object]:
    proven = None if proof is None else {**proof._asdict(), "head": proof.head.hash.hex(), "batch": proof.head.batch}
    told = [{**one._asdict(), "listed": [change._asdict() for change in done]} for one, done in listed]
    return {"ok": True, "file": str(arguments.source), "batches": told, "proof": proven}

"""`menshen roster export`: the whole source as a table that the import takes again, with its rules beside it."""

from __future__ import annotations

import argparse
import json
import sys

from firmware.config import escaped
from firmware.roster.commands.asking import an_issuer
from firmware.roster.exporting import CSV, export
from firmware.roster.sheets.writing import ENCODINGS
from firmware.roster.source.store import Source
from firmware.terminal import (
    DONE,
    Progress,
    TerminalError,
    a_path,
    a_purpose,
    add_language,
    language_of,
    now_utc_s,
)
from firmware.texts import LANGUAGES


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    parser = actions.add_parser("export", help="the whole source as a table, names included; kept in its history")
    parser.add_argument("source", type=a_path, metavar="SOURCE", help="the roster's source")
    parser.add_argument("out", type=a_path, metavar="OUT", help="OUT.xlsx or OUT.csv; a file there is replaced")
    parser.add_argument(
        "--encoding", choices=ENCODINGS, help="of a CSV file (default: utf-8-sig, which Excel and WPS read)"
    )
    parser.add_argument("--by", type=an_issuer, metavar="WHO", required=True, help="who takes it out: kept")
    parser.add_argument("--why", type=a_purpose, metavar="TEXT", required=True, help="what for, in a sentence: kept")
    add_language(parser)
    parser.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: written; the rest by the errors that are raised."""
    if arguments.encoding is not None and arguments.out.suffix.lower() != CSV:
        raise TerminalError(f"--encoding {arguments.encoding}: only a {CSV} file has one")
    said = language_of(arguments)
    headers = next(language for language, folder in LANGUAGES.items() if folder == said.language)
    progress = Progress()
    try:
        with Source.open(arguments.source) as source:
            exported = export(
                source,
                arguments.out,
                who=arguments.by,
                why=arguments.why,
                at_s=now_utc_s(),
                language=headers,
                encoding=arguments.encoding or ENCODINGS[0],
                progress=progress.rows,
            )
    finally:
        progress.end()
    if arguments.json:
        plain = {**exported._asdict(), "path": str(exported.path), "rules": str(exported.rules)}
        print(json.dumps({"ok": True, **plain}))
        return DONE
    file, rules = escaped(str(exported.path)), escaped(str(exported.rules))
    print(said.say("roster.exported", file=file, rules=rules, rows=exported.rows, batch=exported.batch))
    print(said.say("roster.exported.names"), file=sys.stderr)
    return DONE

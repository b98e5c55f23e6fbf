"""`menshen roster undo`: puts back what a batch changed; the last import, unless a batch is named."""

from __future__ import annotations

import argparse
import json

from firmware.roster.commands.arguments import a_version
from firmware.roster.commands.sources import add_doer, add_source
from firmware.roster.source.store import Source
from firmware.roster.source.undo import last_import, undo
from firmware.terminal import DONE, Progress, language_of, now_utc_s


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    undoing = actions.add_parser("undo", help="put back what the last import, or another batch, changed")
    add_source(undoing)
    undoing.add_argument("--batch", type=a_version, metavar="N", help="its number in `history` (default: last import)")
    add_doer(undoing)
    undoing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: undone; 1: refused."""
    progress = Progress()
    try:
        with Source.open(arguments.source) as source:
            undone = arguments.batch or last_import(source)
            batch = undo(source, undone, arguments.by, arguments.why, now_utc_s(), progress=progress.rows)
    finally:
        progress.end()
    if arguments.json:
        print(json.dumps({"ok": True, "undone": undone, "batch": batch.id, "changes": batch.changes}))
        return DONE
    print(language_of(arguments).say("roster.source.undone", undone=undone, batch=batch.id, count=batch.changes))
    return DONE

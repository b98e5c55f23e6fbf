"""`menshen journal ledger`: what the controller remembers of one holder: area, last passage, uses. It only reads."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from firmware.config import escaped
from firmware.journal.ledger import LedgerEntry
from firmware.journal.reading import reading
from firmware.journal.rows import storable
from firmware.journal.schema import select_ledger
from firmware.terminal import (
    DONE,
    SAID_NO,
    a_path,
    a_purpose,
    a_text,
    a_zone,
    add_language,
    language_of,
    moment,
    table,
)
from firmware.texts import Texts

ELSEWHERE = "/"  # in `last_point`: CONTROLLER/POINT


def add_ledger(parser: argparse.ArgumentParser, purpose_help: str) -> None:
    """Add the arguments of `menshen journal ledger`."""
    parser.add_argument(
        "--state", dest="path", type=a_path, metavar="DIR", required=True, help="the controller's state folder"
    )
    parser.add_argument("--holder", type=a_text, metavar="ID", required=True, help="as the roster names the holder")
    parser.add_argument("--purpose", type=a_purpose, metavar="TEXT", help=purpose_help)
    parser.add_argument("--time-zone", type=a_zone, metavar="NAME", help="of all times (default: the machine's)")
    add_language(parser)


def show_ledger(arguments: argparse.Namespace, path: Path) -> int:
    """Exit status 0: shown; 1: nothing is remembered of the holder. The purpose was demanded before.

    Raises JournalError.
    """
    entry = _entry(path, arguments.holder)
    if arguments.json:
        print(json.dumps(_plain(arguments, entry)))
        return SAID_NO if entry is None else DONE
    said = language_of(arguments)
    print(said.say("journal.purpose", purpose=arguments.purpose))
    if entry is None:
        print(said.say("journal.ledger.nothing", holder=escaped(arguments.holder)))
        return SAID_NO
    for line in table(_lines(arguments, entry, said)):
        print(line)
    return DONE


def _entry(path: Path, holder: str) -> LedgerEntry | None:
    """The committed entry of a holder; None where there is none."""
    with reading(path, steps_max=None) as connection:
        row = connection.execute(f"{select_ledger(connection)} WHERE holder = ?", (storable(holder),)).fetchone()
    return None if row is None else LedgerEntry.of_columns(row)


def _last(entry: LedgerEntry) -> tuple[str, str]:
    """(controller, access point) of the last passage; the controller is empty where it was at this one."""
    controller, elsewhere, point = (entry.last_point or "").rpartition(ELSEWHERE)
    return (controller, point) if elsewhere else ("", point)


def _plain(arguments: argparse.Namespace, entry: LedgerEntry | None) -> dict[str, object]:
    answer: dict[str, object] = {"purpose": arguments.purpose, "holder": arguments.holder, "found": entry is not None}
    if entry is None:
        return answer
    controller, point = _last(entry)
    last = None
    if entry.last_point is not None:
        at = _moment(entry.last_s, arguments)
        last = {"access_point": point, "controller": controller or None, "utc_s": entry.last_s, "at": at}
    return {
        **answer,
        "area": entry.area,
        "since_utc_s": entry.entered_s,
        "since": _moment(entry.entered_s, arguments),
        "last_passage": last,
        "uses": entry.uses,
        "household": entry.household,
        "vehicle": entry.vehicle,
    }


def _moment(utc_s: int | None, arguments: argparse.Namespace) -> str | None:
    return moment(None if utc_s is None else utc_s * 1000, arguments.time_zone)


def _lines(arguments: argparse.Namespace, entry: LedgerEntry, said: Texts) -> list[list[str]]:
    """What is remembered, a line each: what, and how it stands."""
    unknown = said.say("journal.time_unknown")
    controller, point = _last(entry)
    last = said.say("journal.ledger.no_passage")
    if entry.last_point is not None:
        place = {"time": _moment(entry.last_s, arguments) or unknown, "point": escaped(point)}
        which = "elsewhere" if controller else "passage"
        last = said.say(f"journal.ledger.{which}", **place, **({"controller": controller} if controller else {}))
    area, since = said.say("journal.ledger.no_area"), "-"
    if entry.area is not None:
        area, since = escaped(entry.area), _moment(entry.entered_s, arguments) or unknown
    values = {
        "holder": escaped(arguments.holder),
        "area": area,
        "since": since,
        "last": last,
        "uses": ", ".join(f"{escaped(key)} {count}" for key, count in sorted(entry.uses.items())) or "0",
    }
    return [[said.say(f"journal.ledger.label.{name}"), value] for name, value in values.items()]

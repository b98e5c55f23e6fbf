"""Why was I refused? A recorded event: what was decided then and why, and what the roster of now would have decided.

The second answer is for the same moment: time, factors, areas and what stood at the portal are as recorded; roster and
local entries are those of now.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from firmware.config import escaped
from firmware.core.decision import Decision, Outcome
from firmware.explain.knowing import JOURNAL_FOLDER, Knowledge
from firmware.explain.single import answer_of, note_of
from firmware.journal.reading import anchor_of, epoch_of, read_row, reading
from firmware.journal.rows import Row
from firmware.journal.schema import DATABASE_FILE
from firmware.roster import local
from firmware.roster.comparing.again import Again, Case
from firmware.roster.comparing.past import Past
from firmware.roster.comparing.recorded import DECISIONS, Recorded, understood
from firmware.roster.comparing.side import Side
from firmware.roster.comparing.trial import Trial
from firmware.roster.entry import Status
from firmware.roster.roster import Enrolled
from firmware.terminal import DONE, SAID_NO, TerminalError, language_of, moment, reason


def explain_event(arguments: argparse.Namespace, known: Knowledge, zone: ZoneInfo) -> int:
    """Answer for --event. Exit status 0: would be let in now; 1: not, or it cannot be told."""
    with reading(arguments.state / JOURNAL_FOLDER / DATABASE_FILE, steps_max=None) as connection:
        row, now, _ = event_of(connection, known, *arguments.event)
    _say(arguments, known, row, now, zone)
    return DONE if now is not None and now.outcome is Outcome.GRANTED else SAID_NO


class Judged(NamedTuple):
    """A row of the journal, and what would be decided of it now; `tried` is what that decision was asked.

    Both are None where it cannot be told: the notes of what is known say why.
    """

    row: Row
    now: Decision | None
    tried: Trial | None


def event_of(connection: sqlite3.Connection, known: Knowledge, epoch: int, seq: int) -> Judged:
    """Raises TerminalError where there is no such row."""
    row = row_of(connection, epoch, seq)
    recorded = understood(row.event.code.value, row.event.reasons) if row.event.code in DECISIONS else None
    if row.erased:
        known.notes.append(("event_erased", ""))
    elif recorded is None:
        known.notes.append(("event_undecided", ""))
    else:
        return _now(connection, known, row, recorded)
    return Judged(row, None, None)


def row_of(connection: sqlite3.Connection, epoch: int, seq: int) -> Row:
    """The row of the journal. Raises TerminalError, JournalDamaged."""
    found = None
    if epoch == epoch_of(connection) and seq > anchor_of(connection):
        found = read_row(connection, seq, with_bodies=True)
    if found is None:
        raise TerminalError(f"the journal has no row {epoch}:{seq}: `menshen journal search` shows EPOCH:SEQ of each")
    return found


def _now(connection: sqlite3.Connection, known: Knowledge, row: Row, recorded: Recorded) -> Judged:
    """What roster and local entries of now say of that moment; nothing where the record does not tell whose it was."""
    event, body, site = row.event, row.event.body, known.config.site
    token = None if body is None else body.credential or body.token
    if body is None or token is None or event.access_point is None:
        known.notes.append(("event_nameless", ""))
        return Judged(row, None, None)
    with Side(known.roster, once=True) as side:
        found = _found(known, side, token)
        place = (event.access_point, event.portal or "", event.reader or "")
        case = Case(row.seq, row.utc_ms, *place, recorded, body, found, found)
        past = Past(connection, anchor_of(connection), row.seq, site)
        again = Again(side, side, site, site.zone, past)
        now = again.by(side, found, case)
        return Judged(row, now, again.tried)


def _found(known: Knowledge, side: Side, token: str) -> Enrolled | None:
    """The credential as roster and local entries have it now."""
    found, key = side.find(token), ""
    for entry in known.overlay if found is None else ():
        if entry.lets_in and entry.credential == token and (own := local.standing(entry, known.roster)) is not None:
            found, key = own, entry.key or ""
            break
    if found is None:
        return None
    suspension = known.overlay.suspension(found.holder, found.credential, found.factor, key)
    if suspension is None or found.status != local.ACTIVE:
        return found
    known.notes.append(("event_suspended", suspension.id))
    return replace(found, status=local.LOST if suspension.status is Status.LOST else local.SUSPENDED)


def _place(known: Knowledge, portal: str | None, access_point: str | None) -> str:
    """Where it happened: "-" for what has no place."""
    name = known.config.portal_names.get(portal, portal) if portal else ""
    return escaped(" ".join(filter(None, (name, f"({access_point})" if access_point else "")))) or "-"


def _say(arguments: argparse.Namespace, known: Knowledge, row: Row, now: Decision | None, zone: ZoneInfo) -> None:
    said, event, body = language_of(arguments), row.event, row.event.body
    at = moment(row.utc_ms, zone)
    notes = [note_of(said, name, about) for name, about in known.notes if name != "ledger_now"]
    if arguments.json:
        answer: dict[str, Any] = {
            "purpose": arguments.purpose,
            "row": f"{row.epoch}:{row.seq}",
            "code": event.code.value,
            "at": at,
            "portal": event.portal,
            "access_point": event.access_point,
            "holder": None if body is None else body.holder,
            "reasons": list(event.reasons),
            "words": [reason(said, code) for code in event.reasons],
            "roster_version": known.roster.version,
            "now": None,
            "notes": notes,
        }
        if now is not None:
            answer["now"] = {
                "outcome": now.outcome.value,
                "needs": None if now.needs is None else now.needs.value,
                "reasons": list(now.reasons),
                "words": [reason(said, code) for code in now.reasons],
            }
        print(json.dumps(answer))
        return
    print(said.say("journal.purpose", purpose=arguments.purpose))
    place = _place(known, event.portal, event.access_point)
    time = at or said.say("explain.time_unknown")
    who = escaped((body.holder if body is not None else None) or "-")
    print(said.say("explain.event", event=said.event(event.code), place=place, time=time, who=who))
    for number, code in enumerate(event.reasons, 1):
        print(f"  {number}. {reason(said, code)}")
    if now is not None:
        print(said.say("explain.event.now", answer=answer_of(said, now), version=known.roster.version))
        for number, code in enumerate(now.reasons, 1):
            print(f"  {number}. {reason(said, code)}")
    for text in notes:
        print(text)

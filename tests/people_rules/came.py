"""A journal beside the office in which somebody came, and a list by which she would come no more."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from firmware.core.codes import Code
from firmware.core.effects import Body, Event, Record
from firmware.roster.source import edit
from firmware.roster.source.store import Source
from tests.command.conftest import open_journal
from tests.people_rules.office import AT_S, Office

# 08:00 of a Monday in Shanghai, within the hours of cleaning.
FIRST = datetime(2026, 11, 23, 0, 0, 0, tzinfo=UTC)
CARD = "H10301:12:31"
REASONS = ("credential_known", "credential_valid", "inside_schedule:cleaning", "granted")


def cleo_came(office: Office, times: int = 3) -> None:
    """Three times, a minute apart, through the front door."""
    journal, listener = open_journal(office.folder, office.identity)
    body = Body(holder="cleo", credential=office.identity.pseudonym("card", CARD))
    event = Event(Code.GRANTED, portal="front_door", access_point="front_in", reasons=REASONS, body=body)
    try:
        for number in range(times):
            moment = FIRST + timedelta(minutes=number)
            ticket = journal.append([Record(event)], now_ms=1, utc_ms=round(moment.timestamp() * 1000))
        listener.wait_ticket(ticket)
    finally:
        journal.close()


def without_cleo(office: Office) -> None:
    """Her card is taken off the list."""
    path = office.folder / "office.source.db"
    with Source.open(path) as source, source.batch("edit", "office", "a test", AT_S) as batch:
        edit.remove(batch, "credential", f"card:{CARD}")

"""The whole list for whoever goes through it: holders and households by their ids, past the last one that was seen.

A row that is added or removed meanwhile moves none of the others from one answer to the next.
"""

from __future__ import annotations

import sqlite3

from firmware.people.errors import Denied
from firmware.people.line import MANAGERS, Desk, Line, Lines
from firmware.people.place import Place
from firmware.people.rows import PEOPLE_SQL, person
from firmware.people_words.base import Asker
from firmware.people_words.listing import HouseholdRow, HouseholdsListed, ListHouseholds, ListPeople, PeopleListed

MARK = "suspended"
_HOUSEHOLDS = (
    "SELECT id, label, spaces, (SELECT count(*) FROM holder WHERE household = u.id) FROM household AS u"
    " WHERE id > ? ORDER BY id LIMIT ?"
)


def people(desk: Desk, _who: Asker, question: ListPeople) -> PeopleListed:
    """Raises Denied, also where only those are wanted who are held and the controller does not say who is."""
    place = desk.place
    held = _held(place, needed=question.suspended)
    with place.reading() as source:
        rows = _rows(source.db, question, held or set())
    marked = [person(row, MARK if held and row[0] in held else "") for row in rows[: question.most]]
    return PeopleListed(rows=tuple(marked), more=len(rows) > question.most, marked=held is not None)


def _held(place: Place, *, needed: bool) -> set[str] | None:
    """Who is held as a whole by a local entry now; None: the controller does not say. Raises Denied."""
    try:
        entries = place.local(wait=needed).entries
    except Denied:
        if needed:
            raise
        return None
    return {entry.holder for entry in entries if entry.kind == "suspend" and entry.credential is None}


def _rows(db: sqlite3.Connection, question: ListPeople, held: set[str]) -> list[tuple[object, ...]]:
    """One more than is wanted, where there is one."""
    wanted = ["h.id > ?"]
    values: list[object] = [question.after]
    if question.household:
        wanted.append("h.household = ?")
        values.append(question.household)
    if question.profile:
        wanted.append("instr(h.profiles, json_quote(?))")
        values.append(question.profile)
    sql = f"{PEOPLE_SQL} WHERE {' AND '.join(wanted)}"
    most = question.most + 1
    if not question.suspended:
        return db.execute(f"{sql} ORDER BY h.id LIMIT ?", (*values, most)).fetchall()
    found: list[tuple[object, ...]] = []
    for id in sorted(each for each in held if each > question.after):  # a few thousand at most
        row = db.execute(f"{sql} AND h.id = ?", (*values, id)).fetchone()
        if row is not None:
            found.append(row)
        if len(found) == most:
            break
    return found


def households(desk: Desk, _who: Asker, question: ListHouseholds) -> HouseholdsListed:
    """Raises Denied."""
    with desk.place.reading() as source:
        rows = source.db.execute(_HOUSEHOLDS, (question.after, question.most + 1)).fetchall()
    shown = tuple(
        HouseholdRow(id, label or "", spaces, members) for id, label, spaces, members in rows[: question.most]
    )
    return HouseholdsListed(rows=shown, more=len(rows) > question.most)


LINES: Lines = {
    ListPeople: Line(MANAGERS, people, slow=True),
    ListHouseholds: Line(MANAGERS, households, slow=True),
}

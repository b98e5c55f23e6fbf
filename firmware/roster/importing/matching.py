"""Finds out who the sheet's people are: by id, by household and name, by a card they hold; or they are new.

The rows of one household and name are one person. Two of one name in a household are told apart by the column of ids
alone; nothing is guessed from likeness.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from firmware.roster.errors import shown
from firmware.roster.importing.lines import UNRESOLVED
from firmware.roster.importing.staging import Staging

NEW_HOLDER, NEW_HOUSEHOLD = "p", "f"  # the first letter of ids that the import gives; a number follows


class Conflict(NamedTuple):
    """A row that is bad beside another, or beside the source."""

    n: int
    column: str  # of headers.COLUMNS
    found: str  # as in Bad
    code: str
    values: dict[str, object]


def match(staging: Staging) -> Iterator[Conflict]:
    """Make `person` (key -> holder's id, whether new) and resolve households. What cannot be told is given back."""
    db = staging.db
    _households(staging)
    db.execute(
        "CREATE TABLE temp.person (key TEXT PRIMARY KEY, n INTEGER NOT NULL, holder TEXT, household TEXT, name TEXT,"
        " id TEXT, fresh INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID"
    )
    db.execute(
        "INSERT INTO temp.person (key, n, holder, household, name) SELECT person, min(n), holder,"
        " nullif(household, ''), nullif(name, '') FROM temp.line WHERE person IS NOT NULL GROUP BY person"
    )
    db.execute(
        "UPDATE temp.person SET id = holder,"
        " fresh = NOT EXISTS (SELECT 1 FROM main.holder h WHERE h.id = person.holder) WHERE holder IS NOT NULL"
    )
    if staging.one("SELECT EXISTS (SELECT 1 FROM main.holder)"):
        yield from _by_name(db)
        yield from _by_card(db)
    _new(staging)


def _next(staging: Staging, first: str, *places: str) -> int:
    """The highest number of ids that begin with this letter."""
    numbered = f"id GLOB '{first}[0-9]*' AND NOT substr(id, 2) GLOB '*[^0-9]*' AND length(id) <= 16"
    return max(staging.one(f"SELECT max(CAST(substr(id, 2) AS INTEGER)) FROM {p} WHERE {numbered}") for p in places)


def _households(staging: Staging) -> None:
    """Give an id to households whose text is none: the one with that label, or a new one."""
    db = staging.db
    like = f"household >= '{UNRESOLVED}' AND household < '{chr(ord(UNRESOLVED) + 1)}'"
    if not staging.one(f"SELECT EXISTS (SELECT 1 FROM temp.line WHERE {like})"):
        return
    base = _next(staging, NEW_HOUSEHOLD, "main.household", "(SELECT DISTINCT household AS id FROM temp.line)")
    db.execute("CREATE TABLE temp.place (text TEXT PRIMARY KEY, written TEXT, id TEXT) WITHOUT ROWID")
    db.execute(f"INSERT INTO temp.place SELECT household, written, NULL FROM temp.line WHERE {like} GROUP BY household")
    db.execute(
        "UPDATE temp.place SET id = h.id FROM (SELECT min(id) AS id, label FROM main.household"
        " WHERE label IS NOT NULL GROUP BY label) AS h WHERE h.label = place.written"
    )
    db.execute(
        f"UPDATE temp.place SET id = '{NEW_HOUSEHOLD}' || ({base} + f.number) FROM"
        " (SELECT text, row_number() OVER (ORDER BY text) AS number FROM temp.place WHERE id IS NULL) AS f"
        " WHERE f.text = place.text"
    )
    db.execute(
        "UPDATE temp.line SET household = p.id, person = CASE WHEN substr(person, 1, 1) = '~'"
        " THEN p.id || substr(person, instr(person, char(9))) ELSE person END"
        " FROM temp.place p WHERE p.text = line.household"
    )


def _by_name(db: sqlite3.Connection) -> Iterator[Conflict]:
    """Those whom the source knows by household and name."""
    db.execute("CREATE TABLE temp.was (household TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL)")
    db.execute("INSERT INTO temp.was SELECT ifnull(household, ''), ifnull(name, ''), id FROM main.holder")
    db.execute("CREATE INDEX temp.was_named ON was (household, name)")
    db.execute(
        "UPDATE temp.person SET id = w.id FROM (SELECT household, name, min(id) AS id FROM temp.was"
        " GROUP BY household, name HAVING count(*) = 1) AS w WHERE person.id IS NULL"
        " AND (person.name IS NOT NULL OR person.household IS NOT NULL)"
        " AND w.household = ifnull(person.household, '') AND w.name = ifnull(person.name, '')"
    )
    # Several of one name there: the one who holds a card of this row.
    holders = (
        "SELECT l.person AS key, k.holder AS id FROM temp.line l JOIN temp.item i ON i.n = l.n"
        " JOIN main.credential k ON k.kind = i.kind AND k.key = i.key"
        " UNION SELECT l.person, v.holder FROM temp.line l JOIN temp.item i ON i.n = l.n AND i.kind = 4"
        " JOIN main.vehicle v ON v.plate = i.key"
    )
    db.execute(f"CREATE TABLE temp.kind_of AS {holders}")
    db.execute("CREATE INDEX temp.kind_of_key ON kind_of (key)")
    twins = (
        "SELECT p.key, p.n, p.name, (SELECT group_concat(w.id, ', ') FROM temp.was w"
        " WHERE w.household = ifnull(p.household, '') AND w.name = ifnull(p.name, '')) AS ids,"
        " (SELECT min(k.id) FROM temp.kind_of k JOIN temp.was w ON w.id = k.id WHERE k.key = p.key"
        " AND w.household = ifnull(p.household, '') AND w.name = ifnull(p.name, '')) AS held"
        " FROM temp.person p WHERE p.id IS NULL AND p.name IS NOT NULL"
        " AND EXISTS (SELECT 1 FROM temp.was w WHERE w.household = ifnull(p.household, '') AND w.name = p.name)"
    )
    for key, n, name, ids, held in db.execute(twins).fetchall():
        if held is not None:
            db.execute("UPDATE temp.person SET id = ? WHERE key = ?", (held, key))
        else:
            yield Conflict(n, "name", shown(name), "two_of_one_name", {"ids": shown(ids, bare=True)})


def _by_card(db: sqlite3.Connection) -> Iterator[Conflict]:
    """Those who moved or have no name here or there: whoever holds a card of the row, if it is the same name."""
    db.execute(
        "UPDATE temp.person SET id = f.id FROM (SELECT k.key, min(k.id) AS id FROM temp.kind_of k"
        " GROUP BY k.key HAVING count(DISTINCT k.id) = 1) AS f, main.holder h"
        " WHERE f.key = person.key AND h.id = f.id AND person.id IS NULL"
        " AND (person.name IS NULL OR h.name IS NULL OR h.name = person.name)"
    )
    several = (
        "SELECT p.n, min(k.id), max(k.id) FROM temp.person p JOIN temp.kind_of k ON k.key = p.key"
        " WHERE p.id IS NULL AND p.name IS NULL GROUP BY p.key"
    )
    for n, one, other in db.execute(several):
        yield Conflict(n, "card", "", "cards_of_two", {"one": one, "other": other})


def _new(staging: Staging) -> None:
    """Ids for those whom nobody knows, going on where the source's end; of no name and no phone."""
    base = _next(staging, NEW_HOLDER, "main.holder", "temp.person")
    staging.db.execute(
        f"UPDATE temp.person SET id = '{NEW_HOLDER}' || ({base} + f.number), fresh = 1 FROM"
        " (SELECT key, row_number() OVER (ORDER BY n) AS number FROM temp.person WHERE id IS NULL) AS f"
        " WHERE f.key = person.key"
    )

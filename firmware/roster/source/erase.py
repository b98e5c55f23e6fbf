"""Erasure of one person from the source and from its history, which still verifies.

What goes: the holder, credentials and vehicles; the words of every change that was about them; why and file of every
batch that names them. What stays is how many changes there were, when and by whom, and a commitment of each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.history import commitment_of, words_of
from firmware.roster.source.schema import KEYS, json_sql, key_sql

WORD_CHARACTERS_MIN = 2  # a shorter word is not looked for in other texts: it would be found anywhere
_TEXTS = {  # where people may have written of somebody else
    "household": ("label", "note"),
    "holder": ("name", "relation", "note"),
    "vehicle": ("description",),
}


class Erased(NamedTuple):
    """What an erasure took away; all 0 where nothing of that holder was there."""

    holders: int = 0
    credentials: int = 0
    vehicles: int = 0
    households: int = 0
    changes: int = 0  # of the history, whose words went
    batches: int = 0  # whose why and file went
    mentions: int = 0  # not taken away: rows about others in which a name or number of the person is written


def erase_holder(batch: Batch, holder: str, *, household_too: bool = False) -> Erased:
    """Erase a holder, in a batch of kind erase; with `household_too` the household as well, if it is empty then.

    Afterwards, when the batch has ended, `Source.scrub` takes the bytes out of the files. To do it again is harmless.
    Raises ChangeRefused where the batch's own words name the person.
    """
    assert batch.kind is Kind.ERASE
    db = batch.db
    words = {word for word in _words(db, holder) if len(word) >= WORD_CHARACTERS_MIN}
    if any(word in text for word in words for text in batch.words):
        raise ChangeRefused("Nothing was erased: who, why or file names the person. Say it without name, id or number.")
    household = db.execute("SELECT household FROM holder WHERE id = ?", (holder,)).fetchone()
    credentials = db.execute("DELETE FROM credential WHERE holder = ?", (holder,)).rowcount
    vehicles = db.execute("DELETE FROM vehicle WHERE holder = ?", (holder,)).rowcount
    holders = db.execute("DELETE FROM holder WHERE id = ?", (holder,)).rowcount
    households = 0
    if household_too and household is not None:
        empty = "NOT EXISTS (SELECT 1 FROM holder WHERE holder.household = household.id)"
        households = db.execute(f"DELETE FROM household WHERE id = ? AND {empty}", household).rowcount
    changes = _scrub(batch, *_about(holder))
    if households:
        changes += _scrub(batch, "entity = 'household' AND id = ?", household)
    return Erased(holders, credentials, vehicles, households, changes, _scrub_words(db, words), _mentions(db, words))


def _about(holder: str) -> tuple[str, tuple[str, ...]]:
    """SQL for the changes about a holder: of the holder, and of what was the holder's before or after.

    An id needs no escape in JSON, so that the text with the column's name is found exactly.
    """
    owned = f'"holder":"{holder}"'
    where = "(instr(before, ?) OR instr(after, ?))"
    return f"(entity = 'holder' AND id = ? OR entity IN ('credential', 'vehicle') AND {where})", (holder, owned, owned)


def _words(db: sqlite3.Connection, holder: str) -> Iterator[str]:
    """What the person was ever known by: id, names, phone numbers, keys of credentials, what is printed on cards."""
    yield holder
    where, parameters = _about(holder)
    changes = db.execute(f"SELECT entity, id, before, after FROM change WHERE {where}", parameters).fetchall()
    for entity, id, before, after in changes:
        yield id.partition(":")[2] if entity == "credential" else id
        for text in (before, after):
            sql = "SELECT value FROM json_each(?) WHERE key IN ('name', 'phone', 'printed') AND value IS NOT NULL"
            yield from (value for (value,) in db.execute(sql, (text,)) if text is not None)


def _scrub(batch: Batch, where: str, parameters: tuple[str, ...]) -> int:
    """Leave of these changes the commitment only. What is still there, being somebody else's now, is stated anew."""
    db = batch.db
    sql = f"SELECT place, entity, id, before, after, salt FROM change WHERE commitment IS NULL AND {where}"
    rows = db.execute(sql, parameters).fetchall()
    for place, entity, id, before, after, salt in rows:
        db.execute(
            "UPDATE change SET id = NULL, before = NULL, after = NULL, salt = NULL, commitment = ? WHERE place = ?",
            (commitment_of(salt, entity, id, before, after), place),
        )
    for entity, id in sorted({(row[1], row[2]) for row in rows if row[1] in ("credential", "vehicle")}):
        db.execute(
            "INSERT INTO change (batch, entity, id, before, after, salt)"
            f" SELECT :batch, :entity, :id, NULL, {json_sql(entity, entity)}, randomblob(16) FROM {entity}"
            f" WHERE ({', '.join(KEYS[entity])}) = ({key_sql(entity, ':id')})",
            {"batch": batch.id, "entity": entity, "id": id},
        )
    return len(rows)


def _scrub_words(db: sqlite3.Connection, words: set[str]) -> int:
    """Leave of the words of batches that name the person the commitment only."""
    named = 0
    for id, why, file, salt in db.execute("SELECT id, why, file, salt FROM batch WHERE commitment IS NULL").fetchall():
        if any(word in text for word in words for text in (why, file) if text is not None):
            named += 1
            sql = "UPDATE batch SET why = NULL, file = NULL, salt = NULL, commitment = ? WHERE id = ?"
            db.execute(sql, (words_of(salt, why, file), id))
    return named


def _mentions(db: sqlite3.Connection, words: set[str]) -> int:
    """Rows about others in which a word stands: what they say is theirs, and people have to look at it."""
    found = 0
    for entity, columns in _TEXTS.items():
        text = " || char(10) || ".join(f"ifnull({column}, '')" for column in columns)
        for (written,) in db.execute(f"SELECT {text} FROM {entity}"):
            found += any(word in written for word in words)
    return found

"""What a batch may not leave behind: a credential of nobody, a holder of no household, a profile that nobody knows.

Only what the batch touched is looked at: the cost is that of the batch, not of the source.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import msgspec

from firmware.core.access import Rule
from firmware.roster.errors import shown
from firmware.roster.source.errors import ChangeRefused

NAMED_MAX = 20  # of those who refer to something, in a message
ALWAYS = "always"  # the schedule that is built in
_names = msgspec.json.Decoder(list[str])
_rules = msgspec.json.Decoder(list[Rule])

# `after` of a change that stands is the row as it is now. The + keeps SQLite from the index that lists an entity's
# changes since the source began.
_NOW = "FROM change AS touched WHERE place >= :first AND +entity = '{entity}' AND after IS NOT NULL"
_GONE = "(SELECT id FROM change WHERE place >= :first AND +entity = '{entity}' AND after IS NULL) AS gone"


def check_references(db: sqlite3.Connection, first: int) -> None:
    """Look at everything that the changes from place `first` on touched. Raises ChangeRefused, naming up to 20."""

    def refuse(sql: str, text: str) -> None:
        _refuse(db.execute(f"{sql} LIMIT {NAMED_MAX + 1}", {"first": first}), text)

    for owned, key in (("credential", "row.kind || ':' || row.key"), ("vehicle", "row.plate")):
        refuse(
            f"SELECT id, json_extract(after, '$.holder') {_NOW.format(entity=owned)}"
            " AND NOT EXISTS (SELECT 1 FROM holder WHERE holder.id = json_extract(touched.after, '$.holder'))",
            f"{owned} {{0}} is of holder {{1}}, who is not there: add the holder first",
        )
        refuse(
            f"SELECT gone.id, {key} FROM {_GONE.format(entity='holder')} JOIN {owned} AS row ON row.holder = gone.id",
            f"holder {{0}} still has {owned} {{1}}: remove it, or give it to somebody else, first",
        )
    refuse(
        f"SELECT id, json_extract(after, '$.household') {_NOW.format(entity='holder')}"
        " AND json_extract(after, '$.household') IS NOT NULL"
        " AND NOT EXISTS (SELECT 1 FROM household WHERE household.id = json_extract(touched.after, '$.household'))",
        "holder {0} is of household {1}, which is not there: add the household first",
    )
    refuse(
        f"SELECT gone.id, holder.id FROM {_GONE.format(entity='household')} JOIN holder ON holder.household = gone.id",
        "household {0} still has holder {1}: move or remove its holders first",
    )
    _profiles(db, first)
    _schedules(db, first)


def _refuse(rows: Iterable[tuple[object, ...]], text: str) -> None:
    lines = [text.format(*(shown(str(cell), bare=True) for cell in row)) for row in rows]
    if lines:
        more = ["and more"] if len(lines) > NAMED_MAX else []
        raise ChangeRefused("Nothing was changed:\n" + "\n".join(f"  {line}" for line in [*lines[:NAMED_MAX], *more]))


def _profiles(db: sqlite3.Connection, first: int) -> None:
    """Every profile of a touched holder is there, and a removed profile has no holder left."""
    known = {name for (name,) in db.execute("SELECT name FROM profile")}
    lists = f"SELECT json_extract(after, '$.profiles'), min(id) {_NOW.format(entity='holder')} GROUP BY 1"
    strangers = [
        (holder, name)
        for names, holder in db.execute(lists, {"first": first})
        for name in _names.decode(names)
        if name not in known
    ]
    _refuse(strangers, "holder {0} has profile {1}, which the rules do not have: add it to the rules first")
    gone = db.execute(f"SELECT id FROM {_GONE.format(entity='profile')}", {"first": first}).fetchall()
    for (name,) in gone:
        sql = f"SELECT ?, id FROM holder WHERE instr(profiles, json_quote(?)) LIMIT {NAMED_MAX + 1}"
        _refuse(
            db.execute(sql, (name, name)), "profile {0} is in use by holder {1}: give the holders another one first"
        )


def _schedules(db: sqlite3.Connection, first: int) -> None:
    """Every schedule that a profile names is there."""
    sql = "SELECT 1 FROM change WHERE place >= ? AND +entity IN ('profile', 'schedule') LIMIT 1"
    if db.execute(sql, (first,)).fetchone() is None:
        return
    known = {ALWAYS, *(name for (name,) in db.execute("SELECT name FROM schedule"))}
    strangers = [
        (profile, rule.schedule)
        for profile, rules in db.execute("SELECT name, rules FROM profile ORDER BY name")
        for rule in _rules.decode(rules)
        if rule.schedule not in known
    ]
    _refuse(strangers, "profile {0} follows schedule {1}, which is not there: add it to the rules first")

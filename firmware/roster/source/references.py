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
from firmware.roster.source.schema import id_sql

NAMED_MAX = 20  # of those who refer to something, in a message
ALWAYS = "always"  # the schedule that is built in
_names = msgspec.json.Decoder(list[str])
_rules = msgspec.json.Decoder(list[Rule])

WHOLE_CHANGES_MIN = 20_000  # from so many on it is cheaper to look at all rows than at those that were touched


def check_references(db: sqlite3.Connection, first: int) -> None:
    """Look at everything that the changes from place `first` on touched. Raises ChangeRefused, naming up to 20."""
    _References(db, first).check()


class _References:
    """One look at one batch."""

    def __init__(self, db: sqlite3.Connection, first: int) -> None:
        self._db = db
        self._first = {"first": first}
        sql = "SELECT entity, count(*), sum(after IS NULL) FROM change WHERE place >= :first GROUP BY +entity"
        counts = db.execute(sql, self._first).fetchall()
        self._touched = {entity: count for entity, count, _ in counts}
        self._removed = {entity for entity, _, removed in counts if removed}

    def check(self) -> None:
        for owned in ("credential", "vehicle"):
            self._lacks(owned, "holder", f"{owned} {{0}} is of holder {{1}}, who is not there: add the holder first")
            self._has(
                "holder",
                owned,
                f"holder {{0}} still has {owned} {{1}}: remove it, or give it to somebody else, first",
            )
        self._lacks(
            "holder", "household", "holder {0} is of household {1}, which is not there: add the household first"
        )
        self._has("household", "holder", "household {0} still has holder {1}: move or remove its holders first")
        self._profiles()
        self._schedules()
        if (
            "setting" in self._touched
            and not self._db.execute("SELECT 1 FROM setting WHERE name = 'time_zone'").fetchone()
        ):
            raise ChangeRefused("Nothing was changed: without its time zone nothing in the source can be read.")

    def _now(self, entity: str, column: str) -> str:
        """SQL for (id, ref) of the entity's rows as they are now: those that were touched, or all of them."""
        if self._touched.get(entity, 0) >= WHOLE_CHANGES_MIN:
            return f"SELECT {id_sql(entity, entity)} AS id, {column} AS ref FROM {entity}"
        # The + keeps SQLite from the index that lists an entity's changes since the source began.
        return (
            f"SELECT id, json_extract(after, '$.{column}') AS ref FROM change"
            f" WHERE place >= :first AND +entity = '{entity}' AND after IS NOT NULL"
        )

    def _gone(self, entity: str) -> str:
        return f"SELECT id FROM change WHERE place >= :first AND +entity = '{entity}' AND after IS NULL"

    def _refuse(self, sql: str, text: str) -> None:
        _refuse(self._db.execute(f"{sql} LIMIT {NAMED_MAX + 1}", self._first), text)

    def _lacks(self, entity: str, column: str, text: str) -> None:
        """Refuse rows of `entity` that refer to a `column` that is not there."""
        if entity in self._touched:
            there = f"SELECT 1 FROM {column} AS there WHERE there.id = row.ref"
            self._refuse(
                f"SELECT id, ref FROM ({self._now(entity, column)}) AS row"
                f" WHERE ref IS NOT NULL AND NOT EXISTS ({there})",
                text,
            )

    def _has(self, entity: str, owned: str, text: str) -> None:
        """Refuse removed rows of `entity` to which rows of `owned` still refer."""
        if entity in self._removed:
            self._refuse(
                f"SELECT gone.id, {id_sql(owned, 'row')} FROM ({self._gone(entity)}) AS gone"
                f" JOIN {owned} AS row ON row.{entity} = gone.id",
                text,
            )

    def _profiles(self) -> None:
        """Every profile of a touched holder is there, and a removed profile has no holder left."""
        if "holder" in self._touched:
            known = {name for (name,) in self._db.execute("SELECT name FROM profile")}
            lists = f"SELECT ref, min(id) FROM ({self._now('holder', 'profiles')}) GROUP BY ref"
            strangers = [
                (holder, name)
                for names, holder in self._db.execute(lists, self._first)
                for name in _names.decode(names)
                if name not in known
            ]
            _refuse(strangers, "holder {0} has profile {1}, which the rules do not have: add it to the rules first")
        if "profile" in self._removed:
            for (name,) in self._db.execute(self._gone("profile"), self._first).fetchall():
                sql = f"SELECT ?, id FROM holder WHERE instr(profiles, json_quote(?)) LIMIT {NAMED_MAX + 1}"
                text = "profile {0} is in use by holder {1}: give the holders another one first"
                _refuse(self._db.execute(sql, (name, name)), text)

    def _schedules(self) -> None:
        """Every schedule that a profile names is there."""
        if not {"profile", "schedule"} & self._touched.keys():
            return
        known = {ALWAYS, *(name for (name,) in self._db.execute("SELECT name FROM schedule"))}
        strangers = [
            (profile, rule.schedule)
            for profile, rules in self._db.execute("SELECT name, rules FROM profile ORDER BY name")
            for rule in _rules.decode(rules)
            if rule.schedule not in known
        ]
        _refuse(strangers, "profile {0} follows schedule {1}, which is not there: add it to the rules first")


def _refuse(rows: Iterable[tuple[object, ...]], text: str) -> None:
    lines = [text.format(*(shown(str(cell), bare=True) for cell in row)) for row in rows]
    if lines:
        more = ["and more"] if len(lines) > NAMED_MAX else []
        raise ChangeRefused("Nothing was changed:\n" + "\n".join(f"  {line}" for line in [*lines[:NAMED_MAX], *more]))

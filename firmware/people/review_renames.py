"""Which schedules and access profiles only have another name since the roster in service was built.

A rename is one batch in which a rule of one name goes and one of another name comes that says the very same. Read over
it, a holder whose profile is called otherwise, or a profile whose schedule is, has not changed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

NAMED = ("schedule", "profile")  # what has a name that other rows hold
_FIRST = "(SELECT ifnull(min(first), 1 << 62) FROM batch WHERE id > ?)"
_names = msgspec.json.Decoder(list[str])
_encode = msgspec.json.Encoder().encode
Row = dict[str, Any]
Names = Mapping[str, str]  # old -> new


class Renames(NamedTuple):
    """By their names then: what each is called now."""

    schedules: Names
    profiles: Names

    def old_of(self, entity: str, new: str) -> str | None:
        """What a rule of this name was called."""
        return next((old for old, now in self.of(entity).items() if now == new), None)

    def of(self, entity: str) -> Names:
        return {"schedule": self.schedules, "profile": self.profiles}.get(entity, {})

    def read_over(self, entity: str, row: Row) -> Row:
        """A row of then, with what it names called as now."""
        if entity == "profile" and self.schedules:
            rules = msgspec.json.decode(row["rules"], type=list[Row])
            named = [{**rule, "schedule": self.schedules.get(rule["schedule"], rule["schedule"])} for rule in rules]
            return row if named == rules else {**row, "rules": _encode(named).decode()}
        if entity == "holder" and self.profiles:
            names = _names.decode(row["profiles"])
            now = sorted(self.profiles.get(name, name) for name in names)
            return row if now == sorted(names) else {**row, "profiles": _encode(now).decode()}
        return row


def renames(db: sqlite3.Connection, served_batch: int) -> Renames:
    """From batch `served_batch` to now; what has its old name back is not in it."""
    return Renames(*(_chained(db, entity, served_batch) for entity in NAMED))


def before_of(db: sqlite3.Connection, entity: str, name: str, served_batch: int) -> Row:
    """A rule that is gone, as it was at batch `served_batch`."""
    sql = f"SELECT before FROM change WHERE entity = ? AND id = ? AND place >= {_FIRST} ORDER BY place LIMIT 1"
    text = db.execute(sql, (entity, name, served_batch)).fetchone()[0]
    return msgspec.json.decode(text, type=Row)


def along(db: sqlite3.Connection, entity: str, name: str) -> int:
    """How many name it: holders of a profile, profiles that follow a schedule."""
    if entity == "profile":
        sql = "SELECT count(*) FROM holder WHERE instr(profiles, json_quote(?))"
    else:
        sql = (
            "SELECT count(*) FROM profile WHERE EXISTS"
            " (SELECT 1 FROM json_each(rules) WHERE json_extract(value, '$.schedule') = ?)"
        )
    return int(db.execute(sql, (name,)).fetchone()[0])


def _chained(db: sqlite3.Connection, entity: str, served_batch: int) -> Names:
    sql = (
        f"SELECT batch, id, before, after FROM change WHERE place >= {_FIRST} AND +entity = ?"
        " AND (before IS NULL) <> (after IS NULL) ORDER BY batch, place"
    )
    batches: dict[int, tuple[dict[str, list[str]], dict[str, list[str]]]] = {}
    was_there: dict[str, bool] = {}  # at batch `served_batch`
    for batch, name, before, after in db.execute(sql, (served_batch, entity)):
        was_there.setdefault(name, before is not None)
        gone, come = batches.setdefault(batch, ({}, {}))
        (come if before is None else gone).setdefault(_said(after or before), []).append(name)
    names: dict[str, str] = {}
    for gone, come in batches.values():
        for said, olds in gone.items():
            news = come.get(said, [])
            if len(olds) == len(news) == 1:  # of two that say the same nobody knows which became which
                _go_on(names, olds[0], news[0])
    there = {name for (name,) in db.execute(f"SELECT name FROM {entity}")}
    # Where one of the two names is, or was, another rule's, it is told as what it is: one that changed, one that came.
    return {old: new for old, new in names.items() if old not in there and new in there and not was_there[new]}


def _go_on(names: dict[str, str], old: str, new: str) -> None:
    names[next((name for name, now in names.items() if now == old), old)] = new


def _said(text: str) -> str:
    """All that a rule says but its name."""
    row = msgspec.json.decode(text, type=Row)
    return _encode({column: value for column, value in row.items() if column != "name"}).decode()

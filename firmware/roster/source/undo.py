"""Undo of a batch: what it changed is put back, in a batch of its own that can be undone in turn."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from firmware.roster.errors import shown
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.errors import ChangeRefused, told
from firmware.roster.source.schema import COLUMNS, ENTITIES, KEYS, json_sql, key_sql
from firmware.roster.source.store import Source

NAMED_MAX = 20  # of what later batches changed, in a message
_SEE = "`menshen roster history` lists what was done."


def undo(
    source: Source,
    batch: int | None,
    who: str,
    why: str,
    at_s: int,
    *,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Batch:
    """Put back what batch `batch` (None: the last import) changed. Gives the batch that did so.

    `progress` is told steps and all of them: each change is looked at, and then put back, with others of its kind.

    Raises ChangeRefused where there is no such batch, where it is undone already, where it is an erasure or part of it
    was erased since, where what it changed is different by now (naming entity, id and batch of up to 20), or where
    references would break.
    """
    undone = last_import(source) if batch is None else batch
    with source.batch(Kind.UNDO, who, why, at_s, undoes=undone) as undoing:
        first = _undoable(undoing.db, undone)
        sql = "SELECT entity, count(*) FROM change WHERE place >= ? AND batch = ? GROUP BY +entity"
        counts = dict(undoing.db.execute(sql, (first, undone)).fetchall())
        done, total = 0, 2 * sum(counts.values())
        lines: list[str] = []
        for entity in ENTITIES:
            progress(done, total)
            if entity in counts and len(lines) <= NAMED_MAX:
                lines += _different(undoing.db, entity, undone, first)
            done += counts.get(entity, 0)
        if lines:
            raise _changed_since(undone, lines)
        for entity in ENTITIES:
            progress(done, total)
            if entity in counts:
                _restore(undoing, entity, undone, first)
            done += counts.get(entity, 0)
        progress(done, total)
    return undoing


def last_import(source: Source) -> int:
    """The newest import that is not undone. Raises ChangeRefused where there is none."""
    with told(source.path):
        imports = source.db.execute("SELECT id FROM batch WHERE kind = 'import' ORDER BY id DESC").fetchall()
        for (batch,) in imports:
            if not is_undone(source.db, batch):
                return int(batch)
    raise ChangeRefused(f"There is no import that could be undone. {_SEE}")


def is_undone(db: sqlite3.Connection, batch: int) -> bool:
    """Whether a batch is undone: an undo that was undone itself does not count."""
    undoing = db.execute("SELECT id FROM batch WHERE undoes = ?", (batch,)).fetchall()
    return any(not is_undone(db, undo) for (undo,) in undoing)


def _undoable(db: sqlite3.Connection, batch: int) -> int:
    """The place of the batch's first change, if it can be undone."""
    row = db.execute("SELECT kind, first FROM batch WHERE id = ?", (batch,)).fetchone()
    if row is None:
        raise ChangeRefused(f"There is no batch {batch}. {_SEE}")
    kind, first = row
    if kind == Kind.ERASE:
        raise ChangeRefused(f"Batch {batch} erased a person: what was erased is nowhere any more.")
    if is_undone(db, batch):
        raise ChangeRefused(f"Batch {batch} is undone already. {_SEE}")
    sql = "SELECT count(*) FROM change WHERE place >= ? AND batch = ? AND commitment IS NOT NULL"
    erased = db.execute(sql, (first, batch)).fetchone()[0]
    if erased:
        raise ChangeRefused(
            f"{erased} change(s) of batch {batch} were about persons who were erased since: it cannot be undone any "
            "more. Correct what is wrong by hand."
        )
    return int(first)


def _changed_since(batch: int, lines: list[str]) -> ChangeRefused:
    named = "\n".join(f"  {line}" for line in lines[:NAMED_MAX])
    more = "\n  and more" if len(lines) > NAMED_MAX else ""
    return ChangeRefused(
        f"Batch {batch} cannot be undone: what it changed was changed again since. Undo that first:\n{named}{more}"
    )


def _different(db: sqlite3.Connection, entity: str, batch: int, first: int) -> list[str]:
    """What of `entity` is not any more what the batch made of it, each with the last batch that changed it."""
    keys = ", ".join(f"now.{key}" for key in KEYS[entity])
    absent = f"now.{KEYS[entity][0]} IS NULL"
    sql = (
        f"SELECT done.id, (SELECT max(batch) FROM change WHERE entity = '{entity}' AND id = done.id)"
        f" FROM change AS done LEFT JOIN {entity} AS now ON ({keys}) = ({key_sql(entity, 'done.id')})"
        " WHERE done.place >= ? AND done.batch = ? AND +done.entity = ?"
        f" AND CASE WHEN {absent} THEN NULL ELSE {json_sql(entity, 'now')} END IS NOT done.after"
        f" ORDER BY done.place LIMIT {NAMED_MAX + 1}"
    )
    rows = db.execute(sql, (first, batch, entity)).fetchall()
    return [f"{entity} {shown(id, bare=True)}: batch {later}" for id, later in rows]


def _restore(undoing: Batch, entity: str, batch: int, first: int) -> None:
    done = "FROM change WHERE place >= ? AND batch = ? AND +entity = ? AND before IS"
    values = ", ".join(f"json_extract(before, '$.{column}')" for column in COLUMNS[entity])
    parameters = (first, batch, entity)
    undoing.take(entity, f"SELECT {key_sql(entity, 'id')} {done} NULL", parameters)
    undoing.put(entity, f"SELECT {values} {done} NOT NULL", parameters)

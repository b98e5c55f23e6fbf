"""The source as people read it: who changed what, and what stands there now. Values are texts, times are local."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import date, tzinfo
from typing import Any, NamedTuple

import msgspec

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.keys import KIND
from firmware.roster.schema import FLAGS, STATUSES
from firmware.roster.source.edit import PINS, YES, key_of
from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.schema import COLUMNS
from firmware.terminal import moment

BATCHES_MAX = 200  # listed at once: the newest
CHANGES_MAX = 20  # of one batch, unless more are asked for
FOUND_MAX = 50  # of a search
_FACTOR = {number: factor.value for factor, number in KIND.items()}
_PIN_PREFIX = f"{KIND[Factor.PIN]}:"
_INSTANTS = ("valid_from_s", "valid_until_s")
_SEARCHED = {
    "household": ("id", "label", "note"),
    "holder": ("id", "name", "phone", "note"),
    "credential": ("key", "printed"),
    "vehicle": ("plate", "description"),
}

Fields = dict[str, str]


class Said(NamedTuple):
    """One batch."""

    id: int
    at_s: int
    kind: str
    who: str
    why: str | None  # None: erased
    file: str | None
    undoes: int | None
    undone_by: int | None
    changes: int


class Changed(NamedTuple):
    """One change: the columns that differ, as texts; {} before what was added and after what was removed.

    `id` is None where it is erased.
    """

    batch: int
    entity: str
    id: str | None
    before: Fields
    after: Fields


def id_for_people(entity: str, id: str) -> str:
    """The id of a change as the commands take it: card:H10301:1:2, 2026-10-01."""
    if entity == "credential":
        kind, _, key = id.partition(":")
        return f"{_FACTOR[int(kind)]}:{key}"
    return date.fromordinal(int(id)).isoformat() if entity == "special_day" else id


def id_of_change(entity: str, text: str) -> str:
    """The other way round. Raises ChangeRefused for what cannot be an id."""
    if entity in ("household", "holder", "vehicle", "credential"):
        return ":".join(str(part) for part in key_of(entity, text))
    if entity == "special_day":
        try:
            return str(date.fromisoformat(text).toordinal())
        except ValueError:
            raise ChangeRefused(f"special_day {shown(text)}: write it as 2026-10-01.") from None
    return text


def fields(entity: str, row: dict[str, Any], zone: tzinfo) -> Fields:
    """The columns of a row that say something, as texts; keys are left out, PINs are not shown."""
    found: Fields = {}
    for column, value in row.items():
        if value is not None and not (column in ("flags", "duress") and value == 0):
            found[column.removesuffix("_s")] = _text(entity, column, value, zone)
    return found


def _text(entity: str, column: str, value: Any, zone: tzinfo) -> str:
    if column in PINS:
        return "***"
    if column == "status":
        return STATUSES[value] if 0 <= value < len(STATUSES) else str(value)
    if column == "flags":
        return ";".join(name for name, bit in FLAGS.items() if value & bit)
    if column == "duress":
        return next(word for word, bit in YES.items() if bit == bool(value))
    if column in _INSTANTS:
        return moment(value * 1000, zone) or str(value)
    if column == "profiles":
        return ";".join(msgspec.json.decode(value, type=list[str]))
    if entity == "credential" and column == "kind":
        return _FACTOR.get(value, str(value))
    return str(value)


def batches(
    db: sqlite3.Connection,
    entity: str | None = None,
    id: str | None = None,
    since_s: int | None = None,
    batch: int | None = None,
) -> Iterator[Said]:
    """The newest batches, oldest first: all, or those that changed an entity, or one of it (`id` as in `change`)."""
    where = ["(:since IS NULL OR at_s >= :since)", "(:batch IS NULL OR batch.id = :batch)"]
    parameters = {"since": since_s, "batch": batch, "entity": entity, "id": id, "most": BATCHES_MAX}
    if entity is not None:
        where.append(f"batch.id IN (SELECT batch FROM change WHERE {_of(entity, id)})")
    sql = (
        "SELECT id, at_s, kind, who, why, file, undoes, (SELECT max(undo.id) FROM batch AS undo"
        f" WHERE undo.undoes = batch.id), changes FROM batch WHERE {' AND '.join(where)} ORDER BY id DESC LIMIT :most"
    )
    rows = db.execute(sql, parameters).fetchall()
    yield from (Said(*row) for row in reversed(rows))


def changes(
    db: sqlite3.Connection, batch: int, zone: tzinfo, entity: str | None = None, id: str | None = None, most: int = -1
) -> Iterator[Changed]:
    """The changes of a batch, up to `most` (-1: all), in their order; only those of `entity` and `id` if given."""
    sql = (
        "SELECT entity, id, before, after FROM change WHERE place >= (SELECT first FROM batch WHERE id = :batch)"
        " AND place < ifnull((SELECT min(first) FROM batch WHERE id > :batch), 1 << 62)"
        f" AND batch = :batch AND {_of(entity, id)} ORDER BY place LIMIT :most"
    )
    parameters = {"batch": batch, "entity": entity, "id": id, "most": most}
    for of, name, before, after in db.execute(sql, parameters):
        old, new = (
            None if text is None else msgspec.json.decode(text, type=dict[str, Any]) for text in (before, after)
        )
        yield Changed(batch, of, None if name is None else id_for_people(of, name), *compared(of, old, new, zone))


def compared(
    entity: str, before: dict[str, Any] | None, after: dict[str, Any] | None, zone: tzinfo
) -> tuple[Fields, Fields]:
    """What differs between two states of a row (None: it is not there), as the texts of `Changed`."""
    if before is not None and after is not None:
        same = [column for column in before if before[column] == after.get(column)]
        before, after = ({c: v for c, v in row.items() if c not in same} for row in (before, after))
    old, new = (fields(entity, _besides_key(entity, row), zone) if row else {} for row in (before, after))
    return old, new


def _besides_key(entity: str, row: dict[str, Any]) -> dict[str, Any]:
    keys = 2 if entity == "credential" else 1
    return {column: row[column] for column in COLUMNS[entity][keys:] if column in row}


def _of(entity: str | None, id: str | None) -> str:
    if entity is None:
        return "true"
    return "entity = :entity" if id is None else "entity = :entity AND change.id = :id"


class Found(NamedTuple):
    """One row of the source as it is now."""

    entity: str
    id: str
    fields: Fields


def rows(
    db: sqlite3.Connection, entity: str, where: str, parameters: tuple[Any, ...], zone: tzinfo, most: int = -1
) -> list[Found]:
    """Up to `most` (-1: all) rows of an entity, by their keys. `where` is SQL of ours."""
    columns = COLUMNS[entity]
    keys = ", ".join(columns[: 2 if entity == "credential" else 1])
    sql = f"SELECT {', '.join(columns)} FROM {entity} WHERE {where} ORDER BY {keys} LIMIT {most}"
    found = db.execute(sql, parameters)
    return [_found(entity, dict(zip(columns, row, strict=True)), zone) for row in found]


def _found(entity: str, row: dict[str, Any], zone: tzinfo) -> Found:
    id = f"{row['kind']}:{row['key']}" if entity == "credential" else str(row[COLUMNS[entity][0]])
    return Found(entity, id_for_people(entity, id), fields(entity, _besides_key(entity, row), zone))


def search(db: sqlite3.Connection, text: str, zone: tzinfo) -> list[Found]:
    """Up to FOUND_MAX rows in which the text stands (Latin letters of either case), by entity and id."""
    found: list[Found] = []
    for entity, columns in _SEARCHED.items():
        where = " OR ".join(f"instr(lower({column}), lower(?))" for column in columns)
        left = FOUND_MAX - len(found)
        found += rows(db, entity, where, (text,) * len(columns), zone, left)
    return found

"""What an import would do to the source: how many, which, and what stands against it. Nothing is changed by a plan."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import NamedTuple

from firmware.roster.importing.layout import Layout
from firmware.roster.importing.mapping import Mapping
from firmware.roster.importing.problems import Bad, BadRows
from firmware.roster.source.history import Head
from firmware.roster.source.schema import COLUMNS, KEYS

ENTITIES = ("household", "holder", "credential", "vehicle")
SAMPLES_MAX = 20  # of each kind, so that a person can look at them
REMOVED_SHARE_MAX = 0.2  # of the source; more is said by its exact number, for nobody types that by mistake


class Count(NamedTuple):
    """What becomes of the rows of one entity."""

    added: int
    changed: int
    removed: int
    unchanged: int
    left_alone: int  # in the source, and not named by the sheet


class Sample(NamedTuple):
    """One row of the source, before and after. None: it is not there."""

    entity: str
    before: dict[str, object] | None
    after: dict[str, object] | None


class Assumption(NamedTuple):
    """Something seen from the sheet and not said: the text roster.import.assumed.CODE."""

    code: str
    values: dict[str, object]


@dataclass
class Plan:
    """The result of `planning.plan`. Its rows stand in temporary tables of the source's connection."""

    file: str  # its name
    sha256: str
    head: Head  # of the source it was made for
    zone: tzinfo  # of the source
    mapping: Mapping  # as it was used
    layouts: list[Layout]
    assumptions: list[Assumption]
    rows: int  # of the sheet, that are right
    bad: BadRows
    warnings: BadRows
    counts: dict[str, Count] = field(default_factory=dict)
    samples: list[Sample] = field(default_factory=list)
    reactivated: int = 0  # cards and vehicles that the source has as suspended or lost, and that the sheet lets in

    @property
    def removed(self) -> int:
        return sum(count.removed for count in self.counts.values())

    @property
    def changes(self) -> int:
        return sum(count.added + count.changed + count.removed for count in self.counts.values())

    @property
    def removes_many(self) -> bool:
        """Whether more of any entity would be removed than anybody removes by mistake."""
        return any(
            count.removed > REMOVED_SHARE_MAX * (count.changed + count.removed + count.unchanged + count.left_alone)
            for count in self.counts.values()
        )

    @property
    def problems(self) -> list[Bad]:
        return self.bad.found


def count_and_sample(plan: Plan, db: sqlite3.Connection) -> None:
    """Fill in `counts` and `samples` from the tables of the difference."""
    for entity in ENTITIES:
        plan.counts[entity] = _count(db, entity)
        plan.samples += _samples(db, entity)
    for entity in ("credential", "vehicle"):
        plan.reactivated += db.execute(
            f"SELECT count(*) FROM temp.new_{entity} n JOIN main.{entity} o ON {_same(entity)}"
            " WHERE o.status <> 0 AND n.status = 0"
        ).fetchone()[0]


def gone_sql(entity: str) -> str:
    """SELECT of the keys that are to be removed."""
    keys = "kind, key" if entity == "credential" else "key"
    return f"SELECT {keys} FROM temp.gone WHERE entity = '{entity}'"


def new_sql(entity: str) -> str:
    """SELECT of the rows as they will stand, in the order of the source's columns."""
    return f"SELECT {', '.join(COLUMNS[entity])} FROM temp.new_{entity}"


def _same(entity: str) -> str:
    return " AND ".join(f"o.{key} = n.{key}" for key in KEYS[entity])


def _differs(entity: str) -> str:
    return "(" + " OR ".join(f"o.{c} IS NOT n.{c}" for c in COLUMNS[entity] if c not in KEYS[entity]) + ")"


def _count(db: sqlite3.Connection, entity: str) -> Count:
    absent = f"o.{KEYS[entity][0]} IS NULL"
    named, added, changed = db.execute(
        f"SELECT count(*), ifnull(sum({absent}), 0), ifnull(sum(NOT {absent} AND {_differs(entity)}), 0)"
        f" FROM temp.new_{entity} n LEFT JOIN main.{entity} o ON {_same(entity)}"
    ).fetchone()
    removed = db.execute(f"SELECT count(*) FROM ({gone_sql(entity)})").fetchone()[0]
    there = db.execute(f"SELECT count(*) FROM main.{entity}").fetchone()[0]
    unchanged = named - added - changed
    return Count(added, changed, removed, unchanged, there - unchanged - changed - removed)


def _samples(db: sqlite3.Connection, entity: str) -> list[Sample]:
    columns = COLUMNS[entity]
    old, new = ", ".join(f"o.{c}" for c in columns), ", ".join(f"n.{c}" for c in columns)
    absent = f"o.{KEYS[entity][0]} IS NULL"
    joined = f"FROM temp.new_{entity} n LEFT JOIN main.{entity} o ON {_same(entity)} WHERE"
    samples = []
    for where in (absent, f"NOT {absent} AND {_differs(entity)}"):
        for row in db.execute(f"SELECT {old}, {new} {joined} {where} LIMIT {SAMPLES_MAX}"):
            before, after = (
                dict(zip(columns, part, strict=True)) for part in (row[: len(columns)], row[len(columns) :])
            )
            samples.append(Sample(entity, before if any(v is not None for v in before.values()) else None, after))
    keys = ", ".join(KEYS[entity])
    gone = f"SELECT {', '.join(columns)} FROM main.{entity} WHERE ({keys}) IN ({gone_sql(entity)}) LIMIT {SAMPLES_MAX}"
    samples += [Sample(entity, dict(zip(columns, row, strict=True)), None) for row in db.execute(gone)]
    return samples

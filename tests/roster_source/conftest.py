"""What the tests of the source share: a small community in a source, and the tables read as plain rows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from firmware.roster.source.store import Source

AT_S = 1_780_000_000
RESIDENTS = '["residents"]'

# Read from the contract (the brief of the tables), not from the program: entity -> number of key columns.
TABLES = {
    "setting": 1,
    "household": 1,
    "holder": 1,
    "credential": 2,
    "vehicle": 1,
    "profile": 1,
    "schedule": 1,
    "special_day": 1,
    "area": 1,
}

Tables = dict[str, dict[str, dict[str, object]]]


def tables(db: sqlite3.Connection) -> Tables:
    """Entity -> id of a change -> row, of everything that stands in the source."""
    found: Tables = {}
    for entity, keys in TABLES.items():
        cursor = db.execute(f"SELECT * FROM {entity}")
        names = [column[0] for column in cursor.description]
        found[entity] = {
            ":".join(str(cell) for cell in row[:keys]): dict(zip(names, row, strict=True)) for row in cursor
        }
    return found


def fill(source: Source) -> None:
    """Two households, three holders, cards, a plate."""
    with source.batch("rules", "office", "rules of the house", AT_S) as batch:
        batch.db.execute(
            'INSERT INTO profile VALUES (\'residents\', \'[{"access_points":["*"],"schedule":"always"}]\')'
        )
        batch.db.execute('INSERT INTO profile VALUES (\'staff\', \'[{"access_points":["*"],"schedule":"work"}]\')')
        batch.db.execute("INSERT INTO schedule VALUES ('work', '[[[480,1080]],[],[],[],[],[],[]]', '{}')")
        batch.db.execute("INSERT INTO special_day VALUES (739890, 'holiday')")
        batch.db.execute("INSERT INTO area VALUES ('garage', NULL, 12)")
    with source.batch("import", "office", "first list", AT_S, file="list.csv", sha256="ab" * 32) as batch:
        for household, spaces in (("3-2-501", 2), ("3-2-502", None)):
            batch.db.execute("INSERT INTO household (id, spaces) VALUES (?, ?)", (household, spaces))
        for holder, household, name in (("p1", "3-2-501", "张三"), ("p2", "3-2-501", "李四"), ("p3", None, None)):
            batch.db.execute(
                "INSERT INTO holder (id, household, name, profiles) VALUES (?, ?, ?, ?)",
                (holder, household, name, RESIDENTS),
            )
        for number, holder in ((1, "p1"), (2, "p1"), (3, "p3")):
            batch.db.execute(
                "INSERT INTO credential (kind, key, holder) VALUES (1, ?, ?)", (f"H10301:1:{number}", holder)
            )
        batch.db.execute("INSERT INTO vehicle (plate, holder) VALUES ('沪A12345', 'p1')")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "office.db"


@pytest.fixture
def empty(path: Path) -> Iterator[Source]:
    with Source.create(path, time_zone="Asia/Shanghai", who="office", why="a test", at_s=AT_S) as source:
        yield source


@pytest.fixture
def source(empty: Source) -> Source:
    fill(empty)
    return empty

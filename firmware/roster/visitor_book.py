"""Who visitors are: names in a file of the property office's own, since the controller knows ids and keys only.

A name stands there from the invitation to a month after the visit, with the household that is visited, so that both an
erasure of the visitor and one of the host's household reach it. Nobody else reads it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

PLACE = "people/visitors.db"  # in the state folder
BUSY_S_MAX = 5.0  # that one waits for another
KEPT_S = 31 * 86_400  # after the end of a visit
IDS_AT_ONCE = 500
_TABLE = (
    "CREATE TABLE IF NOT EXISTS visitor"
    " (id TEXT PRIMARY KEY, name TEXT NOT NULL, until_s INTEGER NOT NULL, host TEXT) STRICT"
)
COLUMNS = frozenset({"id", "name", "until_s"})  # of every version
_VERSION = 1  # PRAGMA user_version; files of version 0 have no host


def add(path: Path, now_s: int, id: str, name: str, until_s: int, host: str | None) -> None:
    """Raises sqlite3.Error, as all of these."""
    with _open(path, now_s) as db:
        db.execute("INSERT INTO visitor (id, name, until_s, host) VALUES (?, ?, ?, ?)", (id, name, until_s, host))


def drop(path: Path, now_s: int, id: str) -> None:
    with _open(path, now_s) as db:
        db.execute("DELETE FROM visitor WHERE id = ?", (id,))


def names(path: Path, now_s: int, ids: Sequence[str]) -> dict[str, str]:
    """Of those that are known."""
    found: dict[str, str] = {}
    with _open(path, now_s) as db:
        for start in range(0, len(ids), IDS_AT_ONCE):
            asked = ids[start : start + IDS_AT_ONCE]
            marks = ", ".join("?" * len(asked))
            found |= dict(db.execute(f"SELECT id, name FROM visitor WHERE id IN ({marks})", asked).fetchall())
    return found


def erase(path: Path, now_s: int, holder: str, household: str | None) -> int:
    """Forget a visitor of this id, and whoever visited the household, where that goes too; how many that were."""
    if not path.exists():
        return 0
    with _open(path, now_s) as db:
        return db.execute("DELETE FROM visitor WHERE id = ? OR host = ?", (holder, household)).rowcount


@contextmanager
def _open(path: Path, now_s: int) -> Iterator[sqlite3.Connection]:
    """The file, changed as a whole, by one at a time; whoever's month is over goes."""
    with closing(sqlite3.connect(path, timeout=BUSY_S_MAX, isolation_level=None)) as db:
        db.execute("PRAGMA secure_delete = ON").fetchone()
        db.execute("BEGIN IMMEDIATE")
        with db:
            db.execute(_TABLE)
            if db.execute("PRAGMA user_version").fetchone()[0] < _VERSION:
                _renew(db)
            db.execute("DELETE FROM visitor WHERE until_s < ?", (now_s - KEPT_S,))
            yield db


def _renew(db: sqlite3.Connection) -> None:
    """A file of version 0 gets the column that it lacks."""
    if "host" not in [row[1] for row in db.execute("PRAGMA table_info(visitor)")]:
        db.execute("ALTER TABLE visitor ADD COLUMN host TEXT")
    db.execute(f"PRAGMA user_version = {_VERSION}")

"""The tables of a journal of format 1, as the first release made them, and a journal of that format for tests."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from tests.journal.making import UTC_MS, fill, open_journal

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE words (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE);
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    utc_ms INTEGER,
    kind INTEGER NOT NULL,
    portal INTEGER NOT NULL,
    header BLOB NOT NULL,
    body BLOB,
    salt BLOB,
    commitment BLOB,
    previous BLOB NOT NULL,
    hash BLOB NOT NULL
);
CREATE INDEX events_place ON events (portal, kind);
CREATE TABLE mentions (
    person INTEGER NOT NULL,
    portal INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (person, portal, kind, seq)
) WITHOUT ROWID;
CREATE TABLE spans (
    first INTEGER PRIMARY KEY,
    last INTEGER NOT NULL,
    utc_min INTEGER,
    utc_max INTEGER,
    unknown INTEGER NOT NULL  -- rows without wall time
);
CREATE TABLE heads (
    seq INTEGER PRIMARY KEY,
    hash BLOB NOT NULL,
    utc_ms INTEGER,
    public_key BLOB NOT NULL,
    signature BLOB NOT NULL
);
CREATE TABLE ledger (
    holder TEXT PRIMARY KEY,
    area TEXT,
    entered_s INTEGER,
    household TEXT,
    vehicle INTEGER NOT NULL,
    uses TEXT
) WITHOUT ROWID;
CREATE INDEX ledger_household ON ledger (household, area) WHERE household IS NOT NULL;
CREATE INDEX ledger_area ON ledger (area) WHERE area IS NOT NULL;
CREATE TABLE kept (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;

CREATE TRIGGER events_only_erased BEFORE UPDATE ON events
WHEN NOT (
    OLD.body IS NOT NULL AND NEW.body IS NULL AND NEW.salt IS NULL AND NEW.commitment IS NOT NULL
    AND NEW.seq IS OLD.seq AND NEW.utc_ms IS OLD.utc_ms AND NEW.kind IS OLD.kind AND NEW.portal IS OLD.portal
    AND NEW.header IS OLD.header AND NEW.previous IS OLD.previous AND NEW.hash IS OLD.hash
)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER events_only_cut BEFORE DELETE ON events
WHEN OLD.seq > (SELECT value FROM meta WHERE key = 'anchor')
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
CREATE TRIGGER events_only_appended BEFORE INSERT ON events
WHEN NEW.seq <= (SELECT max(seq) FROM events)
BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

PRAGMA application_id = 1296387667;
PRAGMA user_version = 1;
"""

LEDGER = [  # holder, area, entered_s, household, vehicle, uses
    ("ann", "yard", UTC_MS // 1000, "h1", 0, '{"card_ann":3}'),
    ("ben", None, None, None, 0, None),
    ("car", "park", None, "h1", 1, '{"plate_car":12}'),
]
KEPT = {"lockdown": "front", "ledger_doubted": "1"}
ROWS = 120


def make(folder: Path, seed: int = 5) -> Path:
    """A whole journal of format 1 with events, ledger and kept state, as a clean stop leaves it.

    Rows of events are the same in both formats: they are made by today's writer and copied into the old tables.
    """
    newer = folder / "newer"
    newer.mkdir(parents=True)
    journal, listener = open_journal(newer)
    fill(journal, listener, ROWS, seed=seed)
    assert journal.close()
    path = folder / "journal.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.execute("PRAGMA journal_mode = WAL").fetchone()
    old.executescript(SCHEMA)
    old.execute("ATTACH ? AS newer", (str(newer / "journal.db"),))
    for table, order in (("meta", ""), ("words", ""), ("events", "ORDER BY seq"), ("mentions", ""), ("spans", "")):
        old.execute(f"INSERT INTO {table} SELECT * FROM newer.{table} {order}")
    old.execute("INSERT INTO heads SELECT * FROM newer.heads")
    old.executemany("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?)", LEDGER)
    old.executemany("INSERT INTO kept VALUES (?, ?)", KEPT.items())
    old.execute("DETACH newer")
    old.close()
    path.chmod(0o640)
    (newer / "journal.head").rename(folder / "journal.head")
    return path


def rows(path: Path) -> dict[str, list[tuple]]:
    """Everything in the tables that a migration must not touch, and the old columns of the ledger."""
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = {
            table: database.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("words", "events", "mentions", "spans", "kept")
        }
        columns = "holder, area, entered_s, household, vehicle, uses"
        return found | {"ledger": database.execute(f"SELECT {columns} FROM ledger ORDER BY holder").fetchall()}
    finally:
        database.close()

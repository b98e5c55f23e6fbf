"""The tables of the one file in which journal, ledger and kept state live, and how a connection to it is set up.

One file, because SQLite does not commit over several files at once when the power fails in WAL mode, and a `Remember`
belongs to its event.

`events` is append-only: triggers refuse every UPDATE but an erasure and every DELETE behind the anchor. They stop
mistakes; against somebody who writes the file there is the chain.

Indexes: the newest rows of one portal, kind or person are lists ordered by `seq`. A query for one column of a pair
merges the lists of the other (query.py), so that two indexes answer every pair: each further one would cost a page of
the card for each event. `spans` turns wall time, which may jump, into ranges of `seq`, which may not.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

APPLICATION_ID = 0x4D454E53  # "MENS"
FORMAT = 2
FORMATS_READ = (1, FORMAT)  # an older file is read as it is, and written to only after MIGRATION
DATABASE_FILE = "journal.db"
FILE_MODE = 0o640  # the network process reads through its group
NO_PORTAL = 0  # `words.id` begins at 1

# Rows in one span of `spans`. A time range reads at most two spans row by row; ten million rows have 10,000 of them.
SPAN_ROWS_MAX = 1_024
# A clock step ends a span early, but a clock that jumps all the time must not make a span of each row.
SPAN_ROWS_MIN = 64
SPAN_BACKWARD_MS = 60_000
SPAN_FORWARD_MS = 3_600_000

SCHEMA = f"""
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
    uses TEXT,
    last_point TEXT,
    last_s INTEGER,
    placed_s INTEGER,
    placed_by TEXT
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

PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {FORMAT};
"""

# Columns of `ledger` that came with format 2: the last passage, and which passage put the holder where the area says.
_OLD_COLUMNS = "holder, area, entered_s, household, vehicle, uses"
LEDGER_COLUMNS = f"{_OLD_COLUMNS}, last_point, last_s, placed_s, placed_by"
_OF_FORMAT_1 = f"{_OLD_COLUMNS}, NULL AS last_point, NULL AS last_s, NULL AS placed_s, NULL AS placed_by"

# From each older format to the next one, within one transaction.
MIGRATION = {
    1: (
        "ALTER TABLE ledger ADD COLUMN last_point TEXT",
        "ALTER TABLE ledger ADD COLUMN last_s INTEGER",
        "ALTER TABLE ledger ADD COLUMN placed_s INTEGER",
        "ALTER TABLE ledger ADD COLUMN placed_by TEXT",
    ),
}


def migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a journal of an older format up to this one: all of it or, whenever the power goes, nothing.

    Rows of events are never touched: the chain proves what it proved before. Raises sqlite3.Error.
    """
    connection.execute("BEGIN IMMEDIATE")
    for older in range(version, FORMAT):
        for statement in MIGRATION[older]:
            connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute("COMMIT")


def format_of(connection: sqlite3.Connection) -> int:
    """The format that a journal says it has; 0 for a file that is none. Raises sqlite3.Error."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    return int(version)


def select_ledger(connection: sqlite3.Connection) -> str:
    """The SELECT of whole rows of the table `ledger`, whichever of FORMATS_READ the file has; a WHERE may follow.

    Raises sqlite3.Error.
    """
    return f"SELECT {_OF_FORMAT_1 if format_of(connection) == 1 else LEDGER_COLUMNS} FROM ledger"


def connect_writer(path: Path, synchronous: str, wal_pages: int) -> sqlite3.Connection:
    """The one connection that writes. It may be handed to another thread, once. Raises sqlite3.Error, OSError."""
    path.touch(mode=FILE_MODE)
    connection = sqlite3.connect(path, timeout=1.0, isolation_level=None, check_same_thread=False, cached_statements=64)
    try:
        connection.execute("PRAGMA journal_mode = WAL").fetchone()
        connection.execute(f"PRAGMA synchronous = {synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {wal_pages}")
        connection.execute("PRAGMA secure_delete = ON")  # an erased body is overwritten, not only unlinked
        connection.execute("PRAGMA cache_size = -4000")  # 4 MB
        connection.execute("PRAGMA foreign_keys = OFF")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection. Raises sqlite3.Error where the file cannot be opened.

    A WAL file can be read without write access only while a writer has it open; a journal at rest (no WAL beside it)
    is opened as the unchanging file that it then is.
    """
    quoted = str(path.resolve()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    wal = path.with_name(path.name + "-wal")
    try:
        connection = _open_uri(f"file:{quoted}?mode=ro")
    except sqlite3.OperationalError:
        if not path.exists() or (wal.exists() and wal.stat().st_size > 0):
            raise
        connection = _open_uri(f"file:{quoted}?mode=ro&immutable=1")
    return connection


def _open_uri(uri: str) -> sqlite3.Connection:
    connection = sqlite3.connect(uri, uri=True, timeout=1.0, isolation_level=None, cached_statements=32)
    try:
        connection.execute("PRAGMA query_only = ON")
        connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone()
    except sqlite3.Error:
        connection.close()
        raise
    return connection

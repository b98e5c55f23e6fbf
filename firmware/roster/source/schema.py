"""The tables of the source. An SQLite file that only this package writes; every change leaves a row in `change`.

Times are UTC seconds; flags are the bits of `firmware.roster.schema.FLAGS`, status the index into `STATUSES`, kind the
number in `firmware.roster.keys.KIND`. A PIN never stands here: only `digest:KEY_ID:DIGITS:HEX`, made with the digest
key whose id is KEY_ID, of a PIN of DIGITS digits (salted with the holder's id, or with nothing where it is a credential
of its own). Lists are JSON arrays. Empty text stands nowhere: what is not known is NULL.
"""

from __future__ import annotations

APPLICATION_ID = 0x4D6E536F  # "MnSo"
FORMAT = 1  # PRAGMA user_version

TABLES = (
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE household (id TEXT PRIMARY KEY, label TEXT, spaces INTEGER, note TEXT) STRICT, WITHOUT ROWID",
    "CREATE TABLE holder (id TEXT PRIMARY KEY, household TEXT, name TEXT, phone TEXT, relation TEXT,"
    " profiles TEXT NOT NULL, flags INTEGER NOT NULL DEFAULT 0, pin_with TEXT, duress_pin_with TEXT, note TEXT)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key TEXT NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL DEFAULT 0, duress INTEGER NOT NULL DEFAULT 0, valid_from_s INTEGER,"
    " valid_until_s INTEGER, use_limit INTEGER, printed TEXT, PRIMARY KEY (kind, key)) STRICT, WITHOUT ROWID",
    # A vehicle's plate is a credential of its holder; it stands here and not in `credential`.
    "CREATE TABLE vehicle (plate TEXT PRIMARY KEY, holder TEXT NOT NULL, kind TEXT, description TEXT,"
    " status INTEGER NOT NULL DEFAULT 0, valid_from_s INTEGER, valid_until_s INTEGER, use_limit INTEGER)"
    " STRICT, WITHOUT ROWID",
    "CREATE TABLE profile (name TEXT PRIMARY KEY, rules TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE schedule (name TEXT PRIMARY KEY, week TEXT NOT NULL, special TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TABLE special_day (day INTEGER PRIMARY KEY, kind TEXT NOT NULL) STRICT",
    "CREATE TABLE area (id TEXT PRIMARY KEY, label TEXT, places INTEGER) STRICT, WITHOUT ROWID",
    "CREATE INDEX holder_household ON holder (household)",
    "CREATE INDEX credential_holder ON credential (holder)",
    "CREATE INDEX vehicle_holder ON vehicle (holder)",
    # History: a batch is what one person did at once; `hash` chains it to the one before (source/history.py).
    "CREATE TABLE batch (id INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, kind TEXT NOT NULL, who TEXT NOT NULL,"
    " why TEXT NOT NULL, file TEXT, sha256 TEXT, undoes INTEGER, undone_by INTEGER, hash BLOB NOT NULL) STRICT",
    "CREATE TABLE change (batch INTEGER NOT NULL, entity TEXT NOT NULL, id TEXT NOT NULL, before TEXT, after TEXT,"
    " PRIMARY KEY (batch, entity, id)) STRICT, WITHOUT ROWID",
    # Which rosters were built from it: no change and no history, written outside of batches (roster/build.py).
    "CREATE TABLE built (version INTEGER PRIMARY KEY, batch INTEGER NOT NULL, sha256 TEXT NOT NULL, signer TEXT NOT NULL)"
    " STRICT",
)

ENTITIES = ("setting", "household", "holder", "credential", "vehicle", "profile", "schedule", "special_day", "area")

"""The roster file inside: tables, numbers of states and flags. An SQLite file, followed by one page with the seal.

Names and phone numbers have no place in it. PINs stand as keyed digests, 16 bytes: `credential` of kind PIN for those
that identify alone, `second_pin` for those that are given beside something else.

What belongs to a holder is repeated in each of the holder's credentials: the file is never edited, and one row of one
table is what a lookup costs (8.4 us against 10.5 us with a table of holders, and 19 MB against 24 MB for 250,000).
"""

from __future__ import annotations

PAGE_BYTES = 4096
APPLICATION_ID = 0x4D6E526F  # "MnRo"
SCHEMA = 1  # PRAGMA user_version

# Keys and tokens without affinity: text stays text, digests stay bytes, "1" never becomes 1.
TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE profile_set (id INTEGER PRIMARY KEY, profiles TEXT NOT NULL)",
    "CREATE TABLE second_pin (holder TEXT PRIMARY KEY, pin_with BLOB, duress_with BLOB) WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key BLOB NOT NULL, token BLOB NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL, duress INTEGER NOT NULL, valid_from_s INTEGER, valid_until_s INTEGER,"
    " use_limit INTEGER, household TEXT, spaces INTEGER, profile_set INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " owned INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)

STATUSES = ("active", "suspended", "lost")  # by number; only added to

# Bits of credential.flags, by the names of firmware.core.access.Known; only added to.
FLAGS: dict[str, int] = {
    "visitor": 1,
    "escorted": 2,
    "escort": 4,
    "extended": 8,
    "holds_open": 16,
    "unlocks_first": 32,
    "exempt": 64,
    "vehicle": 128,
}

PROFILE_SETS_MAX = 4096  # different combinations of profiles; all are held in memory

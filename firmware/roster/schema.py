"""The roster file inside: tables, numbers of states and flags. An SQLite file, followed by one page with the seal.

Names and phone numbers have no place in it. PINs stand as keyed digests, 16 bytes: `credential` of kind PIN for those
that identify alone, `holder` for those that are given beside something else.

What belongs to a holder is repeated in each of the holder's credentials: the file is never edited, and one row of one
table is what a swipe costs. Table `holder` and the index serve who asks for a holder: the second PIN, a credential that
was enrolled here, "why was I refused?". A holder without any credential stands there too.
"""

from __future__ import annotations

PAGE_BYTES = 4096
APPLICATION_ID = 0x4D6E526F  # "MnRo"
SCHEMA = 2  # PRAGMA user_version

# Keys and tokens without affinity: text stays text, digests stay bytes, "1" never becomes 1.
TABLES = (
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE profile_set (id INTEGER PRIMARY KEY, profiles TEXT NOT NULL)",
    "CREATE TABLE holder (id TEXT PRIMARY KEY, household TEXT, spaces INTEGER, profile_set INTEGER NOT NULL,"
    " flags INTEGER NOT NULL, owned INTEGER NOT NULL, pin_with BLOB, duress_with BLOB) WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key BLOB NOT NULL, token BLOB NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL, duress INTEGER NOT NULL, valid_from_s INTEGER, valid_until_s INTEGER,"
    " use_limit INTEGER, household TEXT, spaces INTEGER, profile_set INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " owned INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)

INDEX = "CREATE INDEX credential_holder ON credential (holder)"  # made last: sorting once beats 300,000 insertions

# Names in `meta`.
RULEBOOK, TIME_ZONE = "rulebook", "time_zone"

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

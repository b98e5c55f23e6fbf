"""The staging database of a build: what was read, with keys that find what stands there twice; in bounded memory."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple, Protocol

from firmware.core.access import Factor
from firmware.roster.errors import shown
from firmware.roster.files import remove
from firmware.roster.keys import KIND
from firmware.roster.schema import PAGE_BYTES, PROFILE_SETS_MAX

CODES_PER_PIN_MIN = 1_000  # GB 50396, 5.1.5: guessing must be hopeless within the five tries before the alarm
STAGING_CACHE_KB = 24_576  # the keys of 250,000 credentials, so that keys in any order need no disk
ONE_PLATE = "list it once, and give the other vehicle a card or a tag"
FACE_ONLY = "a face is never the only way in: give the holder another credential"
STAGED_AT_ONCE = 4_096  # rows that go into the database together
FILE_MODE = 0o600  # card numbers and plates

TABLES = (
    "CREATE TABLE household (id TEXT PRIMARY KEY, spaces INTEGER) WITHOUT ROWID",
    "CREATE TABLE holder (id TEXT PRIMARY KEY, household TEXT, profile_set INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " owned INTEGER NOT NULL, issued INTEGER NOT NULL, pin_with BLOB, duress_with BLOB, place INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key BLOB NOT NULL, token BLOB NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL, duress INTEGER NOT NULL, valid_from_s INTEGER, valid_until_s INTEGER,"
    " use_limit INTEGER, place INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)
_INSERT_CREDENTIAL = "INSERT OR IGNORE INTO credential VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_TWIN = "SELECT holder, place, duress FROM credential WHERE kind = ? AND key = ?"


class StagedCredential(NamedTuple):
    """A row of `credential`. `place` is where it was read: the row of a table, or the number of a holder."""

    kind: int
    key: str | bytes
    token: bytes
    holder: str
    status: int
    duress: int
    valid_from_s: int | None
    valid_until_s: int | None
    use_limit: int | None
    place: int


class Places(Protocol):
    """Names what is wrong where it was read: a row of a table, or an entity of a source."""

    def bad(self, place: int | None, holder: str, column: str, found: str, allowed: str) -> None: ...
    def twin(self, twin: int, holder: str) -> str:
        """Where the other one stands, in words."""
        ...


@contextmanager
def new_database(path: Path, tables: tuple[str, ...], cache_kb: int) -> Iterator[sqlite3.Connection]:
    """A new database that is thrown away if anything goes wrong, hence without a journal of its own.

    What it sorts stays in memory: card numbers have no business in a folder of temporary files.
    """
    remove(path)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        pragmas = (f"page_size={PAGE_BYTES}", "journal_mode=OFF", "synchronous=OFF", f"cache_size=-{cache_kb}")
        for pragma in (*pragmas, "temp_store=MEMORY"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        for statement in tables:
            database.execute(statement)
        database.execute("BEGIN")
        yield database


class Staging:
    """What both sources of a build share: credentials that are issued once, PINs, combinations of profiles."""

    def __init__(self, database: sqlite3.Connection, places: Places) -> None:
        self._database = database
        self._execute = database.cursor().execute
        self._places = places
        self._waiting: list[StagedCredential] = []
        self._last_household: tuple[str, int | None] | None = None
        self._pins: Counter[int] = Counter()  # digits -> codes in use that identify alone
        self.profile_sets: dict[tuple[str, ...], int] = {}
        self.rows = self.holders = self.credentials = 0

    def household(self, household: str, spaces: int | None) -> int | None:
        """Take a household; the spaces that were given for it first, where they differ from these, else None."""
        if (household, spaces) == self._last_household:
            return None  # those of one household mostly follow each other
        self._last_household = (household, spaces)
        sql = (
            "INSERT INTO household VALUES (?, ?) ON CONFLICT DO UPDATE SET spaces = ifnull(spaces, excluded.spaces)"
            " RETURNING spaces"
        )
        first: int | None = self._execute(sql, (household, spaces)).fetchone()[0]
        return first if spaces is not None and first != spaces else None

    def profile_set(self, profiles: tuple[str, ...], holder: str, place: int) -> int:
        """The number of a combination of profiles."""
        number = self.profile_sets.get(profiles)
        if number is not None:
            return number
        if len(self.profile_sets) == PROFILE_SETS_MAX:
            allowed = f"up to {PROFILE_SETS_MAX} different combinations are allowed"
            self._places.bad(place, holder, "profiles", shown("; ".join(profiles)), allowed)
            return 0
        return self.profile_sets.setdefault(profiles, len(self.profile_sets))

    def credential(self, credential: StagedCredential, digits: int = 0) -> None:
        """Take one; `digits` are those of a PIN that identifies alone."""
        if digits:
            self._pins[digits] += 1
        self._waiting.append(credential)
        if len(self._waiting) == STAGED_AT_ONCE:
            self._flush()

    def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        taken = self._database.executemany(_INSERT_CREDENTIAL, waiting).rowcount
        self.credentials += taken
        if taken < len(waiting):
            for credential in waiting:
                self._twins(credential)

    def _twins(self, credential: StagedCredential) -> None:
        """Name a credential that is not the one that stands under its key."""
        holder, place, duress = self._execute(_TWIN, credential[:2]).fetchone()
        if (place, duress) == (credential.place, credential.duress):
            return
        found = "a PIN" if isinstance(credential.key, bytes) else shown(credential.key)
        twin = self._places.twin(place, holder)
        allowed = f"{twin} has the same one: each credential is issued once"
        if credential.kind == KIND[Factor.PLATE]:
            allowed = f"{twin} has the same one to a camera, which sees no space, dot or hyphen: {ONE_PLATE}"
        self._places.bad(credential.place, credential.holder, column_of(credential), found, allowed)

    def check(self) -> None:
        """What only the whole shows."""
        self._flush()
        for digits, codes in sorted(self._pins.items()):
            if 10**digits < CODES_PER_PIN_MIN * codes:
                found = f"{codes} PINs of {digits} digits that identify alone"
                most = 10**digits // CODES_PER_PIN_MIN
                allowed = f"{10**digits} codes are enough for {most}, 1,000 for each: use longer ones, or pin_with"
                self._places.bad(None, "", "pin", found, allowed)
        only_face = "SELECT id, place FROM holder WHERE issued = ? ORDER BY place"
        for holder, place in self._execute(only_face, (1 << KIND[Factor.FACE],)):
            self._places.bad(place, holder, "face", shown(holder), FACE_ONLY)


_COLUMN = {number: factor.value for factor, number in KIND.items()}


def column_of(credential: StagedCredential) -> str:
    """The column of a table in which a credential stands."""
    return "duress_pin" if credential.duress else _COLUMN[credential.kind]

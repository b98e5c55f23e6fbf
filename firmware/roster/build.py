"""Builds a sealed roster from a table of holders and a file of rules, in bounded memory; all problems at once.

The table goes into a staging database beside the result, whose keys find what stands there twice; from it the file is
written in the order of its keys, which keeps it compact. Nothing is written to `out_path` while any row is bad.
"""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec

from firmware.core.access import Factor, Rulebook
from firmware.roster.errors import Problems, RosterError, RosterRefused, TooManyProblems, shown
from firmware.roster.files import remove, sync_folder
from firmware.roster.keys import KIND
from firmware.roster.rows import Row, read_rows
from firmware.roster.rules import read_rules
from firmware.roster.schema import (
    APPLICATION_ID,
    FLAGS,
    INDEX,
    PAGE_BYTES,
    PROFILE_SETS_MAX,
    RULEBOOK,
    SCHEMA,
    TABLES,
    TIME_ZONE,
)
from firmware.roster.seal import Seal, Signer, digest_of, page_of

CODES_PER_PIN_MIN = 1_000  # GB 50396, 5.1.5: guessing must be hopeless within the five tries before the alarm
STAGING_CACHE_KB = 8_192
BUILD_CACHE_KB = 2_048
FILE_MODE = 0o600  # card numbers and plates

_STAGING_TABLES = (
    "CREATE TABLE household (id TEXT PRIMARY KEY, spaces INTEGER) WITHOUT ROWID",
    "CREATE TABLE holder (id TEXT PRIMARY KEY, household TEXT, profile_set INTEGER NOT NULL, flags INTEGER NOT NULL,"
    " owned INTEGER NOT NULL, issued INTEGER NOT NULL, pin_with BLOB, duress_with BLOB, row INTEGER NOT NULL)"
    " WITHOUT ROWID",
    "CREATE TABLE credential (kind INTEGER NOT NULL, key BLOB NOT NULL, token BLOB NOT NULL, holder TEXT NOT NULL,"
    " status INTEGER NOT NULL, duress INTEGER NOT NULL, valid_from_s INTEGER, valid_until_s INTEGER,"
    " use_limit INTEGER, row INTEGER NOT NULL, PRIMARY KEY (kind, key)) WITHOUT ROWID",
)


class BuildReport(msgspec.Struct, frozen=True):
    """What was built."""

    path: str
    version: int
    rows: int
    holders: int
    credentials: int
    bytes: int
    sha256: str  # of the whole file, as sha256sum says it


def build(
    csv_path: Path,
    rules_toml_path: Path,
    out_path: Path,
    signer: Signer,
    *,
    version: int,
    created_s: int,
    progress: Callable[[int], None] = lambda _rows: None,
) -> BuildReport:
    """Build, seal and put in place. `version` must grow with each build; `created_s` is UTC; `progress` hears of rows.

    Raises RosterRefused with every problem of both sources (up to 1,000), or RosterError when the disk fails.
    """
    assert version >= 1
    problems = Problems()
    aside = out_path.with_name(out_path.name + ".new")
    staging = out_path.with_name(out_path.name + ".staging")
    try:
        try:
            rules = read_rules(rules_toml_path, problems)
            with _database(staging, _STAGING_TABLES, STAGING_CACHE_KB) as database:
                table = _Staging(database, csv_path, problems, signer)
                for row in read_rows(csv_path, rules, problems, progress):
                    table.add(row)
                table.check()
                if problems.found:
                    raise RosterRefused(problems.found)
                rulebook = msgspec.structs.replace(rules.rulebook, version=version)
                zone = rules.zone.key if rules.zone is not None else None
                return _write(database, table, rulebook, zone, out_path, aside, signer, created_s)
        finally:
            remove(staging)
            remove(aside)
    except TooManyProblems:
        raise RosterRefused(problems.found, more=True) from None
    except (OSError, sqlite3.OperationalError) as error:
        raise RosterError(f"{out_path} could not be built: {error}. Look at the disk; nothing was replaced.") from error


@contextmanager
def _database(path: Path, tables: tuple[str, ...], cache_kb: int) -> Iterator[sqlite3.Connection]:
    """A new database that is thrown away if anything goes wrong, hence without a journal of its own."""
    remove(path)
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE))
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        for pragma in (f"page_size={PAGE_BYTES}", "journal_mode=OFF", "synchronous=OFF", f"cache_size=-{cache_kb}"):
            database.execute(f"PRAGMA {pragma}").fetchall()
        for statement in tables:
            database.execute(statement)
        database.execute("BEGIN")
        yield database


class _Staging:
    """Takes rows into the staging database and notes what contradicts an earlier row."""

    def __init__(self, database: sqlite3.Connection, path: Path, problems: Problems, signer: Signer) -> None:
        self._execute = database.cursor().execute
        self._last_household: tuple[str, int | None] | None = None
        self._path = path
        self._problems = problems
        self._signer = signer
        self.profile_sets: dict[tuple[str, ...], int] = {}
        self._pins: Counter[int] = Counter()  # digits -> codes in use that identify alone
        self.rows = self.holders = self.credentials = 0

    def _bad(self, row: Row, column: str, found: str, allowed: str) -> None:
        self._problems.add(self._path, row.number, column, found, allowed)

    def add(self, row: Row) -> None:
        """Take one row, of a new holder or a further one of a known holder."""
        self.rows += 1
        self._household(row)
        pin_with, duress_with = self._pins_with(row)
        issued = 0
        for factor, _ in row.keys:
            issued |= 1 << KIND[factor]
        if row.pins:
            issued |= 1 << KIND[Factor.PIN]
        owned = issued if row.status == 0 else 0  # what a reader may ask for next
        if pin_with or duress_with:
            owned |= 1 << KIND[Factor.PIN]  # the holder's, whatever became of this row's credentials
        number = self._profile_set(row)
        values = (row.holder, row.household, number, row.flags, owned, issued, pin_with, duress_with, row.number)
        new = self._execute("INSERT OR IGNORE INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values).rowcount
        if not new:
            pin_with, duress_with = self._merge(row, number, pin_with, duress_with)
            sql = "UPDATE holder SET owned = owned | ?, issued = issued | ? WHERE id = ?"
            self._execute(sql, (owned, issued, row.holder))
        elif not row.profiles:
            self._bad(row, "profiles", "nothing", "a holder needs at least one profile")
        self.holders += new
        self._credentials(row, pin_with, duress_with)

    def _household(self, row: Row) -> None:
        if row.household is None or (row.household, row.spaces) == self._last_household:
            return  # the rows of one household mostly follow each other
        self._last_household = (row.household, row.spaces)
        sql = (
            "INSERT INTO household VALUES (?, ?) ON CONFLICT DO UPDATE SET spaces = ifnull(spaces, excluded.spaces)"
            " RETURNING spaces"
        )
        spaces = self._execute(sql, (row.household, row.spaces)).fetchone()[0]
        if row.spaces is not None and spaces != row.spaces:
            self._bad(row, "spaces", str(row.spaces), f"an earlier row gives the household {spaces}")

    def _profile_set(self, row: Row) -> int:
        if row.profiles not in self.profile_sets and len(self.profile_sets) == PROFILE_SETS_MAX:
            allowed = f"up to {PROFILE_SETS_MAX} different combinations are allowed"
            self._bad(row, "profiles", shown("; ".join(row.profiles)), allowed)
            return 0
        return self.profile_sets.setdefault(row.profiles, len(self.profile_sets))

    def _merge(
        self, row: Row, profile_set: int, pin_with: bytes | None, duress_with: bytes | None
    ) -> tuple[bytes | None, bytes | None]:
        """A further row of a holder: what is the holder's stays empty or says the same. Returns the holder's PINs."""
        sql = "SELECT household, profile_set, flags, pin_with, duress_with, row FROM holder WHERE id = ?"
        household, first_set, flags, first_pin, first_duress, number = self._execute(sql, (row.holder,)).fetchone()
        allowed = f"row {number} of the same holder says otherwise: leave it empty here or change it there"
        for column, differs, found in (
            ("household", row.household not in (None, household), row.household or ""),
            ("profiles", row.profiles and profile_set != first_set, ";".join(row.profiles)),
            ("flags", row.flags not in (0, flags), "; ".join(name for name, bit in FLAGS.items() if row.flags & bit)),
        ):
            if differs:
                self._bad(row, column, shown(found), allowed)
        if pin_with not in (None, first_pin):
            self._bad(row, "pin_with", "another PIN", allowed)
        if duress_with not in (None, first_duress):
            self._bad(row, "duress_pin_with", "another PIN", allowed)
        return first_pin, first_duress

    def _pins_with(self, row: Row) -> tuple[bytes | None, bytes | None]:
        """The digests of the PINs that are given beside something else."""
        plain, duress = row.pins.get("pin_with"), row.pins.get("duress_pin_with")
        if duress is not None and duress == plain:
            self._bad(row, "duress_pin_with", "the same PIN as pin_with", "the two must differ")
        digest = self._signer.pin_digest
        return (digest(row.holder, plain) if plain else None, digest(row.holder, duress) if duress else None)

    def _credentials(self, row: Row, pin_with: bytes | None, duress_with: bytes | None) -> None:
        for factor, key in row.keys:
            self._insert(row, factor.value, KIND[factor], key, self._signer.pseudonym(factor.value, key), 0)
        for column, other in (("pin", duress_with), ("duress_pin", pin_with)):
            pin = row.pins.get(column)
            if pin is None:
                continue
            if other is not None and self._signer.pin_digest(row.holder, pin) == other:
                allowed = "a duress PIN must differ from the holder's every other PIN"
                self._bad(row, column, "the holder's PIN of the other sense", allowed)
            token = self._signer.pseudonym(Factor.PIN.value, pin)
            digest = self._signer.pin_digest("", pin)
            if self._insert(row, column, KIND[Factor.PIN], digest, token, int(column == "duress_pin")):
                self._pins[len(pin)] += 1

    def _insert(self, row: Row, column: str, kind: int, key: str | bytes, token: str, duress: int) -> bool:
        validity = (row.valid_from_s, row.valid_until_s, row.use_limit)
        values = (kind, key, bytes.fromhex(token), row.holder, row.status, duress, *validity, row.number)
        sql = "INSERT OR IGNORE INTO credential VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        if self._execute(sql, values).rowcount:
            self.credentials += 1
            return True
        other = self._execute("SELECT row FROM credential WHERE kind = ? AND key = ?", values[:2]).fetchone()[0]
        found = "a PIN" if isinstance(key, bytes) else shown(key)
        self._bad(row, column, found, f"row {other} has the same one: each credential is issued once")
        return False

    def check(self) -> None:
        """What only the whole table shows."""
        for digits, codes in sorted(self._pins.items()):
            if 10**digits < CODES_PER_PIN_MIN * codes:
                found = f"{codes} PINs of {digits} digits that identify alone"
                most = 10**digits // CODES_PER_PIN_MIN
                allowed = f"{10**digits} codes are enough for {most}, 1,000 for each: use longer ones, or pin_with"
                self._problems.add(self._path, None, "pin", found, allowed)
        only_face = "SELECT id, row FROM holder WHERE issued = ? ORDER BY row"
        for holder, number in self._execute(only_face, (1 << KIND[Factor.FACE],)):
            allowed = "a face is never the only way in: give the holder another credential"
            self._problems.add(self._path, number, "face", shown(holder), allowed)


def _write(
    staging: sqlite3.Connection,
    table: _Staging,
    rulebook: Rulebook,
    zone: str | None,
    out_path: Path,
    aside: Path,
    signer: Signer,
    created_s: int,
) -> BuildReport:
    """The staged tables in the order of their keys, sealed, synced and put in place."""
    with _database(aside, TABLES, BUILD_CACHE_KB) as database:
        database.execute(f"PRAGMA application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA user_version={SCHEMA}")
        database.execute("INSERT INTO meta VALUES (?, ?)", (RULEBOOK, msgspec.json.encode(rulebook).decode()))
        sets = ((number, msgspec.json.encode(names).decode()) for names, number in table.profile_sets.items())
        database.executemany("INSERT INTO profile_set VALUES (?, ?)", sets)
        if zone is not None:
            database.execute("INSERT INTO meta VALUES (?, ?)", (TIME_ZONE, zone))
        holders = staging.execute(
            "SELECT h.id, h.household, o.spaces, h.profile_set, h.flags, h.owned, h.pin_with, h.duress_with"
            " FROM holder AS h LEFT JOIN household AS o ON o.id = h.household ORDER BY h.id"
        )
        database.executemany("INSERT INTO holder VALUES (?, ?, ?, ?, ?, ?, ?, ?)", holders)
        credentials = staging.execute(
            "SELECT c.kind, c.key, c.token, c.holder, c.status, c.duress, c.valid_from_s, c.valid_until_s, c.use_limit,"
            " h.household, o.spaces, h.profile_set, h.flags, h.owned FROM credential AS c JOIN holder AS h"
            " ON h.id = c.holder LEFT JOIN household AS o ON o.id = h.household ORDER BY c.kind, c.key"
        )
        marks = ", ".join("?" * 14)
        database.executemany(f"INSERT INTO credential VALUES ({marks})", credentials)
        database.execute(INDEX)
        database.execute("COMMIT")
    with aside.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        assert size % PAGE_BYTES == 0
        seal = Seal(
            schema=SCHEMA,
            version=rulebook.version,
            created_s=created_s,
            holders=table.holders,
            credentials=table.credentials,
            bytes=size,
            sha256=digest_of(file, size),
            digest_key_id=signer.digest_key_id,
            signer=signer.public_key.hex(),
        )
        file.seek(size)
        file.write(page_of(seal, signer.sign))
        file.flush()
        os.fsync(file.fileno())
        whole = digest_of(file, size + PAGE_BYTES)
    aside.rename(out_path)
    sync_folder(out_path.parent)
    counts = (table.rows, table.holders, table.credentials)
    return BuildReport(str(out_path), rulebook.version, *counts, size + PAGE_BYTES, whole)

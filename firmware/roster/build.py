"""Builds a sealed roster in bounded memory, from a source or from a table with a file of rules; all problems at once.

What is read goes into a staging database beside the result, whose keys find what stands there twice; from it the file
is written in the order of its keys, which keeps it compact. Nothing is written to the result while anything is bad.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from firmware.core.access import Rulebook
from firmware.roster.errors import Problems, RosterError, RosterRefused, TooManyProblems
from firmware.roster.files import remove, sync_folder
from firmware.roster.from_source import SourceStaging
from firmware.roster.from_table import TableStaging
from firmware.roster.rows import read_rows
from firmware.roster.rules import Rules, read_rules
from firmware.roster.schema import APPLICATION_ID, INDEX, PAGE_BYTES, RULEBOOK, SCHEMA, TABLES, TIME_ZONE
from firmware.roster.seal import Seal, Signer, digest_of, page_of
from firmware.roster.source.errors import told
from firmware.roster.source.rules import read_rulebook
from firmware.roster.source.store import Source
from firmware.roster.staging import STAGING_CACHE_KB, Staging, new_database
from firmware.roster.staging import TABLES as STAGING_TABLES

BUILD_CACHE_KB = 2_048

_HOLDERS = (
    "INSERT INTO main.holder SELECT h.id, h.household, o.spaces, h.profile_set, h.flags, h.owned, h.pin_with,"
    " h.duress_with FROM staged.holder AS h LEFT JOIN staged.household AS o ON o.id = h.household ORDER BY h.id"
)
_CREDENTIALS = (
    "INSERT INTO main.credential SELECT c.kind, c.key, c.token, c.holder, c.status, c.duress, c.valid_from_s,"
    " c.valid_until_s, c.use_limit, h.household, o.spaces, h.profile_set, h.flags, h.owned"
    " FROM staged.credential AS c CROSS JOIN staged.holder AS h ON h.id = c.holder"
    " LEFT JOIN staged.household AS o ON o.id = h.household ORDER BY c.kind, c.key"
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
    source: str = ""  # as Seal.source
    changes: int = 0  # as Seal.changes


class _Staged(NamedTuple):
    """What was read, and what becomes part of the seal."""

    rows: Staging
    rulebook: Rulebook
    zone: str | None
    created_s: int
    source: str = ""
    changes: int = 0


class _Work(NamedTuple):
    """One build: where it works, and who hears of the seal just before the file takes its name."""

    out: Path
    signer: Signer
    sealed: Callable[[Seal], None] = lambda _: None

    @property
    def aside(self) -> Path:
        return self.out.with_name(self.out.name + ".new")

    @property
    def staging(self) -> Path:
        return self.out.with_name(self.out.name + ".staging")


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

    def stage(database: sqlite3.Connection) -> _Staged:
        rules = read_rules(rules_toml_path, problems)
        table = TableStaging(database, csv_path, problems, signer)
        for row in read_rows(csv_path, rules, problems, progress):
            table.add(row)
        rulebook = msgspec.structs.replace(rules.rulebook, version=version)
        return _Staged(table, rulebook, _name_of(rules), created_s)

    return _build(_Work(out_path, signer), problems, stage)


def build_source(
    source: Source,
    out_path: Path,
    signer: Signer,
    *,
    version: int | None = None,
    at_least: int = 1,
    created_s: int | None = None,
    progress: Callable[[int], None] = lambda _holders: None,
) -> BuildReport:
    """Build from one state of an editable source, seal and put in place; `progress` hears of holders.

    `version` is by default one more than that of every roster that was built of this source, and `at_least` that;
    `created_s`, UTC, is by default when the source was changed last, so that the same source gives the same file. A
    source that may be written remembers the roster before the file takes its name: no version is given twice. Raises
    RosterRefused with every problem (up to 1,000), or RosterError where disk or source fail.
    """
    assert version is None or version >= 1
    problems = Problems()
    head = source.head

    def stage(database: sqlite3.Connection) -> _Staged:
        nonlocal head
        with source.snapshot() as db:
            head = source.head
            newest, batch = db.execute("SELECT version, batch FROM built ORDER BY 1 DESC LIMIT 1").fetchone() or (0, 0)
            changes = db.execute("SELECT count(*) FROM change WHERE batch > ?", (batch,)).fetchone()[0]
            at_s = db.execute("SELECT max(at_s) FROM batch").fetchone()[0] if created_s is None else created_s
            rules = read_rulebook(source)
            staging = SourceStaging(database, source.path, problems, signer, rules.rulebook.profiles, progress)
            for row in source.rows_for_build():
                staging.add(row)
        given = max(newest + 1, at_least) if version is None else version
        rulebook = msgspec.structs.replace(rules.rulebook, version=given)
        return _Staged(staging, rulebook, _name_of(rules), at_s, f"{head.batch}:{head.hash.hex()}", changes)

    def remember(seal: Seal) -> None:
        if source.readonly:
            return
        built = (seal.version, head.batch, seal.sha256, seal.signer)
        with told(source.path):
            source.db.execute("INSERT OR REPLACE INTO built VALUES (?, ?, ?, ?)", built)

    return _build(_Work(out_path, signer, remember), problems, stage)


def _name_of(rules: Rules) -> str | None:
    return rules.zone.key if rules.zone is not None else None


def _build(work: _Work, problems: Problems, stage: Callable[[sqlite3.Connection], _Staged]) -> BuildReport:
    """Run one build: staged, checked as a whole, written, sealed; what lay beside the result is gone either way."""
    try:
        try:
            with new_database(work.staging, STAGING_TABLES, STAGING_CACHE_KB) as database:
                staged = stage(database)
                staged.rows.check()
                if problems.found:
                    raise RosterRefused(problems.found)
                database.execute("COMMIT")
            return _write(work, staged)
        finally:
            remove(work.staging)
            remove(work.aside)
    except TooManyProblems:
        raise RosterRefused(problems.found, more=True) from None
    except (OSError, sqlite3.OperationalError) as error:
        message = f"{work.out} could not be built: {error}. Look at the disk; nothing was replaced."
        raise RosterError(message) from error


def _write(work: _Work, staged: _Staged) -> BuildReport:
    """The staged tables in the order of their keys, sealed, synced and put in place."""
    rows, rulebook, zone = staged.rows, staged.rulebook, staged.zone
    with new_database(work.aside, TABLES, BUILD_CACHE_KB) as database:
        database.execute("COMMIT")
        database.execute("ATTACH ? AS staged", (str(work.staging),))
        database.execute("BEGIN")
        database.execute(f"PRAGMA main.application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA main.user_version={SCHEMA}")
        told = [(RULEBOOK, msgspec.json.encode(rulebook).decode())]
        told += [(TIME_ZONE, zone)] if zone is not None else []
        database.executemany("INSERT INTO main.meta VALUES (?, ?)", told)
        sets = ((number, msgspec.json.encode(names).decode()) for names, number in rows.profile_sets.items())
        database.executemany("INSERT INTO main.profile_set VALUES (?, ?)", sets)
        for statement in (_HOLDERS, _CREDENTIALS, INDEX, "COMMIT"):
            database.execute(statement)
    with work.aside.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        assert size % PAGE_BYTES == 0
        seal = Seal(
            schema=SCHEMA,
            version=rulebook.version,
            created_s=staged.created_s,
            holders=rows.holders,
            credentials=rows.credentials,
            bytes=size,
            sha256=digest_of(file, size),
            digest_key_id=work.signer.digest_key_id,
            signer=work.signer.public_key.hex(),
            source=staged.source,
            changes=staged.changes,
        )
        file.seek(size)
        file.write(page_of(seal, work.signer.sign))
        file.flush()
        os.fsync(file.fileno())
        whole = digest_of(file, size + PAGE_BYTES)
    work.sealed(seal)
    work.aside.rename(work.out)
    sync_folder(work.out.parent)
    counts = (rows.rows, rows.holders, rows.credentials, size + PAGE_BYTES)
    return BuildReport(str(work.out), rulebook.version, *counts, whole, staged.source, staged.changes)

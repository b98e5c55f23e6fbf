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
from firmware.roster.from_table import TableStaging
from firmware.roster.rows import read_rows
from firmware.roster.rules import read_rules
from firmware.roster.schema import APPLICATION_ID, INDEX, PAGE_BYTES, RULEBOOK, SCHEMA, TABLES, TIME_ZONE
from firmware.roster.seal import Seal, Signer, digest_of, page_of
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


class _Work(NamedTuple):
    """Where one build works, and what becomes part of its seal."""

    out: Path
    aside: Path
    staging: Path
    signer: Signer
    created_s: int
    source: str = ""
    changes: int = 0


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

    def stage(database: sqlite3.Connection) -> tuple[Staging, Rulebook, str | None]:
        rules = read_rules(rules_toml_path, problems)
        table = TableStaging(database, csv_path, problems, signer)
        for row in read_rows(csv_path, rules, problems, progress):
            table.add(row)
        rulebook = msgspec.structs.replace(rules.rulebook, version=version)
        return table, rulebook, rules.zone.key if rules.zone is not None else None

    return _build(_work(out_path, signer, created_s), problems, stage)


def _work(out_path: Path, signer: Signer, created_s: int, source: str = "", changes: int = 0) -> _Work:
    aside, staging = (out_path.with_name(out_path.name + ending) for ending in (".new", ".staging"))
    return _Work(out_path, aside, staging, signer, created_s, source, changes)


def _build(
    work: _Work,
    problems: Problems,
    stage: Callable[[sqlite3.Connection], tuple[Staging, Rulebook, str | None]],
) -> BuildReport:
    """Run one build: staged, checked as a whole, written, sealed; what lay beside the result is gone either way."""
    try:
        try:
            with new_database(work.staging, STAGING_TABLES, STAGING_CACHE_KB) as database:
                staged, rulebook, zone = stage(database)
                staged.check()
                if problems.found:
                    raise RosterRefused(problems.found)
                database.execute("COMMIT")
            return _write(work, staged, rulebook, zone)
        finally:
            remove(work.staging)
            remove(work.aside)
    except TooManyProblems:
        raise RosterRefused(problems.found, more=True) from None
    except (OSError, sqlite3.OperationalError) as error:
        message = f"{work.out} could not be built: {error}. Look at the disk; nothing was replaced."
        raise RosterError(message) from error


def _write(work: _Work, staged: Staging, rulebook: Rulebook, zone: str | None) -> BuildReport:
    """The staged tables in the order of their keys, sealed, synced and put in place."""
    with new_database(work.aside, TABLES, BUILD_CACHE_KB) as database:
        database.execute("COMMIT")
        database.execute("ATTACH ? AS staged", (str(work.staging),))
        database.execute("BEGIN")
        database.execute(f"PRAGMA main.application_id={APPLICATION_ID}")
        database.execute(f"PRAGMA main.user_version={SCHEMA}")
        told = [(RULEBOOK, msgspec.json.encode(rulebook).decode())]
        told += [(TIME_ZONE, zone)] if zone is not None else []
        database.executemany("INSERT INTO main.meta VALUES (?, ?)", told)
        sets = ((number, msgspec.json.encode(names).decode()) for names, number in staged.profile_sets.items())
        database.executemany("INSERT INTO main.profile_set VALUES (?, ?)", sets)
        for statement in (_HOLDERS, _CREDENTIALS, INDEX, "COMMIT"):
            database.execute(statement)
    with work.aside.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        assert size % PAGE_BYTES == 0
        seal = Seal(
            schema=SCHEMA,
            version=rulebook.version,
            created_s=work.created_s,
            holders=staged.holders,
            credentials=staged.credentials,
            bytes=size,
            sha256=digest_of(file, size),
            digest_key_id=work.signer.digest_key_id,
            signer=work.signer.public_key.hex(),
            source=work.source,
            changes=work.changes,
        )
        file.seek(size)
        file.write(page_of(seal, work.signer.sign))
        file.flush()
        os.fsync(file.fileno())
        whole = digest_of(file, size + PAGE_BYTES)
    work.aside.rename(work.out)
    sync_folder(work.out.parent)
    counts = (staged.rows, staged.holders, staged.credentials)
    sizes = (size + PAGE_BYTES, whole)
    return BuildReport(str(work.out), rulebook.version, *counts, *sizes, work.source, work.changes)

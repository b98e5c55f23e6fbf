"""One batch: everything that one person changes at once, in one transaction, with its history.

Inside of it the tables are changed by plain SQL on `batch.db`, and the triggers note it; `put` and `take` change
thousands of rows by one statement and note them by another one.
"""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

import msgspec

from firmware.roster.source.errors import ChangeRefused
from firmware.roster.source.history import CHANGE_SQL, Head, Header, digest_of, hash_of, words_of
from firmware.roster.source.references import check_references
from firmware.roster.source.schema import COLUMNS, KEYS, id_sql, json_sql

SALT_BYTES = 16  # 128 bits: nobody tries all salts to find the words behind a commitment
WHO_CHARACTERS_MAX, WHY_CHARACTERS_MAX = 64, 200  # as in the commands of the office's desk
FILE_CHARACTERS_MAX = 255  # NAME_MAX of Linux


class Kind(StrEnum):
    """Why a batch was made."""

    IMPORT = "import"
    EDIT = "edit"
    UNDO = "undo"
    ERASE = "erase"
    RULES = "rules"
    EXPORT = "export"  # changes nothing: what is kept is that it was taken out, by whom and why


class Batch:
    """A batch that is being made. It holds only until the `with` of Source.batch ends."""

    def __init__(self, db: sqlite3.Connection, path: Path, header: Header, why: str, file: str | None) -> None:
        self.db = db  # never COMMIT, ROLLBACK or executescript on it
        self.path = path
        self.id = header.id
        self.kind = Kind(header.kind)
        self.at_s = header.at_s
        self.changes = 0  # known when the batch has ended; 0 where nothing was different, and it left no trace
        self.hash = b""
        self._header = header
        self._said = (why, file)
        self._first: int = db.execute("SELECT ifnull(max(place), 0) + 1 FROM change").fetchone()[0]

    @property
    def words(self) -> tuple[str, ...]:
        """What was said of it: who, why, file."""
        return tuple(text for text in (self._header.who, *self._said) if text is not None)

    def put(self, entity: str, select: str, parameters: Sequence[object] = ()) -> None:
        """Insert or change every row of `entity` that `select` gives; those that are the same already stay so.

        `select` gives the columns of COLUMNS[entity] in their order, each key once. Much faster than row by row from
        some thousands on.
        """
        columns, keys = COLUMNS[entity], KEYS[entity]
        names = ", ".join(columns)
        same = " AND ".join(f"old.{key} = new.{key}" for key in keys)
        differs = " OR ".join(f"old.{column} IS NOT new.{column}" for column in columns)
        absent = f"old.{keys[0]} IS NULL"
        changed = ", ".join(f"{column} = excluded.{column}" for column in columns if column not in keys)
        # Sorted once: both tables and the index of the history then grow at their ends.
        with self._gathered(
            f"SELECT * FROM ({select}) ORDER BY {', '.join(str(n + 1) for n in range(len(keys)))}", parameters, columns
        ):
            self._note(
                f"SELECT {self.id}, '{entity}', {id_sql(entity, 'new')},"
                f" CASE WHEN {absent} THEN NULL ELSE {json_sql(entity, 'old')} END, {json_sql(entity, 'new')}"
                f" FROM temp.gathered AS new LEFT JOIN {entity} AS old ON {same} WHERE {absent} OR {differs}"
            )
            with self._whole():
                self.db.execute(
                    f"INSERT INTO {entity} ({names}) SELECT {names} FROM temp.gathered WHERE true"
                    f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changed}"
                )

    def take(self, entity: str, select: str, parameters: Sequence[object] = ()) -> None:
        """Remove every row of `entity` whose key `select` gives; keys that are not there are passed over."""
        keys = ", ".join(KEYS[entity])
        among = f"({keys}) IN (SELECT {keys} FROM temp.gathered)"
        with self._gathered(select, parameters, KEYS[entity]):
            self._note(
                f"SELECT {self.id}, '{entity}', {id_sql(entity, entity)}, {json_sql(entity, entity)}, NULL"
                f" FROM {entity} WHERE {among}"
            )
            with self._whole():
                self.db.execute(f"DELETE FROM {entity} WHERE {among}")

    @contextmanager
    def _gathered(self, select: str, parameters: Sequence[object], columns: Sequence[str]) -> Iterator[None]:
        """The rows of `select` in a table of their own, so that it is asked once."""
        self.db.execute(f"CREATE TEMP TABLE gathered ({', '.join(columns)})")
        try:
            self.db.execute(f"INSERT INTO temp.gathered {select}", parameters)
            yield
        finally:
            if self.db.in_transaction:  # SQLite has rolled it back with the rest where the disk is full
                self.db.execute("DROP TABLE temp.gathered")

    def _note(self, select: str) -> None:
        self.db.execute(
            f"INSERT INTO change (batch, entity, id, before, after, salt) SELECT *, randomblob({SALT_BYTES})"
            f" FROM ({select}) WHERE true ON CONFLICT (entity, id, batch) DO UPDATE SET after = excluded.after"
        )

    @contextmanager
    def _whole(self) -> Iterator[None]:
        """Silence the triggers for a statement whose changes are noted already."""
        self.db.execute("UPDATE open_batch SET whole = 1")
        try:
            yield
        finally:
            self.db.execute("UPDATE open_batch SET whole = 0")

    def seal(self, previous: Head) -> bool:
        """Check the references, chain the batch to the one before; False where nothing is different from before."""
        self.db.execute(
            "DELETE FROM change WHERE place >= ? AND before IS after AND commitment IS NULL", (self._first,)
        )
        check_references(self.db, self._first)
        rows = self.db.execute(f"{CHANGE_SQL} WHERE place >= ? ORDER BY place", (self._first,))
        digest, self.changes, _ = digest_of(rows)
        if not self.changes and self.kind is not Kind.EXPORT:
            return False
        why, file = self._said
        salt = secrets.token_bytes(SALT_BYTES)
        header = msgspec.structs.replace(self._header, changes=self.changes)
        self.hash = hash_of(previous.hash, header, words_of(salt, why, file), digest)
        self.db.execute(
            "INSERT INTO batch (id, at_s, kind, who, sha256, undoes, changes, why, file, salt, hash, first)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*msgspec.structs.astuple(header), why, file, salt, self.hash, self._first),
        )
        return True


def said(text: str, what: str, characters_max: int) -> str:
    """`text` on one line, as it is kept. Raises ChangeRefused where it says nothing, or too much."""
    line = " ".join(text.split())
    if not line or len(line) > characters_max or not line.isprintable():
        raise ChangeRefused(f"{what}: 1 to {characters_max} printable characters are needed.")
    return line

"""The file of accounts: SQLite, for its owner only, each change durable before it counts.

It is read once, into memory, and changed as a whole. A file that is damaged, newer than this program, or open to others
is refused with what to do, and never overwritten: no accounts would mean that the claim code lets somebody in again.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from firmware.network.accounts.account import ACCOUNTS_MAX, Account, Role, folded, role_words
from firmware.network.accounts.errors import StoreError

FILE_NAME = "accounts.db"
APPLICATION = 0x4D4E5341  # "MNSA"
VERSION = 1
FILE_BYTES_MAX = 8 << 20  # 100 accounts have 30 kB
BUSY_S_MAX = 2.0  # `menshen account` reads beside us

_SCHEMA = """
CREATE TABLE account (
    name TEXT PRIMARY KEY,
    shown TEXT NOT NULL,
    roles TEXT NOT NULL,
    hash TEXT NOT NULL,
    invitation BLOB NOT NULL,
    invited_until_s INTEGER,
    secret BLOB NOT NULL,
    step INTEGER NOT NULL
) STRICT, WITHOUT ROWID
"""
_ADVICE = "Restore it from a backup. Without one, move it away: then the claim code makes a first account again."


class Store:
    """The accounts in a folder. All methods block; use one thread at a time."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE_NAME
        self._seen: tuple[int, ...] | None = None

    @property
    def exists(self) -> bool:
        """Whether there ever were accounts: then no claim code makes a first one any more."""
        return os.path.lexists(self.path)

    @property
    def changed(self) -> bool:
        """Whether it is not the file any more that was loaded or saved last: a backup was restored, all was reset."""
        return self._mark() != self._seen

    def _mark(self) -> tuple[int, ...] | None:
        try:
            status = self.path.lstat()
        except OSError:
            return None
        return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns

    def load(self) -> dict[str, Account]:
        """All accounts by their folded names; none where there is no file yet. Raises StoreError."""
        try:
            return self._load()
        finally:
            self._seen = self._mark()

    def _load(self) -> dict[str, Account]:
        if not self.exists:
            return {}
        self._check_file()
        try:
            with _opened(self.path) as database:
                self._check_content(database)
                rows = database.execute(
                    "SELECT name, shown, roles, hash, invitation, invited_until_s, secret, step FROM account"
                ).fetchmany(ACCOUNTS_MAX + 1)
        except sqlite3.Error as error:
            raise StoreError(f"{self.path} is damaged ({error}). {_ADVICE}") from error
        try:
            accounts = {row[0]: _account(*row[1:]) for row in rows}
        except ValueError as error:
            raise StoreError(f"{self.path} is no file of accounts: {error}. {_ADVICE}") from error
        if len(accounts) > ACCOUNTS_MAX or any(key != folded(each.name) for key, each in accounts.items()):
            raise StoreError(f"{self.path} is no file of accounts of this program. {_ADVICE}")
        return accounts

    def save(self, accounts: Mapping[str, Account]) -> None:
        """All accounts in place of those that the file has, durable when this returns. Raises StoreError.

        A file that was changed by somebody else since it was loaded is left as it is.
        """
        if self.changed:
            raise StoreError(f"{self.path} was replaced meanwhile: it is read anew. Try again.", "changed_meanwhile")
        try:
            self._save(accounts)
        finally:
            self._seen = self._mark()

    def _save(self, accounts: Mapping[str, Account]) -> None:
        try:
            if not self.exists:
                self._begin(accounts)
                return
            self._check_file()
            with _opened(self.path) as database:
                self._check_content(database)
                _write(database, accounts)
        except StoreError:
            raise
        except (sqlite3.Error, OSError) as error:
            raise StoreError(f"{self.path} cannot be written: {error}. Look at the disk.", "not_saved") from error

    def _begin(self, accounts: Mapping[str, Account]) -> None:
        """The first file: written aside and renamed, so that after a power cut it is there wholly or not at all."""
        aside = self.path.with_name(FILE_NAME + ".new")
        for left in (aside, aside.with_name(aside.name + "-journal")):
            left.unlink(missing_ok=True)
        os.close(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        with _opened(aside) as database:
            _write(database, accounts, new=True)
        aside.rename(self.path)
        folder = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _check_file(self) -> None:
        try:
            status = self.path.lstat()
        except OSError as error:
            raise StoreError(f"{self.path}: {error.strerror}. {_ADVICE}") from error
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_BYTES_MAX:
            raise StoreError(f"{self.path} is no file of accounts of this program. {_ADVICE}")
        if status.st_uid not in (os.geteuid(), 0) and os.geteuid() != 0:
            raise StoreError(
                f"{self.path} belongs to user {status.st_uid}, not to {os.geteuid()} who runs this. Chown it."
            )
        if status.st_mode & 0o077:
            raise StoreError(
                f"{self.path} has mode {stat.S_IMODE(status.st_mode):04o}: others can read it. Run `chmod 0600` on it, "
                "and have everybody choose a new passphrase if somebody may have read it."
            )

    def _check_content(self, database: sqlite3.Connection) -> None:
        application = database.execute("PRAGMA application_id").fetchone()[0]
        version = database.execute("PRAGMA user_version").fetchone()[0]
        if application != APPLICATION:
            raise StoreError(f"{self.path} is no file of accounts of this program. {_ADVICE}")
        if version > VERSION:
            raise StoreError(
                f"{self.path} was written by a newer Menshen (format {version}; this one knows {VERSION}). Install "
                "that one again, or restore a backup of this one."
            )
        if database.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok":
            raise StoreError(f"{self.path} is damaged. {_ADVICE}")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A file that is there: SQLite makes none. A journal that a power cut has left is rolled back first."""
    address = f"{path.absolute().as_uri()}?mode=rw"
    with contextlib.closing(sqlite3.connect(address, uri=True, timeout=BUSY_S_MAX, isolation_level=None)) as database:
        # With a rollback journal EXTRA also syncs the folder after the journal is deleted: else a power cut just after
        # a commit could bring the old accounts back (sqlite.org, PRAGMA synchronous).
        database.execute("PRAGMA synchronous = EXTRA")
        database.execute("PRAGMA trusted_schema = OFF")
        database.execute("PRAGMA secure_delete = ON")  # of hashes that are no more
        yield database


def _write(database: sqlite3.Connection, accounts: Mapping[str, Account], new: bool = False) -> None:
    database.execute("BEGIN IMMEDIATE")
    with database:
        if new:
            database.execute(_SCHEMA)
            database.execute(f"PRAGMA application_id = {APPLICATION}")
            database.execute(f"PRAGMA user_version = {VERSION}")
        database.execute("DELETE FROM account")
        database.executemany(
            "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [_row(key, account) for key, account in accounts.items()],
        )


def _account(
    shown: str, roles: str, hashed: str, invitation: bytes, until_s: int | None, secret: bytes, step: int
) -> Account:
    """Raises ValueError for roles that this program does not know."""
    return Account(shown, frozenset(map(Role, roles.split())), hashed, invitation, until_s, secret, step)


def _row(key: str, account: Account) -> tuple[object, ...]:
    return (
        key,
        account.name,
        role_words(account.roles),
        account.hash,
        account.invitation,
        account.invited_until_s,
        account.secret,
        account.step,
    )

"""What can be wrong with a source, or with what is asked of it: whose fault it was and what to do next."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from firmware.roster.errors import RosterError, RosterMissing, RosterMisused

_BUSY, _FULL, _READ_ONLY, _CANNOT_OPEN = 5, 13, 8, 14  # SQLite's primary result codes, https://sqlite.org/rescode.html
_DAMAGE = frozenset({11, 20, 24, 26})  # SQLITE_CORRUPT, _MISMATCH, _FORMAT, _NOTADB
_NOTHING_DELETED = "Nothing was deleted: keep the file, and go on with the last copy of it."
_PRIMARY = 0xFF  # the low byte of an extended result code


class SourceError(RosterError):
    """The source cannot be used so. The message says which file, what is wrong and what to do."""


class SourceMissing(SourceError, RosterMissing):
    """There is no file."""


class SourceBusy(SourceError):
    """Another program is changing it."""


class SourceDamaged(SourceError):
    """It is no source, not a whole one, or not what its history says. Nothing was changed."""


class ChangeRefused(SourceError, ValueError):
    """What was asked for cannot be done with what stands in the source. Nothing was changed."""


class FieldRefused(ChangeRefused):
    """One column's text is not what it may be: `field` is its name as people write it, `found` fit for a message."""

    def __init__(self, message: str, field: str, found: str = "") -> None:
        super().__init__(message)
        self.field = field
        self.found = found


class ChangeMisused(ChangeRefused, RosterMisused):
    """What was asked for names a column that no source has. Nothing was looked at."""


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk say about `path` into a SourceError."""
    try:
        yield
    except sqlite3.Error as error:
        raise of_sqlite(path, error) from error
    except UnicodeDecodeError as error:  # of a message of SQLite's that quotes a damaged schema
        raise SourceDamaged(f"{path} is damaged. {_NOTHING_DELETED}") from error


def of_sqlite(path: Path, error: sqlite3.Error) -> SourceError:
    """The SourceError for an error of SQLite."""
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY
    if code == _BUSY:
        return SourceBusy(
            f"{path}: another program is changing it. Wait until it is done, or end it; nothing was lost."
        )
    if code in _DAMAGE:
        return SourceDamaged(f"{path} is damaged or no roster source ({error}). {_NOTHING_DELETED}")
    if code == _FULL:
        return SourceError(f"{path}: the disk is full. Nothing was changed; make room and do it again.")
    if code in (_READ_ONLY, _CANNOT_OPEN):
        return SourceError(
            f"{path} cannot be opened for this ({error}). Look at the rights of the file and its folder."
        )
    return SourceError(f"{path}: {error}. Nothing was changed.")

"""What can go wrong with the journal, and whose fault it is."""

from __future__ import annotations

import sqlite3


class JournalError(Exception):
    """Root of the journal's errors. The message says what is wrong and what to do next."""


class JournalDamaged(JournalError):
    """The file is not a journal, or not one that can be read: the medium's or a stranger's fault.

    The controller moves such a file aside and begins a new epoch; a reader can only say so.
    """


class JournalUnreachable(JournalError):
    """The file is absent, or this user may not read it."""


class QueryTooLong(JournalError):
    """A search went past its limits: ask for fewer rows or a narrower time."""


class QueryRefused(JournalError, ValueError):
    """A search was asked for something that no journal can answer: the caller's fault."""


# SQLITE_CORRUPT, SQLITE_NOTADB, SQLITE_FORMAT, SQLITE_MISMATCH: https://sqlite.org/rescode.html
_DAMAGE_CODES = frozenset({11, 26, 24, 20})


def is_damage(error: BaseException) -> bool:
    """Whether SQLite says that the file itself is broken; all else (full, read-only, I/O) may pass by itself."""
    if isinstance(error, JournalDamaged):
        return True
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.Error) and isinstance(code, int) and (code & 0xFF) in _DAMAGE_CODES

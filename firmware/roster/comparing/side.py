"""One of two rosters that are compared: its credentials by the tokens that the journal names them by."""

from __future__ import annotations

import sqlite3
from types import TracebackType
from typing import Self

from firmware.core.access import Factor
from firmware.roster.keys import KIND
from firmware.roster.roster import Enrolled, Roster

FOUND_MAX = 50_000  # credentials held in memory; a month of strangers must not fill it
CACHE_KB = 8_192  # of the index, which is a file of its own that nobody sees
_FACTOR = {number: factor for factor, number in KIND.items()}


class Side:
    """A roster with an index by token. The roster stays its opener's; `close` lets the index go.

    Without an index (`once`) each question looks through the roster: for a few of them.
    """

    def __init__(self, roster: Roster, *, once: bool = False) -> None:
        self.roster = roster
        self.version = roster.version
        self.rulebook = roster.rulebook()
        self._found: dict[str, Enrolled | None] = {}
        self._once = once
        self._index = sqlite3.connect("", isolation_level=None)  # SQLite's own temporary file: gone when it is closed
        try:
            self._index.execute(f"PRAGMA cache_size = -{CACHE_KB}")
            self._index.execute("CREATE TABLE token (token BLOB PRIMARY KEY, kind INTEGER, key BLOB) WITHOUT ROWID")
            if once:
                return
            self._index.execute("BEGIN")
            rows = ((token, KIND[factor], key) for token, factor, key in roster.tokens())
            self._index.executemany("INSERT OR IGNORE INTO token VALUES (?, ?, ?)", rows)
            self._index.execute("COMMIT")
        except BaseException:
            self._index.close()
            raise

    def find(self, token: str | None) -> Enrolled | None:
        """The credential of this token, as hexadecimal digits; None where the roster has none."""
        if not token:
            return None
        try:
            return self._found[token]
        except KeyError:
            return self._look_up(token)

    def of_holder(self, holder: str | None, factor: Factor | None) -> Enrolled | None:
        """A credential of a holder whose token was not recorded: an active one of this kind before others."""
        if holder is None:
            return None
        owned = [enrolled for _, _, enrolled in self.roster.credentials_of(holder)]
        return min(owned, key=lambda each: (each.status != "active", each.factor is not factor), default=None)

    def _look_up(self, token: str) -> Enrolled | None:
        if len(self._found) >= FOUND_MAX:
            self._found.clear()
        try:
            raw = bytes.fromhex(token)
        except ValueError:
            raw = b""
        if self._once:
            key = self.roster.key_of(raw)
            found = None if key is None else self.roster.find(*key)
        else:
            row = self._index.execute("SELECT kind, key FROM token WHERE token = ?", (raw,)).fetchone()
            found = None if row is None else self.roster.find(_FACTOR[row[0]], row[1])
        self._found[token] = found
        return found

    def close(self) -> None:
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""Answers that were given for a purpose: each is shown to the one person who stated it, for a while, in any language.

They are kept so that the purpose is recorded once and not at each loading; nothing of them stands in an address.
"""

from __future__ import annotations

import msgspec

from firmware.network.journal.filters import Cursor
from firmware.network.kept import Kept
from firmware.network.sessions import Session
from firmware.people_words.questions import Why

TOLD_S_MAX = 1800.0
TOLD_MAX = 64


class Told(msgspec.Struct, frozen=True):
    row: Cursor
    purpose: str
    why: Why


class AllTold:
    """Those of all sessions; the oldest gives way."""

    def __init__(self) -> None:
        self._told: Kept[Told] = Kept(TOLD_S_MAX, TOLD_MAX)

    def keep(self, session: Session, row: Cursor, purpose: str, why: Why, now_s: float) -> str:
        """The key of it."""
        return self._told.keep(session, Told(row, purpose, why), now_s)

    def find(self, session: Session, key: str, row: Cursor, now_s: float) -> Told | None:
        """None: it is over, another session's, or of another row."""
        told = self._told.find(session, key, now_s)
        return told if told is not None and told.row == row else None

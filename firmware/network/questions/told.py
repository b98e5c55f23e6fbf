"""Answers that were given for a purpose: each is shown to the one person who stated it, for a while, in any language.

They are kept so that the purpose is recorded once and not at each loading; nothing of them stands in an address.
"""

from __future__ import annotations

import secrets

import msgspec

from firmware.network.journal.filters import Cursor
from firmware.network.sessions import Session
from firmware.people_words.questions import Why

TOLD_S_MAX = 1800.0
TOLD_MAX = 64
KEY_BYTES = 12


class Told(msgspec.Struct, frozen=True):
    key: str
    session: str
    row: Cursor
    purpose: str
    why: Why
    until_s: float


class AllTold:
    """Those of all sessions; the oldest gives way."""

    def __init__(self) -> None:
        self._told: dict[str, Told] = {}

    def keep(self, session: Session, row: Cursor, purpose: str, why: Why, now_s: float) -> Told:
        self._forget(now_s)
        while len(self._told) >= TOLD_MAX:
            del self._told[next(iter(self._told))]
        told = Told(secrets.token_urlsafe(KEY_BYTES), session.id, row, purpose, why, now_s + TOLD_S_MAX)
        self._told[told.key] = told
        return told

    def find(self, session: Session, key: str, row: Cursor, now_s: float) -> Told | None:
        """None: it is over, another session's, or of another row."""
        self._forget(now_s)
        told = self._told.get(key)
        return told if told is not None and (told.session, told.row) == (session.id, row) else None

    def _forget(self, now_s: float) -> None:
        self._told = {key: told for key, told in self._told.items() if now_s < told.until_s}

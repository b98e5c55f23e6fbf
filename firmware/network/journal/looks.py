"""Purposes that were stated: under each, one person sees one answer for a while, with who it was.

The answer's question stays here and out of addresses, so that no plate and no holder stands in a history of a browser.
"""

from __future__ import annotations

import secrets
from enum import StrEnum

import msgspec

from firmware.network.accounts.account import CLIENT
from firmware.network.api.client import ClientSession
from firmware.network.journal.errors import Gone
from firmware.network.journal.looking import Question
from firmware.network.sessions import Session

LOOK_S_MAX = 1800.0
LOOKS_MAX = 64
LOOKS_OF_ONE_MAX = 16  # a program that searches all day closes no person's
KEY_BYTES = 12


class Sought(StrEnum):
    """What a purpose is stated for."""

    HOLDER = "holder"
    PLATE = "plate"
    ALL = "all"  # who it was, in all rows of a filter


class Look(msgspec.Struct, frozen=True):
    """`name` is the holder's id, or the plate, as it was typed: it is shown and goes nowhere else."""

    key: str
    session: str
    sought: Sought
    name: str
    question: Question
    purpose: str
    until_s: float


class Looks:
    """Those of all sessions; the oldest gives way, and of whoever has many the own one."""

    def __init__(self) -> None:
        self._open: dict[str, Look] = {}

    def open(self, session: Session, sought: Sought, name: str, question: Question, purpose: str, now_s: float) -> Look:
        """Only once the purpose is committed."""
        self._forget(now_s)
        own = [key for key, look in self._open.items() if look.session == _whose(session)]
        if len(own) >= LOOKS_OF_ONE_MAX:
            del self._open[own[0]]
        elif len(self._open) >= LOOKS_MAX:
            del self._open[next(iter(self._open))]
        key = secrets.token_urlsafe(KEY_BYTES)
        look = Look(key, _whose(session), sought, name, question, purpose, now_s + LOOK_S_MAX)
        self._open[key] = look
        return look

    def find(self, session: Session, key: str, now_s: float) -> Look:
        """Raises Gone; another session's is none."""
        self._forget(now_s)
        look = self._open.get(key)
        if look is None or look.session != _whose(session):
            raise Gone("journal_look_over")
        return look

    def _forget(self, now_s: float) -> None:
        self._open = {key: look for key, look in self._open.items() if now_s < look.until_s}


def _whose(session: Session) -> str:
    """A client's requests are one another's, as long as its token is the same; a person's are those of one window."""
    return f"{CLIENT}{session.client.id}" if isinstance(session, ClientSession) else session.id

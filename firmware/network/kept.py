"""What was typed or told in a session, under a key for a while, so that it stands in no address and in no history.

A page is sent by POST, keeps what was typed here, and leads to an address with the key: going back, paging and the
switch of languages work as with any address, without script.
"""

from __future__ import annotations

import secrets
from typing import Generic, NamedTuple, TypeVar

from firmware.network.sessions import Session

KEY_BYTES = 12

T = TypeVar("T")


class _One(NamedTuple, Generic[T]):
    session: str
    what: T
    until_s: float


class Kept(Generic[T]):
    """That of all sessions, `most` at once; the oldest gives way. Another session's is none."""

    def __init__(self, kept_s_max: float, most: int) -> None:
        self._kept_s_max = kept_s_max
        self._most = most
        self._kept: dict[str, _One[T]] = {}

    def keep(self, session: Session, what: T, now_s: float) -> str:
        """Its key."""
        self._forget(now_s)
        while len(self._kept) >= self._most:
            del self._kept[next(iter(self._kept))]
        key = secrets.token_urlsafe(KEY_BYTES)
        self._kept[key] = _One(session.id, what, now_s + self._kept_s_max)
        return key

    def find(self, session: Session, key: str, now_s: float) -> T | None:
        """None: it is over, or another session's."""
        self._forget(now_s)
        one = self._kept.get(key)
        return one.what if one is not None and one.session == session.id else None

    def _forget(self, now_s: float) -> None:
        self._kept = {key: one for key, one in self._kept.items() if now_s < one.until_s}

"""A client of the API: another program, with a token of its own. What it may, who made it, until when; and its token.

Pure. A token has 256 random bits, so that a digest without salt keeps it; it is shown once and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable
from typing import NamedTuple

import msgspec

from firmware.network.accounts.account import CLIENT, Role
from firmware.network.sessions import Session, Sessions

ID_BYTES = 6
SECRET_BYTES = 32
_TOKEN = re.compile(r"mst_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)
_BEARER = re.compile(r"bearer +([!-~]{1,200}) *", re.ASCII | re.IGNORECASE)


class Client(msgspec.Struct, frozen=True):
    """`metrics`: it may read figures; without roles that is all. `maker` is the account by whose right it is there.

    `digest` is the token's. `until_utc_s` None: without an end. `used_utc_s` and `used_from` are of its last use, to
    the hour.
    """

    name: str
    id: str
    digest: bytes
    roles: frozenset[Role]
    metrics: bool
    maker: str
    made_utc_s: int | None = None
    until_utc_s: int | None = None
    used: bool = False
    used_utc_s: int | None = None
    used_from: str = ""

    def __repr__(self) -> str:
        return f"Client({self.name!r})"


class ClientSession(Session):
    """One request, or one stream, of a client; it lives as long as the client's token holds."""

    def __init__(self, client: Client, address: str, now_s: float, holds: Callable[[Client], bool]) -> None:
        super().__init__(CLIENT + client.name, client.roles, address, now_s)
        self.client = client
        self._holds = holds

    def lives(self, now_s: float) -> bool:
        """Whatever the time is: the token has an end of its own."""
        del now_s
        return self._holds(self.client)


def still(sessions: Sessions, session: Session, now_s: float) -> bool:
    """Whether a session lives, or a client's token holds; of a session it counts as use."""
    return session.lives(now_s) if isinstance(session, ClientSession) else sessions.use(session, now_s)


class Made(NamedTuple):
    token: str
    id: str
    digest: bytes


def make_token() -> Made:
    """A new token, and what is kept of it."""
    number, secret = secrets.token_hex(ID_BYTES), secrets.token_urlsafe(SECRET_BYTES)
    return Made(f"mst_{number}_{secret}", number, digest_of(secret))


def digest_of(secret: str) -> bytes:
    return hashlib.sha256(secret.encode("ascii")).digest()


def parts_of(header: str) -> tuple[str, str] | None:
    """Number and secret out of an Authorization header (RFC 6750, 2.1); None: there is no token of ours in it."""
    bearer = _BEARER.fullmatch(header)
    token = None if bearer is None else _TOKEN.fullmatch(bearer[1])
    return None if token is None else (token[1], token[2])


def fits(secret: str, client: Client | None) -> bool:
    """Whether it is this client's. Takes as long where there is no such client."""
    kept = bytes(hashlib.sha256().digest_size) if client is None else client.digest
    return hmac.compare_digest(digest_of(secret), kept) and client is not None

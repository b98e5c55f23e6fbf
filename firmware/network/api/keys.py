"""Idempotency keys: whatever is asked twice under one key is done once, and answered twice (draft-ietf-httpapi).

Kept in memory for a time, each for the one who asked, and the newest of each. What certainly was not done may be asked
again under its key.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response

from firmware.network.accounts.account import CLIENT, folded
from firmware.network.api.client import ClientSession
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.routes import Answering, Asked
from firmware.network.sessions import Session
from firmware.network.uploads import Body

KEY_HEADER = "idempotency-key"  # draft-ietf-httpapi-idempotency-key-header
KEY_PATTERN = "^[A-Za-z0-9_-]{8,64}$"
KEPT_S = 600.0
KEPT_MAX = 2048
KEPT_OF_ONE_MAX = 256
BUSY_RETRY_S = 5
_KEY = re.compile(KEY_PATTERN.removesuffix("$"), re.ASCII)


def key_of(asked: Asked) -> str:
    """The key of a request. Raises ApiError."""
    told = asked.request.headers.getlist(KEY_HEADER)
    if len(told) != 1 or _KEY.fullmatch(told[0]) is None:
        raise ApiError(HTTPStatus.BAD_REQUEST, "key_needed", allowed=(KEY_PATTERN,))
    return told[0]


class _Kept(NamedTuple):
    person: str
    asked: bytes  # digest of what was asked
    answered: asyncio.Future[Response | ApiError]
    until_s: float
    file: bytes = b""  # digest of a file that was asked with it, once that has come


class Keys:
    """Made once for the whole API, in the event loop. `may`: whether a session lives still, or a client's token holds.

    `now_s` is a monotonic clock; None: the loop's.
    """

    def __init__(self, may: Callable[[Session], bool], now_s: Callable[[], float] | None = None) -> None:
        self._may = may
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._now_s = now_s or asyncio.get_running_loop().time

    async def once(self, asked: Asked, answer: Answering, head: tuple[str, ...] = ()) -> Response:
        """What `answer` says, or said to the same before. Raises ApiError as it does, and for a key used otherwise.

        `head` is what lines of the head tell of what is asked.
        """
        person, key = _whose(asked.person), key_of(asked)
        what = _digest(asked, head)
        self._forget()
        before = self._kept.get((person, key))
        if before is not None:
            if before.asked != what or not await self._same_file(asked, before):
                raise ApiError(HTTPStatus.CONFLICT, "key_used")
            told_before = await asyncio.shield(before.answered)
            if not self._may(asked.person):  # it ended while this waited: what was told before may be secret
                raise ApiError(HTTPStatus.UNAUTHORIZED, "no_token")
            return _again(told_before)
        self._make_room([name for name, kept in self._kept.items() if kept.person == person], KEPT_OF_ONE_MAX)
        self._make_room(list(self._kept), KEPT_MAX)
        answered: asyncio.Future[Response | ApiError] = asyncio.get_running_loop().create_future()
        self._kept[person, key] = _Kept(person, what, answered, self._now_s() + KEPT_S)
        told: Response | ApiError = ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN)
        try:
            told = await answer(asked)
        except ApiError as error:
            told = error
        finally:
            answered.set_result(told)
            if isinstance(told, ApiError) and told.word != NOT_KNOWN:
                del self._kept[person, key]  # it was not done: it may be asked again
            elif isinstance(asked.upload, Body):
                self._kept[person, key] = self._kept[person, key]._replace(file=asked.upload.sha256)
        return _again(told)

    async def _same_file(self, asked: Asked, before: _Kept) -> bool:
        """Whether a file that is sent again is the same one. It is taken, and goes. Raises FormError."""
        if not isinstance(asked.upload, Body):
            return True
        asked.upload.allow(asked.upload.declared)  # as large as the first one, which was taken
        await asked.upload.take()
        await asyncio.wait([before.answered])  # the first one has come whole then; or it was refused, and that is told
        kept = self._kept.get((before.person, key_of(asked)))
        return kept is None or kept.file == asked.upload.sha256

    def _make_room(self, names: list[tuple[str, str]], most: int) -> None:
        """For one more among these, oldest first. Raises ApiError where all of them are being done."""
        if len(names) < most:
            return
        oldest = next((name for name in names if self._kept[name].answered.done()), None)
        if oldest is None:
            raise ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", retry_s=BUSY_RETRY_S)
        del self._kept[oldest]

    def _forget(self) -> None:
        now_s = self._now_s()
        for name in [name for name, kept in self._kept.items() if kept.until_s <= now_s and kept.answered.done()]:
            del self._kept[name]


def _whose(session: Session) -> str:
    """An account's, by its name; of a client, of this very token: another one of its name is somebody else."""
    return f"{CLIENT}{session.client.id}" if isinstance(session, ClientSession) else folded(session.name)


def _digest(asked: Asked, head: tuple[str, ...]) -> bytes:
    """Of what was asked; of a file only how long it is, since it has not come yet."""
    told = f"{asked.request.method} {asked.request.scope['path']}\n{head!r}\n".encode("utf-8", "surrogateescape")
    length = b"" if asked.upload is None else str(asked.upload.declared).encode()
    return hashlib.sha256(told + asked.body + length).digest()


def _again(told: Response | ApiError) -> Response:
    if isinstance(told, ApiError):
        raise told
    again = Response(bytes(told.body), told.status_code)
    again.raw_headers = list(told.raw_headers)
    return again

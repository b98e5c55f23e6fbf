"""The backup that waits, on its way to who asked for it: as long as that one may have it, under a name of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.responses import Response, StreamingResponse

from firmware.network.api.client import still
from firmware.network.backup.desk import BackupDesk, BackupRefusal
from firmware.network.rendering import Rendering
from firmware.network.routes import Asked
from firmware.network.sessions import Session, Sessions
from firmware.network.settings import Settings

FILE_TYPE = "application/octet-stream"


class BackupFiles:
    """The same for page and API."""

    def __init__(self, desk: BackupDesk, rendering: Rendering, sessions: Sessions, settings: Settings) -> None:
        self._desk = desk
        self._rendering = rendering
        self._sessions = sessions
        self._site = settings.site or "gate"
        self._now_s = asyncio.get_running_loop().time

    async def answer(self, asked: Asked) -> Response:
        """The backup, to be kept somewhere else. Raises BackupRefusal where there is none."""
        told = await self._desk.told()
        if told is None or told.made is None:
            raise BackupRefusal("backup_gone", HTTPStatus.GONE)
        pieces = self._desk.pieces(told.folder, told.made)
        try:
            first = await anext(pieces)
        except (OSError, StopAsyncIteration) as error:
            raise BackupRefusal("backup_gone", HTTPStatus.GONE) from error
        at = self._rendering.speaker(asked.request).at(told.made.contents.made_s * 1000)
        stamp = "".join(letter if letter.isalnum() else "-" for letter in at)
        headers = {
            "content-disposition": f'attachment; filename="menshen-{self._site}-{stamp}.backup"',
            "content-length": str(told.made.bytes),
        }
        return StreamingResponse(
            self._while_allowed(asked.person, first, pieces), media_type=FILE_TYPE, headers=headers
        )

    async def _while_allowed(
        self, session: Session, first: bytes, pieces: AsyncIterator[bytes]
    ) -> AsyncIterator[bytes]:
        yield first
        async for piece in pieces:
            if not still(self._sessions, session, self._now_s()):
                return
            yield piece

"""A sheet on its way from a browser to the desk: piece by piece, each acknowledged before the next is taken.

So this process holds two pieces at most, and a desk that is slow slows the browser. A few at a time are sent.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from firmware.network.api.client import still
from firmware.network.forms import FormError
from firmware.network.people.asks import PeopleAway, PeopleSaid
from firmware.network.people.front import Front
from firmware.network.routes import Asked
from firmware.network.sessions import Sessions
from firmware.network.uploads import Sent, SessionOver, TooLarge
from firmware.people_words.base import Refused
from firmware.people_words.imports import (
    PIECE_BYTES_MAX,
    SHEET_BYTES_MAX,
    BeginSheet,
    DropSheet,
    EndSheet,
    PieceTaken,
    PutPiece,
    SheetBegun,
    Sheets,
    SheetTaken,
)

AT_ONCE_MAX = 2
FILE_FIELD = "sheet"


class Sending:
    """All sheets that are on their way."""

    def __init__(self, front: Front, sessions: Sessions) -> None:
        self._front = front
        self._sessions = sessions
        self._now_s = asyncio.get_running_loop().time
        self._running = 0

    async def take(self, asked: Asked) -> str:
        """The id of the sheet that was sent. Raises PeopleSaid for what was refused, FormError, SessionOver."""
        upload = asked.upload
        assert upload is not None, "the table says that this route takes a file"
        if self._running >= AT_ONCE_MAX:
            await upload.drain()
            raise PeopleSaid(Refused(word="imports_busy"))
        self._running += 1
        try:
            return await self._taken(asked, upload)
        except TooLarge as error:
            await upload.drain()
            raise PeopleSaid(
                Refused(word="imports_too_large", field=FILE_FIELD, fills={"most": str(SHEET_BYTES_MAX >> 20)})
            ) from error
        except (PeopleSaid, SessionOver):
            await upload.drain()  # whoever is still sending does not read an answer
            raise
        finally:
            self._running -= 1

    async def _taken(self, asked: Asked, upload: Sent) -> str:
        await upload.begin()
        if not upload.file_name:
            raise PeopleSaid(Refused(word="imports_no_file", field=FILE_FIELD))
        begun = await self._front.ask(SheetBegun, BeginSheet(file=upload.file_name[:200]), asked)
        try:
            there = await self._put(asked, upload, begun.sheet)
            if there == 0:
                raise PeopleSaid(Refused(word="imports_empty", field=FILE_FIELD))
            await self._front.ask(SheetTaken, EndSheet(sheet=begun.sheet, size=there), asked)
        except BaseException:
            await self._forget(asked, begun.sheet)
            raise
        return begun.sheet

    async def _put(self, asked: Asked, upload: Sent, sheet: str) -> int:
        """How much came."""
        there = 0
        held = bytearray()
        async for piece in upload.pieces():
            held += piece
            if len(held) < PIECE_BYTES_MAX - len(piece):
                continue
            there = await self._one(asked, sheet, there, held)
            held.clear()
        return await self._one(asked, sheet, there, held) if held else there

    async def _one(self, asked: Asked, sheet: str, offset: int, held: bytearray) -> int:
        if not still(self._sessions, asked.person, self._now_s()):  # it ended while the desk took its time
            raise SessionOver
        content = bytes(held)
        taken = await self._front.ask(PieceTaken, PutPiece(sheet=sheet, offset=offset, content=content), asked)
        if taken.there != offset + len(content):
            raise PeopleAway(Refused(word="people_strange"))
        return taken.there

    async def _forget(self, asked: Asked, sheet: str) -> None:
        """What did not come whole; where nobody answers, the desk forgets it when it starts."""
        try:
            await self._front.ask(Sheets, DropSheet(sheet=sheet), asked)
        except PeopleSaid:
            return


def refusal_of(error: FormError) -> Refused:
    """What a person reads of a form that did not come as it should."""
    word = "imports_too_slow" if error.status is HTTPStatus.REQUEST_TIMEOUT else "imports_not_whole"
    return Refused(word=word, field=FILE_FIELD)

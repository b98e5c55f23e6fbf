"""The pages of imports: what waits and what was done, what a sheet holds and would change, and what came of it."""

from __future__ import annotations

from starlette.responses import Response

from firmware.network.forms import FormError
from firmware.network.imports.choosing import SHOWN_COLUMNS, choices_of, options
from firmware.network.imports.listing import listed, parts_of
from firmware.network.imports.sending import Sending, refusal_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, address, query
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.network.uploads import SessionOver
from firmware.people_words.base import Refused
from firmware.people_words.imports import (
    SHEET_BYTES_MAX,
    DropSheet,
    LookAtSheet,
    LookAtSheets,
    Problems,
    ReadProblems,
    ReadSheet,
    Sheets,
    SheetSeen,
    TakeSheet,
    UndoImport,
)


class ImportPages:
    """What answers the routes of imports."""

    def __init__(self, front: Front, sending: Sending) -> None:
        self._front = front
        self._sending = sending

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "imports": self._all,
            "import_send": self._send,
            "import_sheet": self._sheet,
            "import_read": self._read,
            "import_take": self._take,
            "import_drop": self._drop,
            "import_undo": self._undo,
            "import_problems": self._problems,
            "import_done": self._done,
        }

    # -- what waits, what was done ------------------------------------------------------------------------------------

    async def _all(self, asked: Asked, error: PeopleSaid | None = None) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        sheets: Sheets | None = None
        try:
            sheets = await self._front.ask(Sheets, LookAtSheets(), asked)
        except PeopleSaid as away:
            error = error or away
        response = self._front.html(
            asked,
            "imports.html",
            "/people/import",
            error,
            sheets=sheets,
            megabytes=SHEET_BYTES_MAX >> 20,
            bytes_max=SHEET_BYTES_MAX,
        )
        if error is not None and asked.upload is not None:
            response.headers["connection"] = "close"  # what of the file was not taken is not the next request
        return response

    async def _send(self, asked: Asked) -> Response:
        try:
            sheet = await self._sending.take(asked)
            return await self._front.start(ReadSheet(sheet=sheet), asked, "/people/import")
        except SessionOver:
            response = see("/login")
            response.headers["connection"] = "close"
            return response
        except FormError as error:
            return await self._all(asked, PeopleSaid(refusal_of(error)))
        except PeopleSaid as error:
            return await self._all(asked, error)

    async def _drop(self, asked: Asked) -> Response:
        try:
            await self._front.ask(Sheets, DropSheet(sheet=asked.field("sheet")[:64]), asked)
        except PeopleSaid as error:
            return await self._all(asked, error)
        return see("/people/import")

    async def _undo(self, asked: Asked) -> Response:
        number = asked.field("batch")
        if not number.isascii() or not number.isdecimal() or not 0 < len(number) <= 12 or int(number) == 0:
            return await self._all(asked, PeopleSaid(Refused(word="imports_no_such_import")))
        why = asked.field("why").strip()[:200]
        if not why:
            return await self._all(asked, PeopleSaid(Refused(word="imports_why_needed", field=f"why-{number}")))
        try:
            return await self._front.start(UndoImport(batch=int(number), why=why), asked, "/people/import")
        except PeopleSaid as error:
            return await self._all(asked, error)

    # -- one sheet ----------------------------------------------------------------------------------------------------

    async def _sheet(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        return switched or await self._sheet_page(asked, query(asked, "id"))

    async def _sheet_page(self, asked: Asked, id: str, error: PeopleSaid | None = None) -> Response:
        speaker = self._front.speaker(asked)
        try:
            seen = await self._front.ask(SheetSeen, LookAtSheet(sheet=id, language=speaker.words.language), asked)
        except PeopleSaid as gone:
            return await self._all(asked, gone)
        return self._front.html(
            asked,
            "imports_sheet.html",
            address("/people/import/sheet", id=id),
            error,
            seen=seen,
            options=options(speaker.words, seen),
            columns_max=SHOWN_COLUMNS,
            why=asked.field("why")[:200],
        )

    async def _read(self, asked: Asked) -> Response:
        id = asked.field("sheet")[:64]
        try:
            language = self._front.speaker(asked).words.language
            seen = await self._front.ask(SheetSeen, LookAtSheet(sheet=id, language=language), asked)
            choices = choices_of(asked.form, seen)
            return await self._front.start(
                ReadSheet(sheet=id, choices=choices), asked, address("/people/import/sheet", id=id)
            )
        except PeopleSaid as error:
            return await self._sheet_page(asked, id, error)

    async def _take(self, asked: Asked) -> Response:
        id, why = asked.field("sheet")[:64], asked.field("why").strip()[:200]
        try:
            if not why:
                raise PeopleSaid(Refused(word="imports_why_needed", field="why"))
            remove = _count(asked.field("remove"))
            taking = TakeSheet(
                sheet=id,
                number=asked.field("number")[:64],
                good_rows=bool(asked.field("good_rows")),
                remove=remove,
                why=why,
            )
            return await self._front.start(taking, asked, address("/people/import/sheet", id=id))
        except PeopleSaid as error:
            return await self._sheet_page(asked, id, error)

    async def _problems(self, asked: Asked) -> Response:
        id, language = query(asked, "id"), self._front.speaker(asked).words.language
        try:
            first = await self._front.ask(Problems, ReadProblems(sheet=id, language=language), asked)
        except PeopleSaid as error:
            return await self._all(asked, error)
        return listed(parts_of(self._front.asks, asked, id, language, first), asked)

    async def _done(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        told = {name: _number(query(asked, name)) for name in ("batch", "changes", "bad", "undone")}
        path = address("/people/import/done", **{name: str(number) for name, number in told.items() if number})
        shown: dict[str, object] = dict(told)
        return self._front.html(asked, "imports_done.html", path, None, **shown)


def _count(text: str) -> int | None:
    """Raises PeopleSaid for what is no number."""
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or len(text) > 9:
        raise PeopleSaid(Refused(word="imports_bad_count", field="remove"))
    return int(text)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 12 else 0

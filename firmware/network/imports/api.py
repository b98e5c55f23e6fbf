"""Imports by the API: a sheet is sent as it is, looked at, understood otherwise, taken or dropped, and put back.

The same questions as the page's, and one desk for what is on its way, so that both share its limits.
"""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta
from starlette.responses import Response

from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import BINARY_TYPE, CHANGED, READ, Header, Operation
from firmware.network.api.problems import OF_STATUS
from firmware.network.api.speaking import Param, answer, body_of, header_of, missing, part_of, query_of
from firmware.network.forms import FormError, type_of
from firmware.network.imports import api_sheets as shapes
from firmware.network.imports.listing import LIST_TYPE, listed, parts_of, rows_of
from firmware.network.imports.sending import Sending
from firmware.network.people.api_front import ApiFront, problem_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.people.job_told import JobTold, Tellings
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.uploads import Body
from firmware.people_words.base import Found
from firmware.people_words.imports import (
    SHEET_BYTES_MAX,
    DropSheet,
    ImportUndone,
    LookAtSheet,
    LookAtSheets,
    Problems,
    ReadProblems,
    ReadSheet,
    SheetImported,
    SheetRead,
    Sheets,
    SheetSeen,
    TakeSheet,
    UndoImport,
)

FILE_HEADER = "File-Name"
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {"text/csv": "sheet.csv", XLSX_TYPE: "sheet.xlsx", BINARY_TYPE: "sheet"}  # what one without a name is called
TOO_LARGE = "imports_too_large"
Cursor = Annotated[str, Meta(pattern=r"^(en|zh)-[0-9]{1,12}$")]
AFTER = Param("after", Cursor)


class ImportApi:
    """What answers the API's routes of imports."""

    def __init__(self, front: ApiFront, sending: Sending) -> None:
        self._front = front
        self._sending = sending

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api imports": self._all,
            "api import send": self._send,
            "api import sheet": self._sheet,
            "api import drop": self._drop,
            "api import read": self._read,
            "api import problems": self._problems,
            "api import problems csv": self._list,
            "api import take": self._take,
            "api import done": self._done,
            "api import undo": self._undo,
        }

    async def _all(self, asked: Asked) -> Response:
        return answer(shapes.imports_of(await self._sheets(asked), SHEET_BYTES_MAX))

    async def _send(self, asked: Asked) -> Response:
        assert isinstance(asked.upload, Body), "the table says that this route takes a file"
        asked.upload.about(header_of(asked, FILE_HEADER))
        if not asked.upload.file_name:
            asked.upload.about(KINDS[type_of(asked.request)])
        try:
            sheet = await self._sending.take(asked)
        except FormError as error:
            raise ApiError(error.status, OF_STATUS[error.status]) from error
        except PeopleSaid as error:
            told = problem_of(error, self._front.rendering.speaker(asked.request))
            if error.said.word == TOO_LARGE:
                raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", told.detail) from error
            raise told from error
        try:
            return await self._front.start(ReadSheet(sheet=sheet), asked)
        except ApiError as error:
            if error.word != NOT_KNOWN:  # it is asked again with the file: what came is of no use
                with contextlib.suppress(ApiError):  # the desk is away: it forgets the sheet after a day
                    await self._front.ask(Sheets, DropSheet(sheet=sheet), asked)
            raise

    async def _sheet(self, asked: Asked) -> Response:
        speaker = self._front.rendering.speaker(asked.request)
        question = LookAtSheet(sheet=part_of(asked, "sheet"), language=speaker.words.language)
        return answer(shapes.sheet_of(await self._front.ask(SheetSeen, question, asked), speaker.words))

    async def _drop(self, asked: Asked) -> Response:
        sheet = await self._there(asked)
        await self._front.ask(Sheets, DropSheet(sheet=sheet), asked)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _read(self, asked: Asked) -> Response:
        chosen = shapes.choices_of(body_of(asked, shapes.ImportChoices))
        return await self._front.start(ReadSheet(sheet=await self._there(asked), choices=chosen), asked)

    async def _problems(self, asked: Asked) -> Response:
        """A page of them. The cursor says in which language it began: each has a list of its own."""
        after = query_of(asked, (AFTER,))["after"]
        language = self._front.rendering.speaker(asked.request).words.language
        language, _, begin = (after or f"{language}-0").partition("-")
        question = ReadProblems(sheet=await self._there(asked), language=language, offset=int(begin))
        part = await self._front.ask(Problems, question, asked)
        return answer(shapes.problems_of(rows_of(part, int(begin)), f"{language}-"))

    async def _list(self, asked: Asked) -> Response:
        sheet, language = await self._there(asked), self._front.rendering.speaker(asked.request).words.language
        first = await self._front.ask(Problems, ReadProblems(sheet=sheet, language=language), asked)
        return listed(parts_of(self._front.asks, asked, sheet, language, first), asked)

    async def _take(self, asked: Asked) -> Response:
        told = body_of(asked, shapes.ImportTaking)
        taking = TakeSheet(
            sheet=await self._there(asked),
            number=told.number,
            good_rows=told.good_rows,
            remove=told.remove,
            why=told.why.strip(),
        )
        return await self._front.start(taking, asked)

    async def _done(self, asked: Asked) -> Response:
        batch = _batch(asked)
        done = next((each for each in (await self._sheets(asked)).done if each.batch == batch), None)
        if done is None:
            raise missing()
        return answer(shapes.done_of(done))

    async def _undo(self, asked: Asked) -> Response:
        why = body_of(asked, shapes.ImportUndoing).why.strip()
        return await self._front.start(UndoImport(batch=_batch(asked), why=why), asked)

    async def _sheets(self, asked: Asked) -> Sheets:
        return await self._front.ask(Sheets, LookAtSheets(), asked)

    async def _there(self, asked: Asked) -> str:
        """The id of a sheet that waits. Raises ApiError."""
        sheet = part_of(asked, "sheet")
        if all(each.sheet != sheet for each in (await self._sheets(asked)).waiting):
            raise missing()
        return sheet


def _batch(asked: Asked) -> int:
    """Raises ApiError."""
    batch = part_of(asked, "batch")
    if not (batch.isascii() and batch.isdecimal()) or len(batch) > 12 or int(batch) == 0:
        raise missing()
    return int(batch)


# -- where an import's long work leads --------------------------------------------------------------------------------


def sheet_at(sheet: str) -> str:
    """Where a sheet stands."""
    return f"{API}/imports/sheets/{sheet}"


def done_at(batch: int) -> str:
    """Where an import of the past stands; nowhere where nothing was different."""
    return f"{API}/imports/done/{batch}" if batch else ""


def _read(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, SheetRead)
    return "sheet_read", sheet_at(found.sheet), {"sheet": found.sheet}


def _imported(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, SheetImported)
    told = {"batch": str(found.batch), "changes": str(found.changes), "bad": str(found.bad), "file": found.file}
    return "imported", done_at(found.batch), told


def _undone(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, ImportUndone)
    told = {"batch": str(found.batch), "undone": str(found.undone), "changes": str(found.changes)}
    return "import_undone", done_at(found.undone), told


IMPORT_TELLINGS: Tellings = {SheetRead: _read, SheetImported: _imported, ImportUndone: _undone}

_BEGUN = Operation(JobTold, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED)
_ASKED = (*READ, HTTPStatus.GATEWAY_TIMEOUT)
IMPORT_OPERATIONS: dict[str, Operation] = {
    "api imports": Operation(shapes.Imports, problems=_ASKED),
    "api import send": _BEGUN._replace(file=tuple(KINDS), headers=(Header(FILE_HEADER),)),
    "api import sheet": Operation(shapes.ImportSheet, problems=CHANGED),
    "api import drop": Operation(None, status=HTTPStatus.NO_CONTENT, problems=CHANGED),
    "api import read": _BEGUN._replace(body=shapes.ImportChoices),
    "api import problems": Operation(shapes.ImportProblems, (AFTER,), problems=CHANGED),
    "api import problems csv": Operation(None, media=LIST_TYPE, problems=CHANGED),
    "api import take": _BEGUN._replace(body=shapes.ImportTaking),
    "api import done": Operation(shapes.ImportDone, problems=_ASKED),
    "api import undo": _BEGUN._replace(body=shapes.ImportUndoing),
}

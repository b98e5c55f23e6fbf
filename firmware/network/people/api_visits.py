"""Visits by the API: asked of the same desk, with the same questions, as the pages of visitors.

A guard is told what the page tells one: whose visit is today, by name, host, times and passages.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from msgspec import Meta
from starlette.responses import Response

from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.speaking import Param, answer, body_of, missing, query_of
from firmware.network.people import api_visit_words as api
from firmware.network.people.api_front import ApiFront
from firmware.network.people.api_sheets import at
from firmware.network.people.api_tellings import visit_at
from firmware.network.people.api_told import short_part, typed_time
from firmware.network.people.front import Front
from firmware.network.people.job_told import JobTold
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.holders import Edited
from firmware.people_words.visitors import (
    SKIPPED_MAX,
    EndVisit,
    InviteAtReader,
    Invited,
    InviteVisitor,
    ListVisitors,
    VisitorRow,
    Visitors,
)

OF_VISITS = (Param("after", Annotated[int, Meta(ge=0, le=SKIPPED_MAX)], number=True),)


class ApiVisits:
    """What answers the API's routes of visits."""

    def __init__(self, api_front: ApiFront, front: Front) -> None:
        self._api = api_front
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api visits": self._list,
            "api visit": self._visit,
            "api visit invite": self._invite,
            "api visit enrol": self._enrol,
            "api visit end": self._end,
        }

    async def _list(self, asked: Asked) -> Response:
        skip = query_of(asked, OF_VISITS)["after"] or 0
        found = await self._api.ask(Visitors, ListVisitors(skip=skip), asked)
        speaker = self._front.speaker(asked)
        after = skip + len(found.rows)
        more = found.more and after <= SKIPPED_MAX
        return answer(api.Visits(tuple(_told(speaker, row) for row in found.rows), after if more else None))

    async def _visit(self, asked: Asked) -> Response:
        row = await self._row(asked)
        return answer(_told(self._front.speaker(asked), row))

    async def _row(self, asked: Asked) -> VisitorRow:
        """Raises ApiError."""
        entry = short_part(asked, "visit")
        found = await self._api.ask(Visitors, ListVisitors(entry=entry), asked)
        row = next((row for row in found.rows if row.entry == entry), None)
        if row is None:
            raise missing()
        return row

    async def _invite(self, asked: Asked) -> Response:
        """By what is typed, or by a code that is made: this answer shows it, and none after it."""
        body = body_of(asked, api.VisitNew)
        fields = _fields(body) | {"kind": body.kind, "key": body.key, "format": body.format}
        question = InviteVisitor(fields=fields, escorted=body.escorted, why=body.why)
        told = await self._api.ask(Invited, question, asked)
        place = visit_at(told.entry) if told.entry else f"{API}/visits"
        invited = api.VisitInvited(told.entry, told.visitor, told.shown, told.code)
        return answer(invited, HTTPStatus.CREATED, {"location": place})

    async def _enrol(self, asked: Asked) -> Response:
        """By what is presented at a reader, which waits for it now."""
        body = body_of(asked, api.VisitAtReader)
        question = InviteAtReader(
            fields=_fields(body), reader=body.reader, seconds=body.seconds, escorted=body.escorted, why=body.why
        )
        return await self._api.start(question, asked)

    async def _end(self, asked: Asked) -> Response:
        entry = short_part(asked, "visit")
        body = body_of(asked, api.VisitEnd)
        edited = await self._api.ask(Edited, EndVisit(entry=entry, why=body.why), asked)
        return answer(api.VisitEnded(entry, edited.id, edited.at_gate))


def _fields(body: api.VisitNew | api.VisitAtReader) -> dict[str, str]:
    """As the form has them."""
    return {
        "name": body.name,
        "host": body.host,
        "from": typed_time(body.begins, "from"),
        "until": typed_time(body.ends, "until"),
        "uses": str(body.uses),
        "profile": body.profile,
    }


def _told(speaker: Speaker, row: VisitorRow) -> api.Visit:
    word = f"people_phase_{row.phase}"
    return api.Visit(
        id=row.entry,
        visitor=row.id,
        name=row.name,
        host=row.host,
        begins=at(row.from_s),
        ends=at(row.until_s),
        use_limit=row.use_limit,
        left=row.left,
        phase=row.phase,
        phase_text=speaker.words(word) if speaker.words.has(word) else "",
        kind=row.kind,
        last=at(row.last_s),
        last_at=row.last_at,
        by=row.by,
        why=row.why,
    )


VISIT_OPERATIONS: dict[str, Operation] = {
    "api visits": Operation(api.Visits, OF_VISITS, problems=CHANGED),
    "api visit": Operation(api.Visit, problems=CHANGED),
    "api visit invite": Operation(
        api.VisitInvited, body=api.VisitNew, status=HTTPStatus.CREATED, once=True, located=True, problems=CHANGED
    ),
    "api visit enrol": Operation(
        JobTold, body=api.VisitAtReader, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED
    ),
    "api visit end": Operation(api.VisitEnded, body=api.VisitEnd, problems=CHANGED),
}

"""The journal by the API: who it was, for a purpose that is recorded first; exports; and the proof of the chain.

It is the page's own desk. Whom somebody looks for stands in bodies and never in an address.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.responses import Response

from firmware.journal import Row
from firmware.network.accounts.errors import NotRecorded
from firmware.network.api.errors import ApiError
from firmware.network.api.events import RETRY_S, Kind, Time, cursor_of, event_of, refused
from firmware.network.api.operation import READ, Operation
from firmware.network.api.resources import Event
from firmware.network.api.speaking import Param, answer, body_of, missing, part_of, query_of, utc_ms_of, utc_of
from firmware.network.journal.errors import Gone, NotUnderstood, PageError
from firmware.network.journal.filters import CURSOR_DIGITS_MAX, FIELD_CHARACTERS_MAX, FIELDS, Filter
from firmware.network.journal.kinds import kinds_of
from firmware.network.journal.looking import Found
from firmware.network.journal.looks import Look, Sought
from firmware.network.journal.pages import JournalPages, unrecorded
from firmware.network.journal.reports import JournalReports, wanted_of
from firmware.network.journal.showing import Telling
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.terminal import PURPOSE_CHARACTERS_MAX, PURPOSE_CHARACTERS_MIN

WITNESS_CHARACTERS_MAX = 2048
EXPORT_TYPE = "application/zip"
# One of them runs at a time, or what was sent is not what it says it is: 409, and not a busy journal.
_RUNS = ("journal_export_runs", "journal_proof_runs")

Portal = Annotated[str, Meta(pattern="^[a-z][a-z0-9_]{0,63}$")]
Purpose = Annotated[str, Meta(min_length=PURPOSE_CHARACTERS_MIN, max_length=PURPOSE_CHARACTERS_MAX)]
Older = Annotated[str, Meta(pattern=f"^before:[0-9]{{1,{CURSOR_DIGITS_MAX}}}-[0-9]{{1,{CURSOR_DIGITS_MAX}}}$")]
OF_LOOK = (Param("cursor", Older),)


class JournalSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who it was, and why you look: the purpose is committed to the journal before anything is shown.

    `sought`: a holder (its id in `name`), a plate (in `name`), or all rows of the filter. `since` <= time < `until`.
    """

    sought: Sought
    purpose: Purpose
    name: Annotated[str, Meta(max_length=FIELD_CHARACTERS_MAX)] = ""
    portal: Portal | None = None
    kind: Kind | None = None
    since: Time | None = None
    until: Time | None = None


class EventOf(Event, frozen=True):
    """One event with whom it was about. `who` is empty where nobody was, or after it was erased (`erased`)."""

    who: dict[str, str]
    who_text: tuple[tuple[str, str], ...]
    erased: bool


class JournalFound(msgspec.Struct, frozen=True):
    """Under `look` older rows are seen until then, by whoever stated the purpose and by nobody else.

    `plate_known`: of a plate, whether it is anybody's. `looked_through`: no more was looked at than down to `older`,
    though fewer rows than a page were found.
    """

    look: str
    sought: Sought
    until: datetime | None
    plate_known: bool | None
    events: tuple[EventOf, ...]
    older: str | None
    looked_through: bool


class JournalExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An archive with the rows and the signed head that proves them. `persons`: with who it was, for a purpose."""

    form: Literal["jsonl", "csv"]
    since: Time | None = None
    until: Time | None = None
    persons: bool = False
    purpose: Annotated[str, Meta(max_length=PURPOSE_CHARACTERS_MAX)] = ""


class ChainProving(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`head` is the content of a head file that was kept elsewhere; "" for none: then a cut tail is not seen."""

    head: Annotated[str, Meta(max_length=WITNESS_CHARACTERS_MAX)] = ""


class ProofBegun(msgspec.Struct, frozen=True):
    """The proof has begun; how far it is, and what it came to, stands at the chain."""

    running: bool


class PurposeApi:
    """What answers these routes in the API; those without a purpose are in api/events.py."""

    def __init__(self, pages: JournalPages, reports: JournalReports, live: Live, rendering: Rendering) -> None:
        self._pages = pages
        self._reports = reports
        self._live = live
        self._rendering = rendering
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api journal search": self._search,
            "api journal look": self._look,
            "api journal export": self._export,
            "api journal prove": self._prove,
        }

    async def _search(self, asked: Asked) -> Response:
        told = body_of(asked, JournalSearch)
        chosen = self._chosen(asked, told.portal, told.kind, told.since, told.until)
        try:
            seen = await self._pages.look_for(asked, chosen, told.sought, told.name, told.purpose)
            seen, found = await self._pages.looked(asked.person, seen.key, None)
        except (PageError, NotRecorded) as error:
            raise self._problem(asked, error) from error
        return self._found(asked, seen, found)

    async def _look(self, asked: Asked) -> Response:
        cursor = query_of(asked, OF_LOOK)["cursor"] or ""
        before = cursor_of(cursor.partition(":")[2])
        try:
            seen, found = await self._pages.looked(asked.person, part_of(asked, "look"), before)
        except PageError as error:
            raise self._problem(asked, error) from error
        return self._found(asked, seen, found)

    def _found(self, asked: Asked, seen: Look, found: Found) -> Response:
        telling = Telling(self._rendering.speaker(asked.request))
        now_s = self._now_s()
        now_ms = self._live.utc_ms_at(now_s)
        return answer(
            JournalFound(
                look=seen.key,
                sought=seen.sought,
                until=utc_of(None if now_ms is None else now_ms + round((seen.until_s - now_s) * 1000)),
                plate_known=seen.question.holder is not None if seen.sought is Sought.PLATE else None,
                events=tuple(_with_whom(telling, row) for row in found.rows),
                older=None if found.older is None else f"before:{found.older[0]}-{found.older[1]}",
                looked_through=found.looked_through,
            )
        )

    async def _export(self, asked: Asked) -> Response:
        told = body_of(asked, JournalExport)
        chosen = self._chosen(asked, None, None, told.since, told.until)
        try:
            return await self._reports.export(asked, wanted_of(told.form, chosen, told.persons, told.purpose))
        except (PageError, NotRecorded) as error:
            raise self._problem(asked, error) from error

    async def _prove(self, asked: Asked) -> Response:
        told = body_of(asked, ChainProving)
        try:
            self._reports.prove(asked, told.head)
        except PageError as error:
            raise self._problem(asked, error) from error
        begun = ProofBegun(self._reports.proving.running)
        return answer(begun, HTTPStatus.ACCEPTED, {"location": f"{API}/journal/chain"})

    def _chosen(
        self, asked: Asked, portal: str | None, kind: str | None, since: datetime | None, until: datetime | None
    ) -> Filter:
        """As the page's filter has it. Raises ApiError."""
        since_ms, until_ms = utc_ms_of(since), utc_ms_of(until)
        if since_ms is not None and until_ms is not None and since_ms >= until_ms:
            raise self._problem(asked, NotUnderstood("journal_from_after_to"), "until")
        typed = dict.fromkeys(FIELDS, "") | {"portal": portal or "", "kind": kind or ""}
        return Filter(typed, portal=portal, kinds=kinds_of(kind or ""), since_ms=since_ms, until_ms=until_ms)

    def _problem(self, asked: Asked, error: PageError | NotRecorded, field: str = "") -> ApiError:
        if isinstance(error, Gone):
            return missing()
        told = unrecorded(error) if isinstance(error, NotRecorded) else error
        text = " ".join(Telling(self._rendering.speaker(asked.request)).refusal(told)[:2])
        if isinstance(error, NotRecorded) and error.word == "too_many":
            return ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", text, retry_s=RETRY_S)
        if isinstance(error, NotRecorded):
            return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_recorded", text, retry_s=RETRY_S)
        if isinstance(error, NotUnderstood) or error.word in _RUNS:
            more: dict[str, object] = {"reasons": (error.word,), "field": field or _ABOUT.get(error.word, "")}
            return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more=more)
        return refused(error)


_ABOUT = {
    "journal_bad_plate": "name",
    "journal_bad_holder": "name",
    "journal_bad_purpose": "purpose",
    "journal_bad_witness": "head",
}
_WHO = ("holder", "second_holder", "household", "credential", "token", "issuer", "account", "address", "note")


def _with_whom(telling: Telling, row: Row) -> EventOf:
    body = row.event.body
    told = {} if body is None else {name: str(getattr(body, name)) for name in _WHO if getattr(body, name)}
    if body is not None and body.reads:
        told |= {"reads": str(body.reads), "certainty": f"{body.certainty or 0:.2f}"}
    (shown,) = telling.rows([row])
    fields = msgspec.structs.asdict(event_of(telling, row))
    return EventOf(**fields, who=told, who_text=shown.who, erased=row.erased)


_TOLD = (HTTPStatus.CONFLICT, HTTPStatus.TOO_MANY_REQUESTS, *READ)  # the controller takes no more than so many
JOURNAL_OPERATIONS: dict[str, Operation] = {
    "api journal search": Operation(JournalFound, body=JournalSearch, problems=_TOLD),
    "api journal look": Operation(JournalFound, OF_LOOK, problems=READ),
    "api journal export": Operation(None, body=JournalExport, media=EXPORT_TYPE, problems=_TOLD),
    "api journal prove": Operation(
        ProofBegun, body=ChainProving, status=HTTPStatus.ACCEPTED, located=True, problems=(HTTPStatus.CONFLICT, *READ)
    ),
}
_AT = datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC)
_EVENT = EventOf(
    id="1-4711",
    utc=_AT,
    kind="access.granted",
    severity="info",
    portal="front_door",
    access_point="front_in",
    reader="front_reader",
    device=None,
    reasons=("granted",),
    count=1,
    text="Access granted",
    place_text="Front door",
    reasons_text="granted",
    who={"holder": "h4711", "household": "f12"},
    who_text=(("Holder", "h4711"), ("Household", "f12")),
    erased=False,
)
JOURNAL_EXAMPLES: tuple[msgspec.Struct, ...] = (
    JournalSearch(Sought.PLATE, "A car was damaged, case 4711", "京A12345", since=_AT),
    _EVENT,
    JournalFound("Wm1kq3xT0bXhYt5v", Sought.PLATE, _AT, True, (_EVENT,), "before:1-4711", False),
    JournalExport("jsonl", _AT, None, True, "Asked by the police, case 4711"),
    ChainProving(""),
    ProofBegun(True),
)

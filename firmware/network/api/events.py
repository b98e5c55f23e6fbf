"""The journal by the API: events by filter and cursor, each role its part, as at the page; counts, and the chain.

Whom an event was about is not told here: that needs a purpose (firmware/network/journal/api.py).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from msgspec import Meta
from starlette.responses import Response

from firmware.core.codes import Code
from firmware.journal import Row
from firmware.network.api.errors import ApiError
from firmware.network.api.resources import Chain, Event, EventCounts, Events, Series
from firmware.network.api.speaking import Param, answer, query_of, utc_ms_of, utc_of
from firmware.network.events import HIDDEN, HIDDEN_REASONS
from firmware.network.journal.counts import HOUR_MS, Window, read_counts
from firmware.network.journal.errors import NotForRole, PageError
from firmware.network.journal.filters import CURSOR_DIGITS_MAX, Cursor, Filter
from firmware.network.journal.kinds import GROUP, GROUPS, kinds_of
from firmware.network.journal.reports import read_ends
from firmware.network.journal.room import JournalRoom
from firmware.network.journal.showing import Telling
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked
from firmware.network.settings import Settings, zone_of

HOURS_MAX = 62 * 24
RETRY_S = 5
KINDS = (*(f"{GROUP}{name}" for name in GROUPS), *(code.value for code in Code if code not in HIDDEN))
Kind: Any = Literal[KINDS]
Time = Annotated[datetime, Meta(tz=True)]
Place = Annotated[str, Meta(pattern=f"^(before|after):[0-9]{{1,{CURSOR_DIGITS_MAX}}}-[0-9]{{1,{CURSOR_DIGITS_MAX}}}$")]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern="^[!-~]*$")]  # ids of a site file are shorter yet
OF_EVENTS = (
    Param("portal", Name),
    Param("kind", Kind),
    Param("since", Time),
    Param("until", Time),
    Param("cursor", Place),
    Param("at", Time),
)
OF_COUNTS = (Param("hours", Annotated[int, Meta(ge=1, le=HOURS_MAX)], number=True), Param("portal", Name))


class JournalApi:
    """What answers the routes of the journal."""

    def __init__(self, journal: JournalRoom, live: Live, rendering: Rendering, settings: Settings) -> None:
        self._journal = journal
        self._live = live
        self._rendering = rendering
        self._zone = zone_of(settings)
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api events": self._events, "api counts": self._counts, "api chain": self._chain}

    async def _events(self, asked: Asked) -> Response:
        told = query_of(asked, OF_EVENTS)
        place, _, row = (told["cursor"] or "").partition(":")
        cursor = cursor_of(row)
        chosen = Filter(
            {},
            portal=told["portal"],
            kinds=kinds_of(told["kind"] or ""),
            since_ms=utc_ms_of(told["since"]),
            until_ms=utc_ms_of(told["until"]),
            at_ms=None if cursor else utc_ms_of(told["at"]),  # a cursor goes on from there
            before=cursor if place == "before" else None,
            after=cursor if place == "after" else None,
        )
        if chosen.since_ms is not None and chosen.until_ms is not None and chosen.since_ms >= chosen.until_ms:
            return answer(Events((), None, None))  # nothing lies in between
        try:
            found = await self._journal.pages.find(asked.person, chosen)
        except PageError as error:
            raise refused(error) from error
        telling = Telling(self._rendering.speaker(asked.request))
        return answer(
            Events(
                tuple(event_of(telling, row) for row in found.rows),
                None if found.older is None else f"before:{found.older[0]}-{found.older[1]}",
                None if found.newer is None else f"after:{found.newer[0]}-{found.newer[1]}",
                found.moment,
            )
        )

    async def _counts(self, asked: Asked) -> Response:
        """Of the last hours, a day where nothing is said."""
        told = query_of(asked, OF_COUNTS)
        now_ms = self._live.utc_ms_at(self._now_s())
        if now_ms is None:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "journal", "the clock is unknown", retry_s=RETRY_S)
        window = Window(max(0, now_ms - (told["hours"] or 24) * HOUR_MS), max(1, now_ms))
        try:
            counts = await self._journal.desk.query(
                lambda path, expired: read_counts(path, window, told["portal"], self._zone, expired)
            )
        except PageError as error:
            raise refused(error) from error
        series = (Series(chart.series, chart.total, tuple(bar.count for bar in chart.bars)) for chart in counts.charts)
        return answer(EventCounts(counts.by_day, counts.labels, tuple(series)))

    async def _chain(self, asked: Asked) -> Response:
        query_of(asked, ())
        try:
            ends = await self._journal.desk.query(read_ends)
        except PageError as error:
            raise refused(error) from error
        proving = self._journal.reports.proving
        last, head = proving.last, ends.head
        verdict = None if last is None else last.verdict
        state: Literal["none", "whole", "broken", "failed"] = "none"
        if last is not None:
            state = "failed" if verdict is None else "whole" if verdict.ok else "broken"
        return answer(
            Chain(
                oldest=None if ends.oldest is None else f"{ends.oldest.epoch}-{ends.oldest.seq}",
                newest=None if ends.newest is None else f"{ends.newest.epoch}-{ends.newest.seq}",
                head=None if head is None else f"{head.epoch}-{head.seq}",
                head_hash=None if head is None else head.hash,
                public_key=None if head is None else head.public_key,
                proof=state,
                proof_utc=None if last is None else utc_of(last.at_utc_ms),
                proven_up_to=None if verdict is None else f"{verdict.epoch}-{verdict.at}",
                running=proving.running,
                proof_by="" if last is None else last.by,
                proof_text=() if last is None else tuple(Telling(self._rendering.speaker(asked.request)).proof(last)),
                done=proving.progress[0],
                total=proving.progress[1],
            )
        )


def cursor_of(text: str) -> Cursor | None:
    """Epoch and row out of "1-4711"; None of nothing."""
    epoch, _, seq = text.partition("-")
    return (int(epoch), int(seq)) if seq else None


def event_of(telling: Telling, row: Row) -> Event:
    """Without whom it was about."""
    (shown,) = telling.rows([row])
    event = row.event
    return Event(
        id=shown.key,
        utc=utc_of(row.utc_ms),
        kind=shown.kind,
        severity=shown.severity,
        portal=event.portal,
        access_point=event.access_point,
        reader=event.reader,
        device=event.device,
        reasons=tuple(word for word in event.reasons if word.partition(":")[0] not in HIDDEN_REASONS),
        count=event.count,
        text=shown.text,
        place_text=shown.place,
        reasons_text=shown.reasons,
    )


def refused(error: PageError) -> ApiError:
    """Why the journal is not shown, as a problem."""
    if isinstance(error, NotForRole):
        return ApiError(HTTPStatus.FORBIDDEN, "not_allowed")
    return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "journal", error.why, retry_s=RETRY_S)

"""Calls by the API: who stands at an entrance now; answered and ended as at the page. Nothing of it opens."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from firmware.core.codes import Reason
from firmware.core.facts import AnswerCall, EndCall
from firmware.core.view import CallView
from firmware.network.acts.desk import ORDERS_PER_S
from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import answer, body_of, missing, part_of, utc_of
from firmware.network.calling.showing import call_rows
from firmware.network.calling.telling import CallTelling, TooFast
from firmware.network.errors import LinkError, NotSent
from firmware.network.live import Live
from firmware.network.rendering import Rendering
from firmware.network.routes import Answering, Asked

RETRY_S = 5


class CallShown(msgspec.Struct, frozen=True):
    """A call that stands. `id` is the access point whose button was pressed; `by` who has answered, "" for nobody."""

    id: str
    portal: str
    place_text: str
    answered: bool
    by: str
    since: datetime | None
    text: str
    advice: str


class Calls(msgspec.Struct, frozen=True):
    """Those that ring first. While `live` is false the controller is silent, and these may be over."""

    live: bool
    calls: tuple[CallShown, ...]


class CallApi:
    """What answers the routes of calls in the API."""

    def __init__(self, telling: CallTelling, live: Live, rendering: Rendering) -> None:
        self._telling = telling
        self._live = live
        self._rendering = rendering
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api calls": self._calls, "api call answer": self._answer, "api call end": self._end}

    async def _calls(self, asked: Asked) -> Response:
        speaker = self._rendering.speaker(asked.request)
        states = self._live.states
        if states is None:
            return answer(Calls(False, ()))
        live = self._live.answers(self._now_s()) and not states.view.store_failed
        standing = {call.access_point: call for call in states.view.calls}
        rows = call_rows(speaker.words, states.view, speaker.place, speaker.at, live)
        return answer(
            Calls(
                live,
                tuple(
                    CallShown(
                        row.id,
                        row.portal,
                        row.place,
                        standing[row.id].answered,
                        standing[row.id].by,
                        _since(standing[row.id]),
                        row.text,
                        row.advice,
                    )
                    for row in rows
                ),
            )
        )

    async def _answer(self, asked: Asked) -> Response:
        return await self._tell(asked, AnswerCall)

    async def _end(self, asked: Asked) -> Response:
        return await self._tell(asked, EndCall)

    async def _tell(self, asked: Asked, kind: type[AnswerCall] | type[EndCall]) -> Response:
        body_of(asked, Nothing)
        point = part_of(asked, "call")
        try:
            told = await self._telling.tell(kind, point, asked.person, asked.address)
        except TooFast as error:
            raise ApiError(HTTPStatus.TOO_MANY_REQUESTS, "too_fast", retry_s=round(1 / ORDERS_PER_S)) from error
        except NotSent as error:
            raise ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", retry_s=RETRY_S) from error
        except LinkError as error:
            raise ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN) from error
        if told.done:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        if any(reason.partition(":")[0] == Reason.NOT_FOUND_PORTAL for reason in told.reasons):
            raise missing()
        text = self._rendering.speaker(asked.request).words("call_gone")
        raise ApiError(HTTPStatus.CONFLICT, "refused", text, more={"reasons": told.reasons})


def _since(call: CallView) -> datetime | None:
    return utc_of(None if call.since_utc_s is None else call.since_utc_s * 1000)


_TOLD = Operation(None, body=Nothing, status=HTTPStatus.NO_CONTENT, problems=(HTTPStatus.TOO_MANY_REQUESTS, *CHANGED))
CALL_OPERATIONS: dict[str, Operation] = {
    "api calls": Operation(Calls),
    "api call answer": _TOLD,
    "api call end": _TOLD,
}
_RINGING_EXAMPLE = CallShown(
    id="front_in",
    portal="front_door",
    place_text="Front door",
    answered=False,
    by="",
    since=datetime(2026, 11, 27, 3, 10, 0, tzinfo=UTC),
    text="Somebody calls",
    advice="Look, answer, and open where it is right.",
)
CALL_EXAMPLES: tuple[msgspec.Struct, ...] = (_RINGING_EXAMPLE, Calls(True, (_RINGING_EXAMPLE,)))

"""What answers the routes of calls: one tap tells everybody who has it, or that it is over. Nothing of it opens."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.core.facts import AnswerCall, EndCall
from firmware.network.acts.act import SUBJECT_CHARACTERS_MAX
from firmware.network.acts.desk import ActDesk
from firmware.network.calling.api import CallApi
from firmware.network.calling.telling import CallTelling, TooFast
from firmware.network.errors import LinkError
from firmware.network.link import Link
from firmware.network.live import Live
from firmware.network.rendering import Rendering, see
from firmware.network.routes import Answering, Asked

BACK = "/#calls"


class CallRoom:
    """Calls at the page. `desk` paces what one person asks."""

    def __init__(self, link: Link, desk: ActDesk, live: Live, rendering: Rendering) -> None:
        self._telling = CallTelling(link, desk)
        self._rendering = rendering
        self._api = CallApi(self._telling, live, rendering)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"answer call": self._answer, "end call": self._end} | self._api.calls()

    async def close(self) -> None:
        """Nothing of it lasts longer than a request."""

    async def _answer(self, asked: Asked) -> Response:
        return await self._tell(asked, AnswerCall)

    async def _end(self, asked: Asked) -> Response:
        return await self._tell(asked, EndCall)

    async def _tell(self, asked: Asked, kind: type[AnswerCall] | type[EndCall]) -> Response:
        """Doing it twice is doing it once: whoever taps again is told the same."""
        point = asked.field("access_point")
        if not 0 < len(point) <= SUBJECT_CHARACTERS_MAX:
            return self._said(asked, HTTPStatus.BAD_REQUEST, "call_gone")
        try:
            answer = await self._telling.tell(kind, point, asked.person, asked.address)
        except TooFast:
            return self._said(asked, HTTPStatus.TOO_MANY_REQUESTS, "call_fast")
        except LinkError:
            return self._said(asked, HTTPStatus.SERVICE_UNAVAILABLE, "call_not_sent")
        return see(BACK) if answer.done else self._said(asked, HTTPStatus.CONFLICT, "call_gone")

    def _said(self, asked: Asked, status: HTTPStatus, key: str) -> Response:
        words = self._rendering.speaker(asked.request).words
        said = (words(key), words(f"{key}_next"))
        return self._rendering.html("call.html", asked.request, asked.session, "", status, said=said)

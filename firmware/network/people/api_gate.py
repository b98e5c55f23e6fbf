"""What of the list is at the gate, by the API: what waits, and bringing it there where no review is needed first."""

from __future__ import annotations

from http import HTTPStatus

from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.speaking import answer, body_of
from firmware.network.people import api_visit_words as api
from firmware.network.people.api_front import ApiFront
from firmware.network.people.api_sheets import at
from firmware.network.people.front import Front
from firmware.network.people.gate_pages import is_small
from firmware.network.people.job_told import JobTold
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.base import HowAreThings, Standing, Waiting
from firmware.people_words.holders import BeginSource, BringToGate, Edited

REVIEW = f"{API}/review"
REVIEW_FIRST = "review_first"  # more waits than one holder's edits: what would change is looked at first


class ApiGate:
    """What answers the API's routes of what is at the gate."""

    def __init__(self, api_front: ApiFront, front: Front) -> None:
        self._api = api_front
        self._front = front

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api gate": self._gate, "api gate bring": self._bring, "api gate begin": self._begin}

    async def _gate(self, asked: Asked) -> Response:
        standing = await self._api.ask(Standing, HowAreThings(), asked)
        speaker = self._front.speaker(asked)
        told = api.GateStanding(
            listed=standing.source,
            here=standing.mine,
            owner=standing.owner,
            live=standing.controller,
            holders=standing.holders,
            batch=standing.batch,
            served_batch=standing.served_batch,
            served_version=standing.served_version,
            waiting=tuple(_waiting(speaker, one) for one in standing.waiting),
            waiting_more=standing.waiting_more,
            reviewed=not is_small(standing),
            review=REVIEW,
            running=f"{API}/jobs/{standing.running}" if standing.running else "",
        )
        return answer(told)

    async def _bring(self, asked: Asked) -> Response:
        """As the page does it: without a review only what is about one holder. Raises ApiError."""
        body = body_of(asked, api.Bringing)
        standing = await self._api.ask(Standing, HowAreThings(), asked)
        if standing.source and standing.mine and not is_small(standing):
            cause = self._front.speaker(asked).words("api_review_first")
            more: dict[str, object] = {"reasons": (REVIEW_FIRST,), "at": REVIEW}
            raise ApiError(HTTPStatus.CONFLICT, "not_taken", cause, more=more)
        return await self._api.start(BringToGate(batch=body.batch, why=body.why), asked)

    async def _begin(self, asked: Asked) -> Response:
        body = body_of(asked, api.ListBeginning)
        edited = await self._api.ask(Edited, BeginSource(why=body.why), asked)
        return answer(api.ListBegun(edited.batch))


def _waiting(speaker: Speaker, one: Waiting) -> api.WaitingBatch:
    word = f"people_batch_{one.kind}"
    return api.WaitingBatch(
        batch=one.batch,
        at=at(one.at_s),
        kind=one.kind,
        kind_text=speaker.words(word) if speaker.words.has(word) else "",
        who=one.who,
        changes=one.changes,
        why=one.why,
        holders=one.holders,
    )


GATE_OPERATIONS: dict[str, Operation] = {
    "api gate": Operation(api.GateStanding, problems=CHANGED),
    "api gate bring": Operation(
        JobTold, body=api.Bringing, status=HTTPStatus.ACCEPTED, once=True, located=True, problems=CHANGED
    ),
    "api gate begin": Operation(api.ListBegun, body=api.ListBeginning, problems=CHANGED),
}

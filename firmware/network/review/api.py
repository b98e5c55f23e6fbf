"""Reviews by the API: the newest one and its lists, and what is done with it, through what the page asks, too.

What is searched for is told in bodies. Whose presentations would be decided otherwise is told for a purpose only, which
the people process has committed to the journal first, for clients as for people: it holds for whoever stated it.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from starlette.responses import Response

from firmware.network.api.errors import ApiError
from firmware.network.api.speaking import answer, body_of
from firmware.network.people.api_front import ApiFront, problem_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import wrong_of
from firmware.network.people.job_told import Tellings
from firmware.network.review import api_words as api
from firmware.network.review.api_telling import change_of, passage_of, person_of, result_of, waiting_of
from firmware.network.review.asking import NONE_YET, bringing, making, newest, waiting
from firmware.network.review.export import ReviewExport
from firmware.network.route import API
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams
from firmware.network.rules.showing import refusal
from firmware.network.view import Speaker
from firmware.people_words.base import Found, Refused
from firmware.people_words.review import (
    Concerned,
    Differences,
    DifferenceTold,
    DiscardWaiting,
    ListConcerned,
    ListDifferences,
    ListPassages,
    PassagesTold,
    PassageTold,
    PersonTold,
    PutBack,
    ReviewTold,
    UndoBatch,
)

GONE = frozenset({NONE_YET, "review_gone"})  # what a body names, and no path
REVIEW = f"{API}/review"


class ReviewApi:
    """What answers the API's routes of reviews."""

    def __init__(self, seams: Seams, export: ReviewExport) -> None:
        self._seams = seams
        self._front = ApiFront(seams.asks, seams.rendering)
        self._export = export

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        calls: dict[str, Answering] = {
            "api review": self._review,
            "api review make": self._make,
            "api review people": self._people,
            "api review changes": self._changes,
            "api review passages": self._passages,
            "api review export": self._table,
            "api review bring": self._bring,
            "api review undo": self._undo,
            "api review discard": self._discard,
        }
        return {name: self._told(call) for name, call in calls.items()}

    def _told(self, call: Answering) -> Answering:
        """With the desk's refusals as problems."""

        async def asking(asked: Asked) -> Response:
            try:
                return await call(asked)
            except PeopleSaid as error:
                raise refused(error, self._speaker(asked)) from error

        return asking

    # -- what there is ------------------------------------------------------------------------------------------------

    async def _review(self, asked: Asked) -> Response:
        speaker = self._speaker(asked)
        standing = await waiting(self._seams.asks, asked)
        told: ReviewTold | None = None
        try:
            told = await newest(self._seams.asks, asked)
        except PeopleSaid as error:
            if error.said.word != NONE_YET:
                raise
        return answer(
            api.Review(
                newest=None if told is None else result_of(speaker, told, self._seams.settings.portal_names),
                waiting=None if standing is None else waiting_of(speaker, standing),
            )
        )

    async def _people(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewPeopleSearch)
        question = ListConcerned(
            review=body.review,
            side=body.side,
            portal=body.portal,
            words=body.words,
            after=body.after,
            most=body.most,
        )
        found = await self._seams.asks.ask_for(Concerned, question, asked.person, asked.address)
        speaker, names = self._speaker(asked), self._seams.point_names()
        people = tuple(person_of(speaker, each, found, body.side, names) for each in found.people)
        return answer(api.ReviewPeople(people, found.total, _next(found.people, found.more)))

    async def _changes(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewChangeSearch)
        question = ListDifferences(
            review=body.review, entity=body.entity, words=body.words, after=body.after, most=body.most
        )
        found = await self._seams.asks.ask_for(Differences, question, asked.person, asked.address)
        changes = tuple(change_of(self._speaker(asked), each) for each in found.differences)
        return answer(api.ReviewChanges(changes, found.total, _next(found.differences, found.more)))

    async def _passages(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewPassageSearch)
        question = ListPassages(
            review=body.review, why=body.purpose, words=body.words, after=body.after, most=body.most
        )
        found = await self._seams.asks.ask_for(PassagesTold, question, asked.person, asked.address)
        names = self._seams.point_names()
        passages = tuple(passage_of(self._speaker(asked), each, names) for each in found.passages)
        return answer(api.ReviewPassages(found.purpose, passages, found.total, _next(found.passages, found.more)))

    async def _table(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewExported)
        return await self._export.table(asked, body.review, body.side, body.why)

    # -- what is done -------------------------------------------------------------------------------------------------

    async def _make(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewMake)
        return await self._front.start(making(body.purpose or ""), asked, refusing)

    async def _bring(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewBring)
        told = await newest(self._seams.asks, asked)
        return await self._front.start(bringing(told, body.review, body.why), asked, refusing)

    async def _undo(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewPutBack)
        return await self._front.start(UndoBatch(batch=body.batch, why=body.why), asked, refusing)

    async def _discard(self, asked: Asked) -> Response:
        body = body_of(asked, api.ReviewPutBack)
        return await self._front.start(DiscardWaiting(batch=body.batch, why=body.why), asked, refusing)

    def _speaker(self, asked: Asked) -> Speaker:
        return self._seams.rendering.speaker(asked.request)


def refusing(speaker: Speaker, said: Refused) -> tuple[str, str]:
    """As the page says it: of reviews in the words of rules, of the desk itself in people's."""
    if said.word.startswith("review_"):
        return refusal(speaker.words, said)
    wrong = wrong_of(speaker, said)
    return wrong.text, " ".join(filter(None, (wrong.following, wrong.library)))


def refused(error: PeopleSaid, speaker: Speaker) -> ApiError:
    """A refusal as a problem: what a body names and is not there is no address that is missing."""
    said = error.said
    if said.word in GONE:
        text = " ".join(filter(None, refusing(speaker, said)))
        return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (said.word,), "field": "review"})
    return problem_of(error, speaker, refusing)


def _next(rows: Sequence[PersonTold | DifferenceTold | PassageTold], more: bool) -> int | None:
    """Where a list goes on."""
    return rows[-1].n if more and rows else None


def _reviewed(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, ReviewTold)
    return "review", REVIEW, {"review": found.id, "batch": str(found.batch)}


def _put_back(found: Found, _job: str) -> tuple[str, str, dict[str, str]]:
    assert isinstance(found, PutBack)
    return "put_back", REVIEW, {"undone": str(found.undone), "batch": str(found.batch), "changes": str(found.changes)}


REVIEW_TELLINGS: Tellings = {ReviewTold: _reviewed, PutBack: _put_back}

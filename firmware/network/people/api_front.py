"""How the API asks the people process: the page's own questions, and its refusals as problems."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, TypeVar

from starlette.responses import Response

from firmware.network.api.errors import NOT_KNOWN, ApiError
from firmware.network.api.speaking import answer
from firmware.network.people.asks import PeopleAsks, PeopleAway, PeopleSaid
from firmware.network.people.front import wrong_of
from firmware.network.people.job_told import JobTold
from firmware.network.rendering import Rendering
from firmware.network.route import API
from firmware.network.routes import Asked
from firmware.network.view import Speaker
from firmware.people_words.asking import AnyQuestion
from firmware.people_words.base import Found, Refused, Started

F = TypeVar("F", bound=Found)
RETRY_S = 5
# Whoever was asked has not answered: it may be done.
UNANSWERED = frozenset({"people_silent", "people_gate_unanswered"})
# It is certainly not done, and may be asked again as it is.
NOT_NOW = {
    "people_no_controller": "not_sent",
    "people_source_busy": "not_sent",
    "people_list_read": "not_sent",
    "people_busy": "not_sent",
    "people_too_many": "not_sent",
    "people_not_recorded": "not_recorded",
}
NOT_ALLOWED = "people_not_your_role"
NOT_THERE = frozenset(
    {
        "people_not_found",
        "people_no_household",
        "people_credential_gone",
        "people_entry_gone",
        "people_job_gone",
        "rule_no_such_schedule",
        "rule_no_such_profile",
        "review_none",
        "review_gone",
        "imports_gone",
    }
)

# A refusal in the reader's language: the sentence, and the rest of what there is to say.
Refusing = Callable[[Speaker, Refused], tuple[str, str]]


def of_people(speaker: Speaker, said: Refused) -> tuple[str, str]:
    wrong = wrong_of(speaker, said)
    return wrong.text, " ".join(filter(None, (wrong.following, wrong.library)))


class ApiFront(NamedTuple):
    """What the API's calls about people work with."""

    asks: PeopleAsks
    rendering: Rendering

    async def ask(self, kind: type[F], question: AnyQuestion, asked: Asked, refusing: Refusing = of_people) -> F:
        """The answer. Raises ApiError where it refuses, or is away."""
        try:
            return await self.asks.ask_for(kind, question, asked.person, asked.address)
        except PeopleSaid as error:
            raise problem_of(error, self.rendering.speaker(asked.request), refusing) from error

    async def start(self, question: AnyQuestion, asked: Asked, refusing: Refusing = of_people) -> Response:
        """Begin long work: 202, and where it is looked at (the operation: status ACCEPTED, answers JobTold, located).

        Raises ApiError.
        """
        started = await self.ask(Started, question, asked, refusing)
        told = JobTold(id=started.job, kind=type(question).__name__, over=False, who=asked.person.name)
        return answer(told, HTTPStatus.ACCEPTED, {"location": f"{API}/jobs/{started.job}"})


def problem_of(error: PeopleSaid, speaker: Speaker, refusing: Refusing = of_people) -> ApiError:
    """A refusal of the desk as a problem: of what is not there, of the role, of what is wrong, or that it is away."""
    said = error.said
    if said.word in NOT_THERE:
        return ApiError(HTTPStatus.NOT_FOUND, "no_such_thing")
    if said.word == NOT_ALLOWED:
        return ApiError(HTTPStatus.FORBIDDEN, "not_allowed")
    text = " ".join(filter(None, refusing(speaker, said)))
    if said.word in UNANSWERED:
        return ApiError(HTTPStatus.GATEWAY_TIMEOUT, NOT_KNOWN, text)
    if isinstance(error, PeopleAway) or said.word in NOT_NOW:
        kind = NOT_NOW.get(said.word, "not_sent")
        return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, kind, text, retry_s=RETRY_S)
    # What the controller says besides, without whom it names.
    codes = (code.partition(":")[0] for code in said.fills.get("reasons", "").split())
    return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (said.word, *codes), "field": said.field})

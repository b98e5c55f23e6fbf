"""Long work by the API: how far a job is, what it came to and where that stands, and its end before its time.

The page's own script follows a job here, too.
"""

from __future__ import annotations

from http import HTTPStatus

import msgspec
from starlette.responses import Response

from firmware.network.api.operation import READ, Operation
from firmware.network.api.resources import Nothing
from firmware.network.api.speaking import answer, body_of, part_of
from firmware.network.people.api_front import ApiFront, problem_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.people.front import Front, wrong_of
from firmware.network.people.job_pages import outcome_of, stage_of
from firmware.network.people.job_told import JobTold, Tellings
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.base import CancelJob, Job, LookAtJob, Refused

ASKED = (*READ, HTTPStatus.GATEWAY_TIMEOUT)
DONE = "done"  # an outcome of which there is nothing to say


class ApiJobs:
    """What answers the API's routes about jobs. `tellings` are the outcomes of every room."""

    def __init__(self, api: ApiFront, front: Front, tellings: Tellings) -> None:
        self._api = api
        self._front = front
        self._tellings = tellings

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api job": self._look, "api job cancel": self._cancel}

    async def _look(self, asked: Asked) -> Response:
        job = await self._api.ask(Job, LookAtJob(job=part_of(asked, "job")), asked)
        return answer(self._told(asked, job))

    async def _cancel(self, asked: Asked) -> Response:
        """It ends where nothing is left half done; what is over stays as it is."""
        body_of(asked, Nothing)
        job = await self._api.ask(Job, CancelJob(job=part_of(asked, "job")), asked)
        return answer(self._told(asked, job))

    def _told(self, asked: Asked, job: Job) -> JobTold:
        """Raises ApiError for what is of another release."""
        speaker = self._front.speaker(asked)
        told = JobTold(
            id=job.id,
            kind=job.kind,
            over=job.over,
            stage=job.stage,
            stage_text="" if job.over else stage_of(self._front, speaker, job),
            done=job.done,
            total=job.total,
            who=job.who,
        )
        try:
            outcome = outcome_of(job)
        except PeopleSaid as error:
            raise problem_of(error, speaker) from error
        if outcome is None:
            return told
        if isinstance(outcome, Refused):
            return msgspec.structs.replace(told, refused=outcome.word, refused_text=_why(speaker, outcome))
        telling = self._tellings.get(type(outcome))
        name, at, said = (DONE, "", {}) if telling is None else telling(outcome, job.id)
        return msgspec.structs.replace(told, outcome=name, outcome_at=at, told=said)


def _why(speaker: Speaker, refused: Refused) -> str:
    wrong = wrong_of(speaker, refused)
    return " ".join(filter(None, (wrong.text, wrong.following, wrong.library)))


JOB_OPERATIONS: dict[str, Operation] = {
    "api job": Operation(JobTold, problems=ASKED),
    "api job cancel": Operation(JobTold, body=Nothing, problems=ASKED),
}
JOB_EXAMPLES: tuple[msgspec.Struct, ...] = (
    JobTold(
        id="Vn0GmGvSx1yD",
        kind="EnrolAtReader",
        over=False,
        stage="people_stage_reader",
        stage_text="Now hold it to the reader: Front door",
        done=4,
        total=30,
        who="client:Property office",
    ),
)

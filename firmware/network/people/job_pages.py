"""The page of a job: what is being done, how far it is, what it came to; it looks again by itself, script or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from starlette.responses import Response

from firmware.network.people.asks import PeopleAway, PeopleSaid
from firmware.network.people.front import Front, Wrong, address, query, wrong_of
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.asking import of_outcome
from firmware.people_words.base import CancelJob, Found, Job, LookAtJob, Refused
from firmware.people_words.holders import Brought, EnrolledThere
from firmware.people_words.visitors import Invited

REFRESH_S = 2  # without script
SHOWN_HERE = (Brought, EnrolledThere, Invited)  # what their outcome says stands on the job's own page

# Where other outcomes lead: (what it came to, the job's id) -> a path. Each part of the page adds its own, in room.py.
Ends = Mapping[type[Found], Callable[[Found, str], str]]


class JobPages:
    """What answers the routes about jobs."""

    def __init__(self, front: Front, ends: Ends) -> None:
        self._front = front
        self._ends = ends

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"people_job": self._job, "people_job_cancel": self._cancel}

    async def _job(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        id, then = query(asked, "id"), query(asked, "then", 200)
        path = address("/people/job", id=id, then=_own(then))
        try:
            job = await self._front.ask(Job, LookAtJob(job=id), asked)
            outcome = outcome_of(job)
        except PeopleSaid as error:
            return self._front.failed(asked, error)
        if outcome is not None and not isinstance(outcome, (*SHOWN_HERE, Refused)):
            leads = self._ends.get(type(outcome))
            return see(leads(outcome, id) if leads is not None else _own(then) or "/people")
        speaker = self._front.speaker(asked)
        refused: Wrong | None = wrong_of(speaker, outcome) if isinstance(outcome, Refused) else None
        return self._front.html(
            asked,
            "people_job.html",
            path,
            job=job,
            outcome=outcome,
            kind=type(outcome).__name__,
            refused=refused,
            stage=stage_of(self._front, speaker, job),
            left=max(0, job.total - job.done) if "reader" in job.shown else None,
            then=_own(then) or "/people",
            refresh_s=REFRESH_S,
            reasons="" if outcome is None else _told_reasons(speaker, outcome),
        )

    async def _cancel(self, asked: Asked) -> Response:
        id = asked.field("id")[:64]
        try:
            await self._front.ask(Job, CancelJob(job=id), asked)
        except PeopleSaid as error:
            return self._front.failed(asked, error)
        return see(address("/people/job", id=id, then=_own(asked.field("then")[:200])))


def outcome_of(job: Job) -> Found | None:
    """What it came to; None while it works. Raises PeopleAway for what is of another release."""
    try:
        return of_outcome(job)
    except msgspec.MsgspecError as error:
        raise PeopleAway(Refused(word="people_strange")) from error


def stage_of(front: Front, speaker: Speaker, job: Job) -> str:
    """What is being done now, in the reader's language."""
    words = speaker.words
    shown = dict(job.shown)
    if "reader" in shown:
        shown["reader"] = front.name_of_reader(shown["reader"])
    try:
        return words(job.stage, **shown) if job.stage and words.has(job.stage) else words("people_stage_any")
    except (KeyError, IndexError):  # a desk of another release fills it otherwise
        return words("people_stage_any")


def _told_reasons(speaker: Speaker, outcome: Found) -> str:
    codes = outcome.reasons if isinstance(outcome, EnrolledThere) else ()
    return "; ".join(speaker.reason(code.partition(":")[0]) for code in codes)


def _own(path: str) -> str:
    """A path of our own people's pages, so that no link leads elsewhere."""
    return path if path.startswith("/people") and "//" not in path and "\\" not in path and path.isprintable() else ""

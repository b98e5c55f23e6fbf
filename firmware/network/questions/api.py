"""Questions by the API: why it was decided so, for whoever may see the event; who it was, for a purpose; may she?

The purpose is committed to the journal by the people process before it answers, in a client's name as in a person's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, tzinfo
from http import HTTPStatus

from starlette.responses import Response

from firmware.journal import Row
from firmware.network.api.errors import ApiError
from firmware.network.api.events import RETRY_S, event_of
from firmware.network.api.events import refused as unreadable
from firmware.network.api.speaking import answer, body_of, missing, part_of, utc_ms_of, utc_of
from firmware.network.events import HIDDEN_REASONS
from firmware.network.journal.errors import NotUnderstood, PageError
from firmware.network.journal.showing import Telling
from firmware.network.live import Live
from firmware.network.people.api_front import ApiFront, problem_of
from firmware.network.people.asks import PeopleSaid
from firmware.network.questions import api_words as api
from firmware.network.questions.asking import Points
from firmware.network.questions.rows import NO_ROW, Rows, asking_why, recorded
from firmware.network.questions.showing import DECISIONS, Cure, Paths, Rule, Told
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.questions import INSTANT_S_MAX, AskMay, Decided, May, MayBy, Place, Why

NOWHERE = Paths(status="")  # links are for people
BAD_PLACE, NO_ANSWER = "questions_bad_place", "questions_unanswered"


class QuestionApi:
    """What answers the API's routes of questions."""

    def __init__(self, front: ApiFront, rows: Rows, points: Points, live: Live, zone: tzinfo) -> None:
        self._front = front
        self._rows = rows
        self._points = points
        self._live = live
        self._zone = zone
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"api why": self._why, "api why who": self._who, "api may": self._may}

    # -- why ----------------------------------------------------------------------------------------------------------

    async def _why(self, asked: Asked) -> Response:
        row = await self._row(asked)
        speaker = self._speaker(asked)
        if row.event.code not in DECISIONS:
            return answer(api.EventWhy(event_of(Telling(speaker), row), False, "", (), ()))
        said = Told(speaker, self._zone)
        outcome, reasons, obstacles = recorded(row)
        return answer(
            api.EventWhy(
                event=event_of(Telling(speaker), row),
                decided=True,
                outcome=outcome,
                rules=_rules(said.rules(reasons, outcome)),
                cures=_cures(said.cures(obstacles, None, "", NOWHERE)),
            )
        )

    async def _who(self, asked: Asked) -> Response:
        body = body_of(asked, api.WhyWho)
        row = await self._row(asked)
        speaker = self._speaker(asked)
        try:
            question = asking_why(row, body.purpose)
        except NotUnderstood as error:
            raise _not_taken(error.word, "purpose", Telling(speaker).refusal(error)) from error
        try:
            why = await self._front.asks.ask_for(Why, question, asked.person, asked.address)
        except PeopleSaid as error:
            raise missing() if error.said.word == NO_ROW else refused(error, speaker) from error
        return answer(self._named(speaker, row, question.why, why))

    def _named(self, speaker: Speaker, row: Row, purpose: str, why: Why) -> api.EventWho:
        said = Told(speaker, self._zone)
        then, now = why.then, said.holds_now(why)
        denied = then.outcome != "granted" or now.outcome != "granted"
        holder = "" if why.person is None else why.person.holder
        return api.EventWho(
            event=event_of(Telling(speaker), row),
            decided=row.event.code in DECISIONS,
            outcome=then.outcome,
            rules=_rules(said.rules(then.reasons, then.outcome, why.place)),
            cures=_cures(said.cures(now.obstacles, why.place, holder, NOWHERE) if denied else []),
            purpose=purpose,
            holder=holder,
            name="" if why.person is None else why.person.name,
            household="" if why.person is None else why.person.household,
            factor=why.factor,
            mark=why.mark,
            access_point=why.place.access_point,
            profiles=why.profiles,
            profiles_here=why.place.profiles,
            version_then=why.version_then,
            version_now=why.version_now,
            kept=why.kept,
            version_text=said.version(why),
            now=None if why.now is None else _now(said, why.now),
            untold=why.untold,
            untold_text=speaker.words(f"questions_untold_{why.untold}") if why.untold else "",
        )

    async def _row(self, asked: Asked) -> Row:
        """The event in the path, if whoever asks may see it. Raises ApiError."""
        try:
            return await self._rows.seen(asked.person, part_of(asked, "event"))
        except NotUnderstood as error:
            raise missing() from error
        except PageError as error:
            raise unreadable(error) from error

    # -- may ----------------------------------------------------------------------------------------------------------

    async def _may(self, asked: Asked) -> Response:
        body = body_of(asked, api.MayAsk)
        speaker = self._speaker(asked)
        point = self._points.find(body.access_point)
        if point is None:
            raise self._wrong(speaker, NotUnderstood(BAD_PLACE), "access_point")
        at_s = self._at_s(speaker, body.at)
        given = tuple(dict.fromkeys(factor.value for factor in body.given))
        question = AskMay(holder=body.holder, access_point=point.id, at_s=at_s, given=given)
        try:
            may = await self._front.asks.ask_for(May, question, asked.person, asked.address)
        except PeopleSaid as error:
            raise refused(error, speaker) from error
        said = Told(speaker, self._zone)
        return answer(
            api.MayTold(
                holder=may.person.holder,
                name=may.person.name,
                household=may.person.household,
                known=may.known,
                version=may.version,
                at=utc_of(may.at_s * 1000),
                access_point=point.id,
                place_text=self._points.name(speaker.words, point),
                profiles=may.profiles,
                profiles_here=may.place.profiles,
                answers=tuple(_answer(said, each, may.place, body.holder) for each in may.answers),
            )
        )

    def _at_s(self, speaker: Speaker, at: datetime | None) -> int:
        """Raises ApiError where no calendar of ours has it, or it is not known what time it is."""
        at_ms = self._live.utc_ms_at(self._now_s()) if at is None else utc_ms_of(at)
        if at_ms is None:
            raise self._wrong(speaker, NotUnderstood("questions_no_time"), "at")
        if not 0 <= at_ms // 1000 <= INSTANT_S_MAX:
            raise self._wrong(speaker, NotUnderstood("questions_bad_time", typed="" if at is None else str(at)), "at")
        return at_ms // 1000

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _speaker(self, asked: Asked) -> Speaker:
        return self._front.rendering.speaker(asked.request)

    def _wrong(self, speaker: Speaker, error: NotUnderstood, field: str) -> ApiError:
        return _not_taken(error.word, field, Telling(speaker).refusal(error))


def refused(error: PeopleSaid, speaker: Speaker) -> ApiError:
    """A refusal of the desk. What it could not read now may be read later."""
    problem = problem_of(error, speaker)
    if error.said.word == NO_ANSWER:
        return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, "not_sent", problem.detail, retry_s=RETRY_S)
    return problem


def _not_taken(word: str, field: str, texts: Sequence[str]) -> ApiError:
    """What is right by its form, and not as things stand."""
    text = " ".join(filter(None, texts))
    return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (word,), "field": field})


def _rules(rules: Sequence[Rule]) -> tuple[api.DecisionRule, ...]:
    return tuple(api.DecisionRule(each.reason, each.text, each.state, each.note, each.hours) for each in rules)


def _cures(cures: Sequence[Cure]) -> tuple[api.DecisionCure, ...]:
    return tuple(api.DecisionCure(each.text, each.hint) for each in cures)


def _shown(reasons: Sequence[str]) -> tuple[str, ...]:
    """Without what no screen may show."""
    return tuple(reason for reason in reasons if reason.partition(":")[0] not in HIDDEN_REASONS)


def _now(said: Told, now: Decided) -> api.DecisionNow:
    return api.DecisionNow(now.outcome, now.needs, _shown(now.obstacles), said.again(now))


def _answer(said: Told, told: MayBy, place: Place, holder: str) -> api.MayAnswer:
    decided = told.decided
    return api.MayAnswer(
        factor=told.factor,
        mark=told.mark,
        outcome=decided.outcome,
        needs=decided.needs,
        outcome_text=said.answer(decided)[1],
        rules=_rules(said.rules(decided.reasons, decided.outcome, place)),
        obstacles=_shown(decided.obstacles),
        cures=_cures(said.cures(decided.obstacles, place, holder, NOWHERE)),
        week=tuple(
            api.MaySpan(utc_of(each.from_s * 1000), utc_of(each.until_s * 1000), each.outcome, each.needs)
            for each in told.week
        ),
        local_until=None if told.local_until_s is None else utc_of(told.local_until_s * 1000),
    )

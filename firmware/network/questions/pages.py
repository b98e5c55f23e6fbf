"""The pages of questions: why an event came out as it did, and whether somebody may pass at a place and time."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime, tzinfo
from http import HTTPStatus
from urllib.parse import quote

from starlette.responses import Response

from firmware.core.access import Factor
from firmware.journal import Row
from firmware.network.accounts.account import Role
from firmware.network.journal.errors import NotReadable, NotUnderstood, PageError, TooMany
from firmware.network.journal.looking import cursor_of
from firmware.network.journal.showing import Telling
from firmware.network.live import Live
from firmware.network.people.asks import PeopleAway, PeopleSaid
from firmware.network.people.front import Front, query, wrong_of
from firmware.network.questions.asking import FIELDS, SOUGHT, Asking, Points, asking_of
from firmware.network.questions.rows import Rows, asking_why, recorded
from firmware.network.questions.showing import DECISIONS, OF_PEOPLE, OF_RULES, Paths, Told, address
from firmware.network.questions.told import AllTold
from firmware.network.questions.told import Told as Kept
from firmware.network.rendering import see
from firmware.network.routes import Answering, Asked
from firmware.network.view import Speaker
from firmware.people_words.holders import FindPeople, PeopleFound
from firmware.people_words.questions import May, Why

WHY, MAY = "/questions/why", "/questions/may"
READERS = frozenset({Role.AUDITOR, Role.MANAGER})
STATUS = {
    NotUnderstood: HTTPStatus.BAD_REQUEST,
    NotReadable: HTTPStatus.SERVICE_UNAVAILABLE,
    TooMany: HTTPStatus.SERVICE_UNAVAILABLE,
}
FOUND_MAX = 20


class QuestionPages:
    """What answers the routes of questions. `rows` reads the journal; the people process knows everything else."""

    def __init__(self, front: Front, rows: Rows, points: Points, live: Live, zone: tzinfo) -> None:
        self._front = front
        self._rows = rows
        self._live = live
        self._zone = zone
        self._told = AllTold()
        self._points = points
        self._now_s = asyncio.get_running_loop().time

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {"why": self._why, "why_who": self._why_who, "may": self._may, "may_find": self._may_find}

    # -- why ----------------------------------------------------------------------------------------------------------

    async def _why(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        return await self._why_page(asked, query(asked, "row"), query(asked, "told"))

    async def _why_who(self, asked: Asked) -> Response:
        """The purpose is committed first, by the people process; then it answers."""
        typed = asked.field("row")[:64]
        try:
            row = await self._rows.seen(asked.person, typed)
            at = cursor_of(row)
            question = asking_why(row, asked.field("purpose"))
            why = await self._front.ask(Why, question, asked)
        except PageError as error:
            return await self._why_page(asked, typed, "", error)
        except PeopleSaid as error:
            return await self._why_page(asked, typed, "", error)
        key = self._told.keep(asked.person, at, question.why, why, self._now_s())
        return see(address(WHY, row=f"{at[0]}-{at[1]}", told=key))

    async def _why_page(
        self, asked: Asked, typed: str, key: str, error: PageError | PeopleSaid | None = None
    ) -> Response:
        speaker = self._front.speaker(asked)
        telling_ = Told(speaker, self._zone)
        row: Row | None = None
        try:
            row = await self._rows.seen(asked.person, typed)
        except PageError as refused:
            error = error or refused
        kept = None if row is None else self._told.find(asked.person, key, cursor_of(row), self._now_s())
        readers = bool(READERS & asked.person.roles)
        paths = _paths(asked.person.roles)
        return self._html(
            asked,
            "questions_why.html",
            address(WHY, row=typed, told=key if kept is not None else ""),
            error,
            row=None if row is None else Telling(speaker).rows([row])[0],
            typed=typed,
            decided=row is not None and row.event.code in DECISIONS,
            granted=row is not None and row.event.code.value == "access.granted",
            purpose=asked.field("purpose")[:200],
            ask_who=readers and kept is None,
            manager=Role.MANAGER in asked.person.roles,
            **(self._recorded(row, telling_, paths) if kept is None else self._named(kept, telling_, paths)),
        )

    def _recorded(self, row: Row | None, said: Told, paths: Paths) -> dict[str, object]:
        """What the record itself tells, to whoever may see the event, without who it was."""
        outcome, reasons, obstacles = ("", (), []) if row is None else recorded(row)
        return {
            "kept": None,
            "rules": said.rules(reasons, outcome),
            "cures": said.cures(obstacles, None, "", paths),
            "version": "",
            "again": "",
            "named": None,
            "untold": "",
        }

    def _named(self, kept: Kept, said: Told, paths: Paths) -> dict[str, object]:
        """With who it was, and what the roster of now says."""
        why = kept.why
        holder = "" if why.person is None else why.person.holder
        then = why.then
        denied = then.outcome != "granted"
        now = said.holds_now(why)
        return {
            "kept": kept,
            "rules": said.rules(then.reasons, then.outcome, why.place),
            "cures": said.cures(now.obstacles, why.place, holder, paths) if denied or now.outcome != "granted" else [],
            "version": said.version(why),
            "again": "" if why.now is None else said.again(why.now),
            "named": why.person,
            "holder_link": paths.holder + quote(holder) if holder and paths.holder else "",
            "credential": said.credential(why.factor, why.mark),
            "profiles": why.profiles,
            "may_link": address(MAY, holder=holder, point=why.place.access_point) if holder else "",
            "untold": f"questions_untold_{why.untold}" if why.untold else "",
        }

    # -- may ----------------------------------------------------------------------------------------------------------

    async def _may(self, asked: Asked) -> Response:
        switched = self._front.rendering.switched(asked)
        if switched is not None:
            return switched
        asked_for = {name: text for name, text in asked.request.query_params.items() if name != SOUGHT}
        return await self._may_answered(asked, self._asking(asked_for))

    async def _may_find(self, asked: Asked) -> Response:
        """What is sought stands in no address; once it is known who is meant, her id does."""
        asking = self._asking({name: asked.field(name) for name in FIELDS})
        return await self._may_answered(asked, asking, typed=True)

    def _asking(self, fields: Mapping[str, str]) -> Asking:
        return asking_of(fields, self._points.all, self._zone, self._live.utc_ms_at(self._now_s()))

    async def _may_answered(self, asked: Asked, asking: Asking, typed: bool = False) -> Response:
        """`typed`: by hand, perhaps somebody's name; it stands in an address once it is known to be a holder's id."""
        found: PeopleFound | None = None
        may: May | None = None
        error: PageError | PeopleSaid | None = asking.wrong
        try:
            if asking.wrong is None and asking.question is not None:
                may = await self._front.ask(May, asking.question, asked)
                if typed and (may.known or may.person.name):
                    return see(address(MAY, **_addressed(asking)))
            elif asking.sought:
                found = await self._front.ask(PeopleFound, FindPeople(text=asking.sought), asked)
        except PeopleSaid as refused:
            error = refused
        path = MAY if typed else address(MAY, **_addressed(asking))
        return self._may_page(asked, asking, found, may, error, path)

    def _may_page(
        self,
        asked: Asked,
        asking: Asking,
        found: PeopleFound | None,
        may: May | None,
        error: PageError | PeopleSaid | None,
        path: str,
    ) -> Response:
        speaker = self._front.speaker(asked)
        said = Told(speaker, self._zone)
        paths = _paths(asked.person.roles)
        answers = []
        for each in () if may is None else may.answers:
            state, text = said.answer(each.decided)
            answers.append(
                {
                    "state": state,
                    "text": text,
                    "by": said.credential(each.factor, each.mark),
                    "rules": said.rules(each.decided.reasons, each.decided.outcome, may.place if may else None),
                    "cures": said.cures(each.decided.obstacles, may.place if may else None, asking.holder, paths),
                    "local": "" if each.local_until_s is None else speaker.at(each.local_until_s * 1000),
                    "week": said.week(each, may.at_s if may else 0),
                }
            )
        return self._html(
            asked,
            "questions_may.html",
            path,
            error,
            asking=asking,
            may=may,
            name="" if may is None else may.person.name or may.person.holder,
            holder_link=paths.holder + quote(asking.holder) if paths.holder and asking.holder else "",
            place="" if asking.point is None else self._points.name(speaker.words, asking.point),
            time="" if may is None else self._time(speaker, may.at_s, asking.twice),
            twice=[self._time(speaker, at_s, asking.twice) for at_s in asking.twice],
            answers=answers,
            found=None if found is None else found.rows[:FOUND_MAX],
            found_more=found is not None and (found.more or len(found.rows) > FOUND_MAX),
            points=[(point.id, self._points.name(speaker.words, point)) for point in self._points.all],
            kinds=[(factor.value, said.kind(factor.value)) for factor in Factor],
            may_search=Role.MANAGER in asked.person.roles,
        )

    def _time(self, speaker: Speaker, at_s: int, twice: tuple[int, ...]) -> str:
        """With its offset where that is what tells it from another."""
        text = speaker.at(at_s * 1000)
        return f"{text} (UTC{datetime.fromtimestamp(at_s, self._zone).isoformat()[-6:]})" if twice else text

    # -- pieces -------------------------------------------------------------------------------------------------------

    def _html(
        self,
        asked: Asked,
        template: str,
        path: str,
        error: PageError | PeopleSaid | None,
        **values: object,
    ) -> Response:
        speaker = self._front.speaker(asked)
        status = HTTPStatus.OK
        refusal = None
        if isinstance(error, PageError):
            status = STATUS.get(type(error), HTTPStatus.BAD_REQUEST)
            refusal = Telling(speaker).refusal(error)
        elif error is not None:
            status = HTTPStatus.SERVICE_UNAVAILABLE if isinstance(error, PeopleAway) else HTTPStatus.BAD_REQUEST
            wrong = wrong_of(speaker, error.said)
            refusal = (wrong.text, wrong.following, wrong.library)
        shared = {"refusal": refusal, "zone": self._front.settings.time_zone}
        return self._front.rendering.html(template, asked.request, asked.session, path, status, **(shared | values))


def _addressed(asking: Asking) -> dict[str, str]:
    """What of it may stand in an address."""
    return {name: text for name, text in asking.typed.items() if name != SOUGHT}


def _paths(roles: Collection[Role]) -> Paths:
    """Where a person may go on to from an answer."""
    if Role.MANAGER in roles:
        return OF_PEOPLE
    return OF_RULES if Role.AUDITOR in roles else Paths()

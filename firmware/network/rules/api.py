"""Rules by the API: schedules, access profiles and special days, asked of the same desk as by the pages' forms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from http import HTTPStatus
from typing import Annotated

from msgspec import Meta
from starlette.responses import Response

from firmware.core.access import Rule, Window
from firmware.network.api.errors import ApiError
from firmware.network.api.operation import CHANGED, Operation
from firmware.network.api.speaking import Param, answer, body_of, part_of, query_of, utc_of
from firmware.network.people.api_front import ApiFront, of_people
from firmware.network.routes import Answering, Asked
from firmware.network.rules import api_words as api
from firmware.network.rules.pages import Seams
from firmware.network.rules.reading import grant_of
from firmware.network.rules.showing import mistake, refusal, turns
from firmware.network.view import Speaker
from firmware.people_words.base import Refused
from firmware.people_words.rules import (
    ChangeProfile,
    ChangeSchedule,
    ChangeSpecialDays,
    FindProfile,
    FindSchedule,
    ListProfiles,
    ListSchedules,
    ListSpecialDays,
    Profiles,
    ProfileTold,
    RemoveProfile,
    RemoveSchedule,
    RemoveSpecialDays,
    RenameProfile,
    RenameSchedule,
    RuleChanged,
    Schedules,
    ScheduleTold,
    SpecialDays,
)
from firmware.roster.rules import DAYS
from firmware.roster.weekly import NotHours, Span, clock, day_of, day_spans, week_of, week_spans

OF_RULES = (Param("after", Annotated[str, Meta(min_length=1, max_length=32, pattern="^[a-z0-9_-]*$")]),)
OF_DAYS = (Param("from", date), Param("past", bool, number=True))
Changing = (
    ChangeSchedule
    | RenameSchedule
    | RemoveSchedule
    | ChangeProfile
    | RenameProfile
    | RemoveProfile
    | ChangeSpecialDays
    | RemoveSpecialDays
)


class RulesApi:
    """What answers the API's routes of rules."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._front = ApiFront(seams.asks, seams.rendering)

    def calls(self) -> dict[str, Answering]:
        """What answers which line of the table of routes."""
        return {
            "api schedules": self._schedules,
            "api schedule": self._schedule,
            "api schedule put": self._put_schedule,
            "api schedule rename": self._rename_schedule,
            "api schedule remove": self._remove_schedule,
            "api profiles": self._profiles,
            "api profile": self._profile,
            "api profile put": self._put_profile,
            "api profile rename": self._rename_profile,
            "api profile remove": self._remove_profile,
            "api special days": self._days,
            "api special days add": self._add_days,
            "api special days move": self._move_days,
            "api special days remove": self._remove_days,
        }

    async def _changed(self, asked: Asked, question: Changing) -> RuleChanged:
        """Raises ApiError."""
        return await self._front.ask(RuleChanged, question, asked, _refusing)

    # -- schedules ----------------------------------------------------------------------------------------------------

    async def _schedules(self, asked: Asked) -> Response:
        question = ListSchedules(after=query_of(asked, OF_RULES)["after"] or "", at_s=self._seams.now_s())
        found = await self._front.ask(Schedules, question, asked)
        told = tuple(self._told(asked, each, question.at_s) for each in found.schedules)
        return answer(api.Schedules(told, found.kinds, told[-1].name if found.more else None))

    async def _schedule(self, asked: Asked) -> Response:
        question = FindSchedule(name=part_of(asked, "schedule"), at_s=self._seams.now_s())
        found = await self._front.ask(Schedules, question, asked)
        return answer(self._told(asked, found.schedules[0], question.at_s))

    def _told(self, asked: Asked, told: ScheduleTold, at_s: int) -> api.Schedule:
        return api.Schedule(
            name=told.name,
            was=told.was,
            week=api.WeekHours(*(told_hours(spans) for spans in week_spans(told.week))),
            special=_special(told.special),
            used_by=told.used_by,
            used_by_more=told.used_more,
            portals=told.portals,
            open_now=told.open_now if at_s else None,
            next_change=None if told.turns_s is None else utc_of(told.turns_s * 1000),
            next_change_text=turns(self._seams.rendering.speaker(asked.request), told, at_s),
        )

    async def _put_schedule(self, asked: Asked) -> Response:
        body = body_of(asked, api.ScheduleSent)
        question = ChangeSchedule(
            name=part_of(asked, "schedule"),
            week=self._week(asked, body.week),
            special={kind: self._special_day(asked, kind, hours) for kind, hours in body.special.items()},
            was=body.was,
            why=body.why,
        )
        changed = await self._changed(asked, question)
        return _kept(question.name, changed)

    def _week(self, asked: Asked, week: api.WeekHours) -> tuple[tuple[Window, ...], ...]:
        """Raises ApiError."""
        try:
            return week_of([[span_of(hours) for hours in getattr(week, day)] for day in DAYS])
        except NotHours as error:
            raise self._no_hours(asked, error, f"week.{DAYS[error.day]}") from error

    def _special_day(self, asked: Asked, kind: str, hours: Sequence[api.OpenHours]) -> tuple[Window, ...]:
        """Raises ApiError."""
        try:
            return day_of([span_of(each) for each in hours])
        except NotHours as error:
            raise self._no_hours(asked, error, f"special.{kind}") from error

    def _no_hours(self, asked: Asked, error: NotHours, field: str) -> ApiError:
        word = f"hours_{error.why}"
        text = mistake(self._seams.rendering.speaker(asked.request).words, word, {"found": error.found})
        return ApiError(HTTPStatus.CONFLICT, "not_taken", text, more={"reasons": (word,), "field": field})

    async def _rename_schedule(self, asked: Asked) -> Response:
        body = body_of(asked, api.RuleRename)
        name = part_of(asked, "schedule")
        question = RenameSchedule(name=name, new_name=body.name, was=body.was, why=body.why)
        return _kept(body.name, await self._changed(asked, question))

    async def _remove_schedule(self, asked: Asked) -> Response:
        body = body_of(asked, api.RuleRemove)
        await self._changed(asked, RemoveSchedule(name=part_of(asked, "schedule"), was=body.was, why=body.why))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    # -- access profiles ----------------------------------------------------------------------------------------------

    async def _profiles(self, asked: Asked) -> Response:
        found = await self._front.ask(Profiles, ListProfiles(after=query_of(asked, OF_RULES)["after"] or ""), asked)
        told = tuple(_profile(each) for each in found.profiles)
        names = self._seams.point_names()
        points = tuple(api.AccessPoint(point, portal, names.get(point, point)) for point, portal in found.points)
        return answer(api.Profiles(told, points, told[-1].name if found.more else None))

    async def _profile(self, asked: Asked) -> Response:
        found = await self._front.ask(Profiles, FindProfile(name=part_of(asked, "profile")), asked)
        return answer(_profile(found.profiles[0]))

    async def _put_profile(self, asked: Asked) -> Response:
        body = body_of(asked, api.ProfileSent)
        rules = tuple(grant_of(each.access_points, each.schedule) for each in body.grants)
        question = ChangeProfile(name=part_of(asked, "profile"), rules=rules, was=body.was, why=body.why)
        return _kept(question.name, await self._changed(asked, question))

    async def _rename_profile(self, asked: Asked) -> Response:
        body = body_of(asked, api.RuleRename)
        name = part_of(asked, "profile")
        question = RenameProfile(name=name, new_name=body.name, was=body.was, why=body.why)
        return _kept(body.name, await self._changed(asked, question))

    async def _remove_profile(self, asked: Asked) -> Response:
        body = body_of(asked, api.RuleRemove)
        await self._changed(asked, RemoveProfile(name=part_of(asked, "profile"), was=body.was, why=body.why))
        return Response(status_code=HTTPStatus.NO_CONTENT)

    # -- special days -------------------------------------------------------------------------------------------------

    async def _days(self, asked: Asked) -> Response:
        told = query_of(asked, OF_DAYS)
        day = self._seams.today(asked) if told["from"] is None else told["from"].toordinal()
        past = bool(told["past"])
        found = await self._front.ask(SpecialDays, ListSpecialDays(from_day=day, past=past), asked)
        spans = tuple(
            api.DaySpan(each.kind, date.fromordinal(each.first), date.fromordinal(each.last)) for each in found.spans
        )
        following: date | None = None
        if found.more:  # spans have no days in common: the next ones begin behind the last one, or end before it
            following = spans[-1].first if past else date.fromordinal(found.spans[-1].last + 1)
        hours = {kind: _special(of) for kind, of in found.holds.items()}
        return answer(api.SpecialDays(spans, found.kinds, hours, following))

    async def _add_days(self, asked: Asked) -> Response:
        body = body_of(asked, api.DaysAdd)
        last = body.first if body.last is None else body.last
        question = ChangeSpecialDays(
            kind=body.kind,
            first=body.first.toordinal(),
            last=last.toordinal(),
            instead=body.instead,
            why=body.why,
        )
        return _days_kept(await self._changed(asked, question))

    async def _move_days(self, asked: Asked) -> Response:
        body = body_of(asked, api.DaysMove)
        question = ChangeSpecialDays(
            kind=body.to.kind,
            first=body.to.first.toordinal(),
            last=body.to.last.toordinal(),
            old_kind=body.span.kind,
            old_first=body.span.first.toordinal(),
            old_last=body.span.last.toordinal(),
            instead=body.instead,
            why=body.why,
        )
        return _days_kept(await self._changed(asked, question))

    async def _remove_days(self, asked: Asked) -> Response:
        body = body_of(asked, api.DaysRemove)
        first, last = body.first.toordinal(), body.last.toordinal()
        await self._changed(asked, RemoveSpecialDays(kind=body.kind, first=first, last=last, why=body.why))
        return Response(status_code=HTTPStatus.NO_CONTENT)


def _refusing(speaker: Speaker, said: Refused) -> tuple[str, str]:
    return refusal(speaker.words, said) if said.word.startswith("rule_") else of_people(speaker, said)


def _kept(name: str, changed: RuleChanged) -> Response:
    return answer(api.RuleKept(name, changed.was, changed.changes > 0))


def _days_kept(changed: RuleChanged) -> Response:
    return answer(api.DaysKept(changed.changes > 0))


def _profile(told: ProfileTold) -> api.Profile:
    return api.Profile(told.name, told.was, tuple(_grant(rule) for rule in told.rules), told.holders)


def _grant(rule: Rule) -> api.Grant:
    return api.Grant(rule.access_points, rule.schedule)


def _special(special: dict[str, tuple[Window, ...]]) -> dict[str, tuple[api.OpenHours, ...]]:
    return {key: told_hours(day_spans(windows)) for key, windows in special.items()}


def told_hours(spans: Sequence[Span]) -> tuple[api.OpenHours, ...]:
    """Spans as the API has them."""
    return tuple(api.OpenHours(clock(start), clock(end)) for start, end in spans)


def span_of(hours: api.OpenHours) -> Span:
    """The other way round."""
    return _minute(hours.begin), _minute(hours.end)


def _minute(text: str) -> int:
    hour, _, minute = text.partition(":")
    return int(hour) * 60 + int(minute)


RULE_OPERATIONS: dict[str, Operation] = {
    "api schedules": Operation(api.Schedules, OF_RULES, problems=CHANGED),
    "api schedule": Operation(api.Schedule, problems=CHANGED),
    "api schedule put": Operation(api.RuleKept, body=api.ScheduleSent, problems=CHANGED),
    "api schedule rename": Operation(api.RuleKept, body=api.RuleRename, once=True, problems=CHANGED),
    "api schedule remove": Operation(
        None, body=api.RuleRemove, status=HTTPStatus.NO_CONTENT, once=True, problems=CHANGED
    ),
    "api profiles": Operation(api.Profiles, OF_RULES, problems=CHANGED),
    "api profile": Operation(api.Profile, problems=CHANGED),
    "api profile put": Operation(api.RuleKept, body=api.ProfileSent, problems=CHANGED),
    "api profile rename": Operation(api.RuleKept, body=api.RuleRename, once=True, problems=CHANGED),
    "api profile remove": Operation(
        None, body=api.RuleRemove, status=HTTPStatus.NO_CONTENT, once=True, problems=CHANGED
    ),
    "api special days": Operation(api.SpecialDays, OF_DAYS, problems=CHANGED),
    "api special days add": Operation(api.DaysKept, body=api.DaysAdd, once=True, problems=CHANGED),
    "api special days move": Operation(api.DaysKept, body=api.DaysMove, once=True, problems=CHANGED),
    "api special days remove": Operation(
        None, body=api.DaysRemove, status=HTTPStatus.NO_CONTENT, once=True, problems=CHANGED
    ),
}

"""The pages about schedules: all of them, and one as a week that is painted or typed, which is saved as a whole."""

from __future__ import annotations

from collections.abc import Awaitable
from http import HTTPStatus

from starlette.responses import Response

from firmware.network.people.asks import PeopleAway, PeopleSaid
from firmware.network.routes import Asked
from firmware.network.rules.frame import NEW, RulePages, saved_name, why_of
from firmware.network.rules.pages import Seams, tried
from firmware.network.rules.reading import Hours, copied, days_copied, hours_of
from firmware.network.rules.showing import mistake, schedule_shown
from firmware.people_words.rules import (
    ChangeSchedule,
    FindSchedule,
    ListSchedules,
    RemoveSchedule,
    RenameSchedule,
    Schedules,
    ScheduleTold,
)
from firmware.roster.rules import DAYS
from firmware.roster.weekly import day_line, week_lines

EMPTY_WEEK = ((),) * 7


class SchedulePages(RulePages):
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        super().__init__(seams, "schedule", RemoveSchedule, RenameSchedule)

    async def _list_page(self, asked: Asked, refused: PeopleSaid | None = None) -> Response:
        now_s = self._seams.now_s()
        after = asked.request.query_params.get("after", "")[:64]
        asking = self._seams.asks.ask_for(
            Schedules, ListSchedules(after=after, at_s=now_s), asked.person, asked.address
        )
        found, error = await tried(asking)
        speaker = self._seams.rendering.speaker(asked.request)
        told = () if found is None else found.schedules
        names = self._seams.settings.portal_names
        return self._listed(
            asked,
            refused or error,
            [schedule_shown(speaker, each, now_s, names) for each in told],
            told[-1].name if found is not None and found.more else "",
        )

    async def _one_page(self, asked: Asked, name: str, refused: PeopleSaid | None = None) -> Response:
        found, error = await tried(self._find(asked, name))
        told = found.schedules[0] if found is not None and found.schedules else None
        return self._page(asked, _typed(told), () if found is None else found.kinds, told, refused or error)

    def _find(self, asked: Asked, name: str) -> Awaitable[Schedules]:
        question = FindSchedule(name=name, at_s=self._seams.now_s())
        return self._seams.asks.ask_for(Schedules, question, asked.person, asked.address)

    async def _put(self, asked: Asked) -> Response:
        typed = hours_of(asked)
        if asked.field("action") == "copy":  # the way without script: shown, not saved
            source, targets = days_copied(asked)
            return await self._again(asked, typed._replace(lines=copied(typed.lines, source, targets), wrong=()), None)
        if typed.wrong:
            return await self._again(asked, typed, None)
        question = ChangeSchedule(
            name=typed.name, week=typed.week, special=typed.special, was=typed.was or NEW, why=why_of(asked)
        )
        return await self._changed(asked, question, "_saved", lambda error: self._again(asked, typed, error))

    async def _again(self, asked: Asked, typed: Hours, error: PeopleSaid | None) -> Response:
        """The form with what was typed in it."""
        found, away = await tried(self._find(asked, saved_name(typed.name, typed.was)))
        told = found.schedules[0] if found is not None and found.schedules else None
        return self._page(asked, typed, () if found is None else found.kinds, told, error or away)

    def _page(
        self,
        asked: Asked,
        typed: Hours,
        kinds: tuple[str, ...],
        told: ScheduleTold | None,
        error: PeopleSaid | None = None,
    ) -> Response:
        speaker = self._seams.rendering.speaker(asked.request)
        words = speaker.words
        wrong = {each.field: mistake(words, each.word, each.fills) for each in typed.wrong}
        status = HTTPStatus.BAD_REQUEST if wrong and error is None else None
        if isinstance(error, PeopleAway):
            status = None
        special = dict.fromkeys(kinds, "") | typed.special_lines
        return self._shown(
            asked,
            told.name if told else "",
            typed.was,
            error,
            status,
            said=(words("rule_not_understood"), words("rule_not_understood_next")) if wrong else None,
            wrong=wrong,
            typed=typed,
            days=[(name, words(f"day_{name}"), line) for name, line in zip(DAYS, typed.lines, strict=True)],
            special=list(special.items()),
            told=None
            if told is None
            else schedule_shown(speaker, told, self._seams.now_s(), self._seams.settings.portal_names),
        )


def _typed(told: ScheduleTold | None) -> Hours:
    """A schedule as its form has it."""
    if told is None:
        return Hours("", NEW, ("",) * 7, {}, "", "", EMPTY_WEEK, {}, ())
    special = {kind: day_line(windows) or "closed" for kind, windows in told.special.items()}
    return Hours(told.name, told.was, week_lines(told.week), special, "", "", told.week, told.special, ())

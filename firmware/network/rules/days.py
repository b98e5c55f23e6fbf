"""The page about special days: spans to come, what holds on them, those of the past apart; added, changed, removed."""

from __future__ import annotations

from datetime import date
from http import HTTPStatus
from typing import NamedTuple

from starlette.responses import Response

from firmware.network.people.asks import PeopleSaid
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, done, done_word, tried
from firmware.network.rules.reading import Days, days_of
from firmware.network.rules.showing import DayShown, bars, mistake, span_text
from firmware.network.words import Words
from firmware.people_words.rules import (
    ChangeSpecialDays,
    ListSpecialDays,
    RemoveSpecialDays,
    RuleChanged,
    Span,
    SpecialDays,
)
from firmware.roster.weekly import day_line

LIST = "/people/days"
DONE = frozenset({"days_saved", "days_same", "days_removed"})
EMPTY = Days("", "", "", False, None, ())


class SpanShown(NamedTuple):
    kind: str
    text: str
    first: str  # as a control for dates has it
    last: str


class KindShown(NamedTuple):
    """What holds on days of a kind: schedules with hours of their own, and whether all others go on as in the week."""

    kind: str
    hours: tuple[DayShown, ...]
    others: int


class DayPages:
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams

    def calls(self) -> dict[str, Answering]:
        return {"days": self._list, "days_put": self._put, "days_remove": self._remove}

    async def _list(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        return await self._page(asked, EMPTY, None)

    async def _put(self, asked: Asked) -> Response:
        typed = days_of(asked)
        if typed.span is None:
            return await self._page(asked, typed, None)
        old = days_of(asked, "old_")
        question = ChangeSpecialDays(
            kind=typed.kind,
            first=typed.span[0],
            last=typed.span[1],
            old_kind=old.kind if old.span is not None else "",
            old_first=1 if old.span is None else old.span[0],
            old_last=1 if old.span is None else old.span[1],
            instead=typed.instead,
            why=asked.field("why")[:200],
        )
        found, error = await tried(self._seams.asks.ask_for(RuleChanged, question, asked.person, asked.address))
        if found is None:
            return await self._page(asked, typed, error)
        return done(LIST, "days_saved" if found.changes else "days_same")

    async def _remove(self, asked: Asked) -> Response:
        typed = days_of(asked)
        if typed.span is None:
            return await self._page(asked, EMPTY, None)
        question = RemoveSpecialDays(
            kind=typed.kind, first=typed.span[0], last=typed.span[1], why=asked.field("why")[:200]
        )
        found, error = await tried(self._seams.asks.ask_for(RuleChanged, question, asked.person, asked.address))
        if found is None:
            return await self._page(asked, EMPTY, error)
        return done(LIST, "days_removed")

    async def _page(self, asked: Asked, typed: Days, refused: PeopleSaid | None) -> Response:
        past = asked.request.query_params.get("past") == "1"
        question = ListSpecialDays(from_day=self._seams.today(asked), past=past)
        found, error = await tried(self._seams.asks.ask_for(SpecialDays, question, asked.person, asked.address))
        words = self._seams.rendering.speaker(asked.request).words
        wrong = {each.field: mistake(words, each.word, each.fills) for each in typed.wrong}
        status = HTTPStatus.BAD_REQUEST if wrong else None
        return self._seams.html(
            asked,
            "rules_days.html",
            LIST + ("?past=1" if past else ""),
            refused or error,
            status,
            said=(words("rule_not_understood"), words("rule_not_understood_next")) if wrong else None,
            done=done_word(asked, DONE),
            typed=typed,
            wrong=wrong,
            past=past,
            spans=() if found is None else [_span(words, each) for each in found.spans],
            more=found is not None and found.more,
            kinds=() if found is None else found.kinds,
            holds=() if found is None else [_kind(words, found, kind) for kind in found.kinds],
        )


def _span(words: Words, span: Span) -> SpanShown:
    first, last = (date.fromordinal(day).isoformat() for day in (span.first, span.last))
    return SpanShown(span.kind, span_text(words, span.first, span.last), first, last)


def _kind(words: Words, found: SpecialDays, kind: str) -> KindShown:
    hours = tuple(
        DayShown(schedule, bars(windows), day_line(windows) or words("hours_closed"))
        for schedule, windows in sorted(found.holds.get(kind, {}).items())
    )
    return KindShown(kind, hours, found.schedules - len(hours))

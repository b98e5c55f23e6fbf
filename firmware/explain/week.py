"""When in a week a credential opens an access point: the decision at every edge of schedules and validity."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from firmware.core import calendar
from firmware.core.access import Factor, Known, Rulebook
from firmware.core.decision import Decision, Offered, decide
from firmware.core.site import AccessPoint
from firmware.explain.knowing import Knowledge

WEEK_DAYS = 7


class Span(NamedTuple):
    """From `from_s` to before `until_s`, UTC, the answer is the same."""

    from_s: int
    until_s: int
    decision: Decision


def week_of(
    known: Knowledge,
    point: AccessPoint,
    factor: Factor,
    presented: Known,
    offered: Offered,
    at_s: int,
    zone: ZoneInfo,
) -> list[Span]:
    """The local week around `at_s`, Monday to Sunday, as if nothing stood at the portal; areas and uses as they are."""
    site, rulebook = known.config.site, known.roster.rulebook()
    names = {requirement.schedule for requirement in point.requirements}
    for name in presented.profiles:
        profile = rulebook.profiles.get(name)
        names |= {rule.schedule for rule in profile.rules} if profile is not None else set()
    begin_s, end_s = _monday(at_s, zone, 0), _monday(at_s, zone, WEEK_DAYS)
    spans: list[Span] = []
    instant_s = begin_s
    while instant_s < end_s:
        wall = calendar.wall(site.zone, instant_s)
        decision = decide(site, rulebook, point, presented, factor, offered, wall)
        until_s = min(end_s, _next(rulebook, names, presented, known, instant_s))
        if spans and (spans[-1].decision.outcome, spans[-1].decision.needs) == (decision.outcome, decision.needs):
            spans[-1] = spans[-1]._replace(until_s=until_s)
        else:
            spans.append(Span(instant_s, until_s, decision))
        instant_s = until_s
    return spans


def _next(rulebook: Rulebook, schedules: set[str], presented: Known, known: Knowledge, after_s: int) -> int:
    """The next instant at which the answer may change; a week later where it never does."""
    zone = known.config.site.zone
    edges = [calendar.next_change(rulebook, name, zone, after_s) for name in schedules]
    edges += [presented.valid_from_s, presented.valid_until_s, presented.suspended_until_s]
    later = [edge for edge in edges if edge is not None and edge > after_s]
    return min(later, default=after_s + WEEK_DAYS * calendar.DAY_S)


def _monday(at_s: int, zone: ZoneInfo, days: int) -> int:
    """Local midnight of the Monday of that week, or so many days later."""
    local = datetime.fromtimestamp(at_s, zone)
    day = local.date() - timedelta(days=local.weekday() - days)
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())

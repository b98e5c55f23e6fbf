"""The pages about access profiles: all of them, and one: which access points are open in which schedules."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from firmware.core.access import Rule
from firmware.core.calendar import ALWAYS
from firmware.network.people.asks import PeopleSaid
from firmware.network.routes import Asked
from firmware.network.rules.frame import NEW, RulePages, saved_name, why_of
from firmware.network.rules.pages import Seams, tried
from firmware.network.rules.reading import RULES_MAX, Lines, lines_of
from firmware.network.words import Words
from firmware.people_words.rules import (
    ChangeProfile,
    FindProfile,
    ListProfiles,
    Profiles,
    ProfileTold,
    RemoveProfile,
    RenameProfile,
)
from firmware.roster.rules import EVERYWHERE


class PointShown(NamedTuple):
    """An access point that may be ticked. `here` is False where this site has none of that name."""

    id: str
    name: str
    here: bool


class LineShown(NamedTuple):
    """One line of a profile: where, and in which schedule."""

    points: str
    schedule: str
    always: bool


class ProfileShown(NamedTuple):
    name: str
    lines: tuple[LineShown, ...]
    holders: int


class ProfilePages(RulePages):
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        super().__init__(seams, "profile", RemoveProfile, RenameProfile)
        self._names: Mapping[str, str] = seams.settings.portal_names

    async def _list_page(self, asked: Asked, refused: PeopleSaid | None = None) -> Response:
        after = asked.request.query_params.get("after", "")[:64]
        asking = self._seams.asks.ask_for(Profiles, ListProfiles(after=after), asked.person, asked.address)
        found, error = await tried(asking)
        words = self._seams.rendering.speaker(asked.request).words
        told = () if found is None else found.profiles
        names = {} if found is None else self._point_names(found)
        return self._listed(
            asked,
            refused or error,
            [
                ProfileShown(each.name, tuple(_line(words, rule, names) for rule in each.rules), each.holders)
                for each in told
            ],
            told[-1].name if found is not None and found.more else "",
        )

    async def _one_page(self, asked: Asked, name: str, refused: PeopleSaid | None = None) -> Response:
        found, error = await tried(self._find(asked, name))
        told = found.profiles[0] if found is not None and found.profiles else None
        typed = Lines("", NEW, ()) if told is None else Lines(told.name, told.was, told.rules)
        return self._page(asked, typed, found, told, refused or error)

    def _find(self, asked: Asked, name: str) -> Awaitable[Profiles]:
        return self._seams.asks.ask_for(Profiles, FindProfile(name=name), asked.person, asked.address)

    async def _put(self, asked: Asked) -> Response:
        typed = lines_of(asked)
        question = ChangeProfile(name=typed.name, rules=typed.rules, was=typed.was or NEW, why=why_of(asked))
        return await self._changed(asked, question, "_saved", lambda error: self._again(asked, typed, error))

    async def _again(self, asked: Asked, typed: Lines, error: PeopleSaid | None) -> Response:
        """The form with what was typed in it."""
        there, away = await tried(self._find(asked, saved_name(typed.name, typed.was)))
        told = there.profiles[0] if there is not None and there.profiles else None
        return self._page(asked, typed, there, told, error or away)

    def _page(
        self, asked: Asked, typed: Lines, found: Profiles | None, told: ProfileTold | None, error: PeopleSaid | None
    ) -> Response:
        words = self._seams.rendering.speaker(asked.request).words
        names = {} if found is None else self._point_names(found)
        strangers = {point for rule in typed.rules for point in rule.access_points} - names.keys() - {EVERYWHERE}
        points = [PointShown(id, name, True) for id, name in names.items()]
        points += [PointShown(id, id, False) for id in sorted(strangers)]
        schedules = [ALWAYS, *(() if found is None else found.schedules)]
        # One line more than there are: the way to add one without script.
        rules: Sequence[Rule] = [*typed.rules, Rule((), ALWAYS)][:RULES_MAX]
        return self._shown(
            asked,
            told.name if told else "",
            typed.was,
            error,
            typed=typed,
            told=told,
            lines=[] if told is None else [_line(words, rule, names) for rule in told.rules],
            lines_typed=list(enumerate(rules)),
            points=points,
            schedules=schedules,
            everywhere=EVERYWHERE,
        )

    def _point_names(self, found: Profiles) -> dict[str, str]:
        """Access point -> its portal's name, and its own id where the portal has several."""
        portals = [portal for _, portal in found.points]
        return {
            point: self._names.get(portal, portal) + (f" ({point})" if portals.count(portal) > 1 else "")
            for point, portal in found.points
        }


def _line(words: Words, rule: Rule, names: Mapping[str, str]) -> LineShown:
    everywhere = EVERYWHERE in rule.access_points
    points = (
        words("profile_everywhere")
        if everywhere
        else words("list_comma").join(
            names.get(point, words("profile_elsewhere", point=point)) for point in rule.access_points
        )
    )
    return LineShown(points, rule.schedule, rule.schedule == ALWAYS)

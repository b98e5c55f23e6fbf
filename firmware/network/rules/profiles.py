"""The pages about access profiles: all of them, and one: which access points are open in which schedules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from firmware.core.access import Rule
from firmware.core.calendar import ALWAYS
from firmware.network.people.asks import PeopleSaid
from firmware.network.routes import Answering, Asked
from firmware.network.rules.pages import Seams, address, done, done_word, tried
from firmware.network.rules.reading import RULES_MAX, Lines, lines_of
from firmware.network.words import Words
from firmware.people_words.rules import (
    ChangeProfile,
    FindProfile,
    ListProfiles,
    Profiles,
    ProfileTold,
    RemoveProfile,
    RuleChanged,
)
from firmware.roster.rules import EVERYWHERE

LIST, ONE = "/people/profiles", "/people/profile"
DONE = frozenset({"profile_saved", "profile_same", "profile_removed"})
NEW = "new"


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


class ProfilePages:
    """See the head of this file."""

    def __init__(self, seams: Seams) -> None:
        self._seams = seams
        self._names: Mapping[str, str] = seams.settings.portal_names

    def calls(self) -> dict[str, Answering]:
        return {
            "profiles": self._list,
            "profile": self._one,
            "profile_put": self._put,
            "profile_remove": self._remove,
        }

    async def _list(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        return await self._list_page(asked)

    async def _list_page(self, asked: Asked, refused: PeopleSaid | None = None) -> Response:
        after = asked.request.query_params.get("after", "")[:64]
        asking = self._seams.asks.ask_for(Profiles, ListProfiles(after=after), asked.person, asked.address)
        found, error = await tried(asking)
        words = self._seams.rendering.speaker(asked.request).words
        told = () if found is None else found.profiles
        names = {} if found is None else self._point_names(found)
        return self._seams.html(
            asked,
            "rules_profiles.html",
            LIST,
            refused or error,
            done=done_word(asked, DONE),
            profiles=[(each, [_line(words, rule, names) for rule in each.rules]) for each in told],
            more=address(LIST, after=told[-1].name) if found is not None and found.more else "",
            here="profiles",
        )

    async def _one(self, asked: Asked) -> Response:
        switched = self._seams.rendering.switched(asked)
        if switched is not None:
            return switched
        name = asked.request.query_params.get("name", "")[:64]
        found, error = await tried(
            self._seams.asks.ask_for(Profiles, FindProfile(name=name), asked.person, asked.address)
        )
        told = found.profiles[0] if found is not None and found.profiles else None
        typed = Lines("", NEW, ()) if told is None else Lines(told.name, told.was, told.rules)
        return self._page(asked, typed, found, told, error)

    async def _put(self, asked: Asked) -> Response:
        typed = lines_of(asked)
        question = ChangeProfile(name=typed.name, rules=typed.rules, was=typed.was or NEW, why=asked.field("why")[:200])
        found, error = await tried(self._seams.asks.ask_for(RuleChanged, question, asked.person, asked.address))
        if found is not None:
            return done(LIST, "profile_saved" if found.changes else "profile_same")
        name = typed.name if typed.was not in ("", NEW) else ""
        there, away = await tried(
            self._seams.asks.ask_for(Profiles, FindProfile(name=name), asked.person, asked.address)
        )
        told = there.profiles[0] if there is not None and there.profiles else None
        return self._page(asked, typed, there, told, error or away)

    async def _remove(self, asked: Asked) -> Response:
        question = RemoveProfile(
            name=asked.field("name")[:64], was=asked.field("was")[:64], why=asked.field("why")[:200]
        )
        found, error = await tried(self._seams.asks.ask_for(RuleChanged, question, asked.person, asked.address))
        if found is None:
            return await self._list_page(asked, error)
        return done(LIST, "profile_removed")

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
        return self._seams.html(
            asked,
            "rules_profile.html",
            address(ONE, name=told.name if told else ""),
            error,
            typed=typed,
            is_new=typed.was in ("", NEW),
            told=told,
            lines=[] if told is None else [_line(words, rule, names) for rule in told.rules],
            lines_typed=list(enumerate(rules)),
            points=points,
            schedules=schedules,
            everywhere=EVERYWHERE,
            here="profile",
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

"""What a person asks with "may she?", out of an address: whom, where, when; checked, and kept as typed.

A local time that came twice, because the clocks went back, is two instants: then the first is meant, or the second.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import NamedTuple

from firmware.core.access import Factor
from firmware.network.journal.errors import NotUnderstood, PageError
from firmware.network.settings import Settings
from firmware.network.words import Words
from firmware.people_words.questions import GIVEN_MAX, INSTANT_S_MAX, AskMay
from firmware.terminal import TerminalError, instant_ms

SOUGHT = "who"  # as a person types it
SECOND = "second"
FIELDS = (SOUGHT, "holder", "point", "at", "which", "given")
FIELD_CHARACTERS_MAX = 64


class Point(NamedTuple):
    """One access point of the site."""

    id: str
    portal: str
    direction: str


class Asking(NamedTuple):
    """`question` is None until a holder and a place are chosen; `sought` is whom to look for.

    `twice` has both instants, UTC seconds, of a local time that came twice; else it is empty.
    """

    typed: dict[str, str]
    sought: str
    holder: str
    point: Point | None
    question: AskMay | None
    wrong: PageError | None
    twice: tuple[int, ...] = ()


class Points:
    """The access points of a site, in the order of its file."""

    def __init__(self, settings: Settings) -> None:
        self.all = tuple(Point(*point) for point in settings.points)
        self._portals = settings.portal_names

    def find(self, id: str) -> Point | None:
        return next((point for point in self.all if point.id == id), None)

    def name(self, words: Words, point: Point) -> str:
        """As people know it: by its portal, with the direction where there are two, else its id."""
        name = self._portals.get(point.portal, point.portal)
        others = [other for other in self.all if other.portal == point.portal]
        if len(others) == 1:
            return name
        if len({other.direction for other in others}) == len(others):
            return words(f"questions_may_direction_{point.direction}", portal=name)
        return f"{name} ({point.id})"


def asking_of(fields: Mapping[str, str], points: Sequence[Point], zone: tzinfo, now_ms: int | None) -> Asking:
    """Never raises: what cannot be understood is said in `wrong`."""
    typed = {name: fields.get(name, "").strip()[:FIELD_CHARACTERS_MAX] for name in FIELDS}
    point = next((each for each in points if each.id == typed["point"]), None)
    sought = "" if typed["holder"] else typed["who"]
    asking = Asking(typed, sought, typed["holder"], point, None, None)
    if not typed["holder"] or not typed["point"]:
        return asking
    if point is None:
        return asking._replace(wrong=NotUnderstood("questions_bad_place"))
    at_ms = now_ms
    if typed["at"]:
        try:
            instants_ms = instants_of(typed["at"].replace("/", "-"), zone)
        except TerminalError:
            return asking._replace(wrong=NotUnderstood("questions_bad_time", typed=typed["at"]))
        at_ms = instants_ms[-1 if typed["which"] == SECOND else 0]
        if len(instants_ms) > 1:
            asking = asking._replace(twice=tuple(each // 1000 for each in instants_ms))
    if not asking.twice:
        typed["which"] = ""
    if at_ms is None:
        return asking._replace(wrong=NotUnderstood("questions_no_time"))
    if not 0 <= at_ms // 1000 <= INSTANT_S_MAX:
        return asking._replace(wrong=NotUnderstood("questions_bad_time", typed=typed["at"]))
    kinds = {factor.value for factor in Factor}
    given = tuple(dict.fromkeys(word for word in typed["given"].split("+") if word in kinds))[:GIVEN_MAX]
    question = AskMay(holder=typed["holder"], access_point=point.id, at_s=at_ms // 1000, given=given)
    return asking._replace(question=question)


def instants_of(text: str, zone: tzinfo) -> tuple[int, ...]:
    """UTC milliseconds of a time as it is typed; both, the earlier first, where it came twice. Raises TerminalError."""
    first_ms = instant_ms(text, zone)
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is not None:
        return (first_ms,)
    before, after = (moment.replace(tzinfo=zone, fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    later_ms = (before - after) // timedelta(milliseconds=1)
    return (first_ms, first_ms + later_ms) if later_ms > 0 else (first_ms,)

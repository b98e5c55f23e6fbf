"""What a person asks with "may she?", out of an address: whom, where, when; checked, and kept as typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import NamedTuple

from firmware.core.access import Factor
from firmware.network.journal.errors import NotUnderstood, PageError
from firmware.network.settings import Settings
from firmware.people_words.questions import GIVEN_MAX, INSTANT_S_MAX, AskMay
from firmware.terminal import TerminalError, instant_ms

SOUGHT = "who"  # as a person types it
FIELDS = (SOUGHT, "holder", "point", "at", "given")
FIELD_CHARACTERS_MAX = 64


class Point(NamedTuple):
    """One access point of the site."""

    id: str
    portal: str
    direction: str


class Asking(NamedTuple):
    """`question` is None until a holder and a place are chosen; `sought` is whom to look for."""

    typed: dict[str, str]
    sought: str
    holder: str
    point: Point | None
    question: AskMay | None
    wrong: PageError | None


def points_of(settings: Settings) -> tuple[Point, ...]:
    """In the order of the site file."""
    return tuple(Point(*point) for point in settings.points)


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
            at_ms = instant_ms(typed["at"].replace("/", "-"), zone)
        except TerminalError:
            return asking._replace(wrong=NotUnderstood("questions_bad_time", typed=typed["at"]))
    if at_ms is None:
        return asking._replace(wrong=NotUnderstood("questions_no_time"))
    if not 0 <= at_ms // 1000 <= INSTANT_S_MAX:
        return asking._replace(wrong=NotUnderstood("questions_bad_time", typed=typed["at"]))
    kinds = {factor.value for factor in Factor}
    given = tuple(dict.fromkeys(word for word in typed["given"].split("+") if word in kinds))[:GIVEN_MAX]
    question = AskMay(holder=typed["holder"], access_point=point.id, at_s=at_ms // 1000, given=given)
    return asking._replace(question=question)

"""Rules as the page shows them: hours as bars and as text, what opens next, what was refused and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from firmware.core.access import Window
from firmware.network.view import Speaker
from firmware.network.words import Words
from firmware.people_words.base import Refused
from firmware.people_words.rules import ScheduleTold
from firmware.roster.rules import DAYS
from firmware.roster.weekly import day_line, week_lines

WEEKDAY_S = 7 * 86_400
_FILLS = ("what", "by", "more", "found", "count", "who", "job", "batch")  # of refusals, where one does not fill them


class DayShown(NamedTuple):
    """One line of a picture of hours: (from, length) in minutes of the day, and the same as text."""

    name: str
    bars: tuple[tuple[int, int], ...]
    text: str


class ScheduleShown(NamedTuple):
    name: str
    days: tuple[DayShown, ...]
    special: tuple[DayShown, ...]
    used_by: str
    portals: str
    turns: str


def bars(windows: Sequence[Window]) -> tuple[tuple[int, int], ...]:
    return tuple((window.start_minute, window.end_minute - window.start_minute) for window in windows)


def schedule_shown(speaker: Speaker, told: ScheduleTold, now_s: int, portal_names: Mapping[str, str]) -> ScheduleShown:
    words = speaker.words
    lines = week_lines(told.week)
    days = tuple(
        DayShown(words(f"day_{name}"), bars(windows), line or words("hours_closed"))
        for name, windows, line in zip(DAYS, told.week, lines, strict=True)
    )
    special = tuple(
        DayShown(kind, bars(windows), day_line(windows) or words("hours_closed"))
        for kind, windows in sorted(told.special.items())
    )
    return ScheduleShown(
        name=told.name,
        days=days,
        special=special,
        used_by=named(words, told.used_by, told.used_more),
        portals=named(words, [portal_names.get(portal, portal) for portal in told.portals], 0),
        turns=turns(speaker, told, now_s),
    )


def turns(speaker: Speaker, told: ScheduleTold, now_s: int) -> str:
    """When it next opens or closes: "opens next Monday 2026-11-30 07:00:00"."""
    words = speaker.words
    if not now_s:
        return words("turn_clock_unknown")
    if told.turns_s is None:
        return words("turn_always" if told.open_now else "turn_never")
    local = speaker.local(told.turns_s * 1000)
    weekday = "" if local is None else words(f"day_{DAYS[local.weekday()]}")
    near = "turn_opens" if not told.open_now else "turn_closes"
    return words(near, day=weekday, time=speaker.at(told.turns_s * 1000))


def named(words: Words, names: Sequence[str], more: int) -> str:
    """Names in a row, and how many there are beside them."""
    text = words("list_comma").join(names)
    return text + words("list_more", count=more) if more else text


def span_text(words: Words, first: int, last: int) -> str:
    """Days with their weekdays."""
    texts = [day_text(words, day) for day in (first, last)]
    return texts[0] if first == last else words("days_span", first=texts[0], last=texts[1], count=last - first + 1)


def day_text(words: Words, day: int) -> str:
    return words("days_day", date=date.fromordinal(day).isoformat(), day=words(f"day_{DAYS[(day - 1) % 7]}"))


def refusal(words: Words, said: Refused) -> tuple[str, str]:
    """What was not done, and why: for `parts.told`."""
    fills = dict.fromkeys(_FILLS, "") | said.fills
    if fills["more"]:
        fills["by"] += words("list_more", count=fills["more"])
    text = words(said.word, **fills) if words.has(said.word) else said.word
    return words("rule_not_done"), f"{text} {said.text}".strip()


def mistake(words: Words, word: str, fills: Mapping[str, str]) -> str:
    return words(word, **fills)

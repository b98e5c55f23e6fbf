"""A review as people read it: who loses or gains what, where and in which hours; what differs in the office's list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from firmware.core.access import Window
from firmware.core.calendar import DAY_MINUTES
from firmware.network.rules.showing import day_text
from firmware.network.view import Speaker
from firmware.network.words import Words
from firmware.people_words.review import (
    Concerned,
    DifferenceTold,
    HoursTold,
    PassageTold,
    PersonTold,
    PlaceTold,
    ReviewTold,
)
from firmware.roster.rules import DAYS, EVERYWHERE
from firmware.roster.weekly import DAYS_A_WEEK, day_line

WHOLE_DAY = (Window(0, DAY_MINUTES),)
HOW = ("all", "some", "credential")
CHANGES = ("refused", "asked_more", "let_in", "asked")
ENTITIES = ("schedule", "special_day", "profile", "area", "setting", "household", "holder", "credential", "vehicle")
PLACES_SHOWN_MAX = 12  # lines of one person; the export has all


class PersonShown(NamedTuple):
    holder: str
    name: str
    household: str
    what: str
    places: tuple[str, ...]
    more: int
    passages: str


class FieldShown(NamedTuple):
    name: str
    before: str
    after: str


class DifferenceShown(NamedTuple):
    title: str
    kind: str  # added, changed, removed, renamed
    fields: tuple[FieldShown, ...]
    along: str = ""  # who names it by its new name


class PassageShown(NamedTuple):
    who: str
    change: str
    point: str
    times: int
    last: str
    before: str
    after: str


class Sum(NamedTuple):
    """One number of a review: of holders who lose, or gain, that much."""

    side: str
    how: str
    number: int
    text: str


def sums(words: Words, told: ReviewTold) -> list[Sum]:
    return [
        Sum(side, how, counts.get(how, 0), words(f"review_{side}_{how}"))
        for side, counts in (("lost", told.lost), ("gained", told.gained))
        for how in HOW
    ]


def at_portals(words: Words, told: ReviewTold, names: Mapping[str, str]) -> list[str]:
    """What changes for everybody, because the site's own portals follow a schedule."""
    return [
        words(
            "review_at_portals",
            schedule=schedule,
            portals=words("list_comma").join(names.get(portal, portal) for portal in portals),
        )
        for schedule, portals in told.at_portals.items()
    ]


def hours_text(words: Words, hours: Sequence[HoursTold], more: int = 0) -> str:
    """Hours of weekdays, those with the same ones together; then of special days with their dates."""
    plain = {each.weekday: each.windows for each in hours if each.day is None}
    parts = []
    if len(plain) == DAYS_A_WEEK and all(windows == WHOLE_DAY for windows in plain.values()):
        parts.append(words("review_any_time"))
    else:
        for first, last, windows in _alike(plain):
            names = [words(f"day_{DAYS[day]}") for day in (first, last)]
            days = names[0] if first == last else words("paint_days", first=names[0], last=names[1])
            parts.append(f"{days} {day_line(windows)}")
    parts += [f"{day_text(words, each.day)} {day_line(each.windows)}" for each in hours if each.day is not None]
    text = words("list_separator").join(parts)
    return text + words("list_more", count=more) if more else text


def _alike(plain: Mapping[int, tuple[Window, ...]]) -> list[tuple[int, int, tuple[Window, ...]]]:
    """Runs of days with the same windows: (first, last, windows)."""
    runs: list[tuple[int, int, tuple[Window, ...]]] = []
    for day, windows in sorted(plain.items()):
        if runs and runs[-1][1] == day - 1 and runs[-1][2] == windows:
            runs[-1] = (runs[-1][0], day, windows)
        else:
            runs.append((day, day, windows))
    return runs


def places_text(words: Words, places: Sequence[PlaceTold], side: str, names: Mapping[str, str]) -> list[str]:
    """What is lost (or gained) at which access points; those of which the same is to be said together."""
    said: dict[tuple[str, str], list[str]] = {}
    for place in places:
        hours = place.lost if side == "lost" else place.gained
        if not hours:
            continue
        if side == "lost" and place.shut:
            key = ("review_place_shut", "")
        else:
            new = side == "gained" and place.opened
            word = "review_place_opened" if new else f"review_place_{side}"
            key = (word, hours_text(words, hours, place.more))
        said.setdefault(key, []).append(names.get(place.point, place.point))
    return [words(word, place=words("list_comma").join(at), hours=hours) for (word, hours), at in said.items()]


def person_shown(
    words: Words,
    person: PersonTold,
    found: Concerned,
    side: str,
    names: Mapping[str, str],
    *,
    all_places: bool = False,
) -> PersonShown:
    """Who, and what becomes of it; the first places only, unless all are wanted."""
    lines = places_text(words, found.places.get(person.places, ()), side, names)
    kinds = words("list_comma").join(
        words(f"review_kind_{kind}") for kind in person.kinds if words.has(f"review_kind_{kind}")
    )
    if kinds:
        lines.insert(0, words(f"review_kinds_{side}", kinds=kinds))
    passages = words(f"review_passages_{side}", count=person.passages) if person.passages else ""
    shown = tuple(lines if all_places else lines[:PLACES_SHOWN_MAX])
    what = words(f"review_who_{side}_{person.how}")
    return PersonShown(person.holder, person.name, person.household, what, shown, len(lines) - len(shown), passages)


# Columns whose content is words of ours, one or more: the beginning of each one's text.
WORDS_OF = {"status": "people_status_", "flags": "people_flag_", "duress": "imports_", "profiles": "profile:"}


def difference_shown(words: Words, told: DifferenceTold) -> DifferenceShown:
    title = words(f"review_entity_{told.entity}", id=told.id)
    if told.owner:
        title = words("review_of_holder", what=title, holder=told.owner)
    names = list(dict.fromkeys([*told.before, *told.after]))
    fields = tuple(
        FieldShown(
            field_name(words, name, told.entity), _field(words, name, told.before), _field(words, name, told.after)
        )
        for name in names
        if _field(words, name, told.before) != _field(words, name, told.after)
    )
    along = words(f"review_renamed_along_{told.entity}", count=told.along) if told.kind == "renamed" else ""
    return DifferenceShown(title, told.kind, fields, along)


def field_name(words: Words, name: str, entity: str = "") -> str:
    """A column, a weekday, a kind of special day, or a schedule that a profile follows."""
    head, _, rest = name.partition(":")
    if head == "special":
        return words("review_field_special", kind=rest)
    if head == "in":
        return words("review_field_in", schedule=words("profile_always") if rest == "always" else rest)
    for key in (f"day_{name}", f"review_field_{name}_of_{entity}", f"review_field_{name}"):
        if words.has(key):
            return words(key)
    return name


def _field(words: Words, name: str, fields: Mapping[str, str]) -> str:
    if name not in fields:
        return ""
    text = fields[name]
    if name.startswith("in:"):
        points = [words("profile_everywhere") if point == EVERYWHERE else point for point in text.split(", ")]
        return words("list_comma").join(points)
    if name in WORDS_OF:
        keys = [(f"{WORDS_OF[name]}{word}", word) for word in text.split(";") if word]
        return words("list_comma").join(words(key) if words.has(key) else word for key, word in keys)
    closed = not text and (name in DAYS or name.startswith("special:"))
    return words("hours_closed") if closed else text


def passage_shown(speaker: Speaker, told: PassageTold, names: Mapping[str, str]) -> PassageShown:
    words = speaker.words
    who = words("review_named", name=told.name, holder=told.holder) if told.name else told.holder
    before, after = (
        words("list_separator").join(_reason(speaker, one) for one in side) for side in (told.before, told.after)
    )
    last = "" if told.last_ms is None else speaker.at(told.last_ms)
    change = words(f"review_change_{told.change}")
    return PassageShown(who, change, names.get(told.point, told.point), told.count, last, before, after)


def _reason(speaker: Speaker, reason: str) -> str:
    """A reason of a decision in words, and what it is about: a schedule, a profile."""
    word, _, about = reason.partition(":")
    return speaker.reason(word) + (f" ({about})" if about else "")

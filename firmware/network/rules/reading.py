"""What the forms of rules say: hours by day, access points by schedule, days from and to. Nothing is guessed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from firmware.core.access import Rule, Window
from firmware.network.routes import Asked
from firmware.roster.rules import EVERYWHERE
from firmware.roster.weekly import DAYS_A_WEEK, NotHours, Week, read_day, read_week, week_lines

SPECIAL = "special."  # and the kind: the field of hours on special days of that kind
RULES_MAX = 24  # of one profile in a form
FIELD_CHARACTERS_MAX = 700  # of one field that is read; a line of hours may have 600


class Wrong(NamedTuple):
    """A field that does not say what it has to: its id on the page, and a word of the page with what fills it."""

    field: str
    word: str
    fills: Mapping[str, str] = {}


class Hours(NamedTuple):
    """A schedule as it was typed, and as it was understood; `wrong` says what was not."""

    name: str
    was: str
    lines: tuple[str, ...]
    special_lines: dict[str, str]
    new_kind: str
    new_line: str
    week: Week
    special: dict[str, tuple[Window, ...]]
    wrong: tuple[Wrong, ...]


def hours_of(asked: Asked) -> Hours:
    """The form of a schedule."""
    typed = [text[:FIELD_CHARACTERS_MAX] for text in asked.form.get("day", ())[:DAYS_A_WEEK]]
    lines = (*typed, *[""] * (DAYS_A_WEEK - len(typed)))
    special_lines = {
        name.removeprefix(SPECIAL): texts[0][:FIELD_CHARACTERS_MAX]
        for name, texts in asked.form.items()
        if name.startswith(SPECIAL)
    }
    wrong: list[Wrong] = []
    week: Week = ((),) * DAYS_A_WEEK
    try:
        week = read_week(lines)
    except NotHours as error:
        wrong.append(Wrong(f"day-{error.day}", f"hours_{error.why}", {"found": error.found}))
    new_kind, new_line = asked.field("kind").strip()[:64], asked.field("hours")[:FIELD_CHARACTERS_MAX]
    special: dict[str, tuple[Window, ...]] = {}
    texts = {f"special-{number}": each for number, each in enumerate(special_lines.items())}
    if new_kind or new_line.strip():
        texts["kind-hours"] = (new_kind, new_line)
        if not new_kind:
            wrong.append(Wrong("kind-new", "hours_no_kind"))
    for field, (kind, line) in texts.items():
        if not line.strip():
            if field == "kind-hours":
                wrong.append(Wrong(field, "hours_no_line"))
            continue
        try:
            special[kind] = read_day(line)
        except NotHours as error:
            wrong.append(Wrong(field, f"hours_{error.why}", {"found": error.found}))
    return Hours(
        name=asked.field("name").strip()[:64],
        was=asked.field("was")[:64],
        lines=lines,
        special_lines=special_lines,
        new_kind=new_kind,
        new_line=new_line,
        week=week,
        special=special,
        wrong=tuple(wrong),
    )


def copied(lines: tuple[str, ...], source: int, targets: frozenset[int]) -> tuple[str, ...]:
    """The line of one day on other days too, as it is typed: a night goes with it. Lines that say no hours stay."""
    made = list(lines)
    for day in targets:
        made[day] = lines[source]
    try:
        return week_lines(read_week(made))
    except NotHours:
        return tuple(made)


def days_copied(asked: Asked) -> tuple[int, frozenset[int]]:
    """From which day to which ones; to none where the form says nothing that is a day."""
    source = _day(asked.field("copy_from"))
    targets = frozenset(day for text in asked.form.get("copy_to", ()) if (day := _day(text)) is not None)
    return (0, frozenset()) if source is None else (source, targets - {source})


def _day(text: str) -> int | None:
    return int(text) if len(text) == 1 and text in "0123456" else None


class Lines(NamedTuple):
    """An access profile as it was typed."""

    name: str
    was: str
    rules: tuple[Rule, ...]


def lines_of(asked: Asked) -> Lines:
    """The form of a profile: a line without access points is one that is not wanted."""
    rules = []
    for number in range(RULES_MAX):
        points = tuple(point[:64] for point in asked.form.get(f"point.{number}", ()))
        schedule = asked.field(f"schedule.{number}")[:64]
        if points and schedule:
            rules.append(grant_of(points, schedule))
    return Lines(asked.field("name").strip()[:64], asked.field("was")[:64], tuple(rules))


def grant_of(points: Iterable[str], schedule: str) -> Rule:
    """One line of a profile: each access point once, and none beside "everywhere"."""
    named = tuple(dict.fromkeys(points))
    return Rule((EVERYWHERE,) if EVERYWHERE in named else named, schedule)


class Days(NamedTuple):
    """A span of special days as it was typed; `span` is None where a date is none."""

    kind: str
    first: str
    last: str
    instead: bool
    span: tuple[int, int] | None
    wrong: tuple[Wrong, ...]


def days_of(asked: Asked, prefix: str = "") -> Days:
    """The form of special days; `last` may be empty for one day."""
    kind = asked.field(f"{prefix}kind").strip()[:64]
    first, last = (asked.field(f"{prefix}{name}").strip()[:32] for name in ("first", "last"))
    days = [_ordinal(first), _ordinal(last or first)]
    wrong = [
        Wrong(name, "days_bad_date", {"found": text or "-"})
        for name, text, day in (("first", first, days[0]), ("last", last or first, days[1]))
        if day is None
    ]
    span = None if days[0] is None or days[1] is None else (days[0], days[1])
    return Days(kind, first, last, bool(asked.field("instead")), span, tuple(wrong[:1]))


def _ordinal(text: str) -> int | None:
    try:
        return date.fromisoformat(text).toordinal() if len(text) == len("2026-11-27") else None
    except ValueError:
        return None

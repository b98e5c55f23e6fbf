"""Rules of the source: taken from a Rulebook, read back as one, and written as a rules.toml that says the same."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import msgspec

from firmware.core.access import Profile, Rule, Rulebook, Schedule, Window
from firmware.roster.rules import DAYS, AreaRow, Rules
from firmware.roster.source.batch import Batch
from firmware.roster.source.errors import told
from firmware.roster.source.schema import COLUMNS
from firmware.roster.source.store import ZONE, Source

MINUTES_PER_HOUR = 60
_encode = msgspec.json.Encoder().encode
_rules = msgspec.json.Decoder(tuple[Rule, ...])
_week = msgspec.json.Decoder(tuple[tuple[Window, ...], ...])
_special = msgspec.json.Decoder(dict[str, tuple[Window, ...]])


def write_rules(batch: Batch, rules: Rules) -> None:
    """Make the source's profiles, schedules, special days, areas and (where `rules` has one) zone what `rules` says.

    What stays the same leaves no history. The batch is refused at its end where a holder has a profile that is gone.
    """
    book = rules.rulebook
    _set(batch.db, "profile", ((name, _text(profile.rules)) for name, profile in book.profiles.items()))
    _set(
        batch.db,
        "schedule",
        ((name, _text(one.week), _text(dict(sorted(one.special.items())))) for name, one in book.schedules.items()),
    )
    _set(batch.db, "special_day", book.special_days.items())
    # A rulebook made by a program may have places without a row of its own.
    others = {area.id for area in rules.areas}
    areas = [*rules.areas, *(AreaRow(area, None, places) for area, places in book.areas.items() if area not in others)]
    _set(batch.db, "area", areas)
    if rules.zone is not None:
        batch.db.execute("UPDATE setting SET value = ? WHERE name = ?", (rules.zone.key, ZONE))


def read_rulebook(source: Source) -> Rules:
    """The source's rules as read_rules would give them. The zone is always there."""
    with told(source.path), source.snapshot() as db:
        areas = tuple(AreaRow(*row) for row in db.execute("SELECT id, label, places FROM area ORDER BY id"))
        book = Rulebook(
            version=0,
            profiles={
                name: Profile(name, _rules.decode(rules))
                for name, rules in db.execute("SELECT name, rules FROM profile ORDER BY name")
            },
            schedules={
                name: Schedule(name, _week.decode(week), _special.decode(special))
                for name, week, special in db.execute("SELECT name, week, special FROM schedule ORDER BY name")
            },
            special_days=dict(db.execute("SELECT day, kind FROM special_day ORDER BY day")),
            areas={area.id: area.places for area in areas if area.places is not None},
        )
        return Rules(book, source.time_zone, areas)


def rules_toml(source: Source) -> str:
    """The source's rules as a rules.toml; read again they are equal, with names in the alphabet's order."""
    rules = read_rulebook(source)
    return "\n".join(_toml(rules)) + "\n"


def _set(db: sqlite3.Connection, entity: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Make the table hold exactly these rows."""
    columns = COLUMNS[entity]
    marks = ", ".join("?" * len(columns))
    changed = ", ".join(f"{column} = excluded.{column}" for column in columns[1:])
    gone = {key for (key,) in db.execute(f"SELECT {columns[0]} FROM {entity}")}
    for row in rows:
        gone.discard(row[0])
        db.execute(
            f"INSERT INTO {entity} VALUES ({marks}) ON CONFLICT ({columns[0]}) DO UPDATE SET {changed}", tuple(row)
        )
    db.executemany(f"DELETE FROM {entity} WHERE {columns[0]} = ?", [(key,) for key in gone])


def _text(value: object) -> str:
    return _encode(value).decode()


def _toml(rules: Rules) -> Iterator[str]:
    book = rules.rulebook
    if isinstance(rules.zone, ZoneInfo):
        yield f"time_zone = {_quoted(rules.zone.key)}"
    for profile in book.profiles.values():
        yield f"\n[[profile]]\nname = {_quoted(profile.name)}"
        for rule in profile.rules:
            points = ", ".join(_quoted(point) for point in rule.access_points)
            yield f"[[profile.rule]]\naccess_points = [{points}]\nschedule = {_quoted(rule.schedule)}"
    for schedule in book.schedules.values():
        yield f"\n[[schedule]]\nname = {_quoted(schedule.name)}"
        for day, windows in zip(DAYS, schedule.week, strict=True):
            if windows:
                yield f"{day} = {_windows(windows)}"
        if schedule.special:
            yield "[schedule.special]"
            yield from (f"{_quoted(kind)} = {_windows(windows)}" for kind, windows in schedule.special.items())
    yield from _special_days(book.special_days, {kind for one in book.schedules.values() for kind in one.special})
    for area in rules.areas:
        yield f"\n[[area]]\nid = {_quoted(area.id)}"
        if area.label is not None:
            yield f"label = {_quoted(area.label)}"
        if area.places is not None:
            yield f"places = {area.places}"


def _special_days(days: Mapping[int, str], kinds: set[str]) -> Iterator[str]:
    """Each kind with its spans; a kind that only a schedule names has none."""
    spans: dict[str, list[str]] = {kind: [] for kind in sorted(kinds | set(days.values()))}
    # Neighbouring days of one kind have the same difference between the day and its place in the order.
    for (kind, _), run in itertools.groupby(
        enumerate(sorted(days.items())), lambda placed: (placed[1][1], placed[1][0] - placed[0])
    ):
        ordinals = [day for _, (day, _) in run]
        first, last = (date.fromordinal(day).isoformat() for day in (ordinals[0], ordinals[-1]))
        spans[kind].append(first if first == last else f"{first}/{last}")
    if spans:
        yield "\n[special_days]"
    for kind, texts in spans.items():
        yield f"{_quoted(kind)} = [{', '.join(_quoted(text) for text in texts)}]"


def _windows(windows: Iterable[Window]) -> str:
    return "[" + ", ".join(f'"{_clock(window.start_minute)}-{_clock(window.end_minute)}"' for window in windows) + "]"


def _clock(minute: int) -> str:
    hours, minutes = divmod(minute, MINUTES_PER_HOUR)
    return f"{hours:02}:{minutes:02}"


def _quoted(text: str) -> str:
    """A basic string of TOML: JSON's, for text that prints (and so holds no DEL, which TOML wants escaped)."""
    return json.dumps(text, ensure_ascii=False)

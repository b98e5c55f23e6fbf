"""Reads rules.toml, the small source of a roster: profiles, schedules, special days, areas, into the core's Rulebook.

time_zone = "Asia/Shanghai"            # of the dates in the table of holders; needed where it has any without an offset

[[profile]]
name = "residents"
[[profile.rule]]
access_points = ["front_in", "garage_in"]     # ids, or "*" for every one
schedule = "always"                           # built in; or the name of a schedule

[[schedule]]
name = "cleaning"
workdays = ["06:00-09:00", "17:00-20:00"]     # Monday to Friday; also every_day, weekend, monday ... sunday
saturday = ["08:00-24:00"]                    # a day's own line replaces the group's
[schedule.special]
holiday = []                                  # on special days of this kind: never

[special_days]
holiday = ["2026-10-01/2026-10-07", 2027-01-01]

[[area]]
id = "garage"                                 # as the site's configuration names it
label = "Garage, north"                       # for people; may be left out
places = 120                                  # parking places; may be left out: no limit but the site's own
"""

from __future__ import annotations

import itertools
import re
import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from firmware.core.access import Profile, Rule, Rulebook, Schedule, Window
from firmware.roster.errors import Problems, shown
from firmware.roster.keys import NAME, NAME_ALLOWED

AREAS_MAX = 256  # as many as a site may have
PLACES_MAX = 100_000  # as the site's own limit of an area
LABEL_CHARACTERS_MAX = 100

RULES_BYTES_MAX = 1 << 20  # the rulebook is held in memory
TABLES_MAX = 2000  # profiles, and schedules
SPECIAL_DAYS_MAX = 20_000  # 20 kinds of day over a life of a thousand weeks
ALWAYS = "always"
EVERYWHERE = "*"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
GROUPS: dict[str, tuple[str, ...]] = {"every_day": DAYS, "workdays": DAYS[:5], "weekend": DAYS[5:]}
_WINDOW = re.compile(r"([01][0-9]|2[0-4]):([0-5][0-9])-([01][0-9]|2[0-4]):([0-5][0-9])")
_ACCESS_POINT = re.compile(r"[a-z0-9_]{1,64}")
_WINDOW_ALLOWED = (
    '"HH:MM-HH:MM" within one day is allowed, the end after the start and 24:00 at most; '
    "a night is two windows, one before and one after midnight"
)


class AreaRow(NamedTuple):
    """One area of the site as the office knows it."""

    id: str
    label: str | None
    places: int | None


class Rules(NamedTuple):
    """What rules.toml says; the version is set by the build. The rulebook has those areas that have places."""

    rulebook: Rulebook
    zone: ZoneInfo | None
    areas: tuple[AreaRow, ...] = ()  # all of them, by id


def read_rules(path: Path, problems: Problems) -> Rules:
    """Read all of it, noting every problem. What is wrong is left out of the result."""
    return _Reader(path, problems).rules(_tables(path, problems))


def _tables(path: Path, problems: Problems) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(RULES_BYTES_MAX + 1)
        if len(content) > RULES_BYTES_MAX:
            problems.add(
                path, None, "file", f"more than {RULES_BYTES_MAX} bytes", "rules are smaller: is it the right file?"
            )
            return {}
        return tomllib.loads(content.decode())
    except OSError as error:
        problems.add(path, None, "file", str(error.strerror), "the rules must be readable")
    except UnicodeDecodeError as error:
        problems.add(path, None, "file", f"no UTF-8 at byte {error.start}", "save it as UTF-8")
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        problems.add(path, None, "file", f"no TOML: {shown(str(error), bare=True)}", "correct it there")
    return {}


class _Reader:
    """One reading of one file: each method takes a part, notes its problems and gives what is right in it."""

    def __init__(self, path: Path, problems: Problems) -> None:
        self._path = path
        self._problems = problems

    def rules(self, root: Mapping[str, Any]) -> Rules:
        self._known_keys(root, "", ("time_zone", "profile", "schedule", "special_days", "area"))
        special_days = self._special_days(root.get("special_days", {}))
        named = root.get("special_days")
        kinds = set(named) if isinstance(named, dict) else set()
        schedules: dict[str, Schedule] = {}
        for key, table in self._named(root, "schedule", schedules):
            schedules[table["name"]] = self._schedule(table, key, kinds)
        profiles: dict[str, Profile] = {}
        for key, table in self._named(root, "profile", profiles):
            profiles[table["name"]] = self._profile(table, key, schedules)
        areas = self._areas(root.get("area", []))
        places = {area.id: area.places for area in areas if area.places is not None}
        rulebook = Rulebook(0, profiles, schedules, special_days, places)
        return Rules(rulebook, self._zone(root.get("time_zone")), areas)

    def _bad(self, key: str, found: object, allowed: str) -> None:
        self._problems.add(self._path, None, key, shown(found if isinstance(found, str) else repr(found)), allowed)

    def _known_keys(self, table: Mapping[str, Any], key: str, known: tuple[str, ...]) -> None:
        for name in table:
            if name not in known:
                self._bad(f"{key}{shown(name, bare=True)}", name, f"known here are {', '.join(known)}")

    def _zone(self, name: object) -> ZoneInfo | None:
        if name is None:
            return None
        allowed = 'a name of the tz database is allowed, such as "Asia/Shanghai"'
        if not isinstance(name, str):
            self._bad("time_zone", name, allowed)
            return None
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            self._bad("time_zone", name, allowed)
            return None

    def _named(
        self, root: Mapping[str, Any], kind: str, taken: Mapping[str, object]
    ) -> list[tuple[str, dict[str, Any]]]:
        """The tables of `[[kind]]` that have a good name of their own, each with its key."""
        tables = root.get(kind, [])
        if not isinstance(tables, list) or len(tables) > TABLES_MAX:
            self._bad(kind, tables, f"up to {TABLES_MAX} tables, each begun by [[{kind}]], are allowed")
            return []
        good: list[tuple[str, dict[str, Any]]] = []
        names = {ALWAYS} if kind == "schedule" else set(taken)
        for number, table in enumerate(tables):
            key = f"{kind}[{number}]."
            name = table.get("name") if isinstance(table, dict) else None
            if not isinstance(name, str) or not NAME.fullmatch(name):
                self._bad(f"{key}name", name, NAME_ALLOWED)
            elif name in names:
                self._bad(f"{key}name", name, "each name is used once, and 'always' is built in")
            else:
                names.add(name)
                good.append((key, table))
        return good

    def _areas(self, tables: object) -> tuple[AreaRow, ...]:
        if not isinstance(tables, list) or len(tables) > AREAS_MAX:
            self._bad("area", tables, f"up to {AREAS_MAX} tables, each begun by [[area]], are allowed")
            return ()
        areas: dict[str, AreaRow] = {}
        for number, table in enumerate(tables):
            key = f"area[{number}]."
            if not isinstance(table, dict):
                self._bad(key[:-1], table, "a table with id, label and places is allowed")
                continue
            self._known_keys(table, key, ("id", "label", "places"))
            area, label, places = (table.get(name) for name in ("id", "label", "places"))
            if not isinstance(area, str) or not _ACCESS_POINT.fullmatch(area):
                self._bad(f"{key}id", area, 'an id of small letters, digits and "_" is allowed')
            elif area in areas:
                self._bad(f"{key}id", area, "each area stands there once")
            elif label is not None and not (
                isinstance(label, str) and 0 < len(label) <= LABEL_CHARACTERS_MAX and label.isprintable()
            ):
                self._bad(f"{key}label", label, f"1 to {LABEL_CHARACTERS_MAX} printable characters are allowed")
            elif places is not None and not (type(places) is int and 1 <= places <= PLACES_MAX):
                self._bad(f"{key}places", places, f"a whole number from 1 to {PLACES_MAX} is allowed")
            else:
                areas[area] = AreaRow(area, label, places)
        return tuple(areas[area] for area in sorted(areas))

    def _profile(self, table: Mapping[str, Any], key: str, schedules: Mapping[str, Schedule]) -> Profile:
        self._known_keys(table, key, ("name", "rule"))
        lines = table.get("rule", [])
        if not isinstance(lines, list) or not 0 < len(lines) <= TABLES_MAX:
            self._bad(f"{key}rule", lines, f"1 to {TABLES_MAX} tables [[profile.rule]] are allowed")
            lines = []
        rules: list[Rule] = []
        for number, line in enumerate(lines):
            place = f"{key}rule[{number}]."
            if not isinstance(line, dict):
                self._bad(place[:-1], line, "a table with access_points and schedule is allowed")
                continue
            self._known_keys(line, place, ("access_points", "schedule"))
            schedule = line.get("schedule", ALWAYS)
            if schedule != ALWAYS and (not isinstance(schedule, str) or schedule not in schedules):
                self._bad(f"{place}schedule", schedule, f"allowed are always, {', '.join(list(schedules)[:20])}")
            points = line.get("access_points")
            if not isinstance(points, list) or not points:
                self._bad(f"{place}access_points", points, 'a list of ids of access points, or ["*"], is allowed')
                continue
            for point in points:
                if not isinstance(point, str) or (point != EVERYWHERE and not _ACCESS_POINT.fullmatch(point)):
                    self._bad(
                        f"{place}access_points", point, 'an id of small letters, digits and "_", or "*", is allowed'
                    )
            rules.append(Rule(tuple(str(point) for point in points), str(schedule)))
        return Profile(table["name"], tuple(rules))

    def _schedule(self, table: Mapping[str, Any], key: str, kinds: set[str]) -> Schedule:
        self._known_keys(table, key, ("name", *GROUPS, *DAYS, "special"))
        week: dict[str, tuple[Window, ...]] = dict.fromkeys(DAYS, ())
        for name, days in [*GROUPS.items(), *((day, (day,)) for day in DAYS)]:
            if name in table:
                windows = self._windows(table[name], f"{key}{name}")
                week.update(dict.fromkeys(days, windows))
        special = table.get("special", {})
        if not isinstance(special, dict):
            self._bad(f"{key}special", special, "a table of kinds of special days with their windows is allowed")
            special = {}
        for kind in special:
            if kind not in kinds:
                self._bad(f"{key}special", kind, "only kinds that [special_days] names are allowed")
        exceptions = {kind: self._windows(value, f"{key}special.{kind}") for kind, value in special.items()}
        return Schedule(table["name"], tuple(week[day] for day in DAYS), exceptions)

    def _windows(self, value: object, key: str) -> tuple[Window, ...]:
        if not isinstance(value, list):
            self._bad(key, value, "a list of windows is allowed, an empty one for never")
            return ()
        windows: list[Window] = []
        for text in value:
            match = _WINDOW.fullmatch(text) if isinstance(text, str) else None
            hours = [int(part) for part in match.groups()] if match else [0, 0, 0, 0]
            start, end = hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
            if match is None or not start < end <= 24 * 60:
                self._bad(key, text, _WINDOW_ALLOWED)
                continue
            windows.append(Window(start, end))
        windows.sort(key=lambda window: window.start_minute)
        for before, after in itertools.pairwise(windows):
            if after.start_minute < before.end_minute:
                self._bad(key, value, "windows of one day must not overlap")
        return tuple(windows)

    def _special_days(self, table: object) -> dict[int, str]:
        if not isinstance(table, dict):
            self._bad("special_days", table, "a table of kinds with their dates is allowed")
            return {}
        days: dict[int, str] = {}
        named = 0
        for kind, dates in table.items():
            key = f"special_days.{shown(kind, bare=True)}"
            if not NAME.fullmatch(kind):
                self._bad(key, kind, NAME_ALLOWED)
            for value in dates if isinstance(dates, list) else [dates]:
                span = self._span(value, key)
                named += len(span)
                if named > SPECIAL_DAYS_MAX:
                    self._bad(key, str(value), f"up to {SPECIAL_DAYS_MAX} special days are allowed in all")
                    return days
                for day in span:
                    if days.setdefault(day, kind) != kind:
                        other = f"already {days[day]}: a day is of one kind"
                        self._bad(key, str(date.fromordinal(day)), other)
        return days

    def _span(self, value: object, key: str) -> range:
        """The ordinals of a date or of a span `first/last`; empty where it is wrong."""
        allowed = 'dates such as "2026-10-01" or spans "2026-10-01/2026-10-07" are allowed'
        first, _, last = str(value).partition("/")
        try:
            start, end = date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            self._bad(key, value, allowed)
            return range(0)
        if start > end:
            self._bad(key, value, allowed)
            return range(0)
        return range(start.toordinal(), end.toordinal() + 1)

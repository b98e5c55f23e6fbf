"""The office's rules, one at a time: a schedule, an access profile, a span of special days added, changed or removed.

Each function works on a batch of the source, checks everything once more (whoever asks may be taken over), and refuses
in words of the page. What two people change at the same time is not overwritten: `was` says what the asker saw.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import date

import msgspec

from firmware.core.access import Rule, Window
from firmware.core.calendar import ALWAYS
from firmware.core.site import Site
from firmware.people.errors import PeopleError
from firmware.roster.keys import NAME
from firmware.roster.rules import EVERYWHERE, SPECIAL_DAYS_MAX, TABLES_MAX
from firmware.roster.source.batch import Batch
from firmware.roster.weekly import DAYS_A_WEEK, SPANS_MAX, Week, is_sound

NEW = "new"  # `was` of what is to be added
SUM_LETTERS = 16  # of SHA-256: nobody gains by two rules of one sum, they only must not be mistaken
NAMED_MAX = 20  # of those who use a rule, in a refusal
KINDS_MAX = 32  # of special days in one schedule
RULES_MAX = 32  # of one profile
POINTS_MAX = 256  # of one rule
YEAR_MIN, YEAR_MAX = 1970, 2200
SPAN_DAYS_MAX = 366
_POINT_CHARACTERS_MAX = 64
_encode = msgspec.json.Encoder().encode
_names = msgspec.json.Decoder(list[str])
_rules = msgspec.json.Decoder(tuple[Rule, ...])


class RuleRefused(PeopleError):
    """Nothing was changed. `why` is a word of the page, `what` what it is about, `by` who stands against it."""

    def __init__(self, why: str, what: str = "", by: Sequence[str] = (), more: int = 0) -> None:
        super().__init__(f"{why}: {what} {', '.join(by)}")
        self.why = why
        self.what = what
        self.by = tuple(by)
        self.more = more  # how many stand against it beside those


def sum_of(*texts: str) -> str:
    """What a rule is recognised by: the same as long as nobody changed it."""
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()[:SUM_LETTERS]


# -- schedules --------------------------------------------------------------------------------------------------------


def put_schedule(batch: Batch, name: str, week: Week, special: Mapping[str, tuple[Window, ...]], was: str) -> str:
    """Add (`was` is NEW) or change a schedule. `special`: kind -> windows, () for never on such days.

    Gives what it is recognised by from now on. Raises RuleRefused.
    """
    a_name(name, "schedule")
    if name == ALWAYS:
        raise RuleRefused("rule_built_in", name)
    _a_week(name, week, special)
    unchanged(batch, "schedule", name, was)
    text = (_encode(week).decode(), _encode(dict(sorted(special.items()))).decode())
    batch.db.execute(
        "INSERT INTO schedule VALUES (?, ?, ?)"
        " ON CONFLICT (name) DO UPDATE SET week = excluded.week, special = excluded.special",
        (name, *text),
    )
    return sum_of(name, *text)


def remove_schedule(batch: Batch, name: str, was: str, portals: Sequence[str] = ()) -> None:
    """Remove a schedule that no profile follows, nor any of the site's `portals`. Raises RuleRefused."""
    unchanged(batch, "schedule", name, was)
    if portals:
        raise RuleRefused("rule_schedule_of_site", name, portals[:NAMED_MAX], max(0, len(portals) - NAMED_MAX))
    users = followers(batch.db).get(name, [])
    if users:
        raise RuleRefused("rule_schedule_used", name, users[:NAMED_MAX], max(0, len(users) - NAMED_MAX))
    batch.db.execute("DELETE FROM schedule WHERE name = ?", (name,))


def followers(db: sqlite3.Connection) -> dict[str, list[str]]:
    """Schedule -> the profiles that follow it, by name."""
    found: dict[str, list[str]] = {}
    for profile, rules in db.execute("SELECT name, rules FROM profile ORDER BY name"):
        for schedule in sorted({rule.schedule for rule in _rules.decode(rules)}):
            found.setdefault(schedule, []).append(profile)
    return found


def portals_following(site: Site) -> dict[str, list[str]]:
    """Schedule -> the portals that follow it by the site file: open or closed by it, or asking for other factors."""
    found: dict[str, list[str]] = {}
    for portal in site.portals:
        names = {getattr(portal, name, None) for name in ("unlock_schedule", "closed_schedule")}
        names |= {need.schedule for point in portal.access_points for need in point.requirements}
        for name in sorted(name for name in names if name and name != ALWAYS):
            found.setdefault(name, []).append(portal.id)
    return found


# -- access profiles --------------------------------------------------------------------------------------------------


def put_profile(batch: Batch, name: str, rules: Sequence[Rule], was: str) -> str:
    """Add (`was` is NEW) or change an access profile. Gives what it is recognised by. Raises RuleRefused."""
    a_name(name, "profile")
    known = {ALWAYS, *(schedule for (schedule,) in batch.db.execute("SELECT name FROM schedule"))}
    if not 0 < len(rules) <= RULES_MAX:
        raise RuleRefused("rule_profile_empty" if not rules else "rule_too_many", name)
    for rule in rules:
        if not 0 < len(rule.access_points) <= POINTS_MAX:
            raise RuleRefused("rule_no_points", name)
        if rule.schedule not in known:
            raise RuleRefused("rule_schedule_unknown", rule.schedule[:_POINT_CHARACTERS_MAX])
        strange = [point for point in rule.access_points if point != EVERYWHERE and not _is_point(point)]
        if strange:
            raise RuleRefused("rule_bad_point", strange[0][:_POINT_CHARACTERS_MAX])
    unchanged(batch, "profile", name, was)
    text = _encode(tuple(rules)).decode()
    batch.db.execute(
        "INSERT INTO profile VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET rules = excluded.rules", (name, text)
    )
    return sum_of(name, text)


def remove_profile(batch: Batch, name: str, was: str, visitors: Sequence[str] = ()) -> None:
    """Remove an access profile that nobody has, none of the `visitors` invited here either. Raises RuleRefused."""
    unchanged(batch, "profile", name, was)
    not_of_visitors(name, visitors)
    has = "FROM holder WHERE instr(profiles, json_quote(?))"
    count = batch.db.execute(f"SELECT count(*) {has}", (name,)).fetchone()[0]
    if count:
        holders = [id for (id,) in batch.db.execute(f"SELECT id {has} ORDER BY id LIMIT {NAMED_MAX}", (name,))]
        raise RuleRefused("rule_profile_used", name, holders, count - len(holders))
    batch.db.execute("DELETE FROM profile WHERE name = ?", (name,))


def not_of_visitors(name: str, visitors: Sequence[str]) -> None:
    """Visitors hold a profile by its name, at the gate and not in the list: no batch can give them another one.

    Raises RuleRefused, naming them.
    """
    if visitors:
        raise RuleRefused("rule_profile_of_visitors", name, visitors[:NAMED_MAX], max(0, len(visitors) - NAMED_MAX))


def holders_by_profile(db: sqlite3.Connection) -> dict[str, int]:
    """Profile -> how many holders have it."""
    counts: dict[str, int] = {}
    for names, count in db.execute("SELECT profiles, count(*) FROM holder GROUP BY profiles"):
        for name in _names.decode(names):
            counts[name] = counts.get(name, 0) + count
    return counts


# -- special days -----------------------------------------------------------------------------------------------------


def put_special_days(batch: Batch, kind: str, first: date, last: date, *, instead: bool = False) -> None:
    """Make every day of a span one of this kind; `instead` of another kind, too. Raises RuleRefused."""
    a_name(kind, "special")
    days = _a_span(first, last)
    others: dict[int, str] = dict(
        batch.db.execute(
            "SELECT day, kind FROM special_day WHERE day BETWEEN ? AND ? AND kind <> ?", (days[0], days[-1], kind)
        )
    )
    if others and not instead:
        named = [f"{date.fromordinal(day).isoformat()} {other}" for day, other in sorted(others.items())]
        raise RuleRefused("rule_day_taken", kind, named[:NAMED_MAX], max(0, len(named) - NAMED_MAX))
    batch.db.executemany(
        "INSERT INTO special_day VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET kind = excluded.kind",
        ((day, kind) for day in days),
    )
    if batch.db.execute("SELECT count(*) FROM special_day").fetchone()[0] > SPECIAL_DAYS_MAX:
        raise RuleRefused("rule_too_many_days", str(SPECIAL_DAYS_MAX))


def remove_special_days(batch: Batch, kind: str, first: date, last: date) -> None:
    """Make the days of a span ordinary ones, as far as they are of this kind. Raises RuleRefused where none is."""
    days = _a_span(first, last)
    gone = batch.db.execute(
        "DELETE FROM special_day WHERE day BETWEEN ? AND ? AND kind = ?", (days[0], days[-1], kind)
    ).rowcount
    if not gone:
        raise RuleRefused("rule_no_such_days", kind)


def move_special_days(
    batch: Batch, kind: str, first: date, last: date, to: tuple[str, date, date], *, instead: bool
) -> None:
    """Change a span of special days: its days, its kind, or both. Raises RuleRefused."""
    remove_special_days(batch, kind, first, last)
    put_special_days(batch, *to, instead=instead)


# -- what all of them check -------------------------------------------------------------------------------------------


def a_name(name: str, what: str) -> None:
    if not NAME.fullmatch(name):
        raise RuleRefused(f"rule_bad_{what}_name", name[:_POINT_CHARACTERS_MAX])


def _is_point(point: str) -> bool:
    return (
        0 < len(point) <= _POINT_CHARACTERS_MAX
        and point.isascii()
        and point.replace("_", "a").isalnum()
        and point == point.lower()
    )


def _a_week(name: str, week: Week, special: Mapping[str, tuple[Window, ...]]) -> None:
    if len(week) != DAYS_A_WEEK or len(special) > KINDS_MAX:
        raise RuleRefused("rule_too_many", name)
    for kind in special:
        a_name(kind, "special")
    # A night may add one window to what the line of its second day has.
    for windows in (*week, *special.values()):
        if len(windows) > SPANS_MAX + 1 or not is_sound(windows):
            raise RuleRefused("rule_bad_hours", name)


def _a_span(first: date, last: date) -> range:
    if first > last:
        raise RuleRefused("rule_days_backwards", f"{first.isoformat()} {last.isoformat()}")
    if first.year < YEAR_MIN or last.year > YEAR_MAX:
        raise RuleRefused("rule_bad_date", first.isoformat() if first.year < YEAR_MIN else last.isoformat())
    if (last - first).days >= SPAN_DAYS_MAX:
        raise RuleRefused("rule_too_many_days", str(SPAN_DAYS_MAX))
    return range(first.toordinal(), last.toordinal() + 1)


def unchanged(batch: Batch, entity: str, name: str, was: str) -> None:
    """What the asker saw still stands there. Raises RuleRefused."""
    row = row_of(batch, entity, name)
    if was == NEW:
        if row is not None:
            raise RuleRefused(f"rule_{entity}_there", name)
        if batch.db.execute(f"SELECT count(*) FROM {entity}").fetchone()[0] >= TABLES_MAX:
            raise RuleRefused("rule_too_many", name)
    elif row is None:
        raise RuleRefused(f"rule_no_such_{entity}", name[:_POINT_CHARACTERS_MAX])
    elif sum_of(*row) != was:
        raise RuleRefused("rule_changed_meanwhile", name)


def row_of(batch: Batch, entity: str, name: str) -> tuple[str, ...] | None:
    """A schedule or a profile as it stands there, its name first."""
    columns = {"schedule": "week, special", "profile": "rules"}[entity]
    row: tuple[str, ...] | None = batch.db.execute(
        f"SELECT name, {columns} FROM {entity} WHERE name = ?", (name,)
    ).fetchone()
    return row

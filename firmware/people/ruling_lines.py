"""Questions about rules, and what answers them: schedules, access profiles and special days, shown and changed."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from typing import Any

import msgspec

from firmware.core.access import Rule, Rulebook, Schedule, Window
from firmware.people import renaming, ruling
from firmware.people.editing import edited
from firmware.people.errors import Denied
from firmware.people.line import AUDITOR, MANAGER, MANAGERS, Desk, Line, Lines
from firmware.people.ruling import RuleRefused
from firmware.people.turning import turn
from firmware.people_words.base import Asker
from firmware.people_words.rules import (
    ChangeProfile,
    ChangeSchedule,
    ChangeSpecialDays,
    FindProfile,
    FindSchedule,
    ListProfiles,
    ListSchedules,
    ListSpecialDays,
    Profiles,
    ProfileTold,
    RemoveProfile,
    RemoveSchedule,
    RemoveSpecialDays,
    RenameProfile,
    RenameSchedule,
    RuleChanged,
    Schedules,
    ScheduleTold,
    Span,
    SpecialDays,
)
from firmware.roster.source.batch import Batch, Kind
from firmware.roster.source.store import Source

READERS = frozenset({MANAGER, AUDITOR})
ANSWER_BYTES_MAX = 1 << 17  # half a frame
USED_BY_MAX = 20
SPANS_MAX = 400
# Where a refusal is about one field of what was asked.
FIELDS = {
    "rule_changed_meanwhile": "was",
    "rule_schedule_there": "name",
    "rule_profile_there": "name",
    "rule_built_in": "name",
    "rule_bad_schedule_name": "name",
    "rule_bad_profile_name": "name",
    "rule_bad_special_name": "kind",
    "rule_name_of_site": "name",
    "rule_schedule_unknown": "rules",
    "rule_profile_empty": "rules",
    "rule_no_points": "rules",
    "rule_bad_point": "rules",
    "rule_bad_hours": "week",
    "rule_day_taken": "instead",
    "rule_days_backwards": "last",
    "rule_bad_date": "first",
    "rule_too_many_days": "last",
}
_rules = msgspec.json.Decoder(tuple[Rule, ...])
_week = msgspec.json.Decoder(tuple[tuple[Window, ...], ...])
_special = msgspec.json.Decoder(dict[str, tuple[Window, ...]])


# -- shown ------------------------------------------------------------------------------------------------------------


def list_schedules(desk: Desk, _who: Asker, question: ListSchedules) -> Schedules:
    """Raises Denied."""
    with desk.place.reading() as source, source.snapshot() as db:
        return _schedules(desk, db, "name > ?", question.after, question.at_s)


def find_schedule(desk: Desk, _who: Asker, question: FindSchedule) -> Schedules:
    """Raises Denied where there is none of this name; "" has none, and tells the kinds of special days."""
    with desk.place.reading() as source, source.snapshot() as db:
        found = _schedules(desk, db, "name = ?", question.name, question.at_s)
    if question.name and not found.schedules:
        raise Denied("rule_no_such_schedule", what=question.name)
    return found


def _schedules(desk: Desk, db: sqlite3.Connection, where: str, name: str, at_s: int) -> Schedules:
    days = dict(db.execute("SELECT day, kind FROM special_day"))
    users = ruling.followers(db)
    site = ruling.portals_following(desk.place.config.site)
    told: list[ScheduleTold] = []
    room = ANSWER_BYTES_MAX
    more = False
    for row in db.execute(f"SELECT name, week, special FROM schedule WHERE {where} ORDER BY name", (name,)):
        schedule = Schedule(row[0], _week.decode(row[1]), _special.decode(row[2]))
        by = users.get(schedule.name, [])
        one = ScheduleTold(
            name=schedule.name,
            week=schedule.week,
            special=schedule.special,
            was=ruling.sum_of(*row),
            used_by=tuple(by[:USED_BY_MAX]),
            used_more=max(0, len(by) - USED_BY_MAX),
            portals=tuple(site.get(schedule.name, ())),
        )
        if at_s:
            book = Rulebook(0, {}, {schedule.name: schedule}, days)
            one = msgspec.structs.replace(one, **turn(book, schedule.name, desk.place.config.site.zone, at_s)._asdict())
        room -= len(msgspec.msgpack.encode(one))
        if room < 0 and told:
            more = True
            break
        told.append(one)
    return Schedules(schedules=tuple(told), more=more, kinds=kinds_of(db))


def list_profiles(desk: Desk, _who: Asker, question: ListProfiles) -> Profiles:
    """Raises Denied."""
    with desk.place.reading() as source, source.snapshot() as db:
        return _profiles(desk, db, "name > ?", question.after)


def find_profile(desk: Desk, _who: Asker, question: FindProfile) -> Profiles:
    """Raises Denied where there is none of this name."""
    with desk.place.reading() as source, source.snapshot() as db:
        found = _profiles(desk, db, "name = ?", question.name)
        if question.name and not found.profiles:
            raise Denied("rule_no_such_profile", what=question.name)
        names = tuple(name for (name,) in db.execute("SELECT name FROM schedule ORDER BY name"))
        return msgspec.structs.replace(found, schedules=names)


def _profiles(desk: Desk, db: sqlite3.Connection, where: str, name: str) -> Profiles:
    counts = ruling.holders_by_profile(db)
    told: list[ProfileTold] = []
    room = ANSWER_BYTES_MAX
    more = False
    for row in db.execute(f"SELECT name, rules FROM profile WHERE {where} ORDER BY name", (name,)):
        room -= len(row[1]) + 2 * len(row[0])
        if room < 0 and told:
            more = True
            break
        told.append(ProfileTold(row[0], _rules.decode(row[1]), ruling.sum_of(*row), counts.get(row[0], 0)))
    return Profiles(profiles=tuple(told), more=more, points=points_of(desk))


def points_of(desk: Desk) -> tuple[tuple[str, str], ...]:
    """This site's access points, each with its portal, in the order of the site file."""
    return tuple((point.id, portal.id) for portal in desk.place.config.site.portals for point in portal.access_points)


def kinds_of(db: sqlite3.Connection) -> tuple[str, ...]:
    """The kinds of special days that some day has, or some schedule names."""
    kinds = {kind for (kind,) in db.execute("SELECT DISTINCT kind FROM special_day")}
    for (special,) in db.execute("SELECT special FROM schedule WHERE special <> '{}'"):
        kinds |= _special.decode(special).keys()
    return tuple(sorted(kinds))


def list_special_days(desk: Desk, _who: Asker, question: ListSpecialDays) -> SpecialDays:
    """Raises Denied."""
    with desk.place.reading() as source, source.snapshot() as db:
        spans = [span for span in _spans(db) if (span.last < question.from_day) is question.past]
        if question.past:
            spans.reverse()
        holds: dict[str, dict[str, tuple[Window, ...]]] = {}
        count = 0
        for name, special in db.execute("SELECT name, special FROM schedule ORDER BY name"):
            count += 1
            for kind, windows in _special.decode(special).items():
                holds.setdefault(kind, {})[name] = windows
        kinds = kinds_of(db)
    shown = tuple(spans[:SPANS_MAX])
    return SpecialDays(spans=shown, more=len(spans) > SPANS_MAX, holds=_bounded(holds), schedules=count, kinds=kinds)


def _spans(db: sqlite3.Connection) -> list[Span]:
    """All special days as spans of one kind, by date."""
    spans: list[Span] = []
    for day, kind in db.execute("SELECT day, kind FROM special_day ORDER BY day"):
        if spans and spans[-1].kind == kind and spans[-1].last == day - 1:
            spans[-1] = Span(kind, spans[-1].first, day)
        else:
            spans.append(Span(kind, day, day))
    return spans


def _bounded(holds: dict[str, dict[str, tuple[Window, ...]]]) -> dict[str, dict[str, tuple[Window, ...]]]:
    """As much of it as an answer may hold; the pages of schedules have the rest."""
    room = ANSWER_BYTES_MAX
    kept: dict[str, dict[str, tuple[Window, ...]]] = {}
    for kind, schedules in holds.items():
        for name, windows in schedules.items():
            room -= len(name) + 8 * len(windows) + 8
            if room < 0:
                return kept
            kept.setdefault(kind, {})[name] = windows
    return kept


# -- changed ----------------------------------------------------------------------------------------------------------


@contextmanager
def _ruled(desk: Desk, who: Asker, detail: str, why: str) -> Iterator[Batch]:
    """A batch in which rules are changed. Raises Denied, for what the rules refuse too."""
    with edited(desk.place, who, detail, why=why, kind=Kind.RULES) as batch:
        try:
            yield batch
        except RuleRefused as error:
            by = ", ".join(error.by)
            more = str(error.more) if error.more else ""
            raise Denied(error.why, field=FIELDS.get(error.why, ""), what=error.what, by=by, more=more) from error


# What is done to a batch; it gives what the rule is recognised by from then on, or nothing.
Do = Callable[[Desk, Batch, Any], str | None]


def _change(desk: Desk, who: Asker, question: Any, *, what: str, do: Do) -> RuleChanged:
    """One change; the journal is told of which thing."""
    name = question.kind if isinstance(question, ChangeSpecialDays | RemoveSpecialDays) else question.name
    detail = f"{what} {name}"
    if isinstance(question, RenameSchedule | RenameProfile):
        detail += f" is {question.new_name}"
    with _ruled(desk, who, detail if detail.isprintable() else what, question.why) as batch:
        was = do(desk, batch, question)
    return RuleChanged(batch=batch.id if batch.changes else 0, changes=batch.changes, was=was or "")


def _changing(what: str, do: Do) -> Line:
    """What changes one thing of a kind."""
    return Line(MANAGERS, partial(_change, what=what, do=do), slow=True)


def _remove_schedule(desk: Desk, batch: Batch, question: RemoveSchedule) -> None:
    ruling.remove_schedule(batch, question.name, question.was, _portals(desk, question.name))


def _rename_schedule(desk: Desk, batch: Batch, question: RenameSchedule) -> str:
    portals = _portals(desk, question.name, question.new_name)
    return renaming.rename_schedule(batch, question.name, question.new_name, question.was, portals)


def _remove_profile(desk: Desk, batch: Batch, question: RemoveProfile) -> None:
    ruling.remove_profile(batch, question.name, question.was, _visitors(desk, question.name))


def _rename_profile(desk: Desk, batch: Batch, question: RenameProfile) -> str:
    visitors = _visitors(desk, question.name)
    return renaming.rename_profile(batch, question.name, question.new_name, question.was, visitors)


def _portals(desk: Desk, *schedules: str) -> list[str]:
    """Portals that follow one of these schedules by the site file."""
    found = ruling.portals_following(desk.place.config.site)
    return list(dict.fromkeys(portal for schedule in schedules for portal in found.get(schedule, ())))


def _visitors(desk: Desk, profile: str) -> list[str]:
    """Visitors who hold it at the gate, by their ids. Raises Denied where the controller does not answer."""
    return [entry.holder for entry in desk.place.local().entries if profile in entry.profiles]


def _change_days(_desk: Desk, batch: Batch, question: ChangeSpecialDays) -> None:
    first, last = date.fromordinal(question.first), date.fromordinal(question.last)
    if not question.old_kind:
        ruling.put_special_days(batch, question.kind, first, last, instead=question.instead)
        return
    old = (date.fromordinal(question.old_first), date.fromordinal(question.old_last))
    ruling.move_special_days(batch, question.old_kind, *old, (question.kind, first, last), instead=question.instead)


def _remove_days(_desk: Desk, batch: Batch, question: RemoveSpecialDays) -> None:
    ruling.remove_special_days(batch, question.kind, date.fromordinal(question.first), date.fromordinal(question.last))


def has_rules(source: Source) -> bool:
    """Whether there is any profile yet: without one nobody can come in."""
    return source.db.execute("SELECT 1 FROM profile LIMIT 1").fetchone() is not None


LINES: Lines = {
    ListSchedules: Line(READERS, list_schedules),
    FindSchedule: Line(READERS, find_schedule),
    ListProfiles: Line(READERS, list_profiles),
    FindProfile: Line(READERS, find_profile),
    ListSpecialDays: Line(READERS, list_special_days),
    ChangeSchedule: _changing(
        "schedule", lambda _, batch, asked: ruling.put_schedule(batch, asked.name, asked.week, asked.special, asked.was)
    ),
    RemoveSchedule: _changing("schedule", _remove_schedule),
    RenameSchedule: _changing("schedule", _rename_schedule),
    ChangeProfile: _changing(
        "profile", lambda _, batch, asked: ruling.put_profile(batch, asked.name, asked.rules, asked.was)
    ),
    RemoveProfile: _changing("profile", _remove_profile),
    RenameProfile: _changing("profile", _rename_profile),
    ChangeSpecialDays: _changing("special days", _change_days),
    RemoveSpecialDays: _changing("special days", _remove_days),
}

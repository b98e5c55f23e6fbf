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
from firmware.people import ruling
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
            raise Denied(error.why, what=error.what, by=by, more=str(error.more) if error.more else "") from error


def _change(
    desk: Desk, who: Asker, question: Any, *, detail: Callable[[Any], str], do: Callable[[Batch, Any], None]
) -> RuleChanged:
    with _ruled(desk, who, detail(question), question.why) as batch:
        do(batch, question)
    return RuleChanged(batch=batch.id if batch.changes else 0, changes=batch.changes)


def remove_schedule(desk: Desk, who: Asker, question: RemoveSchedule) -> RuleChanged:
    """Refused while a profile or a portal of the site follows it. Raises Denied."""
    portals = ruling.portals_following(desk.place.config.site).get(question.name, ())
    return _change(
        desk,
        who,
        question,
        detail=lambda asked: f"schedule {asked.name}" if asked.name.isprintable() else "schedule",
        do=lambda batch, asked: ruling.remove_schedule(batch, asked.name, asked.was, portals),
    )


def _changing(what: str, do: Callable[[Batch, Any], None]) -> Line:
    """What changes one thing of a kind; the journal is told which."""

    def detail(question: Any) -> str:
        name = question.kind if isinstance(question, ChangeSpecialDays | RemoveSpecialDays) else question.name
        return f"{what} {name}" if name.isprintable() else what

    return Line(MANAGERS, partial(_change, detail=detail, do=do), slow=True)


def _change_days(batch: Batch, question: ChangeSpecialDays) -> None:
    first, last = date.fromordinal(question.first), date.fromordinal(question.last)
    if not question.old_kind:
        ruling.put_special_days(batch, question.kind, first, last, instead=question.instead)
        return
    old = (date.fromordinal(question.old_first), date.fromordinal(question.old_last))
    ruling.move_special_days(batch, question.old_kind, *old, (question.kind, first, last), instead=question.instead)


def _remove_days(batch: Batch, question: RemoveSpecialDays) -> None:
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
        "schedule", lambda batch, asked: ruling.put_schedule(batch, asked.name, asked.week, asked.special, asked.was)
    ),
    RemoveSchedule: Line(MANAGERS, remove_schedule, slow=True),
    ChangeProfile: _changing(
        "profile", lambda batch, asked: ruling.put_profile(batch, asked.name, asked.rules, asked.was)
    ),
    RemoveProfile: _changing("profile", lambda batch, asked: ruling.remove_profile(batch, asked.name, asked.was)),
    ChangeSpecialDays: _changing("special days", _change_days),
    RemoveSpecialDays: _changing("special days", _remove_days),
}

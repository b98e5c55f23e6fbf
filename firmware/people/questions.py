"""Why was it decided so, and may she: answered by the code behind `menshen explain`, which is the gate's own.

What the gate knows only at that moment (areas, uses, a lockdown, a latched fault) is read of its journal and ledger.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from zoneinfo import ZoneInfo

from firmware.core import calendar
from firmware.core.access import Known, Profile, Rulebook
from firmware.core.account_facts import Act
from firmware.core.codes import Code, Reason
from firmware.core.decision import Decision
from firmware.explain.change import obstacles
from firmware.explain.event import Judged, event_of, row_of
from firmware.explain.holder import TOKEN_SHOWN, Answer, answers_of
from firmware.explain.knowing import JOURNAL_FOLDER, Given, Knowledge, around, point_of
from firmware.identity import IdentityError
from firmware.journal import JournalError
from firmware.journal.reading import reading
from firmware.journal.rows import decode_header
from firmware.journal.schema import DATABASE_FILE, NO_PORTAL
from firmware.people.errors import Denied
from firmware.people.line import AUDITOR, MANAGER, Desk, Line, Lines
from firmware.people.place import Place as Where
from firmware.people.promises import tell
from firmware.people_words.base import Asker
from firmware.people_words.questions import AskMay, AskWhy, Decided, Hours, May, MayBy, Person, Place, Span, Why
from firmware.roster.comparing.trial import Trial
from firmware.roster.errors import RosterError
from firmware.roster.install import PREVIOUS
from firmware.roster.roster import Roster, open_roster
from firmware.roster.source.errors import SourceError
from firmware.terminal import TerminalError

READERS = frozenset({AUDITOR, MANAGER})
QUIET = frozenset({Reason.DURESS_WITHOUT_RECEIVER})  # reasons that no screen shows
NOTED = {"event_nameless": "nameless", "event_erased": "erased", "event_undecided": "undecided"}
NAMED_MAX = 50  # profiles and schedules in an answer
_VERSION = re.compile(r"version ([0-9]{1,18})\b", re.ASCII)


def why(desk: Desk, who: Asker, question: AskWhy) -> Why:
    """The purpose is committed first. Raises Denied."""
    place = desk.place
    with _journal(place) as connection:
        try:
            event = row_of(connection, question.epoch, question.seq).event
        except TerminalError as error:
            raise Denied("questions_bad_row") from error
    if event.code is Code.DURESS:
        raise Denied("questions_bad_row")  # as if there were none
    holder = "" if event.body is None else event.body.holder or ""
    tell(place, who, Act.LOOKED_UP, f"why {question.epoch}:{question.seq}", holder=holder, why=question.why)
    with _knowing(place) as known, _journal(place) as connection:
        try:
            judged = event_of(connection, known, question.epoch, question.seq)
        except TerminalError as error:  # retention took it meanwhile
            raise Denied("questions_bad_row") from error
        return _why(place, connection, known, judged)


def _why(place: Where, connection: sqlite3.Connection, known: Knowledge, judged: Judged) -> Why:
    row, event, body = judged.row, judged.row.event, judged.row.event.body
    then_version = _version_at(connection, row.seq)
    with ExitStack() as stack:
        then = known.roster
        kept = then_version == known.roster.version
        if not kept and then_version:
            before = _before(place, then_version)
            if before is not None:
                then, kept = stack.enter_context(before), True
        rulebook = then.rulebook()
        recorded = tuple(reason for reason in event.reasons if reason.partition(":")[0] not in QUIET)
        trial = judged.tried
        profiles = trial.presented.profiles if trial is not None and isinstance(trial.presented, Known) else ()
        named = [reason.partition(":")[2] for reason in recorded if _names_schedule(reason)]
        return Why(
            then=Decided(outcome=_outcome_of(event.code), reasons=recorded),
            version_then=then_version,
            version_now=known.roster.version,
            kept=kept,
            place=_place(rulebook, event.access_point or "", known, row.utc_ms, profiles, named),
            profiles=profiles[:NAMED_MAX],
            person=_person(place, body.holder) if body is not None and body.holder else None,
            factor="" if trial is None else trial.factor.value,
            mark="" if body is None else (body.credential or "")[:TOKEN_SHOWN],
            now=None if judged.now is None else _decided(judged.now, trial),
            untold=next((NOTED[name] for name, _ in known.notes if name in NOTED), ""),
        )


def may(desk: Desk, _who: Asker, question: AskMay) -> May:
    """Raises Denied."""
    place = desk.place
    with _knowing(place) as known:
        try:
            point = point_of(known.config, question.access_point)
            zone = ZoneInfo(known.config.site.zone.name)
            answers = answers_of(known, question.holder, [point], question.at_s, given=question.given, week=zone)
        except TerminalError as error:
            raise Denied("questions_bad_place", text=str(error)) from error
        there = known.roster.holder(question.holder)
        rulebook = known.roster.rulebook()
        profiles = answers[0].presented.profiles if answers else there.profiles if there is not None else ()
        return May(
            person=_person(place, question.holder),
            known=bool(answers) or there is not None,
            version=known.roster.version,
            at_s=question.at_s,
            place=_place(rulebook, point.id, known, question.at_s * 1000, profiles),
            profiles=profiles[:NAMED_MAX],
            answers=tuple(_by(each, known, rulebook, question.at_s) for each in answers),
        )


# -- pieces of an answer ----------------------------------------------------------------------------------------------


def _by(answer: Answer, known: Knowledge, rulebook: Rulebook, at_s: int) -> MayBy:
    site = known.config.site
    wall = calendar.wall(site.zone, at_s)
    asked = (answer.point, answer.presented, answer.factor, answer.offered, wall, answer.standing)
    week = tuple(
        Span(
            span.from_s,
            span.until_s,
            span.decision.outcome.value,
            "" if span.decision.needs is None else span.decision.needs.value,
        )
        for span in answer.week
    )
    decided = _decided(answer.decision, Trial(site, rulebook, *asked))
    return MayBy(answer.factor.value, answer.presented.credential[:TOKEN_SHOWN], decided, week, answer.until_s)


def _decided(decision: Decision, trial: Trial | None) -> Decided:
    """What every screen may show of it: whether it was duress is not in it."""
    needs = "" if decision.needs is None else decision.needs.value
    return Decided(decision.outcome.value, decision.reasons, needs, () if trial is None else tuple(obstacles(trial)))


def _outcome_of(code: Code) -> str:
    return "granted" if code is Code.GRANTED else "denied" if code in (Code.DENIED, Code.UNKNOWN_CREDENTIAL) else ""


def _names_schedule(reason: str) -> bool:
    return reason.partition(":")[0] in (Reason.OUTSIDE_SCHEDULE, Reason.INSIDE_SCHEDULE, Reason.CLOCK_UNKNOWN_REFUSED)


def _place(
    rulebook: Rulebook,
    access_point: str,
    known: Knowledge,
    utc_ms: int | None,
    profiles: Collection[str],
    named: Sequence[str] = (),
) -> Place:
    """Profiles that have the access point; hours of the schedules that these, or `named`, follow there."""
    here = [profile for profile in rulebook.profiles.values() if _covers(profile, access_point)]
    schedules = dict.fromkeys(named) | dict.fromkeys(
        rule.schedule
        for profile in here
        if profile.name in profiles
        for rule in profile.rules
        if access_point in rule.access_points or "*" in rule.access_points
    )
    hours = []
    if utc_ms is not None:
        wall = calendar.wall(known.config.site.zone, utc_ms // 1000)
        for name in list(schedules)[:NAMED_MAX]:
            schedule = rulebook.schedules.get(name)
            if schedule is None:
                continue
            kind = rulebook.special_days.get(wall.day, "")
            windows = schedule.special[kind] if kind in schedule.special else schedule.week[wall.weekday]
            spans = tuple((window.start_minute, window.end_minute) for window in windows)
            hours.append(Hours(name, spans, kind if kind in schedule.special else ""))
    return Place(access_point, tuple(profile.name for profile in here)[:NAMED_MAX], tuple(hours))


def _covers(profile: Profile, access_point: str) -> bool:
    return any(access_point in rule.access_points or "*" in rule.access_points for rule in profile.rules)


def _person(place: Where, holder: str) -> Person:
    """By the source, if there is one that can be read: without names the answer is right all the same."""
    try:
        with place.reading() as source:
            row = source.db.execute("SELECT name, household FROM holder WHERE id = ?", (holder,)).fetchone()
    except (Denied, sqlite3.Error, SourceError):
        row = None
    return Person(holder) if row is None else Person(holder, row[0] or "", row[1] or "")


# -- what is known ----------------------------------------------------------------------------------------------------


@contextmanager
def _knowing(place: Where) -> Iterator[Knowledge]:
    """What the gate would know, by the roster in service. Raises Denied."""
    identity, authority = place.identity(), place.authority()
    with place.served() as roster:
        if roster is None:
            raise Denied("questions_no_roster")
        try:
            known = around(place.config, roster, Given(place.state), identity, authority)
        except (TerminalError, JournalError, RosterError, IdentityError, OSError) as error:
            raise Denied("questions_unanswered", text=str(error)) from error
        try:
            yield known
        except (JournalError, RosterError, sqlite3.Error, OSError) as error:
            raise Denied("questions_unanswered", text=str(error)) from error
        finally:
            known.close()


@contextmanager
def _journal(place: Where) -> Iterator[sqlite3.Connection]:
    try:
        with reading(place.state / JOURNAL_FOLDER / DATABASE_FILE, steps_max=None) as connection:
            yield connection
    except (JournalError, OSError) as error:
        raise Denied("questions_unanswered", text=str(error)) from error


def _version_at(connection: sqlite3.Connection, seq: int) -> int:
    """The version of the roster that was put into service last before this row; 0: the journal does not have it."""
    found = connection.execute(
        "SELECT header FROM events JOIN words ON words.id = events.kind AND words.word = ?"
        " WHERE events.portal = ? AND events.seq <= ? ORDER BY events.seq DESC LIMIT 1",
        (Code.ROSTER_REPLACED.value, NO_PORTAL, seq),
    ).fetchone()
    if found is None:
        return 0
    told = _VERSION.search(decode_header(found[0]).detail)
    return 0 if told is None else int(told[1])


def _before(place: Where, version: int) -> Roster | None:
    """The roster before the one in service, if it is of that version."""
    try:
        authority = place.authority()
        roster = open_roster(place.folder / PREVIOUS, authority.signers, digest_key_id=authority.digest_key_ids)
    except (RosterError, Denied):
        return None
    if roster.version == version:
        return roster
    roster.close()
    return None


LINES: Lines = {
    AskWhy: Line(READERS, why, slow=True),
    AskMay: Line(READERS, may, slow=True),
}

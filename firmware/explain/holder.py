"""Every credential of a holder at one or every access point: which would open, which not, and why.

Keys are not shown: a credential is told by its kind and the beginning of its id. Duress PINs are left out, so that
nobody learns from a list that there is one.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from firmware.config import escaped
from firmware.core import calendar
from firmware.core.access import Factor, Known, Unknown
from firmware.core.decision import Decision, Offered, Outcome, Standing, decide
from firmware.core.site import AccessPoint
from firmware.explain.knowing import Knowledge
from firmware.explain.single import answer_of, note_of, offered_by
from firmware.explain.week import Span, week_of
from firmware.roster.comparing.found import telling
from firmware.roster.presented import present_stored, resting_on
from firmware.terminal import DONE, SAID_NO, language_of, moment, reason, table
from firmware.texts import Texts

TOKEN_SHOWN = 8  # of 16 digits: enough to tell a holder's credentials apart


class Answer(NamedTuple):
    """One credential at one access point."""

    point: AccessPoint
    factor: Factor
    presented: Known
    decision: Decision
    until_s: int | None  # of the local entry that it rests on
    week: list[Span]
    offered: Offered
    standing: Standing


def explain_holder(
    arguments: argparse.Namespace, known: Knowledge, points: Sequence[AccessPoint], at_s: int | None, zone: ZoneInfo
) -> int:
    """Answer for --holder. Exit status 0: by one of the credentials, at one of the access points; 1: by none."""
    week = zone if arguments.week else None
    answers = answers_of(known, arguments.holder, points, at_s, given=arguments.given, week=week)
    _say(arguments, known, answers, at_s, zone)
    return DONE if any(answer.decision.outcome is Outcome.GRANTED for answer in answers) else SAID_NO


def answers_of(
    known: Knowledge,
    holder: str,
    points: Sequence[AccessPoint],
    at_s: int | None,
    *,
    given: Sequence[str] = (),
    week: ZoneInfo | None = None,
) -> list[Answer]:
    """Each credential of a holder at each access point; duress PINs are left out. `given` as --with says it.

    `week` asks for the week of `at_s` in that zone. What is taken as right is noted. Raises TerminalError.
    """
    credentials = credentials_of(known, holder)
    assumed: dict[str, None] = {}
    answers: list[Answer] = []
    for point in points:
        standing = known.standing(point.id)
        for factor, presented in credentials:
            besides = [word for word in given if word.partition(":")[0] != factor.value]
            offered, taken = offered_by(besides, factor, known, presented.holder)
            assumed |= dict.fromkeys(taken)
            answers.append(_answer(known, point, factor, presented, offered, standing, at_s))
            if week is not None and at_s is not None:
                spans = week_of(known, point, factor, presented, offered, at_s, week)
                answers[-1] = answers[-1]._replace(week=spans)
    if assumed:
        known.notes.append(("taken_as_right", ",".join(assumed)))
    return answers


def credentials_of(known: Knowledge, holder: str) -> list[tuple[Factor, Known]]:
    """All that the holder could present: by the roster, then by local entries."""
    quota_areas = [area.id for area in known.config.site.areas if area.quota]
    stored: dict[tuple[Factor, str | bytes], None] = {
        (factor, key): None for factor, key, enrolled in known.roster.credentials_of(holder) if not enrolled.duress
    }
    for entry in known.overlay.of_holder(holder):
        if entry.lets_in and entry.factor is not None and entry.key is not None:
            key = bytes.fromhex(entry.key) if entry.factor is Factor.PIN else entry.key
            stored[entry.factor, key] = None
    found: list[tuple[Factor, Known | Unknown]] = [
        (factor, present_stored(known.roster, known.ledger, factor, key, known.keys, quota_areas, known.overlay))
        for factor, key in stored
    ]
    # A key that was enrolled here and that the roster gives to somebody else is no longer this holder's.
    return [(factor, each) for factor, each in found if isinstance(each, Known) and each.holder == holder]


def _answer(
    known: Knowledge,
    point: AccessPoint,
    factor: Factor,
    presented: Known,
    offered: Offered,
    standing: Standing,
    at_s: int | None,
) -> Answer:
    site = known.config.site
    wall = None if at_s is None else calendar.wall(site.zone, at_s)
    decision = decide(site, known.roster.rulebook(), point, presented, factor, offered, wall, standing)
    entry = resting_on(known.overlay, presented)
    return Answer(point, factor, presented, decision, None if entry is None else entry.expires_s, [], offered, standing)


# -- the answer -------------------------------------------------------------------------------------------------------


def _say(
    arguments: argparse.Namespace, known: Knowledge, answers: Sequence[Answer], at_s: int | None, zone: ZoneInfo
) -> None:
    said = language_of(arguments)
    at = None if at_s is None else moment(at_s * 1000, zone)
    notes = [note_of(said, name, about) for name, about in known.notes]
    if arguments.json:
        answer = {
            "holder": arguments.holder,
            "known": bool(answers) or known.roster.holder(arguments.holder) is not None,
            "at": at,
            "at_utc_s": at_s,
            "roster_version": known.roster.version,
            "credentials": [_plain(each, said, zone) for each in answers],
            "notes": {name: text for (name, _), text in zip(known.notes, notes, strict=True)},
        }
        print(json.dumps(answer))
        return
    time = at or said.say("explain.time_unknown")
    print(said.say("explain.holder", holder=escaped(arguments.holder), time=time, version=known.roster.version))
    if not answers:
        there = known.roster.holder(arguments.holder) is not None
        print(said.say("explain.holder.without" if there else "explain.holder.unknown"))
    else:
        heads = [said.say(f"explain.column.{name}") for name in ("where", "credential", "answer", "why")]
        for line in table([heads, *(_cells(each, known, said, zone) for each in answers)]):
            print(line)
    for each in answers:
        for line in _week(each, said, zone) if arguments.week else ():
            print(line)
    for text in notes:
        print(text)


def _plain(answer: Answer, said: Texts, zone: ZoneInfo) -> dict[str, Any]:
    decision = answer.decision
    plain: dict[str, Any] = {
        "access_point": answer.point.id,
        "portal": answer.point.portal,
        "kind": answer.factor.value,
        "credential": answer.presented.credential,
        "status": answer.presented.status,
        "local": answer.presented.local,
        "local_until": None if answer.until_s is None else moment(answer.until_s * 1000, zone),
        "outcome": decision.outcome.value,
        "needs": None if decision.needs is None else decision.needs.value,
        "reasons": list(decision.reasons),
        "words": [reason(said, code) for code in decision.reasons],
    }
    if answer.week:
        plain["week"] = [
            {
                "from": moment(span.from_s * 1000, zone),
                "until": moment(span.until_s * 1000, zone),
                "outcome": span.decision.outcome.value,
                "needs": None if span.decision.needs is None else span.decision.needs.value,
            }
            for span in answer.week
        ]
    return plain


def _cells(answer: Answer, known: Knowledge, said: Texts, zone: ZoneInfo) -> list[str]:
    names = known.config.portal_names
    why = [reason(said, code) for code in telling(answer.decision)]
    if answer.until_s is not None:
        why.append(said.say("explain.local", until=moment(answer.until_s * 1000, zone) or answer.until_s))
    place = escaped(f"{names.get(answer.point.portal, answer.point.portal)} ({answer.point.id})")
    return [place, _credential(answer, said), answer_of(said, answer.decision), "; ".join(why)]


def _credential(answer: Answer, said: Texts) -> str:
    return f"{said.say(f'explain.kind.{answer.factor.value}')} {answer.presented.credential[:TOKEN_SHOWN]}"


def _week(answer: Answer, said: Texts, zone: ZoneInfo) -> list[str]:
    """When in the week this credential opens this access point, by itself or with something more."""
    place = {"where": escaped(answer.point.id), "credential": _credential(answer, said)}
    spans = [span for span in answer.week if span.decision.outcome is not Outcome.DENIED]
    if not spans:
        return [said.say("explain.week.never", **place)]
    lines = [said.say("explain.week", **place)]
    for span in spans:
        start, end = (moment(instant_s * 1000, zone) for instant_s in (span.from_s, span.until_s))
        lines.append(f"  {start} - {end}  {answer_of(said, span.decision)}")
    return lines

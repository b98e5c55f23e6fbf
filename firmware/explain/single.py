"""One credential at one access point at one instant: the gate's own decision, and every rule that led to it."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

from firmware.config import Config, escaped
from firmware.core import calendar
from firmware.core.access import Factor, Known, Unknown
from firmware.core.decision import NOTHING_OFFERED, NOTHING_STANDS, Decision, Offered, Outcome, Standing, decide
from firmware.explain.knowing import Knowledge, point_of
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.presented import Keys, Ledger, present, resting_on
from firmware.roster.roster import Roster, SecondPin
from firmware.terminal import (
    ARGUMENT_CHARACTERS_MAX,
    DONE,
    SAID_NO,
    TerminalError,
    a_text,
    language_of,
    moment,
    quoted,
    reason,
)
from firmware.texts import Texts


class Explained(NamedTuple):
    """What the gate would decide, and what it was told of the credential."""

    decision: Decision
    presented: Known | Unknown


def explain(
    config: Config,
    roster: Roster,
    ledger: Ledger,
    identity: Keys,
    access_point: str,
    factor: Factor,
    key: str,
    at_utc_s: int | None,
    offered: Offered = NOTHING_OFFERED,
    standing: Standing = NOTHING_STANDS,
    overlay: Overlay = EMPTY,
) -> Explained:
    """Decide as the gate does: look up, then `decide`. `at_utc_s` None: wall time is unknown.

    `key` is the credential as a reader gives it (a card `FORMAT:facility:number`, a PIN its digits). Raises
    TerminalError for an access point that the site has not, RosterDamaged where the disk fails.
    """
    point = point_of(config, access_point)
    quota_areas = [area.id for area in config.site.areas if area.quota]
    presented = present(roster, ledger, factor, key, identity, quota_areas, overlay)
    wall = None if at_utc_s is None else calendar.wall(config.site.zone, at_utc_s)
    decision = decide(config.site, roster.rulebook(), point, presented, factor, offered, wall, standing)
    return Explained(decision, presented)


def explain_one(arguments: argparse.Namespace, known: Knowledge, at_s: int | None, zone: ZoneInfo) -> int:
    """Answer for --credential. Exit status 0: let in; 1: not, or not yet."""
    config = known.config
    factor, key = credential_of(arguments.credential)
    presented = present(known.roster, known.ledger, factor, key, known.keys, overlay=known.overlay)
    holder = presented.holder if isinstance(presented, Known) else None
    offered, assumed = offered_by(arguments.given, factor, known, holder)
    if assumed:
        known.notes.append(("taken_as_right", ",".join(assumed)))
    entry = resting_on(known.overlay, presented)
    if entry is not None:
        known.notes.append(("overlay_entry", f"{entry.id}, {moment(entry.expires_s * 1000, zone)}"))
    standing = known.standing(arguments.access_point)
    question = (arguments.access_point, factor, key, at_s, offered, standing, known.overlay)
    decision = explain(config, known.roster, known.ledger, known.keys, *question).decision
    _say(arguments, decision, at_s, zone, config, known)
    return DONE if decision.outcome is Outcome.GRANTED else SAID_NO


def offered_by(words: list[str], factor: Factor, known: Knowledge, holder: str | None) -> tuple[Offered, list[str]]:
    """What --with says was given before, and what of it is taken as right: all but a PIN that is written out."""
    factors: list[Factor] = []
    assumed: list[str] = []
    duress = wrong = False
    for word in words:
        kind, _, value = word.partition(":")
        if kind not in {other.value for other in Factor} or kind == factor.value:
            allowed = ", ".join(other.value for other in Factor if other is not factor)
            raise TerminalError(f"--with {quoted(word)}: allowed are {allowed}, or pin:DIGITS")
        if value and kind != Factor.PIN.value:
            raise TerminalError(f"--with {quoted(word)}: write {kind} alone; it is taken as the same holder's")
        factors.append(Factor(kind))
        if not value:
            assumed.append(kind)
        elif holder is not None:
            found = known.roster.second_pin(holder, value, known.keys)
            alone = present(known.roster, known.ledger, Factor.PIN, value, known.keys, overlay=known.overlay)
            # A PIN that identifies alone serves here too.
            own = isinstance(alone, Known) and alone.holder == holder and alone.status == "active"
            duress = duress or found is SecondPin.DURESS or (own and isinstance(alone, Known) and alone.duress)
            wrong = wrong or (found is None and not own)
    return Offered(factors=tuple(dict.fromkeys(factors)), duress=duress, pin_wrong=wrong), assumed


def credential_of(word: str) -> tuple[Factor, str]:
    """Kind and value of --credential."""
    line = a_text(sys.stdin.readline(ARGUMENT_CHARACTERS_MAX).rstrip("\n")) if word == "-" else word
    kind, _, value = line.partition(":")
    if kind not in {factor.value for factor in Factor} or not value:
        kinds = ", ".join(factor.value for factor in Factor)
        found = "" if kind == Factor.PIN.value else f" {quoted(line)}"  # a PIN is not shown, however it was mistyped
        raise TerminalError(f"credential{found}: write KIND:VALUE, where KIND is one of {kinds}")
    return Factor(kind), value


def _say(
    arguments: argparse.Namespace, decision: Decision, at_s: int | None, zone: tzinfo, config: Config, known: Knowledge
) -> None:
    """The answer: outcome, the rules in the order in which they were tried, and what it rests on."""
    said = language_of(arguments)
    point = point_of(config, arguments.access_point)
    words = [reason(said, code) for code in decision.reasons]
    notes = [note_of(said, name, about) for name, about in known.notes]
    at = None if at_s is None else moment(at_s * 1000, zone)
    if arguments.json:
        answer = {
            "outcome": decision.outcome.value,
            "needs": None if decision.needs is None else decision.needs.value,
            "reasons": list(decision.reasons),
            "words": words,
            "access_point": point.id,
            "portal": point.portal,
            "at": at,
            "at_utc_s": at_s,
            "roster_version": known.roster.version,
            "notes": {name: text for (name, _), text in zip(known.notes, notes, strict=True)},
        }
        print(json.dumps(answer))
        return
    print(answer_of(said, decision))
    place = escaped(f"{config.portal_names.get(point.portal, point.portal)} ({point.id})")
    time = at or said.say("explain.time_unknown")
    print(said.say("explain.at", place=place, time=time, version=known.roster.version))
    print(said.say("explain.rules"))
    for number, text in enumerate(words, 1):
        print(f"  {number}. {text}")
    for text in notes:
        print(text)


def answer_of(said: Texts, decision: Decision) -> str:
    """The outcome in words."""
    if decision.needs is not None:
        return said.say("explain.needs", what=said.say(f"explain.need.{decision.needs.value}"))
    return said.say(f"explain.{decision.outcome.value}")


def note_of(said: Texts, name: str, about: str) -> str:
    """What the answer rests on, in words. `about` is empty, kinds of credential, or an error."""
    if name == "taken_as_right":
        about = ", ".join(said.say(f"explain.need.{kind}") for kind in about.split(","))
    fills = {"what": about} if name == "taken_as_right" else {"why": escaped(about)} if about else {}
    return said.say(f"explain.note.{name}", **fills)

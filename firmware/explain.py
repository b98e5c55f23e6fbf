"""`menshen explain`: would this credential be let in here, then, and why: the same code path as the gate's.

What the gate knows only at that moment (who is inside, use counts, a lockdown, a latched fault, what was suspended or
enrolled there) is taken from the controller's state folder where there is one; the options add to it. Whose credential
it is is not told: that would be a search for a person (DESIGN.md, section 5, point 7); duress PINs look like any other.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Collection
from contextlib import ExitStack
from datetime import tzinfo
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from firmware.config import Config, escaped, load
from firmware.core import calendar, swipe
from firmware.core.access import Factor, Known, Unknown
from firmware.core.decision import NOTHING_OFFERED, NOTHING_STANDS, Decision, Offered, Outcome, Standing, decide
from firmware.core.draft import Draft
from firmware.core.facts import Started
from firmware.core.site import AccessPoint
from firmware.core.state import initial
from firmware.core.step import step
from firmware.core.turn import OVERLAY
from firmware.identity import Identity, IdentityError
from firmware.journal import JournalError
from firmware.journal import Ledger as JournalLedger
from firmware.journal.reading import reading
from firmware.journal.schema import DATABASE_FILE
from firmware.roster.errors import RosterError
from firmware.roster.install import load_last_good
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.overlay_file import load as load_overlay
from firmware.roster.presented import Entry, Keys, Ledger, present, resting_on, second_pin
from firmware.roster.roster import Roster, SecondPin, open_roster
from firmware.roster.seal import claimed_signer
from firmware.terminal import (
    ARGUMENT_CHARACTERS_MAX,
    DONE,
    MISUSED,
    SAID_NO,
    TerminalError,
    a_key,
    a_path,
    a_text,
    add_language,
    complain,
    instant_ms,
    language_of,
    moment,
    own_identity,
    prepare_output,
    quoted,
    reason,
)
from firmware.texts import Texts

UNKNOWN_TIME = "unknown"
FLAGS = ("lockdown", "out_of_service", "locked_by_operator", "fault_latched", "fire", "evacuation")
INTERLOCK, UNTRUSTED = "interlock:", "ledger_untrusted"


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


def point_of(config: Config, access_point: str) -> AccessPoint:
    """Return an access point of the site. Raises TerminalError."""
    points = {point.id: point for portal in config.site.portals for point in portal.access_points}
    if access_point not in points:
        there = ", ".join(sorted(points))
        raise TerminalError(f"access point {quoted(access_point)} is not at this site; there are: {there}")
    return points[access_point]


# -- what the gate would know -----------------------------------------------------------------------------------------


class Nobody:
    """The ledger of a controller that has not seen anybody."""

    def holder(self, _holder: str, /) -> Entry | None:
        return None

    def household_inside(self, _household: str, _besides: str, _areas: Collection[str] | None, /) -> int:
        return 0


class _NoKeys:
    """Without a controller's key no PIN can be looked up; nothing else needs one to be decided."""

    def pseudonym(self, _kind: str, _value: str) -> str:
        return ""

    def pin_digest(self, _salt_holder: str, _pin: str) -> bytes:
        raise TerminalError("a PIN can be looked up with the controller's own key only: give --state")


class Knowledge(NamedTuple):
    """Everything beside the question itself. `notes` are message ids with what they name."""

    roster: Roster
    ledger: Ledger
    keys: Keys
    standing: Standing
    notes: list[tuple[str, str]]
    close: Callable[[], None]
    overlay: Overlay = EMPTY


def standing_of(config: Config, access_point: str, kept: dict[str, str] | None, occupancy: dict[str, int]) -> Standing:
    """What a controller that kept this would let stand at the access point: its own start, and its own question.

    Other doors are taken as closed: where their leaves are is known to their contacts only.
    """
    state, _ = step(initial(config.site), 0, Started(boot="explain", kept=kept, occupancy=occupancy))
    draft = Draft(state, 0)
    point = point_of(config, access_point)
    standing = swipe.standing(draft, draft.wiring.portals[point.portal], point)
    return msgspec.structs.replace(standing, interlock_busy=())


def _gather(arguments: argparse.Namespace, config: Config) -> Knowledge:
    """Roster, ledger and keys as the options name them. Raises whatever is wrong with one of them."""
    notes: list[tuple[str, str]] = []
    identity = None if arguments.state is None else own_identity(arguments.state)
    roster = _roster(arguments, config, identity, notes)
    ledger: Ledger = Nobody()
    close = roster.close
    kept: dict[str, str] | None = {}
    occupancy: dict[str, int] = {}
    path = None if arguments.state is None else arguments.state / "journal" / DATABASE_FILE
    if path is not None and path.exists():
        with reading(path, steps_max=None) as connection:
            kept = dict(connection.execute("SELECT key, value FROM kept").fetchall())
        from_journal = JournalLedger(path, trusted=True, committed=lambda: 0, unread=_unread)
        occupancy = from_journal.occupancy()
        ledger = from_journal

        def close() -> None:
            from_journal.close()
            roster.close()

        notes.append(("ledger_now", ""))
    else:
        notes.append(("ledger_empty", ""))
    standing = _stands(arguments.standing, standing_of(config, arguments.access_point, kept, occupancy), config)
    overlay = _overlay(arguments, identity, kept, notes)
    return Knowledge(roster, ledger, _NoKeys() if identity is None else identity, standing, notes, close, overlay)


def _overlay(
    arguments: argparse.Namespace,
    identity: Identity | None,
    kept: dict[str, str] | None,
    notes: list[tuple[str, str]],
) -> Overlay:
    """What was suspended, enrolled and invited at the controller; nothing where no state folder is given."""
    if identity is None:
        return EMPTY
    revision = (kept or {}).get(OVERLAY, "")
    loaded = load_overlay(arguments.state / "roster", identity.public_key, int(revision) if revision.isdecimal() else 0)
    notes += [("overlay_refused", str(error)) for error in loaded.refused]
    return loaded.overlay


def _unread(why: str) -> None:
    """The gate decides on with a ledger that it doubts; an explanation would only be wrong."""
    raise TerminalError(f"{why}. Try again, or give --roster alone for an answer without a ledger.")


def _roster(
    arguments: argparse.Namespace, config: Config, identity: Identity | None, notes: list[tuple[str, str]]
) -> Roster:
    """The roster in question, against the keys that its controller would trust."""
    own = [] if identity is None else [identity.public_key]
    trusted = arguments.key or list(config.roster.signers) or own
    digest_key_id = None if identity is None else identity.digest_key_id
    if arguments.roster is None:
        loaded = load_last_good(arguments.state / "roster", trusted, digest_key_id=digest_key_id)
        notes += [("roster_previous", str(error)) for error in loaded.refused]
        return loaded.roster
    if not trusted:
        trusted = [claimed_signer(arguments.roster)]
        notes.append(("roster_unproven", ""))
    return open_roster(arguments.roster, trusted, digest_key_id=digest_key_id)


def _stands(words: str, standing: Standing, config: Config) -> Standing:
    """`standing` with what --standing adds."""
    portals = {portal.id for portal in config.site.portals}
    for word in filter(None, words.split(",")):
        if word in FLAGS:
            standing = msgspec.structs.replace(standing, **{word: True})
        elif word == UNTRUSTED:
            standing = msgspec.structs.replace(standing, ledger_trusted=False)
        elif word.startswith(INTERLOCK) and word.removeprefix(INTERLOCK) in portals:
            busy = (*standing.interlock_busy, word.removeprefix(INTERLOCK))
            standing = msgspec.structs.replace(standing, interlock_busy=busy)
        else:
            allowed = ", ".join((*FLAGS, UNTRUSTED, f"{INTERLOCK}PORTAL"))
            raise TerminalError(f"--standing {quoted(word)}: allowed are {allowed}")
    return standing


def _offered(
    words: list[str], factor: Factor, known: Knowledge, holder: str | None, at_s: int | None, notes: list[str]
) -> Offered:
    """What --with says was given before. A PIN is looked at where it is written; all else is taken as right."""
    factors: list[Factor] = []
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
            notes.append(kind)
        elif holder is not None:
            found = second_pin(known.roster, holder, value, known.keys, known.overlay, at_s)
            alone = present(known.roster, known.ledger, Factor.PIN, value, known.keys, overlay=known.overlay)
            own = isinstance(alone, Known) and alone.holder == holder  # a PIN that identifies alone serves here too
            duress = duress or found is SecondPin.DURESS or (own and isinstance(alone, Known) and alone.duress)
            wrong = wrong or (found is None and not own)
    return Offered(factors=tuple(dict.fromkeys(factors)), duress=duress, pin_wrong=wrong)


# -- the command ------------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen explain`."""
    parser.add_argument("file", type=a_path, metavar="FILE", help="the site file")
    parser.add_argument("--roster", type=a_path, metavar="R", help="a roster (default: the one in --state)")
    parser.add_argument(
        "--state", type=a_path, metavar="DIR", help="the controller's state folder: key, ledger, faults"
    )
    parser.add_argument("--key", type=a_key, metavar="HEX", action="append", help="whose roster to trust")
    parser.add_argument("--access-point", type=a_text, metavar="ID", required=True)
    parser.add_argument(
        "--credential",
        type=a_text,
        metavar="KIND:VALUE",
        required=True,
        help="card:H10301:12:34567, plate:..., pin:...; '-' reads it from standard input, where no history keeps it",
    )
    parser.add_argument(
        "--with",
        dest="given",
        type=a_text,
        metavar="KIND",
        nargs="+",
        action="extend",
        default=[],
        help="what the same holder gave before, such as pin; pin:DIGITS is checked",
    )
    parser.add_argument(
        "--at", type=a_text, metavar="TIME", required=True, help="ISO 8601, local at the site; or 'unknown'"
    )
    parser.add_argument(
        "--standing", type=a_text, metavar="WORDS", default="", help=f"{','.join(FLAGS)},{UNTRUSTED},{INTERLOCK}PORTAL"
    )
    add_language(parser)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: let in; 1: not, or not yet; 2: misused."""
    prepare_output()
    try:
        status = _explain(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except (TerminalError, RosterError, JournalError, IdentityError, OSError) as error:
        complain("explain", error)
        return MISUSED


def _explain(arguments: argparse.Namespace) -> int:
    config, problems = load(arguments.file)
    if config is None:
        raise TerminalError(f"{arguments.file} has {len(problems)} problems; `menshen check` lists them")
    if arguments.roster is None and arguments.state is None:
        raise TerminalError("give --roster FILE, or --state DIR of a controller, or both")
    zone = ZoneInfo(config.site.zone.name)
    at_s = None if arguments.at == UNKNOWN_TIME else instant_ms(arguments.at, zone) // 1000
    factor, key = _credential(arguments.credential)
    point_of(config, arguments.access_point)
    known = _gather(arguments, config)
    with ExitStack() as opened:
        opened.callback(known.close)
        presented = present(known.roster, known.ledger, factor, key, known.keys, overlay=known.overlay)
        holder = presented.holder if isinstance(presented, Known) else None
        assumed: list[str] = []
        offered = _offered(arguments.given, factor, known, holder, at_s, assumed)
        if assumed:
            known.notes.append(("taken_as_right", ",".join(assumed)))
        entry = resting_on(known.overlay, presented)
        if entry is not None:
            known.notes.append(("overlay_entry", f"{entry.id}, {moment(entry.expires_s * 1000, zone)}"))
        question = (arguments.access_point, factor, key, at_s, offered, known.standing, known.overlay)
        decision = explain(config, known.roster, known.ledger, known.keys, *question).decision
        _say(arguments, decision, at_s, zone, config, known)
    return DONE if decision.outcome is Outcome.GRANTED else SAID_NO


def _credential(word: str) -> tuple[Factor, str]:
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
    notes = [_note(said, name, about) for name, about in known.notes]
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
    if decision.needs is not None:
        print(said.say("explain.needs", what=said.say(f"explain.need.{decision.needs.value}")))
    else:
        print(said.say(f"explain.{decision.outcome.value}"))
    place = escaped(f"{config.portal_names.get(point.portal, point.portal)} ({point.id})")
    time = at or said.say("explain.time_unknown")
    print(said.say("explain.at", place=place, time=time, version=known.roster.version))
    print(said.say("explain.rules"))
    for number, text in enumerate(words, 1):
        print(f"  {number}. {text}")
    for text in notes:
        print(text)


def _note(said: Texts, name: str, about: str) -> str:
    """What the answer rests on, in words. `about` is empty, kinds of credential, or an error."""
    if name == "taken_as_right":
        about = ", ".join(said.say(f"explain.need.{kind}") for kind in about.split(","))
    fills = {"what": about} if name == "taken_as_right" else {"why": escaped(about)} if about else {}
    return said.say(f"explain.note.{name}", **fills)

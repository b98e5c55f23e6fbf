"""What the actions at the office socket share: who asks and why, credentials as they are given, the answer."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import urllib.parse
from collections.abc import Sequence
from contextlib import closing
from datetime import tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from firmware.config import escaped
from firmware.core.access import Factor
from firmware.core.codes import Reason
from firmware.messages import Answer, AnyOfficeCommand, CancelEnrolment, Enrol, Invite
from firmware.roster.entry import ISSUER_CHARACTERS_MAX
from firmware.roster.install import CURRENT
from firmware.roster.keys import ALLOWED, ID, ID_ALLOWED, canonical, valid
from firmware.roster.office import ANSWER_S_MAX, Office
from firmware.roster.schema import TIME_ZONE
from firmware.terminal import (
    ARGUMENT_CHARACTERS_MAX,
    DONE,
    SAID_NO,
    TerminalError,
    a_path,
    a_purpose,
    a_text,
    a_zone,
    add_language,
    instant_ms,
    language_of,
    moment,
    quoted,
    reason,
)
from firmware.texts import Texts

SECONDS_MIN, SECONDS_MAX, SECONDS_DEFAULT = 5, 120, 30  # as the reader takes them: firmware/core/enrolment.py
TIME_HELP = "ISO 8601, such as 2026-12-31T18:00; local in the roster's time zone, or with an offset"
# What to do about a refusal whose reason alone does not tell: (action, or "" for any; reason) -> text.
_HINTS = {
    ("lift", Reason.NOT_FOUND.value): "nothing_to_lift",
    ("", Reason.NOT_ALLOWED.value): "not_allowed_here",
}
AT_READERS = (Factor.CARD, Factor.TAG, Factor.CODE)  # what a reader can enrol; a PIN is not presented


# -- arguments --------------------------------------------------------------------------------------------------------


def a_holder(text: str) -> str:
    """Return the id of a holder or household."""
    if not ID.fullmatch(text):
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no id: {ID_ALLOWED}")
    return text


def an_issuer(text: str) -> str:
    """Return the name of whoever asks, as it is kept: one line."""
    line = " ".join(a_text(text).split())
    if not 1 <= len(line) <= ISSUER_CHARACTERS_MAX or not line.isprintable():
        allowed = f"up to {ISSUER_CHARACTERS_MAX} printable characters on one line"
        raise argparse.ArgumentTypeError(f"{quoted(text)}: say who asks for it in {allowed}")
    return line


def seconds(text: str) -> int:
    """Return how long a reader waits."""
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not SECONDS_MIN <= int(text) <= SECONDS_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)}: {SECONDS_MIN} to {SECONDS_MAX} seconds are allowed")
    return int(text)


def add_person(parser: argparse.ArgumentParser) -> None:
    """Add --state, --by, --why, --time-zone, --json and --language."""
    parser.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
    parser.add_argument("--by", type=an_issuer, metavar="WHO", required=True, help="who asks: kept in the journal")
    parser.add_argument("--why", type=a_purpose, metavar="TEXT", required=True, help="why, in a sentence: kept, too")
    parser.add_argument("--time-zone", type=a_zone, metavar="NAME", help="of all times (default: the roster's)")
    add_language(parser)


def add_credential(parser: argparse._ActionsContainer, *, required: bool = False) -> None:
    """Add --credential."""
    parser.add_argument(
        "--credential",
        type=a_text,
        metavar="KIND:VALUE",
        required=required,
        help="card:H10301:12:34567, plate:..., tag:...; '-' reads it from standard input, where no history keeps it",
    )


def add_source_of_credential(parser: argparse.ArgumentParser) -> None:
    """Add --credential or --reader, one of which is needed, with --kind and --seconds."""
    given = parser.add_mutually_exclusive_group(required=True)
    add_credential(given)
    given.add_argument("--reader", type=a_text, metavar="ID", help="the reader where it is presented")
    kinds = [factor.value for factor in AT_READERS]
    parser.add_argument("--kind", choices=kinds, default=kinds[0], help="of what is presented (default: card)")
    default = f"how long the reader waits (default: {SECONDS_DEFAULT})"
    parser.add_argument("--seconds", type=seconds, default=SECONDS_DEFAULT, metavar="N", help=default)


def credential(word: str | None) -> tuple[Factor | None, str | None]:
    """Return kind and canonical key of --credential; (None, None) where none is given. Raises TerminalError."""
    if word is None:
        return None, None
    line = _from_stdin() if word == "-" else word
    kind, _, value = line.partition(":")
    if kind not in {factor.value for factor in Factor} or not value:
        kinds = ", ".join(factor.value for factor in Factor)
        found = "" if kind == Factor.PIN.value else f" {quoted(line)}"  # a PIN is not shown, however it was mistyped
        raise TerminalError(f"credential{found}: write KIND:VALUE, where KIND is one of {kinds}")
    factor = Factor(kind)
    key = canonical(factor, value)
    if not valid(factor, key):
        found = "a PIN" if factor is Factor.PIN else quoted(value)
        raise TerminalError(f"credential: {found} is no {factor.value}; {ALLOWED[factor]}")
    return factor, key


def _from_stdin() -> str:
    try:
        return a_text(sys.stdin.readline(ARGUMENT_CHARACTERS_MAX).rstrip("\n"))
    except (argparse.ArgumentTypeError, UnicodeError) as error:
        raise TerminalError(f"credential on standard input: {error}") from error


def presented_ms(arguments: argparse.Namespace) -> int:
    """How long the reader waits."""
    return int(arguments.seconds) * 1000


# -- times ------------------------------------------------------------------------------------------------------------


def zone_of(arguments: argparse.Namespace) -> tzinfo | None:
    """The zone of the times: as asked for, the roster's, or the machine's (None)."""
    zone: tzinfo | None = arguments.time_zone
    return zone or _zone_of_roster(arguments.state / "roster" / CURRENT)


def _zone_of_roster(path: Path) -> tzinfo | None:
    """Read without proof: a zone is only how times are written, and each is shown with its offset."""
    uri = f"file:{urllib.parse.quote(str(path.absolute()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            row = database.execute("SELECT value FROM meta WHERE name = ?", (TIME_ZONE,)).fetchone()
        return None if row is None else ZoneInfo(str(row[0]))
    except (sqlite3.Error, KeyError, ValueError, OSError):
        return None  # no roster yet, or one that the controller refuses too: then the machine's zone


def instant_s(text: str | None, zone: tzinfo | None) -> int | None:
    """UTC seconds of a time that was written, None where there is none. Raises TerminalError."""
    return None if text is None else instant_ms(text, zone) // 1000


def local_time(at_s: int | None, zone: tzinfo | None) -> str:
    """Date and seconds, with the offset; "-" where it is not known."""
    return "-" if at_s is None else moment(at_s * 1000, zone) or str(at_s)


def end_of_suspension(said: Texts, until_s: int | None, zone: tzinfo | None) -> str:
    """When what refuses ends, in a sentence."""
    if until_s is None:
        return said.say("roster.office.no_end")
    return said.say("roster.office.until", until=local_time(until_s, zone))


def end_of_enrolment(said: Texts, until_s: int | None, zone: tzinfo | None) -> str:
    """When what lets in ends, in a sentence."""
    if until_s is None:
        return said.say("roster.office.enrolled_for")
    return said.say("roster.office.until", until=local_time(until_s, zone))


# -- asking -----------------------------------------------------------------------------------------------------------


def ask(arguments: argparse.Namespace, command: AnyOfficeCommand, done: Sequence[str]) -> int:
    """Ask for a change and say what became of it: `done` are the sentences of success. Returns the exit status."""
    reader = command.reader if isinstance(command, Enrol | Invite) else None
    with Office(arguments.state) as office:
        if reader is None:
            answer = office.ask(command)
        else:
            assert isinstance(command, Enrol | Invite), "only these wait at a reader"
            answer = _at_reader(arguments, office, command, reader)
    return say(arguments, answer, done)


def _at_reader(arguments: argparse.Namespace, office: Office, command: Enrol | Invite, reader: str) -> Answer:
    """Show the time left until the credential was presented; whoever gives up ends it at the reader, too."""
    said = language_of(arguments)
    seconds_max = command.for_ms // 1000
    shown = sys.stderr.isatty() and not arguments.json

    def show(waited_s: int) -> None:
        if shown:
            left_s = max(0, seconds_max - waited_s)
            text = said.say("roster.office.present_now", reader=escaped(reader), seconds=left_s)
            print(f"\r\x1b[2K{text}", end="", file=sys.stderr, flush=True)

    if not shown and not arguments.json:
        text = said.say("roster.office.present_now", reader=escaped(reader), seconds=seconds_max)
        print(text, file=sys.stderr, flush=True)
    show(0)
    try:
        return office.ask(command, seconds_max + ANSWER_S_MAX, show)
    except KeyboardInterrupt:
        office.ask(CancelEnrolment(issuer=command.issuer, why=command.why, reader=reader))
        raise
    finally:
        if shown:
            print("\r\x1b[2K", end="", file=sys.stderr, flush=True)


def say(arguments: argparse.Namespace, answer: Answer, done: Sequence[str]) -> int:
    """The answer in words, or as JSON. Returns the exit status."""
    said = language_of(arguments)
    words = [reason(said, code) for code in answer.reasons]
    if arguments.json:
        said_so = {"ok": answer.done, "request": answer.request, "reasons": list(answer.reasons), "words": words}
        if answer.presented:
            said_so |= {"presented": answer.presented, "entry": answer.entry}
        print(json.dumps(said_so))
    elif answer.done:
        for sentence in done:
            print(sentence)
        if answer.presented:
            print(said.say("roster.office.presented", credential=escaped(answer.presented), entry=answer.entry))
        if words:
            print(said.say("roster.office.but"))
        for text in words:
            print(f"  {text}")
        print(said.say("roster.office.see_local"))
    else:
        print(said.say("roster.office.refused"), file=sys.stderr)
        for number, text in enumerate(words, 1):
            print(f"  {number}. {text}", file=sys.stderr)
        for name in dict.fromkeys(
            _HINTS.get((arguments.action, code), _HINTS.get(("", code))) for code in answer.reasons
        ):
            if name is not None:
                print(said.say(f"roster.office.{name}"), file=sys.stderr)
    return DONE if answer.done else SAID_NO

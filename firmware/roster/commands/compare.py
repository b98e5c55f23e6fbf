"""`menshen roster compare`: who would be let in or refused differently by a changed roster, before it is applied."""

from __future__ import annotations

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from firmware.config import Config, escaped, load
from firmware.core.access import Zone
from firmware.core.site import Site
from firmware.journal import JournalError
from firmware.journal.command import journal_of
from firmware.roster.comparing.compare import DAYS, Asked, Report, compare
from firmware.roster.comparing.found import Change, Difference
from firmware.roster.comparing.opened import Names, Note, Trust, opened, refuse_unlike
from firmware.roster.errors import RosterError
from firmware.roster.roster import Roster
from firmware.terminal import (
    DONE,
    IDENTITY_FOLDER,
    MISUSED,
    SAID_NO,
    Progress,
    TerminalError,
    a_key,
    a_path,
    a_purpose,
    a_text,
    a_zone,
    add_language,
    complain,
    instant_ms,
    language_of,
    moment,
    quoted,
    reason,
    table,
)
from firmware.texts import Texts
from firmware.zones import ZoneError, zone_of

DAYS_MAX = 3_660  # ten years: longer than a journal lasts
LIMIT, LIMIT_MAX = 100, 50_000
DISAGREEMENTS_SAID = 5


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    comparing = actions.add_parser(
        "compare", help="who would be let in or refused differently; exit status 1 where anybody would"
    )
    comparing.add_argument("old", type=a_path, metavar="OLD", help="a roster, or an editable source")
    comparing.add_argument("new", type=a_path, metavar="NEW", help="the changed one: a roster, or an editable source")
    comparing.add_argument(
        "--journal", type=a_path, metavar="J", required=True, help="a journal.db, or a controller's state folder"
    )
    comparing.add_argument("--site", type=a_path, metavar="FILE", help="the site file: areas, factors")
    comparing.add_argument(
        "--zone", type=a_zone, metavar="NAME", help="of all times (default: the site's or the roster's)"
    )
    comparing.add_argument("--since", type=a_text, metavar="TIME", help="from then on, local: 2026-11-23T08:30")
    comparing.add_argument("--until", type=a_text, metavar="TIME", help="before then")
    comparing.add_argument("--days", type=_a_number(DAYS_MAX), metavar="N", help=f"the last N days (default: {DAYS})")
    comparing.add_argument("--holder", type=a_text, metavar="ID", help="of this holder only")
    comparing.add_argument("--purpose", type=a_purpose, metavar="TEXT", required=True, help="why, in a sentence")
    comparing.add_argument(
        "--state",
        type=a_path,
        metavar="DIR",
        help="trust the rosters of this controller (default: the one whose folder --journal is)",
    )
    comparing.add_argument("--key", type=a_key, metavar="HEX", action="append", help="trust this public key")
    comparing.add_argument("--source", type=a_path, metavar="SOURCE", help="an editable source that knows the names")
    comparing.add_argument(
        "--limit", type=_a_number(LIMIT_MAX), default=LIMIT, metavar="N", help=f"lines at most (default: {LIMIT})"
    )
    add_language(comparing)
    comparing.set_defaults(act=run)


def _a_number(most: int) -> Any:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdecimal() or len(text) > len(str(most)) or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{quoted(text)}: a whole number from 1 to {most} is allowed")
        return int(text)

    return number


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: nobody differently; 1: somebody; 2: misused, or something that cannot be read or trusted."""
    try:
        return _compare(arguments)
    except (RosterError, JournalError) as error:
        if arguments.json:
            print(json.dumps({"ok": False, "why": str(error)}))
        complain("roster", error)
        return MISUSED


class _Heard(NamedTuple):
    """What the answer is said with."""

    zone: ZoneInfo
    names: Names
    notes: list[Note]


def _compare(arguments: argparse.Namespace) -> int:
    with ExitStack() as stack:
        notes: list[Note] = []
        config = _config(arguments)
        site = None if config is None else config.site
        trust = Trust(_state(arguments), arguments.key or (), () if config is None else config.roster.signers)
        names = stack.enter_context(Names(arguments.source))
        old = opened(arguments.old, trust, stack, notes)
        new = opened(arguments.new, trust, stack, notes)
        refuse_unlike(old, new)
        zone, rules = _zone(arguments, site, old, new)
        if site is None:
            notes.append(Note("no_site"))
        progress = Progress()
        stack.callback(progress.end)
        report = compare(
            journal_of(arguments.journal),
            old,
            new,
            site=site,
            zone=rules,
            asked=_asked(arguments, zone),
            progress=progress.rows,
        )
        progress.end()
        _say(arguments, report, _Heard(zone, names, notes))
    return SAID_NO if report.differently else DONE


def _state(arguments: argparse.Namespace) -> Path | None:
    """Whom to trust: of --state, or the controller in whose state folder the journal stands and no key was given."""
    state: Path | None = arguments.state
    if state is None and not arguments.key and (arguments.journal / IDENTITY_FOLDER).is_dir():
        return Path(arguments.journal)
    return state


def _config(arguments: argparse.Namespace) -> Config | None:
    if arguments.site is None:
        return None
    config, problems = load(arguments.site)
    if config is None:
        raise TerminalError(f"{arguments.site} has {len(problems)} problems; `menshen check` lists them")
    return config


def _zone(arguments: argparse.Namespace, site: Site | None, old: Roster, new: Roster) -> tuple[ZoneInfo, Zone]:
    """The zone that schedules are meant in, for people and for the core."""
    if arguments.zone is not None:
        name = str(arguments.zone)
    elif site is not None:
        return ZoneInfo(site.zone.name), site.zone
    else:
        name = new.time_zone or old.time_zone or ""
    if not name:
        raise TerminalError("neither roster names its time zone: give --zone NAME, or --site FILE")
    try:
        return ZoneInfo(name), zone_of(name)
    except ZoneError as error:
        raise TerminalError(f"{error}: give --zone NAME") from error


def _asked(arguments: argparse.Namespace, zone: ZoneInfo) -> Asked:
    since_ms, until_ms = (
        None if text is None else instant_ms(text, zone) for text in (arguments.since, arguments.until)
    )
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise TerminalError("--since must be before --until: no time lies between them")
    if since_ms is not None and arguments.days is not None:
        raise TerminalError("--since and --days both say where to begin: give one of them")
    return Asked(since_ms, until_ms, arguments.days or DAYS, arguments.holder)


# -- the answer -------------------------------------------------------------------------------------------------------


def _say(arguments: argparse.Namespace, report: Report, heard: _Heard) -> None:
    shown = report.differences[: arguments.limit]
    said = language_of(arguments)
    notes = [said.say(f"roster.compare.note.{note.name}", what=escaped(note.about)) for note in heard.notes]
    if arguments.json:
        plain = msgspec.to_builtins(report)
        plain["differences"] = [_plain(each, heard, said) for each in shown]
        more = len(report.differences) - len(shown)
        print(json.dumps({"purpose": arguments.purpose, "ok": True, **plain, "more": more, "notes": notes}))
        return
    print(said.say("journal.purpose", purpose=arguments.purpose))
    for line in (*_summary(report, heard, said), *_lists(report, shown, heard, said), *_rest(report, said), *notes):
        print(line)


def _plain(difference: Difference, heard: _Heard, said: Texts) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(difference)
    for side in ("before", "after"):
        plain[f"{side}_words"] = [reason(said, code) for code in plain[side]]
    plain["first"], plain["last"] = moment(difference.first_ms, heard.zone), moment(difference.last_ms, heard.zone)
    if heard.names:
        plain["name"] = heard.names.of(difference.holder)
        plain["becomes_name"] = heard.names.of(difference.becomes)
    return plain


def _summary(report: Report, heard: _Heard, said: Texts) -> list[str]:
    unknown = said.say("roster.compare.time_unknown")
    if not report.presentations:
        versions = {"old": report.old_version, "new": report.new_version}
        return [said.say("roster.compare.summary_empty", **versions)]
    return [
        said.say(
            "roster.compare.summary",
            old=report.old_version,
            new=report.new_version,
            presentations=report.presentations,
            since=moment(report.since_ms, heard.zone) or unknown,
            until=moment(report.until_ms, heard.zone) or unknown,
        ),
        said.say("roster.compare.differently", count=report.differently, holders=report.holders)
        if report.differently
        else said.say("roster.compare.nobody_differently"),
    ]


def _lists(report: Report, shown: tuple[Difference, ...], heard: _Heard, said: Texts) -> list[str]:
    """A table for each change; who would come in stands first, and is marked."""
    lines: list[str] = []
    names = ("who", "where", "count", "first", "last", "before", "after")
    for change in Change:
        group = [difference for difference in shown if difference.change is change]
        if not group:
            continue
        lines += ["", said.say(f"roster.compare.change.{change.value}", count=report.by_change[change])]
        mark = "! " if change in (Change.LET_IN, Change.ASKED) else "  "
        cells = [
            [said.say(f"roster.compare.column.{name}") for name in names],
            *(_cells(each, heard, said) for each in group),
        ]
        for number, line in enumerate(table(cells)):
            lines.append(("  " if number == 0 else mark) + line)
    hidden = len(report.differences) - len(shown)
    if hidden:
        lines.append(said.say("roster.compare.more", count=hidden))
    if report.left_out:
        lines.append(said.say("roster.compare.left_out", count=report.left_out))
    return [*lines, ""] if lines else lines


def _cells(difference: Difference, heard: _Heard, said: Texts) -> list[str]:
    who = heard.names.shown(difference.holder)
    if difference.becomes is not None:
        who = said.say("roster.compare.becomes", old=who, new=heard.names.shown(difference.becomes))
    if difference.second is not None:
        who = said.say("roster.compare.with", first=who, second=heard.names.shown(difference.second))
    count = str(difference.count)
    if difference.doubtful:
        count = said.say("roster.compare.doubtful", count=difference.count, doubtful=difference.doubtful)
    times = (moment(each, heard.zone) or said.say("roster.compare.time_unknown") for each in
             (difference.first_ms, difference.last_ms))  # fmt: skip
    words = ("; ".join(reason(said, code) for code in side) for side in (difference.before, difference.after))
    return [who, escaped(difference.access_point), count, *times, *words]


def _rest(report: Report, said: Texts) -> list[str]:
    """How far the answer goes: what could not be decided again, and where the old roster and the journal differ."""
    if not report.presentations:
        return []
    lines = [said.say("roster.compare.agreed", agreed=report.agreed, compared=report.compared)]
    for what, count in list(report.disagreed.items())[:DISAGREEMENTS_SAID]:
        recorded, _, again = what.partition(" / ")
        words = {"recorded": reason(said, recorded), "again": reason(said, again) if again else ""}
        lines.append(said.say("roster.compare.disagreed", count=count, **words))
    for name in ("summed", "erased", "nameless", "undecided", "strangers", "local", "reasons_only"):
        count = getattr(report, name)
        if count:
            lines.append(said.say(f"roster.compare.{name}", count=count))
    if report.other_versions:
        versions = ", ".join(f"{version} ({count})" for version, count in report.other_versions.items())
        lines.append(said.say("roster.compare.other_versions", versions=escaped(versions)))
    lines.append(said.say("roster.compare.past"))
    return lines

"""`menshen journal verify|export|search|ledger`: reads a journal, also one that is being written to; writes to none."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.core.codes import Code
from firmware.journal.command_export import export_to
from firmware.journal.command_ledger import add_ledger, show_ledger
from firmware.journal.errors import JournalDamaged, JournalError
from firmware.journal.heads import SignedHead, read_head
from firmware.journal.proof import Verdict, verify
from firmware.journal.query import ROWS_MAX, search
from firmware.journal.rows import HASH_BYTES, Row
from firmware.journal.schema import DATABASE_FILE
from firmware.terminal import (
    DONE,
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
    prepare_output,
    public_key_of,
    quoted,
    reason,
    table,
)
from firmware.texts import Texts

_PURPOSE = (
    "why, in a sentence: needed for whatever tells who it was. This command cannot write to the journal: the purpose "
    "stands at the head of what it gives out, and is to be filed with it"
)
_TIME = "ISO 8601, such as 2026-11-23T08:30; local in --time-zone, or with an offset"


# -- arguments --------------------------------------------------------------------------------------------------------


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen journal`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _add_verify(actions.add_parser("verify", help="prove that nothing was changed, and say up to where"))
    _add_export(actions.add_parser("export", help="write rows, oldest first, as JSON lines or CSV"))
    _add_search(actions.add_parser("search", help="the newest rows of a holder, portal, kind or time"))
    add_ledger(actions.add_parser("ledger", help="where a holder is, the last passage, and the uses"), _PURPOSE)


def _add_path(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=a_path, metavar="PATH", help="a journal.db, or a controller's state folder")
    add_language(parser)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    _add_path(parser)
    parser.add_argument("--key", type=a_key, metavar="HEX", help="the device's public key (default: PATH's)")
    parser.add_argument("--witness", type=a_path, metavar="FILE", help="a head that was kept outside the board")


def _add_window(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", type=a_text, metavar="TIME", help=f"from then on; {_TIME}")
    parser.add_argument("--until", type=a_text, metavar="TIME", help="before then")
    parser.add_argument("--time-zone", type=a_zone, metavar="NAME", help="of all times (default: the machine's)")
    parser.add_argument("--purpose", type=a_purpose, metavar="TEXT", help=_PURPOSE)
    parser.add_argument("--bodies", action="store_true", help="with holders and credentials; needs --purpose")


def _add_export(parser: argparse.ArgumentParser) -> None:
    _add_path(parser)
    parser.add_argument("--format", choices=("jsonl", "csv"), default="jsonl", help="default: jsonl")
    parser.add_argument("--output", type=a_path, metavar="FILE", help="a new file; beside it goes FILE.head, signed")
    _add_window(parser)


def _add_search(parser: argparse.ArgumentParser) -> None:
    _add_path(parser)
    parser.add_argument("--holder", type=a_text, metavar="ID", help="rows that mention this holder; needs --purpose")
    parser.add_argument("--portal", type=a_text, metavar="ID")
    parser.add_argument("--kind", type=a_kind, metavar="CODE", help="such as access.denied or door.forced")
    parser.add_argument("--limit", type=a_limit, default=100, metavar="N", help=f"1 to {ROWS_MAX} (default: 100)")
    parser.add_argument("--before", type=a_row, metavar="EPOCH:SEQ", help="rows older than this one: the next page")
    _add_window(parser)


def a_kind(text: str) -> Code:
    """Return the code of a kind of event."""
    try:
        return Code(text)
    except ValueError:
        kinds = ", ".join(code.value for code in Code)
        raise argparse.ArgumentTypeError(f"{quoted(text)} is no kind of event; there are: {kinds}") from None


def a_limit(text: str) -> int:
    """Return a number of rows."""
    if not text.isascii() or not text.isdecimal() or len(text) > len(str(ROWS_MAX)) or not 1 <= int(text) <= ROWS_MAX:
        raise argparse.ArgumentTypeError(f"{quoted(text)}: 1 to {ROWS_MAX} rows are allowed")
    return int(text)


def a_row(text: str) -> tuple[int, int]:
    """Return (epoch, seq) of a row."""
    digits_max = 18  # below 2^63
    epoch, _, seq = text.partition(":")
    for number in (epoch, seq):
        if not number.isascii() or not number.isdecimal() or len(number) > digits_max:
            raise argparse.ArgumentTypeError(f"{quoted(text)} is no row: write EPOCH:SEQ, as the list shows it")
    return int(epoch), int(seq)


# -- doing it ---------------------------------------------------------------------------------------------------------


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done, whole; 1: the journal is not whole, or damaged; 2: misused, or not to be read."""
    prepare_output()
    command = {"verify": _verify, "export": _export, "search": _search, "ledger": _ledger}[arguments.action]
    try:
        status = command(arguments, journal_of(arguments.path))
        sys.stdout.flush()  # here, so that a reader who went is noticed while somebody still listens
        return status
    except BrokenPipeError:
        raise
    except (JournalError, TerminalError, OSError) as error:
        if arguments.json:
            print(json.dumps({"ok": False, "why": str(error)}))
        complain("journal", error)
        return SAID_NO if isinstance(error, JournalDamaged) else MISUSED


def journal_of(path: Path) -> Path:
    """Return the journal's file for its own path, its folder or a controller's state folder. Raises OSError."""
    try:
        path.stat()  # names that lead nowhere (a circle of links, too long) end here
    except FileNotFoundError:
        return path
    if not path.is_dir():
        return path
    inside = (path / "journal" / DATABASE_FILE, path / DATABASE_FILE)
    return next((each for each in inside if each.exists()), inside[0])


def _verify(arguments: argparse.Namespace, path: Path) -> int:
    key = arguments.key or public_key_of(_state_of(path))
    witness = None if arguments.witness is None else _witness(arguments.witness)
    progress = Progress()
    try:
        verdict = verify(path, key, witness, progress.rows)
    finally:
        progress.end()
    if arguments.json:
        plain = msgspec.to_builtins(verdict)
        print(json.dumps({"file": str(path), "ok": verdict.ok, "key_given": key is not None, **plain}))
    else:
        for line in _verdict_lines(verdict, language_of(arguments), path, key is not None, witness is not None):
            print(line)
    return DONE if verdict.ok else SAID_NO


def _state_of(path: Path) -> Path:
    """The state folder that a journal stands in: STATE/journal/journal.db."""
    return path.absolute().parent.parent


def _witness(path: Path) -> SignedHead:
    head = read_head(path)
    if head is None:
        raise TerminalError(f"{path}: there is no such file; give a head that was kept outside the board")
    try:
        fits = len(bytes.fromhex(head.hash)) == HASH_BYTES
    except ValueError:
        fits = False
    if not fits:
        raise JournalDamaged(f"{path} is not a head file (its hash is none): use the one the controller wrote")
    return head


def _verdict_lines(verdict: Verdict, said: Texts, path: Path, keyed: bool, witnessed: bool) -> list[str]:
    """What was proven, in words, and what was not."""
    file = escaped(str(path))
    if verdict.flaw is not None:
        what = said.say(f"journal.flaw.{verdict.flaw.value}")
        lines = [
            said.say("journal.broken", file=file, row=f"{verdict.epoch}:{verdict.at}", what=what),
            said.say("journal.broken_detail", detail=escaped(verdict.detail)),
            said.say("journal.proven_before", rows=verdict.rows),
        ]
    else:
        first = f"{verdict.epoch}:{verdict.anchor + 1}"
        head = f"{verdict.epoch}:{verdict.at}"
        lines = [
            said.say("journal.whole", file=file, first=first, head=head, rows=verdict.rows),
            said.say("journal.head", hash=verdict.hash),
        ]
    if verdict.erased:
        lines.append(said.say("journal.erased", count=verdict.erased))
    if not keyed:
        lines.append(said.say("journal.no_key"))
    else:
        lines.append(said.say("journal.signed", row=f"{verdict.epoch}:{verdict.signed_seq}"))
    if verdict.witnessed_seq:
        lines.append(said.say("journal.witnessed", row=f"{verdict.epoch}:{verdict.witnessed_seq}"))
    elif witnessed and verdict.ok:
        lines.append(said.say("journal.witness_older"))
    elif not witnessed:
        lines.append(said.say("journal.no_witness"))
    return lines


def _export(arguments: argparse.Namespace, path: Path) -> int:
    _demand_purpose(arguments, arguments.bodies, "--bodies")
    since_ms, until_ms = _window(arguments)
    report = export_to(
        path,
        arguments.output,
        arguments.format,
        since_ms=since_ms,
        until_ms=until_ms,
        purpose=arguments.purpose,
        with_bodies=arguments.bodies,
    )
    if report is None:
        return DONE  # the rows themselves went to standard output
    if arguments.json:
        print(json.dumps(msgspec.to_builtins(report)))
        return DONE
    said = language_of(arguments)
    print(said.say("journal.exported", rows=report.rows, file=escaped(report.file)))
    if report.head_file is None:
        print(said.say("journal.export_unsigned"))
    else:
        print(said.say("journal.export_head", file=escaped(report.head_file), row=report.head))
    return DONE


def _search(arguments: argparse.Namespace, path: Path) -> int:
    _demand_purpose(arguments, arguments.holder is not None, "--holder")
    _demand_purpose(arguments, arguments.bodies, "--bodies")
    since_ms, until_ms = _window(arguments)
    rows = search(
        path,
        holder=arguments.holder,
        portal=arguments.portal,
        kind=arguments.kind,
        since_utc=since_ms,
        until_utc=until_ms,
        before=arguments.before,
        limit=arguments.limit,
        with_bodies=arguments.bodies,
    )
    if arguments.json:
        if arguments.purpose is not None:
            print(json.dumps({"search": {"purpose": arguments.purpose, "rows": len(rows)}}))
        for row in rows:
            print(json.dumps(_plain(row, arguments)))
        return DONE
    said = language_of(arguments)
    if arguments.purpose is not None:
        print(said.say("journal.purpose", purpose=arguments.purpose))
    if not rows:
        print(said.say("journal.nothing_found"))
        return DONE
    for line in table(_cells(rows, arguments, said)):
        print(line)
    return DONE


def _ledger(arguments: argparse.Namespace, path: Path) -> int:
    _demand_purpose(arguments, True, "--holder")
    return show_ledger(arguments, path)


def _demand_purpose(arguments: argparse.Namespace, wanted: bool, option: str) -> None:
    """DESIGN.md, section 5, point 7."""
    if wanted and arguments.purpose is None:
        raise TerminalError(f"{option} tells who it was: state why with --purpose TEXT")


def _window(arguments: argparse.Namespace) -> tuple[int | None, int | None]:
    since_ms, until_ms = (
        None if text is None else instant_ms(text, arguments.time_zone) for text in (arguments.since, arguments.until)
    )
    if since_ms is not None and until_ms is not None and since_ms >= until_ms:
        raise TerminalError("--since must be before --until: no time lies between them")
    return since_ms, until_ms


def _plain(row: Row, arguments: argparse.Namespace) -> dict[str, Any]:
    """A row as JSON: all of it, with the local time beside."""
    event = {name: getattr(row.event, name) for name in row.event.__struct_fields__ if name != "body"}
    body = None if row.event.body is None else msgspec.to_builtins(row.event.body)
    known = {
        "epoch": row.epoch,
        "seq": row.seq,
        "utc_ms": row.utc_ms,
        "at": moment(row.utc_ms, arguments.time_zone),
        "monotonic_ms": row.monotonic_ms,
        "boot": row.boot,
        "severity": row.severity.value,
        "erased": row.erased,
        "hash": row.hash.hex(),
    }
    return {**known, **event, "body": body}


def _detail(said: Texts, detail: str, arguments: argparse.Namespace) -> str:
    """An event's detail, with its times in the zone of the list."""
    return said.detail(detail, lambda utc_s: moment(utc_s * 1000, arguments.time_zone) or str(utc_s))


def _cells(rows: list[Row], arguments: argparse.Namespace, said: Texts) -> list[list[str]]:
    """The table: when, how grave, what, where, why, and who where it was asked for."""
    names = ["row", "time", "severity", "event", "place", "reasons", *(["who"] if arguments.bodies else [])]
    cells = [[said.say(f"journal.column.{name}") for name in names]]
    for row in rows:
        event = row.event
        place = " ".join(part for part in (event.portal, event.access_point, event.reader, event.device) if part)
        what = said.event(event.code) + (f" x{event.count}" if event.count != 1 else "")
        line = [
            f"{row.epoch}:{row.seq}",
            moment(row.utc_ms, arguments.time_zone) or said.say("journal.time_unknown"),
            said.severity(row.severity),
            what,
            escaped(place),
            "; ".join(reason(said, code) for code in event.reasons) or escaped(_detail(said, event.detail, arguments)),
        ]
        if arguments.bodies:
            line.append(_who(row, said))
        cells.append(line)
    return cells


def _who(row: Row, said: Texts) -> str:
    if row.erased:
        return said.say("journal.body_erased")
    body = row.event.body
    if body is None:
        return ""
    parts = [body.holder, body.second_holder, body.issuer, body.token, body.account, body.address]
    if body.reads:
        parts.append(said.say("journal.vote", reads=body.reads, certainty=f"{body.certainty or 0:.2f}"))
    if body.evidence:
        parts.append(said.say("journal.evidence", reference=body.evidence))
    return escaped(" ".join(part for part in parts if part))

"""`menshen roster import`: shows what a sheet would change in the source, and changes it where --apply is given."""

from __future__ import annotations

import argparse
import json
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.roster.commands.asking import an_issuer
from firmware.roster.importing import cards, dates
from firmware.roster.importing.applying import Receipt, apply, refusals
from firmware.roster.importing.mapping import WHOLES, Mapping, checked, put, read_mapping, write_mapping
from firmware.roster.importing.plan import Plan
from firmware.roster.importing.planning import plan
from firmware.roster.importing.preview import bad_rows_csv, lines_of, plain_of
from firmware.roster.importing.problems import ImportMisused, ImportRefused
from firmware.roster.sheets.opening import open_table
from firmware.roster.source.store import Source
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    Progress,
    a_path,
    a_purpose,
    a_text,
    add_language,
    complain,
    language_of,
    now_utc_s,
    own_identity,
)

SITE_BYTES_MAX = 1 << 20  # a large site has 30 kB


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    taking = actions.add_parser("import", help="show what a sheet would change in the source; --apply changes it")
    taking.add_argument("source", type=a_path, metavar="SOURCE", help="the roster's source")
    taking.add_argument("file", type=a_path, metavar="FILE", help="the office's sheet, CSV or XLSX")
    taking.add_argument("--sheet", type=a_text, action="append", metavar="NAME", help="only this sheet; repeatable")
    taking.add_argument("--mapping", type=a_path, metavar="FILE", help="how this office keeps its sheet (TOML)")
    taking.add_argument("--save-mapping", type=a_path, metavar="FILE", help="write down what was chosen here")
    taking.add_argument("--site", type=a_path, metavar="FILE", help="a site's file: its readers tell the card format")
    taking.add_argument("--card-format", type=a_text, metavar="F", help="what the readers deliver: H10301, raw:32 ...")
    styles = "; ".join(f"{name}: {text}" for name, text in cards.STYLES.items())
    taking.add_argument("--card-style", choices=sorted(cards.STYLES), help=f"of the column of cards: {styles}")
    taking.add_argument("--card-bytes", choices=("as-written", "reversed"), help="the order of the bytes of cards")
    taking.add_argument("--lower-24-bits", action="store_true", help="of 32 bit numbers, for readers that deliver 24")
    taking.add_argument("--date-order", choices=dates.ORDERS, help="of dates such as 03/04/2026")
    taking.add_argument("--profile", type=a_text, metavar="P", help="of new holders whose row names none")
    wholes = "; ".join(f"{name}: {text}" for name, text in WHOLES.items())
    taking.add_argument("--whole", choices=sorted(WHOLES), help=f"the sheet is the whole list: {wholes}")
    taking.add_argument("--good-rows", action="store_true", help="import the good rows although others are bad")
    taking.add_argument("--bad-rows", type=a_path, metavar="FILE", help="write the bad rows as CSV for the office")
    taking.add_argument("--remove", type=int, metavar="N", help="remove more than a fifth: exactly so many")
    taking.add_argument("--apply", action="store_true", help="do it; without this nothing is changed")
    taking.add_argument("--by", type=an_issuer, metavar="WHO", help="who imports; needed with --apply")
    taking.add_argument("--why", type=a_purpose, metavar="WHY", help="why; needed with --apply")
    taking.add_argument(
        "--state", type=a_path, metavar="DIR", help="the controller's state folder: its key digests PINs"
    )
    add_language(taking)
    taking.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: nothing stands against it, or imported; 1: bad rows or refused; 2: misused."""
    if arguments.apply and not (arguments.by and arguments.why):
        complain("roster", "import --apply: say who and why with --by and --why; both are kept in the history")
        return MISUSED
    identity = None if arguments.state is None else own_identity(arguments.state)
    mapping = _mapping(arguments)
    progress = Progress()
    receipt: Receipt | None = None
    with Source.open(arguments.source, readonly=not arguments.apply) as source:
        try:
            with open_table(arguments.file) as table:
                made = plan(source, table, mapping, identity, progress=progress.rows)
        finally:
            progress.end()
        against = refusals(made, good_rows=arguments.good_rows, remove=arguments.remove)
        if arguments.bad_rows is not None and made.bad.count:
            put(arguments.bad_rows, bad_rows_csv(made, language_of(arguments)))
        if arguments.save_mapping is not None:
            write_mapping(arguments.save_mapping, mapping)
        if arguments.apply and not against:  # last: what fails after it would look as if nothing had been imported
            receipt = apply(
                source, made, arguments.by, arguments.why, now_utc_s(),
                good_rows=arguments.good_rows, remove=arguments.remove,
            )  # fmt: skip
    _say(arguments, made, against, receipt)
    return SAID_NO if against else DONE


def _say(arguments: argparse.Namespace, made: Plan, against: list[str], receipt: Receipt | None) -> None:
    said = language_of(arguments)
    if arguments.json:
        done = None if receipt is None else receipt._asdict()
        print(json.dumps({"ok": not against, **plain_of(made, said), "refused": against, "applied": done}))
        return
    for line in lines_of(made, said, samples=receipt is None):
        print(line)
    for code in against:
        print(said.say(f"roster.import.refused.{code}", removed=made.removed, bad=made.bad.count))
    if receipt is not None:
        text = "roster.import.done" if receipt.batch is not None else "roster.import.nothing"
        print(said.say(text, batch=receipt.batch, changes=receipt.changes, file=escaped(made.file), bad=made.bad.count))
    elif not against:
        print(said.say("roster.import.preview" if made.changes else "roster.import.nothing"))


def _mapping(arguments: argparse.Namespace) -> Mapping:
    """The mapping of the file, with what the command says over it. Raises ImportRefused."""
    mapping = Mapping() if arguments.mapping is None else read_mapping(arguments.mapping)
    chosen: dict[str, Any] = {
        "sheets": None if arguments.sheet is None else tuple(arguments.sheet),
        "card_format": arguments.card_format,
        "card_style": arguments.card_style,
        "card_reversed": None if arguments.card_bytes is None else arguments.card_bytes == "reversed",
        "lower_24_bits": arguments.lower_24_bits or None,
        "date_order": arguments.date_order,
        "default_profile": arguments.profile,
        "whole": arguments.whole,
    }
    mapping = msgspec.structs.replace(mapping, **{key: value for key, value in chosen.items() if value is not None})
    if mapping.card_reversed and mapping.card_style is None:
        raise ImportRefused("--card-bytes reversed: say with --card-style what the column of cards holds")
    if mapping.card_format is None and arguments.site is not None:
        mapping = msgspec.structs.replace(mapping, card_format=_format_of(arguments.site))
    return checked(mapping, "the command")


def _format_of(site: Path) -> str | None:
    """The format that the site's readers deliver, where printed numbers can be turned into one of them only.

    Raises ImportRefused where they deliver several, ImportMisused where the file cannot be read.
    """
    name = escaped(str(site))
    try:
        with site.open("rb") as file:
            content = file.read(SITE_BYTES_MAX)
        devices = tomllib.loads(content.decode()).get("device", [])
    except OSError as error:
        raise ImportMisused(f"--site {name}: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ImportRefused(f"{name}: {escaped(str(error))}; `menshen check` names everything that is wrong") from error
    found: set[str] = set()
    for device in devices if isinstance(devices, list) else []:
        formats = device.get("formats") if isinstance(device, dict) else None
        found |= {text for text in formats if isinstance(text, str)} if isinstance(formats, list) else set()
    known = sorted(text for text in found if text in cards.WIDTHS or text in cards.SERIAL_BITS)
    if len(known) > 1:
        raise ImportRefused(f"{name}: its readers deliver {', '.join(known)}: say with --card-format which one it is")
    return known[0] if known else None

"""`menshen osdp ACTION`: keys of OSDP readers. Makes the first; has the controller change one, or install a reader."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from drivers.osdp_keys import KEY_BYTES, KeyFile, KeyRefused
from firmware.config import draft, escaped
from firmware.controller.key_desk import WITHIN_S
from firmware.messages import Answer, InstallReader, RollKey
from firmware.roster.commands.asking import an_issuer
from firmware.roster.office import ANSWER_S_MAX, Office
from firmware.terminal import (
    DONE,
    MISUSED,
    SAID_NO,
    TerminalError,
    a_path,
    a_purpose,
    a_text,
    add_language,
    complain,
    language_of,
    prepare_output,
    quoted,
    reason,
)

ROLL_S, INSTALL_S = 30, 120  # where nothing else is asked for
KEY_TEXT_MAX = 256


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen osdp`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    making = actions.add_parser("new-key", help="make a reader's first key, in the file that the site file names")
    making.add_argument("file", type=a_path, metavar="FILE", help="the site file")
    making.add_argument("reader", type=a_text, metavar="READER", help="the reader's id")
    making.add_argument(
        "--stdin", action="store_true", help="the key is given: 32 hexadecimal digits on standard input"
    )
    add_language(making)
    making.set_defaults(act=_make)
    for name, default, text, act in (
        ("roll", ROLL_S, "give a reader a new key over its secure channel; the old one goes when it is proven", _roll),
        ("install", INSTALL_S, "for a while, let a reader in with the default key, to give it its own", _install),
    ):
        asking = actions.add_parser(name, help=text)
        asking.add_argument("reader", type=a_text, metavar="READER", help="the reader's id")
        asking.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
        asking.add_argument("--by", type=an_issuer, metavar="WHO", required=True, help="who asks: kept in the journal")
        asking.add_argument("--why", type=a_purpose, metavar="TEXT", required=True, help="why: kept, too")
        within = f"{WITHIN_S[0]} to {WITHIN_S[1]} (default: {default})"
        asking.add_argument(
            "--seconds", type=_seconds, default=default, metavar="N", help=f"how long at most, {within}"
        )
        add_language(asking)
        asking.set_defaults(act=act)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done; 1: refused, or not done in time; 2: misused, or no controller answers."""
    prepare_output()
    act: Callable[[argparse.Namespace], int] = arguments.act
    try:
        return act(arguments)
    except KeyRefused as error:
        complain("osdp", error)
        return SAID_NO
    except (TerminalError, OSError) as error:
        complain("osdp", error)
        return MISUSED


def _seconds(text: str) -> int:
    if not text.isascii() or not text.isdecimal() or len(text) > 4 or not WITHIN_S[0] <= int(text) <= WITHIN_S[1]:
        raise argparse.ArgumentTypeError(f"{quoted(text)}: {WITHIN_S[0]} to {WITHIN_S[1]} seconds are allowed")
    return int(text)


def _make(arguments: argparse.Namespace) -> int:
    """The key goes into its file and nowhere else: no terminal, no history."""
    path = _key_path(arguments.file, arguments.reader)
    KeyFile(path).create(_given() if arguments.stdin else None)
    if arguments.json:
        print(json.dumps({"ok": True, "key_file": str(path)}))
    else:
        print(language_of(arguments).say("osdp.made", reader=escaped(arguments.reader), file=escaped(str(path))))
    return DONE


def _key_path(site: Path, reader: str) -> Path:
    """Where the site file says that the reader's key is kept."""
    if not site.is_file():
        raise TerminalError(f"{site}: there is no such file")
    for each in draft(site).devices:
        if each.id == reader and each.table.get("kind") == "osdp":
            path = each.table.get("key_file")
            if isinstance(path, str) and path.startswith("/"):
                return Path(path)
            raise TerminalError(f'{site}: {reader} needs a key_file = "/...", the file in which its key is kept')
    raise TerminalError(f"{site} has no OSDP reader {quoted(reader)}")


def _given() -> bytes:
    text = sys.stdin.readline(KEY_TEXT_MAX).strip()
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise TerminalError(f"a key is {2 * KEY_BYTES} hexadecimal digits on one line") from None


def _roll(arguments: argparse.Namespace) -> int:
    return _ask(arguments, RollKey, "osdp.rolled")


def _install(arguments: argparse.Namespace) -> int:
    if not arguments.json:
        said = language_of(arguments)
        print(said.say("osdp.installing", reader=escaped(arguments.reader), seconds=arguments.seconds), file=sys.stderr)
    return _ask(arguments, InstallReader, "osdp.installed")


def _ask(arguments: argparse.Namespace, kind: type[RollKey | InstallReader], done: str) -> int:
    command = kind(issuer=arguments.by, why=arguments.why, reader=arguments.reader, within_s=arguments.seconds)
    with Office(arguments.state) as office:
        answer = office.ask(command, arguments.seconds + ANSWER_S_MAX)
    _say(arguments, answer, done)
    return DONE if answer.done else SAID_NO


def _say(arguments: argparse.Namespace, answer: Answer, done: str) -> None:
    said = language_of(arguments)
    words = [reason(said, code) for code in answer.reasons]
    if arguments.json:
        print(json.dumps({"ok": answer.done, "reasons": list(answer.reasons), "words": words}))
    elif answer.done:
        print(said.say(done, reader=escaped(arguments.reader)))
    else:
        print(said.say("osdp.not_done", reader=escaped(arguments.reader)), file=sys.stderr)
        for number, text in enumerate(words, 1):
            print(f"  {number}. {text}", file=sys.stderr)

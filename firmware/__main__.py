"""The `menshen` command: parses and hands over. Each subcommand's module is imported only when it is asked for."""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import sys
from typing import NamedTuple, Protocol, cast

import firmware

SAID_NO, MISUSED = 1, 2
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # of what standard output goes to


class Room(NamedTuple):
    """Where a subcommand lives, its line in the help, and which extra packages of Menshen it needs."""

    module: str
    purpose: str
    needs: str = ""


class Subcommand(Protocol):
    """What the module of a subcommand offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int:
        """Exit status 0: done; 1: said no; 2: misused."""


ROOMS = {
    "run": Room("firmware.run", "run a controller; --simulated: with rehearsed wires, page and panel"),
    "check": Room(
        "firmware.controller.check", "every problem of a configuration at once; the wiring table when there is none"
    ),
    "explain": Room("firmware.explain", "why a credential is let in or refused, rule by rule"),
    "journal": Room("firmware.journal.command", "verify, export or search the journal"),
    "replay": Room("firmware.replay", "put a recording through the core again and compare"),
    "roster": Room("firmware.roster.command", "build or verify a roster file"),
    "backup": Room(
        "firmware.controller.backup_command", "one encrypted file of it all; a new board that works from it"
    ),
    "account": Room("firmware.network.accounts.command", "who has an account of the page; a code for who lost theirs"),
    "safe": Room(
        "firmware.controller.safe", "put every output to its safe level; run after every death of the controller"
    ),
    "wire": Room("firmware.wire.command", "every input, output and reader, live; hold an output on to test it"),
    "selftest": Room("firmware.selftest.command", "verify the signed report of a self-test"),
    "faces": Room("firmware.vision.faces_command", "enrol faces of those who consent, withdraw, list; receipts"),
    "osdp": Room("firmware.controller.osdp_command", "keys of OSDP readers: make, roll over, install a reader"),
    "recognise": Room(
        "firmware.vision.recognise_command", "what the models see in pictures and films; can draw it", "vision"
    ),
    "evaluate": Room(
        "firmware.vision.evaluate_command", "how well the models do on a folder of labelled pictures", "vision"
    ),
    "bench": Room("firmware.bench.command", "measure: each figure that is promised, by its name"),
}


def main(argv: list[str] | None = None) -> int:
    """Run the command line; exit status 0 done, 1 said no, 2 misused."""
    arguments = parsed(sys.argv[1:] if argv is None else argv)
    try:
        status = int(arguments.run(arguments))
        sys.stdout.flush()  # here, so that a reader that went is noticed while it can be handled
        return status
    except BrokenPipeError:
        # The reader of our output went (`| head`): nothing is wrong, and nothing more can be said.
        _say_no_more()
        return 0
    except OSError as error:
        if error.errno not in FULL or error.filename is not None:
            raise
        _say_no_more()
        print(f"menshen: what it says cannot be written: {error.strerror}", file=sys.stderr)
        return SAID_NO
    except KeyboardInterrupt:
        return MISUSED


def _say_no_more() -> None:
    """What still waits to be written would fail once more at the end of the program."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parsed(words: list[str]) -> argparse.Namespace:
    """What was asked for; `run` does it. Ends the program where it cannot be understood, or asked for help."""
    if words and words[0] in ROOMS:  # without the parsers of all the others: `menshen safe` is in a hurry
        own = argparse.ArgumentParser(prog=f"menshen {words[0]}", description=ROOMS[words[0]].purpose)
        enter(words[0], own)
        return own.parse_args(words[1:])
    parser = argparse.ArgumentParser(prog="menshen", description="The firmware of a gate controller.")
    parser.add_argument("--version", action="version", version=f"menshen {firmware.__version__}")
    chosen = next((word for word in words if not word.startswith("-")), None)
    subparsers = parser.add_subparsers(dest="subcommand", metavar="COMMAND", required=True)
    for name, room in ROOMS.items():
        subparser = subparsers.add_parser(name, help=room.purpose, description=room.purpose)
        if name == chosen:
            enter(name, subparser)
    return parser.parse_args(words)


def enter(name: str, parser: argparse.ArgumentParser) -> None:
    """Import the room of a subcommand and let it say what it takes."""
    room = ROOMS[name]
    try:
        subcommand = cast(Subcommand, importlib.import_module(room.module))
    except ModuleNotFoundError as error:
        if not room.needs:
            raise
        parser.error(f"{error.name} is not installed: install menshen[{room.needs}]")
    subcommand.add_arguments(parser)
    parser.set_defaults(run=subcommand.run)


if __name__ == "__main__":
    sys.exit(main())

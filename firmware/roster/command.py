"""`menshen roster ACTION`: hands over to the action's file in `commands/`, and says what went wrong."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable

from firmware.identity import IdentityError
from firmware.roster.commands import (
    build,
    compare,
    edit,
    enrol,
    erase,
    export,
    history,
    import_,
    invite,
    leave,
    lift,
    local,
    new,
    replace,
    show,
    suspend,
    undo,
    verify,
)
from firmware.roster.errors import RosterError, RosterMissing, RosterMisused
from firmware.terminal import MISUSED, SAID_NO, TerminalError, complain, prepare_output

ACTIONS = (
    build,
    compare,
    edit,
    enrol,
    erase,
    export,
    history,
    import_,
    invite,
    leave,
    lift,
    local,
    new,
    replace,
    show,
    suspend,
    undo,
    verify,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `menshen roster`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    for action in ACTIONS:
        action.add(actions)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done, good; 1: refused; 2: misused, or a file that is not there."""
    prepare_output()
    act: Callable[[argparse.Namespace], int] = arguments.act
    try:
        status = act(arguments)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        raise
    except (RosterError, TerminalError, IdentityError, OSError) as error:
        if arguments.json:
            version = error.version if isinstance(error, RosterError) else None
            print(json.dumps({"ok": False, "why": str(error), "version": version}))
        complain("roster", error)
        refused = isinstance(error, RosterError) and not isinstance(error, (RosterMissing, RosterMisused))
        return SAID_NO if refused else MISUSED

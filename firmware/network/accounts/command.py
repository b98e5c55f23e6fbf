"""`menshen account list|recover`: for whoever services the controller at its console: who has an account, a way in.

Whoever may read the state folder may do this: it is what a passphrase protects against from outside.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from firmware.config import escaped
from firmware.network.accounts import recovery
from firmware.network.accounts.account import Account, Role, folded, role_words
from firmware.network.accounts.errors import StoreError
from firmware.network.accounts.store import Store
from firmware.terminal import (
    DONE,
    SAID_NO,
    TerminalError,
    a_path,
    a_text,
    add_language,
    complain,
    language_of,
    prepare_output,
    quoted,
    table,
)
from firmware.texts import Texts

NETWORK_FOLDER = "network"  # in the controller's state folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="who has an account of the page, with which roles")
    listing.set_defaults(act=_list)
    recovering = actions.add_parser("recover", help="make a code by which one account gets in again, once")
    recovering.add_argument("name", type=a_text, metavar="NAME", help="the account's name")
    recovering.set_defaults(act=_recover)
    for action in (listing, recovering):
        action.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
        add_language(action)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done; 1: there is no such account, or the file of accounts cannot be used."""
    prepare_output()
    folder: Path = arguments.state / NETWORK_FOLDER
    try:
        accounts = Store(folder).load()
        return int(arguments.act(arguments, language_of(arguments), folder, accounts))
    except (TerminalError, StoreError) as error:
        complain("account", error)
        return SAID_NO
    except OSError as error:
        if error.filename is None:
            raise
        complain("account", f"{error.filename}: {error.strerror}")
        return SAID_NO


def _list(arguments: argparse.Namespace, said: Texts, _folder: Path, accounts: dict[str, Account]) -> int:
    found = sorted(accounts.values(), key=lambda account: folded(account.name))
    if arguments.json:
        for account in found:
            print(json.dumps(_told(account), ensure_ascii=False))
        return DONE
    rows = [[escaped(account.name), _roles(said, account), _state(said, account)] for account in found]
    for line in table(rows) if rows else [said.say("account.none")]:
        print(line)
    return DONE


def _recover(arguments: argparse.Namespace, said: Texts, folder: Path, accounts: dict[str, Account]) -> int:
    found = accounts.get(folded(arguments.name))
    if found is None:
        raise TerminalError(f"there is no account {quoted(arguments.name)}: `menshen account list` names them")
    code = recovery.offer(folder, folded(found.name))
    if arguments.json:
        print(json.dumps({"name": found.name, "code": code}, ensure_ascii=False))
    else:
        print(said.say("account.code", name=escaped(found.name), code=code))
    return DONE


def _told(account: Account) -> dict[str, object]:
    return {
        "name": account.name,
        "roles": role_words(account.roles).split(),
        "invited": not account.hash,
        "second_factor": bool(account.secret),
    }


def _roles(said: Texts, account: Account) -> str:
    return ", ".join(said.say(f"account.role.{role.value}") for role in Role if role in account.roles)


def _state(said: Texts, account: Account) -> str:
    if not account.hash:
        return said.say("account.invited")
    return said.say("account.second_factor") if account.secret else ""

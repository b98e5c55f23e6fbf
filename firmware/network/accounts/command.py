"""`menshen account list|recover|clients|revoke|label`: for whoever services the controller at its console.

Who has an account, and a way in for one who lost it; which programs have a token of the API, and an end of it.

Whoever may read the state folder may do this: it is what a passphrase protects against from outside.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

from firmware.config import escaped
from firmware.identity import IdentityError
from firmware.network.accounts import recovery
from firmware.network.accounts.account import Account, Role, folded, role_words
from firmware.network.accounts.errors import StoreError
from firmware.network.accounts.store import Store
from firmware.network.api.client import Client
from firmware.network.api.client_file import ClientFile
from firmware.network.certificate import fingerprint_in
from firmware.network.errors import CertificateError
from firmware.terminal import (
    DONE,
    SAID_NO,
    TerminalError,
    a_path,
    a_text,
    add_language,
    complain,
    language_of,
    own_identity,
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
    programs = actions.add_parser("clients", help="which programs have a token of the API, with what they may")
    programs.set_defaults(act=_clients)
    revoking = actions.add_parser("revoke", help="end the token of one program, at once")
    revoking.add_argument("name", type=a_text, metavar="NAME", help="the client's name")
    revoking.set_defaults(act=_revoke)
    labelling = actions.add_parser("label", help="what goes on the controller's label: id, fingerprints, claim code")
    labelling.set_defaults(act=_label)
    for action in (listing, recovering, programs, revoking, labelling):
        action.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
        add_language(action)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: done; 1: there is no such account, or the file of accounts cannot be used."""
    prepare_output()
    folder: Path = arguments.state / NETWORK_FOLDER
    try:
        return int(arguments.act(arguments, language_of(arguments), folder))
    except (TerminalError, StoreError, IdentityError, CertificateError) as error:
        complain("account", error)
        return SAID_NO
    except OSError as error:
        if error.filename is None:
            raise
        complain("account", f"{error.filename}: {error.strerror}")
        return SAID_NO


def _list(arguments: argparse.Namespace, said: Texts, folder: Path) -> int:
    found = sorted(Store(folder).load().values(), key=lambda account: folded(account.name))
    if arguments.json:
        for account in found:
            print(json.dumps(_told(account), ensure_ascii=False))
        return DONE
    rows = [[escaped(account.name), _roles(said, account), _state(said, account)] for account in found]
    for line in table(rows) if rows else [said.say("account.none")]:
        print(line)
    return DONE


def _recover(arguments: argparse.Namespace, said: Texts, folder: Path) -> int:
    found = Store(folder).load().get(folded(arguments.name))
    if found is None:
        raise TerminalError(f"there is no account {quoted(arguments.name)}: `menshen account list` names them")
    code = recovery.offer(folder, folded(found.name))
    if arguments.json:
        print(json.dumps({"name": found.name, "code": code}, ensure_ascii=False))
    else:
        print(said.say("account.code", name=escaped(found.name), code=code))
    return DONE


def _clients(arguments: argparse.Namespace, said: Texts, folder: Path) -> int:
    found = sorted(ClientFile(folder).load().values(), key=lambda client: folded(client.name))
    if arguments.json:
        for client in found:
            print(json.dumps(_told_client(client), ensure_ascii=False))
        return DONE
    rows = [
        [escaped(client.name), _may(said, client), _time(client.until_utc_s), escaped(client.maker)] for client in found
    ]
    for line in table(rows) if rows else [said.say("account.no_clients")]:
        print(line)
    return DONE


def _revoke(arguments: argparse.Namespace, said: Texts, folder: Path) -> int:
    """The page sees it within a second, and tells the journal."""
    file = ClientFile(folder)
    clients = file.load()
    found = clients.pop(folded(arguments.name), None)
    if found is None:
        raise TerminalError(f"there is no client {quoted(arguments.name)}: `menshen account clients` names them")
    file.save(clients)
    if arguments.json:
        print(json.dumps(_told_client(found), ensure_ascii=False))
    else:
        print(said.say("account.client_revoked", name=escaped(found.name)))
    return DONE


def _label(arguments: argparse.Namespace, said: Texts, folder: Path) -> int:
    """The page prints the same, but for the claim code, which it does not know."""
    identity = own_identity(arguments.state)
    page = fingerprint_in(folder)
    shown = {"id": identity.id, "key": identity.fingerprint, "page_key": page, "claim_code": identity.claim_code}
    if arguments.json:
        print(json.dumps(shown))
        return DONE
    for line in table([[said.say(f"account.label.{name}"), text or "-"] for name, text in shown.items()]):
        print(line)
    return DONE


def _told_client(client: Client) -> dict[str, object]:
    return {
        "name": client.name,
        "roles": role_words(client.roles).split(),
        "metrics": client.metrics,
        "maker": client.maker,
        "until": _time(client.until_utc_s),
        "used": _time(client.used_utc_s),
        "used_from": client.used_from,
    }


def _may(said: Texts, client: Client) -> str:
    roles = [said.say(f"account.role.{role.value}") for role in Role if role in client.roles]
    return ", ".join([*roles, *([said.say("account.metrics")] if client.metrics else [])])


def _time(utc_s: int | None) -> str:
    """In UTC: the command knows no site."""
    return "" if utc_s is None else datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


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

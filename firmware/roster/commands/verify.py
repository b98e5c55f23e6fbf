"""`menshen roster verify`: whether a file is what a trusted key signed, byte for byte; and who is trusted."""

from __future__ import annotations

import argparse
import json
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.identity import id_of
from firmware.roster.authority import Authority, read_authority
from firmware.roster.commands.build import ROSTER_FOLDER
from firmware.roster.roster import open_roster
from firmware.roster.seal import Seal
from firmware.terminal import DONE, a_key, a_path, add_language, language_of, moment, own_identity
from firmware.texts import Texts


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    proving = actions.add_parser("verify", help="whether it is what a trusted key signed, byte for byte")
    proving.add_argument("file", type=a_path, metavar="FILE", help="a roster")
    trust = proving.add_mutually_exclusive_group(required=True)
    trust.add_argument("--state", type=a_path, metavar="DIR", help="trust whom the controller with this state trusts")
    trust.add_argument(
        "--key", type=a_key, metavar="HEX", action="append", help="trust this public key; may be given again"
    )
    add_language(proving)
    proving.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: good; 1 by the errors that are raised."""
    authority: Authority | None = None
    if arguments.state is not None:
        authority = read_authority(arguments.state / ROSTER_FOLDER, own_identity(arguments.state))
    trusted = arguments.key if authority is None else authority.signers
    digest_key_ids = None if authority is None else authority.digest_key_ids
    with open_roster(arguments.file, trusted, digest_key_id=digest_key_ids) as roster:
        seal = roster.seal
    if arguments.json:
        plain: dict[str, Any] = msgspec.to_builtins(seal)
        told = {"ok": True, "file": str(arguments.file), "pins_proven": authority is not None, **plain}
        if authority is not None:
            told["authority"] = "own" if authority.adoption is None else authority.adoption.community
        print(json.dumps(told))
        return DONE
    said = language_of(arguments)
    print(
        said.say(
            "roster.good",
            file=escaped(str(arguments.file)),
            signer=id_of(bytes.fromhex(seal.signer)),
            version=seal.version,
            created=moment(seal.created_s * 1000, None) or seal.created_s,
            holders=seal.holders,
            credentials=seal.credentials,
        )
    )
    _say_source(said, seal)
    print(said.say("roster.pins_unproven" if authority is None else "roster.pins"))
    if authority is not None:
        _say_authority(said, authority)
    return DONE


def _say_source(said: Texts, seal: Seal) -> None:
    """Which state of which source it was built of."""
    if seal.source:
        batch, _, digest = seal.source.partition(":")
        print(said.say("roster.of_source", batch=escaped(batch), head=escaped(digest), changes=seal.changes))


def _say_authority(said: Texts, authority: Authority) -> None:
    """Who may sign this controller's rosters."""
    signers = ", ".join(sorted(id_of(key) for key in authority.signers))
    if authority.adoption is None:
        print(said.say("roster.authority_own", signers=signers))
        return
    since = moment(authority.adoption.since_s * 1000, None) or str(authority.adoption.since_s)
    community = escaped(authority.adoption.community)
    print(said.say("roster.authority_community", community=community, since=since, signers=signers))

"""`menshen roster verify`: whether a file is what a trusted key signed, byte for byte."""

from __future__ import annotations

import argparse
import json
from typing import Any

import msgspec

from firmware.config import escaped
from firmware.identity import id_of
from firmware.roster.roster import open_roster
from firmware.terminal import DONE, a_key, a_path, add_language, language_of, moment, own_identity


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    proving = actions.add_parser("verify", help="whether it is what a trusted key signed, byte for byte")
    proving.add_argument("file", type=a_path, metavar="FILE", help="a roster")
    trust = proving.add_mutually_exclusive_group(required=True)
    trust.add_argument("--state", type=a_path, metavar="DIR", help="trust the controller whose state folder this is")
    trust.add_argument(
        "--key", type=a_key, metavar="HEX", action="append", help="trust this public key; may be given again"
    )
    add_language(proving)
    proving.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: good; 1 by the errors that are raised."""
    identity = None if arguments.state is None else own_identity(arguments.state)
    trusted = arguments.key if identity is None else [identity.public_key]
    digest_key_id = None if identity is None else identity.digest_key_id
    with open_roster(arguments.file, trusted, digest_key_id=digest_key_id) as roster:
        seal = roster.seal
    if arguments.json:
        plain: dict[str, Any] = msgspec.to_builtins(seal)
        print(json.dumps({"ok": True, "file": str(arguments.file), "pins_proven": identity is not None, **plain}))
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
    print(said.say("roster.pins_unproven" if identity is None else "roster.pins"))
    return DONE

"""`menshen roster local`: what holds here beside the roster: whose doing it is, why, until when, and conflicts."""

from __future__ import annotations

import argparse
import json
from datetime import tzinfo

from firmware.config import escaped
from firmware.messages import ListOverlay, LocalEntry, Overlaid
from firmware.roster.commands.asking import local_time, zone_of
from firmware.roster.office import Office
from firmware.terminal import DONE, a_path, a_zone, add_language, language_of, table
from firmware.texts import Texts, TextsError

_WHY = "list the local entries"
_COLUMNS = ("entry", "what", "holder", "credential", "by", "made", "until", "why")


def add(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the action and its arguments."""
    listing = actions.add_parser("local", help="what holds here beside the roster: who, why, until when, conflicts")
    listing.add_argument("--state", type=a_path, metavar="DIR", required=True, help="the controller's state folder")
    listing.add_argument("--time-zone", type=a_zone, metavar="NAME", help="of all times (default: the roster's)")
    add_language(listing)
    listing.set_defaults(act=run)


def run(arguments: argparse.Namespace) -> int:
    """Exit status 0: listed; 2: no controller answers."""
    zone = zone_of(arguments)
    with Office(arguments.state) as office:
        entries, overlaid = office.entries(ListOverlay(issuer="menshen roster local", why=_WHY))
    if arguments.json:
        print(json.dumps(_plain(entries, overlaid, zone)))
        return DONE
    said = language_of(arguments)
    fills = {"count": len(entries), "revision": overlaid.revision, "version": overlaid.roster_version}
    print(said.say("roster.local.count", **fills) if entries else said.say("roster.local.none", **fills))
    if entries:
        head = [said.say(f"roster.local.column.{name}") for name in _COLUMNS]
        for line in table([head, *(_row(said, each, zone) for each in entries)]):
            print(line)
    against = [entry for entry in entries if entry.conflict]
    if against:
        print(said.say("roster.local.conflicts"))
    for entry in against:
        what = _known(said, f"roster.local.conflict.{entry.conflict}", entry.conflict)
        print(f"  {entry.id}  {escaped(entry.holder)}  {what}")
    return DONE


def _plain(entries: list[LocalEntry], overlaid: Overlaid, zone: tzinfo | None) -> dict[str, object]:
    """For programs: times twice, as UTC seconds and as people write them."""
    return {
        "ok": True,
        "revision": overlaid.revision,
        "roster_version": overlaid.roster_version,
        "entries": [
            {
                "entry": entry.id,
                "kind": entry.kind,
                "status": entry.status or None,
                "holder": entry.holder,
                "credential": entry.credential,
                "issuer": entry.issuer,
                "why": entry.why,
                "created_s": entry.created_s,
                "created": local_time(entry.created_s, zone),
                "expires_s": entry.expires_s,
                "expires": local_time(entry.expires_s, zone),
                "conflict": entry.conflict or None,
            }
            for entry in entries
        ],
    }


def _row(said: Texts, entry: LocalEntry, zone: tzinfo | None) -> list[str]:
    what = _known(said, f"roster.local.kind.{entry.status or entry.kind}", entry.status or entry.kind)
    return [
        entry.id,
        what,
        escaped(entry.holder),
        entry.credential or said.say("roster.local.all"),
        escaped(entry.issuer),
        local_time(entry.created_s, zone),
        local_time(entry.expires_s, zone),
        escaped(entry.why),
    ]


def _known(said: Texts, msgid: str, word: str) -> str:
    """A word of the controller's; one that this release has no text for is shown as it is."""
    try:
        return said.say(msgid)
    except TextsError:
        return escaped(word)

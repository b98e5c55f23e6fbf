"""Local entries of the roster on their way from one controller to another: what refuses never gets lost on it.

A token is made with a controller's digest key and means nothing to another one; a card number does. So a backup has
the numbers of what is suspended by token, as far as the roster in service knows them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from firmware.core.access import Factor
from firmware.roster.entry import Entry
from firmware.roster.keys import Pseudonyms, token_of
from firmware.roster.overlay import Overlay
from firmware.roster.roster import Roster


class Carried(NamedTuple):
    """What became of the entries of a backup."""

    entries: tuple[Entry, ...]
    pins_dropped: int = 0  # entries about PINs of another controller's key
    widened: int = 0  # suspensions of one credential that became those of all that its holder has


def with_keys(entries: Iterable[Entry], roster: Roster | None) -> list[Entry]:
    """The entries, those of a token with the key that the roster knows for it. Raises RosterDamaged."""
    return [_with_key(entry, roster) for entry in entries]


def _with_key(entry: Entry, roster: Roster | None) -> Entry:
    if entry.key is not None or entry.credential is None or roster is None:
        return entry
    for factor, key, one in roster.credentials_of(entry.holder):
        if one.credential == entry.credential and factor is not Factor.FACE:
            return replace(entry, factor=factor, key=key.hex() if isinstance(key, bytes) else key)
    return entry


def carried(entries: Sequence[Entry], keys: Pseudonyms, roster_version: int) -> Carried:
    """The entries of another digest key, as this controller can hold them.

    A suspension whose key nobody knows becomes one of all that its holder has: rather too much is refused than a lost
    card let in. What is about a PIN goes: the PIN itself means nothing here. `roster_version` is that of the roster
    which serves here from now on.
    """
    kept: list[Entry] = []
    pins = widened = 0
    for entry in entries:
        if entry.factor is Factor.PIN:
            pins += 1
            continue
        at = replace(entry, roster_version=roster_version)
        if at.factor is not None and at.key is not None:
            at = replace(at, credential=token_of(keys, at.factor, at.key))
        elif at.credential is not None:
            at = replace(at, credential=None)
            widened += 1
        kept.append(at)
    return Carried(tuple(kept), pins, widened)


def merged(restored: Iterable[Entry], standing: Overlay, now_s: int, revision: int) -> Overlay:
    """What was restored, without what lets in and is over, and every suspension that stands here now.

    A suspension whose time is over stays, with its end: the clock may be wrong now. Raises EntryRefused, OverlayFull.
    """
    refusing = {entry.id: entry for entry in standing if not entry.lets_in}
    holds = (entry for entry in restored if not entry.lets_in or entry.expires_s > now_s)
    entries = {entry.id: entry for entry in holds if entry.id not in refusing}
    return Overlay((*entries.values(), *refusing.values()), revision)

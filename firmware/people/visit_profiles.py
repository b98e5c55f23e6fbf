"""No roster takes the profile of somebody away who was invited at the gate: a visit holds it by the name it began with.

A profile that was given another name, or removed, may still have been invited by until the list is brought; from then
on such a visit would open nothing, and nobody would know before the visitor stands there.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from firmware.messages import LocalEntry
from firmware.people.errors import Denied
from firmware.people.following import visitor_names
from firmware.people.place import Place
from firmware.roster import visitor_book
from firmware.roster.errors import RosterError
from firmware.roster.roster import open_roster
from firmware.terminal import now_utc_s

NAMED_MAX = 10  # visitors, in a refusal
LOSES = "people_visits_lose_profile"


def of_built(built: Path, public_key: bytes) -> frozenset[str]:
    """The profiles of a roster that was just built and signed here. Raises Denied."""
    try:
        with open_roster(built, [public_key]) as roster:
            return frozenset(roster.rulebook().profiles)
    except RosterError as error:
        raise Denied("people_not_handed_in", text=str(error)) from error


def keep_visits(place: Place, profiles: Collection[str]) -> None:
    """Whether a roster with these profiles leaves every visit its own.

    Raises Denied: naming the visitors where it does not, or because the controller does not say who is invited. Of a
    profile that the roster in service has not either, nothing is lost.
    """
    place.forget_local()
    entries = place.local().entries
    with place.served() as roster:
        served = None if roster is None else roster.rulebook().profiles
    lost: set[str] = set()
    losing: list[LocalEntry] = []
    for entry in entries:
        gone = [name for name in entry.profiles if name not in profiles and (served is None or name in served)]
        if gone:
            lost.update(gone)
            losing.append(entry)
    if losing:
        raise Denied(LOSES, what=", ".join(sorted(lost)), name=_called(place, losing))


def _called(place: Place, losing: list[LocalEntry]) -> str:
    """Visitors by their names, where those are known."""
    named = [entry.holder for entry in losing[:NAMED_MAX]]
    with visitor_names(place) as path:
        known = visitor_book.names(path, now_utc_s(), named)
    more = f" (+{len(losing) - len(named)})" if len(losing) > len(named) else ""
    return ", ".join(known.get(id, id) for id in named) + more

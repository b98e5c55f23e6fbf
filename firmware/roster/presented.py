"""What the core is told of a presented credential: roster and ledger as they are. For the gate and `explain` alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

from firmware.core.access import Factor, Known, Unknown
from firmware.roster.keys import canonical
from firmware.roster.roster import Digests, Enrolled, Roster
from firmware.roster.schema import FLAGS

_VISITOR, _ESCORTED, _ESCORT, _EXTENDED = FLAGS["visitor"], FLAGS["escorted"], FLAGS["escort"], FLAGS["extended"]
_HOLDS_OPEN, _UNLOCKS_FIRST, _EXEMPT = FLAGS["holds_open"], FLAGS["unlocks_first"], FLAGS["exempt"]
_VEHICLE = FLAGS["vehicle"]


class Entry(Protocol):
    """What the ledger remembers of one holder."""

    @property
    def area(self) -> str | None: ...
    @property
    def entered_s(self) -> int | None: ...
    @property
    def uses(self) -> Mapping[str, int]: ...


class Ledger(Protocol):
    """The per-holder memory beside the journal."""

    def holder(self, holder: str, /) -> Entry | None: ...
    def household_inside(self, household: str, besides: str, areas: Collection[str] | None, /) -> int: ...


class Keys(Digests, Protocol):
    """Keyed digests and pseudonyms. firmware.identity.Identity makes them."""

    def pseudonym(self, kind: str, value: str) -> str: ...


def present(
    roster: Roster,
    ledger: Ledger,
    factor: Factor,
    key: str,
    keys: Keys,
    quota_areas: Collection[str] | None = None,
) -> Known | Unknown:
    """Look up what was presented: `key` as the reader gave it, a PIN as its digits.

    `quota_areas` are the ids of the site's areas with parking spaces; None counts a household's vehicles in any area.
    A plate counts as a vehicle even where its holder has not the flag; nothing else is inferred.
    """
    written = canonical(factor, key)
    found = roster.find(factor, keys.pin_digest("", written) if factor is Factor.PIN else written)
    if found is None:
        return Unknown(keys.pseudonym(factor.value, written), roster.version)
    return attach(found, roster.version, ledger, quota_areas)


def attach(found: Enrolled, roster_version: int, ledger: Ledger, quota_areas: Collection[str] | None = None) -> Known:
    """What the roster says of a credential, with what the ledger remembers of its holder."""
    entry = ledger.holder(found.holder)
    flags = found.flags
    vehicle = found.factor is Factor.PLATE or flags & _VEHICLE != 0
    inside = 0
    if vehicle and found.household is not None and found.spaces is not None:
        inside = ledger.household_inside(found.household, found.holder, quota_areas)
    return Known(
        holder=found.holder,
        credential=found.credential,
        roster_version=roster_version,
        profiles=found.profiles,
        household=found.household,
        status=found.status,
        valid_from_s=found.valid_from_s,
        valid_until_s=found.valid_until_s,
        use_limit=found.use_limit,
        duress=found.duress,
        visitor=flags & _VISITOR != 0,
        escorted=flags & _ESCORTED != 0,
        escort=flags & _ESCORT != 0,
        extended=flags & _EXTENDED != 0,
        holds_open=flags & _HOLDS_OPEN != 0,
        unlocks_first=flags & _UNLOCKS_FIRST != 0,
        exempt=flags & _EXEMPT != 0,
        vehicle=vehicle,
        second_factors=found.second_factors,
        spaces=found.spaces,
        uses=entry.uses.get(found.credential, 0) if entry is not None else 0,
        area=(entry.area or None) if entry is not None else None,  # "" is the ledger's word for unknown
        area_entered_s=entry.entered_s if entry is not None else None,
        household_inside=inside,
    )

"""What the core is told of a presented credential: roster, local entries and ledger as they are.

For the gate and `explain` alike.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Protocol

import msgspec

from firmware.core import plates
from firmware.core.access import Factor, Known, Unknown
from firmware.roster import local
from firmware.roster.entry import Entry as LocalEntry
from firmware.roster.keys import canonical, token_of
from firmware.roster.overlay import EMPTY, Overlay
from firmware.roster.roster import Digests, Enrolled, Roster, SecondPin
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
    overlay: Overlay = EMPTY,
) -> Known | Unknown:
    """Look up what was presented: `key` as the reader gave it, a PIN as its digits.

    `quota_areas` are the ids of the site's areas with parking spaces; None counts a household's vehicles in any area.
    A plate counts as a vehicle even where its holder has not the flag; nothing else is inferred. The roster wins over a
    key that was enrolled here; a local suspension holds whatever the roster says. Raises RosterDamaged.
    """
    written = canonical(factor, key)
    stored = keys.pin_digest("", written) if factor is Factor.PIN else written
    return present_stored(roster, ledger, factor, stored, keys, quota_areas, overlay)


def present_stored(
    roster: Roster,
    ledger: Ledger,
    factor: Factor,
    stored: str | bytes,
    keys: Keys,
    quota_areas: Collection[str] | None = None,
    overlay: Overlay = EMPTY,
) -> Known | Unknown:
    """The same for a key as roster and local entries have it: canonical, or a PIN's digest."""
    found = roster.find(factor, stored)
    if not overlay:
        if found is None:
            return _unknown(roster, factor, stored, keys, overlay)
        return attach(found, roster.version, ledger, quota_areas)
    at = stored.hex() if isinstance(stored, bytes) else stored
    entry = overlay.enrolled(factor, at) if found is None else None
    if entry is not None:
        found = local.standing(entry, roster)
    if found is None:
        return _unknown(roster, factor, stored, keys, overlay)
    known = attach(found, roster.version, ledger, quota_areas)
    if not overlay.concerns(found.holder, found.credential, factor, at):
        return known  # as with most holders: nothing more is done for them
    return _beside(overlay, found, at, known, entry is not None)


def _unknown(roster: Roster, factor: Factor, stored: str | bytes, keys: Keys, overlay: Overlay) -> Unknown:
    """Of a plate, also whether some known one looks like it; which one is forgotten at once."""
    near = False
    if factor is Factor.PLATE and isinstance(stored, str) and plates.sound(stored):
        near = any(
            roster.find(factor, other) is not None or (overlay and overlay.enrolled(factor, other) is not None)
            for other in plates.look_alikes(stored)
        )
    return Unknown(token_of(keys, factor, stored), roster.version, near)


def _beside(overlay: Overlay, found: Enrolled, key: str, known: Known, is_local: bool) -> Known:
    """`known` with what holds here and now."""
    status, until_s = local.status(found, key, overlay)
    return msgspec.structs.replace(
        known,
        status=status,
        suspended_until_s=until_s,
        local=is_local,
        second_factors=local.second_factors(found, overlay),
    )


def resting_on(overlay: Overlay, presented: Known | Unknown) -> LocalEntry | None:
    """The local entry on which it rests that this credential is known, or is refused; None where it is the roster's."""
    if isinstance(presented, Unknown):
        return None
    if presented.suspended_until_s is not None:
        return overlay.suspension(presented.holder, presented.credential)
    entries = overlay.of_holder(presented.holder) if presented.local else ()
    return next((entry for entry in entries if entry.lets_in and entry.credential == presented.credential), None)


def second_pin(
    roster: Roster, holder: str, pin: str, keys: Digests, overlay: Overlay = EMPTY, at_s: int | None = None
) -> SecondPin | None:
    """Whether `pin` is the holder's PIN beside another credential. Of who is suspended here, or left, none is.

    `at_s` is wall time where it is known; a suspension holds until then at least. Raises RosterDamaged.
    """
    matched = roster.second_pin(holder, pin, keys)
    suspension = overlay.suspension(holder, None) if overlay else None
    if suspension is not None and (at_s is None or at_s < suspension.expires_s):
        return None
    return matched


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

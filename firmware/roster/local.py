"""What a local entry is worth beside the roster in service: the standing of what was enrolled here, and suspensions."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from firmware.core.access import Factor
from firmware.roster.entry import Entry, Kind, Status
from firmware.roster.overlay import Overlay
from firmware.roster.roster import Enrolled, Roster
from firmware.roster.schema import FLAGS

ACTIVE, SUSPENDED, LOST = "active", "suspended", "lost"  # words of firmware.core.access.Known


def standing(entry: Entry, roster: Roster) -> Enrolled | None:
    """What is known of a credential that this entry lets in; None where the roster leaves it nothing to open.

    Of an enrolled one it is what the roster says of its holder. What the roster says of each of the holder's own
    credentials holds for it as well: who is suspended as a whole is so with a new card, and a lease that ends, ends.
    A visitor stands on the entry alone, unless the roster has a holder of that id. Raises RosterDamaged.
    """
    assert entry.factor is not None, "checked: what lets in has a key"
    assert entry.credential is not None, "checked: what lets in has a token"
    own = roster.holder(entry.holder, entry.factor)
    if entry.kind is Kind.VISITOR:
        return None if own is not None else _visitor(entry, entry.factor, entry.credential)
    if own is None:
        return None
    issued = [credential for _, _, credential in roster.credentials_of(entry.holder)]
    statuses = {credential.status for credential in issued}
    # A lost card says nothing of its holder; the new one is there because of it.
    suspended = ACTIVE not in statuses and SUSPENDED in statuses
    ends_s = _of_all(max, [credential.valid_until_s for credential in issued])
    return msgspec.structs.replace(
        own,
        credential=entry.credential,
        status=SUSPENDED if suspended else ACTIVE,
        valid_from_s=_of_all(min, [credential.valid_from_s for credential in issued]),
        valid_until_s=entry.expires_s if ends_s is None else min(ends_s, entry.expires_s),
        use_limit=_of_all(max, [credential.use_limit for credential in issued]),
    )


def _visitor(entry: Entry, factor: Factor, credential: str) -> Enrolled:
    return Enrolled(
        factor=factor,
        holder=entry.holder,
        credential=credential,
        household=entry.household,
        spaces=None,  # the host's spaces are counted when the host drives in
        profiles=entry.profiles,
        flags=entry.flags | FLAGS["visitor"],
        status=ACTIVE,
        duress=False,
        valid_from_s=entry.valid_from_s,
        valid_until_s=entry.expires_s,
        use_limit=entry.use_limit,
        second_factors=(),
    )


def _of_all(widest: Callable[[list[int]], int], limits: list[int | None]) -> int | None:
    """The widest limit; None where there is nothing, or something without one."""
    given = [limit for limit in limits if limit is not None]
    return widest(given) if given and len(given) == len(limits) else None


def status(found: Enrolled, key: str, overlay: Overlay) -> tuple[str, int | None]:
    """(status, until when that is so by a local suspension alone). What the roster refuses itself stays refused."""
    if found.status != ACTIVE:
        return found.status, None
    suspension = overlay.suspension(found.holder, found.credential, found.factor, key)
    if suspension is None:
        return ACTIVE, None
    return (LOST if suspension.status is Status.LOST else SUSPENDED), suspension.expires_s


def second_factors(found: Enrolled, overlay: Overlay) -> tuple[Factor, ...]:
    """What a reader may ask of the holder next: by the roster, or enrolled here."""
    kinds = found.second_factors
    for entry in overlay.of_holder(found.holder):
        if entry.lets_in and entry.factor is not None and entry.factor not in (found.factor, *kinds):
            kinds = (*kinds, entry.factor)
    return kinds

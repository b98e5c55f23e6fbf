"""From a grant to a passage: what is remembered of a holder, and when.

An area changes on a proven passage only: the contact opened, the turnstile turned. So do use counts, where the portal
can prove a passage; where it cannot, the grant itself counts as a use (and no area changes). A use that is granted
twice before the first passage counts as often as there are passages.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from firmware.core.access import Known, Rulebook, Wall
from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Body, Event, Record, Remember
from firmware.core.site import AccessPoint, Barrier, Door, Site, Turnstile

AREA_UNKNOWN = ""  # in Remember: nobody knows where the holder is now
NO_RULES = Rulebook(version=0)


class Grant(msgspec.Struct, frozen=True):
    """What the portal needs to release, and to remember once the passage is proven.

    `holder` and the fields beside it are the person who passes; of two, the first. `second` is the other one.
    """

    portal: str
    access_point: str
    reader: str
    holder: str
    credential: str
    household: str | None = None
    vehicle: bool = False
    area: str | None = None  # where the ledger said the holder was
    area_from: str | None = None  # of the access point
    area_to: str | None = None
    direction: str = "in"
    extended: bool = False  # one of them needs longer
    exempt: bool = False
    second: Known | None = None  # the second person or the escort
    reasons: tuple[str, ...] = ()
    hold_toggle: bool = False  # presented twice: hold open, or end that
    first_card: bool = False  # the holder's passage starts the unlock schedule

    @property
    def second_holder(self) -> str | None:
        return None if self.second is None else self.second.holder


def body(grant: Grant) -> Body:
    """The personal part of the events of a grant."""
    return Body(
        holder=grant.holder,
        household=grant.household,
        credential=grant.credential,
        second_holder=grant.second_holder,
    )


def persons(grant: Grant) -> tuple[tuple[str, str | None], ...]:
    """(holder, where the ledger said that holder was) of everybody who passes by this grant."""
    first = (grant.holder, grant.area)
    return (first,) if grant.second is None else (first, (grant.second.holder, grant.second.area))


def moved(grant: Grant, holder: str | None, area: str | None) -> Grant:
    """The grant after the ledger has put a holder (None: everybody) into another area; itself where it is nobody's."""
    if holder in (None, grant.holder) and grant.area != area:
        grant = msgspec.structs.replace(grant, area=area)
    second = grant.second
    if second is not None and holder in (None, second.holder) and second.area != area:
        grant = msgspec.structs.replace(grant, second=msgspec.structs.replace(second, area=area))
    return grant


def proves(portal: Door | Turnstile | Barrier, direction: str) -> bool:
    """Whether the portal can tell that somebody passed in this direction. A lane does by the sequence of its loops."""
    if isinstance(portal, Barrier):
        return portal.entry is not None and portal.exit is not None and bool(portal.safety)
    if isinstance(portal, Door):
        return portal.contact is not None
    return (portal.passage_out if direction == "out" else portal.passage_in) is not None


def places(site_max: int | None, rulebook: Rulebook, area: str) -> int | None:
    """How many may be in an area: by the site file and by the roster, of which the smaller holds; None: no limit."""
    given = rulebook.areas.get(area)
    return site_max if given is None else given if site_max is None else min(site_max, given)


def filled(
    site: Site, rulebook: Rulebook, area: str | None, occupancy: Mapping[str, int], more: int, portal: str | None = None
) -> tuple[AnyEffect, ...]:
    """What is told when `more` holders come into an area and take its last place; else nothing."""
    if area is None or more <= 0:
        return ()
    limit = places(next((each.occupancy_max for each in site.areas if each.id == area), None), rulebook, area)
    before = occupancy.get(area, 0)
    if limit is None or not before < limit <= before + more:
        return ()
    return (Record(Event(Code.OCCUPANCY_FULL, portal=portal, count=limit, detail=area)),)


def taken(
    site: Site, grant: Grant, wall: Wall | None, occupancy: Mapping[str, int], rulebook: Rulebook = NO_RULES
) -> tuple[tuple[AnyEffect, ...], dict[str, int]]:
    """The passage is proven. (effects, change of the number of holders by area, areas that do not change left out)

    An access point that leads to no area leaves the holder's area unknown, unless it comes from none either: then it
    is no border. `entered_s` and `passed_s` of the ledger are None while wall time is unknown.
    """
    change: dict[str, int] = {}
    effects: list[AnyEffect] = [
        Record(
            Event(
                Code.TAKEN,
                portal=grant.portal,
                access_point=grant.access_point,
                reasons=grant.reasons,
                body=body(grant),
            )
        ),
        _remember(grant, wall, grant.holder, grant.credential, grant.household, grant.vehicle),
    ]
    _move(change, grant.area, grant)
    if grant.second is not None:
        second = grant.second
        effects.append(_remember(grant, wall, second.holder, second.credential, second.household, second.vehicle))
        _move(change, second.area, grant)
    change = {area: moved for area, moved in change.items() if moved}
    into = grant.area_to
    effects += filled(site, rulebook, into, occupancy, 0 if into is None else change.get(into, 0), grant.portal)
    return tuple(effects), change


def not_taken(grant: Grant) -> tuple[AnyEffect, ...]:
    """The release ended, and nobody passed. Only where the portal could have proved it."""
    event = Event(Code.NOT_TAKEN, portal=grant.portal, access_point=grant.access_point, body=body(grant))
    return (Record(event),)


def used(grant: Grant) -> tuple[AnyEffect, ...]:
    """The uses of a grant at a portal that cannot prove a passage: for its release to count, once."""
    first = Remember(grant.holder, credential=grant.credential, uses=1)
    if grant.second is None:
        return (first,)
    return (first, Remember(grant.second.holder, credential=grant.second.credential, uses=1))


def grant_of(
    portal: Door | Turnstile | Barrier,
    point: AccessPoint,
    reader: str,
    first: Known,
    second: Known | None,
    reasons: tuple[str, ...],
    hold_toggle: bool,
) -> Grant:
    """The grant of a decision. A visitor starts no unlock schedule."""
    return Grant(
        portal=portal.id,
        access_point=point.id,
        reader=reader,
        holder=first.holder,
        credential=first.credential,
        household=first.household,
        vehicle=first.vehicle,
        area=first.area,
        area_from=point.area_from,
        area_to=point.area_to,
        direction=point.direction,
        extended=first.extended or (second is not None and second.extended),
        exempt=first.exempt,
        second=second,
        reasons=reasons,
        hold_toggle=hold_toggle,
        first_card=_starts(first) or (second is not None and _starts(second)),
    )


def one_by_one(grant: Grant) -> tuple[Grant, Grant]:
    """The grant of two persons as two of one each, for a portal that lets one person through at a time."""
    second = grant.second
    assert second is not None, "one person passes alone"
    follower = msgspec.structs.replace(
        grant,
        holder=second.holder,
        credential=second.credential,
        household=second.household,
        vehicle=second.vehicle,
        area=second.area,
        exempt=second.exempt,
        second=None,
    )
    return msgspec.structs.replace(grant, second=None), follower


def _starts(person: Known) -> bool:
    return person.unlocks_first and not person.visitor


def _remember(
    grant: Grant, wall: Wall | None, holder: str, credential: str, household: str | None, vehicle: bool
) -> Remember:
    border = grant.area_to is not None or grant.area_from is not None
    return Remember(
        holder,
        area=(grant.area_to or AREA_UNKNOWN) if border else None,
        entered_s=wall.utc_s if border and wall is not None else None,
        credential=credential,
        uses=1,
        household=household,
        vehicle=vehicle,
        passed_at=grant.access_point,
        passed_s=None if wall is None else wall.utc_s,
    )


def _move(change: dict[str, int], area: str | None, grant: Grant) -> None:
    """One person leaves the area that the ledger says and is in the one the access point leads to."""
    if grant.area_to is None and grant.area_from is None:
        return
    if area:
        change[area] = change.get(area, 0) - 1
    if grant.area_to is not None:
        change[grant.area_to] = change.get(grant.area_to, 0) + 1

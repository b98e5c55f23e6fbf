"""What hangs where: the site turned round, from device ids to what they mean. Made once for a state, then only read."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from firmware.core.barrier.plan import Plan, plan_of
from firmware.core.site import AccessPoint, Barrier, Door, Reader, Site, Turnstile

Portal = Door | Turnstile

IN, OUT = 0, 1  # the ways of a turnstile; a door has one way, which is IN


class Role(StrEnum):
    """What an input is for."""

    CONTACT = "contact"
    REX = "rex"
    PULSE = "pulse"
    FIRE = "fire"
    TAMPER = "tamper"
    CALL = "call"
    LANE = "lane"  # anything of a barrier and its lane: what, its plan says


class Use(NamedTuple):
    """One use of one input: `owner` is a portal, access point, reader or the site; `which` tells the rex or the way."""

    role: Role
    owner: str
    which: int = 0


class Post(NamedTuple):
    """Where a reader stands. `point` is None for a reader that no access point names."""

    reader: Reader
    point: AccessPoint | None


class Wiring(NamedTuple):
    """The site by id. `outputs` leads from an output to its door or turnstile, `lane_outputs` to its barrier."""

    portals: dict[str, Portal]
    barriers: dict[str, Plan]
    points: dict[str, AccessPoint]
    posts: dict[str, Post]
    inputs: dict[str, tuple[Use, ...]]
    outputs: dict[str, str]
    lane_outputs: dict[str, str]
    thermometers: dict[str, tuple[str, ...]]  # device -> barriers
    area_max: dict[str, int | None]
    shared: frozenset[str]  # areas


def wire(site: Site) -> Wiring:
    """The wiring of a site. An input may serve several uses; every other id has one owner (`menshen check`)."""
    inputs: dict[str, tuple[Use, ...]] = {}

    def use(device: str | None, role: Role, owner: str, index: int = 0) -> None:
        if device is not None:
            inputs[device] = (*inputs.get(device, ()), Use(role, owner, index))

    outputs: dict[str, str] = {}
    lane_outputs: dict[str, str] = {}
    thermometers: dict[str, tuple[str, ...]] = {}
    plans = {portal.id: plan_of(portal) for portal in site.portals if isinstance(portal, Barrier)}
    points: dict[str, AccessPoint] = {}
    guards = {reader.id: reader for reader in site.readers}
    posts = {reader.id: Post(reader, None) for reader in site.readers}
    for portal in site.portals:
        for point in portal.access_points:
            points[point.id] = point
            use(point.call, Role.CALL, point.id)
            posts |= {reader: Post(guards.get(reader, Reader(reader)), point) for reader in point.readers}
        if isinstance(portal, Barrier):
            for device in plans[portal.id].places:
                use(device, Role.LANE, portal.id)
            lane_outputs |= {output.id: portal.id for output in plans[portal.id].outputs}
            if portal.temperature is not None:
                thermometers[portal.temperature] = (*thermometers.get(portal.temperature, ()), portal.id)
            continue
        if isinstance(portal, Door):
            use(portal.contact, Role.CONTACT, portal.id)
            for index, rex in enumerate(portal.rex):
                use(rex.input, Role.REX, portal.id, index)
        else:
            use(portal.passage_in, Role.PULSE, portal.id, IN)
            use(portal.passage_out, Role.PULSE, portal.id, OUT)
            if portal.drop is not None:
                outputs[portal.drop] = portal.id
        outputs |= dict.fromkeys(locks(portal), portal.id)
    for device in site.fire_inputs:
        use(device, Role.FIRE, site.id)
    for device in site.tamper_inputs:
        use(device, Role.TAMPER, site.id)
    for reader in site.readers:
        use(reader.tamper, Role.TAMPER, reader.id)
    return Wiring(
        portals={portal.id: portal for portal in site.portals if not isinstance(portal, Barrier)},
        barriers=plans,
        points=points,
        posts=posts,
        inputs=inputs,
        outputs=outputs,
        lane_outputs=lane_outputs,
        thermometers=thermometers,
        area_max={area.id: area.occupancy_max for area in site.areas},
        shared=frozenset(area.id for area in site.areas if area.shared),
    )


def locks(portal: Portal) -> tuple[str, ...]:
    """The outputs that let people through, one for each way."""
    return (portal.lock,) if isinstance(portal, Door) else (portal.release_in, portal.release_out)


def way_of(portal: Portal, point: AccessPoint | None) -> int:
    """The way an access point leads through; IN where none is named."""
    leads_out = isinstance(portal, Turnstile) and point is not None and point.direction == "out"
    return OUT if leads_out else IN

"""What is live on the plan beyond the portals' cards: readers, cameras and areas. Pure."""

from __future__ import annotations

import msgspec

from firmware.core.view import SiteView
from firmware.messages import Health
from firmware.network.plan.borders import UNNAMED
from firmware.network.plan.drawing import Drawing
from firmware.network.words import Words

# What a device shows beside its symbol; the style sheet has the same words.
MARKS = {"ok": "", "lost": "✕", "muted": "!", "enrolling": "+", "unknown": "?"}


class PlanState(msgspec.Struct, frozen=True):
    """`devices`: id -> a word of MARKS. `areas`: id -> its name with how many are inside, where they are counted.

    `calls`: a portal with a call button -> quiet, ringing, answered, unknown.
    """

    devices: dict[str, str]
    areas: dict[str, str]
    calls: dict[str, str]


def plan_state(drawing: Drawing, words: Words, site: SiteView, health: Health | None, told: bool) -> PlanState:
    """While nothing is `told` by the controller no device is known to work, and no count holds."""
    drivers = health.drivers if health is not None else {}
    devices = {}
    for device in drawing.devices:
        if not told or health is None:
            devices[device] = "unknown"
        elif device in site.devices_lost or drivers.get(device, "") != "running":
            devices[device] = "lost" if device in site.devices_lost or device in drivers else "unknown"
        elif device in site.readers_muted:
            devices[device] = "muted"
        else:
            devices[device] = "enrolling" if device in site.readers_enrolling else "ok"
    areas = {region.area: _area(words, region.area, site, told) for region in drawing.regions}
    buttons = [portal.id for portal in drawing.portals if portal.call is not None]
    return PlanState(devices, areas, {portal: _call(portal, site, told) for portal in buttons})


def _call(portal: str, site: SiteView, told: bool) -> str:
    if not told:
        return "unknown"
    answered = [call.answered for call in site.calls if call.portal == portal]
    return "quiet" if not answered else "answered" if all(answered) else "ringing"


def _area(words: Words, area: str, site: SiteView, told: bool) -> str:
    if area == UNNAMED:
        return words("plan_unnamed")
    if area not in site.occupancy:
        return area
    if not told:
        return words("plan_inside_unknown", area=area)
    return words("plan_inside", area=area, count=site.occupancy[area])

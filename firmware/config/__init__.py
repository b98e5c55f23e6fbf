"""The configuration: reads a site file into types, and says everything that is wrong with it at once.

What types site and portals is imported when it is asked for here: `menshen safe` reads wires alone, and has no time
for more.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

from firmware.config.convert import Limit, Shape, convert
from firmware.config.document import DeviceDraft
from firmware.config.problem import Problem, Problems, Says, escaped, nearest, shown

if TYPE_CHECKING:
    from firmware.config.barrier_parts import Part, parts_of, sensors_of
    from firmware.config.barrier_tables import BarrierWords
    from firmware.config.drafts import Draft, PortalDraft
    from firmware.config.reading import config_of, draft, load
    from firmware.config.tables import (
        Config,
        DoorWords,
        Exchange,
        Network,
        Rehearsal,
        RosterTrust,
        Store,
        TurnstileWords,
        ViewingTable,
    )

__all__ = [
    "BarrierWords",
    "Config",
    "DeviceDraft",
    "DoorWords",
    "Draft",
    "Exchange",
    "Limit",
    "Network",
    "Part",
    "PortalDraft",
    "Problem",
    "Problems",
    "Rehearsal",
    "RosterTrust",
    "Says",
    "Shape",
    "Store",
    "TurnstileWords",
    "ViewingTable",
    "config_of",
    "convert",
    "draft",
    "escaped",
    "load",
    "nearest",
    "parts_of",
    "sensors_of",
    "shown",
]

_LATE = {
    "barrier_parts": ("Part", "parts_of", "sensors_of"),
    "barrier_tables": ("BarrierWords",),
    "drafts": ("Draft", "PortalDraft"),
    "reading": ("config_of", "draft", "load"),
    "tables": (
        "Config",
        "DoorWords",
        "Exchange",
        "Network",
        "Rehearsal",
        "RosterTrust",
        "Store",
        "TurnstileWords",
        "ViewingTable",
    ),
}
_ROOM_OF = {name: room for room, names in _LATE.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"{__name__} has no {name!r}")
    found: object = getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)
    globals()[name] = found  # the next one finds it without us
    return found

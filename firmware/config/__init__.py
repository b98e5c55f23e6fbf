"""The configuration: reads a site file into types, and says everything that is wrong with it at once."""

from __future__ import annotations

from firmware.config.barrier_parts import Part, parts_of, sensors_of
from firmware.config.barrier_tables import BarrierWords
from firmware.config.convert import Limit, Shape, convert
from firmware.config.drafts import DeviceDraft, Draft, PortalDraft
from firmware.config.problem import Problem, Problems, Says, escaped, nearest, shown
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

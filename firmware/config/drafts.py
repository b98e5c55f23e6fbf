"""A site file as far as it could be read: what the checks walk over."""

from __future__ import annotations

from pathlib import Path

import msgspec

from firmware.config.problem import Problems
from firmware.config.tables import (
    DoorWords,
    ExchangeTable,
    NetworkTable,
    PeerTable,
    RehearsalTable,
    RosterTable,
    SiteTable,
    StoreTable,
    TurnstileWords,
)
from firmware.core.access import Zone
from firmware.core.site import Area, Door, Reader, Turnstile


class PortalDraft(msgspec.Struct, frozen=True):
    """A portal of the file, with what stands in its table beside the core's words."""

    path: str
    portal: Door | Turnstile
    words: DoorWords | TurnstileWords | None


class DeviceDraft(msgspec.Struct, frozen=True):
    """A device table, raw; `id` is its id, or empty."""

    path: str
    id: str
    table: dict[str, object]


class Draft(msgspec.Struct):
    """What could be made of a file. Parts with problems hold defaults or empty texts, or are missing."""

    file: Path
    problems: Problems
    site: SiteTable | None = None
    zone: Zone = Zone("UTC")
    store: StoreTable = StoreTable()
    roster: RosterTable = RosterTable()
    exchange: ExchangeTable = ExchangeTable()
    network: NetworkTable = NetworkTable()
    rehearsal: RehearsalTable = RehearsalTable()
    board: dict[str, object] = {}
    areas: list[tuple[str, Area]] = []
    peers: list[tuple[str, PeerTable]] = []
    readers: list[tuple[str, Reader]] = []
    portals: list[PortalDraft] = []
    devices: list[DeviceDraft] = []

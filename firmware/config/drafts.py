"""A site file as far as it could be read: what the checks walk over."""

from __future__ import annotations

from pathlib import Path

import msgspec

from firmware.config.barrier_tables import BarrierWords
from firmware.config.document import DeviceDraft
from firmware.config.problem import Problems
from firmware.config.tables import (
    DoorWords,
    ExchangeTable,
    FacesTable,
    NetworkTable,
    PeerTable,
    RehearsalTable,
    RosterTable,
    SiteTable,
    StoreTable,
    TurnstileWords,
    ViewingTable,
)
from firmware.core.access import Zone
from firmware.core.site import Area, Barrier, Door, Reader, Turnstile


class PortalDraft(msgspec.Struct, frozen=True):
    """A portal of the file, with what stands in its table beside the core's words. `given`: the keys of its table."""

    path: str
    portal: Door | Turnstile | Barrier
    words: DoorWords | TurnstileWords | BarrierWords | None
    given: frozenset[str] = frozenset()


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
    faces: FacesTable = FacesTable()
    viewing: ViewingTable = ViewingTable()
    board: dict[str, object] = {}
    areas: list[tuple[str, Area]] = []
    peers: list[tuple[str, PeerTable]] = []
    readers: list[tuple[str, Reader]] = []
    portals: list[PortalDraft] = []
    devices: list[DeviceDraft] = []

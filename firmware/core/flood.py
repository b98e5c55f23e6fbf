"""Keeps a card spammer from drowning the journal: refusals of one reader, first one by one, then as a sum.

A window opens with a refusal that finds none open. Its first `unknown_burst` refusals are recorded as they are; the
rest are counted, and told as one event when the window ends.
"""

from __future__ import annotations

import msgspec

from firmware.core.codes import Code
from firmware.core.effects import AnyEffect, Event, Record
from firmware.core.site import Reader


class Flood(msgspec.Struct, frozen=True):
    """The open window of one reader; `until_ms` is None while none is open."""

    until_ms: int | None = None
    recorded: int = 0
    unknown: int = 0  # counted only
    denied: int = 0  # counted only


NO_FLOOD = Flood()


def refused(reader: Reader, flood: Flood, now_ms: int, event: Event) -> tuple[Flood, tuple[AnyEffect, ...]]:
    """A refusal, with the event that tells of it alone."""
    until_ms = now_ms + reader.unknown_window_ms if flood.until_ms is None else flood.until_ms
    if flood.recorded < reader.unknown_burst:
        return Flood(until_ms, flood.recorded + 1, flood.unknown, flood.denied), (Record(event),)
    unknown = event.code is Code.UNKNOWN_CREDENTIAL
    return Flood(until_ms, flood.recorded, flood.unknown + unknown, flood.denied + (not unknown)), ()


def due(reader: Reader, flood: Flood) -> tuple[Flood, tuple[AnyEffect, ...]]:
    """The window ends."""
    count = flood.unknown + flood.denied
    if not count:
        return NO_FLOOD, ()
    detail = f"unknown={flood.unknown} denied={flood.denied}"
    return NO_FLOOD, (Record(Event(Code.DENIED_SUM, reader=reader.id, count=count, detail=detail)),)

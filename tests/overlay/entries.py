"""Local entries as the office makes them, and a ledger of nobody."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

from firmware.core.access import Factor
from firmware.roster.entry import Entry, Kind, Status

NOW_S = 1_795_406_400  # 2026-11-23 12:00 in Shanghai
DAY_S = 86_400
_numbers = itertools.count(1)


class NobodyInside:
    """A ledger that remembers uses only."""

    def __init__(self) -> None:
        self.uses: dict[str, int] = {}

    def holder(self, holder: str) -> SimpleNamespace:
        return SimpleNamespace(area=None, entered_s=None, uses=self.uses)

    def household_inside(self, household: str, besides: str, areas: object) -> int:
        return 0


def an_entry(kind: Kind, holder: str, **fields: object) -> Entry:
    """An entry of today, for ten days."""
    base = {
        "id": f"l{next(_numbers):08x}",
        "issuer": "Office, Ms Wang",
        "why": "reported at the counter",
        "created_s": NOW_S,
        "expires_s": NOW_S + 10 * DAY_S,
        "roster_version": 1,
    }
    return Entry(kind=kind, holder=holder, **(base | fields))


def suspended(holder: str, credential: str | None = None, **fields: object) -> Entry:
    return an_entry(Kind.SUSPEND, holder, credential=credential, **fields)


def lost(holder: str, credential: str, **fields: object) -> Entry:
    return suspended(holder, credential, status=Status.LOST, **fields)


def enrolled(holder: str, credential: str, key: str, factor: Factor = Factor.CARD, **fields: object) -> Entry:
    return an_entry(Kind.ENROL, holder, credential=credential, factor=factor, key=key, **fields)


def visitor(name: str, credential: str, key: str, factor: Factor = Factor.CODE, **fields: object) -> Entry:
    asked = {"profiles": ("residents",), "use_limit": 3} | fields
    return an_entry(Kind.VISITOR, name, credential=credential, factor=factor, key=key, **asked)

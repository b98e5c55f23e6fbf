"""The format of recordings: JSON lines, a header with the site, then a line for each step from the first.

A recording holds one run of a controller, from its Started fact on; what a run found in the store stands in that fact.
"""

from __future__ import annotations

from typing import Any

import msgspec

from firmware.core.effects import AnyEffect
from firmware.core.facts import AnyFact
from firmware.core.site import Site

VERSION = 1
LINE_BYTES_MAX = 8 << 20  # a RosterReplaced fact carries the rulebook


class Opening(msgspec.Struct, frozen=True):
    """What the first line of every version says, whatever else a version puts there."""

    version: int


class Header(msgspec.Struct, frozen=True, tag_field="what", tag="menshen recording"):
    """The first line. `menshen` is the version of the firmware that made it, for people to read."""

    version: int
    site: Site
    started_ms: int = 0
    menshen: str = ""


class Line(msgspec.Struct, frozen=True):
    """One step. Personal ids are pseudonyms. Effects stay plain: those of another core are a difference, no error."""

    now_ms: int
    fact: AnyFact
    effects: list[dict[str, Any]]


class Taken(msgspec.Struct, frozen=True):
    """One step as it is written: the same line as Line."""

    now_ms: int
    fact: AnyFact
    effects: list[AnyEffect]


class Ended(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The last line of a recording that stopped before its controller did, and why."""

    ended: str

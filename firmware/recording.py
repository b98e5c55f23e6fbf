"""The format of recordings: a header with the site, then a line for each step."""

from __future__ import annotations

from typing import Any

import msgspec

from firmware.core.site import Site

VERSION = 1


class Header(msgspec.Struct, frozen=True):
    """The first line."""

    version: int
    site: Site
    started_ms: int = 0


class Line(msgspec.Struct, frozen=True):
    """One step. Personal ids are pseudonyms."""

    now_ms: int
    fact: dict[str, Any]
    effects: list[dict[str, Any]]
